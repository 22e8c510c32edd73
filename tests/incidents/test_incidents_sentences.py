"""The log told in sentences: no verb is missing, whatever people wrote stays words, old entries do not break a page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

import factories
from access_arguments import ARGUMENTS
from tocsin.core.action import ACTIONS, SEALED
from tocsin.core.models import LogEntry, Organization
from tocsin.incidents.actions import note, set_summary
from tocsin.incidents.models import Incident, SealedEntry
from tocsin.incidents.queries.privilege import opened
from tocsin.incidents.sentences import SENTENCES, mark, sentence, sentence_html

pytestmark = pytest.mark.django_db
MATRIX = yaml.safe_load((Path(__file__).parents[1] / "access_matrix.yaml").read_text(encoding="utf-8"))
ROOMS = sorted(verb for verb, do in ACTIONS.items() if do.__module__.startswith("tocsin."))


def last(place: Incident | Organization, verb: str) -> LogEntry:
    found = LogEntry.objects.filter(chain_id=place.chain_id, verb=verb).last()
    assert found is not None
    return found


def test_every_verb_has_a_sentence_and_every_sentence_a_verb() -> None:
    assert set(SENTENCES) == {*ROOMS, SEALED}


@pytest.mark.parametrize("verb", ROOMS)
def test_a_real_entry_of_each_verb_is_told_whole(verb: str, incident: Incident) -> None:
    entry = LogEntry.objects.filter(verb=verb).last() or make(verb, incident)
    text = sentence(entry)
    assert len(text) > 10
    assert not re.search(r"(?:^|\W)\?(?:\W|$)", text), f"a word is missing: {text}"
    assert not re.search(r"%\(|\{|\}", text), text
    assert text[0].isupper() or text[0] == "“", text


def make(verb: str, incident: Incident) -> LogEntry:
    """Do it for real: a person who may, or Tocsin itself where no person may."""
    place = incident if MATRIX[verb]["in"] == "incident" else incident.organization
    person = factories.on(incident, "lead", "administrator")
    may = {"lead", "administrator"} & set(MATRIX[verb]["may"])
    actor = person.actor if may else factories.SYSTEM
    arguments = ARGUMENTS[verb](place, person)
    ACTIONS[verb](actor, place, **arguments)
    found = LogEntry.objects.filter(chain_id=place.chain_id).order_by("sequence")
    if sealed := SealedEntry.objects.filter(incident_id=place.pk, content__verb=verb).last():
        told = found.get(sequence=sealed.sequence)
        assert (told.verb, sentence(told)) == (SEALED, "Something privileged was recorded.")
        return opened(sealed)
    return last(place, verb)


def test_what_people_wrote_is_escaped_and_kept(incident: Incident) -> None:
    text = "<script>alert(1)</script> at 94 % of %(who)s & {rest}"
    note(factories.SYSTEM, incident, text=text)
    entry = last(incident, "note.write")
    assert sentence(entry).endswith(text)
    html = sentence_html(entry)
    assert "<script>" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; at 94 % of %(who)s &amp; {rest}" in html
    assert html.startswith("<b>")


def test_names_within_lists_are_escaped_too(incident: Incident) -> None:
    entry = last(incident, "roles.fill")
    entry.payload = {"roles": [{"title": "<i>Scribe</i>", "holder": ""}, {"title": "Lead", "holder": "A"}]}
    assert "<i>" not in sentence_html(entry)
    assert "&lt;i&gt;Scribe" in sentence_html(entry)


def test_an_entry_without_what_it_should_have_and_of_an_unknown_verb_is_still_told(incident: Incident) -> None:
    set_summary(factories.SYSTEM, incident, summary="calm")
    entry = last(incident, "summary.set")
    for verb in [*ROOMS, "future.verb"]:
        entry.verb, entry.payload = verb, {}
        assert sentence(entry)
        assert sentence_html(entry)
        assert mark(entry) in ("", "new", "late", "decision", "clock")
