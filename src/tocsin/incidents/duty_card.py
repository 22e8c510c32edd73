"""The duty card: what somebody who takes a seat needs on one page, from the plan's template and the incident's facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files

from django.conf import settings
from django.utils.translation import gettext as _

from tocsin.incidents.models import Incident, RoleAssignment, Task, TaskState
from tocsin.incidents.pages import lead_of
from tocsin.incidents.queries import facts_of
from tocsin.people.called import time_of_day
from tocsin.people.pages import filled
from tocsin.plan.models import Plan

MESSAGE = "duty-card"
MOST_TASKS = 5
WAYS = {"tel", "mailto"}
_LIVE = (TaskState.OPEN, TaskState.DOING, TaskState.BLOCKED)


@cache
def _starter() -> str:
    text = files("tocsin.plan").joinpath(f"starter/messages/{MESSAGE}.md").read_text(encoding="utf-8")
    return text.split("---\n", 2)[2]


def first_tasks(incident: Incident, role: str) -> list[Task]:
    """What a role has to do now, the earliest deadline first. One query."""
    rows = incident.tasks.filter(role=role, state__in=_LIVE)
    return sorted(rows, key=lambda t: (t.due_at is None, t.due_at or incident.declared_at, t.number))[:MOST_TASKS]


def bridge_of(incident: Incident, known: Mapping[str, object]) -> str:
    """Where people talk: the stated fact `bridge`, else the telephone of the plan's response team. Empty without one."""
    if stated := known.get("bridge"):
        return str(stated)
    plan = incident.plan_version.plan
    team = plan.audiences.get("response-team")
    return next((t for key in (team.contacts if team else ()) if (t := reach(plan, key))), "")


def reach(plan: Plan, key: str) -> str:
    """How a person rings or writes to a contact of the plan: its first telephone number or mail address, else nothing."""
    contact = plan.contacts.get(key)
    urls = [m.url for m in contact.methods] if contact else []
    return next((u.partition(":")[2] for u in urls if u.partition(":")[0] in WAYS), "")


def card_facts(incident: Incident, seat: RoleAssignment) -> dict[str, object]:
    """What a duty card's template can ask for, with the stated facts of the incident."""
    plan = incident.plan_version.plan
    planned, zone = plan.roles[seat.role], incident.organization.time_zone
    lead = lead_of(incident, list(incident.roles.filter(renounced_at=None).select_related("member")))
    known = facts_of(incident)
    return known | {
        "incident_id": incident.number,
        "severity": incident.severity,
        "tlp": incident.tlp,
        "role_title": planned.title,
        "role_duties": planned.duties,
        "first_tasks": "\n".join(_line(t, zone) for t in first_tasks(incident, seat.role))
        or _("- Nothing is open for you yet. Open the room and say that you are here."),
        "incident_manager": lead.holder if lead else _("Nobody leads yet"),
        "lead_contact": reach(plan, lead.member.key) if lead and lead.member else "",
        "bridge": bridge_of(incident, known),
        "room_link": f"{settings.BASE_URL}/incidents/{incident.number}/",
    }


def _line(task: Task, zone: str) -> str:
    due = _("by %s") % _due(task.due_at, zone) if task.due_at else ""
    return f"- T-{task.number} {task.title}{', ' + due if due else ''}"


def _due(at: datetime, zone: str) -> str:
    return f"{at:%Y-%m-%d} {time_of_day(at, zone)}"


def card_text(incident: Incident, seat: RoleAssignment) -> str:
    """The card as Markdown: the incident's plan's own template, or the starter's where it has none."""
    template = incident.plan_version.plan.messages.get(MESSAGE)
    body = template.body if template else _starter()
    parts = filled(body, card_facts(incident, seat))
    return "".join(f"[{p.text}: {_('not known')}]" if p.missing else p.text for p in parts).strip()


def card_subject(incident: Incident, seat: RoleAssignment) -> str:
    """The subject of the message that brings it."""
    said = {"number": incident.number, "title": seat.title}
    return _("%(number)s: your duty card as %(title)s") % said
