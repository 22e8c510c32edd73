"""How a clock is shown: how it stands now, what a waiting one waits for, and how many of each there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from tocsin.disclosure.models import ClockState, NoticeClock
from tocsin.disclosure.queries import clocks_of
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
    """A clock as pages draw it. `standing` is one of COUNTS; `ring` its shape, `waits` what a waiting one waits for."""

    clock: NoticeClock
    standing: str
    ring: str
    left: float
    waits: str = ""

    @property
    def ticks(self) -> bool:
        """Whether its time is counted down: only while the duty applies and nobody has said that it was done."""
        return self.standing in ("late", "running") and self.clock.due_at is not None


def standing_of(clock: NoticeClock, now: datetime) -> str:
    """How a clock stands at `now`: a deadline that passed this second is late before the log says so."""
    if clock.state == ClockState.LATE and clock.ended_at:
        return "met_late"
    if clock.state == ClockState.RUNNING and clock.due_at and clock.due_at <= now:
        return "late"
    return str(clock.state)


def shown(incident: Incident, now: datetime) -> list[Shown]:
    """Every clock of the incident: late first, then by deadline, those that ended last."""
    clocks = clocks_of(incident)
    by_step = {t.step_id: t for t in Task.objects.filter(incident=incident).exclude(step_id="")} if clocks else {}
    facts = stated_facts(incident) if clocks else {}
    found = []
    for clock in clocks:
        standing = standing_of(clock, now)
        ring = {"met_late": "met", "running": how_near(clock.due_at, now, clock.started_at) or "run"}.get(
            standing, standing
        )
        waits = waits_for(clock, incident, by_step, facts) if standing == "waiting" else ""
        found.append(Shown(clock, standing, ring, share_left(clock.started_at, clock.due_at, now), waits))
    order = list(COUNTS)
    return sorted(found, key=lambda s: order.index(s.standing))


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
