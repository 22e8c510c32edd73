"""The fact sheet: when, who we are, what data, whom it concerns, flags; each row changed in its place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tocsin.core import clock
from tocsin.core.access import Hidden
from tocsin.core.action import Invalid
from tocsin.core.models import LogEntry
from tocsin.incidents import actions
from tocsin.incidents.models import Incident, ScopeEntry, ScopeKind, ScopeState
from tocsin.incidents.pages import IncidentRequest, act_on, facts_of, on_incident, place, sent, sent_number
from tocsin.incidents.queries.contradictions import contradictions
from tocsin.incidents.queries.sheet import Sheet, sheet_of
from tocsin.incidents.regions import region_choices
from tocsin.incidents.sheet_rows import Row, confidence_choices, page_of, row_of
from tocsin.incidents.views.steer import fact_value
from tocsin.law.sheet import real_zone
from tocsin.people.pages import done
from tocsin.plan.models import FactKind

Follows = Callable[[IncidentRequest, Sheet], SafeString]
FOLLOWS: list[Follows] = []
"""What rooms above show beside the sheet of what follows from it; an empty text shows nothing."""
LOGGED = {"instant": "instant", "role": "entity_role", "data": "data_category", "fact": "fact"}
"""What the log calls the rows of each kind."""
MOST = 60
ANSWERS = {"yes": True, "no": False}


@on_incident
def sheet(request: IncidentRequest) -> HttpResponse:
    """The whole sheet in groups, what contradicts what on top, and beside it what follows."""
    found = sheet_of(request.incident)
    odd = contradictions(found)
    context = {
        "sheet": page_of(request.incident, found, facts_of(request.incident), odd),
        "contradictions": odd,
        "follows": [html for follow in FOLLOWS if (html := follow(request, found))],
        "choices": region_choices(),
        "confidences": confidence_choices(),
        "states": [(s.value, s.label) for s in ScopeState if s != ScopeState.CLEARED],
        "home": found.home_countries,
    }
    return render(request, "incidents/sheet.html", context)


@on_incident
def other(request: IncidentRequest, what: str) -> HttpResponse:
    """The times or questions of which nothing is said: a fragment for the sheet, a page without JavaScript."""
    found = sheet_of(request.incident)
    shown = page_of(request.incident, found, facts_of(request.incident), contradictions(found))
    rows = {"times": shown.more_instants, "questions": shown.more_flags}.get(what)
    if rows is None:
        raise Hidden
    fragment = bool(request.headers.get("HX-Request"))
    return render(request, f"incidents/sheet_{'rows' if fragment else 'other'}.html", {"rows": rows})


@on_incident
def row(request: IncidentRequest, kind: str, name: str) -> HttpResponse:
    """One row's form and history: a fragment for the sheet, a page without JavaScript."""
    known = facts_of(request.incident)
    found = row_of(request.incident, sheet_of(request.incident), known, kind, name)
    if found is None:
        raise Hidden
    context: dict[str, Any] = {"row": found, "history": _history(request.incident, found)}
    match kind:
        case "instant":
            zones, chosen = _zones(request.incident, found)
            local = found.value.astimezone(ZoneInfo(chosen)) if found.known else None
            context |= {"zones": zones, "chosen": chosen, "typed": f"{local:%Y-%m-%dT%H:%M}" if local else ""}
        case "people":
            context |= {"choices": region_choices(), "confidences": confidence_choices()}
        case "fact":
            context["number"] = name in known and known[name].kind == FactKind.NUMBER
    fragment = bool(request.headers.get("HX-Request"))
    return render(request, "incidents/sheet_panel.html" if fragment else "incidents/sheet_row.html", context)


def _zones(incident: Incident, found: Row) -> tuple[list[str], str]:
    """The zones that an instant may be given in, and the one that is chosen: as before, else the reader's own."""
    before = found.source.zone if found.source else ""
    own, home = timezone.get_current_timezone_name(), incident.plan_version.plan.organization.time_zone
    zones = [z for z in dict.fromkeys([before, own, home, "UTC"]) if z and real_zone(z)]
    return zones, zones[0]


def _history(incident: Incident, found: Row) -> list[LogEntry]:
    """What the log says of a row, the newest first."""
    if found.kind == "people":
        entry = ScopeEntry.objects.filter(incident=incident, number=int(found.name)).first()
        about = Q(object_kind="scopeentry", object_id=str(entry.pk) if entry else "")
    else:
        about = Q(object_kind=LOGGED[found.kind], object_id=found.name)
    if found.kind == "instant":
        about |= Q(verb="phase.set", payload__phase=found.name)
    if found.source and not incident.chain.entries.filter(about, sequence=found.source.sequence).exists():
        about |= Q(sequence=found.source.sequence)  # said when the incident was declared, closed or merged
    return list(incident.chain.entries.filter(about).order_by("-sequence")[:MOST])


