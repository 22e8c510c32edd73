"""Large uploads: a host that sends far more to one place outside than is usual for it, or than it gets back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.lab.analyses.answer import Answer, Confidence, Proof, Proposal, Reason, moment, size_words, time_words
from tocsin.lab.lake import Lake
from tocsin.lab.network.flows import FLOW_COLUMNS, INTERNAL, Network, external_sql, flows_sql, known_service

WEB_PORTS = (80, 443, 8080, 8443)


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What counts as a large upload, each with its reason."""

    bytes_out: int = 50_000_000
    """Less than 50 MB a day to one place is mail, forms and calls."""
    ratio: float = 3.0
    """Sent for each byte received: clients mostly receive, acknowledgements alone come to 0.05."""
    factor: float = 5.0
    """Times the host's usual day: its median day of sending to the outside, over the days it sent anything."""
    days: int = 3
    """With fewer days besides, nothing is usual."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What a host sent to one place outside in one day (UTC)."""

    src: str
    dst: str
    ports: tuple[int, ...]
    domain: str | None
    bytes_out: int
    bytes_in: int | None
    ratio: float | None
    usual: int | None
    """Bytes that the host sends outside on its median other day; None where there are too few."""
    connections: int
    first: datetime | None
    last: datetime | None
    proof: Proof
    limits: UploadLimits

    @property
    def harmless(self) -> str | None:
        """What harmless service this may be, in words; None where none is known."""
        known = known_service(self.ports[0] if len(self.ports) == 1 else None, self.domain)
        return known.words if known else None

    @property
    def proposal(self) -> Proposal:
        """The finding that this supports."""
        named = f" ({self.domain})" if self.domain else ""
        unusual = self.usual is not None and self.bytes_out >= self.limits.factor * self.usual
        confidence: Confidence = "moderate" if unusual and not self.harmless else "low"
        doubts = [self.harmless] if self.harmless else []
        if self.usual is None:
            doubts.append(f"What is usual for {self.src} is not known: too few days.")
        doubts.append("Backups and shared drives send much too: ask whether one goes there.")
        return Proposal(
            key=f"upload:{self.src}>{self.dst}:{self.first.date() if self.first else ''}",
            analysis="large uploads",
            claim=f"{self.src} sent {size_words(self.bytes_out)} to {self.dst}{named} from {time_words(self.first)} "
            f"to {time_words(self.last)}",
            reasons=self._reasons(),
            confidence=confidence,
            techniques=("T1567",) if set(self.ports) <= set(WEB_PORTS) else ("T1048",),
            proof=self.proof,
            hosts=(self.src,),
            first=self.first,
            last=self.last,
            doubts=tuple(doubts),
        )

    def _reasons(self) -> tuple[Reason, ...]:
        limits = self.limits
        sent = f"{size_words(self.bytes_out)} went out in one day."
        reasons = [Reason("bytes_out", self.bytes_out, "B", limits.bytes_out, sent)]
        if self.ratio is not None:
            words = f"For each byte received {self.ratio:.3g} were sent."
            reasons.append(Reason("ratio", round(self.ratio, 3), "", limits.ratio, words))
        if self.usual is not None:
            times = f"{self.bytes_out / self.usual:.3g} times" if self.usual else "beyond"
            words = f"That is {times} what the host sends outside on a usual day ({size_words(self.usual)})."
            reasons.append(Reason("usual", self.usual, "B", limits.factor, words))
        return tuple(reasons)


def large_uploads(
    lake: Lake,
    *,
    query: str = "",
    limits: UploadLimits | None = None,
    internal: tuple[Network, ...] = INTERNAL,
    limit: int = 100,
) -> Answer[Upload]:
    """Return uploads to the outside, the largest first: of at least `bytes_out` a day, and unusual by ratio or by day.

    A day is a UTC day by the start of a connection. Bytes must be in the logs; what a client sends to an internal proxy
    is not seen as going outside. Raises QueryError, LakeError.
    """
    limits = limits or UploadLimits()
    values: dict[str, Any] = {
        "least": limits.bytes_out,
        "ratio": limits.ratio,
        "factor": limits.factor,
        "days": limits.days,
    }
    outside = external_sql("dst_key", internal, values)
    rows = lake.select(_sql(lake, query, outside, limit), FLOW_COLUMNS, query=query, values=values)
    considered, sized, total = rows[0][:3]
    unsized = (f"{considered - sized:,} of {considered:,} connections have no sizes.",) if sized < considered else ()
    return Answer(tuple(_upload(row[3:], limits) for row in rows if row[3] is not None), total, considered, unsized)


def _sql(lake: Lake, query: str, outside: str, limit: int) -> str:
    return f"""
        , {flows_sql(lake, query)},
        sent as not materialized (select *, (epoch_us(time) // 86400000000)::bigint as day from flows where {outside}),
        looked as (select count(*) as n, count(bytes_out) as sized from sent),
        daily as (select src_address, day, sum(bytes_out) as bytes from sent where bytes_out > 0 group by 1, 2),
        much as (select hash(src_address, dst_address, day) as key from sent group by 1 having sum(bytes_out) >= $least),
        pairs as (
            select src_address, dst_address, day, list_sort(list(distinct dst_port))[1:20] as ports,
                mode(domain) as name, sum(bytes_out) as bytes_out, sum(bytes_in) as bytes_in, count(*) as n,
                epoch_us(min(time)) as first, epoch_us(max(time)) as last,
                max_by(item || '.' || seq, bytes_out, 12) as events
            from sent semi join much on hash(src_address, dst_address, day) = key group by 1, 2, 3
        ),
        judged as (
            select pairs.*, bytes_out / nullif(bytes_in, 0) as ratio, (
                select case when count(*) >= $days then median(bytes) end from daily
                where daily.src_address = pairs.src_address and daily.day <> pairs.day
            ) as usual from pairs
        )
        select looked.n, looked.sized, count(src_address) over (), src_address, dst_address, ports, name, bytes_out,
            bytes_in, ratio, usual, judged.n, first, last, events
        from looked left join judged on bytes_in = 0 or ratio >= $ratio or bytes_out >= $factor * usual
        order by bytes_out desc nulls last, src_address, dst_address, first limit {max(1, int(limit))}
    """  # noqa: S608 - our own words only


def _upload(row: tuple[Any, ...], limits: UploadLimits) -> Upload:
    src, dst, ports, name, sent, received, ratio, usual, count, first, last, events = row
    return Upload(
        src,
        dst,
        tuple(port for port in ports if port is not None),
        name,
        int(sent),
        None if received is None else int(received),
        None if ratio is None else float(ratio),
        None if usual is None else int(usual),
        count,
        moment(first),
        moment(last),
        Proof.of(events, count),
        limits,
    )
