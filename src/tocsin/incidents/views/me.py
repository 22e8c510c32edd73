"""What is expected of me: one page across all incidents, the first that a called person sees; acts in one tap."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from tocsin.core.access import Hidden, visible
from tocsin.core.models import Grant
from tocsin.incidents import actions
from tocsin.incidents.expected import Row, calls_of, expected_of, is_expected
from tocsin.incidents.models import Incident, Task
from tocsin.incidents.pages import sent, sent_number
from tocsin.people.models import PlanVersion
from tocsin.people.pages import Request, act, asked_number, done, signed_in

PAGE = 40


@signed_in
def home(request: Request) -> HttpResponse:
    """Where one lands: on what is expected, for who holds a seat, a task or a call; else on the incidents."""
    return redirect("me" if is_expected(request.user) else "incidents")


@signed_in
def me(request: Request) -> HttpResponse:
    """Everything that is expected of the person who asks, most pressing first."""
    found = expected_of(request.user)
    work = [*found.late, *found.soon, *found.later]
    first = min(asked_number(request, "from") or 0, max(len(work) - 1, 0))
    shown = work[first : first + PAGE]
    context: dict[str, Any] = {
        "found": found,
        "groups": _groups(shown),
        "counts": {"late": len(found.late), "soon": len(found.soon), "later": len(found.later)},
        "first": first,
        "earlier": max(0, first - PAGE) if first else None,
        "next": first + PAGE if first + PAGE < len(work) else None,
        "has_plan": PlanVersion.objects.filter(organization=request.organization).exists(),
        "left": len(work) - first - len(shown),
    }
    return render(request, "incidents/me.html", context)


def _groups(rows: list[Row]) -> list[tuple[str, str, list[Row]]]:
    heads = (("late", _("Late")), ("soon", _("Due soon")), ("", _("To do")))
    groups = [(lamp or "later", words, [r for r in rows if r.lamp == lamp]) for lamp, words in heads]
    return [g for g in groups if g[2]]


@signed_in
def mark(request: Request) -> JsonResponse:
    """A text that changes whenever something happens where this person is: an open page asks for it and looks again."""
    seen = Grant.objects.filter(user=request.user).aggregate(chains=Count("pk"), length=Sum("chain__length"))
    return JsonResponse({"mark": f"{seen['chains']}.{seen['length'] or 0}.{calls_of(request.user).count()}"})


def _incident(request: Request, incident: UUID) -> Incident:
    """The incident of that id. Raises Hidden for anybody who is not on it."""
    rows = visible(request.actor, Incident.objects.select_related("chain", "organization", "plan_version"))
    found = rows.filter(pk=incident).first()
    if found is None:
        raise Hidden
    return found


@signed_in
def enter(request: Request, incident: UUID, to: str = "") -> HttpResponse:
    """Open a page of an incident by its id: whoever works in two organizations looks at its organization from now on."""
    found = _incident(request, incident)
    request.session["organization"] = str(found.organization_id)
    return redirect(reverse("room", args=[found.number]) + to)


def _task(request: Request, incident: UUID, number: int) -> tuple[Incident, Task]:
    place = _incident(request, incident)
    task = Task.objects.filter(incident=place, number=number).first()
    if task is None:
        raise Hidden
    return place, task


@act
def start(request: Request, incident: UUID, task: int) -> HttpResponse:
    """Begin a task."""
    place, row = _task(request, incident, task)
    actions.start_task(request.actor, place, task=row, revision=sent_number(request, "revision"))
    return _back(request, _("%(number)s T-%(task)d is in progress.") % {"number": place.number, "task": task})


@act
def complete(request: Request, incident: UUID, task: int) -> HttpResponse:
    """Say that a task is done, with its proof."""
    place, row = _task(request, incident, task)
    seen = sent_number(request, "revision")
    actions.complete_task(request.actor, place, task=row, proof=sent(request, "proof"), revision=seen)
    return _back(request, _("%(number)s T-%(task)d is done.") % {"number": place.number, "task": task})


def _back(request: HttpRequest, said: str) -> HttpResponse:
    return done(request, reverse("me"), said)
