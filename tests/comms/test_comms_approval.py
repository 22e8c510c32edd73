"""A message from draft to approval: who may take which step, which exact text it is, what a changed fact does to it."""

from __future__ import annotations

import hashlib

import pytest
from comms_cast import Cast, approved, drafted

import factories
from tocsin.comms import actions
from tocsin.comms.filling import fill, greeted, lifted
from tocsin.comms.models import Message, MessageState
from tocsin.core.access import Forbidden, Hidden
from tocsin.core.action import Invalid, Stale
from tocsin.core.models import LogEntry
from tocsin.incidents.actions import (
    complete_task,
    reopen_task,
    set_fact,
    set_summary,
    start_task,
    withdraw_fact,
)
from tocsin.incidents.models import Incident

pytestmark = pytest.mark.django_db
HASH_OF_NOTHING = "0" * 64


def state(message: Message) -> str:
    message.refresh_from_db()
    return message.state


def test_a_message_to_people_outside_takes_a_review_and_a_legal_approval(incident: Incident, cast: Cast) -> None:
    message = drafted(incident, cast)
    assert state(message) == "draft"
    with pytest.raises(Invalid, match="not in review"):
        actions.review_message(cast.lead.actor, incident, message=message)
    actions.submit_message(cast.writer.actor, incident, message=message)
    with pytest.raises(Invalid, match="not waits for legal approval"):
        actions.approve_legally(cast.counsel.actor, incident, message=message)
    actions.review_message(cast.lead.actor, incident, message=message)
    assert state(message) == "legal"
    with pytest.raises(Forbidden):
        actions.approve_legally(cast.lead.actor, incident, message=message)
    actions.approve_legally(cast.counsel.actor, incident, message=message)
    assert state(message) == "approved"
    text = "Our shop at Halden Foods AB is closed."
    assert message.final_text == text
    assert message.sha256 == hashlib.sha256(f"About the outage\n\n{text}".encode()).hexdigest()
    assert LogEntry.objects.filter(verb="comms.clear").get().payload["sha256"] == message.sha256


def test_a_message_inside_the_house_takes_one_review(incident: Incident, cast: Cast) -> None:
    assert approved(incident, cast, "all-staff").state == "approved"


def test_four_eyes_nobody_approves_what_they_wrote_or_reviewed(incident: Incident, cast: Cast) -> None:
    message = drafted(incident, cast)
    actions.submit_message(cast.writer.actor, incident, message=message)
    with pytest.raises(Invalid, match="You wrote"):
        actions.review_message(cast.writer.actor, incident, message=message)
    actions.review_message(cast.counsel.actor, incident, message=message)
    with pytest.raises(Invalid, match="You reviewed"):
        actions.approve_legally(cast.counsel.actor, incident, message=message)
    # Who changes a word is a writer too.
    other = drafted(incident, cast)
    actions.edit_message(cast.lead.actor, incident, message=other, subject="Other", body="Words.")
    actions.submit_message(cast.lead.actor, incident, message=other)
    with pytest.raises(Invalid, match="You wrote"):
        actions.review_message(cast.lead.actor, incident, message=other)


def test_the_plan_may_name_who_reviews(cast: Cast, incident: Incident) -> None:
    files = dict(factories.plan_files())
    files["plan.yaml"] = files["plan.yaml"].replace(
        "kind: press, contacts: [marco-bianchi]",
        "kind: press, approvals: {reviewer: finance_director, legal: false}, contacts: [marco-bianchi]",
    )
    version = factories.import_plan(factories.SYSTEM, incident.organization, files=files)
    with factories.preparing():
        Incident.objects.filter(pk=incident.pk).update(plan_version=version)
    incident.refresh_from_db()
    message = drafted(incident, cast)
    actions.submit_message(cast.writer.actor, incident, message=message)
    with pytest.raises(Invalid, match="The plan gives this review to: Finance director"):
        actions.review_message(cast.lead.actor, incident, message=message)


def test_a_missing_fact_is_marked_and_blocks_the_approval(incident: Incident, cast: Cast) -> None:
    message = drafted(incident, cast, body="{{ people_affected }} people, says {{ organization }}.")
    actions.submit_message(cast.writer.actor, incident, message=message)
    with pytest.raises(Invalid, match="Not known yet: people affected"):
        actions.review_message(cast.lead.actor, incident, message=message)
    set_fact(factories.SYSTEM, incident, name="people_affected", value=12000)
    actions.review_message(cast.lead.actor, incident, message=message)
    message.refresh_from_db()
    assert message.final_text == "12000 people, says Halden Foods AB."
    assert message.facts == {"people_affected": 12000, "organization": "Halden Foods AB"}


