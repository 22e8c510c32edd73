"""People: plan versions, members, invitations, sign-in links and API tokens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

import factories
from tocsin.core import clock, log
from tocsin.core.access import OrgRole
from tocsin.core.action import Invalid
from tocsin.core.actions import admit, grant, revoke
from tocsin.core.models import Grant, LogEntry, Organization
from tocsin.people.actions import (
    create_token,
    deactivate,
    hashed,
    import_plan,
    invite,
    make_sign_in_link,
    revoke_token,
    set_zone,
    use_sign_in_link,
)
from tocsin.people.guesses import one_place
from tocsin.people.models import ApiToken, Member, PlanVersion, SignInLink, User
from tocsin.people.queries import current_plan, organizations_of, organizations_reached_by, user_of_token
from tocsin.plan.problems import PlanError

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


def changed(old: str, new: str, name: str = "plan.yaml") -> dict[str, str]:
    files = dict(factories.plan_files())
    assert old in files[name]
    return files | {name: files[name].replace(old, new)}


def test_the_same_plan_is_the_same_version(organization: Organization) -> None:
    first = current_plan(organization)
    again = import_plan(S, organization, files=dict(factories.plan_files()))
    assert (again, PlanVersion.objects.count()) == (first, 1)
    windows = {name: text.replace("\n", "\r\n") for name, text in factories.plan_files().items()}
    assert import_plan(S, organization, files=windows) == first, "line ends change nothing"


def test_going_back_to_an_older_plan(organization: Organization) -> None:
    first = current_plan(organization)
    second = import_plan(S, organization, files=changed("people_count: 1860", "people_count: 1861"))
    assert current_plan(organization) == second
    import_plan(S, organization, files=dict(factories.plan_files()))
    assert current_plan(organization) == first
    assert PlanVersion.objects.count() == 2


def test_a_broken_plan_changes_nothing(organization: Organization) -> None:
    entries = LogEntry.objects.count()
    with pytest.raises(PlanError):
        import_plan(S, organization, files=changed("functions:", "functoins:"))
    assert (PlanVersion.objects.count(), LogEntry.objects.count()) == (1, entries)


def test_a_contact_that_left_the_plan_is_no_longer_active(organization: Organization) -> None:
    contacts = factories.plan_files()["contacts.yaml"]
    assert "  mei-tanaka:" in contacts
    left = changed("  mei-tanaka:", "  mei-tanaka-2:", "contacts.yaml")
    left["plan.yaml"] = left["plan.yaml"].replace("mei-tanaka", "mei-tanaka-2")
    import_plan(S, organization, files=left)
    assert not Member.objects.get(organization=organization, key="mei-tanaka").active
    assert Member.objects.get(organization=organization, key="mei-tanaka-2").active
    import_plan(S, organization, files=dict(factories.plan_files()))
    assert Member.objects.get(organization=organization, key="mei-tanaka").active


def test_members_follow_the_plan(organization: Organization) -> None:
    person = factories.user(organization, email="jonas@elsewhere.example")
    member = Member.objects.get(organization=organization, key="jonas-lindqvist")
    assert (member.user, member.active) == (None, True)
    files = changed(member.mail, "Jonas@Elsewhere.example", "contacts.yaml")
    import_plan(S, organization, files=files)
    member.refresh_from_db()
    assert member.user == person
    organization.refresh_from_db()
    assert (organization.time_zone, organization.countries) == ("Europe/Stockholm", ["SE", "DE", "NL"])


def test_an_invitation_gives_an_account_a_role_and_its_seat(organization: Organization) -> None:
    member = Member.objects.get(organization=organization, key="anneke-de-vries")
    made = invite(S, organization, email=member.mail.upper(), name="Anneke", role=OrgRole.RESPONDER)
    member.refresh_from_db()
    assert member.user == made
    assert not made.has_usable_password()
    again = invite(S, organization, email=member.mail, name="Other", role=OrgRole.AUDITOR)
    assert (again, again.name) == (made, "Anneke")
    assert {g.role for g in made.grants.all()} == {"responder", "auditor"}
    assert organizations_of(made) == [organization]
    for email, role in (("nobody", "guest"), ("a@b@c", "guest"), ("@x", "guest"), ("a@b.example", "king")):
        with pytest.raises(Invalid):
            invite(S, organization, email=email, name="x", role=role)


def test_a_link_signs_in_once_within_half_an_hour(organization: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    person = factories.user(organization)
    secret = make_sign_in_link(S, organization, user=person)
    assert use_sign_in_link(S, organization, secret=secret) == person
    with pytest.raises(Invalid, match="used already or has expired"):
        use_sign_in_link(S, organization, secret=secret)
    with pytest.raises(Invalid):
        use_sign_in_link(S, organization, secret="guessed")
    late = make_sign_in_link(S, organization, user=person)
    closed = make_sign_in_link(S, organization, user=person)
    now = clock.now()
    with factories.preparing():
        User.objects.filter(pk=person.pk).update(is_active=False)
    with pytest.raises(Invalid):
        use_sign_in_link(S, organization, secret=closed)
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(minutes=31))
    with pytest.raises(Invalid):
        use_sign_in_link(S, organization, secret=late)


def test_secrets_stand_nowhere(organization: Organization) -> None:
    person = factories.user(organization)
    secrets = [
        make_sign_in_link(S, organization, user=person),
        create_token(S, organization, user=person, label="robot"),
    ]
    exported = b"".join(log.export(LogEntry.objects.all())).decode()
    kept = str([*SignInLink.objects.values(), *ApiToken.objects.values()])
    for secret in secrets:
        assert secret not in exported
        assert secret not in kept
        assert hashed(secret) in kept


def test_a_token_acts_as_its_person_until_it_ends(organization: Organization) -> None:
    person, other = factories.user(organization), factories.user(organization)
    with pytest.raises(Invalid, match="for yourself"):
        create_token(other.actor, organization, user=person, label="theirs")
    secret = create_token(person.actor, organization, user=person, label="mine")
    token = ApiToken.objects.get(secret_hash=hashed(secret))
    assert user_of_token(hashed(secret)) == person
    with pytest.raises(Invalid, match="somebody else"):
        revoke_token(other.actor, organization, token=token)
    revoke_token(factories.user(organization, OrgRole.ADMINISTRATOR).actor, organization, token=token)
    assert user_of_token(hashed(secret)) is None


def test_an_administrator_ends_only_the_keys_of_their_own_people(organization: Organization) -> None:
    rival = factories.organization("rival")
    person = factories.user(rival)
    token = ApiToken.objects.get(secret_hash=hashed(create_token(S, rival, user=person, label="x")))
    administrator = factories.user(organization, OrgRole.ADMINISTRATOR)
    with pytest.raises(Invalid, match="somebody else"):
        revoke_token(administrator.actor, organization, token=token)
    revoke_token(S, rival, token=token)
    token.refresh_from_db()
    assert token.revoked_at


def test_an_organization_keeps_an_administrator(organization: Organization) -> None:
    first, second = factories.user(organization, OrgRole.ADMINISTRATOR), factories.user(organization)
    with pytest.raises(Invalid, match="needs one administrator"):
        revoke(first.actor, organization, user_id=first.id, role="administrator")
    grant(first.actor, organization, user_id=second.id, role="administrator")
    revoke(second.actor, organization, user_id=first.id, role="administrator")
    assert set(Grant.objects.filter(role="administrator").values_list("user", flat=True)) == {second.id}
    with pytest.raises(Invalid, match="no organization role"):
        grant(second.actor, organization, user_id=first.id, role="lead")


def test_everybody_sets_their_own_zone_and_nobody_elses(organization: Organization) -> None:
    person, other = factories.user(organization, OrgRole.GUEST), factories.user(organization, OrgRole.ADMINISTRATOR)
    set_zone(person.actor, organization, user=person, zone="Asia/Tokyo")
    person.refresh_from_db()
    assert person.time_zone == "Asia/Tokyo"
    entry = LogEntry.objects.filter(chain_id=organization.pk, verb="user.set_zone").latest("sequence")
    assert (entry.payload["zone"], entry.payload["name"]) == ("Asia/Tokyo", person.name)
    with pytest.raises(Invalid, match="their own"):
        set_zone(other.actor, organization, user=person, zone="UTC")
    with pytest.raises(Invalid, match="no time zone"):
        set_zone(person.actor, organization, user=person, zone="../etc/passwd")


def test_the_account_of_another_organization_is_nobodys_to_take(organization: Organization) -> None:
    rival = factories.organization("rival")
    theirs = factories.user(rival, email="kwame@rival.example")
    admin = factories.user(organization, OrgRole.ADMINISTRATOR)
    with pytest.raises(Invalid, match="with another organization"):
        invite(admin.actor, organization, email=theirs.email, name="", role=OrgRole.GUEST)
    member = Member.objects.get(organization=organization, key="jonas-lindqvist")
    import_plan(admin.actor, organization, files=changed(member.mail, theirs.email, "contacts.yaml"))
    member.refresh_from_db()
    assert member.user is None
    assert invite(S, organization, email=theirs.email, name="", role=OrgRole.GUEST) == theirs


def test_who_is_only_on_an_incident_belongs_to_no_organization(organization: Organization) -> None:
    person, made = factories.stranger(), factories.incident(organization)
    admit(S, made, user_id=person.id, role="observer")
    assert organizations_of(person) == []
    assert organizations_reached_by(person) == [organization]


def test_a_closed_account_opens_nothing_any_more(organization: Organization, client: Client) -> None:
    admin, person = factories.user(organization, OrgRole.ADMINISTRATOR), factories.user(organization)
    secret = create_token(person.actor, organization, user=person, label="robot")
    link = make_sign_in_link(S, organization, user=person)
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/incidents").status_code == 200
    deactivate(admin.actor, organization, user=person, because="left")
    assert client.get("/incidents").status_code == 302
    assert user_of_token(hashed(secret)) is None
    with pytest.raises(Invalid, match="expired"):
        use_sign_in_link(S, organization, secret=link)
    with pytest.raises(Invalid, match="was closed"):
        make_sign_in_link(S, organization, user=person)
    with pytest.raises(Invalid, match="needs one administrator"):
        deactivate(S, organization, user=admin, because="left")
    factories.user(organization, OrgRole.ADMINISTRATOR)
    with pytest.raises(Invalid, match="yourself"):
        deactivate(admin.actor, organization, user=admin, because="left")
    assert invite(admin.actor, organization, email=person.email, name="", role=OrgRole.GUEST).is_active
    rival = factories.organization("rival", plan=False)
    invite(S, rival, email=person.email, name="", role=OrgRole.GUEST)
    deactivate(admin.actor, organization, user=person, because="left")
    person.refresh_from_db()
    assert (person.is_active, organizations_of(person)) == (True, [rival])


def test_an_ipv6_customer_is_one_place() -> None:
    assert one_place("2001:db8:1:2:aaaa::1") == one_place("2001:db8:1:2:bbbb::2") != one_place("2001:db8:1:3::1")
    assert one_place("::ffff:192.0.2.7") == one_place("192.0.2.7") != one_place("192.0.2.8")
    assert one_place("user 7") == "user 7"
