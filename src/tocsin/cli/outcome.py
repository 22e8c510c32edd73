"""What a response leaves in its folder: the report, the log, and tables that any tool can read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tocsin.core import clock, log
from tocsin.core.canonical import instant
from tocsin.core.models import LogEntry
from tocsin.evidence.models import Detection
from tocsin.incidents.models import Incident
from tocsin.incidents.sentences import sentence
from tocsin.lab import detections as lab
from tocsin.lab.attack import tactics_of, techniques_of
from tocsin.reports.files import write_whole
from tocsin.reports.html import write_html
from tocsin.reports.pdf import render_pdf
from tocsin.reports.story import build

# A spreadsheet runs a cell that begins like this; an attacker chooses file names and command lines.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_all(incident: Incident, out: Path) -> Iterator[Path]:
    """Write every output, each whole or not at all, and name them one by one."""
    entries = LogEntry.objects.filter(chain__in=(incident.chain_id, incident.organization_id))
    detections = list(incident.detections.select_related("item"))
    for name, content in (
        ("log.jsonl", b"".join(log.export(entries))),
        ("detections.jsonl", b"".join(_lines(detections))),
        ("scope.csv", _table(SCOPE_HEAD, _scope(incident))),
        ("timeline.csv", _table(TIMELINE_HEAD, _timeline(incident, detections))),
    ):
        write_whole(out / name, content)
        yield out / name
    data = build(incident, clock.now())
    write_html(data, out / "report.html")
    yield out / "report.html"
    render_pdf(data, out / "report.pdf")
    yield out / "report.pdf"


def _lines(detections: Iterable[Detection]) -> Iterator[bytes]:
    for d in detections:
        yield (
            lab.Detection(
                rule_id=d.rule_id,
                title=d.title,
                level=d.level,
                tags=d.tags,
                author=d.author,
                time=instant(d.time) if d.time else "",
                host=d.host,
                source_file=d.source_file,
                record_id=int(d.record_id) if d.record_id else None,
                event_id=int(d.event_id) if d.event_id else None,
                channel=d.channel,
                fields=d.fields,
            ).to_json()
            + b"\n"
        )


SCOPE_HEAD = ("ref", "kind", "name", "state", "state_since_utc", "first_seen_utc", "last_seen_utc", "count_low",
              "count_high", "because", "evidence")  # fmt: skip
TIMELINE_HEAD = ("time_utc", "actor", "host", "what", "tactics", "techniques", "level", "source", "evidence",
                 "rule_author")  # fmt: skip


def _scope(incident: Incident) -> Iterator[Sequence[object]]:
    for e in incident.scope.all():
        yield (f"S-{e.number}", e.kind, e.name, e.state, e.state_since, e.first_seen, e.last_seen, e.count_low,
               e.count_high, e.because, " ".join(e.cites))  # fmt: skip


def _timeline(incident: Incident, detections: list[Detection]) -> list[Sequence[object]]:
    rows: list[Sequence[object]] = [
        (d.time, "intruder", d.host, d.title, " ".join(tactics_of(d.tags)), " ".join(techniques_of(d.tags)), d.level,
         d.source_file, d.cite, d.author)
        for d in detections
        if d.time
    ]  # fmt: skip
    rows += [
        (e.shown_time, e.actor["name"], "", sentence(e), "", "", "", "log", f"L-{e.sequence}", "")
        for e in LogEntry.objects.filter(chain=incident.chain_id)
    ]
    return sorted(rows, key=lambda r: (str(r[0]), str(r[8])))


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = instant(value) if hasattr(value, "astimezone") else str(value)  # type: ignore[arg-type]
    return f"'{text}" if text.startswith(_FORMULA) else text


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([_cell(v) for v in row] for row in rows)
    return text.getvalue().encode("utf-8")
