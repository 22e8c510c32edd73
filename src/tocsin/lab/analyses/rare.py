"""Rare values: stacking across hosts. What runs on one host of many, or under a usual name from an unusual place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.lab.analyses.answer import Answer, Confidence, Proof, Proposal, Reason, counted, listed, moment, time_words
from tocsin.lab.lake import Lake, LakeError
from tocsin.lab.lake.columns import BY_NAME
from tocsin.lab.lake.sql import column_sql

HOSTS = 1
"""Hosts that a rare value is on at most: an intruder's tools are first on one."""
ALL_HOSTS = 5
"""With fewer hosts in the evidence, most values are on one, and rarity says nothing."""
USUAL = 0.5
"""Share of the hosts with a name on which it stands in its usual place."""

PATHS = ("process", "parent_process", "path")
SPELLINGS = (
    (r"^(\\\\[?.]\\|\\[?][?]\\)?(\\device\\harddiskvolume\d+|[a-z]:)\\", r"\\"),
    (r"^(%windir%|%systemroot%|\\systemroot)\\", r"\\windows\\"),
    (r"^\\users\\[^\\]+\\", r"\\users\\*\\"),
)
"""Paths are compared without their volume, with system variables filled in, and with all users' folders alike."""


@dataclass(frozen=True, slots=True)
class Rare:
    """A combination of values that few hosts have. `usual` is what most hosts have in its stead: the same first value
    with other ones."""

    values: tuple[str, ...]
    columns: tuple[str, ...]
    hosts: tuple[str, ...]
    all_hosts: int
    """Hosts that have the columns at all."""
    count: int
    first: datetime | None
    last: datetime | None
    usual: tuple[str, ...] | None
    usual_hosts: int
    proof: Proof
    most: int
    """The threshold."""

    @property
    def proposal(self) -> Proposal:
        """The finding that this supports."""
        named = " ".join(self.values[1:] or self.values)
        words = f"Of {self.all_hosts} hosts with such events only {listed(self.hosts)} had it."
        reasons = [Reason("hosts", len(self.hosts), "", self.most, words)]
        if self.usual:
            words = f"On {counted(self.usual_hosts, 'host')} {self.values[0]} stands as {' '.join(self.usual)}."
            reasons.append(Reason("usual_hosts", self.usual_hosts, "", None, words))
        confidence: Confidence = "moderate" if self.usual else "low"
        masked = self.usual is not None and "process" in self.columns
        return Proposal(
            key=f"rare:{','.join(self.columns)}:{'|'.join(self.values)}",
            analysis="rare values",
            claim=f"{named} was seen on {listed(self.hosts)} only, {counted(self.count, 'time')} from {time_words(self.first)}",
            reasons=tuple(reasons),
            confidence=confidence,
            techniques=("T1036.005",) if masked else (),
            proof=self.proof,
            hosts=self.hosts,
            first=self.first,
            last=self.last,
            doubts=("Most rare values are harmless: single installations, updates, administrators' tools.",),
        )


def rare_values(
    lake: Lake,
    by: Sequence[str] = ("process_name", "process"),
    *,
    query: str = "",
    most: int = HOSTS,
    all_hosts: int = ALL_HOSTS,
    limit: int = 200,
) -> Answer[Rare]:
    """Return combinations of one to three common columns on at most `most` hosts: those first whose first value most
    hosts have with other values (the usual name from an unusual place), then those seen the fewest times.

    Values are compared without case. The answer is empty, with a note, where fewer than `all_hosts` hosts are in the
    evidence. Raises QueryError; LakeError for an unknown column.
    """
    unknown = [name for name in by if name not in BY_NAME]
    if unknown or not 1 <= len(by) <= 3:
        raise LakeError(
            f"Stack one to three of the columns {', '.join(BY_NAME)}; {listed(unknown) or 'none'} was asked"
        )
    rows = lake.select(_sql(by, limit), ["time", "item", "seq", "host_name", *by], query=query, values={"most": most})
    everyone, considered, total = rows[0][:3]
    if everyone < all_hosts:
        words = f"Rarity was not judged: {counted(everyone, 'host')} in the evidence, {all_hosts} are needed."
        return Answer((), 0, considered, (words,))
    found = tuple(_rare(row[3:], tuple(by), everyone, most) for row in rows if row[3] is not None)
    return Answer(found, total, considered)


def _sql(by: Sequence[str], limit: int) -> str:
    keys = ", ".join(f"{_key_sql(name)} as v{place}" for place, name in enumerate(by))
    there = " and ".join(f"{column_sql(name)} is not null" for name in by)
    names = ", ".join(f"v{place}" for place in range(len(by)))
    shown = ", ".join(f"any_value({column_sql(name)}::varchar) as s{place}" for place, name in enumerate(by))
    rest = "|| ' ' ||".join(f"v{place}" for place in range(1, len(by))) or "''"
    return f"""
        , valued as not materialized (select *, {keys} from events where host_name is not null and {there}),
        looked as (select count(distinct host_name) as hosts, count(*) as n from valued),
        pairs as (select {names}, host_name, count(*) as n from valued group by all),
        stacked as (select {names}, {rest} as rest, count(*) as hosts, sum(n) as n from pairs group by {names}),
        usual as (
            select v0, max_by(rest, hosts) as rest, max(hosts) as hosts,
                max(hosts) > $most and max(hosts) >= {USUAL} * sum(hosts) as is_usual
            from stacked group by 1
        ),
        rare as (
            select {", ".join(f"stacked.v{place}" for place in range(len(by)))}, stacked.n,
                case when is_usual and usual.rest <> stacked.rest then usual.rest end as usual, usual.hosts as usual_hosts,
                count(*) over () as total
            from stacked join usual using (v0) where stacked.hosts <= $most
            order by (usual is not null) desc, stacked.n, {names} limit {max(1, int(limit))}
        ),
        shown as (
            select {names}, {shown}, list_sort(list(distinct host_name))[1:20] as hosts, epoch_us(min(time)) as first,
                epoch_us(max(time)) as last, min_by(item || '.' || seq, coalesce(time, 'infinity'::timestamptz), 12) as events
            from valued semi join rare using ({names}) group by {names}
        )
        select looked.hosts, looked.n, coalesce(total, 0), {", ".join(f"s{place}" for place in range(len(by)))}, found.hosts,
            found.n, first, last, usual, usual_hosts, events
        from looked left join (rare join shown using ({names})) as found on true
        order by (usual is not null) desc, found.n, {names}
    """  # noqa: S608 - our own words only


def _key_sql(name: str) -> str:
    """Return SQL for what a column's values are compared by."""
    key = f"lower({column_sql(name)}::varchar)"
    if name not in PATHS:
        return key
    for pattern, instead in SPELLINGS:
        key = f"regexp_replace({key}, '{pattern}', '{instead}')"
    return key


def _rare(row: tuple[Any, ...], by: tuple[str, ...], everyone: int, most: int) -> Rare:
    values, (hosts, count, first, last, usual, usual_hosts, events) = row[: len(by)], row[len(by) :]
    return Rare(
        tuple(values),
        by,
        tuple(hosts),
        everyone,
        int(count),
        moment(first),
        moment(last),
        (usual,) if usual else None,
        usual_hosts if usual else 0,
        Proof.of(events, int(count)),
        most,
    )
