"""How a duty is shown: why it may apply in a sentence, what is missing to tell with the way to say it, its stages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from tocsin.disclosure.models import Delay, Duty, DutyClock, Filing, NoticeClock, StageState
from tocsin.disclosure.pages import Shown, of_stage
from tocsin.disclosure.queries import next_due
from tocsin.incidents.models import Incident
from tocsin.incidents.pages import facts_of
from tocsin.incidents.queries.sheet import LAW_INSTANTS
from tocsin.incidents.regions import region_name
from tocsin.incidents.sheet_words import data_word, fact_word, instant_word, role_word
from tocsin.law import engine
from tocsin.law.models import Regime
from tocsin.law.reasons import SENTENCES, Reason
from tocsin.law.vocabulary import vocabulary
from tocsin.plan.models import Fact

SPEAK_FOR = ("role-held", "flag-true", "flag-follows", "data-affected", "region-people", "region-present",
             "people-meets", "part-meets")  # fmt: skip
"""The reasons that speak for a duty; the others say what is open, or against it."""


@dataclass(frozen=True)
class Missing:
    """A fact that nobody stated yet: what it asks in words, and where to state it."""

    name: str
    words: str
    url: str
    yes_no: bool = False


@dataclass(frozen=True)
class StageRow:
    """A stage as it is drawn, with what was filed and held back."""

    clock: DutyClock
    shown: Shown
    filings: Sequence[Filing] = ()
    delay: Delay | None = None
    may_delay: bool = False
    missing: Sequence[Missing] = ()

    @property
    def standing_filings(self) -> list[Filing]:
        """The filings that nobody struck."""
        return [f for f in self.filings if not f.struck]

    @property
    def done_unfiled(self) -> bool:
        """Whether the playbook's task is done while nobody recorded how the notice was filed."""
        return self.clock.is_open and self.clock.task is not None and self.clock.task.state == "done"


@dataclass(frozen=True)
class DutyRow:
    """A duty as it is drawn. `regime` is None where neither library nor plan know it any more."""

    duty: Duty
    regime: Regime | None
    why: str
    reasons: Sequence[str]
    judge: str
    missing: Sequence[Missing]
    lost: str
    stages: Sequence[StageRow] = field(default_factory=list)

    @property
    def standing(self) -> str:
        """The worst of its stages: late before running before the rest."""
        standings = [s.shown.standing for s in self.stages]
        return next((one for one in ("late", "running", "waiting") if one in standings), "met" if standings else "")

    @property
    def due(self) -> datetime | None:
        """The next limit of a duty whose clocks count."""
        return next_due(self.duty) if self.duty.counts else None

    @property
    def stages_needed(self) -> list[StageRow]:
        """The stages that somebody has to do or did."""
        return [s for s in self.stages if s.clock.state != StageState.NOT_NEEDED]


def duty_row(
    duty: Duty, regime: Regime | None, incident: Incident, notices: Mapping[int, NoticeClock], now: datetime
) -> DutyRow:
    """One duty, ready to draw. `notices`: the playbook's clocks by task."""
    known = facts_of(incident)
    judge = next((r["values"].get("question", "") for r in duty.reasons if r["key"] == "judge"), "")
    speaking = [said(r, known) for r in duty.reasons if r["key"] in SPEAK_FOR]
    stages = [_stage(duty, clock, regime, incident, notices, known, now) for clock in duty.clocks.all()]
    return DutyRow(
        duty, regime, " ".join(speaking), [said(r, known) for r in duty.reasons if r["key"] != "judge"], judge,
        [missing_of(incident, name, known) for name in duty.missing],
        ", ".join(_named(kind, name, known) for kind, name in duty.lost), stages,
    )  # fmt: skip


def _stage(
    duty: Duty, clock: DutyClock, regime: Regime | None, incident: Incident, notices: Mapping[int, NoticeClock],
    known: Mapping[str, Fact], now: datetime,
) -> StageRow:  # fmt: skip
    clock.duty = duty  # it came with the duty: nobody has to ask for it again
    filings = [f for f in duty.filings.all() if f.stage == clock.stage]
    delay = next((d for d in reversed(duty.delays.all()) if d.stage == clock.stage), None)
    allowed = regime is not None and regime.delay is not None and clock.stage in (
        regime.delay.stages or (clock.stage,)
    )  # fmt: skip
    open_facts = [name for name in clock.missing if _is_fact(name)]
    return StageRow(
        clock, of_stage(clock, notices.get(clock.task_id or 0), now), filings, delay, allowed and clock.is_open,
        [missing_of(incident, name, known) for name in open_facts],
    )  # fmt: skip


