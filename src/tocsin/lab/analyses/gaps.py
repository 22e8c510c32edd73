"""Time gaps: where a host's log is silent for far longer than is usual for it, and whether the host was on meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.lab.analyses.answer import (
    Answer,
    Confidence,
    Proof,
    Proposal,
    Reason,
    counted,
    moment,
    span_words,
    time_words,
)
from tocsin.lab.lake import Lake


@dataclass(frozen=True, slots=True)
class GapLimits:
    """What counts as a gap, each with its reason."""

    seconds: float = 3_600.0
    """Shorter silences are no loss that an investigation would notice."""
    factor: float = 10.0
    """Times the log's own 99th percentile between events: what is rare for a quiet log is not for a busy one."""
    events: int = 100
    """With fewer events in a log, nothing is usual for it."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A silence of one log of one host."""

    host: str
    channel: str
    start: datetime
    """The last event before."""
    end: datetime
    """The first event after."""
    seconds: float
    usual: float
    """99 of 100 events follow the one before within this many seconds."""
    meanwhile: int
    """Events in other logs of the same host during the gap."""
    proof: Proof
    """The events before and after."""
    is_within: bool
    """Both events are in the same evidence item; otherwise two collections may just not meet."""
    limits: GapLimits

    @property
    def proposal(self) -> Proposal:
        """The finding that this supports."""
        was_on = self.meanwhile > 0 and self.is_within
        confidence: Confidence = "moderate" if was_on else "low"
        doubt = (
            "The events before and after come from different evidence items: two collections need not meet."
            if not self.is_within
            else "The log may have been filtered or rolled over when it was collected."
            if was_on
            else "The host was most likely switched off, or none of its logs of that time were collected."
        )
        return Proposal(
            key=f"gap:{self.host}:{self.channel}:{self.start:%Y-%m-%dT%H:%M}",
            analysis="time gaps",
            claim=f"The log {self.channel} of {self.host} has no events for {span_words(self.seconds)} "
            f"after {time_words(self.start)}",
            reasons=self._reasons(),
            confidence=confidence,
            techniques=("T1070",) if was_on else (),
            proof=self.proof,
            hosts=(self.host,),
            first=self.start,
            last=self.end,
            doubts=(doubt,),
        )

    def _reasons(self) -> tuple[Reason, ...]:
        return (
            Reason(
                "seconds",
                round(self.seconds),
                "s",
                self.limits.seconds,
                f"No event for {span_words(self.seconds)}.",
            ),
            Reason(
                "usual",
                round(self.usual, 1),
                "s",
                self.limits.factor,
                f"99 of 100 events of this log follow the one before within {span_words(self.usual)}.",
            ),
            Reason(
                "meanwhile",
                self.meanwhile,
                "",
                None,
                f"Other logs of the host have {counted(self.meanwhile, 'event')} in that time.",
            ),
        )


def time_gaps(lake: Lake, *, query: str = "", limits: GapLimits | None = None, limit: int = 100) -> Answer[Gap]:
    """Return gaps within each host's logs: those first during which the host's other logs went on, then the longest; gaps
    between two evidence items last.

    What came before a log's first event and after its last is not judged. Raises QueryError, LakeError.
    """
    limits = limits or GapLimits()
    rows = lake.select(
        """
        , series as (
            select host_name, channel, time, item, item || '.' || seq as event,
                lag(time) over log as before, lag(item) over log as item_before, lag(item || '.' || seq) over log as event_before
            from events where time is not null and host_name is not null and channel is not null
            window log as (partition by host_name, channel order by time)
        ),
        usual as (
            select host_name, channel, count(*) as n,
                quantile_cont((epoch_us(time) - epoch_us(before)) / 1e6, 0.99) as usual
            from series group by 1, 2
        ),
        gaps as (
            select host_name, channel, before, time, event_before, event, usual, item = item_before as is_within,
                (epoch_us(time) - epoch_us(before)) / 1e6 as seconds
            from series join usual using (host_name, channel)
            where n >= $events and epoch_us(time) - epoch_us(before) >= 1e6 * greatest($seconds, $factor * usual)
        )
        select (select count(*) from series), gaps.host_name, gaps.channel, epoch_us(gaps.before), epoch_us(gaps.time),
            any_value(seconds), any_value(usual), any_value(event_before), any_value(gaps.event), count(events.time) as n,
            any_value(is_within) as is_within
        from gaps left join events on events.host_name = gaps.host_name and events.channel <> gaps.channel
            and events.time > gaps.before and events.time < gaps.time
        group by 2, 3, 4, 5 order by 11 desc, n > 0 desc, 6 desc, 2, 3, 4
        """,
        ("time", "item", "seq", "host_name", "channel"),
        query=query,
        values={"seconds": limits.seconds, "factor": limits.factor, "events": limits.events},
    )
    found = tuple(_gap(row, limits) for row in rows[: max(1, limit)])
    return Answer(found, len(rows), rows[0][0] if rows else 0)


def _gap(row: tuple[Any, ...], limits: GapLimits) -> Gap:
    _, host, channel, start, end, seconds, usual, before, after, meanwhile, is_within = row
    first, last = moment(start), moment(end)
    assert first is not None  # noqa: S101 - the query has taken those with times only
    assert last is not None  # noqa: S101
    return Gap(host, channel, first, last, seconds, usual, meanwhile, Proof((before, after), 2), is_within, limits)
