"""With no mail server and no identity provider people sign in by password and app, by recovery code, by a link in hand."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.test import Client
from test_web_sign_in import PASSWORD, code

import factories
from tocsin.core.models import Organization
from tocsin.people.actions import make_sign_in_link
from tocsin.people.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _cut_off(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No mail server is set, and nothing gets out: a connection to anywhere fails the test."""
    cache.clear()
    settings.EMAIL_URL = ""
    settings.EMAIL_HOST = "mail.invalid"

    def refuse(_socket: socket.socket, address: Any) -> None:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):  # a local PostgreSQL
            pytest.fail(f"signing in reached out to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def secret() -> str:
    return str(generate_totp_secret())


@pytest.fixture
def person(organization: Organization, secret: str) -> User:
    made = factories.user(organization)
    with factories.preparing():
        made.set_password(PASSWORD)
        made.save()
        TOTP.activate(made, secret)
    return made


def begin(person: User) -> Client:
    browser = Client()
    answer = browser.post("/sign-in", {"login": person.email, "password": PASSWORD})
    assert answer.headers["Location"] == "/accounts/2fa/authenticate/"
    assert browser.get("/incidents").status_code == 302, "the password alone opens nothing"
    return browser


def test_by_password_and_app(person: User, secret: str) -> None:
    browser = begin(person)
    assert browser.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert browser.post("/accounts/2fa/authenticate/", {"code": code(secret)}).status_code == 302
    assert browser.get("/incidents").status_code == 200


def test_by_password_and_recovery_code_once(person: User) -> None:
    with factories.preparing():
        spare = RecoveryCodes.activate(person).get_unused_codes()[0]
    browser = begin(person)
    assert browser.post("/accounts/2fa/authenticate/", {"code": spare}).status_code == 302
    assert browser.get("/incidents").status_code == 200
    again = begin(person)
    assert again.post("/accounts/2fa/authenticate/", {"code": spare}).status_code == 200
    assert again.get("/incidents").status_code == 302, "a code opens once"


def test_by_a_link_that_the_keeper_of_the_server_hands_over(organization: Organization, person: User) -> None:
    link = make_sign_in_link(factories.SYSTEM, organization, user=person)
    browser = Client()
    browser.post(f"/sign-in/{link}")
    assert browser.get("/incidents").status_code == 200


def test_the_sign_in_page_offers_the_passkey(organization: Organization) -> None:
    assert "passkey" in Client().get("/sign-in").content.decode().lower()
