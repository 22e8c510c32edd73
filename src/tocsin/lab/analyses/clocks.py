"""Clock skew: how far the clocks of two hosts are apart, by what both wrote of the same thing; and clocks that were set.

Three things are written on both sides, each side in its own way, and can be told apart from all others: a connection by
its addresses and ports (Sysmon 3), a network logon by the client's address and port (4624 on the target, Sysmon 3 on
the source), and a Kerberos logon by its GUID (4624 on the target, 4648 on the source, 4769 on the domain controller).
Writing takes up to a second or two, so smaller differences are not told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.lab.analyses.answer import Answer, Proof, counted, moment, span_words
from tocsin.lab.lake import Lake

LEAST = 2.0
"""Seconds: smaller differences are the time that writing takes."""
PAIRS = 3
"""One pair can be a coincidence; three that agree are none."""
SPREAD = 5.0
"""Seconds: where the differences deviate from their median by more, the pairs are not of the same thing, or a clock was
set in between."""
REACH = 86_400.0
"""Seconds: clocks further apart than a day are not matched; ports are used again."""
FIELDS = {
    "Initiated": "initiated",
    "IpPort": "ip_port",
    "LogonGuid": "guid",
    "TargetLogonGuid": "target_guid",
    "PreviousTime": "previous",
    "NewTime": "new",
    "OldTime": "old",
    "ProcessName": "program",
}


@dataclass(frozen=True, slots=True)
class Skew:
    """How far one host's clock is ahead of another's."""

    host: str
    other: str
    seconds: float
    """Median by which `host` is ahead of `other`; negative where it is behind."""
    spread: float
    """Median absolute deviation in seconds."""
    pairs: int
    sure: bool
    """Enough pairs, that agree."""
    first: datetime | None
    last: datetime | None
    proof: Proof

    @property
    def statement(self) -> str:
        """The skew as a sentence, with what it was taken from."""
        told = f"by {counted(self.pairs, 'thing')} that both wrote of"
        if not self.sure:
            return f"The clocks of {self.host} and {self.other} could not be compared {told}: too few, or they disagree"
        if abs(self.seconds) < LEAST:
            return f"The clocks of {self.host} and {self.other} agree within {LEAST:g} s, {told}"
        ahead, behind = (self.host, self.other) if self.seconds > 0 else (self.other, self.host)
        return f"The clock of {ahead} is {span_words(abs(self.seconds))} ahead of {behind}, {told}"


@dataclass(frozen=True, slots=True)
class ClockSet:
    """A host's clock was set."""

    host: str
    at: datetime | None
    seconds: float
    """By how much, forward where positive."""
    account: str | None
    program: str | None
    proof: Proof

    @property
    def statement(self) -> str:
        """The change as a sentence."""
        way = "forward" if self.seconds > 0 else "back"
        who = f" by {self.account}" if self.account else ""
        return f"The clock of {self.host} was set {way} by {span_words(abs(self.seconds))}{who}"


def clock_skew(lake: Lake, *, query: str = "", limit: int = 200) -> Answer[Skew]:
    """Return the skew of each two hosts that wrote of the same thing, the greatest first, unsure ones last.

    Hosts that share nothing are not in the answer: nothing is said of their clocks. Raises QueryError, LakeError.
    """
    rows = lake.select(
        _skew_sql(),
        ("time", "item", "seq", "host_name", "channel", "code", "src_address", "src_port", "dst_address", "dst_port"),
        fields={
            name: alias for name, alias in FIELDS.items() if alias in ("initiated", "ip_port", "guid", "target_guid")
        },
        query=query,
    )
    found = [_skew(row) for row in rows]
    found.sort(key=lambda one: (not one.sure, -abs(one.seconds), one.host, one.other))
    considered = sum(one.pairs for one in found)
    notes = () if found else ("No two hosts wrote of the same thing: their clocks cannot be compared.",)
    return Answer(tuple(found[:limit]), len(found), considered, notes)


