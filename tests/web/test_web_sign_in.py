"""What happens at the sign-in stands in the organization's log: who, how, from where, what changed, never a secret."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret, hotp_value
from django.core.cache import cache
from django.test import Client

import factories
from tocsin.core import clock, log
from tocsin.core.access import OrgRole
from tocsin.core.models import LogEntry, Organization
from tocsin.people import reactions
from tocsin.people.actions import make_sign_in_link
from tocsin.people.models import User
from tocsin.people.queries import FAILED_OF_ALL, FAILED_OF_ONE, FAILED_WITHIN

pytestmark = pytest.mark.django_db
PASSWORD, WRONG, BROWSER = "correct horse battery", "hunter2 hunter2 hunter2", "Firefox/133 " + "x" * 500
FROM = "192.0.2.44"


@pytest.fixture(autouse=True)
def _no_limits_of_before() -> None:
    cache.clear()


@pytest.fixture
def person(organization: Organization) -> User:
    made = factories.user(organization)
    with factories.preparing():
        made.set_password(PASSWORD)
        made.save()
    return made


@pytest.fixture
def browser() -> Client:
    return Client(REMOTE_ADDR=FROM, headers={"User-Agent": BROWSER})


def entries(place: Organization, verb: str) -> list[LogEntry]:
    return list(LogEntry.objects.filter(chain_id=place.pk, verb=verb).order_by("sequence"))


def changes(place: Organization) -> list[tuple[str, str]]:
    return [(e.payload["what"], e.payload["change"]) for e in entries(place, "user.security_changed")]


def sign_in(browser: Client, person: User, password: str = PASSWORD) -> Any:
    return browser.post("/sign-in", {"login": person.email, "password": password})


def prove_again(browser: Client) -> None:
    """What allauth asks for before somebody changes how they sign in."""
    browser.post("/accounts/reauthenticate/", {"password": PASSWORD})


def code(secret: str) -> str:
    return f"{hotp_value(secret, int(time.time()) // 30):06}"


def told(place: Organization) -> str:
    """The organization's log as its administrator reads it."""
    reader = Client()
    reader.force_login(factories.user(place, OrgRole.ADMINISTRATOR))
    return reader.get("/log").content.decode()


def test_a_password_signs_in_and_out_and_the_log_says_from_where(
    organization: Organization, person: User, browser: Client
) -> None:
    assert sign_in(browser, person).status_code == 302
    browser.post("/sign-out")
    (came,), (went,) = entries(organization, "user.signed_in"), entries(organization, "user.signed_out")
    assert (came.object_id, came.payload["how"], came.payload["address"]) == (str(person.pk), ["password"], FROM)
    assert came.payload["agent"] == BROWSER[:120]
    assert went.object_id == str(person.pk)
    page = told(organization)
    assert f"{person.name} signed in with password. From {FROM}." in page
    assert f"{person.name} signed out." in page


def test_signing_out_when_nobody_is_signed_in_leaves_nothing(organization: Organization, browser: Client) -> None:
    browser.post("/sign-out")
    assert entries(organization, "user.signed_out") == []


def test_a_link_signs_in_with_a_link(organization: Organization, person: User, browser: Client) -> None:
    secret = make_sign_in_link(factories.SYSTEM, organization, user=person)
    browser.post(f"/sign-in/{secret}")
    assert [e.payload["how"] for e in entries(organization, "user.signed_in")] == [["link"]]


def test_a_failed_sign_in_is_written_without_what_was_typed(
    organization: Organization, person: User, browser: Client
) -> None:
    sign_in(browser, person, WRONG)
    browser.post("/sign-in", {"login": WRONG + "@nowhere.example", "password": WRONG})
    (failed,) = entries(organization, "user.sign_in_failed")
    assert (failed.object_id, failed.payload["step"], failed.payload["last"]) == (str(person.pk), "password", False)
    exported = b"".join(log.export(LogEntry.objects.all())).decode()
    assert WRONG not in exported
    assert PASSWORD not in exported
    assert f"A sign-in as {person.name} failed: password. From {FROM}." in told(organization)


def test_a_closed_account_that_knows_its_password_still_fails(organization: Organization, browser: Client) -> None:
    left, stays = factories.user(organization), factories.user(organization)
    with factories.preparing():
        User.objects.filter(pk=left.pk).update(is_active=False)
    assert left.pk != stays.pk
    sign_in(browser, left)
    assert len(entries(organization, "user.sign_in_failed")) == 1
    assert entries(organization, "user.signed_in") == []


def test_an_attacker_cannot_fill_the_log(
    organization: Organization, person: User, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(FAILED_OF_ONE + 5):
        cache.clear()  # allauth's own limit stands in front; this is the one behind it
        sign_in(browser, person, WRONG)
    found = entries(organization, "user.sign_in_failed")
    assert [e.payload["last"] for e in found] == [False] * (FAILED_OF_ONE - 1) + [True]
    assert "are not written" in told(organization)
    other = factories.user(organization)
    sign_in(browser, other, WRONG)
    assert len(entries(organization, "user.sign_in_failed")) == FAILED_OF_ONE + 1, "another account has its own"
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + FAILED_WITHIN * 1.1)
    cache.clear()
    sign_in(browser, person, WRONG)
    assert len(entries(organization, "user.sign_in_failed")) == FAILED_OF_ONE + 2


