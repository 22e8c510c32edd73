"""Long connections to the outside: remote control and tunnels hold one connection for hours; web pages do not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.lab.analyses.answer import Answer, Proof, Proposal, Reason, moment, size_words, span_words, time_words
from tocsin.lab.lake import Lake
from tocsin.lab.network.flows import FLOW_COLUMNS, INTERNAL, Network, external_sql, flows_sql, known_service

HOURS = 1.0
"""Web servers and proxies close idle connections within minutes; an hour needs somebody who keeps it alive."""


@dataclass(frozen=True, slots=True)
class LongConnection:
    """The long connections from one address to another on one port."""

    src: str
    dst: str
    port: int | None
    domain: str | None
    count: int
    longest: float
    """Seconds."""
    together: float
    """Seconds of all the long ones."""
    bytes_out: int | None
    bytes_in: int | None
    first: datetime | None
    last: datetime | None
    proof: Proof
    hours: float
    """The threshold."""

    @property
    def harmless(self) -> str | None:
        """What harmless service this may be, in words; None where none is known."""
        known = known_service(self.port, self.domain)
        return known.words if known else None

    @property
    def proposal(self) -> Proposal:
        """The finding that this supports."""
        place = f"{self.dst}{f':{self.port}' if self.port is not None else ''}"
        named = f" ({self.domain})" if self.domain else ""
        times = "" if self.count == 1 else f", the longest of {self.count} such connections"
        reasons = [
            Reason(
                "longest",
                round(self.longest, 1),
                "s",
                self.hours * 3600,
                f"The connection stayed open for {span_words(self.longest)}, beyond {span_words(self.hours * 3600)}.",
            )
        ]
        if self.bytes_out is not None:
            sent = f"{size_words(self.bytes_out)} were sent and {size_words(self.bytes_in or 0)} came back."
            reasons.append(Reason("bytes_out", self.bytes_out, "B", None, sent))
        return Proposal(
            key=f"long:{self.src}>{place}",
            analysis="long connections",
            claim=f"{self.src} held a connection to {place}{named} open for {span_words(self.longest)} "
            f"from {time_words(self.first)}{times}",
            reasons=tuple(reasons),
            confidence="low",
            techniques=("T1071",),
            proof=self.proof,
            hosts=(self.src,),
            first=self.first,
            last=self.last,
            doubts=(self.harmless,) if self.harmless else ("Calls, VPNs and open browser tabs do this too.",),
        )


def long_connections(
    lake: Lake,
    *,
    hours: float = HOURS,
    query: str = "",
    internal: tuple[Network, ...] | None = INTERNAL,
    limit: int = 100,
) -> Answer[LongConnection]:
    """Return pairs with a connection of at least `hours`, the longest first, to outside of `internal` (None: to all).

    Only logs that say how long connections lasted can answer; a connection that was open when recording ended may be
    missing or cut. Raises QueryError, LakeError.
    """
    values: dict[str, Any] = {"least": hours * 3600}
    outside = "true" if internal is None else external_sql("dst_key", internal, values)
    rows = lake.select(
        f"""
        , {flows_sql(lake, query)},
        looked as (select count(*) as n, count(duration) as timed from flows),
        long as (
            select src_address, dst_address, dst_port, mode(domain), count(*), max(duration) as longest, sum(duration),
                sum(bytes_out), sum(bytes_in), epoch_us(min(time)),
                max(epoch_us(time) + (duration * 1e6)::bigint), max_by(item || '.' || seq, duration, 12)
            from flows where duration >= $least and {outside} group by 1, 2, 3
        )
        select looked.n, looked.timed, count(src_address) over (), long.* from looked left join long on true
        order by longest desc nulls last, 4, 5, 6 limit {max(1, int(limit))}
        """,  # noqa: S608 - our own words only
        FLOW_COLUMNS,
        query=query,
        values=values,
    )
    looked, timed, total = rows[0][:3]
    untimed = (f"{looked - timed:,} of {looked:,} connections have no length.",) if timed < looked else ()
    return Answer(tuple(_long(row[3:], hours) for row in rows if row[3] is not None), total, looked, untimed)


def _long(row: tuple[Any, ...], hours: float) -> LongConnection:
    src, dst, port, domain, count, longest, together, sent, received, first, last, events = row
    return LongConnection(
        src,
        dst,
        port,
        domain,
        count,
        float(longest),
        float(together),
        None if sent is None else int(sent),
        None if received is None else int(received),
        moment(first),
        moment(last),
        Proof.of(events, count),
        hours,
    )
