"""Cleared, stopped and thinned logs: what Windows says of it itself, and numbers that are missing between records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.lab.analyses.answer import Answer, Confidence, Proof, Proposal, Reason, counted, moment, time_words
from tocsin.lab.lake import Lake

THINNED = 0.5
"""Where more than this share of the numbers is missing, somebody took out what he wanted to keep: a filtered export.
Then jumps say nothing."""
MAX_JUMPS = 5
"""A log with more jumps is treated as a filtered one: who removes his traces does it in few places."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What an event id says: its meaning, the ATT&CK technique, and how sure it is."""

    words: str
    technique: str
    confidence: Confidence
    doubt: str = ""


SIGNS = {
    ("microsoft-windows-eventlog", "1102"): Sign("The Security log was cleared", "T1070.001", "high"),
    ("microsoft-windows-eventlog", "104"): Sign("A log was cleared", "T1070.001", "high"),
    ("security", "517"): Sign("The Security log was cleared", "T1070.001", "high"),
    ("microsoft-windows-eventlog", "1100"): Sign(
        "The event log service was stopped", "T1562.002", "low", "It stops with every shutdown too."
    ),
    ("microsoft-windows-eventlog", "1101"): Sign(
        "Audit events were dropped", "T1562.002", "low", "A full or busy log drops events too."
    ),
    ("microsoft-windows-eventlog", "1104"): Sign(
        "The Security log was full", "T1562.002", "low", "Logs fill up by themselves too."
    ),
    ("eventlog", "6006"): Sign(
        "The event log service was stopped", "T1562.002", "low", "It stops with every shutdown too."
    ),
    ("eventlog", "6008"): Sign("The host went down unexpectedly", "", "low", "Power and crashes do it too."),
    ("microsoft-windows-security-auditing", "4719"): Sign("The audit policy was changed", "T1562.002", "moderate"),
}
"""Provider and event id -> what they say (Microsoft, descriptions of the events)."""


@dataclass(frozen=True, slots=True)
class Tampering:
    """Something that took events away from an investigation."""

    kind: str
    """What the event id says, or `numbers missing`."""
    host: str
    channel: str
    what: str
    """The log that was cleared, or the file that numbers are missing in; empty where that is not said."""
    account: str | None
    at: datetime | None
    missing: int
    """Records that are missing; 0 where that is not known."""
    proof: Proof
    proposal: Proposal


def tampering(lake: Lake, *, query: str = "", limit: int = 500) -> Answer[Tampering]:
    """Return cleared and stopped logs, and jumps in the numbers of their records, in order of time.

    Jumps are looked for within each file of each Windows log, where records are numbered one after the other. A note
    names the files that look filtered, which cannot tell. Raises QueryError, LakeError.
    """
    told, seen = _told(lake, query)
    jumps, numbered, notes = _jumps(lake, query)
    found = sorted(
        [*told, *jumps], key=lambda one: (one.at is None, str(one.at or ""), one.host, one.channel, one.kind)
    )
    return Answer(tuple(found[:limit]), len(found), seen + numbered, tuple(notes))


def _told(lake: Lake, query: str) -> tuple[list[Tampering], int]:
    signs = ", ".join(f"('{provider}', '{code}')" for provider, code in SIGNS)
    rows = lake.select(
        f"""
        select lower(provider), code, host_name, lower(channel), coalesce(cleared, log, ''),
            coalesce("user", who), epoch_us(time) as at_time, item || '.' || seq
        from events where (lower(provider), code) in ({signs}) order by at_time nulls last, 8 limit 10000
        """,  # noqa: S608 - our own words only
        ("time", "item", "seq", "host_name", "channel", "provider", "code", "user"),
        fields={"Channel": "cleared", "LogName": "log", "SubjectUserName": "who"},
        query=query,
    )
    return [_told_one(row) for row in rows], len(rows)


def _told_one(row: tuple[Any, ...]) -> Tampering:
    provider, code, host, channel, cleared, account, at, event = row
    sign = SIGNS[provider, code]
    time = moment(at)
    where = host or "an unknown host"
    log = f" ({cleared})" if cleared else ""
    who = f" by {account}" if account else ""
    proof = Proof((event,), 1)
    proposal = Proposal(
        key=f"log:{where}:{code}:{channel}:{time:%Y-%m-%dT%H:%M:%S}"
        if time
        else f"log:{where}:{code}:{channel}:{event}",
        analysis="cleared logs",
        claim=f"{sign.words}{log} on {where}{who} at {time_words(time)}",
        reasons=(Reason("event id", code, "", None, f"Windows wrote event {code} about it."),),
        confidence=sign.confidence,
        techniques=(sign.technique,) if sign.technique else (),
        proof=proof,
        hosts=(host,) if host else (),
        first=time,
        last=time,
        doubts=(sign.doubt,) if sign.doubt else (),
    )
    return Tampering(sign.words.lower(), where, channel or "", cleared, account, time, 0, proof, proposal)


def _jumps(lake: Lake, query: str) -> tuple[list[Tampering], int, list[str]]:
    """Return missing and repeated numbers of records, how many records were looked at, and notes."""
    rows = lake.select(
        f"""
        , numbered as (
            select host_name, channel, item, source_file, record_id as number, time, item || '.' || seq as event
            from events where record_id is not null and source = 'windows' and host_name is not null
        ),
        series as (
            select *, lag(number) over log as before, lag(event) over log as event_before, lag(time) over log as time_before
            from numbered window log as (partition by host_name, channel, item, source_file order by number, time)
        ),
        logs as (
            select host_name, channel, item, source_file, count(*) as n, max(number) - min(number) + 1 as span,
                count(*) filter (number > before + 1) as jumps
            from series group by 1, 2, 3, 4
        )
        select logs.n, span, logs.jumps, logs.host_name, logs.channel, coalesce(logs.source_file, ''), number, before,
            epoch_us(time_before), event_before, event
        from logs left join series on series.host_name = logs.host_name and series.channel = logs.channel
            and series.item = logs.item and series.source_file is not distinct from logs.source_file
            and number > before + 1 and logs.jumps <= {MAX_JUMPS} and span - logs.n <= {THINNED} * span
        order by logs.host_name, logs.channel, 6, number
        """,  # noqa: S608 - our own words only
        ("time", "item", "seq", "host_name", "channel", "source", "source_file", "record_id"),
        query=query,
    )
    found = [_jump(row) for row in rows if row[6] is not None]
    logs = {row[3:6]: row[:3] for row in rows}
    filtered = sum(span - n > THINNED * span or jumps > MAX_JUMPS for n, span, jumps in logs.values())
    notes = []
    if filtered:
        words = f"{counted(filtered, 'log file')} of {len(logs)} look filtered (many numbers missing), and cannot tell."
        notes.append(words)
    return found, sum(log[0] for log in logs.values()), notes


def _jump(row: tuple[Any, ...]) -> Tampering:
    _, _, _, host, channel, file, number, before, at, event_before, event = row
    missing, time = int(number - before - 1), moment(at)
    proof = Proof((event_before, event), 2)
    words = f"The record after number {before} has number {number}."
    proposal = Proposal(
        key=f"jump:{host}:{channel}:{before}",
        analysis="cleared logs",
        claim=f"{counted(missing, 'record')} of the log {channel} of {host} are missing after {time_words(time)}",
        reasons=(Reason("missing", missing, "records", None, words),),
        confidence="low",
        techniques=("T1070.001",),
        proof=proof,
        hosts=(host,),
        first=time,
        doubts=("An export by query leaves numbers out too.",),
    )
    return Tampering("numbers missing", host, channel, file, None, time, missing, proof, proposal)
