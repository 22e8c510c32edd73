"""All proposals that the analyses of a lake make: for whoever wants the findings, not each analysis by itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from tocsin.lab.analyses.answer import Answer, Proposal
from tocsin.lab.analyses.cleared import tampering
from tocsin.lab.analyses.gaps import time_gaps
from tocsin.lab.analyses.lateral import lateral_paths
from tocsin.lab.analyses.logons import contacts
from tocsin.lab.analyses.rare import rare_values
from tocsin.lab.lake import Lake, LakeError
from tocsin.lab.network.beacons import beacons
from tocsin.lab.network.dns_tunnels import dns_tunnels
from tocsin.lab.network.flows import INTERNAL, Network
from tocsin.lab.network.long_connections import long_connections
from tocsin.lab.network.rare import rare_destinations
from tocsin.lab.network.uploads import large_uploads

Run = Callable[[Lake, str, tuple[Network, ...]], Answer[Proposal]]
CONFIDENCE = ("high", "moderate", "low")
MOST = 20
"""Proposals of one analysis: a person goes through twenty, not through hundreds. The analysis itself tells of all."""


def proposals(
    lake: Lake, *, query: str = "", internal: tuple[Network, ...] = INTERNAL, most: int = MOST
) -> Answer[Proposal]:
    """Return what the analyses propose as findings, by confidence, then by analysis; `most` of each analysis.

    An analysis that cannot be made (memory, most likely) is named in the notes; the others are made all the same. The
    notes begin with the analysis's name. Raises QueryError.
    """
    found: list[Proposal] = []
    notes: list[str] = []
    total = considered = 0
    for name, run in ANALYSES.items():
        try:
            answer = run(lake, query, internal)
        except LakeError as error:
            notes.append(f"{name}: {error}")
            continue
        found += answer.found[:most]
        total += answer.total
        considered = max(considered, answer.considered)
        notes += [f"{name}: {note}" for note in answer.notes]
    order = list(ANALYSES)
    unique = {one.key: one for one in reversed(found)}
    ranked = sorted(
        unique.values(), key=lambda one: (CONFIDENCE.index(one.confidence), order.index(one.analysis), one.key)
    )
    return Answer(tuple(ranked), total, considered, tuple(notes))


def _lateral(lake: Lake, query: str) -> Answer[Proposal]:
    logons = contacts(lake, query=query)
    paths = lateral_paths(logons.found)
    found = tuple(path.proposal for path in paths.found)
    return Answer(found, paths.total, logons.considered, logons.notes)


def _beacons(lake: Lake, query: str, internal: tuple[Network, ...]) -> Answer[Proposal]:
    """Return beacons by address and by domain; by domain only where the address has not shown it already."""
    by_address = beacons(lake, query=query, internal=internal)
    by_domain = beacons(lake, by="domain", query=query)
    shown = {(one.src, one.domain) for one in by_address.found}
    more = [one for one in by_domain.found if (one.src, one.dst) not in shown]
    found = tuple(one.proposal for one in [*by_address.found, *more])
    return Answer(found, by_address.total + len(more), by_address.considered + by_domain.considered)


class _Found(Protocol):
    """A thing found that supports a finding."""

    @property
    def proposal(self) -> Proposal: ...


def _with(run: Callable[..., Answer[Any]], *, outside: bool = False) -> Run:
    """Return an analysis as one of proposals; some want to know which networks are the house's own."""

    def made(lake: Lake, query: str, internal: tuple[Network, ...]) -> Answer[Proposal]:
        answer: Answer[_Found] = run(lake, query=query, internal=internal) if outside else run(lake, query=query)
        found = tuple(one.proposal for one in answer.found)
        return Answer(found, answer.total, answer.considered, answer.notes)

    return made


ANALYSES: dict[str, Run] = {
    "cleared logs": _with(tampering),
    "lateral movement": lambda lake, query, _: _lateral(lake, query),
    "beaconing": _beacons,
    "DNS tunnelling": _with(dns_tunnels),
    "large uploads": _with(large_uploads, outside=True),
    "long connections": _with(long_connections, outside=True),
    "rare destinations": _with(rare_destinations, outside=True),
    "rare values": _with(rare_values),
    "time gaps": _with(time_gaps),
}
"""The analyses that propose findings, by the name that their proposals carry, the most telling first."""
