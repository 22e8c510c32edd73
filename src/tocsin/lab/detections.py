"""A detection: an event that a rule matched, or in which an indicator was met."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from tocsin.lab.sigma.compiled import RuleInfo


@dataclass(frozen=True, slots=True)
class Detection:
    """One event that one rule matched. `fields` are the event's own fields as they were logged.

    `time` is ISO 8601 in UTC with a Z. `source_file` of a member of an archive is
    `archive.zip!inner/path.evtx`. `author` is shown with every match, as the Detection Rule License 1.1
    asks.
    """

    rule_id: str
    title: str
    level: str
    tags: list[str]
    author: str
    time: str
    host: str
    source_file: str
    record_id: int | None
    event_id: int | None
    channel: str
    fields: dict[str, Any]

    @classmethod
    def of(cls, rule: RuleInfo, source_file: str, event: dict[str, Any]) -> Detection:
        """Return the detection of an event by a rule; `event` names what it says as the fields here do."""
        return cls(rule.id, rule.title, rule.level, rule.tags, rule.author, source_file=source_file, **event)

    def to_json(self) -> bytes:
        """Return the detection as one line of JSON, without the line's end."""
        return orjson.dumps(self)


def detections_of(
    hit: dict[str, Any], source_file: str, rules: Sequence[RuleInfo], silent: Container[int]
) -> Iterator[Detection]:
    """Yield the detections of a hit (see `examine`): of the rules that are not silent, then what `met` says (see
    `looking`)."""
    event = hit["event"]
    for number in hit["rules"]:
        if number not in silent:
            yield Detection.of(rules[number], source_file, event)
    for met in hit.get("met", ()):
        said = {name: value for name, value in met.items() if name != "more"}
        more = {**event, "fields": {**event["fields"], **met["more"]}}
        yield Detection(**said, source_file=source_file, **more)
