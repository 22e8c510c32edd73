"""Worked by hand from the cited rules: the states of the United States."""

from __future__ import annotations

import pytest
from worked import bounds, check, duty, sheet, shown

from tocsin.law.facts import Facts

# In every row: what the statute says, the facts, and all stages in their order as "state start > deadline", in UTC.
# A day ends at 23:59:59 of the state: in summer time (8 March to 1 November 2026) at 03:59:59 UTC in the East, 04:59:59
# Central, 05:59:59 Mountain, 06:59:59 Pacific and in Arizona, which has no summer time; in winter an hour later.
NO, LATER = "not_needed - > -", "waiting - > -"
TAKEN = "unauthorised_acquisition"


def state(
    code: str, people: int | str, data: str = "ssn", role: str = "controller", flags: str = TAKEN, **at: str
) -> Facts:
    return sheet(role, flags, data, f"{code}={people}", at=at)


# fmt: off
TOLD = "notify residents"
AUGUST = "2026-08-31 15:00"

WORKED = [
    # Cal. Civ. Code 1798.82(a) (SB 446): 30 days from discovery; 2 January + 30 = Sunday 1 February, and stays Sunday.
    # (f): the Attorney General within 15 days of telling more than 500 residents
    pytest.param("us-ca-breach", state("US-CA", 501, discovery="2026-01-02 20:00"), "may_apply",
                 ["running 2026-01-02 20:00 > 2026-02-02 07:59:59", LATER, NO], id="CA 501"),
    pytest.param("us-ca-breach", state("US-CA", 500, discovery="2026-01-02 20:00"), "may_apply",
                 ["running 2026-01-02 20:00 > 2026-02-02 07:59:59", NO, NO], id="CA 500"),
    # 06:00 UTC on 1 March is still 28 February in California: + 30 = 30 March, in summer time
    pytest.param("us-ca-breach", state("US-CA", "400-700", discovery="2026-03-01 06:00"), "may_apply",
                 ["running 2026-03-01 06:00 > 2026-03-31 06:59:59", "to_judge - > -", NO], id="CA unknown number"),
    # told on 20 January: 15 days later is 4 February
    pytest.param("us-ca-breach", sheet("controller", TAKEN, "student_military_passport_id", "US-CA=501",
                                       at={"discovery": "2026-01-02 20:00"},
                                       filed={("us-ca-breach", TOLD): "2026-01-20 18:00"}), "may_apply",
                 ["filed 2026-01-02 20:00 > 2026-02-02 07:59:59", "running 2026-01-20 18:00 > 2026-02-05 07:59:59", NO],
                 id="CA told"),
    # (b): who only holds the data tells its owner immediately
    pytest.param("us-ca-breach", state("US-CA", 5, role="processor", discovery="2026-01-02 20:00"), "may_apply",
                 ["running 2026-01-02 20:00 > 2026-02-02 07:59:59", NO, "no_number 2026-01-02 20:00 > -"], id="CA holder"),
    # the 30 days are of 2026: half an hour before midnight of New Year's Eve is before them
    pytest.param("us-ca-breach", state("US-CA", 5, discovery="2026-01-01 07:30"), "not_in_force", [], id="CA before 2026"),
    pytest.param("us-ca-breach", state("US-CA", 0), "does_not_apply", [], id="CA nobody"),
    pytest.param("us-ca-breach", state("US-CA", 5, flags="unauthorised_access !unauthorised_acquisition"), "does_not_apply", [],
                 id="CA access is not enough"),
    # Cal. Health & Safety Code 1280.15: 15 business days from detection on Monday 2 November: 3-6 (4), 9-10 (6), not Veterans
    # Day, 12-13 (8), 16-20 (13), 23, 24
    pytest.param("us-ca-hs-1280", sheet("ca_health_facility", "personal_data_breach", "health", "US-CA=1",
                                        at={"detection": "2026-11-02 18:00"}),
                 "may_apply", ["running 2026-11-02 18:00 > 2026-11-25 07:59:59"] * 2, id="CA hospital"),
    # Tex. Bus. & Com. Code 521.053(b): 60 days from the determination, 10 March + 60 = 9 May; (i): the Attorney General in 30
    # (9 April) from 250 residents on; (h): credit bureaus over 10,000 people
    pytest.param("us-tx-breach", state("US-TX", 250, determination_of_breach="2026-03-10 15:00"), "may_apply",
                 ["running 2026-03-10 15:00 > 2026-05-10 04:59:59", "running 2026-03-10 15:00 > 2026-04-10 04:59:59", NO, NO],
                 id="TX 250"),
    pytest.param("us-tx-breach", state("US-TX", 249, determination_of_breach="2026-03-10 15:00"), "may_apply",
                 ["running 2026-03-10 15:00 > 2026-05-10 04:59:59", NO, NO, NO], id="TX 249"),
    # 10,001 people of whom one is from Texas; a holder waits for its own discovery
    pytest.param("us-tx-breach", sheet("processor", TAKEN, "health", "US-TX=1 US-OK=10000",
                                       at={"determination_of_breach": "2026-03-10 15:00"}),
                 "may_apply", ["running 2026-03-10 15:00 > 2026-05-10 04:59:59", NO, LATER, LATER], id="TX bureaus"),
    # Fla. Stat. 501.171(3), (4): 30 days from the determination, 15 October + 30 = 14 November (winter); from 500 in Florida;
    # (5) credit bureaus over 1,000; (6) an agent tells the covered entity in 10 days, 25 October
    pytest.param("us-fl-breach", state("US-FL", 1001, role="processor", flags="unauthorised_access",
                                       determination_of_breach="2026-10-15 14:00"),
                 "may_apply", ["running 2026-10-15 14:00 > 2026-11-15 04:59:59"] * 2 + [LATER,
                     "running 2026-10-15 14:00 > 2026-10-26 03:59:59"],
                 id="FL agent"),
    pytest.param("us-fl-breach", state("US-FL", 499, flags="unauthorised_access", determination_of_breach="2026-10-15 14:00"),
                 "may_apply", ["running 2026-10-15 14:00 > 2026-11-15 04:59:59", NO, NO, NO], id="FL 499"),
    # Colo. Rev. Stat. 6-1-716(2): 30 days from the determination, 20 February + 30 = 22 March (summer); Attorney General from 500
    pytest.param("us-co-breach", state("US-CO", 1000, determination_of_breach="2026-02-20 18:00"), "may_apply",
                 ["running 2026-02-20 18:00 > 2026-03-23 05:59:59"] * 2 + [NO, NO], id="CO 1000"),
    pytest.param("us-co-breach", state("US-CO", 1001, determination_of_breach="2026-02-20 18:00"), "may_apply",
                 ["running 2026-02-20 18:00 > 2026-03-23 05:59:59"] * 2 + [LATER, NO], id="CO 1001"),
    # RCW 19.255.010(8): 30 days from discovery, 31 May + 30 = 30 June; Attorney General over 500; dates of birth count
    pytest.param("us-wa-breach", state("US-WA", 501, "dob", discovery="2026-05-31 23:00"), "may_apply",
                 ["running 2026-05-31 23:00 > 2026-07-01 06:59:59"] * 2 + [NO], id="WA 501"),
    pytest.param("us-wa-breach", state("US-WA", 500, "dob", discovery="2026-05-31 23:00"), "may_apply",
                 ["running 2026-05-31 23:00 > 2026-07-01 06:59:59", NO, NO], id="WA 500"),
    # N.Y. Gen. Bus. Law 899-aa(2): 30 days from discovery, 31 August + 30 = 30 September; access is enough; (8)(a) agencies after
    # that; (8)(b) bureaus over 5,000; (9) five business days after telling HHS on Friday 4 September: not Labor Day, 8-11, 14
    pytest.param("us-ny-breach", sheet("nydfs_covered_entity hipaa_covered_entity controller",
                                       "unauthorised_access !unauthorised_acquisition",
                                       "ssn", "US-NY=5001", at={"discovery": AUGUST},
                                       filed={("us-hipaa-breach", "notify HHS (large)"): "2026-09-04 15:00"}), "may_apply",
                 [f"running {AUGUST} > 2026-10-01 03:59:59", LATER, LATER, LATER, NO,
                  "running 2026-09-04 15:00 > 2026-09-15 03:59:59"],
                 id="NY 5001"),
    pytest.param("us-ny-breach", sheet("controller", TAKEN, "ssn", "US-NY=5000", at={"discovery": AUGUST},
                                       filed={("us-ny-breach", TOLD): "2026-09-10 15:00"}), "may_apply",
                 [f"filed {AUGUST} > 2026-10-01 03:59:59", "no_number 2026-09-10 15:00 > -", NO, NO, NO, NO], id="NY 5000 told"),
    # 23 NYCRR 500.17(a): 72 hours from the determination, also over Labor Day; whoever is licensed, wherever it sits
    pytest.param("us-nydfs-500-17a", sheet("nydfs_covered_entity", "ransomware", places="US-CT",
                                           at={"determination_of_breach": "2026-09-05 02:00"}),
                 "may_apply", ["running 2026-09-05 02:00 > 2026-09-08 02:00:00", LATER], id="NYDFS 72 h"),
    # 500.17(c): 24 hours from the payment, and its description in 30 days (1 December + 30 = 31 December)
    pytest.param("us-nydfs-500-17c", sheet("nydfs_covered_entity", "extortion_payment_made", at={"payment": "2026-12-01 16:20"}),
                 "may_apply", ["running 2026-12-01 16:20 > 2026-12-02 16:20:00", "running 2026-12-01 16:20 > 2027-01-01 04:59:59"],
                 id="NYDFS payment"),
    pytest.param("us-nydfs-500-17c", sheet("nydfs_covered_entity", "ransomware !extortion_payment_made", at={}),
                 "does_not_apply", [],
                 id="NYDFS no payment"),
    pytest.param("us-nydfs-500-17a", sheet("nydfs_covered_entity", "ransomware", at={"new_information": AUGUST}),
                 "may_apply", [LATER, f"no_number {AUGUST} > -"], id="NYDFS updates"),
    # 10 NYCRR 405.46: 72 hours from the determination
    pytest.param("us-ny-hospital", sheet("ny_hospital", "ransomware", places="US-NY", at={"determination_of_breach": AUGUST}),
                 "may_apply", [f"running {AUGUST} > 2026-09-03 15:00:00"], id="NY hospital"),
    # 815 ILCS 530/10: no number; (e) the Attorney General over 500, not later than the residents: told on 10 June;
    # (b) a business associate tells the owner.
    # 530/50: five business days after telling HHS on Thursday 11 June: 12, 15, 16, 17, 18
    pytest.param("us-il-breach", state("US-IL", 501, discovery="2026-06-01 15:00"), "may_apply",
                 ["no_number 2026-06-01 15:00 > -"] * 2 + [NO, NO], id="IL 501"),
    pytest.param("us-il-breach", sheet("hipaa_business_associate controller", TAKEN, "health", "US-IL=501",
                                       at={"discovery": "2026-06-01 15:00"},
                                       filed={("us-il-breach", TOLD): "2026-06-10 15:00",
                                              ("us-hipaa-breach", "notify HHS (large)"): "2026-06-11 15:00"}), "may_apply",
                 ["filed 2026-06-01 15:00 > -", "running 2026-06-01 15:00 > 2026-06-10 15:00:00",
                  "running 2026-06-11 15:00 > 2026-06-19 04:59:59", "no_number 2026-06-01 15:00 > -"], id="IL told"),
    # Mass. Gen. Laws c. 93H s. 1: card numbers without a code count; s. 3: no number
    pytest.param("us-ma-breach", state("US-MA", 1, "payment_card", awareness=AUGUST), "may_apply",
                 [f"no_number {AUGUST} > -"] * 2 + [NO], id="MA"),
    # who only holds the data tells its owner: immediately, or without unreasonable delay; New York at the latest in 30 days
    *(pytest.param(f"us-{code}-breach", state(f"US-{code.upper()}", 1, role="processor", awareness=AUGUST), "may_apply",
                   stages, id=f"{code} holder")
      for code, stages in (
          ("co", [LATER, NO, NO, f"no_number {AUGUST} > -"]), ("tx", [LATER, NO, NO, f"no_number {AUGUST} > -"]),
          ("il", [f"no_number {AUGUST} > -", NO, NO, f"no_number {AUGUST} > -"]), ("ma", [f"no_number {AUGUST} > -"] * 3),
          ("wa", [f"running {AUGUST} > 2026-10-01 06:59:59", NO, f"no_number {AUGUST} > -"]),
          ("me", [f"running {AUGUST} > 2026-10-01 03:59:59", f"no_number {AUGUST} > -", NO, f"no_number {AUGUST} > -"]),
          ("ny", [f"running {AUGUST} > 2026-10-01 03:59:59", LATER, NO, NO, f"running {AUGUST} > 2026-10-01 03:59:59", NO]),
      )),
    # 10 M.R.S. 1348: 30 days from awareness, 31 January + 30 = 2 March; (4) bureaus over 1,000
    pytest.param("us-me-breach", state("US-ME", 1001, awareness="2026-01-31 17:00"), "may_apply",
                 ["running 2026-01-31 17:00 > 2026-03-03 04:59:59", "no_number 2026-01-31 17:00 > -", LATER, NO], id="ME"),
    # 24 O.S. 163 (from 2026): the Attorney General within 60 days of the notice of 1 April: 31 May; from 500 residents on
    pytest.param("us-ok-breach", sheet("controller", TAKEN, "biometric", "US-OK=500", at={"discovery": "2026-03-20 15:00"},
                                       filed={("us-ok-breach", TOLD): "2026-04-01 15:00"}), "may_apply",
                 ["filed 2026-03-20 15:00 > -", "running 2026-04-01 15:00 > 2026-06-01 04:59:59"], id="OK 500"),
    pytest.param("us-ok-breach", state("US-OK", 499, discovery="2026-03-20 15:00"), "may_apply",
                 ["no_number 2026-03-20 15:00 > -", NO], id="OK 499"),
    # La. R.S. 51:3074: 60 days from discovery, 28 February + 60 = 29 April; LAC 16:III.701: the Attorney General 10 days
    # after the notice of 20 April: the 30th
    pytest.param("us-la-breach", sheet("controller", TAKEN, "biometric", "US-LA=5", at={"discovery": "2026-02-28 18:00"},
                                       filed={("us-la-breach", TOLD): "2026-04-20 15:00"}), "may_apply",
                 ["filed 2026-02-28 18:00 > 2026-04-30 04:59:59", "running 2026-04-20 15:00 > 2026-05-01 04:59:59", NO], id="LA"),
    # 9 V.S.A. 2435(b): 45 days, 1 April + 45 = 16 May; the Attorney General in 14 business days, 2-3, 6-10, 13-17, 20, 21
    # April (Good Friday is no holiday there), or when residents are told if that is sooner; credit bureaus over 1,000
    pytest.param("us-vt-breach", state("US-VT", 1001, "health", discovery="2026-04-01 15:00"), "may_apply",
                 ["running 2026-04-01 15:00 > 2026-05-17 03:59:59", "running 2026-04-01 15:00 > 2026-04-22 03:59:59", LATER, NO],
                 id="VT"),
    pytest.param("us-vt-breach", sheet("controller", TAKEN, "ssn", "US-VT=5", at={"discovery": "2026-04-01 15:00"},
                                       filed={("us-vt-breach", TOLD): "2026-04-10 14:00"}), "may_apply",
                 ["filed 2026-04-01 15:00 > 2026-05-17 03:59:59", "running 2026-04-01 15:00 > 2026-04-10 14:00:00", NO, NO],
                 id="VT told"),
    # Minn. Stat. 325E.61 subd. 2: credit bureaus within 48 hours over 500 people
    pytest.param("us-mn-breach", state("US-MN", 501, discovery=AUGUST), "may_apply",
                 [f"no_number {AUGUST} > -", f"running {AUGUST} > 2026-09-02 15:00:00"], id="MN"),
    # N.J. Stat. 56:8-163(c): the State Police before the customers: told on 10 September, so it is late on the 11th
    pytest.param("us-nj-breach", sheet("controller", TAKEN, "online_credentials", "US-NJ=5", at={"discovery": AUGUST},
                                       filed={("us-nj-breach", TOLD): "2026-09-10 15:00",
                                              ("us-nj-breach", "notify regulator before residents"): "2026-09-11 15:00"}),
                                              "may_apply",
                 [f"filed {AUGUST} > -", f"filed_late {AUGUST} > 2026-09-10 15:00:00", NO], id="NJ"),
]
# fmt: on


