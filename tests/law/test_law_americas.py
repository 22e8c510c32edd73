"""Worked by hand from the cited rules: United States (federal), Canada, Brazil, Chile and Colombia."""

from __future__ import annotations

from typing import Any

import pytest
from worked import bounds, check, duty, sheet, shown, utc

from tocsin.law.facts import Facts
from tocsin.law.load import regime

# In every row: what the law says, the facts, and all stages as "state start > deadline", in UTC.
# New York is UTC-4 in summer time (8 March to 1 November 2026), else UTC-5: its days end at 03:59:59 or 04:59:59 UTC.
NO, LATER = "not_needed - > -", "waiting - > -"
MET, TELL = "may_apply", "cannot_tell"

# fmt: off
SEC = "us-sec-8k-105"


def listed(flags: str = "material_to_investors", **at: str) -> Facts:
    return sheet("sec_registrant", flags, at=at)


# Form 8-K, General Instruction B.1 and Item 1.05: four business days after the company determines that the incident is
# material; EDGAR's day ends at 17:30 Eastern. Business days are without the federal holidays.
@pytest.mark.parametrize(("determined", "due"), [
    # Wednesday before Thanksgiving (26th): Fri 27, Mon 30, Tue 1, Wed 2 December
    pytest.param("2026-11-25 20:00", "2026-12-02 22:30:00", id="Thanksgiving and a weekend"),
    # Saturday: the period runs on and includes the first business day: Mon 30, Tue 1, Wed 2, Thu 3
    pytest.param("2026-11-28 15:00", "2026-12-03 22:30:00", id="on a Saturday"),
    # Thanksgiving itself: Fri 27 is the first day: Fri 27, Mon 30, Tue 1, Wed 2
    pytest.param("2026-11-26 15:00", "2026-12-02 22:30:00", id="on the holiday itself"),
    # 03:30 UTC on Tuesday is still Monday 30 November in New York: Tue 1, Wed 2, Thu 3, Fri 4
    pytest.param("2026-12-01 03:30", "2026-12-04 22:30:00", id="late in the evening"),
    # Christmas Eve: not Fri 25; Mon 28, Tue 29, Wed 30, Thu 31
    pytest.param("2026-12-24 18:00", "2026-12-31 22:30:00", id="Christmas"),
    # Tue 29, Wed 30, Thu 31, not Fri 1 January, Mon 4
    pytest.param("2026-12-28 15:00", "2027-01-04 22:30:00", id="New Year"),
    # 4 July 2026 is a Saturday, so Friday the 3rd is the holiday: Thu 2, Mon 6, Tue 7, Wed 8 (summer time)
    pytest.param("2026-07-01 13:00", "2026-07-08 21:30:00", id="Independence Day observed"),
    # Good Friday closes the exchanges, not the SEC: Tue 31, Wed 1, Thu 2, Fri 3 April
    pytest.param("2026-03-30 14:00", "2026-04-03 21:30:00", id="Good Friday counts"),
])
def test_form_8k_is_due_four_business_days_after_the_determination(determined: str, due: str) -> None:
    check(listed(materiality_determination=determined), SEC, MET, {
        "materiality determination": "filed - > -",
        "Form 8-K Item 1.05": f"running {determined} > {due}",
        "8-K amendment": LATER,
    })


def test_form_8k_amendment_runs_from_the_information_that_was_missing() -> None:
    """Instruction 2 to Item 1.05: an amendment within four business days after it is determined or available."""
    facts = sheet(
        "sec_registrant", "material_to_investors",
        at={"awareness": "2026-11-20 15:00", "materiality_determination": "2026-11-25 20:00",
            "determination_of_missing_information": "2026-12-10 16:00"},
        filed={(SEC, "Form 8-K Item 1.05"): "2026-12-02 22:30:01"},  # a second after 17:30
    )
    check(facts, SEC, MET, {
        "materiality determination": "filed 2026-11-20 15:00 > -",
        "Form 8-K Item 1.05": "filed_late 2026-11-25 20:00 > 2026-12-02 22:30:00",
        "8-K amendment": "running 2026-12-10 16:00 > 2026-12-16 22:30:00",  # Fri 11, Mon 14, Tue 15, Wed 16
    })


