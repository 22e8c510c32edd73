"""The fact sheet of an incident: instants, roles, flags, data and people affected, each with who said it, when and why.

Everything that duties are worked out from. What it holds changes by the verbs in CHANGES alone, so whoever follows the
sheet reacts to those.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from tocsin.incidents.models import Incident, ScopeChange, ScopeEntry, ScopeKind, ScopeState
from tocsin.law.facts import Facts, Range
from tocsin.plan.facts import with_same
from tocsin.plan.models import Anchor

T = TypeVar("T")
Key = tuple[str, str]
"""What an entry of the log is about: kind and name."""

CHANGES = (
    "incident.open", "instant.mark", "instant.withdraw", "fact.set", "fact.withdraw", "sheet.roles", "sheet.data",
    "scope.add", "scope.change", "scope.count", "phase.set", "incident.close", "incident.merge", "incident.reopen",
    "incident.receive",
)  # fmt: skip
"""Every verb that changes something in the sheet."""
_SAID = tuple(v for v in CHANGES if not v.startswith("scope.") and v != "incident.receive")

LAW_INSTANTS: Mapping[str, tuple[Anchor, ...]] = {
    "action_date": (Anchor.BLOCKED,),
    "assessment_complete": (Anchor.ASSESSED,),
    "awareness": (Anchor.AWARE,),
    "classification": (Anchor.CLASSIFIED,),
    "containment": (Anchor.CONTAINED,),
    "corrective_measure_available": (Anchor.CORRECTED,),
    "detection": (Anchor.DETECTED,),
    "determination_of_breach": (Anchor.DETERMINED,),
    "determination_of_missing_information": (Anchor.MISSING_FACTS,),
    "discovery": (Anchor.DISCOVERED,),
    "hhs_notice": (Anchor.HHS_NOTIFIED,),
    "identification": (Anchor.IDENTIFIED,),
    # Handling is over when work is back to normal; where nobody said so, when the incident is closed.
    "incident_resolution": (Anchor.RECOVERED, Anchor.CLOSED),
    "materiality_determination": (Anchor.MATERIAL,),
    "new_information": (Anchor.NEW_FACTS,),
    "occurrence": (Anchor.BEGAN,),
    "payment": (Anchor.PAID,),
    "reasonable_belief": (Anchor.BELIEVED,),
    "request": (Anchor.REQUESTED,),
    "suspicion": (Anchor.SUSPECTED,),
}
"""What the law library calls an instant, and which instants of the sheet say it: the first of them that is set.

