"""Worked by hand from the cited rules: European Union and European Economic Area."""

from __future__ import annotations

from typing import Any

import pytest
from worked import bounds, check, duty, sheet, shown

from tocsin.law.facts import Facts
from tocsin.law.load import regime

# In every row: what the law says, the facts, and all stages as "state start > deadline", in UTC.
# Berlin, Paris and Vienna are UTC+2 in summer time (29 March to 25 October 2026), else UTC+1: days end at 21:59:59 or
# 22:59:59 UTC. 27 November 2026 is a Friday.
NO, LATER = "not_needed - > -", "waiting - > -"
MET, TELL, NOT = "may_apply", "cannot_tell", "does_not_apply"
GERMAN: dict[str, Any] = {"home": "DE", "zone": "Europe/Berlin"}

# fmt: off
GDPR = "eu-gdpr-33"
AUTHORITY, CONTROLLER = "notification to supervisory authority", "processor informs controller"


# GDPR Art. 33(1): without undue delay and, where feasible, not later than 72 hours after having become aware; 33(2): a
# processor tells its controller without undue delay, with no number. Regulation 1182/71 Art. 3(4): hours do not move.
@pytest.mark.parametrize(("roles", "aware", "expected"), [
    # Christmas Day, a Friday, 18:00 + 72 h: Monday 28th; neither the holidays nor the weekend stop it
    pytest.param("controller", "2026-12-25 18:00", ["running 2026-12-25 18:00 > 2026-12-28 18:00:00", NO], id="Christmas"),
    # 14:00 in Berlin, still summer; three times 24 h later it is 13:00 there, but the same hour in UTC
    pytest.param("controller", "2026-10-24 12:00", ["running 2026-10-24 12:00 > 2026-10-27 12:00:00", NO], id="clocks go back"),
    pytest.param("processor", "2026-11-27 16:00", [NO, "no_number 2026-11-27 16:00 > -"], id="processor"),
    pytest.param("controller processor", "2026-11-27 16:00",
                 ["running 2026-11-27 16:00 > 2026-11-30 16:00:00", "no_number 2026-11-27 16:00 > -"], id="both"),
    # nobody said which of the two we are in this incident: neither is ruled out
    pytest.param("merchant", "2026-11-27 16:00",
                 ["to_judge 2026-11-27 16:00 > 2026-11-30 16:00:00", "to_judge 2026-11-27 16:00 > -"], id="neither said"),
])
def test_gdpr_33_runs_72_hours_for_the_controller_only(roles: str, aware: str, expected: list[str]) -> None:
    facts = sheet(roles, "personal_data_breach", "health", "DE=12000", at={"awareness": aware}, **GERMAN)
    verdict = TELL if roles == "merchant" else MET
    check(facts, GDPR, verdict, dict(zip((AUTHORITY, CONTROLLER), expected, strict=True)))


@pytest.mark.parametrize(("people", "places", "verdict"), [
    ("FR=1", "", MET), ("NO=1", "", MET), ("LI=1", "", MET),  # EEA: Norway, Iceland, Liechtenstein (Art. 3 as adapted)
    ("CH=9 UK=9", "", NOT), ("CH=9", "IE", MET),  # Art. 3(1): an establishment in the Union is enough
])
def test_gdpr_holds_in_the_whole_eea(people: str, places: str, verdict: str) -> None:
    check(sheet("controller", "personal_data_breach", "dob", people, places=places, at={}), GDPR, verdict)


