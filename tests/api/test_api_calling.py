"""Calling people over the API: list, start, call off, by voice; and the door of gateways, with its three attackers."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

import factories
from tocsin.core.access import OrgRole
from tocsin.core.models import Organization
from tocsin.incidents.models import Incident
from tocsin.people.actions import create_token
from tocsin.people.models import Paging, PagingCall, User

S = factories.SYSTEM


@pytest.fixture(autouse=True)
def _no_guesses(settings: Any) -> None:
    settings.CACHES = {k: {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": f"calling-{k}"}
                       for k in ("default", "shared", "local")}  # fmt: skip
    caches["shared"].clear()


@pytest.fixture
def declarer(organization: Organization) -> User:
    return factories.user(organization, OrgRole.RESPONDER, name="Nora Night")


@pytest.fixture
def declared(organization: Organization, declarer: User) -> Incident:
    return factories.incident(organization, declarer.actor)


class As:
    """Somebody's token, asking."""

    def __init__(self, user: User, place: Organization) -> None:
        secret = create_token(S, place, user=user, label="a test")
        self.client = Client(headers={"Authorization": f"Bearer {secret}"})

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1{path}")

    def post(self, path: str, **body: Any) -> Any:
        return self.client.post(f"/api/v1{path}", body, content_type="application/json")


def code_of(incident: Incident, role: str) -> str:
    asked = PagingCall.objects.filter(paging__chain=incident.chain, paging__role=role).last()
    assert asked is not None
    return asked.code


@pytest.mark.django_db
def test_a_lead_lists_starts_calls_off_and_says_who_was_reached(declared: Incident, declarer: User) -> None:
    lead = As(declarer, declared.organization)
    path = f"/incidents/{declared.pk}/pagings"
    calling = lead.get(f"{path}?state=calling&role=scribe").json()["items"]
    assert [p["title"] for p in calling] == ["Scribe"]
    assert calling[0]["people"][0] == "Oksana Melnyk"
    assert calling[0]["calls"][0]["answer"] == ""
    assert code_of(declared, "scribe") not in lead.get(path).content.decode()
    number = calling[0]["number"]
    reached = lead.post(f"{path}/{number}/reached", rung=0, comes=True)
    assert (reached.status_code, reached.json()["answered_by"]) == (200, "Oksana Melnyk")
    assert lead.post(f"{path}/{number}/reached", rung=9, comes=True).status_code == 404
    started = lead.post(path, role="hr_partner", reason="an employee is suspected")
    assert (started.status_code, started.json()["state"]) == (201, "calling")
    assert lead.post(path, role="hr_partner", reason="again").status_code == 422
    assert lead.post(path, role="nobody", reason="x").json()["field"] == "role"
    off = lead.post(f"{path}/{started.json()['number']}/cancel", reason="it was a mistake")
    assert off.json()["state"] == "cancelled"


@pytest.mark.django_db
def test_a_gateway_answers_by_a_text_that_holds_the_code(declared: Incident) -> None:
    gateway = As(factories.user(declared.organization), declared.organization)
    code = code_of(declared, "scribe")
    answer = gateway.post("/pagings/answer", text=f"Yes, on my way! {code[:3]}-{code[3:]}")
    assert answer.json() == {"said": "You are on it: Scribe. Your message's link shows what is expected of you."}
    paging = Paging.objects.get(chain=declared.chain, role="scribe")
    assert (paging.state, paging.calls.get().via) == ("answered", "api")
    again = gateway.post("/pagings/answer", text=code)
    assert again.json() == answer.json()
    assert gateway.post("/pagings/answer", text="hello").status_code == 422


@pytest.mark.django_db
def test_nobody_else_answers_or_learns_anything(declared: Incident, client: Client) -> None:
    code = code_of(declared, "scribe")
    other = factories.organization("other")
    outsider = As(factories.user(other), other)
    guest = factories.user(declared.organization, OrgRole.AUDITOR)
    assert outsider.post("/pagings/answer", text=code).json()["detail"] == "No call waits for this code."
    assert outsider.post("/pagings/answer", text="999999").json()["detail"] == "No call waits for this code."
    assert client.post("/api/v1/pagings/answer", {"text": code}, content_type="application/json").status_code == 401
    not_on_it = As(factories.user(declared.organization), declared.organization)
    for path in ("", "/1", "/1/cancel", "/1/reached"):
        ask = not_on_it.get if path in ("", "/1") else lambda p: not_on_it.post(p, reason="x")
        if path == "/1/reached":
            ask = lambda p: not_on_it.post(p, rung=0, comes=True)  # noqa: E731
        assert ask(f"/incidents/{declared.pk}/pagings{path}").status_code == 404, path
    observer = As(factories.on(declared, "observer", OrgRole.RESPONDER), declared.organization)
    assert observer.post(f"/incidents/{declared.pk}/pagings/1/cancel", reason="x").status_code == 403
    assert Paging.objects.get(chain=declared.chain, role="scribe").state == "calling"
    assert guest


@pytest.mark.django_db
def test_a_gateway_cannot_guess_without_end(declared: Incident) -> None:
    gateway = As(factories.user(declared.organization), declared.organization)
    wrong = next(f"{n:06d}" for n in range(20) if not PagingCall.objects.filter(code=f"{n:06d}").exists())
    statuses = [gateway.post("/pagings/answer", text=wrong).status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]