def test_form_8k_waits_for_the_determination_and_for_the_attorney_general() -> None:
    """Item 1.05(a) starts with the determination, not with discovery; (c) knows one delay, of the 8-K."""
    check(listed(awareness="2026-11-20 15:00"), SEC, MET, {
        # without unreasonable delay
        "materiality determination": "no_number 2026-11-20 15:00 > -", "Form 8-K Item 1.05": LATER, "8-K amendment": LATER,
    })
    until = {(SEC, stage): utc("2026-12-25 22:30") for stage in ("Form 8-K Item 1.05", "materiality determination")}
    held = sheet("sec_registrant", "material_to_investors", delays=until,
                 at={"awareness": "2026-11-25 15:00", "materiality_determination": "2026-11-25 20:00"})
    check(held, SEC, MET, {
        "materiality determination": "filed 2026-11-25 15:00 > -",
        "Form 8-K Item 1.05": "held 2026-11-25 20:00 > 2026-12-25 22:30:00",
        "8-K amendment": LATER,
    })
    check(listed("!material_to_investors", awareness="2026-11-20 15:00"), SEC, "does_not_apply", {})
    assert duty(listed("", awareness="2026-11-20 15:00"), SEC).missing == ("material_to_investors",)


HIPAA = "us-hipaa-breach"
HIPAA_STAGES = ("notify individuals", "notify HHS (large)", "notify media", "notify HHS (small, annual log)",
                "business associate notifies covered entity")


# 45 CFR 164.404(b) 60 days from discovery for individuals; .408(b) HHS with them from 500 people on; .408(c) fewer: 60 days
# after the end of the year of discovery; .406 media where more than 500 of one state; .410 business associates.
@pytest.mark.parametrize(("people", "found", "expected"), [
    # 4 May + 60 days: 27 to 31 May, 30 in June, 3 July. 31 December 2026 + 60: 31 in January, 28 in February, 1 March.
    pytest.param("US-TX=499", "2026-05-04 15:00", [
        "running 2026-05-04 15:00 > 2026-07-04 03:59:59", NO, NO, "running 2027-01-01 04:59 > 2027-03-02 04:59:59", NO,
    ], id="499"),
    # exactly 500: HHS at once ("500 or more"), no media ("more than 500"). 10 September + 60 = 9 November, winter time
    pytest.param("US-TX=500", "2026-09-10 13:00", [
        "running 2026-09-10 13:00 > 2026-11-10 04:59:59", "running 2026-09-10 13:00 > 2026-11-10 04:59:59", NO, NO, NO,
    ], id="500"),
    pytest.param("US-TX=501", "2026-09-10 13:00", ["running 2026-09-10 13:00 > 2026-11-10 04:59:59"] * 3 + [NO, NO], id="501"),
    # 900 people, but not more than 500 in either state: no media
    pytest.param("US-TX=450 US-OK=450", "2026-09-10 13:00", ["running 2026-09-10 13:00 > 2026-11-10 04:59:59"] * 2 + [NO] * 3,
                 id="two states"),
    # nobody knows on which side of 500: every such notice is open, with the date that it would have
    pytest.param("US-TX=480-520", "2026-09-10 13:00", [
        "running 2026-09-10 13:00 > 2026-11-10 04:59:59", "to_judge 2026-09-10 13:00 > 2026-11-10 04:59:59",
        "to_judge 2026-09-10 13:00 > 2026-11-10 04:59:59", "to_judge 2027-01-01 04:59 > 2027-03-02 04:59:59", NO,
    ], id="480 to 520"),
    # 31 December 2027 + 60 = 29 February 2028, a leap year. 1 July + 60 = 30 August
    pytest.param("US-TX=40", "2027-07-01 16:00", [
        "running 2027-07-01 16:00 > 2027-08-31 03:59:59", NO, NO, "running 2028-01-01 04:59 > 2028-03-01 04:59:59", NO,
    ], id="leap year"),
    # half an hour before midnight of New Year in the East: of 2026; half an hour after: of 2027, a year later
    pytest.param("US-TX=40", "2027-01-01 04:30", [
        "running 2027-01-01 04:30 > 2027-03-02 04:59:59", NO, NO, "running 2027-01-01 04:59 > 2027-03-02 04:59:59", NO,
    ], id="last minutes of the year"),
    pytest.param("US-TX=40", "2027-01-01 05:30", [
        "running 2027-01-01 05:30 > 2027-03-03 04:59:59", NO, NO, "running 2028-01-01 04:59 > 2028-03-01 04:59:59", NO,
    ], id="first minutes of the year"),
])
def test_hipaa_by_number_of_people(people: str, found: str, expected: list[str]) -> None:
    facts = sheet("hipaa_covered_entity", "unsecured_phi", "phi", people, at={"discovery": found})
    check(facts, HIPAA, MET, dict(zip(HIPAA_STAGES, expected, strict=True)))


def test_hipaa_business_associates_tell_only_the_covered_entity() -> None:
    for people in ("US-TX=40", "US-TX=4000"):
        facts = sheet("hipaa_business_associate processor", "unsecured_phi", "phi", people, at={"discovery": "2026-05-04 15:00"})
        expected = [NO, NO, NO, NO, "running 2026-05-04 15:00 > 2026-07-04 03:59:59"]
        check(facts, HIPAA, MET, dict(zip(HIPAA_STAGES, expected, strict=True)))