def test_gdpr_33_encryption_is_a_question_to_counsel_and_filings_count() -> None:
    """Art. 33(1): unless unlikely to result in a risk. Somebody has to judge it; no fact lets the duty vanish."""
    facts = sheet("controller", "personal_data_breach !high_risk_to_individuals !unsecured_phi !unauthorised_access", "dob",
                  "DE=5", at={"awareness": "2026-11-24 09:00"}, filed={(GDPR, AUTHORITY): "2026-11-27 09:00:01"}, **GERMAN)
    found = duty(facts, GDPR)
    assert found.verdict == MET
    assert [reason.values["question"] for reason in found.reasons if reason.key == "judge"] == [regime(GDPR).judgement]
    assert any("encrypt" in text for text in found.regime.exceptions)
    # 72 hours and one second
    assert shown(found)[AUTHORITY] == "filed_late 2026-11-24 09:00 > 2026-11-27 09:00:00"
    check(sheet("controller", "!personal_data_breach", "dob", "DE=5", at={}), GDPR, NOT, {})
    unsaid = duty(sheet("merchant", "personal_data_breach", "dob", "DE=5", at={}), GDPR)
    assert (unsaid.verdict, unsaid.missing) == (TELL, ("roles",))


def test_gdpr_34_has_no_number_and_asks_for_a_high_risk() -> None:
    """Art. 34(1): when the breach is likely to result in a high risk; a processor has no such duty."""
    at = {"awareness": "2026-11-24 09:00"}
    check(sheet("controller", "personal_data_breach high_risk_to_individuals", "dob", "DE=5", at=at), "eu-gdpr-34", MET,
          {"communication to data subjects": "no_number 2026-11-24 09:00 > -"})
    check(sheet("processor", "personal_data_breach high_risk_to_individuals", "dob", "DE=5", at=at), "eu-gdpr-34", NOT, {})
    check(sheet("controller", "personal_data_breach !high_risk_to_individuals", "dob", "DE=5", at=at), "eu-gdpr-34", NOT, {})
    assert duty(sheet("controller", "personal_data_breach", "dob", "DE=5", at=at), "eu-gdpr-34").missing == (
        "high_risk_to_individuals",)


NIS2 = "eu-nis2-23"
NIS2_STAGES = ("early warning", "incident notification", "incident notification (trust service provider)",
               "intermediate report", "final report", "inform service recipients")


def nis2(roles: str = "essential_entity", flags: str = "", filed: dict[str, str] | None = None, **more: Any) -> Facts:
    at = {"awareness": "2026-11-27 16:00"} | more.pop("at", {})
    return sheet(roles, f"significant_incident {flags}", people="DE=5", at=at,
                 filed={(NIS2, stage): when for stage, when in (filed or {}).items()}, **(GERMAN | more))


# NIS2 Art. 23(4): (a) early warning 24 h, (b) notification 72 h after awareness, for trust service providers 24 h where
# their trust services are hit; (c) intermediate report on request; (d) final report one month after the submission of (b).
@pytest.mark.parametrize(("roles", "flags", "expected"), [
    # Friday 16:00: Saturday and Monday 16:00
    ("essential_entity", "",
     ["running 2026-11-27 16:00 > 2026-11-28 16:00:00", "running 2026-11-27 16:00 > 2026-11-30 16:00:00", NO]),
    ("trust_service_provider", "trust_service_disruption",
     ["running 2026-11-27 16:00 > 2026-11-28 16:00:00", NO, "running 2026-11-27 16:00 > 2026-11-28 16:00:00"]),
    ("trust_service_provider", "!trust_service_disruption",
     ["running 2026-11-27 16:00 > 2026-11-28 16:00:00", "running 2026-11-27 16:00 > 2026-11-30 16:00:00", NO]),
    # nobody knows yet whether the trust services are hit: both stand, the shorter first
    ("trust_service_provider", "", [
        "running 2026-11-27 16:00 > 2026-11-28 16:00:00", "to_judge 2026-11-27 16:00 > 2026-11-30 16:00:00",
        "to_judge 2026-11-27 16:00 > 2026-11-28 16:00:00"]),
])
def test_nis2_early_warning_and_notification(roles: str, flags: str, expected: list[str]) -> None:
    rest = [LATER, LATER, "to_judge 2026-11-27 16:00 > -"]
    check(nis2(roles, flags), NIS2, MET, dict(zip(NIS2_STAGES, expected + rest, strict=True)))


