"""A slow and obvious evaluator of Sigma rules, to hold the lab's matcher against.

Evaluates pySigma's tree directly on an event's fields, one comparison after the other. Shares the facts
about log sources and the views with the lab, and nothing of its compiling and planning.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import datetime
from functools import cache
from typing import Any

import re2
from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.modifiers import SigmaBase64Modifier, SigmaBase64OffsetModifier
from sigma.rule import SigmaRule
from sigma.types import (
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SpecialChars,
)

from tocsin.lab.record import Record
from tocsin.lab.sigma.atoms import NOT_FOR_KEYWORDS
from tocsin.lab.sigma.logsources import sources_of
from tocsin.lab.sigma.views import VIEWS


class Oracle:
    """One rule."""

    def __init__(self, document: dict[str, Any]) -> None:
        rule = SigmaRule.from_dict(document)
        for detection in rule.detection.detections.values():
            self._mark_base64(detection)
        self.conditions = [condition.parsed for condition in rule.detection.parsed_condition]
        source = document.get("logsource", {})
        found = sources_of(*(source.get(part) for part in ("product", "category", "service")))
        self.sources = [] if isinstance(found, str) else found

    def matches(self, record: Record) -> bool:
        for source in self.sources:
            if not (source.covers(record.channel.lower()) and source.takes(record.event_id)):
                continue
            fields = VIEWS[source.view](record)
            if source.where is not None:
                name, values = source.where
                wanted = {value.casefold() for value in values}
                if not any(text.casefold() in wanted for text in texts(fields.get(name))):
                    continue
            if any(holds(condition, fields) for condition in self.conditions):
                return True
        return False

    def _mark_base64(self, detection: Any) -> None:
        for item in detection.detection_items:
            if hasattr(item, "detection_items"):
                self._mark_base64(item)
            elif SigmaBase64Modifier in item.modifiers or SigmaBase64OffsetModifier in item.modifiers:
                item.value = [self._case_sensitive(value) for value in item.value]

    def _case_sensitive(self, value: Any) -> Any:
        if isinstance(value, SigmaExpansion):
            value.values = [self._case_sensitive(inner) for inner in value.values]
            return value
        return SigmaCasedString.from_sigma_string(value)


def texts(value: Any) -> list[str]:
    if value is None:
        return []
    if isinstance(value, bool):
        return [str(value).lower()]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    return [value] if isinstance(value, str) else [str(value)]


def holds(tree: Any, fields: dict[str, Any]) -> bool:
    if isinstance(tree, ConditionAND):
        return all(holds(child, fields) for child in tree.args)
    if isinstance(tree, ConditionOR):
        return any(holds(child, fields) for child in tree.args)
    if isinstance(tree, ConditionNOT):
        return not holds(tree.args[0], fields)
    if isinstance(tree, ConditionValueExpression):
        words = [value for name, value in fields.items() if name not in NOT_FOR_KEYWORDS]
        return any(value_fits(tree.value, text, keyword=True) for text in texts(words))
    assert isinstance(tree, ConditionFieldEqualsValueExpression)
    return field_fits(tree.field.replace(" ", ""), tree.value, fields)


def field_fits(name: str, value: Any, fields: dict[str, Any]) -> bool:
    if isinstance(value, SigmaExpansion):
        return any(field_fits(name, inner, fields) for inner in value.values)
    present = texts(fields.get(name))
    if isinstance(value, SigmaNull):
        return all(text == "" for text in present)
    if isinstance(value, SigmaExists):
        return (name in fields) == bool(value)
    if isinstance(value, SigmaFieldReference):
        return any(
            reference_fits(value, text.casefold(), other.casefold())
            for text in present
            for other in texts(fields.get(value.field))
        )
    return any(value_fits(value, text) for text in present)


def reference_fits(value: SigmaFieldReference, text: str, other: str) -> bool:
    if value.starts_with and value.ends_with:
        return other in text
    if value.starts_with:
        return text.startswith(other)
    if value.ends_with:
        return text.endswith(other)
    return text == other


def value_fits(value: Any, text: str, keyword: bool = False) -> bool:
    if isinstance(value, SigmaExpansion):
        return any(value_fits(inner, text, keyword) for inner in value.values)
    if isinstance(value, SigmaString):
        return string_fits(value, text, keyword)
    if isinstance(value, SigmaTimestampPart):
        return part_of(text, value) == value.number
    if isinstance(value, (SigmaNumber, SigmaBool)):
        wanted = str(value).lower()
        return wanted in text.lower() if keyword else wanted == text.lower()
    if isinstance(value, SigmaRegularExpression):
        flags = "".join(sorted(value.sigma_to_re_flag[flag] for flag in value.flags))
        return re2.search((f"(?{flags})" if flags else "") + str(value.regexp), text) is not None
    if isinstance(value, SigmaCIDRExpression):
        try:
            return ipaddress.ip_address(text) in ipaddress.ip_network(str(value.network))
        except ValueError:
            return False
    assert isinstance(value, SigmaCompareExpression)
    left = part_of(text, value.number) if isinstance(value.number, SigmaTimestampPart) else number_of(text)
    if left is None:
        return False
    right = value.number.number
    return {"LT": left < right, "LTE": left <= right, "GT": left > right, "GTE": left >= right}[value.op.name]


def string_fits(value: SigmaString, text: str, keyword: bool) -> bool:
    cased = isinstance(value, SigmaCasedString)
    folded = text if cased else text.casefold()
    pattern = compiled(tuple(value.s), cased)
    return (pattern.search if keyword else pattern.fullmatch)(folded) is not None


@cache
def compiled(parts: tuple[Any, ...], cased: bool) -> re.Pattern[str]:
    pattern = ""
    for part in parts:
        if part == SpecialChars.WILDCARD_MULTI:
            pattern += "(?:.|\n)*?"
        elif part == SpecialChars.WILDCARD_SINGLE:
            pattern += "(?:.|\n)"
        else:
            pattern += re.escape(part if cased else part.casefold())
    return re.compile(pattern)


def number_of(text: str) -> float | None:
    return float(text) if re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?", text) else None


def part_of(text: str, value: SigmaTimestampPart) -> int | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    name = value.timestamp_part.name.lower()
    return moment.isocalendar()[1] if name == "week" else int(getattr(moment, name))
