"""What the room keeps: accounts and members, plan versions."""

from tocsin.people.models.accounts import (
    Member,
    PlanVersion,
    SignInLink,
    User,
    UserManager,
    parsed,
)
from tocsin.people.models.calling import Paging, PagingCall, PagingState, Via
from tocsin.people.models.duty import Comcheck, ComcheckAsk, Rota, RotaKind, Shift
from tocsin.people.models.machines import ApiToken, IdempotencyKey, Scope, Webhook, WebhookState

__all__ = [
    "ApiToken",
    "Comcheck",
    "ComcheckAsk",
    "IdempotencyKey",
    "Member",
    "Paging",
    "PagingCall",
    "PagingState",
    "PlanVersion",
    "Rota",
    "RotaKind",
    "Scope",
    "Shift",
    "SignInLink",
    "User",
    "UserManager",
    "Via",
    "Webhook",
    "WebhookState",
    "parsed",
]
