"""The documents of a rule file, and where in the file a refused one stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from tocsin.lab.sigma.compiled import RefusedRule, RuleInfo

RULE_KEYS = frozenset({"detection", "correlation", "filter", "action", "logsource"})
"""Keys of which a document has at least one if it is meant to be a rule."""
UTF16LE = re.compile(r"\|utf16le(?=\||$)")


@dataclass(frozen=True)
class Document:
    """One document of a rule file: the file's name and text, and what it says."""

    file: str
    text: str = field(repr=False)
    content: dict[str, Any]

    def refused(self, key: str, reason: str) -> RefusedRule:
        """Return the refusal of the document for a reason that lies in one of its keys."""
        rule_id, title = str(self.content.get("id") or ""), str(self.content.get("title") or "")
        line = max(_line_of(self.text, key), _document_line(self.text, rule_id))
        return RefusedRule(self.file, line, rule_id, title, reason)

    @property
    def names(self) -> tuple[str, ...]:
        """The id and the name by which other rules may refer to it."""
        return tuple(str(each).lower() for each in (self.content.get("id"), self.content.get("name")) if each)


def documents_of(name: str, content: bytes) -> list[Document] | RefusedRule:
    """Return the documents of a rule file, or why it has none."""
    # Late: a cached start parses nothing.
    import yaml

    text = content.decode("utf-8", "replace")
    try:
        loaded = [each for each in yaml.load_all(text, Loader=yaml.CSafeLoader) if each is not None]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = f"not readable as YAML: {getattr(error, 'problem', None) or error}"
        return RefusedRule(name, mark.line + 1 if mark else 1, "", "", reason)
    except (ValueError, RecursionError) as error:
        return RefusedRule(name, 1, "", "", f"not readable as YAML: {error}")
    if not any(isinstance(each, dict) and RULE_KEYS & set(each) for each in loaded):
        return RefusedRule(name, 1, "", "", "file holds no Sigma rule")
    merged = _merged(loaded)
    if not all(isinstance(each, dict) for each in merged):
        return RefusedRule(name, 1, "", "", "file holds a document that is not a Sigma rule")
    return [Document(name, text, with_wide(each)) for each in merged]


def info_of(document: Document) -> RuleInfo:
    """Return what a rule says of itself."""
    content = document.content
    title = str(content.get("title") or document.file)
    return RuleInfo(
        id=str(content.get("id") or sha256(f"{document.file}\0{title}".encode()).hexdigest()[:32]),
        title=title,
        level=str(content.get("level") or ""),
        status=str(content.get("status") or ""),
        tags=_texts(content.get("tags")),
        author=str(content.get("author") or ""),
        description=str(content.get("description") or "").strip(),
        falsepositives=_texts(content.get("falsepositives")),
        references=_texts(content.get("references")),
        file=document.file,
    )


def with_wide(node: Any) -> Any:
    """Return a rule with the modifier `utf16le` under the name that pySigma knows, `wide`."""
    if isinstance(node, dict):
        return {
            (UTF16LE.sub("|wide", key) if isinstance(key, str) else key): with_wide(value)
            for key, value in node.items()
        }
    return [with_wide(item) for item in node] if isinstance(node, list) else node


def _merged(documents: Sequence[Any]) -> list[Any]:
    """Return a file's documents with `action: global` and `action: repeat` worked in."""
    if not any(isinstance(document, dict) and "action" in document for document in documents):
        return list(documents)
    common: dict[str, Any] = {}
    previous: dict[str, Any] = {}
    found: list[Any] = []
    for document in documents:
        if not isinstance(document, dict):
            found.append(document)
            continue
        action = document.get("action")
        plain = {key: value for key, value in document.items() if key != "action"}
        if action == "global":
            common = plain
        elif action == "reset":
            common = {}
        elif action == "repeat":
            previous = _overlaid(previous, plain)
            found.append(previous)
        else:
            previous = _overlaid(common, plain)
            found.append(previous)
    return found


def _overlaid(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        inner = merged.get(key)
        merged[key] = _overlaid(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged


def _document_line(text: str, rule_id: str) -> int:
    place = text.find(rule_id) if rule_id else 0
    return text.count("\n", 0, max(0, text.rfind("\n---", 0, max(place, 0)) + 1)) + 1


def _line_of(text: str, key: str) -> int:
    """Return the line on which a key first stands, or 1."""
    found = re.search(rf"^\s*{re.escape(key)}\s*:", text, re.MULTILINE)
    return text.count("\n", 0, found.end()) + 1 if found else 1


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)] if value else []
