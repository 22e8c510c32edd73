"""The Python client: in step with the document, and what it does against the real API."""

from __future__ import annotations

import inspect
import runpy
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.handlers.wsgi import WSGIHandler

import factories
from tocsin.api.v1 import api
from tocsin.client import NotAllowed, NotFound, Problem, Stale, Tocsin, Unreachable, calling
from tocsin.client.made import Operations
from tocsin.core.access import OrgRole
from tocsin.core.models import LogEntry
from tocsin.incidents.models import Incident
from tocsin.people.actions import create_token
from tocsin.people.models import User

ROOT = Path(__file__).parents[2]
S = factories.SYSTEM
pytestmark = pytest.mark.usefixtures("one_connection")


def client(place: Incident, person: User, *scopes: str) -> Tocsin:
    token = create_token(S, place.organization, user=person, label="c", scopes=scopes or ("read", "write", "admin"))
    return Tocsin("http://127.0.0.1", token, transport=httpx.WSGITransport(app=WSGIHandler()))


@pytest.fixture
def lead(incident: Incident) -> Iterator[Tocsin]:
    with client(incident, factories.on(incident, "lead", OrgRole.RESPONDER)) as made:
        yield made


def test_it_is_in_step_with_the_document() -> None:
    made = runpy.run_path(str(ROOT / "scripts" / "make-client"), run_name="maker")["made"]()
    known = (ROOT / "src" / "tocsin" / "client" / "made.py").read_text(encoding="utf-8")
    assert made == known, "the API changed: run .venv/bin/python scripts/make-client"


def test_every_operation_is_reachable() -> None:
    paths = api.get_openapi_schema(path_prefix="api/v1/")["paths"]
    described = {o["operationId"] for operations in paths.values() for o in operations.values()}
    methods = {name for name, _ in inspect.getmembers(Operations, inspect.isfunction) if not name.startswith("_")}
    assert methods - {"close"} == described


def test_it_stands_alone() -> None:
    """A program that only asks needs neither Django nor the server's settings."""
    code = "import sys, tocsin.client; sys.exit(any(m.split('.')[0] in ('django', 'ninja') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.django_db
def test_work_in_an_incident(incident: Incident, lead: Tocsin, tmp_path: Path, store: Path) -> None:
    (shown,) = lead.list_incidents()
    assert (shown.id, shown.severity) == (incident.pk, 2)
    task = lead.add_task(shown.id, "Call the bank", "incident_manager")
    started = lead.start_task(shown.id, task.number, seen=lead.get_task(shown.id, task.number))
    assert started.state == "doing"
    with pytest.raises(Stale) as stale:
        lead.complete_task(shown.id, task.number, proof="x", seen=task)
    assert "Somebody changed this" in stale.value.detail
    assert lead.complete_task(shown.id, task.number, proof="Called.", seen=started).state == "done"
    assert lead.assign_task(shown.id, next(lead.list_tasks(shown.id, state="open")).number, member=None).member is None
    finding = lead.state_a_finding(shown.id, "PowerShell ran", "moderate", techniques=["T1059"])
    assert lead.get_finding(shown.id, finding.number).techniques == ["T1059"]
    entry = lead.add_to_scope(shown.id, "host", "SRV-01", "seen")
    assert lead.change_in_scope(shown.id, entry.number, "contained", "cable pulled").state == "contained"
    question = lead.put_question(
        shown.id, "Cut the line?", [{"id": "y", "label": "Yes"}, {"id": "n", "label": "No"}], "incident_manager"
    )
    assert question.state == "open"
    file = tmp_path / "mail.eml"
    file.write_bytes(b"From: a")
    (item,) = lead.upload_evidence(shown.id, [file], why="from the gateway")
    assert (item.name, item.bytes) == ("mail.eml", 7)
    assert b'"task.add"' in lead.export_log(shown.id)
    assert lead.verify_log(shown.id).holds
    assert lead.get_me().scopes == ["admin", "read", "write"]


@pytest.mark.django_db
def test_lists_are_asked_for_page_by_page(incident: Incident, lead: Tocsin) -> None:
    for number in range(230):
        lead.state_fact(incident.pk, f"fact_{number}", number)
    assert len(list(lead.list_facts(incident.pk))) >= 230
    entries = list(lead.follow_log(incident.pk, until=0))
    assert [e.sequence for e in entries] == list(range(1, len(entries) + 1))
    assert list(lead.follow_log(incident.pk, after=entries[-1].sequence, until=0)) == []


