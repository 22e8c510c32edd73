"""The fact sheet as its page draws it: rows in groups, each with its words, its value and where that comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tocsin.incidents.advance import missing_facts
from tocsin.incidents.models import Incident, Task, TaskState
from tocsin.incidents.queries.contradictions import Contradiction
from tocsin.incidents.queries.sheet import Affected, Sheet, Source, Stated
from tocsin.incidents.regions import region_name
from tocsin.incidents.sheet_words import (
    DATA,
    INSTANTS,
    ROLES,
    data_word,
    fact_word,
    instant_word,
    range_word,
    role_word,
)
from tocsin.law.vocabulary import vocabulary
from tocsin.plan.facts import from_role, with_same
from tocsin.plan.models import Fact, FactKind

ALWAYS = ("began", "detected", "aware", "determined", "contained", "eradicated", "recovered")
"""Instants that every sheet shows, also while they are not known."""
MANY, FEW = 30, 3
"""Beyond so many groups of people, the sheet shows the first few of each region; the scope ledger has them all."""
NOT_HERE = frozenset({"any_incident", "exercise", *from_role()})
"""Flags that follow by themselves: nobody is asked for them."""


@dataclass(frozen=True)
class Row:
    """One row: what it is about, its value (None: not known) and who said so. `odd`: something contradicts it."""

    kind: str
    name: str
    label: str
    hint: str = ""
    value: Any = None
    words: str = ""
    source: Source | None = None
    planned: bool = False
    yes_no: bool = False
    asked: int = 0
    odd: bool = False

    @property
    def key(self) -> str:
        """How an address and a contradiction call it."""
        return f"{self.kind}-{self.name}"

    @property
    def known(self) -> bool:
        """Whether anything is said of it."""
        return self.value is not None

    @property
    def typed(self) -> str:
        """An instant as the person gave it, in their zone then; empty where nobody named one."""
        if self.source is None or not self.source.zone or not isinstance(self.value, datetime):
            return ""
        return f"{date_format(self.value.astimezone(ZoneInfo(self.source.zone)), 'Y-m-d H:i')} {self.source.zone}"


@dataclass(frozen=True)
class Region:
    """People of one region: the range they add up to, and the first groups of the ledger it is made of."""

    name: str
    range: str
    confidence: str
    rows: list[Row] = field(default_factory=list)
    more: int = 0


@dataclass(frozen=True)
class Page:
    """The whole sheet in groups; `more_…` are rows that stand folded away because nothing is said of them."""

    instants: list[Row]
    more_instants: list[Row]
    roles: list[Row]
    other_roles: list[tuple[str, str]]
    data: list[Row]
    other_data: list[tuple[str, str]]
    regions: list[Region]
    total: Affected
    total_words: str
    flags: list[Row]
    more_flags: list[Row]
    facts: list[Row]


def page_of(incident: Incident, sheet: Sheet, known: Mapping[str, Fact], odd: Iterable[Contradiction]) -> Page:
    """The sheet's rows, those that contradict something marked. One query, for what steps wait for."""
    marked = {key for found in odd for key in found.about}
    asked = _asked(incident)

    def finish(rows: Iterable[Row]) -> list[Row]:
        return [replace(row, odd=f"{row.kind}.{row.name}" in marked) for row in rows]

    instants, roles, data = finish(_instants(sheet)), _roles(incident, sheet), _data(incident, sheet)
    flags = finish(_flags(sheet, known, asked))
    return Page(
        instants=[r for r in instants if r.known or r.name in ALWAYS],
        more_instants=[r for r in instants if not r.known and r.name not in ALWAYS],
        roles=finish(roles),
        other_roles=[(r, role_word(r)) for r in ROLES if r not in sheet.roles and r not in ("any", "business")],
        data=finish(data),
        other_data=[(c, data_word(c)) for c in DATA if c not in {row.name for row in data}],
        regions=[_region(a, sheet) for a in sheet.affected],
        total=sheet.total,
        total_words=range_word(sheet.total.low, sheet.total.high),
        flags=[r for r in flags if r.known or r.asked],
        more_flags=[r for r in flags if not r.known and not r.asked],
        facts=finish(_facts(sheet, known, asked)),
    )


