"""What disclosure does when something happens to an incident: clocks open, run, end; duties are worked out anew."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from tocsin.core import clock
from tocsin.core.access import Actor
from tocsin.core.action import Invalid, on
from tocsin.core.models import LogEntry
from tocsin.core.rows import each
from tocsin.core.ticker import every
from tocsin.disclosure.actions import (
    carry_clocks,
    carry_duties,
    keep_clocks,
    mark_duty_overdue,
    open_clocks,
    recompute,
    stale_clocks,
)
from tocsin.disclosure.following import flags_read, pending
from tocsin.disclosure.merged import merged_into
from tocsin.disclosure.models import COUNTED, Duty, DutyClock, NoticeClock, StageState, Word
from tocsin.incidents.actions import complete_task, reopen_task, skip_task
from tocsin.incidents.models import Incident, Task, TaskState
from tocsin.incidents.queries.sheet import CHANGES
from tocsin.law.vocabulary import vocabulary
from tocsin.plan.models import StepKind


def _incident(entry: LogEntry) -> Incident:
    return Incident.objects.select_related("plan_version").get(pk=entry.chain_id)


@on("playbook.start")
def foresee_notices(entry: LogEntry) -> None:
    """A playbook with notification steps sets clocks out, waiting until what they hang on is known."""
    incident = _incident(entry)
    tasks = list(incident.tasks.filter(kind=StepKind.NOTIFICATION, clock=None).exclude(step_id=""))
    if tasks:
        open_clocks(Actor.system(cause=entry), incident, tasks=tasks)


@on("incident.receive")
def let_clocks_run_on(entry: LogEntry) -> None:
    """Duties that come from a merged incident keep their clocks where they go on, and what was filed stays filed."""
    if entry.cause is None:
        return
    moved = {t["was"]: t["task"] for t in entry.payload["tasks"] if t["kind"] == StepKind.NOTIFICATION}
    incident, source = _incident(entry), entry.cause["chain"]
    if moved:
        tasks = {t.number: t for t in incident.tasks.filter(number__in=moved.values())}
        clocks = NoticeClock.objects.filter(incident=source, task__number__in=moved).select_related("task")
        if pairs := [(c, tasks[moved[c.task.number]]) for c in clocks]:
            carry_clocks(Actor.system(cause=entry), incident, pairs=pairs)
    theirs = Duty.objects.filter(incident=source).prefetch_related("filings", "rulings", "delays")
    if duties := [d for d in theirs if d.filings.all() or d.rulings.all() or d.delays.all()]:
        carry_duties(Actor.system(cause=entry), incident, duties=duties)


@on(
    "incident.merge", "incident.reopen", "incident.give_back",
    "playbook.start", "tasks.advance", "task.complete", "task.skip", "task.reopen", "task.overdue", "task.start",
    "instant.mark", "fact.withdraw", "tasks.recall",
)  # fmt: skip
def follow(entry: LogEntry) -> None:
    """Clocks follow the tasks that they time."""
    incident = _incident(entry)
    stale = stale_clocks(incident)
    if stale:
        keep_clocks(Actor.system(cause=entry), incident, clocks=stale)


@on(
    *CHANGES,
    "playbook.start",
    "clocks.carry",
    "duties.carry",
    "duty.confirm",
    "duty.reject",
    "duty.file",
    "duty.strike",
    "duty.delay",
)
def work_out_duties(entry: LogEntry) -> None:
    """Duties to notify and their clocks follow from the facts, from what was filed and from what counsel said."""
    if not _concerns_the_law(entry):
        return
    incident = _incident(entry)
    if entry.verb == "incident.open" and incident.playbook_id:
        return  # its playbook starts in a moment: one reading then, with its tasks
    if found := pending(incident):
        recompute(Actor.system(cause=entry), incident, found=found, because=_because(entry))


@on("duties.recompute")
def silence_what_goes_on_there(entry: LogEntry) -> None:
    """What an incident's duties come to decides which stages of those merged into it still run."""
    for source in merged_into(_incident(entry)):
        if found := pending(source):
            because = "duties changed where it was merged into"
            recompute(Actor.system(cause=entry), source, found=found, because=because)


def _concerns_the_law(entry: LogEntry) -> bool:
    """Whether an entry can change what the law library reads; told without a query."""
    if entry.verb in ("fact.set", "fact.withdraw"):
        return entry.object_id in flags_read() or entry.object_id == "affected_regions_complete"
    if entry.verb in ("scope.add", "scope.change", "scope.count"):
        return bool(entry.payload.get("kind") == "data_subjects")
    return True


def _because(entry: LogEntry) -> str:
    """What made duties be worked out anew, in a few words."""
    name, payload = entry.object_id.replace("_", " "), entry.payload
    match entry.verb.partition(".")[0]:
        case "fact":
            return f"the fact '{name}' was " + ("stated" if "value" in payload else "withdrawn")
        case "instant":
            return f"the time '{name}' was " + ("set" if "at" in payload else "withdrawn")
        case "sheet":
            return _sheet_because(entry)
        case "scope":
            return f"S-{payload.get('entry')} changed in scope"
        case "duty":
            done = {
                "confirm": "counsel confirmed",
                "reject": "counsel rejected",
                "file": "a notice was filed for",
                "strike": "a filing was struck for",
            }
            return f"{done.get(entry.verb.partition('.')[2], 'a delay was recorded for')} {_named(entry)}"
        case "playbook" | "clocks":
            return "the playbook foresees notices"
    return _BECAUSE.get(entry.verb, f"of {entry.verb.replace('.', ': ')}")


