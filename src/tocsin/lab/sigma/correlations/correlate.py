"""From the matches of rules to what correlations find in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any

from tocsin.lab.detections import Detection
from tocsin.lab.sigma.atoms import NUMBER
from tocsin.lab.sigma.compiled import CompiledRules, Correlation
from tocsin.lab.sigma.correlations.matches import Matches, Values, written
from tocsin.lab.sigma.correlations.windows import Moment, Stretch, stretches

BATCH = 1_000
CHANNEL = "sigma/correlation"
MAX_EVENTS = 100
"""Events that a detection names: the first ones and the last."""
OF_NUMBERS = frozenset({"value_sum", "value_avg", "value_percentile", "value_median"})
OF_RULES = frozenset({"temporal", "temporal_ordered"})
Key = tuple[str, ...]
Sample = tuple[Moment, Values]
"""A moment, and the values of its group as they were written."""


@dataclass
class Occurrence:
    """One finding of a correlation: its group, how many matches (or findings of other correlations) prove it, from when
    to when, what was measured, and the times at which it was known to hold."""

    group: Values
    count: int
    first: int
    last: int
    value: float
    events: list[int]
    """The numbers of matches that prove it: as many as a detection names."""
    times: list[int]


class Correlator:
    """What correlations find in the matches of a scan, which may be taken in any order."""

    def __init__(self, compiled: CompiledRules) -> None:
        self._compiled = compiled
        self.matches = Matches(compiled)

    def take(self, hits: Iterable[Mapping[str, Any]], source_file: str) -> None:
        """Take the hits of a file: each the numbers of its rules, its event, and what its source says of the event where
        `feeds_correlation` was true of it."""
        for hit in hits:
            self.matches.take(hit, source_file)

    def batches(self) -> Iterator[list[Detection]]:
        """Yield what `detections` yields, in lists that are not long."""
        found = self.detections()
        while batch := list(islice(found, BATCH)):
            yield batch

    def detections(self) -> Iterator[Detection]:
        """Yield what the correlations find, each in the order of time. Call it once, when all matches were taken."""
        self.matches.finish()
        found: list[list[Occurrence]] = []
        for correlation in self._compiled.correlations:
            found.append(self._occurrences(correlation, found))
            if not correlation.silent:
                for occurrence in found[-1]:
                    yield self._detection(correlation, occurrence)

    def _occurrences(self, correlation: Correlation, others: Sequence[list[Occurrence]]) -> list[Occurrence]:
        groups: dict[Key, list[Sample]] = {}
        for moment, values in self._samples(correlation, others):
            size = len(correlation.group_by)
            group, rest = values[:size], values[size:]
            if not all(group):
                continue  # an event without the group's fields belongs to no group
            for valued in _valued(correlation, moment, rest):
                groups.setdefault(tuple(" ".join(texts).casefold() for texts in group), []).append((valued, group))
        found = [
            self._occurrence(samples, stretch, others)
            for _, samples in sorted(groups.items())
            for stretch in _found(correlation, samples)
        ]
        return sorted(found, key=lambda each: (each.last, each.first))

    def _samples(self, correlation: Correlation, others: Sequence[list[Occurrence]]) -> Iterator[Sample]:
        rules = len(self._compiled.rules)
        for place, (number, names) in enumerate(zip(correlation.rules, correlation.names, strict=True)):
            if number < rules:
                for match in self.matches.by_rule.get(number, ()):
                    yield Moment(self.matches.time(match), place, match), self.matches.values(match, number, names)
                continue
            inner = self._compiled.correlations[number - rules]
            for index, each in enumerate(others[number - rules]):
                values = tuple(dict(zip(inner.group_by, each.group, strict=True)).get(name, ()) for name in names)
                # For the order in time it counts when a finding held; otherwise a finding is one thing.
                for time in each.times if correlation.type in OF_RULES else [each.last]:
                    yield Moment(time, place, self._key_of(number - rules, index)), values

    def _occurrence(
        self, samples: Sequence[Sample], stretch: Stretch, others: Sequence[list[Occurrence]]
    ) -> Occurrence:
        moments = [moment for moment, _ in samples[stretch.first : stretch.last + 1]]
        keys = list(dict.fromkeys(moment.key for moment in moments))
        events = list(dict.fromkeys(event for key in keys for event in self._events_of(key, others)))
        events.sort(key=lambda event: (self.matches.time(event), event))
        if len(events) > MAX_EVENTS:
            events = [*events[: MAX_EVENTS - 1], events[-1]]
        starts = [min(map(self.matches.time, self._events_of(moment.key, others))) for moment in moments[:1]]
        return Occurrence(
            group=samples[stretch.last][1],
            count=len(keys),
            first=min([moments[0].time, *starts]),
            last=moments[-1].time,
            value=stretch.value,
            events=events,
            times=[moment.time for moment in moments[stretch.met - stretch.first :]],
        )

    def _key_of(self, correlation: int, index: int) -> int:
        """Return what tells a finding of a correlation from matches, which have positive numbers, and other findings."""
        return -1 - (index * len(self._compiled.correlations) + correlation)

    def _events_of(self, key: int, others: Sequence[Sequence[Occurrence]]) -> list[int]:
        if key >= 0:
            return [key]
        index, correlation = divmod(-1 - key, len(self._compiled.correlations))
        return others[correlation][index].events

    def _detection(self, correlation: Correlation, occurrence: Occurrence) -> Detection:
        matches = [self.matches.match(event) for event in occurrence.events]
        hosts = {match.host for match in matches}
        fields: dict[str, Any] = {
            name: texts[0] if len(texts) == 1 else list(texts)
            for name, texts in zip(correlation.group_by, occurrence.group, strict=True)
        }
        fields["count"] = occurrence.count
        if correlation.type in OF_NUMBERS or correlation.type == "value_count":
            value = occurrence.value
            fields["value"] = int(value) if value.is_integer() else value
        fields |= {"first": written(occurrence.first), "last": written(occurrence.last)}
        fields["events"] = [
            each.source_file if each.record_id is None else f"{each.source_file}#{each.record_id}" for each in matches
        ]
        rule = correlation.rule
        return Detection(
            *(rule.id, rule.title, rule.level, rule.tags, rule.author),
            time=written(occurrence.last),
            host=hosts.pop() if len(hosts) == 1 else "",
            source_file=matches[-1].source_file,
            record_id=matches[-1].record_id,
            event_id=None,
            channel=CHANNEL,
            fields=fields,
        )


def _found(correlation: Correlation, samples: list[Sample]) -> list[Stretch]:
    samples.sort(key=lambda sample: sample[0][:3])
    return stretches(correlation, [moment for moment, _ in samples])


def _valued(correlation: Correlation, moment: Moment, values: Values) -> Iterable[Moment]:
    """Return a moment with the values that its correlation is about; none where it has none."""
    if correlation.type == "value_count":
        if not all(values):
            return ()
        if len(values) > 1:
            return (moment._replace(value=tuple(" ".join(texts).casefold() for texts in values)),)
        return [moment._replace(value=text.casefold()) for text in values[0]]
    if correlation.type in OF_NUMBERS:
        return [moment._replace(value=Fraction(text)) for text in values[0] if NUMBER.fullmatch(text)]
    return (moment,)
