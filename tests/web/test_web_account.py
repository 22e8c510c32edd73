"""Accounts on the pages: roles and keys are ended, everybody has their own zone, the log names people."""

from __future__ import annotations

import logging

import pytest
from django.test import Client
from signing_in import as_user

import factories
from tocsin.core.access import OrgRole
from tocsin.core.action import Invalid
from tocsin.core.models import Grant, LogEntry
from tocsin.incidents.models import Incident
from tocsin.people.actions import create_token, deactivate, make_sign_in_link, reactivate, use_sign_in_link
from tocsin.people.models import ApiToken, User
from tocsin.people.queries import user_of_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def administrator(incident: Incident) -> Client:
    return as_user(factories.user(incident.organization, OrgRole.ADMINISTRATOR))


@pytest.fixture
def colleague(incident: Incident) -> User:
    return factories.user(incident.organization, OrgRole.RESPONDER)


def token_of(incident: Incident, user: User) -> ApiToken:
    create_token(user.actor, incident.organization, user=user, label="forwarder")
    return ApiToken.objects.get(user=user)


def test_an_administrator_takes_a_role_and_the_log_says_whose(
    administrator: Client, incident: Incident, colleague: User
) -> None:
    assert colleague.email in administrator.get("/team").content.decode()
    administrator.post("/team/revoke", {"user": str(colleague.pk), "role": "responder"})
    assert not Grant.objects.filter(chain_id=incident.organization.pk, user=colleague).exists()
    assert f"in the organization from {colleague.name}" in administrator.get("/log").content.decode()
    assert administrator.post("/team/revoke", {"user": str(colleague.pk), "role": "responder"}).status_code == 422


def test_nobody_else_takes_roles(incident: Incident, colleague: User) -> None:
    other = as_user(factories.user(incident.organization, OrgRole.RESPONDER))
    assert "Take the role" not in other.get("/team").content.decode()
    assert other.post("/team/revoke", {"user": str(colleague.pk), "role": "responder"}).status_code == 403
    assert Grant.objects.filter(chain_id=incident.organization.pk, user=colleague).exists()


def test_keys_are_ended_by_their_owner_and_by_an_administrator(
    administrator: Client, incident: Incident, colleague: User
) -> None:
    own = token_of(incident, colleague)
    page = as_user(colleague).get("/you").content.decode()
    assert "forwarder" in page
    assert own.secret_hash not in page
    stranger = as_user(factories.user(incident.organization, OrgRole.RESPONDER))
    assert "forwarder" not in stranger.get("/you").content.decode()
    assert stranger.post("/team/revoke-token", {"token": own.handle}).status_code == 422
    assert user_of_token(own.secret_hash) == colleague
    as_user(colleague).post("/team/revoke-token", {"token": own.handle})
    assert user_of_token(own.secret_hash) is None
    second = create_token(colleague.actor, incident.organization, user=colleague, label="second")
    assert second
    live = ApiToken.objects.get(user=colleague, revoked_at=None)
    assert "second" in administrator.get("/team").content.decode()
    administrator.post("/team/revoke-token", {"token": live.handle})
    assert user_of_token(live.secret_hash) is None


@pytest.mark.parametrize("handle", ["", "0", "%", "a" * 16])
def test_a_key_that_is_not_named_whole_is_not_ended(incident: Incident, colleague: User, handle: str) -> None:
    own = token_of(incident, colleague)
    assert as_user(colleague).post("/team/revoke-token", {"token": handle}).status_code == 422
    assert user_of_token(own.secret_hash) == colleague


@pytest.mark.parametrize("role", list(OrgRole))
def test_everybody_chooses_their_own_zone(incident: Incident, role: OrgRole) -> None:
    person = factories.user(incident.organization, role)
    browser = as_user(person)
    assert browser.post("/you/zone", {"zone": "Mars/Olympus"}).status_code == 422
    browser.post("/you/zone", {"zone": "Asia/Tokyo"})
    person.refresh_from_db()
    assert person.time_zone == "Asia/Tokyo"
    assert 'data-zone="Asia/Tokyo"' in browser.get("/you").content.decode()


def test_the_log_says_for_whom_a_link_was_made_in_the_readers_zone(incident: Incident, colleague: User) -> None:
    reader = factories.user(incident.organization, OrgRole.AUDITOR)
    with factories.preparing():
        reader.time_zone = "Asia/Tokyo"
        reader.save()
    secret = make_sign_in_link(factories.SYSTEM, incident.organization, user=colleague)
    use_sign_in_link(factories.SYSTEM, incident.organization, secret=secret)
    page = as_user(reader).get("/log").content.decode()
    assert f"made a sign-in link for {colleague.name}, good until" in page
    assert f"let {colleague.name} in with a sign-in link" in page
    link = LogEntry.objects.filter(verb="user.link").latest("sequence")
    assert "UTC." not in page
    assert "JST." in page
    assert secret not in page
    assert link.payload["expires_at"]


