"""What every request passes: pages, ETags, repeated requests, scopes and ends of tokens, rates, and the document."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from test_api import BASE, Caller

import factories
from tocsin.api import door
from tocsin.api.v1 import api
from tocsin.core import clock
from tocsin.core.access import OrgRole
from tocsin.core.models import LogEntry
from tocsin.incidents.models import Finding, Incident
from tocsin.people import bookkeeping
from tocsin.people.actions import create_token, hashed
from tocsin.people.models import ApiToken, IdempotencyKey

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


@pytest.fixture
def lead(incident: Incident) -> Caller:
    return Caller(factories.on(incident, "lead", OrgRole.RESPONDER), incident.organization)


def verbs(incident: Incident, verb: str) -> int:
    return LogEntry.objects.filter(chain_id=incident.chain_id, verb=verb).count()


# Pages


def test_pages_go_on_behind_what_was_answered_whatever_comes_in_between(incident: Incident, lead: Caller) -> None:
    path = f"/incidents/{incident.id}/findings"
    for day in (3, None, 1, None, 2):
        when = f"2026-03-0{day}T00:00:00Z" if day else None
        lead.post(path, claim=f"day {day}", confidence="low", happened_from=when)
    seen, cursor = [], ""
    for _ in range(10):
        page = lead.get(path, limit=2, cursor=cursor)[1]
        seen += [f["claim"] for f in page["items"]]
        # What comes before the place that was reached is not shown; what comes behind it is, and nothing comes twice.
        lead.post(path, claim="early", confidence="low", happened_from="2026-01-01T00:00:00Z")
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ["day 1", "day 2", "day 3", "day None", "day None"]


def test_lists_that_are_no_query_have_pages_too(incident: Incident, lead: Caller) -> None:
    for name in ("srv-1", "srv-2", "srv-3"):
        lead.post(f"/incidents/{incident.id}/scope", kind="host", name=name, because="seen")
    first = lead.get(f"/incidents/{incident.id}/scope", limit=2)[1]
    second = lead.get(f"/incidents/{incident.id}/scope", limit=2, cursor=first["next"])[1]
    assert [e["name"] for e in (*first["items"], *second["items"])] == ["srv-1", "srv-2", "srv-3"]
    assert second["next"] is None


def told(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


HOSTILE = [
    "x", "%00", "é", "=" * 40, "A" * 1999, told(None), told([]), told([["number", "pk"]]), told([["number", "pk"], [1]]),
    told([["number", "pk"], ["a", "b"]]), told([["number", "pk"], [2**70, 1]]), told([["number", "pk"], [1e308, {}]]),
    told([["number", "pk"], [[], []]]), told([["proof", "pk"], ["a", 1]]), told([["number", "pk"], ["\ud800", 1]]),
    told([["number", "pk"], ["1\x00", 1]]), told([["number", "pk"], [True, None]]), told("[" * 1000),
]  # fmt: skip


@pytest.mark.parametrize("cursor", HOSTILE)
def test_a_cursor_that_somebody_made_up_is_refused(incident: Incident, lead: Caller, cursor: str) -> None:
    for path in ("tasks", "scope", "findings", "log", "events/marks", "facts", "roles", "clocks"):
        status, said = lead.get(f"/incidents/{incident.id}/{path}", cursor=cursor)
        assert status in (200, 422), (path, said)
        assert status == 422 or cursor == told([["number", "pk"], [True, None]])


def test_a_cursor_of_another_list_is_refused(incident: Incident, lead: Caller) -> None:
    cursor = lead.get(f"/incidents/{incident.id}/tasks", limit=1)[1]["next"]
    assert lead.get(f"/incidents/{incident.id}/log", cursor=cursor)[1]["field"] == "cursor"


# ETags


def test_what_is_shown_has_an_etag_and_is_not_sent_twice(incident: Incident, lead: Caller) -> None:
    path = f"{BASE}/incidents/{incident.id}"
    tag = lead.client.get(path).headers["ETag"]
    same = lead.client.get(path, headers={"If-None-Match": f'"other", W/{tag}'})
    assert (same.status_code, same.content, same.headers["ETag"]) == (304, b"", tag)
    lead.post(f"/incidents/{incident.id}/scope", kind="host", name="A", because="b")  # the log's length is shown
    assert lead.client.get(path, headers={"If-None-Match": tag}).status_code == 200
    tasks = lead.client.get(f"{path}/tasks")
    assert lead.client.get(f"{path}/tasks", headers={"If-None-Match": tasks.headers["ETag"]}).status_code == 304


def test_a_change_on_top_of_somebody_elses_is_refused(incident: Incident, lead: Caller) -> None:
    path = f"/incidents/{incident.id}/summary"
    tag = lead.client.get(f"{BASE}/incidents/{incident.id}").headers["ETag"]
    answer = lead.client.put(
        BASE + path, json.dumps({"summary": "One."}), content_type="application/json", headers={"If-Match": tag}
    )
    assert answer.status_code == 200
    status, said = lead.send("put", path, {"summary": "Two."}, if_match=tag)
    assert (status, said["field"]) == (412, "If-Match")
    assert lead.send("put", path, {"summary": "Two."}, if_match=answer.headers["ETag"])[0] == 200
    assert lead.send("put", path, {"summary": "Three."}, if_match="*")[0] == 200
    for wrong in ("1", '"x"', '"-1"', f'"{"9" * 30}"', ""):
        assert lead.send("put", path, {"summary": "Four."}, if_match=wrong)[0] == 422, wrong


# Requests that come twice


def test_a_request_that_comes_again_is_answered_as_the_first_time(incident: Incident, lead: Caller) -> None:
    path, given = f"/incidents/{incident.id}/findings", {"claim": "PowerShell ran", "confidence": "low"}
    first = lead.send("post", path, given, idempotency_key="a-1")
    entries = LogEntry.objects.count()
    again = lead.client.post(
        BASE + path, json.dumps(given), content_type="application/json", headers={"Idempotency-Key": "a-1"}
    )
    assert (again.status_code, again.json()) == first
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Content-Type"].startswith("application/json")
    assert LogEntry.objects.count() == entries
    assert Finding.objects.filter(claim="PowerShell ran").count() == 1
    assert lead.send("post", path, given, idempotency_key="a-2")[1]["number"] != first[1]["number"]


def test_a_key_belongs_to_one_request_of_one_person(incident: Incident, lead: Caller) -> None:
    path, given = f"/incidents/{incident.id}/findings", {"claim": "x", "confidence": "low"}
    lead.send("post", path, given, idempotency_key="k")
    status, said = lead.send("post", path, given | {"claim": "y"}, idempotency_key="k")
    assert (status, said["field"]) == (422, "Idempotency-Key")
    status, said = lead.send("put", f"/incidents/{incident.id}/summary", {"summary": "y"}, idempotency_key="k")
    assert (status, said["field"]) == (422, "Idempotency-Key")
    other = Caller(factories.on(incident, "responder", OrgRole.RESPONDER), incident.organization)
    assert other.send("post", path, given, idempotency_key="k")[0] == 201
    assert Finding.objects.filter(claim="x").count() == 2


def test_what_was_refused_may_be_tried_again_under_its_key(incident: Incident, lead: Caller) -> None:
    path = f"/incidents/{incident.id}/scope/1"
    given = {"state": "contained", "because": "cable pulled"}
    assert lead.send("post", path, given, idempotency_key="k")[0] == 404
    assert not IdempotencyKey.objects.exists()
    lead.post(f"/incidents/{incident.id}/scope", kind="host", name="A", because="b")
    assert lead.send("post", path, given, idempotency_key="k")[0] == 200
    assert lead.send("post", path, given, idempotency_key="k")[0] == 200
    assert verbs(incident, "scope.change") == 1


def test_an_upload_that_comes_again_is_known_by_its_content(incident: Incident, lead: Caller, store: Path) -> None:
    def send(content: bytes) -> Any:
        files = {"files": [SimpleUploadedFile("a.evtx", content)], "why": "x"}
        return lead.client.post(f"{BASE}/incidents/{incident.id}/evidence", files, headers={"Idempotency-Key": "up"})

    first = send(b"abc")
    assert first.status_code == 201
    assert send(b"abc").json() == first.json()  # another boundary, the same form
    assert send(b"abd").status_code == 422
    assert verbs(incident, "evidence.take") == 1


def test_an_answer_without_a_body_and_a_file(incident: Incident, lead: Caller) -> None:
    lead.send("put", f"/incidents/{incident.id}/facts/ransom_demanded", {"value": True})
    path = f"/incidents/{incident.id}/facts/ransom_demanded"
    for _ in range(2):
        assert lead.send("delete", path, {"because": "It was a test."}, idempotency_key="d") == (204, None)
    assert verbs(incident, "fact.withdraw") == 1


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "é"])
def test_a_key_that_is_none(incident: Incident, lead: Caller, key: str) -> None:
    status, said = lead.send("put", f"/incidents/{incident.id}/summary", {"summary": "x"}, idempotency_key=key)
    assert (status, said["field"]) == (422, "Idempotency-Key")
    assert verbs(incident, "summary.set") == 0


def test_nobody_gets_an_answer_through_a_key(incident: Incident, lead: Caller) -> None:
    path, given = f"/incidents/{incident.id}/findings", {"claim": "x", "confidence": "low"}
    lead.send("post", path, given, idempotency_key="k")
    body = json.dumps(given)
    stranger = Client(headers={"Idempotency-Key": "k"})
    assert stranger.post(BASE + path, body, content_type="application/json").status_code == 401
    reader = create_token(S, incident.organization, user=lead.person, label="r", scopes=["read"])
    reads = Client(headers={"Idempotency-Key": "k", "Authorization": f"Bearer {reader}"})
    assert reads.post(BASE + path, body, content_type="application/json").status_code == 403


def test_answers_are_kept_for_seven_days(incident: Incident, lead: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    path, given = f"/incidents/{incident.id}/findings", {"claim": "x", "confidence": "low"}
    lead.send("post", path, given, idempotency_key="k")
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=6, hours=23))
    assert lead.send("post", path, given, idempotency_key="k")[1]["number"] == 1
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=7, seconds=1))
    assert lead.send("post", path, given, idempotency_key="k")[1]["number"] == 2
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=15))
    assert bookkeeping.forget_answers() == 1
    assert not IdempotencyKey.objects.exists()


def test_an_answer_that_shows_a_new_key_is_kept_sealed(incident: Incident, lead: Caller, settings: Any) -> None:
    given = {"label": "robot", "scopes": ["read"], "days": 30}
    _, made = lead.send("post", "/tokens", given, idempotency_key="k")
    kept = IdempotencyKey.objects.get()
    everything = json.dumps([kept.body, kept.headers, kept.request, kept.key])
    assert made["secret"] not in everything
    assert "robot" not in everything
    assert base64.urlsafe_b64decode(kept.body)[0] == 0x80  # sealed, not merely in another spelling
    assert lead.send("post", "/tokens", given, idempotency_key="k") == (201, made)
    settings.SECRET_KEY = "another one, since the server was set up anew"
    status, said = lead.send("post", "/tokens", given, idempotency_key="k")
    assert status == 409
    assert "was done before" in said["detail"]
    assert made["secret"] not in json.dumps(said)
    assert ApiToken.objects.filter(user=lead.person, label="robot").count() == 1


def test_what_fails_half_way_is_neither_done_nor_kept(
    incident: Incident, lead: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_args: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(bookkeeping, "keep_answer", die)
    with transaction.atomic():
        status, _ = lead.send("put", f"/incidents/{incident.id}/summary", {"summary": "x"}, idempotency_key="k")
    assert status == 500
    assert verbs(incident, "summary.set") == 0
    assert not IdempotencyKey.objects.exists()


# Scopes, ends and uses of tokens


def with_scopes(lead: Caller, incident: Incident, *scopes: str, **more: Any) -> Client:
    secret = create_token(S, incident.organization, user=lead.person, label="x", scopes=scopes, **more)
    return Client(headers={"Authorization": f"Bearer {secret}"}, raise_request_exception=False)


def test_a_token_does_what_its_scopes_say_and_no_more(incident: Incident, lead: Caller) -> None:
    summary = f"{BASE}/incidents/{incident.id}/summary"
    allowed = {"read": (200, 403), "write": (200, 200), "admin": (200, 403), "alerts:in": (403, 403)}
    for scope, (reads, writes) in allowed.items():
        client = with_scopes(lead, incident, scope)
        assert client.get(f"{BASE}/incidents").status_code == reads, scope
        answer = client.put(summary, json.dumps({"summary": scope}), content_type="application/json")
        assert answer.status_code == writes, scope
    assert "takes the scope write" in answer.json()["detail"]


def test_a_scope_gives_nobody_a_right(incident: Incident, lead: Caller) -> None:
    client = with_scopes(lead, incident, "admin", "write", "read")
    files = json.dumps({"files": dict(factories.plan_files())})
    assert client.post(f"{BASE}/plan/versions", files, content_type="application/json").status_code == 403


def test_a_token_ends_and_its_use_is_remembered(
    incident: Incident, lead: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = with_scopes(lead, incident, "read", lives=timedelta(days=1))
    token = ApiToken.objects.get(user=lead.person, label="x")
    assert token.last_used_at is None
    assert client.get(f"{BASE}/me").json()["scopes"] == ["read"]
    token.refresh_from_db()
    used = token.last_used_at
    assert used is not None
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=10))
    client.get(f"{BASE}/me")
    token.refresh_from_db()
    assert token.last_used_at == used  # not each request writes
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(days=1, minutes=1))
    answer = client.get(f"{BASE}/me")
    assert answer.status_code == 401
    assert "expired on" in answer.json()["detail"]
    assert client.get(f"{BASE}/openapi.json").status_code == 401


def test_a_token_makes_tokens_only_within_itself(incident: Incident, lead: Caller) -> None:
    status, made = lead.post("/tokens", label="robot", scopes=["read"], days=30)
    assert (status, made["scopes"]) == (201, ["read"])
    assert hashed(made["secret"]).startswith(made["handle"])
    assert Client(headers={"Authorization": f"Bearer {made['secret']}"}).get(f"{BASE}/me").status_code == 200
    assert lead.post("/tokens", label="robot", scopes=["pages:answer"])[0] == 403
    handles = [t["handle"] for t in lead.items("/tokens")]
    assert made["handle"] in handles
    assert lead.send("delete", f"/tokens/{made['handle']}", {})[0] == 204
    assert lead.send("delete", f"/tokens/{made['handle']}", {})[0] == 404
    other = Caller(factories.user(incident.organization), incident.organization)
    assert other.send("delete", f"/tokens/{ApiToken.objects.get(secret_hash=hashed(lead.secret)).handle}", {})[0] == 404


def test_too_many_requests_are_told_when_to_come_again(lead: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    monkeypatch.setattr(door, "A_MINUTE", 3)
    answers = [lead.client.get(f"{BASE}/me") for _ in range(4)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert answers[-1].headers["Content-Type"] == "application/problem+json"
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=1))
    assert lead.client.get(f"{BASE}/me").status_code == 200


# Addresses and the document


def test_addresses_and_methods_that_are_none_are_problems(lead: Caller) -> None:
    for method, path, status in (("get", "/nothing", 404), ("patch", "/incidents", 405), ("get", "", 404)):
        answer = getattr(lead.client, method)(BASE + path)
        if path or status != 404:
            assert answer.status_code == status, path
            assert answer.headers["Content-Type"] == "application/problem+json"
    assert "POST" in lead.client.patch(f"{BASE}/incidents").headers["Allow"]


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    paths = api.get_openapi_schema(path_prefix="api/v1/")["paths"]
    return [(method, path, operation) for path, found in paths.items() for method, operation in found.items()]


def test_the_document_is_valid_and_says_the_same_of_all_operations() -> None:
    from openapi_spec_validator import OpenAPIV31SpecValidator

    document = json.loads(json.dumps(api.get_openapi_schema(path_prefix="api/v1/"), default=str))
    assert [str(e) for e in OpenAPIV31SpecValidator(document).iter_errors()] == []
    names = [operation["operationId"] for _, _, operation in operations()]
    assert sorted(names) == sorted(set(names))
    for method, path, operation in operations():
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["tags"], where
        answers = operation["responses"]
        assert {400, 422, 429, 503} <= set(answers), where
        assert any(200 <= status < 300 for status in answers), where
        headers = {p["name"] for p in operation["parameters"] if p["in"] == "header"}
        if method != "get":
            assert "Idempotency-Key" in headers, where
            assert {409, 413} <= set(answers), where
        assert ("If-Match" in headers) == (412 in answers), where
        for status, answer in answers.items():
            if status >= 400:
                assert set(answer["content"]) == {"application/problem+json"}, where


def test_no_two_schemas_share_a_name() -> None:
    assert api.get_openapi_schema(path_prefix="api/v1/").__dict__["clashes"] == []


def test_lists_are_pages() -> None:
    """Every list that can grow is a page: what is answered as a bare list is one action's result."""
    bare = []
    for method, path, operation in operations():
        content = operation["responses"].get(200, {}).get("content", {}).get("application/json", {})
        if method == "get" and content.get("schema", {}).get("type") == "array":
            bare.append(path)
    assert bare == ["/api/v1/incidents/{incident}/matrix"]


def test_dates_in_cursors_keep_their_order(incident: Incident, lead: Caller) -> None:
    for number in range(3):
        factories.admit(
            S, factories.incident(incident.organization, title=f"I{number}"), user_id=lead.person.pk, role="lead"
        )
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = lead.get("/incidents", limit=1, cursor=cursor)[1]
        seen += [i["title"] for i in page["items"]]
        cursor = page["next"]
    assert seen == ["I2", "I1", "I0", incident.title]
