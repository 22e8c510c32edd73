"""Windows registry hives: every key with the time of its last change and its values; Amcache and Shimcache read out.

Keys show persistence (Run, services, tasks), use by a person (UserAssist, RecentDocs) and settings that an attacker
changed. Amcache shows that a program was on the machine, with its SHA-1; Shimcache that Windows looked at it, which
is no proof that it ran. Read with libregf; Shimcache's formats with regipy.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from tocsin.lab.record import Tally
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Source, event
from tocsin.lab.sources.times import from_filetime, iso

MAX_KEYS = 5_000_000
MAX_DEPTH = 512
MAX_VALUES = 500
"""Values of one key that are shown."""
MAX_TEXT = 4_096
"""Characters of one value that are shown."""
TEXTS, LISTS, NUMBERS = (1, 2, 6), (7,), (4, 5, 11)
"""Types of values: REG_SZ, REG_EXPAND_SZ, REG_LINK; REG_MULTI_SZ; REG_DWORD (both orders), REG_QWORD."""
SHIMCACHE = "appcompatcache"
USER_ASSIST = "\\userassist\\{"
AMCACHE = ("\\root\\inventoryapplicationfile\\", "\\root\\file\\")
NUMBERED = {"0": "ProductName", "1": "Publisher", "15": "LowerCaseLongPath", "101": "FileId", "c": "Description"}
"""What Amcache called its values before Windows 10."""


def sniff(head: bytes) -> bool:
    """Tell whether a file is a registry hive."""
    return head.startswith(b"regf")


def read_registry(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:
    """Yield an event for each key, and those of Amcache and Shimcache after the key that they stand in."""
    del start, end
    import pyregf

    file = pyregf.file()
    try:
        with path.open("rb") as opened:
            file.open_file_object(opened)
            if file.is_corrupted():
                tally.problem("hive was not closed cleanly; the changes in its log files are not in it", "byte 0")
            try:
                yield from _walk(file.get_root_key(), tally)
            finally:
                file.close()
    except (OSError, ValueError, MemoryError) as error:
        tally.not_understood += 1
        tally.problem(f"registry hive cannot be read: {error}", "byte 0")


def _walk(root: Any, tally: Tally) -> Iterator[Event]:
    """Yield the events of a tree of keys, each before those under it; keys that lead back to themselves end it."""
    waiting = [(root, "")]
    seen = 0
    while waiting:
        key, name = waiting.pop()
        seen += 1
        if seen > MAX_KEYS:
            tally.lost += len(waiting) + 1
            tally.problem(f"hive has more than {MAX_KEYS} keys; the rest was not read", name)
            return
        try:
            for found in _key_events(key, name, tally):
                tally.read += 1
                yield found
            children = [key.get_sub_key(number) for number in range(key.number_of_sub_keys)]
        except (OSError, ValueError) as error:
            tally.lost += 1
            tally.problem(f"key cannot be read: {error}", name or "root")
            continue
        if children and name.count("\\") >= MAX_DEPTH:
            tally.lost += len(children)
            tally.problem(f"keys are nested more than {MAX_DEPTH} deep", name[:200])
            continue
        waiting.extend((child, f"{name}\\{child.name or ''}") for child in reversed(children))


def _key_events(key: Any, name: str, tally: Tally) -> Iterator[Event]:
    time = from_filetime(key.get_last_written_time_as_integer())
    values: dict[str, Any] = {}
    raw: dict[str, bytes] = {}
    for number in range(min(key.number_of_values, MAX_VALUES)):
        try:
            value = key.get_value(number)
            label = value.name or "(default)"
            values[label] = shown(value)
            if label.lower() == SHIMCACHE or USER_ASSIST in name.lower():
                raw[label] = value.data or b""
        except (OSError, ValueError) as error:
            tally.problem(f"value cannot be read: {error}", f"{name} value {number}")
    fields = {"key": name or "\\", "values": [f"{label}={text}" for label, text in values.items()]}
    if key.number_of_values > MAX_VALUES:
        fields["more_values"] = key.number_of_values - MAX_VALUES
    yield event("registry/key", fields, time=time)
    low = name.lower()
    if values and any(part in low for part in AMCACHE):
        yield _amcache(name, values, time)
    for label, data in raw.items():
        if label.lower() == SHIMCACHE:
            yield from _shimcache(name, data, tally)
        elif len(data) >= 68:
            yield _user_assist(name, label, data)


def shown(value: Any) -> Any:
    """Return a registry value as people read it: text, a list of texts, a number, or hexadecimal."""
    kind = value.type
    with suppress(OSError, ValueError, OverflowError):
        if kind in TEXTS:
            return str(value.get_data_as_string() or "")[:MAX_TEXT]
        if kind in LISTS:
            return " ".join(str(text) for text in value.get_data_as_multi_string() or ())[:MAX_TEXT]
        if kind in NUMBERS:
            return value.get_data_as_integer()
    data = value.data or b""
    return data[: MAX_TEXT // 2].hex() + ("..." if len(data) > MAX_TEXT // 2 else "")


def _amcache(name: str, values: dict[str, Any], time: str) -> Event:
    fields = {NUMBERED.get(label, label): value for label, value in values.items()}
    sha1 = str(fields.get("FileId") or "")
    # Four zeros stand before the hash.
    fields["sha1"] = sha1[4:].lower() if len(sha1) == 44 and sha1.startswith("0000") else ""
    fields["path"] = fields.get("LowerCaseLongPath", "")
    return event("registry/amcache", {"key": name, **fields}, time=time)


def _shimcache(name: str, data: bytes, tally: Tally) -> Iterator[Event]:
    from regipy.plugins.system.external.ShimCacheParser import get_shimcache_entries

    try:
        entries: Any = get_shimcache_entries(data)  # type: ignore[no-untyped-call]
        for number, entry in enumerate(entries or ()):
            modified = entry.get("last_mod_date")
            time = iso(modified) if isinstance(modified, datetime) and modified.tzinfo and modified.year > 1601 else ""
            fields = {"key": name, "position": number, "path": str(entry.get("path") or "")}
            if "exec_flag" in entry:
                fields["executed"] = str(entry["exec_flag"])
            yield event("registry/shimcache", fields, time=time, record_id=number)
    except Exception as error:  # noqa: BLE001 - the parser throws plain exceptions over damaged data
        tally.problem(f"Shimcache cannot be read further: {error}", name)


def _user_assist(name: str, label: str, data: bytes) -> Event:
    """Return what Windows counts of a program that a person started: runs and the last time (Windows 7 and later)."""
    fields = {
        "key": name,
        "path": codecs.decode(label, "rot13"),
        "run_count": int.from_bytes(data[4:8], "little"),
        "focus_seconds": int.from_bytes(data[12:16], "little") // 1000,
    }
    return event("registry/userassist", fields, time=from_filetime(int.from_bytes(data[60:68], "little")))


SOURCE = Source("registry", "a registry hive", sniff, read_registry)
