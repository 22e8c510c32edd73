"""Whether a document is built of the right kinds of values, so that whoever reads it may rely on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from tocsin.plan.yamlfile import read_yaml

_KINDS: dict[str, Callable[[Any], bool]] = {
    "text": lambda v: isinstance(v, str),
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "object": lambda v: isinstance(v, dict),
    "list of texts": lambda v: isinstance(v, list) and all(isinstance(i, str) for i in v),
    "list of objects": lambda v: isinstance(v, list) and all(isinstance(i, dict) for i in v),
    "object of texts": lambda v: isinstance(v, dict) and all(isinstance(i, str) for i in v.values()),
    "object of objects": lambda v: isinstance(v, dict) and all(isinstance(i, dict) for i in v.values()),
}


@cache
def _shapes(part: str) -> dict[str, list[str]]:
    text = files("tocsin.plan.cacao").joinpath("shapes.yaml").read_text(encoding="utf-8")
    found: dict[str, list[str]] = read_yaml("shapes.yaml", text).value[part]
    return found


def wrong_shapes(document: dict[str, Any]) -> list[str]:
    """Every property of the wrong kind, in words. The workflow has to be an object of objects."""
    found = list(_wrong("playbook", "the playbook", document))
    if found:
        return found
    for key, step in document["workflow"].items():
        found += _wrong("step", f"step '{key}'", step)
        commands = step.get("commands")
        for command in commands if isinstance(commands, list) else []:
            found += _wrong("command", f"a command of step '{key}'", command) if isinstance(command, dict) else []
    for part in ("agent_definitions", "target_definitions"):
        for key, agent in document.get(part, {}).items():
            found += _wrong("agent", f"'{key}' in {part}", agent)
            if isinstance(agent.get("contact"), dict):
                found += _wrong("contact", f"the contact of '{key}' in {part}", agent["contact"])
    return found


def _wrong(part: str, name: str, value: dict[str, Any]) -> Iterator[str]:
    for kind, keys in _shapes(part).items():
        for key in keys:
            if key in value and not _KINDS[kind](value[key]):
                yield f"{name}: '{key}' has to be of the kind: {kind}"
