"""Duties of an incident that was merged: what goes on there rings there alone, and no limit is lost on the way."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

import factories
from tocsin.core import clock
from tocsin.core.action import Invalid
from tocsin.core.models import Organization
from tocsin.disclosure import reactions
from tocsin.disclosure.actions import draft_notice, file_stage, reject_duty
from tocsin.disclosure.merged import GOES_ON
from tocsin.disclosure.models import DutyClock
from tocsin.incidents import actions
from tocsin.incidents.models import Incident

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
GDPR, NOTICE = "eu-gdpr-33", "notification to supervisory authority"


def breached(place: Incident, hours: float) -> datetime:
    """Aware of a breach of personal data that long ago."""
    at = clock.now() - timedelta(hours=hours)
    actions.mark_instant(S, place, anchor="aware", at=at)
    actions.set_fact(S, place, name="personal_data_breach", value=True)
    return at


def stage(place: Incident) -> DutyClock:
    return DutyClock.objects.get(duty__incident=place, duty__regime=GDPR, stage=NOTICE)


@pytest.fixture
def other(organization: Organization) -> Incident:
    return factories.incident(organization, title="The same again", playbook_id=None)


def test_a_duty_of_both_rings_once_where_it_goes_on(
    incident: Incident, other: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    breached(other, 1)
    due = breached(incident, 2) + timedelta(hours=72)
    actions.merge(S, other, target=incident, reason="One intruder.")
    assert (stage(other).state, stage(other).because, stage(other).due_at) == ("not_needed", GOES_ON, None)
    assert (stage(incident).state, stage(incident).due_at) == ("running", due)
    with pytest.raises(Invalid, match="record it there"):
        file_stage(S, other, regime=GDPR, stage=NOTICE, at=clock.now(), channel="portal")
    later = due + timedelta(hours=3)
    monkeypatch.setattr(clock, "now", lambda: later)
    reactions.watch_duties()
    assert "duty.overdue" in factories.verbs(incident)
    assert "duty.overdue" not in factories.verbs(other)


def test_a_duty_that_only_the_merged_one_knows_keeps_its_clock_until_the_other_has_it(
    incident: Incident, other: Incident
) -> None:
    aware = breached(other, 5)
    actions.merge(S, other, target=incident, reason="One intruder.")
    assert (stage(other).state, stage(other).due_at) == ("running", aware + timedelta(hours=72))
    breached(incident, 2)  # later than there: the earlier limit holds
    assert stage(other).state == "running"
    file_stage(S, incident, regime=GDPR, stage=NOTICE, at=clock.now(), channel="portal")
    assert (stage(other).state, stage(other).because) == ("not_needed", GOES_ON)


def test_counsel_who_rejects_it_there_settles_it_here(incident: Incident, other: Incident) -> None:
    breached(other, 5)
    actions.merge(S, other, target=incident, reason="One intruder.")
    breached(incident, 2)
    reject_duty(S, incident, regime=GDPR, reason="The data was encrypted.")
    assert stage(other).because == GOES_ON


def test_parted_again_it_rings_with_its_own_deadline(incident: Incident, other: Incident) -> None:
    aware = breached(other, 1)
    breached(incident, 2)
    notice = draft_notice(S, other, regime=GDPR, stage=NOTICE)
    actions.merge(S, other, target=incident, reason="One intruder.")
    assert other.notices.get().pk == notice.pk
    other.refresh_from_db()
    actions.reopen(S, other, reason="Two intruders after all.")
    assert (stage(other).state, stage(other).due_at) == ("running", aware + timedelta(hours=72))


def test_through_two_mergers_it_counts_where_the_last_one_ends(
    incident: Incident, other: Incident, organization: Organization
) -> None:
    last = factories.incident(organization, title="The whole of it", playbook_id=None)
    for place, hours in ((other, 1), (incident, 2), (last, 3)):
        breached(place, hours)
    actions.merge(S, other, target=incident, reason="One intruder.")
    actions.merge(S, incident, target=last, reason="One intruder.")
    assert [stage(p).state for p in (other, incident, last)] == ["not_needed", "not_needed", "running"]
