"""Which state of a thing an answer shows (ETag), and which one a change was made for (If-Match)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Header
from pydantic import BeforeValidator, WithJsonSchema

from tocsin.incidents.kept import once
from tocsin.incidents.models import Incident

_TAG = re.compile(r'^"(\d{1,9})(?:-[0-9a-f]{16})?"$')


def _revision(sent: Any) -> int | None:
    """The revision that an If-Match names; None for `*`, which any state fits."""
    if sent is None or isinstance(sent, int) or str(sent).strip() == "*":
        return sent if isinstance(sent, int) else None
    found = _TAG.match(str(sent).strip())
    if found is None:
        raise ValueError("send the ETag that the thing was answered with, as it was")
    return int(found[1])


Seen = Annotated[
    int | None,
    BeforeValidator(_revision),
    WithJsonSchema({"type": "string", "pattern": r'^("[0-9]{1,9}(-[0-9a-f]{16})?"|\*)$'}),
    Header(
        None, alias="If-Match", description="The ETag you saw: a change on top of somebody else's is refused with 412."
    ),
]
"""The revision that a change was made for: take it as `seen: Seen = None` and hand it on as `revision=seen`."""


def told(
    request: HttpRequest, incident: Incident, make: Callable[[], dict[str, Any]], but: frozenset[str]
) -> dict[str, Any] | HttpResponse:
    """What an operation answers alike to everybody on an incident that they were found to be on: as it was written for
    the last who asked, while nothing has happened but entries of the kinds `but` (incidents/kept.py); else made anew.
    """
    written: dict[str, Any] = once(request.path, incident, dict, request.META["QUERY_STRING"], but=but)
    if "body" in written:
        return HttpResponse(written["body"], content_type=written["type"], headers={"ETag": written["tag"]})
    request.written = written  # type: ignore[attr-defined]  # Api.create_response fills it in
    return make()


def keep(request: HttpRequest, answer: HttpResponse) -> None:
    """Keep an answer for the next who asks, where the operation said that it is the same for them (`told`)."""
    written = getattr(request, "written", None)
    if written is not None and answer.status_code == 200:
        written.update(type=answer.headers["Content-Type"], tag=answer.headers["ETag"])
        written["body"] = answer.content


def tag_of(body: bytes, revision: int | None) -> str:
    """The ETag of an answer: the thing's revision, where it has one, and what the answer's bytes come to."""
    digest = hashlib.sha256(body).hexdigest()[:16]
    return f'"{digest}"' if revision is None else f'"{revision}-{digest}"'
