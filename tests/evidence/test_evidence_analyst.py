"""What analysts do with evidence: each act's state and log entry, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import factories
from tocsin.core.access import Forbidden
from tocsin.core.action import Invalid
from tocsin.core.models import LogEntry, Organization
from tocsin.evidence.actions import request_analysis
from tocsin.evidence.actions.analyst import (
    MOST_MARKED,
    MOST_TAGS,
    add_indicator,
    add_yara,
    drop_search,
    import_feed,
    mark_events,
    release_sample,
    save_search,
    withdraw_feed,
    withdraw_indicator,
    withdraw_yara,
)
from tocsin.evidence.models import EventMark, EvidenceItem, Feed, Indicator, Sample, SavedSearch, YaraFile
from tocsin.evidence.store import Stored, put_file
from tocsin.incidents.models import Incident
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


def last(incident: Incident) -> LogEntry:
    entry = LogEntry.objects.filter(chain_id=incident.pk).order_by("-sequence").first()
    assert entry is not None
    return entry


def refused(message: str, field: str, act: Callable[..., Any], incident: Incident, **given: Any) -> None:
    """Carry out an act that must be refused, and leave nothing behind."""
    entries = LogEntry.objects.count()
    with pytest.raises(Invalid, match=message) as told:
        act(S, incident, **given)
    assert told.value.field == field
    assert LogEntry.objects.count() == entries


@pytest.fixture
def other(organization: Organization) -> Incident:
    """Another incident, of which nothing may be touched through the first."""
    return factories.incident(organization, playbook_id=None, title="Another")


@pytest.fixture
def item(place: Incident, tmp_path: Path) -> EvidenceItem:
    return factories.evidence(place, tmp_path)


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    (tmp_path / "feed.csv").write_text("evil.example\n")
    return put_file(tmp_path / "feed.csv")


def sample(incident: Incident, folder: Path) -> Sample:
    item = factories.evidence(incident, folder)
    with factories.preparing():
        return Sample.objects.create(
            incident=incident, run=request_analysis(S, incident), item=item, name="a.exe", sha256="0" * 64, bytes=1,
            kind="pe", kind_name="Windows program",
        )  # fmt: skip


def imported(incident: Incident, stored: Stored, **given: Any) -> Feed:
    return import_feed(S, incident, **({"name": "feed.csv", "stored": stored, "count": 1, "account": {}} | given))


def test_a_feed_is_imported_once_withdrawn_once_and_can_come_back(place: Incident, stored: Stored) -> None:
    feed = imported(place, stored, source="cert", tlp="GREEN", account={"kinds": {"domain": 1}})
    assert (feed.number, feed.name, feed.count, feed.tlp, feed.withdrawn_at) == (1, "feed.csv", 1, "GREEN", None)
    entry = last(place)
    assert entry.verb == "feed.import"
    assert entry.payload["sha256"] == stored.sha256
    refused("there already", "file", import_feed, place, name="b", stored=stored, count=1, account={})
    refused("no indicator", "file", import_feed, place, name="b", stored=stored, count=0, account={})
    refused("no marking", "tlp", import_feed, place, name="b", stored=stored, count=1, account={}, tlp="PINK")
    refused("reason", "because", withdraw_feed, place, feed=feed, because=" ")
    withdraw_feed(S, place, feed=feed, because="full of mistakes")
    feed.refresh_from_db()
    assert feed.withdrawn_because == "full of mistakes"
    assert last(place).payload["because"] == "full of mistakes"
    refused("withdrawn before", "", withdraw_feed, place, feed=feed, because="again")
    assert imported(place, stored).number == 2


def test_an_indicator_says_what_it_is_and_is_normal(place: Incident) -> None:
    made = add_indicator(
        S, place, written=" hxxps://Evil[.]Example/a ", source="partner", confidence=0, tlp="RED", why="seen"
    )
    assert (made.kind, made.value, made.confidence, made.tlp) == ("url", "https://evil.example/a", 0, "RED")
    entry = last(place)
    assert (entry.verb, entry.payload["value"], entry.payload["why"]) == ("indicator.add", made.value, "seen")
    assert add_indicator(S, place, written="0123abcd" * 8).kind == "sha256"
    assert add_indicator(S, place, written="Mallory", kind="account").value == "mallory"


@pytest.mark.parametrize(
    ("given", "message", "field"),
    [
        ({"written": "  "}, "value to look for", "written"),
        ({"written": "some words"}, "What kind", "kind"),
        ({"written": "evil.example.org", "kind": "sha256"}, "evil.example.org", "written"),
        ({"written": "evil.example.org", "kind": "none-such"}, "none-such", "kind"),
        ({"written": "evil.example.org", "confidence": 101}, "0 to 100", "confidence"),
        ({"written": "evil.example.org", "confidence": -1}, "0 to 100", "confidence"),
        ({"written": "evil.example.org", "tlp": "BLUE"}, "no marking", "tlp"),
        ({"written": "EVIL[.]example.org"}, "there already", "written"),
    ],
)
def test_what_is_no_indicator_is_refused(place: Incident, given: dict[str, Any], message: str, field: str) -> None:
    add_indicator(S, place, written="evil.example.org")
    refused(message, field, add_indicator, place, **given)
    assert place.indicators.count() == 1


def test_a_withdrawn_indicator_can_be_added_again(place: Incident) -> None:
    made = add_indicator(S, place, written="evil.example.org")
    refused("reason", "because", withdraw_indicator, place, indicator=made, because="")
    withdraw_indicator(S, place, indicator=made, because="ours")
    assert last(place).payload == {
        "indicator": 1, "kind": "domain", "value": "evil.example.org", "because": "ours",
    }  # fmt: skip
    refused("before", "", withdraw_indicator, place, indicator=made, because="ours")
    assert add_indicator(S, place, written="evil.example.org").number == 2


def test_yara_rules_come_and_go(place: Incident) -> None:
    refused("no rule", "file", add_yara, place, name="a.yar", text="", rules=[])
    refused("name", "name", add_yara, place, name=" ", text="x", rules=["A"])
    made = add_yara(S, place, name="a.yar", text="rule A { condition: true }", rules=["A"])
    assert (last(place).verb, last(place).payload["rules"]) == ("yara.add", 1)
    withdraw_yara(S, place, file=made)
    assert last(place).verb == "yara.withdraw"
    refused("before", "", withdraw_yara, place, file=made)
    assert YaraFile.objects.get().withdrawn_at is not None


def test_a_sample_goes_out_with_a_reason_only(place: Incident, tmp_path: Path) -> None:
    found = sample(place, tmp_path)
    refused("why", "why", release_sample, place, sample=found, why="")
    release_sample(S, place, sample=found, why="sandbox")
    assert last(place).payload == {"name": "a.exe", "sha256": "0" * 64, "why": "sandbox"}


def test_events_are_starred_tagged_and_commented(place: Incident, item: EvidenceItem) -> None:
    (first, second) = mark_events(
        S, place, events=[(item, 1), (item, 2)], starred=True, add_tags=["Lateral  Movement", " ", "lateral movement"]
    )
    assert (first.cite, first.starred, first.tags) == ("E-01.1", True, ["lateral-movement"])
    assert last(place).payload["events"] == ["E-01.1", "E-01.2"]
    mark_events(S, place, events=[(item, 1)], add_tags=["b"], drop_tags=["Lateral Movement"], comment=" seen ")
    first.refresh_from_db()
    assert (first.starred, first.tags) == (True, ["b"])
    assert [(c["by"], c["text"]) for c in first.comments] == [(S.name, "seen")]
    mark_events(S, place, events=[(item, 1)], starred=False)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.starred, first.tags, second.starred) == (False, ["b"], True)
    assert EventMark.objects.count() == 2


def test_marks_have_limits(place: Incident, item: EvidenceItem) -> None:
    refused("Choose events", "", mark_events, place, events=[], starred=True)
    refused("Choose events", "", mark_events, place, events=[(item, 1)])
    refused("Choose events", "", mark_events, place, events=[(item, 1)], add_tags=["  "], comment=" ")
    refused("at a time", "", mark_events, place, events=[(item, n) for n in range(MOST_MARKED + 1)], starred=True)
    tags = [f"t{n}" for n in range(MOST_TAGS + 1)]
    refused("tags", "", mark_events, place, events=[(item, 1)], add_tags=tags)
    assert not EventMark.objects.exists()


def test_the_same_event_twice_is_one_mark(place: Incident, item: EvidenceItem) -> None:
    made = mark_events(S, place, events=[(item, 1), (item, 1)], comment="once")
    assert len(made) == 1
    assert len(EventMark.objects.get().comments) == 1


def test_searches_are_kept_by_name(place: Incident) -> None:
    refused("name", "name", save_search, place, name="", query="x")
    save_search(S, place, name="logons", query="code:4624")
    made = save_search(S, place, name="logons", query="code:4625")
    assert (SavedSearch.objects.count(), made.query) == (1, "code:4625")
    drop_search(S, place, search=made)
    assert (last(place).verb, last(place).payload) == ("search.drop", {"name": "logons", "query": "code:4625"})
    assert not SavedSearch.objects.exists()


def test_nothing_of_another_incident_is_touched(
    place: Incident, other: Incident, stored: Stored, tmp_path: Path
) -> None:
    theirs = "belongs to another incident"
    refused(theirs, "", withdraw_feed, place, feed=imported(other, stored), because="x")
    refused(
        theirs,
        "",
        withdraw_indicator,
        place,
        indicator=add_indicator(S, other, written="evil.example.org"),
        because="x",
    )
    file = add_yara(S, other, name="a.yar", text="rule A { condition: true }", rules=["A"])
    refused(theirs, "", withdraw_yara, place, file=file)
    refused(theirs, "", release_sample, place, sample=sample(other, tmp_path), why="x")
    item = factories.evidence(other, tmp_path)
    refused(theirs, "", mark_events, place, events=[(item, 1)], starred=True)
    refused(theirs, "", drop_search, place, search=save_search(S, other, name="a", query="b"))
    assert not EventMark.objects.exists()
    assert not Indicator.objects.exclude(withdrawn_at=None).exists()


def test_who_only_observes_marks_nothing(place: Incident, item: EvidenceItem) -> None:
    observer = factories.on(place, IncidentRole.OBSERVER)
    with pytest.raises(Forbidden):
        mark_events(observer.actor, place, events=[(item, 1)], starred=True)
    with pytest.raises(Forbidden):
        add_indicator(observer.actor, place, written="evil.example.org")
    assert not EventMark.objects.exists()
