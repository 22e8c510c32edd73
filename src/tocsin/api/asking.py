"""Who asks and about what: keys and sessions, and the incident or organization that the asker may see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from ninja.errors import AuthenticationError, HttpError
from ninja.security import HttpBearer
from ninja.security.session import SessionAuth
from pydantic import AfterValidator, AwareDatetime

from tocsin.api.problems import WHO, problem
from tocsin.api.scopes import check_scope
from tocsin.core import clock
from tocsin.core.access import Actor, Hidden, visible
from tocsin.core.action import Invalid
from tocsin.core.clock import sane
from tocsin.core.models import Organization
from tocsin.incidents.models import Incident
from tocsin.people.actions import hashed
from tocsin.people.bookkeeping import note_use
from tocsin.people.models import User
from tocsin.people.queries import known_token

M = TypeVar("M", bound=Model)
Moment = Annotated[AwareDatetime, AfterValidator(sane)]
"""A time that somebody sends: with its zone, between 1970 and 2200."""
LARGEST = 10**18 - 1
"""The largest number that is taken: it fits every database's column."""


class Key(HttpBearer):
    """An API token in `Authorization: Bearer`; it acts as the person it was made for."""

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        """The person behind a live token. Raises AuthenticationError for one whose time is over, Forbidden for one
        without the scope that the operation asks for.
        """
        found = known_token(hashed(token))
        if found is None:
            return None
        if found.expired(now := clock.now()):
            when = f"{found.expires_at:%Y-%m-%d %H:%M} UTC"
            raise AuthenticationError(message=f"This token expired on {when}. Make a new one on your account's page.")
        request.token = found  # type: ignore[attr-defined]
        if scope := getattr(request, "asks_for", None):
            check_scope(found, scope)
        note_use(found, now)
        return found.user


class Session(SessionAuth):
    """The browser's session; whatever changes something needs the CSRF token too."""

    def __call__(self, request: HttpRequest) -> Any:
        """The person who signed in. A request that brings a key stands by that key alone."""
        return None if "Authorization" in request.headers else super().__call__(request)


def person_of(request: HttpRequest) -> User | None:
    """Who asks, before an operation has asked for it: by the same keys and sessions, with the same refusals."""
    person: User | None = Key()(request) or Session()(request)
    return person


def for_those_who_came_in(page: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """The page for who brings a live key or a session; 401 for anybody else."""

    def view(request: HttpRequest, **given: Any) -> HttpResponse:
        try:
            known = person_of(request)
        except HttpError as refused:
            return problem(refused.status_code, str(refused))
        return page(request, **given) if known else problem(401, WHO)

    return view


def asker_of(request: HttpRequest) -> User:
    """The person who asks, once an operation let them in."""
    person: User = request.auth  # type: ignore[attr-defined]  # set by ninja from Key or Session
    return person


def actor_of(request: HttpRequest) -> Actor:
    """The person who asks, as the one who acts."""
    return asker_of(request).actor


def incident_of(request: HttpRequest, incident: UUID) -> Incident:
    """The incident of that id, if the asker is on it; else raises Hidden."""
    rows = Incident.objects.select_related("chain", "organization", "plan_version").defer("plan_version__files")
    found = visible(actor_of(request), rows).filter(pk=incident).first()
    if found is None:
        raise Hidden
    return found


def organization_of(request: HttpRequest, slug: str | None) -> Organization:
    """The organization of that short name, or the asker's only one. Raises Hidden, or Invalid when it is unclear."""
    # An organization's chain carries its id.
    seen = visible(actor_of(request), Organization.objects.order_by("slug"), chain="id")
    found = list(seen.filter(slug=slug) if slug else seen)
    if not found:
        raise Hidden
    if len(found) > 1:
        raise Invalid(f"Say which organization: {', '.join(o.slug for o in found)}.", "organization")
    return found[0]


def numbered(rows: QuerySet[M], number: int) -> M:
    """The row that people call by that number; raises Hidden where there is none."""
    found = rows.filter(number=number).first()
    if found is None:
        raise Hidden
    return found
