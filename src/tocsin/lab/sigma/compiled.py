"""Compiled rules as plain data: what a worker needs to match, and what is kept in the cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, TypeVar, overload

import orjson

from tocsin.lab.sigma.atoms import Atom
from tocsin.lab.sigma.clauses import Necessity
from tocsin.lab.sigma.expression import Node
from tocsin.lab.sigma.logsources import Source, routed

Placement = tuple[int, int | None]
"""A rule's number, and the number of the atom that its source demands besides (None = nothing)."""


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """What a rule says of itself."""

    id: str
    title: str
    level: str
    status: str
    tags: list[str]
    author: str
    description: str
    falsepositives: list[str]
    references: list[str]
    file: str


@dataclass(frozen=True, slots=True)
class RefusedRule:
    """A rule that is not used: where it stands, and why."""

    file: str
    line: int
    rule_id: str
    title: str
    reason: str


@dataclass(frozen=True, slots=True)
class FilterNote:
    """A filter: how its condition was understood, and how many rules it was applied to."""

    file: str
    title: str
    form: str
    rules: int


@dataclass(frozen=True, slots=True)
class Correlation:
    """A rule over the matches of other rules.

    `rules` are the numbers of these, in order; correlations go on where rules end. `names` says for each of them under
    which names it has the fields of `group_by` and then those of `fields`. `comparisons` are operators with numbers;
    `tree` is the condition over rules, by their place in `rules`, where it is one. `silent` ones feed others only.
    """

    rule: RuleInfo
    type: str
    rules: list[int]
    names: list[list[str]]
    seconds: int
    group_by: list[str]
    fields: list[str]
    comparisons: list[tuple[str, float]]
    percentile: float | None = None
    tree: Node | None = None
    silent: bool = False


@dataclass(frozen=True, slots=True)
class RuleSource:
    """Records, and the rules that are for them; `where` is the number of the atom that the source demands."""

    source: Source
    where: int | None
    rules: list[int]


@dataclass
class CompiledRules:
    """All rules that can match what the lab reads; `rules`, `nodes` and `necessities` go by the same numbers."""

    rules: Sequence[RuleInfo]
    nodes: Sequence[Node]
    necessities: Sequence[Necessity]
    atoms: Sequence[Atom]
    sources: list[RuleSource]
    provider_channels: dict[str, str]
    collector_channels: list[str]
    view_fields: dict[str, dict[str, Any]]
    """The fields that records seen through a view can have (`fields`), and what such records are called
    (`label`)."""
    rejected: list[RefusedRule] = field(default_factory=list)
    not_assessable: list[RefusedRule] = field(default_factory=list)
    correlations: list[Correlation] = field(default_factory=list)
    """In an order in which those that others are about come first."""
    silent: list[int] = field(default_factory=list)
    """Rules that only feed correlations."""
    filters: list[FilterNote] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    """The rules' ids, which are at hand without reading the rules."""
    logsources: dict[str, list[int]] = field(default_factory=dict)
    """Log sources as rules name them, and the numbers of the rules that do."""

    @cached_property
    def correlated(self) -> frozenset[int]:
        """The rules whose matches correlations are about."""
        return frozenset(number for each in self.correlations for number in each.rules if number < len(self.rules))

    def channel_of(self, channel: str, provider: str) -> str:
        """Return the channel, in lower case, that events are routed by: their own, or their provider's usual
        one."""
        return routed(channel, provider, self.provider_channels, self.collector_channels)

    def placements(self, channel: str, event_id: int | None) -> dict[str, list[Placement]]:
        """Return the rules for the records of a channel with an event id, by view, in ascending order."""
        found: dict[str, set[Placement]] = {}
        for entry in self.sources:
            source = entry.source
            if source.covers(channel) and source.takes(event_id):
                found.setdefault(source.view, set()).update((rule, entry.where) for rule in entry.rules)
        return {
            view: sorted(placements, key=lambda place: (place[0], place[1] or 0)) for view, placements in found.items()
        }

    def to_lines(self) -> bytes:
        """Return the rules as lines of JSON: what they have in common, then each rule, tree, necessity and atom."""
        long = {name: getattr(self, name) for name in LONG}
        short = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in LONG}
        head = short | {"lengths": [len(each) for each in long.values()]}
        return b"\n".join(
            [orjson.dumps(head), *(orjson.dumps(_plain(item)) for each in long.values() for item in each)]
        )

    @classmethod
    def from_lines(cls, content: bytes) -> CompiledRules:
        """Return the rules that `to_lines` wrote. Raises ValueError, KeyError or TypeError where it is
        something else."""
        first, *lines = content.split(b"\n")
        head: dict[str, Any] = orjson.loads(first)
        lengths = head.pop("lengths")
        if len(lines) != sum(lengths):
            raise ValueError(f"{sum(lengths)} lines were written, {len(lines)} are there")
        long: dict[str, Any] = {}
        for (name, made), length in zip(LONG.items(), lengths, strict=True):
            long[name], lines = Lines(lines[:length], made), lines[length:]
        head["sources"] = [_source(entry) for entry in head["sources"]]
        for name in ("rejected", "not_assessable"):
            head[name] = [RefusedRule(**rule) for rule in head[name]]
        head["filters"] = [FilterNote(**note) for note in head["filters"]]
        head["correlations"] = [
            Correlation(**{**each, "rule": RuleInfo(**each["rule"])}) for each in head["correlations"]
        ]
        return cls(**long, **head)


Item = TypeVar("Item")


class Lines(Sequence[Item]):
    """Items that are read from their lines when they are first asked for: most of many rules never are."""

    def __init__(self, lines: Sequence[bytes], made: Callable[[Any], Item]) -> None:
        self._lines = lines
        self._made = made
        self._items: dict[int, Item] = {}

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, number: int) -> Item: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[Item]: ...
    def __getitem__(self, number: int | slice) -> Item | Sequence[Item]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        if number not in self._items:
            self._items[number] = self._made(orjson.loads(self._lines[number]))
        return self._items[number]


def _plain(item: Any) -> Any:
    return list(item) if isinstance(item, Atom) else item


def _as_it_is(item: Any) -> Any:
    return item


LONG: dict[str, Callable[[Any], Any]] = {
    "rules": lambda plain: RuleInfo(**plain),
    "nodes": _as_it_is,
    "necessities": lambda plain: Necessity(**plain),
    "atoms": Atom._make,
}
"""What there is one of for each rule or atom, and how it is made of plain data."""


def _source(entry: dict[str, Any]) -> RuleSource:
    plain = entry["source"]
    channels, ids = plain["channels"], plain["ids"]
    source = Source(
        channels=None if channels is None else tuple(channels),
        ids=None if ids is None else tuple(ids),
        not_ids=tuple(plain["not_ids"]),
        view=plain["view"],
        where=None if plain["where"] is None else (plain["where"][0], tuple(plain["where"][1])),
    )
    return RuleSource(source, entry["where"], entry["rules"])