# One month after the submission of the notification, whenever it was made. Regulation 1182/71 Art. 3(2)(c): the same date of
# the next month, or its last day; 3(4): on a Saturday, Sunday or holiday the next working day.
@pytest.mark.parametrize(("filed", "due", "more"), [
    pytest.param("2026-11-24 10:00", "2026-12-24 22:59:59", {}, id="Christmas Eve is a working day"),
    # 25th holiday, 26th Saturday, 27th Sunday
    pytest.param("2026-11-25 10:00", "2026-12-28 22:59:59", {}, id="Christmas"),
    # 26 October, a Monday, is a holiday in Austria, not in Germany; summer time ended on the 25th
    pytest.param("2026-09-26 10:00", "2026-10-27 22:59:59", {"home": "AT", "zone": "Europe/Vienna"}, id="holiday in Austria"),
    pytest.param("2026-09-26 10:00", "2026-10-26 22:59:59", {}, id="no holiday in Germany"),
    # 31 January: February ends on the 28th, a Sunday
    pytest.param("2027-01-31 10:00", "2027-03-01 22:59:59", {}, id="end of February"),
    # 23:30 UTC on the 23rd is the 24th in Berlin
    pytest.param("2026-11-23 23:30", "2026-12-24 22:59:59", {}, id="after midnight"),
])
def test_nis2_final_report_a_month_after_the_notification(filed: str, due: str, more: dict[str, str]) -> None:
    found = shown(duty(nis2(filed={"incident notification": filed}, **more), NIS2))
    assert found["final report"] == f"running {filed} > {due}"
    trust = nis2("trust_service_provider", "trust_service_disruption", {NIS2_STAGES[2]: filed}, **more)
    assert shown(duty(trust, NIS2))["final report"] == f"running {filed} > {due}"
    # the early warning starts nothing
    assert shown(duty(nis2(filed={"early warning": filed}), NIS2))["final report"] == LATER


def test_nis2_intermediate_report_on_request_and_who_is_in() -> None:
    """Art. 23(4)(c); Art. 2 and 3: telecom, trust services and critical entities whatever their size, others judged."""
    asked = nis2(at={"request": "2026-12-01 09:00"})
    assert shown(duty(asked, NIS2))["intermediate report"] == "no_number 2026-12-01 09:00 > -"
    for role in ("important_entity", "critical_entity", "telecom_provider", "digital_service_provider",
                 "managed_service_provider", "data_centre_operator"):
        check(nis2(role), NIS2, MET)
    check(nis2("merchant"), NIS2, NOT, {})


DORA = "eu-dora-19"
INSURER, BANK = "dora_financial_entity", "dora_financial_entity credit_institution"


def dora(roles: str = INSURER, filed: dict[str, str] | None = None, flags: str = "!clients_financial_interests_affected",
         **more: Any) -> Facts:
    place = {"home": more.pop("home", "DE"), "zone": more.pop("zone", "Europe/Berlin")}
    return sheet(roles, f"major_ict_incident {flags}", people="DE=5", at=more,
                 filed={(DORA, stage): when for stage, when in (filed or {}).items()}, **place)


