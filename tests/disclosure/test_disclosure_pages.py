"""The pages of obligations: why, what is missing, stages, counsel's word, the law library, the register, and their doors."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client

import factories
from tocsin.core import clock
from tocsin.core.access import OrgRole
from tocsin.disclosure.actions import file_stage, reject_duty
from tocsin.disclosure.models import Duty, DutyClock
from tocsin.disclosure.pages import shown, tally
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.incidents.sheet_words import role_word
from tocsin.law.load import library
from tocsin.people.models import User

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
GDPR, NOTICE = "eu-gdpr-33", "notification to supervisory authority"


def as_user(user: User) -> Client:
    browser = Client()
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return browser


def get(browser: Client, address: str, **more: str) -> str:
    answer = browser.get(address, headers=more or None)
    assert answer.status_code == 200, address
    text: str = answer.content.decode()
    assert len(text) < 150_000, (address, len(text))
    return text


@pytest.fixture
def lead(incident: Incident) -> Client:
    return as_user(factories.on(incident, "lead", OrgRole.RESPONDER))


@pytest.fixture
def breach(incident: Incident) -> Incident:
    actions.mark_instant(S, incident, anchor="aware", at=clock.now() - timedelta(hours=2))
    actions.set_fact(S, incident, name="personal_data_breach", value=True)
    actions.set_fact(S, incident, name="significant_incident", value=True)
    return incident


def test_a_duty_stands_once_with_its_task_why_and_what_is_missing(lead: Client, breach: Incident) -> None:
    page = get(lead, f"/incidents/{breach.number}/obligations")
    assert page.count('id="d-eu-gdpr-33"') == 1
    task = breach.tasks.get(step_id="gdpr-authority")
    assert page.count(f'/incidents/{breach.number}/tasks/{task.number}"') == 1
    assert f'id="c-{task.clock.pk}"' not in page  # type: ignore[attr-defined]
    assert role_word("controller") in page
    assert "Research, not legal advice" in page
    assert "hang on it" in page
    assert 'id="d-us-ca-breach"' not in page


def test_what_is_done_inside_the_organization_is_told_as_done(lead: Client, breach: Incident) -> None:
    actions.add_scope(S, breach, kind="data_subjects", name="Customers", region="SG", count_low=700, because="counted")
    place = f"/incidents/{breach.number}/obligations/sg-pdpa"
    for page in (get(lead, place), get(lead, "/law/sg-pdpa")):
        assert "inside the organization" in page
        assert "to internal" not in page
    actions.mark_instant(S, breach, anchor="assessed", at=clock.now() - timedelta(hours=1))
    (part,) = [p for p in get(lead, place).split('class="t-stagefull"') if "assess whether notifiable</b>" in p]
    assert "<span>Done</span>" in part


def test_what_is_folded_comes_on_demand(lead: Client, breach: Incident) -> None:
    for verdict, says in (
        ("cannot_tell", "us-ca-breach"),
        ("does_not_apply", "eu-dora-19"),
        ("not_in_force", "in-dpdp"),
    ):
        address = f"/incidents/{breach.number}/obligations/others/{verdict}"
        part = get(lead, address, **{"HX-Request": "true"})
        assert says in part
        assert "<html" not in part
        assert "<html" in get(lead, address)
    assert lead.get(f"/incidents/{breach.number}/obligations/others/may_apply").status_code == 404


def test_counsel_rules_files_and_is_told_what_is_wrong(lead: Client, breach: Incident) -> None:
    of = f"/incidents/{breach.number}/obligations/{GDPR}"
    page = get(lead, of)
    for says in ("For counsel to judge", "Regulation (EU) 2016/679", "checked against a source", "Digital Omnibus"):
        assert says in page
    refused = lead.post(f"{of}/rule", {"word": "rejected", "reason": " "})
    assert refused.status_code == 422
    lead.post(f"{of}/rule", {"word": "confirmed", "reason": "Names left the house.", "revision": 0})
    assert Duty.objects.get(incident=breach, regime=GDPR).ruling == "confirmed"
    at = f"{clock.now() - timedelta(minutes=20):%Y-%m-%dT%H:%M}+00:00"
    lead.post(f"{of}/file", {"stage": NOTICE, "at": at, "channel": "portal", "reference": "DPA-17"})
    assert DutyClock.objects.get(duty__incident=breach, duty__regime=GDPR, stage=NOTICE).state == "filed"
    assert "DPA-17" in get(lead, of)
    assert lead.post(f"{of}/delay", {"stage": NOTICE, "until": at}).status_code == 422
    assert get(lead, f"/incidents/{breach.number}/obligations").count("Names left the house.") == 1


def test_a_duty_that_nobody_had_to_do_with_has_its_page(lead: Client, breach: Incident) -> None:
    page = get(lead, f"/incidents/{breach.number}/obligations/us-ca-breach")
    assert "Missing to tell" in page
    assert f"/incidents/{breach.number}/facts" in page
    assert lead.get(f"/incidents/{breach.number}/obligations/eu-nothing-1").status_code == 404


def test_the_room_and_the_bar_follow_the_clocks_of_duties(lead: Client, breach: Incident) -> None:
    clock_ = DutyClock.objects.get(duty__incident=breach, duty__regime="eu-nis2-23", stage="early warning")
    assert tally(breach, clock.now()).due == clock_.due_at
    assert "obligations#d-eu-nis2-23" in get(lead, f"/incidents/{breach.number}/")
    late = tally(breach, clock_.due_at + timedelta(minutes=1))  # type: ignore[operator]
    assert late.late == 1
    rows = [r for r in shown(breach, clock.now()) if r.stage and r.stage.pk == clock_.pk]
    assert [r.title for r in rows] == ["Early warning under NIS2"]


def test_the_law_library_is_browsed_by_place_and_says_how_sure_it_is(lead: Client, incident: Incident) -> None:
    page = get(lead, "/law")
    assert page.count('href="/law/') >= 117
    assert "not checked" in page
    assert "Research, not legal advice" in get(lead, "/law/eu-gdpr-33")
    assert lead.get("/law/eu-nothing-1").status_code == 404
    guest = as_user(factories.on(incident, "observer", OrgRole.GUEST))
    assert guest.get("/law").status_code == 200


def test_the_register_holds_each_breach_notified_or_why_not(lead: Client, breach: Incident) -> None:
    file_stage(S, breach, regime=GDPR, stage=NOTICE, at=clock.now(), channel="portal", reference="=1+1")
    reject_duty(S, breach, regime="insurer-notice", reason="=HYPERLINK(0)")
    assert "Below" not in get(lead, "/breaches")
    row = next(csv.DictReader(io.StringIO(get(lead, "/breaches.csv"))))
    assert row["incident"] == breach.number
    assert "portal, =1+1" in row["notified"]
    assert row["not notified because"].endswith("=HYPERLINK(0)")
    assert not any(value.startswith("=") for value in row.values())
    assert "NIS2" in row["undecided"]


def test_nobody_learns_of_a_breach_that_they_are_not_on(breach: Incident) -> None:
    for who in (factories.user(breach.organization, OrgRole.ADMINISTRATOR), factories.stranger()):
        browser = as_user(who)
        for address in ("", f"/{GDPR}", "/others/cannot_tell"):
            assert browser.get(f"/incidents/{breach.number}/obligations{address}").status_code in (403, 404)
        for address in ("/breaches", "/breaches.csv"):
            assert breach.number not in browser.get(address).content.decode()


def test_who_only_looks_gets_no_forms_and_cannot_send_any(breach: Incident) -> None:
    observer = as_user(factories.on(breach, "observer"))
    of = f"/incidents/{breach.number}/obligations/{GDPR}"
    assert "<textarea" not in get(observer, of)
    for verb in ("rule", "file", "delay"):
        told = {"word": "confirmed", "reason": "x", "stage": NOTICE, "at": "2026-11-29T01:00", "channel": "x"}
        assert observer.post(f"{of}/{verb}", told | {"until": "2030-01-01T00:00"}).status_code == 403


def test_hostile_words_are_shown_as_words(lead: Client, breach: Incident) -> None:
    reject_duty(S, breach, regime=GDPR, reason="<script>alert(1)</script> 100%s")
    for address in (f"/incidents/{breach.number}/obligations", f"/incidents/{breach.number}/log", "/breaches"):
        page = get(lead, address)
        assert "<script>alert" not in page
        assert "&lt;script&gt;" in page


@pytest.mark.parametrize("ruling", ["", "rejected"])
def test_the_page_stays_small_though_every_regime_applies(lead: Client, breach: Incident, ruling: str) -> None:
    facts = [{"key": "role-held", "values": {"held": "controller, business"}}] * 3
    with factories.preparing():
        Duty.objects.filter(incident=breach).delete()
        for regime in library():
            duty = Duty.objects.create(
                incident=breach, regime=regime.id, name=regime.name, verdict="may_apply", reasons=facts, ruling=ruling,
                ruled_at=clock.now() if ruling else None, ruling_reason="For this and no other reason. " * 9, sequence=1,
            )  # fmt: skip
            DutyClock.objects.bulk_create(
                DutyClock(duty=duty, stage=s.name, position=n, recipient=s.recipient, recipient_name="An authority",
                          state="running", because="72 hours.", starts_at=clock.now(), sequence=1,
                          due_at=clock.now() + timedelta(hours=n + 1))
                for n, s in enumerate(regime.stages)
            )  # fmt: skip
    page = get(lead, f"/incidents/{breach.number}/obligations")
    assert all(f'id="d-{regime.id}"' in page for regime in library())