`detection_of_facts` is not set by itself: the library reads it from the detection.
"""


@dataclass(frozen=True)
class Source:
    """Who said it, when and why, with which entry of the log; `zone` is the one in which an instant was typed."""

    by: str
    at: datetime
    because: str
    sequence: int
    zone: str = ""


@dataclass(frozen=True)
class Stated(Generic[T]):
    """A value, and where it comes from; a role without a source stands in the plan."""

    value: T
    source: Source | None = None


@dataclass(frozen=True)
class People:
    """One group of people in scope: S-`number`, where they live, how many (None: not known) and how sure that is."""

    number: int
    name: str
    region: str
    low: int | None
    high: int | None
    confidence: str
    state: str
    source: Source | None = None


@dataclass(frozen=True)
class Affected:
    """How many people of a region ('' where it is not known) are affected, added up over the ledger's entries.

    low None: nobody counted anybody; high None: nobody knows how many at most. confidence: that of the weakest part.
    """

    region: str
    low: int | None
    high: int | None
    confidence: str
    entries: tuple[int, ...]


@dataclass(frozen=True)
class Sheet:
    """The fact sheet. What is absent in a mapping is not known.

    instants: by Anchor. roles: whether we are it in this incident, those of the plan and those said here. flags: facts
    answered yes or no. facts: every other stated fact. data_categories: whether data of that kind is affected. people:
    groups in scope that are not cleared. home_countries and zone: the organization's own.
    """

    instants: Mapping[str, Stated[datetime]] = field(default_factory=dict)
    roles: Mapping[str, Stated[bool]] = field(default_factory=dict)
    flags: Mapping[str, Stated[bool]] = field(default_factory=dict)
    facts: Mapping[str, Stated[Any]] = field(default_factory=dict)
    data_categories: Mapping[str, Stated[bool]] = field(default_factory=dict)
    people: tuple[People, ...] = ()
    home_countries: tuple[str, ...] = ()
    zone: str = "UTC"

    def at(self, anchor: str) -> datetime | None:
        """When an instant was; None while it is not known."""
        found = self.instants.get(anchor)
        return found.value if found else None

    def flag(self, name: str) -> bool | None:
        """A flag: yes, no, or None while it is not known."""
        found = self.flags.get(name)
        return found.value if found else None

    @property
    def held_roles(self) -> frozenset[str]:
        """What the organization is in this incident."""
        return frozenset(role for role, held in self.roles.items() if held.value)

    @property
    def data_affected(self) -> frozenset[str]:
        """The categories of data that are affected."""
        return frozenset(name for name, affected in self.data_categories.items() if affected.value)

    @property
    def affected(self) -> tuple[Affected, ...]:
        """People affected by region, as ranges; a region stands here only if an entry of the ledger names it."""
        groups: dict[str, list[People]] = {}
        for row in self.people:
            groups.setdefault(row.region, []).append(row)
        return tuple(_added(region, groups[region]) for region in sorted(groups, key=lambda r: (r == "", r)))

    @property
    def total(self) -> Affected:
        """Everybody who is affected, wherever they live; its region says 'total'."""
        return _added("total", self.people)


def sheet_of(incident: Incident, *, sourced: bool = True) -> Sheet:
    """The sheet as it stands. Three queries; one with sourced=False, which leaves out who said it, when and why."""
    said = _sources(incident) if sourced else {}
    home = incident.plan_version.plan.organization
    roles = dict.fromkeys(home.roles, True) | incident.entity_roles
    stated = {name: Stated(value, said.get(("fact", name))) for name, value in sorted(incident.facts.items())}
    return Sheet(
        instants={
            a: Stated(datetime.fromisoformat(incident.instants[a]), said.get(("instant", a)))
            for a in Anchor
            if incident.instants.get(a)
        },
        roles={r: Stated(held, said.get(("entity_role", r))) for r, held in roles.items()},
        flags={name: fact for name, fact in stated.items() if isinstance(fact.value, bool)},
        facts={name: fact for name, fact in stated.items() if not isinstance(fact.value, bool)},
        data_categories={
            c: Stated(yes, said.get(("data_category", c))) for c, yes in sorted(incident.data_categories.items())
        },
        people=_people(incident, sourced=sourced),
        home_countries=home.countries,
        zone=home.time_zone,
    )


def _people(incident: Incident, *, sourced: bool) -> tuple[People, ...]:
    rows = ScopeEntry.objects.filter(incident=incident, kind=ScopeKind.DATA_SUBJECTS)
    entries = list(rows.exclude(state=ScopeState.CLEARED).order_by("region", "number"))
    last: dict[int, Source] = {}
    if sourced and entries:
        for change in ScopeChange.objects.filter(entry__in=entries).order_by("at", "id"):
            last[change.entry_id] = Source(change.by, change.at, change.because, change.sequence)
    return tuple(
        People(e.number, e.name, e.region, e.count_low, e.count_high, e.confidence, e.state, last.get(e.pk))
        for e in entries
    )


def _added(region: str, rows: Iterable[People]) -> Affected:
    """The range that groups add up to: an upper bound only where each has one, the confidence of the weakest."""
    rows = tuple(rows)
    counted = [row for row in rows if row.low is not None or row.high is not None]
    highs = [row.high for row in rows if row.high is not None]
    sure = ("", "low", "moderate", "high")
    return Affected(
        region,
        low=sum(row.low or 0 for row in counted) if counted else None,
        high=sum(highs) if highs and len(highs) == len(rows) else None,
        confidence=min((row.confidence for row in rows), key=sure.index, default=""),
        entries=tuple(row.number for row in rows),
    )


def _sources(incident: Incident) -> dict[Key, Source]:
    """Who said what stands there now, by kind and name, read from the log. One query."""
    found: dict[Key, Source] = {}
    for entry in incident.chain.entries.filter(verb__in=_SAID).order_by("sequence"):
        key, payload = (entry.object_kind, entry.object_id), entry.payload
        source = Source(
            entry.actor.get("name", ""), entry.shown_time, payload.get("because") or payload.get("reason") or "",
            entry.sequence, payload.get("zone", ""),
        )  # fmt: skip
        match entry.verb:
            case "incident.open":
                told = Source(payload["declared_by"], entry.shown_time, "", entry.sequence)
                found |= {("instant", name): told for name in payload.get("instants", ())}
                found |= {("fact", name): told for name in payload.get("facts", ())}
            case "phase.set":  # marks the phase's instant where none is set
                found.setdefault(("instant", payload["phase"]), source)
            case "incident.close" | "incident.merge":
                found["instant", str(Anchor.CLOSED)] = source
            case "incident.reopen":
                found.pop(("instant", str(Anchor.CLOSED)), None)
            case "fact.withdraw" | "instant.withdraw":
                found.pop(key, None)
            case _:
                found[key] = source
    return found


def law_facts(sheet: Sheet) -> Facts:
    """The sheet as the law library reads it. What was filed, held back or ruled on is for disclosure to add.

    People count as bounded from above only where somebody said that the list of countries and states is complete.
    """
    complete = sheet.flag("affected_regions_complete") is True
    affected = {row.region: Range(row.low or 0, row.high, row.confidence) for row in sheet.affected if row.region}
    if sheet.people:
        total = sheet.total
        affected["total"] = Range(total.low or 0, total.high if complete else None, total.confidence)
    about = sheet.data_categories.get("personal_data")
    none_at_all = about is not None and not about.value
    return Facts(
        instants={
            name: sheet.instants[first].value
            for name, anchors in LAW_INSTANTS.items()
            if (first := next((a for a in anchors if a in sheet.instants), None))
        },
        roles=sheet.held_roles,
        flags=with_same({name: fact.value for name, fact in sheet.flags.items()}),
        data_categories=sheet.data_affected if sheet.data_affected or none_at_all else None,
        affected=affected,
        all_regions_known=complete and all(row.region for row in sheet.people),
        operates_in=frozenset(sheet.home_countries),
        home=sheet.home_countries[0] if sheet.home_countries else "",
        zone=sheet.zone,
    )
