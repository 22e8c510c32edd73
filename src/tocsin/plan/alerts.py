"""Messages of other systems read as alerts: paths into JSON, mappings, severity words, the key that tells repeats."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from tocsin.plan.alert_models import AlertMapping, AlertsFile
from tocsin.plan.yamlfile import read_yaml

MOST_ALERTS = 100
"""How many alerts one message may bring; what comes after is counted and not read."""
TITLE, TEXT, VALUE, URL = 300, 8_000, 500, 1_000
MOST_VALUES = 20
DEEPEST = 24
KEPT = (3_000, 60_000, 4_000)
"""What is kept of one alert as it came: values, characters in all, characters of one text."""
WHOLE = (20_000, 1_000_000, 20_000)
"""What of one message is looked at."""
AUTO, GENERIC = "auto", "generic"

_BRACES = re.compile(r"\{([^{}]+)\}")
_SPACE = re.compile(r"\s+")
_NUMBER = re.compile(r"^-?\d{1,12}(?:\.\d{1,9})?$")
# What systems call their severities, where a mapping or the plan says nothing else.
_WORDS = {
    "critical": 1, "severe": 1, "fatal": 1, "emergency": 1, "alert": 1, "crit": 1,
    "high": 2, "major": 2, "error": 2, "err": 2,
    "medium": 3, "moderate": 3, "warning": 3, "warn": 3, "minor": 3,
    "low": 4, "informational": 4, "information": 4, "info": 4, "notice": 4, "debug": 4,
}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """One alert as a message tells it. `at` is when the source says it happened; `key` names what is the same thing."""

    title: str
    text: str = ""
    severity: int | None = None
    url: str = ""
    key: str = ""
    at: datetime | None = None
    observables: dict[str, list[str]] = field(default_factory=dict)
    raw: Any = None
    dropped: str = ""
    mapping: str = ""


@dataclass(frozen=True)
class Message:
    """What one message brought: alerts, how many were passed over by the mapping's `ignore`, how many were too many."""

    alerts: tuple[Reading, ...] = ()
    ignored: int = 0
    too_many: int = 0
    mapping: str = ""


@cache
def ready_mappings() -> Mapping[str, AlertMapping]:
    """The mappings that Tocsin brings along, by name."""
    folder = files("tocsin.plan").joinpath("alert_mappings")
    found = {}
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if file.name.endswith(".yaml"):
            text = file.read_text(encoding="utf-8")
            found[file.name.removesuffix(".yaml")] = AlertMapping.model_validate(read_yaml(file.name, text).value)
    return found


def mapping_named(name: str, plan: AlertsFile) -> AlertMapping | None:
    """The plan's mapping of that name, else the ready one; None where there is neither."""
    return plan.mappings.get(name) or ready_mappings().get(name)


def recognised(payload: Any, plan: AlertsFile) -> tuple[str, AlertMapping]:
    """The mapping whose tell-tale paths are all there, most of them first; `generic` where none fits."""
    known = {**ready_mappings(), **plan.mappings}
    fitting = [
        (len(m.recognised_by), name)
        for name, m in known.items()
        if m.recognised_by and all(_at(payload, p) is not None for p in m.recognised_by)
    ]
    name = max(fitting)[1] if fitting else GENERIC
    return name, known[name]


def read_message(payload: Any, plan: AlertsFile, mapping: str = AUTO) -> Message:
    """The alerts in one message under the named mapping; `auto` looks which one fits. An unknown name reads as auto.

    A list is read as several messages of one shape.
    """
    chosen = mapping_named(mapping, plan) if mapping != AUTO else None
    items = payload if isinstance(payload, list) else [payload]
    alerts: list[Reading] = []
    ignored = too_many = 0
    name = mapping if chosen else ""
    too_many += max(0, len(items) - MOST_ALERTS)
    for whole_item in items[:MOST_ALERTS]:
        # Hostile JSON multiplies lists in lists: what is asked for paths is bounded first.
        item, cut = bounded(whole_item, *WHOLE)
        if chosen is None:
            name, by = recognised(item, plan)
        else:
            by = chosen
        for part, whole in _parts(item, by):
            if _passed_over(part, by):
                ignored += 1
            elif len(alerts) >= MOST_ALERTS:
                too_many += 1
            else:
                alerts.append(_reading(part, whole, by, plan, name, cut))
    return Message(tuple(alerts), ignored, too_many, name)


