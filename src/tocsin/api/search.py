"""Search over everything that the asker may see."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from tocsin.api.asking import actor_of
from tocsin.api.paging import Page, Paged
from tocsin.core.searching import LONGEST, Hit, query_of
from tocsin.web.search import ORDER, found

router = Router(tags=["search"])
MOST = 500
"""How many rows of one kind are looked at, the newest."""
Kind = Literal["incident", "task", "decision", "finding", "scope", "remediation", "note", "report", "evidence", "indicator",
               "log", "alert", "message", "person", "step"]  # fmt: skip


class HitOut(Schema):
    """Something that holds every word: what it is, its number or name, and where its page is."""

    kind: Kind
    name: str
    title: str
    text: str = Field(description="The words about the first that was found.")
    at: datetime
    chain: UUID = Field(description="The incident's id; for people, plan steps and alerts the organization's.")
    url: str

    @staticmethod
    def resolve_url(hit: Hit) -> str:
        """The whole address of its page."""
        return f"{settings.BASE_URL}{hit.url}"


class Sought(Schema):
    """Words, in any order; "quoted words" stand together."""

    q: str = Field(min_length=1, max_length=LONGEST)
    kind: Kind | None = None


@router.get("/search", response=Page[HitOut])
def search_everything(request: HttpRequest, paged: Query[Paged], sought: Query[Sought]) -> dict[str, Any]:
    """What holds every word of `q`, the most telling first."""
    hits = found(actor_of(request), query_of(sought.q), MOST, (sought.kind,) if sought.kind else ())
    return paged.listed(hits, key=lambda h: (not h.heading, -h.at.timestamp(), ORDER[h.kind], str(h.chain), h.key))
