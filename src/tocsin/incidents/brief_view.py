"""A brief as a page shows it: numbers, facts and people of the JSON in words for somebody at three in the morning."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin.incidents.board import FUNCTION_WORDS
from tocsin.incidents.briefs import Brief
from tocsin.incidents.models import ScopeKind, ScopeState
from tocsin.incidents.pages import how_near


def view_of(brief: Brief, now: datetime) -> dict[str, Any]:
    """What a template needs of a brief with its times as times. `now` lights the clocks; of a kept one, its own instant."""
    return {
        **brief,
        "options": [option_view(o) for o in brief["options"]],
        "known": [{**k, "value": value_words(k["value"])} for k in brief["known"]],
        "also_known": [{**k, "value": value_words(k["value"])} for k in brief["also_known"]],
        "scope": [scope_words(s) for s in brief["scope"]],
        "clocks": [{**c, "lamp": how_near(c["due_at"], now, None)} for c in brief["clocks"]],
    }


def option_view(option: Brief) -> dict[str, Any]:
    """An option with its cost, who is for it, and what it waits for, in words."""
    said = [{**f, "function": function_word(f["function"])} for f in option["for"]]
    return {
        **option,
        "cost": cost_words(option["cost"]),
        "for": said,
        "tally": " · ".join(f"{function_word(key) or _('others')} {n}" for key, n in option["functions"].items()),
        "waits_for": [w["means"] for w in option["waits_for"]],
    }


def function_word(key: str) -> str:
    """A function in the reader's language; empty for who holds no seat."""
    return str(FUNCTION_WORDS.get(key, key))


def cost_words(cost: Brief | None) -> str:
    """A cost as a person says it: EUR 40,000 to 60,000 a day; empty for none."""
    if not cost:
        return ""
    low, high = cost.get("low", 0), cost.get("high")
    said = {"currency": cost["currency"], "low": _grouped(low), "high": _grouped(high or low)}
    ranged = bool(high) and high != low
    words = _("%(currency)s %(low)s to %(high)s") % said if ranged else f"{said['currency']} {said['low']}"
    return f"{words} {cost.get('note', '')}".strip()


def _grouped(number: int) -> str:
    return number_format(number, use_l10n=True, force_grouping=True)


def value_words(value: Any) -> str:
    """What a fact holds: yes, no, a number with its thousands apart, or the words."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int):
        return _grouped(value)
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def scope_words(scope: Brief) -> dict[str, str]:
    """One kind of thing in scope: how many, in which states, and the people that the entries add up to."""
    kind = str(ScopeKind(scope["kind"]).label) if scope["kind"] in set(ScopeKind) else scope["kind"]
    states = ", ".join(f"{n} {_state(s)}" for s, n in scope["states"].items())
    people = ""
    if scope["high"]:
        low, high = _grouped(scope["low"]), _grouped(scope["high"])
        people = _("%(low)s to %(high)s") % {"low": low, "high": high} if low != high else low
    count = ngettext("%d entry", "%d entries", scope["count"]) % scope["count"]
    return {"kind": kind, "states": states, "count": str(scope["count"]), "people": people, "entries": count}


def _state(state: str) -> str:
    return str(ScopeState(state).label).lower() if state in set(ScopeState) else state
