"""Text from evidence made safe to print: nothing in it hides, goes on for ever or turns the line around."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

LONGEST = 1200  # characters; one command line of a kilobyte is evidence, a megabyte of it is not a report
_SLACK = 100  # a text already cut once must not be cut again when the data is read back

# Control, zero-width, direction, tag and surrogate characters: all can hide or reorder what a reader sees
# (Unicode TR 36 and TR 39, "Trojan Source", CVE-2021-42574).
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


def code_point(character: str) -> str:
    """Return one character as its visible name: U+202E becomes <U+202E> (in single guillemets)."""
    return f"\u2039U+{ord(character):04X}\u203a"


def spelt_out(text: str) -> str:
    """Return `text` with hidden characters written as their visible names, uncut."""
    return _HIDDEN.sub(lambda m: code_point(m.group()), text)


def visible(text: str) -> str:
    """Return `text` with hidden characters spelt out and what is beyond LONGEST characters cut, saying so."""
    shown = spelt_out(text)
    if len(shown) <= LONGEST + _SLACK:
        return shown
    return f"{shown[:LONGEST]} … ({len(shown) - LONGEST:,} more characters)"


def _clean(value: Any) -> Any:
    return visible(value) if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_clean)]


class Code(BaseModel):
    """A run of text that a machine wrote: a path, a command, a name from evidence. Set in the data face."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: Text


Run = Code | Text


def _runs(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Rich = Annotated[tuple[Run, ...], BeforeValidator(_runs)]
"""A sentence as runs. A plain string is one run; there is no markup in it that anything would interpret."""


def code(value: str) -> Code:
    """Return `value` as a run in the data face: `["On ", code(host), " the log was cleared."]`."""
    return Code(code=value)


def plain(rich: tuple[Run, ...]) -> str:
    """Return the words of a sentence without its faces."""
    return "".join(run.code if isinstance(run, Code) else run for run in rich)
