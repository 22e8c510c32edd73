"""The Comcheck pages: asking everybody, who answered, who has to be rung; and the public page behind a link."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables

from tocsin.core import clock
from tocsin.core.access import Actor, Hidden
from tocsin.core.action import Invalid
from tocsin.core.models import MessageState, OutboxMessage
from tocsin.people.actions import answer_comcheck, close_comcheck, mark_reached, start_comcheck
from tocsin.people.comcheck import ask_of, period_of, reachability, results
from tocsin.people.models import Comcheck, ComcheckAsk
from tocsin.people.pages import Request, act, done, of_the_house, whole_number
from tocsin.people.queries import READS_CONTACTS, current_plan

PAGE = 50
HOURS = (1, 4, 24, 72)


@of_the_house
def comcheck(request: Request, number: str = "") -> HttpResponse:
    """A round (the last one, unless another is asked for): who answered, by which way and how fast, and who did not."""
    if not READS_CONTACTS(request.can.at):
        raise Hidden
    rounds = Comcheck.objects.filter(organization=request.organization)
    shown = rounds.filter(number=_number(number)).first() if number else rounds.first()
    if number and shown is None:
        raise Hidden
    version, now = current_plan(request.organization), clock.now()
    rule = version.plan.comcheck if version else None
    last = rounds.first()
    context = {
        "rounds": rounds[:20], "shown": shown, "now": now, "rule": rule, "hours": HOURS,
        "next_at": last.started_at + period_of(version) if rule and last else None,
        "stale": sum(r.stale for r in reachability(request.organization, version).values()),
        "is_last": last is not None and shown == last, "open": last is not None and last.closed_at is None,
    }  # fmt: skip
    return render(request, "people/comcheck.html", context | (_round(request, shown) if shown else {}))


def _number(text: str) -> int:
    """A number of the address. Raises Hidden for one that no row can have."""
    found = whole_number(text)
    if found is None:
        raise Hidden
    return found


def _round(request: Request, shown: Comcheck) -> dict[str, object]:
    people = results(shown.asks.select_related("member", "comcheck"))
    silent = [r for r in people if r.first is None]
    who = request.GET.get("who", "")
    chosen = silent if who == "silent" else [r for r in people if r.by_hand] if who == "hand" else people
    page = Paginator(chosen, PAGE).get_page(request.GET.get("page"))
    keys = [a.key for r in page.object_list for a in r.asks]
    failed = OutboxMessage.objects.filter(key__in=keys, state=MessageState.FAILED).values_list("key", flat=True)
    times = sorted(r.first.took for r in people if r.first)
    return {
        "page": page, "who": who, "query": f"who={who}" if who else "",
        "people": len(people), "reached": len(people) - len(silent), "silent": len(silent),
        "hand": sum(bool(r.by_hand) and r.first is None for r in people), "failed": set(failed),
        "median": times[len(times) // 2].total_seconds() if times else None,
    }  # fmt: skip


@act
def run_comcheck(request: Request) -> HttpResponse:
    """Ask everybody now."""
    hours = whole_number(request.POST.get("hours", "")) or 0
    made = start_comcheck(request.actor, request.organization, reason=request.POST.get("reason", ""),
                          open_for=timedelta(hours=min(hours, 24 * 365)))  # fmt: skip
    return done(request, "comcheck", _("Comcheck %d is under way; the questions go out now.") % made.number)


@act
def end_comcheck(request: Request, number: str) -> HttpResponse:
    """Close a round before its time."""
    found = Comcheck.objects.filter(organization=request.organization, number=_number(number)).first()
    if found is None:
        raise Hidden
    close_comcheck(request.actor, request.organization, comcheck=found)
    return done(request, "comcheck", _("Comcheck %d is closed.") % found.number)


@act
def tick_reached(request: Request, ask: str) -> HttpResponse:
    """Note that somebody was reached by telephone or in person."""
    found = (
        ComcheckAsk.objects.filter(pk=_number(ask), comcheck__organization=request.organization)
        .select_related("member")
        .first()
    )
    if found is None:
        raise Hidden
    mark_reached(request.actor, request.organization, ask=found)
    return done(request, "comcheck", _("%s was reached.") % found.member.name)


@login_not_required
@csrf_exempt  # the link itself is the secret, and who opens it has no session to protect
@sensitive_variables("token")
def reached(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind a Comcheck's link. Looking answers nothing, mail scanners look at every link; the button does."""
    ask = ask_of(token)
    context = {"ask": ask}
    if ask is None:
        return render(request, "people/reached.html", context, status=404)
    if request.method == "POST" and ask.answered_at is None:
        try:
            answer_comcheck(Actor.system("Comcheck"), ask.comcheck.organization, ask=ask, how="link")
        except Invalid:
            return render(request, "people/reached.html", {"ask": None}, status=404)
        ask.refresh_from_db()
    answer = render(request, "people/reached.html", context)
    answer["Cache-Control"] = "no-store"
    answer["Referrer-Policy"] = "no-referrer"
    return answer
