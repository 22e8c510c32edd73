"""Worked by hand from the cited rules: Asia and the Pacific, Turkey, the Gulf and Africa."""

from __future__ import annotations

import pytest
from worked import bounds, check, duty, sheet, shown

from tocsin.law.load import regime

# In every row: what the law says, the facts, and all stages as "state start > deadline", in UTC. Local days end at:
# Sydney 12:59:59 UTC (summer time, from 4 October 2026 on) or 13:59:59; Tokyo and Seoul 14:59:59; Singapore, Shanghai,
# Hong Kong, Manila and Kuala Lumpur 15:59:59. 27 November 2026 is a Friday.
NO, LATER = "not_needed - > -", "waiting - > -"
MET, TELL, NOT, FUTURE = "may_apply", "cannot_tell", "does_not_apply", "not_in_force"

# fmt: off
AWARE = {"awareness": "2026-11-27 20:00"}  # already Saturday 28th in Asia
BEGUN, IN_3_DAYS = "no_number 2026-11-27 20:00 > -", "running 2026-11-27 20:00 > 2026-11-30 20:00:00"
BREACH = "personal_data_breach"
STATEMENT = ("au-ndb", "statement to OAIC")
SIGNIFICANT, RELEVANT = ("au-soci-2b", "significant impact report"), ("au-soci-2b", "relevant impact report")

