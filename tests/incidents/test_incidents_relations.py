"""How incidents end and belong together: nothing is lost, nothing is said to who may not know, nobody acts twice."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

import factories
from tocsin.core.access import Forbidden, Hidden, OrgRole
from tocsin.core.action import Invalid
from tocsin.core.clock import now
from tocsin.core.log import verify_chain
from tocsin.core.models import Chain, Grant, LogEntry
from tocsin.disclosure.models import ClockState, NoticeClock
from tocsin.incidents import actions, together
from tocsin.incidents.models import Decision, Incident, Outcome, Phase, Task
from tocsin.incidents.queries.relations import also_led, related
from tocsin.incidents.reactions import watch_deadlines
from tocsin.people.models import User
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
TWO = [{"id": "yes", "label": "Yes", "consequence": ""}, {"id": "no", "label": "No", "consequence": ""}]


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def plain(place: Any, title: str = "Mail stolen", **given: Any) -> Incident:
    return factories.incident(place, title=title, playbook_id=None, **given)


def leads(*incidents: Incident, org_role: str = OrgRole.RESPONDER) -> User:
    """Somebody who leads all of these."""
    person = factories.on(incidents[0], IncidentRole.LEAD, org_role)
    for incident in incidents[1:]:
        factories.admit(S, incident, user_id=person.id, role=IncidentRole.LEAD)
    return person


@pytest.fixture
def source(incident: Incident) -> Incident:
    """An incident with everything in it that can go along."""
    actions.add_task(S, incident, title="Pull the plug", role="log_analyst", due_at=now() + timedelta(hours=3))
    actions.open_decision(S, incident, question="Cut the line?", options=TWO, role="incident_manager")
    actions.state_finding(S, incident, claim="PowerShell ran", confidence="high", cites=["E-01#7"])
    actions.add_scope(S, incident, kind="host", name="SRV-03", state="confirmed", because="seen", cites=["E-01#7"])
    actions.add_scope(S, incident, kind="host", name="SRV-04", because="a login from SRV-03")
    return incident


@pytest.fixture
def target(incident: Incident) -> Incident:
    return plain(incident.organization, "The same intruder")


# Closing and re-opening ---------------------------------------------------------------------------


def test_closing_says_what_is_open_and_takes_words_to_leave_it(source: Incident) -> None:
    lead = leads(source)
    with pytest.raises(Invalid, match=r"Still open: .*D-\d+ Cut the line") as refused:
        actions.close(lead.actor, source, outcome=Outcome.NEAR_MISS, reason="The gateway held.")
    assert refused.value.field == "left_open"
    source.refresh_from_db()
    assert source.phase != Phase.CLOSED
    actions.close(
        lead.actor, source, outcome=Outcome.NEAR_MISS, reason="The gateway held.", left_open="The day shift does them."
    )
    source.refresh_from_db()
    assert (source.phase, source.outcome) == (Phase.CLOSED, Outcome.NEAR_MISS)
    assert source.instant("closed")
    entry = source.chain.entries.get(verb="incident.close")
    assert entry.payload["left_open"] == "The day shift does them."
    assert entry.payload["tasks"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"outcome": "merged", "reason": "x"}, "outcome"),
        ({"outcome": "", "reason": "x"}, "outcome"),
        ({"outcome": "near_miss", "reason": "  "}, "reason"),
    ],
)
def test_closing_takes_an_outcome_and_a_reason(target: Incident, given: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        actions.close(S, target, **given)
    assert refused.value.field == field


def test_the_second_to_close_hears_who_was_first(target: Incident) -> None:
    one, other = leads(target), leads(target)
    stale = Incident.objects.get(pk=target.pk)
    actions.close(one.actor, target, outcome=Outcome.FALSE_POSITIVE, reason="A test by the vendor.")
    with pytest.raises(Invalid, match=f"{one.name} closed .* already .false positive"):
        actions.close(other.actor, stale, outcome=Outcome.TRUE_POSITIVE, reason="It is over.")
    assert target.chain.entries.filter(verb="incident.close").count() == 1


def test_closing_and_reopening_have_one_way_each(target: Incident) -> None:
    with pytest.raises(Invalid, match="outcome"):
        actions.set_phase(S, target, phase=Phase.CLOSED)
    actions.set_phase(S, target, phase=Phase.CONTAINED)
    actions.close(S, target, outcome=Outcome.TRUE_POSITIVE, reason="over")
    with pytest.raises(Invalid, match="re-opened with a reason"):
        actions.set_phase(S, target, phase=Phase.INVESTIGATING)
    actions.reopen(S, target, reason="It came back.")
    target.refresh_from_db()
    assert (target.phase, target.outcome, target.instant("closed")) == (Phase.CONTAINED, "", None)
    with pytest.raises(Invalid, match="is not closed"):
        actions.reopen(S, target, reason="Again.")


def test_a_closed_incident_reminds_of_nothing_but_its_duties(incident: Incident) -> None:
    duty = incident.tasks.filter(kind="notification").first()
    assert duty is not None
    actions.start_task(S, incident, task=duty)
    plain_task = actions.add_task(S, incident, title="Look", role="log_analyst", due_at=now() + timedelta(hours=1))
    actions.close(S, incident, outcome=Outcome.TRUE_POSITIVE, reason="over", left_open="the regulator waits")
    with factories.preparing():
        Task.objects.filter(pk__in=(duty.pk, plain_task.pk)).update(due_at=now() - timedelta(minutes=5))
    watch_deadlines()
    assert Task.objects.get(pk=duty.pk).overdue_logged
    assert not Task.objects.get(pk=plain_task.pk).overdue_logged


def test_a_stale_form_on_a_closed_incident_gets_a_clear_word(target: Incident) -> None:
    lead = leads(target)
    task = actions.add_task(S, target, title="Look", role="log_analyst")
    actions.close(lead.actor, target, outcome=Outcome.FALSE_POSITIVE, reason="nothing", left_open="later")
    with pytest.raises(Invalid, match=r"is closed\. To go on working"):
        actions.add_scope(lead.actor, target, kind="host", name="SRV-03", because="seen")
    actions.complete_task(lead.actor, target, task=task, proof="Looked.")  # what was left open can be finished
    page = browser(lead)
    answer = page.post(f"/incidents/{target.number}/tasks/add", {"title": "More", "role": "log_analyst"})
    assert answer.status_code == 422
    assert "is closed" in answer.content.decode()


# Parent and child ---------------------------------------------------------------------------------


def test_only_who_is_on_both_sees_that_they_belong_together(incident: Incident, target: Incident) -> None:
    lead = leads(incident, target)
    actions.adopt(lead.actor, incident.organization, parent=incident, child=target)
    target.refresh_from_db()
    assert related(lead.actor, target).parent == incident
    assert related(lead.actor, incident).children == [target]
    below, above = factories.on(target, IncidentRole.RESPONDER), factories.on(incident, IncidentRole.LEAD)
    assert not related(below.actor, target)
    assert not related(above.actor, incident)
    for person, here, there in ((below, target, incident), (above, incident, target)):
        for path in ("", "related", "log", "report"):
            text = browser(person).get(f"/incidents/{here.number}/{path}").content.decode()
            assert there.number not in text, path
            assert str(there.pk) not in text, path
    chains = LogEntry.objects.filter(chain_id__in=(incident.pk, target.pk))
    assert not chains.filter(verb="incident.adopt").exists()


def test_it_takes_the_lead_of_both(incident: Incident, target: Incident) -> None:
    half = factories.on(incident, IncidentRole.LEAD)
    with pytest.raises(Hidden):
        actions.adopt(half.actor, incident.organization, parent=incident, child=target)
    factories.admit(S, target, user_id=half.id, role=IncidentRole.OBSERVER)
    for do in (
        lambda: actions.adopt(half.actor, incident.organization, parent=incident, child=target),
        lambda: together.merge(half.actor, incident, target, reason="same"),
        lambda: actions.receive(half.actor, incident, source=target),
    ):
        with pytest.raises(Forbidden):
            do()
    assert also_led(half.actor, incident) == []


def test_releasing_does_not_tell_whether_there_is_a_parent(incident: Incident, target: Incident) -> None:
    child_lead = factories.on(target, IncidentRole.LEAD, OrgRole.RESPONDER)
    said = []
    for _round in range(2):
        with pytest.raises(Invalid) as refused:
            actions.release(child_lead.actor, incident.organization, child=target)
        said.append(str(refused.value))
        actions.adopt(S, incident.organization, parent=incident, child=target) if not _round else None
    assert said[0] == said[1]


def test_no_circle_and_no_endless_tower(incident: Incident) -> None:
    home = incident.organization
    row = [plain(home, f"Level {n}") for n in range(6)]
    for above, below in itertools.pairwise(row[:5]):
        actions.adopt(S, home, parent=above, child=below)
    with pytest.raises(Invalid, match="circle"):
        actions.adopt(S, home, parent=row[3], child=row[0])
    with pytest.raises(Invalid, match="circle"):
        actions.adopt(S, home, parent=row[0], child=row[0])
    with pytest.raises(Invalid, match="More than 5"):
        actions.adopt(S, home, parent=row[4], child=row[5])
    actions.release(S, home, child=row[4])
    row[4].refresh_from_db()
    assert row[4].parent is None


def test_an_exercise_and_another_organization_stay_apart(incident: Incident) -> None:
    drill = plain(incident.organization, "Rehearsal", exercise=True)
    rival = plain(factories.organization("rival"))
    lead = leads(incident, drill, rival)
    with pytest.raises(Invalid, match="exercise"):
        actions.adopt(lead.actor, incident.organization, parent=incident, child=drill)
    with pytest.raises(Invalid, match="exercise"):
        together.merge(lead.actor, incident, drill, reason="same")
    with pytest.raises(Hidden):
        actions.adopt(lead.actor, incident.organization, parent=incident, child=rival)
    with pytest.raises(Invalid, match="different organizations"):
        together.merge(lead.actor, incident, rival, reason="same")


# Merging ------------------------------------------------------------------------------------------


def test_merging_loses_nothing(source: Incident, target: Incident) -> None:
    lead = leads(source, target)
    open_before = {t.title for t in source.tasks.filter(state__in=("open", "doing", "blocked")) if t.kind != "decision"}
    together.merge(lead.actor, source, target, reason="The same intruder.")
    source.refresh_from_db()
    assert (source.phase, source.outcome, source.merged_into) == (Phase.CLOSED, Outcome.MERGED, target)
    assert open_before <= set(target.tasks.values_list("title", flat=True))
    moved = target.tasks.get(title="Pull the plug")
    there = source.tasks.get(title="Pull the plug")
    assert (moved.due_at, moved.state, there.state) == (there.due_at, "open", "skipped")
    assert "Moved" in there.proof
    said = source.chain.entries.get(verb="incident.merge").payload
    assert {"task": there.number, "to": moved.number, "state": "open"} in said["tasks"]
    asked = target.decisions.get(question="Cut the line?")
    assert (asked.state, source.decisions.get(question="Cut the line?").state) == ("open", "withdrawn")
    finding = target.findings.get(claim="PowerShell ran")
    assert finding.cites == [f"{source.number} F-{source.findings.get().number}"]
    assert source.findings.count() == 1  # citable where it was
    entry = target.scope.get(name="SRV-03")
    assert entry.state == "confirmed"
    assert f"From {source.number} S-" in entry.changes.get().because
    assert source.scope.count() == 2
    received = target.chain.entries.get(verb="incident.receive")
    assert received.cause == {
        "chain": str(source.pk),
        "sequence": source.chain.entries.get(verb="incident.merge").sequence,
    }
    for place in (source, target):
        assert verify_chain(Chain.objects.get(pk=place.pk)).holds


def test_scope_that_both_know_is_one_entry_and_keeps_what_is_surer(source: Incident, target: Incident) -> None:
    suspected = actions.add_scope(S, target, kind="host", name="srv-03", because="an alert")
    contained = actions.add_scope(S, target, kind="host", name="SRV-04", state="contained", because="cut off")
    together.merge(S, source, target, reason="same")
    suspected.refresh_from_db()
    contained.refresh_from_db()
    assert (suspected.state, contained.state) == ("confirmed", "contained")
    assert target.scope.count() == 2
    assert "suspected there: a login from SRV-03" in contained.changes.last().because  # type: ignore[union-attr]


def test_a_duty_keeps_its_clock_where_it_goes_on(source: Incident, target: Incident) -> None:
    duty = source.tasks.filter(kind="notification", clock__isnull=False).first()
    assert duty is not None
    actions.mark_instant(S, source, anchor="aware", at=now() - timedelta(hours=2))
    actions.start_task(S, source, task=Task.objects.get(pk=duty.pk))
    before = NoticeClock.objects.get(task=duty)
    assert before.due_at is not None
    together.merge(S, source, target, reason="same")
    after = NoticeClock.objects.get(incident=target, title=before.title)
    assert (after.due_at, after.started_at, after.state) == (before.due_at, before.started_at, ClockState.RUNNING)
    assert NoticeClock.objects.get(task=duty).state == ClockState.NOT_NEEDED
    actions.complete_task(S, target, task=after.task, proof="Filed as 2026/17.")
    after.refresh_from_db()
    assert (after.state, after.started_at) == (ClockState.MET, before.started_at)


def test_people_come_along_only_if_they_are_chosen(source: Incident, target: Incident) -> None:
    lead, chosen, left = (
        leads(source, target), factories.on(source, IncidentRole.LEAD), factories.on(source, IncidentRole.COUNSEL),
    )  # fmt: skip
    stranger = factories.user(source.organization)
    together.merge(lead.actor, source, target, reason="same", people=[chosen.id, stranger.id])
    held = Grant.objects.filter(chain=target.pk)
    assert list(held.filter(user=chosen).values_list("role", flat=True)) == [IncidentRole.RESPONDER]
    assert not held.filter(user__in=(left, stranger)).exists()
    page = browser(left).get(f"/incidents/{source.number}/related").content.decode()
    assert "Merged" in page
    assert target.number not in page
    answer = browser(left).post(f"/incidents/{source.number}/note", {"text": "One more thing."})
    assert answer.status_code == 422
    assert target.number not in answer.content.decode()
    told = browser(chosen).post(f"/incidents/{source.number}/note", {"text": "One more thing."}).content.decode()
    assert f"merged into {target.number}" in told


def test_a_merged_or_closed_incident_is_not_merged_again(source: Incident, target: Incident) -> None:
    third = plain(source.organization, "A third")
    together.merge(S, source, target, reason="same")
    stale = Incident.objects.get(pk=source.pk)
    with pytest.raises(Invalid, match="already"):
        together.merge(S, stale, third, reason="same")
    with pytest.raises(Invalid, match="Re-open it first"):
        together.merge(S, third, source, reason="same")
    with pytest.raises(Invalid, match="itself"):
        together.merge(S, third, third, reason="same")


def test_parting_brings_back_what_moved(source: Incident, target: Incident) -> None:
    lead = leads(source, target)
    together.merge(lead.actor, source, target, reason="same")
    done = target.tasks.filter(kind="task").exclude(title="Pull the plug").filter(state="open").first()
    assert done is not None
    actions.complete_task(S, target, task=done, proof="Carried out.")
    half = factories.on(source, IncidentRole.LEAD)
    with pytest.raises(Invalid, match="leads the other"):
        together.reopen(half.actor, Incident.objects.get(pk=source.pk), reason="mistake")
    together.reopen(lead.actor, Incident.objects.get(pk=source.pk), reason="They are two after all.")
    source.refresh_from_db()
    assert (source.phase, source.outcome, source.merged_into) == (Phase.DECLARED, "", None)
    assert source.tasks.get(title="Pull the plug").state == "open"
    assert target.tasks.get(title="Pull the plug").state == "skipped"
    assert source.tasks.get(title=done.title).state == "done"
    assert "Carried out." in source.tasks.get(title=done.title).proof
    assert source.decisions.get(question="Cut the line?").state == "open"
    assert target.decisions.get(question="Cut the line?").state == "withdrawn"
    assert target.findings.filter(claim="PowerShell ran").exists()


# Splitting ----------------------------------------------------------------------------------------


def test_a_part_split_off_is_nobodys_business_on_the_whole(source: Incident) -> None:
    lead = leads(source)
    comes, stays = factories.on(source, IncidentRole.RESPONDER), factories.on(source, IncidentRole.RESPONDER)
    task, asked = source.tasks.get(title="Pull the plug"), source.decisions.get(question="Cut the line?")
    child = together.split(
        lead.actor, source, title="An insider", severity=1, reason="Personnel matter", tasks=[task.number],
        decisions=[asked.number], findings=[1], scope=[1], people=[comes.id], key="k",
    )  # fmt: skip
    assert child.parent == source
    assert child.tasks.get().title == "Pull the plug"
    assert child.decisions.get().question == "Cut the line?"
    assert Task.objects.get(pk=task.pk).state == "skipped"
    assert Decision.objects.get(pk=asked.pk).state == "withdrawn"
    assert child.findings.get().claim == "PowerShell ran"
    assert child.scope.get().name == "SRV-03"
    assert source.scope.count() == 2
    assert Grant.objects.filter(chain=child.pk, user=comes).exists()
    assert not Grant.objects.filter(chain=child.pk, user=stays).exists()
    for entry in source.chain.entries.all():
        assert child.number not in str(entry.payload)
        assert str(child.pk) not in str(entry.payload)
    for entry in child.chain.entries.all():
        assert source.number not in str(entry.payload)
        assert str(source.pk) not in str(entry.payload)
    assert together.split(lead.actor, source, title="An insider", severity=1, reason="again", key="k") == child


def test_a_split_that_is_refused_leaves_nothing(source: Incident) -> None:
    lead, before = leads(source), LogEntry.objects.count()
    duty = source.tasks.filter(kind="notification").first()
    assert duty is not None
    with pytest.raises(Invalid, match="stays here"):
        together.split(lead.actor, source, title="Part", severity=2, reason="x", tasks=[duty.number])
    with pytest.raises(Invalid, match="No longer open"):
        together.split(lead.actor, source, title="Part", severity=2, reason="x", tasks=[9999])
    assert LogEntry.objects.count() == before
    assert Incident.objects.filter(parent=source).count() == 0


# Pages --------------------------------------------------------------------------------------------


def test_the_pages_do_it_all(source: Incident, target: Incident) -> None:
    lead = leads(source, target)
    page, at = browser(lead), f"/incidents/{source.number}"
    assert target.number in page.get(f"{at}/related").content.decode()
    assert page.post(f"{at}/related/adopt", {"other": str(target.pk), "as": "parent"}).status_code == 302
    source.refresh_from_db()
    assert source.parent == target
    assert "part of" in page.get(f"{at}/").content.decode()
    assert page.post(f"{at}/related/release").status_code == 302
    preview = page.get(f"{at}/merge?target={target.pk}").content.decode()
    assert "2 scope entries, 1 findings" in preview
    split = page.post(
        f"{at}/split", {"title": "Part", "severity": "2", "reason": "its own", "scope": ["2"], "key": "a"}
    )
    assert split.status_code == 302
    refused = page.post(f"{at}/close", {"outcome": "near_miss", "reason": "The words that I wrote"})
    assert refused.status_code == 422
    assert "The words that I wrote" in refused.content.decode()
    assert page.post(f"{at}/merge", {"target": str(target.pk), "reason": "same"}).status_code == 302
    assert "goes on in" in page.get(f"{at}/").content.decode()
    assert page.post(f"{at}/reopen", {"reason": "two after all"}).status_code == 302
    assert page.post(f"{at}/close", {"outcome": "near_miss", "reason": "held", "left_open": "x"}).status_code == 302
    assert "Near miss" in page.get("/incidents?show=closed").content.decode()
    for path in ("related", "close", "merge", "split", "log", ""):
        assert len(page.get(f"{at}/{path}").content) < 150_000


def test_an_outsider_gets_nothing_from_any_of_the_pages(source: Incident, target: Incident) -> None:
    outsider = factories.user(source.organization)
    on_one = factories.on(source, IncidentRole.LEAD)
    for path in ("related", "close", "merge", "split"):
        assert browser(outsider).get(f"/incidents/{source.number}/{path}").status_code == 404
    page = browser(on_one)
    assert page.get(f"/incidents/{source.number}/merge?target={target.pk}").status_code == 404
    assert page.post(f"/incidents/{source.number}/merge", {"target": str(target.pk), "reason": "x"}).status_code == 404
    assert page.post(f"/incidents/{source.number}/related/adopt", {"other": str(target.pk)}).status_code == 404
    assert page.get(f"/incidents/{source.number}/merge?target=nonsense").status_code == 422
