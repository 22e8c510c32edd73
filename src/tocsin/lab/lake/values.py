"""What a value in a query means for the column it is compared with: numbers, times, addresses, names or plain text."""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime, timedelta
from math import inf, nextafter

from tocsin.lab.lake.columns import Column, address_of
from tocsin.lab.lake.tree import Between, Common, Exists, Match, Node, Or, Own, Pattern, When, Within

Target = Column | Own

MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?)?(Z|[+-]\d\d:?\d\d)?",
    re.ASCII | re.IGNORECASE,
)
WHOLE = re.compile(r"-?[0-9]{1,18}")
DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
TIME_HELP = "write it as 2026-03-13, 2026-03-13T06:00 or 2026-03-13T06:00:00Z (UTC unless a zone is given)"


class ValueProblem(ValueError):
    """A value that its column cannot be compared with: what is wrong and what to do."""


def matched(target: Target, pattern: Pattern) -> Node:
    """Return the question whether a field fits a pattern. Raises ValueProblem."""
    field = _field(target)
    if pattern.is_anything:
        return Exists(field)
    if isinstance(target, Own):
        return Match(field, pattern)
    literal = pattern.literal
    if target.kind == "time":
        if literal is None:
            raise ValueProblem(f"A time takes no wildcards: {TIME_HELP}")
        start, end = moment(literal)
        return When(start, end)
    if target.kind in ("number", "decimal") and literal is not None:
        number = _number(target, literal)
        return Between(field, number, number)
    if target.kind == "address" and literal is not None:
        return _address(target.name, literal)
    if target.short and not pattern.has(target.separators):
        short = Match(Common(target.short), pattern)
        # A telling part has no separator, so a pattern without wildcards fits the whole only where it fits the part.
        return short if literal else Or((short, Match(field, pattern)))
    return Match(field, pattern)


def ranged(target: Target, low: str, high: str, low_included: bool, high_included: bool) -> Node:
    """Return the question whether a field lies in a range; `*` is an open end. Raises ValueProblem."""
    if isinstance(target, Column) and target.kind == "time":
        start = None if low == "*" else moment(low)[0 if low_included else 1]
        end = None if high == "*" else moment(high)[1 if high_included else 0]
        return When(start, end)
    if isinstance(target, Column) and target.kind == "address":
        raise ValueProblem(f"Addresses are asked for by network: {target.name}:10.0.0.0/8")
    lowest, highest = (None if bound == "*" else _number(target, bound) for bound in (low, high))
    if lowest is not None and not low_included:
        lowest = _next(lowest, inf)
    if highest is not None and not high_included:
        highest = _next(highest, -inf)
    return Between(_field(target), lowest, highest)


def compared(target: Target, sign: str, value: str) -> Node:
    """Return the question whether a field is less or more than a value. Raises ValueProblem."""
    if not value or value == "*":
        raise ValueProblem(f"A value is missing after {sign}")
    if sign.startswith(">"):
        return ranged(target, value, "*", sign == ">=", True)
    return ranged(target, "*", value, True, sign == "<=")


def moment(text: str) -> tuple[datetime, datetime]:
    """Return the span that a time stands for, by how exactly it is written: a day, an hour, a minute, a second or a
    microsecond. Raises ValueProblem."""
    match = MOMENT.fullmatch(text)
    if match is None:
        raise ValueProblem(f"{text[:50]!r} is no time: {TIME_HELP}")
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    step = timedelta(days=1)
    for given, unit in ((hour, "hours"), (minute, "minutes"), (second, "seconds")):
        step = timedelta(**{unit: 1}) if given else step
    if fraction:
        step = timedelta(microseconds=10 ** (6 - len(fraction)))
    clock = f"{hour or '00'}:{minute or '00'}:{second or '00'}.{(fraction or '').ljust(6, '0')}"
    offset = "+00:00" if not zone or zone.upper() == "Z" else f"{zone[:3]}:{zone[-2:]}"
    try:
        start = datetime.fromisoformat(f"{year}-{month}-{day}T{clock}{offset}").astimezone(UTC)
        return start, start + step
    except (ValueError, OverflowError) as error:
        raise ValueProblem(f"{text[:50]!r} is no time ({error}): {TIME_HELP}") from None


def _field(target: Target) -> Common | Own:
    return target if isinstance(target, Own) else Common(target.name)


def _next(number: float, towards: float) -> float:
    """Return the number after another one, up or down."""
    return number + (1 if towards > 0 else -1) if isinstance(number, int) else nextafter(number, towards)


def _number(target: Target, text: str) -> float:
    if isinstance(target, Column) and target.kind == "decimal":
        if not DECIMAL.fullmatch(text):
            raise ValueProblem(f"{target.name} is compared with numbers such as 12 or 0.5, and {text[:50]!r} is none")
        return float(text)
    if not WHOLE.fullmatch(text):
        raise ValueProblem(f"{target.name} is compared with whole numbers here, and {text[:50]!r} is none")
    return int(text)


def _address(column: str, text: str) -> Node:
    address = address_of(text)
    if address is not None:
        return Within(column, ipaddress.ip_network(address))
    if "/" not in text:
        return Match(Common(column), Pattern.of([text]))
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueProblem(f"{text[:50]!r} is no network: write it as 10.0.0.0/8 or 2001:db8::/32") from None
    return Within(column, network)