# Delegated Regulation (EU) 2025/301 Art. 5(1)(a): 4 hours from the classification as major, at the latest 24 hours from
# awareness; where it was not classified within those 24 hours: 4 hours from the classification.
@pytest.mark.parametrize(("at", "expected"), [
    # aware on Tuesday 09:00, classified at 12:00
    pytest.param({"awareness": "2026-11-24 09:00", "classification": "2026-11-24 12:00"},
                 "running 2026-11-24 12:00 > 2026-11-24 16:00:00", id="4 hours are earlier"),
    # classified after 22 hours: 4 more would be 11:00, but 24 hours are over at 09:00
    pytest.param({"awareness": "2026-11-24 09:00", "classification": "2026-11-25 07:00"},
                 "running 2026-11-25 07:00 > 2026-11-25 09:00:00", id="24 hours are earlier"),
    pytest.param({"awareness": "2026-11-24 09:00", "classification": "2026-11-25 10:00"},
                 "running 2026-11-25 10:00 > 2026-11-25 14:00:00", id="classified after 25 hours"),
    pytest.param({"awareness": "2026-11-24 09:00", "classification": "2026-12-09 10:00"},
                 "running 2026-12-09 10:00 > 2026-12-09 14:00:00", id="classified after a fortnight"),
    pytest.param({"awareness": "2026-11-24 09:00"}, "running 2026-11-24 09:00 > 2026-11-25 09:00:00", id="not yet classified"),
    pytest.param({"classification": "2026-11-25 10:00"}, "running 2026-11-25 10:00 > 2026-11-25 14:00:00", id="only classified"),
    pytest.param({"detection": "2026-11-24 09:00"}, LATER, id="only seen"),
])
def test_dora_initial_notification_is_due_at_the_earlier_of_two(at: dict[str, str], expected: str) -> None:
    for roles in (INSURER, BANK):  # working days: the relief changes nothing
        found = duty(dora(roles, **at), DORA)
        assert found.verdict == MET
        assert shown(found) == {
            "initial notification": expected, "intermediate report": LATER, "final report": LATER, "inform clients": NO,
            "voluntary significant cyber threat notice": f"to_judge {at.get('awareness', '-')} > -",
        }


SATURDAY = {"awareness": "2026-11-27 14:00", "classification": "2026-11-27 20:00"}


# Art. 5: a limit on a weekend day or bank holiday of the entity's own Member State moves to noon of the next working day;
# for the initial notification and the intermediate report not for those named below.
@pytest.mark.parametrize(("more", "expected"), [
    # 20:00 + 4 h = 01:00 in Berlin on Saturday 28th: Monday noon, 11:00 UTC
    pytest.param(SATURDAY, "2026-11-30 11:00:00", id="Saturday"),
    # aware on Saturday, classified after 26 h: Sunday 16:00
    pytest.param({"awareness": "2026-11-28 10:00", "classification": "2026-11-29 12:00"}, "2026-11-30 11:00:00", id="Sunday"),
    # 22:00 + 4 h: Christmas Day; then the weekend; Monday 28th
    pytest.param({"awareness": "2026-12-24 14:00", "classification": "2026-12-24 22:00"}, "2026-12-28 11:00:00", id="Christmas"),
    # Monday 26 October is a holiday in Austria only (winter time since the day before)
    pytest.param({"awareness": "2026-10-26 08:00", "classification": "2026-10-26 09:00", "home": "AT", "zone": "Europe/Vienna"},
                 "2026-10-27 11:00:00", id="holiday at home"),
    pytest.param({"awareness": "2026-10-26 08:00", "classification": "2026-10-26 09:00"}, "2026-10-26 13:00:00", id="no holiday"),
    # 23:30 in Berlin on Friday: it is due on Friday, 22:30 UTC
    pytest.param({"awareness": "2026-11-27 14:00", "classification": "2026-11-27 18:30"}, "2026-11-27 22:30:00", id="Friday night"),
    # in summer, noon is 10:00 UTC: Saturday 4 July
    pytest.param({"awareness": "2026-07-04 06:00", "classification": "2026-07-04 07:00"}, "2026-07-06 10:00:00", id="summer"),
    # not yet classified: 24 h from Friday end on Saturday
    pytest.param({"awareness": "2026-11-27 14:00"}, "2026-11-30 11:00:00", id="24 hours end on Saturday"),
])
def test_dora_weekend_relief(more: dict[str, str], expected: str) -> None:
    assert shown(duty(dora(**more), DORA))["initial notification"].endswith(f" > {expected}")


@pytest.mark.parametrize("role", ["credit_institution", "central_counterparty", "trading_venue", "essential_entity",
                                  "important_entity"])