@pytest.mark.parametrize(("rule", "facts", "verdict", "expected"), WORKED)
def test_worked_out(rule: str, facts: Facts, verdict: str, expected: list[str]) -> None:
    check(facts, rule, verdict)
    assert list(shown(duty(facts, rule)).values()) == expected


# 1 June 2026, 15:00 UTC; + 45 days = 16 July, + 60 = 31 July, + 10 = 11 June.
JUNE = "2026-06-01 15:00"
EAST45, CENTRAL45 = f"running {JUNE} > 2026-07-17 03:59:59", f"running {JUNE} > 2026-07-17 04:59:59"
EAST60 = f"running {JUNE} > 2026-08-01 03:59:59"
OPEN = f"no_number {JUNE} > -"


@pytest.mark.parametrize(
    ("code", "start", "people", "expected"),
    [
        # Ala. Code 8-38-5 to 8-38-7: 45 days from the determination; Attorney General and bureaus over 1,000
        ("US-AL", "determination_of_breach", 1001, [CENTRAL45, CENTRAL45, LATER, NO]),
        ("US-AL", "determination_of_breach", 1000, [CENTRAL45, NO, NO, NO]),
        # A.R.S. 18-552(B): the same for all three
        ("US-AZ", "determination_of_breach", 1001, [f"running {JUNE} > 2026-07-17 06:59:59"] * 3),
        # Conn. Gen. Stat. 36a-701b: 60 days from discovery; the Attorney General for any number
        ("US-CT", "discovery", 1, [EAST60, EAST60]),
        # 6 Del. C. 12B-102: 60 days from the determination; the Attorney General over 500
        ("US-DE", "determination_of_breach", 501, [EAST60, EAST60]),
        ("US-DE", "determination_of_breach", 500, [EAST60, NO]),
        # O.C.G.A. 10-1-912: no number; bureaus over 10,000
        ("US-GA", "discovery", 10_001, [OPEN, LATER, NO]),
        # Ind. Code 24-4.9-3: 45 days from discovery, the Attorney General too
        ("US-IN", "discovery", 1000, [EAST45, EAST45, NO]),
        # Md. Com. Law 14-3504: 45 days from discovery; the Attorney General before; bureaus from 1,000 on
        ("US-MD", "discovery", 1000, [EAST45, EAST45, LATER, NO]),
        # MCL 445.72 and N.C. Gen. Stat. 75-65: no number; bureaus over 1,000
        ("US-MI", "discovery", 1001, [OPEN, LATER]),
        ("US-NC", "discovery", 1001, [OPEN, OPEN, LATER]),
        # N.M. Stat. 57-12C-6, -10: 45 days from discovery; Attorney General and bureaus over 1,000
        ("US-NM", "discovery", 1001, [f"running {JUNE} > 2026-07-17 05:59:59"] * 3 + [NO]),
        # Ohio Rev. Code 1349.19: 45 days from discovery, nobody of the state; bureaus over 1,000
        ("US-OH", "discovery", 1001, [EAST45, LATER]),
        # ORS 646A.604: 45 days from discovery; the Attorney General over 250
        ("US-OR", "discovery", 251, [f"running {JUNE} > 2026-07-17 06:59:59"] * 2 + [NO, NO]),
        ("US-OR", "discovery", 250, [f"running {JUNE} > 2026-07-17 06:59:59", NO, NO, NO]),
        # 73 P.S. 2303, 2305 (Act 33 of 2024): no number; the Attorney General over 500, with the residents
        ("US-PA", "determination_of_breach", 501, [OPEN, OPEN, LATER]),
        # R.I. Gen. Laws 11-49.3-4: 45 days from the confirmation; Attorney General and bureaus over 500
        ("US-RI", "determination_of_breach", 501, [EAST45, OPEN, OPEN]),
        # SDCL 22-40-20, -24: 60 days from discovery; the Attorney General over 250; bureaus always
        ("US-SD", "discovery", 250, [f"running {JUNE} > 2026-08-01 04:59:59", NO, LATER]),
        # Tenn. Code 47-18-2107: 45 days from discovery
        ("US-TN", "discovery", 1001, [CENTRAL45, LATER, NO]),
        # Va. Code 18.2-186.6: no number
        ("US-VA", "discovery", 1001, [OPEN, OPEN, LATER]),
        # Wis. Stat. 134.98: 45 days from learning of it; bureaus from 1,000 on
        ("US-WI", "awareness", 1000, [CENTRAL45, LATER]),
    ],
)
def test_other_states(code: str, start: str, people: int, expected: list[str]) -> None:
    rule = f"{code.lower()}-breach"
    check(state(code, people, **{start: JUNE}), rule, "may_apply")
    assert list(shown(duty(state(code, people, **{start: JUNE}), rule)).values()) == expected
    check(state(code, 0, **{start: JUNE}), rule, "does_not_apply", {})


