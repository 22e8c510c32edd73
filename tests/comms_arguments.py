"""The least that each action of communications can be called with, and a message, wave or page in the state it needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import factories
from tocsin.comms import actions
from tocsin.comms.actions.waves import Planned
from tocsin.comms.lists import Row
from tocsin.comms.models import Delivery, Message, Question, Wave
from tocsin.incidents.actions import set_fact, start_task
from tocsin.incidents.models import Incident, RoleAssignment
from tocsin.people.models import User

Arguments = dict[str, Any]
S = factories.SYSTEM


def _part(place: Incident, person: User) -> None:
    """The seats without which a role alone is not enough: crisis communications, and whoever the plan lets speak."""
    with factories.preparing():
        seats = RoleAssignment.objects.filter(incident=place, renounced_at=None)
        seats.filter(role__in=("communications_lead", "executive_sponsor")).update(user=person)


def _draft(place: Incident, person: User, **given: Any) -> Message:
    _part(place, person)
    words = {"audience": "all-staff", "subject": "Mail is down", "body": "Use the telephone."}
    return actions.draft_message(S, place, **(words | given))


def _in_review(place: Incident, person: User, **given: Any) -> Message:
    message = _draft(place, person, **given)
    return actions.submit_message(S, place, message=message)


def _reviewed(place: Incident, person: User, **given: Any) -> Message:
    message = _in_review(place, person, **given)
    actions.review_message(S, place, message=message)
    message.refresh_from_db()
    return message


def _outdated(place: Incident, person: User) -> Message:
    set_fact(S, place, name="host_count", value=1)
    message = _reviewed(place, person, body="{{ host_count }} hosts.")
    set_fact(S, place, name="host_count", value=2)
    return message


def _sent(place: Incident, person: User, *, settled: bool = False) -> Message:
    message = _reviewed(place, person)
    actions.release_message(S, place, message=message)
    message.refresh_from_db()
    if settled:
        with factories.preparing():
            message.deliveries.update(recalled=True)
    return message


def _wave(place: Incident, person: User, *, running: bool = False) -> Wave:
    wave = actions.plan_wave(S, place, steps=[Planned(_reviewed(place, person).number)])
    return actions.release_wave(S, place, wave=wave) if running else wave


def _step(place: Incident, person: User) -> Arguments:
    wave = _wave(place, person)
    return {"step": wave.steps.select_related("message__audience", "wave")[0], "because": "Told by phone."}


def _question(place: Incident, person: User) -> Question:
    _part(place, person)
    return actions.write_question(S, place, question="Are we safe?", answer="We look into it.")


def _page(place: Incident, person: User) -> Arguments:
    _part(place, person)
    actions.open_status_page(S, place, title="Our shop")
    return {"because": "It is over."}


def _waiting(place: Incident) -> Arguments:
    """A communication step that began before there was anything to open a draft for it."""
    task = place.tasks.filter(kind="communication", state="waiting").exclude(step_id="")[0]
    start_task(S, place, task=task)
    with factories.preparing():
        Message.objects.filter(task=task).delete()
    return {"tasks": [task]}


def _delivery(place: Incident, person: User) -> Delivery:
    return _sent(place, person).deliveries.select_related("message")[0]


def _with_part(place: Incident, person: User, **given: Any) -> Arguments:
    _part(place, person)
    return given


WORDS = {"subject": "Mail works again", "body": "Use it."}
COMMS: dict[str, Callable[[Any, User], Arguments]] = {
    "audience.add": lambda p, u: _with_part(p, u, title="Neighbours", kind="other"),
    "audience.fill": lambda p, u: _with_part(p, u, audience="customers", rows=[Row("Ada", "mailto:a@example.org")]),
    "comms.open": lambda p, u: _waiting(p),
    "comms.draft": lambda p, u: {"audience": "press", **WORDS},
    "comms.edit": lambda p, u: {"message": _draft(p, u), **WORDS},
    "comms.withdraw": lambda p, u: {"message": _draft(p, u), "because": "Not needed."},
    "comms.submit": lambda p, u: {"message": _draft(p, u)},
    "comms.review": lambda p, u: {"message": _in_review(p, u)},
    "comms.clear": lambda p, u: {"message": _reviewed(p, u, audience="press")},
    "comms.return": lambda p, u: {"message": _in_review(p, u), "note": "Shorter."},
    "comms.outdated": lambda p, u: {"message": _reviewed(p, u), "facts": [{"fact": "host_count", "was": 1, "now": 2}]},
    "comms.stand": lambda p, u: {"message": _outdated(p, u), "because": "It says about."},
    "comms.release": lambda p, u: {"message": _reviewed(p, u)},
    "comms.finish": lambda p, u: {"message": _sent(p, u, settled=True)},
    "comms.recall": lambda p, u: {"message": _sent(p, u), "because": "It was wrong."},
    "comms.acknowledge": lambda p, u: {"delivery": _delivery(p, u)},
    "wave.plan": lambda p, u: {"steps": [Planned(_draft(p, u).number)]},
    "wave.release": lambda p, u: {"wave": _wave(p, u)},
    "wave.pause": lambda p, u: {"wave": _wave(p, u, running=True), "because": "A call comes in."},
    "wave.hold": lambda p, u: {"wave": _wave(p, u, running=True), "because": "M-1 reached nobody."},
    "wave.recall": lambda p, u: {"wave": _wave(p, u, running=True), "because": "A false alarm."},
    "wave.loosen": _step,
    "wave.finish": lambda p, u: {"wave": _wave(p, u, running=True)},
    "statuspage.open": lambda p, u: _with_part(p, u, title="Our shop"),
    "statuspage.close": _page,
    "question.write": lambda p, u: _with_part(p, u, question="Are we safe?"),
    "question.approve": lambda p, u: {"row": _question(p, u)},
    "question.drop": lambda p, u: {"row": _question(p, u)},
}
