"""Lateral movement: paths of logons from host to host that are possible in time.

A path goes on from a host only after it was reached, and within a waiting time. Each contact is put behind the latest
contact into its source, so there is one path to each contact and the work grows with their number, not with the
number of paths.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import nsmallest

from tocsin.lab.analyses.answer import (
    Answer,
    Confidence,
    Proof,
    Proposal,
    Reason,
    counted,
    listed,
    span_words,
    time_words,
)
from tocsin.lab.analyses.logons import EXPLICIT, Contact
from tocsin.lab.analyses.names import account_of, host_of, user_of

WAIT = timedelta(hours=24)
"""How long after a host was reached a logon from it still counts as the next step: an intruder's working day."""
MAX_HOPS = 12
MAX_CLOSE = 5_000
KINDS = ("network", "remote desktop", EXPLICIT, "clear text", "batch", "ssh", "new credentials")
"""Ways in which one gets from host to host; interactive and cached logons happen at a keyboard."""


@dataclass(frozen=True, slots=True)
class Hint:
    """A sign of stolen or explicit credentials in one contact: the ATT&CK technique and a sentence."""

    technique: str
    words: str
    strong: bool


@dataclass(frozen=True, slots=True)
class Path:
    """Logons that follow from one another, in order."""

    hops: tuple[Contact, ...]
    wait: timedelta

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts in order, the start first."""
        return (self.hops[0].source or "", *(hop.target for hop in self.hops))

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts used, in order, each once."""
        return tuple(dict.fromkeys(hop.account for hop in self.hops))

    @property
    def hints(self) -> tuple[Hint, ...]:
        """Signs of stolen or explicit credentials along the path."""
        found = [hint for hop in self.hops for hint in hints_of(hop)]
        for before, after in zip(self.hops, self.hops[1:], strict=False):
            if user_of(before.account) != user_of(after.account):
                words = f"{before.account} came to {before.target}, and {after.account} went on from there."
                found.append(Hint("T1078", words, strong=False))
        return tuple(dict.fromkeys(found))

    @property
    def proposal(self) -> Proposal:
        """The finding that this supports."""
        first, last = self.hops[0].first, self.hops[-1].last
        hints = self.hints
        confidence: Confidence = "moderate" if any(hint.strong for hint in hints) and len(self.hops) > 1 else "low"
        events = [event for hop in self.hops for event in hop.events[:3]]
        reasons = [
            Reason(
                "hops",
                len(self.hops),
                "",
                None,
                f"The path has {counted(len(self.hops), 'logon')}, each after the one before.",
            ),
            Reason(
                "wait",
                round(self.longest_wait.total_seconds()),
                "s",
                self.wait.total_seconds(),
                f"The longest stay on one host was {span_words(self.longest_wait.total_seconds())}.",
            ),
            *(Reason("hint", hint.technique, "", None, hint.words) for hint in hints),
        ]
        return Proposal(
            key="path:" + ">".join(self.hosts) + ":" + ",".join(self.accounts),
            analysis="lateral movement",
            claim=f"{listed(self.accounts)} moved {' > '.join(self.hosts)} from {time_words(first)} to {time_words(last)}",
            reasons=tuple(reasons),
            confidence=confidence,
            techniques=tuple(sorted({"T1021", *(hint.technique for hint in hints)})),
            proof=Proof.of(events, sum(hop.count for hop in self.hops)),
            hosts=tuple(dict.fromkeys(self.hosts)),
            first=first,
            last=last,
            doubts=("Administrators and management servers move so too: ask whether they did.",),
        )

    @property
    def longest_wait(self) -> timedelta:
        """The longest time between coming to a host and going on from it."""
        waits = [
            max(timedelta(0), after.last - before.first)
            for before, after in zip(self.hops, self.hops[1:], strict=False)
        ]
        return max(waits, default=timedelta(0))


def hints_of(contact: Contact) -> tuple[Hint, ...]:
    """Return what in one contact hints at stolen or explicit credentials."""
    found: list[Hint] = []
    where = f"on {contact.target}" if contact.source is None else f"from {contact.source} to {contact.target}"
    if contact.seclogo:
        as_whom = f" in the session of {contact.actor}" if contact.actor else ""
        words = (
            f"{contact.account} opened a session with other credentials for the network {where}{as_whom} (logon type 9 by "
            "seclogo), as `runas /netonly` and pass-the-hash tools do."
        )
        found.append(Hint("T1550.002", words, strong=True))
    if contact.keyless and not contact.failed:
        words = (
            f"{contact.account} logged on {where} by NTLM without a session key, as pass-the-hash tools do; "
            "so do some old clients and scanners."
        )
        found.append(Hint("T1550.002", words, strong=False))
    if contact.kind == EXPLICIT and contact.actor and contact.source is not None:
        words = f"{contact.actor} gave the credentials of {contact.account} {where}."
        found.append(Hint("T1078", words, strong=True))
    return tuple(found)