@pytest.mark.parametrize(
    ("code", "start", "due"),
    [
        # Ala. Code 8-38-8; Md. Com. Law 14-3504(c); ORS 646A.604(2): who holds data for its owner has ten days: 11 June
        ("US-AL", "determination_of_breach", "2026-06-12 04:59:59"),
        ("US-MD", "discovery", "2026-06-12 03:59:59"),
        ("US-OR", "discovery", "2026-06-12 06:59:59"),
        # O.C.G.A. 10-1-912(b): 24 hours
        ("US-GA", "discovery", "2026-06-02 15:00:00"),
        # N.M. Stat. 57-12C-6(C), Tenn. Code 47-18-2107(c): 45 days like the owner; La. R.S. 51:3074(D), (E): 60 days
        ("US-NM", "discovery", "2026-07-17 05:59:59"),
        ("US-TN", "discovery", "2026-07-17 04:59:59"),
        ("US-LA", "discovery", "2026-08-01 04:59:59"),
    ],
)
def test_holders_with_a_number_of_days(code: str, start: str, due: str) -> None:
    found = shown(duty(state(code, 5, role="processor", **{start: JUNE}), f"{code.lower()}-breach"))
    assert found["holder notifies owner"] == f"running {JUNE} > {due}"


# What counts beside a name: social security and driving licence numbers and accounts with what opens them count everywhere.
MILITARY, HEALTH, COVER, BODY, GENES, LOGIN = (
    "student_military_passport_id", "health", "health_insurance", "biometric", "genetic", "online_credentials",
)  # fmt: skip
DATA = {
    "AL": {MILITARY, HEALTH, COVER, LOGIN},  # Ala. Code 8-38-2(6)
    "AZ": {MILITARY, HEALTH, COVER, BODY, LOGIN},  # A.R.S. 18-551(7), (11)
    "CA": {MILITARY, HEALTH, COVER, BODY, GENES, LOGIN, "licence_plate_reader"},  # Civ. Code 1798.82(h)
    "CO": {MILITARY, HEALTH, COVER, BODY, LOGIN},  # 6-1-716(1)(g)
    "CT": {MILITARY, HEALTH, COVER, BODY, LOGIN},  # 36a-701b(a)(2)
    "DE": {MILITARY, HEALTH, COVER, BODY, GENES, LOGIN},  # 6 Del. C. 12B-101(7)
    "FL": {MILITARY, HEALTH, COVER, LOGIN},  # 501.171(1)(g)
    "GA": {LOGIN},  # 10-1-911(6): account passwords
    "IL": {HEALTH, COVER, BODY, LOGIN},  # 815 ILCS 530/5
    "IN": {"payment_card"},  # 24-4.9-2-10: card numbers without a code
    "LA": {MILITARY, BODY},  # 51:3073(4)
    "MA": {"payment_card"},  # c. 93H s. 1: with or without a code
    "MD": {MILITARY, HEALTH, COVER, BODY, GENES, LOGIN},  # 14-3501(e)
    "ME": {LOGIN},  # 10 M.R.S. 1347(6): account passwords
    "MI": set(),  # MCL 445.63(r)
    "MN": set(),  # 325E.61 subd. 1(e)
    "NC": {MILITARY, BODY, LOGIN},  # 75-61(10), 14-113.20(b)
    "NJ": {LOGIN},  # 56:8-161
    "NM": {MILITARY, BODY},  # 57-12C-2(C)
    "NY": {HEALTH, COVER, BODY, LOGIN},  # 899-aa(1)(b)
    "OH": set(),  # 1349.19(A)(7)
    "OK": {BODY},  # 24 O.S. 162
    "OR": {MILITARY, HEALTH, COVER, BODY, LOGIN},  # 646A.602(12)
    "PA": {COVER, LOGIN},  # 73 P.S. 2302: medical data only of state agencies
    "RI": {HEALTH, COVER, LOGIN},  # 11-49.3-3(a)(8)
    "SD": {HEALTH, BODY, LOGIN},  # 22-40-19(4), (5)
    "TN": set(),  # 47-18-2107(a)(4)
    "TX": {MILITARY, HEALTH},  # 521.002(a)(2)
    "VA": {MILITARY},  # 18.2-186.6(A)
    "VT": {MILITARY, HEALTH, COVER, BODY, GENES, LOGIN},  # 9 V.S.A. 2430
    "WA": {MILITARY, HEALTH, COVER, BODY, LOGIN, "dob"},  # RCW 19.255.005(2)
    "WI": {BODY, GENES},  # 134.98(1)(b)
}
EVERYWHERE = {"ssn", "gov_id", "financial_account_with_access"}
SOMEWHERE = set().union(*DATA.values())