def row_of(incident: Incident, sheet: Sheet, known: Mapping[str, Fact], kind: str, name: str) -> Row | None:
    """One row by its kind and name, known or not; None where the sheet has no such row."""
    match kind:
        case "instant" if name in INSTANTS:
            return next(row for row in _instants(sheet) if row.name == name)
        case "role" if name in ROLES or name in sheet.roles:
            return _said(kind, name, role_word(name), sheet.roles.get(name), planned=_planned(incident, name))
        case "data" if name in DATA:
            return _said(kind, name, data_word(name), sheet.data_categories.get(name))
        case "fact" if name in known or name in sheet.flags or name in sheet.facts:
            stated = sheet.flags.get(name) or sheet.facts.get(name)
            yes_no = known[name].kind == FactKind.YES_NO if name in known else name in sheet.flags
            return _said(kind, name, fact_word(name, known), stated, yes_no=yes_no)
        case "people":
            found = next((p for p in sheet.people if str(p.number) == name), None)
            return _person(found) if found else None
    return None


def _said(kind: str, name: str, label: str, stated: Stated[Any] | None, **more: Any) -> Row:
    value, source = (stated.value, stated.source) if stated else (None, None)
    return Row(kind, name, label, value=value, source=source, **more)


def _instants(sheet: Sheet) -> list[Row]:
    return [_said("instant", a, instant_word(a), sheet.instants.get(a), hint=str(INSTANTS[a][1])) for a in INSTANTS]


def _planned(incident: Incident, role: str) -> bool:
    return role in incident.plan_version.plan.organization.roles


def _roles(incident: Incident, sheet: Sheet) -> list[Row]:
    rows = [_said("role", r, role_word(r), s, planned=_planned(incident, r)) for r, s in sheet.roles.items()]
    return sorted(rows, key=lambda row: (not row.value, row.label))


def _data(incident: Incident, sheet: Sheet) -> list[Row]:
    """What is said, and what the organization holds of which nothing is said yet."""
    held = [c for c in incident.plan_version.plan.organization.data_held if c in DATA]
    names = dict.fromkeys([*sheet.data_categories, *held])
    rows = [_said("data", c, data_word(c), sheet.data_categories.get(c), planned=c in held) for c in names]
    return sorted(rows, key=lambda row: (row.value is not True, row.value is None, row.label))


def _flags(sheet: Sheet, known: Mapping[str, Fact], asked: Mapping[str, int]) -> list[Row]:
    """Every question that is answered yes or no: those answered, those that steps wait for, then by their words."""
    names = (
        {n for n, fact in known.items() if fact.kind == FactKind.YES_NO} | set(vocabulary().flags) | set(sheet.flags)
    )
    rows = [
        _said("fact", n, fact_word(n, known), sheet.flags.get(n), asked=asked.get(n, 0), yes_no=True)
        for n in names - NOT_HERE
    ]
    return sorted(rows, key=lambda row: (row.value is None, row.value is False, -row.asked, row.label))


def _facts(sheet: Sheet, known: Mapping[str, Fact], asked: Mapping[str, int]) -> list[Row]:
    """Numbers, times and texts: those stated, and those that steps wait for."""
    waiting = [n for n in asked if n in known and known[n].kind != FactKind.YES_NO]
    names = dict.fromkeys([*sheet.facts, *waiting])
    return [_said("fact", n, fact_word(n, known), sheet.facts.get(n), asked=asked.get(n, 0)) for n in names]


def _region(affected: Affected, sheet: Sheet) -> Region:
    people = [p for p in sheet.people if p.region == affected.region]
    few = FEW if len(sheet.people) > MANY else len(people)
    return Region(
        region_name(affected.region), range_word(affected.low, affected.high), affected.confidence,
        [_person(p) for p in people[:few]], len(people[few:]),
    )  # fmt: skip


def _person(found: Any) -> Row:
    words = range_word(found.low, found.high)
    return Row("people", str(found.number), found.name, value=found, words=words, source=found.source)


def _asked(incident: Incident) -> dict[str, int]:
    """The facts that waiting steps ask for, and how many do."""
    found: dict[str, int] = {}
    stated = with_same(incident.facts)
    for when in Task.objects.filter(incident=incident, state=TaskState.WAITING).values_list("when", flat=True):
        for fact in missing_facts(when, stated):
            if "." not in fact and fact not in NOT_HERE:  # what has a dot follows from a decision or a step by itself
                found[fact] = found.get(fact, 0) + 1
    return found


def confidence_choices() -> list[tuple[str, str]]:
    """How sure a number can be, for a list to choose from."""
    return [("", _("not said")), ("low", _("low")), ("moderate", _("moderate")), ("high", _("high"))]