def test_dora_weekend_relief_is_not_for_all(role: str) -> None:
    """For these Saturday stays Saturday; but the final report moves for everybody."""
    roles = f"dora_financial_entity {role}"
    filed = {"initial notification": "2026-11-25 15:30", "intermediate report": "2026-11-27 10:00"}
    assert shown(duty(dora(roles, **SATURDAY), DORA))["initial notification"] == "running 2026-11-27 20:00 > 2026-11-28 00:00:00"
    wednesday = {"awareness": "2026-11-25 10:00", "classification": "2026-11-25 12:00"}
    waiting = shown(duty(dora(roles, {"initial notification": "2026-11-25 15:30"}, **wednesday), DORA))
    assert waiting["intermediate report"] == "running 2026-11-25 15:30 > 2026-11-28 15:30:00"
    # 27 December is a Sunday: Monday noon
    assert shown(duty(dora(roles, filed, **wednesday), DORA))["final report"] == "running 2026-11-27 10:00 > 2026-12-28 11:00:00"


# Art. 5(1)(b): 72 hours from the submission of the initial notification; (c): one month from that of the intermediate report.
@pytest.mark.parametrize(("filed", "expected"), [
    # filed on Wednesday an hour before its limit: 72 h end on Saturday 15:30; Monday noon
    ({"initial notification": "2026-11-25 15:30"}, ("running 2026-11-25 15:30 > 2026-11-30 11:00:00", LATER)),
    # filed late, on Thursday: the later report starts with the real filing all the same
    ({"initial notification": "2026-11-26 09:00"}, ("running 2026-11-26 09:00 > 2026-11-30 11:00:00", LATER)),
    ({"initial notification": "2026-11-24 09:00"}, ("running 2026-11-24 09:00 > 2026-11-27 09:00:00", LATER)),
    # Monday 30 November: Wednesday 30 December, the end of that day
    ({"initial notification": "2026-11-27 15:30", "intermediate report": "2026-11-30 10:00"},
     ("filed 2026-11-27 15:30 > 2026-11-30 15:30:00", "running 2026-11-30 10:00 > 2026-12-30 22:59:59")),
    # 25 November: Christmas Day; Monday 28th at noon
    ({"initial notification": "2026-11-24 09:00", "intermediate report": "2026-11-25 10:00"},
     ("filed 2026-11-24 09:00 > 2026-11-27 09:00:00", "running 2026-11-25 10:00 > 2026-12-28 11:00:00")),
    # 29 January: there is no 29th in February 2027, and the 28th is a Sunday
    ({"initial notification": "2027-01-27 09:00", "intermediate report": "2027-01-29 10:00"},
     ("filed 2027-01-27 09:00 > 2027-02-01 11:00:00", "running 2027-01-29 10:00 > 2027-03-01 11:00:00")),
])
def test_dora_reports_follow_the_real_filings(filed: dict[str, str], expected: tuple[str, str]) -> None:
    facts = dora(filed=filed, awareness="2026-11-23 10:00", classification="2026-11-25 11:30")
    found = shown(duty(facts, DORA))
    assert (found["intermediate report"], found["final report"]) == expected


def test_dora_clients_and_the_eea() -> None:
    """Art. 19(3): clients without undue delay once one knows; the Regulation is part of the EEA Agreement."""
    found = shown(duty(dora(flags="clients_financial_interests_affected", awareness="2026-11-24 09:00"), DORA))
    assert found["inform clients"] == "no_number 2026-11-24 09:00 > -"
    bounds(DORA, INSURER, "major_ict_incident", "", "NO=5", other="us_bank")


VULN, SEVERE = "eu-cra-14-vuln", "eu-cra-14-incident"


def cra(rule: str, filed: str = "", **at: str) -> Facts:
    flag = "actively_exploited_product_vulnerability" if rule == VULN else "severe_product_incident"
    return sheet("product_manufacturer", flag, people="DE=5", at=at, **GERMAN,
                 filed={(rule, "incident notification"): filed} if filed else None)


