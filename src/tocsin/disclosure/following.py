"""What follows from the facts of an incident: its duties by the law library, and how that differs from what stands."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from tocsin import __version__
from tocsin.core.canonical import plain
from tocsin.disclosure.merged import GOES_ON, There, there_of
from tocsin.disclosure.models import OPEN, Duty, DutyClock, DutyReading, NoticeClock, StageState
from tocsin.disclosure.regimes import regimes_of
from tocsin.disclosure.steps import tasks_by_stage
from tocsin.incidents.models import Incident, Task
from tocsin.incidents.queries import law_facts, sheet_of
from tocsin.law import engine
from tocsin.law.clocks import Clock
from tocsin.law.facts import Facts
from tocsin.law.sheet import Sheet
from tocsin.law.vocabulary import vocabulary

NOT_ANY_MORE = "It does not apply as the facts stand."
MOST_SETTLED = 2000
_settled: OrderedDict[tuple[Any, ...], None] = OrderedDict()
"""What a process worked out and found to stand already: incident, what stood there, facts."""


@dataclass
class Standing:
    """What stands of an incident's duties now, and the facts that they follow from."""

    facts: Facts
    reading: DutyReading | None
    duties: dict[str, Duty]
    tasks: dict[tuple[str, str], Task]
    key: str
    there: There | None = None

    @property
    def since(self) -> int:
        """The entry of the log that last worked it out; 0 for none."""
        return self.reading.sequence if self.reading else 0