# (rule, roles, flags, people, instants, filings, stages)
WORKED = [
    # Privacy Act s. 26WH(2): 30 days from grounds to suspect; 26WK(2), 26WL(3): as soon as practicable, first the statement.
    # 3 November + 30 = 3 December.
    ("au-ndb", "au_app_entity", BREACH, "AU=5", {"suspicion": "2026-11-03 00:30"}, {}, {
        "assessment of suspected breach": "running 2026-11-03 00:30 > 2026-12-03 12:59:59",
        "statement to OAIC": LATER, "notify individuals": LATER}),
    # 22:00 UTC on 10 September is the 11th in Sydney, before summer time; + 30 = Sunday 11 October, in summer time
    ("au-ndb", "au_app_entity", BREACH, "AU=5", {"detection": "2026-09-10 22:00", "reasonable_belief": "2026-09-20 02:00"},
     {STATEMENT: "2026-09-22 05:00"}, {
        # s. 26WH(1)(b): assessed until there are grounds to believe
        "assessment of suspected breach": "filed 2026-09-10 22:00 > 2026-10-11 12:59:59",
        "statement to OAIC": "filed 2026-09-20 02:00 > -", "notify individuals": "no_number 2026-09-22 05:00 > -"}),
    # the assessment ended a second after its last day, before it was written down when the grounds were there
    ("au-ndb", "au_app_entity", BREACH, "AU=5",
     {"suspicion": "2026-11-03 00:30", "assessment_complete": "2026-12-03 13:00", "reasonable_belief": "2026-12-03 14:00"}, {}, {
        "assessment of suspected breach": "filed_late 2026-11-03 00:30 > 2026-12-03 12:59:59",
        "statement to OAIC": "no_number 2026-12-03 14:00 > -", "notify individuals": LATER}),
    # awareness stands in for the belief that starts the statement, and does not end the assessment
    ("au-ndb", "au_app_entity", BREACH, "AU=5", AWARE, {}, {
        "assessment of suspected breach": "running 2026-11-27 20:00 > 2026-12-28 12:59:59",
        "statement to OAIC": BEGUN, "notify individuals": LATER}),
    # SOCI Act s. 30BC: 12 h; 30BD: 72 h; which of the two is for a person. Reports in writing need no record.
    ("au-soci-2b", "au_soci_responsible_entity", "unauthorised_access !first_report_oral", "AU=5", AWARE, {}, {
        "significant impact report": "to_judge 2026-11-27 20:00 > 2026-11-28 08:00:00",
        "written record of oral significant report": NO,
        "relevant impact report": "to_judge 2026-11-27 20:00 > 2026-11-30 20:00:00",
        "written record of oral relevant report": NO}),
    # after an oral report a record within 84 h (3 days and 12 h) or 48 h
    ("au-soci-2b", "au_soci_responsible_entity", "service_disruption first_report_oral", "AU=5", AWARE,
     {SIGNIFICANT: "2026-11-28 08:00:01", RELEVANT: "2026-11-30 20:00"}, {
        "significant impact report": "filed_late 2026-11-27 20:00 > 2026-11-28 08:00:00",
        "written record of oral significant report": "running 2026-11-28 08:00 > 2026-12-01 20:00:01",
        "relevant impact report": "filed 2026-11-27 20:00 > 2026-11-30 20:00:00",
        "written record of oral relevant report": "running 2026-11-30 20:00 > 2026-12-02 20:00:00"}),
    # CPS 234 para. 35: 72 h; para. 36: 10 business days: Tue 24 to Fri 27, Mon 30 to Fri 4 December, Mon 7
    ("au-cps-234", "apra_regulated", "material_incident material_control_weakness", "AU=5", {"awareness": "2026-11-23 03:00"}, {}, {
        "incident notification": "running 2026-11-23 03:00 > 2026-11-26 03:00:00",
        "control weakness notification": "running 2026-11-23 03:00 > 2026-12-07 12:59:59"}),
    # half past midnight on Thursday 21 January in Sydney: Fri 22, Mon 25, not Tue 26 (Australia Day), Wed 27 to Fri 29,
    # Mon 1 to Fri 5 February
    ("au-cps-234", "apra_regulated", "!material_incident !notice_due_other_regulator material_control_weakness", "AU=5",
     {"awareness": "2027-01-20 13:30"}, {}, {
        "incident notification": NO, "control weakness notification": "running 2027-01-20 13:30 > 2027-02-05 12:59:59"}),
    # notified to another regulator, anywhere: 72 h over Christmas
    ("au-cps-234", "apra_regulated", "!material_incident notice_due_other_regulator !material_control_weakness", "AU=5",
     {"awareness": "2026-12-24 03:00"}, {}, {
        "incident notification": "running 2026-12-24 03:00 > 2026-12-27 03:00:00", "control weakness notification": NO}),
    # CPS 230: 72 h; outside of the tolerance 24 h
    ("au-cps-230", "apra_regulated", "critical_operation_outside_tolerance", "AU=5", AWARE, {}, {
        "operational risk incident": IN_3_DAYS,
        "disruption outside tolerance": "running 2026-11-27 20:00 > 2026-11-28 20:00:00"}),
    ("au-cps-230", "apra_regulated", "service_disruption !critical_operation_outside_tolerance", "AU=5", AWARE, {}, {
        "operational risk incident": IN_3_DAYS, "disruption outside tolerance": NO}),
    # Cyber Security Act 2024 s. 27: 72 h from the payment, not from the incident
    ("au-ransom-payment", "au_reporting_business_entity", "extortion_payment_made", "AU=5",
     {"awareness": "2026-11-10 09:00", "payment": "2026-11-27 23:00"}, {}, {
        "ransomware payment report": "running 2026-11-27 23:00 > 2026-11-30 23:00:00"}),
    # Listing Rule 3.1: immediately
    ("au-asx-3-1", "listed_issuer_au", "price_sensitive", "AU=5", AWARE, {}, {"announcement": BEGUN}),
    # Privacy Act 2020 s. 114, 115: as soon as practicable
    ("nz-privacy-114", "merchant", BREACH, "NZ=5", AWARE, {}, {"notify Commissioner": BEGUN, "notify individuals": BEGUN}),
    # Cybersecurity Act s. 14 and Regulations 2018 reg. 5 as of 31 October 2025: 2 h, 72 h, 30 days: 28 November + 30
    ("sg-cii", "sg_cii_owner", "unauthorised_access", "SG=5", AWARE, {}, {
        "initial notification": "running 2026-11-27 20:00 > 2026-11-27 22:00:00", "supplementary written report": IN_3_DAYS,
        "final report": "running 2026-11-27 20:00 > 2026-12-28 15:59:59"}),
    # MAS notices on technology risk: one hour and 14 days from discovery; 07:30 on Saturday 28th in Singapore
    ("sg-mas", "mas_fi", "material_disruption", "SG=5", {"discovery": "2026-11-27 23:30"}, {}, {
        "notify MAS": "running 2026-11-27 23:30 > 2026-11-28 00:30:00",
        "root cause and impact analysis": "running 2026-11-27 23:30 > 2026-12-12 15:59:59"}),
    # Cap. 653 s. 28, Schedule 6: 12 h where a core function is hit or likely to be, else 48 h; report in 14 days
    ("hk-pci", "hk_ci_operator", "unauthorised_access core_function_disrupted !first_report_oral", "HK=5", AWARE, {}, {
        "notify serious incident": "running 2026-11-27 20:00 > 2026-11-28 08:00:00", "notify other incident": NO,
        "written record of oral notice": NO, "written report": "running 2026-11-27 20:00 > 2026-12-12 15:59:59"}),
    # by telephone: a record 48 h later
    ("hk-pci", "hk_ci_operator", "unauthorised_access !core_function_disrupted first_report_oral", "HK=5", AWARE,
     {("hk-pci", "notify other incident"): "2026-11-28 06:00"}, {
        "notify serious incident": NO, "notify other incident": "filed 2026-11-27 20:00 > 2026-11-29 20:00:00",
        "written record of oral notice": "running 2026-11-28 06:00 > 2026-11-30 06:00:00",
        "written report": "running 2026-11-27 20:00 > 2026-12-12 15:59:59"}),
    # nobody knows yet: both stand
    ("hk-pci", "hk_ci_operator", "service_disruption !first_report_oral", "HK=5", AWARE, {}, {
        "notify serious incident": "to_judge 2026-11-27 20:00 > 2026-11-28 08:00:00",
        "notify other incident": "to_judge 2026-11-27 20:00 > 2026-11-29 20:00:00", "written record of oral notice": NO,
        "written report": "running 2026-11-27 20:00 > 2026-12-12 15:59:59"}),
    # CERT-In Directions (ii): 6 h from noticing, at night and on Sunday too
    ("in-cert-in", "merchant", "malware", "IN=5", {"awareness": "2026-11-28 22:15"}, {}, {
        "report": "running 2026-11-28 22:15 > 2026-11-29 04:15:00"}),
    # PIPL Art. 57: immediately
    ("cn-pipl-57", "controller", BREACH, "CN=5", AWARE, {}, {"notify authority": BEGUN, "notify individuals": BEGUN}),
    # PIPA Art. 34 and Decree 39: people within 72 h; Decree 40: the authority from 1,000 people on, or sensitive or unique
    # numbers, or access from outside
    ("kr-pipa-34", "controller", f"{BREACH} !unauthorised_access", "KR=999", AWARE, {}, {
        "notify data subjects": IN_3_DAYS, "report to PIPC/KISA": NO}),
    ("kr-pipa-34", "controller", f"{BREACH} !unauthorised_access", "KR=1000", AWARE, {}, {
        "notify data subjects": IN_3_DAYS, "report to PIPC/KISA": IN_3_DAYS}),
    ("kr-pipa-34", "controller", f"{BREACH} unauthorised_access", "KR=1", AWARE, {}, {
        "notify data subjects": IN_3_DAYS, "report to PIPC/KISA": IN_3_DAYS}),
    # Network Act Art. 48-3, Decree 58-2: 24 h; further facts 24 h after they are known
    ("kr-network-act", "telecom_provider", "malware", "KR=5", AWARE | {"new_information": "2026-12-02 01:00"}, {}, {
        "report": "running 2026-11-27 20:00 > 2026-11-28 20:00:00",
        "additional facts": "running 2026-12-02 01:00 > 2026-12-03 01:00:00"}),
    # PDPA s. 12B and guideline: 72 h; people 7 days after the notification, the rest 30 days after it. Filed at 18:00 on
    # Friday 27th in Kuala Lumpur: Friday 4 and Sunday 27 December
    ("my-pdpa-12b", "controller", BREACH, "MY=5", {"awareness": "2026-11-24 20:00"},
     {("my-pdpa-12b", "notify Commissioner"): "2026-11-27 10:00"}, {
        "notify Commissioner": "filed 2026-11-24 20:00 > 2026-11-27 20:00:00",
        "notify data subjects": "to_judge 2026-11-27 10:00 > 2026-12-04 15:59:59",
        "further information to Commissioner": "to_judge 2026-11-27 10:00 > 2026-12-27 15:59:59"}),
    # Notification Regulations 2024: at once, particulars within 6 h, the rest 14 days after those: 28 November + 14
    ("my-csa", "my_ncii", "service_disruption", "MY=5", AWARE, {("my-csa", "initial particulars"): "2026-11-28 01:00"}, {
        "immediate notice": BEGUN, "initial particulars": "filed 2026-11-27 20:00 > 2026-11-28 02:00:00",
        "supplementary information": "running 2026-11-28 01:00 > 2026-12-12 15:59:59"}),
    # Circular 16-03 s. 17, 18: both within 72 h from reasonable belief; full report 5 days: filed on the 30th at 04:00 there
    ("ph-dpa", "controller", BREACH, "PH=5", {"reasonable_belief": "2026-11-27 20:00"},
     {("ph-dpa", "notify authority"): "2026-11-29 20:00"}, {
        "notify authority": "filed 2026-11-27 20:00 > 2026-11-30 20:00:00", "notify individuals": IN_3_DAYS,
        "full report": "running 2026-11-29 20:00 > 2026-12-05 15:59:59"}),
    # PDPA s. 37(4): 72 h; people without delay at high risk; s. 40(2): a processor tells the controller
    ("th-pdpa", "controller", f"{BREACH} high_risk_to_individuals", "TH=5", AWARE, {}, {
        "notify authority": IN_3_DAYS, "notify individuals": BEGUN, "processor informs controller": NO}),
    ("th-pdpa", "controller", f"{BREACH} !high_risk_to_individuals", "TH=5", AWARE, {}, {
        "notify authority": IN_3_DAYS, "notify individuals": NO, "processor informs controller": NO}),
    # Law 27/2022 Art. 46(1): 3 x 24 hours, the agency and the people
    ("id-pdp", "controller", BREACH, "ID=5", AWARE, {}, {"notify authority": IN_3_DAYS, "notify individuals": IN_3_DAYS}),
    # Law 91/2025 Art. 23: 72 h from discovery
    ("vn-pdpl", "controller", BREACH, "VN=5", AWARE, {}, {"notify A05": IN_3_DAYS, "processor informs controller": NO}),
    # Implementing Regulation Art. 24: 72 h; people where it may harm them
    ("sa-pdpl", "controller", BREACH, "SA=5", AWARE, {}, {
        "notify authority": IN_3_DAYS, "notify individuals": "to_judge 2026-11-27 20:00 > -"}),
    # Law 6698 Art. 12(5), Decision 2019/10: 72 h; people as soon as possible; a processor tells the controller
    ("tr-kvkk", "controller", BREACH, "TR=5", AWARE, {}, {
        "notify authority": IN_3_DAYS, "notify individuals": BEGUN, "processor informs controller": NO}),
    # Act 2023 s. 40(2), (3): 72 h; people immediately at high risk
    ("ng-ndpa", "controller", f"{BREACH} high_risk_to_individuals", "NG=5", AWARE, {}, {
        "notify authority": IN_3_DAYS, "notify individuals": BEGUN, "processor informs controller": NO}),
    # Act 2019 s. 43(1): 72 h; 43(3): a processor within 48 h
    ("ke-dpa", "controller", BREACH, "KE=5", AWARE, {}, {
        "notify authority": IN_3_DAYS, "notify individuals": "to_judge 2026-11-27 20:00 > -", "processor informs controller": NO}),
    ("ke-dpa", "processor", BREACH, "KE=5", AWARE, {}, {
        "notify authority": NO, "notify individuals": NO,
        "processor informs controller": "running 2026-11-27 20:00 > 2026-11-29 20:00:00"}),
    # Regulations 2021 s. 32: 72 h; people at high risk
    ("ae-adgm", "controller", f"{BREACH} high_risk_to_individuals", "AE-ADGM=5", AWARE, {}, {
        "notify authority": IN_3_DAYS, "notify individuals": BEGUN, "processor informs controller": NO}),
    # POPIA s. 22(1), (2): as soon as reasonably possible after the discovery, people only where they are known; s. 21(2)
    ("za-popia-22", "controller", f"{BREACH} identity_of_individuals_known", "ZA=5", AWARE, {}, {
        "notify Regulator": BEGUN, "notify data subjects": BEGUN, "operator notifies responsible party": NO}),
    ("za-popia-22", "controller", f"{BREACH} !identity_of_individuals_known", "ZA=5", AWARE, {}, {
        "notify Regulator": BEGUN, "notify data subjects": NO, "operator notifies responsible party": NO}),
    ("za-popia-22", "processor", f"{BREACH} identity_of_individuals_known", "ZA=5", AWARE, {}, {
        "notify Regulator": NO, "notify data subjects": NO, "operator notifies responsible party": BEGUN}),
]


