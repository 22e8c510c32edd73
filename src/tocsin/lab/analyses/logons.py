"""Logons: who came from where to which host, how, and whether it worked; as contacts in time and as a graph.

Windows: 4624 and 4625 (logon, failed logon; written by the target), 4648 (explicit credentials; written by the source),
1149 and LocalSessionManager 21 and 25 (remote desktop). Linux: sshd's own sentences, `Accepted` and `Failed`.
4672 (special privileges) marks the logon of the same id as privileged. One remote desktop session writes several of
these; those of a minute are one contact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from sys import intern
from typing import Any, Literal

from tocsin.lab.analyses.addresses import Addresses, addresses_of_hosts
from tocsin.lab.analyses.answer import Answer, Proof, counted, moment
from tocsin.lab.analyses.names import LOCAL_ADDRESSES, account_of, host_of, is_nobody
from tocsin.lab.lake import Lake

Kind = Literal[
    "interactive", "network", "batch", "unlock", "clear text", "new credentials", "remote desktop", "cached", "ssh"
]
KINDS = {
    "2": "interactive",
    "3": "network",
    "4": "batch",
    "7": "unlock",
    "8": "clear text",
    "9": "new credentials",
    "10": "remote desktop",
    "11": "cached",
    "12": "remote desktop",
    "13": "unlock",
}
"""Windows logon types (Microsoft, event 4624) that people and services have; 0 and 5 are the system's own."""
EXPLICIT = "explicit credentials"
MAX_CONTACTS = 100_000
"""Contacts held in memory (about 100 MB). Where there are more, longer spans of time count as one contact."""
SPANS = (1, 10, 60, 1_440)
"""Minutes within which one account's logons from one source to one target in one way are one contact."""
EVENTS = 3
"""Events that one contact names."""
COLUMNS = (
    *("time", "item", "seq", "channel", "code", "host_name", "user", "target_user", "logon_id", "logon_type"),
    *("src_address", "provider", "message"),
)
WHO = """case when is_ssh then said['who'] when is_explicit then target_user else "user" end"""
WHENCE = "case when is_ssh then said['from'] else src_address end"
FIELDS = {
    "LogonProcessName": "logon_process",
    "AuthenticationPackageName": "package",
    "KeyLength": "key_length",
    "WorkstationName": "workstation",
    "TargetServerName": "target_server",
    "TargetOutboundUserName": "outbound_user",
}


@dataclass(frozen=True, slots=True)
class Contact:
    """What one account did from one source to one target in one way within a minute (longer where there is too much)."""

    source: str | None
    """A host's name, an address where the host is not known, None for the target itself."""
    target: str
    account: str
    """As domain\\name, lower case, see names.account_of."""
    actor: str | None
    """Whose session used explicit credentials (4648, logon type 9), where that is another account."""
    kind: str
    failed: bool
    privileged: bool
    package: str | None
    """NTLM, Kerberos, Negotiate; None where not said."""
    keyless: bool
    """NTLM without a session key from a logon process of its own, as pass-the-hash tools leave it, and some clients."""
    seclogo: bool
    """Logon type 9 by the secondary logon service: `runas /netonly`, and the way tools pass hashes."""
    first: datetime
    last: datetime
    count: int
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """All contacts from a source to a target by an account in one way."""

    source: str | None
    target: str
    account: str
    kind: str
    count: int
    failed: int
    privileged: int
    packages: tuple[str, ...]
    first: datetime
    last: datetime
    proof: Proof

    @property
    def statement(self) -> str:
        """The edge as a sentence."""
        came = f"from {self.source}" if self.source else "locally"
        lost = f", {self.failed:,} of them failed" if self.failed else ""
        times = counted(self.count, "time")
        return f"{self.account} logged on to {self.target} {came} ({self.kind}) {times}{lost}"


