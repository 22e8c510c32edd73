"""Beacons: a host that calls the same destination at regular intervals, as malware does that waits for orders.

What is measured, for each source, destination and port (or domain): connections that start close together are one
check-in; the gaps between check-ins are held against their median. Programs that sleep for a set time keep close to it,
also with jitter; people do not. Four parts make the score, each 0 to 1:

- steady: 1 - (median absolute deviation of the gaps / median gap). A sleep with 50 % jitter gives about 0.83, random
  (Poisson) arrivals 0.31, browsing less. The median ignores nights off and single failures.
- on beat: the share of gaps within half to one and a half of the median.
- lasting: the share of 24 equal parts of its span in which there was a check-in; a download in one go has few.
- alike: 1 - (median absolute deviation of the bytes sent / their median): empty check-ins are all of one size. Left out
  where no sizes are known.

The score is their mean, steady counted twice. The thought of scoring regularity by medians is that of RITA (Active
Countermeasures); code, parts and weights are our own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from tocsin.lab.analyses.answer import Answer, Confidence, Proof, Proposal, Reason, moment, span_words, time_words
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
WEB_PORTS = (80, 443, 8080, 8443)


@dataclass(frozen=True, slots=True)
class BeaconLimits:
    """What counts as a beacon, each with its reason."""

    check_ins: int = 20
    """Fewer gaps than this are regular by chance too often."""
    hours: float = 1.0
    """Shorter series are page loads, retries and downloads."""
    seconds: float = 5.0
    """Shorter median gaps are streams and polling pages, which a person is looking at."""
    burst: float = 1.0
    """Seconds: connections that start within this after one another are one check-in."""
    score: float = 0.75
    """Random arrivals score about 0.5, browsing 0.4, a sleep with 50 % jitter about 0.88."""
    common: float = 0.5
    """Where more than this share of at least five sources call a destination, it is likely a service of the house."""


@dataclass(frozen=True, slots=True)
class Beacon:
    """A series of regular check-ins, with what was measured."""

    src: str
    dst: str
    port: int | None
    check_ins: int
    connections: int
    period: float
    """Median gap in seconds."""
    jitter: float
    """Median absolute deviation of the gaps in seconds."""
    steady: float
    on_beat: float
    lasting: float
    alike: float | None
    score: float
    bytes_out: int | None
    sources: int
    """Sources in the evidence that call the same destination."""
    all_sources: int
    first: datetime | None
    last: datetime | None
    proof: Proof
    domain: str | None
    harmless: str | None
    """What harmless service this may be, in words; None where none is known."""
    limits: BeaconLimits

    @property
    def proposal(self) -> Proposal:
        """The finding that this supports."""
        return _proposal(self)


def beacons(
    lake: Lake,
    *,
    by: By = "address",
    query: str = "",
    limits: BeaconLimits | None = None,
    internal: tuple[Network, ...] | None = INTERNAL,
    limit: int = 100,
) -> Answer[Beacon]:
    """Return beacons by falling score, those with a harmless explanation last.

    `by` domain takes logs that say the name asked for (HTTP, TLS, proxy), which finds a beacon behind a proxy.
    Destinations within `internal` are left out; None looks at all. Raises QueryError, LakeError.

    Not seen: a beacon that many others hide (a proxy or NAT as one source, one destination for all names), sleeps that
    are drawn at random over orders of magnitude, and series with fewer than `check_ins`.
    """
    limits = limits or BeaconLimits()
    values: dict[str, Any] = {"least": limits.check_ins, "burst": limits.burst}
    outside = "true" if internal is None or by == "domain" else external_sql("dst_key", internal, values)
    rows = lake.select(_sql(lake, query, by, outside), FLOW_COLUMNS, query=query, values=values)
    considered = int(rows[0][-1])
    found = [beacon for row in rows if row[0] is not None and (beacon := _beacon(row, limits)) is not None]
    # Two sensors' logs of names are two series: the one that scores better speaks.
    best = {(one.src, one.dst, one.port): one for one in sorted(found, key=lambda one: one.score)}
    scored = list(best.values())
    scored.sort(key=lambda one: (one.harmless is not None, -one.score, one.src, one.dst, one.port or 0))
    return Answer(tuple(scored[:limit]), len(scored), considered)


def _sql(lake: Lake, query: str, by: By, outside: str) -> str:
    """Return SQL for one row of measures for each series of at least $least connections."""
    calls, series = _calls_sql(lake, query, by, outside)
    return f"""
        , {calls},
        many as (select {series} as series, count(*) as n from calls group by 1 having count(*) >= $least),
        often as (
            select series, any_value(src_address) as src, any_value(target) as dst, any_value(dst_port) as port,
                mode(domain) as name, any_value(n) as n, sum(bytes_out) as sent,
                min_by(item || '.' || seq, time, 12) as events
            from calls join many on {series} = series group by 1
        ),
        spread as (select target, count(distinct src_address) as sources from calls
            where target in (select dst from often) group by 1),
        everyone as (select count(distinct src_address) as sources, count(*) as n from calls),
        times as (
            select {series} as series, epoch_us(time) / 1e6 as start, bytes_out,
                lag(epoch_us(time) / 1e6) over (partition by {series} order by time) as before
            from calls semi join many on {series} = many.series
        ),
        starts as (
            select series, start, bytes_out, start - lag(start) over (partition by series order by start) as gap
            from times where before is null or start - before > $burst
        ),
        middle as (
            select series, count(*) as check_ins, median(gap) as period, mad(gap) as jitter, min(start) as first,
                max(start) as last, median(bytes_out) as size, mad(bytes_out) as size_jitter
            from starts group by 1 having count(*) >= $least
        ),
        shape as (
            select series, count(*) filter (abs(gap - period) <= period / 2) / greatest(count(gap), 1) as on_beat,
                count(distinct least(23, floor(24 * (start - first) / greatest(last - first, 1e-6)))) / 24 as lasting
            from starts join middle using (series) group by 1
        )
        select src, dst, port, name, check_ins, often.n, period, jitter, on_beat, lasting, size, size_jitter, sent,
            spread.sources, everyone.sources, (first * 1e6)::bigint, (last * 1e6)::bigint, events, everyone.n
        from everyone left join (
            middle join shape using (series) join often using (series) join spread on spread.target = dst
        ) on true
    """  # noqa: S608 - our own words only


def _calls_sql(lake: Lake, query: str, by: By, outside: str) -> tuple[str, str]:
    """Return SQL for the connections as the table `calls`, and for what names their series."""
    if by == "domain":
        channels = ", ".join(f"'{channel}'" for channel in NAMED_CHANNELS)
        calls = f"""calls as not materialized (select *, domain as target from events where time is not null
            and src_address is not null and domain is not null and lower(channel) in ({channels}))"""  # noqa: S608
        return calls, "hash(channel, src_address, target, dst_port)"
    flows = flows_sql(lake, query)
    calls = f"{flows}, calls as not materialized (select *, dst_address as target from flows where {outside})"  # noqa: S608
    return calls, "hash(src_address, target, dst_port)"


def _beacon(row: tuple[Any, ...], limits: BeaconLimits) -> Beacon | None:
    (src, dst, port, name, check_ins, n, period, jitter, on_beat, lasting, size, size_jitter, sent) = row[:13]
    sources, everyone, first, last, events, _ = row[13:]
    if not period or period < limits.seconds or (last - first) / 1e6 < limits.hours * 3600:
        return None
    steady = max(0.0, 1 - jitter / period)
    alike = None if size is None else max(0.0, 1 - size_jitter / size) if size else 1.0
    parts = [steady, steady, on_beat, lasting, *([] if alike is None else [alike])]
    score = sum(parts) / len(parts)
    if score < limits.score:
        return None
    known = known_service(port, name or dst)
    return Beacon(
        src,
        dst,
        port,
        check_ins,
        n,
        period,
        jitter,
        steady,
        on_beat,
        lasting,
        alike,
        score,
        None if sent is None else int(sent),
        sources,
        everyone,
        moment(first),
        moment(last),
        Proof.of(events, n),
        name if name != dst else None,
        known.words if known else None,
        limits,
    )


def _proposal(found: Beacon) -> Proposal:
    place = f"{found.dst}{f':{found.port}' if found.port is not None else ''}"
    named = f" ({found.domain})" if found.domain else ""
    span = (found.last - found.first).total_seconds() if found.first and found.last else 0
    doubts = [found.harmless] if found.harmless else []
    shared = found.all_sources >= 5 and found.sources > found.limits.common * found.all_sources
    if shared:
        doubts.append(f"{found.sources} of {found.all_sources} sources call it: likely a service of the house.")
    confidence: Confidence = "low" if doubts else "high" if found.score >= 0.9 else "moderate"
    return Proposal(
        key=f"beacon:{found.src}>{place}",
        analysis="beaconing",
        claim=f"{found.src} called {place}{named} about every {span_words(found.period)}, {found.check_ins:,} times over "
        f"{span_words(span)} from {time_words(found.first)}",
        reasons=_reasons(found),
        confidence=confidence,
        techniques=("T1071.001",) if found.port in WEB_PORTS else ("T1071",),
        proof=found.proof,
        hosts=(found.src,),
        first=found.first,
        last=found.last,
        doubts=tuple(doubts),
    )


def _reasons(found: Beacon) -> tuple[Reason, ...]:
    limits = found.limits
    low, high = span_words(found.period / 2), span_words(found.period * 1.5)
    reasons = [
        Reason("score", round(found.score, 3), "", limits.score, f"Regularity scores {found.score:.2f} of 1."),
        Reason("check_ins", found.check_ins, "", limits.check_ins, f"There were {found.check_ins:,} check-ins."),
        Reason(
            "jitter",
            round(found.jitter, 3),
            "s",
            None,
            f"Half of the gaps differ from {span_words(found.period)} by less than {span_words(found.jitter)}.",
        ),
        Reason("on_beat", round(found.on_beat, 3), "", None, f"{found.on_beat:.0%} of the gaps are {low} to {high}."),
        Reason("lasting", round(found.lasting, 3), "", None, f"It went on in {found.lasting:.0%} of its span."),
    ]
    if found.alike is not None:
        words = f"The sizes sent are alike to {found.alike:.0%}."
        reasons.append(Reason("alike", round(found.alike, 3), "", None, words))
    return tuple(reasons)
