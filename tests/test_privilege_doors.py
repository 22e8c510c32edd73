"""Every door against people who are not privy: what is privileged is nowhere, and nothing tells that it is there.

Two worlds are compared that differ in one thing: in one, counsel wrote a note and took a file; in the other counsel
admitted two people. To who is not privy every page and answer must be the same in both, letter for letter.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from pypdf import PdfReader

import factories
import tocsin
from tocsin.cli.outcome import write_all
from tocsin.core import clock, log
from tocsin.core.access import OrgRole
from tocsin.core.models import LogEntry
from tocsin.evidence.actions import Intake
from tocsin.evidence.actions.privilege import take_privileged_files
from tocsin.evidence.store import put_file
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.people.actions import create_webhook
from tocsin.people.models import User, Webhook
from tocsin.people.webhooks import due_batches, payload
from tocsin.plan.models import IncidentRole
from tocsin.reports.warbook import Issue
from tocsin.reports.warbook.incident import incident_book
from tocsin.web import news

pytestmark = pytest.mark.django_db
TITLE, TEXT, NAME, CONTENT = "zebrafishtitle", "zebrafishtext", "zebrafishname", b"zebrafishcontent"
TELLTALE = [TITLE, TEXT, NAME, CONTENT.decode(), hashlib.sha256(CONTENT).hexdigest(),
            hashlib.sha256(TEXT.encode()).hexdigest(), "PN-1", "PE-01"]  # fmt: skip
NOT_OURS = ("accounts/",)
ENDLESS = {"events"}  # the stream of news, looked at below by itself
PAPER = {
    "report-pdf",
    "incident-war-book",
    "war-book",
    "duty-card",
    "get_war_book",
}  # what they print is looked at below
ON_IT = list(IncidentRole)
OUTSIDE = [OrgRole.ADMINISTRATOR, OrgRole.AUDITOR]


def doors() -> Iterator[tuple[str, str]]:
    """Every address with its name: of pages and of the API."""

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, str]]:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if route.startswith(NOT_OURS):
                continue
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            elif "<" in route or "(" not in route:
                yield pattern.name or "", route

    yield from walk(get_resolver().url_patterns, "")


def filled(route: str, incident: Incident, number: str = "1") -> str:
    """The address with what it takes filled in: the incident, notes as privileged ones are called, else the number."""

    def value(match: re.Match[str]) -> str:
        kind, _, name = match[1].rpartition(":")
        if kind == "note":
            return f"p{number}"
        if kind.startswith("uuid"):
            return str(incident.pk)
        if name == "number" and kind == "str":
            return incident.number
        return {"role": "incident-manager", "technique": "T1059", "event": "E-01.1"}.get(name, number)

    return "/" + re.sub(r"<([^>]+)>", value, route)


DOORS = sorted(set(doors()))
NEAR = [(name, route) for name, route in DOORS if re.search(
    r"note|privileg|evidence|investigation$|^search|api/v1/search|log|webhooks|^me$|me/expected|^incidents$|"
    r"incidents/<str:number>/$|feed|room|report/|relat|roles$|hr-track|incidents/<uuidstr:incident>$", route)]  # fmt: skip
"""The doors that lead to notes, files, the log and what gathers from all over."""
POST_ONLY: set[str] = set()
ASKING = ("/search", "/log", "/feed", "/api/v1/search")
"""What takes words to look for: asked with the beginning of all that is privileged."""


def plain(body: bytes) -> str:
    """An answer without what differs at each request."""
    text = body.decode("utf-8", "replace")
    text = re.sub(r'data-now="[^"]*"|datetime="[^"]*"|data-key="[^"]*"|name="key" value="[^"]*"', "", text)
    return re.sub(r"\b[A-Za-z0-9]{64}\b|\b[0-9a-f]{32}\b|\b[0-9a-f]{12}\b", "", text)


def look(person: User, incident: Incident, where: list[tuple[str, str]]) -> dict[str, str]:
    """What every address answers to this person."""
    browser = Client(raise_request_exception=False)
    browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    seen = {}
    for name, route in where:
        if name in ENDLESS or route in POST_ONLY or any(word in route for word in PAPER):
            continue
        path = filled(route, incident)
        answer = browser.get(path + ("?q=zebrafish" if path.endswith(ASKING) else ""))
        assert answer.status_code < 500, path
        if answer.status_code == 405:
            POST_ONLY.add(route)
            continue
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        seen[path] = f"{answer.status_code} {plain(body)}"
        told = (body + str(answer.headers).encode()).decode("utf-8", "replace")
        assert [word for word in TELLTALE if word in told] == [], path
    return seen


@contextmanager
def world(change: Callable[[], None]) -> Iterator[None]:
    """The database after a change, and back again."""
    with transaction.atomic():
        change()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def incident(organization) -> Incident:  # type: ignore[no-untyped-def]
    return factories.incident(organization, playbook_id=None)


@pytest.fixture
def counsel(incident: Incident, monkeypatch: pytest.MonkeyPatch) -> User:
    person = factories.holder(incident.organization, "legal_counsel")
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    return person


def two_secrets(incident: Incident, counsel: User, folder: Path) -> None:
    path = folder / NAME
    path.write_bytes(CONTENT)
    actions.create_note(counsel.actor, incident, title=TITLE, text=TEXT, privileged=True)
    take_privileged_files(counsel.actor, incident, intakes=[Intake(NAME, put_file(path))], why="By mail.")


def two_admissions(incident: Incident, counsel: User, others: list[User]) -> None:
    for person in others:
        actions.admit_to_privilege(counsel.actor, incident, user_id=person.pk, because="Works for counsel.")


@pytest.mark.parametrize("role", [*ON_IT, *OUTSIDE])
def test_nobody_who_is_not_privy_can_tell_that_anything_privileged_is_there(
    incident: Incident, counsel: User, tmp_path: Path, role: str
) -> None:
    others = [factories.on(incident, IncidentRole.OBSERVER) for _ in range(2)]
    on_it = role in set(ON_IT)
    person = factories.on(incident, role) if on_it else factories.user(incident.organization, role)
    where = DOORS if role == IncidentRole.LEAD else NEAR
    with world(lambda: two_secrets(incident, counsel, tmp_path)):
        with_secrets = look(person, incident, where)
    if role not in (IncidentRole.LEAD, IncidentRole.COUNSEL, OrgRole.ADMINISTRATOR):
        return  # the pages are drawn alike for the others: that nothing privileged stands in them was asserted
    with world(lambda: two_admissions(incident, counsel, others)):
        without = look(person, incident, NEAR)
    assert sum(text.startswith("200") for text in with_secrets.values()) > (12 if on_it else 3)
    assert [path for path, text in without.items() if text != with_secrets[path]] == []


@pytest.mark.parametrize("role", [IncidentRole.LEAD, IncidentRole.COUNSEL, IncidentRole.OBSERVER])
def test_what_acts_on_privileged_things_answers_as_if_there_were_none(
    incident: Incident, counsel: User, tmp_path: Path, role: str
) -> None:
    two_secrets(incident, counsel, tmp_path)
    browser = Client(raise_request_exception=False)
    person = factories.on(incident, role)
    browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    acts = [(n, r) for n, r in DOORS if "<note:" in r or "privilege" in r]
    before, tried = LogEntry.objects.count(), 0
    for _name, route in acts:
        for send in (browser.post, browser.put):
            there, nowhere = (
                send(filled(route, incident, number), {"because": "I want to.", "text": "x"}, content_type=kind)
                for kind in ["application/json" if route.startswith("api") else "application/x-www-form-urlencoded"]
                for number in ("1", "7")
            )
            same = there.status_code == nowhere.status_code
            assert same, (route, there.status_code, nowhere.status_code)
            assert plain(there.content).replace("/1", "/7") == plain(nowhere.content).replace("/1", "/7"), route
            assert [word for word in TELLTALE if word in there.content.decode()] == []
            tried += there.status_code != 405
    assert tried > 15
    assert LogEntry.objects.count() == before


ASK_FOR_ALL = {
    "api/privilege.py", "evidence/searching.py", "evidence/views.py", "evidence/views_privilege.py",
    "incidents/queries/privilege.py", "incidents/queries/search.py", "reports/referral.py",
}  # fmt: skip


def test_the_rows_that_hold_what_is_privileged_are_asked_for_in_few_places_and_through_the_one_entry_point() -> None:
    """Whoever adds a place here shows in this table that it asks `seen`; actions check for themselves."""
    source = Path(tocsin.__file__).parent
    files = {p.relative_to(source).as_posix(): p.read_text(encoding="utf-8") for p in source.rglob("*.py")}
    asking = {name: text for name, text in files.items() if ".kept." in text and "/actions/" not in name}
    assert asking.keys() == ASK_FOR_ALL
    assert [name for name, text in asking.items() if not re.search(r"\bseen\(", text)] == []


def test_the_news_that_pages_hear_name_nothing(incident: Incident, counsel: User, tmp_path: Path) -> None:
    two_secrets(incident, counsel, tmp_path)
    length = LogEntry.objects.filter(chain=incident.chain_id).count()
    told = news.told(incident.chain_id, length - 2, length, ["UTC"], 1)["UTC"].decode()
    assert "Something privileged was recorded." in told
    assert [word for word in [*TELLTALE, str(counsel), str(counsel.pk)] if word in told] == []


def test_what_leaves_names_nothing(incident: Incident, counsel: User, tmp_path: Path) -> None:
    """Exports, reports, books, tables and webhooks; the survival copy is made of these."""
    lead = factories.on(incident, IncidentRole.LEAD, OrgRole.RESPONDER)
    create_webhook(lead.actor, incident.organization, user=lead, label="SIEM", url="https://siem.example/in")
    two_secrets(incident, counsel, tmp_path)
    incident.refresh_from_db()
    out = tmp_path / "out"
    out.mkdir()
    papers = {path.name: path.read_bytes() for path in write_all(incident, out)}
    book = incident_book(incident, Issue(clock.now(), "1", 1, address="https://tocsin.example", made_by="Somebody"))
    papers["book"] = repr(book).encode()
    papers["log"] = b"".join(log.export(LogEntry.objects.all()))
    papers["webhook"] = b"".join(payload(batch) for hook in Webhook.objects.all() for batch in due_batches(hook))
    assert b"privilege.entry" in papers["webhook"]
    assert len(papers) > 8
    for name, content in papers.items():
        text = "".join(p.extract_text() for p in PdfReader(io.BytesIO(content)).pages) if name.endswith(".pdf") else ""
        whole = text + content.decode("latin-1")
        assert [word for word in TELLTALE if word in whole] == [], name
    assert log.verify_lines(papers["log"].splitlines(keepends=True)).holds


def test_who_was_taken_off_sees_no_more_than_the_others(incident: Incident, counsel: User, tmp_path: Path) -> None:
    expert = factories.on(incident, IncidentRole.RESPONDER)
    two_secrets(incident, counsel, tmp_path)
    actions.admit_to_privilege(counsel.actor, incident, user_id=expert.pk, because="Expert.")
    browser = Client()
    browser.force_login(expert, backend="django.contrib.auth.backends.ModelBackend")
    page = f"/incidents/{incident.number}/notes/p1"
    assert TEXT in browser.get(page).content.decode()
    actions.dismiss_from_privilege(counsel.actor, incident, user_id=expert.pk, because="The report is in.")
    assert browser.get(page).status_code == 404
    look(expert, incident, NEAR)
