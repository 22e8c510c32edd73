"""Conversations: who talked to whom on which port, how often, how much and how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.lab.analyses.answer import Answer, Proof, moment
from tocsin.lab.lake import Lake
from tocsin.lab.network.flows import FLOW_COLUMNS, flows_sql

MAX_CONVERSATIONS = 10_000


@dataclass(frozen=True, slots=True)
class Conversation:
    """All connections from one address to another on one port; bytes and seconds are None where no record has them."""

    src: str
    dst: str
    port: int | None
    protocol: str
    domain: str | None
    """The name of the destination that most records give."""
    count: int
    bytes_out: int | None
    bytes_in: int | None
    seconds: float | None
    """The length of all connections together."""
    longest: float | None
    first: datetime | None
    last: datetime | None
    proof: Proof


def conversations(lake: Lake, *, query: str = "", limit: int = 1_000) -> Answer[Conversation]:
    """Return the conversations, those with the most bytes sent first, then those with the most connections.

    Two sensors of the same traffic are not added up (see flows.py). Raises QueryError, LakeError.
    """
    limit = max(1, min(limit, MAX_CONVERSATIONS))
    rows = lake.select(
        # Counted by a hash first, named after that: a lake may hold as many conversations as connections.
        f"""
        , {flows_sql(lake, query)},
        keyed as not materialized (select *, hash(src_address, dst_address, dst_port, lower(protocol)) as key from flows),
        talks as (select key, count(*) as n, sum(bytes_out) as sent from keyed group by 1),
        everything as (select count(*) as talks, sum(n) as connections from talks),
        top as (select key from talks order by sent desc nulls last, n desc, key limit {limit})
        select any_value(src_address) as src, any_value(dst_address) as dst, any_value(dst_port) as port,
            coalesce(any_value(lower(protocol)), ''), mode(domain), count(*) as n, sum(bytes_out) as sent,
            sum(bytes_in), sum(duration), max(duration), epoch_us(min(time)), epoch_us(max(time)),
            min_by(item || '.' || seq, time, 12), any_value(talks), any_value(connections)
        from keyed join top using (key) cross join everything group by key
        order by sent desc nulls last, n desc, src, dst, port
        """,  # noqa: S608 - our own words only
        FLOW_COLUMNS,
        query=query,
    )
    found = tuple(_conversation(row) for row in rows)
    return Answer(found, rows[0][-2] if rows else 0, int(rows[0][-1]) if rows else 0)


def _conversation(row: tuple[Any, ...]) -> Conversation:
    src, dst, port, protocol, domain, count, sent, received, seconds, longest, first, last, events = row[:13]
    return Conversation(
        src,
        dst,
        port,
        protocol,
        domain,
        count,
        None if sent is None else int(sent),
        None if received is None else int(received),
        None if seconds is None else float(seconds),
        None if longest is None else float(longest),
        moment(first),
        moment(last),
        Proof.of(events, count),
    )
