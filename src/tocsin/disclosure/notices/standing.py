"""How a draft stands against the facts now: what is missing in it, and where a fact changed since its text was taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.disclosure.models import Notice
from tocsin.disclosure.notices.content import languages, rules
from tocsin.disclosure.notices.drawing import Drawn, draw
from tocsin.disclosure.regimes import regimes_of


@dataclass(frozen=True)
class Section:
    """A section as it is shown: `fresh` is what the facts say now where that is something else than when it was taken.

    `absent`: the regime asks for it and the draft does not have it yet; its text is what the facts say.
    """

    key: str
    heading: str
    asked: Sequence[str]
    text: str
    by_hand: bool = False
    missing: bool = False
    fresh: str | None = None
    absent: bool = False

    @property
    def rows(self) -> int:
        """How many lines its text takes where it is changed, 2 to 16."""
        return max(2, min(16, sum(1 + len(line) // 80 for line in self.text.split("\n"))))


def drawn_now(notice: Notice, now: datetime) -> list[Drawn]:
    """The sections of a notice as the facts would fill them now; none where nobody knows its regime any more."""
    regime = regimes_of(notice.incident).get(notice.duty.regime)
    if regime is None:
        return []
    clock = notice.duty.clocks.filter(stage=notice.stage).select_related("duty").first()
    return draw(notice.incident, regime, notice.stage, notice.recipient, notice.language, now, clock)


def sections_of(notice: Notice, now: datetime) -> list[Section]:
    """The sections of a notice; those of a final one say nothing of the facts since."""
    told = languages()[notice.language]
    drawn = {} if notice.is_final else {one.key: one for one in drawn_now(notice, now)}
    found = [
        Section(
            row["key"], row["heading"], row["asked"], row["text"], row["by_hand"], told.has_gap(row["text"]),
            drawn[row["key"]].text if row["key"] in drawn and drawn[row["key"]].text != row["drawn"] else None,
        )
        for row in notice.sections
    ]  # fmt: skip
    held = {row["key"] for row in notice.sections}
    return found + [
        Section(one.key, one.heading, one.asked, one.text, missing=True, absent=True)
        for one in drawn.values()
        if one.key not in held
    ]


def still_open(notice: Notice, now: datetime) -> list[str]:
    """What speaks against finishing a draft: what is missing, and sections that a fact changed under."""
    rows = sections_of(notice, now)
    gaps = [f"missing: {row.heading}" for row in rows if row.missing]
    return gaps + [f"facts changed since: {row.heading}" for row in rows if row.fresh is not None]


def rules_of(notice: Notice) -> list[str]:
    """What the regime says of the notice besides its content: what must not stand in it, which form it takes."""
    regime = regimes_of(notice.incident).get(notice.duty.regime)
    return rules(regime, notice.recipient, notice.stage) if regime else []
