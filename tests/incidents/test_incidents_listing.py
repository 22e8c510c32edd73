"""The list of incidents: what it shows to whom, in which order, and that ten thousand of them stay quick."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

import factories
from tocsin.core.actions import set_clock
from tocsin.core.clock import now
from tocsin.core.models import Chain, Grant
from tocsin.incidents import actions
from tocsin.incidents.models import Incident, RoleAssignment, Task
from tocsin.incidents.queries.listing import Wish, chosen, lines
from tocsin.people.models import User
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def several(incident: Incident) -> tuple[User, dict[str, Incident]]:
    """Somebody on four incidents: grave and calm, an exercise, a closed one."""
    home = incident.organization
    made = {
        "grave": factories.incident(home, title="Production stands", severity=1, playbook_id=None),
        "calm": factories.incident(home, title="A lost laptop", severity=4, playbook_id=None),
        "drill": factories.incident(home, title="Rehearsal", severity=2, exercise=True, playbook_id=None),
        "over": factories.incident(home, title="Old mail", severity=1, playbook_id=None),
    }
    person = factories.user(home)
    for place in made.values():
        factories.admit(S, place, user_id=person.id, role=IncidentRole.LEAD)
    actions.close(S, made["over"], outcome="false_positive", reason="nothing")
    return person, made


def titles(person: User, place: Incident, **wish: object) -> list[str]:
    return [i.title for i in chosen(person.actor, place.organization, Wish(**wish))]  # type: ignore[arg-type]


def test_filters_and_orders(several: tuple[User, dict[str, Incident]]) -> None:
    person, made = several
    at = made["grave"]
    assert titles(person, at) == ["Production stands", "Rehearsal", "A lost laptop"]
    assert titles(person, at, shown="closed") == ["Old mail"]
    assert len(titles(person, at, shown="all")) == 4
    assert titles(person, at, exercise=True) == ["Rehearsal"]
    assert titles(person, at, severity=4) == ["A lost laptop"]
    assert titles(person, at, text="LAPTOP") == ["A lost laptop"]
    assert titles(person, at, text=made["drill"].number) == ["Rehearsal"]
    assert titles(person, at, sort="newest")[0] == "Rehearsal"
    actions.add_task(S, made["calm"], title="a", role="log_analyst", due_at=now() + timedelta(hours=1))
    actions.add_task(S, made["grave"], title="b", role="log_analyst", due_at=now() + timedelta(hours=2))
    assert titles(person, at, sort="deadline") == ["A lost laptop", "Production stands", "Rehearsal"]
    assert titles(person, at, mine=True) == []
    with factories.preparing():
        RoleAssignment.objects.filter(incident=made["calm"], role="log_analyst", renounced_at=None).update(user=person)
    assert titles(person, at, mine=True) == ["A lost laptop"]


def test_nobody_sees_what_they_are_not_on(several: tuple[User, dict[str, Incident]]) -> None:
    _person, made = several
    outsider = factories.user(made["grave"].organization)
    page = browser(outsider).get("/incidents?show=all").content.decode()
    for place in made.values():
        assert place.title not in page
        assert place.number not in page
    assert "Live 0" not in page.replace("\n", " ") or "Live 4" not in page
    assert titles(outsider, made["grave"], text="Production") == []


def test_a_line_says_what_counts_on_the_clock_of_its_incident(several: tuple[User, dict[str, Incident]]) -> None:
    person, made = several
    for place in (made["drill"], made["grave"]):
        actions.add_task(S, place, title="Soon", role="log_analyst", due_at=now() + timedelta(hours=1))
    set_clock(S, made["drill"], jump_to=now() + timedelta(hours=3))
    rows = chosen(person.actor, made["grave"].organization, Wish(shown="all")).select_related("chain", "organization")
    found = {line.incident.title: line for line in lines(list(rows))}
    assert (found["Rehearsal"].late, found["Rehearsal"].lamp) == (1, "late")
    assert (found["Production stands"].late, found["Production stands"].lamp) == (0, "soon")
    assert found["Old mail"].over
    assert found["Old mail"].lamp == ""


@pytest.mark.parametrize("query", ["show=nonsense", "severity=abc", "page=abc", "page=999", "sort=x&kind=y", "q=%00"])
def test_a_wild_address_shows_a_list(several: tuple[User, dict[str, Incident]], query: str) -> None:
    assert browser(several[0]).get(f"/incidents?{query}").status_code == 200


def test_ten_thousand_incidents_ask_as_much_as_four(several: tuple[User, dict[str, Incident]]) -> None:
    """Two hundred live ones with ten tasks each; the rest closed. A page comes in time and in bounded questions."""
    person, made = several
    client, home, version = browser(person), made["grave"].organization, made["grave"].plan_version
    client.get("/incidents")
    with CaptureQueriesContext(connection) as few:
        client.get("/incidents?sort=deadline")
    with factories.preparing():
        chains = Chain.objects.bulk_create(Chain(organization=home, kind="incident") for _ in range(10_000))
        Incident.objects.bulk_create(
            Incident(chain=c, organization=home, number=f"INC-2020-{n:05d}", title=f"Incident {n}", severity=n % 4 + 1,
                     phase="declared" if n < 200 else "closed", plan_version=version, declared_at=now(), declared_by="x")
            for n, c in enumerate(chains)
        )  # fmt: skip
        Grant.objects.bulk_create(Grant(chain=c, user=person, role="observer") for c in chains)
        Task.objects.bulk_create(
            Task(incident_id=chains[n // 10].pk, number=n, title="t", role="log_analyst", function="technical_analysis",
                 state="open", due_at=now() + timedelta(minutes=n))
            for n in range(2000)
        )  # fmt: skip
    for path in (
        "/incidents",
        "/incidents?sort=deadline",
        "/incidents?show=all&q=99",
        "/incidents?show=closed&page=90",
    ):
        with CaptureQueriesContext(connection) as many:
            began = time.process_time()
            answer = client.get(path)
            took = time.process_time() - began
        print(f"{path}: {1000 * took:.0f} ms, {len(many)} questions, {len(answer.content)} bytes")
        assert len(many) <= len(few) + 1
        assert len(answer.content) < 150_000
        assert took < 5  # a guard against a scan for each line, not a measurement
