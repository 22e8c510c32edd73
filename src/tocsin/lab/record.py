"""One event as the lab sees it, whatever kind of file it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MAX_PROBLEMS = 20
"""Problems that are spelt out for one file; more are only counted."""


@dataclass(slots=True)
class Record:
    """One Windows event.

    `system` holds what Windows says about the event, under the names Sigma rules use (`Provider_Name`,
    `EventID`, ...); `data` holds the event's own fields (EventData or UserData, one level, names without
    spaces). Values stay as they were written: text, number, boolean, None, or a list of these.
    """

    record_id: int | None
    time: str
    """ISO 8601 in UTC with a Z; empty where the record has no readable time."""
    host: str
    channel: str
    provider: str
    event_id: int | None
    system: dict[str, Any]
    data: dict[str, Any]
    source_file: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that could not be read: why, and where in the file."""

    reason: str
    place: str = ""


@dataclass(slots=True)
class Tally:
    """What became of the records of one file (or of one part of it)."""

    read: int = 0
    lost: int = 0
    """Records that the file says it holds and that could not be recovered."""
    skipped: int = 0
    """Pieces that were left out on purpose."""
    not_understood: int = 0
    """Pieces that were there and are not events this lab knows."""
    events: dict[str, dict[str, int]] = field(default_factory=dict)
    """Records by channel and event id."""
    problems: list[Problem] = field(default_factory=list)
    unlisted_problems: int = 0

    def problem(self, reason: str, place: str = "") -> None:
        """Note a problem; after `MAX_PROBLEMS` only count it."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(reason, place))
        else:
            self.unlisted_problems += 1
