"""The system resource usage monitor (SRUDB.dat): how many bytes each program sent and received, hour by hour.

Shows uploads by program and account, also of programs that are deleted. An ESE database; the tables are named by
GUID, and say programs and accounts by number, which `SruDbIdMapTable` resolves. Read with libesedb.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tocsin.lab.record import Tally
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Source, event
from tocsin.lab.sources.times import from_filetime, iso

MAGIC = b"\xef\xcd\xab\x89"
TABLES = {
    "{973F5D5C-1D90-4944-BE8E-24B94231A174}": "network",
    "{D10CA2FE-6FCF-4F6D-848E-B2E99266FA89}": "application",
    "{DD6636C4-8929-4683-974E-22C046A43763}": "connectivity",
    "{D10CA2FE-6FCF-4F6D-848E-B2E99266FA86}": "notification",
}
IDS = "SruDbIdMapTable"
SID = 3
"""The kind of an id that stands for an account."""
OLE_EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
MAX_IDS = 1_000_000
INTEGERS = {2, 3, 4, 14, 15, 16, 17}
"""Column types of JET that hold whole numbers; 8 is a date, 5 a currency, in which some times are kept."""


def sniff(head: bytes) -> bool:
    """Tell whether a file is an ESE database."""
    return head[4:8] == MAGIC


def read_srum(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:
    """Yield an event for each row of the tables that are known."""
    del start, end
    import pyesedb

    file = pyesedb.file()
    try:
        with path.open("rb") as opened:
            file.open_file_object(opened)
            try:
                yield from _tables(file, tally)
            finally:
                file.close()
    except (OSError, ValueError, MemoryError) as error:
        tally.not_understood += 1
        tally.problem(f"ESE database cannot be read: {error}", "byte 0")


def _tables(file: Any, tally: Tally) -> Iterator[Event]:
    found = {table.name: table for table in file.tables if table.name}
    known = {name: found[name] for name in TABLES if name in found}
    if not known:
        tally.not_understood += 1
        tally.problem("ESE database without the tables of SRUM; others are not read", "catalogue")
        return
    ids = _ids(found[IDS], tally) if IDS in found else {}
    for name, table in known.items():
        for number in range(table.number_of_records):
            try:
                row = _row(table.get_record(number))
            except (OSError, ValueError) as error:
                tally.lost += 1
                tally.problem(f"row cannot be read: {error}", f"{TABLES[name]} {number}")
                continue
            tally.read += 1
            yield _event(TABLES[name], row, ids)


def _event(kind: str, row: dict[str, Any], ids: dict[int, str]) -> Event:
    time = row.pop("TimeStamp", "")
    application = ids.get(row.get("AppId", -1), "")
    account = ids.get(row.get("UserId", -1), "")
    fields = {"application": application, "account": account, **row}
    for name in ("ConnectStartTime", "EndTime", "StartTime"):
        if isinstance(fields.get(name), int):
            fields[name] = from_filetime(fields[name])
    return event(f"srum/{kind}", fields, time=time if isinstance(time, str) else "", record_id=row.get("AutoIncId"))


def _ids(table: Any, tally: Tally) -> dict[int, str]:
    found: dict[int, str] = {}
    for number in range(min(table.number_of_records, MAX_IDS)):
        try:
            row = _row(table.get_record(number), raw=("IdBlob",))
        except (OSError, ValueError) as error:
            tally.problem(f"id cannot be read: {error}", f"{IDS} {number}")
            continue
        blob, index = row.get("IdBlob"), row.get("IdIndex")
        if isinstance(blob, bytes) and isinstance(index, int):
            found[index] = (
                sid_text(blob) if row.get("IdType") == SID else blob.decode("utf-16-le", "replace").strip("\0")
            )
    return found


def _row(record: Any, raw: tuple[str, ...] = ()) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for number in range(record.number_of_values):
        name, kind = record.get_column_name(number), record.get_column_type(number)
        data = record.get_value_data(number)
        if data is None:
            continue
        if name in raw:
            row[name] = data
        elif kind == 8 and len(data) == 8:
            row[name] = ole_time(struct.unpack("<d", data)[0])
        elif kind in INTEGERS or kind == 5:
            row[name] = int.from_bytes(data, "little", signed=kind in (3, 4, 5, 15))
        elif kind == 1:
            row[name] = bool(data[0]) if data else False
        elif kind in (10, 12):
            row[name] = data.decode("utf-16-le", "replace").strip("\0")
    return row


def ole_time(days: float) -> str:
    """Return an OLE date, counted in days since 30 December 1899, as a time; '' where it is none."""
    try:
        # SRUM writes whole seconds; the rest is the rounding of a fraction of a day.
        return iso(OLE_EPOCH + timedelta(seconds=round(days * 86_400)))
    except (OverflowError, ValueError):
        return ""


def sid_text(data: bytes) -> str:
    """Return a binary security identifier as text ([MS-DTYP] 2.4.2), hexadecimal where it is none."""
    if len(data) < 8 or len(data) < 8 + 4 * data[1]:
        return data.hex()
    parts = struct.unpack_from(f"<{data[1]}I", data, 8)
    return "-".join(["S", str(data[0]), str(int.from_bytes(data[2:8], "big")), *map(str, parts)])


SOURCE = Source("srum", "an ESE database (SRUM)", sniff, read_srum)
