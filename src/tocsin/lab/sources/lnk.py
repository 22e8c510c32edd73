"""Windows shortcuts (.lnk) as evidence of what was opened: target, machine, volume, and the target's times then.

Windows makes one for each file that a person opens (Recent), so it shows that a file was known on the machine, also
when it and the drive it lay on are gone. Format: [MS-SHLLINK].
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tocsin.lab.record import Tally
from tocsin.lab.sources.macb import moments
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Source, event
from tocsin.lab.sources.times import from_text

MAGIC = b"\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46"
MAX_SIZE = 16 * 1024 * 1024


def sniff(head: bytes) -> bool:
    """Tell whether a file is a shortcut."""
    return head.startswith(MAGIC)


def read_lnk(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:
    """Yield an event for each moment of the target's times."""
    del start, end
    from tocsin.lab.triage.lnk import lnk
    from tocsin.lab.triage.model import Notes

    notes = Notes()
    try:
        with path.open("rb") as file:
            facts = lnk(file.read(MAX_SIZE), notes)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the parser throws is a fact about the file, and is reported
        tally.not_understood += 1
        tally.problem(f"shortcut cannot be read: {type(error).__name__}: {error}", "byte 0")
        return
    for problem in notes.problems:
        tally.problem(problem.reason, problem.place)
    if notes.anomalies:
        facts["signs"] = [anomaly.id for anomaly in notes.anomalies]
    times = {"m": "modified", "a": "accessed", "b": "created"}
    known = {letter: from_text(facts.get(name) or "") for letter, name in times.items()}
    for time, marks in moments(known):
        tally.read += 1
        yield event("lnk/file", {**facts, "macb": marks}, time=time, host=facts.get("machine", ""))


SOURCE = Source("lnk", "a Windows shortcut", sniff, read_lnk)
