"""Nothing that stands in an address or a form leads out of Tocsin: open redirects would lend its name to any page."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import pytest
from django.core.cache import cache
from django.test import Client
from signing_in import as_user

import factories
from tocsin.core.access import OrgRole
from tocsin.incidents.models import Incident
from tocsin.people.models import User
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
SECRET = "correct horse battery"
ELSEWHERE = [
    "//evil.example/x",
    "https://evil.example/x",
    "/\\evil.example",
    "\\\\evil.example",
    "///evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "https://testserver@evil.example",
    "https://testserver.evil.example",
    "\t//evil.example",
    "/%09/evil.example",
    "http://testserver\r\nX: y",
    "//testserver:80@evil.example",
]


def leads_home(location: str) -> bool:
    """Whether a browser that is told to go there stays on this server: it reads a backslash as a slash, and drops tabs."""
    as_read = "".join(c for c in location.replace("\\", "/") if c not in "\t\r\n").strip()
    target = urlsplit(urljoin("http://testserver/sign-in", as_read))
    return (target.scheme, target.netloc) == ("http", "testserver")


@pytest.fixture
def person(incident: Incident, settings: Any) -> User:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick: it is not what is tried here
    cache.clear()  # allauth counts how often somebody signs in
    found = factories.on(incident, IncidentRole.LEAD, OrgRole.ADMINISTRATOR)
    with factories.preparing():
        found.set_password(SECRET)
        found.save()
    return found


def test_after_signing_in_one_stays_here(person: User) -> None:
    for there in ELSEWHERE:
        for address, form in ((f"/sign-in?next={quote(there)}", {}), ("/sign-in", {"next": there})):
            browser = Client()
            cache.clear()
            answer = browser.post(address, {"login": person.email, "password": SECRET, **form})
            assert answer.status_code == 302
            assert leads_home(answer["Location"]), answer["Location"]
            already = browser.get(address)  # who is signed in is sent on without a form
            assert already.status_code == 302
            assert leads_home(already["Location"]), already["Location"]


def test_nor_do_other_ways_lead_out(person: User, incident: Incident) -> None:
    stranger = Client()
    for there in ELSEWHERE:
        cache.clear()
        signed_in = as_user(person)
        asked = [
            stranger.get(f"/accounts/login/?next={quote(there)}"),
            stranger.get(f"/incidents?next={quote(there)}"),
            signed_in.post(f"/accounts/reauthenticate/?next={quote(there)}", {"password": SECRET}),
            signed_in.post("/accounts/reauthenticate/", {"password": SECRET, "next": there}),
            signed_in.get(f"/me/{incident.pk}/{quote(there, safe='')}"),
            signed_in.post("/sign-out", {"next": there}),
        ]
        for answer in asked:
            assert answer.status_code in (302, 404), (there, answer.status_code)
            if answer.status_code == 302:
                assert leads_home(answer["Location"]), answer["Location"]


def test_the_way_back_from_a_refusal_is_one_of_ours(person: User, incident: Incident) -> None:
    browser = as_user(person)
    address = f"/incidents/{incident.number}/phase"
    for page in ("https://evil.example/", "//evil.example", "javascript:alert(1)"):
        refused = browser.post(address, {"phase": "nonsense"}, headers={"Referer": page})
        assert refused.status_code == 422
        assert page.encode() not in refused.content
    ours = f"http://testserver/incidents/{incident.number}/"
    assert ours.encode() in browser.post(address, {"phase": "nonsense"}, headers={"Referer": ours}).content
