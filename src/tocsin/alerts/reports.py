"""What people report in their own words, by form, command line or API, as a reading."""

from __future__ import annotations

import re
from datetime import datetime

from tocsin.plan.alerts import TEXT, TITLE, Reading, one_line, repeat_key

_SENTENCE = re.compile(r"(?<=\w[.!?]) (?=[A-Z])")


def reported(
    title: str, text: str = "", severity: int | None = None, *, by: str = "", at: datetime | None = None, once: str = ""
) -> Reading:
    """A report as an alert. `once` names this one report, so that sending it twice makes one; without it the same
    words of the same person are the same report.
    """
    title = one_line(title)[:TITLE]
    return Reading(
        title=title,
        text=text.strip()[:TEXT],
        severity=severity,
        key=repeat_key("report", once) if once else repeat_key("report", by, title, text),
        at=at,
        observables={"reporter": [one_line(by)[:200]]} if by.strip() else {},
        mapping="report",
    )


def first_line(text: str) -> tuple[str, str]:
    """A report's title and its words: the first line or sentence names it, and the words stay whole."""
    line = one_line(text.strip().split("\n", 1)[0])
    line = _SENTENCE.split(line, maxsplit=1)[0]
    head = line if len(line) <= 120 else line[:117].rsplit(" ", 1)[0] + "…"
    return head, text.strip()
