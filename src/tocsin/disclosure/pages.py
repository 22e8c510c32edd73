"""How a clock is shown: how it stands now, what a waiting one waits for, and how many of each there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from tocsin.disclosure.models import ClockState, DutyClock, NoticeClock, StageState
from tocsin.disclosure.queries import clocks_of, stages_that_count
from tocsin.incidents.advance import condition_holds, missing_facts
from tocsin.incidents.models import Incident, Task
from tocsin.incidents.pages import facts_of, how_near, share_left
from tocsin.incidents.queries import facts_of as stated_facts
from tocsin.plan.facts import DECISION

ANCHOR_WORDS = {
    "detected": gettext_lazy("the time when it was detected"),
    "declared": gettext_lazy("the declaration"),
    "aware": gettext_lazy("the time when we became aware"),
    "contained": gettext_lazy("containment"),
    "eradicated": gettext_lazy("eradication"),
    "recovered": gettext_lazy("recovery"),
    "closed": gettext_lazy("the closing"),
}
COUNTS = {
    "late": ngettext_lazy("%d late", "%d late"),
    "running": ngettext_lazy("%d running", "%d running"),
    "waiting": ngettext_lazy("%d waiting", "%d waiting"),
    "met": ngettext_lazy("%d met", "%d met"),
    "met_late": ngettext_lazy("%d met late", "%d met late"),
    "not_needed": ngettext_lazy("%d not needed", "%d not needed"),
}
ENDED = ("met", "met_late", "not_needed")


@dataclass(frozen=True)
class Shown:
    """A deadline as pages draw it: a stage of a duty with its task, or a notice that only the playbook foresees.

    `standing` is one of COUNTS; `ring` its shape, `waits` what one waits for that has no time running.
    """

    title: str
    standing: str
    ring: str
    left: float
    because: str
    anchor: str
    due_at: datetime | None
    started_at: datetime | None
    waits: str = ""
    notice: NoticeClock | None = None
    stage: DutyClock | None = None

    @property
    def ticks(self) -> bool:
        """Whether its time is counted down: only while the duty applies and nobody has said that it was done."""
        return self.standing in ("late", "running") and self.due_at is not None


def standing_of(clock: NoticeClock, now: datetime) -> str:
    """How a clock stands at `now`: a deadline that passed this second is late before the log says so."""
    if clock.state == ClockState.LATE and clock.ended_at:
        return "met_late"
    if clock.state == ClockState.RUNNING and clock.due_at and clock.due_at <= now:
        return "late"
    return str(clock.state)


def _is_over(notice: NoticeClock) -> bool:
    """Whether its task is done or not needed, as the clock has it: without asking for the task."""
    return notice.ended_at is not None or notice.state in (ClockState.MET, ClockState.NOT_NEEDED)


STANDINGS = {
    StageState.WAITING: "waiting",
    StageState.RUNNING: "running",
    StageState.NO_NUMBER: "running",
    StageState.TO_JUDGE: "waiting",
    StageState.HELD: "running",
    StageState.FILED: "met",
    StageState.FILED_LATE: "met_late",
    StageState.NOT_NEEDED: "not_needed",
}


def shown(incident: Incident, now: datetime) -> list[Shown]:
    """Every deadline of the incident: late first, then earliest, those that ended last.

    A stage of a duty that counts and the playbook's notice for it are one; the stage's deadline is the one that holds.
    """
    notices = clocks_of(incident)
    by_task = {n.task_id: n for n in notices}
    stages = [c for c in stages_that_count(incident) if c.state != StageState.NOT_NEEDED]
    found = [of_stage(c, by_task.get(c.task_id or 0), now) for c in stages]
    taken = {c.task_id for c in stages}
    left = [n for n in notices if n.task_id not in taken]
    by_step = {t.step_id: t for t in Task.objects.filter(incident=incident).exclude(step_id="")} if left else {}
    facts = stated_facts(incident) if left else {}
    found += [_of_notice(n, incident, by_step, facts, now) for n in left]
    order = list(COUNTS)
    return sorted(found, key=lambda s: (order.index(s.standing), s.due_at is None, s.due_at or now))


def of_stage(clock: DutyClock, notice: NoticeClock | None, now: datetime) -> Shown:
    """A duty's stage, with the notice that the playbook foresees for it."""
    standing = STANDINGS[StageState(clock.state)]
    if clock.is_late(now):
        standing = "late"
    if notice and _is_over(notice) and clock.is_open:  # somebody says that it was done, though not how it was filed
        standing = standing_of(notice, now)
    start = clock.starts_at
    ring = {"met_late": "met", "running": how_near(clock.due_at, now, start) or "run"}.get(standing, standing)
    if clock.own_target and ring == "late":
        ring = "soon"
    title = notice.title if notice else f"{clock.duty.name}: {clock.stage}"
    return Shown(title, standing, ring, share_left(start, clock.due_at, now), clock.because,
                 f"d-{clock.duty.regime}", clock.due_at, start, waiting_words(clock), notice, clock)  # fmt: skip


