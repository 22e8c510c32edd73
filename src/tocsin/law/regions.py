"""Regions as a tree: a state counts into its country, a member state into the European Union, all into the total."""

from __future__ import annotations

import re
from collections.abc import Iterator

TOTAL = "total"
"""Everybody who is affected, wherever they are."""

EU_MEMBERS = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905
)
EEA_ONLY = frozenset({"IS", "LI", "NO"})
_COUNTRIES = frozenset(
    """AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR
    GA GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP
    KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS
    MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS
    RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW
    TZ UA UG UK UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW""".split()  # noqa: SIM905
)
_PART = re.compile(r"([A-Z]{2})-[A-Z0-9]{1,4}")


def named(code: str) -> str:
    """The code as this library writes it: GB is UK, and letters are capitals."""
    code = code.strip().upper()
    code = "UK" + code[2:] if code[:2] == "GB" else code
    return {"EEA": "EU/EEA", "TOTAL": TOTAL}.get(code, code)


def is_known(code: str) -> bool:
    """Whether a code (as `named` writes it) is a country, a part of one (US-CA), EU, EU/EEA or total."""
    part = _PART.fullmatch(code)
    return (part[1] if part else code) in _COUNTRIES or code in ("EU", "EU/EEA", TOTAL)


def parent(code: str) -> str | None:
    """The region that a region is counted into; None for the total."""
    if code == TOTAL:
        return None
    if "-" in code:
        return code.partition("-")[0]
    if code in EU_MEMBERS:
        return "EU"
    return "EU/EEA" if code == "EU" or code in EEA_ONLY else TOTAL


def lineage(code: str) -> Iterator[str]:
    """The region itself and all it is counted into."""
    here: str | None = code
    while here is not None:
        yield here
        here = parent(here)
