"""The fact sheet: instants, roles, data and people, who said what when, what contradicts what, and what follows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

import factories
from tocsin.core import clock
from tocsin.core.action import ACTIONS, Invalid
from tocsin.core.models import LogEntry, Organization
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.incidents.queries import contradictions, facts_of, law_facts, scope_as_of, sheet_of
from tocsin.incidents.queries.sheet import CHANGES, LAW_INSTANTS, People, Sheet, Stated
from tocsin.incidents.regions import countries, region_name, region_of
from tocsin.incidents.sentences import sentence, sentence_html
from tocsin.incidents.sheet_words import DATA, INSTANTS, ROLES, range_word
from tocsin.incidents.views.telling import known_words
from tocsin.law import regions
from tocsin.law.facts import Range
from tocsin.law.load import library
from tocsin.law.vocabulary import vocabulary
from tocsin.plan.facts import known_facts
from tocsin.plan.models import Anchor, FactKind

S = factories.SYSTEM
database = pytest.mark.django_db


def told(incident: Incident, verb: str) -> str:
    return sentence(LogEntry.objects.filter(chain_id=incident.chain_id, verb=verb).latest("sequence"))


def at(hour: int) -> datetime:
    return datetime(2026, 11, 20, hour, tzinfo=UTC)


def sheet(**given: Any) -> Sheet:
    """A sheet without an incident: instants by hour, flags and data by answer."""
    return Sheet(
        instants={a: Stated(at(h)) for a, h in given.pop("instants", {}).items()},
        flags={f: Stated(v) for f, v in given.pop("flags", {}).items()},
        data_categories={c: Stated(v) for c, v in given.pop("data", {}).items()},
        facts={f: Stated(v) for f, v in given.pop("facts", {}).items()},
        people=tuple(
            People(n, f"Group {n}", region, low, high, sure, "suspected")
            for n, (region, low, high, sure) in enumerate(given.pop("people", ()), start=1)
        ),
        **given,
    )


# The vocabulary -----------------------------------------------------------------------------------


def test_the_sheet_speaks_the_words_of_the_law() -> None:
    law = vocabulary()
    assert set(LAW_INSTANTS) == set(law.instants) - {"detection_of_facts"}
    assert law.read_from["detection_of_facts"] == ["detection"]
    assert set(INSTANTS) == set(Anchor)
    assert set(ROLES) == set(law.roles)
    assert set(DATA) == set(law.data)
    assert set(countries()) == (regions._COUNTRIES - {"UK"}) | {"GB", "EU"}


def test_every_flag_that_a_regime_asks_for_is_a_fact_with_plain_words() -> None:
    known = known_facts()
    asked = set(vocabulary().flags)
    for regime in library():
        asked |= set(_flags(regime.model_dump()))
    assert len(asked) > 25
    missing = [flag for flag in sorted(asked) if flag not in known or known[flag].kind != FactKind.YES_NO]
    assert missing == []
    assert all(f"{anchor}_at" in known for anchor in Anchor)


def _flags(node: Any) -> Iterable[str]:
    if isinstance(node, dict):
        if isinstance(node.get("flag"), str):
            yield node["flag"]
        for value in node.values():
            yield from _flags(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _flags(value)


def test_every_verb_that_changes_the_sheet_is_an_action() -> None:
    assert set(CHANGES) <= set(ACTIONS)


# Instants -----------------------------------------------------------------------------------------


@database
def test_an_instant_says_who_set_it_when_why_and_in_which_zone(incident: Incident) -> None:
    person = factories.on(incident, "counsel")
    moment = clock.now() - timedelta(hours=5)
    actions.mark_instant(S, incident, anchor="aware", at=moment, because="the first call")
    actions.mark_instant(
        person.actor, incident, anchor="aware", at=moment + timedelta(hours=1), because="the call ended then",
        zone="Europe/Berlin",
    )  # fmt: skip
    found = sheet_of(incident).instants["aware"]
    assert found.value == moment + timedelta(hours=1)
    assert found.source is not None
    assert (found.source.by, found.source.because) == (person.name, "the call ended then")
    assert found.source.zone == "Europe/Berlin"
    entries = list(incident.chain.entries.filter(verb="instant.mark").order_by("sequence"))
    assert entries[1].payload["before"] == entries[0].payload["at"]  # the log keeps what stood before
    assert found.source.sequence == entries[1].sequence


@database
def test_the_declarer_is_who_said_what_the_incident_began_with(organization: Organization) -> None:
    person = factories.user(organization)
    place = factories.incident(organization, person.actor, facts={"ransomware": True})
    found = sheet_of(place)
    for source in (found.instants["detected"].source, found.flags["ransomware"].source):
        assert source is not None
        assert source.by == person.name


@database
@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"at": timedelta(minutes=5)}, "at"),
        ({"at": timedelta(hours=-1), "zone": "Mars/Olympus"}, "zone"),
        ({"at": timedelta(hours=-1), "anchor": "yesterday"}, "anchor"),
        ({"at": timedelta(hours=-1), "anchor": "detected"}, "because"),  # set already: a correction needs a reason
    ],
)
def test_an_instant_that_cannot_be_is_refused(incident: Incident, given: dict[str, Any], field: str) -> None:
    before = incident.instants
    with pytest.raises(Invalid) as refused:
        actions.mark_instant(S, incident, **{"anchor": "aware", **given, "at": clock.now() + given["at"]})
    assert refused.value.field == field
    incident.refresh_from_db()
    assert incident.instants == before


@database
def test_an_instant_that_is_taken_back_takes_its_deadlines_along(incident: Incident) -> None:
    actions.set_fact(S, incident, name="personal_data_affected", value=True)
    actions.mark_instant(S, incident, anchor="aware", at=clock.now() - timedelta(hours=1))
    task = incident.tasks.filter(kind="notification", due_at__isnull=False).first()
    assert task is not None
    assert task.clock.due_at == task.due_at
    with pytest.raises(Invalid, match="reason why it is taken back"):
        actions.withdraw_instant(S, incident, anchor="aware", because=" ")
    actions.withdraw_instant(S, incident, anchor="aware", because="that was another matter")
    task.refresh_from_db()
    task.clock.refresh_from_db()
    assert (task.due_at, task.clock.due_at, task.clock.state) == (None, None, "waiting")
    assert "aware" not in sheet_of(incident).instants
    said = told(incident, "instant.withdraw")
    assert "took the instant “Aware” back" in said
    assert "Reason: that was another matter" in said
    with pytest.raises(Invalid, match="Nobody has set"):
        actions.withdraw_instant(S, incident, anchor="aware", because="again")
    with pytest.raises(Invalid, match="stands in the log"):
        actions.withdraw_instant(S, incident, anchor="declared", because="no")


@database
def test_phases_and_closing_set_their_instants_with_a_source(incident: Incident) -> None:
    actions.set_phase(S, incident, phase="contained", because="cut off")
    found = sheet_of(incident).instants["contained"].source
    assert found is not None
    assert found.because == "cut off"
    actions.close(S, incident, outcome="near_miss", reason="nothing came of it", left_open="a test")
    closed = sheet_of(incident).instants["closed"].source
    assert closed is not None
    assert closed.because == "nothing came of it"
    actions.reopen(S, incident, reason="it came back")
    assert "closed" not in sheet_of(incident).instants


# Contradictions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "about", "words"),
    [
        ({"instants": {"detected": 5, "contained": 3}}, ("instant.detected", "instant.contained"), "before “Detected”"),
        ({"instants": {"demanded": 5, "paid": 4}}, ("instant.demanded", "instant.paid"), "before “Money demanded”"),
        ({"instants": {"began": 5, "detected": 4}}, ("instant.began", "instant.detected"), "before “It began”"),
        ({"instants": {"paid": 5}, "flags": {"payment_made": False}}, ("instant.paid", "fact.payment_made"), "is no"),
        ({"flags": {"ransomware": True, "malware": False}}, ("fact.ransomware", "fact.malware"), "is yes, but to"),
        ({"flags": {"data_encrypted_key_safe": True, "unsecured_phi": True}},
         ("fact.data_encrypted_key_safe", "fact.unsecured_phi"), "cannot be"),
        ({"data": {"health": True, "personal_data": False}}, ("data.health", "data.personal_data"), "is not"),
        ({"data": {"health": True}, "flags": {"personal_data_affected": False}},
         ("data.health", "fact.personal_data_affected"), "“Health data” is affected"),
        ({"data": {"payment_card": False}, "flags": {"card_data_compromise": True}},
         ("fact.card_data_compromise", "data.payment_card"), "not to be affected"),
        ({"people": [("DE", 5, 9, "")], "flags": {"personal_data_affected": False}},
         ("people", "fact.personal_data_affected"), "5 to 9"),
        ({"people": [("DE", 5, 9, "")], "facts": {"people_affected": 12}},
         ("people", "fact.people_affected"), "stated as 12"),
    ],
)  # fmt: skip
def test_what_contradicts_what_is_said_in_words(given: dict[str, Any], about: tuple[str, str], words: str) -> None:
    with timezone.override(UTC):
        (found,) = contradictions(sheet(**given))
    assert found.about == about
    assert words in found.words


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"instants": {"began": 1, "detected": 2, "aware": 3, "contained": 4, "eradicated": 5, "recovered": 6}},
        {"instants": {"detected": 3, "aware": 3, "contained": 3}},  # in the same minute: nothing is odd
        {"flags": {"ransomware": True}},  # what is not known contradicts nothing
        {"data": {"cui": True, "personal_data": False}},  # not about people
        {"people": [("DE", None, None, "")], "flags": {"personal_data_affected": False}},
        {"people": [("DE", 5, None, "")], "facts": {"people_affected": 1900}},
    ],
)
def test_what_can_be_so_is_no_contradiction(given: dict[str, Any]) -> None:
    assert contradictions(sheet(**given)) == []


@database
def test_a_contradicting_instant_is_taken_and_shown(incident: Incident) -> None:
    detected = incident.instant("detected")
    assert detected is not None
    actions.mark_instant(S, incident, anchor="contained", at=detected - timedelta(days=1))
    (found,) = contradictions(sheet_of(incident))
    assert found.about == ("instant.detected", "instant.contained")
    actions.withdraw_instant(S, incident, anchor="contained", because="mistyped")
    assert contradictions(sheet_of(incident)) == []


# Roles and data -----------------------------------------------------------------------------------


@database
def test_roles_come_from_the_plan_and_are_overridden_with_a_reason(incident: Incident) -> None:
    planned = incident.plan_version.plan.organization.roles
    assert sheet_of(incident).held_roles == frozenset(planned)
    assert facts_of(incident)["us_listed"] is False
    with pytest.raises(Invalid, match="Please give the reason"):
        actions.set_entity_role(S, incident, role="sec_registrant", held=True, because="")
    with pytest.raises(Invalid, match="no role that laws or contracts know"):
        actions.set_entity_role(S, incident, role="wizard", held=True, because="why not")
    actions.set_entity_role(S, incident, role="sec_registrant", held=True, because="the parent is listed")
    actions.set_entity_role(S, incident, role="controller", held=False, because="it is a customer's data")
    found = sheet_of(incident)
    assert found.held_roles == (frozenset(planned) | {"sec_registrant"}) - {"controller"}
    assert found.roles["controller"].value is False
    source = found.roles["sec_registrant"].source
    assert source is not None
    assert source.because == "the parent is listed"
    assert facts_of(incident)["us_listed"] is True
    assert "in this incident we are not: Controller: decides why" in told(incident, "sheet.roles")
    with pytest.raises(Invalid, match="stands there already"):
        actions.set_entity_role(S, incident, role="controller", held=False, because="again")
    actions.set_entity_role(S, incident, role="controller", held=None, because="it is ours after all")
    assert "controller" in sheet_of(incident).held_roles


@database
def test_steps_follow_a_role_that_is_said_here(incident: Incident) -> None:
    task = incident.tasks.filter(state="waiting").first()
    assert task is not None
    with factories.preparing():
        incident.tasks.filter(pk=task.pk).update(when="us_listed", needs=[])
    actions.set_entity_role(S, incident, role="sec_registrant", held=True, because="the parent is listed")
    task.refresh_from_db()
    assert task.state == "open"
    actions.set_entity_role(S, incident, role="sec_registrant", held=None, because="the parent is not hit")
    task.refresh_from_db()
    assert task.state == "waiting"
    assert "what the organization is here was changed" in task.uncalled


@database
def test_nobody_is_asked_for_what_the_sheet_says_under_another_name(incident: Incident) -> None:
    """A role answers the fact that the plan asks for, and so does a fact of the same meaning: yes, no, and taken back."""
    lead = Client()
    lead.force_login(factories.on(incident, "lead"), backend="django.contrib.auth.backends.ModelBackend")
    task = incident.tasks.filter(state="waiting").first()
    assert task is not None
    with factories.preparing():
        incident.tasks.exclude(pk=task.pk).update(when="")
        incident.tasks.filter(pk=task.pk).update(when="us_listed and data_exfiltrated and mfa_bypassed", needs=[])
    paths = ("obligations", f"tasks/{task.number}")

    def asked() -> list[set[str]]:
        pages = [lead.get(f"/incidents/{incident.number}/{path}").content.decode() for path in paths]
        return [{f for f in ("us_listed", "data_exfiltrated", "mfa_bypassed") if f'value="{f}"' in p} for p in pages]

    assert asked() == [{"data_exfiltrated", "mfa_bypassed"}] * 2
    actions.set_entity_role(S, incident, role="sec_registrant", held=True, because="the parent is listed")
    actions.set_fact(S, incident, name="data_exfiltration", value=True)
    assert asked() == [{"mfa_bypassed"}] * 2
    actions.set_fact(S, incident, name="mfa_bypassed", value=True)
    task.refresh_from_db()
    assert task.state == "open"
    actions.set_fact(S, incident, name="data_exfiltration", value=False, because="the copy was stopped")
    task.refresh_from_db()
    assert (task.state, facts_of(incident)["data_exfiltrated"]) == ("waiting", False)
    actions.set_fact(S, incident, name="payment_made", value=False)
    assert law_facts(sheet_of(incident)).flags["extortion_payment_made"] is False


@database
def test_data_is_affected_not_affected_or_not_known(incident: Incident) -> None:
    actions.set_data_category(S, incident, category="health", affected=True, because="in the dump")
    actions.set_data_category(S, incident, category="gov_id", affected=False, because="another server")
    found = sheet_of(incident)
    assert found.data_affected == {"health"}
    assert found.data_categories["gov_id"].value is False
    assert "this data is not affected: Driving licences" in told(incident, "sheet.data")
    actions.set_data_category(S, incident, category="gov_id", affected=None, because="not sure any more")
    assert "gov_id" not in sheet_of(incident).data_categories
    for category, words in (("gossip", "no category of data"), ("gov_id", "stands there already")):
        with pytest.raises(Invalid, match=words):
            actions.set_data_category(S, incident, category=category, affected=None, because="x")


# People -------------------------------------------------------------------------------------------


@database
def test_people_are_counted_by_region_and_the_ledger_keeps_what_was_said(incident: Incident) -> None:
    people = {"kind": "data_subjects", "because": "rows of the dump"}
    german = actions.add_scope(S, incident, name="Customers", region="de", count_low=12_000, count_high=15_000,
                               confidence="moderate", **people)  # fmt: skip
    actions.add_scope(S, incident, name="Customers", region="California", count_low=300, **people)
    actions.add_scope(
        S, incident, name="Applicants", region="DE", count_low=10, count_high=10, confidence="high", **people
    )
    actions.add_scope(S, incident, name="Guests", **people)
    actions.add_scope(S, incident, kind="data_set", name="Backups", because="seen", count_low=7)
    with pytest.raises(Invalid, match="in scope already as S-1"):
        actions.add_scope(S, incident, name="customers", region="Germany", **people)
    then = clock.now()
    found = {row.region: (row.low, row.high, row.confidence) for row in sheet_of(incident).affected}
    assert found == {"DE": (12_010, 15_010, "moderate"), "US-CA": (300, None, ""), "": (None, None, "")}
    total = sheet_of(incident).total
    assert (total.low, total.high, len(total.entries)) == (12_310, None, 4)

    actions.count_scope(S, incident, entry=german, region="DE", count_low=13_000, count_high=13_000, confidence="high",
                        because="twins removed")  # fmt: skip
    (row,) = [r for r in sheet_of(incident).people if r.number == german.number]
    assert (row.low, row.high, row.confidence) == (13_000, 13_000, "high")
    assert row.source is not None
    assert row.source.because == "twins removed"
    assert "from 12,000 to 15,000, Germany, moderate confidence to 13,000, Germany, high" in told(
        incident, "scope.count"
    )
    ledger = {r.entry.number: (r.count_low, r.count_high) for r in scope_as_of(incident, then)}
    assert ledger[german.number] == (12_000, 15_000)  # as it was known then

    actions.change_scope(S, incident, entry=german, state="cleared", because="test data")
    assert sheet_of(incident).affected[0].low == 10


@database
@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"region": "XX"}, "region"), ({"region": "US-ZZ"}, "region"), ({"region": "EU-DE"}, "region"),
        ({"region": "<b>"}, "region"), ({"region": "DE", "kind": "host"}, "region"),
        ({"confidence": "certain"}, "confidence"), ({"count_low": 9, "count_high": 3}, "count_low"),
        ({"count_low": -1}, "count_low"),
    ],
)  # fmt: skip
def test_numbers_and_places_that_cannot_be_are_refused(incident: Incident, given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        actions.add_scope(S, incident, **{"kind": "data_subjects", "name": "Customers", "because": "seen"} | given)
    assert refused.value.field == field
    if "kind" not in given:
        entry = actions.add_scope(S, incident, kind="data_subjects", name="Customers", because="seen")
        with pytest.raises(Invalid):
            actions.count_scope(S, incident, entry=entry, because="counted", **given)


@database
def test_two_entries_do_not_come_to_count_the_same_people(incident: Incident) -> None:
    rows = [
        actions.add_scope(S, incident, kind="data_subjects", name="Customers", region=r, because="x")
        for r in ("DE", "FR")
    ]
    with pytest.raises(Invalid, match="S-1 counts these people"):
        actions.count_scope(S, incident, entry=rows[1], region="DE", because="moved")
    with pytest.raises(Invalid, match="stand there already"):
        actions.count_scope(S, incident, entry=rows[1], region="FR", because="same")


@pytest.mark.parametrize(
    ("text", "code", "name"),
    [
        ("de", "DE", "Germany"), (" UK ", "GB", "United Kingdom"), ("Georgia", "GE", "Georgia"),
        ("us-ga", "US-GA", "Georgia, United States"), ("Quebec", "CA-QC", "Quebec, Canada"), ("", "", "Country not known"),
        ("DE-BY", "DE-BY", "BY, Germany"), ("uk-eng", "GB-ENG", "ENG, United Kingdom"),
    ],
)  # fmt: skip
def test_a_region_is_understood_by_code_and_by_name(text: str, code: str, name: str) -> None:
    assert (region_of(text), region_name(code)) == (code, name)
    assert not code or regions.is_known(regions.named(code))


COUNTS = st.none() | st.integers(0, 10**6)
GROUPS = st.lists(
    st.tuples(
        st.sampled_from(["DE", "US-CA", ""]), COUNTS, COUNTS, st.sampled_from(["", "low", "moderate", "high"])
    ).filter(lambda g: g[1] is None or g[2] is None or g[1] <= g[2]),
    max_size=8,
)


@given(GROUPS, st.lists(st.floats(0, 1), min_size=8, max_size=8))
def test_whatever_the_true_numbers_are_the_ranges_hold_them(groups: list[Any], parts: list[float]) -> None:
    """For true numbers within each group's range, the sums by region and in all lie within what the sheet says."""
    found = sheet(people=groups)
    true: dict[str, int] = {}
    for (region, low, high, _sure), part in zip(groups, parts, strict=False):
        least = low or 0
        most = high if high is not None else least + 10**6
        true[region] = true.get(region, 0) + least + round(part * (most - least))
    for row in (*found.affected, found.total):
        count = sum(true.values()) if row.region == "total" else true[row.region]
        assert (row.low or 0) <= count
        assert row.high is None or count <= row.high
    order = list(reversed(groups))
    again = sheet(people=order)
    assert [(r.region, r.low, r.high, r.confidence) for r in again.affected] == [
        (r.region, r.low, r.high, r.confidence) for r in found.affected
    ]


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(None, None, "not known"), (500, None, "at least 500"), (None, 9, "at most 9"), (0, 9, "at most 9"), (0, 0, "0"),
     (1900, 1900, "1,900"), (12_000, 15_000, "12,000 to 15,000")],
)  # fmt: skip
def test_ranges_in_words(low: int | None, high: int | None, words: str) -> None:
    assert range_word(low, high) == words