_BECAUSE = {
    "incident.open": "the incident was declared",
    "incident.close": "the incident was closed",
    "incident.reopen": "the incident was opened again",
    "incident.merge": "the incident was merged into another",
    "incident.receive": "another incident was merged into this one",
    "duties.carry": "another incident was merged into this one",
    "phase.set": "the incident moved to another phase",
}


def _sheet_because(entry: LogEntry) -> str:
    """What the sheet says of us or of data now, in the vocabulary's words: an entry is read long after it was written."""
    key, payload, words = entry.object_id, entry.payload, vocabulary()
    if entry.object_kind == "entity_role":
        word = words.roles.get(key, key.replace("_", " "))
        return f"it was said what we are{'' if payload.get('held') else ' not'}: {word}"
    how = {True: "is affected", False: "is not affected"}.get(payload.get("affected"), "may be affected or not")
    return f"it was said that this data {how}: {words.data.get(key, key.replace('_', ' '))}"


def _named(entry: LogEntry) -> str:
    """The duty that an entry is about, by its title, and the stage where it is about one alone."""
    payload = entry.payload
    return ", ".join(str(part) for part in (payload.get("name") or payload.get("regime"), payload.get("stage")) if part)


@every(10)
def watch_duties() -> None:
    """Write down each limit of a duty that passes, once, on the incident's own clock; of closed incidents too."""
    running = DutyClock.objects.filter(COUNTED, state=StageState.RUNNING, due_at__isnull=False, own_target=False)
    each(running.filter(overdue_logged=False).select_related("duty__incident__chain"), _duty_late)


def _duty_late(stage: DutyClock) -> None:
    incident = stage.duty.incident
    if stage.is_late(incident.chain.time(clock.now())):
        with suppress(Invalid):  # somebody filed it, or another process wrote it down, in this second
            mark_duty_overdue(Actor.system("Clock"), incident, clock=stage)


@on("duty.file")
def finish_task(entry: LogEntry) -> None:
    """The playbook's task for a notice is done when the notice was handed in."""
    number = entry.payload["task"]
    task = Task.objects.filter(incident=entry.chain_id, number=number).first() if number else None
    if task is None or task.ended:
        return
    complete_task(Actor.system(cause=entry), _incident(entry), task=task, proof=_proof(entry.payload))


@on("duty.strike")
def take_filed_task_up(entry: LogEntry) -> None:
    """The task that was done by a filing is open again when that filing was struck and no other stands."""
    said = entry.payload
    task = Task.objects.filter(incident=entry.chain_id, number=said["task"]).first() if said["task"] else None
    if task is not None and task.state == TaskState.DONE and task.proof.startswith(_proof(said)):
        reason = f"The filing was struck: {said['reason']}"
        reopen_task(Actor.system(cause=entry), _incident(entry), task=task, reason=reason)


def _proof(said: Mapping[str, Any]) -> str:
    """How a filing proves that its task is done."""
    number = f", reference {said['reference']}" if said["reference"] else ""
    return f"Filed {said['at'][:16].replace('T', ' ')} UTC by {said['channel']}{number}"


@on("duty.reject")
def drop_tasks(entry: LogEntry) -> None:
    """What counsel rejected, nobody has to do: the playbook's tasks for it are not needed."""
    incident = _incident(entry)
    for task in _tasks_of(entry, incident):
        if not task.ended:
            reason = f"Counsel rejected {_named(entry)}: {entry.payload['reason']}"
            skip_task(Actor.system(cause=entry), incident, task=task, reason=reason)


@on("duty.confirm")
def take_tasks_up(entry: LogEntry) -> None:
    """What counsel confirms after having rejected it has to be done after all."""
    if entry.payload["before"] != Word.REJECTED:
        return
    incident = _incident(entry)
    # Older entries named the duty by its id, or without its stage.
    names = (_named(entry), entry.payload["name"], entry.payload["regime"])
    for task in _tasks_of(entry, incident):
        if task.state == TaskState.SKIPPED and task.proof.startswith(tuple(f"Counsel rejected {n}" for n in names)):
            reason = f"Counsel confirmed {_named(entry)}: {entry.payload['reason']}"
            reopen_task(Actor.system(cause=entry), incident, task=task, reason=reason)


def _tasks_of(entry: LogEntry, incident: Incident) -> list[Task]:
    """The playbook's tasks for a duty or for the stage that counsel spoke of."""
    clocks = NoticeClock.objects.filter(incident=incident, regime=entry.payload["regime"]).select_related("task")
    if stage := entry.payload["stage"]:
        clocks = clocks.filter(task__duty_clocks__stage=stage, task__duty_clocks__duty__regime=entry.payload["regime"])
    return [c.task for c in clocks]
