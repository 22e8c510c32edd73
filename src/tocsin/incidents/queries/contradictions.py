"""What in a fact sheet contradicts what: taken as it was said, and shown so that somebody corrects it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tocsin.incidents.queries.sheet import Sheet
from tocsin.incidents.sheet_words import data_word, fact_word, instant_word, range_word
from tocsin.law.vocabulary import vocabulary
from tocsin.plan.facts import known_facts
from tocsin.plan.models import Anchor

# What cannot come before what. That nothing comes before the beginning goes for all of them.
ORDER = (
    ("suspected", "believed"), ("suspected", "aware"), ("believed", "aware"), ("detected", "aware"),
    ("detected", "identified"), ("identified", "classified"), ("aware", "determined"), ("aware", "material"),
    ("aware", "assessed"), ("demanded", "paid"), ("detected", "corrected"), ("detected", "contained"),
    ("contained", "eradicated"), ("eradicated", "recovered"), ("contained", "recovered"), ("declared", "closed"),
    ("detected", "closed"), ("recovered", "closed"),
)  # fmt: skip
# An instant that is set although a flag says that it did not happen.
HAPPENED = (
    ("demanded", "ransom_demanded"), ("paid", "extortion_payment_made"), ("paid", "payment_made"),
    ("determined", "personal_data_breach"), ("material", "material_incident"),
)  # fmt: skip
# Where the first is yes, the second cannot be no.
IMPLIES = (
    ("ransomware", "malware"), ("malware_found", "malware"), ("service_disruption_4h", "service_disruption"),
    ("data_exfiltrated", "data_exfiltration"), ("data_exfiltration", "data_exfiltrated"),
    ("data_exfiltration", "unauthorised_acquisition"), ("data_published", "data_exfiltration"),
    ("unauthorised_acquisition", "unauthorised_access"), ("extortion_payment_made", "ransom_demanded"),
    ("extortion_payment_made", "payment_made"), ("payment_made", "extortion_payment_made"),
    ("personal_data_breach", "personal_data_affected"), ("high_risk_to_individuals", "personal_data_affected"),
    ("special_data_affected", "personal_data_affected"), ("unsecured_phi", "personal_data_affected"),
)  # fmt: skip
NOT_BOTH = (
    ("data_encrypted_key_safe", "unsecured_phi"), ("attempted_compromise", "data_exfiltration"),
    ("attempted_compromise", "unauthorised_access"),
)  # fmt: skip


@dataclass(frozen=True)
class Contradiction:
    """Two things that cannot both be so. `about` are their rows in the sheet ('instant.paid'), `words` say what."""

    about: tuple[str, str]
    words: str


def contradictions(sheet: Sheet) -> list[Contradiction]:
    """Everything in the sheet that contradicts something else in it; times in words are in the current zone."""
    return [*_order(sheet), *_happened(sheet), *_flags(sheet), *_data(sheet), *_people(sheet)]


def _order(sheet: Sheet) -> Iterator[Contradiction]:
    began = [(str(Anchor.BEGAN), str(a)) for a in Anchor if a != Anchor.BEGAN]
    for first, then in (*began, *ORDER):
        a, b = sheet.at(first), sheet.at(then)
        if a is not None and b is not None and b < a:
            said = _("“%(then)s” is set to %(b)s. That is before “%(first)s”, which is set to %(a)s.")
            words = {"then": instant_word(then), "first": instant_word(first), "a": _time(a), "b": _time(b)}
            yield Contradiction((f"instant.{first}", f"instant.{then}"), said % words)


def _happened(sheet: Sheet) -> Iterator[Contradiction]:
    for anchor, flag in HAPPENED:
        moment = sheet.at(anchor)
        if moment is not None and sheet.flag(flag) is False:
            said = _("“%(instant)s” is set to %(at)s, but the answer to “%(flag)s” is no.")
            words = {"instant": instant_word(anchor), "at": _time(moment), "flag": _fact(flag)}
            yield Contradiction((f"instant.{anchor}", f"fact.{flag}"), said % words)


def _flags(sheet: Sheet) -> Iterator[Contradiction]:
    for first, then in IMPLIES:
        if sheet.flag(first) is True and sheet.flag(then) is False:
            said = _("The answer to “%(first)s” is yes, but to “%(then)s” it is no.")
            yield _between(first, then, said)
    for first, then in NOT_BOTH:
        if sheet.flag(first) is True and sheet.flag(then) is True:
            said = _("The answer to both “%(first)s” and “%(then)s” is yes; that cannot be.")
            yield _between(first, then, said)


def _data(sheet: Sheet) -> Iterator[Contradiction]:
    about_people = sorted(sheet.data_affected - set(vocabulary().not_about_people) - {"personal_data"})
    personal = sheet.data_categories.get("personal_data")
    if about_people and personal is not None and not personal.value:
        said = _("“%(first)s” is affected, but “%(then)s” is not.")
        words = {"first": data_word(about_people[0]), "then": data_word("personal_data")}
        yield Contradiction((f"data.{about_people[0]}", "data.personal_data"), said % words)
    known = [*about_people, *(["personal_data"] if "personal_data" in sheet.data_affected else [])]
    pairs = [(c, "personal_data_affected") for c in known[:1]]
    pairs += [(c, "card_data_compromise") for c in ("payment_card",) if c in sheet.data_affected]
    for category, flag in pairs:
        if sheet.flag(flag) is False:
            said = _("“%(data)s” is affected, but the answer to “%(flag)s” is no.")
            words = {"data": data_word(category), "flag": _fact(flag)}
            yield Contradiction((f"data.{category}", f"fact.{flag}"), said % words)
    card = sheet.data_categories.get("payment_card")
    if sheet.flag("card_data_compromise") is True and card is not None and not card.value:
        said = _("The answer to “%(flag)s” is yes, but “%(data)s” is said not to be affected.")
        words = {"flag": _fact("card_data_compromise"), "data": data_word("payment_card")}
        yield Contradiction(("fact.card_data_compromise", "data.payment_card"), said % words)


def _people(sheet: Sheet) -> Iterator[Contradiction]:
    total = sheet.total
    if total.low and sheet.flag("personal_data_affected") is False:
        said = _("The scope holds people affected (%(count)s), but the answer to “%(flag)s” is no.")
        words = {"count": range_word(total.low, total.high), "flag": _fact("personal_data_affected")}
        yield Contradiction(("people", "fact.personal_data_affected"), said % words)
    fact = sheet.facts.get("people_affected")
    stated = fact.value if fact else None
    if isinstance(stated, int) and (stated < (total.low or 0) or (total.high is not None and stated > total.high)):
        said = _("“%(fact)s” is stated as %(stated)s, but the scope adds up to %(count)s.")
        words = {
            "fact": _fact("people_affected"), "stated": f"{stated:,}", "count": range_word(total.low, total.high),
        }  # fmt: skip
        yield Contradiction(("people", "fact.people_affected"), said % words)


def _between(first: str, then: str, said: str) -> Contradiction:
    return Contradiction((f"fact.{first}", f"fact.{then}"), said % {"first": _fact(first), "then": _fact(then)})


def _fact(name: str) -> str:
    return fact_word(name, known_facts())


def _time(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "Y-m-d H:i T")
