"""What follows when incidents are merged, parted again, closed or re-opened."""

from __future__ import annotations

from uuid import UUID

from tocsin.core.access import Actor
from tocsin.core.action import on
from tocsin.core.actions import admit
from tocsin.core.models import LogEntry
from tocsin.incidents.actions.carrying import access_of
from tocsin.incidents.actions.relations import give_back, receive
from tocsin.incidents.actions.tasks import advance_tasks, pending_changes
from tocsin.incidents.models import Incident


def _pair(entry: LogEntry, key: str) -> tuple[Incident, Incident]:
    rows = Incident.objects.select_related("chain", "plan_version")
    return rows.get(pk=entry.chain_id), rows.get(pk=entry.payload[key])


@on("incident.merge")
def let_people_in(entry: LogEntry) -> None:
    """Who was chosen from the merged incident is let into the one that goes on."""
    source, target = _pair(entry, "into")
    system = Actor.system(cause=entry)
    for user, role in access_of(source, [UUID(p) for p in entry.payload["people"]], target):
        admit(system, target, user_id=user, role=role)


@on("incident.merge")
def take_in_what_was_merged(entry: LogEntry) -> None:
    """The open work of a merged incident goes on in the other; its findings and scope are copied there."""
    source, target = _pair(entry, "into")
    said = entry.payload
    receive(
        Actor.system(cause=entry), target, source=source, named=True,
        tasks=[t["task"] for t in said["tasks"]], decisions=[d["decision"] for d in said["decisions"]],
        findings=said["findings"], scope=said["scope"], states={t["task"]: t["state"] for t in said["tasks"]},
    )  # fmt: skip


@on("incident.reopen")
def return_what_was_merged(entry: LogEntry) -> None:
    """When a merged incident is parted again, what went back to it ends in the other."""
    if "parted" not in entry.payload:
        return
    source, target = _pair(entry, "parted")
    give_back(
        Actor.system(cause=entry), target, source=source,
        tasks=[t["to"] for t in entry.payload["tasks"]], decisions=[d["to"] for d in entry.payload["decisions"]],
    )  # fmt: skip


@on("incident.close", "incident.reopen")
def go_on_with_the_steps(entry: LogEntry) -> None:
    """Steps that hang on the closing get their deadlines, or lose them."""
    incident = Incident.objects.select_related("plan_version").get(pk=entry.chain_id)
    if pending_changes(incident):
        advance_tasks(Actor.system(cause=entry), incident)