@pytest.mark.parametrize(("rule", "roles", "flags", "people", "at", "filed", "stages"), WORKED,
                         ids=[f"{row[0]} {number}" for number, row in enumerate(WORKED)])
def test_worked_out(rule: str, roles: str, flags: str, people: str, at: dict[str, str], filed: dict[tuple[str, str], str],
                    stages: dict[str, str]) -> None:
    check(sheet(roles, flags, "dob", people, at=at, filed=filed), rule, MET, stages)


PDPC = ("assess whether notifiable", "notify PDPC", "notify individuals", "data intermediary informs organisation")


# PDPA s. 26B(3): 500 people or more are a significant scale; s. 26D(1): no later than three calendar days after the day of the
# assessment; s. 26C(2): assess once there is reason to believe (30 days by guidance); s. 26C(3): a data intermediary only tells
# the organisation. Assessed at 00:30 on 25 November in Singapore: the end of Saturday 28th. 3 November + 30 = 3 December.
@pytest.mark.parametrize(("roles", "people", "expected"), [
    ("controller", "SG=500", ["filed 2026-11-03 02:00 > 2026-12-03 15:59:59", "running 2026-11-24 16:30 > 2026-11-28 15:59:59",
                              "to_judge 2026-11-24 16:30 > -", NO]),
    # not by scale, but the harm is to be judged
    ("controller", "SG=499", ["filed 2026-11-03 02:00 > 2026-12-03 15:59:59", "to_judge 2026-11-24 16:30 > 2026-11-28 15:59:59",
                              "to_judge 2026-11-24 16:30 > -", NO]),
    ("data_intermediary", "SG=500", [NO, NO, NO, "no_number 2026-11-03 02:00 > -"]),
    ("processor", "SG=500", [NO, NO, NO, "no_number 2026-11-03 02:00 > -"]),
])
def test_singapore_three_calendar_days_after_the_assessment(roles: str, people: str, expected: list[str]) -> None:
    at = {"reasonable_belief": "2026-11-03 02:00", "assessment_complete": "2026-11-24 16:30"}
    check(sheet(roles, BREACH, "dob", people, at=at), "sg-pdpa", MET, dict(zip(PDPC, expected, strict=True)))
    # the assessment ends when it is complete; the days do not run before
    unfinished = shown(duty(sheet("controller", BREACH, "dob", people, at=AWARE), "sg-pdpa"))["notify PDPC"]
    assert unfinished == (LATER if people == "SG=500" else "to_judge - > -")