@act_on
def set_row(request: IncidentRequest, kind: str) -> HttpResponse:
    """Say what a row holds. People without a number are a new group."""
    setters = {"instant": _set_instant, "role": _set_role, "data": _set_data, "fact": _set_fact, "people": _set_people}
    if kind not in setters:
        raise Hidden
    setters[kind](request, sent(request, "name"), sent(request, "because"))
    return done(request, place(request, "sheet"), _("The sheet was changed. What hangs on it follows."))


@act_on
def withdraw_row(request: IncidentRequest, kind: str) -> HttpResponse:
    """Take back what a row holds: it is not known any more. For a role, what the plan says counts again."""
    name, why, who, incident = sent(request, "name"), sent(request, "because"), request.actor, request.incident
    match kind:
        case "instant":
            actions.withdraw_instant(who, incident, anchor=name, because=why)
        case "role":
            actions.set_entity_role(who, incident, role=name, held=None, because=why)
        case "data":
            actions.set_data_category(who, incident, category=name, affected=None, because=why)
        case "fact":
            actions.withdraw_fact(who, incident, name=name, because=why)
        case "people":
            actions.change_scope(
                who, incident, entry=_entry(request, name), state=ScopeState.CLEARED.value, because=why
            )
        case _:
            raise Hidden
    return done(request, place(request, "sheet"), _("It was taken back. What hangs on it follows."))


def _set_instant(request: IncidentRequest, name: str, why: str) -> None:
    zone = sent(request, "zone") or timezone.get_current_timezone_name()
    at = _moment(request, sent(request, "at"), zone)
    actions.mark_instant(request.actor, request.incident, anchor=name, at=at, because=why, zone=zone)


def _moment(request: IncidentRequest, text: str, zone: str) -> datetime:
    """A time as the form holds it, in the zone that was chosen beside it."""
    if not real_zone(zone):
        raise Invalid(_("“%s” is no time zone; choose one from the list.") % zone[:60], "zone")
    try:
        found = datetime.fromisoformat(text)
        local = found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))
        return clock.sane(local.astimezone(UTC))
    except (ValueError, OverflowError):
        said = _("“%(text)s” is no time; write it as %(example)s.") if text else _("Give the time.")
        example = f"{timezone.localtime(request.now):%Y-%m-%dT%H:%M}"
        raise Invalid(said % {"text": text[:40], "example": example}, "at") from None


def _answer(request: IncidentRequest) -> bool:
    if (text := sent(request, "value")) not in ANSWERS:
        raise Invalid(_("Answer yes or no."), "value")
    return ANSWERS[text]


def _set_role(request: IncidentRequest, name: str, why: str) -> None:
    actions.set_entity_role(request.actor, request.incident, role=name, held=_answer(request), because=why)


def _set_data(request: IncidentRequest, name: str, why: str) -> None:
    actions.set_data_category(request.actor, request.incident, category=name, affected=_answer(request), because=why)


def _set_fact(request: IncidentRequest, name: str, why: str) -> None:
    value = fact_value(request, name, sent(request, "value"))
    if name in request.incident.facts and not why:
        raise Invalid(_("This is stated already. Say why it is changed."), "because")
    actions.set_fact(request.actor, request.incident, name=name, value=value, because=why)


def _set_people(request: IncidentRequest, name: str, why: str) -> None:
    numbers = {
        "count_low": sent_number(request, "count_low"), "count_high": sent_number(request, "count_high"),
        "region": sent(request, "region"), "confidence": sent(request, "confidence"),
    }  # fmt: skip
    if name:
        entry = _entry(request, name)
        actions.count_scope(request.actor, request.incident, entry=entry, because=why, **numbers)  # type: ignore[arg-type]
        return
    actions.add_scope(
        request.actor, request.incident, kind=ScopeKind.DATA_SUBJECTS.value, name=sent(request, "group"),
        state=sent(request, "state") or ScopeState.SUSPECTED.value, because=why, **numbers,  # type: ignore[arg-type]
    )  # fmt: skip


def _entry(request: IncidentRequest, name: str) -> ScopeEntry:
    rows = ScopeEntry.objects.filter(incident=request.incident, kind=ScopeKind.DATA_SUBJECTS)
    found = rows.filter(number=int(name)).first() if name.isdecimal() and len(name) < 9 else None
    if found is None:
        raise Hidden
    return found