def test_a_text_that_changed_while_it_was_read_is_not_approved(incident: Incident, cast: Cast) -> None:
    message = drafted(incident, cast)
    actions.submit_message(cast.writer.actor, incident, message=message)
    with pytest.raises(Stale):
        actions.review_message(cast.lead.actor, incident, message=message, seen=HASH_OF_NOTHING)


def test_an_edit_needs_the_revision_that_was_seen_and_voids_approvals(incident: Incident, cast: Cast) -> None:
    message = approved(incident, cast)
    with pytest.raises(Stale):
        actions.edit_message(cast.writer.actor, incident, message=message, subject="S", body="B", revision=1)
    edited = actions.edit_message(
        cast.writer.actor, incident, message=message, subject="S", body="B", revision=message.revision
    )
    assert (state(edited), edited.sha256) == ("draft", "")
    assert not edited.approvals.filter(void=False).exists()
    assert [d.body for d in edited.drafts.all()] == ["Our shop at {{ organization }} is closed.", "B"]


@pytest.mark.parametrize(
    "hostile",
    ["{{ incident_id }}", "{% load static %}", "<script>alert(1)</script>", "{{ settings.SECRET_KEY }}", "${jndi:ldap://x}",
     "\u202egnp.exe", "a\x00b\x1bc", "%(who)s {0}", "\r\nBcc: all@example.org"],
)  # fmt: skip
def test_hostile_markup_in_a_fact_is_text(incident: Incident, cast: Cast, hostile: str) -> None:
    set_summary(factories.SYSTEM, incident, summary=f"x{hostile}y")
    message = drafted(incident, cast, subject="So: {{ what_happened }}", body="Said: {{ what_happened }}!")
    actions.submit_message(cast.writer.actor, incident, message=message)
    actions.review_message(cast.lead.actor, incident, message=message)
    message.refresh_from_db()
    incident.refresh_from_db()
    unseen = {"\u202e", "\x00", "\x1b", "\r"}
    said = "".join(c for c in incident.summary if c not in unseen)
    assert message.final_text == f"Said: {said}!"
    assert "\n" not in message.final_subject
    assert incident.number not in message.final_text


@pytest.mark.parametrize(
    "body", ["{{ }}", "{{ a b }}", "{{ organization | safe }}", "{{{{ x }}}}", "{{ 7*7 }}", "{{ open", "}}"]
)
def test_what_is_no_fact_is_a_gap_and_never_computed(body: str) -> None:
    text = fill("S", body, {"organization": "Halden"}, "en")
    assert text.missing
    assert "49" not in text.body


def test_a_salutation_stands_outside_of_the_text(incident: Incident, cast: Cast) -> None:
    salutation, body = lifted("Dear {{ customer_name }},\n\nWe write to you.")
    assert (salutation, body) == ("Dear {{ name }},", "We write to you.")
    assert greeted(salutation, "Ada {{ organization }}", body) == "Dear Ada {{ organization }},\n\nWe write to you."
    assert greeted(salutation, "", body) == body
    with pytest.raises(Invalid, match="nothing else"):
        drafted(incident, cast, salutation="Dear {{ incident_id }}")


def test_a_changed_fact_sends_an_approved_message_back_to_review(incident: Incident, cast: Cast) -> None:
    set_fact(factories.SYSTEM, incident, name="people_affected", value=12000)
    message = approved(incident, cast, body="{{ people_affected }} people.")
    set_fact(factories.SYSTEM, incident, name="host_count", value=3)
    assert state(message) == "approved"
    set_fact(factories.SYSTEM, incident, name="people_affected", value=15000)
    assert state(message) == "in_review"
    assert message.outdated == [{"fact": "people_affected", "was": 12000, "now": 15000}]
    entry = LogEntry.objects.get(verb="comms.outdated")
    assert (entry.payload["facts"], entry.payload["back"]) == (["people_affected"], True)
    assert entry.cause is not None
    actions.review_message(cast.lead.actor, incident, message=message)
    message.refresh_from_db()
    assert (message.final_text, message.outdated) == ("15000 people.", [])


