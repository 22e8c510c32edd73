"""Intake: files and folders into the store, then into custody, in batches that each are one action."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tocsin.core.access import Actor
from tocsin.evidence.actions import Intake, take_evidence
from tocsin.evidence.models import EvidenceItem
from tocsin.evidence.store import StoreError, put_file
from tocsin.incidents.models import Incident

BATCH = 50


@dataclass
class IntakeReport:
    """What an intake took, what it had already, and what it could not take and why."""

    taken: list[EvidenceItem] = field(default_factory=list)
    known: int = 0
    refused: list[str] = field(default_factory=list)


def files_in(paths: Iterable[Path], refused: list[str] | None = None) -> Iterator[tuple[Path, str]]:
    """Every file below the paths with the name it gets in custody, in a fixed order. Folders give relative names.

    Folders that cannot be opened are added to `refused` with the reason.
    """
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            folder = path.resolve().name
            for inner in sorted(_below(path, refused if refused is not None else [])):
                yield inner, f"{folder}/{inner.relative_to(path)}"
        else:
            yield path, path.name


def _below(path: Path, refused: list[str]) -> Iterator[Path]:
    def closed(error: OSError) -> None:
        refused.append(f"{error.filename}: the folder cannot be opened: {error.strerror}")

    for folder, inner_folders, names in os.walk(path, onerror=closed):
        links = [n for n in inner_folders if (Path(folder) / n).is_symlink()]  # named and refused, never followed
        yield from (Path(folder) / n for n in (*names, *links))


def _collected(path: Path) -> datetime | None:
    """When a file was last written, which for a collected file is when it was collected; None if it is gone."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        return None


def take_in(
    actor: Actor,
    incident: Incident,
    paths: Iterable[Path],
    *,
    why: str = "",
    progress: Callable[[str, int], None] = lambda _name, _bytes: None,
) -> IntakeReport:
    """Take files and folders into custody. A file that cannot be taken is reported; the rest goes on.

    `progress` is called with each name and its bytes. Content that is in custody already is not taken twice, so an
    intake that was cut off can simply be done again.
    """
    report = IntakeReport()
    batch: list[Intake] = []
    in_custody = set(incident.evidence.values_list("sha256", flat=True))

    def hand_over() -> None:
        if batch:
            report.taken += take_evidence(actor, incident, intakes=batch, why=why)
            batch.clear()

    for path, name in files_in(paths, report.refused):
        try:
            stored = put_file(path)
        except StoreError as error:
            report.refused.append(str(error))
            continue
        progress(name, stored.bytes)
        if stored.sha256 in in_custody:
            report.known += 1
            continue
        in_custody.add(stored.sha256)
        batch.append(Intake(name, stored, str(path.resolve()), _collected(path)))
        if len(batch) >= BATCH:
            hand_over()
    hand_over()
    return report
