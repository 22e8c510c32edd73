"""The pages and the API of the team, on call and Comcheck: who sees what, forms gone stale, and large organizations."""

from __future__ import annotations

import json
import time as machine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

import factories
from tocsin.core import clock
from tocsin.core.access import OrgRole
from tocsin.core.models import Organization
from tocsin.people import reactions_duty
from tocsin.people.actions import import_plan, put_shift, set_rota, start_comcheck
from tocsin.people.models import Comcheck, Member, Rota, Shift

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
ADDRESS, NUMBER = "priya.raman@halden.example.org", "+46701740610"
PAGES = ["/team", "/team?q=priya", "/team?side=seats", "/team/people/priya-raman", "/on-call", "/on-call/log_analyst", "/plan",
         "/plan?part=1"]  # fmt: skip
FORM = {"members": ["Jonas Lindqvist", "priya-raman", ""], "starts_on": "2026-11-02", "handover": "08:00",
        "zone": "Europe/Stockholm", "every_days": "7"}  # fmt: skip


def signed_in(organization: Organization, role: str) -> Client:
    client = Client()
    client.force_login(factories.user(organization, role))
    return client


def everything(client: Client) -> str:
    found = []
    for page in [*PAGES, *(f"/plan?part={n}" for n in range(30))]:
        answer = client.get(page)
        assert answer.status_code == 200, page
        found.append(answer.text)
    return "".join(found)


@pytest.mark.parametrize("role", [OrgRole.ADMINISTRATOR, OrgRole.RESPONDER, OrgRole.AUDITOR])
def test_who_may_have_to_call_sees_how(organization: Organization, role: str) -> None:
    text = everything(signed_in(organization, role))
    assert ADDRESS in text
    assert NUMBER in text


def test_guests_see_names_and_no_contact_data(organization: Organization) -> None:
    made = start_comcheck(S, organization)
    factories.user(organization, email="mira@halden.example.org", name="Mira")
    client = signed_in(organization, OrgRole.GUEST)
    text = everything(client)
    assert "Priya Raman" in text
    for secret in (ADDRESS, NUMBER, "tel:", "mailto:", "halden.example.org", "never asked", "asked, waiting"):
        assert secret not in text, secret
    assert client.get("/comcheck").status_code == 404
    assert client.get(f"/comcheck/{made.number}").status_code == 404
    api = client.get("/api/v1/people/members/priya-raman").json()
    assert (api["name"], api["methods"], api["note"], api["answered_at"]) == ("Priya Raman", None, None, None)
    assert client.get("/api/v1/people/reached").status_code == 403
    assert client.get("/api/v1/people/comchecks").status_code == 403


def test_outsiders_learn_nothing(organization: Organization) -> None:
    made = start_comcheck(S, organization)
    ask = made.asks.filter(by_hand=True)[0]
    rival = factories.organization("rival")
    with factories.preparing():
        Member.objects.filter(organization=rival).exclude(key="anneke-de-vries").delete()
    client = signed_in(rival, OrgRole.ADMINISTRATOR)
    for page in ("/team/people/priya-raman", f"/comcheck/{made.number}", "/on-call/nobody", "/comcheck/9" + "9" * 40):
        assert client.get(page).status_code == 404, page
    for act in (f"/comcheck/asks/{ask.pk}", f"/comcheck/{made.number}/close", "/comcheck/asks/" + "9" * 40):
        assert client.post(act).status_code == 404, act
    assert ADDRESS not in client.get("/team").text
    api = f"/api/v1/people/comchecks/{made.number}?organization={organization.slug}"
    assert client.get(api).status_code == 404
    stranger = Client()
    stranger.force_login(factories.stranger())
    assert stranger.get("/team").status_code in (403, 404)
    assert Client().get("/on-call").status_code == 302
    on_incident = Client()
    lead = factories.stranger()
    with factories.preparing():
        from tocsin.core.models import Grant

        Grant.objects.create(chain_id=factories.incident(organization).pk, user=lead, role="lead")
    on_incident.force_login(lead)
    for page in (*PAGES[:6], "/comcheck"):
        assert on_incident.get(page).status_code == 404, page
    ask.refresh_from_db()
    assert ask.answered_at is None


