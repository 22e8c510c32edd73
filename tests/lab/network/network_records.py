"""Zeek records made in tests, with times in seconds from a start, and lakes of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tocsin.lab.lake import Lake, write_item
from tocsin.lab.record import Record

START = datetime(2026, 3, 2, tzinfo=UTC)
DAY = 86_400


def written(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def zeek(log: str, at: float, **data: Any) -> Record:
    return Record(None, written(at), "sensor1", f"zeek/{log}", "zeek", None, {}, data)


def conn(
    at: float, src: str, dst: str, port: int = 443, *, sent: int = 500, got: int = 2_000, lasts: float = 1.0
) -> Record:
    """Return a connection as Zeek's conn.log has it."""
    ends = {"id.orig_h": src, "id.orig_p": 50_000, "id.resp_h": dst, "id.resp_p": port}
    more = {"proto": "tcp", "orig_bytes": sent, "resp_bytes": got, "duration": lasts, "conn_state": "SF"}
    return zeek("conn", at, **ends, **more)


def question(at: float, src: str, name: str, kind: str = "A") -> Record:
    """Return a question as Zeek's dns.log has it."""
    ends = {"id.orig_h": src, "id.orig_p": 50_000, "id.resp_h": "10.0.0.2", "id.resp_p": 53}
    return zeek("dns", at, **ends, proto="udp", query=name, qtype_name=kind)


def lake_of(folder: Path, records: Iterable[Record]) -> Lake:
    write_item(folder, "E1", records)
    return Lake(folder)
