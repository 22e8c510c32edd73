"""What pages tell somebody who has to act: what is urgent, whom to tell with which words, what clocks wait for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

import factories
from tocsin.core.clock import now
from tocsin.disclosure.models import DutyClock, Verdict
from tocsin.disclosure.pages import COUNTS, counted, shown
from tocsin.incidents import actions, board
from tocsin.incidents.models import Decision, Incident, Task
from tocsin.incidents.pages import people_of
from tocsin.people.pages import Part, filled

pytestmark = pytest.mark.django_db
TWO = [{"id": "yes", "label": "Yes", "consequence": ""}, {"id": "no", "label": "No", "consequence": ""}]


def url(incident: Incident, path: str = "") -> str:
    return f"/incidents/{incident.number}/{path}"


def ask(incident: Incident, question: str, minutes: int | None) -> Decision:
    due = None if minutes is None else now() + timedelta(minutes=minutes)
    return actions.open_decision(
        factories.SYSTEM, incident, question=question, options=TWO, role="incident_manager", due_at=due
    )


def of_kind(incident: Incident, kind: str) -> Task:
    """A task of the playbook that tells somebody something with a prepared text."""
    tasks = (t for t in incident.tasks.filter(kind=kind))
    return next(t for t in tasks if (s := incident.step(t.step_id)) and s.message)


# Needs


def test_the_most_urgent_decision_comes_first_wherever_decisions_stand(lead: Client, incident: Incident) -> None:
    ask(incident, "When is dinner?", None)
    for number in range(4):
        ask(incident, f"Something later, {number}?", 4000 + number)
    ask(incident, "Cut the line now?", 3)
    for path in ("", "decisions"):
        text = lead.get(url(incident, path)).content.decode()
        assert text.index("Cut the line now?") < text.index("Something later, 0?")
    room = lead.get(url(incident)).content.decode()
    needs = room[room.index(">Needs<") : room.index("t-strip")]
    assert "Cut the line now?" in needs
    assert "more decisions, due later" in needs


def test_holders_who_cannot_open_the_incident_stand_in_needs(lead: Client, incident: Incident) -> None:
    shut_out = board.cannot_open(incident.roles.filter(renounced_at=None).select_related("member"))
    assert shut_out
    assert "incident_manager" not in {a.role for a in shut_out}
    text = lead.get(url(incident)).content.decode()
    needs = text[text.index(">Needs<") : text.index("t-strip")]
    assert f"{len(shut_out)} holder" in needs
    assert shut_out[0].holder in needs


def test_a_role_is_offered_to_people_only_and_to_those_with_an_account_first(lead: Client, incident: Incident) -> None:
    offered = people_of(incident)
    contacts = incident.plan_version.plan.contacts
    assert {contacts[m.key].kind for m in offered} == {"person"}
    accounts = [m.user_id is not None for m in offered]
    assert accounts == sorted(accounts, reverse=True)
    assert True in accounts
    assert False in accounts
    page = lead.get(url(incident, "roles")).content.decode()
    assert f"{offered[-1].name} · no account: cannot open the incident" in page
    lists = [c.name for c in contacts.values() if c.kind != "person"]
    assert lists
    assert not any(f">{name}</option>" in page for name in lists)


# Prepared texts


def test_a_prepared_text_shows_known_facts_and_visible_gaps() -> None:
    body = "We are {{ organization }}: {{ people_affected }} people, paid: {{ paid }}, {{why}}."
    parts = filled(body, {"organization": "{{ why }} <b>", "paid": False, "people_affected": 0})
    assert "".join(f"[{p.text}]" if p.missing else p.text for p in parts) == (
        "We are {{ why }} <b>: 0 people, paid: no, [why]."
    )
    assert Part("why", "why", missing=True) in parts


def test_a_communication_shows_its_text_and_who_hears_it(lead: Client, incident: Incident) -> None:
    task = of_kind(incident, "communication")
    step, plan = incident.step(task.step_id), incident.plan_version.plan
    assert step
    assert step.message
    page = lead.get(url(incident, f"tasks/{task.number}")).content.decode()
    assert plan.messages[step.message].title in page
    audience = plan.audiences[step.audience or plan.messages[step.message].audience or ""]
    assert plan.contacts[audience.contacts[0]].name in page
    assert "t-gap" in page
    assert "{{" not in page


def test_a_notification_shows_recipient_ways_to_reach_them_and_duty(lead: Client, incident: Incident) -> None:
    task = next(t for t in incident.tasks.filter(kind="notification") if incident.step(t.step_id))
    step = incident.step(task.step_id)
    assert step
    recipient = incident.plan_version.plan.contacts[step.recipient or ""]
    page = lead.get(url(incident, f"tasks/{task.number}")).content.decode()
    assert recipient.name in page
    assert step.regime
    assert step.regime in page
    for way in recipient.methods:
        assert way.url.removeprefix("mailto:").removeprefix("tel:") in page


def test_what_a_fact_says_is_text_in_a_prepared_text(lead: Client, incident: Incident) -> None:
    task = of_kind(incident, "communication")
    actions.set_summary(factories.SYSTEM, incident, summary="<img src=x> {{ organization }}")
    page = lead.get(url(incident, f"tasks/{task.number}")).content.decode()
    assert "<img" not in page


def test_the_plan_page_links_to_each_text(lead: Client, incident: Incident) -> None:
    plan = incident.plan_version.plan
    parts = [lead.get(f"/plan?part={n}").content.decode() for n in range(1, 16)]
    page = next(p for p in parts if "<h2>Messages that are ready</h2>" in p)
    for key in plan.messages:
        assert f"/plan/messages/{key}" in page
        text = lead.get(f"/plan/messages/{key}")
        assert text.status_code == 200
        assert b"{{" not in text.content
    assert lead.get("/plan/messages/no-such-text").status_code == 404


# Facts and times


def test_a_fact_is_changed_and_taken_back_on_the_page(lead: Client, incident: Incident) -> None:
    fact = {"name": "personal_data_affected"}
    lead.post(url(incident, "fact"), fact | {"value": "yes"})
    assert "Take it back" in lead.get(url(incident, "obligations")).content.decode()
    lead.post(url(incident, "fact"), fact | {"value": "no", "because": "it was test data"})
    incident.refresh_from_db()
    assert incident.facts["personal_data_affected"] is False
    assert lead.post(url(incident, "fact/withdraw"), fact).status_code == 422
    lead.post(url(incident, "fact/withdraw"), fact | {"because": "nobody has looked"})
    incident.refresh_from_db()
    assert "personal_data_affected" not in incident.facts
    log = lead.get(url(incident, "log")).content.decode()
    assert "changed a fact: personal data affected is no, no longer yes. Reason: it was test data" in log
    assert "took a fact back: personal data affected is not known any more; it was said to be no." in log


def test_a_time_set_wrongly_is_corrected_with_a_reason(lead: Client, incident: Incident) -> None:
    first, second = (incident.declared_at - timedelta(minutes=m) for m in (50, 5))
    form = {"anchor": "aware", "at": first.isoformat()}
    assert lead.post(url(incident, "instant"), form).status_code == 302
    again = form | {"at": second.isoformat()}
    assert lead.post(url(incident, "instant"), again).status_code == 422
    assert lead.post(url(incident, "instant"), again | {"because": "read the wrong line"}).status_code == 302
    incident.refresh_from_db()
    assert incident.instant("aware") == second
    assert "corrected the instant" in lead.get(url(incident, "log")).content.decode()


# Clocks


def test_the_clocks_add_up_on_every_page(lead: Client, incident: Incident) -> None:
    actions.mark_instant(factories.SYSTEM, incident, anchor="aware", at=incident.declared_at)
    actions.set_fact(factories.SYSTEM, incident, name="significant_incident", value=True)
    incident.refresh_from_db()
    rows = shown(incident, now())
    stages = DutyClock.objects.filter(duty__incident=incident, duty__verdict=Verdict.MAY_APPLY)
    assert {r.stage for r in rows if r.stage} <= set(stages)
    assert {r.notice for r in rows if r.notice} == set(incident.clocks.all())
    assert {r.standing for r in rows} >= {"running", "waiting"}
    words = counted(r.standing for r in rows)
    assert sum(int(part.split()[0]) for part in words.split(", ")) == len(rows)
    assert f"{len(rows)}: {words}" in lead.get(url(incident, "obligations")).content.decode()
    asked = incident.decisions.filter(state="open", due_at__isnull=False).count()
    room = lead.get(url(incident)).content.decode()
    assert f"{len(rows) + asked} clocks in all" in room
    assert f"{len(rows)} duties ({words}), {asked} decision" in room


def test_a_waiting_clock_says_what_it_waits_for_and_counts_nothing_down(lead: Client, incident: Incident) -> None:
    actions.mark_instant(factories.SYSTEM, incident, anchor="aware", at=incident.declared_at)
    incident.refresh_from_db()
    waiting = [r for r in shown(incident, now()) if r.standing == "waiting"]
    gdpr = next(r for r in waiting if r.notice and r.notice.regime == "eu-gdpr-33")
    assert not gdpr.ticks
    assert gdpr.waits.startswith("waits for the answer to: ")
    page = lead.get(url(incident, "obligations")).content.decode()
    row = page[page.index(f'id="c-{gdpr.notice.pk}"') :]
    row = row[: row.index("</article>")]
    assert gdpr.waits in row
    assert "data-due" not in row
    actions.set_fact(factories.SYSTEM, incident, name="personal_data_affected", value=False)
    incident.refresh_from_db()
    later = next(r for r in shown(incident, now()) if r.notice and r.notice.pk == gdpr.notice.pk)
    assert later.waits == "does not apply as the facts stand"


def test_every_standing_has_its_word() -> None:
    assert counted(COUNTS) == "1 late, 1 running, 1 waiting, 1 met, 1 met late, 1 not needed"
    assert counted([]) == ""
