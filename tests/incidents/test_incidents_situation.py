"""Situation reports: cadence, reminders, two writers at once; hand-over notes; what forms start from."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

import factories
from tocsin.core import clock
from tocsin.core.action import Invalid
from tocsin.core.models import OutboxMessage
from tocsin.incidents import actions
from tocsin.incidents.models import Incident, RoleAssignment, SituationReport
from tocsin.incidents.models.situation import LONGEST
from tocsin.incidents.queries.situation import changes_since, due_of, handovers_of, lamp_of, last_report
from tocsin.incidents.reactions_situation import watch_reports
from tocsin.incidents.situation import draft_handover, draft_report
from tocsin.people.models import Member, User

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
SAID: dict[str, Any] = {"conditions": "VPN closed.", "actions": "Accounts are reset.", "needs": "A decision by 04:48."}


def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> datetime:
    now = clock.now() + by
    monkeypatch.setattr(clock, "now", lambda: now)
    return now


def close(incident: Incident) -> None:
    with factories.preparing():
        Incident.objects.filter(pk=incident.pk).update(phase="closed")


def lead(incident: Incident) -> User:
    found: User = factories.holder(incident.organization, "incident_manager")
    return found


def test_a_report_stands_until_the_next_and_says_when_that_is_due(incident: Incident) -> None:
    first = actions.write_report(S, incident, **SAID, seen=0)
    second = actions.write_report(S, incident, **(SAID | {"needs": "Nothing."}), seen=1)
    assert [first.number, second.number] == [1, 2]
    assert last_report(incident) == second
    assert second.next_due_at == second.written_at + timedelta(hours=2)  # severity 2 of the example plan
    assert incident.chain.entries.get(sequence=second.sequence).verb == "situation.write"


def test_a_worse_severity_shortens_what_was_promised_and_a_better_one_does_not_lengthen_it(incident: Incident) -> None:
    report = actions.write_report(S, incident, **SAID)
    actions.set_severity(S, incident, severity=1, because="It spreads.")
    incident.refresh_from_db()
    assert due_of(incident, report.written_at, report.next_due_at) == report.written_at + timedelta(hours=1)
    actions.set_severity(S, incident, severity=4, because="It was one machine.")
    incident.refresh_from_db()
    assert due_of(incident, report.written_at, report.next_due_at) == report.next_due_at


def test_two_writers_at_once_lose_no_word_and_a_double_click_writes_one(incident: Incident) -> None:
    one, two = factories.on(incident, "lead"), factories.on(incident, "responder")
    first = actions.write_report(one.actor, incident, **SAID, seen=0)
    assert actions.write_report(one.actor, incident, **SAID, seen=0) == first
    with pytest.raises(Invalid, match=f"{one.name} wrote report 1 while you were writing"):
        actions.write_report(two.actor, incident, **(SAID | {"actions": "Mine."}), seen=0)
    assert SituationReport.objects.count() == 1
    assert actions.write_report(two.actor, incident, **(SAID | {"actions": "Mine."}), seen=1).number == 2


@pytest.mark.parametrize(
    ("given", "said", "field"),
    [
        ({"conditions": "  "}, "Say in a sentence", "conditions"),
        ({"needs": "x" * (LONGEST + 34)}, "shorten it by 34", "needs"),
        ({"next_due_at": "too late"}, "within 2 h", "next_due_at"),
        ({"next_due_at": "past"}, "within 2 h", "next_due_at"),
    ],
)
def test_what_does_not_fit_is_told_with_its_field(
    incident: Incident, given: dict[str, str], said: str, field: str
) -> None:
    times = {"too late": clock.now() + timedelta(hours=3), "past": clock.now() - timedelta(minutes=1)}
    values = SAID | {k: times.get(v, v) for k, v in given.items()}
    with pytest.raises(Invalid, match=said) as refused:
        actions.write_report(S, incident, **values)
    assert refused.value.field == field
    assert not SituationReport.objects.exists()


def test_an_earlier_report_can_be_promised_and_a_closed_incident_takes_none(incident: Incident) -> None:
    soon = clock.now() + timedelta(minutes=20)
    assert actions.write_report(S, incident, **SAID, next_due_at=soon).next_due_at == soon
    close(incident)
    with pytest.raises(Invalid, match="closed"):
        actions.write_report(S, incident, **SAID)


def test_a_late_report_is_written_down_once_and_its_lead_reminded_once(
    incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch_reports()
    assert "situation.overdue" not in factories.verbs(incident)
    later(monkeypatch, timedelta(hours=2, minutes=1))
    watch_reports()
    watch_reports()
    assert factories.verbs(incident).count("situation.overdue") == 1
    message = OutboxMessage.objects.get(chain=incident.chain, key__startswith="situation-overdue:")
    assert message.recipient == "Anneke de Vries"
    assert incident.number in message.subject
    assert incident.title not in message.subject + message.body
    actions.write_report(S, incident, **SAID)
    later(monkeypatch, timedelta(hours=2, minutes=1))
    watch_reports()
    assert factories.verbs(incident).count("situation.overdue") == 2
    assert OutboxMessage.objects.filter(key__startswith="situation-overdue:").count() == 2


def test_a_closed_incident_owes_no_report(incident: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    close(incident)
    later(monkeypatch, timedelta(days=3))
    watch_reports()
    assert "situation.overdue" not in factories.verbs(incident)


def test_the_next_report_is_soon_in_the_last_quarter_of_its_time(incident: Incident) -> None:
    since = incident.declared_at
    due = since + timedelta(hours=2)
    assert [lamp_of(due, since + timedelta(minutes=m), since) for m in (0, 89, 91, 120)] == ["", "", "soon", "late"]


def hand_over(incident: Incident) -> tuple[User, User, RoleAssignment]:
    """The role of the incident manager goes from its holder to somebody else who has an account."""
    before, after = lead(incident), factories.holder(incident.organization, "log_analyst")
    member = Member.objects.get(organization=incident.organization, user=after)
    seat = incident.roles.get(role="incident_manager", renounced_at=None)
    with factories.preparing():
        RoleAssignment.objects.filter(pk=seat.pk).update(user=before)
    factories.admit(S, incident, user_id=before.pk, role="lead")
    taken = actions.assign_role(S, incident, role="incident_manager", member=member, because="night shift ends")
    return before, after, taken


def test_a_role_that_changes_hands_asks_for_a_note_that_the_new_holder_acknowledges(incident: Incident) -> None:
    assert handovers_of(incident) == []
    before, after, seat = hand_over(incident)
    [open_one] = handovers_of(incident)
    assert (open_one.waits_for, open_one.concerns(before.pk), open_one.concerns(after.pk)) == ("note", True, True)
    assert not open_one.concerns(factories.on(incident, "responder").pk)
    note = actions.write_handover(before.actor, incident, seat=seat, conditions="Keep the line calm.", open_work="T-4")
    assert (note.handed_from, note.handed_to, note.taker) == ("Anneke de Vries", "Jonas Lindqvist", after)
    assert actions.write_handover(before.actor, incident, seat=seat, conditions="Keep the line calm.",
                                  open_work="T-4") == note  # fmt: skip
    assert handovers_of(incident)[0].waits_for == "acknowledgement"
    with pytest.raises(Invalid, match="takes over and acknowledges"):
        actions.acknowledge_handover(before.actor, incident, report=note)
    actions.acknowledge_handover(after.actor, incident, report=note)
    assert handovers_of(incident) == []
    with pytest.raises(Invalid, match="already"):
        actions.acknowledge_handover(after.actor, incident, report=note)


def test_a_note_comes_from_who_is_concerned_and_belongs_to_this_incident(incident: Incident) -> None:
    _before, _after, seat = hand_over(incident)
    with pytest.raises(Invalid, match="comes from who held it"):
        actions.write_handover(factories.on(incident, "responder").actor, incident, seat=seat, conditions="Mine.")
    other = factories.incident(incident.organization, title="Another")
    with pytest.raises(Invalid, match="Nobody takes over"):
        actions.write_handover(S, other, seat=seat, conditions="Mixed up.")
    note = actions.write_handover(S, incident, seat=seat, conditions="Quiet.")
    with pytest.raises(Invalid, match="no hand-over note of this incident"):
        actions.acknowledge_handover(S, other, report=note)


def test_the_forms_start_from_the_record(incident: Incident) -> None:
    actions.set_summary(S, incident, summary="Files were encrypted on one server.")
    actions.add_scope(S, incident, kind="host", name="SRV-01", because="seen", state="confirmed")
    task, stuck = incident.tasks.filter(state="open").order_by("number")[:2]
    actions.complete_task(S, incident, task=task, proof="seen")
    actions.block_task(S, incident, task=stuck, reason="the switch is locked")
    incident.refresh_from_db()
    tasks = list(incident.tasks.select_related("member"))
    draft = draft_report(incident, tasks, None, clock.now())
    assert draft.conditions.startswith("Files were encrypted on one server.\n1 thing in scope, 1 of them confirmed.")
    assert f"Done: {task.title}" in draft.actions
    assert f"{stuck.title}: the switch is locked" in draft.needs
    report = actions.write_report(S, incident, conditions=draft.conditions, actions=draft.actions, needs=draft.needs)
    again = draft_report(incident, tasks, report, clock.now())
    assert again.conditions.count("in scope") == 1
    assert task.title not in again.actions, "what was done before the last report is no news"
    assert changes_since(incident, report.sequence).total == 0
    seat = incident.roles.get(role=stuck.role, renounced_at=None)
    handed = draft_handover(incident, seat, tasks, report, clock.now())
    assert f"Blocked: T-{stuck.number} {stuck.title} (the switch is locked)" in handed.actions


def test_a_draft_fits_the_form_however_much_happened(incident: Incident) -> None:
    for n in range(8):
        task = actions.add_task(S, incident, title=f"{n} " + "long words " * 25, role="log_analyst")
        actions.block_task(S, incident, task=task, reason="because " * 30)
    tasks = list(incident.tasks.select_related("member"))
    draft = draft_report(incident, tasks, None, clock.now())
    actions.write_report(S, incident, conditions=draft.conditions or "x", actions=draft.actions, needs=draft.needs)