# Acts -----------------------------------------------------------------------------------------


def test_a_rota_is_made_changed_and_taken_away(organization: Organization) -> None:
    client = signed_in(organization, OrgRole.ADMINISTRATOR)
    assert client.post("/on-call/log_analyst/rota", FORM).status_code == 302
    rota = Rota.objects.get()
    assert rota.members == ["jonas-lindqvist", "priya-raman"], "by name and by key, empty lines left out"
    assert "Jonas Lindqvist" in client.get("/on-call").text
    assert client.post("/on-call/log_analyst/rota", FORM | {"revision": "1"}).status_code == 302
    stale = client.post("/on-call/log_analyst/rota", FORM | {"revision": "1", "every_days": "3"})
    assert stale.status_code == 422
    assert "in the meantime" in stale.text
    assert client.post("/on-call/log_analyst/rota/end").status_code == 422, "the box has to be ticked"
    assert client.post("/on-call/log_analyst/rota/end", {"sure": "yes"}).status_code == 302
    assert client.post("/on-call/log_analyst/rota/end", {"sure": "yes"}).status_code == 422
    assert not Rota.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"members": ["Nobody Known"]}, {"members": []}, {"starts_on": "soon"}, {"handover": "25:00"}, {"zone": ""},
        {"every_days": "x"}, {"every_days": "9" * 30}, {"starts_on": "0001-01-01"}, {"revision": "9" * 30},
    ],
)  # fmt: skip
def test_a_form_that_does_not_fit(organization: Organization, wrong: dict[str, Any]) -> None:
    set_first = "revision" in wrong
    client = signed_in(organization, OrgRole.ADMINISTRATOR)
    if set_first:
        client.post("/on-call/log_analyst/rota", FORM)
        wrong = {"revision": "7"}
    assert client.post("/on-call/log_analyst/rota", FORM | wrong).status_code == 422
    assert Rota.objects.count() == set_first


def test_a_shift_is_put_in_the_readers_zone(organization: Organization) -> None:
    client = signed_in(organization, OrgRole.RESPONDER)
    year = clock.now().year + 1
    form = {"member": "Priya Raman", "starts_at": f"{year}-01-10T20:00", "ends_at": f"{year}-01-11T08:00"}
    assert client.post("/on-call/log_analyst/shifts", form).status_code == 302
    shift = Shift.objects.get()
    assert shift.starts_at == datetime(year, 1, 10, 19, tzinfo=UTC), "the organization's zone is the account's first"
    assert client.post("/on-call/log_analyst/shifts", form).status_code == 302
    assert Shift.objects.count() == 1, "a double click is one shift"
    assert client.post("/on-call/log_analyst/shifts", form | {"ends_at": "never"}).status_code == 422
    assert client.post("/on-call/log_analyst/rota", FORM).status_code == 403, "rotas are an administrator's"
    assert client.post(f"/on-call/scribe/shifts/{shift.pk}/withdraw").status_code == 404
    assert client.post(f"/on-call/log_analyst/shifts/{shift.pk}/withdraw").status_code == 302
    shift.refresh_from_db()
    assert shift.withdrawn_at is not None


def test_a_comcheck_is_run_ticked_and_closed(organization: Organization) -> None:
    client = signed_in(organization, OrgRole.ADMINISTRATOR)
    assert "Nobody was asked yet" in client.get("/comcheck").text
    assert client.post("/comcheck/run", {"hours": "24", "reason": "Test"}).status_code == 302
    assert client.post("/comcheck/run", {"hours": "24"}).status_code == 422, "a double click asks once"
    sheet = client.get("/comcheck?who=hand").text
    assert NUMBER in sheet
    asks = Comcheck.objects.get().asks.select_related("member")
    ask = asks.get(member__key="priya-raman", by_hand=True)
    assert client.post(f"/comcheck/asks/{ask.pk}").status_code == 302
    assert NUMBER not in client.get("/comcheck?who=hand").text
    assert client.post(f"/comcheck/asks/{asks.filter(by_hand=False)[0].pk}").status_code == 422
    assert client.post("/comcheck/1/close").status_code == 302
    assert client.post("/comcheck/1/close").status_code == 422
    assert "not reached" in client.get("/comcheck/1").text
    assert client.get("/comcheck/2").status_code == 404


