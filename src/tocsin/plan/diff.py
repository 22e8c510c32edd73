"""What changed from one plan to another, in sentences, with names of people instead of keys.

One walk over the schema serves every part, so a field added to the schema is compared from its first day.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

from pydantic import BaseModel

from tocsin.plan.models import ComcheckRule, Due, Plan, Playbook
from tocsin.plan.names import (
    audience_name,
    contact_name,
    due_words,
    listed,
    message_name,
    role_name,
    step_name,
    words,
)
from tocsin.plan.offset import Offset

# Fields that hold a key, and how to name what the key stands for.
_NAMES: dict[str, Callable[[Plan, str | None], str]] = {
    "holder": contact_name,
    "backups": contact_name,
    "provider": contact_name,
    "contacts": contact_name,
    "role": role_name,
    "call": role_name,
    "then": role_name,
    "audience": audience_name,
    "recipient": audience_name,
    "message": message_name,
}
_STEP_FIELDS = ("needs",)
_LABELS = {"instructions": "what to do", "when": "the condition", "done_when": "what proves it done"}
_PARTS = {
    "functions": "Function",
    "roles": "Role",
    "audiences": "Audience",
    "contacts": "Contact",
    "playbooks": "Playbook",
    "messages": "Message",
    "facts": "Fact",
}
_LONG = 80


def diff(a: Plan, b: Plan) -> list[str]:
    """Sentences that say how plan `b` differs from plan `a`; empty when nothing does."""
    return list(_Comparison(a, b).sentences())


def _targets(plan: Plan) -> dict[str, str]:
    """The plan's own targets in words, by duty and stage."""
    found: dict[str, str] = {}
    for regime, given in plan.obligations.targets.items():
        if isinstance(given, dict):
            found |= {f"{regime}/{stage}": str(target) for stage, target in given.items()}
        else:
            found[regime] = str(given)
    return found