def contacts(
    lake: Lake, *, query: str = "", with_machines: bool = False, addresses: Addresses | None = None
) -> Answer[Contact]:
    """Return logons in order of time. Machines' and built-in accounts only `with_machines`.

    Sources are named by `addresses` (by default what the same evidence proves). Raises QueryError, LakeError.
    """
    known = addresses or addresses_of_hosts(lake, query=query)
    minutes = _span(lake, query)
    rows = lake.select(_sql(minutes), COLUMNS, fields=FIELDS, query=query)
    by_code: dict[tuple[Any, ...], Contact] = {}
    for row in rows[:MAX_CONTACTS]:
        contact = _contact(row, known)
        if contact is None or (not with_machines and is_nobody(contact.account)):
            continue
        key = (contact.source, contact.target, contact.account, contact.kind, contact.failed, *row[:2])
        by_code[key] = _together(by_code[key], contact, sum) if key in by_code else contact
    made: dict[tuple[Any, ...], Contact] = {}
    for key, contact in by_code.items():
        # What different kinds of records say of the same minute is the same logons.
        made[key[:-1]] = _together(made[key[:-1]], contact, max) if key[:-1] in made else contact
    notes = [] if minutes == 1 else [f"What happened within {minutes} minutes is one contact: its order is not known."]
    if len(rows) > MAX_CONTACTS:
        notes.append(f"Only the first {MAX_CONTACTS:,} contacts were looked at: narrow the time.")
    if known.shared:
        notes.append(f"{counted(len(known.shared), 'address')} had several hosts and stand for themselves.")
    considered = sum(row[-1] for row in rows)
    found = sorted(made.values(), key=lambda one: (one.first, one.target, one.source or "", one.account, one.kind))
    return Answer(tuple(found), len(found), considered, tuple(notes))


def edges(found: Iterable[Contact], *, limit: int = 2_000) -> Answer[Edge]:
    """Return the logon graph of some contacts: those from elsewhere first, then by count."""
    groups: dict[tuple[str | None, str, str, str], list[Contact]] = {}
    considered = 0
    for contact in found:
        considered += contact.count
        groups.setdefault((contact.source, contact.target, contact.account, contact.kind), []).append(contact)
    made = [_edge(key, group) for key, group in groups.items()]
    made.sort(
        key=lambda edge: (edge.source is None, -edge.count, edge.target, edge.source or "", edge.account, edge.kind)
    )
    return Answer(tuple(made[:limit]), len(made), considered)


def _span(lake: Lake, query: str) -> int:
    """Return the shortest span, in minutes, that leaves few enough contacts."""
    counts = ", ".join(
        f"count(distinct hash(epoch_us(time) // {minutes * 60_000_000}, code, host_name, who, whence, logon_type))"
        for minutes in SPANS
    )
    sql = f", {_written_sql()} select {counts} from (select *, {WHO} as who, {WHENCE} as whence from written)"  # noqa: S608
    [row] = lake.select(sql, COLUMNS, fields=FIELDS, query=query)
    return next((minutes for minutes, count in zip(SPANS, row, strict=True) if count <= MAX_CONTACTS), SPANS[-1])


def _written_sql() -> str:
    """Return SQL for the logons as they were written, and the sessions with special privileges."""
    windows = "lower(channel) = 'security' and code in ('4624', '4625') and logon_type not in ('0', '5')"
    explicit = "lower(channel) = 'security' and code = '4648'"
    remote = (
        "lower(channel) = 'microsoft-windows-terminalservices-remoteconnectionmanager/operational' and code = '1149' or "
        "lower(channel) = 'microsoft-windows-terminalservices-localsessionmanager/operational' and code in ('21', '25')"
    )
    # The last " from " counts: what stands before it is what the client gave as a name.
    said = r"'^(?:.*: )?(Accepted|Failed) (\S+) for (?:invalid user )?(.*) from (\S+) port \d+', ['word', 'method', 'who', 'from']"
    # Any program may write such a sentence; only the daemon's own counts.
    linux = (
        "starts_with(lower(channel), 'linux/') and lower(provider) in ('sshd', 'sshd-session') and contains(message, ' from ') "
        "and (contains(message, 'Accepted ') or contains(message, 'Failed '))"
    )
    return f"""
        privileges as not materialized (
            select distinct host_name, logon_id as session from events
            where code = '4672' and lower(channel) = 'security' and logon_id is not null
        ),
        written as not materialized (
            select *, regexp_extract(case when {linux} then message end, {said}) as said, {linux} as is_ssh,
                {explicit} as is_explicit
            from events where {windows} or {explicit} or {remote} or {linux}
        )
    """  # noqa: S608 - our own words only


