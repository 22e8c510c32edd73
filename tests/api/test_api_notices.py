"""Notices over the API: drafted, changed on what was seen, finished, taken away; and the referral packet."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import pytest
from test_api import BASE, Caller

import factories
from tocsin.core.access import OrgRole
from tocsin.incidents.models import Incident

pytestmark = pytest.mark.django_db
NEW = {"regime": "eu-gdpr-33", "stage": "notification to supervisory authority", "language": "de"}


def caller(incident: Incident, role: str) -> Caller:
    return Caller(factories.on(incident, role, OrgRole.RESPONDER), incident.organization)


def send(who: Caller, method: str, address: str, given: dict[str, Any], **more: str) -> Any:
    ask = getattr(who.client, method)
    return ask(f"{BASE}{address}", json.dumps(given), content_type="application/json", headers=more)


def test_a_notice_is_drafted_changed_finished_and_taken_away(incident: Incident) -> None:
    lead, of = caller(incident, "lead"), f"/incidents/{incident.id}/notices"
    made = send(lead, "post", of, NEW)
    assert made.status_code == 201
    told = made.json()
    assert (told["number"], told["state"]) == (1, "draft")
    assert any(s["missing"] and s["text"].startswith("[fehlt noch") for s in told["sections"])
    seen = lead.client.get(f"{BASE}{of}/1")["ETag"]
    changed = send(lead, "put", f"{of}/1", {"texts": {"measures": "Netz getrennt."}}, **{"If-Match": seen})
    assert next(s for s in changed.json()["sections"] if s["key"] == "measures")["by_hand"]
    assert send(lead, "put", f"{of}/1", {"texts": {"measures": "x"}}, **{"If-Match": seen}).status_code == 412
    assert send(lead, "post", f"{of}/1/finish", {}).status_code == 422
    done = send(lead, "post", f"{of}/1/finish", {"reason": "in Phasen"}).json()
    assert len(done["sha256"]) == 64
    assert [n["state"] for n in lead.items(of)] == ["final"]
    for form, start in (("pdf", b"%PDF"), ("docx", b"PK"), ("txt", b"TLP:")):
        assert lead.client.get(f"{BASE}{of}/1/file?form={form}").content.startswith(start)
    assert lead.client.get(f"{BASE}{of}/9/file").status_code == 404


def test_what_cannot_be_is_refused(incident: Incident) -> None:
    lead, of = caller(incident, "lead"), f"/incidents/{incident.id}/notices"
    assert send(lead, "post", of, NEW | {"language": "tlh"}).json()["field"] == "language"
    assert send(lead, "post", of, NEW | {"stage": "no such"}).status_code == 422
    assert send(caller(incident, "observer"), "post", of, NEW).status_code == 403
    outsider = Caller(factories.stranger(), incident.organization)
    assert outsider.get(of)[0] == 404


def test_a_packet_is_made_for_the_police(incident: Incident) -> None:
    address = f"/incidents/{incident.id}/referral"
    given = {"to": "law_enforcement", "recipient": "Police"}
    answer = send(caller(incident, "lead"), "post", address, given)
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(b"".join(answer))) as packet:
        assert {"summary.txt", "log.jsonl", "SHA256SUMS"} <= set(packet.namelist())
    assert send(caller(incident, "responder"), "post", address, given).status_code == 403
