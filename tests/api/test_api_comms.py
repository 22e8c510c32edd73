"""Communications over REST: a message from draft to release by the people it takes, a wave held and taken back, lists."""

from __future__ import annotations

import pytest
from test_api import BASE, Caller

import factories
from tocsin.comms.reactions import send_waves
from tocsin.core.access import OrgRole
from tocsin.incidents.models import Incident, RoleAssignment
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
WORDS = {"subject": "Our shop", "body": "The shop of {{ organization }} is closed."}


@pytest.fixture
def calls(incident: Incident) -> dict[str, Caller]:
    """A caller in each part: writer, lead, counsel, who speaks, and who only looks on."""
    seats = {"communications_lead": "responder", "executive_sponsor": "decider"}
    found = {}
    for seat, access in seats.items():
        person = factories.on(incident, access, OrgRole.RESPONDER)
        with factories.preparing():
            RoleAssignment.objects.filter(incident=incident, role=seat, renounced_at=None).update(user=person)
        found[access] = Caller(person, incident.organization)
    for access in (IncidentRole.LEAD, IncidentRole.COUNSEL, IncidentRole.OBSERVER):
        found[access] = Caller(factories.on(incident, access, OrgRole.RESPONDER), incident.organization)
    return found


def approved(calls: dict[str, Caller], path: str, audience: str) -> int:
    number = calls["responder"].post(f"{path}/messages", audience=audience, **WORDS)[1]["number"]
    calls["responder"].post(f"{path}/messages/{number}/submit")
    seen = calls["lead"].get(f"{path}/messages/{number}")[1]["sha256"]
    status, reviewed = calls["lead"].post(f"{path}/messages/{number}/review", sha256=seen)
    assert status == 200, reviewed
    if reviewed["state"] == "legal":
        assert calls["lead"].post(f"{path}/messages/{number}/approve", sha256=seen)[0] == 403
        assert calls["counsel"].post(f"{path}/messages/{number}/approve", sha256="0" * 64)[0] == 412
        assert calls["counsel"].post(f"{path}/messages/{number}/approve", sha256=seen)[0] == 200
    return int(number)


def test_a_message_is_drafted_changed_approved_and_released(incident: Incident, calls: dict[str, Caller]) -> None:
    path = f"/incidents/{incident.pk}"
    writer, lead, speaker = calls["responder"], calls["lead"], calls["decider"]
    status, made = writer.post(f"{path}/messages", audience="press", **WORDS)
    assert (status, made["state"], made["text"]) == (201, "draft", "The shop of Halden Foods AB is closed.")
    where = f"{path}/messages/{made['number']}"
    tag = writer.client.get(BASE + where).headers["ETag"]
    assert writer.send("put", where, WORDS | {"body": "Closed {{ since }}."}, **{"If-Match": tag})[0] == 200
    assert writer.send("put", where, WORDS, **{"If-Match": tag})[0] == 412
    assert writer.get(where)[1]["missing"] == ["since"]
    writer.post(f"{where}/submit")
    assert lead.post(f"{where}/review")[0] == 422
    assert writer.post(f"{where}/withdraw", because="Another one.")[1]["state"] == "withdrawn"
    number = approved(calls, path, "press")
    status, refused = lead.post(f"{path}/messages/{number}/release")
    assert (status, "Executive sponsor" in refused["detail"]) == (422, True)
    assert calls["observer"].get(f"{path}/messages/{number}")[0] == 404
    assert lead.items(f"{path}/waves") == []
    status, wave = speaker.post(f"{path}/messages/{number}/release")
    assert (status, wave["state"], wave["steps"][0]["standing"]) == (200, "running", "ready")
    send_waves()
    shown = calls["observer"].get(f"{path}/messages/{number}")[1]
    assert (shown["state"], shown["delivery"]["total"]) == ("released", 1)
    [one] = lead.items(f"{path}/messages/{number}/deliveries")
    assert (one["state"], one["number"]) == ("queued", 1)
    assert lead.post(f"{path}/messages/{number}/recall", because="Wrong.")[1]["delivery"]["recalled"] == 1


def test_a_wave_is_ordered_paused_and_recalled(incident: Incident, calls: dict[str, Caller]) -> None:
    path = f"/incidents/{incident.pk}"
    lead, speaker = calls["lead"], calls["decider"]
    staff, customers = approved(calls, path, "all-staff"), approved(calls, path, "customers")
    wrong = [{"message": customers}, {"message": staff}]
    assert "would not wait" in lead.post(f"{path}/waves", steps=wrong)[1]["detail"]
    status, wave = lead.post(f"{path}/waves", steps=wrong[::-1])
    assert (status, [s["after"] for s in wave["steps"]]) == (201, [[], [1]])
    where = f"{path}/waves/{wave['number']}"
    later = [{"message": staff, "not_before": "2199-01-01T00:00:00Z"}, {"message": customers}]
    status, changed = lead.send("put", where, {"steps": later})
    assert changed["steps"][0]["waits_for"] == ["its time, 2199-01-01 00:00 UTC"]
    assert lead.post(f"{where}/release")[0] == 422
    assert speaker.post(f"{where}/release")[1]["state"] == "running"
    assert lead.post(f"{where}/pause", because="A call.")[1]["state"] == "paused"
    assert (
        speaker.post(f"{where}/steps/2/loosen", because="Told by phone.")[1]["steps"][1]["loosened"] == "Told by phone."
    )
    assert lead.post(f"{where}/recall", because="False alarm.")[1]["state"] == "recalled"
    assert {m["state"] for m in lead.items(f"{path}/messages") if m["number"] in (staff, customers)} == {"recalled"}
    assert calls["observer"].items(f"{path}/waves") == []
    assert calls["observer"].get(where)[0] == 404


def test_audiences_questions_and_the_public_page(incident: Incident, calls: dict[str, Caller]) -> None:
    path = f"/incidents/{incident.pk}"
    lead, writer = calls["lead"], calls["responder"]
    assert lead.post(f"{path}/audiences", title="Neighbours", kind="other")[0] == 201
    status, faults = lead.send("put", f"{path}/audiences/neighbours/recipients", {"list": "a@example.org\nnonsense"})
    assert (status, "line 2" in faults["detail"]) == (422, True)
    given = {"list": "a@example.org\nnonsense", "leave_out": True}
    assert lead.send("put", f"{path}/audiences/neighbours/recipients", given)[1]["reaches"] == 1
    assert "neighbours" in {a["key"] for a in writer.items(f"{path}/audiences")}
    status, asked = writer.post(f"{path}/questions", question="Who?", answer="We look into it.", audiences=["press"])
    assert (status, asked["final_answer"]) == (201, "")
    assert writer.post(f"{path}/questions/{asked['number']}/approve")[0] == 422
    assert lead.post(f"{path}/questions/{asked['number']}/approve")[1]["final_answer"] == "We look into it."
    assert lead.send("delete", f"{path}/questions/{asked['number']}", {})[0] == 204
    assert calls["observer"].items(f"{path}/questions") == calls["observer"].items(f"{path}/audiences") == []
    assert lead.get(f"{path}/status-page")[0] == 404
    assert lead.send("put", f"{path}/status-page", {"title": "Shop"})[0] == 422
    status, page = calls["decider"].send("put", f"{path}/status-page", {"title": "Shop"})
    assert (status, page["url"].rpartition("/")[0].endswith("/status")) == (200, True)
    assert calls["observer"].get(f"{path}/status-page")[0] == 404
    assert lead.post(f"{path}/status-page/close", because="Over.")[1]["open"] is False
