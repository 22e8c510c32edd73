"""The REST door from outside: keys and sessions, need-to-know, each endpoint, and how errors are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from pydantic import TypeAdapter

import factories
from access_arguments import ARGUMENTS, TWO, finding
from tocsin.core import clock, log
from tocsin.core.access import OrgRole
from tocsin.core.models import LogEntry, Organization
from tocsin.evidence.models import Detection
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.people.actions import create_token, hashed, revoke_token
from tocsin.people.models import ApiToken, User

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
BASE = "/api/v1"


class Caller:
    """Somebody with an API token."""

    def __init__(self, person: User, place: Organization) -> None:
        self.person = person
        self.secret = create_token(S, place, user=person, label="test", scopes=["read", "write", "admin"])
        self.client = Client(headers={"Authorization": f"Bearer {self.secret}"}, raise_request_exception=False)

    def get(self, path: str, **query: Any) -> tuple[int, Any]:
        answer = self.client.get(BASE + path, query)
        return answer.status_code, answer.json()

    def items(self, path: str, **query: Any) -> list[Any]:
        status, page = self.get(path, **query)
        assert (status, page["next"]) == (200, None)
        return list(page["items"])

    def post(self, path: str, **given: Any) -> tuple[int, Any]:
        return self.send("post", path, given)

    def send(self, method: str, path: str, given: Any, **headers: str) -> tuple[int, Any]:
        call = getattr(self.client, method)
        body = json.dumps(given, default=str)
        answer = call(BASE + path, body, content_type="application/json", headers=headers)
        return answer.status_code, answer.json() if answer.content else None


@pytest.fixture
def lead(incident: Incident) -> Caller:
    return Caller(factories.on(incident, "lead", OrgRole.RESPONDER), incident.organization)


@pytest.fixture
def outsider(incident: Incident) -> Caller:
    """The administrator of the organization, who is not on the incident."""
    return Caller(factories.user(incident.organization, OrgRole.ADMINISTRATOR), incident.organization)


def test_without_a_key_or_a_session_nothing_is_answered(incident: Incident, client: Client) -> None:
    for headers in ({}, {"Authorization": "Bearer tocsin_wrong"}, {"Authorization": "Basic YTpi"}):
        answer = client.get(f"{BASE}/incidents", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_revoked_token_and_a_closed_account_are_shut_out(lead: Caller, incident: Incident) -> None:
    assert lead.get("/incidents")[0] == 200
    with factories.preparing():
        User.objects.filter(pk=lead.person.pk).update(is_active=False)
    assert lead.get("/incidents")[0] == 401
    with factories.preparing():
        User.objects.filter(pk=lead.person.pk).update(is_active=True)
    token = ApiToken.objects.get(secret_hash=hashed(lead.secret))
    revoke_token(lead.person.actor, incident.organization, token=token)
    assert lead.get("/incidents")[0] == 401


def test_a_session_reads_but_writes_only_with_the_csrf_token(incident: Incident, lead: Caller) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(lead.person)
    assert browser.get(f"{BASE}/incidents").json()["items"][0]["id"] == str(incident.id)
    address, body = f"{BASE}/incidents/{incident.id}/scope", {"kind": "host", "name": "A", "because": "b"}
    refused = browser.post(address, json.dumps(body), content_type="application/json")
    assert refused.status_code == 403
    assert refused.headers["Content-Type"] == "application/problem+json"
    browser.get("/sign-in")
    browser.cookies["csrftoken"] = secret = "a" * 32
    allowed = browser.post(address, json.dumps(body), content_type="application/json", headers={"X-CSRFToken": secret})
    assert allowed.status_code == 201


def test_a_wrong_key_is_not_rescued_by_a_session(lead: Caller) -> None:
    browser = Client()
    browser.force_login(lead.person)
    assert browser.get(f"{BASE}/incidents", headers={"Authorization": "Bearer wrong"}).status_code == 401


EVERYTHING: list[tuple[str, str, dict[str, Any]]] = [
    ("get", "", {}),
    ("get", "/tasks", {}),
    ("post", "/tasks/1/start", {}),
    ("post", "/tasks/1/complete", {"proof": "x"}),
    ("post", "/tasks/1/skip", {"reason": "x"}),
    ("post", "/tasks/1/assign", {"member": None}),
    ("get", "/decisions", {}),
    ("post", "/decisions/1", {"chosen": "x", "reason": "y"}),
    ("get", "/clocks", {}),
    ("get", "/findings", {}),
    ("post", "/findings", {"claim": "x", "confidence": "low"}),
    ("post", "/findings/1/judge", {"accept": True}),
    ("get", "/scope", {}),
    ("post", "/scope", {"kind": "host", "name": "A", "because": "b"}),
    ("post", "/scope/1", {"state": "confirmed", "because": "b"}),
    ("get", "/evidence", {}),
    ("post", "/evidence/verify", {}),
    ("post", "/analyses", {}),
    ("get", "/analyses/1", {}),
    ("get", "/detections", {}),
    ("get", "/log", {}),
    ("get", "/log/export", {}),
    ("get", "/log/verify", {}),
]


@pytest.mark.parametrize(("method", "path", "given"), EVERYTHING, ids=[f"{m}{p}" for m, p, _ in EVERYTHING])
def test_who_is_not_on_an_incident_cannot_learn_that_it_exists(
    incident: Incident, outsider: Caller, method: str, path: str, given: dict[str, Any]
) -> None:
    entries = LogEntry.objects.count()
    call: Callable[..., tuple[int, Any]] = getattr(outsider, method)
    real = call(f"/incidents/{incident.id}{path}", **given)
    invented = call(f"/incidents/00000000-0000-4000-8000-000000000000{path}", **given)
    assert real[0] == 404
    assert real == invented
    assert LogEntry.objects.count() == entries


def test_the_list_of_incidents_shows_only_ones_own(incident: Incident, outsider: Caller, lead: Caller) -> None:
    factories.incident(incident.organization, title="Another", exercise=True)
    assert outsider.items("/incidents") == []
    assert [i["number"] for i in lead.items("/incidents")] == [incident.number]
    assert lead.items("/incidents", exercise="true") == []
    assert lead.items("/incidents", phase="closed") == []


def test_declaring_and_declaring_again(organization: Organization) -> None:
    caller = Caller(factories.user(organization), organization)
    given = {"title": "Mail account taken", "severity": 2, "playbook": "business-email-compromise", "key": "alert-7"}
    status, made = caller.post("/incidents", **given)
    assert status == 201
    assert made["organization"] == "halden"
    assert made["phase"] == "declared"
    assert made["plan_version"] == organization.plan_versions.get().version
    assert caller.post("/incidents", **given)[1]["id"] == made["id"]
    assert Incident.objects.count() == 1
    assert caller.get(f"/incidents/{made['id']}")[0] == 200
    other = Caller(factories.user(organization), organization)
    status, told = other.post("/incidents", **given)
    assert status == 201, "a key is each declarer's own: nobody learns which others were used"
    assert told["id"] != made["id"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"severity": 2}, "title"),
        ({"title": "  ", "severity": 2}, "title"),
        ({"title": "A", "severity": 9}, "severity"),
        ({"title": "A", "severity": 2, "playbook": "none-such"}, "playbook"),
        ({"title": "A", "severity": 2, "tlp": "TLP:BLUE"}, "tlp"),
        ({"title": "A", "severity": 2, "detected_at": "2026-01-01T10:00:00"}, "detected_at"),
        ({"title": "A", "severity": 2, "detected_at": "2099-01-01T10:00:00Z"}, "detected_at"),
        ({"title": "A", "severity": 2, "misspelt": 1}, "misspelt"),
    ],
)
def test_what_does_not_fit_is_told_with_its_field(
    organization: Organization, given: dict[str, Any], field: str
) -> None:
    caller = Caller(factories.user(organization), organization)
    status, told = caller.post("/incidents", **given)
    assert (status, told["status"], told["field"]) == (422, 422, field)
    assert told["detail"]
    assert not Incident.objects.exists()


def test_a_guest_may_not_declare(organization: Organization) -> None:
    caller = Caller(factories.user(organization, OrgRole.GUEST), organization)
    status, told = caller.post("/incidents", title="A", severity=2)
    assert status == 403
    assert "incident.declare" in told["detail"]


def test_with_two_organizations_one_has_to_say_which(organization: Organization) -> None:
    person = factories.user(organization, OrgRole.ADMINISTRATOR)
    rival = factories.organization("rival")
    factories.user(rival, OrgRole.ADMINISTRATOR, email=person.email)
    caller = Caller(person, organization)
    status, told = caller.post("/incidents", title="A", severity=2)
    assert (status, told["field"]) == (422, "organization")
    assert caller.post("/incidents", title="A", severity=2, organization="rival")[1]["organization"] == "rival"
    assert caller.post("/incidents", title="A", severity=2, organization="elsewhere")[0] == 404
    assert [v["number"] for v in caller.items("/plan/versions", organization="rival")] == [1]


def test_tasks_are_worked_on(incident: Incident, lead: Caller) -> None:
    path = f"/incidents/{incident.id}/tasks"
    task = next(t for t in lead.items(path, state="open") if t["kind"] == "task")
    number = task["number"]
    seen = lead.client.get(f"{BASE}{path}/{number}").headers["ETag"]
    assert lead.send("post", f"{path}/{number}/start", {}, if_match=seen)[1]["state"] == "doing"
    status, told = lead.send("post", f"{path}/{number}/complete", {"proof": "seen"}, if_match=seen)
    assert status == 412
    assert "Somebody changed this" in told["detail"]
    seen = lead.client.get(f"{BASE}{path}/{number}").headers["ETag"]
    assert lead.send("post", f"{path}/{number}/complete", {}, if_match=seen)[1]["field"] == "proof"
    done = lead.send("post", f"{path}/{number}/complete", {"proof": "seen"}, if_match=seen)[1]
    assert (done["state"], done["proof"], done["ended_by"]) == ("done", "seen", lead.person.name)
    assert lead.post(f"{path}/{number}/complete", proof="again")[0] == 422
    other = next(t for t in lead.items(path, state="open") if t["kind"] == "task")["number"]
    assert lead.post(f"{path}/{other}/assign", member="jonas-lindqvist")[1]["member"] == "jonas-lindqvist"
    assert lead.post(f"{path}/{other}/assign", member="nobody")[1]["field"] == "member"
    assert lead.post(f"{path}/{other}/assign", member=None)[1]["member"] is None
    assert lead.post(f"{path}/{other}/skip", reason="no plant here")[1]["state"] == "skipped"
    assert lead.items(path, role="legal_counsel")
    assert lead.post(f"{path}/999/start")[0] == 404


def test_an_observer_sees_and_may_not_touch(incident: Incident) -> None:
    caller = Caller(factories.on(incident, "observer"), incident.organization)
    assert caller.get(f"/incidents/{incident.id}/tasks")[0] == 200
    assert caller.post(f"/incidents/{incident.id}/tasks/1/start")[0] == 403
    upload = caller.client.post(
        f"{BASE}/incidents/{incident.id}/evidence", {"files": SimpleUploadedFile("a.evtx", b"abc")}
    )
    assert upload.status_code == 403
    assert caller.post(f"/incidents/{incident.id}/evidence/verify")[0] == 403


def test_a_decision_is_taken_by_who_the_plan_trusts(incident: Incident, lead: Caller) -> None:
    person = factories.holder(incident.organization, "legal_counsel")
    factories.admit(S, incident, user_id=person.id, role="counsel")
    counsel = Caller(person, incident.organization)
    path = f"/incidents/{incident.id}/decisions"
    police = next(d for d in counsel.items(path) if d["authority"] == "involve_police")
    given = {"chosen": police["options"][0]["id"], "reason": "They may hold keys."}
    status, told = lead.post(f"{path}/{police['number']}", **given)
    assert status == 403
    assert "Legal counsel" in told["detail"]
    status, taken = counsel.post(f"{path}/{police['number']}", **given)
    assert status == 200
    assert (taken["state"], taken["decided_by"]) == ("decided", person.name)
    assert taken["known"]["phase"] == "declared"
    assert counsel.post(f"{path}/{police['number']}", **given)[0] == 422


def test_findings_are_stated_and_judged(incident: Incident, lead: Caller) -> None:
    path = f"/incidents/{incident.id}/findings"
    actions.suggest_findings(S, incident, suggestions=[finding()], source="a test")
    status, stated = lead.post(
        path, claim="PowerShell ran", confidence="moderate", cites=["E-01#7"], techniques=["T1059"]
    )
    assert (status, stated["state"], stated["cites"]) == (201, "stated", ["E-01#7"])
    assert lead.post(path, claim="x", confidence="certain")[1]["field"] == "confidence"
    suggested = lead.items(path, state="suggested")
    assert len(suggested) == 1
    number = suggested[0]["number"]
    assert lead.post(f"{path}/{number}/judge", accept=False)[1]["field"] == "reason"
    assert lead.post(f"{path}/{number}/judge", accept=False, reason="our own script")[1]["state"] == "rejected"


def test_scope_is_kept_with_its_history(incident: Incident, lead: Caller) -> None:
    path = f"/incidents/{incident.id}/scope"
    status, added = lead.post(path, kind="host", name="SRV-01", because="seen", count_low=1, count_high=1)
    assert (status, added["state"]) == (201, "suspected")
    between = clock.now()
    changed = lead.post(f"{path}/{added['number']}", state="contained", because="cable pulled", cites=["E-02"])[1]
    assert (changed["state"], changed["cites"], changed["by"]) == ("contained", ["E-02"], lead.person.name)
    then = lead.items(path, as_of=between.isoformat())
    assert [e["state"] for e in then] == ["suspected"]
    assert lead.items(path, as_of=(between - timedelta(days=1)).isoformat()) == []
    assert lead.get(path, as_of="2026-01-01T00:00:00")[0] == 422
    assert lead.post(path, kind="host", name="srv-01", because="again")[1]["field"] == "name"
    assert lead.post(path, kind="planet", name="x", because="y")[1]["field"] == "kind"


def test_evidence_is_uploaded_once_and_verified(incident: Incident, lead: Caller, store: Path) -> None:
    def send(*files: tuple[str, bytes]) -> Any:
        body = {"files": [SimpleUploadedFile(n, c) for n, c in files], "why": "from the gateway"}
        return lead.client.post(f"{BASE}/incidents/{incident.id}/evidence", body)

    answer = send(("one.evtx", b"one"), ("two.evtx", b"two"))
    assert answer.status_code == 201
    assert [(i["label"], i["name"], i["bytes"]) for i in answer.json()] == [
        ("E-01", "one.evtx", 3),
        ("E-02", "two.evtx", 3),
    ]
    assert send(("one again.evtx", b"one")).json()[0]["label"] == "E-01"
    assert len(lead.items(f"/incidents/{incident.id}/evidence")) == 2
    stored = store / answer.json()[1]["sha256"][:2] / answer.json()[1]["sha256"]
    stored.chmod(0o600)
    stored.write_bytes(b"twO")
    checked = lead.post(f"/incidents/{incident.id}/evidence/verify")[1]
    assert [(i["label"], i["intact"]) for i in checked] == [("E-01", True), ("E-02", False)]
    assert lead.post(f"/incidents/{incident.id}/evidence/verify", items=[1, 7])[1]["field"] == "items"
    assert lead.client.post(f"{BASE}/incidents/{incident.id}/evidence", {"why": "x"}).status_code == 422


def test_an_analysis_is_asked_for_and_read(incident: Incident, lead: Caller, tmp_path: Path) -> None:
    plain = factories.incident(incident.organization, title="No playbook", playbook_id=None)
    factories.admit(S, plain, user_id=lead.person.id, role="lead")
    path = f"/incidents/{plain.id}/analyses"
    assert lead.post(path)[0] == 422
    factories.evidence(plain, tmp_path)
    status, run = lead.post(path)
    assert (status, run["state"], run["items"]) == (201, "queued", [1])
    assert lead.get(f"{path}/{run['number']}")[1]["requested_by"] == lead.person.name
    assert lead.get(f"{path}/9")[0] == 404


def test_detections_come_in_pages(incident: Incident, lead: Caller, tmp_path: Path) -> None:
    item = factories.evidence(incident, tmp_path)
    run = incident.runs.get()
    with factories.preparing():
        for n in range(5):
            Detection.objects.create(
                incident=incident, run=run, item=item, rule_id="r", title=f"T{n}", level="high", source_file="a",
                record_id=str(n), host="SRV-01" if n % 2 else "SRV-02", time=datetime(2026, 1, 1, tzinfo=UTC),
            )  # fmt: skip
    path, seen, cursor = f"/incidents/{incident.id}/detections", [], ""
    for _ in range(3):
        page = lead.get(path, cursor=cursor, limit=2)[1]
        seen += [d["title"] for d in page["items"]]
        cursor = page["next"]
    assert seen == ["T0", "T1", "T2", "T3", "T4"]
    assert cursor is None
    assert page["items"][0]["cite"] == "E-01#4"
    assert len(lead.get(path, host="SRV-01")[1]["items"]) == 2
    assert lead.get(path, limit=5000)[0] == 422


def test_clocks_are_listed(incident: Incident, lead: Caller) -> None:
    clocks = lead.items(f"/incidents/{incident.id}/clocks")
    assert {c["regime"] for c in clocks} >= {"eu-nis2-23", "eu-gdpr-33"}
    assert all(c["because"] and c["task"] for c in clocks)


def test_the_log_is_read_on_exported_and_verified(incident: Incident, lead: Caller) -> None:
    path = f"/incidents/{incident.id}/log"
    first = lead.get(path, limit=2)[1]
    assert [e["sequence"] for e in first["items"]] == [1, 2]
    rest = lead.get(path, cursor=first["next"], limit=1000)[1]
    assert lead.get(path, after=2, limit=1000)[1] == rest
    assert rest["next"] is None
    exported = b"".join(lead.client.get(BASE + path + "/export").streaming_content)
    lines = exported.splitlines(keepends=True)
    assert log.verify_lines(lines).holds
    assert [json.loads(line) for line in lines] == first["items"] + rest["items"]
    proof = lead.get(path + "/verify")[1]
    incident.chain.refresh_from_db()
    assert proof == {"holds": True, "entries": len(lines), "head": incident.chain.head, "fault": None}
    with factories.preparing():
        type(incident.chain).objects.filter(pk=incident.chain_id).update(length=99)
    assert lead.get(path + "/verify")[1]["holds"] is False


def test_an_organizations_own_log_is_for_its_people(incident: Incident, lead: Caller, outsider: Caller) -> None:
    assert outsider.get("/organizations/halden/log")[1]["items"][0]["verb"] == "organization.found"
    assert outsider.get("/organizations/halden/log/verify")[1]["holds"] is True
    export = outsider.client.get(f"{BASE}/organizations/halden/log/export")
    assert log.verify_lines(b"".join(export.streaming_content).splitlines(keepends=True)).holds
    factories.organization("rival")
    assert outsider.get("/organizations/rival/log")[0] == 404


def test_a_plan_is_imported_and_a_broken_one_refused(organization: Organization) -> None:
    caller = Caller(factories.user(organization, OrgRole.ADMINISTRATOR), organization)
    files = dict(factories.plan_files())
    assert caller.post("/plan/versions", files=files)[1]["number"] == 1
    files["plan.yaml"] = files["plan.yaml"].replace("people_count: 1860", "people_count: 1861")
    status, made = caller.post("/plan/versions", files=files)
    assert (status, made["number"]) == (201, 2)
    assert "ransomware" in made["playbooks"]
    files["plan.yaml"] = files["plan.yaml"].replace("functions:", "functoins:")
    status, told = caller.post("/plan/versions", files=files)
    assert status == 422
    assert any(e.startswith("plan.yaml:") for e in told["errors"])
    assert [v["number"] for v in caller.items("/plan/versions")] == [2, 1]
    responder = Caller(factories.user(organization), organization)
    assert responder.post("/plan/versions", files=files)[0] == 403


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"title": NaN}', b"[" * 100_000, b"null", b""])
def test_a_broken_body_is_a_problem_and_no_crash(organization: Organization, body: bytes) -> None:
    caller = Caller(factories.user(organization), organization)
    answer = caller.client.post(f"{BASE}/incidents", body, content_type="application/json")
    assert answer.status_code in (400, 422)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_too_much_for_one_request_is_told(organization: Organization) -> None:
    caller = Caller(factories.user(organization), organization)
    answer = caller.client.post(f"{BASE}/incidents", b" " * 6_000_000, content_type="application/json")
    assert answer.status_code == 413


def test_hostile_texts_are_taken_and_kept(organization: Organization) -> None:
    caller = Caller(factories.user(organization), organization)
    status, made = caller.post("/incidents", title="null\x00byte and \ud800", severity=2, facts={"n": 1.0})
    assert status == 201
    assert made["title"] == "null␀byte and �"


def test_numbers_that_are_none_are_refused(organization: Organization) -> None:
    caller = Caller(factories.user(organization), organization)
    body = b'{"title": "A", "severity": 2, "facts": {"x": Infinity}}'
    for number in (b"Infinity", b"NaN", b"1e400", b"9" * 19, b"9" * 5000):
        sent = body.replace(b"Infinity", number)
        answer = caller.client.post(f"{BASE}/incidents", sent, content_type="application/json")
        assert answer.status_code == 422, number[:20]
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_what_the_api_is_can_be_read(client: Client, lead: Caller) -> None:
    assert client.get(f"{BASE}/openapi.json").status_code == 401
    answer = lead.client.get(f"{BASE}/openapi.json")
    described = answer.json()
    assert described["openapi"].startswith("3.1")
    assert set(described["components"]["securitySchemes"]) == {"Key", "Session"}
    operations = [o for path in described["paths"].values() for o in path.values()]
    assert all(o["summary"] and o["description"] for o in operations)
    assert len({o["operationId"] for o in operations}) == len(operations)
    TypeAdapter(dict[str, Any]).validate_python(described)


def test_options_of_a_decision_are_answered_as_they_were_put(incident: Incident, lead: Caller) -> None:
    asked = actions.open_decision(S, incident, question="Cut the line?", options=TWO, role="incident_manager")
    shown = next(d for d in lead.items(f"/incidents/{incident.id}/decisions") if d["number"] == asked.number)
    assert shown["options"] == [option | {"cost": None, "requires": []} for option in TWO]


HOSTILE: list[Any] = ["x" * 30_000, "\x00\ud800", "", -1, 2**70, 1.5, None, [], {}, ["x" * 900], True, "2026-13-45"]


@pytest.mark.parametrize(
    ("path", "given"),
    [(p, g) for m, p, g in EVERYTHING if m == "post"],
    ids=[p for m, p, _ in EVERYTHING if m == "post"],
)
def test_hostile_values_are_refused_or_kept_and_never_break_anything(
    incident: Incident, lead: Caller, path: str, given: dict[str, Any]
) -> None:
    """Each field of each request in turn: too long, not storable, negative, beyond 64 bits, of another kind."""
    more = {"/scope": ("count_low", "cites", "first_seen"), "/findings": ("source", "raw", "hosts", "happened_from"),
            "/evidence/verify": ("items",), "/decisions/1": ("revisit_at",)}  # fmt: skip
    if path == "/decisions/1":
        ARGUMENTS["decision.take"](incident, lead.person)  # seats them: who may not decide is not told more
    for field in (*given, *more.get(path, ())):
        for value in HOSTILE:
            with transaction.atomic():
                status, told = lead.post(f"/incidents/{incident.id}{path}", **(given | {field: value}))
                transaction.set_rollback(True)
            assert status in (200, 201, 404, 422), (field, value, told)


@pytest.mark.parametrize(
    "field", ["title", "severity", "playbook", "summary", "exercise", "tlp", "detected_at", "facts", "key"]
)
def test_hostile_declarations(organization: Organization, field: str) -> None:
    caller = Caller(factories.user(organization), organization)
    for value in [*HOSTILE, {"x" * 90: 1}, {"n": "x" * 9000}, {"n": 2**70}, {"n": 1e300}]:
        with transaction.atomic():
            status, told = caller.post("/incidents", **({"title": "A", "severity": 2} | {field: value}))
            transaction.set_rollback(True)
        assert status in (201, 422), (field, value, told)


@pytest.mark.parametrize(
    "path", ["/detections?host=%00", "/detections?level=%ED%A0%80", "/tasks?role=%00", "/log?after=%00"]
)
def test_hostile_queries(incident: Incident, lead: Caller, path: str) -> None:
    assert lead.get(f"/incidents/{incident.id}{path}")[0] in (200, 422)


def test_numbers_in_addresses_have_no_end(incident: Incident, lead: Caller) -> None:
    huge = 2**80
    assert lead.post(f"/incidents/{incident.id}/tasks/{huge}/start")[0] == 404
    assert lead.get(f"/incidents/{incident.id}/analyses/{huge}")[0] == 404
    assert lead.get(f"/incidents/{incident.id}/detections", cursor=huge)[0] == 422
    assert lead.get(f"/incidents/{incident.id}/log", after=huge)[0] in (200, 422)


@pytest.mark.parametrize(
    ("role", "status"), [("administrator", 200), ("auditor", 200), ("responder", 404), ("guest", 404)]
)
def test_an_organizations_log_is_for_administrators_and_auditors(
    organization: Organization, role: str, status: int
) -> None:
    caller = Caller(factories.user(organization, role), organization)
    for path in ("log", "log/export", "log/verify"):
        assert caller.client.get(f"{BASE}/organizations/{organization.slug}/{path}").status_code == status, path


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "1969-12-31T00:00:00Z"])
def test_a_time_that_cannot_be_meant_is_refused(lead: Caller, incident: Incident, time: str) -> None:
    base = f"/incidents/{incident.id}"
    assert lead.get(f"{base}/scope", as_of=time)[0] == 422
    status, said = lead.post(f"{base}/findings", claim="x", confidence="low", happened_from=time)
    assert (status, "between 1970 and 2200" in said["detail"]) == (422, True)
