"""What the pages of communications share: a message or wave as it is drawn, with what it waits for and what one may do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tocsin.comms.actions.waves import steps_of
from tocsin.comms.filling import Text, fill, values_of
from tocsin.comms.models import ApprovalKind, Message, MessageState, Wave, WaveState, WaveStep
from tocsin.comms.order import waits_for
from tocsin.comms.queries import Part, Standing, all_inside, part_of, rule_for, seen_message, standing_of
from tocsin.core.access import Hidden
from tocsin.incidents.models import Incident
from tocsin.incidents.pages import IncidentRequest, facts_of
from tocsin.plan.models import IncidentRole

GROUPS = (MessageState.LEGAL, MessageState.IN_REVIEW, MessageState.DRAFT, MessageState.APPROVED, MessageState.RELEASED,
          MessageState.RECALLED, MessageState.WITHDRAWN)  # fmt: skip
"""The states as the page lists them: first what waits for somebody."""


def my_part(request: IncidentRequest) -> Part:
    """What the person has to do with the incident's communications; looked up once a request."""
    found: Part | None = getattr(request, "comms_part", None)
    if found is None:
        found = part_of(request.actor, request.incident)
        request.comms_part = found  # type: ignore[attr-defined]
    return found


def called_message(request: IncidentRequest, number: int) -> Message:
    """The message of that number as it exists for the person. Raises Hidden."""
    return seen_message(my_part(request), number)


def called_wave(request: IncidentRequest, number: int) -> Wave:
    """The wave of that number, for those with a part in all messages. Raises Hidden."""
    found = request.incident.waves.filter(number=number).first()
    if found is None or not my_part(request).whole:
        raise Hidden
    return found


def said(incident: Incident, fact: str) -> str:
    """A fact as people call it: what it means, else its name in words."""
    known = facts_of(incident).get(fact)
    return known.means if known else fact.replace("_", " ")


def text_of(message: Message) -> Text:
    """The message as it would be with the facts as they are now."""
    return fill(message.subject, message.body, values_of(message.incident, message.language), message.language)


@dataclass(frozen=True)
class MayDo:
    """What the person may do with a message now: buttons are drawn by it, actions check it anew."""

    edit: bool = False
    submit: bool = False
    review: bool = False
    clear: bool = False
    back: bool = False
    withdraw: bool = False
    stand: bool = False
    recall: bool = False
    release: bool = False


def may_do(part: Part, message: Message, at: Standing) -> MayDo:
    """What somebody may do with a message as it stands."""
    state, mine = message.state, part.actor.id in message.editors
    open_, writer = not message.over, part.works and (mine or part.whole)
    counsel, reviewed = IncidentRole.COUNSEL in part.roles, set(
        message.approvals.filter(void=False, kind=ApprovalKind.REVIEW).values_list("by_id", flat=True)
    )  # fmt: skip
    rule = rule_for(message)
    other = not (rule.distinct and mine)
    going = state == MessageState.RELEASED and (message.on_status or not at.settled)
    may_stand = (counsel if rule.legal else part.reviews(message)) and other and bool(message.sha256)
    return MayDo(
        edit=open_ and part.works and part.sees(message),
        submit=state == MessageState.DRAFT and writer,
        review=state == MessageState.IN_REVIEW and other and part.reviews(message),
        clear=state == MessageState.LEGAL and counsel and other and part.actor.id not in reviewed,
        back=state in (MessageState.IN_REVIEW, MessageState.LEGAL, MessageState.APPROVED)
        and (part.whole or part.reviews(message)),
        withdraw=open_ and writer,
        stand=bool(message.outdated) and (part.whole if message.released_at else may_stand),
        recall=part.whole and (going or state == MessageState.APPROVED),
        release=state == MessageState.APPROVED
        and part.whole
        and not message.outdated
        and (part.speaks or all_inside([message])),
    )


@dataclass(frozen=True)
class StepShown:
    """A step of a wave as the board draws it: how far it is, and what it still waits for."""

    step: WaveStep
    standing: Standing
    waits: list[str]
    tied: bool

    @property
    def message(self) -> Message:
        """What it sends."""
        return self.step.message

    @property
    def word(self) -> str:
        """gone, going, failed, recalled, ready or waiting."""
        state = self.message.state
        if state == MessageState.RELEASED:
            if not self.standing.settled:
                return "going"
            return "failed" if self.standing.total and not self.standing.arrived else "gone"
        if state in (MessageState.RECALLED, MessageState.WITHDRAWN):
            return str(state)
        return "waiting" if self.waits else "ready"


def shown_steps(wave: Wave, now: datetime) -> list[StepShown]:
    """A wave's steps as they are drawn."""
    steps = steps_of(wave)
    known: dict[int, Standing] = {}

    def standing(message: Message) -> Standing:
        return known.setdefault(message.pk, standing_of(message) if message.released_at else Standing())

    found = []
    for step in steps:
        waits = [] if step.message.released_at else waits_for(step, steps, now, standing)
        tied = bool(step.after or step.after_task_id) and not step.loosened and not step.message.over
        found.append(StepShown(step, standing(step.message), waits, tied and wave.live))
    return found


def numbers(waves: Iterable[Wave]) -> dict[int, Wave]:
    """Which live wave a message is in, by the message's id."""
    live = [w for w in waves if w.state in (WaveState.PLANNED, WaveState.RUNNING, WaveState.PAUSED)]
    rows = WaveStep.objects.filter(wave__in=live).values_list("message_id", "wave_id")
    by = {w.pk: w for w in live}
    return {message: by[wave] for message, wave in rows}
