"""How the API says what went wrong: application/problem+json (RFC 9457), with what to do in `detail`."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError

from tocsin.core.access import Forbidden, Hidden
from tocsin.core.action import Invalid, Stale
from tocsin.core.busy import BUSY_SECONDS, is_busy, is_no_text
from tocsin.evidence.store import StoreError
from tocsin.lab.lake import QueryError
from tocsin.plan.problems import PlanError

logger = logging.getLogger(__name__)
WHO = "Send an API token as 'Authorization: Bearer …', or sign in."


class Taken(Exception):
    """Another request holds this Idempotency-Key."""


class Problem(Schema):
    """What went wrong. `field` and `errors` point at what was sent."""

    title: str
    status: int
    detail: str
    field: str = ""
    errors: list[str] = []
    place: int | None = None
    """Where a question to the events cannot be understood: a character's place, from 0."""


def problem(status: int, detail: str, **more: Any) -> HttpResponse:
    """An answer of that status in the form of a problem."""
    body = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail} | more
    answer = JsonResponse(body, status=status, content_type="application/problem+json")
    if status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="Tocsin"'
    return answer


def _where(error: dict[str, Any]) -> str:
    # ('body', 'given', 'title') -> title; ninja puts the source and its own argument name in front.
    parts = [str(p) for p in error["loc"]]
    return ".".join(parts[2:] if parts[0] == "body" else parts[1:])


def _validation(error: ValidationError) -> HttpResponse:
    errors = [f"{_where(e)}: {e['msg']}".removeprefix(": ") for e in error.errors]
    field = _where(error.errors[0]) if error.errors else ""
    return problem(422, "What was sent does not fit: " + "; ".join(errors), field=field, errors=errors)


def answer_to(_request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    """The answer to what was raised; what nobody foresaw is logged and answered with 500."""
    known = _of_the_house(error) or _of_the_request(error)
    if known is None:
        logger.error("the API failed", exc_info=error if isinstance(error, Exception) else None)
        return problem(500, "Tocsin failed at this; its own log says why.")
    return known


def _of_the_house(error: Exception | type[Exception]) -> HttpResponse | None:
    """What rooms raise."""
    match error:
        case Hidden():
            return problem(404, "There is nothing here for you.")
        case Forbidden():
            return problem(403, str(error))
        case Stale():
            return problem(412, str(error), field=error.field or "If-Match")
        case Invalid():
            where = {"place": error.__cause__.place} if isinstance(error.__cause__, QueryError) else {}
            return problem(422, str(error), field=error.field, **where)
        case PlanError():
            return problem(422, "The plan does not hold together.", errors=[str(p) for p in error.problems])
        case StoreError():
            return problem(507, str(error))
    return None


def _of_the_request(error: Exception | type[Exception]) -> HttpResponse | None:
    """What the ground says about a request: it cannot be read, nobody known sent it, or there is no room for it now."""
    match error:
        case ValidationError():
            return _validation(error)
        case Taken():
            return problem(409, "Another request under this Idempotency-Key is being answered; send it again.")
        case AuthenticationError():
            return problem(401, WHO if str(error) == "Unauthorized" else str(error))
        case HttpError() if isinstance(error.__cause__ or error.__context__, Invalid):
            return problem(422, str(error.__cause__ or error.__context__))  # the body was read, and a value refused
        case HttpError():
            return problem(error.status_code, str(error))
        case RequestDataTooBig():
            return problem(413, "That is too much for one request.")
        case SuspiciousOperation():
            return problem(400, "The request could not be understood.")
        case _ if is_no_text(error):
            return problem(422, "What was sent holds a character that no text has (NUL).")
        case _ if is_busy(error):
            answer = problem(503, "Tocsin is busy and did nothing of this. Try it again in a moment.")
            answer.headers["Retry-After"] = str(BUSY_SECONDS)
            return answer
    return None


def answer_with_problems(api: NinjaAPI) -> None:
    """Have every error of an API answered as a problem."""
    for kind in (Exception, HttpError, ValidationError):  # ninja brings answers of its own for the latter two
        api.add_exception_handler(kind, answer_to)
