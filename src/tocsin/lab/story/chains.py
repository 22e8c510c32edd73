"""Kill chains: steps that belong together, on one host and from host to host, in order of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tocsin.lab.analyses.answer import counted, listed, time_words
from tocsin.lab.analyses.logons import Contact
from tocsin.lab.analyses.names import account_of, host_of
from tocsin.lab.attack import TACTICS
from tocsin.lab.story.hits import rank
from tocsin.lab.story.steps import Step

REACH = timedelta(hours=72)
"""Steps on one host, or by one account, within this time of one another are one intrusion: it may rest over a weekend."""
LAST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Link:
    """Why two steps of a chain, on different hosts, belong together: their keys and a sentence."""

    earlier: str
    later: str
    kind: str
    """`account` or `logon`."""
    words: str


@dataclass(frozen=True, slots=True)
class Chain:
    """Steps that belong together, in order of time."""

    key: str
    steps: tuple[Step, ...]
    links: tuple[Link, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts in the order in which they were first touched."""
        return tuple(dict.fromkeys(step.host for step in self.steps if step.host))

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts in the order in which they first occur."""
        return tuple(dict.fromkeys(account for step in self.steps for account in step.accounts))

    @property
    def tactics(self) -> tuple[str, ...]:
        """The tactics in the order of the matrix."""
        named = {step.tactic for step in self.steps}
        return tuple(tactic for tactic in TACTICS if tactic in named)

    @property
    def level(self) -> str:
        """The gravest level of its steps."""
        return max((step.level for step in self.steps), key=rank)

    @property
    def first(self) -> datetime | None:
        """When the first step began."""
        return min((step.first for step in self.steps if step.first), default=None)

    @property
    def last(self) -> datetime | None:
        """When the last step ended."""
        return max((step.last for step in self.steps if step.last), default=None)

    @property
    def sentence(self) -> str:
        """The chain in plain English."""
        order = [TACTICS[one] for one in dict.fromkeys(step.tactic for step in self.steps) if one in TACTICS]
        went = " > ".join(self.hosts[:6]) + (f" and {len(self.hosts) - 6} more" if len(self.hosts) > 6 else "")
        return (
            f"{counted(len(self.steps), 'step')} on {went or 'unknown hosts'} from {time_words(self.first)} to "
            f"{time_words(self.last)}: {listed(order, most=8) or 'no tactic named'}"
        )


def kill_chains(
    steps: Iterable[Step], *, moves: Iterable[Contact] = (), reach: timedelta = REACH, with_noise: bool = False
) -> tuple[Chain, ...]:
    """Return the chains of some steps, the gravest first, then those with the most tactics.

    Steps are put together on one host, by an account that both name, and by a logon (`moves`, see analyses/logons.py)
    from the host of the one to that of the other; each within `reach`. Steps of noise only are left out, and so are
    ends: a chain may be one step.
    """
    usable = sorted((s for s in steps if with_noise or not s.is_noise), key=lambda s: (s.first or LAST, s.host, s.key))
    groups = _Groups(len(usable))
    links: list[tuple[int, Link]] = []
    for place, other in _next_on_host(usable, reach):
        groups.join(place, other)
    for place, other, account in _next_by_account(usable, reach):
        groups.join(place, other)
        if usable[place].host != usable[other].host:
            words = f"{account} was at work on {usable[place].host}, then on {usable[other].host}."
            links.append((other, Link(usable[place].key, usable[other].key, "account", words)))
    for place, other, move in _by_logon(usable, moves, reach):
        groups.join(place, other)
        words = (
            f"{move.account} logged on from {move.source} to {move.target} at {time_words(move.first)} ({move.kind})."
        )
        links.append((other, Link(usable[place].key, usable[other].key, "logon", words)))
    chains: dict[int, tuple[list[Step], list[Link]]] = {}
    for place, step in enumerate(usable):
        chains.setdefault(groups.of(place), ([], []))[0].append(step)
    for place, link in links:
        chains[groups.of(place)][1].append(link)
    made = [Chain(f"chain:{found[0].key}", tuple(found), _first_of_each(why)) for found, why in chains.values()]
    return tuple(sorted(made, key=lambda one: (-rank(one.level), -len(one.tactics), one.first or LAST, one.key)))


def _first_of_each(links: list[Link]) -> tuple[Link, ...]:
    """Return links without those that say the same again: an account may go to and fro all day."""
    said: dict[str, Link] = {}
    for link in links:
        said.setdefault(link.words, link)
    return tuple(said.values())


class _Groups:
    """Numbers that are put together into groups (union-find)."""

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def of(self, place: int) -> int:
        """Return the number that stands for a number's group."""
        while self._above[place] != place:
            self._above[place] = self._above[self._above[place]]
            place = self._above[place]
        return place

    def join(self, one: int, other: int) -> None:
        """Put two groups together."""
        first, second = sorted((self.of(one), self.of(other)))
        self._above[second] = first


def _near(earlier: Step, later: Step, reach: timedelta) -> bool:
    if earlier.first is None or later.first is None:
        return earlier.first is None and later.first is None
    return later.first - (earlier.last or earlier.first) <= reach


def _next_on_host(steps: Sequence[Step], reach: timedelta) -> Iterable[tuple[int, int]]:
    latest: dict[str, int] = {}
    for place, step in enumerate(steps):
        before = latest.get(host_of(step.host))
        if before is not None and step.host and _near(steps[before], step, reach):
            yield before, place
        latest[host_of(step.host)] = place


def _next_by_account(steps: Sequence[Step], reach: timedelta) -> Iterable[tuple[int, int, str]]:
    latest: dict[str, int] = {}
    for place, step in enumerate(steps):
        for account in step.accounts:
            key = account_of(account)
            before = latest.get(key)
            if before is not None and _near(steps[before], step, reach):
                yield before, place, account
            latest[key] = place


def _by_logon(steps: Sequence[Step], moves: Iterable[Contact], reach: timedelta) -> Iterable[tuple[int, int, Contact]]:
    """Yield, for each logon from host to host, the last step on the source before it and the first on the target after,
    the first such logon for each two steps."""
    on: dict[str, list[int]] = {}
    for place, step in enumerate(steps):
        if step.first is not None:
            on.setdefault(host_of(step.host), []).append(place)
    told: set[tuple[int, int]] = set()
    for move in sorted(moves, key=lambda one: one.first):
        if move.failed or move.source is None or move.source == move.target:
            continue
        starts = (steps[place].first for place in on.get(host_of(move.source), ()))
        if not any(start is not None and start <= move.last for start in starts):
            continue
        before = max(p for p in on[host_of(move.source)] if (steps[p].first or LAST) <= move.last)
        after = next((p for p in on.get(host_of(move.target), ()) if (steps[p].last or LAST) >= move.first), None)
        if after is None or (before, after) in told or before == after:
            continue
        start, end = steps[before].last or steps[before].first, steps[after].first
        if start is not None and end is not None and move.first - start <= reach and end - move.last <= reach:
            told.add((before, after))
            yield before, after, move
