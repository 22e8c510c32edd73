"""The brief for a decider: made from facts, kept to the letter, and marked when what it rested on changes."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest

import factories
from tocsin.core import clock
from tocsin.core.action import Invalid
from tocsin.core.canonical import canonical
from tocsin.core.models import LogEntry, Organization
from tocsin.incidents import actions
from tocsin.incidents.brief_view import cost_words, value_words, view_of
from tocsin.incidents.briefs import brief_of, read_brief
from tocsin.incidents.models import Decision, Incident
from tocsin.incidents.queries import now_in

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
COSTLY = [
    {"id": "pay", "label": "Pay", "consequence": "Gone.", "requires": ["sanctions_checked"],
     "cost": {"currency": "EUR", "low": 200_000, "high": 450_000, "note": "to the extortionist"}},
    {"id": "refuse", "label": "Refuse", "consequence": "Backups only."},
]  # fmt: skip


def put(place: Incident, **given: Any) -> Decision:
    asked: dict[str, Any] = {"question": "Pay?", "options": COSTLY, "role": "executive_sponsor"}
    asked |= {"authority": "pay_or_not", "facts": ["backups_usable", "data_exfiltrated"]}
    return actions.open_decision(S, place, **(asked | given))


def brief(decision: Decision) -> dict[str, Any]:
    return brief_of(decision, now_in(decision.incident))


def last(place: Incident, verb: str) -> LogEntry:
    found = LogEntry.objects.filter(chain=place.chain, verb=verb).order_by("sequence").last()
    assert found
    return found


def test_it_says_what_is_known_by_whom_and_what_nobody_has_stated(incident: Incident) -> None:
    analyst = factories.on(incident, "responder")
    actions.set_fact(analyst.actor, incident, name="backups_usable", value=False, because="the test restore failed")
    actions.set_fact(S, incident, name="malware", value=True)
    said = brief(put(incident))
    assert [(k["fact"], k["value"], k["by"], k["because"]) for k in said["known"]] == [
        ("backups_usable", False, analyst.name, "the test restore failed")
    ]
    stated = LogEntry.objects.get(chain=incident.chain, verb="fact.set", object_id="backups_usable")
    assert said["known"][0]["at"] == stated.shown_time
    assert [u["fact"] for u in said["unknown"]] == ["data_exfiltrated", "sanctions_checked"]
    assert [o["fact"] for o in said["also_known"]] == ["malware"]
    assert said["unknown"][0]["means"] == "data left our control"


def test_a_withdrawn_fact_is_not_known_any_more(incident: Incident) -> None:
    actions.set_fact(S, incident, name="backups_usable", value=True)
    actions.withdraw_fact(S, incident, name="backups_usable", because="another machine was tested")
    assert "backups_usable" in {u["fact"] for u in brief(put(incident))["unknown"]}


def test_it_says_who_may_decide_by_when_and_what_happens_else(incident: Incident) -> None:
    due = clock.now() + timedelta(hours=3)
    said = brief(put(incident, due_at=due, if_nobody_decides="Nothing is paid."))
    assert [(m["title"], m["holder"]) for m in said["may_decide"]] == [("Executive sponsor", "Henrik Halden")]
    assert (said["due_at"], said["if_nobody_decides"]) == (due, "Nothing is paid.")


def test_a_step_of_the_plan_brings_condition_instructions_clocks_and_what_waits(incident: Incident) -> None:
    actions.mark_instant(S, incident, anchor="aware", at=clock.now() - timedelta(hours=1))
    actions.set_fact(S, incident, name="ransom_demanded", value=True)
    pay = incident.decisions.get(task__step_id="decide-pay")
    said = brief(pay)
    assert said["when"] == "ransom_demanded"
    assert [k["fact"] for k in said["known"]] == ["ransom_demanded"]
    assert {"backups_usable", "sanctions_checked"} <= {u["fact"] for u in said["unknown"]}
    assert "promise from a criminal" in said["instructions"]
    clocks = {c["title"]: c for c in said["clocks"]}
    assert clocks["Early warning under NIS2"]["due_at"] == incident.tasks.get(step_id="nis2-early-warning").due_at
    assert clocks["Early warning under NIS2"]["missing"], "it names what has to be so for this duty"
    retainer = brief(incident.decisions.get(task__step_id="decide-retainer"))
    assert [w["title"] for w in retainer["waiting"]] == ["Brief the firm and give it access"]


def test_scope_people_findings_and_the_last_report_stand_in_it(incident: Incident) -> None:
    actions.add_scope(S, incident, kind="host", name="FS-01", state="confirmed", because="seen")
    actions.add_scope(S, incident, kind="host", name="FS-02", because="seen")
    actions.add_scope(
        S, incident, kind="data_subjects", name="customers", because="share", count_low=12_000, count_high=15_000
    )
    actions.write_report(S, incident, conditions="Two servers are locked.", actions="", needs="A word on paying.")
    said = view_of(brief(put(incident)), now_in(incident))
    assert [(s["kind"], s["count"], s["states"], s["people"]) for s in said["scope"]] == [
        ("Data subjects", "1", "1 suspected", "12,000 to 15,000"),
        ("Host", "2", "1 confirmed, 1 suspected", ""),
    ]
    assert said["report"]["conditions"] == "Two servers are locked."


def test_who_is_for_what_counts_by_function_and_a_second_word_replaces_the_first(organization: Organization) -> None:
    counsel, manager = (factories.holder(organization, r) for r in ("legal_counsel", "incident_manager"))
    place = factories.incident(organization)
    asked = put(place)
    actions.recommend(counsel.actor, place, decision=asked, option="pay", reason="It is quicker.")
    actions.recommend(manager.actor, place, decision=asked, option="refuse", reason="Backups are good.")
    actions.recommend(counsel.actor, place, decision=asked, option="refuse", reason="The screening is not back.")
    asked.refresh_from_db()
    options = {o["id"]: o for o in view_of(brief(asked), now_in(place))["options"]}
    assert options["pay"]["for"] == []
    assert [(w["by"], w["reason"]) for w in options["refuse"]["for"]] == [
        (manager.name, "Backups are good."),
        (counsel.name, "The screening is not back."),
    ]
    assert options["refuse"]["tally"] == "Incident management 1 · Legal, HR, regulatory 1"
    assert last(place, "decision.recommend").payload["function"] == "legal_hr_regulatory"


@pytest.mark.parametrize(
    ("given", "field"),
    [({"option": "flee", "reason": "x"}, "option"), ({"option": "pay", "reason": "  "}, "reason"),
     ({"option": "pay", "reason": "x" * 1001}, "reason")],
)  # fmt: skip
def test_a_word_that_says_nothing_is_refused(incident: Incident, given: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as told:
        actions.recommend(S, incident, decision=put(incident), **given)
    assert told.value.field == field


def test_nobody_advises_once_it_is_decided(incident: Incident) -> None:
    asked = put(incident)
    actions.decide(S, incident, decision=asked, chosen="refuse", reason="Never.")
    with pytest.raises(Invalid, match="decided this already"):
        actions.recommend(S, incident, decision=asked, option="refuse", reason="So do I.")


def test_an_option_that_waits_for_a_fact_cannot_be_chosen_before_it_is_true(incident: Incident) -> None:
    asked = put(incident)
    for value in (None, False):
        if value is not None:
            actions.set_fact(S, incident, name="sanctions_checked", value=value)
        with pytest.raises(Invalid, match="'Pay' cannot be chosen until this is stated as true") as told:
            actions.decide(S, incident, decision=asked, chosen="pay", reason="We must.")
        assert told.value.field == "chosen"
    assert view_of(brief(asked), now_in(incident))["options"][0]["waits_for"] == [
        "a written screening found nobody on a sanctions list behind the demand"
    ]
    actions.set_fact(S, incident, name="sanctions_checked", value=True)
    actions.decide(S, incident, decision=asked, chosen="pay", reason="Cleared in writing.")


def test_the_brief_is_kept_to_the_letter_and_its_hash_stands_in_the_log(incident: Incident) -> None:
    actions.set_fact(S, incident, name="backups_usable", value=True, because="tested")
    asked = put(incident)
    actions.decide(S, incident, decision=asked, chosen="refuse", reason="Backups are good.")
    asked.refresh_from_db()
    kept = asked.brief
    assert hashlib.sha256(kept.encode()).hexdigest() == asked.brief_sha256
    assert last(incident, "decision.take").payload["brief"] == asked.brief_sha256
    assert canonical(json.loads(kept)).decode() == kept
    actions.set_fact(S, incident, name="backups_usable", value=False)
    actions.add_scope(S, incident, kind="host", name="FS-09", because="late")
    asked.refresh_from_db()
    assert asked.brief == kept
    then = read_brief(asked.brief)
    assert then["known"][0]["value"] is True
    assert then["scope"] == []
    assert (then["at"], then["log"]) == (asked.decided_at, asked.known["log"])


def test_a_changed_fact_marks_the_decision_that_rested_on_it_and_its_return_takes_the_mark_off(
    incident: Incident,
) -> None:
    actions.set_fact(S, incident, name="backups_usable", value=True)
    asked = put(incident)
    actions.decide(S, incident, decision=asked, chosen="refuse", reason="Backups are good.")
    actions.set_fact(S, incident, name="malware", value=True)
    asked.refresh_from_db()
    assert asked.changed == [], "nothing it rests on"
    actions.set_fact(S, incident, name="backups_usable", value=False, because="the copy is locked too")
    actions.set_fact(S, incident, name="data_exfiltrated", value=True)
    asked.refresh_from_db()
    assert [(c["fact"], c["was"], c["now"]) for c in asked.changed] == [
        ("backups_usable", True, False),
        ("data_exfiltrated", None, True),
    ]
    actions.set_fact(S, incident, name="backups_usable", value=True)
    actions.withdraw_fact(S, incident, name="data_exfiltrated", because="it was a backup job")
    asked.refresh_from_db()
    assert asked.changed == []
    entries = LogEntry.objects.filter(chain=incident.chain, verb="decision.unsettle")
    assert entries.count() == 4
    with pytest.raises(Invalid, match="rests on nothing that changed"):
        actions.unsettle(S, incident, decision=asked)


def test_a_question_that_is_asked_again_is_not_shaken_any_more(incident: Incident) -> None:
    asked = put(incident)
    actions.decide(S, incident, decision=asked, chosen="refuse", reason="Never.")
    again = actions.revisit(S, incident, decision=asked, reason="They published.")
    assert (again.before, again.rests_on, again.when) == (asked, asked.rests_on, asked.when)
    assert brief(again)["before"]["label"] == "Refuse"
    actions.set_fact(S, incident, name="data_exfiltrated", value=True)
    asked.refresh_from_db()
    assert asked.changed == []


@pytest.mark.parametrize(
    ("cost", "said"),
    [({"currency": "EUR", "low": 40_000, "high": 60_000, "note": "a day"}, "EUR 40,000 to 60,000 a day"),
     ({"currency": "SEK", "low": 5}, "SEK 5"), (None, "")],
)  # fmt: skip
def test_a_cost_is_said_as_a_person_says_it(cost: dict[str, Any] | None, said: str) -> None:
    assert cost_words(cost) == said


@pytest.mark.parametrize(
    "cost",
    [{"currency": "EUR", "low": 5, "high": 4}, {"currency": "euro", "low": 5}, {"currency": "EUR", "low": -1},
     {"currency": "EUR"}],
)  # fmt: skip
def test_a_cost_that_is_none_is_refused(incident: Incident, cost: dict[str, Any]) -> None:
    options = [{"id": "a", "label": "A", "cost": cost}, {"id": "b", "label": "B"}]
    with pytest.raises(Invalid, match="The cost of 'A' cannot be read") as told:
        put(incident, options=options)
    assert told.value.field == "options"


def test_values_are_said_in_words() -> None:
    assert [value_words(v) for v in (True, False, 12000, 2.5, "FS-01", ["DE", "FR"])] == [
        "yes", "no", "12,000", "2.5", "FS-01", "DE, FR",
    ]  # fmt: skip


def test_a_hostile_text_comes_out_of_the_kept_brief_as_it_went_in(incident: Incident) -> None:
    words = "<script>alert(1)</script> \u202e \x00 {{ x }}"
    actions.set_fact(S, incident, name="backups_usable", value=words)
    asked = put(incident)
    actions.decide(S, incident, decision=asked, chosen="refuse", reason="x")
    asked.refresh_from_db()
    assert read_brief(asked.brief)["known"][0]["value"] == words.replace("\x00", "\u2400")
