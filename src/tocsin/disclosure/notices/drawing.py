"""From the facts of an incident to the sections of a notice: one small function for each section that facts can fill."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import translation

from tocsin.disclosure.models import Delay, DutyClock, Filing
from tocsin.disclosure.notices.content import Language, content, languages, wanted
from tocsin.incidents.models import (
    Incident,
    RemediationState,
    RoleAssignment,
    ScopeEntry,
    ScopeKind,
    ScopeState,
    Tlp,
)
from tocsin.incidents.queries import Sheet, sheet_of
from tocsin.incidents.regions import region_name
from tocsin.incidents.sheet_words import data_word
from tocsin.law.models import Regime
from tocsin.plan.facts import same_as
from tocsin.plan.models import Function

MOST = 12
_TIMES = ("began", "detected", "suspected", "aware", "discovered", "determined", "classified", "contained", "eradicated",
          "recovered")  # fmt: skip
_EVENTS = ("unauthorised_access", "unauthorised_acquisition", "data_exfiltration", "data_published", "ransomware",
           "service_disruption", "mail_sent_from_us", "data_encrypted_key_safe")  # fmt: skip
_CAUSES = ("malicious", "malware", "vulnerability_exploited", "third_party_involved")
_EFFECTS = ("high_risk_to_individuals", "core_function_disrupted", "fraud_loss")
_STOPPING = ("isolate_hosts", "isolate_production", "shut_down_service", "cut_supplier", "restore_production")
_ALSO = {"malware": ("malware_found",)}
"""Facts that for a notice say the same, beside those that mean the same everywhere (`same_as`)."""


@dataclass(frozen=True)
class Drawn:
    """A section as the facts have it now: `text` holds a marked line where something is still missing."""

    key: str
    heading: str
    asked: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Known:
    """What a section is drawn from."""

    incident: Incident
    sheet: Sheet
    language: Language
    recipient: str
    clock: DutyClock | None
    delays: tuple[Delay, ...]
    filings: tuple[Filing, ...]
    now: datetime

    def flag(self, name: str) -> bool | None:
        """A fact answered yes or no, by whichever of its names it was stated."""
        said = [self.sheet.flag(one) for one in (name, *same_as(name), *_ALSO.get(name, ()))]
        return True if True in said else False if False in said else None

    def said(self, names: Iterable[str]) -> list[str]:
        """The sentences of the facts among `names` that hold."""
        return [self.language.say(name) for name in names if self.flag(name)]

    def line(self, heading: str, value: str) -> str:
        """A heading and its value on one line."""
        return f"{self.language.say(heading)}{self.language.colon}{value}"


def draw(
    incident: Incident, regime: Regime, stage: str, recipient: str, language: str, now: datetime,
    clock: DutyClock | None = None,
) -> list[Drawn]:  # fmt: skip
    """The sections of a notice as the facts have them at `now`, in the language of `language`."""
    told = languages()[language]
    duty = clock.duty if clock else None
    known = Known(
        incident, sheet_of(incident, sourced=False), told, recipient, clock,
        tuple(d for d in duty.delays.all() if d.stage == stage) if duty else (),
        tuple(f for f in duty.filings.all() if not f.struck) if duty else (), now,
    )  # fmt: skip
    with translation.override(language):
        return [
            Drawn(w.key, w.heading, w.asked, _text(known, w.key) or told.gap(w.missing))
            for w in wanted(regime, recipient, stage, language)
        ]


def _text(known: Known, key: str) -> str:
    drawer = DRAWERS.get(key)
    return "\n".join(line for line in drawer(known) if line) if drawer else ""


def _identity(k: Known) -> list[str]:
    home = k.incident.plan_version.plan.organization
    return [home.name, ", ".join(region_name(code) for code in home.countries)]


def _contact(k: Known) -> list[str]:
    """Who sits in the legal seat, the one for data protection before the others; else who leads."""
    held = [r for r in k.incident.roles.filter(renounced_at=None) if r.holder and r.address]
    legal = sorted((r for r in held if r.function == Function.LEGAL_HR_REGULATORY), key=_is_privacy, reverse=True)
    lead = [r for r in held if r.function == Function.INCIDENT_MANAGEMENT]
    return [f"{r.holder}, {r.title}, {r.address}" for r in (legal or lead)[:1]]


def _is_privacy(seat: RoleAssignment) -> bool:
    return any(word in f"{seat.role} {seat.title}".lower() for word in ("data protection", "privacy", "dpo"))


def _nature(k: Known) -> list[str]:
    i = k.incident
    found = [f.claim for f in i.findings.filter(state="stated").exclude(tlp=Tlp.RED).exclude(confidence="low")[:MOST]]
    told = [i.summary or i.title, *k.said(_EVENTS)]
    return told if k.recipient == "individuals" else [*told, *(f"- {claim}" for claim in found)]


def _times(k: Known) -> list[str]:
    known = [(name, at) for name in _TIMES if (at := k.sheet.at(name))]
    hours = k.sheet.facts.get("service_down_hours")
    found = [k.line(name, k.language.at(at)) for name, at in known]
    missing = [k.language.gap(k.language.say(n)) for n in ("began", "detected") if not k.sheet.at(n)] if found else []
    return found + missing + ([k.language.say("service_hours", n=hours.value)] if hours else [])


def _systems(k: Known) -> list[str]:
    rows = [e for e in k.incident.scope.exclude(state=ScopeState.CLEARED) if e.state != ScopeState.SUSPECTED]
    kinds = [("services", ScopeKind.SERVICE), ("places", ScopeKind.LOCATION)]
    if k.recipient != "individuals":
        kinds.insert(0, ("hosts", ScopeKind.HOST))
    return [k.line(word, _listed(k, named)) for word, kind in kinds if (named := [e for e in rows if e.kind == kind])]


def _listed(k: Known, rows: list[ScopeEntry]) -> str:
    more = len(rows) - MOST
    names = ", ".join(e.name for e in rows[:MOST])
    return f"{k.language.number(len(rows))} ({names}{', …' if more > 0 else ''})"


def _data(k: Known) -> list[str]:
    own = content()["data"].get(k.language.code, {})
    sets = k.incident.scope.filter(kind=ScopeKind.DATA_SET).exclude(
        state__in=(ScopeState.CLEARED, ScopeState.SUSPECTED)
    )
    names = [str(own.get(name) or data_word(name)) for name in sorted(k.sheet.data_affected)]
    return [f"- {name}" for name in names + [e.name for e in sets[:MOST]]]


def _people(k: Known) -> list[str]:
    lines = []
    for row in k.sheet.affected:
        where = region_name(row.region) if row.region else k.language.say("unknown_region")
        if n := k.language.range(row.low, row.high):
            lines.append(f"{where}{k.language.colon}{k.language.say('people', n=n)}")
        else:
            lines.append(f"{where}{k.language.colon}{k.language.gap(content_gap(k.language.code, 'people'))}")
    total = k.language.range(k.sheet.total.low, k.sheet.total.high)
    if len(lines) > 1 and total:
        lines.append(k.line("total", k.language.say("people", n=total)))
    stated = k.sheet.facts.get("people_affected")
    return lines or ([k.language.say("people", n=stated.value)] if stated else [])


def content_gap(language: str, key: str) -> str:
    """What a section asks for, in a language."""
    return str(content()["sections"][key][language]["missing"])


def _records(k: Known) -> list[str]:
    stated = k.sheet.facts.get("records_affected")
    return [k.language.say("records", n=stated.value)] if stated else []


def _indicators(k: Known) -> list[str]:
    rows = k.incident.indicators.filter(withdrawn_at=None).exclude(tlp=Tlp.RED)
    return [f"- {row.kind}{k.language.colon}{row.value}" for row in rows]


def _measures(k: Known) -> list[str]:
    done = (RemediationState.DONE, RemediationState.VERIFIED)
    rows = list(k.incident.remediations.exclude(state=RemediationState.FAILED))
    times = [k.line(n, k.language.at(at)) for n in ("contained", "eradicated", "recovered") if (at := k.sheet.at(n))]
    told = [(("done" if r.state in done else "planned"), r.action) for r in rows]
    answered = [] if k.recipient == "individuals" else _decided(k)
    return times + [k.line(word, action) for word, action in dict.fromkeys(told)] + answered


def _decided(k: Known) -> list[str]:
    """What was decided to stop it; a payment, or what is said to whom, is nothing for this section."""
    rows = k.incident.decisions.filter(state="decided", authority__in=_STOPPING)
    labels = [(d.question, next((o["label"] for o in d.options if o["id"] == d.chosen), d.chosen)) for d in rows]
    return [k.line("decided", f"{question} {label}") for question, label in labels]


def _countries(k: Known) -> list[str]:
    names = [region_name(row.region) for row in k.sheet.affected if row.region]
    return [k.language.say("countries", names=", ".join(names))] if names else []


def _ransom(k: Known) -> list[str]:
    lines = k.said(("ransom_demanded",)) + k.said(("payment_made",))
    if k.flag("payment_made") is False:
        lines.append(k.language.say("no_payment"))
    lines += [k.line(name, k.language.at(at)) for name in ("demanded", "paid") if (at := k.sheet.at(name))]
    amount = k.sheet.facts.get("amount")
    return lines + ([k.language.say("amount", n=amount.value)] if amount else [])


def _law_enforcement(k: Known) -> list[str]:
    if k.delays:
        last = k.delays[-1]
        until = k.language.at(last.until)
        return [k.language.say("law_enforcement_delay", who=last.asked_by, until=until, reference=last.reference)]
    return [k.language.say("no_delay")] if k.flag("law_enforcement_delay_requested") is False else []


def _late(k: Known) -> list[str]:
    """Nothing to explain while it is in time; a reason that was recorded with a filing; else it is missing."""
    said = [f.delay_reason for f in k.filings if k.clock and f.stage == k.clock.stage and f.delay_reason]
    due = k.clock.due_at if k.clock else None
    if said or due is None:
        return said
    in_time = (k.clock.submitted_at or k.now) <= due if k.clock else False
    return [k.language.say("in_time", due=k.language.at(due))] if in_time else []


DRAWERS: dict[str, Callable[[Known], list[str]]] = {
    "identity": _identity,
    "contact": _contact,
    "nature": _nature,
    "times": _times,
    "cause": lambda k: k.said(_CAUSES),
    "systems": _systems,
    "data": _data,
    "people": _people,
    "records": _records,
    "indicators": _indicators,
    "consequences": lambda k: k.said(_EFFECTS),
    "measures": _measures,
    "countries": _countries,
    "ransom": _ransom,
    "third_party": lambda k: k.said(("third_party_involved",)),
    "law_enforcement": _law_enforcement,
    "late": _late,
}