def test_hipaa_law_enforcement_holds_every_notice() -> None:
    """45 CFR 164.412: what would impede an investigation waits; orally for 30 days. Encrypted data is no breach."""
    until = {(HIPAA, stage): utc("2027-04-01 12:00") for stage in (HIPAA_STAGES[0], HIPAA_STAGES[3])}
    facts = sheet("hipaa_covered_entity", "unsecured_phi", "phi", "US-TX=40", at={"discovery": "2026-05-04 15:00"}, delays=until)
    held = ["held 2026-05-04 15:00 > 2027-04-01 12:00:00", NO, NO, "held 2027-01-01 04:59 > 2027-04-01 12:00:00", NO]
    check(facts, HIPAA, MET, dict(zip(HIPAA_STAGES, held, strict=True)))
    check(sheet("hipaa_covered_entity", "!unsecured_phi", "phi", "US-TX=40", at={}), HIPAA, "does_not_apply", {})


HBNR = ("notify individuals", "notify FTC (large)", "notify media", "FTC annual log (small)", "service provider notifies vendor")
CARRIER = ("notify FCC, USSS, FBI", "notify customers", "annual summary of small breaches")
DFARS = ("rapid report to DoD", "give report number to prime", "submit malware to DC3", "preserve images and packet data")
REPORT = "rapid report to DoD"
CIRCIA_SHEET = {"reasonable_belief": "2026-11-20 12:00", "payment": "2026-11-21 12:00"}

