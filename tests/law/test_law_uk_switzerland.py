"""Worked by hand from the cited rules: United Kingdom and Switzerland."""

from __future__ import annotations

import pytest
from worked import bounds, check, duty, sheet, shown

from tocsin.law.load import regime

# In every row: what the law says, the facts, and all stages as "state start > deadline", in UTC. London in winter is UTC.
# Zurich is UTC+2 in summer time, else UTC+1: days end at 21:59:59 or 22:59:59 UTC. 27 November 2026 is a Friday.
NO = "not_needed - > -"
MET, TELL, NOT, FUTURE = "may_apply", "cannot_tell", "does_not_apply", "not_in_force"

# fmt: off
PLAIN = [
    # UK GDPR Art. 33: 72 h through Christmas and Boxing Day
    ("uk-gdpr-33", "controller", "personal_data_breach", "GB=40", {"awareness": "2026-12-24 17:00"}, {
        "notification to ICO": "running 2026-12-24 17:00 > 2026-12-27 17:00:00", "processor informs controller": NO}),
    ("uk-gdpr-33", "processor", "personal_data_breach", "UK-ENG=40", {"awareness": "2026-12-24 17:00"}, {
        "notification to ICO": NO, "processor informs controller": "no_number 2026-12-24 17:00 > -"}),
    ("uk-gdpr-34", "controller", "personal_data_breach high_risk_to_individuals", "UK=40", {"awareness": "2026-12-24 17:00"}, {
        "communication": "no_number 2026-12-24 17:00 > -"}),
    # PECR reg. 5A as amended by the Act of 2025: 72 h, no longer 24 h
    ("uk-pecr-5a", "telecom_provider", "personal_data_breach", "UK=40", {"awareness": "2026-11-27 16:00"}, {
        "notification to ICO": "running 2026-11-27 16:00 > 2026-11-30 16:00:00",
        "notify subscribers": "to_judge 2026-11-27 16:00 > -"}),
    # NIS Regulations 2018 reg. 11(3)(b)(i), 12(6): 72 h after being aware
    ("uk-nis-11", "operator_essential_services", "significant_incident", "UK=40", {"awareness": "2026-11-27 16:00"}, {
        "incident notification": "running 2026-11-27 16:00 > 2026-11-30 16:00:00"}),
    # SUP 15.3.1R: immediately
    ("uk-fca-sup15", "uk_fca_firm", "material_incident", "UK=40", {"awareness": "2026-11-27 16:00"}, {
        "notification": "no_number 2026-11-27 16:00 > -"}),
    # ISG Art. 74e: 24 h after discovery; Ordinance: 14 days for the rest: Friday 11 December
    ("ch-isg-74", "critical_entity", "ransomware", "CH=5", {"discovery": "2026-11-27 10:00"}, {
        "report": "running 2026-11-27 10:00 > 2026-11-28 10:00:00",
        "complete report": "to_judge 2026-11-27 10:00 > 2026-12-11 22:59:59"}),
    # discovery is not noted: read from awareness. 1 August + 14: Saturday 15th (no rule moves it), summer time
    ("ch-isg-74", "finma_institution", "data_exfiltration", "CH=5", {"awareness": "2026-08-01 10:00"}, {
        "report": "running 2026-08-01 10:00 > 2026-08-02 10:00:00",
        "complete report": "to_judge 2026-08-01 10:00 > 2026-08-15 21:59:59"}),
    # FADP Art. 24(1), (3), (4): as soon as possible; a processor tells the controller whatever the risk
    ("ch-fadp-24", "controller", "personal_data_breach high_risk_to_individuals", "CH=5", {"awareness": "2026-11-27 16:00"}, {
        "notify FDPIC": "no_number 2026-11-27 16:00 > -", "notify individuals": "to_judge 2026-11-27 16:00 > -",
        "processor informs controller": NO}),
    ("ch-fadp-24", "processor", "personal_data_breach !high_risk_to_individuals", "CH=5", {"awareness": "2026-11-27 16:00"}, {
        "notify FDPIC": NO, "notify individuals": NO, "processor informs controller": "no_number 2026-11-27 16:00 > -"}),
    ("ch-fadp-24", "processor", "personal_data_breach high_risk_to_individuals", "CH=5", {"awareness": "2026-11-27 16:00"}, {
        "notify FDPIC": NO, "notify individuals": NO, "processor informs controller": "no_number 2026-11-27 16:00 > -"}),
    # FINMA Guidance 05/2020 and 03/2024: 24 h and 72 h from discovery; root cause when it is over (medium or more)
    ("ch-finma", "finma_institution", "unauthorised_access", "CH=5",
     {"discovery": "2026-11-27 16:00", "incident_resolution": "2026-12-04 12:00"}, {
        "initial report": "running 2026-11-27 16:00 > 2026-11-28 16:00:00",
        "full report": "running 2026-11-27 16:00 > 2026-11-30 16:00:00",
        "root cause report": "to_judge 2026-12-04 12:00 > -"}),
]