def waiting_words(clock: DutyClock) -> str:
    """In words, what a stage without a running number waits for."""
    match clock.state:
        case StageState.TO_JUDGE:
            return _("for counsel to judge")
        case StageState.NO_NUMBER:
            return _("no fixed limit: %s") % (clock.urgency or _("as the law says"))
        case StageState.WAITING:
            return _("waits for what starts it")
    return ""


def _of_notice(
    clock: NoticeClock, incident: Incident, by_step: dict[str, Task], facts: dict[str, object], now: datetime
) -> Shown:
    standing = standing_of(clock, now)
    ring = {"met_late": "met", "running": how_near(clock.due_at, now, clock.started_at) or "run"}.get(
        standing, standing
    )
    waits = waits_for(clock, incident, by_step, facts) if standing == "waiting" else ""
    return Shown(clock.title, standing, ring, share_left(clock.started_at, clock.due_at, now), clock.because,
                 f"c-{clock.pk}", clock.due_at, clock.started_at, waits, clock)  # fmt: skip


@dataclass(frozen=True)
class Tally:
    """What an incident's bar says of its deadlines."""

    late: int
    running: int
    due: datetime | None


def tally(incident: Incident, now: datetime) -> Tally:
    """How many deadlines are late and running, and the next one. Two queries."""
    notices = list(NoticeClock.objects.filter(incident=incident))
    by_task = {n.task_id: n for n in notices}
    stages = [c for c in stages_that_count(incident, tasks=False) if c.state != StageState.NOT_NEEDED]
    taken = {c.task_id for c in stages}
    rows = [(s.standing, s.due_at) for s in (of_stage(c, by_task.get(c.task_id or 0), now) for c in stages)]
    rows += [(standing_of(n, now), n.due_at) for n in notices if n.task_id not in taken]
    standings = [standing for standing, _due in rows]
    dues = [due for standing, due in rows if due and standing in ("late", "running")]
    return Tally(standings.count("late"), standings.count("running"), min(dues, default=None))


def waits_for(clock: NoticeClock, incident: Incident, by_step: dict[str, Task], facts: dict[str, object]) -> str:
    """In words, what a waiting clock waits for: a fact, a decision, another step, or the time that it counts from."""
    task = clock.task
    if condition_holds(task.when, facts) is False:
        return _("does not apply as the facts stand")
    known, parts = facts_of(incident), []
    for fact in missing_facts(task.when, facts):
        if fact.startswith(DECISION):
            step = by_step.get(fact.removeprefix(DECISION))
            parts.append(_("the decision “%s”") % step.title if step else fact)
        else:
            parts.append(_("the answer to: %s?") % known[fact].means if fact in known else fact.replace("_", " "))
    needs = [by_step[n] for n in task.needs if n in by_step]
    parts += [_("T-%(number)d, %(title)s") % {"number": n.number, "title": n.title} for n in needs if not n.ended]
    if clock.due_at is None:
        step = by_step.get(clock.anchor)
        if step is None:
            parts.append(str(ANCHOR_WORDS.get(clock.anchor, clock.anchor)))
        elif step not in needs:
            parts.append(_("the end of T-%d") % step.number)
    return _("waits for %s") % "; ".join(dict.fromkeys(parts)) if parts else _("waits to be opened")


def counted(standings: Iterable[str]) -> str:
    """How many stand how, in words: '1 late, 2 running, 3 waiting'. The numbers add up to the whole."""
    rows: Sequence[str] = list(standings)
    return ", ".join(str(words % rows.count(key)) for key, words in COUNTS.items() if key in rows)