class _Comparison:
    """Two plans side by side. `playbooks` are the two that are being compared, for the names of steps."""

    def __init__(self, a: Plan, b: Plan) -> None:
        self.a, self.b = a, b
        self.playbooks: tuple[Playbook, Playbook] | None = None

    def sentences(self) -> Iterator[str]:
        yield from self.fields("Organization", self.a.organization, self.b.organization)
        yield from self.entries("Function", self.a.functions, self.b.functions)
        yield from self.entries("Role", self.a.roles, self.b.roles)
        yield from self.entries("Factor", self.a.severity.factors, self.b.severity.factors)
        yield from self.entries("Severity", self.a.severity.levels, self.b.severity.levels)
        yield from self.entries("Escalation", _rules(self.a), _rules(self.b))
        if self.a.comcheck != self.b.comcheck:
            yield self.change("Comcheck", _rhythm(self.a.comcheck), _rhythm(self.b.comcheck))
        old, new = self.a.alerts, self.b.alerts
        yield from self.entries("Alert severity word", old.severity_words, new.severity_words)
        yield from self.entries("Alert mapping", old.mappings, new.mappings)
        yield from self.entries("Alert source", old.sources, new.sources)
        clauses = [{clause.id: clause for clause in plan.obligations.clauses} for plan in (self.a, self.b)]
        yield from self.entries("Clause", *clauses)
        yield from self.entries("Target", _targets(self.a), _targets(self.b))
        for part in ("audiences", "contacts", "playbooks", "messages", "facts"):
            yield from self.entries(_PARTS[part], getattr(self.a, part), getattr(self.b, part))

    def entries(self, label: str, old: Mapping[Any, Any], new: Mapping[Any, Any]) -> Iterator[str]:
        """Entries under keys: new ones, gone ones, changed ones, in the order of the new plan."""
        for key in [*new, *(key for key in old if key not in new)]:
            name = f"{label} {_key(key)}"
            if key not in old:
                yield f"{name}{_title(new[key])} is new."
            elif key not in new:
                yield f"{name}{_title(old[key])} is gone."
            elif isinstance(new[key], BaseModel):
                yield from self.fields(name, old[key], new[key])
            elif old[key] != new[key]:  # a plain value, as in alerts.yaml: a severity word's number, a source's mapping
                yield self.change(name, str(old[key]), str(new[key]))

    def fields(self, label: str, old: BaseModel, new: BaseModel) -> Iterator[str]:
        """Every field of one part."""
        if isinstance(old, Playbook) and isinstance(new, Playbook):
            self.playbooks = (old, new)
        for name in type(new).model_fields:
            before, after = getattr(old, name), getattr(new, name)
            if before != after:
                yield from self.field(label, name, before, after)

    def field(self, label: str, name: str, old: Any, new: Any) -> Iterator[str]:
        what = _LABELS.get(name, words(name))
        if name == "body":
            yield f"{label}: the text changes ({_line_count(old, new)})."
        elif isinstance(old, Due) or isinstance(new, Due):
            yield f"{label}: due changes from {self.due(0, old)} to {self.due(1, new)}."
        elif isinstance(old, Mapping) and isinstance(new, Mapping):
            yield f"{label}: {what} changes."
        elif isinstance(old, BaseModel) and isinstance(new, BaseModel) and not isinstance(old, Offset):
            yield from self.fields(f"{label}, {what}", old, new)
        elif isinstance(old, tuple) and isinstance(new, tuple):
            yield from self.sequence(label, name, old, new)
        else:
            yield self.change(f"{label}: {what}", self.value(0, name, old), self.value(1, name, new))

    def sequence(self, label: str, name: str, old: tuple[Any, ...], new: tuple[Any, ...]) -> Iterator[str]:
        if any(isinstance(item, BaseModel) for item in (*old, *new)):
            yield from self.parts(label, name, old, new)
            return
        added = [self.value(1, name, item) for item in new if item not in old]
        gone = [self.value(0, name, item) for item in old if item not in new]
        what = _LABELS.get(name, words(name))
        if added:
            yield f"{label}: added to {what}: {listed(added)}."
        if gone:
            yield f"{label}: dropped from {what}: {listed(gone)}."
        if not added and not gone:
            order = listed(self.value(1, name, item) for item in new)
            yield f"{label}: {what} now come in the order {order}."

    def parts(self, label: str, name: str, old: Sequence[BaseModel], new: Sequence[BaseModel]) -> Iterator[str]:
        """Lists of parts, such as steps, options or ways to be reached."""
        singular = words(name).removesuffix("s")
        before, after = _by_identity(old), _by_identity(new)
        yield from self.entries(f"{label}, {singular}", before, after)
        kept_before = [key for key in before if key in after]
        kept_after = [key for key in after if key in before]
        if kept_before != kept_after or len(before) < len(old) or len(after) < len(new):
            yield f"{label}: the order of {words(name)} changes."

    def change(self, what: str, old: str, new: str) -> str:
        if len(old) > _LONG or len(new) > _LONG:
            return f"{what} now reads: {new}"
        return f"{what} changes from {old} to {new}."

    def due(self, side: int, due: Due | None) -> str:
        playbook = self.playbooks[side] if self.playbooks else None
        return due_words(playbook, due) if playbook else str(due)

    def value(self, side: int, name: str, value: Any) -> str:
        plan = (self.a, self.b)[side]
        if name in _NAMES:
            return _NAMES[name](plan, value)
        if name in _STEP_FIELDS and self.playbooks:
            return step_name(self.playbooks[side], value)
        if value is None or value == "":
            return "nothing"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, Enum):
            return words(str(value.value))
        text = " ".join(str(value).split())
        return f"'{text}'" if " " in text and not isinstance(value, Offset) else text


def _rhythm(rule: ComcheckRule | None) -> str:
    return (
        f"every {rule.every}, open for {rule.closes_after}" if isinstance(rule, ComcheckRule) else str(rule or "none")
    )


def _rules(plan: Plan) -> dict[str, BaseModel]:
    """Escalation rules by what they answer to; several for one severity are numbered."""
    rules: dict[str, BaseModel] = {}
    for rule in plan.escalation:
        name = f"of severity {rule.severity}"
        count = sum(1 for key in rules if key.startswith(name)) + 1
        rules[name if count == 1 else f"{name}, rule {count}"] = rule
    return rules


def _by_identity(parts: Sequence[BaseModel]) -> dict[str, BaseModel]:
    """Parts by what names them: id, address, points, else their place."""
    found: dict[str, BaseModel] = {}
    for index, part in enumerate(parts, 1):
        identity = next((getattr(part, key) for key in ("id", "url", "points") if hasattr(part, key)), index)
        key = str(identity)
        found[key if key not in found else f"{key} ({index})"] = part
    return found


def _title(part: object) -> str:
    """What a part calls itself; a plain value says what it is, and the title of an alert mapping is no name."""
    if not isinstance(part, BaseModel):
        return f" ({part})"
    titles = (getattr(part, key, "") for key in ("title", "name", "label"))
    return next((f" ({title})" for title in titles if title and isinstance(title, str)), "")


def _key(key: Any) -> str:
    return words(str(key.value)) if isinstance(key, Enum) else str(key)


def _line_count(old: str, new: str) -> str:
    changes = list(difflib.ndiff(old.splitlines(), new.splitlines()))
    added = sum(1 for line in changes if line.startswith("+ "))
    gone = sum(1 for line in changes if line.startswith("- "))
    return f"{added} line{'' if added == 1 else 's'} in, {gone} out"