def test_singapore_asks_counsel_about_people_elsewhere() -> None:
    """s. 26B(3)(b) counts affected individuals, and does not say that they live in Singapore."""
    for people, questions in (("SG=300 MY=199", 1), ("SG=300 MY=200", 2)):
        facts = sheet("controller", BREACH, "dob", people, at={"assessment_complete": "2026-11-24 16:30"})
        clock = duty(facts, "sg-pdpa").stage("notify PDPC")
        assert (clock.state, len(clock.judge)) == ("to_judge", questions)


CHINA = ("CIIO report", "protection department escalation", "central/state organ report", "other network operator report",
         "follow-up on new facts", "summary report")


# Measures of 11 September 2025: operators of critical infrastructure one hour (their authority passes it on in 30 minutes where
# it is major), state organs two hours, other network operators four; a summary 30 days after the handling. A holiday (1 October)
# stops nothing. 20 October + 30 = 19 November.
@pytest.mark.parametrize(("roles", "filed", "expected"), [
    ("cn_ciio", "", ["running 2026-10-01 02:00 > 2026-10-01 03:00:00", "to_judge - > -", NO, NO]),
    ("cn_ciio", "2026-10-01 02:40",
     ["filed 2026-10-01 02:00 > 2026-10-01 03:00:00", "to_judge 2026-10-01 02:40 > 2026-10-01 03:10:00", NO, NO]),
    ("cn_state_organ", "", [NO, NO, "running 2026-10-01 02:00 > 2026-10-01 04:00:00", NO]),
    ("cn_network_operator", "", [NO, NO, NO, "running 2026-10-01 02:00 > 2026-10-01 06:00:00"]),
])
def test_china_grades_by_who_reports(roles: str, filed: str, expected: list[str]) -> None:
    at = {"awareness": "2026-10-01 02:00", "new_information": "2026-10-02 02:00", "incident_resolution": "2026-10-20 09:00"}
    facts = sheet(roles, "significant_incident", people="CN=5", at=at,
                  filed={("cn-incident-measures", CHINA[0]): filed} if filed else None)
    rest = ["no_number 2026-10-02 02:00 > -", "running 2026-10-20 09:00 > 2026-11-19 15:59:59"]
    check(facts, "cn-incident-measures", MET, dict(zip(CHINA, expected + rest, strict=True)))


