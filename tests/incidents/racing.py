"""Run by test_incidents_races.py in a process of its own, on a database of its own: people who act in the same second.

Prints one JSON line: for each race what came of it, and whether all chains hold.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "tocsin.settings"
ROUNDS = 4

import django  # noqa: E402  the settings must be known first

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

import factories  # noqa: E402
from tocsin.core import log  # noqa: E402
from tocsin.core.access import Actor  # noqa: E402
from tocsin.core.action import Invalid  # noqa: E402
from tocsin.core.models import Organization  # noqa: E402
from tocsin.incidents import actions, together  # noqa: E402
from tocsin.incidents.models import Incident, Task  # noqa: E402
from tocsin.people.models import Member  # noqa: E402


def race(*acts: Callable[[], Any]) -> list[str]:
    """What came of the acts, all begun at once: ok, or what they were refused with."""
    gate, said = threading.Barrier(len(acts)), [""] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        gate.wait()
        try:
            act()
            said[place] = "ok"
        except Invalid as refused:
            said[place] = str(refused)
        except Exception as error:  # noqa: BLE001  told to the test, which fails by it
            said[place] = f"BROKEN {type(error).__name__}: {error}"
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return said


def fresh(place: Incident) -> Incident:
    return Incident.objects.get(pk=place.pk)


def one_round(home: Organization, number: int, told: dict[str, list[Any]]) -> None:
    """Four races on two incidents that two people lead."""
    one, two = (factories.incident(home, title=f"Race {number}{x}", playbook_id=None) for x in "ab")
    a, b = (factories.on(one, "lead").actor for _ in range(2))
    for lead in (a, b):
        factories.admit(factories.SYSTEM, two, user_id=lead.user_id, role="lead")

    task = actions.add_task(factories.SYSTEM, one, title="Look", role="log_analyst")
    copies = [Task.objects.get(pk=task.pk) for _ in range(2)]
    said = race(
        lambda: actions.complete_task(a, fresh(one), task=copies[0], proof="seen", revision=0),
        lambda: actions.complete_task(b, fresh(one), task=copies[1], proof="seen", revision=0),
    )
    told["task"].append([said, one.chain.entries.filter(verb="task.complete").count()])

    tomasz, priya = (Member.objects.get(organization=home, key=k) for k in ("tomasz-zielinski", "priya-raman"))
    said = race(
        lambda: actions.assign_role(a, fresh(one), role="log_analyst", member=tomasz),
        lambda: actions.assign_role(b, fresh(one), role="log_analyst", member=priya),
    )
    live = one.roles.filter(role="log_analyst", renounced_at=None).count()
    told["lead"].append([said, live, one.chain.entries.filter(verb="role.assign").count()])

    said = race(
        lambda: together.merge(a, fresh(one), fresh(two), reason="same"),
        lambda: together.merge(b, fresh(two), fresh(one), reason="same"),
    )
    told["merge"].append([said, Incident.objects.filter(pk__in=(one.pk, two.pk), outcome="merged").count()])

    left = next(i for i in (fresh(one), fresh(two)) if not i.outcome)
    said = race(*(lambda p=p: _close(p, left) for p in (a, b)))
    told["close"].append([said, left.chain.entries.filter(verb="incident.close").count()])


def _close(person: Actor, place: Incident) -> None:
    # The task that moved may be open here; why it may stay is said.
    actions.close(person, fresh(place), outcome="near_miss", reason="over", left_open="for tomorrow")


def main() -> None:
    """All rounds, then whether every chain holds."""
    call_command("migrate", verbosity=0)
    home = factories.organization("racing")
    told: dict[str, list[Any]] = {"close": [], "lead": [], "merge": [], "task": []}
    for number in range(ROUNDS):
        one_round(home, number, told)
    told["holds"] = [log.verify_database().holds]
    print(json.dumps(told))


main()