@pytest.mark.django_db
def test_what_is_refused_is_an_exception_that_says_why(incident: Incident, lead: Tocsin) -> None:
    with pytest.raises(Problem) as refused:
        lead.add_to_scope(incident.pk, "host", "", "seen")
    assert (refused.value.status, refused.value.field) == (422, "name")
    with pytest.raises(NotFound):
        lead.get_task(incident.pk, 999)
    outsider = client(incident, factories.user(incident.organization, OrgRole.ADMINISTRATOR))
    with pytest.raises(NotFound):
        outsider.get_incident(incident.pk)
    reader = client(incident, factories.on(incident, "lead"), "read")
    with pytest.raises(NotAllowed, match="scope write"):
        reader.set_incident_summary(incident.pk, "x")


@pytest.mark.django_db
def test_the_same_key_does_it_once(incident: Incident, lead: Tocsin) -> None:
    first = lead.state_a_finding(incident.pk, "x", "low", idempotency_key="k")
    again = lead.state_a_finding(incident.pk, "x", "low", idempotency_key="k")
    assert first.number == again.number
    assert LogEntry.objects.filter(chain_id=incident.chain_id, verb="finding.state").count() == 1


class Flaky(BaseHTTPRequestHandler):
    """Breaks off, is busy, then answers; keeps which keys it saw."""

    keys: list[str] = []
    steps: list[str] = []

    def do_PUT(self) -> None:
        self.keys.append(self.headers["Idempotency-Key"])
        step = self.steps.pop(0)
        if step == "break":
            self.connection.close()
            return
        self.send_response(int(step))
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"name": "a", "value": 1}')

    def log_message(self, *args: object) -> None:
        pass


def test_what_breaks_off_is_sent_again_under_the_same_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "PAUSES", (0.01, 0.01))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Flaky)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url, number = f"http://127.0.0.1:{server.server_port}", "00000000-0000-4000-8000-000000000000"
    Flaky.steps, Flaky.keys = ["break", "503", "200"], []
    with Tocsin(url, "t") as asked:
        assert asked.state_fact(number, "a", 1).value == 1
        assert len(set(Flaky.keys)) == 1
        assert len(Flaky.keys) == 3
        Flaky.steps = ["break"] * 3
        with pytest.raises(Unreachable):
            asked.state_fact(number, "a", 1)
    server.shutdown()
    server.server_close()


def test_a_name_leads_to_no_other_address_and_the_token_to_no_other_host() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(302, headers={"Location": "https://evil.example/"}, json={})

    number = "00000000-0000-4000-8000-000000000000"
    with Tocsin("https://tocsin.example", "secret", transport=httpx.MockTransport(answer)) as t:
        for name in ("..", ".", "", "..."):
            with pytest.raises(ValueError, match="names nothing"):
                t.take_fact_back(number, name, "x")
        assert asked == []
        with pytest.raises(Problem):
            t.state_fact(number, "a/../../b?x#y", 1)
    assert [r.url.host for r in asked] == ["tocsin.example"]
    assert asked[0].url.raw_path == f"/api/v1/incidents/{number}/facts/a%2F..%2F..%2Fb%3Fx%23y".encode()


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{", b"[]", b'"x"', b"[" * 100_000, b'{"errors": 7}', b'{"detail": null}', b"\xff"]
)
def test_a_refusal_in_any_form_is_a_problem(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calling, "PAUSES", (0.01,))
    headers = [(b"Content-Type", b"application/problem+json"), (b"Retry-After", "²".encode("latin-1"))]
    transport = httpx.MockTransport(lambda _request: httpx.Response(503, content=body, headers=headers))
    with Tocsin("https://tocsin.example", "secret", transport=transport) as t, pytest.raises(Problem) as refused:
        t.get_incident("00000000-0000-4000-8000-000000000000")
    assert refused.value.status == 503
    assert "secret" not in str(refused.value)


def _doc_example() -> str:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    return text.partition("```python\nfrom tocsin.client")[2].partition("```")[0]


@pytest.mark.django_db
def test_the_example_of_the_documentation_runs(
    incident: Incident, lead: Tocsin, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    example = "from tocsin.client" + _doc_example()

    def reaches(url: str, token: str) -> Any:
        assert (url, token) == ("http://127.0.0.1:8400", "tocsin_…")
        return lead

    monkeypatch.setattr("tocsin.client.Tocsin", reaches)
    exec(compile(example, "docs/api.md", "exec"), {})
    assert incident.number in capsys.readouterr().out