# CRA Art. 14(2): 24 h, 72 h, and 14 days after a corrective measure is available. Art. 71(2): Article 14 from 11 September 2026.
@pytest.mark.parametrize(("at", "verdict", "expected"), [
    # half an hour before and after midnight in Berlin
    pytest.param({"awareness": "2026-09-10 21:30"}, "not_in_force", None, id="on the eve"),
    pytest.param({"awareness": "2026-09-10 22:30"}, MET, (
        "running 2026-09-10 22:30 > 2026-09-11 22:30:00", "running 2026-09-10 22:30 > 2026-09-13 22:30:00", LATER), id="first day"),
    # exploited since August, but known only now
    pytest.param({"occurrence": "2026-08-01 10:00", "awareness": "2026-09-14 08:00"}, MET, (
        "running 2026-09-14 08:00 > 2026-09-15 08:00:00", "running 2026-09-14 08:00 > 2026-09-17 08:00:00", LATER), id="old flaw"),
    # 25 September + 14 = Friday 9 October, summer time; not 14 days from awareness
    pytest.param({"awareness": "2026-09-14 08:00", "corrective_measure_available": "2026-09-25 10:00"}, MET, (
        "running 2026-09-14 08:00 > 2026-09-15 08:00:00", "running 2026-09-14 08:00 > 2026-09-17 08:00:00",
        "running 2026-09-25 10:00 > 2026-10-09 21:59:59"), id="fixed"),
    # 11 December + 14 = Friday 25th, a holiday; the weekend; Monday 28th (Regulation 1182/71 Art. 3(4))
    pytest.param({"awareness": "2026-12-10 08:00", "corrective_measure_available": "2026-12-11 10:00"}, MET, (
        "running 2026-12-10 08:00 > 2026-12-11 08:00:00", "running 2026-12-10 08:00 > 2026-12-13 08:00:00",
        "running 2026-12-11 10:00 > 2026-12-28 22:59:59"), id="fixed before Christmas"),
])
def test_cra_exploited_vulnerability(at: dict[str, str], verdict: str, expected: tuple[str, ...] | None) -> None:
    stages = ("early warning", "vulnerability notification", "final report", "inform users")
    users = f"no_number {at['awareness']} > -"
    check(cra(VULN, **at), VULN, verdict, dict(zip(stages, [*expected, users], strict=True)) if expected else {})


def test_cra_severe_incident() -> None:
    """Art. 14(4): 24 h, 72 h, and a month after the submission of the notification; Art. 14(6): reports on request."""
    check(cra(SEVERE, awareness="2026-09-10 21:59"), SEVERE, "not_in_force", {})
    facts = cra(SEVERE, "2026-11-25 20:00", awareness="2026-11-23 08:00", request="2026-11-24 08:00")
    check(facts, SEVERE, MET, {
        "early warning": "running 2026-11-23 08:00 > 2026-11-24 08:00:00",
        "incident notification": "filed 2026-11-23 08:00 > 2026-11-26 08:00:00",
        "final report": "running 2026-11-25 20:00 > 2026-12-28 22:59:59",  # Friday 25 December, then the weekend
        "intermediate status report": "no_number 2026-11-24 08:00 > -",
        "inform users": "no_number 2026-11-23 08:00 > -",
    })
    bounds(SEVERE, "product_manufacturer", "severe_product_incident", "", "DE=5")
    bounds(VULN, "product_manufacturer", "actively_exploited_product_vulnerability", "", "DE=5")


# Regulation (EU) 611/2013 Art. 2(2): 24 h after detection (aware enough to notify); 2(3): what was missing within three days of
# the first notification. Regulation 1182/71: a period of days has two working days (3(5)) and ends on one (3(4)).
@pytest.mark.parametrize(("filed", "due"), [
    pytest.param("2026-11-24 10:00", "2026-11-27 22:59:59", id="Tuesday to Friday"),
    pytest.param("2026-11-25 10:00", "2026-11-30 22:59:59", id="Saturday moves to Monday"),
    pytest.param("2026-12-22 10:00", "2026-12-28 22:59:59", id="Christmas moves to Monday"),
    # 26 to 28 December hold one working day, Monday 28th; Tuesday is the second
    pytest.param("2026-12-25 08:00", "2026-12-29 22:59:59", id="two working days"),
])
def test_eprivacy_complete_notification_three_days_after_the_first(filed: str, due: str) -> None:
    facts = sheet("telecom_provider", "personal_data_breach", "dob", "NO=5", at={"awareness": "2026-12-24 09:00"},
                  filed={("eu-eprivacy-611", "initial notification"): filed}, **GERMAN)
    check(facts, "eu-eprivacy-611", MET, {
        "initial notification": "filed 2026-12-24 09:00 > 2026-12-25 09:00:00",
        "complete notification": f"to_judge {filed} > {due}",  # only where something was missing
        "notify subscribers": "to_judge 2026-12-24 09:00 > -",
    })
    bounds("eu-eprivacy-611", "telecom_provider", "personal_data_breach", "", "IS=5")


