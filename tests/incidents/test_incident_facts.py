"""Facts are taken back: what waits for them waits again, and the log keeps what was said before, and why it fell."""

from __future__ import annotations

import pytest

import factories
from tocsin.core.action import Invalid
from tocsin.core.models import LogEntry
from tocsin.incidents import actions
from tocsin.incidents.advance import missing_facts
from tocsin.incidents.models import Incident, Task
from tocsin.incidents.sentences import sentence, sentence_html

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


def last(incident: Incident, verb: str) -> LogEntry:
    return LogEntry.objects.filter(chain_id=incident.chain_id, verb=verb).latest("sequence")


def test_a_fact_that_is_taken_back_is_not_known_any_more(incident: Incident) -> None:
    waiting = next(t for t in incident.tasks.filter(state="waiting") if "." not in "".join(missing_facts(t.when, {}))
                   and len(missing_facts(t.when, {})) == 1)  # fmt: skip
    (name,) = missing_facts(waiting.when, {})
    actions.set_fact(S, incident, name=name, value=False)
    actions.withdraw_fact(S, incident, name=name, because="the message was spam")
    incident.refresh_from_db()
    assert name not in incident.facts
    assert missing_facts(waiting.when, incident.facts) == [name]
    entry = last(incident, "fact.withdraw")
    assert (entry.object_id, entry.payload) == (name, {"before": False, "because": "the message was spam"})
    assert "it was said to be no. Reason: the message was spam" in sentence(entry)
    actions.set_fact(S, incident, name=name, value=True)
    waiting.refresh_from_db()
    assert last(incident, "fact.set").payload["before"] is None


def test_deadlines_and_steps_are_looked_at_again_when_a_fact_falls(incident: Incident) -> None:
    step = next(t for t in incident.tasks.filter(state="waiting") if t.when)
    with factories.preparing():  # as if the fact's fall had opened it
        incident.tasks.filter(pk=step.pk).update(when="", needs=[])
    actions.set_fact(S, incident, name="malware_found_here", value=True)
    with factories.preparing():
        incident.tasks.filter(pk=step.pk).update(state="waiting")
    actions.withdraw_fact(S, incident, name="malware_found_here", because="a wrong alarm")
    step.refresh_from_db()
    assert step.state == "open"
    assert last(incident, "tasks.advance").cause["sequence"] == last(incident, "fact.withdraw").sequence


@pytest.mark.parametrize(("name", "because"), [("ransom_demanded", " "), ("never_stated", "a reason")])
def test_only_what_was_stated_is_taken_back_and_with_a_reason(incident: Incident, name: str, because: str) -> None:
    actions.set_fact(S, incident, name="ransom_demanded", value=True)
    with pytest.raises(Invalid):
        actions.withdraw_fact(S, incident, name=name, because=because)
    incident.refresh_from_db()
    assert incident.facts["ransom_demanded"] is True


def test_only_holders_who_can_open_the_incident_count_as_filled(incident: Incident) -> None:
    entry = last(incident, "roles.fill")
    roles = entry.payload["roles"]
    with_account = sum(r["account"] for r in roles)
    assert 0 <= with_account < len(roles)
    text = sentence(entry)
    assert f"filled {with_account} role" in text
    assert "without an account" in text
    entry.payload = {"roles": [{"title": "Lead", "holder": "<b>A 100 %</b>", "account": False}]}
    assert "&lt;b&gt;A 100 %&lt;/b&gt;" in sentence_html(entry)


# What a fact had opened


def step(incident: Incident, name: str) -> Task:
    return incident.tasks.get(step_id=name)


def test_steps_that_only_the_fact_opened_wait_again_and_say_why(incident: Incident) -> None:
    before = set(incident.tasks.filter(state="open"))
    actions.set_fact(S, incident, name="ransom_demanded", value=True)
    opened = set(incident.tasks.filter(state="open")) - before
    assert step(incident, "no-contact") in opened
    actions.withdraw_fact(S, incident, name="ransom_demanded", because="the note was a test of ours")
    back = step(incident, "no-contact")
    assert (back.state, back.opened_at) == ("waiting", None)
    assert back.uncalled == "no longer called for: the fact 'ransom demanded' was withdrawn"
    entry = last(incident, "tasks.recall")
    assert entry.cause["sequence"] == last(incident, "fact.withdraw").sequence
    assert {t["task"] for t in entry.payload["back"]} == {t.number for t in opened}
    assert back.title in sentence(entry)
    assert "nobody had begun" in sentence(entry)
    assert step(incident, "sanctions-check").uncalled == "", "it was never open"
    actions.set_fact(S, incident, name="ransom_demanded", value=True)
    again = step(incident, "no-contact")
    assert (again.state, again.uncalled) == ("open", "")


