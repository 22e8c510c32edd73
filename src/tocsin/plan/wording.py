"""What the schema says about a wrong value, in words for the person who wrote it."""

from __future__ import annotations

import difflib
import types
from collections.abc import Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

_KEY_FORM = "a key is small letters and digits, parted by - or _ (such as incident-manager)"

_TYPES = {
    "string_type": ("text", "put it in quotes if it looks like a number or a date"),
    "int_type": ("a whole number", ""),
    "int_parsing": ("a whole number", ""),
    "bool_parsing": ("true or false", ""),
    "bool_type": ("true or false", ""),
    "tuple_type": ("a list", "write [a, b] or one '- item' a line"),
    "list_type": ("a list", "write [a, b] or one '- item' a line"),
    "dict_type": ("a mapping", "write one 'key: value' a line"),
    "model_type": ("a mapping", "write one 'key: value' a line"),
    "model_attributes_type": ("a mapping", "write one 'key: value' a line"),
    "date_from_datetime_parsing": ("a date", "write it as 2026-01-31"),
    "date_parsing": ("a date", "write it as 2026-01-31"),
    "date_type": ("a date", "write it as 2026-01-31"),
}


def in_words(detail: ErrorDetails, model: type[BaseModel]) -> tuple[str, str, str]:
    """(code, what is wrong, why it matters) of one Pydantic error of `model`."""
    kind, location, given = detail["type"], detail["loc"], detail["input"]
    name = _name(location)
    if kind == "extra_forbidden":
        return (
            "unknown-key",
            f"unknown key {name}{_hint(location, model)}",
            "a misspelt key is a step that never runs",
        )
    if kind == "missing":
        return "missing-key", f"{name} is missing", _where(location)
    if kind in ("string_pattern_mismatch", "string_too_long") and "[key]" in location:
        return "bad-key", f"{_short(given)} is no key", _KEY_FORM
    if kind == "string_pattern_mismatch":
        pattern = str(detail.get("ctx", {}).get("pattern", ""))
        if pattern.startswith("^[a-z0-9]+"):
            return "bad-key", f"{name} is {_short(given)}, which is no key", _KEY_FORM
        allowed = pattern.strip("^$()").replace("|", ", ")
        return "bad-value", f"{name} is {_short(given)}", f"allowed are {allowed}"
    if kind == "enum":
        what = f"{_short(given)} is no {'name' if '[key]' in location else 'value'} for {name}"
        return "bad-value", what, f"allowed are {detail.get('ctx', {}).get('expected', '')}"
    if kind in _TYPES:
        wanted, help_text = _TYPES[kind]
        return "bad-type", f"{name} has to be {wanted}, not {_short(given)}", help_text
    message = detail["msg"].removeprefix("Value error, ")
    return "bad-value", f"{name}: {message}", ""


def _name(location: tuple[int | str, ...]) -> str:
    path = [part for part in location if part != "[key]"]
    if not path:
        return "the file"
    if isinstance(path[-1], int):
        owner = next((str(p) for p in reversed(path) if isinstance(p, str)), "the list")
        return f"item {path[-1] + 1} of '{owner}'"
    return f"'{path[-1]}'"


def _where(location: tuple[int | str, ...]) -> str:
    path = ".".join(str(p + 1) if isinstance(p, int) else p for p in location[:-1])
    return f"'{path}' needs it" if path else "the file needs it"


def _short(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value)
    return f"'{text[:60]}…'" if len(text) > 60 else f"'{text}'"


def _hint(location: tuple[int | str, ...], model: type[BaseModel]) -> str:
    known = _keys_at(location[:-1], model)
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; allowed here: {', '.join(known)}" if known else ""


def _keys_at(location: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    """The keys that the schema allows at a place in the file; empty where it has no fixed keys."""
    here: Any = model
    for part in location:
        here = _bare(here)
        if isinstance(here, type) and issubclass(here, BaseModel):
            fields = {field.alias or name: field.annotation for name, field in here.model_fields.items()}
            here = fields.get(str(part))
        else:
            arguments = [a for a in get_args(here) if a is not Ellipsis]
            here = arguments[-1] if arguments else None
    here = _bare(here)
    if isinstance(here, type) and issubclass(here, BaseModel):
        return [field.alias or name for name, field in here.model_fields.items()]
    return []


def _bare(annotation: Any) -> Any:
    """The type inside Annotated[...] and X | None."""
    while get_origin(annotation) in (Annotated, Union, types.UnionType):
        arguments = [a for a in get_args(annotation) if a is not type(None)]
        annotation = arguments[0]
    return annotation