def test_what_a_plan_says_is_escaped(organization: Organization) -> None:
    evil = "<script>alert(1)</script>"
    with factories.preparing():
        Member.objects.filter(key="priya-raman").update(
            name=evil, title=evil, organization_name=evil, note=evil, languages=[evil], time_zone="../../etc/passwd",
            methods=[{"kind": "phone", "url": f'tel:1" onclick="{evil}'}, {"kind": "<b>x</b>", "url": evil}],
        )  # fmt: skip
    start_comcheck(S, organization, reason=evil)
    now = clock.now()
    member = Member.objects.get(key="priya-raman")
    put_shift(
        S, organization, role="log_analyst", member=member, starts_at=now, ends_at=now + timedelta(days=3), because=evil
    )
    client = signed_in(organization, OrgRole.ADMINISTRATOR)
    pages = ("/team", "/team/people/priya-raman", "/on-call", "/on-call/log_analyst", "/comcheck", "/comcheck?who=hand", "/log",
             f"/team?q={evil}")  # fmt: skip
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.text, page
        assert '" onclick="' not in answer.text, page


def test_days_that_cannot_be_meant(organization: Organization) -> None:
    client = signed_in(organization, OrgRole.GUEST)
    for day in ("0001-01-01", "9999-12-31", "x", "2026-02-30", "9" * 99):
        assert client.get(f"/on-call?day={day}").status_code == 200
    for week, width in (("2026-10-25", 338), ("2026-03-29", 334), ("2026-11-24", 336)):
        text = client.get(f"/on-call?day={week}").text
        assert sum(int(p.split('"')[0]) for p in text.split('scope="col" colspan="')[1:]) in (0, width)


# Large organizations --------------------------------------------------------------------------


WAYS = (
    "{kind: mail, url: 'mailto:somebody.with.a.long.name@halden.example'}, {kind: phone, url: 'tel:+46317'}, "
    "{kind: sms, url: 'twilio://AC1:token@+46700000000/+46700000001'}"
)


@pytest.fixture
def large(organization: Organization) -> Organization:
    """500 members, each with three ways, 200 accounts, five rotas and one Comcheck under way."""
    files = dict(factories.plan_files())
    files["contacts.yaml"] += "".join(
        f"  m{n:03}: {{name: Somebody With A Long Name {n:03}, title: Somebody who has a long title, languages: [en, sv], "
        f"time_zone: Asia/Tokyo, outside: {'true' if n > 450 else 'false'}, methods: [{WAYS}]}}\n"
        for n in range(500)
    )
    import_plan(S, organization, files=files)
    for n in range(200):
        factories.user(organization, OrgRole.RESPONDER, name=f"Account {n:03}")
    for role in ("incident_manager", "scribe", "log_analyst", "scoping_lead", "legal_counsel"):
        set_rota(S, organization, role=role, members=[f"m{n:03}" for n in range(7)], starts_on=clock.now().date(),
                 handover=clock.now().time().replace(tzinfo=None), zone="Europe/Stockholm", every_days=1)  # fmt: skip
    start_comcheck(S, organization)
    return organization


