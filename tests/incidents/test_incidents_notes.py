"""Notes: two people at one page, double clicks, stale forms, too much text; who is mentioned and who is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

import factories
from tocsin.core import clock
from tocsin.core.access import Forbidden, Hidden, OrgRole
from tocsin.core.action import Invalid
from tocsin.core.actions import admit, dismiss
from tocsin.core.models import LogEntry, OutboxMessage
from tocsin.incidents import actions
from tocsin.incidents.actions.notes import Clash
from tocsin.incidents.models import Incident, Mention, Note
from tocsin.incidents.notes import LARGEST
from tocsin.incidents.queries.notes import links_of, mentions_of, who_is
from tocsin.incidents.reactions_notes import tell_mentioned
from tocsin.incidents.sentences import sentence
from tocsin.people.models import User
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
BASE = "# Leads\n\n- [ ] gateway\n- [ ] mail\n- [ ] vpn"


@pytest.fixture
def mei(incident: Incident) -> User:
    return factories.on(incident, IncidentRole.RESPONDER)


@pytest.fixture
def jonas(incident: Incident) -> User:
    return factories.on(incident, IncidentRole.COUNSEL)


@pytest.fixture
def note(incident: Incident, mei: User) -> Note:
    return actions.create_note(mei.actor, incident, title="Leads", text=BASE)


def test_a_note_has_a_number_a_first_revision_and_an_entry(incident: Incident, mei: User) -> None:
    made = actions.create_note(mei.actor, incident, text="## What we know\r\n\r\nThe gateway.")
    assert (made.number, made.title, made.revision) == (1, "What we know", 1)
    assert made.revisions.get().text == "## What we know\n\nThe gateway."
    entry = LogEntry.objects.filter(chain=incident.chain).last()
    assert entry is not None
    assert entry.verb == "notebook.create"
    assert "text" not in entry.payload
    assert entry.payload["sha256"] == made.revisions.get().sha256
    assert sentence(entry) == f"{mei} began the note N-1, “What we know”."


def test_what_was_sent_twice_is_one_note(incident: Incident, mei: User, jonas: User) -> None:
    first = actions.create_note(mei.actor, incident, title="A", text="b", key="k")
    again = actions.create_note(mei.actor, incident, title="A", text="b", key="k")
    other = actions.create_note(jonas.actor, incident, title="A", text="b", key="k")
    assert (again.pk, other.number) == (first.pk, 2)
    assert incident.notes.count() == 2


def test_changes_of_two_people_are_put_together(incident: Incident, note: Note, mei: User, jonas: User) -> None:
    actions.edit_note(jonas.actor, incident, note=note, text=BASE.replace("[ ] mail", "[x] mail"), base=1)
    kept = actions.edit_note(mei.actor, incident, note=note, text=BASE + "\n- [ ] dns", base=1)
    assert kept.note.text == "# Leads\n\n- [ ] gateway\n- [x] mail\n- [ ] vpn\n- [ ] dns"
    assert kept.merged is not None
    assert [p.theirs for p in kept.merged.from_them] == [("- [x] mail",)]
    last = kept.revision
    assert (last.number, last.based_on, last.merged_from, last.sent) == (3, 1, 2, BASE + "\n- [ ] dns")
    entry = LogEntry.objects.filter(chain=incident.chain).last()
    assert entry is not None
    assert sentence(entry) == f"{mei} changed the note N-1, “Leads”: revision 3, merged with 2."


def test_the_same_line_in_two_ways_stores_nothing_and_gives_both_back(
    incident: Incident, note: Note, mei: User, jonas: User
) -> None:
    actions.edit_note(jonas.actor, incident, note=note, text=BASE.replace("gateway", "gateway: clean"), base=1)
    before = incident.chain.entries.count()
    with pytest.raises(Clash) as refused:
        actions.edit_note(mei.actor, incident, note=note, text=BASE.replace("gateway", "gateway: owned"), base=1)
    clash = refused.value
    assert [(p.theirs, p.mine) for p in clash.merged.clashes] == [
        (("- [ ] gateway: clean",), ("- [ ] gateway: owned",))
    ]
    assert str(jonas) in str(clash)
    note.refresh_from_db()
    assert (note.revision, note.text) == (2, BASE.replace("gateway", "gateway: clean"))
    assert incident.chain.entries.count() == before
    settled = actions.edit_note(mei.actor, incident, note=note, text=BASE.replace("gateway", "gateway: owned"), base=2)
    assert settled.revision.number == 3


def test_titles_are_merged_too(incident: Incident, note: Note, mei: User, jonas: User) -> None:
    actions.edit_note(jonas.actor, incident, note=note, text=BASE, title="Leads of the night", base=1)
    kept = actions.edit_note(mei.actor, incident, note=note, text=BASE + "\nx", title="Leads", base=1)
    assert kept.note.title == "Leads of the night"
    with pytest.raises(Clash):
        actions.edit_note(mei.actor, incident, note=note, text=BASE, title="Leads of the day", base=1)


def test_a_double_click_makes_one_revision(incident: Incident, note: Note, mei: User) -> None:
    for _twice in range(2):
        kept = actions.edit_note(mei.actor, incident, note=note, text=BASE + "\nmore", base=1, key="editor")
    assert kept.revision.number == 2
    assert note.revisions.count() == 2


def test_an_editor_whose_answer_was_lost_goes_on(incident: Incident, note: Note, mei: User, jonas: User) -> None:
    """It still believes in revision 1, though its first save arrived, even merged with somebody else's."""
    actions.edit_note(jonas.actor, incident, note=note, text=BASE.replace("[ ] mail", "[x] mail"), base=1)
    actions.edit_note(mei.actor, incident, note=note, text=BASE.replace("vpn", "vpn, since 3"), base=1, key="editor")
    kept = actions.edit_note(
        mei.actor, incident, note=note, text=BASE.replace("vpn", "vpn, since 3 at night"), base=1, key="editor"
    )
    assert kept.note.text == BASE.replace("[ ] mail", "[x] mail").replace("vpn", "vpn, since 3 at night")