@dataclass
class Found:
    """What follows now and did not stand: verdicts of all regimes, and the duties to be written, with their clocks."""

    key: str
    verdicts: dict[str, str]
    turned: list[dict[str, Any]] = field(default_factory=list)
    clocks: list[dict[str, Any]] = field(default_factory=list)
    reworded: list[str] = field(default_factory=list)
    lost: list[dict[str, Any]] = field(default_factory=list)
    duties: list[tuple[Duty, list[DutyClock]]] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many regimes stand how."""
        return dict(sorted(Counter(self.verdicts.values()).items()))


@lru_cache(maxsize=1)
def flags_read() -> frozenset[str]:
    """The facts that the law library reads as flags."""
    words = vocabulary()
    return frozenset(words.flags).union(*words.flag_follows_from.values())


def facts_for_law(incident: Incident, duties: Iterable[Duty] | None = None) -> Facts:
    """The fact sheet as the law library reads it, with what was filed, held back and ruled on.

    Of several filings of a stage only the first that was recorded counts, so that an addition moves nothing.
    """
    if duties is None:
        duties = duties_with_all(incident)
    submissions: dict[tuple[str, str], list[datetime]] = {}
    dues: dict[tuple[str, str], datetime] = {}
    delays: dict[tuple[str, str], datetime] = {}
    rulings: dict[Any, Any] = {}
    for duty in duties:
        if duty.ruling:
            rulings[duty.regime] = str(duty.ruling)
        rulings |= {(duty.regime, c.stage): str(c.ruling) for c in duty.clocks.all() if c.ruling}
        for filing in duty.filings.all():
            if filing.first:
                submissions[duty.regime, filing.stage] = [filing.submitted_at]
                if filing.due_at:
                    dues[duty.regime, filing.stage] = filing.due_at
        delays |= {(duty.regime, d.stage): d.until for d in duty.delays.all()}
    base = law_facts(sheet_of(incident, sourced=False))
    return replace(base, submissions=submissions, dues_when_filed=dues, delays=delays, rulings=rulings)


def duties_with_all(incident: Incident) -> list[Duty]:
    """The stored duties with their clocks, filings and delays. Four queries at most."""
    return list(Duty.objects.filter(incident=incident).prefetch_related("clocks__task", "filings", "delays"))


def standing(incident: Incident) -> Standing:
    """What stands now, and the key of the facts that it has to follow."""
    duties = duties_with_all(incident)
    facts = facts_for_law(incident, duties)
    notices = list(NoticeClock.objects.filter(incident=incident).exclude(regime="").select_related("task"))
    tasks = tasks_by_stage(notices, regimes_of(incident)) if notices else {}
    there = there_of(incident)
    key = _key(facts, incident, tasks, there)
    reading = DutyReading.objects.filter(incident=incident).first()
    return Standing(facts, reading, {d.regime: d for d in duties}, tasks, key, there)


def _key(
    facts: Facts, incident: Incident, tasks: Mapping[tuple[str, str], Task], there: There | None
) -> str:  # fmt: skip
    """SHA-256 (hex) of all that duties follow from; equal keys mean equal duties."""
    said = {
        "facts": [sorted(facts.roles or ()), sorted(facts.data_categories or ()), facts.data_categories is None,
                  sorted((k, v) for k, v in facts.flags.items() if k in flags_read()),
                  sorted((k, v.low, v.high, v.confidence) for k, v in facts.affected.items()),
                  facts.all_regions_known, sorted(facts.operates_in or ()), facts.home, facts.zone],
        "times": [sorted((str(k), plain(v)) for k, v in part.items())
                  for part in (facts.instants, facts.dues_when_filed, facts.delays)],
        "filed": sorted((str(k), [plain(t) for t in v]) for k, v in facts.submissions.items()),
        "rulings": sorted((str(k), v) for k, v in facts.rulings.items()),
        "tasks": sorted((*k, t.pk) for k, t in tasks.items()),
        "plan": incident.plan_version.version,
        "tocsin": __version__,
    } | ({"there": there.key} if there else {})  # fmt: skip
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def worked_out(incident: Incident, facts: Facts) -> tuple[engine.Duty, ...]:
    """All regimes on these facts."""
    targets = incident.plan_version.plan.obligations.limits
    return engine.evaluate(facts, list(regimes_of(incident).values()), targets=targets)


def pending(incident: Incident) -> Found | None:
    """What has to be written because the facts changed; None where nothing follows that does not stand already.

    While the facts are those that were worked out before, the law library is not asked.
    """
    now = standing(incident)
    settled = (incident.pk, now.since, now.key)
    if (now.reading and now.reading.key == now.key) or settled in _settled:
        return None
    found = _compared(incident, now)
    if found.turned or found.clocks or found.reworded or found.lost or found.duties or now.reading is None:
        return found
    _settled[settled] = None
    while len(_settled) > MOST_SETTLED:
        _settled.popitem(last=False)
    return None


def _compared(incident: Incident, now: Standing) -> Found:
    before = now.reading.verdicts if now.reading else {}
    live = worked_out(incident, now.facts)
    found = Found(now.key, {d.regime.id: d.verdict for d in live})
    sheet = Sheet(now.facts)
    for law in live:
        row, was = now.duties.get(law.regime.id), before.get(law.regime.id, "")
        if was != law.verdict and (was or law.verdict == "may_apply"):
            found.turned.append({"regime": law.regime.id, "name": law.regime.name, "before": was,
                                 "verdict": law.verdict})  # fmt: skip
        if row is None and law.verdict != "may_apply":
            continue
        row = row or Duty(incident=incident, regime=law.regime.id, name=law.regime.name, verdict="")
        _compare(found, row, law, now, sheet)
    return found


def _compare(found: Found, row: Duty, law: engine.Duty, now: Standing, sheet: Sheet) -> None:
    """Bring a stored duty and its clocks up to what follows, and note in `found` whatever differs."""
    given = {
        "name": law.regime.name[:300],
        "verdict": law.verdict,
        "reasons": [{"key": r.key, "values": dict(r.values)} for r in law.reasons],
        "missing": list(law.missing),
        "lost": [name for name in _rested_on(row) if not _holds(name, sheet)],
    }
    changed = [name for name, value in given.items() if getattr(row, name) != value]
    if any(name not in row.lost for name in given["lost"]):
        found.lost.append({"regime": row.regime, "name": law.regime.name, "lost": given["lost"]})
    turned = row.verdict != law.verdict
    for name in changed:
        setattr(row, name, given[name])
    if turned and row.pk:
        row.revision += 1
    moved = _compare_clocks(found, row, law, now)
    if changed or moved or row.pk is None:
        found.duties.append((row, moved))
        if changed and not turned and not moved and "lost" not in changed:
            found.reworded.append(row.regime)


def _compare_clocks(found: Found, row: Duty, law: engine.Duty, now: Standing) -> list[DutyClock]:
    known = {c.stage: c for c in row.clocks.all()} if row.pk else {}
    moved, seen = [], set()
    for position, clock in enumerate(law.stages):
        seen.add(clock.stage)
        kept = known.get(clock.stage) or DutyClock(stage=clock.stage, state="", position=position)
        given = _given(clock, now.tasks.get((row.regime, clock.stage)))
        if now.there and given["state"] in OPEN and now.there.has(row.regime, clock.stage, clock.due_at):
            given |= _ended(GOES_ON)
        if changed := {n: v for n, v in given.items() if getattr(kept, n) != v}:
            _note(found, row, kept, given)
            for name, value in changed.items():
                setattr(kept, name, value)
            if "due_at" in changed:
                kept.overdue_logged = False
            moved.append(kept)
    for stage, kept in known.items():
        if stage not in seen and kept.state != StageState.NOT_NEEDED:
            gone = _ended(NOT_ANY_MORE)
            _note(found, row, kept, gone)
            for name, value in gone.items():
                setattr(kept, name, value)
            moved.append(kept)
    return moved


def _ended(because: str) -> dict[str, Any]:
    """What a stage says that nobody has to do."""
    return {"state": str(StageState.NOT_NEEDED), "because": because, "starts_at": None, "due_at": None,
            "expected": None, "missing": [], "judge": []}  # fmt: skip


def _given(clock: Clock, task: Task | None) -> dict[str, Any]:
    return {
        "recipient": clock.recipient, "recipient_name": clock.recipient_name[:300], "state": clock.state,
        "because": clock.because, "starts_at": clock.starts_at, "due_at": clock.due_at,
        "submitted_at": clock.submitted_at, "expected": clock.expected, "missing": list(clock.missing),
        "judge": list(clock.judge), "own_target": clock.own_target, "mandatory": clock.mandatory,
        "urgency": clock.urgency[:200], "note": clock.note, "task_id": task.pk if task else None,
    }  # fmt: skip


def _note(found: Found, row: Duty, kept: DutyClock, given: Mapping[str, Any]) -> None:
    """Write down that a clock's state or deadline changes: from what to what."""
    if (kept.state, kept.due_at) == (given["state"], given["due_at"]):
        return
    was = {"state": kept.state, "due_at": kept.due_at} if kept.state else None
    found.clocks.append({"regime": row.regime, "name": row.name, "stage": kept.stage, "before": was,
                         "state": given["state"], "due_at": given["due_at"]})  # fmt: skip


SUPPORTS = {"flag-true": "flag", "flag-follows": "flag", "role-held": "role", "data-affected": "data"}
"""The reasons that speak for a duty by a fact that can be withdrawn, and what kind of fact that is."""


def supports(reasons: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    """What a duty rests on: kind and name of each flag, role and category of data that speaks for it."""
    found = []
    for reason in reasons:
        if kind := SUPPORTS.get(reason["key"]):
            value = reason["values"].get("flag") or reason["values"].get("held") or ""
            found += [[kind, name] for name in value.split(", ") if name and name not in ("any", "any_incident")]
    return found


def _rested_on(row: Duty) -> list[list[str]]:
    """What the notices filed under a duty rested on, each once."""
    if not row.pk:
        return []
    return list({tuple(n): n for f in row.filings.all() if not f.struck for n in f.rests_on}.values())


def _holds(name: list[str], sheet: Sheet) -> bool:
    kind, what = name
    if kind == "flag":
        return sheet.flag(what) is True
    return what in (sheet.roles if kind == "role" else sheet.data)
