"""Decisions: put to who may answer, taken once, with what was known then; dissent and asking again."""

from __future__ import annotations

from datetime import timedelta

import pytest

import factories
from access_arguments import TWO, entry, finding
from tocsin.core import clock
from tocsin.core.access import Forbidden
from tocsin.core.action import Invalid
from tocsin.core.actions import admit
from tocsin.core.models import LogEntry, Organization
from tocsin.incidents import actions
from tocsin.incidents.models import Decision, Incident
from tocsin.incidents.queries import facts_of
from tocsin.incidents.reactions import watch_deadlines
from tocsin.people.models import User

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


def asked(place: Incident, name: str) -> Decision:
    return place.decisions.get(task__step_id=name)


def seated(place: Organization, role: str) -> User:
    return factories.holder(place, role)


def test_a_decision_step_that_opens_becomes_a_question(incident: Incident) -> None:
    assert not incident.decisions.filter(task__step_id="decide-isolate").exists()
    actions.complete_task(S, incident, task=incident.tasks.get(step_id="open-bridge"), proof="all there")
    put = asked(incident, "decide-isolate")
    assert put.role == "executive_sponsor"
    assert [o["id"] for o in put.options] == ["cut-all", "cut-hit", "leave"]
    assert put.due_at == incident.tasks.get(step_id="decide-isolate").due_at
    assert put.if_nobody_decides


def test_a_decision_step_begun_early_is_put_too(incident: Incident) -> None:
    actions.start_task(S, incident, task=incident.tasks.get(step_id="decide-isolate"))
    assert asked(incident, "decide-isolate").state == "open"


def test_nobody_ticks_a_decision_off_as_a_task(incident: Incident) -> None:
    lead = factories.on(incident, "lead")
    with pytest.raises(Invalid, match="This is a decision"):
        actions.complete_task(lead.actor, incident, task=asked(incident, "decide-retainer").task, proof="done")


def test_an_answered_question_is_not_taken_up_again_as_a_task(incident: Incident) -> None:
    put = asked(incident, "decide-retainer")
    actions.decide(S, incident, decision=put, chosen="alone", reason="enough")
    with pytest.raises(Invalid, match="ask the question again"):
        actions.reopen_task(S, incident, task=put.task, reason="it got worse")


def test_the_plan_says_who_decides(organization: Organization) -> None:
    sponsor, finance = seated(organization, "executive_sponsor"), seated(organization, "finance_director")
    place = factories.incident(organization)
    put = actions.open_decision(S, place, question="Pay?", options=TWO, role="incident_manager", authority="pay_or_not")
    with pytest.raises(Forbidden, match="gives this decision to: Executive sponsor"):
        actions.decide(finance.actor, place, decision=put, chosen="no", reason="never")
    actions.decide(sponsor.actor, place, decision=put, chosen="no", reason="never")
    put.refresh_from_db()
    assert put.decided_by == sponsor.name


def test_a_decision_without_an_authority_belongs_to_its_role(organization: Organization) -> None:
    manager, sponsor = seated(organization, "incident_manager"), seated(organization, "executive_sponsor")
    place = factories.incident(organization)
    put = actions.open_decision(S, place, question="Call at six?", options=TWO, role="incident_manager")
    with pytest.raises(Forbidden, match="Incident manager"):
        actions.decide(sponsor.actor, place, decision=put, chosen="yes", reason="x")
    actions.decide(manager.actor, place, decision=put, chosen="yes", reason="x")


def test_a_role_that_was_handed_over_decides_no_more(organization: Organization) -> None:
    manager = seated(organization, "incident_manager")
    place = factories.incident(organization)
    other = organization.members.get(key="tomasz-zielinski")
    actions.assign_role(S, place, role="incident_manager", member=other)
    admit(S, place, user_id=manager.id, role="lead")
    with pytest.raises(Forbidden, match="The plan gives this decision"):
        actions.decide(manager.actor, place, decision=asked(place, "decide-retainer"), chosen="alone", reason="x")


