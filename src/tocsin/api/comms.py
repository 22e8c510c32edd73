"""Outgoing messages and waves. A message that is not released exists only for those with a part in it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Status

from tocsin.api.asking import actor_of, incident_of, numbered
from tocsin.api.comms_shapes import (
    Agreeing,
    DeliveryOut,
    MessageReason,
    OutgoingLine,
    OutgoingNew,
    OutgoingOut,
    OutgoingText,
    WaveIn,
    WaveLine,
    WaveOut,
    delivery_out,
    line_out,
    message_out,
    wave_out,
)
from tocsin.api.etags import Seen
from tocsin.api.paging import Page, Paged
from tocsin.comms import actions
from tocsin.comms.actions.waves import Planned
from tocsin.comms.models import Message, MessageState, Wave
from tocsin.comms.pages import shown_steps
from tocsin.comms.queries import deliveries_of, part_of, seen_message, visible_messages
from tocsin.comms.sending import release_alone
from tocsin.core import clock
from tocsin.core.access import Hidden
from tocsin.incidents.models import Incident

router = Router(tags=["communications"])
MESSAGE = "/{uuid:incident}/messages/{int:number}"
WAVE = "/{uuid:incident}/waves/{int:number}"


def _seen(request: HttpRequest, incident: UUID, number: int) -> tuple[Incident, Message]:
    place = incident_of(request, incident)
    return place, seen_message(part_of(actor_of(request), place), number)


def _again(place: Incident, message: Message) -> dict[str, Any]:
    rows = place.outgoing.select_related("audience", "incident__plan_version", "incident__organization", "task")
    return message_out(rows.get(pk=message.pk))


@router.get("/{uuid:incident}/messages", response=Page[OutgoingLine])
def list_messages(
    request: HttpRequest, incident: UUID, paged: Query[Paged], state: MessageState | None = None
) -> dict[str, Any]:
    """The messages that you may know of, by number."""
    part = part_of(actor_of(request), incident_of(request, incident))
    rows = [m for m in visible_messages(part) if state is None or m.state == state]
    page = paged.listed(rows, key=lambda m: (m.number,))
    return page | {"items": [line_out(m) for m in page["items"]]}


@router.post("/{uuid:incident}/messages", response={201: OutgoingOut})
def draft_message(request: HttpRequest, incident: UUID, given: OutgoingNew) -> Status[dict[str, Any]]:
    """Begin a message."""
    place = incident_of(request, incident)
    words = given.dict() | {"status_word": given.status_word or ""}
    return Status(201, _again(place, actions.draft_message(actor_of(request), place, **words)))


@router.get(MESSAGE, response=OutgoingOut)
def get_message(request: HttpRequest, incident: UUID, number: int) -> dict[str, Any]:
    """One message, if you may know of it."""
    return message_out(_seen(request, incident, number)[1])


@router.put(MESSAGE, response=OutgoingOut)
def edit_message(
    request: HttpRequest, incident: UUID, number: int, given: OutgoingText, seen: Seen = None
) -> dict[str, Any]:
    """Rewrite a message that has not gone."""
    place, message = _seen(request, incident, number)
    words = given.dict() | {"status_word": given.status_word or ""}
    actions.edit_message(actor_of(request), place, message=message, revision=seen, **words)
    return _again(place, message)


@router.post(MESSAGE + "/submit", response=OutgoingOut)
def submit_message(request: HttpRequest, incident: UUID, number: int) -> dict[str, Any]:
    """Ask for the review of a draft."""
    place, message = _seen(request, incident, number)
    actions.submit_message(actor_of(request), place, message=message)
    return _again(place, message)


@router.post(MESSAGE + "/review", response=OutgoingOut)
def review_message(
    request: HttpRequest, incident: UUID, number: int, given: Agreeing, seen: Seen = None
) -> dict[str, Any]:
    """Say that the text is right; then it is approved, or waits for counsel where the plan asks for that."""
    place, message = _seen(request, incident, number)
    actions.review_message(actor_of(request), place, message=message, seen=given.sha256, note=given.note, revision=seen)
    return _again(place, message)


@router.post(MESSAGE + "/approve", response=OutgoingOut)
def approve_message_legally(
    request: HttpRequest, incident: UUID, number: int, given: Agreeing, seen: Seen = None
) -> dict[str, Any]:
    """Approve a reviewed text legally."""
    place, message = _seen(request, incident, number)
    actions.approve_legally(
        actor_of(request), place, message=message, seen=given.sha256, note=given.note, revision=seen
    )
    return _again(place, message)


@router.post(MESSAGE + "/return", response=OutgoingOut)
def return_message(request: HttpRequest, incident: UUID, number: int, given: MessageReason) -> dict[str, Any]:
    """Send a message back to its writers."""
    place, message = _seen(request, incident, number)
    actions.return_message(actor_of(request), place, message=message, note=given.because)
    return _again(place, message)


@router.post(MESSAGE + "/withdraw", response=OutgoingOut)
def withdraw_message(request: HttpRequest, incident: UUID, number: int, given: MessageReason) -> dict[str, Any]:
    """Give a message up that has not gone."""
    place, message = _seen(request, incident, number)
    actions.withdraw_message(actor_of(request), place, message=message, because=given.because)
    return _again(place, message)


@router.post(MESSAGE + "/stand", response=OutgoingOut)
def let_message_stand(request: HttpRequest, incident: UUID, number: int, given: MessageReason) -> dict[str, Any]:
    """Say that a message stands though a fact in it changed."""
    place, message = _seen(request, incident, number)
    actions.confirm_stands(actor_of(request), place, message=message, because=given.because)
    return _again(place, message)


@router.post(MESSAGE + "/release", response=WaveOut)
def release_message(request: HttpRequest, incident: UUID, number: int) -> dict[str, Any]:
    """Release one approved message by itself: a wave of one."""
    place, message = _seen(request, incident, number)
    return _wave(place, release_alone(actor_of(request), place, message))


@router.post(MESSAGE + "/recall", response=OutgoingOut)
def recall_message(request: HttpRequest, incident: UUID, number: int, given: MessageReason) -> dict[str, Any]:
    """Take back what of a message has not gone."""
    place, message = _seen(request, incident, number)
    actions.recall_message(actor_of(request), place, message=message, because=given.because)
    return _again(place, message)


@router.get(MESSAGE + "/deliveries", response=Page[DeliveryOut])
def list_deliveries(request: HttpRequest, incident: UUID, number: int, paged: Query[Paged]) -> dict[str, Any]:
    """Every recipient of a released message, for those with a part in all messages."""
    place, message = _seen(request, incident, number)
    if not part_of(actor_of(request), place).whole:
        raise Hidden
    page = paged.rows(message.deliveries.all(), "number")
    rows = page["items"]
    shown = deliveries_of(message, len(rows), rows[0].number - 1) if rows else []
    return page | {"items": [delivery_out(row) for row in shown]}


def _wave(place: Incident, wave: Wave) -> dict[str, Any]:
    return wave_out(wave, shown_steps(wave, place.chain.time(clock.now())))


def _called(request: HttpRequest, incident: UUID, number: int) -> tuple[Incident, Wave]:
    place = incident_of(request, incident)
    if not part_of(actor_of(request), place).whole:
        raise Hidden
    return place, numbered(place.waves.all(), number)


def _steps(given: WaveIn) -> list[Planned]:
    return [Planned(**step.dict()) for step in given.steps]


@router.get("/{uuid:incident}/waves", response=Page[WaveLine])
def list_waves(request: HttpRequest, incident: UUID, paged: Query[Paged]) -> dict[str, Any]:
    """The waves, for those with a part in all messages; for others there are none."""
    place = incident_of(request, incident)
    rows = place.waves.all()
    return paged.rows(rows if part_of(actor_of(request), place).whole else rows.none(), "number")


@router.post("/{uuid:incident}/waves", response={201: WaveOut})
def plan_wave(request: HttpRequest, incident: UUID, given: WaveIn) -> Status[dict[str, Any]]:
    """Put messages into an order."""
    place = incident_of(request, incident)
    made = actions.plan_wave(actor_of(request), place, steps=_steps(given), because=given.because)
    return Status(201, _wave(place, made))


@router.get(WAVE, response=WaveOut)
def get_wave(request: HttpRequest, incident: UUID, number: int) -> dict[str, Any]:
    """One wave: each message with what it waits for and how far it is."""
    return _wave(*_called(request, incident, number))


@router.put(WAVE, response=WaveOut)
def change_wave(request: HttpRequest, incident: UUID, number: int, given: WaveIn, seen: Seen = None) -> dict[str, Any]:
    """Put a planned wave into another order."""
    place, wave = _called(request, incident, number)
    made = actions.plan_wave(actor_of(request), place, steps=_steps(given), because=given.because, wave=wave,
                             revision=seen)  # fmt: skip
    return _wave(place, made)


@router.post(WAVE + "/release", response=WaveOut)
def release_wave(request: HttpRequest, incident: UUID, number: int, seen: Seen = None) -> dict[str, Any]:
    """Let a planned wave go, or a paused one go on."""
    place, wave = _called(request, incident, number)
    return _wave(place, actions.release_wave(actor_of(request), place, wave=wave, revision=seen))


@router.post(WAVE + "/pause", response=WaveOut)
def pause_wave(request: HttpRequest, incident: UUID, number: int, given: MessageReason) -> dict[str, Any]:
    """Hold everything of a wave that is not yet on its way."""
    place, wave = _called(request, incident, number)
    return _wave(place, actions.pause_wave(actor_of(request), place, wave=wave, because=given.because))


@router.post(WAVE + "/recall", response=WaveOut)
def recall_wave(request: HttpRequest, incident: UUID, number: int, given: MessageReason) -> dict[str, Any]:
    """Take back all of a wave that has not gone."""
    place, wave = _called(request, incident, number)
    return _wave(place, actions.recall_wave(actor_of(request), place, wave=wave, because=given.because))


@router.post(WAVE + "/steps/{int:place}/loosen", response=WaveOut)
def loosen_wave_step(
    request: HttpRequest, incident: UUID, number: int, place: int, given: MessageReason
) -> dict[str, Any]:
    """Let one message go without what it waits for."""
    where, wave = _called(request, incident, number)
    step = wave.steps.select_related("message__audience", "wave").filter(place=place).first()
    if step is None:
        raise Hidden
    actions.loosen_step(actor_of(request), where, step=step, because=given.because)
    return _wave(where, wave)