def test_pages_of_a_large_organization_are_small_and_fast(
    large: Organization, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(large, OrgRole.ADMINISTRATOR)
    for page in ("/team", "/team?q=somebody&side=in", "/team?side=seats", "/team/people/m003", "/on-call", "/on-call/scribe",
                 "/comcheck", "/comcheck?who=hand"):  # fmt: skip
        client.get(page)
        began = machine.process_time()
        with django_assert_max_num_queries(40):
            answer = client.get(page)
        took = machine.process_time() - began
        assert answer.status_code == 200
        assert len(answer.content) < 150_000, page
        assert took < 2, f"{page} took {took:.2f} s"
        assert "twilio" not in answer.text, "addresses that hold tokens are on no page"


# API ------------------------------------------------------------------------------------------


def test_the_api(organization: Organization) -> None:
    client = signed_in(organization, OrgRole.ADMINISTRATOR)
    members = client.get("/api/v1/people/members?limit=5").json()
    assert len(members["items"]) == 5
    assert client.get(f"/api/v1/people/members?limit=5&cursor={members['next']}").json()["items"]
    assert {"kind": "phone", "url": f"tel:{NUMBER}", "verified": "2026-11-12"} in client.get(
        "/api/v1/people/members/priya-raman"
    ).json()["methods"]

    body = {"members": ["priya-raman"], "starts_on": "2026-11-02", "handover": "08:00:00", "zone": "Europe/Stockholm"}
    put = client.put("/api/v1/people/on-call/log_analyst", json.dumps(body), content_type="application/json")
    assert put.status_code == 200, put.text
    assert put.json()["kind"] == "here"
    tag = client.get("/api/v1/people/on-call/log_analyst").headers["ETag"]
    again = {"data": json.dumps(body | {"every_days": 2}), "content_type": "application/json"}
    assert client.put("/api/v1/people/on-call/log_analyst", **again, HTTP_IF_MATCH=tag).status_code == 200
    assert client.put("/api/v1/people/on-call/log_analyst", **again, HTTP_IF_MATCH=tag).status_code == 412
    on = {o["role"]: o for o in client.get("/api/v1/people/on-call?at=2026-11-24T12:00:00Z").json()["items"]}
    assert on["log_analyst"]["member"] == "priya-raman"
    assert on["log_analyst"]["because"].endswith("(rota)")
    assert (on["scribe"]["member"], on["scribe"]["has_rota"]) == (None, False)

    now = clock.now()
    shift = {"member": "emil-sorensen", "starts_at": now.isoformat(), "ends_at": (now + timedelta(hours=8)).isoformat()}
    made = client.post("/api/v1/people/on-call/log_analyst/shifts", json.dumps(shift), content_type="application/json")
    assert made.status_code == 201, made.text
    slots = client.get("/api/v1/people/on-call/log_analyst/slots").json()["items"]
    assert slots[0]["member"] == "emil-sorensen"
    assert client.delete(f"/api/v1/people/on-call/log_analyst/shifts/{made.json()['id']}").status_code == 204
    assert client.get("/api/v1/people/on-call/log_analyst/shifts").json()["items"][0]["withdrawn_at"]
    assert client.delete("/api/v1/people/on-call/log_analyst").status_code == 204
    assert client.get("/api/v1/people/on-call/log_analyst").json()["kind"] is None
    assert client.get("/api/v1/people/on-call/nobody").status_code == 404

    run = client.post("/api/v1/people/comchecks", json.dumps({"open_hours": 2}), content_type="application/json")
    assert run.status_code == 201, run.text
    asks = client.get("/api/v1/people/comchecks/1/asks?limit=1000").json()["items"]
    by_hand = next(a for a in asks if a["by_hand"])
    assert "@" not in json.dumps(asks)
    ticked = client.post(f"/api/v1/people/comchecks/1/asks/{by_hand['id']}/reached")
    assert ticked.json()["answered_how"] == "hand"
    assert client.get("/api/v1/people/reached").json() == {by_hand["member"]: now.date().isoformat()}
    assert client.post("/api/v1/people/comchecks/1/close").json()["closed_at"]
    assert client.post("/api/v1/people/comchecks/1/close").status_code == 422
    reactions_duty.send_comchecks()


def test_responders_make_no_rotas_over_the_api(organization: Organization) -> None:
    client = signed_in(organization, OrgRole.RESPONDER)
    body = json.dumps({"members": ["priya-raman"], "starts_on": "2026-11-02", "handover": "08:00", "zone": "UTC"})
    assert client.put("/api/v1/people/on-call/scribe", body, content_type="application/json").status_code == 403
    assert client.post("/api/v1/people/comchecks", "{}", content_type="application/json").status_code == 403