def _parts(item: Any, by: AlertMapping) -> Iterator[tuple[Any, Any]]:
    """Each alert in a message, and the message around it, which paths fall back on."""
    if not by.each:
        yield item, None
        return
    found = _at(item, by.each)
    parts = found if isinstance(found, list) else [found] if found is not None else []
    around = {k: v for k, v in item.items() if k != by.each.split(".")[0]} if isinstance(item, dict) else None
    for part in parts:
        yield part, around


def _passed_over(part: Any, by: AlertMapping) -> bool:
    return any(
        value.casefold() in {u.casefold() for u in unwanted}
        for path, unwanted in by.ignore.items()
        for value in _values(part, path)
    )


def _reading(part: Any, around: Any, by: AlertMapping, plan: AlertsFile, name: str, cut: str) -> Reading:
    def say(expressions: Iterable[str], most: int) -> str:
        return next((t for e in expressions if (t := _text(part, around, e).strip())), "")[:most]

    title = one_line(say(by.title, TITLE))
    observables = {kind: values for kind, paths in by.observables.items() if (values := _all(part, around, paths))}
    key = say(by.key, 4 * VALUE)
    raw, dropped = bounded(part)
    dropped = dropped or cut
    who = list(_who(observables))
    named = (key,) if key else (title, *who) if title and who else (title, say(by.text, TEXT) or json.dumps(raw))
    if not title:
        title = "A message without a title"
        dropped = dropped or "the mapping found no title in it"
    return Reading(
        title=title,
        text=say(by.text, TEXT),
        severity=_severity(say(by.severity, VALUE), by, plan),
        url=safe_url(say(by.url, URL)),
        key=repeat_key(name, *named),
        at=_instant(say(by.at, VALUE)),
        observables=observables,
        raw=raw,
        dropped=dropped,
        mapping=name,
    )


def _who(observables: Mapping[str, list[str]]) -> Iterator[str]:
    for kind in ("host", "user", "ip"):
        yield from observables.get(kind, ())


def repeat_key(*parts: str) -> str:
    """What is the same thing again has the same key: SHA-256 (hex) over what names it, whatever its case."""
    told = json.dumps([p.casefold() for p in parts], ensure_ascii=False)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def one_line(text: str) -> str:
    """The text on one line, without the characters that turn or hide what is read."""
    plain = "".join(c for c in text if c.isprintable() or c.isspace())
    return _SPACE.sub(" ", plain).strip()


def safe_url(text: str) -> str:
    """The address if a page may link to it (http, https), else nothing."""
    text = text.strip()
    return text if re.match(r"^https?://[^\s/]", text, re.IGNORECASE) and not re.search(r"[\s\"<>\\]", text) else ""


def severity_of(word: str, words: Mapping[str, int]) -> int | None:
    """The severity that a word names, first by `words`, then by what systems usually call theirs; None if unknown."""
    said = word.strip().casefold()
    own = {k.casefold(): v for k, v in words.items()}
    return own.get(said, _WORDS.get(said))


def _severity(said: str, by: AlertMapping, plan: AlertsFile) -> int | None:
    if not said:
        return None
    if by.severity_from and _NUMBER.match(said):
        return next((s for s, least in sorted(by.severity_from.items()) if float(said) >= least), None)
    return severity_of(said, {**plan.severity_words, **by.severity_words})


def _instant(said: str) -> datetime | None:
    """A time as messages write it: RFC 3339, or seconds or milliseconds since 1970; None for anything else."""
    try:
        if _NUMBER.match(said) or re.match(r"^\d{13}$", said):
            number = float(said)
            return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC)
        found = datetime.fromisoformat(said)
    except (ValueError, OverflowError, OSError):
        return None
    return found.astimezone(UTC) if found.tzinfo and 1970 <= found.year <= 2200 else None


# Paths ---------------------------------------------------------------------------------------------


def _text(part: Any, around: Any, expression: str) -> str:
    """What an expression says: a path's values, or a text in which at least one path said something."""
    if "{" not in expression:
        return ", ".join(_found(part, around, expression))
    said = False

    def fill(match: re.Match[str]) -> str:
        nonlocal said
        words = ", ".join(_found(part, around, match[1].strip()))
        said = said or bool(words)
        return words

    filled = _BRACES.sub(fill, expression)
    return filled if said else ""


