"""What a run does after the rules: events into the lake, indicators, samples, and what all of it together suggests.

A stage that fails says why and leaves the others what they found.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings

from tocsin.core.action import Invalid
from tocsin.core.canonical import plain, storable
from tocsin.evidence.looking import compiled_indicators, yara_folder
from tocsin.evidence.models import AnalysisRun, EvidenceItem, Sample, Sighting
from tocsin.evidence.store import path_of
from tocsin.lab.casework import MOST_CITES, lay_out_samples, sight_items
from tocsin.lab.containment import ContainedError, ContainedPool, Limits
from tocsin.lab.lake import items as items_of_lake
from tocsin.lab.lake import load
from tocsin.lab.lake.write import read_manifest
from tocsin.lab.triage import Triage, triage_contained

LIMITS = Limits(seconds=6 * 3600, processor_seconds=6 * 3600)
"""Of what looks at a whole item in one go."""
MOST_TOGETHER = 200_000
"""Events of several items that are compared with indicators in one go."""
Progress = Callable[[int, int, int, int, str], None]


@dataclass
class Outcome:
    """What the stages gave, to be stored with the run's other results."""

    stages: list[dict[str, Any]] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)


def lake_folder(incident_id: Any) -> Path:
    """Where the events of an incident's evidence lie."""
    return Path(settings.HOME) / "lake" / str(incident_id)


def go_through(run: AnalysisRun, items: list[EvidenceItem], progress: Progress | None, jobs: int) -> Outcome:
    """Carry out all stages over an incident's items; nothing that a stage meets raises here."""
    outcome = Outcome()
    folder = lake_folder(run.incident_id)
    with ContainedPool(jobs or 1) as pool, ContainedPool(jobs or 1, LIMITS) as patient:
        with stage(outcome, "events", progress) as notes:
            _load(folder, items, pool, notes, progress)
        with stage(outcome, "indicators", progress) as notes:
            _sight(run, folder, items, patient, outcome, notes, progress)
        with stage(outcome, "samples", progress) as notes, tempfile.TemporaryDirectory(dir=_scratch()) as place:
            _triage(run, items, pool, Path(place), outcome, notes, progress, jobs)
    return outcome


@contextmanager
def stage(outcome: Outcome, name: str, progress: Progress | None) -> Iterator[dict[str, Any]]:
    """Note a stage's name, state, seconds and whatever the block adds; what it raises is told there and goes no further."""
    notes: dict[str, Any] = {"name": name, "state": "done"}
    outcome.stages.append(notes)
    if progress:
        progress(0, 0, 0, 0, name)
    began = time.monotonic()
    try:
        yield notes
    except Invalid:
        raise  # somebody stopped the run
    except Exception as error:  # noqa: BLE001 - it is told with the run, and the other stages' results are kept
        notes |= {"state": "failed", "error": f"{type(error).__name__}: {error}"[:500]}
    finally:
        notes["seconds"] = round(time.monotonic() - began, 1)


