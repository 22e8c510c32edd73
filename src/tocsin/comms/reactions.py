"""What communications do when something happens: drafts open, texts are found outdated, waves go on, steps end."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from tocsin.comms import actions
from tocsin.comms.filling import changed, values_of
from tocsin.comms.models import Message, MessageState, Wave, WaveState
from tocsin.comms.sending import advance_waves, queue_deliveries
from tocsin.core.access import Actor
from tocsin.core.action import Invalid, on
from tocsin.core.actions import settle_message
from tocsin.core.models import LogEntry, OutboxMessage
from tocsin.core.models import MessageState as Sent
from tocsin.core.ticker import every
from tocsin.incidents.actions import complete_task
from tocsin.incidents.models import Incident
from tocsin.plan.models import StepKind

RECALLED = "it was recalled"
_KEPT = (MessageState.LEGAL, MessageState.APPROVED, MessageState.RELEASED)


def _incident(entry: LogEntry) -> Incident:
    return Incident.objects.select_related("plan_version", "organization", "chain").get(pk=entry.chain_id)


@on("tasks.advance", "task.start", "task.reopen")
def open_prepared_messages(entry: LogEntry) -> None:
    """A communication step that opens, or that somebody begins early, becomes a draft from its prepared text."""
    opened = [o["task"] for o in entry.payload["opened"]] if "opened" in entry.payload else [entry.payload["task"]]
    incident = _incident(entry)
    rows = incident.tasks.filter(number__in=opened, kind=StepKind.COMMUNICATION, outgoing=None).exclude(step_id="")
    if tasks := [task for task in rows if _prepared(incident, task.step_id)]:
        actions.open_drafts(Actor.system(cause=entry), incident, tasks=tasks)


def _prepared(incident: Incident, step_id: str) -> bool:
    """Whether a step names a text of the plan, and for whom it is."""
    step, plan = incident.step(step_id), incident.plan_version.plan
    planned = plan.messages.get(step.message or "") if step else None
    return bool(step and planned and (step.audience or planned.audience or "") in plan.audiences)


@on(
    "fact.set", "fact.withdraw", "instant.mark", "instant.withdraw", "severity.set", "phase.set", "summary.set",
    "decision.take", "scope.add", "scope.change", "scope.count", "sheet.data", "sheet.roles", "role.assign",
)  # fmt: skip
def warn_of_changed_facts(entry: LogEntry) -> None:
    """An approved or sent text in which a fact changed is marked; one that has not gone is reviewed again."""
    kept = list(Message.objects.filter(incident_id=entry.chain_id, state__in=_KEPT).exclude(facts={}))
    returned = Message.objects.filter(incident_id=entry.chain_id, state=MessageState.IN_REVIEW).exclude(outdated=[])
    if not (kept := kept + list(returned)):
        return
    incident = _incident(entry)
    values: dict[str, dict[str, Any]] = {}
    for message in kept:
        now = values.setdefault(message.language, values_of(incident, message.language))
        found = [f for f in changed(message.facts, now) if message.accepted.get(f["fact"], f["was"]) != f["now"]]
        if found != message.outdated:
            actions.mark_outdated(Actor.system(cause=entry), incident, message=message, facts=found)


@on("comms.outdated", "comms.edit", "comms.return", "comms.withdraw")
def hold_waves(entry: LogEntry) -> None:
    """A wave under way stops when a message in it that has not gone is no longer approved: a person looks first."""
    if entry.verb == "comms.outdated" and not entry.payload["back"]:
        return
    number = entry.payload["outgoing"]
    rows = Wave.objects.filter(incident_id=entry.chain_id, state=WaveState.RUNNING, steps__message__number=number)
    for wave in rows:
        actions.hold_wave(Actor.system(cause=entry), _incident(entry), wave=wave,
                          because=f"M-{number} is not approved any more.")  # fmt: skip


@on("comms.recall", "wave.recall")
def empty_the_outbox(entry: LogEntry) -> None:
    """What was recalled and still waits in the outbox is not tried again."""
    numbers = [entry.payload["outgoing"]] if "outgoing" in entry.payload else [
        m["outgoing"] for m in entry.payload["messages"]]  # fmt: skip
    for number in numbers:
        waiting = OutboxMessage.objects.filter(
            key__startswith=f"comms:{entry.chain_id}:{number}:", state=Sent.QUEUED, chain_id=entry.chain_id
        )
        for message in waiting:
            settle_message(Actor.system(cause=entry), message, message=message, error=RECALLED)


@on("comms.finish")
def end_the_step(entry: LogEntry) -> None:
    """The step that asked for a message is done when it has gone to everybody; where somebody was not reached, a person
    sees to it.
    """
    number, said = entry.payload["task"], entry.payload
    if number is None or said["failed"] or said["recalled"]:
        return
    incident = _incident(entry)
    task = incident.tasks.get(number=number)
    if not task.ended:
        proof = f"M-{said['outgoing']} went to {said['sent'] + said['fenced']}, SHA-256 {said['sha256']}"
        with suppress(Invalid):  # what the task needs besides, a person says
            complete_task(Actor.system(cause=entry), incident, task=task, proof=proof)


@every(5)
def send_waves() -> None:
    """Let waves go on: release what has its turn, put recipients into the outbox, write down what has ended."""
    advance_waves()
    queue_deliveries()
