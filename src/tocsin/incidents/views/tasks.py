"""Tasks: the whole list, one task with all that can be done to it, and doing it."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tocsin.core.access import Hidden
from tocsin.incidents import actions, board
from tocsin.incidents.advance import missing_facts
from tocsin.incidents.models import Task, TaskState
from tocsin.incidents.pages import (
    IncidentRequest,
    act_on,
    asked,
    facts_of,
    member_of,
    on_incident,
    people_of,
    place,
    sent,
    sent_number,
    sent_time,
)
from tocsin.incidents.queries import facts_of as stated_facts
from tocsin.incidents.views.telling import telling_of
from tocsin.people.models import Member
from tocsin.people.pages import asked_number, done

PAGE = 100
SHOWN = {
    "live": gettext_lazy("To do"),
    "waiting": gettext_lazy("Waiting"),
    "ended": gettext_lazy("Ended"),
    "all": gettext_lazy("All"),
}
MODES = {**board.MODES, "state": gettext_lazy("By state")}
STATES = {
    "live": (TaskState.OPEN, TaskState.DOING, TaskState.BLOCKED),
    "waiting": (TaskState.WAITING,),
    "ended": (TaskState.DONE, TaskState.SKIPPED),
    "all": tuple(TaskState),
}


def _task(request: IncidentRequest, number: int) -> Task:
    """The task of that number. Raises Hidden when this incident has none."""
    found = Task.objects.filter(incident=request.incident, number=number).select_related("member").first()
    if found is None:
        raise Hidden
    found.incident = request.incident
    return found


@on_incident
def tasks(request: IncidentRequest) -> HttpResponse:
    """All tasks, by function, person or time, or as columns by state; of a state, function, person, role or time."""
    shown = request.GET.get("show", "live")
    shown = shown if shown in STATES else "live"
    by = request.GET.get("by", "function")
    by = by if by in MODES else "function"
    found = Task.objects.filter(incident=request.incident).select_related("member")
    found, kept, only = _narrowed(request, found)
    titles = dict(request.incident.roles.filter(renounced_at=None).values_list("role", "title"))
    context: dict[str, Any] = {
        "by": by, "shown": shown, "kept": kept, "only": only, "showing": SHOWN.items(), "modes": MODES.items(),
        "role_list": _role_list(request),
    }  # fmt: skip
    if by == "state":
        rows = [board.row_of(t, request.now, titles) for t in found]
        return render(request, "incidents/tasks.html", context | {"columns": board.columns(rows), "total": len(rows)})
    rows = board.in_order(board.row_of(t, request.now, titles) for t in found.filter(state__in=STATES[shown]))
    if (when := request.GET.get("when", "")) in board.TIME_WORDS:
        rows = [r for r in rows if board.when_of(r, request.now) == when]
        context |= {"kept": f"when={when}", "only": board.TIME_WORDS[when]}
    if by == "person":
        rows.sort(key=lambda r: r.who)
    elif by != "time":
        keys = list(board.FUNCTION_WORDS)
        rows.sort(key=lambda r: keys.index(r.task.function))
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    groups: dict[str, list[board.Row]] = {}
    for row in page.object_list:
        words = {"person": row.who, "time": ""}.get(by, str(board.FUNCTION_WORDS[row.task.function]))
        groups.setdefault(words, []).append(row)
    return render(request, "incidents/tasks.html", context | {"groups": groups, "page": page})


def _narrowed(request: IncidentRequest, found: QuerySet[Task]) -> tuple[QuerySet[Task], str, str]:
    """The tasks of one function, person or role where the address asks so; how to ask so again, and in words."""
    function, member, role = asked(request, "function"), asked_number(request, "member"), asked(request, "role")
    if function in board.FUNCTION_WORDS:
        return found.filter(function=function), f"function={function}", str(board.FUNCTION_WORDS[function])
    if member is not None and (person := Member.objects.filter(organization=request.organization, pk=member).first()):
        return found.filter(member=person), f"member={member}", person.name
    if planned := request.incident.plan_version.plan.roles.get(role):
        return found.filter(role=role, member=None), f"role={role}", planned.title
    return found, "", ""


def _role_list(request: IncidentRequest) -> list[tuple[str, str]]:
    plan = request.incident.plan_version.plan
    return sorted(((key, role.title) for key, role in plan.roles.items()), key=lambda r: r[1])


def _panel(request: IncidentRequest, task: Task) -> dict[str, Any]:
    incident = request.incident
    steps = {t.step_id: t for t in incident.tasks.filter(step_id__in=task.needs)} if task.needs else {}
    # Names with a dot follow from a decision or a step by themselves: nobody has to state them.
    facts = [f for f in missing_facts(task.when, stated_facts(incident)) if "." not in f]
    known = facts_of(incident)
    role = incident.plan_version.plan.roles.get(task.role)
    return {
        "task": task,
        "row": board.row_of(task, request.now, {task.role: role.title if role else task.role}),
        "role": role,
        "function_word": board.FUNCTION_WORDS[task.function],
        "needs": [steps[s] for s in task.needs if s in steps],
        "missing": [(f, known[f].means if f in known else f) for f in facts],
        "decision": getattr(task, "decision", None),
        "members": people_of(incident),
        **telling_of(incident, task),
    }


@on_incident
def task(request: IncidentRequest, task: int) -> HttpResponse:
    """One task on its own page."""
    return render(request, "incidents/task.html", _panel(request, _task(request, task)))


@on_incident
def task_panel(request: IncidentRequest, task: int) -> HttpResponse:
    """One task as the fragment that the board folds out."""
    return render(request, "incidents/_task_panel.html", _panel(request, _task(request, task)))


@act_on
def add(request: IncidentRequest) -> HttpResponse:
    """Add work that the playbook does not foresee."""
    made = actions.add_task(
        request.actor, request.incident, title=sent(request, "title"), role=sent(request, "role"),
        instructions=sent(request, "instructions"), due_at=sent_time(request, "due_at"),
    )  # fmt: skip
    return done(request, place(request, "room"), _("T-%d is on the board.") % made.number)


def _back(request: IncidentRequest, number: int, said: str) -> HttpResponse:
    return done(request, place(request, "task", number), said % number)


@act_on
def complete(request: IncidentRequest, task: int) -> HttpResponse:
    """Say that it is done, and what proves it."""
    row, seen = _task(request, task), sent_number(request, "revision")
    actions.complete_task(request.actor, request.incident, task=row, proof=sent(request, "proof"), revision=seen)
    return _back(request, task, _("T-%d is done."))


@act_on
def start(request: IncidentRequest, task: int) -> HttpResponse:
    """Say that somebody works on it."""
    row, seen = _task(request, task), sent_number(request, "revision")
    actions.start_task(request.actor, request.incident, task=row, revision=seen)
    return _back(request, task, _("T-%d is in progress."))


@act_on
def block(request: IncidentRequest, task: int) -> HttpResponse:
    """Say what it waits for."""
    row, seen = _task(request, task), sent_number(request, "revision")
    actions.block_task(request.actor, request.incident, task=row, reason=sent(request, "reason"), revision=seen)
    return _back(request, task, _("T-%d is blocked."))


@act_on
def skip(request: IncidentRequest, task: int) -> HttpResponse:
    """Say that it is not needed, and why."""
    row, seen = _task(request, task), sent_number(request, "revision")
    actions.skip_task(request.actor, request.incident, task=row, reason=sent(request, "reason"), revision=seen)
    return _back(request, task, _("T-%d is not needed."))


@act_on
def reopen(request: IncidentRequest, task: int) -> HttpResponse:
    """Take it up again."""
    row, seen = _task(request, task), sent_number(request, "revision")
    actions.reopen_task(request.actor, request.incident, task=row, reason=sent(request, "reason"), revision=seen)
    return _back(request, task, _("T-%d is open again."))


@act_on
def assign(request: IncidentRequest, task: int) -> HttpResponse:
    """Give it to a person, or take the person off."""
    row, seen = _task(request, task), sent_number(request, "revision")
    actions.assign_task(request.actor, request.incident, task=row, member=member_of(request), revision=seen)
    return _back(request, task, _("T-%d was given."))
