"""The Room: the situation as reported, the board three ways, the feed, what is shared between those who look, its weight."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from signing_in import as_user

import factories
from tocsin.core.access import OrgRole
from tocsin.incidents import actions, feeds, kept
from tocsin.incidents.models import Incident, RoleAssignment, SituationReport, Task
from tocsin.people.models import Member, User
from tocsin.plan.models import Function, IncidentRole

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


@pytest.fixture(autouse=True)
def _nothing_drawn() -> None:
    kept.forget()


def page(browser: Client, incident: Incident, path: str = "") -> str:
    answer = browser.get(f"/incidents/{incident.number}/{path}")
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def panes(text: str) -> str:
    return text[text.index("t-situation") : text.index('id="board"')]


def test_before_the_first_report_the_summary_stands_and_a_report_is_offered(lead: Client, incident: Incident) -> None:
    actions.set_summary(S, incident, summary="Files are encrypted on one server.")
    text = panes(page(lead, incident))
    assert "Files are encrypted on one server." in text
    assert "Write a report" in text
    assert "First report in" in text
    assert "Suggested from the record" in page(lead, incident, "situation/form")


def test_the_room_shows_the_report_its_age_and_what_changed_since(lead: Client, incident: Incident) -> None:
    sent = {"conditions": "VPN <closed>.", "actions": "Accounts", "needs": "A decision", "seen": "0"}
    address = f"/incidents/{incident.number}/situation/write?incident={incident.pk}"
    for _click in range(2):
        assert lead.post(address, sent, headers={"HX-Request": "true"}).status_code == 204
    assert SituationReport.objects.count() == 1
    task = incident.tasks.filter(state="open").first()
    assert task
    actions.complete_task(S, incident, task=task, proof="seen")
    text = panes(page(lead, incident))
    assert "VPN &lt;closed&gt;." in text
    assert re.search(r"Report 1 by Anneke de Vries", text)
    assert "1 task done" in text
    stale = lead.post(address, sent | {"actions": "Other", "seen": "0"}, headers={"HX-Request": "true"})
    assert stale.status_code == 422
    assert "wrote report 1 while you were writing" in stale.content.decode()


def test_a_hand_over_is_asked_of_both_and_of_nobody_else(lead: Client, incident: Incident) -> None:
    after = factories.holder(incident.organization, "log_analyst")
    factories.admit(S, incident, user_id=after.pk, role=IncidentRole.RESPONDER)
    observer = as_user(factories.on(incident, IncidentRole.OBSERVER))
    member = Member.objects.get(organization=incident.organization, user=after)
    before = User.objects.get(name="Anneke de Vries")
    with factories.preparing():
        RoleAssignment.objects.filter(incident=incident, role="incident_manager").update(user=before)
    seat = actions.assign_role(S, incident, role="incident_manager", member=member)
    both = (lead, as_user(after))
    for browser in both:
        assert "Write the hand-over note" in page(browser, incident)
    assert "Write the hand-over note" not in page(observer, incident)
    path = f"situation/hand-over/{seat.pk}"
    assert "What is open" in page(lead, incident, path)
    address = f"/incidents/{incident.number}/{path}?incident={incident.pk}"
    sent = {"conditions": "Keep calm", "actions": "T-4", "needs": ""}
    assert lead.post(address, sent, headers={"HX-Request": "true"}).status_code == 204
    assert "Read and acknowledge" in page(both[1], incident)
    note = SituationReport.objects.get()
    taken = f"/incidents/{incident.number}/situation/{note.number}/acknowledge?incident={incident.pk}"
    assert lead.post(taken, headers={"HX-Request": "true"}).status_code == 422
    assert both[1].post(taken, headers={"HX-Request": "true"}).status_code == 204
    assert "Read and acknowledge" not in page(both[1], incident)


def test_the_board_by_person_and_by_time_is_remembered(lead: Client, incident: Incident) -> None:
    assert len(re.findall(r'class="t-window"', page(lead, incident))) == 8
    by_person = page(lead, incident, "?by=person")
    assert 'data-drop="member:' in by_person
    assert 'data-drop="member:' in page(lead, incident)
    assert 'id="w-hour"' in page(lead, incident, "?by=time")
    assert 'id="w-hour"' in page(lead, incident, "?by=nonsense")
    for number in (1, 2):
        assert f"T-{number}" in page(lead, incident, f"tasks/{number}/panel")


def test_tasks_stand_in_columns_by_state_and_can_be_narrowed(lead: Client, incident: Incident) -> None:
    text = page(lead, incident, "tasks?by=state")
    assert re.findall(r'data-drop="state:(\w+)"', text) == ["waiting", "open", "doing", "blocked", "done"]
    member = incident.tasks.filter(state="open").exclude(member=None)[0].member
    assert member
    mine = page(lead, incident, f"tasks?show=all&member={member.pk}")
    own = set(incident.tasks.filter(member=member).values_list("number", flat=True))
    assert {int(n) for n in re.findall(r'data-task="(\d+)"', mine)} == own
    assert (
        page(lead, incident, "tasks?show=all&by=time&when=waiting").count("data-task=")
        == incident.tasks.filter(state="waiting").count()
    )


def test_who_may_not_move_cards_gets_a_board_that_cannot_be_moved(lead: Client, incident: Incident) -> None:
    assert "data-moves" in page(lead, incident)
    assert "data-moves" not in page(as_user(factories.on(incident, IncidentRole.OBSERVER)), incident)


# The feed ----------------------------------------------------------------------------------------


def entries(text: str) -> list[int]:
    return [int(n) for n in re.findall(r'data-seq="(\d+)"', text)]


def test_the_feed_is_filtered_by_kind_and_words_and_goes_back(lead: Client, incident: Incident) -> None:
    for n in range(feeds.PAGE + 5):
        actions.note(S, incident, text=f"watch {n}")
    actions.note(S, incident, text="the printer, of all things")
    kinds = {k: entries(page(lead, incident, f"feed?kind={k}")) for k in feeds.KINDS}
    assert kinds["communication"][0] > kinds["work"][0]
    assert all(len(found) <= feeds.PAGE for found in kinds.values())
    assert len(entries(page(lead, incident, "feed?q=printer"))) == 1
    first = page(lead, incident, "feed?kind=communication")
    older = entries(page(lead, incident, f"feed?kind=communication&before={min(entries(first))}"))
    assert older
    assert max(older) < min(entries(first))
    everything = entries(page(lead, incident, "feed?kind=all"))
    assert everything == sorted(everything, reverse=True)
    assert "No entry fits" in page(lead, incident, "feed?q=nowhere-to-be-found")


def test_every_entry_is_of_one_kind_and_what_tocsin_does_for_itself_is_no_news(
    lead: Client, incident: Incident
) -> None:
    with_system = {e.sequence for e in feeds.entries_of(incident, feeds.ALL)}
    by_kind = [{e.sequence for e in feeds.entries_of(incident, kind)} for kind in feeds.KINDS]
    assert set().union(*by_kind) == with_system
    assert sum(map(len, by_kind)) == len(with_system)
    assert feeds.kind_of("message.settle") == feeds.SYSTEM
    assert all(feeds.kind_of(e.verb) != feeds.SYSTEM for e in feeds.entries_of(incident))


def test_an_entry_leads_to_the_thing_that_it_is_about(lead: Client, incident: Incident) -> None:
    task = incident.tasks.filter(state="open")[0]
    actions.start_task(S, incident, task=task)
    actions.add_scope(S, incident, kind="host", name="SRV-01", because="seen")
    text = page(lead, incident, "feed")
    for link in (f"/incidents/{incident.number}/tasks/{task.number}", f"/incidents/{incident.number}/scope/1"):
        assert f'class="t-log" href="{link}"' in text
        assert lead.get(link).status_code == 200


# What is shared ----------------------------------------------------------------------------------


def questions(browser: Client, incident: Incident) -> int:
    """How many the room asks the database."""
    with CaptureQueriesContext(connection) as asked:
        page(browser, incident)
    return len(asked)


def test_what_one_drew_another_is_given_until_something_changes(lead: Client, incident: Incident) -> None:
    other = as_user(factories.on(incident, IncidentRole.OBSERVER))
    cold = questions(lead, incident)
    page(other, incident)
    assert questions(lead, incident) < cold - 6
    task = incident.tasks.filter(state="open")[0]
    actions.complete_task(S, incident, task=task, proof="done and checked")
    for browser in (lead, other):
        assert "done and checked" in page(browser, incident)


def test_what_is_shared_holds_no_form_and_no_token(lead: Client, incident: Incident) -> None:
    page(lead, incident)
    drawn = [made for _at, made in kept._kept.values() if isinstance(made, str)]
    assert sum(name.startswith("drawn ") for name, *_about in kept._kept) >= 8
    assert not any("csrf" in text or "<form" in text for text in drawn)


def test_each_sees_times_in_their_own_zone_though_the_drawing_is_shared(lead: Client, incident: Incident) -> None:
    far = factories.on(incident, IncidentRole.OBSERVER)
    with factories.preparing():
        User.objects.filter(pk=far.pk).update(time_zone="Asia/Tokyo")
    far.refresh_from_db()
    assert "JST" not in page(lead, incident)
    assert "JST" in page(as_user(far), incident)


# Need-to-know ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "feed", "situation", "situation/form", "situation/hand-over/1", "tasks?by=state"])
def test_who_is_not_on_it_finds_no_room(stranger: Client, client: Client, incident: Incident, path: str) -> None:
    elsewhere = as_user(factories.user(factories.organization("rival"), OrgRole.ADMINISTRATOR))
    for browser in (stranger, elsewhere):
        assert browser.get(f"/incidents/{incident.number}/{path}").status_code == 404
    assert client.get(f"/incidents/{incident.number}/{path}").status_code == 302


def test_a_seat_of_another_incident_is_none_of_this_one(lead: Client, incident: Incident) -> None:
    other = factories.incident(incident.organization, title="Another")
    seat = other.roles.filter(renounced_at=None).exclude(holder="")[0]
    assert lead.get(f"/incidents/{incident.number}/situation/hand-over/{seat.pk}").status_code == 404


# Weight ------------------------------------------------------------------------------------------


def test_the_room_of_a_long_night_is_light(lead: Client, incident: Incident) -> None:
    """67 tasks, 60 people on it, 500 entries of the log: under 150 kB, and as many questions as a small one."""
    for _ in range(58):
        factories.on(incident, IncidentRole.OBSERVER)
    functions, at = list(Function), incident.declared_at
    with factories.preparing():
        incident.decisions.all().delete()
        Task.objects.filter(incident=incident).delete()
        Task.objects.bulk_create(
            Task(incident=incident, number=n + 1, title=f"Look at server {n} in the northern hall", role="log_analyst",
                 function=functions[n % 8], opened_at=at, due_at=at + timedelta(minutes=n * 7), done_when="It is so",
                 state=("open", "doing", "done", "waiting", "blocked")[n % 5], ended_at=at if n % 5 == 2 else None)
            for n in range(67)
        )  # fmt: skip
    while incident.chain.length < 500:
        actions.note(S, incident, text="A note of about the usual length, in the night.")
        incident.chain.refresh_from_db()
    kept.forget()
    with CaptureQueriesContext(connection) as asked:
        answer = lead.get(f"/incidents/{incident.number}/")
    assert len(answer.content) < 150_000
    assert len(asked) <= 40, len(asked)
