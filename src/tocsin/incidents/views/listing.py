"""The list of incidents, and declaring one."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tocsin.core.action import Invalid
from tocsin.incidents.actions import declare
from tocsin.incidents.models import Incident
from tocsin.incidents.pages import asked, sent, sent_number
from tocsin.incidents.queries.listing import SHOWN, SORTS, Wish, chosen, counts, lines
from tocsin.people.models import PlanVersion
from tocsin.people.pages import Request, asked_number, signed_in
from tocsin.people.queries import current_plan
from tocsin.plan.choose import fitting_playbook
from tocsin.plan.models import Plan

PAGE = 50
WORDS = {
    "shown": {"live": gettext_lazy("Live"), "closed": gettext_lazy("Closed"), "all": gettext_lazy("All")},
    "sort": {
        "severity": gettext_lazy("Severity"), "deadline": gettext_lazy("Deadline"), "newest": gettext_lazy("Newest"),
    },
}  # fmt: skip


def _wish(request: Request) -> Wish:
    """What the address asks for; what it says and nobody knows is left out."""
    shown, sort, kind = asked(request, "show"), asked(request, "sort"), asked(request, "kind")
    return Wish(
        shown=shown if shown in SHOWN else "live",
        exercise={"exercise": True, "real": False}.get(kind),
        mine=asked(request, "whose") == "mine",
        severity=asked_number(request, "severity"),
        text=asked(request, "q")[:100],
        sort=sort if sort in SORTS else "severity",
    )


@signed_in
def incidents(request: Request) -> HttpResponse:
    """The incidents that this person is on: live ones, the gravest first, unless they ask for others."""
    wish, organization = _wish(request), request.organization
    # Sorted by their keys alone, and read whole for one page: ten thousand rows are not carried through the sort.
    page = Paginator(chosen(request.actor, organization, wish).values_list("pk", flat=True), PAGE).get_page(
        request.GET.get("page")
    )
    found = Incident.objects.select_related("chain", "organization").in_bulk(list(page.object_list))
    kept = {k: v for k in ("show", "kind", "whose", "severity", "q", "sort") if (v := asked(request, k))}
    version = current_plan(organization)
    context = {
        "lines": lines([found[pk] for pk in page.object_list]),
        "page": page,
        "wish": wish,
        "counts": counts(request.actor, organization),
        "narrowed": bool(set(kept) & {"kind", "whose", "severity", "q"}),
        "shown": [(k, w, urlencode({**kept, "show": k})) for k, w in WORDS["shown"].items()],
        "sorts": [(k, w, urlencode({**kept, "sort": k})) for k, w in WORDS["sort"].items()],
        "query": urlencode(kept),
        "kind": kept.get("kind", ""),
        "levels": sorted(version.plan.severity.levels.items()) if version else [],
        "has_plan": version is not None,
    }
    return render(request, "incidents/list.html", context)


@signed_in
def declare_incident(request: Request) -> HttpResponse:
    """Declare in four answers; a refused answer comes back with the form as it was filled in."""
    version = current_plan(request.organization)
    if version is None:
        return render(request, "incidents/declare.html", {"plan": None})
    if request.method == "POST":
        try:
            key = sent(request, "key") or None
            incident = declare(request.actor, request.organization, key=key, **answers(request, version.plan))
        except Invalid as refused:
            return declare_form(request, version, request.POST, refused=refused)
        return redirect("room", incident.number)
    return declare_form(request, version, {})


def answers(request: Request, plan: Plan, techniques: Iterable[str] = ()) -> dict[str, Any]:
    """What the declare form says, as `declare` takes it. Raises Invalid without a severity."""
    title, summary = sent(request, "title"), sent(request, "summary")
    playbook, because = sent(request, "playbook"), ""
    if not playbook:
        chosen, because = fitting_playbook(plan, f"{title} {summary}", techniques, ())
        playbook = chosen.id
    severity = sent_number(request, "severity")
    if severity is None:
        raise Invalid(_("Say how bad it is; it can be changed at any time."), "severity")
    return {
        "title": title,
        "summary": summary,
        "severity": severity,
        "playbook_id": playbook,
        "playbook_because": because,
        "exercise": sent(request, "exercise") == "yes",
    }


def declare_form(
    request: Request, version: PlanVersion, values: Mapping[str, Any], *, refused: Invalid | None = None, **more: Any
) -> HttpResponse:
    """The form, filled in with `values`. It carries a key of its own, so that a double click declares once.

    `more` goes to the template: `to` is the address that it sends to, `given` says where the values come from.
    """
    plan = version.plan
    context = {
        "plan": plan,
        "version": version,
        "levels": sorted(plan.severity.levels.items()),
        "playbooks": sorted(plan.playbooks.values(), key=lambda p: p.title),
        "error": str(refused) if refused else "",
        "field": refused.field if refused else "",
        "values": values,
        "key": values.get("key") or secrets.token_urlsafe(16),
        "to": reverse("declare"),
    }
    return render(request, "incidents/declare.html", context | more, status=422 if refused else 200)