@pytest.mark.parametrize(("people", "flags", "verdict"), [
    ("CN=1000000", BREACH, MET),  # the Guide: a million people "and above", which takes in the number itself
    ("CN=999999", BREACH, TELL), ("CN=999999", f"{BREACH} !significant_incident", NOT),
    ("CN=1000000", f"!{BREACH} !significant_incident", NOT), ("CN=5", "significant_incident", MET),
])
def test_china_a_million_people_are_relatively_major(people: str, flags: str, verdict: str) -> None:
    check(sheet("cn_network_operator", flags, "dob", people, at=AWARE), "cn-incident-measures", verdict)


JAPAN = ("preliminary report", "final report", "final report (improper purpose)", "notify individuals")


# APPI Rules Art. 8(1): promptly, by the guideline in 3 to 5 days; Art. 8(2): 30 days, 60 for an improper purpose. By the
# guideline the day of knowing is the first, and a last day on a weekend or holiday moves on.
@pytest.mark.parametrize(("aware", "early", "thirty", "sixty"), [
    # Thursday 5 November is day 1: day 30 is Friday 4 December; day 60 is Sunday 3 January: Monday 4th
    ("2026-11-05 03:00", "2026-11-10 14:59:59", "2026-12-04 14:59:59", "2027-01-04 14:59:00"),
    # Friday 6 November: day 30 is Saturday 5 December; day 60 is Monday 4 January
    ("2026-11-06 03:00", "2026-11-11 14:59:59", "2026-12-07 14:59:00", "2027-01-04 14:59:59"),
    # 16:00 UTC on Saturday 24 October is Sunday 25th in Tokyo: day 30 is Monday 23 November, a holiday; day 60 is Wednesday
    # 23 December
    ("2026-10-24 16:00", "2026-10-30 14:59:59", "2026-11-24 14:59:00", "2026-12-23 14:59:59"),
])
def test_japan_counts_the_day_of_knowing(aware: str, early: str, thirty: str, sixty: str) -> None:
    first, people = f"running {aware} > {early}", f"no_number {aware} > -"
    at = {"awareness": aware}
    quiet = f"{BREACH} !unauthorised_access !malware"
    # type 4 is for more than 1,000 people
    check(sheet("merchant", quiet, "dob", "JP=1001", at=at), "jp-appi-26", MET, dict(zip(JAPAN, (
        first, f"running {aware} > {thirty}", f"to_judge {aware} > {sixty}", people), strict=True)))
    check(sheet("merchant", quiet, "dob", "JP=1000", at=at), "jp-appi-26", MET, dict(zip(JAPAN, (
        first, f"to_judge {aware} > {thirty}", f"to_judge {aware} > {sixty}", people), strict=True)))
    for flag in ("unauthorised_access", "malware", "ransomware"):
        check(sheet("merchant", f"{BREACH} {flag}", "dob", "JP=1", at=at), "jp-appi-26", MET, dict(zip(JAPAN, (
            first, NO, f"running {aware} > {sixty}", people), strict=True)))


