"""A filing that was recorded by mistake is struck: it stays readable, counts for nothing, and restarts no clock."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client

import factories
from tocsin.core import clock
from tocsin.core.access import Forbidden, Hidden
from tocsin.core.action import Invalid
from tocsin.core.models import LogEntry
from tocsin.disclosure.actions import confirm_duty, file_stage, strike_filing
from tocsin.disclosure.models import Duty, DutyClock, Filing
from tocsin.disclosure.register import as_csv, breaches_of
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.incidents.sentences import sentence
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
GDPR, NOTICE = "eu-gdpr-33", "notification to supervisory authority"
NIS2 = "eu-nis2-23"


@pytest.fixture
def breach(incident: Incident) -> datetime:
    """Aware two hours ago of a breach of personal data."""
    at = clock.now() - timedelta(hours=2)
    actions.mark_instant(S, incident, anchor="detected", at=at - timedelta(hours=3), because="the alert")
    actions.mark_instant(S, incident, anchor="aware", at=at)
    actions.set_fact(S, incident, name="personal_data_breach", value=True)
    return at


def stage(place: Incident, name: str = NOTICE, regime: str = GDPR) -> DutyClock:
    return DutyClock.objects.select_related("task").get(duty__incident=place, duty__regime=regime, stage=name)


def filed(place: Incident, at: datetime, reference: str = "A-1", **more: str) -> Filing:
    given = {"regime": GDPR, "stage": NOTICE, "channel": "portal"} | more
    return file_stage(S, place, at=at, reference=reference, **given)


def test_a_struck_stage_is_open_again_with_its_first_deadline_and_so_is_its_task(
    incident: Incident, breach: datetime
) -> None:
    before = stage(incident)
    filing = filed(incident, breach + timedelta(hours=1))
    assert stage(incident).state == "filed"
    task = stage(incident).task
    assert task is not None
    assert task.state == "done"
    strike_filing(S, incident, regime=GDPR, filing=filing.pk, reason="It was another incident's.")
    after = stage(incident)
    assert (after.state, after.starts_at, after.due_at, after.submitted_at) == (
        "running", before.starts_at, before.due_at, None,
    )  # fmt: skip
    task.refresh_from_db()
    assert task.state == "open"
    entry = LogEntry.objects.filter(chain=incident.chain, verb="duty.strike").latest("sequence")
    assert "It was another incident's" in sentence(entry)
    assert "open again" in sentence(entry)
    for n in (2, 3):  # filing anew, twice, keeps the deadline that it had from the start
        filed(incident, breach + timedelta(hours=1, minutes=n), f"A-{n}")
        assert (stage(incident).due_at, stage(incident).state) == (before.due_at, "filed")
    assert stage(incident).submitted_at == breach + timedelta(hours=1, minutes=2)


def test_an_addition_takes_the_place_of_the_first_with_its_deadline(incident: Incident, breach: datetime) -> None:
    first = filed(incident, breach + timedelta(hours=1), "wrong number")
    second = filed(incident, breach + timedelta(hours=1, minutes=30), "right number")
    strike_filing(S, incident, regime=GDPR, filing=first.pk, reason="The number was another's.")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.first, second.first, second.due_at) == (False, True, first.due_at)
    assert stage(incident).submitted_at == second.submitted_at
    task = stage(incident).task
    assert task is not None
    assert task.state == "done"
    strike_filing(S, incident, regime=GDPR, filing=second.pk, reason="Nothing was handed in at all.")
    assert stage(incident).state == "running"


def test_striking_an_addition_moves_nothing(incident: Incident, breach: datetime) -> None:
    filed(incident, breach + timedelta(hours=1))
    extra = filed(incident, breach + timedelta(hours=1, minutes=5), "A-2")
    before = stage(incident)
    strike_filing(S, incident, regime=GDPR, filing=extra.pk, reason="Twice the same.")
    after = stage(incident)
    assert (after.state, after.due_at, after.submitted_at) == (before.state, before.due_at, before.submitted_at)


def test_stages_that_counted_from_it_are_worked_out_anew(incident: Incident, breach: datetime) -> None:
    confirm_duty(S, incident, regime=NIS2, reason="We are an important entity.")
    actions.set_fact(S, incident, name="significant_incident", value=True)
    before = standings(incident)
    led = 0
    for name in [n for n, standing in before.items() if standing[0] == "running"]:
        filing = filed(incident, breach + timedelta(minutes=30), regime=NIS2, stage=name)
        moved = standings(incident)
        led += any(moved[n] != before[n] for n in moved if n != name)
        strike_filing(S, incident, regime=NIS2, filing=filing.pk, reason="Wrong duty.")
        assert standings(incident) == before
    assert led


def standings(place: Incident) -> dict[str, tuple[object, ...]]:
    """Each stage of NIS 2: its state and its times."""
    rows = DutyClock.objects.filter(duty__incident=place, duty__regime=NIS2).order_by("position")
    return {c.stage: (c.state, c.starts_at, c.due_at, c.expected) for c in rows}


def test_it_stays_readable_in_the_page_the_register_and_its_csv(incident: Incident, breach: datetime) -> None:
    filing = filed(incident, breach + timedelta(hours=1), "A-77")
    counsel = factories.on(incident, IncidentRole.COUNSEL)
    client = Client()
    client.force_login(counsel)
    path = f"/incidents/{incident.number}/obligations/{GDPR}"
    assert "Strike this filing" in client.get(path).content.decode()
    sent = client.post(f"{path}/strike", {"filing": filing.pk, "reason": "Wrong incident."})
    assert sent.status_code in (200, 204, 302)
    page = client.get(path).content.decode()
    assert "A-77" in page
    assert "Wrong incident." in page
    assert "Strike this filing" not in page
    assert "Record that it was filed" in page
    [line] = breaches_of(counsel.actor, incident.organization)
    assert line.notified == []
    assert [(s.reference, s.because, s.by) for s in line.struck] == [("A-77", "Wrong incident.", counsel.actor.name)]
    assert Duty.objects.get(incident=incident, regime=GDPR).name in line.undecided
    assert "struck " in as_csv([line])
    assert "A-77" in as_csv([line])
    assert "A-77" in client.get("/breaches").content.decode()


def test_who_may_not_and_what_cannot_be_struck(incident: Incident, breach: datetime) -> None:
    filing = filed(incident, breach + timedelta(hours=1))
    other = factories.incident(incident.organization, title="Another")
    watcher, stranger = factories.on(incident, IncidentRole.OBSERVER), factories.stranger()
    with pytest.raises(Forbidden):
        strike_filing(watcher.actor, incident, regime=GDPR, filing=filing.pk, reason="No.")
    with pytest.raises(Hidden):
        strike_filing(stranger.actor, incident, regime=GDPR, filing=filing.pk, reason="No.")
    for place, regime, reason in ((other, GDPR, "No."), (incident, NIS2, "No."), (incident, GDPR, "  ")):
        with pytest.raises(Invalid):
            strike_filing(S, place, regime=regime, filing=filing.pk, reason=reason)
    strike_filing(S, incident, regime=GDPR, filing=filing.pk, reason="Wrong.")
    with pytest.raises(Invalid, match="already"):
        strike_filing(S, incident, regime=GDPR, filing=filing.pk, reason="Wrong.")
