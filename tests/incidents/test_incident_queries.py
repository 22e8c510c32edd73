"""What others ask about an incident: the board, the next deadline, and where it left its plan."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import factories
from access_arguments import TWO
from tocsin.core import clock
from tocsin.core.models import LogEntry
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.incidents.queries import board, deviations, next_deadline
from tocsin.people.models import Member
from tocsin.plan.models import Function

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


def test_the_board_shows_all_functions_what_is_late_first(incident: Incident, django_assert_num_queries: Any) -> None:
    assert incident.plan_version.plan
    now = clock.now() + timedelta(minutes=40)
    with django_assert_num_queries(3):
        shown = board(incident, now)
    assert [lane.function for lane in shown.lanes] == list(Function)
    assert sum(len(lane.tasks) for lane in shown.lanes) == incident.tasks.count()
    assert shown.open == incident.tasks.filter(state="open").count()
    late = {t.step_id for lane in shown.lanes for t in lane.tasks if t.live and t.due_at and t.due_at < now}
    assert late == {"open-bridge", "cut-spread", "guard-backups"}
    assert shown.overdue == 3
    for lane in shown.lanes:
        order = [0 if t.due_at and t.due_at < now and t.live else 1 if t.live else 2 for t in lane.tasks]
        assert order == sorted(order)
    assert [d.task.step_id for d in shown.decisions if d.task] == ["decide-retainer", "decide-police"]
    assert {s.role for lane in shown.lanes for s in lane.seats} == set(incident.plan_version.plan.roles)


def test_the_next_deadline(incident: Incident, django_assert_num_queries: Any) -> None:
    now = clock.now()
    with django_assert_num_queries(2):
        due = next_deadline(incident, now)
    bridge = incident.tasks.get(step_id="open-bridge")
    assert due is not None
    assert (due.label, due.title, due.overdue) == (f"T-{bridge.number}", bridge.title, False)
    assert next_deadline(incident, now + timedelta(hours=1)).overdue  # type: ignore[union-attr]
    assert due == board(incident, now).next_deadline
    asked = actions.open_decision(
        S, incident, question="Cut?", options=TWO, role="scribe", due_at=now + timedelta(minutes=1)
    )
    due = next_deadline(incident, now)
    assert due is not None
    assert (due.label, due.role) == (f"D-{asked.number}", "scribe")


def test_without_work_there_is_no_deadline(incident: Incident) -> None:
    assert next_deadline(factories.incident(incident.organization, playbook_id=None)) is None


def test_an_incident_that_follows_its_plan_has_no_deviations(incident: Incident) -> None:
    actions.complete_task(S, incident, task=incident.tasks.get(step_id="cut-spread"), proof="blocked")
    actions.complete_task(S, incident, task=incident.tasks.get(step_id="keep-one-machine"), proof="E-01")
    assert deviations(incident) == []


def test_where_an_incident_left_its_plan(incident: Incident, django_assert_num_queries: Any) -> None:
    lead = factories.on(incident, "lead")
    task = incident.tasks.get
    added = actions.add_task(lead.actor, incident, title="Feed the night shift", role="scribe")
    actions.skip_task(lead.actor, incident, task=task(step_id="notify-insurer"), reason="no policy any more")
    actions.start_task(lead.actor, incident, task=task(step_id="identify-family"))
    actions.complete_task(lead.actor, incident, task=task(step_id="tell-staff"), proof="told by megaphone")
    other = Member.objects.get(key="jonas-lindqvist")
    actions.assign_role(lead.actor, incident, role="scribe", member=other, because="the scribe is ill")
    incident = Incident.objects.select_related("chain", "plan_version").get(pk=incident.pk)
    with django_assert_num_queries(4):
        found = deviations(incident, clock.now() + timedelta(minutes=20))
    by_label = {(d.kind, d.label.split()[0]): d for d in found}
    label = {
        s: f"T-{task(step_id=s).number}" for s in ("notify-insurer", "identify-family", "tell-staff", "open-bridge")
    }
    assert {(str(k), who) for k, who in by_label} == {
        ("added", f"T-{added.number}"),
        ("skipped", label["notify-insurer"]),
        ("early", label["identify-family"]),
        ("early", label["tell-staff"]),
        ("late", label["open-bridge"]),
        ("seat_other", "Scribe"),
    }
    skipped = next(d for d in found if d.kind == "skipped")
    assert (skipped.because, skipped.by) == ("no policy any more", lead.name)
    logged = LogEntry.objects.get(chain=incident.chain, sequence=skipped.sequence)
    assert logged.verb == "task.skip"
    early = by_label["early", label["identify-family"]]
    assert early.because == "Preserve one encrypted machine with its memory"
    assert [d.at for d in found] == sorted(d.at for d in found if d.at)
