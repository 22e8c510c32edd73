"""What disclosure does when something happens to an incident: clocks open, run, end."""

from __future__ import annotations

from tocsin.core.access import Actor
from tocsin.core.action import on
from tocsin.core.models import LogEntry
from tocsin.disclosure.actions import carry_clocks, keep_clocks, open_clocks, stale_clocks
from tocsin.disclosure.models import NoticeClock
from tocsin.incidents.models import Incident
from tocsin.plan.models import StepKind


@on("playbook.start")
def foresee_notices(entry: LogEntry) -> None:
    """A playbook with notification steps sets clocks out, waiting until what they hang on is known."""
    incident = Incident.objects.select_related("plan_version").get(pk=entry.chain_id)
    tasks = list(incident.tasks.filter(kind=StepKind.NOTIFICATION, clock=None).exclude(step_id=""))
    if tasks:
        open_clocks(Actor.system(cause=entry), incident, tasks=tasks)


@on("incident.receive")
def let_clocks_run_on(entry: LogEntry) -> None:
    """Duties that come from a merged incident keep their clocks where they go on."""
    moved = {t["was"]: t["task"] for t in entry.payload["tasks"] if t["kind"] == StepKind.NOTIFICATION}
    if not moved or entry.cause is None:
        return
    incident = Incident.objects.select_related("plan_version").get(pk=entry.chain_id)
    tasks = {t.number: t for t in incident.tasks.filter(number__in=moved.values())}
    clocks = NoticeClock.objects.filter(incident=entry.cause["chain"], task__number__in=moved).select_related("task")
    if pairs := [(c, tasks[moved[c.task.number]]) for c in clocks]:
        carry_clocks(Actor.system(cause=entry), incident, pairs=pairs)


@on(
    "incident.merge", "incident.reopen", "incident.give_back",
    "playbook.start", "tasks.advance", "task.complete", "task.skip", "task.reopen", "task.overdue", "task.start",
    "instant.mark", "fact.withdraw", "tasks.recall",
)  # fmt: skip
def follow(entry: LogEntry) -> None:
    """Clocks follow the tasks that they time."""
    incident = Incident.objects.select_related("plan_version").get(pk=entry.chain_id)
    stale = stale_clocks(incident)
    if stale:
        keep_clocks(Actor.system(cause=entry), incident, clocks=stale)
