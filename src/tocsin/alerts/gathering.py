"""Arrivals by secret, taken in together: whoever gets the turn takes in what all the others brought meanwhile.

A storm of messages so becomes few transactions. Nobody is answered before what they brought is stored.
"""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.db import DatabaseError
from django.utils.translation import gettext as _

from tocsin.alerts.actions import take_alerts
from tocsin.alerts.actions.sources import signature_holds
from tocsin.alerts.models import AlertSource, SourceKind
from tocsin.alerts.queries import alert_rules
from tocsin.core.access import Actor
from tocsin.core.action import Invalid
from tocsin.people.actions import hashed
from tocsin.plan.alert_models import AlertsFile
from tocsin.plan.alerts import Message, Reading, read_message

logger = logging.getLogger(__name__)
AT_ONCE = 500
"""How many arrivals become one transaction."""
CLOSED_SECONDS = 5
"""How long a source that brought too much is answered without asking the database; what it brings is counted."""
MOST_LINES = 100


@dataclass(frozen=True)
class Outcome:
    """What became of one arrival, as an HTTP status and in words; the alerts' numbers; when to come back."""

    status: int
    said: str
    numbers: tuple[int, ...] = ()
    ignored: int = 0
    refused: int = 0
    retry_after: int = 0


@dataclass(frozen=True)
class Answer:
    """The outcome as the answer of an HTTP server."""

    status: int
    body: dict[str, Any]
    headers: dict[str, str]
    kind: str


@dataclass
class Arrival:
    """One message on its way in: JSON (`body`), or a mail that was read already (`readings`)."""

    secret: str
    kind: SourceKind
    readings: tuple[Reading, ...] = ()
    body: bytes = b""
    signature: str = ""
    outcome: Outcome | None = None

    def busy(self) -> None:
        """Ask the sender to come back."""
        self.outcome = Outcome(503, _("It could not be stored now. Send it again."), retry_after=CLOSED_SECONDS)


def arrival_of(secret: str, body: bytes, signature: str) -> Arrival:
    """What a system posted. Nothing of it is read before its secret, and where it signs its signature, are known."""
    return Arrival(secret[:200], SourceKind.WEBHOOK, (), body, signature[:200])


def answer_to(arrival: Arrival) -> Answer:
    """What the system is answered, once the arrival has its outcome."""
    found = arrival.outcome or UNKNOWN
    numbers = [f"A-{n}" for n in found.numbers]
    if found.status == 202:
        body = {"said": found.said, "alerts": numbers, "ignored": found.ignored, "refused": found.refused}
        return Answer(202, body, {}, "application/json; charset=utf-8")
    title = HTTPStatus(found.status).phrase
    headers = {"Retry-After": str(found.retry_after)} if found.retry_after else {}
    return Answer(
        found.status,
        {"title": title, "status": found.status, "detail": found.said},
        headers,
        "application/problem+json",
    )


@dataclass
class _Closed:
    """A source that is answered from memory for a while."""

    until: float
    turned_away: int = 0


UNKNOWN = Outcome(404, "There is no source of alerts with this secret, or it is switched off.")


