"""What happens to the keys that programs bring and to the webhooks that programs are told by."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from tocsin.core.access import OrgRole, organization_role, system_only
from tocsin.core.action import ACTIONS, Call, Invalid, action
from tocsin.core.models import Grant, Organization
from tocsin.people.actions.accounts import hashed
from tocsin.people.models import ApiToken, Scope, User, Webhook, WebhookState
from tocsin.people.sealing import seal
from tocsin.people.signing import new_secret

MOST_TOKENS, MOST_WEBHOOKS, LONGEST = 50, 20, timedelta(days=3660)
TELLS_MACHINES = organization_role(OrgRole.ADMINISTRATOR, OrgRole.RESPONDER)
_VERB = re.compile(r"^[a-z_]+(\.[a-z_]+)?$")


@action("token.create", TELLS_MACHINES)
def create_token(
    call: Call[Organization],
    *,
    user: User,
    label: str,
    scopes: Sequence[str] = (Scope.READ, Scope.WRITE),
    lives: timedelta | None = None,
) -> str:
    """A key for the API that acts as `user` within its scopes; shown once. It ends after `lives`, or never.

    Raises Invalid when it is for somebody else, for unknown scopes, and for a time that is none.
    """
    if not call.actor.is_system and call.actor.user_id != user.id:
        raise Invalid("a token can only be made for yourself")
    chosen = sorted({str(s) for s in scopes})
    if not chosen or not set(chosen) <= set(Scope.values):
        raise Invalid(f"Choose what the token is for: {', '.join(Scope.values)}.", "scopes")
    if lives is not None and not timedelta(0) < lives <= LONGEST:
        raise Invalid("A token lives one day to ten years.", "days")
    if ApiToken.objects.filter(user=user, revoked_at=None).count() >= MOST_TOKENS:
        raise Invalid(f"You have {MOST_TOKENS} tokens; end those that nobody needs.", "label")
    secret = f"tocsin_{secrets.token_urlsafe(32)}"
    expires = call.real_time + lives if lives else None
    ApiToken.objects.create(
        secret_hash=hashed(secret), user=user, label=label[:100], scopes=chosen, created_at=call.real_time,
        expires_at=expires,
    )  # fmt: skip
    call.record(user, label=label, scopes=chosen, expires_at=expires)
    return secret


@action("token.revoke", TELLS_MACHINES)
def revoke_token(call: Call[Organization], *, token: ApiToken) -> None:
    """End a key. Raises Invalid when it is somebody else's and the actor does not run that person's organization."""
    if not _own_or_run(call, token.user):
        raise Invalid("this token belongs to somebody else")
    token.revoked_at = call.real_time
    token.save(update_fields=["revoked_at"])
    call.record(("user", str(token.user_id)), label=token.label)


@action("webhook.create", TELLS_MACHINES)
def create_webhook(
    call: Call[Organization], *, user: User, label: str, url: str, verbs: Sequence[str] = ()
) -> tuple[Webhook, str]:
    """Have an address told what happens, as far as `user` sees it; the secret that signs it is shown once.

    `verbs` are verbs of the log or their first part (`task`); none means all. Raises Invalid when it is for somebody
    else, for an address that is none, and for a verb that does not exist.
    """
    if not call.actor.is_system and call.actor.user_id != user.pk:
        raise Invalid("a webhook can only be made for yourself")
    host = _host(url)
    wanted = sorted({str(v) for v in verbs})
    known = set(ACTIONS) | {verb.partition(".")[0] for verb in ACTIONS}
    if wrong := [v for v in wanted if not _VERB.match(v) or v not in known or v.startswith("message")]:
        raise Invalid(f"Nothing happens that is called '{wrong[0][:60]}'.", "verbs")
    label = label.strip()[:100] or host[:100]
    if call.place.webhooks.exclude(state=WebhookState.ENDED).count() >= MOST_WEBHOOKS:
        raise Invalid(f"There are {MOST_WEBHOOKS} webhooks; end those that nobody needs.", "label")
    secret = new_secret()
    made = Webhook.objects.create(
        organization=call.place, user=user, label=label, url=url, secret=seal(secret), verbs=wanted,
        created_at=call.real_time,
    )  # fmt: skip
    # Not the whole address: people put passwords into addresses.
    call.record(made, label=label, host=host, verbs=wanted, user=str(user.pk))
    return made, secret


@action("webhook.pause", TELLS_MACHINES)
def pause_webhook(call: Call[Organization], *, webhook: Webhook) -> None:
    """Send nothing for now; nothing is lost, it is sent when the webhook is taken up again."""
    _fresh(call, webhook, WebhookState.ACTIVE)
    _move(call, webhook, WebhookState.PAUSED)


@action("webhook.resume", TELLS_MACHINES)
def resume_webhook(call: Call[Organization], *, webhook: Webhook) -> None:
    """Take a webhook up again that was paused or given up: it is told what it missed."""
    _fresh(call, webhook, WebhookState.PAUSED, WebhookState.FAILING)
    webhook.round += 1
    webhook.failed_because = ""
    _move(call, webhook, WebhookState.ACTIVE)


@action("webhook.end", TELLS_MACHINES)
def end_webhook(call: Call[Organization], *, webhook: Webhook) -> None:
    """End a webhook for good; its secret and its address are forgotten."""
    _fresh(call, webhook, WebhookState.ACTIVE, WebhookState.PAUSED, WebhookState.FAILING)
    webhook.secret = webhook.url = ""
    _move(call, webhook, WebhookState.ENDED)


@action("webhook.fail", system_only)
def fail_webhook(call: Call[Organization], *, webhook: Webhook, because: str) -> None:
    """Write down that a webhook was given up: its address took nothing, however often it was tried."""
    _fresh(call, webhook, WebhookState.ACTIVE)
    webhook.failed_because = because[:500]
    _move(call, webhook, WebhookState.FAILING, because=webhook.failed_because)


def _fresh(call: Call[Organization], webhook: Webhook, *in_states: str) -> None:
    """The webhook as it stands under the lock. Raises Invalid where it is not the actor's to change, or not now."""
    webhook.refresh_from_db()
    if webhook.organization_id != call.place.pk or not _own_or_run(call, webhook.user):
        raise Invalid("this webhook belongs to somebody else")
    if webhook.state not in in_states:
        raise Invalid(f"This webhook is {WebhookState(webhook.state).label.lower()} already.", "state")


def _move(call: Call[Organization], webhook: Webhook, to: WebhookState, **said: str) -> None:
    webhook.state = to
    webhook.save()
    call.record(webhook, label=webhook.label, user=str(webhook.user_id), **said)


def _own_or_run(call: Call[Organization], user: User) -> bool:
    """Whether the actor is this person, or administers the organization that the person belongs to."""
    if call.actor.user_id == user.pk:
        return True
    grants = Grant.objects.filter(chain=call.chain)
    runs = call.actor.is_system or grants.filter(user_id=call.actor.user_id, role=OrgRole.ADMINISTRATOR).exists()
    return runs and grants.filter(user_id=user.pk).exists()


def _host(url: str) -> str:
    """The host of an address that can be told something. Raises Invalid."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError as error:
        raise Invalid("This is no address of a web server.", "url") from error
    if len(url) > 400 or not url.isascii() or not url.isprintable() or " " in url:
        raise Invalid("An address has 400 plain characters at most.", "url")
    if parts.scheme not in ("https", "http") or not host or parts.username or parts.password:
        raise Invalid("Write the address as https://host/path, without a name or password in it.", "url")
    return host