@pytest.mark.parametrize("playbook_id", ["ransomware", "insider", "business-email-compromise", "supply-chain"])
def test_every_holder_of_an_authority_can_use_it(organization: Organization, playbook_id: str) -> None:
    """Whatever access the plan gives a role: if it trusts the role with a decision, the decision can be taken."""
    plan = organization.plan_versions.get().plan
    roles = {
        r for s in plan.playbooks[playbook_id].steps if s.decision for r in _trusted(plan, s.decision.authority, s.role)
    }
    people = {r: seated(organization, r) for r in sorted(roles)}
    place = factories.incident(organization, playbook_id=playbook_id)
    for step in plan.playbooks[playbook_id].steps:
        if step.decision is None or step.track:  # what is done about a person stands in an incident of its own
            continue
        task = place.tasks.get(step_id=step.id)
        if task.state == "waiting":
            actions.start_task(S, place, task=task)
        who = people[_trusted(plan, step.decision.authority, step.role)[0]]
        put = place.decisions.get(task=task)
        actions.decide(who.actor, place, decision=put, chosen=step.decision.options[0].id, reason="tried")


def _trusted(plan: object, authority: str | None, role: str) -> list[str]:
    found = [k for k, r in plan.roles.items() if authority in r.authority]  # type: ignore[attr-defined]
    return found or [role]


def test_what_was_known_is_kept_as_it_was(incident: Incident) -> None:
    actions.set_fact(S, incident, name="ransom_demanded", value=True)
    entry(incident)
    actions.suggest_findings(S, incident, suggestions=[finding()], source="test")
    put = asked(incident, "decide-retainer")
    actions.decide(
        S, incident, decision=put, chosen="activate", reason="Go.", revisit_at=clock.now() + timedelta(hours=6)
    )
    put.refresh_from_db()
    before = put.known
    assert before["facts"] == {"ransom_demanded": True}
    assert before["scope"] == {"suspected": 1}
    assert (before["findings"], before["phase"], before["severity"]) == (1, "declared", 2)
    actions.set_fact(S, incident, name="ransom_demanded", value=False)
    put.refresh_from_db()
    assert put.known == before
    entry_ = LogEntry.objects.get(chain=incident.chain, verb="decision.take")
    assert entry_.payload["known"] == before
    assert entry_.sequence == before["log"] + 1


def test_a_decision_is_taken_once(incident: Incident) -> None:
    first, second = asked(incident, "decide-retainer"), asked(incident, "decide-retainer")
    actions.decide(S, incident, decision=first, chosen="activate", reason="Go.")
    with pytest.raises(Invalid, match="decided this already: Activate"):
        actions.decide(S, incident, decision=second, chosen="alone", reason="No.")
    with pytest.raises(Invalid, match="one of the options"):
        actions.decide(S, incident, decision=asked(incident, "decide-police"), chosen="activate", reason="x")
    with pytest.raises(Invalid) as told:
        actions.decide(S, incident, decision=asked(incident, "decide-police"), chosen="later", reason=" ")
    assert told.value.field == "reason"


def test_dissent_stands_beside_the_decision(incident: Incident) -> None:
    put, counsel = asked(incident, "decide-retainer"), factories.on(incident, "counsel")
    with pytest.raises(Invalid, match="once it is decided"):
        actions.dissent(counsel.actor, incident, decision=put, reason="Too early.")
    actions.decide(S, incident, decision=put, chosen="activate", reason="Go.")
    actions.dissent(counsel.actor, incident, decision=put, reason="The insurer has not consented.")
    actions.dissent(S, incident, decision=put, reason="Nor has the board.")
    put.refresh_from_db()
    assert [d["by"] for d in put.dissent] == [counsel.name, "Tocsin"]
    assert put.chosen == "activate"


