"""Pieces of a page that are the same for everybody who may see the incident, as HTML: drawn once for each state of its log
that concerns them (incidents/kept.py, which says what may be shared).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from tocsin.core.models import LogEntry
from tocsin.incidents.board import Row
from tocsin.incidents.kept import HOLDS, always, drawn, speed_of
from tocsin.incidents.models import Incident

Make = Callable[[], Mapping[str, Any]]


def shared(name: str, incident: Incident, now: datetime, make: Make, *about: object, **kept: Any) -> SafeString:
    """The template `web/room/_<name>.html`, drawn once for all who look; see kept.drawn."""
    return drawn(f"web/room/_{name}.html", incident, now, make, *about, **kept)


def line_of(entry: LogEntry, incident: Incident, template: str = "incidents/_entry.html") -> SafeString:
    """One entry of the incident's log as a list or table shows it; `entry` knows its person (sentences.with_people)."""

    def draw() -> str:
        return str(render_to_string(template, {"entry": entry, "incident": incident}))

    made = always(template, entry.chain_id, draw, entry.hash, incident.number)
    return mark_safe(made)  # noqa: S308  drawn by our own template, which escaped what came from people


def task_of(row: Row, incident: Incident, now: datetime) -> SafeString:
    """A task as a card that folds out. Whatever it shows is part of the name under which it is kept."""
    task = row.task
    shown = (task.number, task.revision, task.state, task.title, task.blocked_by, task.ended_by, task.uncalled, row.who,
             row.lamp, task.due_at, task.ended_at)  # fmt: skip

    def draw() -> str:
        return str(render_to_string("incidents/_task.html", {"row": row, "incident": incident, "now": now}))

    made = always("task", incident.chain_id, draw, incident.number, *map(str, shown), holds=HOLDS / speed_of(incident))
    return mark_safe(made)  # noqa: S308  drawn by our own template, which escaped what came from people
