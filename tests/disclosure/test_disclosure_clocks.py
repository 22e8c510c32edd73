"""Clocks of duties to notify: they follow anchors, facts and tasks, and say why they stand as they do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import factories
from tocsin.core import clock
from tocsin.core.models import LogEntry
from tocsin.disclosure.models import NoticeClock
from tocsin.disclosure.queries import clocks_of
from tocsin.incidents import actions
from tocsin.incidents.models import Incident, Task
from tocsin.incidents.reactions import watch_deadlines

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


def notice(place: Incident, step: str) -> NoticeClock:
    return place.clocks.select_related("task").get(task__step_id=step)


def task(place: Incident, step: str) -> Task:
    return place.tasks.get(step_id=step)


@pytest.fixture
def aware(incident: Incident) -> datetime:
    """The organization became aware two hours ago, and the incident is significant."""
    at = clock.now() - timedelta(hours=2)
    actions.mark_instant(S, incident, anchor="aware", at=at)
    actions.set_fact(S, incident, name="significant_incident", value=True)
    return at


def test_every_notification_step_has_a_clock_that_waits(incident: Incident) -> None:
    steps = {s.id for s in incident.playbook.steps if s.kind == "notification"}  # type: ignore[union-attr]
    assert {c.task.step_id for c in clocks_of(incident)} == steps
    assert {c.state for c in incident.clocks.filter(task__step_id="nis2-early-warning")} == {"waiting"}
    early = notice(incident, "nis2-early-warning")
    assert (early.regime, early.anchor, early.allowed, early.due_at) == ("eu-nis2-23", "aware", "1 d", None)
    assert early.recipient
    opened = LogEntry.objects.get(chain=incident.chain, verb="clocks.open")
    assert len(opened.payload["clocks"]) == len(steps)
    assert opened.cause == {
        "chain": str(incident.chain_id),
        "sequence": LogEntry.objects.get(chain=incident.chain, verb="playbook.start").sequence,
    }


def test_a_clock_runs_from_its_anchor(incident: Incident, aware: datetime) -> None:
    early = notice(incident, "nis2-early-warning")
    assert (early.state, early.started_at, early.due_at) == ("running", aware, aware + timedelta(hours=24))
    assert early.because == "1 d after aware"


def test_it_waits_while_the_fact_is_not_known(incident: Incident) -> None:
    actions.mark_instant(S, incident, anchor="aware", at=clock.now())
    assert notice(incident, "gdpr-authority").state == "waiting"
    actions.set_fact(S, incident, name="personal_data_affected", value=True)
    assert notice(incident, "gdpr-authority").state == "running"


def test_a_corrected_anchor_moves_the_deadline(incident: Incident, aware: datetime) -> None:
    earlier = aware - timedelta(hours=5)
    actions.mark_instant(S, incident, anchor="aware", at=earlier, because="the help desk knew")
    early = notice(incident, "nis2-early-warning")
    assert (early.started_at, early.due_at) == (earlier, earlier + timedelta(hours=24))


def test_done_in_time_is_met(incident: Incident, aware: datetime) -> None:
    actions.complete_task(S, incident, task=task(incident, "nis2-early-warning"), proof="receipt 17")
    met = notice(incident, "nis2-early-warning")
    assert (met.state, met.ended_at) == ("met", task(incident, "nis2-early-warning").ended_at)
    assert notice(incident, "nis2-notification").state == "running"
    assert notice(incident, "nis2-final").state == "waiting"
    actions.complete_task(S, incident, task=task(incident, "nis2-notification"), proof="receipt 18")
    final = notice(incident, "nis2-final")
    ended = task(incident, "nis2-notification").ended_at
    assert ended is not None
    assert (final.state, final.started_at is not None) == ("running", True)
    assert final.due_at is not None
    assert timedelta(days=27) < final.due_at - ended < timedelta(days=32)


def test_too_late_is_late_before_and_after(
    incident: Incident, aware: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = aware + timedelta(hours=25)
    monkeypatch.setattr(clock, "now", lambda: now)
    watch_deadlines()
    assert notice(incident, "nis2-early-warning").state == "late"
    actions.complete_task(S, incident, task=task(incident, "nis2-early-warning"), proof="receipt 17")
    assert notice(incident, "nis2-early-warning").state == "late"
    assert {c.task.step_id for c in clocks_of(incident)[:2]} == {"nis2-early-warning", "notify-insurer"}


def test_skipped_is_not_needed_and_taken_up_again_it_runs(incident: Incident, aware: datetime) -> None:
    actions.skip_task(S, incident, task=task(incident, "nis2-early-warning"), reason="reported by the group")
    assert notice(incident, "nis2-early-warning").state == "not_needed"
    actions.reopen_task(S, incident, task=task(incident, "nis2-early-warning"), reason="the group did not")
    assert notice(incident, "nis2-early-warning").state == "running"


def test_another_playbook_leaves_no_clock_standing_still(incident: Incident, aware: datetime) -> None:
    actions.start_playbook(S, incident, playbook_id="data-exfiltration", because="They only took data.")
    for row in clocks_of(incident):
        skipped = row.task.state == "skipped"
        assert (row.state == "not_needed") == skipped, row.title
    assert {c.task_id for c in clocks_of(incident)} >= set(
        incident.tasks.filter(kind="notification").values_list("id", flat=True)
    )


def test_clocks_change_only_with_an_entry(incident: Incident, aware: datetime) -> None:
    keeps = factories.verbs(incident).count("clocks.keep")
    actions.note(S, incident, text="nothing about clocks")
    actions.set_fact(S, incident, name="malware_found", value=True)
    assert factories.verbs(incident).count("clocks.keep") == keeps


def test_a_month_knows_the_calendar(organization: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 1, 31, 12, 0, tzinfo=UTC))
    place = factories.incident(organization)  # type: ignore[arg-type]
    actions.mark_instant(S, place, anchor="aware", at=clock.now())
    actions.set_fact(S, place, name="significant_incident", value=True)
    for step in ("nis2-early-warning", "nis2-notification"):
        actions.complete_task(S, place, task=task(place, step), proof="receipt")
    # 28 February 2026 is a Saturday: the last hour of the Monday after it, in Stockholm
    assert notice(place, "nis2-final").due_at == datetime(2026, 3, 2, 22, 59, 59, tzinfo=UTC)
