"""The register of breaches of an organization (GDPR Article 33(5)): facts, effects, remedial action, notified or why not.

Who looks sees the breaches of incidents that they are on, and nothing of any other.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tocsin.core.access import Actor, visible
from tocsin.core.models import Organization
from tocsin.disclosure.models import Duty, Filing, Verdict, Word
from tocsin.incidents.models import Incident, RemediationState
from tocsin.incidents.queries import sheet_of
from tocsin.incidents.sheet_words import data_word, range_word

SAY_SO = ("personal_data_breach", "personal_data_affected", "special_data_affected", "data_exfiltrated")
EFFECTS = ("consequences", "harm", "impact")
UNSAFE = ("=", "+", "-", "@", "\t", "\r")
"""With which a spreadsheet would begin to compute."""


@dataclass(frozen=True)
class Notified:
    """A notice that went out: under which duty, when, by which way and number."""

    duty: str
    stage: str
    at: datetime
    channel: str
    reference: str
    late: bool


@dataclass(frozen=True)
class Struck:
    """A filing that was recorded by mistake and struck: what it said, by whom it was struck, when and why."""

    duty: str
    stage: str
    at: datetime
    channel: str
    reference: str
    by: str
    struck_at: datetime
    because: str


@dataclass(frozen=True)
class Breach:
    """One line of the register. `not_notified`: duty and counsel's reason; `undecided`: duties without a word so far."""

    incident: Incident
    began: datetime | None
    detected: datetime | None
    aware: datetime | None
    what: str
    data: list[str]
    people: str
    effects: list[str]
    remedies: list[str]
    notified: list[Notified]
    not_notified: list[tuple[str, str]]
    undecided: list[str]
    struck: list[Struck]


def breaches_of(actor: Actor, organization: Organization) -> list[Breach]:
    """The breaches of personal data that the actor may see, the newest first. Exercises are none."""
    rows = Incident.objects.filter(organization=organization, exercise=False, merged_into=None)
    rows = visible(actor, rows).select_related("plan_version", "chain").defer("plan_version__files")
    found = rows.prefetch_related("remediations", "duties__filings", "duties__clocks")
    return [_line(incident) for incident in found if _is_breach(incident)]


def _is_breach(incident: Incident) -> bool:
    said = any(incident.facts.get(name) is True for name in SAY_SO)
    return said or any(incident.data_categories.values()) or any(d.filings.all() for d in incident.duties.all())


def _line(incident: Incident) -> Breach:
    sheet = sheet_of(incident, sourced=False)
    duties = list(incident.duties.all())
    done = (RemediationState.DONE, RemediationState.VERIFIED)
    return Breach(
        incident,
        sheet.at("began"), sheet.at("detected"), sheet.at("aware"),
        incident.summary or incident.title,
        [data_word(name) for name in sorted(sheet.data_affected)],
        range_word(sheet.total.low, sheet.total.high) if sheet.people else "",
        [str(incident.facts[name]) for name in EFFECTS if incident.facts.get(name)],
        [r.action for r in incident.remediations.all() if r.state in done],
        [_notified(d, f) for d in duties for f in d.filings.all() if f.first],
        [(d.name, d.ruling_reason) for d in duties if d.ruling == Word.REJECTED],
        [d.name for d in duties if d.verdict == Verdict.MAY_APPLY and not d.ruling and not _filed(d)],
        [
            Struck(d.name, f.stage, f.submitted_at, f.channel, f.reference, f.struck_by, f.struck_at, f.struck_reason)
            for d in duties for f in d.filings.all() if f.struck_at is not None
        ],
    )  # fmt: skip


def _filed(duty: Duty) -> bool:
    return any(not f.struck for f in duty.filings.all())


def _notified(duty: Duty, filing: Filing) -> Notified:
    late = filing.due_at is not None and filing.submitted_at > filing.due_at
    return Notified(duty.name, filing.stage, filing.submitted_at, filing.channel, filing.reference, late)


COLUMNS = (
    "incident", "title", "severity", "phase", "began", "detected", "aware", "facts", "data", "people", "effects",
    "remedial action", "notified", "not notified because", "undecided",
    "struck",
)  # fmt: skip


def as_csv(breaches: Iterable[Breach]) -> str:
    """The register as CSV (RFC 4180), times in UTC. No cell begins with what a spreadsheet would compute."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for b in breaches:
        i = b.incident
        notified = [
            f"{n.duty}, {n.stage}: {_time(n.at)} by {n.channel}{f', {n.reference}' if n.reference else ''}"
            f"{' (late)' if n.late else ''}"
            for n in b.notified
        ]
        writer.writerow([
            _safe(cell) for cell in (
                i.number, i.title, i.severity, i.phase, _time(b.began), _time(b.detected), _time(b.aware), b.what,
                "; ".join(b.data), b.people, "; ".join(b.effects), "; ".join(b.remedies), "; ".join(notified),
                "; ".join(f"{name}: {why}" for name, why in b.not_notified), "; ".join(b.undecided),
                "; ".join(_struck(s) for s in b.struck),
            )
        ])  # fmt: skip
    return out.getvalue()


def _struck(s: Struck) -> str:
    number = f", {s.reference}" if s.reference else ""
    said = f"{s.duty}, {s.stage}: {_time(s.at)} by {s.channel}{number}"
    return f"{said} (struck {_time(s.struck_at)} by {s.by}: {s.because})"


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else ""


def _safe(cell: Any) -> str:
    text = str(cell)
    return f"'{text}" if text.startswith(UNSAFE) else text
