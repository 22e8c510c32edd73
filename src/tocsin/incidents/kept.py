"""What is the same for everybody on an incident: made once for each state of the log that concerns it, then handed out.

A thousand pages that look again after one entry share what was made. Only what holds no form, no name of who looks and
nothing that hangs on rights may be kept here: who is on an incident sees all of it, in their own language and zone. Who
asks was let in before, by the page or the API; nothing here checks that.

Whatever changes an incident leaves an entry in its log, and an entry's kind (the word before the verb's dot) says what
it can have changed. So each thing names the kinds of entries that leave it as it is, and lives until one of another
kind is written. tests/web/test_web_kept.py holds each such list against the tables that actions write.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from tocsin.core import clock
from tocsin.core.models import LogEntry
from tocsin.incidents.models import Incident

T = TypeVar("T")
HOLDS = 15.0
"""Seconds for which a thing is handed out: lamps that turn on by time alone, and names that change outside the
incident, are late by so much at most."""
MOST, MOST_NEW = 2000, 500
"""Things that a process keeps; entries that are looked through for their kinds before everything is made anew."""
QUIET = frozenset({"note", "notebook", "mention", "message", "remediation", "search", "scope", "finding"})
"""Kinds of entries that change nothing of the work: tasks, seats, decisions, clocks, what the incident itself says."""
LEDGER = (QUIET - {"scope"}) | {"task", "tasks", "decision", "clocks"}
"""Kinds of entries that leave the scope as it is."""
LAB = (QUIET - {"finding"}) | {"task", "tasks", "decision", "clocks", "playbook"}
"""Kinds of entries that leave evidence, detections and findings as they are."""


@dataclass(frozen=True)
class _Heard:
    """What a process knows of a chain: its length, and the last entry of each kind since it first looked."""

    length: int
    first: int
    kinds: dict[str, int] = field(default_factory=dict)


_lock = threading.Lock()
_kept: OrderedDict[tuple[Any, ...], tuple[datetime, Any]] = OrderedDict()
_heard: OrderedDict[UUID, _Heard] = OrderedDict()


def once(
    name: str,
    incident: Incident,
    make: Callable[[], T],
    *about: object,
    but: frozenset[str] = frozenset(),
    holds: float = HOLDS,
) -> T:
    """What `make` returns, or returned a moment ago for the same log, language and zone. It must not be changed.

    `about` is what else it hangs on; `but` are the kinds of entries that leave it as it is. `incident.chain.length`, as
    the caller loaded it, says how far the log has to be seen; at most one small query.
    """
    state = last_of(incident, but)
    return always(name, incident.chain_id, make, state, *about, holds=holds / speed_of(incident))


def always(name: str, chain: UUID, make: Callable[[], T], *about: object, holds: float = HOLDS) -> T:
    """The same for what never changes, such as an entry of the log as it is told; no query."""
    key = (name, chain, get_language(), timezone.get_current_timezone_name(), *about)
    now = clock.now()
    with _lock:
        found = _kept.get(key)
        if found and 0 <= (now - found[0]).total_seconds() < holds:
            _kept.move_to_end(key)
            made: T = found[1]
            return made
    made = make()
    with _lock:
        _kept[key] = (now, made)
        _kept.move_to_end(key)
        while len(_kept) > MOST:
            _kept.popitem(last=False)
    return made


def drawn(
    template: str,
    incident: Incident,
    now: datetime,
    make: Callable[[], Mapping[str, Any]],
    *about: object,
    but: frozenset[str] = frozenset(),
    holds: float = HOLDS,
) -> SafeString:
    """A template as HTML, drawn from what `make` returns, or as it was drawn a moment ago; the rest as for `once`."""

    def draw() -> str:
        return str(render_to_string(template, {"incident": incident, "now": now, **make()}))

    made = once(f"drawn {template}", incident, draw, *about, but=but, holds=holds)
    return mark_safe(made)  # noqa: S308  drawn by our own templates, which escape what comes from people


def last_of(incident: Incident, but: frozenset[str]) -> int:
    """The sequence of the last entry that is of none of these kinds, as far as the incident's log was read.

    Never beyond the length that the caller loaded: what they read before it grew must not pass for what came after.
    """
    heard, length = _listen(incident.chain_id, incident.chain.length), incident.chain.length
    return min(length, max([heard.first, *(n for kind, n in heard.kinds.items() if kind not in but)]))


def _listen(chain: UUID, length: int) -> _Heard:
    with _lock:
        heard = _heard.get(chain)
    if heard is not None and heard.length >= length:
        return heard
    if heard is None or length - heard.length > MOST_NEW:
        grown = _Heard(length, length)
    else:
        new = LogEntry.objects.filter(chain_id=chain, sequence__gt=heard.length, sequence__lte=length)
        kinds = dict(heard.kinds)
        for verb, sequence in new.order_by("sequence").values_list("verb", "sequence"):
            kinds[verb.partition(".")[0]] = sequence
        grown = _Heard(length, heard.first, kinds)
    with _lock:
        present = _heard.get(chain)
        if present is None or present.length < grown.length:
            _heard[chain] = grown
            _heard.move_to_end(chain)
            while len(_heard) > MOST:
                _heard.popitem(last=False)
    return grown


def speed_of(incident: Incident) -> float:
    """An exercise's clock may run at 600 times the speed: its lamps are not to be late by hours."""
    chain = incident.chain
    return max(1.0, chain.clock_speed) if chain.clock else 1.0


def forget() -> None:
    """Keep nothing any more."""
    with _lock:
        _kept.clear()
        _heard.clear()