def test_too_much_is_refused_in_plain_words(incident: Incident, note: Note, mei: User) -> None:
    with pytest.raises(Invalid, match=r"This note has 200 kB; a note holds 200 kB\. Split it"):
        actions.edit_note(mei.actor, incident, note=note, text="ä" * (LARGEST // 2) + "x", base=1)
    actions.edit_note(mei.actor, incident, note=note, text="ä" * (LARGEST // 2), base=1)
    with pytest.raises(Invalid, match="no revision 99"):
        actions.edit_note(mei.actor, incident, note=note, text="x", base=99)
    with pytest.raises(Invalid, match="Write a title or a text"):
        actions.create_note(mei.actor, incident, text=" \n ")


def test_a_revision_is_brought_back_as_a_new_one(incident: Incident, note: Note, mei: User) -> None:
    actions.edit_note(mei.actor, incident, note=note, text="Nothing.", base=1)
    with pytest.raises(Invalid, match="while you looked"):
        actions.restore_note(mei.actor, incident, note=note, number=1, base=1)
    kept = actions.restore_note(mei.actor, incident, note=note, number=1, base=2)
    assert (kept.note.text, kept.revision.number, kept.revision.restored_from) == (BASE, 3, 1)


def test_a_note_that_was_put_away_comes_back_when_somebody_writes_in_it(
    incident: Incident, note: Note, mei: User, jonas: User
) -> None:
    with pytest.raises(Forbidden):
        actions.archive_note(jonas.actor, incident, note=note)
    actions.archive_note(mei.actor, incident, note=note)
    with pytest.raises(Invalid, match="put away already"):
        actions.archive_note(mei.actor, incident, note=note)
    actions.edit_note(jonas.actor, incident, note=note, text=BASE + "\nstill", base=1)
    note.refresh_from_db()
    assert note.archived_at is None


def test_a_note_of_another_incident_is_not_touched(incident: Incident, note: Note, mei: User) -> None:
    other = factories.incident(incident.organization, title="Another")
    admit(factories.SYSTEM, other, user_id=mei.pk, role="responder")
    for act in (actions.edit_note, actions.archive_note, actions.see_mentions):
        with pytest.raises(Invalid, match="another incident"):
            act(mei.actor, other, note=note, **({"text": "x", "base": 1} if act is actions.edit_note else {}))
    with pytest.raises(Hidden):
        actions.edit_note(factories.user(incident.organization).actor, incident, note=note, text="x", base=1)


def test_mentioned_people_have_it_to_read_until_they_saw_it(incident: Incident, mei: User, jonas: User) -> None:
    note = actions.create_note(mei.actor, incident, title="Ask", text=f'@"{jonas}" and @"{mei}" and @nobody-here')
    assert [(m.note.number, m.by) for m in mentions_of(jonas)] == [(1, str(mei))]
    assert not mentions_of(mei)
    actions.edit_note(mei.actor, incident, note=note, text=f'more words for @"{jonas}"', base=1)
    assert mentions_of(jonas).count() == 1, "who is mentioned already is not told again"
    actions.see_mentions(jonas.actor, incident, note=note)
    assert not mentions_of(jonas)
    with pytest.raises(Invalid):
        actions.see_mentions(jonas.actor, incident, note=note)


def test_who_is_not_on_the_incident_learns_nothing_until_let_in(incident: Incident, mei: User) -> None:
    outside = factories.holder(incident.organization, "malware_analyst")
    # the plan's holder got a seat and access when the account was made; take both away
    for role in ("responder",):
        dismiss(factories.SYSTEM, incident, user_id=outside.pk, role=role)
    note = actions.create_note(mei.actor, incident, title="Ask", text=f'@"{outside}" must see this')
    assert not Mention.objects.exists()
    assert not mentions_of(outside)
    (named,) = who_is(incident, [str(outside)])
    assert (named.users, named.account) == ([], outside)
    tell_mentioned()
    assert not OutboxMessage.objects.filter(key__startswith="mention").exists()
    admit(factories.SYSTEM, incident, user_id=outside.pk, role="responder")
    assert [m.note for m in mentions_of(outside)] == [note]
    dismiss(factories.SYSTEM, incident, user_id=outside.pk, role="responder")
    assert not mentions_of(outside)


def test_who_does_not_look_gets_one_message_that_tells_nothing(
    incident: Incident, mei: User, jonas: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions.create_note(mei.actor, incident, title="Secret plan", text=f'@"{jonas}" the attacker reads our mail')
    tell_mentioned()
    assert not OutboxMessage.objects.filter(key__startswith="mention").exists()
    later = clock.now() + timedelta(seconds=70)
    monkeypatch.setattr(clock, "now", lambda: later)
    for _twice in range(2):
        tell_mentioned()
    (message,) = OutboxMessage.objects.filter(key__startswith="mention")
    assert message.address == f"mailto:{jonas.email}"
    assert message.subject == f"{incident.number}: {mei} mentions you in N-1"
    assert f"/incidents/{incident.number}/notes/1" in message.body
    assert "Secret" not in message.body + message.subject
    assert "attacker" not in message.body


def test_in_an_exercise_the_message_says_so(organization, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    drill = factories.incident(organization, exercise=True)
    jonas = factories.on(drill, IncidentRole.RESPONDER)
    actions.create_note(factories.SYSTEM, drill, title="Ask", text=f'@"{jonas}"')
    later = clock.now() + timedelta(seconds=70)
    monkeypatch.setattr(clock, "now", lambda: later)
    tell_mentioned()
    assert OutboxMessage.objects.get(key__startswith="mention").subject.startswith("EXERCISE")


def test_who_is_meant(incident: Incident, mei: User) -> None:
    anneke = factories.user(incident.organization, OrgRole.RESPONDER, name="Anna Berg")
    admit(factories.SYSTEM, incident, user_id=anneke.pk, role="responder")
    key = incident.plan_version.plan.roles["incident_manager"].holder
    found = {m.word: m.users for m in who_is(incident, ["anna", "anna berg", "ANNA", key, "nobody"])}
    assert found["anna"] == found["anna berg"] == found["ANNA"] == [anneke]
    assert found[key] == []
    assert "nobody" not in found
    factories.admit(
        factories.SYSTEM, incident, user_id=factories.user(incident.organization, name="Anna Lind").pk, role="observer"
    )
    assert who_is(incident, ["anna"]) == [], "two people have that first name"


def test_references_lead_to_things_of_this_incident_only(incident: Incident, note: Note) -> None:
    other = factories.incident(incident.organization, title="Another")
    for n in range(3):
        actions.add_scope(factories.SYSTEM, other, kind="host", name=f"SRV-{n}", because="seen")
    entry = actions.add_scope(factories.SYSTEM, incident, kind="host", name="SRV-9", because="seen")
    links = links_of(incident, f"T-1 S-{entry.number} S-3 N-1 N-2 L-1 L-99999 E-03")
    assert set(links) == {"T-1", "S-1", "N-1", "L-1", "E-3"}
    assert (links["S-1"].title, links["N-1"].url) == ("SRV-9", f"/incidents/{incident.number}/notes/1")
