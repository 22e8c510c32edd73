"""What a CACAO 2.0 document is made of: its words, its identifiers, and reading it from text."""

from __future__ import annotations

import base64
import binascii
import json
import re
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

SPEC_VERSION = "cacao-2.0"
MAX_CHARACTERS = 4 * 1024 * 1024
MAX_STEPS = 300

IDENTIFIER = re.compile(
    r"^[a-z][a-z0-9-]+[a-z0-9]--[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[1-5][0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$"
)
VARIABLE = re.compile(r"^__[a-zA-Z_][a-zA-Z0-9_-]{0,199}__$")

BRANCHING = ("parallel", "if-condition", "while-condition", "switch-condition")
WORK = ("action", "playbook-action")
STEP_TYPES = ("start", "end", *WORK, *BRANCHING)
HUMAN = ("individual", "group", "organization")
AGENT_TYPES = (*HUMAN, "location", "sector", "http-api", "linux", "net-address", "security-category", "ssh")

# Every identifier of ours grows from this one, so that the same plan always exports the same document.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:tocsin:cacao")


class CacaoError(Exception):
    """A document that is refused. `reasons` says why, most telling first."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = list(reasons)
        super().__init__("; ".join(self.reasons))


def identifier(kind: str, *parts: str) -> str:
    """A CACAO identifier of that kind, always the same for the same parts (UUID version 5)."""
    return f"{kind}--{uuid.uuid5(_NAMESPACE, json.dumps([kind, *parts], ensure_ascii=False))}"


EXTENSION = identifier("extension-definition", "step")


def read_document(text: str) -> dict[str, Any]:
    """The JSON object in `text`; raises CacaoError when it is none, names a key twice, or is far too big."""
    if len(text) > MAX_CHARACTERS:
        raise CacaoError([f"the document has more than {MAX_CHARACTERS // 1024 // 1024} MiB of text"])
    try:
        document = json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise CacaoError([f"this is no JSON: {error.msg} at line {error.lineno}, column {error.colno}"]) from None
    except RecursionError:
        raise CacaoError(["the document is nested too deeply"]) from None
    if not isinstance(document, dict):
        raise CacaoError(["a playbook is a JSON object"])
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise CacaoError([f"the key '{key}' stands twice in one object; one of the two would silently win"])
        found[key] = value
    return found


def mapping(document: dict[str, Any], key: str) -> dict[str, dict[str, Any]]:
    """The objects under `key` by id; what is no object is left out (the checks speak of it)."""
    found = document.get(key)
    if not isinstance(found, dict):
        return {}
    return {str(name): value for name, value in found.items() if isinstance(value, dict)}


def references(step: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(property, id) of every step that a step leads to."""
    for key in ("on_completion", "on_success", "on_failure", "on_true", "on_false"):
        if isinstance(step.get(key), str):
            yield key, step[key]
    nexts = step.get("next_steps")
    for target in nexts if isinstance(nexts, list) else []:
        yield "next_steps", str(target)
    cases = step.get("cases")
    for case, target in cases.items() if isinstance(cases, dict) else []:
        yield f"case '{case}'", str(target)


def command_text(command: dict[str, Any]) -> str:
    """What a command says, decoded; raises ValueError when its base64 is no text."""
    for key in ("command", "content"):
        if command.get(key):
            return str(command[key])
    for key in ("command_b64", "content_b64"):
        if command.get(key):
            try:
                return base64.b64decode(str(command[key]), validate=True).decode("utf-8")
            except (binascii.Error, UnicodeDecodeError):
                raise ValueError(f"{key} is no base64 of UTF-8 text") from None
    return ""


def slug(text: str, fallback: str) -> str:
    """A key of the plan made of a name: small letters, digits and hyphens."""
    found = "-".join(re.findall(r"[a-z0-9]+", text.lower()))[:70].strip("-")
    return found or fallback
