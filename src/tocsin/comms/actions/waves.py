"""Waves: planned in an order, released by who may speak, held, taken back, brought to an end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.comms.actions.releasing import stop_sending
from tocsin.comms.models import Message, MessageState, Wave, WaveState, WaveStep
from tocsin.comms.models.waves import LIVE
from tocsin.comms.order import out_of_order, usual_after
from tocsin.comms.queries import Part, all_inside, needs_part, recipients_of, standing_of
from tocsin.core.access import system_only
from tocsin.core.action import Call, Invalid, action
from tocsin.incidents.actions.common import TAKES_PART, fresh, next_number, same_revision, words
from tocsin.incidents.models import Incident, Task

MOST_STEPS = 50


@dataclass(frozen=True)
class Planned:
    """A step to be: the number of its message, what it waits for. `after` None: what such people usually wait for."""

    message: int
    not_before: datetime | None = None
    after: Sequence[int] | None = None
    after_task: int | None = None


@action("wave.plan", TAKES_PART)
def plan_wave(
    call: Call[Incident], *, steps: Sequence[Planned], because: str = "", wave: Wave | None = None,
    revision: int | None = None,
) -> Wave:  # fmt: skip
    """Put messages into an order, or a planned wave's messages into another.

    Raises Invalid for a message that is over or in another wave, a step that would wait for itself or a later one, and
    without a reason for an order in which somebody hears too late (the press before an authority, customers before staff).
    """
    incident = fresh(call)
    needs_part(call.actor, incident)
    if wave is not None:
        wave = _live(call, wave, WaveState.PLANNED)
        same_revision(wave, revision)
    messages = _messages(incident, steps, wave)
    after = _after(messages, steps)
    tasks = _tasks(incident, steps)
    kinds = [m.audience.kind for m in messages]
    if (wrong := out_of_order(kinds, after)) and not because.strip():
        first, second = wrong[0]
        raise Invalid(
            f"M-{messages[second - 1].number} ({messages[second - 1].audience.title}) would not wait for "
            f"M-{messages[first - 1].number} ({messages[first - 1].audience.title}), who should hear first. "
            "Let it wait, or give the reason.", "because")  # fmt: skip
    made = wave or Wave(incident=incident, number=next_number(incident.waves), sequence=call.sequence)
    made.planned_by, made.planned_at, made.order_because = call.actor.name[:200], call.now, because.strip()
    made.save()
    made.steps.all().delete()
    WaveStep.objects.bulk_create(
        WaveStep(
            wave=made, place=n, message=m, not_before=s.not_before, after=a, after_task=tasks.get(s.after_task or 0)
        )
        for n, (m, s, a) in enumerate(zip(messages, steps, after, strict=True), 1)
    )
    call.record(made, wave=made.number, messages=[m.number for m in messages])
    return made


def _messages(incident: Incident, steps: Sequence[Planned], wave: Wave | None) -> list[Message]:
    if not 1 <= len(steps) <= MOST_STEPS:
        raise Invalid(f"A wave has 1 to {MOST_STEPS} messages.", "steps")
    numbers = [s.message for s in steps]
    known = {m.number: m for m in incident.outgoing.select_related("audience").filter(number__in=numbers)}
    if len(known) < len(numbers):
        raise Invalid("Each message stands once in a wave, and must be one of this incident.", "steps")
    for message in known.values():
        if message.over:
            raise Invalid(f"M-{message.number} is {message.get_state_display().lower()}.", "steps")
        taken = message.steps.filter(wave__state__in=LIVE).exclude(wave=wave).select_related("wave").first()
        if taken:
            raise Invalid(f"M-{message.number} is in wave W-{taken.wave.number} already.", "steps")
    return [known[n] for n in numbers]


def _after(messages: Sequence[Message], steps: Sequence[Planned]) -> list[list[int]]:
    kinds, found = [m.audience.kind for m in messages], []
    for place, step in enumerate(steps, 1):
        after = usual_after(kinds, place) if step.after is None else sorted(set(step.after))
        if any(not 1 <= a < place for a in after):
            raise Invalid("A message waits for those above it; put them first.", "steps")
        found.append(after)
    return found


def _tasks(incident: Incident, steps: Sequence[Planned]) -> dict[int, Task]:
    wanted = {s.after_task for s in steps if s.after_task}
    known = {t.number: t for t in incident.tasks.filter(number__in=wanted)}
    if missing := wanted - set(known):
        raise Invalid(f"There is no task T-{min(missing)}.", "steps")
    return known


def _live(call: Call[Incident], wave: Wave, *states: WaveState) -> Wave:
    """The wave as it stands, locked by the chain. Raises Invalid in any other state."""
    found = call.place.waves.filter(pk=wave.pk).first()
    if found is None:
        raise Invalid("There is no such wave in this incident.")
    if found.state not in states:
        raise Invalid(f"W-{found.number} is {found.get_state_display().lower()}.")
    return found


def steps_of(wave: Wave) -> list[WaveStep]:
    """A wave's steps in order, with their messages. One query."""
    return list(wave.steps.select_related("message__audience", "message__incident__plan_version", "after_task"))