def test_many_accounts_together_cannot_fill_it_either(organization: Organization, person: User) -> None:
    for n in range(FAILED_OF_ALL + 5):
        if n % FAILED_OF_ONE == 0:
            person = factories.user(organization)
        reactions.password_failed({"email": person.email.upper()})
    assert len(entries(organization, "user.sign_in_failed")) == FAILED_OF_ALL
    assert entries(organization, "user.sign_in_failed")[-1].payload["last"]


def test_allauths_own_limit_stands_in_front(organization: Organization, person: User, browser: Client) -> None:
    for _ in range(9):
        sign_in(browser, person, WRONG)
    assert len(entries(organization, "user.sign_in_failed")) == 5


def test_a_changed_password_is_written_and_works(organization: Organization, person: User, browser: Client) -> None:
    sign_in(browser, person)
    new = "a quite different one"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert browser.post("/accounts/password/change/", form).status_code == 302
    (changed,) = entries(organization, "user.security_changed")
    assert (changed.payload["what"], changed.payload["change"]) == ("password", "changed")
    assert changed.payload["address"] == FROM
    person.refresh_from_db()
    assert person.check_password(new)
    exported = b"".join(log.export(LogEntry.objects.all())).decode()
    assert new not in exported
    assert person.password not in exported
    assert "changed how they sign in: password changed." in told(organization)


def test_a_first_password_is_set_after_a_link(organization: Organization, browser: Client) -> None:
    person = factories.user(organization)
    browser.post(f"/sign-in/{make_sign_in_link(factories.SYSTEM, organization, user=person)}")
    browser.post("/accounts/password/set/", {"password1": PASSWORD, "password2": PASSWORD})
    assert [e.payload["change"] for e in entries(organization, "user.security_changed")] == ["set"]
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_an_app_and_its_codes_are_added_used_renewed_and_removed(
    organization: Organization, person: User, browser: Client
) -> None:
    sign_in(browser, person)
    prove_again(browser)
    secret = browser.get("/accounts/2fa/totp/activate/").context["form"].secret
    assert browser.post("/accounts/2fa/totp/activate/", {"code": code(secret)}).status_code == 302
    browser.post("/accounts/2fa/recovery-codes/generate/")
    assert changes(organization) == [
        ("totp", "added"), ("recovery_codes", "added"), ("recovery_codes", "removed"), ("recovery_codes", "added"),
    ]  # fmt: skip
    assert {e.payload["address"] for e in entries(organization, "user.security_changed")} == {FROM}
    browser.post("/sign-out")
    cache.clear()  # a code is taken once in its half minute
    sign_in(browser, person)
    wrong = "000000" if code(secret) != "000000" else "111111"
    browser.post("/accounts/2fa/authenticate/", {"code": wrong})
    (failed,) = entries(organization, "user.sign_in_failed")
    assert failed.payload["step"] == "totp"
    browser.post("/accounts/2fa/authenticate/", {"code": code(secret)})
    assert entries(organization, "user.signed_in")[-1].payload["how"] == ["password", "totp"]
    prove_again(browser)
    browser.post("/accounts/2fa/totp/deactivate/")
    assert changes(organization)[4:] == [("totp", "removed"), ("recovery_codes", "removed")]
    exported = b"".join(log.export(LogEntry.objects.all())).decode()
    assert secret not in exported
    assert f'"{wrong}"' not in exported


def test_a_passkey_that_is_removed_is_written(organization: Organization, person: User, browser: Client) -> None:
    sign_in(browser, person)
    prove_again(browser)
    key = Authenticator.objects.create(
        user=person, type=Authenticator.Type.WEBAUTHN, data={"name": "blue key", "credential": {}}
    )
    answer = browser.post(f"/accounts/2fa/webauthn/keys/{key.pk}/remove/")
    assert answer.status_code == 302
    assert changes(organization) == [("webauthn", "added"), ("webauthn", "removed")]
    assert "passkey removed" in told(organization)


def test_what_cannot_be_written_down_does_not_happen(
    organization: Organization, person: User, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(browser, person)
    prove_again(browser)
    TOTP.activate(person, generate_totp_secret())
    browser.raise_request_exception = False

    def broken(*_args: Any, **_given: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(log, "append", broken)
    assert browser.post("/accounts/2fa/totp/deactivate/").status_code == 500
    assert Authenticator.objects.filter(user=person).exists()
    new = "a quite different one"
    form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert browser.post("/accounts/password/change/", form).status_code == 500
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_every_organization_of_the_account_hears_and_no_other(
    organization: Organization, person: User, browser: Client
) -> None:
    second, rival = factories.organization("second", plan=False), factories.organization("rival", plan=False)
    factories.user(second, OrgRole.GUEST, email=person.email)
    sign_in(browser, person, WRONG)
    sign_in(browser, person)
    browser.post("/sign-out")
    for verb in ("user.sign_in_failed", "user.signed_in", "user.signed_out"):
        assert [len(entries(o, verb)) for o in (organization, second, rival)] == [1, 1, 0], verb


def test_what_is_counted_at_sign_in_is_counted_for_all_web_processes(tmp_path: Path) -> None:
    """A one-time code that one process has seen used is used for the others, too."""
    asked = "from django.core.cache import cache; print(cache.add('a code that was used', 'y', 30))"
    environment = os.environ | {"TOCSIN_HOME": str(tmp_path), "DJANGO_SETTINGS_MODULE": "tocsin.settings"}
    environment.pop("TOCSIN_DATABASE_URL", None)  # there the table holds it, which the web's own migration makes
    said = [subprocess.run([sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True)
            for _process in range(2)]  # fmt: skip
    assert [one.stdout.strip() for one in said] == ["True", "False"]