def test_japan_binds_every_business_that_has_people_there() -> None:
    """APPI Art. 26, 171: also from abroad; an agency of another country is no business."""
    check(sheet("merchant", BREACH, "dob", "JP=1", at={}), "jp-appi-26", MET)
    check(sheet("us_federal_agency", BREACH, "dob", "JP=1", at={}), "jp-appi-26", NOT, {})
    check(sheet("merchant", f"!{BREACH} unauthorised_access", "dob", "JP=1", at={}), "jp-appi-26", NOT, {})
    check(sheet("merchant", BREACH, "dob", "KR=1", at={}), "jp-appi-26", NOT, {})


@pytest.mark.parametrize("data", ["health", "biometric", "genetic", "ssn", "gov_id", "student_military_passport_id"])
def test_korea_reports_sensitive_data_and_unique_numbers_of_one_person(data: str) -> None:
    facts = sheet("controller", f"{BREACH} !unauthorised_access", data, "KR=1", at=AWARE)
    assert shown(duty(facts, "kr-pipa-34"))["report to PIPC/KISA"] == IN_3_DAYS


def test_korea_asks_whether_a_disruption_was_an_attack() -> None:
    found = duty(sheet("digital_service_provider", "!unauthorised_access !malware service_disruption", people="KR=5", at=AWARE),
                 "kr-network-act")
    assert (found.verdict, shown(found)["report"]) == (MET, "running 2026-11-27 20:00 > 2026-11-28 20:00:00")
    assert "judge" in [reason.key for reason in found.reasons]