@action("wave.release", TAKES_PART)
def release_wave(call: Call[Incident], *, wave: Wave, revision: int | None = None) -> Wave:
    """Let a planned wave go, let a paused one go on, or take up texts that were approved anew. Each leaves in its turn.

    Raises Invalid unless every message that has not gone is approved, current and reaches somebody, and unless the
    plan lets this person speak to people outside.
    """
    fresh(call)
    part = needs_part(call.actor, call.place)
    wave = _live(call, wave, WaveState.PLANNED, WaveState.PAUSED, WaveState.RUNNING)
    same_revision(wave, revision)
    waiting = [s for s in steps_of(wave) if not s.message.over]
    _may_speak(part, [s.message for s in waiting])
    for step in waiting:
        _ready(step.message)
        step.sha256 = step.message.sha256
        step.save(update_fields=["sha256"])
    wave.state, wave.because = WaveState.RUNNING, ""
    wave.released_by, wave.released_at = call.actor.name[:200], call.now
    wave.save()
    call.record(wave, wave=wave.number, messages=[{"outgoing": s.message.number, "sha256": s.sha256} for s in waiting])
    return wave


def _may_speak(part: Part, messages: Sequence[Message]) -> None:
    if part.speaks or all_inside(messages):
        return
    roles = part.incident.plan_version.plan.roles.values()
    names = ", ".join(r.title for r in roles if "speak" in r.authority) or "whoever leads or decides"
    raise Invalid(f"The plan lets these speak to people outside: {names}. Ask them to release it.")


def _ready(message: Message) -> None:
    if message.state != MessageState.APPROVED or message.outdated:
        raise Invalid(f"M-{message.number} is {message.get_state_display().lower()}; it has to be approved first.")
    if not message.on_status and not recipients_of(message):
        raise Invalid(f"M-{message.number} would reach nobody: give its audience people or a list.")


@action("wave.pause", TAKES_PART)
def pause_wave(call: Call[Incident], *, wave: Wave, because: str) -> Wave:
    """Hold everything of a wave that is not yet in the outbox. The reason stays with the wave."""
    needs_part(call.actor, call.place)
    return _pause(call, wave, words(because, "because", "the reason"))


@action("wave.hold", system_only)
def hold_wave(call: Call[Incident], *, wave: Wave, because: str) -> Wave:
    """Hold a wave by rule: a message reached nobody, or a fact in one changed."""
    return _pause(call, wave, because)


def _pause(call: Call[Incident], wave: Wave, because: str) -> Wave:
    wave = _live(call, wave, WaveState.RUNNING)
    wave.state, wave.because, wave.revision = WaveState.PAUSED, because, wave.revision + 1
    wave.save()
    call.record(wave, wave=wave.number)
    return wave


@action("wave.recall", TAKES_PART)
def recall_wave(call: Call[Incident], *, wave: Wave, because: str) -> Wave:
    """Take back all of a wave that has not gone. A wave that was only planned is given up; its messages stay as they are."""
    fresh(call)
    needs_part(call.actor, call.place)
    wave = _live(call, wave, *LIVE)
    released = wave.released_at is not None
    stopped = {}
    for step in steps_of(wave) if released else []:
        message = step.message
        begun = message.state == MessageState.RELEASED and not standing_of(message).settled
        if begun or message.state == MessageState.APPROVED:
            message.because = because.strip()
            stopped[message.number] = stop_sending(message)
    wave.state, wave.ended_at, wave.revision = WaveState.RECALLED, call.now, wave.revision + 1
    wave.because = words(because, "because", "the reason")
    wave.save()
    call.record(wave, wave=wave.number, messages=[{"outgoing": n, "stopped": c} for n, c in stopped.items()])
    return wave


@action("wave.loosen", TAKES_PART)
def loosen_step(call: Call[Incident], *, step: WaveStep, because: str) -> WaveStep:
    """Let a step go without what it waits for, except its own time and approval. Raises Invalid for who may not speak."""
    fresh(call)
    part = needs_part(call.actor, call.place)
    _live(call, step.wave, *LIVE)
    _may_speak(part, [step.message])
    step.refresh_from_db()
    step.loosened = words(because, "because", "the reason")
    step.save(update_fields=["loosened"])
    call.record(step.wave, wave=step.wave.number, outgoing=step.message.number)
    return step


@action("wave.finish", system_only)
def finish_wave(call: Call[Incident], *, wave: Wave) -> Wave:
    """Write down that all of a wave is gone or was taken back."""
    wave = _live(call, wave, WaveState.RUNNING)
    wave.state, wave.ended_at, wave.revision = WaveState.DONE, call.now, wave.revision + 1
    wave.save()
    call.record(wave, wave=wave.number, messages=list(wave.steps.values_list("message__number", flat=True)))
    return wave
