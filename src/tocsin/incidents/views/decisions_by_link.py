"""The page behind the signed link: the brief with large buttons, for who decides from a phone without an account."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from tocsin.core.access import Actor, Forbidden
from tocsin.core.action import Invalid
from tocsin.incidents.actions import decide
from tocsin.incidents.actions.decisions import DecidedBefore
from tocsin.incidents.decision_links import Asked, asked_by
from tocsin.incidents.models import DecisionState
from tocsin.incidents.pages import how_near, sent, share_left
from tocsin.incidents.queries import now_in
from tocsin.incidents.views.decisions import AGAIN_IN, look_again_at, shown_brief

PAGE = "incidents/decide.html"


@login_not_required
@csrf_exempt  # the link itself is the secret: who does not have it cannot make anybody send it
@sensitive_variables("token")
@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: HttpRequest, token: str) -> HttpResponseBase:
    """The brief for whom the link was made. Looking at it decides nothing: mail scanners look at every link."""
    asked = asked_by(token)
    if asked is None:
        return render(request, PAGE, {"ended": _("This link is not one of ours.")}, status=404)
    if asked.ended:
        return render(request, PAGE, {"ended": asked.ended}, status=410)
    with timezone.override(_zone(asked)):
        if request.method != "POST":
            return render(request, PAGE, _page(asked))
        return _taken(request, asked, token)


def _taken(request: HttpRequest, asked: Asked, token: str) -> HttpResponse:
    """Take the decision in the name of whom the link was made for; a refusal keeps what was typed."""
    try:
        decide(
            Actor.system("Decision link"), asked.incident, decision=asked.decision, chosen=sent(request, "chosen"),
            reason=sent(request, "reason"), revisit_at=look_again_at(request, now_in(asked.incident)),
            member=asked.seat.member,
        )  # fmt: skip
    except DecidedBefore:
        pass  # a double tap, or somebody was faster: the page says how it stands
    except (Invalid, Forbidden) as refused:
        asked.decision.refresh_from_db()
        typed = {"refused": str(refused), "chosen": sent(request, "chosen"), "reason": sent(request, "reason")}
        status = 403 if isinstance(refused, Forbidden) else 422
        return render(request, PAGE, _page(asked) | typed, status=status)
    return redirect("decide-by-link", token)


def _zone(asked: Asked) -> tzinfo:
    """The zone of whom the link was made for, else the organization's."""
    member = asked.seat.member
    contact = asked.incident.plan_version.plan.contacts.get(member.key) if member else None
    return ZoneInfo((contact and contact.time_zone) or asked.incident.organization.time_zone)


def _page(asked: Asked) -> dict[str, Any]:
    incident, row, now = asked.incident, asked.decision, now_in(asked.incident)
    lamp = how_near(row.due_at, now, row.opened_at)
    return {
        "now": now,
        "clock_speed": incident.chain.clock_speed if incident.chain.clock else None,
        "exercise": {"name": _("This is an exercise.")} if incident.exercise else None,
        "asked": asked,
        "place": incident,
        "decision": row,
        "brief": shown_brief(row, now) if row.state == DecisionState.OPEN else None,
        "lamp": lamp,
        "ring": lamp or "run",
        "left": share_left(row.opened_at, row.due_at, now),
        "again_in": AGAIN_IN,
        "has_account": asked.seat.user_id is not None,
        "own": bool(asked.seat.member and row.decided_by == asked.seat.member.name),
    }
