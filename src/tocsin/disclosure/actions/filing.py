"""Notices handed in, filings struck that were recorded by mistake, and stages held back for law enforcement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tocsin.core.access import system_only
from tocsin.core.action import Call, Invalid, action
from tocsin.disclosure.actions.common import duty_of, finished_notice, regime_named, stage_of
from tocsin.disclosure.actions.duties import RULES
from tocsin.disclosure.following import supports
from tocsin.disclosure.merged import GOES_ON
from tocsin.disclosure.models import Delay, Duty, Filing, Ruling
from tocsin.incidents.actions.common import WORKS_OR_ADVISES, same_revision, words
from tocsin.incidents.models import Incident

LONGEST_DELAY = timedelta(days=366)


@action("duty.file", WORKS_OR_ADVISES)
def file_stage(
    call: Call[Incident], *, regime: str, stage: str, at: datetime, channel: str, reference: str = "", proof: str = "",
    evidence: int | None = None, notice: int | None = None, delay_reason: str = "", revision: int | None = None,
) -> Filing:  # fmt: skip
    """Record that a notice was handed in: when, by which way, under which number, and what proves it.

    The first filing of a stage counts and its deadline stays as it stands now; another is kept as an addition.
    `evidence` is the number of an evidence item, `notice` that of a finished notice of this stage, whose hash is kept,
    `proof` the name of a file or other words. Raises Invalid for an unknown duty or stage, a time in the future or before
    the incident, or without a channel.
    """
    incident = call.place
    stage = stage_of(incident, regime, stage).name
    _check_time(call, at)
    if evidence is not None and not incident.evidence.filter(number=evidence).exists():
        raise Invalid(f"There is no evidence item E-{evidence} in this incident.", "evidence")
    duty = duty_of(incident, regime, call.sequence)
    same_revision(duty, revision)
    duty.save()
    sent = finished_notice(duty, stage, notice)
    clock = duty.clocks.filter(stage=stage).first()
    if clock and clock.because == GOES_ON and incident.merged_into_id:
        raise Invalid("This goes on in the incident that this one was merged into; record it there.", "stage")
    first = not duty.filings.filter(stage=stage, first=True).exists()
    due = clock.due_at if clock and not clock.own_target else None
    late = first and due is not None and at > due
    filing = Filing.objects.create(
        duty=duty, stage=stage, first=first, submitted_at=at, due_at=due if first else None,
        channel=words(channel, "channel", "how it was handed in (portal, mail, telephone ...)")[:100],
        reference=reference.strip()[:200], proof=proof.strip()[:500], evidence=evidence,
        notice=sent.number if sent else None, notice_sha256=sent.sha256 if sent else "",
        delay_reason=delay_reason.strip(), rests_on=supports(duty.reasons), by=call.actor.name,
        by_id="" if call.actor.is_system else call.actor.id, at=call.now, sequence=call.sequence,
    )  # fmt: skip
    call.record(
        duty, regime=regime, name=duty.name, stage=stage, first=first, at=at, due_at=due, late=late,
        channel=filing.channel, reference=filing.reference, proof=filing.proof, evidence=evidence,
        notice=filing.notice, notice_sha256=filing.notice_sha256, delay_reason=filing.delay_reason,
        task=clock.task.number if first and clock and clock.task else None,
    )  # fmt: skip
    return filing


@action("duty.strike", WORKS_OR_ADVISES)
def strike_filing(
    call: Call[Incident], *, regime: str, filing: int, reason: str, revision: int | None = None
) -> Filing:  # fmt: skip
    """Take back a filing that was recorded by mistake, by its id, and say why. It stays readable and counts for nothing.

    Where it was the first of its stage, the addition that was recorded first, if there is one, takes its place with its
    deadline; else the stage is open again. Raises Invalid for an unknown filing or duty, for one that was struck already
    and without a reason.
    """
    regime_named(call.place, regime)
    duty = Duty.objects.filter(incident=call.place, regime=regime).first()
    found = duty.filings.filter(pk=filing).first() if duty else None
    if duty is None or found is None:
        raise Invalid("There is no such filing under this duty.", "filing")
    same_revision(duty, revision)
    if found.struck:
        raise Invalid(f"{found.struck_by} struck it already.", "filing")
    was_first = found.first
    found.struck_reason = words(reason, "reason", "why it is struck")[:5000]
    found.struck_at, found.struck_by, found.first = call.now, call.actor.name[:200], False
    found.save(update_fields=["struck_reason", "struck_at", "struck_by", "first"])
    later = duty.filings.filter(stage=found.stage, struck_at=None).first() if was_first else None
    if later is not None:
        later.first, later.due_at = True, found.due_at
        later.save(update_fields=["first", "due_at"])
    duty.save()
    clock = duty.clocks.filter(stage=found.stage).first()
    call.record(
        duty, regime=regime, name=duty.name, stage=found.stage, filing=found.pk, recorded=found.sequence,
        at=found.submitted_at, channel=found.channel, reference=found.reference, reason=found.struck_reason,
        counted=was_first, instead=later.submitted_at if later else None,
        task=clock.task.number if was_first and later is None and clock and clock.task else None,
    )  # fmt: skip
    return found


def _check_time(call: Call[Incident], at: datetime) -> None:
    if at.tzinfo is None:
        raise Invalid("Say in which time zone that was.", "at")
    if at > call.now:
        raise Invalid("That has not happened yet: it lies in the future.", "at")
    first = min((call.place.instant(a) or call.now for a in call.place.instants), default=None)
    if first is not None and at < first:
        raise Invalid(f"That lies before the incident's first recorded time, {first:%Y-%m-%d %H:%M} UTC.", "at")


@action("duty.delay", RULES)
def delay_stage(
    call: Call[Incident], *, regime: str, stage: str = "", until: datetime, asked_by: str, reference: str,
    revision: int | None = None,
) -> list[Delay]:  # fmt: skip
    """Hold a stage (or all that may be) back until then, because an authority asked for it under a document.

    Only where the regime knows such a delay; the last one that was recorded holds. Raises Invalid elsewhere, for a time
    that has passed or lies over a year ahead, and without who asked and the document's number.
    """
    known = regime_named(call.place, regime)
    if known.delay is None:
        raise Invalid(f"{known.name} lets nobody hold a notice back; its clock runs on.", "regime")
    allowed = known.delay.stages or tuple(s.name for s in known.stages)
    if stage and stage_of(call.place, regime, stage).name not in allowed:
        raise Invalid(f"Only these stages may be held back here: {'; '.join(allowed)}.", "stage")
    if until.tzinfo is None:
        raise Invalid("Say in which time zone that is.", "until")
    if not call.now < until <= call.now + LONGEST_DELAY:
        raise Invalid("A delay ends later than now and within a year; renew it if it is prolonged.", "until")
    duty = duty_of(call.place, regime, call.sequence)
    same_revision(duty, revision)
    duty.save()
    given = {
        "until": until,
        "asked_by": words(asked_by, "asked_by", "who asked for it")[:200],
        "reference": words(reference, "reference", "the number or date of the document")[:200],
    }
    by_id = "" if call.actor.is_system else call.actor.id
    made = [
        Delay.objects.create(
            duty=duty, stage=one, by=call.actor.name, by_id=by_id, at=call.now, sequence=call.sequence, **given
        )
        for one in ([stage] if stage else allowed)
        if not duty.filings.filter(stage=one, struck_at=None).exists()
    ]
    if not made:
        raise Invalid("This was filed already; there is nothing to hold back.", "stage")
    call.record(duty, regime=regime, name=duty.name, stages=[d.stage for d in made], **given)
    return made


@action("duties.carry", system_only)
def carry_duties(call: Call[Incident], *, duties: Sequence[Duty]) -> None:
    """Take over from a merged incident what was filed, held back and ruled on: a notice that went out has gone out."""
    told = []
    for old in duties:
        duty = duty_of(call.place, old.regime, call.sequence)
        if old.ruling and not duty.ruling:
            for name in ("ruling", "ruled_by", "ruled_at", "ruling_reason"):
                setattr(duty, name, getattr(old, name))
        duty.save()
        filed = set(duty.filings.filter(first=True).values_list("stage", flat=True))
        for kind in (Filing, Delay, Ruling):
            for row in kind.objects.filter(duty=old).order_by("id"):
                row.pk, row.duty, row.sequence = None, duty, call.sequence
                if isinstance(row, Filing):
                    row.first = row.first and row.stage not in filed
                row.save(force_insert=True)
        told.append(
            {
                "regime": old.regime,
                "name": old.name,
                "ruling": old.ruling,
                "filed": old.filings.filter(struck_at=None).count(),
            }
        )
    call.record(call.place, duties=told)
