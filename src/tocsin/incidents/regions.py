"""Where people live: countries (ISO 3166-1) and the states that laws tell apart, by code and by name."""

from __future__ import annotations

import re
from functools import cache

from django.utils.translation import gettext as _

from tocsin.core.action import Invalid
from tocsin.law import regions

UNION = "EU"
"""The European Union while the member state is not known."""

_COUNTRIES = """
AD Andorra|AE United Arab Emirates|AF Afghanistan|AG Antigua and Barbuda|AI Anguilla|AL Albania|AM Armenia|AO Angola
AQ Antarctica|AR Argentina|AS American Samoa|AT Austria|AU Australia|AW Aruba|AX Åland|AZ Azerbaijan
BA Bosnia and Herzegovina|BB Barbados|BD Bangladesh|BE Belgium|BF Burkina Faso|BG Bulgaria|BH Bahrain|BI Burundi
BJ Benin|BL Saint Barthélemy|BM Bermuda|BN Brunei|BO Bolivia|BQ Bonaire, Sint Eustatius and Saba|BR Brazil|BS Bahamas
BT Bhutan|BV Bouvet Island|BW Botswana|BY Belarus|BZ Belize|CA Canada|CC Cocos Islands|CD Congo (Kinshasa)
CF Central African Republic|CG Congo (Brazzaville)|CH Switzerland|CI Ivory Coast|CK Cook Islands|CL Chile|CM Cameroon
CN China|CO Colombia|CR Costa Rica|CU Cuba|CV Cabo Verde|CW Curaçao|CX Christmas Island|CY Cyprus|CZ Czechia|DE Germany
DJ Djibouti|DK Denmark|DM Dominica|DO Dominican Republic|DZ Algeria|EC Ecuador|EE Estonia|EG Egypt|EH Western Sahara
ER Eritrea|ES Spain|ET Ethiopia|FI Finland|FJ Fiji|FK Falkland Islands|FM Micronesia|FO Faroe Islands|FR France|GA Gabon
GB United Kingdom|GD Grenada|GE Georgia|GF French Guiana|GG Guernsey|GH Ghana|GI Gibraltar|GL Greenland|GM Gambia
GN Guinea|GP Guadeloupe|GQ Equatorial Guinea|GR Greece|GS South Georgia|GT Guatemala|GU Guam|GW Guinea-Bissau|GY Guyana
HK Hong Kong|HM Heard and McDonald Islands|HN Honduras|HR Croatia|HT Haiti|HU Hungary|ID Indonesia|IE Ireland|IL Israel
IM Isle of Man|IN India|IO British Indian Ocean Territory|IQ Iraq|IR Iran|IS Iceland|IT Italy|JE Jersey|JM Jamaica
JO Jordan|JP Japan|KE Kenya|KG Kyrgyzstan|KH Cambodia|KI Kiribati|KM Comoros|KN Saint Kitts and Nevis|KP North Korea
KR South Korea|KW Kuwait|KY Cayman Islands|KZ Kazakhstan|LA Laos|LB Lebanon|LC Saint Lucia|LI Liechtenstein|LK Sri Lanka
LR Liberia|LS Lesotho|LT Lithuania|LU Luxembourg|LV Latvia|LY Libya|MA Morocco|MC Monaco|MD Moldova|ME Montenegro
MF Saint Martin|MG Madagascar|MH Marshall Islands|MK North Macedonia|ML Mali|MM Myanmar|MN Mongolia|MO Macao
MP Northern Mariana Islands|MQ Martinique|MR Mauritania|MS Montserrat|MT Malta|MU Mauritius|MV Maldives|MW Malawi
MX Mexico|MY Malaysia|MZ Mozambique|NA Namibia|NC New Caledonia|NE Niger|NF Norfolk Island|NG Nigeria|NI Nicaragua
NL Netherlands|NO Norway|NP Nepal|NR Nauru|NU Niue|NZ New Zealand|OM Oman|PA Panama|PE Peru|PF French Polynesia
PG Papua New Guinea|PH Philippines|PK Pakistan|PL Poland|PM Saint Pierre and Miquelon|PN Pitcairn|PR Puerto Rico
PS Palestine|PT Portugal|PW Palau|PY Paraguay|QA Qatar|RE Réunion|RO Romania|RS Serbia|RU Russia|RW Rwanda
SA Saudi Arabia|SB Solomon Islands|SC Seychelles|SD Sudan|SE Sweden|SG Singapore|SH Saint Helena|SI Slovenia
SJ Svalbard and Jan Mayen|SK Slovakia|SL Sierra Leone|SM San Marino|SN Senegal|SO Somalia|SR Suriname|SS South Sudan
ST São Tomé and Príncipe|SV El Salvador|SX Sint Maarten|SY Syria|SZ Eswatini|TC Turks and Caicos Islands|TD Chad
TF French Southern Territories|TG Togo|TH Thailand|TJ Tajikistan|TK Tokelau|TL Timor-Leste|TM Turkmenistan|TN Tunisia
TO Tonga|TR Türkiye|TT Trinidad and Tobago|TV Tuvalu|TW Taiwan|TZ Tanzania|UA Ukraine|UG Uganda
UM United States Minor Outlying Islands|US United States|UY Uruguay|UZ Uzbekistan|VA Vatican City
VC Saint Vincent and the Grenadines|VE Venezuela|VG British Virgin Islands|VI United States Virgin Islands|VN Vietnam
VU Vanuatu|WF Wallis and Futuna|WS Samoa|XK Kosovo|YE Yemen|YT Mayotte|ZA South Africa|ZM Zambia|ZW Zimbabwe
EU European Union, country not known
"""
_PARTS = """
AE-ADGM Abu Dhabi Global Market|AE-DIFC Dubai International Financial Centre|CA-AB Alberta|CA-BC British Columbia
CA-MB Manitoba|CA-NB New Brunswick|CA-NL Newfoundland and Labrador|CA-NS Nova Scotia|CA-NT Northwest Territories
CA-NU Nunavut|CA-ON Ontario|CA-PE Prince Edward Island|CA-QC Quebec|CA-SK Saskatchewan|CA-YT Yukon
US-AK Alaska|US-AL Alabama|US-AR Arkansas|US-AZ Arizona|US-CA California|US-CO Colorado|US-CT Connecticut
US-DC District of Columbia|US-DE Delaware|US-FL Florida|US-GA Georgia|US-HI Hawaii|US-IA Iowa|US-ID Idaho|US-IL Illinois
US-IN Indiana|US-KS Kansas|US-KY Kentucky|US-LA Louisiana|US-MA Massachusetts|US-MD Maryland|US-ME Maine|US-MI Michigan
US-MN Minnesota|US-MO Missouri|US-MS Mississippi|US-MT Montana|US-NC North Carolina|US-ND North Dakota|US-NE Nebraska
US-NH New Hampshire|US-NJ New Jersey|US-NM New Mexico|US-NV Nevada|US-NY New York|US-OH Ohio|US-OK Oklahoma|US-OR Oregon
US-PA Pennsylvania|US-PR Puerto Rico|US-RI Rhode Island|US-SC South Carolina|US-SD South Dakota|US-TN Tennessee
US-TX Texas|US-UT Utah|US-VA Virginia|US-VI Virgin Islands|US-VT Vermont|US-WA Washington|US-WI Wisconsin
US-WV West Virginia|US-WY Wyoming
"""
_LISTED = ("AE", "CA", "US")
"""Countries all of whose parts are known here: another part of them is a slip. Of other countries any part is taken."""


