"""What a situation report and a hand-over note start from: suggestions out of the record, for a person to edit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin.incidents.models import Decision, DecisionState, Incident, RoleAssignment, Task, TaskState
from tocsin.incidents.models.situation import LONGEST, SituationReport

FEW = 4
_COUNT = re.compile(r"^\d+ things? in scope\b")


@dataclass(frozen=True)
class Draft:
    """Three texts to begin with."""

    conditions: str = ""
    actions: str = ""
    needs: str = ""


def draft_report(incident: Incident, tasks: list[Task], last: SituationReport | None, now: datetime) -> Draft:
    """A report suggested from the record: what held before, what was done since, what is asked for. Three queries."""
    since = last.written_at if last else None
    said = (last.conditions if last else incident.summary).strip()
    conditions = [_without_count(said), _scope(incident)]
    done = [t for t in tasks if t.state == TaskState.DONE and t.ended_at and (since is None or t.ended_at > since)]
    done.sort(key=lambda t: t.ended_at or now)
    doing = [t for t in tasks if t.state == TaskState.DOING]
    actions = [_list(_("Done"), [t.title for t in done[-FEW:]], len(done)),
               _list(_("In progress"), [_with_who(t) for t in doing[:FEW]], len(doing))]  # fmt: skip
    return Draft(_join(conditions), _join(actions), _needs(incident, tasks, now))


def draft_handover(incident: Incident, seat: RoleAssignment, tasks: list[Task], last: SituationReport | None,
                   now: datetime) -> Draft:  # fmt: skip
    """A note suggested for who takes over `seat`: the situation as reported, the role's open work, what waits."""
    own = [t for t in tasks if not t.ended and (t.role == seat.role or (t.member_id and t.member_id == seat.member_id))]
    late = [t for t in own if t.live and t.due_at and t.due_at < now]
    stuck = [t for t in own if t.state == TaskState.BLOCKED]
    doing = [t for t in own if t.state == TaskState.DOING]
    due = sorted((t for t in own if t.live and t.due_at and t.due_at >= now), key=lambda t: str(t.due_at))
    work = [
        _list(_("Late"), [f"T-{t.number} {t.title}" for t in late[:FEW]], len(late)),
        _list(_("Blocked"), [f"T-{t.number} {t.title} ({t.blocked_by})" for t in stuck[:FEW]], len(stuck)),
        _list(_("In progress"), [f"T-{t.number} {t.title}" for t in doing[:FEW]], len(doing)),
        _list(_("Next deadlines"), [f"T-{t.number} {t.title}, {clock_word(t.due_at)}" for t in due[:FEW]], len(due)),
    ]
    conditions = (last.conditions if last else incident.summary).strip()
    return Draft(conditions, _join(work), _needs(incident, own, now))


def _needs(incident: Incident, tasks: Iterable[Task], now: datetime) -> str:
    asked = sorted(
        incident.decisions.filter(state=DecisionState.OPEN), key=lambda d: (d.due_at is None, d.due_at or now, d.number)
    )
    stuck = [t for t in tasks if t.state == TaskState.BLOCKED]
    rows = [_decision(d) for d in asked[:FEW]]
    rows += [_("%(title)s: %(what)s") % {"title": t.title, "what": t.blocked_by} for t in stuck[:FEW]]
    return "\n".join(rows)[:LONGEST]


def _decision(decision: Decision) -> str:
    if decision.due_at is None:
        return _("A decision: %s") % decision.question
    return _("A decision by %(time)s: %(question)s") % {
        "time": clock_word(decision.due_at), "question": decision.question,
    }  # fmt: skip


def clock_word(moment: datetime | None) -> str:
    """A time within a text that people of several zones read: the writer's own zone, named."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    day = "" if local.date() == timezone.localdate(timezone=UTC) else "D "
    return date_format(local, f"{day}H:i T")


def _scope(incident: Incident) -> str:
    states = list(incident.scope.exclude(state="cleared").values_list("state", flat=True))
    if not states:
        return ""
    text = ngettext("%d thing in scope", "%d things in scope", len(states)) % len(states)
    confirmed = sum(s != "suspected" for s in states)
    return text + (_(", %d of them confirmed.") % confirmed if confirmed else ".")


def _without_count(said: str) -> str:
    """What was said before, without the line that the record adds anew."""
    return "\n".join(line for line in said.splitlines() if not _COUNT.match(line))


def _with_who(task: Task) -> str:
    return f"{task.title} ({task.member.name})" if task.member else task.title


def _list(head: str, rows: list[str], total: int) -> str:
    if not rows:
        return ""
    more = _(" and %d more") % (total - len(rows)) if total > len(rows) else ""
    return f"{head}: {'; '.join(rows)}{more}."


def _join(parts: Iterable[str]) -> str:
    # A draft fits the form: what a person shortens is their own words, not ours.
    return "\n".join(dict.fromkeys(p for p in parts if p))[:LONGEST]