def _skew_sql() -> str:
    """Return SQL for how far apart each two hosts wrote of the same things."""
    return f"""
    , marks as (
        select host_name, time, item || '.' || seq as event, coalesce(lower(initiated), code) as side, case
            when code = '3' and lower(channel) like '%sysmon%' then concat_ws('|', 'c', src_address,
                src_port, dst_address, dst_port)
            when code in ('4624', '4648', '4769') and lower(channel) = 'security' then 'g|' || nullif(
                trim(lower(case when code = '4648' then target_guid else guid end), '{{}}'),
                '00000000-0000-0000-0000-000000000000')
            end as mark
        from events where time is not null and host_name is not null and code in ('3', '4624', '4648', '4769')
        union all
        select host_name, time, item || '.' || seq, code, concat_ws('|', 'l', src_address, ip_port) from events
        where code = '4624' and lower(channel) = 'security' and time is not null and host_name is not null
            and src_address is not null and try_cast(ip_port as int) > 1023
        union all
        select host_name, time, item || '.' || seq, code, concat_ws('|', 'l', src_address,
            src_port) from events
        where code = '3' and lower(channel) like '%sysmon%' and dst_port in (445, 139, 135, 5985, 5986, 3389, 88, 389)
            and time is not null and host_name is not null
    ),
    firsts as (
        select mark, host_name, side, min(time) as time, min_by(event, time) as event from marks
        where mark is not null group by 1, 2, 3
        -- What one host wrote many times over a long time is no single thing.
        having epoch_us(max(time)) - epoch_us(min(time)) < 60e6
    ),
    pairs as (
        select distinct a.host_name as host, b.host_name as other, (epoch_us(a.time) - epoch_us(b.time)) / 1e6 as ahead,
            a.time, a.event as event, b.event as event_other
        from firsts as a join firsts as b on a.mark = b.mark and a.host_name < b.host_name and a.side <> b.side
        where abs(epoch_us(a.time) - epoch_us(b.time)) / 1e6 <= {REACH}
    )
    select host, other, median(ahead), mad(ahead), count(*) as n, epoch_us(min(time)), epoch_us(max(time)),
        flatten(min_by([event, event_other], time, 6))
    from pairs group by 1, 2 order by 1, 2
    """  # noqa: S608 - our own words only


def _skew(row: tuple[Any, ...]) -> Skew:
    host, other, ahead, spread, pairs, first, last, events = row
    sure = pairs >= PAIRS and spread <= SPREAD
    return Skew(
        host, other, float(ahead), float(spread), pairs, sure, moment(first), moment(last), Proof.of(events, 2 * pairs)
    )


def clocks_set(lake: Lake, *, query: str = "", least: float = LEAST, limit: int = 200) -> Answer[ClockSet]:
    """Return where a clock was set by at least `least` seconds (Security 4616, Kernel-General 1), in order of time.

    Raises QueryError, LakeError.
    """
    rows = lake.select(
        """
        select host_name, epoch_us(time) as moment, (epoch_us(try_cast(new as timestamptz))
            - epoch_us(try_cast(coalesce(previous, old) as timestamptz))) / 1e6 as seconds, "user", program,
            item || '.' || seq
        from events where (code = '4616' and lower(channel) = 'security')
            or (code = '1' and lower(provider) = 'microsoft-windows-kernel-general')
        order by moment nulls last, 6
        """,
        ("time", "item", "seq", "host_name", "channel", "provider", "code", "user"),
        fields={name: alias for name, alias in FIELDS.items() if alias in ("previous", "new", "old", "program")},
        query=query,
    )
    groups: dict[tuple[str, int, int], list[tuple[Any, ...]]] = {}
    for row in rows:
        if row[2] is not None and abs(row[2]) >= least:
            # Two logs write of one change, at about one time.
            groups.setdefault((row[0] or "an unknown host", round(row[2]), (row[1] or 0) // 5_000_000), []).append(row)
    found = [_set(host, group) for (host, *_), group in groups.items()]
    unread = sum(row[2] is None for row in rows)
    notes = (f"{counted(unread, 'change')} of a clock do not say by how much.",) if unread else ()
    return Answer(tuple(found[:limit]), len(found), len(rows), notes)


def _set(host: str, group: list[tuple[Any, ...]]) -> ClockSet:
    account = next((row[3] for row in group if row[3]), None)
    program = next((row[4] for row in group if row[4]), None)
    proof = Proof.of([row[5] for row in group])
    return ClockSet(host, moment(group[0][1]), float(group[0][2]), account, program, proof)
