"""Values of fields as text: what columns of text hold, and how a value is made of its text again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import orjson
import pyarrow as pa

KINDS = {str: "s", int: "i", float: "f", bool: "b"}
"""Types whose values their text says exactly, with the letter that stands for them in a layout."""
NOTHING = type(None)


def array_of(values: Sequence[Any], kinds: set[type]) -> pa.Array:
    """Return values of some types as an array of text. Raises UnicodeEncodeError at lone surrogates."""
    if kinds <= {int, NOTHING}:
        try:
            return pa.array(values, pa.int64()).cast(pa.string())
        except (OverflowError, pa.ArrowInvalid):
            pass  # beyond 64 bits
    if kinds <= {str, NOTHING}:
        return pa.array(values, pa.string())
    return pa.array([value if type(value) is str else text_of(value) for value in values], pa.string())


def text_array(values: Sequence[str | None]) -> pa.Array:
    """Return texts as an array; lone surrogates become question marks."""
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        return pa.array([printable(value) for value in values], pa.string())


def printable(value: Any) -> Any:
    """Return a value as text that can be stored: lone surrogates become question marks."""
    text = text_of(value)
    return None if text is None else text.encode("utf-8", "replace").decode()


def text_of(value: Any) -> str | None:
    """Return a field's value as text: true and false as words, a list's elements on lines of their own."""
    if value is None or type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "\n".join(text_of(element) or "" for element in value)
    if isinstance(value, dict):
        return "\n".join(f"{name}: {text_of(element) or ''}" for name, element in value.items())
    return str(value)


def value_of(text: str | None, kind: str) -> Any:
    """Return the value that a text stands for, by the letter of its kind."""
    if text is None or kind == "s":
        return text
    if kind == "b":
        return text == "true"
    return int(text) if kind == "i" else float(text)


def json_of(value: dict[str, Any]) -> str:
    """Return fields as JSON, whatever they hold."""
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        # Whole numbers beyond 64 bits and lone surrogates, which orjson refuses.
        return json.dumps(value, ensure_ascii=True, default=str)
