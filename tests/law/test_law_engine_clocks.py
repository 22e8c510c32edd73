"""Clocks: hours, days, months, holidays, chains, backstops, reliefs, delays and our own targets."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tocsin.law.clocks import Clock
from tocsin.law.engine import evaluate
from tocsin.law.facts import Facts, Range
from tocsin.law.load import own_regime, regime


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def clock(facts: Facts, key: str, stage: str, **more: Any) -> Clock:
    return evaluate(facts, [regime(key)], **more)[0].stage(stage)


DORA = Facts(
    roles=frozenset({"dora_financial_entity"}),
    flags={"major_ict_incident": True, "clients_financial_interests_affected": True},
    operates_in=frozenset({"DE"}),
    home="DE",
    zone="Europe/Berlin",
)
BANK = DORA.roles | {"credit_institution"} if DORA.roles else frozenset()


@pytest.mark.parametrize(
    ("aware", "classified", "due", "said"),
    [
        # Regulation (EU) 2025/301, Article 5(1)(a): within 4 h of classification, at the latest 24 h from awareness.
        ("2026-11-24T08:00", "2026-11-24T10:00", "2026-11-24T14:00", "4 hours"),
        ("2026-11-24T08:00", "2026-11-25T07:00", "2026-11-25T08:00", "earlier limit binds: 24 hours from awareness"),
        ("2026-11-24T08:00", "2026-11-25T09:00", "2026-11-25T13:00", "does not bind"),
        ("2026-11-24T08:00", None, "2026-11-25T08:00", "At the latest 24 hours from awareness"),
        (None, "2026-11-24T10:00", "2026-11-24T14:00", "4 hours"),
    ],
)
def test_dora_takes_the_earlier_of_two_limits(aware: str | None, classified: str | None, due: str, said: str) -> None:
    instants = {name: at(t) for name, t in (("awareness", aware), ("classification", classified)) if t}
    found = clock(replace(DORA, instants=instants), "eu-dora-19", "initial notification")
    assert (found.state, found.due_at) == ("running", at(due))
    assert said in found.because


@pytest.mark.parametrize(
    ("roles", "classified", "due"),
    [
        (DORA.roles, "2026-11-28T09:00", "2026-11-30T12:00"),  # a Saturday: noon of Monday
        (BANK, "2026-11-28T09:00", "2026-11-28T13:00"),  # no relief for a credit institution
        (DORA.roles, "2026-12-25T09:00", "2026-12-28T12:00"),  # Christmas, then a weekend
        (DORA.roles, "2026-11-27T09:00", "2026-11-27T13:00"),  # a Friday
    ],
)
def test_dora_weekend_relief(roles: frozenset[str], classified: str, due: str) -> None:
    facts = replace(DORA, roles=roles, instants={"classification": at(classified, "Europe/Berlin")})
    assert clock(facts, "eu-dora-19", "initial notification").due_at == at(due, "Europe/Berlin")


def test_a_chain_runs_on_real_filings_and_never_restarts() -> None:
    facts = replace(DORA, instants={"awareness": at("2026-11-23T08:00"), "classification": at("2026-11-23T10:00")})
    waiting = clock(facts, "eu-dora-19", "intermediate report")
    assert (waiting.state, waiting.due_at, waiting.expected) == ("waiting", None, at("2026-11-26T14:00"))
    first = {("eu-dora-19", "initial notification"): [at("2026-11-23T12:00")]}
    running = clock(replace(facts, submissions=first), "eu-dora-19", "intermediate report")
    assert (running.state, running.due_at, running.expected) == ("running", at("2026-11-26T12:00"), None)
    twice = {("eu-dora-19", "initial notification"): [at("2026-11-24T12:00"), at("2026-11-23T12:00")]}
    assert clock(replace(facts, submissions=twice), "eu-dora-19", "intermediate report") == running
    final = clock(replace(facts, submissions=twice), "eu-dora-19", "final report")
    # 72 h later is 26 November; a month after that is Saturday 26 December: noon of the next working day.
    assert (final.state, final.expected) == ("waiting", at("2026-12-28T12:00", "Europe/Berlin"))


def test_a_filing_is_late_by_its_own_deadline_and_that_deadline_can_stand() -> None:
    key = ("eu-dora-19", "initial notification")
    facts = replace(
        DORA, instants={"classification": at("2026-11-24T10:00")}, submissions={key: [at("2026-11-24T14:01")]}
    )
    assert clock(facts, *key).state == "filed_late"
    moved = replace(
        facts, dues_when_filed={key: at("2026-11-24T15:00")}, instants={"classification": at("2026-11-23T10:00")}
    )
    assert (clock(moved, *key).state, clock(moved, *key).due_at) == ("filed", at("2026-11-24T15:00"))


@pytest.mark.parametrize(
    ("begun", "due"),
    [
        ("2026-01-31T10:00", "2026-03-02T23:59:59"),  # 28 February 2026 is a Saturday: Monday
        ("2026-02-12T10:00", "2026-03-12T23:59:59"),
        ("2026-12-01T23:30", "2027-01-04T23:59:59"),  # 1 January is a holiday and a Friday
    ],
)
def test_months_of_the_union_end_with_a_working_day(begun: str, due: str) -> None:
    """Regulation 1182/71, Article 3(2)(c) and 3(4)."""
    facts = Facts(
        roles=frozenset({"essential_entity"}), flags={"significant_incident": True}, operates_in=frozenset({"DE"}),
        home="DE", zone="Europe/Berlin", submissions={("eu-nis2-23", "incident notification"): [at(begun, "Europe/Berlin")]},
    )  # fmt: skip
    assert clock(facts, "eu-nis2-23", "final report").due_at == at(due, "Europe/Berlin")


def test_three_days_of_the_union_hold_two_working_days() -> None:
    """Regulation 1182/71, Article 3(5): from Friday 3 April 2026, Easter gives Tuesday and Wednesday."""
    facts = Facts(
        roles=frozenset({"telecom_provider"}), flags={"personal_data_breach": True}, operates_in=frozenset({"DE"}),
        home="DE", zone="Europe/Berlin",
        submissions={("eu-eprivacy-611", "initial notification"): [at("2026-04-03T10:00", "Europe/Berlin")]},
    )  # fmt: skip
    assert clock(facts, "eu-eprivacy-611", "complete notification").due_at == at("2026-04-08T23:59:59", "Europe/Berlin")


def test_four_business_days_run_over_federal_holidays() -> None:
    facts = Facts(roles=frozenset({"sec_registrant"}), flags={"material_to_investors": True})
    facts = replace(facts, instants={"materiality_determination": at("2026-11-25T20:00", "America/New_York")})
    found = clock(facts, "us-sec-8k-105", "Form 8-K Item 1.05")
    assert found.due_at == at("2026-12-02T17:30", "America/New_York")  # Thanksgiving is the 26th


def test_hipaa_counts_small_breaches_from_the_end_of_the_year() -> None:
    facts = Facts(
        roles=frozenset({"hipaa_covered_entity"}), flags={"unsecured_phi": True}, data_categories=frozenset({"phi"}),
        affected={"US-TX": Range.exactly(40)}, all_regions_known=True,
        instants={"discovery": at("2026-12-31T23:00", "America/New_York")},
    )  # fmt: skip
    found = clock(facts, "us-hipaa-breach", "notify HHS (small, annual log)")
    assert found.due_at == at("2027-03-01T23:59:59", "America/New_York")
    assert clock(facts, "us-hipaa-breach", "notify HHS (large)").state == "not_needed"
    assert clock(facts, "us-hipaa-breach", "notify media").state == "not_needed"
    large = replace(facts, affected={"US-TX": Range(501, 600)})
    assert clock(large, "us-hipaa-breach", "notify media").due_at == at("2027-03-01T23:59:59", "America/New_York")
    assert clock(large, "us-hipaa-breach", "notify HHS (small, annual log)").state == "not_needed"


def test_a_day_is_the_regimes_own_day() -> None:
    """Three days after the assessment at 01:00 in Singapore, which is still the day before in Berlin."""
    facts = Facts(
        roles=frozenset({"controller"}), flags={"personal_data_breach": True}, affected={"SG": Range.exactly(900)},
        home="DE", zone="Europe/Berlin", instants={"assessment_complete": at("2026-11-24T01:00", "Asia/Singapore")},
    )  # fmt: skip
    assert clock(facts, "sg-pdpa", "notify PDPC").due_at == at("2026-11-27T23:59:59", "Asia/Singapore")


def test_a_recorded_delay_holds_a_stage_only_where_the_regime_knows_it() -> None:
    facts = Facts(
        roles=frozenset({"controller"}), flags={"data_exfiltration": True}, data_categories=frozenset({"ssn"}),
        affected={"US-MD": Range(5, 9)}, instants={"discovery": at("2026-11-24T09:00", "America/New_York")},
    )  # fmt: skip
    until = at("2027-02-01T12:00")
    residents = ("us-md-breach", "notify residents")
    before = ("us-md-breach", "notify regulator before residents")
    held = replace(facts, delays={residents: until, before: until})
    assert (clock(held, *residents).state, clock(held, *residents).due_at) == ("held", until)
    assert (
        clock(facts, *before).due_at == clock(facts, *residents).due_at
    )  # before the residents, at the latest with them
    assert (clock(held, *before).state, clock(held, *before).due_at) == ("running", until)
    assert clock(replace(held, submissions={residents: [at("2026-12-01T09:00")]}), *residents).state == "filed"


def test_a_notice_filed_after_the_one_that_it_must_precede_is_late() -> None:
    facts = Facts(
        roles=frozenset({"controller"}), flags={"data_exfiltration": True}, data_categories=frozenset({"ssn"}),
        affected={"US-NJ": Range(5, 9)}, instants={"discovery": at("2026-11-24T09:00")},
    )  # fmt: skip
    office, residents = ("us-nj-breach", "notify regulator before residents"), ("us-nj-breach", "notify residents")
    filed = replace(facts, submissions={residents: [at("2026-11-26T09:00")], office: [at("2026-11-26T10:00")]})
    assert (clock(facts, *office).state, clock(filed, *office).state) == ("no_number", "filed_late")
    right = replace(facts, submissions={residents: [at("2026-11-26T09:00")], office: [at("2026-11-26T08:00")]})
    assert clock(right, *office).state == "filed"


def test_a_copy_for_the_state_runs_from_the_filing_with_the_health_department() -> None:
    facts = Facts(
        roles=frozenset({"hipaa_covered_entity"}), flags={"data_exfiltration": True}, data_categories=frozenset({"phi"}),
        affected={"US-NY": Range(600, 900)}, submissions={("us-hipaa-breach", "notify HHS (large)"): [at("2026-11-24T15:00")]},
    )  # fmt: skip
    found = clock(facts, "us-ny-breach", "HIPAA entity copies AG")
    assert found.due_at == at("2026-12-02T23:59:59", "America/New_York")  # five business days, without Thanksgiving


def test_our_own_target_where_the_law_gives_no_number() -> None:
    facts = Facts(roles=frozenset({"uk_fca_firm"}), flags={"material_incident": True}, operates_in=frozenset({"UK"}))
    facts = replace(facts, instants={"awareness": at("2026-11-24T09:00")})
    plain = clock(facts, "uk-fca-sup15", "notification")
    assert (plain.state, plain.due_at, plain.urgency) == ("no_number", None, "immediately")
    ours = clock(facts, "uk-fca-sup15", "notification", targets={"uk-fca-sup15": timedelta(hours=24)})
    assert (ours.state, ours.due_at, ours.own_target) == ("running", at("2026-11-25T09:00"), True)
    finer = {"uk-fca-sup15": timedelta(hours=24), ("uk-fca-sup15", "notification"): timedelta(hours=4)}
    assert clock(facts, "uk-fca-sup15", "notification", targets=finer).due_at == at("2026-11-24T13:00")


def test_a_target_never_replaces_a_number_of_the_law() -> None:
    facts = replace(DORA, instants={"classification": at("2026-11-24T10:00")})
    found = clock(facts, "eu-dora-19", "initial notification", targets={"eu-dora-19": timedelta(days=9)})
    assert (found.due_at, found.own_target) == (at("2026-11-24T14:00"), False)


def test_an_instant_that_stands_in_is_named() -> None:
    facts = Facts(roles=frozenset({"mas_fi"}), flags={"material_disruption": True}, operates_in=frozenset({"SG"}))
    found = clock(replace(facts, instants={"awareness": at("2026-11-24T09:00")}), "sg-mas", "notify MAS")
    assert found.due_at == at("2026-11-24T10:00")
    assert "Discovery is not recorded; this stands in for it" in found.because
    assert clock(facts, "sg-mas", "notify MAS").missing == ("discovery",)


def test_a_notice_before_payment() -> None:
    facts = Facts(
        roles=frozenset({"merchant"}), flags={"extortion_payment_considered": True}, operates_in=frozenset({"US"})
    )
    screening = ("us-ofac", "sanctions screening before payment")
    assert clock(facts, *screening).state == "no_number"
    paid = replace(facts, instants={"payment": at("2026-11-24T09:00")})
    assert (clock(paid, *screening).state, clock(paid, *screening).due_at) == ("running", at("2026-11-24T09:00"))


def test_a_summary_by_a_day_of_the_next_year() -> None:
    facts = Facts(
        roles=frozenset({"us_telecom_carrier"}), flags={"personal_data_breach": True}, data_categories=frozenset({"cpni"}),
        affected={"US": Range(1, 20)}, instants={"discovery": at("2026-03-04T09:00")},
    )  # fmt: skip
    found = clock(facts, "us-fcc-64-2011", "annual summary of small breaches")
    assert (found.state, found.due_at) == ("to_judge", at("2027-02-01T23:59:59", "America/New_York"))
    assert found.judge == ("Is it certain that no harm to customers is reasonably likely?",)


def test_an_insurers_clause_gets_a_clock() -> None:
    policy = own_regime(
        {
            "id": "policy-2026", "name": "Cyber policy, clause 7", "recipients": [{"type": "insurer", "name": "Insurer"}],
            "stages": [{"name": "notice", "recipient": "insurer", "from": "discovery", "within": "48 hours"}],
        }
    )  # fmt: skip
    (found,) = evaluate(Facts(instants={"awareness": at("2026-11-28T09:00")}), [policy])
    assert (found.verdict, found.stages[0].due_at) == ("may_apply", at("2026-11-30T09:00"))
    assert found.stages[0].recipient_name == "Insurer"