def _load(
    folder: Path, items: list[EvidenceItem], pool: ContainedPool, notes: dict[str, Any], progress: Progress | None
) -> None:
    """Load what the lake does not hold yet, item after item; all children work on one item."""
    notes |= {"rows": 0, "loaded": 0, "failed": []}
    total, before = sum(item.bytes for item in items), 0
    there = set(items_of_lake(folder))

    def tell(done: int, of: int, _files: int, _all: int, _name: str) -> None:
        if progress:
            progress(before + (item.bytes * done // of if of else 0), total, number, len(items), item.name)

    for number, item in enumerate(items):  # noqa: B007 - `tell` reads it
        try:
            held = load(path_of(item.sha256), folder, item.label, executor=pool, progress=tell, name=item.name,
                        work_dir=_scratch())  # fmt: skip
            notes["rows"] += held.rows
            notes["loaded"] += item.label not in there
        except (OSError, ValueError) as error:
            notes["failed"].append(f"{item.label}: {error}"[:300])
        before += item.bytes
    _judge(notes, len(items))


def _sight(
    run: AnalysisRun, folder: Path, items: list[EvidenceItem], pool: ContainedPool, outcome: Outcome,
    notes: dict[str, Any], progress: Progress | None,
) -> None:  # fmt: skip
    """Compare the events of all items with the incident's indicators."""
    indicators = compiled_indicators(run.incident, pool)
    notes |= {"sightings": 0, "left_out": 0, "failed": []}
    if indicators is None:
        notes["state"] = "skipped"
        return
    by_label = {item.label: item for item in items}
    futures = [
        (labels, pool.submit(sight_items, folder, labels, indicators)) for labels in _together(folder, list(by_label))
    ]
    merged: dict[tuple[str, str, str], Sighting] = {}
    done = 0
    for labels, future in futures:
        done += len(labels)
        try:
            answer = orjson.loads(future.result())
        except ContainedError as error:
            notes["failed"] += [f"{label}: {error}"[:300] for label in labels]
            continue
        notes["left_out"] += answer["left_out"]
        for label, found in answer["sighted"].items():
            for sighted in found:
                _merge(merged, run, by_label[label], sighted)
        if progress:
            progress(done, len(items), done, len(items), by_label[labels[-1]].name)
    outcome.sightings = list(merged.values())
    notes["sightings"] = len(merged)
    _judge(notes, done)


def _together(folder: Path, labels: list[str]) -> list[list[str]]:
    """Return the items that the lake holds, small ones together: opening a lake takes longer than a few events do."""
    groups: list[list[str]] = []
    rows = MOST_TOGETHER
    held = set(items_of_lake(folder))
    for label in labels:
        if label not in held:
            continue
        more = read_manifest(folder / label).rows
        if rows + more > MOST_TOGETHER:
            groups.append([])
            rows = 0
        groups[-1].append(label)
        rows += more
    return groups


def _judge(notes: dict[str, Any], whole: int) -> None:
    if notes["failed"]:
        notes["state"] = "failed" if len(notes["failed"]) == whole else "partly"


def _merge(
    merged: dict[tuple[str, str, str], Sighting], run: AnalysisRun, item: EvidenceItem, found: dict[str, Any]
) -> None:
    about = found["about"]
    key = (about["kind"], about["value"], about["source"])
    first, last = (datetime.fromisoformat(found[name]) if found[name] else None for name in ("first", "last"))
    one = merged.get(key)
    if one is None:
        one = merged[key] = Sighting(
            incident=run.incident, run=run, kind=about["kind"], value=storable(about["value"])[:2000],
            source=storable(about["source"])[:300], level=about["level"], validity=about["validity"], tlp=about["tlp"],
            confidence=about["confidence"], tags=plain(about["tags"]), count=0, first=first, last=last,
        )  # fmt: skip
    one.count += found["count"]
    one.first = min(filter(None, (one.first, first)), default=None)
    one.last = max(filter(None, (one.last, last)), default=None)
    one.hosts = list(dict.fromkeys([*one.hosts, *found["hosts"]]))[:50]
    one.fields = list(dict.fromkeys([*one.fields, *found["fields"]]))[:50]
    one.cites = [*one.cites, *(f"{item.label}.{place}" for place in found["places"])][:MOST_CITES]


def _triage(
    run: AnalysisRun, items: list[EvidenceItem], pool: ContainedPool, folder: Path, outcome: Outcome,
    notes: dict[str, Any], progress: Progress | None, jobs: int,
) -> None:  # fmt: skip
    """Lay out and triage item after item: what one unpacks to is gone before the next takes its room on the disk."""
    notes |= {"left_out": 0, "failed": []}
    with yara_folder(run.incident) as rules:
        for number, item in enumerate(items):
            with tempfile.TemporaryDirectory(dir=folder) as into:
                try:
                    answer = orjson.loads(
                        pool.submit(lay_out_samples, path_of(item.sha256), item.name, Path(into)).result()
                    )
                except ContainedError as error:
                    notes["failed"].append(f"{item.label}: {error}"[:300])
                    continue
                notes["left_out"] += answer["left_out"]
                laid = answer["samples"]
                results = triage_contained([sample["path"] for sample in laid], jobs=jobs or 1, rules=rules)
                for place, (sample, result) in enumerate(zip(laid, results, strict=True), 1):
                    outcome.samples.append(_sample(run, item, sample["name"], result))
                    if progress:
                        progress(place, len(laid), number, len(items), sample["name"])
    notes["samples"] = len(outcome.samples)
    _judge(notes, len(items))


def _sample(run: AnalysisRun, item: EvidenceItem, name: str, result: Triage) -> Sample:
    facts = plain(result.as_dict())
    return Sample(
        incident=run.incident, run=run, item=item, name=storable(name)[:1000], sha256=result.hashes.get("sha256", ""),
        bytes=result.size, kind=result.kind[:32], kind_name=storable(result.kind_name)[:200], severity=result.severity,
        techniques=result.techniques, yara=facts.get("yara", []), facts=facts,
    )  # fmt: skip


def _scratch() -> Path:
    folder = Path(settings.HOME) / "tmp"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
