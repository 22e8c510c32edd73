"""What contradicts itself on a fact sheet, and what on it cannot be used: the engine answers all the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tocsin.law import regions
from tocsin.law.facts import Facts, Range
from tocsin.law.models import Regime
from tocsin.law.sheet import Sheet, real_zone, usable
from tocsin.law.vocabulary import vocabulary


@dataclass(frozen=True)
class FactProblem:
    """One contradiction: the facts it lies between, and what is wrong and what to do, in words."""

    facts: tuple[str, ...]
    what: str

    def __str__(self) -> str:
        return f"{', '.join(self.facts)}: {self.what}"


def check_facts(facts: Facts, regimes: Sequence[Regime] = ()) -> list[FactProblem]:
    """All that contradicts or cannot be used, in a fixed order; with `regimes`, filings and delays are checked too."""
    return [
        FactProblem(names, what)
        for check in (_instants, _names, _flags, _places, _people, _times_of_stages)
        for names, what in check(facts)
    ] + [FactProblem(names, what) for names, what in (_stages(facts, regimes) if regimes else ())]


Found = Iterator[tuple[tuple[str, ...], str]]


def _instants(facts: Facts) -> Found:
    words = vocabulary()
    for name in sorted(facts.instants):
        if name not in words.instants:
            yield (name,), "this library knows no instant of that name; nothing starts with it"
        elif not usable(facts.instants[name]):
            yield (
                (name,),
                "this time has no zone or lies outside 1970 to 2200, so it counts as not recorded; correct it",
            )
    for earlier, later in words.order:
        first, second = facts.instants.get(earlier), facts.instants.get(later)
        if first and second and usable(first) and usable(second) and second < first:
            yield (earlier, later), f"{later} lies before {earlier}; one of the two is wrong"


def _names(facts: Facts) -> Found:
    words = vocabulary()
    for role in sorted((facts.roles or frozenset()) - set(words.roles)):
        yield ("roles",), f"'{role}' is no role that this library knows; it makes no duty apply"
    for category in sorted((facts.data_categories or frozenset()) - set(words.data)):
        yield ("data_categories",), f"'{category}' is no category of data that this library knows"
    if not real_zone(facts.zone):
        yield ("zone",), f"'{facts.zone}' is no time zone; days are counted in UTC until it is corrected"


def _flags(facts: Facts) -> Found:
    for flag, sources in vocabulary().flag_follows_from.items():
        for source in sources:
            if facts.flags.get(flag) is False and facts.flags.get(source) is True:
                yield (flag, source), f"{source} is true, so {flag} can hardly be false; one of the two is wrong"
    if facts.flags.get("any_incident") is False:
        yield ("any_incident",), "this is the sheet of an incident, so there is one; the value is not used"
    paid = facts.flags.get("extortion_payment_made", facts.flags.get("payment_made"))
    if paid is False and "payment" in facts.instants:
        yield (
            ("extortion_payment_made", "payment"),
            "no payment was made, but its time is recorded; one of the two is wrong",
        )


def _places(facts: Facts) -> Found:
    asked = [("affected", c) for c in facts.affected] + [("operates_in", c) for c in facts.operates_in or ()]
    for name, code in sorted(asked + ([("home", facts.home)] if facts.home else [])):
        if not regions.is_known(regions.named(code)):
            yield (name,), f"'{code}' is no country or region; write for example DE, US-CA, UK, EU or EU/EEA"


def _people(facts: Facts) -> Found:
    sheet = Sheet(facts)
    counts: dict[str, Range] = {}
    for code, count in sorted(facts.affected.items()):
        name = regions.named(code)
        if count.low < 0 or (count.high is not None and count.high < count.low):
            yield (
                (f"affected:{code}",),
                f"the range {count.low} to {count.high} is upside down or below zero; correct it",
            )
        if name in counts:
            yield (f"affected:{code}",), f"{name} stands on the sheet twice; the narrower range is used"
        counts[name] = count
    for name, count in counts.items():
        inside = sheet.people(name).low
        if count.high is not None and count.low <= count.high < inside:
            what = f"at most {count.high:,} people, but its parts have at least {inside:,}; one of the numbers is wrong"
            yield (f"affected:{name}",), what


def _times_of_stages(facts: Facts) -> Found:
    for kind, times in (
        ("submission", [(key, t) for key, ts in facts.submissions.items() for t in ts]),
        ("delay", list(facts.delays.items())),
        ("due when filed", list(facts.dues_when_filed.items())),
    ):
        for (regime, stage), time in sorted(times, key=lambda item: item[0]):
            if not usable(time):
                yield (
                    (f"{regime}/{stage}",),
                    f"the time of a {kind} has no zone or lies outside 1970 to 2200; it is not used",
                )


def _stages(facts: Facts, regimes: Sequence[Regime]) -> Found:
    known = {regime.id: regime for regime in regimes}
    for kind, keys in (("filing", facts.submissions), ("delay", facts.delays)):
        for key, name in sorted(keys):
            regime = known.get(key)
            if regime is None or name not in {stage.name for stage in regime.stages}:
                yield (f"{key}/{name}",), f"a {kind} is recorded for a stage that no regime here has"
            elif kind == "delay" and (regime.delay is None or name not in (regime.delay.stages or (name,))):
                yield (
                    (f"{key}/{name}",),
                    "a delay is recorded, but this regime lets nobody delay this stage; its clock runs",
                )
    submitted = Sheet(facts).submitted
    for regime in regimes:
        for stage in regime.stages:
            then = submitted.get((regime.id, stage.name))
            for first in stage.after or ():
                at = submitted.get((regime.id, first))
                if then is not None and at is not None and then < at and len(stage.after or ()) == 1:
                    yield (f"{regime.id}/{stage.name}",), f"filed before '{first}', which it follows; is a time wrong?"
