"""The matches that correlations need, kept small while a scan goes on: numbers in arrays, texts once.

A match takes some 50 bytes, and each value that was not seen before its own length and some more. Beyond `MAX_MATCHES` matches or
`MAX_TEXT` characters of values nothing more is kept; what was left out is counted.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple

from tocsin.lab.record import Record
from tocsin.lab.sigma.atoms import texts_of
from tocsin.lab.sigma.compiled import CompiledRules
from tocsin.lab.sigma.views import VIEWS, View

MAX_MATCHES = 2_000_000
MAX_TEXT = 100_000_000
MAX_VALUE = 1_000
"""Characters of a value that are kept; of a longer one the beginning and the hash of the whole."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_NUMBER = 2**63
NO_NUMBER = -1

Values = tuple[tuple[str, ...], ...]
"""The values of a rule's fields, each as its texts; none where the field is absent or empty."""


class Match(NamedTuple):
    """A match as it was kept: its time in microseconds and where it stands."""

    time: int
    source_file: str
    record_id: int | None
    host: str


class Matches:
    """The matches of the rules that correlations are about."""

    def __init__(self, compiled: CompiledRules) -> None:
        self._compiled = compiled
        self._names: dict[int, dict[str, int]] = {}
        for each in compiled.correlations:
            for number, names in zip(each.rules, each.names, strict=True):
                known = self._names.setdefault(number, {})
                for name in names:
                    known.setdefault(name, len(known))
        self._views: dict[tuple[int, str, int | None], tuple[View, ...]] = {}
        self._texts: dict[str, int] = {}
        self._values: dict[Values, int] = {}
        self._text_kept = 0
        self._all_texts: list[str] = []
        self._all_values: list[Values] = []
        self._times, self._records = array("q"), array("q")
        self._files, self._hosts, self._values_of = array("l"), array("l"), array("l")
        self.by_rule: dict[int, array[int]] = {}
        """The numbers of the matches of each rule, in the order in which they were taken."""
        self.left_out = 0
        """Matches that have no time, or for which there was no room."""

    def take(self, hit: Mapping[str, Any], source_file: str) -> None:
        """Keep what correlations need of an event that rules match."""
        wanted = [number for number in hit["rules"] if number in self._compiled.correlated]
        if not wanted:
            return
        moment = _microseconds(hit["event"]["time"])
        if moment is None or len(self._times) + len(wanted) > MAX_MATCHES:
            self.left_out += len(wanted)
            return
        record = _record(hit)
        for number in wanted:
            values = self._number_of_values(self._values_for(record, number))
            if values is None:
                self.left_out += 1
                continue
            self.by_rule.setdefault(number, array("l")).append(len(self._times))
            self._times.append(moment)
            self._records.append(_number(record.record_id))
            self._files.append(self._number_of_text(source_file))
            self._hosts.append(self._number_of_text(record.host))
            self._values_of.append(values)

    def finish(self) -> None:
        """Make the matches ready to be looked at, when all have been taken."""
        self._all_texts = list(self._texts)
        self._all_values = list(self._values)

    def match(self, number: int) -> Match:
        """Return a match."""
        record = self._records[number]
        return Match(
            self._times[number],
            self._all_texts[self._files[number]],
            None if record == NO_NUMBER else record,
            self._all_texts[self._hosts[number]],
        )

    def values(self, number: int, rule: int, names: Sequence[str]) -> Values:
        """Return the values that a match of a rule has for some fields."""
        values, places = self._all_values[self._values_of[number]], self._names[rule]
        return tuple(values[places[name]] for name in names)

    def time(self, number: int) -> int:
        """Return the time of a match in microseconds."""
        return self._times[number]

    def _values_for(self, record: Record, number: int) -> Values:
        names = self._names[number]
        seen = [view(record) for view in self._views_of(number, record)]
        return tuple(_kept(next((fields[name] for fields in seen if name in fields), None)) for name in names)

    def _views_of(self, number: int, record: Record) -> tuple[View, ...]:
        """Return the views through which a rule sees a record."""
        channel = self._compiled.channel_of(record.channel, record.provider)
        key = (number, channel, record.event_id)
        if key not in self._views:
            if len(self._views) > 10_000:
                self._views.clear()
            names = [
                entry.source.view
                for entry in self._compiled.sources
                if number in entry.rules and entry.source.covers(channel) and entry.source.takes(record.event_id)
            ]
            self._views[key] = tuple(VIEWS[name] for name in dict.fromkeys(names or ["plain"]))
        return self._views[key]

    def _number_of_text(self, text: str) -> int:
        return self._texts.setdefault(text, len(self._texts))

    def _number_of_values(self, values: Values) -> int | None:
        number = self._values.get(values)
        if number is None:
            self._text_kept += sum(len(text) + 50 for texts in values for text in texts)
            if self._text_kept > MAX_TEXT:
                return None
            number = self._values[values] = len(self._values)
        return number


def written(microseconds: int) -> str:
    """Return a time as ISO 8601 in UTC with a Z."""
    return (EPOCH + timedelta(microseconds=microseconds)).isoformat().replace("+00:00", "Z")


def _microseconds(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - EPOCH) // timedelta(microseconds=1)


def _record(hit: Mapping[str, Any]) -> Record:
    event, system = hit["event"], hit["system"]
    return Record(
        record_id=event["record_id"],
        time=event["time"],
        host=event["host"],
        channel=event["channel"],
        provider=str(system.get("Provider_Name") or ""),
        event_id=event["event_id"],
        system=system,
        data=event["fields"],
    )


def _number(record_id: int | None) -> int:
    """Return a record's number as it is kept; one that no log would give is as good as none."""
    return record_id if record_id is not None and 0 <= record_id < MAX_NUMBER else NO_NUMBER


def _kept(value: Any) -> tuple[str, ...]:
    return tuple(
        text
        if len(text) <= MAX_VALUE
        else f"{text[:MAX_VALUE]}... {sha256(text.encode('utf-8', 'replace')).hexdigest()}"
        for text in texts_of(value)
        if text != ""
    )
