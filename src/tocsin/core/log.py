"""The log: appending to a chain, reading it, exporting it, proving that it holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import QuerySet

from tocsin.core.canonical import canonical, digest, plain
from tocsin.core.models import Chain, LogEntry

GENESIS = "0" * 64


@dataclass(frozen=True)
class Fault:
    """The first thing that does not hold: where (line or sequence, counted from 1) and what."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


@dataclass(frozen=True)
class Proof:
    """The result of a verification: entries checked, the head of each chain, and the first fault, if any."""

    entries: int
    heads: dict[str, str]
    fault: Fault | None = None

    @property
    def holds(self) -> bool:
        """Whether every entry is what it was when it was written."""
        return self.fault is None


def append(chain: Chain, *, time: datetime, actor: dict[str, Any], verb: str, thing: tuple[str, str],
           payload: dict[str, Any], cause: LogEntry | None) -> LogEntry:  # fmt: skip
    """Append one entry to a chain that the caller has locked in its transaction (core.action does)."""
    entry = LogEntry(
        chain=chain,
        sequence=chain.length + 1,
        time=time,
        clock_time=chain.time(time) if chain.clock else None,
        actor=plain(actor),
        verb=verb,
        object_kind=thing[0],
        object_id=thing[1],
        payload=plain(payload),
        cause={"chain": str(cause.chain_id), "sequence": cause.sequence} if cause else None,
        previous=chain.head,
    )
    entry.hash = digest(entry.body())
    entry.save(force_insert=True)
    chain.length, chain.head = entry.sequence, entry.hash
    chain.save(update_fields=["length", "head"])
    return entry


def export(entries: QuerySet[LogEntry]) -> Iterator[bytes]:
    """The entries as canonical JSON lines, chain by chain, in order, each with its hash."""
    for entry in entries.order_by("chain_id", "sequence").iterator(chunk_size=2000):
        yield canonical(entry.body() | {"hash": entry.hash}) + b"\n"


def verify_lines(lines: Iterable[bytes], progress: Callable[[int], None] = lambda _: None) -> Proof:
    """Check exported lines: form, hash, order and links of every chain in them; stops at the first fault.

    A line must be the very bytes of its canonical form, so that a change that keeps the meaning is found too.
    """
    heads: dict[str, tuple[int, str]] = {}
    count = 0
    for number, line in enumerate(lines, 1):
        fault = _fault_in_line(line, heads)
        if fault:
            return Proof(count, {c: h for c, (_, h) in heads.items()}, Fault(f"line {number}", fault))
        count = number
        progress(number)
    return Proof(count, {c: h for c, (_, h) in heads.items()})


def _fault_in_line(line: bytes, heads: dict[str, tuple[int, str]]) -> str | None:
    try:
        entry = json.loads(line)
        stated = entry.pop("hash")
        chain, sequence, previous = str(entry["chain"]), entry["sequence"], entry["previous"]
        body = canonical(entry)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return f"not a log entry ({type(error).__name__}: {error})"
    if hashlib.sha256(body).hexdigest() != stated:
        return f"entry {sequence} was changed: its content does not give its hash"
    if line.rstrip(b"\n") != canonical(entry | {"hash": stated}):
        return f"entry {sequence} was rewritten: it is not in canonical form"
    last, head = heads.get(chain, (0, GENESIS))
    if sequence != last + 1:
        return f"entry {last + 1} is missing: {sequence} follows {last}"
    if previous != head:
        return f"entry {sequence} does not follow from entry {last}: the link is broken"
    heads[chain] = (sequence, stated)
    return None


def verify_database(progress: Callable[[int], None] = lambda _: None) -> Proof:
    """Check every chain in the database, and that each chain's head is its last entry; names the first bad entry."""
    count = 0
    heads: dict[str, str] = {}
    for chain in Chain.objects.order_by("id"):
        proof = verify_chain(chain, partial(_add, progress, count))
        count += proof.entries
        if proof.fault:
            return Proof(count, heads, proof.fault)
        heads |= proof.heads
    return Proof(count, heads)


def _add(progress: Callable[[int], None], before: int, now: int) -> None:
    progress(before + now)


def verify_chain(chain: Chain, progress: Callable[[int], None] = lambda _: None) -> Proof:
    """Check one chain in the database, and that its head is its last entry; names the first bad entry."""
    last, head = 0, GENESIS
    for entry in chain.entries.order_by("sequence").iterator(chunk_size=2000):
        fault = ""
        if entry.sequence != last + 1:
            fault = f"entry {last + 1} is missing"
        elif entry.previous != head:
            fault = "the link to the entry before is broken"
        elif digest(entry.body()) != entry.hash:
            fault = "its content does not give its hash"
        if fault:
            return Proof(last, {}, Fault(f"chain {chain.id} ({chain.kind}), entry {entry.sequence}", fault))
        last, head = entry.sequence, entry.hash
        progress(last)
    if (chain.length, chain.head) != (last, head):
        what = f"it should end with entry {chain.length}, the last one found is {last}"
        return Proof(last, {}, Fault(f"chain {chain.id}", what))
    return Proof(last, {str(chain.id): head})
