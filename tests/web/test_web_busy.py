"""A database that others keep busy is no defect: words and a time to come back, and nothing half done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from tocsin.core.models import LogEntry
from tocsin.incidents.models import Incident

pytestmark = pytest.mark.django_db
BUSY = ["database is locked", "database table is locked: core_chain", "deadlock detected"]


@contextmanager
def database_says(words: str, at: str) -> Iterator[None]:
    """Statements that begin so and name the table fail with these words, as SQLite and PostgreSQL put it."""
    verb, table = at.split()

    def fail(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith(verb) and f'"{table}"' in sql:
            raise OperationalError(words)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail):
        yield


@pytest.mark.parametrize("words", BUSY)
def test_a_busy_database_is_told_in_words_with_a_time_to_come_back(
    lead: Client, incident: Incident, words: str
) -> None:
    form = {"summary": "What I wrote, which is long enough to be kept for the next try."}
    before = LogEntry.objects.count()
    with database_says(words, "INSERT core_logentry"):
        answer = lead.post(f"/incidents/{incident.number}/summary", form)
        by_htmx = lead.post(f"/incidents/{incident.number}/summary", form, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    page = answer.content.decode()
    assert "did nothing of this" in page
    assert form["summary"] in page
    assert (by_htmx.status_code, by_htmx["Retry-After"]) == (503, "2")
    assert "Try it again in a moment" in by_htmx.content.decode()
    assert LogEntry.objects.count() == before
    assert lead.post(f"/incidents/{incident.number}/summary", form).status_code == 302


def test_around_the_views_too(lead: Client) -> None:
    lead.raise_request_exception = False
    with database_says(BUSY[0], "SELECT django_session"):
        answer = lead.get("/incidents")
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert "busy" in answer.content.decode()


def test_a_real_defect_stays_one(lead: Client, incident: Incident) -> None:
    lead.raise_request_exception = False
    for at in ("INSERT core_logentry", "SELECT django_session"):
        with database_says("no such column: x", at):
            assert lead.post(f"/incidents/{incident.number}/summary", {"summary": "x"}).status_code == 500
