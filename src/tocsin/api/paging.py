"""Lists in pages: `?limit=&cursor=` in, `{items, next}` out. A page goes on behind the last thing that was answered."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import F, Model, Q, QuerySet
from ninja import Schema
from pydantic import Field

from tocsin.core.action import Invalid
from tocsin.core.canonical import instant, storable

T = TypeVar("T")
M = TypeVar("M", bound=Model)
MOST = 1000
"""Things on one page."""
LARGEST = 10**18 - 1


class Page(Schema, Generic[T]):
    """Some of a list; ask again with `cursor` set to `next` until it is null."""

    items: list[T]
    next: str | None


class Paged(Schema):
    """Which page of a list is wanted; take it as `paged: Query[Paged]`."""

    limit: int = Field(100, ge=1, le=MOST, description="How many at most.")
    cursor: str = Field("", max_length=2000, description="`next` of the page before; leave it out for the first page.")

    def rows(self, rows: QuerySet[M], *by: str) -> dict[str, Any]:
        """A page of a query in the order `by` (field names, `-` for descending; rows without a value come last).

        Adds the primary key where `by` does not end with it, so that no two rows stand at one place. What is added
        or removed between two pages moves nothing that both would show. Raises Invalid for a cursor that is none.
        """
        order = [*by] if by and by[-1].lstrip("-") in ("pk", "id") else [*by, "pk"]
        if self.cursor:
            rows = rows.filter(_behind(rows.model, order, _values(self.cursor, order)))
        found = list(rows.order_by(*(_ordered(name) for name in order))[: self.limit + 1])
        shown = found[: self.limit]
        more = len(found) > self.limit
        return {"items": shown, "next": _cursor(order, [_of(shown[-1], name) for name in order]) if more else None}

    def listed(self, things: Iterable[T], key: Callable[[T], tuple[str | int | float, ...]]) -> dict[str, Any]:
        """A page of what is no query, in the order of `key`, which no two share and which is texts and numbers.

        Raises Invalid for a cursor that is none.
        """
        ordered = sorted(things, key=key)
        if self.cursor:
            ordered = _rest(ordered, key, _values(self.cursor, ["key"]))
        shown = ordered[: self.limit]
        more = len(ordered) > self.limit
        return {"items": shown, "next": _cursor(["key"], list(key(shown[-1]))) if more else None}

    def token(self) -> str | None:
        """The opaque place that a library's own page asked to go on from; see `passed_on`. None: the first page."""
        values = _values(self.cursor, ["token"]) if self.cursor else [None]
        if len(values) != 1 or not isinstance(values[0], str | None):
            raise _none()
        return values[0]


def passed_on(token: str | None) -> str | None:
    """A library's own opaque place as `next`."""
    return None if token is None else _cursor(["token"], [token])


def _none() -> Invalid:
    return Invalid("This cursor is none of this list; take `next` of the page before, or begin without one.", "cursor")


def _cursor(order: list[str], values: list[Any]) -> str:
    kept = [
        instant(v) if isinstance(v, datetime) else v if isinstance(v, int | float | None) else str(v) for v in values
    ]
    return base64.urlsafe_b64encode(json.dumps([order, kept], separators=(",", ":")).encode()).decode().rstrip("=")


def _values(cursor: str, order: list[str]) -> list[Any]:
    """What a cursor holds: one plain value for each part of the order. Raises Invalid."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        told, values = json.loads(raw)
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise _none() from error
    if told != order or not isinstance(values, list) or not all(_is_plain(v) for v in values):
        raise _none()
    return values


def _is_plain(value: Any) -> bool:
    match value:
        case None:
            return True
        case bool():
            return True
        case int():
            return abs(value) <= LARGEST
        case float():
            return abs(value) <= LARGEST  # NaN is none either
        case str():
            return value == storable(value)
    return False


def _of(row: Model, path: str) -> Any:
    value: Any = row
    for name in path.lstrip("-").split("__"):
        value = getattr(value, name, None)
    return value


def _ordered(name: str) -> Any:
    field = F(name.lstrip("-"))
    return field.desc(nulls_last=True) if name.startswith("-") else field.asc(nulls_last=True)


def _behind(model: type[Model], order: list[str], values: list[Any]) -> Q:
    """Rows that come after these values in this order; rows without a value come last."""
    if len(order) != len(values):
        raise _none()
    name, value = order[0].lstrip("-"), _typed(model, order[0], values[0])
    same = Q(**{f"{name}__isnull": True}) if value is None else Q(**{name: value})
    after = Q(pk__in=[])
    if value is not None:
        after = Q(**{f"{name}__{'lt' if order[0].startswith('-') else 'gt'}": value}) | Q(**{f"{name}__isnull": True})
    return after | (same & _behind(model, order[1:], values[1:])) if order[1:] else after


def _typed(model: type[Model], name: str, value: Any) -> Any:
    """The value as the field's own kind; raises Invalid for what it could never hold."""
    field: Any = None
    for part in name.lstrip("-").split("__"):
        owner = model if field is None else field.related_model
        field = owner._meta.pk if part == "pk" else owner._meta.get_field(part)
    try:
        made = None if value is None else field.to_python(value)
    except (ValidationError, ValueError, TypeError, OverflowError) as error:
        raise _none() from error
    if isinstance(made, datetime) and made.tzinfo is None:
        raise _none()
    return made


def _rest(ordered: list[T], key: Callable[[T], tuple[Any, ...]], after: list[Any]) -> list[T]:
    try:
        return [one for one in ordered if key(one) > tuple(after)]
    except TypeError as error:  # a text where numbers are compared
        raise _none() from error