FEDERAL = [
    # 16 CFR 318.4(a), 318.5: 60 days; media from 500 of one state on (HIPAA: more than 500). 15 January + 60 = 16 March (EDT)
    pytest.param("us-ftc-hbnr", sheet("phr_vendor controller", "personal_data_breach", "health", "US-CA=500",
                                      at={"discovery": "2026-01-15 17:00"}),
                 MET, ["running 2026-01-15 17:00 > 2026-03-17 03:59:59"] * 3 + [NO, NO], id="HBNR 500"),
    # 318.5(c): fewer than 500: within 60 days after the end of the year
    pytest.param("us-ftc-hbnr", sheet("phr_vendor controller", "personal_data_breach", "health", "US-CA=499",
                                      at={"discovery": "2026-01-15 17:00"}),
                 MET, ["running 2026-01-15 17:00 > 2026-03-17 03:59:59", NO, NO,
                       "running 2027-01-01 04:59 > 2027-03-02 04:59:59", NO], id="HBNR 499"),
    # 318.3(b): a service provider tells its vendor only; whether it serves one is for counsel
    pytest.param("us-ftc-hbnr", sheet("processor", "personal_data_breach", "health", "US-CA=900",
                                      at={"discovery": "2026-01-15 17:00"}),
                 MET, [NO, NO, NO, NO, "running 2026-01-15 17:00 > 2026-03-17 03:59:59"], id="HBNR service provider"),
    pytest.param("us-ftc-hbnr", sheet("processor", "personal_data_breach", "health", "US-CA=9",
                                      at={"discovery": "2026-01-15 17:00"}),
                 MET, [NO, NO, NO, NO, "running 2026-01-15 17:00 > 2026-03-17 03:59:59"], id="HBNR service provider, few"),
    # 318.1(a): not for HIPAA covered entities
    pytest.param("us-ftc-hbnr", sheet("phr_vendor hipaa_covered_entity", "personal_data_breach", "health", "US-CA=900", at={}),
                 "does_not_apply", [], id="HBNR not for HIPAA"),
    # 16 CFR 314.4(j): 30 days from discovery, at least 500 consumers. 2 October + 30 = Sunday 1 November, the first day of
    # winter time; it stays that Sunday. 300 in Ohio and 200 in Canada are 500 consumers.
    pytest.param("us-ftc-safeguards", sheet("ftc_financial_institution", "unauthorised_acquisition", "ssn", "US-OH=300 CA=200",
                                            at={"discovery": "2026-10-02 18:00"}),
                 MET, ["running 2026-10-02 18:00 > 2026-11-02 04:59:59"], id="Safeguards 500"),
    pytest.param("us-ftc-safeguards", sheet("ftc_financial_institution", "unauthorised_acquisition", "ssn", "US-OH=499", at={}),
                 "does_not_apply", [], id="Safeguards 499"),
    # 314.2(m): access is presumed to be acquisition: with access alone nobody can tell, and the clock runs
    pytest.param("us-ftc-safeguards", sheet("ftc_financial_institution", "unauthorised_access", "ssn", "US-OH=500",
                                            at={"discovery": "2026-10-02 18:00"}),
                 TELL, ["running 2026-10-02 18:00 > 2026-11-02 04:59:59"], id="Safeguards access only"),
    # 12 CFR 53.3, 225.302, 304.23: 36 hours after the bank determined a notification incident; over the night of summer time
    pytest.param("us-bank-36h", sheet("us_bank", "material_disruption", places="US",
                                      at={"determination_of_breach": "2026-03-07 20:00"}),
                 MET, ["running 2026-03-07 20:00 > 2026-03-09 08:00:00"], id="bank 36 h"),
    # not from awareness: a computer-security incident need not be a notification incident
    pytest.param("us-bank-36h", sheet("us_bank", "material_disruption", places="US", at={"awareness": "2026-03-07 20:00"}),
                 MET, [LATER], id="bank not from awareness"),
    # 12 CFR 53.4: as soon as possible, four hours or more
    pytest.param("us-bank-bsp", sheet("us_bank_service_provider", "service_disruption_4h", places="US",
                                      at={"determination_of_breach": "2026-03-07 20:00"}),
                 MET, ["no_number 2026-03-07 20:00 > -"], id="bank service provider"),
    pytest.param("us-bank-bsp", sheet("us_bank_service_provider", "service_disruption !service_disruption_4h", places="US", at={}),
                 "does_not_apply", [], id="bank service provider under 4 h"),
    # 12 CFR 748.1(c): 72 hours after reasonable belief, also where sensitive data was exposed and nothing stood still;
    # hours run over Thanksgiving
    pytest.param("us-ncua-72h", sheet("us_credit_union", "unauthorised_access !material_disruption", places="US",
                                      at={"reasonable_belief": "2026-11-25 21:00"}),
                 MET, ["running 2026-11-25 21:00 > 2026-11-28 21:00:00"], id="NCUA 72 h"),
    # 17 CFR 248.30(a)(4)(iii): 30 days from awareness. 1 February + 30 = 3 March; (a)(5): a provider within 72 hours
    pytest.param("us-sec-reg-sp", sheet("sec_reg_sp_institution", "unauthorised_access", "ssn",
                                        at={"awareness": "2026-02-01 15:00"}),
                 MET, ["running 2026-02-01 15:00 > 2026-03-04 04:59:59", "to_judge 2026-02-01 15:00 > 2026-02-04 15:00:00"],
                 id="Reg S-P"),
    # larger entities from 3 December 2025: 23:00 of the 2nd in the East is before it, 00:30 of the 3rd is not
    pytest.param("us-sec-reg-sp", sheet("sec_reg_sp_institution", "unauthorised_access", "ssn",
                                        at={"awareness": "2025-12-03 04:00"}),
                 "not_in_force", [], id="Reg S-P the day before"),
    pytest.param("us-sec-reg-sp", sheet("sec_reg_sp_institution", "unauthorised_access", "ssn",
                                        at={"awareness": "2025-12-03 05:30"}),
                 MET, ["running 2025-12-03 05:30 > 2026-01-03 04:59:59", "to_judge 2025-12-03 05:30 > 2025-12-06 05:30:00"],
                 id="Reg S-P the first day"),
    # Security directives: 24 hours from identification, also over the Fourth of July
    pytest.param("us-tsa-surface", sheet("tsa_regulated", "malware", places="US", at={"identification": "2026-07-03 22:15"}),
                 MET, ["running 2026-07-03 22:15 > 2026-07-04 22:15:00"], id="TSA 24 h"),
    # 6 U.S.C. 681b waits for the final rule: no clock, whatever happened
    pytest.param("us-circia", sheet("us_critical_infrastructure", "substantial_cyber_incident extortion_payment_made", places="US",
                                    at=CIRCIA_SHEET), "not_in_force", [], id="CIRCIA not in force"),
    pytest.param("us-circia", sheet("us_critical_infrastructure", "!substantial_cyber_incident !extortion_payment_made",
                                    places="US",
                                    at=CIRCIA_SHEET), "does_not_apply", [], id="CIRCIA neither"),
    # 47 CFR 64.2011: 7 business days from the determination: Mon 23, Tue 24, Wed 25, not Thanksgiving, Fri 27, Mon 30, Tue 1,
    # Wed 2; customers within 30 days, 20 December; the yearly summary is for fewer than 500
    pytest.param("us-fcc-64-2011", sheet("us_telecom_carrier", "personal_data_breach", "cpni", "US-TX=500",
                                         at={"discovery": "2026-11-18 15:00", "determination_of_breach": "2026-11-20 15:00"}),
                 MET, ["running 2026-11-20 15:00 > 2026-12-03 04:59:59", "running 2026-11-20 15:00 > 2026-12-21 04:59:59", NO],
                 id="FCC 500"),
    # fewer than 500: at once where harm is likely, else in the summary by 1 February; that is for a person to judge
    pytest.param("us-fcc-64-2011", sheet("us_telecom_carrier", "personal_data_breach", "cpni", "US-TX=499",
                                         at={"discovery": "2026-11-18 15:00", "determination_of_breach": "2026-11-20 15:00"}),
                 MET, ["to_judge 2026-11-20 15:00 > 2026-12-03 04:59:59", "running 2026-11-20 15:00 > 2026-12-21 04:59:59",
                       "to_judge 2027-01-01 04:59 > 2027-02-02 04:59:59"], id="FCC 499"),
    # DFARS 252.204-7012(c): 72 hours from discovery, wherever the contractor sits; (m): the prime after that; (e): images for
    # 90 days from the report
    pytest.param("us-dfars-7012", sheet("dod_subcontractor", "unauthorised_access malware", "cui", places="DE",
                                        at={"discovery": "2026-11-25 13:00"}),
                 MET, ["running 2026-11-25 13:00 > 2026-11-28 13:00:00", LATER, "to_judge 2026-11-25 13:00 > -", LATER],
                 id="DFARS 72 h"),
    # filed on 27 November: + 90 days = 25 February (3 in November, 31, 31, 25); a prime contractor has no prime
    pytest.param("us-dfars-7012", sheet("dod_contractor", "unauthorised_access !malware", "cui",
                                        at={"discovery": "2026-11-25 13:00"},
                                        filed={("us-dfars-7012", REPORT): "2026-11-27 10:00"}),
                 MET, ["filed 2026-11-25 13:00 > 2026-11-28 13:00:00", NO, NO, "running 2026-11-27 10:00 > 2027-02-26 04:59:59"],
                 id="DFARS filed"),
    # a covered system without covered data, and critical support, are reported too: for a person to judge
    pytest.param("us-dfars-7012", sheet("dod_contractor", "unauthorised_access !malware !cdi_affected !service_disruption",
                                        "personal_data",
                                        at={"discovery": "2026-11-25 13:00"}),
                 MET, ["running 2026-11-25 13:00 > 2026-11-28 13:00:00", NO, NO, LATER], id="DFARS system"),
    # 33 CFR 101.650(g): without delay
    pytest.param("us-uscg-mts", sheet("mtsa_operator", "service_disruption", places="US", at={"awareness": "2026-11-25 13:00"}),
                 MET, ["no_number 2026-11-25 13:00 > -"], id="Coast Guard"),
    # CIP-008-6 R4.2: an incident within an hour, an attempt by the end of the next day (1 July); R4.3: updates in 7
    # days. Canadian entities too
    pytest.param("us-nerc-cip-008", sheet("nerc_responsible_entity", "unauthorised_access attempted_compromise", places="CA-ON",
                                          at={"determination_of_breach": "2026-06-30 23:30",
                                              "new_information": "2026-07-03 12:00"}),
                 MET, ["running 2026-06-30 23:30 > 2026-07-01 00:30:00", "running 2026-06-30 23:30 > 2026-07-02 03:59:59",
                       "running 2026-07-03 12:00 > 2026-07-11 03:59:59"], id="NERC"),
    # an attempt only, on Friday 13 November: by the end of Saturday
    pytest.param("us-nerc-cip-008", sheet("nerc_responsible_entity", "!unauthorised_access attempted_compromise", places="US",
                                          at={"determination_of_breach": "2026-11-13 15:00"}),
                 MET, [NO, "running 2026-11-13 15:00 > 2026-11-15 04:59:59", LATER], id="NERC attempt"),
    pytest.param("us-nerc-cip-008", sheet("nerc_responsible_entity", "unauthorised_access !attempted_compromise", places="US",
                                          at={"determination_of_breach": "2026-11-13 15:00"}),
                 MET, ["running 2026-11-13 15:00 > 2026-11-13 16:00:00", NO, LATER], id="NERC incident"),
    # FedRAMP Incident Communications Procedures: one hour from identification
    pytest.param("us-fedramp", sheet("fedramp_csp", "unauthorised_access", places="US", at={"identification": "2026-11-25 13:00"}),
                 MET, ["running 2026-11-25 13:00 > 2026-11-25 14:00:00"], id="FedRAMP"),
    # 12 CFR 30 App. B Supp. A: as soon as possible; a customer's social security number is enough
    pytest.param("us-glba-customer", sheet("us_bank", "unauthorised_access", "ssn", places="US",
                                           at={"awareness": "2026-11-25 13:00", "determination_of_breach": "2026-11-26 13:00"}),
                 MET, ["no_number 2026-11-25 13:00 > -", "no_number 2026-11-26 13:00 > -"], id="bank customers"),
    # 31 CFR 1020.320(b)(3): 30 days from the detection of facts. 30 January + 30 = 1 March
    pytest.param("us-fincen-sar", sheet("us_bsa_institution", "extortion_payment_made", places="US",
                                        at={"detection": "2026-01-30 15:00"}),
                 MET, ["running 2026-01-30 15:00 > 2026-03-02 04:59:59"], id="SAR"),
    # 31 CFR 501.603: 10 business days after blocking: 17, 18, 21, 22, 23, 24, not Christmas, 28, 29, 30, 31 December
    pytest.param("us-ofac", sheet("controller", "extortion_payment_considered", places="US",
                                  at={"action_date": "2026-12-16 17:00"}),
                 MET, ["no_number - > -", "running 2026-12-16 17:00 > 2027-01-01 04:59:59"], id="OFAC"),
    # NAIC Model 668 s. 6: 72 hours from the determination
    pytest.param("us-naic-668", sheet("insurance_licensee", "unauthorised_access", places="US",
                                      at={"determination_of_breach": "2026-11-25 13:00"}),
                 MET, ["running 2026-11-25 13:00 > 2026-11-28 13:00:00"], id="insurers 72 h"),
]

