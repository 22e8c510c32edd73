"""What accounts did: hosts, logons, programs, privileges, and at what hours of the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.lab.analyses.answer import Answer, Proof, moment
from tocsin.lab.analyses.names import account_of, is_nobody, user_of
from tocsin.lab.lake import Lake

COLUMNS = (
    *("time", "item", "seq", "channel", "code", "host_name", "user", "user_name", "process_name", "src_address"),
    "command_line",
)
FIELDS = {"LogonType": "kind", "SubjectUserName": "subject"}
PRIVILEGED = ("4672", "4673", "4674")
"""Special privileges at logon, a privileged service, an operation on a privileged object."""
STARTED = ("1", "4688")
LOGON = ("4624", "1149")
FAILED = ("4625", "4771", "4776")
EXPLICIT = ("4648",)


@dataclass(frozen=True, slots=True)
class OnHost:
    """What an account did on one host."""

    host: str
    events: int
    logons: int
    failed: int
    processes: int
    privileged: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Account:
    """An account and what it did. Counts are of events; the two logs that write a start of a process count twice."""

    name: str
    """As domain\\name in lower case; the most frequent domain where several occur."""
    spellings: tuple[str, ...]
    events: int
    logons: int
    failed: int
    explicit: int
    processes: int
    privileged: int
    programs: tuple[tuple[str, int], ...]
    """The most frequent programs that it started, with their counts."""
    addresses: tuple[str, ...]
    """Where its logons came from."""
    hours: tuple[int, ...]
    """Events in each of the 24 hours of the day, UTC."""
    days: int
    """Days (UTC) on which it did something."""
    first: datetime | None
    last: datetime | None
    hosts: tuple[OnHost, ...]
    proof: Proof

    @property
    def statement(self) -> str:
        """The account's activity as a sentence."""
        on = f"{len(self.hosts)} host{'' if len(self.hosts) == 1 else 's'}"
        return (
            f"{self.name} was active on {on} on {self.days} day{'' if self.days == 1 else 's'}: {self.logons:,} logons, "
            f"{self.failed:,} failed, {self.processes:,} programs started, {self.privileged:,} uses of privileges"
        )


def accounts(
    lake: Lake, *, account: str | None = None, query: str = "", with_machines: bool = False, limit: int = 100
) -> Answer[Account]:
    """Return what each account did, or one (with or without a domain), those on the most hosts first, then by events.

    Machines' and built-in accounts only `with_machines`. Raises QueryError, LakeError.
    """
    name = user_of(account_of(account)) if account else None
    # Two rounds: what there is of each spelling, then the details of those that are shown.
    spelt = lake.select(
        """
        select "user", user_name, count(*), count(distinct host_name) from events
        where "user" is not null and ($name is null or user_name = $name) group by 1, 2 order by 4 desc, 3 desc, 1
        """,
        ("user", "user_name", "host_name"),
        query=query,
        values={"name": name},
    )
    groups: dict[str, list[tuple[str, int, int]]] = {}
    for spelling, _, events, hosts in spelt:
        if with_machines or not is_nobody(spelling):
            groups.setdefault(account_of(spelling), []).append((spelling, events, hosts))
    wanted = account_of(account) if account and "\\" in account_of(account) else None
    keys = [key for key in groups if wanted is None or key == wanted]
    keys.sort(key=lambda key: (-max(one[2] for one in groups[key]), -sum(one[1] for one in groups[key]), key))
    shown = {key: tuple(one[0] for one in groups[key]) for key in keys[: max(1, limit)]}
    considered = sum(one[2] for one in spelt)
    return Answer(_detailed(lake, query, shown), len(keys), considered)


def _detailed(lake: Lake, query: str, shown: dict[str, tuple[str, ...]]) -> tuple[Account, ...]:
    spellings = [spelling for group in shown.values() for spelling in group]
    values = {"spellings": spellings, "keys": [key for key, group in shown.items() for _ in group]}

    def any_of(codes: tuple[str, ...]) -> str:
        return f"count(*) filter (code in ({', '.join(repr(code) for code in codes)}))"

    counts = ", ".join(any_of(codes) for codes in (LOGON, FAILED, EXPLICIT, STARTED, PRIVILEGED))
    rows = lake.select(
        _sql(counts),
        COLUMNS,
        fields=FIELDS,
        query=query,
        values=values,
    )
    by_key: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows:
        by_key.setdefault(row[0], []).append(row)
    return tuple(_account(key, shown[key], by_key[key]) for key in shown if key in by_key)


def _sql(counts: str) -> str:
    """Return SQL for one row for each account and host."""
    return f"""
    , named as materialized (select unnest($spellings) as spelling, unnest($keys) as key),
    own as not materialized (select events.*, key from events join named on "user" = spelling),
    per_host as (
        select key, host_name, count(*) as n, {counts}, epoch_us(min(time)) as first, epoch_us(max(time)) as last
        from own group by 1, 2
    ),
    programs as (
        select key, list((process_name, n) order by n desc, process_name)[1:10] as programs from (
            select key, process_name, count(*) as n from own where code in ('1', '4688') and process_name is not null
            group by 1, 2
        ) group by 1
    ),
    overall as (
        select key, histogram(hour(time at time zone 'UTC')) as hours,
            count(distinct time_bucket(interval 1 day, time at time zone 'UTC')) as days,
            list_sort(list(distinct src_address) filter (
                src_address is not null and code in ('4624', '4625', '1149')))[1:20] as addresses,
            min_by(item || '.' || seq, coalesce(time, 'infinity'::timestamptz), 12) as events
        from own group by 1
    )
    select per_host.*, programs, hours, days, addresses, events
    from per_host join overall using (key) left join programs using (key) order by key, n desc, host_name
    """  # noqa: S608 - our own words only


def _account(key: str, spellings: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Account:
    programs, hours, days, addresses, events = rows[0][10:]
    hosts = tuple(
        OnHost(row[1], row[2], row[3], row[4], row[6], row[7], moment(row[8]), moment(row[9]))
        for row in rows
        if row[1] is not None
    )
    firsts = [row[8] for row in rows if row[8] is not None]
    lasts = [row[9] for row in rows if row[9] is not None]
    total = [sum(row[place] for row in rows) for place in range(2, 8)]
    return Account(
        key,
        spellings,
        total[0],
        total[1],
        total[2],
        total[3],
        total[4],
        total[5],
        tuple((name, count) for name, count in (programs or ())),
        tuple(addresses or ()),
        tuple((hours or {}).get(hour, 0) for hour in range(24)),
        days,
        moment(min(firsts, default=None)),
        moment(max(lasts, default=None)),
        hosts,
        Proof.of(events, total[0]),
    )