# What is handed on --------------------------------------------------------------------------------


def test_the_law_reads_the_sheet() -> None:
    found = law_facts(
        sheet(
            instants={"detected": 1, "aware": 2, "determined": 3, "closed": 9},
            flags={"ransomware": True, "malware": False},
            data={"health": True, "gov_id": False},
            people=[("DE", 5, 9, "high"), ("GB", 7, 7, "low"), ("", 1, 1, "")],
            home_countries=("DE", "FR"),
            zone="Europe/Berlin",
        )
    )
    assert dict(found.instants) == {
        "detection": at(1), "awareness": at(2), "determination_of_breach": at(3), "incident_resolution": at(9),
    }  # fmt: skip
    assert found.flags == {"ransomware": True, "malware": False}
    assert found.data_categories == {"health"}
    assert found.affected == {"DE": Range(5, 9, "high"), "GB": Range(7, 7, "low"), "total": Range(13, None, "")}
    assert (found.home, found.zone, found.operates_in) == ("DE", "Europe/Berlin", {"DE", "FR"})
    assert not found.all_regions_known
    closed = sheet(
        people=[("DE", 5, 9, "high")], flags={"affected_regions_complete": True}, data={"personal_data": False}
    )
    assert law_facts(closed).affected["total"] == Range(5, 9, "high")
    assert law_facts(closed).all_regions_known
    assert law_facts(closed).data_categories == frozenset()
    assert law_facts(sheet()).data_categories is None


