"""Who is called when: at the declaration, for a backup, at the top of the ladder; what an answer does; who is not called."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

import factories
from tocsin.core import clock
from tocsin.core.access import Actor, OrgRole
from tocsin.core.action import Invalid
from tocsin.core.models import LogEntry, Organization, OutboxMessage
from tocsin.incidents import actions
from tocsin.incidents.calling import alarms, call_for, ladder_of, needed, seat_states
from tocsin.incidents.models import Incident
from tocsin.incidents.queries import seats
from tocsin.people.actions import AnsweredBefore, answer_paging, cancel_paging
from tocsin.people.models import Member, Paging, PagingCall, User
from tocsin.people.reactions_paging import call_on

S = factories.SYSTEM


class Time:
    """A clock that the test moves; the chore that pages runs after each move."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = clock.now()
        monkeypatch.setattr(clock, "now", lambda: self.now)

    def passes(self, **by: float) -> None:
        end = self.now + timedelta(**by)
        while self.now < end:
            self.now = min(end, self.now + timedelta(seconds=15))
            call_on()


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    return Time(monkeypatch)


@pytest.fixture
def declarer(organization: Organization) -> User:
    return factories.user(organization, OrgRole.RESPONDER, name="Nora Night")


@pytest.fixture
def declared(organization: Organization, declarer: User, time: Time) -> Incident:
    return factories.incident(organization, declarer.actor)


def live(incident: Incident) -> dict[str, Paging]:
    return {p.role: p for p in Paging.objects.filter(chain=incident.chain, state="calling")}


def call_of(incident: Incident, role: str) -> PagingCall:
    paging = Paging.objects.filter(chain=incident.chain, role=role).last()
    assert paging is not None
    return paging.calls.last()  # type: ignore[return-value]


def holder_of(incident: Incident, role: str) -> str:
    return incident.roles.get(role=role, renounced_at=None).holder


@pytest.mark.django_db
def test_those_whom_the_severity_calls_are_called_at_once(declared: Incident) -> None:
    plan = declared.plan_version.plan
    called = live(declared)
    assert set(plan.severity.levels[2].call) <= set(called)
    manager = called["incident_manager"]
    assert manager.reason == "severity 2 (High) calls this role"
    assert [p["name"] for p in manager.ladder][:2] == ["Anneke de Vries", "Tomasz Zielinski"]
    message = OutboxMessage.objects.get(key__startswith=f"paging:{manager.pk}:")
    assert message.address == "mailto:anneke.devries@halden.example.org"
    asked = call_of(declared, "incident_manager")
    assert f"/called/{asked.pk}-" in message.body
    assert asked.code[:3] in message.body
    assert declared.title not in message.subject + message.body, "mail may be read by whoever attacks"
    logged = LogEntry.objects.get(chain=declared.chain, verb="paging.call", object_id=str(asked.pk))
    assert logged.payload["by_hand"] == ["phone"]
    assert logged.payload["sent"] == "mail"
    assert asked.code not in str(logged.payload)


@pytest.mark.django_db
def test_nobody_is_called_twice_at_once(declared: Incident) -> None:
    at_hand = [p.at_hand["member"] for p in live(declared).values()]
    assert len(at_hand) == len(set(at_hand))


@pytest.mark.django_db
def test_a_mild_incident_wakes_only_whom_its_severity_calls(organization: Organization, declarer: User) -> None:
    incident = factories.incident(organization, declarer.actor, severity=4)
    assert list(live(incident)) == ["incident_manager"]
    actions.set_severity(declarer.actor, incident, severity=2, because="it spreads")
    assert set(incident.plan_version.plan.severity.levels[2].call) <= set(live(incident))


@pytest.mark.django_db
def test_what_the_system_declared_calls_nobody_until_a_lead_says_so(incident: Incident) -> None:
    assert not Paging.objects.exists()
    lead = factories.on(incident, "lead")
    paging = call_for(lead.actor, incident, "scribe", "I need a scribe")
    assert (paging.state, paging.started_by) == ("calling", str(lead))


@pytest.mark.django_db
def test_the_declarer_is_not_called_for_the_seat_they_hold(organization: Organization) -> None:
    anneke = factories.holder(organization, "incident_manager")
    from tocsin.core.actions import grant

    grant(S, organization, user_id=anneke.pk, role=OrgRole.RESPONDER)
    incident = factories.incident(organization, anneke.actor)
    assert "incident_manager" not in live(incident)
    assert "scribe" in live(incident)


