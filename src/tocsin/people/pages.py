"""What every page behind the sign-in needs: who asks, for which organization, and how an act is answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from tocsin.core.access import Actor, Forbidden, Hidden, Standing
from tocsin.core.action import ACTIONS
from tocsin.core.models import Organization
from tocsin.people.models import User
from tocsin.people.queries import organizations_of, organizations_reached_by, places_of
from tocsin.plan.facts import PLACEHOLDER

P = ParamSpec("P")
DIGITS = 18
HEADER = 300  # what is said in a header: proxies refuse long ones


class Can:
    """What the person may do here, asked by the verb with its dot as an underscore: `can.task_complete`."""

    def __init__(self, at: Standing) -> None:
        self.at = at

    def __getitem__(self, name: str) -> bool:
        verb = name.replace("_", ".", 1)
        return bool(ACTIONS[verb].policy(self.at))  # type: ignore[attr-defined]  # set by core.action.action


class Request(HttpRequest):
    """A request of a person who signed in, in the organization that the page is about.

    `of_the_house` says whether they hold a role in the organization itself, whose plan and team only those see.
    """

    user: User
    organization: Organization
    actor: Actor
    can: Can
    of_the_house: bool


Page = Callable[Concatenate[Request, P], HttpResponseBase]
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def looked_at(request: HttpRequest, known: list[Organization]) -> Organization:
    """The one of the person's organizations that they chose to look at, else the first."""
    chosen = request.session.get("organization")
    return next((o for o in known if str(o.pk) == chosen), known[0])


def is_of_the_house(request: HttpRequest) -> bool:
    """Whether the person sees the plan and the team of the organization they look at. Asked outside `signed_in` too."""
    found: bool | None = getattr(request, "of_the_house", None)
    if found is None:
        known = organizations_reached_by(request.user)  # type: ignore[arg-type]
        found = bool(known) and looked_at(request, known) in organizations_of(request.user)  # type: ignore[arg-type]
        request.of_the_house = found  # type: ignore[attr-defined]
    return found


def signed_in(page: Page[P]) -> View[P]:
    """A page for members of an organization. Raises Forbidden for a person who is in none."""

    @wraps(page)
    def view(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        user = request.user
        request.actor = user.actor  # type: ignore[attr-defined, union-attr]
        places = places_of(user)  # type: ignore[arg-type]
        known = list(places)
        if not known:
            raise Forbidden(_("You belong to no organization yet. Ask an administrator to invite you."))
        organization = looked_at(request, known)
        request.organization = organization  # type: ignore[attr-defined]
        request.organizations = known  # type: ignore[attr-defined]
        request.can = Can(Standing(organization=places[organization]))  # type: ignore[attr-defined]
        # Kept apart: on the pages of an incident `can` is about the incident, and the bar still leads to the house's.
        request.of_the_house = bool(request.can.at.organization)  # type: ignore[attr-defined]
        return page(request, *args, **kwargs)  # type: ignore[arg-type]

    return cast("View[P]", login_required(view))


def of_the_house(page: Page[P]) -> View[P]:
    """A page for who holds a role in the organization itself; a role in one of its incidents opens it to nobody."""

    @wraps(page)
    def view(request: Request, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.can.at.organization:
            raise Hidden
        return page(request, *args, **kwargs)

    return signed_in(cast("Page[P]", view))


def act(page: Page[P]) -> View[P]:
    """An address that only takes what a form sends."""
    return require_POST(signed_in(page))


@dataclass(frozen=True)
class Part:
    """A piece of a prepared text: words as they stand, or the fact `name` that is filled in, or missing, there."""

    text: str
    name: str = ""
    missing: bool = False


def filled(body: str, known: Mapping[str, object]) -> list[Part]:
    """A prepared text with the known facts in their places, and a gap where one is not known.

    Each placeholder is replaced once, as plain text: what a fact says is never read as a template.
    """
    parts = []
    for place, piece in enumerate(PLACEHOLDER.split(body)):
        if place % 2 == 0:
            parts.append(Part(piece))
        elif (value := known.get(piece)) in (None, ""):
            parts.append(Part(piece.replace("_", " "), piece, missing=True))
        else:
            said = (_("yes") if value else _("no")) if isinstance(value, bool) else str(value)
            parts.append(Part(said, piece))
    return [p for p in parts if p.text]


def asked_number(request: HttpRequest, name: str) -> int | None:
    """A whole number of the address's query; None where there is none, or one that no row can have."""
    return whole_number(request.GET.get(name, ""))


def whole_number(text: str) -> int | None:
    """The text as a number from 0 to eighteen digits, which fits every database's column; None for anything else."""
    return int(text) if text.isdecimal() and len(text) <= DIGITS else None


def done(request: HttpRequest, to: str, said: str = "") -> HttpResponse:
    """Answer an act: a plain form is led to the page `to`; htmx is told, and the page looks again by itself."""
    if request.headers.get("HX-Request"):
        news = json.dumps({"tocsin:done": {"said": said[:HEADER]}})
        return HttpResponse(status=204, headers={"HX-Trigger": news})
    if said:
        messages.success(request, said)
    return redirect(to)
