"""Which task of the playbook does which stage of a duty, so that the two show as one thing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tocsin.disclosure.models import NoticeClock
from tocsin.incidents.models import Task
from tocsin.law.models import Regime, Stage
from tocsin.law.periods import Period
from tocsin.plan.offset import Offset


def tasks_by_stage(notices: Iterable[NoticeClock], regimes: Mapping[str, Regime]) -> dict[tuple[str, str], Task]:
    """The task of each (regime, stage): the first stage of its regime with the same length of time, else the first
    that no other task has. A task of a regime that nobody knows has none.
    """
    found: dict[tuple[str, str], Task] = {}
    left = []
    for notice in sorted(notices, key=lambda n: n.task.number):
        regime = regimes.get(notice.regime)
        if regime is None:
            continue
        same = (s for s in regime.stages if _as_long(s, notice.allowed) and (regime.id, s.name) not in found)
        if stage := next(same, None):
            found[regime.id, stage.name] = notice.task
        else:
            left.append((regime, notice.task))
    for regime, task in left:
        if stage := next((s for s in regime.stages if (regime.id, s.name) not in found), None):
            found[regime.id, stage.name] = task
    return found


def _as_long(stage: Stage, allowed: str) -> bool:
    """Whether a stage's period is as long as a step's: '72 hours' and '3 d', '4 business days', '1 month'."""
    try:
        offset = Offset.parse(allowed)
    except ValueError:
        return False
    return stage.within is not None and _length(stage.within) == (
        offset.elapsed.total_seconds(), offset.business_days, offset.months,
    )  # fmt: skip


def _length(period: Period) -> tuple[float, int, int]:
    if period.elapses:
        return period.elapsed().total_seconds(), 0, 0
    if period.unit == "day":
        return period.amount * 86_400.0, 0, 0
    return (0.0, period.amount, 0) if period.unit == "business day" else (0.0, 0, period.amount)