def said(reason: Mapping[str, Any], known: Mapping[str, Fact]) -> str:
    """A reason as a sentence, with roles, data and facts in words."""
    values = dict(reason["values"])
    if reason["key"] not in SENTENCES:
        return ""
    for name, worded in (("roles", role_word), ("data", data_word)):
        if name in values:
            values[name] = "; ".join(worded(code) for code in values[name].split(", "))
    if "held" in values:
        worded = data_word if reason["key"].startswith("data") else role_word
        values["held"] = "; ".join(worded(code) for code in values["held"].split(", "))
    if "flag" in values:
        values["flag"] = fact_word(values["flag"], known)
    if "region" in values:
        values["region"] = "; ".join(_place(code) for code in values["region"].split(", "))
    return SENTENCES[reason["key"]].format(**values).strip()


def _place(code: str) -> str:
    return {"EU": _("the European Union"), "EU/EEA": _("the EU or EEA"), "total": _("all countries")}.get(
        code, region_name("GB" + code[2:] if code[:2] == "UK" else code)
    )


def _named(kind: str, name: str, known: Mapping[str, Fact]) -> str:
    return {"role": role_word, "data": data_word}[kind](name) if kind != "flag" else fact_word(name, known)


def _is_fact(name: str) -> bool:
    """Whether a missing thing is a fact that somebody can state, and not the stage before."""
    return (
        name in LAW_INSTANTS
        or name in vocabulary().flags
        or name in ("roles", "data_categories", "operates_in")
        or name.startswith("affected:")
    )


def missing_of(incident: Incident, name: str, known: Mapping[str, Fact]) -> Missing:
    """A missing fact in words, with the row of the fact sheet where it is stated."""
    sheet = reverse("sheet", args=[incident.number])
    if name == "roles":
        return Missing(name, _("what we are in this incident"), f"{sheet}#who-h")
    if name == "data_categories":
        return Missing(name, _("which data is affected"), f"{sheet}#what-h")
    if name == "operates_in" or name.startswith("affected:"):
        where = name.partition(":")[2]
        words = _("how many people are affected in %s") % _place(where) if where else _("where we operate")
        return Missing(name, words, f"{sheet}#f-people")
    if name in LAW_INSTANTS:
        anchor = str(LAW_INSTANTS[name][0])
        words = _("when: %s") % instant_word(anchor)
        return Missing(name, words, reverse("sheet-row", args=[incident.number, "instant", anchor]))
    words = fact_word(name, known)
    return Missing(name, f"{words}?", reverse("sheet-row", args=[incident.number, "fact", name]), yes_no=True)


def most_asked(duties: Iterable[engine.Duty], incident: Incident, most: int = 8) -> list[tuple[Missing, int]]:
    """The facts that would decide most of what nobody can tell, with how many duties each is missing for."""
    known = facts_of(incident)
    counted = Counter(name for duty in duties if duty.verdict == "cannot_tell" for name in duty.missing)
    merged: Counter[str] = Counter()
    for name, n in counted.items():
        merged["affected:" if name.startswith("affected:") else name] += n
    rows = sorted(merged.items(), key=lambda pair: (-pair[1], pair[0]))[:most]
    return [(missing_of(incident, name, known) if name != "affected:" else _people(incident), n) for name, n in rows]


def _people(incident: Incident) -> Missing:
    sheet = reverse("sheet", args=[incident.number])
    return Missing("affected:", _("how many people are affected, in which countries and states"), f"{sheet}#f-people")


def lines(duties: Iterable[engine.Duty], incident: Incident) -> list[dict[str, Any]]:
    """Duties that have no row of their own, each in a line: name, why, what is missing, the next deadline if it applied."""
    known = facts_of(incident)
    return [
        {
            "regime": duty.regime,
            "why": " ".join(said(_plain(r), known) for r in duty.reasons if r.key != "judge"),
            "missing": [missing_of(incident, name, known) for name in duty.missing],
            "due": duty.next_due,
        }
        for duty in duties
    ]


def _plain(reason: Reason) -> dict[str, Any]:
    return {"key": reason.key, "values": dict(reason.values)}
