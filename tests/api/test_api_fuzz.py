"""Schemathesis over the whole OpenAPI document: no 5xx, and no answer that the document does not declare.

In the normal suite a few requests of each operation, the same ones every time; `make fuzz-api` tries many new ones.
"""

from __future__ import annotations

import json
import os
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis import checks as known

import factories
from access_arguments import TWO, _as_counsel, finding
from tocsin.api import door
from tocsin.api.v1 import api
from tocsin.comms import actions as comms
from tocsin.comms.actions.waves import Planned
from tocsin.core.access import OrgRole
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.people.actions import create_token
from tocsin.people.models import Scope

S = factories.SYSTEM
pytestmark = pytest.mark.usefixtures("one_connection")
CHECKS = [
    known.not_a_server_error,
    known.status_code_conformance,
    known.content_type_conformance,
    known.response_schema_conformance,
    known.response_headers_conformance,
]
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")
EXAMPLES = int(os.environ.get("FUZZ_API_EXAMPLES") or (4 if PROFILE == "ci" else 150))
"""Requests of each operation."""
NUMBERS = [1, 2, 3, 10**17]


def narrowed(place: Incident) -> dict[str, Any]:
    """The document as it is served, with addresses that lead somewhere: else all that is tried is answered 404."""
    found: dict[str, Any] = json.loads(json.dumps(api.get_openapi_schema(path_prefix="api/v1/"), default=str))
    choices: dict[str, list[Any]] = {
        "incident": [str(place.pk), "00000000-0000-4000-8000-000000000000"],
        "organization": [place.organization.slug, "elsewhere"],
        "name": ["ransom_demanded", "odd", "é"],
        "event": ["E-01.1", "E-99.1", "x"],
        "role": ["incident_manager", "nobody"],
        "key": ["press", "nobody"],
    }
    for operations in found["paths"].values():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                schema = parameter["schema"]
                if parameter["in"] == "path" and schema.get("type") == "integer":
                    parameter["schema"] = {"type": "integer", "enum": NUMBERS}
                elif parameter["in"] == "path" and parameter["name"] in choices:
                    parameter["schema"] = {"type": "string", "enum": choices[parameter["name"]]}
    return found


@pytest.fixture
def place(incident: Incident, tmp_path: Path) -> Incident:
    """An incident with something of every kind in it."""
    actions.suggest_findings(S, incident, suggestions=[finding()], source="a test")
    actions.state_finding(S, incident, claim="PowerShell ran", confidence="low")
    entry = actions.add_scope(S, incident, kind="host", name="SRV-01", because="log")
    actions.plan_remediation(S, incident, entry=entry, what="Reinstall", role="incident_manager")
    actions.open_decision(S, incident, question="Cut the line?", options=TWO, role="incident_manager")
    actions.set_fact(S, incident, name="ransom_demanded", value=True, because="note")
    factories.evidence(incident, tmp_path, name="a.evtx")
    message = comms.draft_message(S, incident, audience="press", subject="Our shop", body="It is closed.")
    comms.plan_wave(S, incident, steps=[Planned(message.number)])
    comms.write_question(S, incident, question="Are we safe?", answer="We look into it.")
    return incident


def asked(place: Incident) -> dict[str, str]:
    """What a leading administrator's token sends."""
    person = factories.on(place, "lead", OrgRole.ADMINISTRATOR)
    factories.admit(S, place, user_id=person.pk, role="counsel")
    _as_counsel(place, person)  # what is counsel's alone is understood and done as well
    secret = create_token(S, place.organization, user=person, label="fuzz", scopes=Scope.values)
    return {"Authorization": f"Bearer {secret}"}


def tried(operation: Any, headers: dict[str, str], met: Counter[int]) -> Callable[[], None]:
    """A property of one operation: whatever is sent, its answer is one that it declares. `met` counts answers."""

    # What fits and what does not; an operation that takes nothing at all has nothing that could not fit.
    takes = any((operation.query, operation.headers, operation.body, operation.path_parameters))
    modes = [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if takes else [])]

    @settings(
        max_examples=EXAMPLES, derandomize=PROFILE == "ci", deadline=None, database=None,
        suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate],
    )  # fmt: skip
    @given(case=st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes)))
    def holds(case: Any) -> None:
        with transaction.atomic():
            try:
                answer = case.call(headers=headers)
            finally:
                transaction.set_rollback(True)
        met[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    return holds


@pytest.mark.django_db
@pytest.mark.slow
def test_every_answer_is_declared_whatever_is_sent(place: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "A_MINUTE", 10**9)
    headers = asked(place)
    schema = schemathesis.openapi.from_dict(narrowed(place))
    schema.app = WSGIHandler()
    failed: list[str] = []
    count = 0
    met: Counter[int] = Counter()
    for found in schema.get_all_operations():
        operation = found.ok()
        count += 1
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tried(operation, headers, met)()
        except (Exception, BaseExceptionGroup) as error:  # noqa: BLE001  all operations are tried, then all that failed is told
            failed.append(f"{operation.label}: {error}"[:3000])
    assert failed == [], f"{len(failed)} of {count} operations:\n\n" + "\n\n".join(failed)
    assert count > 90
    # It says something only where much of it was understood and done.
    assert met[401] == met[403] == met[429] == 0, met
    assert met[200] + met[201] + met[204] > sum(met.values()) / 10, met
