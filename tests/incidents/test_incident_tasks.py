"""Tasks: needs, conditions, deadlines, what is overdue once, stale forms and double clicks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import factories
from tocsin.core import clock
from tocsin.core.action import Invalid
from tocsin.core.models import LogEntry, Organization
from tocsin.incidents import actions
from tocsin.incidents.advance import condition_holds
from tocsin.incidents.models import Incident, Task
from tocsin.incidents.queries import facts_of
from tocsin.incidents.reactions import watch_deadlines
from tocsin.people.models import Member
from tocsin.plan.conditions import parse
from tocsin.plan.load import parse_plan

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


def step(place: Incident, name: str) -> Task:
    return place.tasks.get(step_id=name)


def finish(place: Incident, *names: str) -> None:
    for name in names:
        actions.complete_task(S, place, task=step(place, name), proof="seen")


def state(place: Incident, name: str) -> str:
    return step(place, name).state


def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> datetime:
    now = datetime.now(UTC) + by
    monkeypatch.setattr(clock, "now", lambda: now)
    return now


def test_a_step_opens_when_what_it_needs_has_ended(incident: Incident) -> None:
    assert state(incident, "keep-one-machine") == "waiting"
    finish(incident, "cut-spread")
    assert state(incident, "keep-one-machine") == "open"
    assert state(incident, "identify-family") == "waiting"
    actions.skip_task(S, incident, task=step(incident, "keep-one-machine"), reason="all are rebuilt already")
    assert state(incident, "identify-family") == "open"


def test_a_condition_waits_for_its_fact(incident: Incident) -> None:
    assert state(incident, "no-contact") == "waiting"
    actions.set_fact(S, incident, name="ransom_demanded", value=False)
    assert state(incident, "no-contact") == "waiting"
    actions.set_fact(S, incident, name="ransom_demanded", value=True)
    assert state(incident, "no-contact") == "open"


def test_nothing_waits_for_a_step_that_is_not_called_for(incident: Incident) -> None:
    """Restoring needs the identity reset, which only a compromised directory calls for."""
    finish(incident, "cut-spread", "guard-backups", "scan-evidence", "find-way-in", "sweep-hosts")
    assert state(incident, "decide-restore") == "waiting"
    actions.set_fact(S, incident, name="directory_compromised", value=False)
    assert state(incident, "decide-restore") == "waiting", "the other half of the condition is still unknown"
    actions.set_fact(S, incident, name="privileged_account_used", value=False)
    assert state(incident, "decide-restore") == "open"
    assert state(incident, "reset-identity") == "waiting"


def test_the_answer_to_a_decision_opens_what_hangs_on_it(incident: Incident) -> None:
    asked = incident.decisions.get(task__step_id="decide-retainer")
    actions.decide(S, incident, decision=asked, chosen="activate", reason="Two hands are missing.")
    assert state(incident, "decide-retainer") == "done"
    assert state(incident, "call-firm") == "open"


def test_another_answer_leaves_it_closed(incident: Incident) -> None:
    asked = incident.decisions.get(task__step_id="decide-retainer")
    actions.decide(S, incident, decision=asked, chosen="alone", reason="We are enough.")
    assert state(incident, "call-firm") == "waiting"


def test_deadlines_hang_on_anchors_and_on_other_steps(incident: Incident) -> None:
    opened = step(incident, "open-bridge")
    declared = incident.instant("declared")
    assert declared is not None
    assert (opened.due_at, opened.due_because) == (declared + timedelta(minutes=15), "15 min after declared")
    insurer = step(incident, "notify-insurer")
    assert (insurer.due_at, insurer.due_because) == (None, "1 d after aware")
    aware = clock.now() - timedelta(hours=2)
    actions.mark_instant(S, incident, anchor="aware", at=aware)
    assert step(incident, "notify-insurer").due_at == aware + timedelta(hours=24)
    assert step(incident, "call-firm").due_at is None
    asked = incident.decisions.get(task__step_id="decide-retainer")
    actions.decide(S, incident, decision=asked, chosen="activate", reason="Go.")
    assert step(incident, "call-firm").due_at == step(incident, "decide-retainer").ended_at + timedelta(hours=1)


def test_a_deadline_that_passes_is_written_down_once(incident: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    watch_deadlines()
    assert "task.overdue" not in factories.verbs(incident)
    later(monkeypatch, timedelta(minutes=16))
    watch_deadlines()
    watch_deadlines()
    late = LogEntry.objects.filter(chain=incident.chain, verb="task.overdue")
    assert [e.object_id for e in late] == [str(step(incident, "open-bridge").pk)]
    with pytest.raises(Invalid, match="not overdue"):
        actions.mark_overdue(S, incident, task=step(incident, "open-bridge"))


def test_a_task_finished_in_this_second_is_not_called_overdue(
    incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = step(incident, "open-bridge")
    finish(incident, "open-bridge")
    later(monkeypatch, timedelta(hours=1))
    with pytest.raises(Invalid, match="not overdue"):
        actions.mark_overdue(S, incident, task=stale)


def test_two_people_press_the_button(incident: Incident) -> None:
    first, second = step(incident, "open-bridge"), step(incident, "open-bridge")
    actions.complete_task(S, incident, task=first, proof="all are there")
    with pytest.raises(Invalid, match="'Done' already"):
        actions.complete_task(S, incident, task=second, proof="all are there")
    assert factories.verbs(incident).count("task.complete") == 1


def test_a_stale_form_is_refused_and_loses_nothing(incident: Incident) -> None:
    mine, theirs = step(incident, "open-bridge"), step(incident, "open-bridge")
    actions.assign_task(
        S, incident, task=theirs, member=Member.objects.get(key="jonas-lindqvist"), revision=theirs.revision
    )
    with pytest.raises(Invalid, match="Somebody changed this"):
        actions.assign_task(S, incident, task=mine, member=None, revision=mine.revision)
    mine.refresh_from_db()
    assert mine.member is not None


def test_a_change_keeps_what_somebody_else_changed_beside_it(incident: Incident) -> None:
    """Loaded before the other wrote, saved after: only what this act is about is written."""
    stale = step(incident, "open-bridge")
    actions.assign_task(
        S, incident, task=step(incident, "open-bridge"), member=Member.objects.get(key="jonas-lindqvist")
    )
    actions.start_task(S, incident, task=stale)
    assert step(incident, "open-bridge").member == Member.objects.get(key="jonas-lindqvist")
    first, second = Incident.objects.get(pk=incident.pk), Incident.objects.get(pk=incident.pk)
    actions.set_fact(S, first, name="malware_found", value=True)
    actions.set_fact(S, second, name="data_published", value=False)
    incident.refresh_from_db()
    assert incident.facts == {"malware_found": True, "data_published": False}
    with pytest.raises(Invalid, match="Somebody changed this"):
        actions.set_summary(S, second, summary="old words", revision=_summarised(first))


def _summarised(place: Incident) -> int:
    seen = place.revision
    actions.set_summary(S, place, summary="new words", revision=seen)
    return seen


def test_a_task_is_done_when_something_proves_it(incident: Incident) -> None:
    with pytest.raises(Invalid, match="what proves it") as told:
        actions.complete_task(S, incident, task=step(incident, "open-bridge"), proof="  ")
    assert told.value.field == "proof"
    assert state(incident, "open-bridge") == "open"


def test_the_states_of_a_task(incident: Incident) -> None:
    actions.block_task(S, incident, task=step(incident, "open-bridge"), reason="the line is dead")
    assert (state(incident, "open-bridge"), step(incident, "open-bridge").blocked_by) == ("blocked", "the line is dead")
    actions.start_task(S, incident, task=step(incident, "open-bridge"))
    assert (state(incident, "open-bridge"), step(incident, "open-bridge").blocked_by) == ("doing", "")
    finish(incident, "open-bridge")
    actions.reopen_task(S, incident, task=step(incident, "open-bridge"), reason="somebody is missing")
    reopened = step(incident, "open-bridge")
    assert (reopened.state, reopened.ended_at, reopened.ended_by) == ("open", None, "")
    with pytest.raises(Invalid, match="already"):
        actions.reopen_task(S, incident, task=reopened, reason="again")


def test_a_task_of_another_incident_is_out_of_reach(incident: Incident) -> None:
    other = factories.incident(incident.organization)
    for act in (actions.start_task, actions.assign_task, actions.complete_task):
        given = (
            {"member": None} if act is actions.assign_task else {"proof": "x"} if act is actions.complete_task else {}
        )
        with pytest.raises(Invalid, match="another incident"):
            act(S, incident, task=step(other, "open-bridge"), **given)


def test_another_playbook_takes_over(incident: Incident) -> None:
    finish(incident, "open-bridge")
    actions.start_playbook(S, incident, playbook_id="data-exfiltration", because="They only took data.")
    incident.refresh_from_db()
    assert state(incident, "open-bridge") == "done"
    assert state(incident, "keep-one-machine") == "skipped"
    assert step(incident, "keep-one-machine").proof.endswith("took over.")
    numbers = list(incident.tasks.values_list("number", flat=True))
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    for known in incident.playbook.steps:  # type: ignore[union-attr]
        assert incident.tasks.filter(step_id=known.id).count() == 1
    with pytest.raises(Invalid, match="runs already"):
        actions.start_playbook(S, incident, playbook_id="data-exfiltration", because="again")
    # A step of the playbook that was left can be taken up again.
    actions.reopen_task(S, incident, task=step(incident, "keep-one-machine"), reason="one is left")


@pytest.mark.parametrize("value", [False, True])
@pytest.mark.parametrize("playbook_id", sorted(parse_plan(factories.plan_files()).playbooks))
def test_every_playbook_of_the_example_can_be_carried_to_its_end(
    organization: Organization, playbook_id: str, value: bool
) -> None:
    """With all facts known, no step waits for ever but those whose condition does not hold."""
    place = factories.incident(organization, playbook_id=playbook_id)
    for anchor in ("aware", "contained", "eradicated", "recovered"):
        actions.mark_instant(S, place, anchor=anchor, at=clock.now())
    for name in sorted({f for t in place.tasks.exclude(when="") for f in parse(t.when).facts if "." not in f}):
        actions.set_fact(S, place, name=name, value=value)
    while live := [t for t in place.tasks.all() if t.live]:
        for task in live:
            _carry_out(place, task)
    facts = facts_of(place)
    stuck = [t.step_id for t in place.tasks.filter(state="waiting") if condition_holds(t.when, facts) is True]
    assert stuck == []
    assert not place.decisions.filter(state="open").exists()


def _carry_out(place: Incident, task: Task) -> None:
    task.refresh_from_db()
    if not task.live:
        return
    if task.kind == "decision":
        asked = place.decisions.get(task=task)
        actions.decide(S, place, decision=asked, chosen=asked.options[0]["id"], reason="the first one")
    else:
        actions.complete_task(S, place, task=task, proof="seen")
