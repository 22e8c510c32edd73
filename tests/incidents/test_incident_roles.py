"""Roles: handed over with a history, so that who held one at 03:10 is a query."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import factories
from access_arguments import TWO
from tocsin.core import clock
from tocsin.core.access import Forbidden, OrgRole
from tocsin.core.action import Invalid
from tocsin.core.actions import admit, dismiss
from tocsin.core.models import Grant, Organization
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.incidents.queries import holder_at, seats
from tocsin.people.actions import deactivate, import_plan, invite
from tocsin.people.models import Member, User

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
ROLE = "incident_manager"
NIGHT = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)


def at(monkeypatch: pytest.MonkeyPatch, when: datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: when)


def member(place: Incident, key: str) -> Member:
    return Member.objects.get(organization=place.organization, key=key)


def hand_over(place: Incident, key: str) -> None:
    actions.assign_role(S, place, role=ROLE, member=member(place, key), because="shift ends")


def test_who_was_incident_manager_at_ten_past_three(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, NIGHT)
    made = factories.incident(organization)
    at(monkeypatch, NIGHT.replace(hour=3, minute=10))
    hand_over(made, "tomasz-zielinski")
    at(monkeypatch, NIGHT.replace(hour=7))
    hand_over(made, "anneke-de-vries")

    def held(when: datetime) -> str | None:
        found = holder_at(made, ROLE, when)
        return found.holder if found else None

    assert held(NIGHT - timedelta(seconds=1)) is None
    assert held(NIGHT) == "Anneke de Vries"
    assert held(NIGHT.replace(hour=3, minute=9, second=59)) == "Anneke de Vries"
    assert held(NIGHT.replace(hour=3, minute=10)) == "Tomasz Zielinski"
    assert held(NIGHT.replace(hour=6, minute=59)) == "Tomasz Zielinski"
    assert held(NIGHT.replace(hour=7)) == "Anneke de Vries"
    assert [a.holder for a in made.roles.filter(role=ROLE)] == [
        "Anneke de Vries",
        "Tomasz Zielinski",
        "Anneke de Vries",
    ]


def test_seats_stand_in_the_plans_order(incident: Incident, django_assert_num_queries: Any) -> None:
    assert incident.plan_version.plan
    with django_assert_num_queries(1):
        held = seats(incident)
    assert [s.role for s in held] == list(incident.plan_version.plan.roles)


def test_who_hands_over_steps_back_to_observer(organization: Organization) -> None:
    before = factories.holder(organization, ROLE)
    made = factories.incident(organization)
    taking = factories.user(organization, OrgRole.GUEST, email=member(made, "tomasz-zielinski").mail)
    hand_over(made, "tomasz-zielinski")
    roles = dict(Grant.objects.filter(chain=made.chain).values_list("user", "role"))
    assert roles == {before.id: "observer", taking.id: "lead"}


def test_somebody_can_always_lead(organization: Organization) -> None:
    """The one who takes over has no account: the one who had the role keeps the key, or nobody could go on."""
    before = factories.holder(organization, ROLE)
    made = factories.incident(organization)
    hand_over(made, "tomasz-zielinski")
    actions.set_severity(before.actor, made, severity=1, because="It spreads.")
    held = holder_at(made, ROLE, clock.now())
    assert held is not None
    assert held.holder == "Tomasz Zielinski"


def test_a_role_is_not_handed_to_who_holds_it_or_to_a_stranger(incident: Incident) -> None:
    with pytest.raises(Invalid, match="holds this role already"):
        hand_over(incident, "anneke-de-vries")
    rival = factories.organization("rival")
    with pytest.raises(Invalid, match="does not belong"):
        actions.assign_role(S, incident, role=ROLE, member=Member.objects.filter(organization=rival)[0])
    with pytest.raises(Invalid, match="no role 'captain'"):
        actions.assign_role(S, incident, role="captain", member=member(incident, "tomasz-zielinski"))


def test_open_work_goes_to_the_new_holder_and_what_others_were_given_stays(organization: Organization) -> None:
    made = factories.incident(organization)
    ours = list(made.tasks.filter(role=ROLE, member__isnull=False)[:3])
    actions.complete_task(factories.SYSTEM, made, task=ours[0], proof="done")
    other = member(made, "priya-raman")
    actions.assign_task(factories.SYSTEM, made, task=ours[1], member=other)
    before = ours[0].member_id
    hand_over(made, "tomasz-zielinski")
    held = {t.number: t.member.key for t in made.tasks.filter(role=ROLE) if t.member}
    assert held[ours[2].number] == "tomasz-zielinski"
    assert other is not None
    assert held[ours[1].number] == other.key
    assert made.tasks.get(pk=ours[0].pk).member_id == before, "who did it stays who did it"


def test_a_changed_plan_lets_no_administrator_into_a_taken_seat(organization: Organization) -> None:
    sponsor = factories.holder(organization, "executive_sponsor")
    made = factories.incident(organization)
    put = actions.open_decision(S, made, question="Pay?", options=TWO, role="executive_sponsor")
    admin = factories.user(organization, OrgRole.ADMINISTRATOR)
    files = dict(factories.plan_files())
    for holder in (member(made, "anneke-de-vries").mail, sponsor.email):  # one seat without, one with an account
        assert holder in files["contacts.yaml"]
        import_plan(admin.actor, organization, files=files | {
            "contacts.yaml": files["contacts.yaml"].replace(holder, admin.email),
        })  # fmt: skip
        invite(admin.actor, organization, email=admin.email, name="", role=OrgRole.ADMINISTRATOR)
    assert not Grant.objects.filter(chain=made.chain, user=admin).exists()
    admit(S, made, user_id=admin.id, role="decider")
    with pytest.raises(Forbidden, match="The plan gives this decision"):
        actions.decide(admin.actor, made, decision=put, chosen="yes", reason="x")
    actions.decide(sponsor.actor, made, decision=put, chosen="yes", reason="x")


def test_only_a_new_account_of_the_seats_own_organization_and_address_is_let_in(organization: Organization) -> None:
    made = factories.incident(organization)
    mail = member(made, "anneke-de-vries").mail
    rival = factories.organization("rival", plan=False)
    theirs = factories.user(rival, email=mail.upper())
    assert not Grant.objects.filter(chain=made.chain).exists()
    invite(S, organization, email=mail, name="", role=OrgRole.GUEST)
    assert not Grant.objects.filter(chain=made.chain, user=theirs).exists(), "the account was there before"
    tomasz = factories.user(organization, email="zoe@halden.example")
    assert not Grant.objects.filter(chain=made.chain, user=tomasz).exists()
    seat = made.roles.exclude(member=None).exclude(address=mail)[0]
    fresh = factories.user(organization, email=seat.address)
    seat.refresh_from_db()
    assert seat.user == fresh
    assert Grant.objects.filter(chain=made.chain, user=fresh).exists()


def test_who_was_taken_off_leaves_the_seat_and_no_invitation_brings_them_back(organization: Organization) -> None:
    person = factories.holder(organization, "executive_sponsor")
    made = factories.incident(organization)
    assert Grant.objects.get(chain=made.chain, user=person).role == "decider"
    dismiss(S, made, user_id=person.id, role="decider")
    invite(factories.user(organization, OrgRole.ADMINISTRATOR).actor, organization, email=person.email, name="",
           role=OrgRole.RESPONDER)  # fmt: skip
    assert not Grant.objects.filter(chain=made.chain, user=person).exists()
    assert not made.roles.filter(user=person, renounced_at=None).exists()
    assert made.roles.get(role="executive_sponsor", renounced_at=None).holder == ""
    assert "role.vacate" in factories.verbs(made)


def test_who_leaves_the_organization_leaves_its_incidents(organization: Organization) -> None:
    person = factories.holder(organization, "executive_sponsor")
    made = factories.incident(organization)
    deactivate(factories.user(organization, OrgRole.ADMINISTRATOR).actor, organization, user=person, because="left")
    assert not Grant.objects.filter(user=person).exists()
    assert not made.roles.filter(user=person, renounced_at=None).exists()


def test_a_role_with_an_authority_goes_where_its_holder_or_the_plan_says(organization: Organization) -> None:
    sponsor = factories.holder(organization, "executive_sponsor")
    made = factories.incident(organization)
    lead = factories.on(made, "lead")
    planned = made.plan_version.plan.roles["executive_sponsor"]
    other = Member.objects.filter(organization=organization).exclude(key__in=[planned.holder, *planned.backups])[0]
    with pytest.raises(Invalid, match="can hand it on"):
        actions.assign_role(lead.actor, made, role="executive_sponsor", member=other)
    admit(S, made, user_id=sponsor.id, role="lead")
    actions.assign_role(sponsor.actor, made, role="executive_sponsor", member=other)
    actions.assign_role(lead.actor, made, role="executive_sponsor", member=member(made, planned.holder or ""))


# A seat with an authority, emptied

SPONSOR = "executive_sponsor"


def seated(place: Incident, key: str, access: str = "lead") -> User:
    """An account for a member whom the plan does not name for the sponsor's seat, with a role on the incident."""
    person = factories.user(place.organization, OrgRole.RESPONDER, email=member(place, key).mail)
    admit(S, place, user_id=person.id, role=access)
    return person


