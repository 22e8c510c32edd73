"""Tasks and clocks of an incident."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema, Status
from pydantic import Field

from tocsin.api.asking import Moment, actor_of, incident_of, numbered
from tocsin.api.etags import Seen, told
from tocsin.api.paging import Page, Paged
from tocsin.api.shapes import ClockOut, TaskOut
from tocsin.core.action import Invalid
from tocsin.disclosure.queries import clocks_of, urgency
from tocsin.incidents import actions
from tocsin.incidents.kept import QUIET
from tocsin.incidents.models import Task, TaskState
from tocsin.people.queries import member_by_key

router = Router(tags=["tasks"])
TASK = "/{uuid:incident}/tasks/{int:number}"


class NewTask(Schema, extra="forbid"):
    """Work that the playbook does not foresee; `role` is a key of the plan."""

    title: str = Field(max_length=300)
    role: str
    instructions: str = Field("", max_length=20_000)
    due_at: Moment | None = None


class Completion(Schema, extra="forbid"):
    """What proves that it is done."""

    proof: str = ""


class Reason(Schema, extra="forbid"):
    """Why."""

    reason: str


class Assignment(Schema, extra="forbid"):
    """The key of a contact in the plan; null takes the person off."""

    member: str | None


@router.get("/{uuid:incident}/tasks", response=Page[TaskOut])
def list_tasks(
    request: HttpRequest, incident: UUID, paged: Query[Paged], state: TaskState | None = None, role: str | None = None
) -> dict[str, Any] | HttpResponse:
    """The tasks, by number."""
    wanted = {k: v for k, v in {"state": state, "role": role}.items() if v is not None}
    place = incident_of(request, incident)
    rows = place.tasks.select_related("member").filter(**wanted)
    return told(request, place, lambda: paged.rows(rows, "number"), QUIET)


@router.post("/{uuid:incident}/tasks", response={201: TaskOut})
def add_task(request: HttpRequest, incident: UUID, given: NewTask) -> Status[Task]:
    """Add work that the playbook does not foresee."""
    return Status(201, actions.add_task(actor_of(request), incident_of(request, incident), **given.dict()))


@router.get(TASK, response=TaskOut)
def get_task(request: HttpRequest, incident: UUID, number: int) -> Task:
    """One task."""
    return numbered(incident_of(request, incident).tasks.select_related("member"), number)


def _act(request: HttpRequest, incident: UUID, number: int, action: Callable[..., object], **given: Any) -> Task:
    place = incident_of(request, incident)
    tasks = place.tasks.select_related("member")
    action(actor_of(request), place, task=numbered(tasks, number), **given)
    return numbered(tasks, number)


@router.post(TASK + "/start", response=TaskOut)
def start_task(request: HttpRequest, incident: UUID, number: int, seen: Seen = None) -> Task:
    """Say that somebody works on it now."""
    return _act(request, incident, number, actions.start_task, revision=seen)


@router.post(TASK + "/block", response=TaskOut)
def block_task(request: HttpRequest, incident: UUID, number: int, given: Reason, seen: Seen = None) -> Task:
    """Say what keeps it from going on; starting it says that it goes on."""
    return _act(request, incident, number, actions.block_task, reason=given.reason, revision=seen)


@router.post(TASK + "/complete", response=TaskOut)
def complete_task(request: HttpRequest, incident: UUID, number: int, given: Completion, seen: Seen = None) -> Task:
    """Say that it is done and what proves it."""
    return _act(request, incident, number, actions.complete_task, proof=given.proof, revision=seen)


@router.post(TASK + "/skip", response=TaskOut)
def skip_task(request: HttpRequest, incident: UUID, number: int, given: Reason, seen: Seen = None) -> Task:
    """Say that it is not needed this time."""
    return _act(request, incident, number, actions.skip_task, reason=given.reason, revision=seen)


@router.post(TASK + "/reopen", response=TaskOut)
def reopen_task(request: HttpRequest, incident: UUID, number: int, given: Reason, seen: Seen = None) -> Task:
    """Open a task again that was done or not needed."""
    return _act(request, incident, number, actions.reopen_task, reason=given.reason, revision=seen)


@router.post(TASK + "/assign", response=TaskOut)
def assign_task(request: HttpRequest, incident: UUID, number: int, given: Assignment, seen: Seen = None) -> Task:
    """Give it to a person; its role stays the owner."""
    member = member_by_key(incident_of(request, incident).organization, given.member)
    if given.member is not None and member is None:
        raise Invalid(f"The plan knows nobody as '{given.member}'.", "member")
    return _act(request, incident, number, actions.assign_task, member=member, revision=seen)


@router.get("/{uuid:incident}/clocks", response=Page[ClockOut])
def list_clocks(request: HttpRequest, incident: UUID, paged: Query[Paged]) -> dict[str, Any]:
    """The clocks of duties to notify: late first, then by deadline."""
    return paged.listed(clocks_of(incident_of(request, incident)), key=urgency)
