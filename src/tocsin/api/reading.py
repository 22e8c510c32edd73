"""How requests are read: JSON as its standard has it, and texts that every database can hold."""

from __future__ import annotations

import json
import math
from typing import Any

from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict
from ninja.parser import Parser

from tocsin.core.action import Invalid
from tocsin.core.canonical import storable_in

DIGITS = 18  # what fits every database's column


class Strict(Parser):
    """Refuses numbers that JSON does not have, and makes texts storable before anything is looked up by them."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body as values; ninja answers 400 to what is no JSON, and 422 follows from Invalid (see problems)."""
        return storable_in(json.loads(request.body, parse_constant=_refuse, parse_float=_finite, parse_int=_whole))

    def parse_querydict(
        self, data: MultiValueDict[str, Any], list_fields: list[str], request: HttpRequest
    ) -> dict[str, Any]:
        """The query or the form as values."""
        return {k: storable_in(v) for k, v in super().parse_querydict(data, list_fields, request).items()}


def _refuse(word: str) -> Any:
    raise Invalid(f"{word} is no number that JSON has.")


def _finite(text: str) -> float:
    if math.isinf(number := float(text)):
        raise Invalid(f"{text[:40]} is larger than any number that is kept.")
    return number


def _whole(text: str) -> int:
    if len(text.removeprefix("-")) > DIGITS:
        raise Invalid(f"A whole number has {DIGITS} digits at most; {text[:40]}… has more.")
    return int(text)