@pytest.fixture
def emptied(organization: Organization) -> tuple[Incident, User, User]:
    """The sponsor's seat, emptied by the first of two leads, neither of whom the plan names for it."""
    sponsor = factories.holder(organization, SPONSOR)
    made = factories.incident(organization)
    planned = made.plan_version.plan.roles[SPONSOR]
    assert planned.authority
    assert not {"anneke-de-vries", "priya-raman"} & {planned.holder, *planned.backups}
    first, second = seated(made, "anneke-de-vries"), seated(made, "priya-raman")
    dismiss(first.actor, made, user_id=sponsor.id, role="decider")
    return made, first, second


def test_who_empties_a_seat_with_an_authority_neither_takes_nor_fills_it(emptied: tuple[Incident, User, User]) -> None:
    made, first, second = emptied
    for actor, key in ((first, "anneke-de-vries"), (first, "priya-raman"), (second, "anneke-de-vries")):
        with pytest.raises(Invalid, match="neither fills nor takes"):
            actions.assign_role(actor.actor, made, role=SPONSOR, member=member(made, key))
    assert made.roles.get(role=SPONSOR, renounced_at=None).holder == ""
    taken = actions.assign_role(second.actor, made, role=SPONSOR, member=member(made, "priya-raman"))
    assert taken.user == second, "another lead decides who sits there"