@pytest.mark.parametrize(("rule", "roles", "flags", "people", "at", "stages"), PLAIN, ids=[f"{row[0]} {row[1]}" for row in PLAIN])
def test_plain_clocks(rule: str, roles: str, flags: str, people: str, at: dict[str, str], stages: dict[str, str]) -> None:
    check(sheet(roles, flags, "dob", people, at=at), rule, MET, stages)


def test_the_swiss_duty_began_on_1_april_2025() -> None:
    """Midnight in Zurich is 22:00 UTC: summer time since 30 March."""
    for discovery, verdict in (("2025-03-31 21:59", FUTURE), ("2025-03-31 22:00", MET)):
        check(sheet("critical_entity", "ransomware", people="CH=5", at={"discovery": discovery}), "ch-isg-74", verdict)


def test_the_uk_bill_starts_nothing() -> None:
    """A Bill in the latest source: 24 h and 72 h, and word to customers after that, are proposals."""
    at = {"awareness": "2026-11-27 16:00"}
    facts = sheet("managed_service_provider", "significant_incident", people="UK=5", at=at)
    check(facts, "uk-csr-bill", "not_in_force", {})
    check(facts, "uk-nis-11", NOT, {})  # managed service providers come in only with the Bill
    bill = regime("uk-csr-bill").model_copy(update={"status": "in_force"})  # should it ever begin
    hours = {"initial notification": "running 2026-11-27 16:00 > 2026-11-28 16:00:00",
             "full notification": "running 2026-11-27 16:00 > 2026-11-30 16:00:00"}
    for role in ("digital_service_provider", "managed_service_provider", "data_centre_operator"):
        check(sheet(role, "significant_incident", people="UK=5", at=at), bill, MET, hours | {"notify customers": "to_judge - > -"})
    essential = sheet("operator_essential_services", "significant_incident", people="UK=5", at=at)
    check(essential, bill, MET, hours | {"notify customers": NO})
    bounds(bill, "operator_essential_services", "significant_incident", "", "UK=5")


@pytest.mark.parametrize(("rule", "people", "elsewhere"), [
    ("eu-gdpr-34", "NO=5", "UK=5"), ("uk-gdpr-34", "UK=5", "DE=5"), ("ch-fadp-24", "CH=5", "LI=5"),
])
def test_rules_for_a_high_risk(rule: str, people: str, elsewhere: str) -> None:
    """GDPR Art. 34, UK GDPR Art. 34, FADP Art. 24(1): a controller's breach with a high risk, there and not elsewhere."""
    both = "personal_data_breach high_risk_to_individuals"
    for roles, flags, where, verdict in (
        ("controller", both, people, MET), ("controller", both, elsewhere, NOT),
        ("controller", "!personal_data_breach high_risk_to_individuals", people, NOT),
        ("controller", "personal_data_breach !high_risk_to_individuals", people, NOT),
        ("controller", "personal_data_breach", people, TELL), ("merchant", both, people, TELL),
        ("processor", both, people, MET if rule == "ch-fadp-24" else NOT),
    ):
        check(sheet(roles, flags, "dob", where, at={}), rule, verdict)
    undecided = {"ch-fadp-24": ["to_judge 2026-11-27 16:00 > -", "to_judge 2026-11-27 16:00 > -", NO]}
    facts = sheet("controller", "personal_data_breach", "dob", people, at={"awareness": "2026-11-27 16:00"})
    assert list(shown(duty(facts, rule)).values()) == undecided.get(rule, ["no_number 2026-11-27 16:00 > -"])


def test_neither_controller_nor_processor_said() -> None:
    found = duty(sheet("merchant", "personal_data_breach", "dob", "UK=5", at={}), "uk-gdpr-33")
    assert (found.verdict, found.missing) == (TELL, ("roles",))


@pytest.mark.parametrize(("rule", "roles", "flags", "people", "other"), [
    ("uk-gdpr-33", "controller processor", "personal_data_breach", "UK=5", ""),
    ("uk-pecr-5a", "telecom_provider", "personal_data_breach", "UK=5", "controller"),
    ("uk-nis-11", "operator_essential_services digital_service_provider", "significant_incident", "UK=5", "essential_entity"),
    ("uk-fca-sup15", "uk_fca_firm", "material_incident", "UK=5", "controller"),
    ("ch-isg-74",
     "critical_entity essential_entity finma_institution telecom_provider digital_service_provider data_centre_operator",
     "unauthorised_access service_disruption ransomware data_exfiltration", "CH=5", "merchant"),
    ("ch-finma", "finma_institution", "unauthorised_access service_disruption ransomware", "CH=5", "critical_entity"),
])
def test_who_and_what_each_rule_is_for(rule: str, roles: str, flags: str, people: str, other: str) -> None:
    bounds(rule, roles, flags, "", people, other=other)
