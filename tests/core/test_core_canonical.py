"""Canonical JSON: the RFC's own vectors, and the texts and numbers that databases would change."""

from __future__ import annotations

import json
import math
import struct
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from pathlib import PurePosixPath
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.canonical import LARGEST_EXACT, canonical, digest, instant, plain, storable, storable_in

# RFC 8785, section 3.2.2 and 3.2.3: input, and its canonical form.
SECTION_3_2 = r"""{
  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
  "literals": [null, true, false]
}"""
SECTION_3_2_SORTED = (
    '{"literals":[null,true,false],"numbers":[333333333.3333333,"1e+30",4.5,0.002,1e-27],'
    '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
)
# RFC 8785, appendix B: IEEE 754 bits and the text of the number. Those that Tocsin writes as numbers.
APPENDIX_B = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "4340000000000000": '"9007199254740992.0"',
    "c340000000000000": '"-9007199254740992.0"',
    "3eb0c6f7a0b5ed8d": "0.000001",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "41b3de4355555555": "333333333.3333333",
    "becbf647612f3696": "-0.0000033333333333333333",
}


def test_the_vector_of_section_3_2() -> None:
    """1E30 is a whole number beyond 2^53: Tocsin writes it as text, as its page on the log says."""
    assert canonical(json.loads(SECTION_3_2)).decode() == SECTION_3_2_SORTED


@pytest.mark.parametrize(("bits", "text"), APPENDIX_B.items())
def test_the_numbers_of_appendix_b(bits: str, text: str) -> None:
    assert canonical(struct.unpack(">d", bytes.fromhex(bits))[0]).decode() == text


def test_keys_are_sorted_by_utf_16_code_units() -> None:
    """RFC 8785, section 3.2.3: an emoji (a surrogate pair) sorts before U+FB33, though its code point is higher."""
    keys = {"\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\U0001f600": 5, "\x80": 6, "\xf6": 7}
    assert list(json.loads(canonical(keys)).values()) == [2, 4, 6, 7, 1, 5, 3]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_has_no_form(number: float) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the library's own class is one
        canonical({"speed": number})


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("a\x00b", "a␀b"),
        ("\ud800", "\ufffd"),
        ("x\udcff.evtx", "x\ufffd.evtx"),
        ("\ud83d\ude00", "\U0001f600"),
        ("Göteborg", "Göteborg"),
    ],
)
def test_every_text_can_be_stored(text: str, stored: str) -> None:
    assert storable(text) == stored
    assert json.loads(canonical([text])) == [stored]


def test_texts_are_made_storable_however_deep() -> None:
    class Colour(StrEnum):
        RED = "red"

    given_values = [("a\x00", {"k\x00": ["\udcff"]}), {"n": 1, "when": datetime(2026, 1, 1, tzinfo=UTC)}, Colour.RED]
    made = storable_in(given_values)
    assert made[0] == ("a␀", {"k␀": ["\ufffd"]})
    assert made[1] == given_values[1]
    assert made[2] is Colour.RED


def test_values_have_one_form() -> None:
    zone = timezone(timedelta(hours=2))
    assert plain(
        {
            "at": datetime(2026, 3, 29, 5, 0, tzinfo=zone),
            "id": UUID(int=5),
            "path": PurePosixPath("a/b"),
            "left": timedelta(minutes=1.5),
            "set": {"b", "a"},
            "big": 2**60,
            1: LARGEST_EXACT,
        }
    ) == {
        "at": "2026-03-29T03:00:00.000000Z",
        "id": "00000000-0000-0000-0000-000000000005",
        "path": "a/b",
        "left": 90.0,
        "set": ["a", "b"],
        "big": str(2**60),
        "1": LARGEST_EXACT,
    }


def test_what_has_no_agreed_form_is_refused() -> None:
    with pytest.raises(TypeError, match="object has no canonical"):
        plain(object())
    with pytest.raises(ValueError, match="has no zone"):
        instant(datetime(2026, 1, 1))  # noqa: DTZ001  that is the point


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(_json)
def test_reading_the_canonical_form_and_writing_it_again_changes_nothing(value: object) -> None:
    written = canonical(value)
    assert canonical(json.loads(written)) == written
    assert digest(json.loads(written)) == digest(value)
