"""Rare destinations: outside addresses or names that hardly any host calls, and that were not called before.

An attacker's server is called by the few hosts he has, from the day he has them; the services of a house are called by
many and from the beginning.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from tocsin.lab.analyses.answer import Answer, Proof, Proposal, Reason, counted, listed, moment, size_words, time_words
from tocsin.lab.lake import Lake
from tocsin.lab.network.flows import (
    FLOW_COLUMNS,
    INTERNAL,
    NAMED_CHANNELS,
    Network,
    external_sql,
    flows_sql,
    known_service,
)

By = Literal["address", "domain"]


@dataclass(frozen=True, slots=True)
class RareLimits:
    """What counts as rare, each with its reason."""

    sources: int = 2
    """Called by at most this many sources."""
    all_sources: int = 5
    """With fewer sources in the evidence, every destination is rare, and rarity says nothing."""
    late: float = 0.25
    """First called after this share of the evidence's span: what is there from the beginning is likely usual."""
    connections: int = 3
    """Called at least so often: single calls are mostly links that somebody followed once."""


@dataclass(frozen=True, slots=True)
class RareDestination:
    """A destination that few sources call, and since when."""

    dst: str
    ports: tuple[int, ...]
    domain: str | None
    sources: tuple[str, ...]
    all_sources: int
    count: int
    bytes_out: int | None
    bytes_in: int | None
    first: datetime | None
    last: datetime | None
    late: float
    """The share of the evidence's span that had gone by at the first call."""
    proof: Proof
    limits: RareLimits

    @property
    def proposal(self) -> Proposal:
        """The finding that this supports."""
        named = f" ({self.domain})" if self.domain else ""
        reasons = [
            Reason(
                "sources",
                len(self.sources),
                "",
                self.limits.sources,
                f"Of {self.all_sources} sources only {listed(self.sources)} called it.",
            ),
            Reason(
                "late",
                round(self.late, 3),
                "",
                self.limits.late,
                f"The first call came after {self.late:.0%} of the time that the evidence spans.",
            ),
            Reason("count", self.count, "", self.limits.connections, f"There were {counted(self.count, 'call')}."),
        ]
        if self.bytes_out is not None:
            reasons.append(Reason("bytes_out", self.bytes_out, "B", None, f"{size_words(self.bytes_out)} were sent."))
        known = known_service(self.ports[0] if len(self.ports) == 1 else None, self.domain or self.dst)
        return Proposal(
            key=f"rare:{self.dst}",
            analysis="rare destinations",
            claim=f"Only {listed(self.sources)} called {self.dst}{named}, first at {time_words(self.first)}",
            reasons=tuple(reasons),
            confidence="low",
            techniques=("T1071",),
            proof=self.proof,
            hosts=self.sources,
            first=self.first,
            last=self.last,
            doubts=(known.words if known else "Most rare destinations are harmless: look at what was exchanged.",),
        )


def rare_destinations(
    lake: Lake,
    *,
    by: By = "address",
    query: str = "",
    limits: RareLimits | None = None,
    internal: tuple[Network, ...] = INTERNAL,
    limit: int = 100,
) -> Answer[RareDestination]:
    """Return rare destinations outside, those that got the most bytes or calls first.

    `by` domain takes logs that say the name asked for. The answer is empty, with a note, where too few sources are in
    the evidence. Raises QueryError, LakeError.
    """
    limits = limits or RareLimits()
    values: dict[str, Any] = {"sources": limits.sources, "late": limits.late, "least": limits.connections}
    rows = lake.select(
        _sql(_calls_sql(lake, query, by, internal, values), limit),
        FLOW_COLUMNS,
        query=query,
        values=values,
    )
    everyone, considered, total = rows[0][:3]
    if everyone < limits.all_sources:
        words = f"Rarity was not judged: {counted(everyone, 'source')} called outside, {limits.all_sources} are needed."
        return Answer((), 0, considered, (words,))
    found = tuple(_rare(row[3:], everyone, limits) for row in rows if row[3] is not None)
    return Answer(found, total, considered)


def _sql(calls: str, limit: int) -> str:
    """Return SQL for the rare targets of calls, beside how many sources and calls there are."""
    return f"""
    , {calls},
    everyone as (select count(distinct src_address) as sources, count(*) as n, min(time) as first,
        max(time) as last from calls),
    callers as (select hash(target) as key, hash(src_address), count(*) as n from calls group by 1, 2),
    few as (select key from callers group by 1 having count(*) <= $sources and sum(n) >= $least),
    rare as (
        select target, list_sort(list(distinct dst_port))[1:20] as ports, mode(domain) as name,
            list_sort(list(distinct src_address))[1:20] as callers, count(*) as n,
            sum(bytes_out) as sent, sum(bytes_in) as received,
            min(time) as first, max(time) as last, min_by(item || '.' || seq, time, 12) as events
        from calls where hash(target) in (select key from few) group by 1
    ),
    judged as (
        select rare.*, (epoch_us(rare.first) - epoch_us(everyone.first))
            / greatest(epoch_us(everyone.last) - epoch_us(everyone.first), 1) as late from rare, everyone
    )
    select everyone.sources, everyone.n, count(target) over (), target, ports, name, callers, judged.n, sent,
        received, epoch_us(judged.first), epoch_us(judged.last), late, events
    from everyone left join judged on late >= $late
    order by sent desc nulls last, judged.n desc, target limit {max(1, int(limit))}
    """  # noqa: S608 - our own words only


def _calls_sql(lake: Lake, query: str, by: By, internal: tuple[Network, ...], values: dict[str, Any]) -> str:
    if by == "domain":
        channels = ", ".join(f"'{channel}'" for channel in NAMED_CHANNELS)
        return f"""calls as not materialized (select *, domain as target from events where time is not null
            and src_address is not null and domain is not null and lower(channel) in ({channels}))"""  # noqa: S608
    outside = external_sql("dst_key", internal, values)
    return f"""{flows_sql(lake, query)},
        calls as not materialized (select *, dst_address as target from flows where {outside})"""  # noqa: S608


def _rare(row: tuple[Any, ...], everyone: int, limits: RareLimits) -> RareDestination:
    target, ports, name, callers, count, sent, received, first, last, late, events = row
    return RareDestination(
        target,
        tuple(port for port in ports if port is not None),
        name if name != target else None,
        tuple(callers),
        everyone,
        count,
        None if sent is None else int(sent),
        None if received is None else int(received),
        moment(first),
        moment(last),
        float(late),
        Proof.of(events, count),
        limits,
    )
