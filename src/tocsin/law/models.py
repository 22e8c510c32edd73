"""The schema of a regime: who must tell whom, of what, until when. Unknown keys are errors."""

from __future__ import annotations

import re
from datetime import date, time
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from tocsin.law import regions
from tocsin.law.periods import Period
from tocsin.law.vocabulary import vocabulary

Recipient = Literal[
    "acquirer", "broker", "card_brand", "credit_bureaus", "customer", "customers", "individuals", "insurer",
    "internal", "law_enforcement", "media", "other_organisations", "public", "regulator", "supplier",
]  # fmt: skip
Status = Literal["in_force", "enacted_not_yet_in_force", "pending_final_rule", "proposed", "contractual"]
Key = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$", max_length=80)]
Text = Annotated[str, Field(min_length=1, max_length=2000)]
HOME = "home"
"""In a calendar: the zone or the holidays of the organization itself."""

COMPARISONS = {
    "at_least": "at least",
    "more_than": "more than",
    "fewer_than": "fewer than",
    "at_most": "at most",
}


class Strict(BaseModel):
    """A part of a regime: unknown keys are errors, because a misspelt key is a deadline that nobody sees."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _period(value: Any) -> Any:
    if isinstance(value, Period):
        return value
    if not isinstance(value, str):
        raise ValueError(f"'{value}' is no period; write it as text with a unit")  # noqa: TRY004
    return Period.parse(value)


def _day(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise ValueError(f"'{value}' is no date; write it as 2026-01-31")
    return value


Names = Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
PeriodText = Annotated[Period, BeforeValidator(_period)]
Day = Annotated[date, BeforeValidator(_day)]


def known(kind: str, names: Any) -> None:
    """Raises ValueError where a name does not stand in the vocabulary."""
    words = getattr(vocabulary(), kind)
    for name in names:
        if name not in words:
            raise ValueError(f"'{name}' is no name of {kind}; the names stand in vocabulary.yaml")


class Condition(Strict):
    """One question to the fact sheet; exactly one of its keys, and a comparison beside a count of people."""

    KINDS: ClassVar[tuple[str, ...]] = (
        "all", "any", "not_", "role", "flag", "data", "region", "people_in", "any_part_of", "judge",
    )  # fmt: skip

    all: tuple[Condition, ...] | None = Field(None, min_length=1)
    any: tuple[Condition, ...] | None = Field(None, min_length=1)
    not_: Condition | None = Field(None, alias="not")
    role: Names | None = None
    flag: str | None = None
    data: Names | None = None
    region: str | None = None
    people_in: str | None = None
    any_part_of: str | None = None
    judge: Text | None = None
    at_least: int | None = Field(None, ge=0)
    more_than: int | None = Field(None, ge=0)
    fewer_than: int | None = Field(None, ge=0)
    at_most: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _one_question(self) -> Condition:
        kinds = [kind.rstrip("_") for kind in self.KINDS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            raise ValueError(
                f"a condition asks one question, not {' and '.join(kinds) or 'none'}; join with all or any"
            )
        counts = [name for name in COMPARISONS if getattr(self, name) is not None]
        if len(counts) != (1 if kinds[0] in ("people_in", "any_part_of") else 0):
            raise ValueError(
                "people_in and any_part_of need one of at_least, more_than, fewer_than, at_most; others none"
            )
        if self.any_part_of is not None and counts[0] not in ("at_least", "more_than"):
            raise ValueError(
                "any_part_of asks for at_least or more_than; few people in one part say nothing of the others"
            )
        known("roles", self.role or ())
        known("flags", (self.flag,) if self.flag else ())
        known("data", self.data or ())
        for code in (self.region, self.people_in, self.any_part_of):
            if code is not None and not (regions.is_known(code) and regions.named(code) == code):
                raise ValueError(f"'{code}' is no region; write US, US-CA, UK, EU, EU/EEA or total")
        return self

    @cached_property
    def kind(self) -> str:
        """Which question it asks: one of KINDS."""
        return next(kind for kind in self.KINDS if getattr(self, kind) is not None)

    @cached_property
    def comparison(self) -> tuple[str, int]:
        """The comparison of a count of people: its name and its number."""
        return next((name, n) for name in COMPARISONS if (n := getattr(self, name)) is not None)


class CalendarRule(Strict):
    """Where and how days are counted: a time zone and the countries whose holidays count, or `home` for our own."""

    zone: str = HOME
    holidays: str = HOME
    periods: Literal["plain", "eu-1182-71"] = "plain"

    @field_validator("zone")
    @classmethod
    def _real_zone(cls, zone: str) -> str:
        if zone != HOME:
            try:
                ZoneInfo(zone)
            except (KeyError, ValueError, OSError):
                raise ValueError(f"'{zone}' is no time zone; write it as Europe/Berlin, or home") from None
        return zone


class Backstop(Strict):
    """A second limit; the earlier binds. It lapses where the stage itself starts only after it, if the law says so."""

    within: PeriodText
    start: str = Field(alias="from")
    lapses_if_stage_starts_later: bool = False

    @field_validator("start")
    @classmethod
    def _instant(cls, start: str) -> str:
        known("instants", (start,))
        return start


class Relief(Strict):
    """A limit on a weekend or holiday moves to a time of the next business day, but not for some."""

    at: time
    not_for: Names | None = None

    @field_validator("not_for")
    @classmethod
    def _roles(cls, roles: tuple[str, ...] | None) -> tuple[str, ...] | None:
        known("roles", roles or ())
        return roles


class Stage(Strict):
    """One notice of a regime: to whom, when, from which instant or after which other stage."""

    name: Text
    recipient: Recipient
    when: Condition | None = Field(None, alias="if")
    start: str | None = Field(None, alias="from")
    after: Names | None = None
    before: str | None = None
    within: PeriodText | None = None
    by_day: Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$")] | None = None
    at: time | None = None
    backstop: Backstop | None = None
    weekend_relief: Relief | None = None
    not_later_than: str | None = None
    ended_by: Names | None = None
    urgency: str | None = None
    without_undue_delay: bool = False
    mandatory: bool = True
    note: Text | None = None

    @model_validator(mode="after")
    def _one_start(self) -> Stage:
        starts = [key for key in (self.start, self.after, self.before) if key]
        if len(starts) != 1:
            raise ValueError("a stage has one of from (an instant), after (a stage) and before (an instant to come)")
        if self.start != YEAR_END:
            known("instants", [key for key in (self.start, self.before) if key is not None and key != ACTION])
        known("instants", self.ended_by or ())
        if self.ended_by and self.recipient != INTERNAL:
            raise ValueError(f"only a stage for '{INTERNAL}' has ended_by: a notice to others ends when it is filed")
        if self.within and (self.by_day or self.before):
            raise ValueError("a stage with by_day or before has no within")
        if (self.backstop or self.weekend_relief) and not self.within:
            raise ValueError("a backstop or a weekend relief needs a within")
        return self


YEAR_END = "calendar_year_end"
"""As `from`: 31 December of the year of discovery."""

INTERNAL = "internal"
"""As `recipient`: what an organization does for itself, such as an assessment; nobody outside is told."""

ACTION = "action"
"""As `before`: before we spend or act; no instant of the sheet."""


class Party(Strict):
    """Who is told."""

    type: Recipient
    name: Text


class Delay(Strict):
    """Who may hold notices back, and which: a delay that somebody recorded holds no other stage."""

    by: Text
    stages: Names | None = None


class Regime(Strict):
    """One duty to notify, of the law or of a contract."""

    id: Key
    name: Text
    jurisdiction: Text = "contract"
    calendar: CalendarRule = CalendarRule()
    level: Literal["national", "state", "province", "contract"] = "contract"
    status: Status = "contractual"
    effective_from: Day | None = None
    effective_note: Text | None = None
    citation: str = ""
    applies_to: tuple[Text, ...] = ()
    trigger: str = ""
    applies: Condition = Condition(flag="any_incident")
    judgement: Text | None = None
    thresholds: tuple[Text, ...] = ()
    recipients: tuple[Party, ...] = Field(min_length=1)
    stages: tuple[Stage, ...] = Field(min_length=1)
    delay: Delay | None = None
    content: tuple[Text, ...] = ()
    exceptions: tuple[Text, ...] = ()
    record_keeping: Text | None = None
    penalties: str = ""
    related: tuple[Key, ...] = ()
    source: tuple[Text, ...] = ()
    confidence: Literal["verified", "memory", "own"] = "own"
    as_of: Day | None = None
    caveat: Text | None = None

    @model_validator(mode="after")
    def _whole(self) -> Regime:
        names = [stage.name for stage in self.stages]
        seen: set[str] = set()
        for stage in self.stages:
            if stage.name in seen:
                raise ValueError(f"two stages are called '{stage.name}'; a filing could not say which")
            for other in set(stage.after or ()) - seen:
                raise ValueError(f"'{stage.name}' comes after '{other}', which is no stage above it")
            if stage.not_later_than is not None and stage.not_later_than not in set(names) - {stage.name}:
                raise ValueError(f"'{stage.name}' names '{stage.not_later_than}', which is no other stage")
            if stage.recipient not in {party.type for party in self.recipients} | {INTERNAL}:
                raise ValueError(f"'{stage.name}' goes to {stage.recipient}, who is none of the recipients")
            seen.add(stage.name)
        if self.delay and (lost := set(self.delay.stages or ()) - seen):
            raise ValueError(f"delay names {', '.join(sorted(lost))}, which is no stage here")
        return self

    def recipient_name(self, kind: str) -> str:
        """The name of the recipient of that type; its type where it has none."""
        inside = "inside the organization" if kind == INTERNAL else kind
        return next((party.name for party in self.recipients if party.type == kind), inside)


class ReviewedRegime(Regime):
    """A regime of the library: it says where it comes from, as of when, and how sure we are."""

    jurisdiction: Text
    calendar: CalendarRule
    level: Literal["national", "state", "province", "contract"]
    status: Status
    citation: Text
    applies_to: tuple[Text, ...] = Field(min_length=1)
    trigger: Text
    applies: Condition
    content: tuple[Text, ...] = Field(min_length=1)
    penalties: Text
    source: tuple[Text, ...] = Field(min_length=1)
    confidence: Literal["verified", "memory"]
    as_of: Day


class RegimeFile(Strict):
    """One file of the library: the regimes of one jurisdiction and how it counts days."""

    format: Literal[1]
    jurisdiction: Text
    calendar: CalendarRule
    regimes: tuple[ReviewedRegime, ...] = Field(min_length=1)
