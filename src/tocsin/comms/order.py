"""In which order people are to hear, and what a wave's step still waits for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from tocsin.comms.models import Message, MessageState, WaveStep
from tocsin.comms.queries import Standing, standing_of
from tocsin.plan.comms_models import AudienceKind as Kind

RANK = {
    Kind.LAW_ENFORCEMENT: 0, Kind.REGULATORS: 1, Kind.INSURER: 2, Kind.EXECUTIVES: 3, Kind.STAFF: 4, Kind.PARTNERS: 5,
    Kind.CUSTOMERS: 6, Kind.VICTIMS: 7, Kind.OTHER: 8, Kind.PRESS: 9,
}  # fmt: skip
"""The usual order: who must not read it in the newspaper hears before the newspaper."""
FIRST: tuple[tuple[frozenset[Kind], frozenset[Kind]], ...] = (
    (frozenset({Kind.REGULATORS, Kind.LAW_ENFORCEMENT}), frozenset({Kind.PRESS})),
    (frozenset({Kind.STAFF}), frozenset({Kind.CUSTOMERS, Kind.VICTIMS, Kind.PARTNERS, Kind.PRESS, Kind.OTHER})),
    (frozenset({Kind.CUSTOMERS, Kind.VICTIMS}), frozenset({Kind.PRESS})),
)
"""Whoever is of the first kinds hears before whoever is of the second."""


def in_order(messages: Sequence[Message]) -> list[Message]:
    """The messages in the usual order."""
    return sorted(messages, key=lambda m: (RANK[Kind(m.audience.kind)], m.number))


def usual_after(kinds: Sequence[str], place: int) -> list[int]:
    """The earlier places that the step at `place` (from 1) usually waits for."""
    own = Kind(kinds[place - 1])
    return [n for n, kind in enumerate(kinds[: place - 1], 1) if _before(Kind(kind), own)]


def out_of_order(kinds: Sequence[str], after: Sequence[Sequence[int]]) -> list[tuple[int, int]]:
    """Pairs of places (first, second) where the second would not wait for the first though it should."""
    waits = [_all_before(place, after) for place in range(1, len(kinds) + 1)]
    return [
        (a, b)
        for b in range(1, len(kinds) + 1)
        for a in range(1, len(kinds) + 1)
        if a != b and _before(Kind(kinds[a - 1]), Kind(kinds[b - 1])) and a not in waits[b - 1]
    ]


def _before(one: Kind, other: Kind) -> bool:
    return any(one in first and other in second for first, second in FIRST)


def _all_before(place: int, after: Sequence[Sequence[int]]) -> set[int]:
    found: set[int] = set()
    ahead = list(after[place - 1])
    while ahead:
        if (one := ahead.pop()) not in found:
            found.add(one)
            ahead += after[one - 1]
    return found


def waits_for(
    step: WaveStep, steps: Sequence[WaveStep], now: datetime, standing: Callable[[Message], Standing] = standing_of
) -> list[str]:
    """In words, what a step that has not gone waits for; empty when its turn has come."""
    message, found = step.message, []
    if message.state != MessageState.APPROVED:
        found.append(_("its approval"))
    elif message.outdated:
        found.append(_("a look at a fact that changed"))
    elif step.sha256 and step.sha256 != message.sha256:
        found.append(_("the release of its new text"))
    if step.not_before and now < step.not_before:
        found.append(_("its time, %s UTC") % f"{step.not_before:%Y-%m-%d %H:%M}")
    if step.loosened:
        return found
    before = [o.message for o in steps if o.place in step.after and not _gone(o.message, standing)]
    found += [_("M-%d") % message.number for message in before]
    if step.after_task and not step.after_task.ended:
        found.append(_("the end of T-%d") % step.after_task.number)
    return found


def _gone(message: Message, standing: Callable[[Message], Standing]) -> bool:
    """Whether a message went out and reached at least somebody, or stands on the public page."""
    if message.state != MessageState.RELEASED:
        return False
    at = standing(message)
    return at.settled and (at.arrived > 0 or (at.total == 0 and message.on_status))


def reached_nobody(message: Message, at: Standing) -> bool:
    """Whether a released message is over and nobody got it: what waits for it must not go."""
    return message.state == MessageState.RELEASED and at.settled and at.total > 0 and at.arrived == 0
