"""Verdicts: what applies and why, what does not, what is not known; people by region; order; contradictions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tocsin.law.check import check_facts
from tocsin.law.engine import Duty, evaluate
from tocsin.law.facts import Facts, Range
from tocsin.law.load import library, own_regime, regime
from tocsin.law.models import Regime

AWARE = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BREACH = Facts(
    instants={"awareness": AWARE},
    roles=frozenset({"controller"}),
    flags={"personal_data_breach": True, "high_risk_to_individuals": False},
    data_categories=frozenset({"personal_data"}),
    affected={"DE": Range(4000, 6000), "FR": Range.exactly(3000), "US-CA": Range(400, 700)},
    all_regions_known=True,
    operates_in=frozenset({"DE"}),
    home="DE",
    zone="Europe/Berlin",
)


PROCESSOR = "processor informs controller"
PAID = ("extortion_payment_made", "payment")


def duty(facts: Facts, key: str, **more: Any) -> Duty:
    return next(one for one in evaluate(facts, [regime(key)], **more))


def clause(applies: dict[str, Any], **more: Any) -> Regime:
    stage = {"name": "notice", "recipient": "customer", "from": "awareness", "within": "24 hours"}
    return own_regime(
        {"id": "own", "name": "Own", "recipients": [{"type": "customer", "name": "Acme"}], "applies": applies}
        | {"stages": [stage]} | more
    )  # fmt: skip


def verdict(facts: Facts, applies: dict[str, Any]) -> tuple[str, tuple[str, ...], list[str]]:
    (found,) = evaluate(facts, [clause(applies)])
    return found.verdict, found.missing, [reason.key for reason in found.reasons]


@pytest.mark.parametrize(
    ("applies", "expected"),
    [
        ({"flag": "personal_data_breach"}, ("may_apply", (), ["flag-true"])),
        ({"flag": "high_risk_to_individuals"}, ("does_not_apply", (), ["flag-false"])),
        ({"not": {"flag": "high_risk_to_individuals"}}, ("may_apply", (), ["flag-false"])),
        ({"flag": "ransomware"}, ("cannot_tell", ("ransomware",), ["flag-unknown"])),
        ({"not": {"flag": "ransomware"}}, ("cannot_tell", ("ransomware",), ["flag-unknown"])),
        ({"any": [{"flag": "ransomware"}, {"role": "controller"}]}, ("may_apply", (), ["role-held"])),
        (
            {"all": [{"flag": "ransomware"}, {"role": "merchant"}]},
            ("does_not_apply", (), ["role-not-held"]),
        ),
        (
            {"all": [{"flag": "ransomware"}, {"flag": "malware"}]},
            ("cannot_tell", ("ransomware", "malware"), ["flag-unknown", "flag-unknown"]),
        ),
        ({"role": "business"}, ("may_apply", (), ["role-held"])),
        ({"data": "ssn"}, ("cannot_tell", ("data_categories",), ["data-unknown"])),
        ({"data": "payment_card"}, ("does_not_apply", (), ["data-not-affected"])),
        ({"region": "EU"}, ("may_apply", (), ["region-people"])),
        ({"region": "JP"}, ("does_not_apply", (), ["region-no"])),
        ({"people_in": "EU", "at_least": 7000}, ("may_apply", (), ["people-meets"])),
        ({"people_in": "EU", "at_least": 7001}, ("cannot_tell", ("affected:EU",), ["people-unknown"])),
        ({"people_in": "EU", "more_than": 9000}, ("does_not_apply", (), ["people-fails"])),
        ({"people_in": "EU", "at_most": 9000}, ("may_apply", (), ["people-meets"])),
        ({"people_in": "total", "fewer_than": 7400}, ("does_not_apply", (), ["people-fails"])),
        ({"people_in": "US", "at_least": 500}, ("cannot_tell", ("affected:US",), ["people-unknown"])),
        ({"any_part_of": "US", "at_least": 400}, ("may_apply", (), ["part-meets"])),
        ({"any_part_of": "US", "more_than": 500}, ("cannot_tell", ("affected:US",), ["part-unknown"])),
        ({"any_part_of": "US", "more_than": 700}, ("does_not_apply", (), ["part-fails"])),
        ({"judge": "Is it serious?"}, ("may_apply", (), ["judge"])),
    ],
)  # fmt: skip
def test_three_valued_answers(applies: dict[str, Any], expected: tuple[str, tuple[str, ...], list[str]]) -> None:
    assert verdict(BREACH, applies) == expected


def test_nothing_known_is_never_a_no() -> None:
    found = evaluate(Facts(), library())
    assert {one.verdict for one in found} == {"cannot_tell", "not_in_force"}
    assert all(one.missing for one in found if one.verdict == "cannot_tell")
    assert {one.regime.id for one in found if one.verdict == "not_in_force"} == {"us-circia", "uk-csr-bill", "in-dpdp"}


def test_reasons_say_fact_value_and_rule() -> None:
    facts = replace(BREACH, data_categories=frozenset({"ssn"}), flags={"data_exfiltration": True})
    assert [reason.sentence for reason in duty(facts, "us-ca-breach").reasons] == [
        "We are recorded as: every organization that holds data about people (business).",
        "Follows from what is recorded: somebody without the right took data (unauthorised_acquisition).",
        "Data affected: social security or tax numbers (ssn).",
        "People affected in US-CA: 400 to 700; the rule asks for at least 1, which is met.",
    ]


def test_a_range_decides_only_where_one_end_decides() -> None:
    facts = replace(BREACH, data_categories=frozenset({"ssn"}), flags={"data_exfiltration": True})
    attorney = "sample notice to Attorney General"
    assert duty(facts, "us-ca-breach").stage(attorney).state == "to_judge"
    assert duty(facts, "us-ca-breach").stage(attorney).missing == ("affected:US-CA", "notify residents")
    many = replace(facts, affected={"US-CA": Range(501, 700)})
    assert duty(many, "us-ca-breach").stage(attorney).state == "waiting"
    few = replace(facts, affected={"US-CA": Range(10, 500)})
    assert duty(few, "us-ca-breach").stage(attorney).state == "not_needed"


@pytest.mark.parametrize(
    ("affected", "complete", "region", "low", "high"),
    [
        ({"DE": Range(5, 9), "NO": Range.exactly(1)}, True, "EU", 5, 9),
        ({"DE": Range(5, 9), "NO": Range.exactly(1)}, True, "EU/EEA", 6, 10),
        ({"DE": Range(5, 9), "NO": Range.exactly(1)}, True, "total", 6, 10),
        ({"DE": Range(5, 9)}, False, "EU", 5, None),
        ({"DE": Range(5, 9)}, False, "FR", 0, None),
        ({"DE": Range(5, 9)}, True, "FR", 0, 0),
        ({"US": Range(100, 300)}, True, "US-CA", 0, 300),
        ({"US": Range(100, 300), "US-CA": Range(200, None)}, False, "US", 200, 300),
        ({"total": Range(0, 50)}, False, "SG", 0, 50),
        ({"GB": Range.exactly(7)}, False, "UK", 7, 7),
        ({"CA-QC": Range.exactly(3), "CA": Range(10, 20)}, False, "CA", 10, 20),
        ({"DE": Range(-5, -9)}, False, "DE", 0, 0),
    ],
)
def test_people_are_counted_up_and_bounded_from_above(
    affected: dict[str, Range], complete: bool, region: str, low: int, high: int | None
) -> None:
    from tocsin.law.sheet import Sheet

    people = Sheet(Facts(affected=affected, all_regions_known=complete)).people(region)
    assert (people.low, people.high) == (low, high)


def test_a_member_state_counts_for_the_union_by_operations_too() -> None:
    facts = Facts(roles=frozenset({"controller"}), flags={"personal_data_breach": True}, operates_in=frozenset({"IE"}))
    assert duty(facts, "eu-gdpr-33").verdict == "may_apply"
    assert duty(replace(facts, operates_in=frozenset()), "eu-gdpr-33").missing == ("affected:EU/EEA",)
    assert duty(replace(facts, operates_in=None), "eu-gdpr-33").missing == ("affected:EU/EEA", "operates_in")


def test_controller_or_processor_is_asked_for_the_incident() -> None:
    unsaid = replace(BREACH, roles=frozenset({"merchant"}))
    assert duty(unsaid, "eu-gdpr-33").missing == ("roles",)
    processor = duty(replace(BREACH, roles=frozenset({"processor"})), "eu-gdpr-33")
    assert processor.stage("notification to supervisory authority").state == "not_needed"
    assert processor.stage("processor informs controller").state == "no_number"


def test_not_in_force_starts_no_clock_and_says_why() -> None:
    facts = replace(BREACH, roles=frozenset({"us_critical_infrastructure"}), flags={"extortion_payment_made": True})
    facts = replace(facts, instants={"awareness": AWARE, "payment": AWARE})
    circia = duty(facts, "us-circia")
    assert (circia.verdict, circia.stages) == ("not_in_force", ())
    assert circia.reasons[0].sentence == "Not in force: the final rule is pending."


@pytest.mark.parametrize(("day", "expected"), [(date(2026, 9, 10), "not_in_force"), (date(2026, 9, 11), "may_apply")])
def test_a_law_applies_from_its_day_on(day: date, expected: str) -> None:
    facts = replace(BREACH, roles=frozenset({"product_manufacturer"}), flags={"severe_product_incident": True})
    facts = replace(facts, instants={"awareness": datetime(day.year, day.month, day.day, 10, tzinfo=UTC)})
    assert duty(facts, "eu-cra-14-incident").verdict == expected


def test_counsel_rules_on_a_regime_and_on_a_stage() -> None:
    key, stage = "eu-gdpr-33", "notification to supervisory authority"
    rejected = duty(replace(BREACH, rulings={key: "rejected"}), key)
    assert (rejected.ruling, rejected.next_due) == ("rejected", None)
    assert {clock.state for clock in rejected.stages} == {"not_needed"}
    assert duty(replace(BREACH, rulings={(key, stage): "rejected"}), key).stage(stage).state == "not_needed"
    unlikely = replace(BREACH, flags={"personal_data_breach": False}, rulings={key: "confirmed"})
    assert duty(unlikely, key).verdict == "does_not_apply"
    assert duty(unlikely, key).stage(stage).state == "running"
    warned = replace(
        BREACH, roles=frozenset({"apra_regulated"}), rulings={("eu-nis2-23", "inform service recipients"): "confirmed"}
    )
    warned = replace(warned, roles=frozenset({"essential_entity"}), flags={"significant_incident": True})
    assert duty(warned, "eu-nis2-23").stage("inform service recipients").state == "no_number"


def test_what_was_filed_stays_though_nothing_applies_any_more() -> None:
    key, stage = "eu-gdpr-33", "notification to supervisory authority"
    filed = {(key, stage): [AWARE + timedelta(hours=5)]}
    for facts in (
        replace(BREACH, submissions=filed, flags={"personal_data_breach": False}),
        replace(BREACH, submissions=filed, rulings={key: "rejected"}),
        replace(BREACH, submissions=filed, roles=frozenset({"merchant", "processor"})),
    ):
        clock = duty(facts, key).stage(stage)
        assert (clock.state, clock.submitted_at) == ("filed", AWARE + timedelta(hours=5))


def test_earliest_first_and_the_sure_before_the_unsure() -> None:
    found = evaluate(BREACH, library())
    ranks = [one.verdict for one in found]
    order = ["may_apply", "cannot_tell", "not_in_force", "does_not_apply"]
    assert ranks == sorted(ranks, key=order.index)
    dues = [one.next_due for one in found if one.verdict == "may_apply" and one.next_due]
    assert dues == sorted(dues)
    assert found[0].regime.id == "eu-gdpr-33"


@pytest.mark.parametrize(
    ("change", "facts", "said"),
    [
        ({"instants": {"detection": AWARE, "awareness": AWARE - timedelta(hours=1)}}, ("detection", "awareness"), "lies before"),
        ({"instants": {"detection": AWARE, "containment": AWARE - timedelta(1)}}, ("detection", "containment"), "lies before"),
        ({"instants": {"awareness": datetime(2026, 1, 1)}}, ("awareness",), "has no zone"),  # noqa: DTZ001
        ({"instants": {"awareness": datetime(2300, 1, 1, tzinfo=UTC)}}, ("awareness",), "1970 to 2200"),
        ({"instants": {"lunch": AWARE}}, ("lunch",), "no instant of that name"),
        ({"roles": frozenset({"bakery"})}, ("roles",), "'bakery' is no role"),
        ({"data_categories": frozenset({"shoes"})}, ("data_categories",), "'shoes' is no category"),
        ({"home": "Atlantis"}, ("home",), "'Atlantis' is no country"),
        ({"affected": {"ZZ": Range(1, 2)}}, ("affected",), "'ZZ' is no country or region"),
        ({"affected": {"DE": Range(9, 2)}}, ("affected:DE",), "upside down"),
        ({"affected": {"US": Range(0, 5), "US-CA": Range(6, 7)}}, ("affected:US",), "at most 5 people, but its parts"),
        ({"affected": {"GB": Range(1, 5), "UK": Range(1, 7)}}, ("affected:UK",), "twice"),
        ({"zone": "Mars"}, ("zone",), "no time zone"),
        ({"flags": {"ransomware": True, "malware": False}}, ("malware", "ransomware"), "can hardly be false"),
        ({"flags": {"extortion_payment_made": False}, "instants": {"payment": AWARE}}, PAID, "no payment"),
        ({"submissions": {("eu-gdpr-33", "letter"): [AWARE]}}, ("eu-gdpr-33/letter",), "a stage that no regime here has"),
        ({"delays": {("eu-gdpr-33", PROCESSOR): AWARE}}, (f"eu-gdpr-33/{PROCESSOR}",), "lets nobody delay"),
    ],
)  # fmt: skip
def test_contradictions_are_told_and_the_engine_answers_all_the_same(
    change: dict[str, Any], facts: tuple[str, ...], said: str
) -> None:
    sheet = replace(BREACH, **change)
    found = [problem for problem in check_facts(sheet, library()) if problem.facts == facts]
    assert found, check_facts(sheet, library())
    assert said in str(found[0])
    assert len(evaluate(sheet, library())) == 117


def test_a_sound_sheet_has_no_problems() -> None:
    assert check_facts(BREACH, library()) == []
    assert check_facts(Facts(), library()) == []
