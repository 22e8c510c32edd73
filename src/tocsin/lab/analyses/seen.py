"""First and last seen: which values of a column or field are new since a time, against what there was before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tocsin.lab.analyses.answer import Answer, Proof, moment
from tocsin.lab.lake import Lake, LakeError
from tocsin.lab.lake.columns import BY_NAME
from tocsin.lab.lake.sql import column_sql

BASELINE = timedelta(days=7)
"""Less than a week before says little about what is usual: weekly jobs would all be new."""
LIMIT = 1_000


@dataclass(frozen=True, slots=True)
class FirstSeen:
    """A value, when and where it was first and last seen, and how often."""

    value: str
    count: int
    hosts: int
    first_host: str | None
    first: datetime | None
    last: datetime | None
    proof: Proof

    @property
    def statement(self) -> str:
        """The value's first appearance as a sentence."""
        where = f" on {self.first_host}" if self.first_host else ""
        since = f"{self.first:%Y-%m-%d %H:%M:%S} UTC" if self.first else "an unknown time"
        return f"{self.value} was first seen{where} at {since}"


def first_seen(
    lake: Lake,
    name: str,
    *,
    since: datetime | None = None,
    query: str = "",
    baseline: timedelta = BASELINE,
    limit: int = LIMIT,
) -> Answer[FirstSeen]:
    """Return the values of a common column, or an own field as `fields.NAME`, first seen at or after `since` (None: all),
    the earliest first.

    A note says where the evidence reaches back less than `baseline` before `since`, in all or on some hosts.
    Raises QueryError; LakeError where there is no such column.
    """
    own = name.partition(".")[2] if name.startswith("fields.") else None
    if own is None and name not in BY_NAME:
        raise LakeError(f"There is no column {name!r}: use one of {', '.join(BY_NAME)}, or fields.NAME")
    column = "own_value" if own is not None else name
    columns = list(dict.fromkeys(["time", "item", "seq", "host_name", *([] if own is not None else [name])]))
    rows = lake.select(
        _sql(column, limit),
        columns,
        fields={own: "own_value"} if own is not None else None,
        query=query,
        values={"since": since},
    )
    considered, start, total = int(rows[0][0] or 0), moment(rows[0][1]), rows[0][2]
    notes: list[str] = []
    if since is not None and (start is None or start > since - baseline):
        reach = f"{(since - start).total_seconds() / 86_400:.1f} days" if start and start < since else "nothing"
        notes.append(f"The evidence has {reach} from before: what is new may only be new to it.")
    found = tuple(_seen(row[3:]) for row in rows if row[3] is not None)
    return Answer(found, total or 0, considered, tuple(notes))


def _sql(column: str, limit: int) -> str:
    """Return SQL for the values first seen since $since, beside what there is in all."""
    return f"""
    , valued as not materialized (
        select {column_sql(column)}::varchar as value, time, host_name, item, seq from events
        where {column_sql(column)} is not null
    ),
    keys as (
        select hash(value) as key, min(time) as first, count(*) as n from valued group by 1
    ),
    fresh as (select key from keys where $since is null or first >= $since order by first nulls last, key limit {limit}),
    everything as (
        select sum(n) as n, epoch_us(min(first)) as first, count(*) filter ($since is null or first >= $since) as total
        from keys
    )
    select everything.n, everything.first, everything.total, value, count(valued.time) + count(*) filter (time is null),
        count(distinct host_name), min_by(host_name, time), epoch_us(min(time)) as seen, epoch_us(max(time)),
        min_by(item || '.' || seq, time, 12), any_value(item || '.' || seq)
    from everything left join (valued semi join fresh on hash(value) = key) as valued on true
    group by everything.n, everything.first, everything.total, value order by seen nulls last, value
    """  # noqa: S608 - our own words only


def _seen(row: tuple[Any, ...]) -> FirstSeen:
    value, count, hosts, host, first, last, events, any_event = row
    return FirstSeen(value, count, hosts, host, moment(first), moment(last), Proof.of(events or [any_event], count))