def test_a_step_that_somebody_has_begun_stays_and_says_so(incident: Incident) -> None:
    actions.set_fact(S, incident, name="ransom_demanded", value=True)
    actions.start_task(S, incident, task=step(incident, "no-contact"))
    actions.withdraw_fact(S, incident, name="ransom_demanded", because="a test of ours")
    begun = step(incident, "no-contact")
    assert (begun.state, begun.uncalled[:20]) == ("doing", "no longer called for")
    assert "somebody has begun" in sentence(last(incident, "tasks.recall"))
    actions.set_fact(S, incident, name="ransom_demanded", value=True)
    assert step(incident, "no-contact").uncalled == ""
    assert "Called for again" in sentence(last(incident, "tasks.recall"))


def test_what_another_fact_calls_for_too_stays_open(incident: Incident) -> None:
    actions.set_fact(S, incident, name="production_down", value=True)
    actions.set_fact(S, incident, name="data_published", value=True)
    actions.withdraw_fact(S, incident, name="production_down", because="the line runs")
    assert (step(incident, "hold-press").state, step(incident, "hold-press").uncalled) == ("open", "")
    assert "tasks.recall" not in factories.verbs(incident)
    actions.set_fact(S, incident, name="data_published", value=False, because="it was another firm's")
    assert step(incident, "hold-press").state == "waiting"
    assert "was changed" in step(incident, "hold-press").uncalled


def test_a_step_that_was_taken_up_again_by_hand_is_left_alone(incident: Incident) -> None:
    actions.set_fact(S, incident, name="ransom_demanded", value=True)
    actions.complete_task(S, incident, task=step(incident, "no-contact"), proof="told all")
    actions.reopen_task(S, incident, task=step(incident, "no-contact"), reason="one person was missing")
    actions.withdraw_fact(S, incident, name="ransom_demanded", because="a test of ours")
    assert step(incident, "no-contact").state == "open"
    actions.complete_task(S, incident, task=step(incident, "no-contact"), proof="told all now")
    assert step(incident, "no-contact").state == "done"


def test_the_question_and_the_clock_of_a_step_that_fell_go_with_it(incident: Incident) -> None:
    actions.set_fact(S, incident, name="ransom_demanded", value=True)
    for name in step(incident, "decide-pay").needs:
        actions.complete_task(S, incident, task=step(incident, name), proof="done")
    asked = incident.decisions.get(step_id="decide-pay", state="open")
    actions.set_fact(S, incident, name="personal_data_affected", value=True)
    actions.mark_instant(S, incident, anchor="aware", at=incident.declared_at)
    assert incident.clocks.get(regime="eu-gdpr-33").state == "running"
    actions.withdraw_fact(S, incident, name="ransom_demanded", because="a test of ours")
    actions.withdraw_fact(S, incident, name="personal_data_affected", because="the files were empty")
    asked.refresh_from_db()
    assert (asked.state, asked.task) == ("withdrawn", None)
    assert "ransom demanded" in asked.reason
    assert incident.clocks.get(regime="eu-gdpr-33").state == "waiting"
    actions.set_fact(S, incident, name="ransom_demanded", value=True)
    assert incident.decisions.filter(step_id="decide-pay", state="open").exists(), "it is asked anew"


def test_changing_a_fact_stops_its_clock_too(incident: Incident) -> None:
    actions.set_fact(S, incident, name="personal_data_affected", value=True)
    actions.mark_instant(S, incident, anchor="aware", at=incident.declared_at)
    actions.set_fact(S, incident, name="personal_data_affected", value=False, because="the files were empty")
    assert incident.clocks.get(regime="eu-gdpr-33").state == "waiting"
