"""Who gets through which door: every address of the site against people who may, may not, and may not even know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from signing_in import as_user

import factories
from tocsin.core.access import OrgRole
from tocsin.core.models import LogEntry
from tocsin.incidents.models import Incident
from tocsin.people.actions import make_sign_in_link
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
OPEN = {
    "sign-in",
    "sign-in-link",
    "healthy",
    "home",
    "called",
    "answer-call",
    "decide-by-link",
    "reached",
    "report-form",
    "report-thanks",
    "status-page",
    "message-read",
}
"""What strangers may ask for: who was called answers without an account, and anybody reports something strange."""
NOT_OURS = ("accounts/", "api/")
ARGUMENTS = {"number": "INC-2026-001", "task": 1, "decision": 1, "entry": 1, "finding": 1, "row": 1, "item": 1,
             "sequence": 1, "detection": 1, "alert": 1, "role": "incident-manager",
             "secret": "x", "message": "all-clear", "incident": str(UUID(int=0)),
             "to": "tasks", "kind": "instant", "name": "detected", "what": "times",
             "regime": "eu-gdpr-33", "verdict": "cannot_tell"}  # fmt: skip


def named() -> Iterator[tuple[str, list[str]]]:
    """Every named address of ours with the names of its arguments."""

    def walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, list[str]]]:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if route.startswith(NOT_OURS):
                continue
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            elif pattern.name:
                yield pattern.name, re.findall(r"<(?:\w+:)?(\w+)>", route)

    yield from walk(get_resolver().url_patterns, "")


ALL = dict(named())
OF_INCIDENTS = sorted(name for name, arguments in ALL.items() if "number" in arguments and name != "comcheck-round")
PAGES = ["room", "tasks", "decisions", "scope", "remediation", "roles", "log", "incident-plan", "investigation",
         "evidence", "obligations", "duty", "duties-folded", "report", "report-html",
         "log-download", "explorer", "steps", "marked", "indicators",
         "samples", "network", "processes", "logons", "proposed", "relations", "close", "merge", "split",
         "communications", "outgoing-new", "audiences", "questions",
         "feed", "notebook", "notebook-new", "situation", "situation-form", "sheet", "sheet-row",
         "sheet-other"]  # fmt: skip
ACTS = sorted(set(OF_INCIDENTS) - set(PAGES) - {"task", "task-panel", "scope-entry", "decision", "log-entry", "detection", "events",
                                                "run-progress", "report-pdf", "detection-rows", "lake-event", "technique",
                                                "notice", "notice-text", "notice-docx", "notice-pdf", "referral",
                                                "outgoing", "outgoing-edit", "outgoing-drafts", "outgoing-deliveries", "wave",
                                                "sample", "incident-war-book", "duty-card", "handover", "notebook-note",
                                                "notebook-edit", "notebook-history", "notebook-now", "privilege",
                                                "privileged-file"})  # fmt: skip


def address(name: str, number: str = "INC-2026-001") -> str:
    return reverse(name, kwargs={a: number if a == "number" else ARGUMENTS.get(a, 1) for a in ALL[name]})


def same_for_all(html: bytes) -> bytes:
    """A page without what differs at each request: tokens and the clock."""
    text = re.sub(rb'data-now="[^"]*"|datetime="[^"]*"', b"", html)
    text = re.sub(rb"[A-Za-z0-9]{64}", b"", text)
    return re.sub(rb">\d\d:\d\d<", b"><", text)


def test_without_a_sign_in_every_door_leads_to_the_sign_in(
    client: Client, incident: Incident, subtests: pytest.Subtests
) -> None:
    for name in sorted(set(ALL) - OPEN - {"events"}):
        for ask in (client.get, client.post):
            with subtests.test(door=name):
                answer = ask(address(name, incident.number))
                assert answer.status_code in (302, 405), answer.status_code
                if answer.status_code == 302:
                    assert answer["Location"].startswith("/sign-in")


def test_who_is_not_on_the_incident_gets_the_answer_of_one_that_does_not_exist(
    stranger: Client, incident: Incident, subtests: pytest.Subtests
) -> None:
    for name in OF_INCIDENTS:
        with subtests.test(door=name):
            ask = stranger.post if name in ACTS else stranger.get
            real, made_up = ask(address(name, incident.number)), ask(address(name, "INC-1999-001"))
            assert real.status_code == made_up.status_code == 404
            assert same_for_all(real.content) == same_for_all(made_up.content)
            assert incident.title.encode() not in real.content


def test_the_list_shows_only_incidents_that_one_is_on(lead: Client, stranger: Client, incident: Incident) -> None:
    assert incident.title in lead.get("/incidents").content.decode()
    assert incident.title not in stranger.get("/incidents").content.decode()


@pytest.mark.parametrize("role", list(IncidentRole))
def test_every_page_opens_for_every_role_and_stays_small(
    incident: Incident, role: str, subtests: pytest.Subtests
) -> None:
    browser = as_user(factories.on(incident, role))
    for name in PAGES:
        with subtests.test(door=name):
            answer = browser.get(address(name, incident.number))
            assert answer.status_code == 200
            if not answer.streaming and name != "report-html":
                assert len(answer.content) < 150_000
                assert b"<style" not in answer.content
                assert b" style=" not in answer.content
                assert b"onclick" not in answer.content


def test_an_observer_may_look_and_not_touch(incident: Incident, subtests: pytest.Subtests) -> None:
    observer = as_user(factories.on(incident, IncidentRole.OBSERVER))
    for name in ACTS:
        with subtests.test(door=name):
            before = LogEntry.objects.count()
            answer = observer.post(address(name, incident.number), FORMS.get(name, {}))
            if name == "log-verify":  # looking, with a button
                assert answer.status_code == 302
                continue
            assert answer.status_code in (403, 404, 422), answer.status_code
            assert LogEntry.objects.count() == before


FORMS = {
    "set-phase": {"phase": "contained"},
    "set-severity": {"severity": "3", "because": "calmer"},
    "task-complete": {"proof": "seen"},
    "note": {"text": "hello"},
    "set-fact": {"name": "malware", "value": "yes"},
}


def test_a_refusal_says_which_roles_may(incident: Incident) -> None:
    observer = as_user(factories.on(incident, IncidentRole.OBSERVER))
    answer = observer.post(address("set-phase", incident.number), {"phase": "contained"})
    assert answer.status_code == 403
    assert "It takes one of these roles: lead" in answer.content.decode()


def test_an_act_needs_the_token_of_the_session(manager: object, incident: Incident, subtests: pytest.Subtests) -> None:
    browser = as_user(manager, enforce_csrf_checks=True)  # type: ignore[arg-type]
    for name in ACTS:
        with subtests.test(door=name):
            answer = browser.post(address(name, incident.number))
            assert answer.status_code == 403
            assert "session that has ended" in answer.content.decode()


def test_an_act_is_never_done_by_looking(lead: Client, incident: Incident, subtests: pytest.Subtests) -> None:
    for name in ACTS:
        with subtests.test(door=name):
            assert lead.get(address(name, incident.number)).status_code == 405


def test_every_answer_carries_the_strict_policy(lead: Client, client: Client, incident: Incident) -> None:
    for browser, path in (
        (lead, "/incidents"),
        (lead, "/incidents/nowhere/"),
        (client, "/sign-in"),
        (lead, "/nowhere"),
    ):
        answer = browser.get(path)
        assert answer["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["Cache-Control"] == "no-store" or path == "/sign-in"
    report = lead.get(address("report-html", incident.number))
    assert "script-src" not in report["Content-Security-Policy"]
    assert report["Content-Security-Policy"].startswith("default-src 'none'")


def test_looking_at_a_sign_in_link_leaves_it_good_and_using_it_ends_it(client: Client, incident: Incident) -> None:
    person = factories.on(incident, IncidentRole.RESPONDER)
    secret = make_sign_in_link(factories.SYSTEM, incident.organization, user=person)
    for _scanner in range(3):
        assert client.get(f"/sign-in/{secret}").status_code == 200
    assert client.post(f"/sign-in/{secret}")["Location"] == "/"
    assert client.get("/incidents").status_code == 200
    again = Client().post(f"/sign-in/{secret}")
    assert again.status_code == 422
    assert "used already" in again.content.decode()


def test_signing_out_takes_a_form_and_ends_the_session(lead: Client) -> None:
    assert lead.get("/sign-out").status_code == 405
    lead.post("/sign-out")
    assert lead.get("/incidents").status_code == 302


def test_a_password_signs_in_and_a_wrong_one_does_not(client: Client, incident: Incident) -> None:
    person = factories.on(incident, IncidentRole.RESPONDER)
    with factories.preparing():
        person.set_password("correct horse battery")
        person.save()
    wrong = client.post("/sign-in", {"login": person.email, "password": "wrong horse battery"})
    assert wrong.status_code == 200
    right = client.post("/sign-in", {"login": person.email, "password": "correct horse battery"})
    assert right.status_code == 302
    assert client.get("/incidents").status_code == 200


@pytest.mark.parametrize("path", ["/accounts/signup/", "/accounts/email/", "/accounts/confirm-email/"])
def test_nobody_signs_up_or_changes_an_address(client: Client, lead: Client, path: str) -> None:
    assert client.get(path).status_code == 404
    assert lead.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/accounts/2fa/", "/accounts/password/set/"])
def test_the_pages_about_ones_own_security_stand_in_our_shell(lead: Client, path: str) -> None:
    text = lead.get(path, follow=True).content.decode()
    assert "t-brand" in text
    assert "<style" not in text


@pytest.mark.parametrize("role", list(OrgRole))
def test_the_organizations_log_is_for_administrators_and_auditors(incident: Incident, role: str) -> None:
    answer = as_user(factories.user(incident.organization, role)).get("/log")
    assert answer.status_code == (200 if role in (OrgRole.ADMINISTRATOR, OrgRole.AUDITOR) else 404)


def test_a_person_without_an_organization_is_told_what_to_do(db: None) -> None:
    answer = as_user(factories.stranger()).get("/incidents")
    assert answer.status_code == 403
    assert "Ask an administrator" in answer.content.decode()