def test_a_question_is_asked_again_and_the_first_answer_stays(incident: Incident) -> None:
    put = asked(incident, "decide-retainer")
    with pytest.raises(Invalid, match="Only a decision that was taken"):
        actions.revisit(S, incident, decision=put, reason="x")
    actions.decide(S, incident, decision=put, chosen="alone", reason="enough")
    put.refresh_from_db()
    again = actions.revisit(S, incident, decision=put, reason="a second plant is hit")
    assert (again.state, again.question, again.options) == ("open", put.question, put.options)
    assert again.if_nobody_decides == f"D-{put.number} stands: Go on alone."
    put.refresh_from_db()
    assert (put.state, put.chosen) == ("decided", "alone")


@pytest.mark.parametrize(
    ("given", "field"),
    [({"options": TWO[:1]}, "options"), ({"options": [TWO[0], TWO[0]]}, "options"), ({"role": "captain"}, "role"),
     ({"question": " "}, "question")],
)  # fmt: skip
def test_what_is_no_question_is_refused(incident: Incident, given: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as told:
        actions.open_decision(S, incident, **({"question": "Cut?", "options": TWO, "role": "scribe"} | given))
    assert told.value.field == field


def test_the_newest_answer_counts_for_what_hangs_on_it(incident: Incident) -> None:
    first = asked(incident, "decide-retainer")
    options = [o["id"] for o in first.options]
    actions.decide(S, incident, decision=first, chosen=options[0], reason="we need hands")
    assert facts_of(incident)["decision.decide-retainer"] == options[0]
    again = actions.revisit(S, incident, decision=first, reason="they cannot come")
    assert facts_of(incident)["decision.decide-retainer"] == options[0]
    actions.decide(S, incident, decision=again, chosen=options[-1], reason="we go on alone")
    assert facts_of(incident)["decision.decide-retainer"] == options[-1]


def test_a_question_is_asked_again_once_and_with_as_much_time(incident: Incident) -> None:
    put = asked(incident, "decide-retainer")
    assert put.due_at is not None
    stale = asked(incident, "decide-retainer")
    actions.decide(S, incident, decision=put, chosen="alone", reason="enough")
    again = actions.revisit(S, incident, decision=stale, reason="a second plant is hit")
    assert again.due_at == again.opened_at + (put.due_at - put.opened_at)
    with pytest.raises(Invalid, match=f"already, as D-{again.number}"):
        actions.revisit(S, incident, decision=put, reason="again")


def test_a_question_of_a_step_that_is_not_needed_is_withdrawn_and_asked_anew_with_the_step(incident: Incident) -> None:
    put = asked(incident, "decide-retainer")
    step = put.task
    assert step is not None
    actions.skip_task(S, incident, task=step, reason="there is no retainer")
    put.refresh_from_db()
    assert (put.state, put.reason) == ("withdrawn", "there is no retainer")
    with pytest.raises(Invalid, match="was withdrawn"):
        actions.decide(S, incident, decision=put, chosen="alone", reason="x")
    actions.reopen_task(S, incident, task=step, reason="there is one")
    assert asked(incident, "decide-retainer").state == "open"
    actions.start_playbook(S, incident, playbook_id="business-email-compromise", because="it was mail")
    assert not incident.decisions.filter(state="open", task__state="skipped").exists()


def test_a_question_is_due_with_its_step_and_its_lateness_is_written_down_once(incident: Incident) -> None:
    put = asked(incident, "decide-retainer")
    assert put.task is not None
    actions.mark_instant(S, incident, anchor="declared", at=clock.now() - timedelta(days=9), because="wrong before")
    put.refresh_from_db()
    put.task.refresh_from_db()
    assert put.due_at == put.task.due_at
    with factories.preparing():
        Decision.objects.filter(pk=put.pk).update(due_at=clock.now() - timedelta(minutes=1))
    watch_deadlines()
    watch_deadlines()
    late = LogEntry.objects.filter(chain=incident.chain, verb="decision.overdue", payload__decision=put.number)
    assert late.count() == 1
