"""Writes the example evidence: a day of six hosts with an intrusion in it, the same for the same start."""

from __future__ import annotations

import random
import zipfile
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import orjson

from tocsin.example.background import DC1, DC2, ENG, FS1, FS3, HOSTS, JMP, everyday
from tocsin.example.intrusion import intrude
from tocsin.example.windows import Event, Host, Scene, winlogbeat

SEED = 61
FILES = {ENG: "hal-eng-114.jsonl", FS1: "hal-fs-01.jsonl", FS3: "hal-fs-03.jsonl", JMP: "hal-jmp-01.jsonl"}
ARCHIVED = {DC1: "hal-dc-01.jsonl", DC2: "hal-dc-02.jsonl"}
ARCHIVE = "hal-domain-controllers.zip"
CUT_HOST, CUT_LINE = JMP, 200
"""The shipper on this host was restarted while it wrote this line, so one record is cut off."""


def write_evidence(folder: Path, start: datetime) -> list[Path]:
    """Write the evidence of 24 hours from `start` (aware) into `folder` and return the files, sorted.

    Four JSON-lines files in Winlogbeat's shape, and a zip with two more. In one file one line is cut off, as
    happens. The folder is made if need be, and files of these names in it are replaced.
    Raises ValueError for a time without a zone, OSError where the folder cannot be written.
    """
    if start.tzinfo is None:
        raise ValueError("start needs a time zone, for example datetime(2026, 3, 13, 6, tzinfo=UTC)")
    folder.mkdir(parents=True, exist_ok=True)
    lines = _lines(build_events(start))
    # The cut loses the line's end and keeps its line break, as an appending shipper does.
    lines[CUT_HOST][CUT_LINE] = lines[CUT_HOST][CUT_LINE][:400]
    written = [_write(folder / name, lines[host]) for host, name in FILES.items()]
    archive = folder / ARCHIVE
    stamp = start.astimezone(UTC).timetuple()[:6]
    with zipfile.ZipFile(archive, "w") as target:
        for host, name in ARCHIVED.items():
            member = zipfile.ZipInfo(name, stamp)
            member.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(member, b"\n".join(lines[host]) + b"\n")
    return sorted([*written, archive])


def build_events(start: datetime) -> list[Event]:
    """All events, intrusion and everyday work, in order of time."""
    scene = Scene(random.Random(SEED))  # noqa: S311 - the same evidence each time is the point
    intrude(scene, start)
    everyday(scene, start)
    return sorted(scene.events, key=lambda event: event.time)


def _lines(events: Iterable[Event]) -> dict[Host, list[bytes]]:
    """The JSON lines of each host; records are numbered for each channel of a host, as Windows does."""
    numbers: Counter[tuple[Host, str]] = Counter()
    lines: dict[Host, list[bytes]] = {host: [] for host in HOSTS}
    for event in events:
        key = (event.host, event.channel)
        numbers[key] += 1
        first = 10_000 + sum(event.channel.encode()) * 7
        lines[event.host].append(orjson.dumps(winlogbeat(event, first + numbers[key])))
    return lines


def _write(path: Path, lines: list[bytes]) -> Path:
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path