PLAIN = [
    # eIDAS Art. 19a(1)(b), 24(2)(fb): supervisory body, persons and, in the public interest, the public: 24 h
    ("eu-eidas-tsp", "trust_service_provider", "trust_service_disruption", "DE=5", {"awareness": "2026-12-24 20:00"}, {
        "notification": "running 2026-12-24 20:00 > 2026-12-25 20:00:00",
        "notify affected persons": "running 2026-12-24 20:00 > 2026-12-25 20:00:00",
        "inform the public": "to_judge 2026-12-24 20:00 > 2026-12-25 20:00:00"}),
    # MAR Art. 17(1), (4): as soon as possible; the reasons for a delay immediately after the disclosure
    ("eu-mar-17", "listed_issuer_eu", "price_sensitive", "NO=5", {"awareness": "2026-11-27 16:00"}, {
        "public disclosure": "no_number 2026-11-27 16:00 > -", "explain delay to authority": "to_judge - > -"}),
]


@pytest.mark.parametrize(("rule", "roles", "flags", "people", "at", "stages"), PLAIN, ids=[row[0] for row in PLAIN])
def test_plain_clocks(rule: str, roles: str, flags: str, people: str, at: dict[str, str], stages: dict[str, str]) -> None:
    check(sheet(roles, flags, "dob", people, at=at, **GERMAN), rule, MET, stages)


def test_cer_detailed_report_a_month_after_the_initial_notification() -> None:
    """CER Directive Art. 15(1): 24 hours after becoming aware; a detailed report no later than one month thereafter."""
    facts = sheet("critical_entity", "service_disruption", people="FR=5", home="FR", zone="Europe/Paris",
                  at={"awareness": "2026-10-10 09:00"}, filed={("eu-cer-15", "initial notification"): "2026-10-11 09:00:01"})
    check(facts, "eu-cer-15", MET, {
        "initial notification": "filed_late 2026-10-10 09:00 > 2026-10-11 09:00:00",  # by one second
        "detailed report": "running 2026-10-11 09:00 > 2026-11-12 22:59:59",  # 11 November is a holiday in France
    })
    bounds("eu-cer-15", "critical_entity", "service_disruption significant_incident", "", "DE=5")


def test_mar_explains_a_delay_at_once() -> None:
    facts = sheet("listed_issuer_eu", "price_sensitive", people="DE=5", at={"awareness": "2026-11-20 16:00"},
                  filed={("eu-mar-17", "public disclosure"): "2026-11-27 07:00"})
    assert shown(duty(facts, "eu-mar-17"))["explain delay to authority"] == "to_judge 2026-11-27 07:00 > -"


@pytest.mark.parametrize(("rule", "roles", "flags", "people", "other"), [
    (NIS2, "essential_entity important_entity", "significant_incident", "DE=5", "controller"),
    ("eu-eidas-tsp", "trust_service_provider", "significant_incident trust_service_disruption", "NO=5", "merchant"),
    ("eu-mar-17", "listed_issuer_eu", "price_sensitive", "DE=5", "sec_registrant"),
])
def test_who_and_what_each_rule_is_for(rule: str, roles: str, flags: str, people: str, other: str) -> None:
    bounds(rule, roles, flags, "", people, other=other)
