"""Two organizations on one server: every endpoint that the API describes, asked with the other's ids, gives nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from test_api import Caller

import factories
from access_arguments import TWO
from tocsin.api.v1 import api
from tocsin.core.access import OrgRole
from tocsin.core.models import LogEntry, Organization
from tocsin.incidents import actions
from tocsin.incidents.models import Incident

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
MARK = "Zanzibar"
METHODS = ("get", "post", "put", "patch", "delete")
BODY = {
    "proof": "x", "reason": "x", "because": "x", "value": True, "member": None, "chosen": "yes", "claim": "x",
    "confidence": "low", "accept": True, "kind": "host", "name": "A", "state": "confirmed", "title": "x", "severity": 2,
    "files": {"plan.yaml": "x"}, "why": "x", "to": "x", "text": "x", "events": ["E-01.1"],
}  # fmt: skip


def described() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation of the API's own description: new endpoints are walked without a line here."""
    for path, operations in api.get_openapi_schema()["paths"].items():
        for method in METHODS:
            if method in operations:
                yield method, path, operations[method]


ALL = list(described())
SCHEMAS: dict[str, Any] = api.get_openapi_schema()["components"]["schemas"]
OF_INCIDENTS = [(m, p, o) for m, p, o in ALL if "{incident}" in p]


def body_of(operation: dict[str, Any]) -> dict[str, Any]:
    """What fits the operation's body, so that no 422 hides what a well-formed request would be told."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    known = SCHEMAS.get(str(content.get("schema", {}).get("$ref", "")).rpartition("/")[2], {})
    return {
        name: _fitting(shape) if {"$ref", "enum"} & set(shape) else BODY.get(name) or _fitting(shape)
        for name, shape in ((name, known["properties"][name]) for name in known.get("required", ()))
    }


def _fitting(schema: dict[str, Any]) -> Any:
    """A value of a schema."""
    for choice in (*schema.get("anyOf", ()), *schema.get("allOf", ())):
        return _fitting(choice)
    if "$ref" in schema:
        return _fitting(SCHEMAS[schema["$ref"].rpartition("/")[2]])
    if "enum" in schema or "const" in schema:
        return schema.get("const") or schema["enum"][0]
    match schema.get("type"):
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case "array":
            return [_fitting(schema["items"]) for _ in range(schema.get("minItems", 0))]
        case "object":
            return {name: _fitting(schema["properties"][name]) for name in schema.get("required", ())}
    return {"date-time": "2026-03-01T08:00:00Z", "date": "2026-03-01", "uuid": str(UUID(int=0))}.get(
        schema.get("format", ""), "x" * schema.get("minLength", 1)
    )


@pytest.fixture
def theirs(organization: Organization, tmp_path: Path) -> Incident:
    """The first organization's incident, with something of every kind in it, all of it marked."""
    made = factories.incident(organization, title=f"{MARK} encrypted")
    actions.add_task(S, made, title=f"{MARK} task", role="log_analyst")
    actions.open_decision(S, made, question=f"{MARK}?", options=TWO, role="incident_manager")
    actions.add_scope(S, made, kind="host", name=f"{MARK}-01", because="log")
    actions.state_finding(S, made, claim=f"{MARK} ran", confidence="low")
    actions.set_fact(S, made, name="ransom_demanded", value=True, because=MARK)
    factories.evidence(made, tmp_path, name=f"{MARK}.evtx")
    return made


@pytest.fixture
def walker() -> Caller:
    """The administrator of the other organization."""
    rival = factories.organization("rival")
    return Caller(factories.user(rival, OrgRole.ADMINISTRATOR), rival)


def ask(caller: Caller, method: str, path: str, operation: dict[str, Any], incident: str) -> tuple[int, str]:
    where = (
        path.replace("{incident}", incident).replace("{organization}", "halden").replace("{name}", "ransom_demanded")
    )
    where = re.sub(r"\{\w+\}", "1", where)
    with transaction.atomic():
        if method == "get":
            answer = caller.client.get(where)
        else:
            answer = caller.client.generic(
                method.upper(), where, json.dumps(body_of(operation)), content_type="application/json"
            )
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        transaction.set_rollback(True)
    return answer.status_code, content.decode(errors="replace")


def test_their_incident_does_not_exist(theirs: Incident, walker: Caller) -> None:
    before = LogEntry.objects.filter(chain_id=theirs.chain_id).count()
    for method, path, operation in OF_INCIDENTS:
        real = ask(walker, method, path, operation, str(theirs.id))
        invented = ask(walker, method, path, operation, "00000000-0000-4000-8000-000000000000")
        assert real == invented, (method, path)
        # An upload without a file is refused before anything is looked up.
        assert real[0] == (422 if _is_upload(operation) else 404), (method, path)
        assert MARK not in real[1], (method, path)
    assert LogEntry.objects.filter(chain_id=theirs.chain_id).count() == before


def _is_upload(operation: dict[str, Any]) -> bool:
    return "multipart/form-data" in operation.get("requestBody", {}).get("content", {})


def test_numbers_within_ones_own_incident_never_reach_theirs(theirs: Incident, walker: Caller) -> None:
    own = factories.incident(Organization.objects.get(slug="rival"), title="Ours")
    factories.admit(S, own, user_id=walker.person.pk, role="lead")
    for method, path, operation in OF_INCIDENTS:
        with CaptureQueriesContext(connection) as queries:
            status, told = ask(walker, method, path, operation, str(own.id))
        assert status < 500, (method, path)
        assert MARK not in told, (method, path)
        written = [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
        assert not [q for q in written if theirs.id.hex in q or str(theirs.id) in q], (method, path)


def test_their_organization_does_not_exist(theirs: Incident, walker: Caller) -> None:
    for method, path, operation in (o for o in ALL if "{organization}" in o[1]):
        real = ask(walker, method, path, operation, "")
        assert real == ask(walker, method, path.replace("{organization}", "nowhere"), operation, "")
        assert real[0] == 404, (method, path)


def test_naming_their_organization_gives_nothing(theirs: Incident, walker: Caller) -> None:
    assert walker.items("/incidents") == []
    assert walker.items("/incidents", organization="halden") == []
    assert walker.get("/plan/versions", organization="halden")[0] == 404
    before = LogEntry.objects.count()
    assert walker.post("/incidents", title="A", severity=2, organization="halden")[0] == 404
    assert walker.post("/plan/versions", files=dict(factories.plan_files()), organization="halden")[0] == 404
    assert LogEntry.objects.count() == before


def test_who_is_let_onto_one_incident_sees_that_and_nothing_of_its_house(theirs: Incident, walker: Caller) -> None:
    factories.admit(S, theirs, user_id=walker.person.pk, role="observer")
    assert [i["id"] for i in walker.items("/incidents")] == [str(theirs.id)]
    assert walker.get("/organizations/halden/log")[0] == 404
    assert walker.get("/plan/versions", organization="halden")[0] == 404
    assert walker.post("/incidents", title="A", severity=2, organization="halden")[0] == 404


def test_the_walk_would_find_a_leak(theirs: Incident) -> None:
    """Whoever is on the incident meets the mark: that it is missing above says something."""
    caller = Caller(factories.on(theirs, "lead", OrgRole.ADMINISTRATOR), theirs.organization)
    told = {p for m, p, o in OF_INCIDENTS if m == "get" and MARK in ask(caller, m, p, o, str(theirs.id))[1]}
    assert {p.rpartition("/")[2] for p in told} >= {
        "tasks",
        "decisions",
        "scope",
        "findings",
        "evidence",
        "log",
        "export",
    }