REST = [
    # PIPEDA s. 10.1: as soon as feasible after the organisation determines that the breach occurred: no number
    pytest.param("ca-pipeda", sheet("controller", "personal_data_breach", people="CA-ON=5",
                                    at={"determination_of_breach": "2026-11-25 13:00"}),
                 MET, ["no_number 2026-11-25 13:00 > -"] * 3, id="PIPEDA"),
    pytest.param("ca-pipeda", sheet("controller", "personal_data_breach", people="US-NY=5", at={}), "does_not_apply", [],
                 id="PIPEDA nobody"),
    # Quebec, private sector Act s. 3.5: promptly. Nobody of Quebec: not
    pytest.param("ca-qc-law25", sheet("controller", "personal_data_breach", people="CA-QC=5",
                                      at={"determination_of_breach": "2026-11-25 13:00"}),
                 MET, ["no_number 2026-11-25 13:00 > -"] * 2, id="Quebec"),
    pytest.param("ca-qc-law25", sheet("controller", "personal_data_breach", people="CA-ON=5", at={}), "does_not_apply", [],
                 id="Ontario only"),
    # Alberta PIPA s. 34.1: the Commissioner without unreasonable delay; s. 37.1: people where the Commissioner requires it
    pytest.param("ca-ab-pipa", sheet("controller", "personal_data_breach", people="CA-AB=5", at={"awareness": "2026-11-25 13:00"}),
                 MET, ["no_number 2026-11-25 13:00 > -", "to_judge 2026-11-25 13:00 > -"], id="Alberta"),
    # OSFI advisory 2021: 24 hours or sooner, also on Canada Day and where nothing is material; then updates
    pytest.param("ca-osfi", sheet("osfi_fri", "service_disruption !material_disruption !unauthorised_access", places="CA",
                                  at={"determination_of_breach": "2026-07-01 13:00"}),
                 MET, ["running 2026-07-01 13:00 > 2026-07-02 13:00:00", LATER], id="OSFI 24 h"),
    pytest.param("ca-osfi", sheet("osfi_fri", "service_disruption", places="CA", at={"determination_of_breach": "2026-07-01 13:00"},
                                  filed={("ca-osfi", "report"): "2026-07-02 13:00:01"}),
                 MET, ["filed_late 2026-07-01 13:00 > 2026-07-02 13:00:00", "no_number 2026-07-02 13:00 > -"], id="OSFI late"),
    # Resolution CD/ANPD 15/2024: 3 business days from awareness: Wednesday 18 November: Thu 19, not Fri 20 (Consciência Negra),
    # Mon 23, Tue 24; Brasília is UTC-3. The declaration 3 business days after that term: Wed 25, Thu 26, Fri 27.
    pytest.param("br-lgpd-48", sheet("controller", "personal_data_breach", people="BR=5", at={"awareness": "2026-11-18 21:00"}),
                 MET, ["running 2026-11-18 21:00 > 2026-11-25 02:59:59", "running 2026-11-18 21:00 > 2026-11-25 02:59:59", LATER,
                       "running 2026-11-18 21:00 > 2026-11-28 02:59:59"], id="LGPD over a holiday"),
    # 02:30 UTC on Thursday is still Wednesday in Brasília. The supplement: 20 business days from Tuesday 24 November:
    # 25, 26, 27, 30; 1-4, 7-11, 14-18 December (18); 21, 22
    pytest.param("br-lgpd-48", sheet("controller", "personal_data_breach", people="BR=5", at={"awareness": "2026-11-19 02:30"},
                                     filed={("br-lgpd-48", "communicate to ANPD"): "2026-11-24 18:00"}),
                 MET, ["filed 2026-11-19 02:30 > 2026-11-25 02:59:59", "running 2026-11-19 02:30 > 2026-11-25 02:59:59",
                       "running 2026-11-24 18:00 > 2026-12-23 02:59:59", "running 2026-11-19 02:30 > 2026-11-28 02:59:59"],
                 id="LGPD supplement"),
    pytest.param("br-lgpd-48", sheet("processor", "personal_data_breach", people="BR=5", at={}), "does_not_apply", [],
                 id="LGPD processor"),
    # Ley 21.663 art. 9: alert in 3 hours, report in 72, final 15 days after the alert was sent; no action plan but of an OIV.
    # Sent on 17 September (UTC-3): + 15 = 2 October; the national holidays change nothing
    pytest.param("cl-21663", sheet("essential_entity", "significant_incident service_disruption", places="CL",
                                   at={"awareness": "2026-09-17 20:30"}, filed={("cl-21663", "early alert"): "2026-09-17 22:00"}),
                 MET, ["filed 2026-09-17 20:30 > 2026-09-17 23:30:00", "running 2026-09-17 20:30 > 2026-09-20 20:30:00", NO, NO,
                       "running 2026-09-17 22:00 > 2026-10-03 02:59:59"], id="Chile"),
    # an OIV whose essential service is hit: 24 hours instead of 72, and an action plan in 7 days (24 September)
    pytest.param("cl-21663", sheet("cl_oiv", "significant_incident service_disruption", places="CL",
                                   at={"awareness": "2026-09-17 20:30"}),
                 MET, ["running 2026-09-17 20:30 > 2026-09-17 23:30:00", NO, "running 2026-09-17 20:30 > 2026-09-18 20:30:00",
                       "running 2026-09-17 20:30 > 2026-09-25 02:59:59", LATER], id="Chile OIV"),
    # an OIV whose service runs on: 72 hours, and the action plan
    pytest.param("cl-21663", sheet("cl_oiv", "significant_incident !service_disruption", places="CL",
                                   at={"awareness": "2026-09-17 20:30"}),
                 MET, ["running 2026-09-17 20:30 > 2026-09-17 23:30:00", "running 2026-09-17 20:30 > 2026-09-20 20:30:00", NO,
                       "running 2026-09-17 20:30 > 2026-09-25 02:59:59", LATER], id="Chile OIV runs on"),
    # SIC Circular Única, Title V: 15 business days: 30 November; 1-4, 7, 9-11 December (8th: holiday), 14-18, 21; UTC-5
    pytest.param("co-1581", sheet("processor", "personal_data_breach", people="CO=5", at={"detection": "2026-11-27 15:00"}),
                 MET, ["running 2026-11-27 15:00 > 2026-12-22 04:59:59"], id="Colombia"),
]
# Who is bound, by which events, for which data, where; each alone is enough.
CUSTOMER = (
    "sensitive_customer_information customer_financial_information ssn gov_id financial_account_with_access online_credentials"
)
BOUNDS = [
    (SEC, "sec_registrant", "material_to_investors", "", ""),
    (HIPAA, "hipaa_covered_entity hipaa_business_associate", "unsecured_phi", "phi health", "US-TX=1"),
    ("us-ftc-hbnr", "phr_vendor service_provider", "personal_data_breach", "health", "US-TX=1"),
    ("us-ftc-safeguards", "ftc_financial_institution", "unauthorised_acquisition",
     "customer_financial_information ssn health", "US-TX=500"),
    ("us-bank-36h", "us_bank", "material_disruption", "", "US=1"),
    ("us-bank-bsp", "us_bank_service_provider", "service_disruption_4h", "", "US=1"),
    ("us-ncua-72h", "us_credit_union", "material_disruption unauthorised_access", "", "US=1"),
    # 17 CFR 248.30(d)(9): numbers of the state, biometric records, accounts with what opens them
    ("us-sec-reg-sp", "sec_reg_sp_institution", "unauthorised_access", CUSTOMER + " student_military_passport_id biometric", ""),
    ("us-tsa-surface", "tsa_regulated", "unauthorised_access service_disruption malware", "", "US=1"),
    ("us-fcc-64-2011", "us_telecom_carrier", "personal_data_breach", "cpni personal_data ssn", "US=1"),
    ("us-dfars-7012", "dod_contractor dod_subcontractor", "cdi_affected service_disruption unauthorised_access", "", ""),
    ("us-uscg-mts", "mtsa_operator", "substantial_cyber_incident service_disruption", "", "US=1"),
    ("us-nerc-cip-008", "nerc_responsible_entity", "unauthorised_access attempted_compromise", "", "US=1"),
    ("us-nerc-cip-008", "nerc_responsible_entity", "unauthorised_access attempted_compromise", "", "CA-ON=1"),
    ("us-fedramp", "fedramp_csp us_federal_agency", "unauthorised_access service_disruption", "", "US=1"),
    # 12 CFR 30 App. B Supp. A: numbers of the state, accounts and cards, what opens an account
    ("us-glba-customer", "us_bank", "unauthorised_access", CUSTOMER + " payment_card", "US=1"),
    ("us-fincen-sar", "us_bsa_institution", "extortion_payment_made fraud_loss", "", "US=1"),
    ("us-naic-668", "insurance_licensee", "unauthorised_access", "", "US=1"),
    ("ca-osfi", "osfi_fri", "service_disruption material_disruption unauthorised_access", "", "CA=1"),
    ("br-lgpd-48", "controller", "personal_data_breach", "", "BR=1"),
    ("cl-21663", "essential_entity cl_oiv", "significant_incident", "", "CL=1"),
]
# Every organization is a business, but for an agency of the state; OFAC binds that too.
EVERYBODY = [
    ("us-ofac", "controller us_federal_agency", "extortion_payment_considered extortion_payment_made", "US=1", ""),
    ("ca-pipeda", "controller processor swift_user", "personal_data_breach", "CA=1", "us_federal_agency"),
    ("ca-qc-law25", "controller processor swift_user", "personal_data_breach", "CA-QC=1", "us_federal_agency"),
    ("ca-ab-pipa", "controller processor swift_user", "personal_data_breach", "CA-AB=1", "us_federal_agency"),
    ("co-1581", "controller processor", "personal_data_breach", "CO=1", ""),  # an agency may be either
]
# fmt: on