# No clock runs before its law does; midnight is the law's own: 00:00 there is the later time of each row.
@pytest.mark.parametrize(("rule", "roles", "flags", "people", "instant", "before", "since"), [
    ("au-cps-230", "apra_regulated", "material_incident", "AU=5", "awareness", "2025-06-30 13:59", "2025-06-30 14:00"),
    ("au-ransom-payment", "au_soci_responsible_entity", "extortion_payment_made", "AU=5", "payment",
     "2025-05-29 13:59", "2025-05-29 14:00"),
    ("hk-pci", "hk_ci_operator", "unauthorised_access", "HK=5", "awareness", "2025-12-31 15:59", "2025-12-31 16:00"),
    ("cn-incident-measures", "cn_ciio", "significant_incident", "CN=5", "awareness", "2025-10-31 15:59", "2025-10-31 16:00"),
    ("my-pdpa-12b", "controller", BREACH, "MY=5", "awareness", "2025-05-31 15:59", "2025-05-31 16:00"),
    ("vn-pdpl", "controller", BREACH, "VN=5", "discovery", "2025-12-31 16:59", "2025-12-31 17:00"),
])
def test_a_law_starts_on_its_day(rule: str, roles: str, flags: str, people: str, instant: str, before: str, since: str) -> None:
    check(sheet(roles, flags, "dob", people, at={instant: before}), rule, FUTURE, {})
    check(sheet(roles, flags, "dob", people, at={instant: since}), rule, MET)


def test_india_waits_for_may_2027() -> None:
    """DPDP Rules 2025: rule 7 begins 18 months after November 2025; until then only CERT-In. Then: the Board and the people
    without delay, the Board again within 72 hours of becoming aware (rule 7(2)(b))."""
    facts = sheet("controller", BREACH, "dob", "IN=5", at=AWARE)
    check(facts, "in-dpdp", FUTURE, {})
    check(facts, "in-cert-in", MET, {"report": "running 2026-11-27 20:00 > 2026-11-28 02:00:00"})
    begun = regime("in-dpdp").model_copy(update={"status": "in_force"})
    check(facts, begun, FUTURE, {})  # an incident of 2026 lies before it all the same
    later = sheet("controller", BREACH, "dob", "IN=5", at={"awareness": "2027-06-04 20:00"})
    check(later, begun, MET, {
        "intimation to Board": "no_number 2027-06-04 20:00 > -", "intimation to data principals": "no_number 2027-06-04 20:00 > -",
        "detailed report to Board": "running 2027-06-04 20:00 > 2027-06-07 20:00:00"})
    bounds(begun, "controller", BREACH, "", "IN=5", other="processor")


def test_abu_dhabi_global_market_is_a_part_of_its_country() -> None:
    """The Regulations bind the free zone: people of Dubai's zone are not of it, people of the country may be."""
    for people, verdict in (("AE-DIFC=5", NOT), ("AE=5", TELL), ("AE-ADGM=5", MET)):
        check(sheet("controller", BREACH, "dob", people, at=AWARE), "ae-adgm", verdict)


@pytest.mark.parametrize(("rule", "people"), [("ng-ndpa", "NG=5"), ("ae-adgm", "AE-ADGM=5"), ("th-pdpa", "TH=5")])
def test_people_are_told_of_a_high_risk_only(rule: str, people: str) -> None:
    facts = sheet("controller", f"{BREACH} !high_risk_to_individuals", "dob", people, at=AWARE)
    assert shown(duty(facts, rule)) == {"notify authority": IN_3_DAYS, "notify individuals": NO, "processor informs controller": NO}