@pytest.mark.django_db
def test_the_backup_who_answers_takes_the_seat(declared: Incident, time: Time) -> None:
    assert call_of(declared, "incident_manager").member.name == "Anneke de Vries"
    time.passes(minutes=9)
    assert call_of(declared, "incident_manager").member.name == "Anneke de Vries"
    time.passes(minutes=2)
    asked = call_of(declared, "incident_manager")
    assert asked.member.name == "Tomasz Zielinski"
    answer_paging(S, declared, asked=asked, yes=True, via="link")
    assert holder_of(declared, "incident_manager") == "Tomasz Zielinski"
    seat = declared.roles.get(role="incident_manager", renounced_at=None)
    assert seat.because == "answered the call; Anneke de Vries did not within 10 min"
    assert "incident_manager" not in live(declared)
    card = OutboxMessage.objects.get(key=f"duty-card:{seat.pk}")
    assert card.recipient == "Tomasz Zielinski"
    assert "you are Incident manager" in card.body
    assert "{{" not in card.body
    before = Paging.objects.filter(chain=declared.chain, role="incident_manager").count()
    time.passes(minutes=30)
    assert Paging.objects.filter(chain=declared.chain, role="incident_manager").count() == before


@pytest.mark.django_db
def test_the_holder_who_answers_keeps_the_seat_and_gets_the_card_once(declared: Incident) -> None:
    asked = call_of(declared, "scribe")
    answer_paging(S, declared, asked=asked, yes=True, via="code")
    with pytest.raises(AnsweredBefore):
        answer_paging(S, declared, asked=asked, yes=True, via="link")
    assert holder_of(declared, "scribe") == asked.member.name
    assert OutboxMessage.objects.filter(key__startswith="duty-card:", recipient=asked.member.name).count() == 1
    assert LogEntry.objects.filter(chain=declared.chain, verb="paging.answer").count() == 1


@pytest.mark.django_db
def test_who_cannot_come_hands_on_at_once(declared: Incident) -> None:
    asked = call_of(declared, "incident_manager")
    answer_paging(S, declared, asked=asked, yes=False, via="link")
    assert call_of(declared, "incident_manager").member.name == "Tomasz Zielinski"
    # They can after all, while nobody else has answered.
    answer_paging(S, declared, asked=asked, yes=True, via="link")
    assert "incident_manager" not in live(declared)
    assert holder_of(declared, "incident_manager") == "Anneke de Vries"


@pytest.mark.django_db
def test_holder_and_backup_at_the_same_second(declared: Incident, time: Time) -> None:
    late = call_of(declared, "incident_manager")
    time.passes(minutes=11)
    backup = call_of(declared, "incident_manager")
    answer_paging(S, declared, asked=backup, yes=True, via="link")
    answer_paging(S, declared, asked=late, yes=True, via="link")
    assert holder_of(declared, "incident_manager") == "Tomasz Zielinski"
    entry = LogEntry.objects.filter(chain=declared.chain, verb="paging.answer").last()
    assert entry is not None
    assert (entry.payload["late"], entry.payload["taken_by"]) == (True, "Tomasz Zielinski")
    assert declared.roles.filter(role="incident_manager").count() == 2


@pytest.mark.django_db
def test_nobody_left_is_red_and_the_lead_is_told_and_a_late_answer_still_counts(declared: Incident, time: Time) -> None:
    manager = call_of(declared, "incident_manager")
    answer_paging(S, declared, asked=manager, yes=True, via="link")
    first = call_of(declared, "scribe")
    time.passes(minutes=60)
    paging = Paging.objects.filter(chain=declared.chain, role="scribe").get()
    assert paging.state == "unanswered"
    states = seat_states(declared, seats(declared))
    assert (states["scribe"].lamp, states["scribe"].words) == ("late", "nobody answered")
    assert alarms(states.values())[0].lamp == "late"
    told = OutboxMessage.objects.get(key=f"unanswered:{paging.pk}")
    assert told.recipient == "Anneke de Vries"
    assert "scribe" in told.subject.lower()
    answer_paging(S, declared, asked=first, yes=True, via="code")
    assert seat_states(declared, seats(declared))["scribe"].lamp == ""


@pytest.mark.django_db
def test_who_is_called_only_because_nobody_answered_does_not_take_the_seat(declared: Incident, time: Time) -> None:
    ladder = ladder_of(declared, "legal_counsel")
    assert [r.seat for r in ladder][-1] is False
    assert ladder[-1].member.name == "Anneke de Vries"
    time.passes(minutes=10 * (len(ladder) - 1) + 1)
    asked = call_of(declared, "legal_counsel")
    assert not asked.takes_seat
    before = holder_of(declared, "legal_counsel")
    answer_paging(S, declared, asked=asked, yes=True, via="link")
    assert holder_of(declared, "legal_counsel") == before, "the plan gives counsel's authority to nobody else"
    state = seat_states(declared, seats(declared))["legal_counsel"]
    assert (state.lamp, state.words) == ("soon", "Anneke de Vries sees to it")