@pytest.mark.parametrize(("rule", "roles", "flags", "data", "people"), BOUNDS)
def test_who_is_bound_by_what(rule: str, roles: str, flags: str, data: str, people: str) -> None:
    bounds(rule, roles, flags, data, people, other="processor" if roles == "controller" else "controller")


@pytest.mark.parametrize(("rule", "roles", "flags", "people", "other"), EVERYBODY)
def test_who_is_bound_as_anybody(rule: str, roles: str, flags: str, people: str, other: str) -> None:
    bounds(rule, roles, flags, "", people, other=other)


def test_circia_as_the_statute_has_it_should_its_rule_ever_come() -> None:
    """6 U.S.C. 681b(a): 72 hours from reasonable belief, 24 from a payment; both in one report within the 72 hours."""
    bounds(
        "us-circia",
        "us_critical_infrastructure",
        "substantial_cyber_incident extortion_payment_made",
        "",
        "US=1",
        verdict="not_in_force",
    )
    in_force = regime("us-circia").model_copy(update={"status": "in_force"})
    who = ("us_critical_infrastructure", "substantial_cyber_incident extortion_payment_made")
    check(sheet(*who, places="US", at=CIRCIA_SHEET), in_force, MET, {
        "covered cyber incident report": "running 2026-11-20 12:00 > 2026-11-23 12:00:00",
        "ransom payment report": "running 2026-11-21 12:00 > 2026-11-22 12:00:00",
        "joint report": "to_judge 2026-11-20 12:00 > 2026-11-23 12:00:00",
        "supplemental report": LATER,
    })  # fmt: skip
    check(sheet(who[0], "substantial_cyber_incident !extortion_payment_made", places="US", at=CIRCIA_SHEET), in_force, MET, {
        "covered cyber incident report": "running 2026-11-20 12:00 > 2026-11-23 12:00:00",
        "ransom payment report": NO, "joint report": NO, "supplemental report": LATER,
    })  # fmt: skip


@pytest.mark.parametrize(("rule", "facts", "verdict", "expected"), FEDERAL + REST)
def test_worked_out(rule: str, facts: Facts, verdict: str, expected: list[Any]) -> None:
    check(facts, rule, verdict)
    assert list(shown(duty(facts, rule)).values()) == expected


def test_the_order_of_stages_is_as_the_tables_have_it() -> None:
    """The tables above give stages by their place; a regime whose stages move would be read wrongly."""
    for rule, names in (("us-ftc-hbnr", HBNR), ("us-fcc-64-2011", CARRIER), ("us-dfars-7012", DFARS)):
        assert tuple(stage.name for stage in duty(sheet(at={}), rule).regime.stages) == names
