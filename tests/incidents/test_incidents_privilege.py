"""Privileged notes: who is privy, what the log says of them, numbers without gaps, setting and lifting."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest

import factories
from tocsin.core import clock, log
from tocsin.core.access import Actor, Forbidden, Hidden
from tocsin.core.action import SEALED, Invalid
from tocsin.core.actions import admit, dismiss
from tocsin.core.canonical import canonical
from tocsin.core.models import LogEntry, OutboxMessage
from tocsin.core.searching import query_of
from tocsin.incidents import actions
from tocsin.incidents.models import Admission, Incident, Mention, Note
from tocsin.incidents.queries import privilege
from tocsin.incidents.queries.notes import mentions_of, notebook
from tocsin.incidents.queries.search import cited, found_in_incidents
from tocsin.incidents.reactions_notes import tell_mentioned
from tocsin.incidents.sentences import sentence
from tocsin.people.models import Member, User
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
MARKER = "zebrafish"


@pytest.fixture
def counsel(incident: Incident) -> User:
    """Whom the plan names as legal counsel, in the seat."""
    return factories.holder(incident.organization, "legal_counsel")


@pytest.fixture
def secret(incident: Incident, counsel: User) -> Note:
    return actions.create_note(
        counsel.actor,
        incident,
        title=f"Advice {MARKER}",
        text=f"We were negligent, says the {MARKER}.",
        privileged=True,
    )


def sees(person: User, incident: Incident, note: Note) -> bool:
    return privilege.note_called(person.actor, incident, note.slug) is not None


def found(person: User) -> list[str]:
    return [hit.name for hit in found_in_incidents(person.actor, query_of(MARKER), 10)]


def admitted(incident: Incident, counsel: User, role: str = IncidentRole.RESPONDER) -> User:
    person = factories.on(incident, role)
    actions.admit_to_privilege(counsel.actor, incident, user_id=person.pk, because="Writes the report for counsel.")
    return person


def test_the_log_says_that_something_happened_and_not_what_or_who(
    incident: Incident, counsel: User, secret: Note
) -> None:
    entry = LogEntry.objects.filter(chain=incident.chain_id).latest("sequence")
    assert (entry.verb, entry.actor["id"], entry.object_id) == (SEALED, "", "")
    assert set(entry.payload) == {"seal"}
    assert sentence(entry) == "Something privileged was recorded."
    exported = b"".join(log.export(LogEntry.objects.filter(chain=incident.chain_id)))
    assert MARKER.encode() not in exported
    assert log.verify_lines(exported.splitlines(keepends=True)).holds


def test_the_seal_is_the_hash_of_what_those_who_are_privy_read(incident: Incident, counsel: User, secret: Note) -> None:
    sealed = privilege.sealed_of(counsel.actor, incident).get()
    entry = LogEntry.objects.get(chain=incident.chain_id, sequence=sealed.sequence)
    assert sealed.content["actor"]["id"] == str(counsel.pk)
    assert sealed.content["verb"] == "notebook.create"
    assert sealed.content["payload"]["sha256"] == hashlib.sha256(secret.text.encode()).hexdigest()
    whole = canonical({"salt": sealed.salt, "content": json.loads(json.dumps(sealed.content))})
    assert entry.payload["seal"] == hashlib.sha256(whole).hexdigest()
    assert sentence(privilege.opened(sealed)) == f"{counsel} began the note PN-1, “Advice {MARKER}”."


@pytest.mark.parametrize("role", list(IncidentRole))
def test_no_role_alone_is_privy_not_even_counsels(incident: Incident, secret: Note, role: str) -> None:
    person = factories.on(incident, role)
    assert not sees(person, incident, secret)
    assert not privilege.is_counsel(person.actor, incident)
    assert not privilege.sealed_of(person.actor, incident).exists()
    assert found(person) == []
    assert cited(person.actor, f"{incident.number} N-1") == []
    assert not incident.notes.exists()
    assert not notebook(incident).exists()
    with pytest.raises((Hidden, Forbidden)) as refused:
        actions.edit_note(person.actor, incident, note=secret, text="Mine.", base=1)
    assert refused.type is (Forbidden if role == IncidentRole.OBSERVER else Hidden)


def test_whoever_wrote_what_is_privileged_finds_it(incident: Incident, counsel: User, secret: Note) -> None:
    assert sees(counsel, incident, secret)
    assert [n.label for n in privilege.privileged_notes(counsel.actor, incident)] == ["PN-1"]
    assert found(counsel) == ["PN-1"]


def test_the_system_is_privy_to_nothing(incident: Incident, secret: Note) -> None:
    assert not privilege.seen(factories.SYSTEM, Note.kept.all()).exists()
    assert not privilege.is_privy(factories.SYSTEM, incident)


def test_a_lead_who_takes_the_seat_of_counsel_is_no_counsel(incident: Incident, secret: Note) -> None:
    lead = factories.on(incident, IncidentRole.LEAD)
    with factories.preparing():
        member = Member.objects.create(organization=incident.organization, key="the-lead", name="A lead", user=lead)
    actions.assign_role(lead.actor, incident, role="privacy_officer", member=member, because="For the night.")
    assert incident.chain.grants.filter(user=lead, role=IncidentRole.COUNSEL).exists()
    assert not sees(lead, incident, secret)
    with pytest.raises(Forbidden, match="the plan names"):
        actions.admit_to_privilege(lead.actor, incident, user_id=lead.pk, because="I lead.")
    with pytest.raises(Forbidden):
        actions.lift_note_privilege(lead.actor, incident, note=Note.kept.get(), because="I lead.")


def test_who_is_not_privy_writes_nothing_privileged(incident: Incident) -> None:
    lead = factories.on(incident, IncidentRole.LEAD)
    before = LogEntry.objects.count()
    with pytest.raises(Forbidden):
        actions.create_note(lead.actor, incident, title="Mine", privileged=True)
    assert (LogEntry.objects.count(), Note.kept.count()) == (before, 0)


def test_counsel_admits_by_name_with_a_reason_and_ends_it(incident: Incident, counsel: User, secret: Note) -> None:
    person = factories.on(incident, IncidentRole.OBSERVER)
    before = incident.chain.entries.count()
    with pytest.raises(Invalid, match="reason"):
        actions.admit_to_privilege(counsel.actor, incident, user_id=person.pk, because=" ")
    actions.admit_to_privilege(counsel.actor, incident, user_id=person.pk, because="Expert of counsel.")
    assert sees(person, incident, secret)
    with pytest.raises(Invalid, match="already"):
        actions.admit_to_privilege(counsel.actor, incident, user_id=person.pk, because="Twice.")
    actions.dismiss_from_privilege(counsel.actor, incident, user_id=person.pk, because="The report is in.")
    assert not sees(person, incident, secret)
    told = [sentence(privilege.opened(s)) for s in privilege.sealed_of(counsel.actor, incident)]
    assert told[0].endswith("Reason: The report is in.")
    assert told[1].startswith(f"{counsel} admitted {person} to what is privileged.")
    clear = b"".join(log.export(LogEntry.objects.filter(chain=incident.chain_id, sequence__gt=before)))
    assert str(person.pk).encode() not in clear


def test_somebody_who_is_not_on_the_incident_cannot_be_admitted(incident: Incident, counsel: User) -> None:
    outside = factories.user(incident.organization)
    with pytest.raises(Invalid, match="Only somebody on this incident"):
        actions.admit_to_privilege(counsel.actor, incident, user_id=outside.pk, because="Expert.")


def test_who_is_taken_off_is_admitted_no_more_even_when_they_come_back(
    incident: Incident, counsel: User, secret: Note
) -> None:
    person = admitted(incident, counsel)
    assert sees(person, incident, secret)
    before = LogEntry.objects.filter(chain=incident.chain_id, verb=SEALED).count()
    dismiss(factories.SYSTEM, incident, user_id=person.pk, role=IncidentRole.RESPONDER)
    assert not sees(person, incident, secret)
    admit(factories.SYSTEM, incident, user_id=person.pk, role=IncidentRole.RESPONDER)
    assert not sees(person, incident, secret)
    # Nothing sealed follows the taking off: it would tell that this person had been admitted.
    assert LogEntry.objects.filter(chain=incident.chain_id, verb=SEALED).count() == before
    actions.admit_to_privilege(counsel.actor, incident, user_id=person.pk, because="Again.")
    assert sees(person, incident, secret)
    assert Admission.objects.filter(user=person, ended_at=None).count() == 1


def test_counsel_who_is_taken_off_sees_nothing_any_more(incident: Incident, counsel: User, secret: Note) -> None:
    dismiss(factories.SYSTEM, incident, user_id=counsel.pk, role=IncidentRole.COUNSEL)
    assert not sees(counsel, incident, secret)


def test_the_numbers_of_open_notes_have_no_gap(incident: Incident, counsel: User) -> None:
    made = [actions.create_note(counsel.actor, incident, title=str(n), privileged=n % 2 == 1) for n in range(5)]
    assert [n.label for n in made] == ["N-1", "PN-1", "N-2", "PN-2", "N-3"]


def test_a_note_made_privileged_later_is_hidden_and_says_who_could_read_it(incident: Incident, counsel: User) -> None:
    lead = factories.on(incident, IncidentRole.LEAD)
    note = actions.create_note(lead.actor, incident, title="Interview", text=f"The {MARKER} was asleep.")
    after = actions.create_note(lead.actor, incident, title="Other")
    assert found(lead) == ["N-1"]
    with pytest.raises(Invalid, match="reason"):
        actions.set_note_privileged(counsel.actor, incident, note=note, because="")
    actions.set_note_privileged(counsel.actor, incident, note=note, because="Asked for by counsel.")
    note = Note.kept.get(pk=note.pk)
    assert (note.label, note.was_number, note.privileged_by) == ("PN-1", 1, str(counsel))
    assert {str(lead), str(counsel)} <= set(note.could_read)
    assert found(lead) == []
    assert not sees(lead, incident, note)
    assert privilege.note_called(lead.actor, incident, "1") is None
    actions.archive_note(factories.SYSTEM, incident, note=after)
    # Its number is given to no other note, whatever happens to those that come after.
    assert actions.create_note(lead.actor, incident, title="Third").label == "N-3"


def test_the_number_of_the_newest_note_is_not_given_again(incident: Incident, counsel: User) -> None:
    note = actions.create_note(counsel.actor, incident, title="Interview")
    actions.set_note_privileged(counsel.actor, incident, note=note, because="Asked for by counsel.")
    assert actions.create_note(counsel.actor, incident, title="Next").label == "N-2"


def test_lifting_takes_counsel_and_a_reason_and_stands_in_the_log(
    incident: Incident, counsel: User, secret: Note
) -> None:
    lead, expert = factories.on(incident, IncidentRole.LEAD), admitted(incident, counsel, IncidentRole.COUNSEL)
    with pytest.raises(Forbidden):
        actions.lift_note_privilege(expert.actor, incident, note=secret, because="I want to.")
    with pytest.raises(Invalid, match="reason"):
        actions.lift_note_privilege(counsel.actor, incident, note=secret, because="")
    actions.lift_note_privilege(counsel.actor, incident, note=secret, because="We waive it.")
    entry = LogEntry.objects.filter(chain=incident.chain_id).latest("sequence")
    assert found(lead) == ["N-1", f"L-{entry.sequence}"]
    assert sentence(entry) == (
        f"{counsel} lifted the privilege of a note: it is N-1, “Advice {MARKER}”. Reason: We waive it."
    )


def test_a_note_that_was_open_gets_its_number_back(incident: Incident, counsel: User) -> None:
    note = actions.create_note(counsel.actor, incident, title="Interview")
    actions.create_note(counsel.actor, incident, title="Other")
    actions.set_note_privileged(counsel.actor, incident, note=note, because="Advice.")
    actions.lift_note_privilege(counsel.actor, incident, note=note, because="Facts only.")
    assert [n.label for n in incident.notes.all()] == ["N-1", "N-2"]


def test_a_mention_in_a_privileged_note_reaches_those_who_are_privy_and_sends_nothing(
    incident: Incident, counsel: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    expert, lead = admitted(incident, counsel), factories.on(incident, IncidentRole.LEAD)
    text = f'@"{expert}" and @"{lead}": look at the {MARKER}.'
    actions.create_note(counsel.actor, incident, title="Advice", text=text, privileged=True)
    assert [m.user for m in Mention.objects.all()] == [expert]
    assert mentions_of(expert).count() == 1
    later = clock.now() + timedelta(minutes=5)
    monkeypatch.setattr(clock, "now", lambda: later)
    tell_mentioned()
    assert not OutboxMessage.objects.filter(subject__contains="mentions you").exists()
    actions.dismiss_from_privilege(counsel.actor, incident, user_id=expert.pk, because="Done.")
    assert not mentions_of(expert).exists()


def test_a_mention_of_who_is_not_privy_goes_when_a_note_becomes_privileged(incident: Incident, counsel: User) -> None:
    lead = factories.on(incident, IncidentRole.LEAD)
    note = actions.create_note(counsel.actor, incident, title="Advice", text=f'@"{lead}" should know.')
    assert mentions_of(lead).count() == 1
    actions.set_note_privileged(counsel.actor, incident, note=note, because="Advice.")
    assert not Mention.objects.exists()


def test_the_same_page_sent_twice_makes_one_privileged_note(incident: Incident, counsel: User) -> None:
    given = {"title": "Advice", "key": "abc", "privileged": True}
    first = actions.create_note(counsel.actor, incident, **given)
    assert actions.create_note(counsel.actor, incident, **given) == first
    assert Note.kept.count() == 1


def test_privilege_ends_at_the_incident(incident: Incident, counsel: User, secret: Note) -> None:
    other = factories.incident(incident.organization, title="Another")
    assert privilege.is_counsel(counsel.actor, other)  # the plan seats them there too
    expert = admitted(incident, counsel)
    admit(factories.SYSTEM, other, user_id=expert.pk, role=IncidentRole.RESPONDER)
    assert privilege.privy_to(expert.actor) == {incident.pk}
    with pytest.raises(Invalid, match="another incident"):
        actions.lift_note_privilege(counsel.actor, other, note=secret, because="Wrong one.")


def test_an_actor_of_the_system_kind_without_account_is_not_privy(incident: Incident, secret: Note) -> None:
    assert privilege.privy_to(Actor.system("Clock")) == set()
