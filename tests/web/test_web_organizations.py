"""Two organizations on one server: a member of one walks every page with the other's numbers and keys, and gets nothing.

Incident addresses carry no organization, and both have an INC-2026-001: whose it is follows from who asks.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from signing_in import as_user
from test_web_doors import ACTS, ALL, ARGUMENTS, OF_INCIDENTS, OPEN

import factories
from access_arguments import TWO
from tocsin.core.access import OrgRole
from tocsin.core.models import LogEntry, Organization
from tocsin.evidence.models import Detection
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.people.actions import create_token, deactivate
from tocsin.people.models import ApiToken, Member, User

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
MARK = "Zanzibar"
"""Stands in everything that the first organization's incident holds, and nowhere else."""
HOUSE = sorted(set(ALL) - OPEN - set(OF_INCIDENTS) - {"sign-out"})


@pytest.fixture
def theirs(organization: Organization, tmp_path: Path) -> Incident:
    """The first organization's incident, with something of every kind in it, all of it marked."""
    made = factories.incident(organization, title=f"{MARK} encrypted", summary=f"{MARK} stands still")
    actions.add_task(S, made, title=f"{MARK} task", role="log_analyst")
    actions.open_decision(S, made, question=f"{MARK}?", options=TWO, role="incident_manager")
    entry = actions.add_scope(S, made, kind="host", name=f"{MARK}-01", because=f"{MARK} log")
    actions.plan_remediation(S, made, entry=entry, what=f"Rebuild {MARK}", role="remediation_lead")
    actions.state_finding(S, made, claim=f"{MARK} ran", confidence="low")
    actions.note(S, made, text=f"{MARK} note")
    item = factories.evidence(made, tmp_path, name=f"{MARK}.evtx")
    with factories.preparing():
        Detection.objects.create(
            incident=made, run=made.runs.get(), item=item, rule_id="r", title=f"{MARK} rule", level="high",
            source_file=f"{MARK}.evtx", record_id="1", host=f"{MARK}-01", time=datetime(2026, 1, 1, tzinfo=UTC),
        )  # fmt: skip
    return made


@pytest.fixture
def rival() -> Organization:
    return factories.organization("rival")


@pytest.fixture
def walker(rival: Organization) -> User:
    """The other organization's administrator."""
    return factories.user(rival, OrgRole.ADMINISTRATOR, name="Walker")


def address(name: str, theirs: Incident) -> str:
    """The page's address with the numbers and keys of the first organization."""
    detection = theirs.detections.get()
    held = ARGUMENTS | {
        "number": theirs.number, "task": theirs.tasks.get(title=f"{MARK} task").number,
        "decision": theirs.decisions.get(question=f"{MARK}?").number, "entry": 1, "finding": 1, "row": 1, "item": 1,
        "sequence": LogEntry.objects.filter(chain_id=theirs.chain_id, verb="note.write").latest("sequence").sequence,
        "detection": detection.pk,
    }  # fmt: skip
    return reverse(name, kwargs={a: held.get(a, 1) for a in ALL[name]})


def asked(browser: Client, name: str, where: str, form: dict[str, Any] | None = None) -> tuple[int, str]:
    """The status and the whole of the answer; a form where the address takes one. What it wrote is taken back."""
    with transaction.atomic():
        answer = browser.post(where, form or {}) if form is not None else browser.get(where)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[arg-type]
        transaction.set_rollback(True)
    return answer.status_code, body.decode("utf-8", "replace") + str(answer.headers)


FILLED = {
    "phase": "contained", "severity": "3", "because": "x", "summary": "x", "text": "x", "title": "x", "name": "host-9",
    "kind": "host", "role": "incident_manager", "reason": "x", "proof": "x", "value": "yes", "what": "x", "entry": "1",
    "chosen": "yes", "claim": "x", "confidence": "low", "accept": "yes", "state": "confirmed", "held": "yes",
    "method": "x", "result": "x", "playbook": "insider", "to": "x", "why": "x", "question": "x", "anchor": "aware",
    "at": "2026-01-01T00:00",
}  # fmt: skip


def test_without_an_incident_of_ones_own_theirs_does_not_exist(theirs: Incident, walker: User) -> None:
    browser = as_user(walker)
    before = LogEntry.objects.filter(chain_id=theirs.chain_id).count()
    for name in OF_INCIDENTS:
        status, body = asked(browser, name, address(name, theirs), FILLED if name in ACTS else None)
        assert status == 404, name
        assert MARK not in body, name
    assert LogEntry.objects.filter(chain_id=theirs.chain_id).count() == before