def _found(part: Any, around: Any, path: str) -> list[str]:
    own = list(_values(part, path))
    return own or (list(_values(around, path)) if around is not None else [])


def _all(part: Any, around: Any, paths: Iterable[str]) -> list[str]:
    found = (v for p in paths for v in _found(part, around, p))
    return list(dict.fromkeys(one_line(v)[:VALUE] for v in found if v.strip()))[:MOST_VALUES]


def _values(value: Any, path: str) -> Iterator[str]:
    """The first plain values at a path as text; a mapping at its end says nothing."""
    return itertools.islice(_leaves(_at(value, path)), MOST_VALUES)


def _leaves(found: Any) -> Iterator[str]:
    if isinstance(found, bool):
        yield "true" if found else "false"
    elif isinstance(found, str):
        if found.strip():
            yield found[: 2 * TEXT]
    elif isinstance(found, int | float):
        yield str(found)
    elif isinstance(found, list):
        for item in found[: 5 * MOST_VALUES]:
            if not isinstance(item, dict):
                yield from _leaves(item)


def _at(value: Any, path: str) -> Any:
    """What stands at a dotted path. Keys may hold dots themselves; a list is gone through, or asked by number."""
    if value is None or not path:
        return value
    if isinstance(value, list):
        head, _, rest = path.partition(".")
        if head.isdecimal():
            return _at(value[int(head)], rest) if len(head) < 4 and int(head) < len(value) else None
        found = [f for item in value[: 5 * MOST_VALUES] if (f := _at(item, path)) is not None]
        return [leaf for f in found for leaf in (f if isinstance(f, list) else [f])] or None
    if not isinstance(value, dict):
        return None
    parts = path.split(".")
    for end in range(len(parts), 0, -1):
        name = ".".join(parts[:end])
        if name in value:
            found = _at(value[name], ".".join(parts[end:]))
            if found is not None:
                return found
    return None


def paths_of(expression: str) -> list[str]:
    """The paths that an expression asks for. Raises ValueError for a brace that stands alone or an empty path."""
    if "{" not in expression and "}" not in expression:
        found = [expression]
    else:
        found = [m.strip() for m in _BRACES.findall(expression)]
        if "{" in (bare := _BRACES.sub("", expression)) or "}" in bare or not found:
            raise ValueError("a brace stands alone; a path in a text is written {like.this}")
    if any(not part.strip() for path in found for part in path.split(".")):
        raise ValueError("a path is names with dots between them, for example rule.description")
    return found


def bounded(value: Any, nodes: int = KEPT[0], characters: int = KEPT[1], longest: int = KEPT[2]) -> tuple[Any, str]:
    """The value within bounds of depth, number of values and length, and in words what was dropped for it."""
    keeping = _Keeping(nodes, characters, longest)
    kept = keeping.part(value, 0)
    return kept, "; ".join(sorted(keeping.cut))


class _Keeping:
    """Copies a value of JSON while there is room, and notes what had to go."""

    def __init__(self, nodes: int, characters: int, longest: int) -> None:
        self.nodes, self.characters, self.longest = nodes, characters, longest
        self.cut: set[str] = set()
        self.large = f"what lies deeper than {DEEPEST} levels or beyond {nodes:,} values"
        self.long = f"the ends of texts longer than {longest:,} characters, or beyond {characters:,} in all"

    def part(self, part: Any, depth: int) -> Any:
        self.nodes -= 1
        if isinstance(part, str):
            return self.text(part)
        if not isinstance(part, dict | list):
            return part if isinstance(part, int | float | bool) or part is None else str(part)[:VALUE]
        if depth == DEEPEST or not self.room():
            self.cut.add(self.large)
            return "…"
        if isinstance(part, list):
            return [self.part(item, depth + 1) for item in self.while_room(part)]
        return {self.text(str(name)[:VALUE]): self.part(part[name], depth + 1) for name in self.while_room(part)}

    def text(self, text: str) -> str:
        most = min(self.longest, max(0, self.characters))
        self.characters -= len(text[:most])
        if len(text) <= most:
            return text
        self.cut.add(self.long)
        return text[:most] + "…"

    def room(self) -> bool:
        return self.nodes > 0 and self.characters > 0

    def while_room(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            if not self.room():
                self.cut.add(self.large)
                return
            yield item