# While nobody has said whether we decide about the data or only process it, the rule is not settled, and never gone.
@pytest.mark.parametrize(("rule", "people"), [
    ("th-pdpa", "TH=5"), ("vn-pdpl", "VN=5"), ("tr-kvkk", "TR=5"), ("ng-ndpa", "NG=5"), ("ke-dpa", "KE=5"),
    ("ae-adgm", "AE-ADGM=5"), ("za-popia-22", "ZA=5"), ("id-pdp", "ID=5"), ("sa-pdpl", "SA=5"), ("ph-dpa", "PH=5"),
])
def test_neither_controller_nor_processor_said(rule: str, people: str) -> None:
    found = duty(sheet("merchant", BREACH, "dob", people, at=AWARE), rule)
    assert (found.verdict, found.missing) == (TELL, ("roles",))


# Processors tell their controller, whatever the risk, and nobody else.
@pytest.mark.parametrize(("rule", "people"), [
    ("th-pdpa", "TH=5"), ("vn-pdpl", "VN=5"), ("tr-kvkk", "TR=5"), ("ng-ndpa", "NG=5"), ("ae-adgm", "AE-ADGM=5"),
])
def test_processors_tell_only_the_controller(rule: str, people: str) -> None:
    stages = shown(duty(sheet("processor", f"{BREACH} high_risk_to_individuals", "dob", people, at=AWARE), rule))
    assert stages.pop("processor informs controller") == BEGUN
    assert set(stages.values()) == {NO}


@pytest.mark.parametrize(("rule", "roles", "flags", "people", "other"), [
    ("au-ndb", "au_app_entity", BREACH, "AU=5", "controller"),
    ("au-soci-2b", "au_soci_responsible_entity", "significant_incident service_disruption unauthorised_access", "AU=5",
     "critical_entity"),
    ("au-cps-234", "apra_regulated", "material_incident notice_due_other_regulator material_control_weakness", "AU=5", "mas_fi"),
    ("au-cps-230", "apra_regulated", "material_incident service_disruption critical_operation_outside_tolerance", "AU=5", "mas_fi"),
    ("au-ransom-payment", "au_reporting_business_entity au_soci_responsible_entity", "extortion_payment_made", "AU=5",
     "controller"),
    ("au-asx-3-1", "listed_issuer_au", "price_sensitive", "AU=5", "listed_issuer_eu"),
    ("nz-privacy-114", "controller merchant", BREACH, "NZ=5", "us_federal_agency"),
    ("sg-pdpa", "controller data_intermediary merchant", BREACH, "SG=5", "us_federal_agency"),
    ("sg-cii", "sg_cii_owner", "unauthorised_access service_disruption", "SG=5", "critical_entity"),
    ("sg-mas", "mas_fi", "material_disruption", "SG=5", "us_bank"),
    ("hk-pci", "hk_ci_operator", "unauthorised_access service_disruption", "HK=5", "critical_entity"),
    ("in-cert-in", "merchant processor", f"unauthorised_access malware ransomware service_disruption {BREACH}", "IN=5",
     "us_federal_agency"),
    ("cn-incident-measures", "cn_network_operator cn_ciio cn_state_organ", "significant_incident", "CN=5", "telecom_provider"),
    ("cn-pipl-57", "controller", BREACH, "CN=5", "processor"),
    ("kr-pipa-34", "controller", BREACH, "KR=5", "processor"),
    ("kr-network-act", "telecom_provider digital_service_provider", "unauthorised_access malware service_disruption", "KR=5",
     "controller"),
    ("my-pdpa-12b", "controller", BREACH, "MY=5", "processor"),
    ("my-csa", "my_ncii", "unauthorised_access service_disruption", "MY=5", "critical_entity"),
    ("ph-dpa", "controller", BREACH, "PH=5", "processor"), ("th-pdpa", "controller processor", BREACH, "TH=5", ""),
    ("id-pdp", "controller", BREACH, "ID=5", "processor"), ("vn-pdpl", "controller processor", BREACH, "VN=5", ""),
    ("sa-pdpl", "controller", BREACH, "SA=5", "processor"), ("tr-kvkk", "controller processor", BREACH, "TR=5", ""),
    ("ng-ndpa", "controller processor", BREACH, "NG=5", ""), ("ke-dpa", "controller processor", BREACH, "KE=5", ""),
    ("ae-adgm", "controller processor", BREACH, "AE-ADGM=5", ""), ("za-popia-22", "controller processor", BREACH, "ZA=5", ""),
])
def test_who_and_what_each_rule_is_for(rule: str, roles: str, flags: str, people: str, other: str) -> None:
    bounds(rule, roles, flags, "", people, other=other)
