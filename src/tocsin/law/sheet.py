"""A fact sheet made ready for many questions: what follows from what, and bounds of people by region."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tocsin.law import regions
from tocsin.law.calendar import Calendar
from tocsin.law.facts import Facts, Range
from tocsin.law.models import HOME, CalendarRule
from tocsin.law.vocabulary import vocabulary

EARLIEST, LATEST = 1970, 2200
"""Years outside of which a time is a slip; it counts as not recorded, and check_facts says so."""


def usable(instant: datetime) -> bool:
    """Whether a time is aware and between 1970 and 2200."""
    return instant.tzinfo is not None and EARLIEST <= instant.year < LATEST


def real_zone(zone: str) -> bool:
    """Whether that is an IANA time zone."""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        return False
    return True


class Sheet:
    """The facts, with everything that follows from them; made once for all regimes."""

    def __init__(self, facts: Facts) -> None:
        words = vocabulary()
        self.facts, self.words = facts, words
        self.instants = {k: v.astimezone(UTC) for k, v in facts.instants.items() if usable(v)}
        stated = facts.roles or frozenset()
        self.roles = words.roles_held(stated)
        self.roles_open = words.roles_open(self.roles)
        self.data = words.data_held(facts.data_categories or ())
        self.data_open = words.data_open(self.data)
        self.submitted = {
            key: first for key, times in facts.submissions.items() if (first := _first(times)) is not None
        }
        for name, stages in words.filed_as.items():
            filings = [at for regime, stage in stages if (at := self.submitted.get((regime, stage))) is not None]
            if filings:
                self.instants.setdefault(name, min(filings))
        self._home = regions.named(facts.home) if facts.home else ""
        self._zone = facts.zone if real_zone(facts.zone) else "UTC"
        self._own: dict[str, Range] = {}
        self._children: defaultdict[str, set[str]] = defaultdict(set)
        self._places(facts)
        self._bounds: dict[str, Range] = {}

    def _places(self, facts: Facts) -> None:
        for code, count in facts.affected.items():
            name = regions.named(code)
            if regions.is_known(name):
                known = self._own.get(name, Range())
                low = max(known.low, count.low, 0)
                highs = [high for high in (known.high, count.high) if high is not None]
                self._own[name] = Range(low, max(low, min(highs)) if highs else None, count.confidence)
                for child, over in zip(regions.lineage(name), list(regions.lineage(name))[1:], strict=False):
                    self._children[over].add(child)
        places = [regions.named(code) for code in (facts.operates_in or ())] + ([self._home] if self._home else [])
        self._present = frozenset(over for code in places for over in regions.lineage(code))

    def flag(self, name: str) -> bool | None:
        """Whether a flag is true, as set or as it follows from another; None: not known."""
        given = self.facts.flags.get(name)
        if given is not None or name == "any_incident":
            return True if name == "any_incident" else given
        follows = any(self.facts.flags.get(other) is True for other in self.words.flag_follows_from.get(name, ()))
        return True if follows else None

    def instant(self, name: str) -> tuple[datetime, str] | None:
        """An instant and the name under which it was found; None if neither it nor a stand-in was recorded."""
        for candidate in (name, *self.words.read_from.get(name, ())):
            if candidate in self.instants:
                return self.instants[candidate], candidate
        return None

    def present(self, region: str) -> bool | None:
        """Whether we are or operate in a region or a part of it; None: not known."""
        if region in self._present:
            return True
        return None if self.facts.operates_in is None else False

    def people(self, region: str) -> Range:
        """The bounds of how many people are affected in a region, from all that is known of it and its parts."""
        if region not in self._bounds:
            self._bounds[region] = self._work_out(region)
        return self._bounds[region]

    def _work_out(self, region: str) -> Range:
        own = self._own.get(region)
        parts = [self.people(child) for child in self._children[region]]
        low = max(own.low if own else 0, sum(part.low for part in parts))
        highs = [self._own[over].high for over in regions.lineage(region) if over in self._own]
        if self.facts.all_regions_known and not highs:
            highs.append(_sum(part.high for part in parts))
        known = [high for high in highs if high is not None]
        return Range(low, max(low, min(known)) if known else None, own.confidence if own else "")

    def unnamed_in(self, region: str) -> int | None:
        """How many people at most are in parts of a region that the sheet does not name; None: nobody knows."""
        if self.facts.all_regions_known and not any(over in self._own for over in regions.lineage(region)):
            return 0
        high = self.people(region).high
        return None if high is None else max(0, high - sum(self.people(part).low for part in self._children[region]))

    def parts_of(self, region: str) -> list[str]:
        """The parts of a country that the sheet names."""
        return sorted(code for code in self._children[region] if "-" in code)

    def calendar(self, rule: CalendarRule) -> Calendar:
        """The calendar of a regime; `home` is our own zone and our own country's holidays."""
        country = self._home if rule.holidays == HOME else rule.holidays
        country = "GB" + country[2:] if country[:2] == "UK" else country
        return Calendar(self._zone if rule.zone == HOME else rule.zone, (country,) if country else ())


def _first(times: Iterable[datetime]) -> datetime | None:
    return min((time.astimezone(UTC) for time in times if usable(time)), default=None)


def _sum(highs: Iterable[int | None]) -> int | None:
    total = 0
    for high in highs:
        if high is None:
            return None
        total += high
    return total
