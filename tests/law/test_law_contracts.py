"""Worked by hand: card schemes, SWIFT, insurers' and customers' clauses, from the library and of one's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from worked import bounds, check, duty, sheet, shown, utc

from tocsin.law.engine import evaluate
from tocsin.law.facts import Facts
from tocsin.law.load import own_regime, regime
from tocsin.law.models import Regime

# The organization sits in Germany: UTC+1, in summer time (29 March to 25 October 2026) UTC+2. Days and holidays are its own.
NO, LATER = "not_needed - > -", "waiting - > -"
HOME = {"home": "DE", "zone": "Europe/Berlin"}


def shop(roles: str = "merchant", flags: str = "card_data_compromise", data: str = "payment_card", **at: str) -> Facts:
    return sheet(roles, flags, data, at=at, **HOME)


# fmt: off
@pytest.mark.parametrize(("rule", "facts", "verdict", "expected"), [
    # Visa WTDIC: at once; 3 business days: not 25 December, Mon 28, Tue 29, Wed 30; 5: Thu 31, not 1 January, Mon 4;
    # 10: 5, 6 (Epiphany is no holiday of all Germany), 7, 8, Mon 11 January
    pytest.param("pci-visa", shop(suspicion="2026-12-24 10:00"), "may_apply", [
        "no_number 2026-12-24 10:00 > -", "running 2026-12-24 10:00 > 2026-12-30 22:59:59",
        "to_judge 2026-12-24 10:00 > 2027-01-04 22:59:59", "running 2026-12-24 10:00 > 2027-01-11 22:59:59",
    ], id="Visa"),
    # an agent that is no merchant is bound too; nobody else's cards: not
    pytest.param("pci-visa", shop("managed_service_provider", detection="2026-12-24 10:00"), "may_apply", [
        "no_number 2026-12-24 10:00 > -", "running 2026-12-24 10:00 > 2026-12-30 22:59:59",
        "to_judge 2026-12-24 10:00 > 2027-01-04 22:59:59", "running 2026-12-24 10:00 > 2027-01-11 22:59:59",
    ], id="Visa agent"),
    pytest.param("pci-visa", shop("controller"), "does_not_apply", [], id="no cards taken"),
    pytest.param("pci-visa", shop(flags="!card_data_compromise"), "does_not_apply", [], id="no cards affected"),
    # Mastercard Security Rules ch. 10: 24 hours; a forensic investigator within 72; over the night of summer time
    pytest.param("pci-mastercard", shop(awareness="2026-03-28 10:00"), "may_apply", [
        "running 2026-03-28 10:00 > 2026-03-29 10:00:00", "running 2026-03-28 10:00 > 2026-03-31 10:00:00",
    ], id="Mastercard"),
    # Amex DSOP: 72 hours from discovery; an investigator in 5 days from 10,000 numbers on: 23 + 5 = 28 October, winter time
    pytest.param("pci-amex", shop(discovery="2026-10-23 09:00"), "may_apply", [
        "running 2026-10-23 09:00 > 2026-10-26 09:00:00", "to_judge 2026-10-23 09:00 > 2026-10-28 22:59:59",
    ], id="Amex"),
    # SWIFT terms: immediately, no number
    pytest.param("swift-csp", shop("swift_user", "fraud_loss", awareness="2026-11-25 09:00"), "may_apply",
                 ["no_number 2026-11-25 09:00 > -"], id="SWIFT"),
    pytest.param("swift-csp", shop("swift_user", "!fraud_loss !unauthorised_access"), "does_not_apply", [], id="SWIFT not touched"),
    # the insurer's pattern: as soon as practicable; consent before anything is spent; proof of loss
    pytest.param("insurer-notice", shop("cyber_insured", "", discovery="2026-11-25 09:00"), "may_apply", [
        "no_number 2026-11-25 09:00 > -", "no_number - > -", "no_number 2026-11-25 09:00 > -",
    ], id="insurer's pattern"),
    pytest.param("insurer-notice", shop("controller", ""), "does_not_apply", [], id="not insured"),
    # the customer's pattern
    pytest.param("customer-contract", shop("supplier", "service_disruption", awareness="2026-11-25 09:00"), "may_apply",
                 ["no_number 2026-11-25 09:00 > -"], id="customer's pattern"),
    pytest.param("customer-contract", shop("supplier", "!service_disruption !customer_data_affected"), "does_not_apply", [],
                 id="customer not affected"),
])
def test_worked_out(rule: str, facts: Facts, verdict: str, expected: list[str]) -> None:
    check(facts, rule, verdict)
    assert list(shown(duty(facts, rule)).values()) == expected


def test_who_is_bound_by_what() -> None:
    for scheme, roles in (("visa", "acquirer"), ("mastercard", "acquirer"), ("amex", "merchant")):
        bounds(f"pci-{scheme}", f"merchant payment_service_provider processor {roles}", "card_data_compromise", "payment_card")
    bounds("swift-csp", "swift_user", "unauthorised_access fraud_loss")
    bounds("customer-contract", "supplier managed_service_provider processor", "service_disruption customer_data_affected")


def test_the_patterns_take_the_organizations_own_figure() -> None:
    facts = shop("supplier", "service_disruption", awareness="2026-11-25 09:00")
    (found,) = evaluate(facts, [regime("customer-contract")], targets={"customer-contract": timedelta(hours=24)})
    assert shown(found) == {"notify customer": "running 2026-11-25 09:00 > 2026-11-26 09:00:00"}
    assert found.stages[0].own_target
    late = replace(facts, submissions={("customer-contract", "notify customer"): [utc("2026-11-27 09:00")]})
    (found,) = evaluate(late, [regime("customer-contract")], targets={"customer-contract": timedelta(hours=24)})
    assert found.stages[0].state == "filed"  # our own figure is no deadline of a contract


INSURER = own_regime({
    "id": "policy-cy-2026-7", "name": "Cyber policy, section VII: notice", "citation": "Policy CY-2026-7, VII.1 to VII.4",
    "recipients": [{"type": "insurer", "name": "Claims office"}],
    "delay": {"by": "the claims office, in writing", "stages": ["proof of loss"]},
    "stages": [
        {"name": "written notice", "recipient": "insurer", "from": "awareness", "within": "48 hours"},
        {"name": "consent to pay", "recipient": "insurer", "if": {"flag": "extortion_payment_considered"}, "before": "payment"},
        {"name": "first report of the vendors", "recipient": "insurer", "after": "written notice", "within": "5 business days"},
        {"name": "proof of loss", "recipient": "insurer", "after": "written notice", "within": "90 days"},
    ],
})
CUSTOMER = own_regime({
    "id": "msa-hill-2024", "name": "Master agreement Hill Ltd, 14.3", "recipients": [{"type": "customer", "name": "Hill Ltd"}],
    "applies": {"all": [{"role": ["processor", "supplier"]}, {"any": [{"flag": "customer_data_affected"},
                                                                      {"flag": "service_disruption"}]}]},
    "stages": [
        {"name": "notice", "recipient": "customer", "from": "awareness", "within": "24 hours"},
        {"name": "root cause", "recipient": "customer", "from": "containment", "within": "10 business days", "at": "17:00"},
    ],
})
NOTICE = ("policy-cy-2026-7", "written notice")
SATURDAY = "2026-03-28 10:00"


@pytest.mark.parametrize(("rule", "facts", "verdict", "expected"), [
    # 48 hours from Saturday 28 March, 11:00 in Berlin: hours run through the night of summer time, so Monday at 12:00 there
    pytest.param(INSURER, shop("cyber_insured", "!extortion_payment_considered", awareness=SATURDAY), "may_apply", {
        "written notice": f"running {SATURDAY} > 2026-03-30 10:00:00", "consent to pay": NO,
        "first report of the vendors": LATER, "proof of loss": LATER,
    }, id="insurer 48 h"),
    # notice sent on Sunday 29 March: 5 business days: 30, 31, 1, 2 April, not Good Friday nor Easter Monday, Tuesday 7;
    # 90 days: 2 in March, 30, 31, 27 June. Consent had to come before the payment.
    pytest.param(INSURER, replace(shop("cyber_insured", "extortion_payment_considered", awareness=SATURDAY,
                                       payment="2026-03-30 08:00"),
                                  submissions={NOTICE: [utc("2026-03-29 10:00")]}), "may_apply", {
        "written notice": f"filed {SATURDAY} > 2026-03-30 10:00:00", "consent to pay": "running - > 2026-03-30 08:00:00",
        "first report of the vendors": "running 2026-03-29 10:00 > 2026-04-07 21:59:59",
        "proof of loss": "running 2026-03-29 10:00 > 2026-06-27 21:59:59",
    }, id="insurer told in time"),
    # a second after the 48 hours, then sent again: late, and everything still counts from the first; the claims office gave
    # until 1 August for the proof, which holds it, but cannot hold the notice
    pytest.param(INSURER, replace(shop("cyber_insured", "", awareness=SATURDAY),
                                  submissions={NOTICE: [utc("2026-04-02 10:00"), utc("2026-03-30 10:00:01")]},
                                  delays={("policy-cy-2026-7", "proof of loss"): utc("2026-08-01 10:00"),
                                          NOTICE: utc("2026-05-01 10:00")}),
                 "may_apply", {
        "written notice": f"filed_late {SATURDAY} > 2026-03-30 10:00:00", "consent to pay": "to_judge - > -",
        "first report of the vendors": "running 2026-03-30 10:00 > 2026-04-08 21:59:59",  # 31, 1, 2, 7, 8 April
        "proof of loss": "held 2026-03-30 10:00 > 2026-08-01 10:00:00",
    }, id="insurer told late"),
    # without awareness nothing starts: detection is no stand-in for it
    pytest.param(INSURER, shop("cyber_insured", "!extortion_payment_considered", detection=SATURDAY), "may_apply", {
        "written notice": LATER, "consent to pay": NO, "first report of the vendors": LATER, "proof of loss": LATER,
    }, id="insurer not aware"),
    # 24 hours over a Sunday; contained on Wednesday 23 December: 24, 28-31 (5), 4-8 January (10), at 17:00 in Berlin
    pytest.param(CUSTOMER, shop("processor", "customer_data_affected", awareness="2026-12-20 18:30",
                                containment="2026-12-23 09:00"),
                 "may_apply", {
        "notice": "running 2026-12-20 18:30 > 2026-12-21 18:30:00", "root cause": "running 2026-12-23 09:00 > 2027-01-08 16:00:00",
    }, id="customer 24 h"),
    # nobody said whether customers are affected: the clock runs, and the sheet says what is missing
    pytest.param(CUSTOMER, shop("processor", "", awareness="2026-12-20 18:30"), "cannot_tell", {
        "notice": "running 2026-12-20 18:30 > 2026-12-21 18:30:00", "root cause": LATER,
    }, id="customer not known"),
    pytest.param(CUSTOMER, shop("processor", "!customer_data_affected !service_disruption"), "does_not_apply", {},
                 id="customer not"),
])
def test_clauses_of_ones_own(rule: Regime, facts: Facts, verdict: str, expected: dict[str, Any]) -> None:
    check(facts, rule, verdict, expected)
# fmt: on


def test_a_clause_stands_among_the_laws_by_its_deadline() -> None:
    """GDPR Article 33: 72 hours; the clause of 24 hours comes first, then the policy's 48."""
    facts = sheet(
        "controller supplier cyber_insured", "personal_data_breach service_disruption !extortion_payment_considered",
        "personal_data", "DE=5", at={"awareness": "2026-12-20 18:30"}, **HOME,
    )  # fmt: skip
    found = evaluate(facts, [regime("eu-gdpr-33"), INSURER, CUSTOMER])
    assert [(one.regime.id, f"{one.next_due:%d %H:%M}") for one in found] == [
        ("msa-hill-2024", "21 18:30"),
        ("policy-cy-2026-7", "22 18:30"),
        ("eu-gdpr-33", "23 18:30"),
    ]
    assert missing(facts) == ("customer_data_affected", "service_disruption")


def missing(facts: Facts) -> tuple[str, ...]:
    return duty(replace(facts, flags={}), CUSTOMER).missing
