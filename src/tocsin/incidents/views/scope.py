"""The scope ledger: what is affected, now or as of any time, each entry with its history; changing it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tocsin.core.access import Hidden
from tocsin.incidents import actions
from tocsin.incidents.kept import LEDGER, drawn, once
from tocsin.incidents.models import Incident, ScopeChange, ScopeEntry, ScopeKind, ScopeState
from tocsin.incidents.pages import IncidentRequest, act_on, on_incident, place, read_time, sent, sent_number
from tocsin.incidents.regions import region_choices, region_name
from tocsin.incidents.sheet_rows import confidence_choices
from tocsin.incidents.sheet_words import range_word
from tocsin.people.pages import done

PAGE = 100


@dataclass
class Standing:
    """A scope entry as of a time: its state and numbers then, and the changes up to then, newest first."""

    entry: ScopeEntry
    state: str
    since: datetime
    because: str
    changes: list[ScopeChange] = field(default_factory=list)

    @property
    def numbers(self) -> str:
        """How many, and where they live; empty where nobody said."""
        last = self.changes[0]
        parts = [range_word(last.count_low, last.count_high)] if last.count_low is not None or last.count_high else []
        return ", ".join([*parts, *([region_name(last.region)] if last.region else [])])


def ledger(incident: Incident, at: datetime | None) -> list[Standing]:
    """The ledger as of `at`, or as it stands; what was not in scope then is not in it."""
    entries = {e.pk: e for e in ScopeEntry.objects.filter(incident=incident)}
    changes: dict[int, list[ScopeChange]] = {}
    found = ScopeChange.objects.filter(entry__incident=incident)
    for change in found.filter(at__lte=at) if at else found:
        changes.setdefault(change.entry_id, []).append(change)
    rows = []
    for key, entry in entries.items():
        history = changes.get(key, [])
        if history:
            last = history[-1]
            rows.append(Standing(entry, last.state, last.at, last.because, history[::-1]))
    return rows


@on_incident
def scope(request: IncidentRequest) -> HttpResponse:
    """The ledger, by kind, as of now or `?at=`."""
    text, wanted, number = (request.GET.get(k, "") for k in ("at", "state", "page"))
    at = read_time(text, "at")
    shown = once("ledger", request.incident, lambda: _shown(request.incident, at, wanted, number), at, wanted, number,
                 but=LEDGER)  # fmt: skip
    may_change = request.can["scope_change"]
    table = drawn("incidents/_ledger.html", request.incident, request.now,
                  lambda: {**shown, "at": at, "may_change": may_change}, at, wanted, number, may_change,
                  but=LEDGER)  # fmt: skip
    context = {
        **shown, "table": table, "at": at, "at_text": text, "wanted": wanted,
        "kinds": ScopeKind.choices, "state_choices": ScopeState.choices,
        "choices": region_choices(), "confidences": confidence_choices(),
    }  # fmt: skip
    return render(request, "incidents/scope.html", context)


def _shown(incident: Incident, at: datetime | None, wanted: str, number: str) -> dict[str, Any]:
    """A page of the ledger as of `at`, of the wanted state or all, by kind; and how many are in which state."""
    rows = ledger(incident, at)
    states: dict[str, int] = {}
    for row in rows:
        states[row.state] = states.get(row.state, 0) + 1
    if wanted in set(ScopeState):
        rows = [r for r in rows if r.state == wanted]
    page = Paginator(rows, PAGE).get_page(number)
    groups: dict[str, list[Standing]] = {}
    for kind in ScopeKind:
        if found := [r for r in page.object_list if r.entry.kind == kind]:
            groups[str(kind.label)] = found
    times = sorted({c.at for r in rows for c in r.changes})
    return {
        "groups": groups,
        "page": page,
        "states": states,
        "first": times[0] if times else None,
        "steps": times[-24:],
    }


def _entry(request: IncidentRequest, number: int) -> ScopeEntry:
    found = ScopeEntry.objects.filter(incident=request.incident, number=number).first()
    if found is None:
        raise Hidden
    return found


def _cites(request: IncidentRequest) -> list[str]:
    return [c for c in sent(request, "cites").replace(",", " ").split() if c][:50]


@on_incident
def scope_entry(request: IncidentRequest, entry: int) -> HttpResponse:
    """One entry: a fragment for the ledger, a page without JavaScript."""
    row = _entry(request, entry)
    context = {"entry": row, "changes": row.changes.order_by("-at", "-pk")[:40], "state_choices": ScopeState.choices}
    fragment = bool(request.headers.get("HX-Request"))
    return render(request, "incidents/_scope_panel.html" if fragment else "incidents/scope_entry.html", context)


@act_on
def add(request: IncidentRequest) -> HttpResponse:
    """Put something in scope."""
    made = actions.add_scope(
        request.actor, request.incident, kind=sent(request, "kind"), name=sent(request, "name"),
        state=sent(request, "state") or ScopeState.SUSPECTED, because=sent(request, "because"), cites=_cites(request),
        count_low=sent_number(request, "count_low"), count_high=sent_number(request, "count_high"),
        region=sent(request, "region"), confidence=sent(request, "confidence"),
    )  # fmt: skip
    return done(request, place(request, "scope"), _("%(name)s is in scope as S-%(number)d.") % {
        "name": made.name, "number": made.number,
    })  # fmt: skip


@act_on
def change(request: IncidentRequest, entry: int) -> HttpResponse:
    """Move an entry to another state, with the reason."""
    row = _entry(request, entry)
    actions.change_scope(
        request.actor, request.incident, entry=row, state=sent(request, "state"), because=sent(request, "because"),
        cites=_cites(request),
    )  # fmt: skip
    return done(request, place(request, "scope"), _("%s was changed.") % row.name)
