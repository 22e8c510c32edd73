"""What a token may be used for: its scopes, asked before anything else is. They never add to its person's rights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from tocsin.core.access import Forbidden
from tocsin.people.models import ApiToken, Scope

F = TypeVar("F", bound=Callable[..., Any])
OPENS: dict[str, frozenset[str]] = {
    Scope.READ: frozenset({Scope.READ, Scope.WRITE, Scope.ADMIN}),
    Scope.WRITE: frozenset({Scope.WRITE}),
    Scope.ADMIN: frozenset({Scope.ADMIN}),
    Scope.ALERTS_IN: frozenset({Scope.ALERTS_IN, Scope.WRITE}),
    Scope.PAGES_ANSWER: frozenset({Scope.PAGES_ANSWER, Scope.WRITE}),
}
"""What an operation asks for, and which scopes are enough for it."""


def scoped(scope: str) -> Callable[[F], F]:
    """Have an operation ask for this scope instead of `read` or `write`. Stands under the router's decorator."""
    if scope not in OPENS:
        raise ValueError(f"{scope!r} is no scope; take one of {', '.join(OPENS)}")

    def mark(view: F) -> F:
        view.scope = scope  # type: ignore[attr-defined]
        return view

    return mark


def scope_of(view: Callable[..., Any], methods: list[str]) -> str:
    """The scope that an operation asks for."""
    chosen: str | None = getattr(view, "scope", None)
    return chosen or (Scope.READ if set(methods) <= {"GET", "HEAD"} else Scope.WRITE)


def check_scope(token: ApiToken, scope: str) -> None:
    """Raise Forbidden where the token has not the scope. A session, which brings none, has all that its person may."""
    if OPENS[scope].isdisjoint(token.scopes):
        enough = " or ".join(sorted(OPENS[scope]))
        raise Forbidden(f"This token may not be used for that: it takes the scope {enough}.")