def test_a_wrong_host_is_one_line_in_the_console(client: Client, capfd: pytest.CaptureFixture[str]) -> None:
    assert client.get("/healthy", headers={"Host": "evil.example"}).status_code == 400
    record = logging.LogRecord("django.security.DisallowedHost", logging.ERROR, "", 1, "Invalid host", (), None)
    record.exc_info = (ValueError, ValueError("x"), None)
    assert logging.getLogger("django.security.DisallowedHost").filter(record)
    assert record.exc_info is None
    assert "Traceback" not in capfd.readouterr().err


# Leaving and coming back


def out(user: User, **more: str) -> dict[str, str]:
    return {"user": str(user.pk), "because": "left the firm", "sure": "yes"} | more


def test_an_administrator_takes_somebody_out_with_a_reason_and_lets_them_back(
    administrator: Client, incident: Incident, colleague: User
) -> None:
    assert "Take out of the organization" in administrator.get("/team").content.decode()
    for form in (out(colleague, sure=""), out(colleague, because="  "), out(colleague) | {"user": "x"}):
        assert administrator.post("/team/take-out", form).status_code == 422
    assert as_user(colleague).get("/incidents").status_code == 200
    administrator.post("/team/take-out", out(colleague))
    colleague.refresh_from_db()
    assert not colleague.is_active
    page = administrator.get("/team").content.decode()
    assert "Take in again" in page
    assert colleague.email in page
    back = {"user": str(colleague.pk), "role": "auditor", "because": "it was a mistake"}
    assert administrator.post("/team/take-in", back | {"role": "king"}).status_code == 422
    assert administrator.post("/team/take-in", back | {"because": ""}).status_code == 422
    administrator.post("/team/take-in", back)
    colleague.refresh_from_db()
    assert colleague.is_active
    assert [g.role for g in Grant.objects.filter(user=colleague)] == ["auditor"]
    log = as_user(factories.user(incident.organization, OrgRole.AUDITOR)).get("/log").content.decode()
    assert "left the firm" in log
    assert f"took {colleague.name} in again" in log
    assert administrator.post("/team/take-in", back).status_code == 422, "who is here is not taken in again"


def test_no_administrator_takes_themselves_or_the_last_one_out(incident: Incident) -> None:
    one = factories.user(incident.organization, OrgRole.ADMINISTRATOR)
    browser = as_user(one)
    assert "Take out of the organization" not in browser.get("/team").content.decode()
    assert browser.post("/team/take-out", out(one)).status_code == 422
    other = factories.user(incident.organization, OrgRole.ADMINISTRATOR)
    assert browser.get("/team").content.decode().count("Take out of the organization") == 1
    browser.post("/team/take-out", out(other))
    assert not Grant.objects.filter(user=other).exists()
    assert browser.post("/team/take-out", out(one)).status_code == 422


@pytest.mark.parametrize("role", [OrgRole.RESPONDER, OrgRole.AUDITOR, OrgRole.GUEST])
def test_nobody_else_takes_people_out_or_in(incident: Incident, colleague: User, role: OrgRole) -> None:
    other = as_user(factories.user(incident.organization, role))
    page = other.get("/team").content.decode()
    assert "Take out" not in page
    assert "Taken out" not in page
    assert other.post("/team/take-out", out(colleague)).status_code == 403
    administrator = factories.user(incident.organization, OrgRole.ADMINISTRATOR)
    deactivate(administrator.actor, incident.organization, user=colleague, because="left")
    back = {"user": str(colleague.pk), "role": "guest", "because": "x"}
    assert other.post("/team/take-in", back).status_code == 403


def test_an_administrator_takes_in_only_who_left_their_own_organization(
    administrator: Client, incident: Incident
) -> None:
    rival = factories.organization("rival", plan=False)
    theirs = factories.user(rival)
    factories.user(rival, OrgRole.ADMINISTRATOR)
    deactivate(factories.SYSTEM, rival, user=theirs, because="left")
    assert theirs.email not in administrator.get("/team").content.decode()
    back = {"user": str(theirs.pk), "role": "guest", "because": "x"}
    assert administrator.post("/team/take-in", back).status_code == 422
    with pytest.raises(Invalid, match="not taken out"):
        reactivate(factories.SYSTEM, incident.organization, user=theirs, role="guest", because="x")


# What the bar leads to


@pytest.mark.parametrize("path", ["/incidents", "room", "/you", "/accounts/2fa/", "/nowhere"])
@pytest.mark.parametrize("of_the_house", [True, False])
def test_the_bar_leads_only_where_one_may_go(incident: Incident, path: str, of_the_house: bool) -> None:
    person = factories.user(incident.organization, OrgRole.GUEST) if of_the_house else factories.stranger()
    factories.admit(factories.SYSTEM, incident, user_id=person.pk, role="responder")
    browser = as_user(person)
    page = browser.get(path if path != "room" else f"/incidents/{incident.number}/", follow=True).content.decode()
    assert ('<a href="/plan"' in page) == of_the_house
    assert browser.get("/plan").status_code == browser.get("/team").status_code == (200 if of_the_house else 404)
    assert ('<a href="/team"' in browser.get("/plan").content.decode()) == of_the_house
