"""Browser history: which pages a person's browser was on, when, and what it downloaded.

SQLite databases of Chromium and its kin (`History`), Firefox (`places.sqlite`) and Safari (`History.db`), told by
their tables. What a browser has not yet moved from its write-ahead log into the database is not read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tocsin.lab.record import Tally
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Source, event
from tocsin.lab.sources.times import from_epoch

MAGIC = b"SQLite format 3\0"
WEBKIT = 11_644_473_600
"""Seconds from 1601, where Chromium begins to count, to 1970."""
COCOA = 978_307_200
"""Seconds from 1970 to 2001, where Safari begins to count."""
MAX_STEPS = 20_000_000
"""Thousands of SQLite's own steps after which a question to a database is given up."""


@dataclass(frozen=True)
class Question:
    """What is asked of a database that has some tables; the first column is the time, the others become fields."""

    browser: str
    channel: str
    tables: frozenset[str]
    sql: str
    unit: str
    offset: float


QUESTIONS = (
    Question("chromium", "browser/visit", frozenset({"urls", "visits"}),
             "SELECT v.visit_time AS time, u.url, u.title, u.visit_count, u.typed_count, v.transition & 255 AS transition,"
             " f.url AS from_url FROM visits v JOIN urls u ON u.id = v.url LEFT JOIN visits w ON w.id = v.from_visit"
             " LEFT JOIN urls f ON f.id = w.url ORDER BY v.id", "us", -WEBKIT),
    Question("chromium", "browser/download", frozenset({"downloads", "downloads_url_chains"}),
             "SELECT d.start_time AS time, d.target_path AS path, d.total_bytes, d.received_bytes, d.state, d.danger_type,"
             " d.referrer, d.tab_url, d.mime_type, (SELECT c.url FROM downloads_url_chains c WHERE c.id = d.id"
             " ORDER BY c.chain_index DESC LIMIT 1) AS url FROM downloads d ORDER BY d.id", "us", -WEBKIT),
    Question("firefox", "browser/visit", frozenset({"moz_places", "moz_historyvisits"}),
             "SELECT v.visit_date AS time, p.url, p.title, p.visit_count, p.typed AS typed_count, v.visit_type AS"
             " transition, q.url AS from_url FROM moz_historyvisits v JOIN moz_places p ON p.id = v.place_id"
             " LEFT JOIN moz_historyvisits w ON w.id = v.from_visit LEFT JOIN moz_places q ON q.id = w.place_id"
             " ORDER BY v.id", "us", 0),
    Question("firefox", "browser/download", frozenset({"moz_places", "moz_annos", "moz_anno_attributes"}),
             "SELECT a.dateAdded AS time, p.url, a.content AS path FROM moz_annos a"
             " JOIN moz_anno_attributes n ON n.id = a.anno_attribute_id JOIN moz_places p ON p.id = a.place_id"
             " WHERE n.name = 'downloads/destinationFileURI' ORDER BY a.id", "us", 0),
    Question("safari", "browser/visit", frozenset({"history_items", "history_visits"}),
             "SELECT v.visit_time AS time, i.url, v.title, i.visit_count FROM history_visits v"
             " JOIN history_items i ON i.id = v.history_item ORDER BY v.id", "s", COCOA),
)  # fmt: skip
DANGERS = {0: "not dangerous", 1: "dangerous file", 2: "dangerous address", 3: "dangerous content", 5: "uncommon content",
           6: "kept by the user", 7: "dangerous host", 8: "potentially unwanted"}  # fmt: skip


def sniff(head: bytes) -> bool:
    """Tell whether a file is an SQLite database."""
    return head.startswith(MAGIC)


def read_browser(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:
    """Yield an event for each visit and each download."""
    del start, end
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)) as database:
            _restrain(database)
            names = {row[0] for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
            asked = [question for question in QUESTIONS if question.tables <= names]
            if not asked:
                tally.not_understood += 1
                shown = ", ".join(sorted(names)[:8]) or "none"
                tally.problem(f"SQLite database of no browser that is known; its tables: {shown}", "schema")
            for question in asked:
                yield from _answers(database, question, tally)
    except (sqlite3.Error, UnicodeError) as error:
        tally.not_understood += 1
        tally.problem(f"SQLite database cannot be read: {error}", "schema")


def _restrain(database: sqlite3.Connection) -> None:
    """Keep a database that an attacker made from running what it holds, or running without an end."""
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")
    database.text_factory = lambda data: data.decode("utf-8", "replace")
    database.row_factory = sqlite3.Row
    steps = iter(range(MAX_STEPS))
    database.set_progress_handler(lambda: next(steps, None) is None, 1000)


def _answers(database: sqlite3.Connection, question: Question, tally: Tally) -> Iterator[Event]:
    try:
        for row in database.execute(question.sql):
            fields: dict[str, Any] = {
                name: value.hex() if isinstance(value, bytes) else value
                for name, value in zip(row.keys(), tuple(row), strict=True)
                if name != "time" and value not in {None, ""}
            }
            fields["browser"] = question.browser
            if question.channel == "browser/download":
                fields["danger"] = DANGERS.get(fields.pop("danger_type", -1), "")
            tally.read += 1
            yield event(question.channel, fields, time=_time(row["time"], question))
    except sqlite3.Error as error:
        tally.lost += 1
        tally.problem(f"table cannot be read further: {error}", question.channel)


def _time(value: Any, question: Question) -> str:
    if not isinstance(value, (int, float)) or not value or not isfinite(value):
        return ""
    if question.unit == "us":
        return from_epoch(int(value) + int(question.offset) * 1_000_000, "us")
    return from_epoch(value + question.offset)


SOURCE = Source("browser", "an SQLite database (browser history)", sniff, read_browser)