def test_who_else_is_bound() -> None:
    bounds("us-nydfs-500-17a", "nydfs_covered_entity", "ransomware material_disruption notice_due_other_regulator")
    bounds("us-nydfs-500-17c", "nydfs_covered_entity", "extortion_payment_made")
    bounds("us-ny-hospital", "ny_hospital", "material_disruption ransomware", "", "US-NY=1")
    bounds("us-ca-hs-1280", "ca_health_facility", "personal_data_breach", "health", "US-CA=1")


@pytest.mark.parametrize("code", DATA)
def test_who_is_bound_for_which_data(code: str) -> None:
    """Business that has data of one resident taken. Accessed is enough by Conn. Gen. Stat. 36a-701b(a)(1), Fla. Stat.
    501.171(1)(a), N.J. Stat. 56:8-161, N.Y. Gen. Bus. Law 899-aa(1)(c) and R.I. Gen. Laws 11-49.3-3(a)(1).
    """
    rule, person = f"us-{code.lower()}-breach", f"US-{code}=1"
    event = "unauthorised_access" if code in ("CT", "FL", "NJ", "NY", "RI") else TAKEN
    bounds(rule, "controller", event, " ".join(sorted(EVERYWHERE | DATA[code])), person, other="us_federal_agency")
    for data in SOMEWHERE - DATA[code]:
        check(sheet("controller", event, data, person, at={}), rule, "does_not_apply")
    # "personal data" and no more rules nothing out
    check(sheet("controller", event, "personal_data", person, at={}), rule, "cannot_tell")


