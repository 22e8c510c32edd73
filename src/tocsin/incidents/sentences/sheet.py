"""The fact sheet's changes told in sentences: instants, roles, data, numbers of people."""

from __future__ import annotations

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tocsin.incidents.regions import region_name
from tocsin.incidents.sentences.telling import CLOCK, Payload, Words, because, tells, time_word
from tocsin.incidents.sheet_words import data_word, instant_word, range_word, role_word


@tells("instant.mark", CLOCK)
def _mark_instant(p: Payload, w: Words) -> str:
    w["instant"] = _clean(w, instant_word(_object(w)))
    w["at"], w["before"] = time_word(p.get("at"), w), time_word(p.get("before"), w)
    if p.get("before"):
        return because(p, _("%(who)s corrected the instant “%(instant)s” from %(before)s to %(at)s."))
    return because(p, _("%(who)s set the instant “%(instant)s” to %(at)s."))


@tells("instant.withdraw", CLOCK)
def _withdraw_instant(p: Payload, w: Words) -> str:
    w["instant"], w["before"] = _clean(w, instant_word(_object(w))), time_word(p.get("before"), w)
    text = _("%(who)s took the instant “%(instant)s” back: it is not known any more; it was set to %(before)s.")
    return because(p, text)


@tells("sheet.roles")
def _role(p: Payload, w: Words) -> str:
    w["role"] = _clean(w, role_word(_object(w)))
    if p.get("said") is None:
        w["now"] = _("held") if p.get("held") else _("not held")
        return because(p, _("%(who)s let the plan say again whether we are this in this incident (%(now)s): %(role)s."))
    if p["said"]:
        return because(p, _("%(who)s said that in this incident we are: %(role)s."))
    return because(p, _("%(who)s said that in this incident we are not: %(role)s."))


@tells("sheet.data")
def _data(p: Payload, w: Words) -> str:
    w["data"] = _clean(w, data_word(_object(w)))
    said = {
        True: _("%(who)s said that this data is affected: %(data)s."),
        False: _("%(who)s said that this data is not affected: %(data)s."),
        None: _("%(who)s took back what was said of this data, so it is not known: %(data)s."),
    }
    return because(p, said[p.get("affected")])


@tells("scope.count")
def _count(p: Payload, w: Words) -> str:
    before = p.get("before") or {}
    w["then"], w["now"] = _clean(w, _numbers(before)), _clean(w, _numbers(p))
    return because(p, _("%(who)s changed how many S-%(entry)s, %(name)s, is about: from %(then)s to %(now)s."))


def _numbers(p: Payload) -> str:
    """How many, where, and how sure."""
    parts = [range_word(p.get("count_low"), p.get("count_high"))]
    if p.get("region"):
        parts.append(region_name(str(p["region"])))
    sure = {"low": _("low confidence"), "moderate": _("moderate confidence"), "high": _("high confidence")}
    if p.get("confidence") in sure:
        parts.append(sure[str(p["confidence"])])
    return ", ".join(parts)


def _object(w: Words) -> str:
    # The name as it stands in a sentence; the vocabulary's keys have underscores where it has spaces.
    return str(w["object_name"]).replace(" ", "_")


def _clean(w: Words, text: str) -> str:
    return str(conditional_escape(text)) if isinstance(w["who"], SafeString) else text