def test_with_an_incident_of_the_same_number_one_gets_ones_own(
    theirs: Incident, rival: Organization, walker: User
) -> None:
    own = factories.incident(rival, title="Ours")
    factories.admit(S, own, user_id=walker.pk, role="lead")
    assert own.number == theirs.number
    browser = as_user(walker)
    for name in OF_INCIDENTS:
        with CaptureQueriesContext(connection) as queries:
            status, body = asked(browser, name, address(name, theirs), FILLED if name in ACTS else None)
        assert status < 500, name
        assert MARK not in body, name
        written = [q["sql"] for q in queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
        assert not [q for q in written if theirs.chain_id.hex in q or str(theirs.chain_id) in q], name


def test_the_walk_would_find_a_leak(theirs: Incident) -> None:
    """Whoever is on the incident meets the mark on its pages: that it is missing above says something."""
    browser = as_user(factories.on(theirs, "lead", OrgRole.ADMINISTRATOR))
    for name in ("room", "tasks", "task", "scope", "scope-entry", "decision", "log", "log-entry", "detection", "evidence",
                 "remediation", "report-html", "log-download", "detection-rows"):  # fmt: skip
        status, body = asked(browser, name, address(name, theirs))
        assert (status, MARK in body) == (200, True), name


def test_the_pages_of_the_house_show_ones_own_house(theirs: Incident, walker: User) -> None:
    home = theirs.organization
    stranger = factories.user(home, OrgRole.RESPONDER, email=f"{MARK}@halden.example", name=f"{MARK} person")
    create_token(S, home, user=stranger, label=f"{MARK} key")
    gone = factories.user(home, email=f"gone-{MARK}@halden.example", name=f"{MARK} gone")
    deactivate(S, home, user=gone, because="left")
    browser = as_user(walker)
    forms = [
        {"user": str(stranger.pk), "role": "responder", "because": "x", "sure": "yes"},
        {"user": str(gone.pk), "role": "guest", "because": "x"},
        {"token": ApiToken.objects.get(user=stranger).handle},
        {"organization": str(home.pk)},
    ]
    before = LogEntry.objects.filter(chain_id=home.pk).count()
    for name in HOUSE:
        status, body = asked(browser, name, address(name, theirs))
        assert status in (200, 302, 404, 405), name
        assert MARK not in body, name
        for form in forms if status == 405 or name == "declare" else ():  # an address that takes forms
            status, body = asked(browser, name, address(name, theirs), form)
            assert status in (404, 422), (name, form, status)
            assert MARK not in body, name
    assert LogEntry.objects.filter(chain_id=home.pk).count() == before


@pytest.mark.parametrize("name", ["hand-over", "task-assign", "let-in", "take-off"])
def test_their_people_are_not_given_a_place_in_ours(
    theirs: Incident, rival: Organization, walker: User, name: str
) -> None:
    own = factories.incident(rival, title="Ours")
    factories.admit(S, own, user_id=walker.pk, role="lead")
    account = factories.on(theirs, "responder")
    member = Member.objects.filter(organization=theirs.organization)[0]
    form = {"role": "responder" if name in ("let-in", "take-off") else "incident_manager", "because": "x",
            "member": member.pk, "user": str(account.pk)}  # fmt: skip
    where = reverse(name, args=[own.number, 1] if name == "task-assign" else [own.number])
    assert asked(as_user(walker), name, where, form)[0] == 422


def test_their_organization_cannot_be_looked_at(theirs: Incident, walker: User) -> None:
    browser = as_user(walker)
    session = browser.session
    session["organization"] = str(theirs.organization_id)  # as if a role there had ended since
    session.save()
    for path in ("/plan", "/team", "/log", "/incidents"):
        answer = browser.get(path)
        assert (answer.status_code, answer.context["organization"].slug) == (200, "rival")
        assert MARK not in answer.content.decode()


def test_who_is_let_onto_one_incident_sees_that_and_nothing_of_its_house(theirs: Incident, walker: User) -> None:
    factories.admit(S, theirs, user_id=walker.pk, role="observer")
    browser = as_user(walker)
    assert browser.post("/organization", {"organization": str(theirs.organization_id)}).status_code == 302
    assert browser.get(f"/incidents/{theirs.number}/").status_code == 200
    for path in ("/plan", "/team", "/log", "/plan/messages/all-clear"):
        assert browser.get(path).status_code == 404, path
    for path in ("/team/invite", "/team/take-out", "/team/revoke"):
        assert browser.post(path, {}).status_code in (403, 404, 422), path


def test_a_form_of_the_other_organizations_incident_is_refused_with_409(
    theirs: Incident, rival: Organization, walker: User
) -> None:
    """The person is on both incidents, of one number; the form was drawn for the one, the other is looked at now."""
    own = factories.incident(rival, title="Ours")
    for place in (own, theirs):
        factories.admit(S, place, user_id=walker.pk, role="lead")
    browser = as_user(walker)
    browser.post("/organization", {"organization": str(rival.pk)})
    note = reverse("note", args=[own.number])
    answer = browser.post(f"{note}?incident={theirs.pk}", {"text": "for the other"})
    assert answer.status_code == 409
    assert "another incident" in answer.content.decode()
    assert browser.post(f"{note}?incident={own.pk}", {"text": "for this one"}).status_code == 302
    verbs = {place: factories.verbs(place).count("note.write") for place in (own, theirs)}
    assert verbs == {own: 1, theirs: 1}, "theirs has the one of the set-up"


def test_every_form_of_an_incident_says_which_one_it_was_drawn_for(
    theirs: Incident, rival: Organization, walker: User
) -> None:
    for place in (factories.incident(rival, title="Ours"), theirs):
        factories.admit(S, place, user_id=walker.pk, role="lead")
        browser = as_user(walker)
        browser.post("/organization", {"organization": str(place.organization_id)})
        page = browser.get(f"/incidents/{place.number}/").content.decode()
        assert f"incident={place.pk}" in page