def read_json(body: bytes) -> Any:
    """A body as JSON: an object, a list of objects, or one object a line. Raises Invalid with words for its sender."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid(_("The body is no UTF-8 text.")) from None
    try:
        value = _loads(text)
    except ValueError as error:
        value = _lines(text, error)
    if isinstance(value, dict) or (isinstance(value, list) and value and all(isinstance(v, dict) for v in value)):
        return value
    raise Invalid(_("Send a JSON object, or a list of objects."))


def _loads(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse, parse_int=_whole, parse_float=_finite)
    except RecursionError:
        raise Invalid(_("The JSON is nested too deeply.")) from None


def _lines(text: str, error: ValueError) -> list[Any]:
    lines = [line for line in text.splitlines() if line.strip()]
    if not 1 < len(lines) <= MOST_LINES:
        raise Invalid(_("The body is no JSON: %s") % str(error)[:200]) from None
    try:
        return [_loads(line) for line in lines]
    except ValueError:
        raise Invalid(_("The body is no JSON: %s") % str(error)[:200]) from None


def _refuse(word: str) -> Any:
    raise Invalid(_("%s is no number that JSON has.") % word)


def _whole(text: str) -> int | str:
    return int(text) if len(text) <= 18 else text[:100]  # a number that no column holds is kept as text


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text[:100])


@dataclass
class Gathering:
    """The place where arrivals of one process meet."""

    waiting: list[Arrival] = field(default_factory=list)
    closed: dict[str, _Closed] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def take(self, arrival: Arrival) -> Outcome:
        """Take one message in, together with all that arrive meanwhile; returns when it is stored or refused."""
        with self.lock:
            self.waiting.append(arrival)
        while arrival.outcome is None:
            with self.turn:
                if arrival.outcome is None:
                    with self.lock:
                        batch, self.waiting = self.waiting[:AT_ONCE], self.waiting[AT_ONCE:]
                    self._take(batch)
        return arrival.outcome

    def take_all(self, batch: Sequence[Arrival]) -> None:
        """Take in what was gathered elsewhere; each arrival gets its outcome."""
        with self.turn:
            self._take(batch)

    def _take(self, batch: Sequence[Arrival]) -> None:
        by_secret: dict[str, list[Arrival]] = {}
        for arrival in batch:
            by_secret.setdefault(hashed(arrival.secret), []).append(arrival)
        open_doors = {name: arrivals for name, arrivals in by_secret.items() if not self._turned_away(name, arrivals)}
        try:
            rows = AlertSource.objects.select_related("organization").filter(active=True, secret_hash__in=open_doors)
            known = {source.secret_hash: source for source in rows}
            for name, arrivals in open_doors.items():
                let_in = [a for a in arrivals if _let_in(known.get(name), a)]
                if let_in:
                    self._take_safely(known[name], let_in)
        except DatabaseError:
            logger.exception("alerts could not be stored")
        finally:
            for arrival in batch:  # nobody waits for ever, whatever happened
                if arrival.outcome is None:
                    arrival.busy()

    def _take_safely(self, source: AlertSource, arrivals: Sequence[Arrival]) -> None:
        try:
            self._take_of(source, arrivals)
        except Exception:  # one sender's trouble is not the others': theirs is stored all the same
            logger.exception("alerts of one source could not be stored")

    def _turned_away(self, name: str, arrivals: Sequence[Arrival]) -> bool:
        with self.lock:
            door = self.closed.get(name)
            if door is None or time.monotonic() >= door.until:
                return False
            door.turned_away += len(arrivals)
            wait = max(1, math.ceil(door.until - time.monotonic()))
        for arrival in arrivals:
            arrival.outcome = _too_much(wait, 1)
        return True

    def _take_of(self, source: AlertSource, arrivals: Sequence[Arrival]) -> None:
        found = _understood(arrivals, alert_rules(source.organization), source.mapping)
        if not found:
            return
        ignored = sum(m.ignored for _a, _part, m in found if m)
        over = sum(m.too_many for _a, _part, m in found if m)
        with self.lock:
            door = self.closed.pop(str(source.secret_hash), None)
        try:
            taken = take_alerts(
                Actor.system(source.name), source.organization, source=source,
                readings=[r for _a, part, _m in found for r in part], ignored=ignored,
                turned_away=over + (door.turned_away if door else 0),
            )  # fmt: skip
        except Invalid:  # switched off in this second
            for arrival, _part, _m in found:
                arrival.outcome = UNKNOWN
            return
        if taken.refused:
            with self.lock:
                until = time.monotonic() + min(taken.retry_after, CLOSED_SECONDS)
                self.closed[str(source.secret_hash)] = _Closed(until)
        numbers = iter(taken.numbers)
        for arrival, part, message in found:
            own = [next(numbers) for _reading in part]
            skipped, extra = (message.ignored, message.too_many) if message else (0, 0)
            arrival.outcome = _outcome(own, skipped, extra, taken.retry_after)


def _understood(
    arrivals: Sequence[Arrival], rules: AlertsFile, mapping: str
) -> list[tuple[Arrival, Sequence[Reading], Message | None]]:
    """Each arrival with what it says; what cannot be read has its outcome and is left out."""
    # A storm says the same again and again: what was read once in a batch is not read again.
    read: dict[bytes, Message | Outcome] = {}
    found: list[tuple[Arrival, Sequence[Reading], Message | None]] = []
    for arrival in arrivals:
        if arrival.readings:
            found.append((arrival, arrival.readings, None))
            continue
        if arrival.body not in read:
            read[arrival.body] = _read(arrival.body, rules, mapping)
        message = read[arrival.body]
        if isinstance(message, Outcome):
            arrival.outcome = message
        else:
            found.append((arrival, message.alerts, message))
    return found


def _read(body: bytes, rules: AlertsFile, mapping: str) -> Message | Outcome:
    try:
        return read_message(read_json(body), rules, mapping)
    except Invalid as error:
        return Outcome(400, str(error))


def _let_in(source: AlertSource | None, arrival: Arrival) -> bool:
    if source is None or source.kind != arrival.kind:
        arrival.outcome = UNKNOWN
    elif source.signed and not signature_holds(source, arrival.body, arrival.signature):
        arrival.outcome = Outcome(401, _("The signature does not belong to this body and this source."))
    return arrival.outcome is None


def _outcome(own: list[int | None], ignored: int, too_many: int, retry_after: int) -> Outcome:
    numbers = tuple(dict.fromkeys(n for n in own if n is not None))
    refused = sum(n is None for n in own)
    if refused and not numbers:
        return _too_much(retry_after, refused)
    said = ", ".join(f"A-{n}" for n in numbers[:20]) or _("Nothing to take in: what it says is passed over.")
    if refused + too_many:
        said += " " + _("%d of them were refused: too many at once.") % (refused + too_many)
    return Outcome(202, said, numbers, ignored, refused + too_many, retry_after if refused else 0)


def _too_much(retry_after: int, refused: int) -> Outcome:
    said = _("This source brought more than it may. Try again in %d seconds.") % retry_after
    return Outcome(429, said, refused=refused, retry_after=retry_after)


GATHERING = Gathering()