def _sql(minutes: int) -> str:
    """Return SQL for one row for each contact and code."""
    return f"""
        , {_written_sql()}
        select (epoch_us(time) // {minutes * 60_000_000})::bigint as span, code, written.host_name, is_ssh,
            {WHO} as account,
            case when is_explicit then "user" when logon_type = '9' then outbound_user end as other,
            {WHENCE} as address, workstation, target_server, logon_type,
            package, coalesce(key_length = '0' and upper(package) = 'NTLM', false) as keyless,
            coalesce(trim(lower(logon_process)) = 'seclogo', false) as seclogo,
            coalesce(code = '4625', false) or coalesce(said['word'] = 'Failed', false) as failed,
            session is not null as privileged,
            epoch_us(min(time)) as first, epoch_us(max(time)), min_by(item || '.' || seq, time, {EVENTS}), count(*)
        from written left join privileges on privileges.host_name = written.host_name and session = logon_id
            and code = '4624'
        where time is not null and written.host_name is not null and not (is_ssh and said['who'] = '')
        group by all order by first limit {MAX_CONTACTS + 1}
    """  # noqa: S608 - our own words only


def _contact(row: tuple[Any, ...], known: Addresses) -> Contact | None:
    (_, code, host, is_ssh, account, other, address, workstation, server, kind) = row[:10]
    package, keyless, seclogo, failed, privileged, first, last, events, count = row[10:]
    start, end = moment(first), moment(last)
    if not account or start is None or end is None:
        return None
    # The same few names come again and again: one copy of each is kept.
    host = target = intern(host)
    if code == "4648":
        source: str | None = host
        target = host if not server or host_of(server) == "localhost" else known.name(host_of(server))
    else:
        source = _source(address, workstation, host, known)
    source = None if source is None or source == target else intern(source)
    word = (
        "ssh" if is_ssh else EXPLICIT if code == "4648" else KINDS.get(kind or "", "remote desktop" if not kind else "")
    )
    if not word or (code in ("21", "25") and source is None):
        return None
    actor = account_of(other) if other and not is_nobody(other) else None
    return Contact(
        source,
        target,
        intern(account_of(account)),
        actor if actor != account_of(account) else None,
        word,
        failed,
        privileged,
        intern(package) if package else None,
        keyless and kind == "3",
        seclogo and kind == "9",
        start,
        end,
        count,
        tuple(events),
    )


def _source(address: str | None, workstation: str | None, host: str, known: Addresses) -> str | None:
    """Return where a logon came from: the address's host, the address, or the workstation as the client named it."""
    if address and address.lower() not in LOCAL_ADDRESSES and not address.startswith("127."):
        return known.name(address)
    if workstation and workstation.strip() not in ("", "-") and host_of(workstation) != host:
        return host_of(workstation) if not (address or "").startswith(("127.", "::1")) else None
    return None


def _together(one: Contact, other: Contact, count: Callable[[tuple[int, int]], int]) -> Contact:
    """Return two records of the same contact as one, their counts put together by `count`."""
    return Contact(
        one.source,
        one.target,
        one.account,
        one.actor or other.actor,
        one.kind,
        one.failed,
        one.privileged or other.privileged,
        one.package or other.package,
        one.keyless or other.keyless,
        one.seclogo or other.seclogo,
        min(one.first, other.first),
        max(one.last, other.last),
        count((one.count, other.count)),
        (*one.events, *other.events)[:EVENTS],
    )


def _edge(key: tuple[str | None, str, str, str], group: list[Contact]) -> Edge:
    count = sum(contact.count for contact in group)
    events = [event for contact in group for event in contact.events]
    packages = Counter(contact.package for contact in group if contact.package)
    return Edge(
        *key,
        count=count,
        failed=sum(contact.count for contact in group if contact.failed),
        privileged=sum(contact.count for contact in group if contact.privileged),
        packages=tuple(sorted(packages)),
        first=min(contact.first for contact in group),
        last=max(contact.last for contact in group),
        proof=Proof.of(events, count),
    )