@pytest.mark.django_db
def test_who_starts_to_work_has_answered(organization: Organization, declarer: User) -> None:
    priya = factories.holder(organization, "investigation_lead")
    incident = factories.incident(organization, declarer.actor)
    assert call_of(incident, "investigation_lead").member.user == priya
    actions.note(priya.actor, incident, text="I am looking at the file server.")
    asked = call_of(incident, "investigation_lead")
    assert (asked.answer, asked.via) == ("yes", "acted")
    assert needed(incident) == [], "neither for this seat nor for another of theirs"


@pytest.mark.django_db
def test_a_role_given_to_somebody_calls_them_and_not_their_predecessor(declared: Incident, declarer: User) -> None:
    old = live(declared)["scribe"]
    jakob = Member.objects.get(organization=declared.organization, key="jakob-lund")
    actions.assign_role(declarer.actor, declared, role="scribe", member=jakob)
    old.refresh_from_db()
    assert (old.state, old.ended_because) == ("cancelled", "Jakob Lund holds the role now.")
    new = live(declared)["scribe"]
    assert (new.at_hand["name"], new.reason) == ("Jakob Lund", "Nora Night gave you this role")


@pytest.mark.django_db
def test_a_seat_that_was_left_calls_the_backup_and_not_who_left(declared: Incident) -> None:
    seat = declared.roles.get(role="scribe", renounced_at=None)
    actions.vacate_role(S, declared, seat=seat, because="ill")
    names = [p["name"] for p in live(declared)["scribe"].ladder]
    assert names[0] == "Jakob Lund"
    assert seat.holder not in names


@pytest.mark.django_db
def test_a_closed_incident_calls_nobody(declared: Incident, declarer: User, time: Time) -> None:
    actions.close(declarer.actor, declared, outcome="false_positive", reason="false alarm", left_open="a test")
    assert live(declared) == {}
    queued = OutboxMessage.objects.count()
    time.passes(minutes=30)
    assert OutboxMessage.objects.count() == queued
    asked = call_of(declared, "scribe")
    with pytest.raises(Invalid, match="closed"):
        answer_paging(S, declared, asked=asked, yes=True, via="link")


@pytest.mark.django_db
def test_called_off_by_hand_it_does_not_begin_again(declared: Incident, declarer: User, time: Time) -> None:
    cancel_paging(declarer.actor, declared, paging=live(declared)["scribe"], because="I write myself")
    time.passes(minutes=5)
    assert "scribe" not in live(declared)
    again = call_for(declarer.actor, declared, "scribe", "I cannot write after all")
    assert again.number > 1


@pytest.mark.django_db
def test_an_exercise_calls_on_its_own_clock(organization: Organization, declarer: User, time: Time) -> None:
    from tocsin.core.actions import FENCE, set_clock

    drill = factories.incident(organization, declarer.actor, exercise=True)
    set_clock(declarer.actor, drill, speed=0)
    time.passes(minutes=60)
    assert call_of(drill, "scribe").rung == 0, "the clock stands"
    set_clock(declarer.actor, drill, speed=60)
    time.passes(seconds=15)
    assert call_of(drill, "scribe").rung == 1, "15 s are 15 min"
    message = OutboxMessage.objects.filter(key__startswith="paging:").last()
    assert message is not None
    assert message.subject.startswith(FENCE)


@pytest.mark.django_db
def test_codes_differ_and_ended_ones_are_given_back(declared: Incident, time: Time) -> None:
    codes = list(PagingCall.objects.values_list("code", flat=True))
    assert len(set(codes)) == len(codes)
    assert all(len(c) == 6 and c.isdigit() for c in codes)
    old = call_of(declared, "scribe")
    time.now += timedelta(hours=3)
    with pytest.raises(Invalid, match="has ended"):
        answer_paging(S, declared, asked=old, yes=True, via="code")
    call_on()
    old.refresh_from_db()
    assert old.code == ""


def actor_of(name: str) -> Actor:
    return Actor.system(name)


@pytest.mark.django_db
def test_who_has_no_contact_method_is_passed_over(organization: Organization, declarer: User) -> None:
    with factories.preparing():
        Member.objects.filter(organization=organization, key="oksana-melnyk").update(methods=[])
    incident = factories.incident(organization, declarer.actor)
    assert live(incident)["scribe"].at_hand["name"] == "Jakob Lund"
    started: Any = LogEntry.objects.get(chain=incident.chain, verb="paging.start", payload__role="scribe")
    assert started.payload["unreachable"] == ["Oksana Melnyk"]
