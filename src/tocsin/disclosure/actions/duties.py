"""Duties by law: worked out anew when the facts change, and counsel's word on each."""

from __future__ import annotations

from tocsin.core.access import incident_role, system_only
from tocsin.core.action import Call, Invalid, action
from tocsin.disclosure.actions.common import duty_of, stage_of
from tocsin.disclosure.following import Found
from tocsin.disclosure.models import Duty, DutyClock, DutyReading, Ruling, Word
from tocsin.incidents.actions.common import same_revision, words
from tocsin.incidents.models import Incident
from tocsin.plan.models import IncidentRole

RULES = incident_role(IncidentRole.LEAD, IncidentRole.COUNSEL)
"""Who speaks for counsel: the legal function, and who leads."""


@action("duties.recompute", system_only)
def recompute(call: Call[Incident], *, found: Found, because: str) -> None:
    """Write what follows from the facts now. The entry says what changed, from what to what, and because of what."""
    incident, fresh = call.place, DutyReading.objects.filter(incident=call.place).first() is None
    for duty, moved in found.duties:
        duty.because, duty.sequence = because[:300], call.sequence
        duty.save()
        for clock in moved:
            clock.duty, clock.sequence = duty, call.sequence
        new = [clock for clock in moved if clock.pk is None]
        DutyClock.objects.bulk_create(new)
        for clock in moved:
            if clock not in new:
                clock.save()
    DutyReading.objects.update_or_create(
        incident=incident,
        defaults={"key": found.key, "verdicts": found.verdicts, "at": call.now, "sequence": call.sequence},
    )
    call.record(
        incident, because=because, first=fresh, counts=found.counts, duties=found.turned, clocks=found.clocks,
        reworded=found.reworded, lost=found.lost,
    )  # fmt: skip


@action("duty.confirm", RULES)
def confirm_duty(
    call: Call[Incident], *, regime: str, reason: str, stage: str = "", revision: int | None = None
) -> Duty:
    """Counsel's word that a duty (or one stage of it) has to be notified, and why.

    Raises Invalid for an unknown duty or stage, without a reason, or where that is the word already.
    """
    return _rule(call, Word.CONFIRMED, regime, words(reason, "reason", "the reason"), stage, revision)


@action("duty.reject", RULES)
def reject_duty(
    call: Call[Incident], *, regime: str, reason: str, stage: str = "", revision: int | None = None
) -> Duty:
    """Counsel's word that a duty (or one stage of it) is not to be notified, and why: a record of its own.

    Raises Invalid for an unknown duty or stage, without a reason, or where that is the word already.
    """
    return _rule(call, Word.REJECTED, regime, words(reason, "reason", "why it is not notified"), stage, revision)


@action("duty.overdue", system_only)
def mark_duty_overdue(call: Call[Incident], *, clock: DutyClock) -> None:
    """Write down, once, that a stage's limit passed and nothing was filed. Raises Invalid when it is not so (any more)."""
    clock = DutyClock.objects.select_related("duty").get(pk=clock.pk)
    if clock.overdue_logged or not clock.duty.counts or not clock.is_late(call.now):
        raise Invalid(f"'{clock.stage}' is not overdue, or it was written down already.")
    clock.overdue_logged = True
    clock.save(update_fields=["overdue_logged"])
    duty = clock.duty
    call.record(duty, regime=duty.regime, name=duty.name, stage=clock.stage, due_at=clock.due_at)


def _rule(
    call: Call[Incident], word: Word, regime: str, reason: str, stage: str, revision: int | None
) -> Duty:  # fmt: skip
    duty = duty_of(call.place, regime, call.sequence)
    same_revision(duty, revision)
    if len(reason) > 5000:
        raise Invalid("A reason holds 5,000 characters; put the rest into a note and say which.", "reason")
    if stage:
        stage = stage_of(call.place, regime, stage).name
        clock = duty.clocks.filter(stage=stage).first() if duty.pk else None
        if clock is None:
            raise Invalid("This stage has no clock yet, as the duty does not apply. Rule on the duty first.", "stage")
        before, clock.ruling, clock.ruling_reason = clock.ruling, word, reason
    else:
        clock, before = None, duty.ruling
        duty.ruling, duty.ruled_by, duty.ruled_at, duty.ruling_reason = word, call.actor.name, call.now, reason
    if before == word:
        raise Invalid("That is counsel's word already.", "regime")
    duty.save()
    if clock:
        clock.save(update_fields=["ruling", "ruling_reason"])
    by_id = "" if call.actor.is_system else call.actor.id
    Ruling.objects.create(
        duty=duty, stage=stage, word=word, reason=reason, by=call.actor.name, by_id=by_id, at=call.now,
        sequence=call.sequence,
    )  # fmt: skip
    call.record(duty, regime=regime, name=duty.name, stage=stage, before=before, word=word, reason=reason,
                verdict=duty.verdict)  # fmt: skip
    return duty