def test_somebody_who_may_approve_can_say_that_it_stands(incident: Incident, cast: Cast) -> None:
    set_fact(factories.SYSTEM, incident, name="people_affected", value=12000)
    message = approved(incident, cast, body="About {{ people_affected }} people.")
    set_fact(factories.SYSTEM, incident, name="people_affected", value=12001)
    with pytest.raises(Invalid, match="counsel says"):
        actions.confirm_stands(cast.lead.actor, incident, message=message, because="It says about.")
    with pytest.raises(Invalid, match="reason"):
        actions.confirm_stands(cast.counsel.actor, incident, message=message, because=" ")
    actions.confirm_stands(cast.counsel.actor, incident, message=message, because="It says about.")
    assert state(message) == "approved"
    assert message.final_text == "About 12000 people."
    assert {a.kind for a in message.approvals.filter(void=False)} == {"review", "legal", "stands"}
    # The same value again is no news; another one is.
    set_fact(factories.SYSTEM, incident, name="people_affected", value=12001)
    assert state(message) == "approved"
    withdraw_fact(factories.SYSTEM, incident, name="people_affected", because="It was a guess.")
    assert state(message) == "in_review"


def test_a_fact_that_falls_between_review_and_legal_approval_is_noticed(incident: Incident, cast: Cast) -> None:
    set_fact(factories.SYSTEM, incident, name="people_affected", value=1)
    message = drafted(incident, cast, body="{{ people_affected }}.")
    actions.submit_message(cast.writer.actor, incident, message=message)
    actions.review_message(cast.lead.actor, incident, message=message)
    set_fact(factories.SYSTEM, incident, name="people_affected", value=2)
    with pytest.raises(Invalid):
        actions.approve_legally(cast.counsel.actor, incident, message=message)
    with pytest.raises(Invalid, match="never approved as a whole"):
        actions.confirm_stands(cast.counsel.actor, incident, message=message, because="Close enough.")


def test_what_is_sent_back_or_withdrawn_says_why_and_not_in_the_log(incident: Incident, cast: Cast) -> None:
    message = approved(incident, cast)
    actions.return_message(cast.lead.actor, incident, message=message, note="Too secret to say: zebra.")
    assert state(message) == "draft"
    assert message.approvals.last().note == "Too secret to say: zebra."  # type: ignore[union-attr]
    actions.withdraw_message(cast.writer.actor, incident, message=message, because="No zebra after all.")
    assert state(message) == MessageState.WITHDRAWN
    assert not LogEntry.objects.filter(payload__icontains="zebra").exists()
    with pytest.raises(Invalid, match="cannot be changed"):
        actions.edit_message(cast.writer.actor, incident, message=message, subject="S", body="B")


def test_a_message_exists_only_for_those_with_a_part_in_it(incident: Incident, cast: Cast) -> None:
    message = drafted(incident, cast)
    for person in (cast.responder, cast.observer):
        with pytest.raises((Hidden, Forbidden)):
            actions.submit_message(person.actor, incident, message=message)
    own = actions.draft_message(cast.responder.actor, incident, audience="press", subject="Mine", body="Words.")
    actions.submit_message(cast.responder.actor, incident, message=own)
    assert state(own) == "in_review"


def test_a_communication_step_that_opens_becomes_a_draft(incident: Incident, cast: Cast) -> None:
    task = incident.tasks.filter(kind="communication", state="waiting").exclude(step_id="")[0]
    step = incident.step(task.step_id)
    assert step is not None
    start_task(factories.SYSTEM, incident, task=task)
    message = incident.outgoing.get(task=task)
    planned = incident.plan_version.plan.messages[step.message or ""]
    assert (message.author_id, message.template, message.subject) == ("tocsin", planned.id, planned.title)
    assert message.audience.key == (step.audience or planned.audience)
    entry = LogEntry.objects.get(chain_id=incident.pk, verb="comms.open", payload__messages__0__task=task.number)
    assert entry.cause is not None
    reopened = incident.outgoing.count()
    complete_task(factories.SYSTEM, incident, task=task, proof="Sent by hand.")
    reopen_task(factories.SYSTEM, incident, task=task, reason="Not all of them.")
    assert incident.outgoing.count() == reopened
