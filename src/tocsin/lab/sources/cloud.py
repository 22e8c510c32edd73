"""What the logs of cloud services share: objects that are written as texts, lists of names and values, other spellings."""

from __future__ import annotations

from typing import Any

import orjson

MAX_TEXT = 1024 * 1024
"""Characters of a text that is parsed as JSON."""


def object_in(value: Any) -> Any:
    """Return the object or list that a text is as JSON, any other value as it is."""
    if type(value) is str and value[:1] in ("{", "[") and len(value) <= MAX_TEXT:
        try:
            return orjson.loads(value)
        except ValueError:
            return value
    return value


def with_texts(fields: dict[str, Any], value: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return fields with those objects and lists of a value also as their JSON, since Sigma rules search these."""
    for name in names:
        item = value.get(name)
        if type(item) in (dict, list) and type(fields.get(name)) is not str:
            fields[name] = text_of(item)
    return fields


def text_of(value: Any) -> str | None:
    """Return an object or a list as its JSON, None for nothing."""
    try:
        return None if value is None else orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return "(nested too deeply)"


def named(value: Any, name: str, content: str) -> dict[str, Any]:
    """Return a list of objects such as `{"Name": "a", "Value": 1}` as one object: `{"a": 1}`."""
    found: dict[str, Any] = {}
    for item in value if type(value) is list else ():
        if type(item) is dict and type(item.get(name)) is str and item.get(content) is not None:
            found.setdefault(item[name], item[content])
    return found


def camel(name: str) -> str:
    """Return a dotted name with its first letter in lower case."""
    return name[:1].lower() + name[1:]