def lateral_paths(
    found: Iterable[Contact],
    *,
    start_host: str | None = None,
    start_account: str | None = None,
    since: datetime | None = None,
    wait: timedelta = WAIT,
    min_hops: int = 1,
    limit: int = 100,
) -> Answer[Path]:
    """Return the paths of successful logons from host to host, the longest first, then those with more hints.

    From `start_host` (reached at `since`, or at any time), and by `start_account` on the first logon; without a start,
    all paths of at least two hops. An account may change along the way. Only the longest form of a path is returned;
    one that visits the same hosts by the same accounts again is the same.

    What is missing: hosts whose logs are not in the evidence are ends, and logons by tools that write no logon event.
    """
    usable = sorted(
        (one for one in found if not one.failed and one.source and one.source != one.target and one.kind in KINDS),
        key=lambda one: (one.first, one.target, one.source or "", one.account),
    )
    least = max(min_hops, 1 if start_host or start_account else 2)
    trails = _trails(usable, start_host, start_account, since, wait)
    behind = {trail.parent for trail in trails.values() if trail.is_whole}
    paths: dict[tuple[tuple[str, ...], tuple[str, ...]], Path] = {}
    for last, trail in trails.items():
        if last not in behind and trail.hops >= least:
            path = Path(_hops(usable, trails, last), wait)
            paths.setdefault((path.hosts, path.accounts), path)
    # The hints of a path cost more than its length: only the longest paths are looked at closely.
    closest = nsmallest(MAX_CLOSE, paths.values(), key=lambda path: (-len(path.hops), path.hops[0].first, path.hosts))
    kept = _longest(closest)
    kept.sort(key=lambda path: (-len(path.hops), -len(path.hints), path.hops[0].first, path.hosts))
    total = len(paths) - (len(closest) - len(kept))
    return Answer(tuple(kept[:limit]), total, sum(one.count for one in usable))


@dataclass(frozen=True, slots=True)
class _Trail:
    """How a contact was come to: the contact before it, and how many hops there are with it."""

    parent: int | None
    hops: int
    hosts: frozenset[str]
    is_whole: bool
    """All of the parent's trail counts."""


def _trails(
    usable: Sequence[Contact],
    start_host: str | None,
    start_account: str | None,
    since: datetime | None,
    wait: timedelta,
) -> dict[int, _Trail]:
    """Return the trail of each contact on a path, by their places.

    No trail visits a host twice. From a given start, one that comes back ends; without a start, it goes on as the part
    of it that follows the first visit.
    """
    account = account_of(start_account) if start_account else None
    has_start = bool(start_host or start_account)
    reached: dict[str, int] = {}
    trails: dict[int, _Trail] = {}
    for place, one in enumerate(usable):
        source = one.source or ""
        # The latest contact into the source is the one to go on from.
        before = reached.get(source)
        if before is not None and one.first <= usable[before].last + wait:
            trail = _onward(usable, trails, before, one.target)
            if has_start and not trail.is_whole:
                continue
            trails[place] = trail
        else:
            starts = (start_host is None or source == host_of(start_host)) and (since is None or one.last >= since)
            by_whom = account is None or account in (one.account, user_of(one.account))
            if not (starts and by_whom):
                continue
            trails[place] = _Trail(None, 1, frozenset((source, one.target)), is_whole=True)
        reached[one.target] = place
    return trails


def _onward(usable: Sequence[Contact], trails: dict[int, _Trail], before: int, target: str) -> _Trail:
    """Return the trail that goes on from a contact to a host, cut where it would visit it twice or grow too long."""
    trail = trails[before]
    if target not in trail.hosts and trail.hops < MAX_HOPS:
        return _Trail(before, trail.hops + 1, trail.hosts | {target}, is_whole=True)
    kept: list[Contact] = []
    for hop in reversed(_hops(usable, trails, before)):
        if target in (hop.source, hop.target) or len(kept) == MAX_HOPS - 1:
            break
        kept.append(hop)
    hosts = frozenset(host for hop in kept for host in (hop.source or "", hop.target))
    return _Trail(before if kept else None, len(kept) + 1, hosts | {target, usable[before].target}, is_whole=False)


def _hops(usable: Sequence[Contact], trails: dict[int, _Trail], last: int) -> tuple[Contact, ...]:
    """Return the contacts of a trail in order."""
    hops: list[Contact] = []
    place: int | None = last
    while place is not None and len(hops) < trails[last].hops:
        hops.append(usable[place])
        place = trails[place].parent
    return tuple(reversed(hops))


def _longest(paths: list[Path]) -> list[Path]:
    """Return the paths without those that are only the beginning or the end of another's hosts and accounts."""
    steps = {path: tuple((hop.source, hop.target, hop.account) for hop in path.hops) for path in paths}
    parts = {
        some for whole in steps.values() for size in range(1, len(whole)) for some in (whole[:size], whole[-size:])
    }
    return [path for path in paths if steps[path] not in parts]