def _read(text: str) -> dict[str, str]:
    rows = (row.strip() for row in text.replace("\n", "|").split("|"))
    return {code: name for code, _space, name in (row.partition(" ") for row in rows if row)}


@cache
def countries() -> dict[str, str]:
    """Every country's English name by its code, and the European Union."""
    return _read(_COUNTRIES)


@cache
def parts() -> dict[str, str]:
    """The parts of countries that are known by name: US-CA is California."""
    return _read(_PARTS)


def region_name(code: str) -> str:
    """A region as people read it: Germany; California, United States; words for one that is not known."""
    if not code:
        return _("Country not known")
    country, _dash, part = code.partition("-")
    if not part:
        return _(countries().get(code, code))
    return f"{_(parts().get(code, part))}, {_(countries().get(country, country))}"


def region_choices() -> list[tuple[str, str]]:
    """Every region that can be chosen from a list, with its name, by name: countries, and states after theirs."""
    rows = [(code, region_name(code)) for code in (*countries(), *parts())]
    return sorted(rows, key=lambda row: (countries()[row[0][:2]], "-" in row[0], row[1]))


def region_of(text: str) -> str:
    """The code that a text means: DE, us-ca, UK and Germany are understood; empty for an empty text.

    Raises Invalid for an unknown country, or an unknown state of a country whose states are known.
    """
    text = text.strip()
    if not text:
        return ""
    code = text.upper().replace("_", "-")
    code = "GB" + code[2:] if code == "UK" or code.startswith("UK-") else code
    if code in countries() or code in parts():
        return code
    country, dash, part = code.partition("-")
    if dash and re.fullmatch(r"[A-Z0-9]{1,4}", part) and country in countries() and country != UNION:
        if country not in _LISTED and regions.is_known(regions.named(code)):
            return code
        of = countries()[country]
        raise Invalid(
            _("“%(text)s” is no part of %(country)s. Write one such as %(example)s, or %(code)s while it is not known.")
            % {"text": text[:40], "country": of, "example": next(p for p in parts() if p[:2] in (country, "US")),
               "code": country},
            "region",
        )  # fmt: skip
    if found := _by_name().get(text.casefold()):
        return found
    raise Invalid(
        _("“%s” is no country. Write its code of two letters such as DE, a state such as US-CA, or leave it empty while"
          " it is not known.") % text[:40],
        "region",
    )  # fmt: skip


@cache
def _by_name() -> dict[str, str]:
    # A country goes before a state of the same name: Georgia, Puerto Rico.
    states = {region_name(code).casefold(): code for code in parts()} | {n.casefold(): c for c, n in parts().items()}
    return states | {name.casefold(): code for code, name in countries().items()}