@pytest.mark.parametrize(
    ("code", "stage", "first"),
    [
        # the first number of residents with which somebody else has to be told; who it is, stands with each statute above
        ("AL", "notify regulator", 1001), ("AL", "credit bureaus", 1001), ("AZ", "notify regulator", 1001),
        ("AZ", "credit bureaus", 1001), ("CA", "sample notice to Attorney General", 501), ("CO", "notify Attorney General", 500),
        ("CO", "credit bureaus", 1001), ("DE", "notify regulator", 501), ("FL", "notify Department of Legal Affairs", 500),
        ("FL", "credit bureaus", 1001), ("GA", "credit bureaus", 10_001), ("IL", "notify Attorney General", 501),
        ("IN", "credit bureaus", 1001), ("MD", "credit bureaus", 1000), ("ME", "credit bureaus", 1001),
        ("MI", "credit bureaus", 1001), ("MN", "credit bureaus", 501), ("NC", "credit bureaus", 1001),
        ("NJ", "credit bureaus", 1001), ("NM", "notify regulator", 1001), ("NM", "credit bureaus", 1001),
        ("NY", "credit bureaus", 5001), ("OH", "credit bureaus", 1001), ("OK", "notify Attorney General", 500),
        ("OR", "notify regulator", 251), ("OR", "credit bureaus", 1001), ("PA", "notify regulator", 501),
        ("PA", "credit bureaus", 500), ("RI", "notify regulator", 501), ("RI", "credit bureaus", 501),
        ("SD", "notify regulator", 251), ("TN", "credit bureaus", 1001), ("TX", "notify Attorney General", 250),
        ("TX", "credit bureaus", 10_001), ("VA", "credit bureaus", 1001), ("VT", "credit bureaus", 1001),
        ("WA", "notify Attorney General", 501), ("WI", "credit bureaus", 1000),
    ],
)  # fmt: skip
def test_from_how_many_residents_on(code: str, stage: str, first: int) -> None:
    for people, needed in ((first - 1, False), (first, True)):
        found = duty(state(f"US-{code}", people, awareness=JUNE), f"us-{code.lower()}-breach").stage(stage)
        assert (found.state != "not_needed") == needed, (people, found.because)


def test_regulators_are_told_no_later_than_residents() -> None:
    """Conn. Gen. Stat. 36a-701b(b)(2); 6 Del. C. 12B-102(d); 73 P.S. 2303(c.1); Md. Com. Law 14-3504(h)."""
    for code, start, stage in (
        ("CT", "discovery", "notify regulator"), ("DE", "determination_of_breach", "notify regulator"),
        ("PA", "determination_of_breach", "notify regulator"), ("MD", "discovery", "notify regulator before residents"),
    ):  # fmt: skip
        rule = f"us-{code.lower()}-breach"
        told = sheet(
            "controller", TAKEN, "ssn", f"US-{code}=501", at={start: JUNE}, filed={(rule, TOLD): "2026-06-09 15:00"}
        )
        assert shown(duty(told, rule))[stage] == f"running {JUNE} > 2026-06-09 15:00:00", code