@database
def test_prepared_texts_are_filled_from_the_sheet_unless_somebody_stated_it(incident: Incident) -> None:
    assert "people_affected" not in known_words(incident)
    for region, low in (("DE", 5), ("US-CA", 9)):
        actions.add_scope(S, incident, kind="data_subjects", name="Customers", region=region, count_low=low,
                          count_high=low, because="seen")  # fmt: skip
    actions.set_data_category(S, incident, category="health", affected=True, because="seen")
    words = known_words(incident)
    assert words["people_affected"] == "14"
    assert words["affected_countries"] == "Germany; California, United States"
    assert words["data_categories"] == "Health data"
    actions.set_fact(S, incident, name="people_affected", value=1900)
    assert known_words(incident)["people_affected"] == 1900


@database
def test_the_sheet_takes_few_queries(incident: Incident, django_assert_num_queries: Any) -> None:
    for n in range(12):
        actions.add_scope(S, incident, kind="data_subjects", name=f"Group {n}", because="seen", region="FR")
    place = Incident.objects.select_related("chain", "plan_version").get(pk=incident.pk)
    assert place.plan_version.plan
    with django_assert_num_queries(3):
        sheet_of(place)
    with django_assert_num_queries(1):
        sheet_of(place, sourced=False)


@database
def test_merged_people_keep_region_and_numbers(organization: Organization) -> None:
    source, target = factories.incident(organization), factories.incident(organization, title="The other")
    for place, low in ((source, 5), (target, 9)):
        actions.add_scope(S, place, kind="data_subjects", name="Customers", region="DE" if low == 5 else "FR",
                          count_low=low, count_high=low, confidence="high", because="seen")  # fmt: skip
    actions.receive(S, target, source=source, scope=[1])
    found = {(row.region, row.low, row.confidence) for row in sheet_of(target).affected}
    assert found == {("DE", 5, "high"), ("FR", 9, "high")}


@database
def test_sentences_escape_what_people_wrote(incident: Incident) -> None:
    entry = actions.add_scope(S, incident, kind="data_subjects", name="<i>x</i>", because="seen")
    actions.count_scope(S, incident, entry=entry, count_low=3, because="<script>%(who)s")
    last = LogEntry.objects.filter(chain_id=incident.chain_id, verb="scope.count").latest("sequence")
    assert "<script>" not in sentence_html(last)
    assert "&lt;i&gt;x" in sentence_html(last)
