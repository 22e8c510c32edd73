"""Who one is to the API; its keys; webhooks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from django.db.models import Max, QuerySet
from django.http import HttpRequest
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tocsin.api.asking import actor_of, asker_of, organization_of
from tocsin.api.paging import Page, Paged
from tocsin.api.scopes import scoped
from tocsin.core.access import Forbidden, Hidden, OrgRole
from tocsin.core.models import Grant, OutboxMessage
from tocsin.people.actions import (
    create_token,
    create_webhook,
    end_webhook,
    pause_webhook,
    resume_webhook,
    revoke_token,
)
from tocsin.people.models import ApiToken, Scope, Webhook
from tocsin.people.queries import organizations_reached_by
from tocsin.people.webhooks import address_of

router = Router(tags=["machines"])


class MeOut(Schema):
    """The person that a request acts as, and what its token is for (null: a session, without bounds)."""

    id: UUID
    name: str
    email: str
    time_zone: str
    organizations: list[str]
    scopes: list[str] | None
    expires_at: datetime | None


class TokenOut(Schema):
    """A key; `handle` names it. `last_used_at` is right to a quarter of an hour."""

    handle: str
    label: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewTokenOut(TokenOut):
    """The key itself is answered this once."""

    secret: str


class NewToken(Schema, extra="forbid"):
    """What a key is for, and after how many days it ends (null: never)."""

    label: str = Field(max_length=100)
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=10)] = [Scope.READ]
    days: int | None = Field(90, ge=1, le=3650)
    organization: str | None = None


class WebhookOut(Schema):
    """A webhook and how it stands: active, paused, failing (its address took nothing), ended."""

    id: UUID
    label: str
    url: str
    verbs: list[str]
    state: str
    user: str
    created_at: datetime
    failed_because: str
    told_at: datetime | None


class NewWebhookOut(WebhookOut):
    """The secret that signs what is sent is answered this once."""

    secret: str


class NewWebhook(Schema, extra="forbid"):
    """An address, and of what it is told: verbs of the log, or their first part (`task`); none means all."""

    label: str = Field(max_length=100)
    url: str = Field(max_length=400)
    verbs: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=50)] = []
    organization: str | None = None


@router.get("/me", response=MeOut)
def get_me(request: HttpRequest) -> dict[str, Any]:
    """Who the token or session acts as."""
    person, token = asker_of(request), getattr(request, "token", None)
    return {
        "id": person.pk, "name": person.name, "email": person.email, "time_zone": person.time_zone,
        "organizations": [o.slug for o in organizations_reached_by(person)],
        "scopes": token.scopes if token else None, "expires_at": token.expires_at if token else None,
    }  # fmt: skip


@router.get("/tokens", response=Page[TokenOut])
def list_tokens(request: HttpRequest, paged: Query[Paged]) -> dict[str, Any]:
    """Your keys, the newest first."""
    return paged.rows(ApiToken.objects.filter(user=asker_of(request)), "-created_at", "pk")


@router.post("/tokens", response={201: NewTokenOut})
@scoped("admin")
def make_token(request: HttpRequest, given: NewToken) -> Status[dict[str, Any]]:
    """Make a key that acts as you. A key cannot make one that may do more than itself."""
    place = organization_of(request, given.organization)
    lives = timedelta(days=given.days) if given.days else None
    scopes = within(request, given.scopes)
    secret = create_token(
        actor_of(request), place, user=asker_of(request), label=given.label, scopes=scopes, lives=lives
    )
    made = ApiToken.objects.filter(user=asker_of(request)).order_by("-created_at").first()
    return Status(201, TokenOut.from_orm(made).dict() | {"secret": secret})


@router.delete("/tokens/{str:handle}", response={204: None})
@scoped("admin")
def end_token(request: HttpRequest, handle: str, organization: str | None = None) -> Status[None]:
    """End one of your keys."""
    live = ApiToken.objects.filter(user=asker_of(request), revoked_at=None, secret_hash__startswith=handle)
    found = live.first() if len(handle) == 16 else None
    if found is None:
        raise Hidden
    revoke_token(actor_of(request), organization_of(request, organization), token=found)
    return Status(204, None)


@router.get("/webhooks", response=Page[WebhookOut])
@scoped("admin")
def list_webhooks(request: HttpRequest, paged: Query[Paged], organization: str | None = None) -> dict[str, Any]:
    """Your webhooks; to administrators, all of the organization."""
    page = paged.rows(_webhooks(request, organization), "created_at", "pk")
    return page | {"items": [_shown(webhook) for webhook in page["items"]]}


@router.post("/webhooks", response={201: NewWebhookOut})
@scoped("admin")
def make_webhook(request: HttpRequest, given: NewWebhook) -> Status[dict[str, Any]]:
    """Have an address told what happens, as far as you see it."""
    place = organization_of(request, given.organization)
    webhook, secret = create_webhook(
        actor_of(request), place, user=asker_of(request), label=given.label, url=given.url, verbs=given.verbs
    )
    return Status(201, _shown(webhook) | {"secret": secret})


@router.get("/webhooks/{uuid:webhook}", response=WebhookOut)
@scoped("admin")
def get_webhook(request: HttpRequest, webhook: UUID, organization: str | None = None) -> dict[str, Any]:
    """One webhook."""
    return _shown(_webhook(request, webhook, organization))


@router.post("/webhooks/{uuid:webhook}/pause", response=WebhookOut)
@scoped("admin")
def pause_a_webhook(request: HttpRequest, webhook: UUID, organization: str | None = None) -> dict[str, Any]:
    """Send nothing for now; it is sent when the webhook is taken up again."""
    return _act(request, webhook, organization, pause_webhook)


@router.post("/webhooks/{uuid:webhook}/resume", response=WebhookOut)
@scoped("admin")
def resume_a_webhook(request: HttpRequest, webhook: UUID, organization: str | None = None) -> dict[str, Any]:
    """Take a webhook up again; it is told what it missed."""
    return _act(request, webhook, organization, resume_webhook)


@router.delete("/webhooks/{uuid:webhook}", response={204: None})
@scoped("admin")
def end_a_webhook(request: HttpRequest, webhook: UUID, organization: str | None = None) -> Status[None]:
    """End a webhook for good."""
    _act(request, webhook, organization, end_webhook)
    return Status(204, None)


def within(request: HttpRequest, wanted: list[Scope]) -> list[str]:
    """The scopes that a new key gets: a key that asks gives none that it has not itself, else raises Forbidden."""
    token: ApiToken | None = getattr(request, "token", None)
    chosen = [str(s.value) for s in wanted]
    if token is not None and (more := set(chosen) - set(token.scopes)):
        raise Forbidden(f"A key makes none that may do more than itself: {', '.join(sorted(more))}.")
    return chosen


def _webhooks(request: HttpRequest, slug: str | None) -> QuerySet[Webhook]:
    place, person = organization_of(request, slug), asker_of(request)
    rows = place.webhooks.select_related("user")
    runs = Grant.objects.filter(chain_id=place.pk, user=person, role=OrgRole.ADMINISTRATOR).exists()
    return rows if runs else rows.filter(user=person)


def _webhook(request: HttpRequest, pk: UUID, slug: str | None) -> Webhook:
    found = _webhooks(request, slug).filter(pk=pk).first()
    if found is None:
        raise Hidden
    return found


def _act(request: HttpRequest, pk: UUID, slug: str | None, action: Any) -> dict[str, Any]:
    found = _webhook(request, pk, slug)
    action(actor_of(request), found.organization, webhook=found)
    return _shown(found)


def _shown(webhook: Webhook) -> dict[str, Any]:
    told = OutboxMessage.objects.filter(address=address_of(webhook), sent_at__isnull=False)
    at = told.aggregate(last=Max("sent_at"))["last"]
    shown = {
        name: getattr(webhook, name)
        for name in ("id", "label", "url", "verbs", "state", "created_at", "failed_because")
    }
    return shown | {"user": webhook.user.name, "told_at": at}