def test_whom_the_plan_names_takes_an_emptied_seat_at_once(emptied: tuple[Incident, User, User]) -> None:
    made, first, _second = emptied
    backup = made.plan_version.plan.roles[SPONSOR].backups[0]
    assert actions.assign_role(first.actor, made, role=SPONSOR, member=member(made, backup)).member.key == backup


def test_the_last_who_emptied_the_seat_counts(emptied: tuple[Incident, User, User]) -> None:
    made, first, second = emptied
    third = seated(made, "jonas-lindqvist", "responder")
    actions.assign_role(second.actor, made, role=SPONSOR, member=member(made, "jonas-lindqvist"))
    dismiss(second.actor, made, user_id=third.id, role="decider")
    with pytest.raises(Invalid, match="neither fills nor takes"):
        actions.assign_role(second.actor, made, role=SPONSOR, member=member(made, "priya-raman"))
    assert actions.assign_role(first.actor, made, role=SPONSOR, member=member(made, "anneke-de-vries")).user == first


def test_an_administrator_who_empties_it_from_outside_does_not_take_it_either(organization: Organization) -> None:
    sponsor = factories.holder(organization, SPONSOR)
    made = factories.incident(organization)
    admin = factories.user(organization, OrgRole.ADMINISTRATOR, email=member(made, "priya-raman").mail)
    admit(S, made, user_id=admin.id, role="lead")
    deactivate(admin.actor, organization, user=sponsor, because="left the firm")
    with pytest.raises(Invalid, match="neither fills nor takes"):
        actions.assign_role(admin.actor, made, role=SPONSOR, member=member(made, "priya-raman"))


def test_a_seat_without_an_authority_is_filled_by_any_lead(organization: Organization) -> None:
    scribe = factories.holder(organization, "scribe")
    made = factories.incident(organization)
    lead = seated(made, "priya-raman")
    for access in list(Grant.objects.filter(chain=made.chain, user=scribe).values_list("role", flat=True)):
        dismiss(lead.actor, made, user_id=scribe.id, role=access)
    assert made.roles.get(role="scribe", renounced_at=None).holder == ""
    assert actions.assign_role(lead.actor, made, role="scribe", member=member(made, "priya-raman")).user == lead
