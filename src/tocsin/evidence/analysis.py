"""An analysis run: the lab's scan over an incident's evidence, from the store to detections in the database."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings

from tocsin.core.access import Actor
from tocsin.core.action import Invalid
from tocsin.core.canonical import storable
from tocsin.evidence.actions import fail_analysis, finish_analysis, start_analysis
from tocsin.evidence.models import AnalysisRun, Detection, EvidenceItem, RunState
from tocsin.evidence.questions import prepare_story
from tocsin.evidence.stages import go_through, stage
from tocsin.evidence.store import path_of
from tocsin.lab import detections as lab
from tocsin.lab import scan
from tocsin.lab.report import ScanReport
from tocsin.lab.sigma.loading import load_rules

logger = logging.getLogger(__name__)

Progress = Callable[[int, int, int, int, str], None]
ASK_EVERY = 1.0
"""Seconds between two looks whether somebody stopped the run."""


def run_analysis(run: AnalysisRun, progress: Progress | None = None, jobs: int = 0) -> AnalysisRun:
    """Carry out a run that waits, or that a process died in, and store what it found.

    Whatever goes wrong ends as a failed run with its reason in the log. A run that ended before is left as it is.
    """
    run.refresh_from_db()
    if run.state not in (RunState.QUEUED, RunState.RUNNING):
        return run
    system = Actor.system("Analysis")
    try:
        rules = load_rules([Path(run.rules) if run.rules else settings.RULES])
        facts = {"loaded": len(rules.rules), "rejected": len(rules.rejected), "digest": rules.digest}
        start_analysis(system, run.incident, run=run, rules=facts)
        items = {str(path_of(i.sha256)): i for i in run.incident.evidence.filter(number__in=run.items)}
        progress = _watching(run, progress)
        found: list[lab.Detection] = []
        report = scan([Path(p) for p in items], rules, jobs=jobs, progress=progress, sink=found.extend)
        more = go_through(run, list(items.values()), progress, jobs)
        with stage(more, "story", progress) as notes:
            notes.update(prepare_story(run.incident))
        finish_analysis(
            system,
            run.incident,
            run=run,
            report=_named(report, items) | {"rules": facts},
            detections=[_row(d, items) for d in found],
            kinds={items[r.path].number: r.kind for r in report.files if r.path in items},
            stages=more.stages,
            sightings=more.sightings,
            samples=more.samples,
        )
    except Invalid:
        run.refresh_from_db()  # another process carried it to its end
    except Exception as error:
        logger.exception("analysis run %s of %s failed", run.number, run.incident_id)
        fail_analysis(system, run.incident, run=run, error=f"{type(error).__name__}: {error}")
    return run


def _watching(run: AnalysisRun, progress: Progress | None) -> Progress:
    """A progress callback that ends the work when somebody has stopped the run: then it raises Invalid."""
    asked = [time.monotonic()]

    def tell(done: int, total: int, done_files: int, total_files: int, name: str) -> None:
        if time.monotonic() - asked[0] >= ASK_EVERY:
            asked[0] = time.monotonic()
            if not AnalysisRun.objects.filter(pk=run.pk, state=RunState.RUNNING).exists():
                raise Invalid(f"Run {run.number} was stopped.")
        if progress:
            progress(done, total, done_files, total_files, name)

    return tell


def _item_of(source_file: str, items: dict[str, EvidenceItem]) -> tuple[EvidenceItem, str]:
    path, mark, member = source_file.partition("!")
    item = items[path]
    return item, f"{item.name}{mark}{member}"


def _text(value: object, longest: int) -> str:
    """A value out of an attacker's file as text that every database takes."""
    return "" if value is None else storable(str(value))[:longest]


def _row(found: lab.Detection, items: dict[str, EvidenceItem]) -> Detection:
    item, name = _item_of(found.source_file, items)
    return Detection(
        item=item,
        rule_id=_text(found.rule_id, 64),
        title=_text(found.title, 300),
        level=_text(found.level, 16),
        tags=found.tags,
        author=_text(found.author, 500),
        time=datetime.fromisoformat(found.time) if found.time else None,
        host=_text(found.host, 300),
        source_file=_text(name, 1000),
        record_id=_text(found.record_id, 64),
        event_id=_text(found.event_id, 32),
        channel=_text(found.channel, 200),
        fields=found.fields,
    )


def _named(report: ScanReport, items: dict[str, EvidenceItem]) -> dict[str, Any]:
    """The account with the names that people gave the files, instead of places in the store."""
    account: dict[str, Any] = orjson.loads(orjson.dumps(report.to_dict()))
    for row in account["files"]:
        item, row["path"] = _item_of(row["path"], items)
        row["item"] = item.label
    return account
