"""Deciding from the record: who may, once, by the signed link, again when its time comes, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

import factories
from access_arguments import TWO
from tocsin.core import clock
from tocsin.core.access import Actor, Forbidden, OrgRole
from tocsin.core.action import Invalid
from tocsin.core.actions import admit
from tocsin.core.models import LogEntry, Organization, OutboxMessage
from tocsin.incidents import actions
from tocsin.incidents.actions.decisions import DecidedBefore
from tocsin.incidents.calling import call_for
from tocsin.incidents.decision_links import asked_by, links_for, seats_asked, token_of
from tocsin.incidents.models import Decision, Incident, RoleAssignment
from tocsin.incidents.reactions_decisions import look_again
from tocsin.incidents.sentences import sentence
from tocsin.people.models import User

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
LINK = Actor.system("Decision link")


@pytest.fixture
def people(organization: Organization) -> dict[str, User]:
    return {r: factories.holder(organization, r) for r in ("executive_sponsor", "incident_manager", "legal_counsel")}


@pytest.fixture
def place(organization: Organization, people: dict[str, User]) -> Incident:
    declarer = factories.user(organization, OrgRole.RESPONDER, name="Nora Night")
    return factories.incident(organization, declarer.actor, playbook_id=None)


def as_user(person: User) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def put(place: Incident, actor: Actor = S, **given: Any) -> Decision:
    asked = {"question": "Cut the plants?", "options": TWO, "role": "executive_sponsor"}
    return actions.open_decision(actor, place, **(asked | {"authority": "isolate_production"} | given))


def sponsor_seat(place: Incident) -> RoleAssignment:
    return place.roles.select_related("member").get(role="executive_sponsor", renounced_at=None)


def link(asked: Decision) -> str:
    return f"/decide/{token_of(asked, sponsor_seat(asked.incident))}"


def letters(asked: Decision, kind: str = "decide") -> Iterator[OutboxMessage]:
    return iter(OutboxMessage.objects.filter(key__startswith=f"{kind}:{asked.pk}:"))


# Who may


def test_who_may_not_hears_who_may(place: Incident, people: dict[str, User]) -> None:
    with pytest.raises(Forbidden, match=r"Executive sponsor \(Henrik Halden\)"):
        actions.decide(people["incident_manager"].actor, place, decision=put(place), chosen="yes", reason="now")


def test_a_backup_who_took_the_seat_decides_and_who_left_it_does_not(place: Incident, people: dict[str, User]) -> None:
    backup = place.plan_version.plan.roles["executive_sponsor"].backups[0]
    member = place.organization.members.get(key=backup)
    asked = put(place)
    actions.assign_role(S, place, role="executive_sponsor", member=member)
    admit(S, place, user_id=people["executive_sponsor"].id, role="decider")
    with pytest.raises(Forbidden, match=re.escape(member.name)):
        actions.decide(people["executive_sponsor"].actor, place, decision=asked, chosen="yes", reason="x")
    actions.decide(LINK, place, decision=asked, chosen="yes", reason="x", member=member)
    asked.refresh_from_db()
    assert (asked.decided_by, asked.via) == (member.name, "link")


def test_nobody_decides_in_somebody_elses_name(place: Incident, people: dict[str, User]) -> None:
    member = sponsor_seat(place).member
    with pytest.raises(Invalid, match="somebody else's name"):
        actions.decide(
            people["incident_manager"].actor, place, decision=put(place), chosen="yes", reason="x", member=member
        )


# Contradicting input


def test_of_two_who_decide_in_the_same_second_one_wins_and_the_other_is_told(
    place: Incident, people: dict[str, User]
) -> None:
    asked = put(place)
    first, second = Decision.objects.get(pk=asked.pk), Decision.objects.get(pk=asked.pk)
    actions.decide(people["executive_sponsor"].actor, place, decision=first, chosen="yes", reason="It spreads.")
    with pytest.raises(DecidedBefore, match="Henrik Halden decided this already: ") as told:
        actions.decide(LINK, place, decision=second, chosen="no", reason="Wait.", member=sponsor_seat(place).member)
    assert told.value.decision.chosen == "yes"
    assert LogEntry.objects.filter(chain=place.chain, verb="decision.take").count() == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [({"chosen": "flee"}, "chosen"), ({"reason": " \n"}, "reason"),
     ({"revisit_at": clock.now() - timedelta(minutes=1)}, "revisit_at")],
)  # fmt: skip
def test_what_is_no_answer_is_refused(
    place: Incident, people: dict[str, User], given: dict[str, Any], field: str
) -> None:
    answer = {"chosen": "yes", "reason": "It spreads."} | given
    asked = put(place)
    with pytest.raises(Invalid) as told:
        actions.decide(people["executive_sponsor"].actor, place, decision=asked, **answer)
    assert told.value.field == field
    asked.refresh_from_db()
    assert (asked.state, asked.brief) == ("open", "")


@pytest.mark.parametrize(
    ("given", "field"),
    [({"due_at": clock.now() - timedelta(hours=1)}, "due_at"), ({"authority": "rule_the_world"}, "authority"),
     ({"facts": ["No Fact"]}, "name")],
)  # fmt: skip
def test_what_a_person_may_not_ask(place: Incident, people: dict[str, User], given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as told:
        put(place, people["incident_manager"].actor, **given)
    assert told.value.field == field


# Decision points open by themselves


@pytest.mark.parametrize(
    ("playbook", "fact", "step"),
    [("ransomware", "ransom_demanded", "decide-pay"), ("ransomware", "data_published", "decide-disclose"),
     ("business-email-compromise", "mfa_bypassed", "decide-retainer"),
     ("cloud-account-takeover", "privileged_account_used", "decide-lock-tenant"),
     ("cloud-account-takeover", "data_exfiltrated", "decide-police"),
     ("data-exfiltration", "personal_data_affected", "decide-retainer"),
     ("denial-of-service", "extortion_of_service", "decide-pay"), ("general", "malicious", "decide-police"),
     ("insider", "data_exfiltrated", "decide-retainer"), ("supply-chain", "product_affected", "decide-disclose"),
     ("web-application-compromise", "card_data_compromise", "decide-retainer")],
)  # fmt: skip
def test_a_question_opens_by_itself_when_its_condition_becomes_true(
    organization: Organization, playbook: str, fact: str, step: str
) -> None:
    place = factories.incident(organization, playbook_id=playbook)
    assert not place.decisions.filter(step_id=step).exists()
    actions.set_fact(S, place, name=fact, value=True)
    asked = place.decisions.get(step_id=step)
    assert fact in asked.rests_on
    assert asked.authority
    assert asked.due_at is not None


# The link


def test_the_decider_gets_a_link_that_says_nothing_of_the_incident(place: Incident) -> None:
    asked = put(place, due_at=clock.now() + timedelta(hours=1))
    (sent,) = letters(asked)
    assert sent.recipient == "Henrik Halden"
    assert f"D-{asked.number}" in sent.subject
    assert "/decide/" in sent.body
    for secret in (place.title, asked.question, "Cut"):
        assert secret not in sent.subject + sent.body


def test_who_asks_themselves_is_not_written_to(place: Incident, people: dict[str, User]) -> None:
    asked = put(place, people["incident_manager"].actor, role="incident_manager", authority="engage_retainer")
    assert list(letters(asked)) == []


def test_who_takes_the_seat_gets_the_questions_that_wait_for_it(place: Incident) -> None:
    asked = put(place)
    backup = place.plan_version.plan.roles["executive_sponsor"].backups[0]
    actions.assign_role(S, place, role="executive_sponsor", member=place.organization.members.get(key=backup))
    assert len(list(letters(asked))) == 2


def test_two_taps_decide_without_an_account(client: Client, place: Incident) -> None:
    asked = put(place, due_at=clock.now() + timedelta(hours=1), if_nobody_decides="The links stay up.")
    page = client.get(link(asked))
    assert page.status_code == 200
    text = page.content.decode()
    for words in ("Cut the plants?", "The links stay up.", 'value="yes"', 'name="reason"', "not known"):
        assert words in text
    assert "/sign-in" not in page.headers.get("Location", "")
    asked.refresh_from_db()
    assert asked.state == "open", "looking decides nothing"
    form = {"chosen": "yes", "reason": "It spreads.", "revisit_in": "4"}
    assert client.post(link(asked), form).status_code == 302
    assert client.post(link(asked), form | {"chosen": "no"}).status_code == 302, "a double tap"
    asked.refresh_from_db()
    assert (asked.chosen, asked.reason, asked.decided_by, asked.via) == ("yes", "It spreads.", "Henrik Halden", "link")
    assert asked.revisit_at is not None
    assert timedelta(hours=3, minutes=59) < asked.revisit_at - clock.now() < timedelta(hours=4)
    after = client.get(link(asked)).content.decode()
    assert "<h1>Decided</h1>" in after
    assert "It spreads." in after
    entry = LogEntry.objects.get(chain=place.chain, verb="decision.take")
    assert entry.actor["name"] == "Decision link"
    assert sentence(entry).startswith("Henrik Halden decided")


def test_a_refusal_behind_the_link_keeps_what_was_typed(client: Client, place: Incident) -> None:
    asked = put(place)
    answer = client.post(link(asked), {"chosen": "yes", "reason": " "})
    assert answer.status_code == 422
    assert 'value="yes" required checked' in answer.content.decode()
    answer = client.post(link(asked), {"chosen": "flee", "reason": "Because it burns."})
    assert answer.status_code == 422
    assert "Because it burns." in answer.content.decode()
    assert client.post(link(asked), {"chosen": "yes", "reason": "x", "revisit_in": "5"}).status_code == 422


def test_whoever_was_slower_reads_who_decided_what(client: Client, place: Incident) -> None:
    asked = put(place)
    where = link(asked)
    actions.decide(S, place, decision=asked, chosen="no", reason="Not yet.")
    assert client.post(where, {"chosen": "yes", "reason": "Now."}).status_code == 302
    page = client.get(where).content.decode()
    assert "Tocsin decided this" in page
    assert "Not yet." in page


@pytest.mark.parametrize("why", ["seat", "closed", "time", "forged", "inactive"])
def test_a_link_ends(client: Client, place: Incident, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = put(place)
    where, status = link(asked), 410
    if why == "seat":
        backup = place.plan_version.plan.roles["executive_sponsor"].backups[0]
        actions.assign_role(S, place, role="executive_sponsor", member=place.organization.members.get(key=backup))
    elif why == "closed":
        actions.close(S, place, outcome="near_miss", reason="It was nothing.", left_open="Nothing.")
    elif why == "time":
        later = clock.now() + timedelta(days=8)
        monkeypatch.setattr(clock, "now", lambda: later)
    elif why == "inactive":
        with factories.preparing():
            type(sponsor_seat(place).member).objects.filter(pk=sponsor_seat(place).member_id).update(active=False)
    else:
        where, status = where[:-2] + "xx", 404
    page = client.get(where)
    assert page.status_code == status
    assert asked.question not in page.content.decode()
    assert client.post(where, {"chosen": "yes", "reason": "x"}).status_code == status
    asked.refresh_from_db()
    assert asked.state == "open"


def test_the_link_of_another_seat_decides_nothing(client: Client, place: Incident) -> None:
    """A question whose authority moved on (here: another role's) is not answered by a link made before."""
    asked = put(place)
    scribe = place.roles.select_related("member").get(role="scribe", renounced_at=None)
    answer = client.post(f"/decide/{token_of(asked, scribe)}", {"chosen": "yes", "reason": "x"})
    assert answer.status_code == 403
    assert "Executive sponsor (Henrik Halden)" in answer.content.decode()
    other = factories.incident(place.organization, title="Another", playbook_id=None)
    assert asked_by(token_of(put(other), scribe)) is None
    assert [s.role for s in seats_asked(asked)] == ["executive_sponsor"]


def test_hostile_words_are_shown_as_words(client: Client, place: Incident) -> None:
    options = [{"id": "a", "label": "<b onclick=x>A"}, {"id": "b", "label": "B"}]
    page = client.get(link(put(place, question="<script>alert(1)</script>", options=options))).content.decode()
    assert "<script>alert" not in page
    assert "<b onclick" not in page


# Again


def test_the_question_is_put_again_when_its_time_comes_and_only_once(
    place: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = put(place)
    actions.decide(S, place, decision=asked, chosen="no", reason="Wait.", revisit_at=clock.now() + timedelta(hours=2))
    look_again()
    assert not place.decisions.filter(before=asked).exists()
    later = clock.now() + timedelta(hours=2, minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    look_again()
    look_again()
    again = place.decisions.get(before=asked)
    assert again.state == "open"
    entry = LogEntry.objects.get(chain=place.chain, verb="decision.revisit")
    assert entry.actor["name"] == "Clock"
    assert "looked at again" in entry.payload["reason"]
    assert len(list(letters(again))) == 1, "the decider gets a new link"


def test_who_decided_hears_that_it_rests_on_something_that_changed_once(place: Incident) -> None:
    asked = put(place, facts=["ot_affected"])
    actions.decide(S, place, decision=asked, chosen="no", reason="Office only.")
    actions.set_fact(S, place, name="ot_affected", value=False)
    actions.set_fact(S, place, name="ot_affected", value=True)
    (told,) = letters(asked, "shaken")
    assert told.recipient == "Henrik Halden"
    assert "ot_affected" not in told.body + told.subject
    told_in_feed = sentence(LogEntry.objects.filter(chain=place.chain, verb="decision.unsettle").last())  # type: ignore[arg-type]
    assert told_in_feed.endswith("not known → yes")


# Pages


def test_the_brief_page_and_the_list(place: Incident, people: dict[str, User]) -> None:
    asked = put(place, facts=["ot_affected", "backups_usable"])
    actions.set_fact(people["incident_manager"].actor, place, name="ot_affected", value=True, because="alarm in hall 3")
    where = f"/incidents/{place.number}/decisions/{asked.number}"
    manager, sponsor = as_user(people["incident_manager"]), as_user(people["executive_sponsor"])
    manager.post(f"{where}/advise", {"option": "yes", "reason": "Every minute counts."})
    page = sponsor.get(where).content.decode()
    for words in ("alarm in hall 3", "a clean, complete and recent backup exists and was tested", "Not known",
                  "Every minute counts.", "1 is for it: Incident management 1"):  # fmt: skip
        assert words in page
    assert '<fieldset class="t-choices t-options" disabled' in manager.get(where).content.decode()
    form = {"chosen": "yes", "reason": "It spreads."}
    assert sponsor.post(f"{where}/decide", form).status_code == 302
    assert sponsor.post(f"{where}/decide", form).status_code == 302, "a double tap"
    assert sponsor.post(f"{where}/decide", {"chosen": "no", "reason": "x"}).status_code == 422
    actions.set_fact(S, place, name="ot_affected", value=False)
    page = sponsor.get(where).content.decode()
    asked.refresh_from_db()
    for words in ("Known then", "alarm in hall 3", "It rests on something that changed", asked.brief_sha256):
        assert words in page
    assert "rests on something that changed" in sponsor.get(f"/incidents/{place.number}/decisions").content.decode()


def test_a_question_by_hand_takes_costs_and_an_authority(place: Incident, people: dict[str, User]) -> None:
    manager = as_user(people["incident_manager"])
    form = {"question": "Rent machines?", "role": "incident_manager", "authority": "emergency_spend", "currency": "eur",
            "option_a": "Rent", "cost_a": "40000", "cost_to_a": "60000", "option_b": "Wait"}  # fmt: skip
    assert manager.post(f"/incidents/{place.number}/decisions/ask", form).status_code == 302
    asked = place.decisions.get(question="Rent machines?")
    assert asked.options[0]["cost"] == {"currency": "EUR", "low": 40000, "high": 60000}
    page = manager.get(f"/incidents/{place.number}/decisions/{asked.number}").content.decode()
    assert "EUR 40,000 to 60,000" in page
    assert manager.post(f"/incidents/{place.number}/decisions/ask", form | {"cost_a": "lots"}).status_code == 422


def test_a_called_person_finds_their_questions_behind_the_same_link(place: Incident) -> None:
    asked = put(place, due_at=clock.now() + timedelta(minutes=5))
    ((first, token), *_rest) = links_for(place, sponsor_seat(place))
    found = asked_by(token)
    assert found is not None
    assert (first, found.decision, found.seat) == (asked, asked, sponsor_seat(place))


def test_who_is_being_called_and_decides_by_the_link_has_answered(client: Client, place: Incident) -> None:
    paging = call_for(S, place, "executive_sponsor", "the plants are hit")
    asked = put(place)
    client.post(link(asked), {"chosen": "yes", "reason": "It spreads."})
    paging.refresh_from_db()
    assert (paging.state, paging.calls.get(member=sponsor_seat(place).member).via) == ("answered", "acted")
