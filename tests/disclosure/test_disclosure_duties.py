"""Duties by law: they follow the facts in the open, counsel rules on them, what was filed stays filed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import factories
from tocsin.core import clock
from tocsin.core.action import Invalid, Stale
from tocsin.core.models import LogEntry, Organization
from tocsin.disclosure import following, reactions
from tocsin.disclosure.actions import confirm_duty, delay_stage, file_stage, reject_duty
from tocsin.disclosure.models import Duty, DutyClock, DutyReading, Filing
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.incidents.sentences import sentence
from tocsin.people.actions import import_plan

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
GDPR, NOTICE = "eu-gdpr-33", "notification to supervisory authority"
NIS2 = "eu-nis2-23"

CONTRACT = """
clauses:
  - id: acme-frame-contract
    name: Acme frame contract, clause 14.2
    applies: {flag: customer_data_affected}
    recipients: [{type: customer, name: Acme, service desk}]
    stages:
      - {name: first notice, recipient: customer, from: awareness, within: 24 hours}
targets:
  eu-gdpr-34: 3 d
  eu-nis2-23: {inform service recipients: 2 d}
""".replace("Acme, service desk", "Acme")


def duty(place: Incident, regime: str = GDPR) -> Duty:
    return Duty.objects.get(incident=place, regime=regime)


def stage(place: Incident, name: str = NOTICE, regime: str = GDPR) -> DutyClock:
    return DutyClock.objects.get(duty__incident=place, duty__regime=regime, stage=name)


def last(place: Incident, verb: str = "duties.recompute") -> LogEntry:
    return LogEntry.objects.filter(chain=place.chain, verb=verb).latest("sequence")


def count(place: Incident) -> int:
    return factories.verbs(place).count("duties.recompute")


@pytest.fixture
def breach(incident: Incident) -> datetime:
    """Aware two hours ago of a breach of personal data."""
    at = clock.now() - timedelta(hours=2)
    actions.mark_instant(S, incident, anchor="detected", at=at - timedelta(hours=3), because="the alert")
    actions.mark_instant(S, incident, anchor="aware", at=at)
    actions.set_fact(S, incident, name="personal_data_breach", value=True)
    return at


def test_a_declared_incident_knows_its_duties_in_one_entry(incident: Incident) -> None:
    assert count(incident) == 1
    told = last(incident).payload
    assert told["first"]
    assert [d["regime"] for d in told["duties"]] == ["insurer-notice"]
    assert sum(told["counts"].values()) == len(DutyReading.objects.get(incident=incident).verdicts) >= 117
    assert stage(incident, "written notice of incident", "insurer-notice").task == incident.tasks.get(
        step_id="notify-insurer"
    )


def test_a_fact_turns_a_duty_and_the_entry_says_from_what_to_what(incident: Incident, breach: datetime) -> None:
    entry = last(incident)
    fact = LogEntry.objects.filter(chain=incident.chain, verb="fact.set").latest("sequence")
    assert entry.cause == {"chain": str(incident.chain_id), "sequence": fact.sequence}
    assert entry.payload["because"] == "the fact 'personal data breach' was stated"
    assert entry.payload["duties"] == [
        {"regime": GDPR, "name": duty(incident).name, "before": "cannot_tell", "verdict": "may_apply"}
    ]
    clock_ = stage(incident)
    assert (clock_.state, clock_.starts_at, clock_.due_at) == ("running", breach, breach + timedelta(hours=72))
    assert clock_.task == incident.tasks.get(step_id="gdpr-authority")
    assert [r["key"] for r in duty(incident).reasons][:2] == ["role-held", "flag-true"]
    assert "May apply now: GDPR" in sentence(entry)


def test_a_corrected_time_moves_the_deadline_in_the_open(incident: Incident, breach: datetime) -> None:
    earlier = breach - timedelta(hours=1)
    actions.mark_instant(S, incident, anchor="aware", at=earlier, because="the help desk knew")
    moved = next(c for c in last(incident).payload["clocks"] if c["regime"] == GDPR)
    assert moved["before"]["due_at"] != moved["due_at"]
    assert stage(incident).due_at == earlier + timedelta(hours=72)


def test_nothing_is_worked_out_or_written_when_nothing_the_law_reads_changed(
    incident: Incident, breach: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, asked = count(incident), []
    real = following.worked_out
    monkeypatch.setattr(following, "worked_out", lambda *a: asked.append(a) or real(*a))
    actions.set_fact(S, incident, name="mfa_bypassed", value=True)
    actions.set_fact(S, incident, name="personal_data_breach", value=True)
    actions.add_scope(S, incident, kind="host", name="SRV-7", because="it beacons")
    assert asked == []
    actions.set_fact(S, incident, name="material_control_weakness", value=False)
    assert len(asked) == 1
    assert reactions.pending(incident) is None
    assert len(asked) == 1  # what follows from these facts was found to stand already
    assert count(incident) == before


def test_counsel_confirms_and_rejects_with_a_reason(incident: Incident, breach: datetime) -> None:
    counsel = factories.on(incident, "counsel").actor
    seen = duty(incident).revision
    confirm_duty(counsel, incident, regime=GDPR, reason="Names and addresses left.", revision=seen)
    assert (duty(incident).ruling, duty(incident).ruled_by) == ("confirmed", counsel.name)
    with pytest.raises(Stale):
        reject_duty(counsel, incident, regime=GDPR, reason="They were test data.", revision=seen)
    with pytest.raises(Invalid, match="why it is not notified"):
        reject_duty(counsel, incident, regime=GDPR, reason=" ")
    reject_duty(counsel, incident, regime=GDPR, reason="They were test data.")
    assert stage(incident).state == "not_needed"
    task = incident.tasks.get(step_id="gdpr-authority")
    assert (task.state, task.proof) == ("skipped", f"Counsel rejected {duty(incident).name}: They were test data.")
    assert [r.word for r in duty(incident).rulings.all()] == ["confirmed", "rejected"]
    confirm_duty(counsel, incident, regime=GDPR, reason="They were real after all.")
    assert (stage(incident).state, stage(incident).due_at) == ("running", breach + timedelta(hours=72))
    task.refresh_from_db()
    assert task.state == "open"
    told = [sentence(e) for e in LogEntry.objects.filter(chain=incident.chain).order_by("sequence")]
    assert any(f"because counsel confirmed {duty(incident).name}." in text for text in told)
    assert [text for text in told if GDPR in text] == []


def test_what_counsel_rejected_under_its_id_is_taken_up_again(incident: Incident, breach: datetime) -> None:
    """Entries of before named the duty by its id."""
    counsel = factories.on(incident, "counsel").actor
    reject_duty(counsel, incident, regime=GDPR, reason="They were test data.")
    rows = incident.tasks.filter(step_id="gdpr-authority")
    with factories.preparing():
        rows.update(proof=f"Counsel rejected {GDPR}: They were test data.")
    confirm_duty(counsel, incident, regime=GDPR, reason="They were real after all.")
    assert rows.get().state == "open"


def test_the_log_says_in_words_what_was_said_of_us_and_of_data(incident: Incident, breach: datetime) -> None:
    for held, says in ((True, "what we are: files reports with the SEC"), (False, "what we are not: files reports")):
        actions.set_entity_role(S, incident, role="sec_registrant", held=held, because="listed in New York")
        assert f"because it was said {says}" in sentence(last(incident))
    actions.set_fact(S, incident, name="unauthorised_acquisition", value=True)
    actions.add_scope(S, incident, kind="data_subjects", name="Us", region="US-CA", count_low=700, because="counted")
    for affected, says in (
        (True, "is affected"), (None, "may be affected or not"), (True, "is affected"), (False, "is not affected"),
    ):  # fmt: skip
        actions.set_data_category(S, incident, category="gov_id", affected=affected, because="a column")
        assert f"it was said that this data {says}: driving licences and" in sentence(last(incident))


def test_an_assessment_ends_with_the_instant_that_records_it(incident: Incident, breach: datetime) -> None:
    """PDPA s. 26C(2): Singapore asks to assess a breach; what is done inside the organization is filed with nobody."""
    name, pdpa = "assess whether notifiable", "sg-pdpa"
    actions.add_scope(
        S, incident, kind="data_subjects", name="Customers", region="SG", count_low=700, because="counted"
    )
    assert (stage(incident, name, pdpa).state, stage(incident, name, pdpa).recipient_name) == (
        "running", "inside the organization",
    )  # fmt: skip
    assessed = breach + timedelta(hours=1)
    actions.mark_instant(S, incident, anchor="assessed", at=assessed)
    ended = stage(incident, name, pdpa)
    assert (ended.state, ended.submitted_at, ended.is_open) == ("filed", assessed, False)
    assert ended.because.startswith("Done with assessment complete")
    assert duty(incident, pdpa).filings.count() == 0
    actions.withdraw_instant(S, incident, anchor="assessed", because="it goes on")
    assert stage(incident, name, pdpa).state == "running"


def test_what_nobody_can_tell_can_be_confirmed_and_then_has_clocks(incident: Incident, breach: datetime) -> None:
    confirm_duty(S, incident, regime="uk-gdpr-33", reason="Two customers live in Leeds.")
    confirmed = duty(incident, "uk-gdpr-33")
    assert confirmed.counts
    assert confirmed.clocks.filter(state="running").exists()


def test_a_filed_stage_counts_once_and_never_moves(incident: Incident, breach: datetime) -> None:
    person = factories.on(incident, "responder").actor
    given = {"regime": GDPR, "stage": NOTICE, "channel": "portal"}
    at = breach + timedelta(hours=1)
    file_stage(person, incident, at=at, reference="DPA-2026-17", proof="receipt.pdf", **given)
    filed = stage(incident)
    assert (filed.state, filed.submitted_at, filed.due_at) == ("filed", at, breach + timedelta(hours=72))
    task = incident.tasks.get(step_id="gdpr-authority")
    assert task.state == "done"
    assert "reference DPA-2026-17" in task.proof
    again = file_stage(person, incident, at=at - timedelta(minutes=30), reference="DPA-2026-17/2", **given)
    assert not again.first
    actions.mark_instant(S, incident, anchor="aware", at=breach - timedelta(hours=2), because="earlier")
    now = stage(incident)
    assert (now.state, now.submitted_at, now.due_at) == ("filed", at, breach + timedelta(hours=72))
    assert Filing.objects.filter(duty=duty(incident)).count() == 2
    assert "this is an addition" in sentence(
        LogEntry.objects.filter(chain=incident.chain, verb="duty.file").latest("sequence")
    )


def test_the_next_stage_counts_from_the_filing_and_filing_twice_does_not_restart_it(incident: Incident) -> None:
    aware = clock.now() - timedelta(hours=30)
    actions.mark_instant(S, incident, anchor="aware", at=aware)
    actions.set_fact(S, incident, name="significant_incident", value=True)
    for name, at in (("early warning", aware + timedelta(hours=3)), ("incident notification", aware)):
        file_stage(S, incident, regime=NIS2, stage=name, at=at + timedelta(hours=20), channel="portal")
    due = stage(incident, "final report", NIS2).due_at
    assert due is not None
    assert timedelta(days=27) < due - aware < timedelta(days=36)
    file_stage(S, incident, regime=NIS2, stage="incident notification", at=clock.now(), channel="mail")
    assert stage(incident, "final report", NIS2).due_at == due
    assert stage(incident, "early warning", NIS2).state == "filed"


def test_filed_late_is_late_and_says_why(incident: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    aware = clock.now() - timedelta(hours=80)
    actions.mark_instant(S, incident, anchor="aware", at=aware)
    actions.set_fact(S, incident, name="personal_data_breach", value=True)
    assert stage(incident).is_late(clock.now())
    file_stage(
        S, incident, regime=GDPR, stage=NOTICE, at=clock.now(), channel="portal", delay_reason="The portal was down."
    )
    assert stage(incident).state == "filed_late"
    assert "The portal was down." in sentence(last(incident, "duty.file"))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"at": timedelta(hours=1)}, "in the future"),
        ({"at": -timedelta(days=30)}, "before the incident"),
        ({"channel": " "}, "how it was handed in"),
        ({"stage": "the third letter"}, "no stage of this duty; there are: notification to"),
        ({"regime": "eu-gdpr-99"}, "is no duty"),
        ({"evidence": 77}, "no evidence item E-77"),
    ],
)
def test_what_cannot_be_so_is_not_filed(incident: Incident, breach: datetime, given: dict, says: str) -> None:
    told = {"regime": GDPR, "stage": NOTICE, "channel": "portal"} | given
    told["at"] = clock.now() + given.get("at", timedelta(0))
    with pytest.raises(Invalid, match=says):
        file_stage(S, incident, **told)
    assert not Filing.objects.exists()


def test_a_fact_withdrawn_after_a_notice_is_a_warning_and_unfiles_nothing(incident: Incident, breach: datetime) -> None:
    file_stage(S, incident, regime=GDPR, stage=NOTICE, at=clock.now(), channel="portal")
    actions.withdraw_fact(S, incident, name="personal_data_breach", because="The files were empty.")
    turned = duty(incident)
    assert (turned.verdict, turned.lost) == ("cannot_tell", [["flag", "personal_data_breach"]])
    assert stage(incident).state == "filed"
    assert "rest on facts which were withdrawn" in sentence(last(incident))
    actions.set_fact(S, incident, name="personal_data_breach", value=True)
    assert duty(incident).lost == []


def test_law_enforcement_holds_back_only_what_may_be_held_back(incident: Incident, breach: datetime) -> None:
    asked = {"asked_by": "Attorney General", "reference": "letter 7", "until": clock.now() + timedelta(days=30)}
    with pytest.raises(Invalid, match="lets nobody hold a notice back"):
        delay_stage(S, incident, regime=GDPR, **asked)
    actions.mark_instant(S, incident, anchor="material", at=clock.now())
    confirm_duty(S, incident, regime="us-sec-8k-105", reason="We file with the SEC.")
    form = "Form 8-K Item 1.05"
    due = stage(incident, form, "us-sec-8k-105").due_at
    delay_stage(S, incident, regime="us-sec-8k-105", stage=form, **asked)
    held = stage(incident, form, "us-sec-8k-105")
    assert (held.state, held.due_at) == ("held", asked["until"])
    assert due is not None
    assert due < asked["until"]
    with pytest.raises(Invalid, match="within a year"):
        delay_stage(S, incident, regime="us-sec-8k-105", **asked | {"until": clock.now() - timedelta(days=1)})


def test_clauses_and_targets_of_the_plan_count(organization: Organization) -> None:
    import_plan(S, organization, files={**factories.plan_files(), "obligations.yaml": CONTRACT})
    place = factories.incident(organization)
    at = clock.now() - timedelta(hours=1)
    actions.mark_instant(S, place, anchor="aware", at=at)
    actions.set_fact(S, place, name="customer_data_affected", value=True)
    assert stage(place, "first notice", "acme-frame-contract").due_at == at + timedelta(hours=24)
    actions.set_fact(S, place, name="personal_data_breach", value=True)
    actions.set_fact(S, place, name="high_risk_to_individuals", value=True)
    own = stage(place, "communication to data subjects", "eu-gdpr-34")
    assert (own.own_target, own.due_at) == (True, at + timedelta(days=3))
    assert not own.is_late(own.due_at + timedelta(days=1))


def test_a_merged_incident_takes_along_what_was_filed_and_ruled(organization: Organization, incident: Incident) -> None:
    other = factories.incident(organization, title="The same again")
    at = clock.now() - timedelta(hours=2)
    actions.mark_instant(S, other, anchor="aware", at=at)
    actions.set_fact(S, other, name="personal_data_breach", value=True)
    file_stage(S, other, regime=GDPR, stage=NOTICE, at=clock.now(), channel="portal", reference="17")
    reject_duty(S, other, regime="insurer-notice", reason="Below the deductible.")
    actions.merge(S, other, target=incident, reason="One intruder.")
    assert stage(incident).state == "filed"
    assert duty(incident, "insurer-notice").ruling == "rejected"
    assert Filing.objects.get(duty__incident=incident).reference == "17"


def test_a_friday_evening_and_the_sec(organization: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    """Item 1.05 of Form 8-K: four business days after materiality, over Thanksgiving."""
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 25, 20, 0, tzinfo=UTC))
    place = factories.incident(organization)
    actions.mark_instant(S, place, anchor="material", at=datetime(2026, 11, 24, 20, 0, tzinfo=UTC))
    confirm_duty(S, place, regime="us-sec-8k-105", reason="We file with the SEC.")
    # 25, 27, 30 November, 1 December; at 17:30 in New York
    assert stage(place, "Form 8-K Item 1.05", "us-sec-8k-105").due_at == datetime(2026, 12, 1, 22, 30, tzinfo=UTC)


def test_a_limit_that_passes_is_written_down_once(
    incident: Incident, breach: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    reactions.watch_duties()
    now = breach + timedelta(hours=73)
    monkeypatch.setattr(clock, "now", lambda: now)
    reactions.watch_duties()
    reactions.watch_duties()
    assert factories.verbs(incident).count("duty.overdue") == 1
    assert "Nothing was filed by" in sentence(last(incident, "duty.overdue"))
