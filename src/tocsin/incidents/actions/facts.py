"""What is so: facts, instants, phase, severity, the summary, and notes to the log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tocsin.core.action import Call, Invalid, action
from tocsin.core.canonical import instant, plain
from tocsin.incidents.actions.common import (
    LEADS,
    TAKES_PART,
    WORKS,
    WORKS_OR_ADVISES,
    check_fact,
    fresh,
    same_revision,
    words,
)
from tocsin.incidents.models import Incident, Phase
from tocsin.law.sheet import real_zone
from tocsin.plan.models import Anchor

_PHASE_ANCHORS = {p: Anchor(p) for p in (Phase.CONTAINED, Phase.ERADICATED, Phase.RECOVERED, Phase.CLOSED)}


@action("fact.set", WORKS_OR_ADVISES)
def set_fact(call: Call[Incident], *, name: str, value: bool | int | float | str, because: str = "") -> None:
    """State a fact; what hangs on it (steps, clocks) follows in the same transaction.

    Raises Invalid for a name that no condition could ask for, or a number that is none.
    """
    incident = fresh(call)
    check_fact(name, value)
    before = incident.facts.get(name)
    incident.facts = incident.facts | {name: plain(value)}
    incident.save(update_fields=["facts"])
    call.record(("fact", name), before=before, value=value, because=because)


@action("fact.withdraw", WORKS_OR_ADVISES)
def withdraw_fact(call: Call[Incident], *, name: str, because: str) -> None:
    """Take a stated fact back: it is not known any more. What waits for it waits again.

    Raises Invalid for a fact that nobody has stated, and without a reason.
    """
    incident = fresh(call)
    if name not in incident.facts:
        raise Invalid(f"Nobody has stated '{name}', so it cannot be taken back.", "name")
    reason = words(because, "because", "the reason why it is taken back")
    before = incident.facts[name]
    incident.facts = {k: v for k, v in incident.facts.items() if k != name}
    incident.save(update_fields=["facts"])
    call.record(("fact", name), before=before, because=reason)


@action("instant.mark", WORKS_OR_ADVISES)
def mark_instant(call: Call[Incident], *, anchor: str, at: datetime, because: str = "", zone: str = "") -> None:
    """Say when an anchor was reached (aware, contained ...). Deadlines that hang on it are computed from there.

    `zone` (IANA) is the one in which the person gave the time; the log keeps it. What another instant contradicts is
    taken, and the fact sheet says so. Raises Invalid for an unknown anchor or zone, an instant in the future, or a
    correction without a reason.
    """
    incident = fresh(call)
    if anchor not in set(Anchor):
        raise Invalid(f"'{anchor}' is no anchor; take one of {', '.join(Anchor)}.", "anchor")
    if at.tzinfo is None:
        raise Invalid("Say in which time zone that was.", "at")
    if at > call.now:
        raise Invalid("That has not happened yet: it lies in the future.", "at")
    if zone and not real_zone(zone):
        raise Invalid(f"'{zone[:60]}' is no time zone; write it as Europe/Berlin.", "zone")
    before = incident.instants.get(anchor)
    if before and before != instant(at) and not because.strip():
        raise Invalid("This time is set already. Say why it is corrected.", "because")
    incident.instants = incident.instants | {anchor: instant(at)}
    incident.save(update_fields=["instants"])
    given = {"zone": zone} if zone else {}
    call.record(("instant", anchor), before=before, at=at, because=because, **given)


@action("phase.set", LEADS)
def set_phase(call: Call[Incident], *, phase: str, because: str = "", revision: int | None = None) -> None:
    """Move the incident to another phase, forward or back; its instant is marked the first time it is reached."""
    incident = fresh(call)
    if phase not in set(Phase):
        raise Invalid(f"'{phase}' is no phase.", "phase")
    if Phase.CLOSED in (phase, incident.phase):
        raise Invalid(
            "An incident is closed with its outcome and re-opened with a reason; see its page 'Related'.", "phase"
        )
    if phase == incident.phase:
        raise Invalid(f"The incident is in phase '{Phase(phase).label}' already.", "phase")
    same_revision(incident, revision)
    before, incident.phase = incident.phase, phase
    anchor = _PHASE_ANCHORS.get(Phase(phase))
    if anchor and anchor not in incident.instants:
        incident.instants = incident.instants | {anchor: instant(call.now)}
    incident.save(update_fields=["phase", "instants", "revision"])
    call.record(incident, before=before, phase=phase, because=because)


@action("severity.set", LEADS)
def set_severity(call: Call[Incident], *, severity: int, because: str, revision: int | None = None) -> None:
    """Change the severity, with the reason. Raises Invalid when the plan has no such severity."""
    incident = fresh(call)
    if severity not in incident.plan_version.plan.severity.levels:
        raise Invalid(f"The plan has no severity {severity}.", "severity")
    if severity == incident.severity:
        raise Invalid("That is the severity already.", "severity")
    same_revision(incident, revision)
    before, incident.severity = incident.severity, severity
    incident.save(update_fields=["severity", "revision"])
    call.record(incident, before=before, severity=severity, because=words(because, "because", "the reason"))


@action("summary.set", WORKS)
def set_summary(call: Call[Incident], *, summary: str, revision: int | None = None) -> None:
    """Rewrite what is going on in a few lines. Raises Invalid on a stale form, so that no words are lost."""
    incident = fresh(call)
    same_revision(incident, revision)
    incident.summary = summary.strip()
    incident.save(update_fields=["summary", "revision"])
    call.record(incident, summary=incident.summary)


@action("note.write", TAKES_PART)
def note(call: Call[Incident], *, text: str) -> None:
    """Write a note to the log."""
    text = words(text, "text", "the note")
    if len(text) > 20_000:
        raise Invalid("A note holds 20,000 characters; take a file into evidence for more.", "text")
    payload: dict[str, Any] = {"text": text}
    call.record(("note", str(call.sequence)), **payload)
