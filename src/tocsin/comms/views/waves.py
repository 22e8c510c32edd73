"""Waves: planned, released, paused, taken back; and one message released by itself, which is a wave of one."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tocsin.comms import actions
from tocsin.comms.actions.waves import Planned
from tocsin.comms.models import Message
from tocsin.comms.order import in_order
from tocsin.comms.pages import called_message, called_wave, my_part, shown_steps
from tocsin.comms.queries import all_inside, reach_of
from tocsin.comms.sending import release_alone as alone
from tocsin.core.access import Hidden
from tocsin.core.action import Invalid
from tocsin.incidents.pages import IncidentRequest, act_on, on_incident, place, read_time, sent, sent_number
from tocsin.people.pages import done, whole_number


@on_incident
def wave(request: IncidentRequest, wave: int) -> HttpResponse:
    """The board of one wave: each message with its turn, what it waits for, how far it is."""
    row, part = called_wave(request, wave), my_part(request)
    steps = shown_steps(row, request.now)
    waiting = [s.message for s in steps if not s.message.over]
    context = {
        "wave": row,
        "steps": steps,
        "may_speak": part.speaks or all_inside(waiting),
        "missed": {s.message.pk: _unwritten(s.message) for s in steps if not s.message.released_at},
        "stale": any(s.step.sha256 != s.message.sha256 for s in steps if not s.message.over),
        "unready": [m for m in waiting if m.state != "approved" or m.outdated],
        "tasks": request.incident.tasks.exclude(state__in=("done", "skipped")).order_by("number")[:300],
    }
    return render(request, "comms/wave.html", context)


def _unwritten(message: Message) -> dict[str, object]:
    """Whom a message does not reach: without an address, or of another language than the one it is meant for."""
    reach = reach_of(message.audience)
    spoken = reach.speaking(message.language) if message.only_language else reach.people
    others = [p for p in reach.people if p not in spoken]
    return {"count": len(spoken), "unreachable": reach.unreachable, "others": len(others),
            "languages": sorted({p.language for p in others})}  # fmt: skip


@act_on
def plan(request: IncidentRequest) -> HttpResponse:
    """A new wave of the messages that were ticked, in the usual order."""
    if not my_part(request).works:
        raise Hidden
    chosen = {n for text in request.POST.getlist("message") if (n := whole_number(text)) is not None}
    rows = list(request.incident.outgoing.select_related("audience").filter(number__in=chosen))
    steps = [Planned(m.number) for m in in_order(rows)]
    made = actions.plan_wave(request.actor, request.incident, steps=steps)
    answer = done(request, place(request, "wave", made.number), _("W-%d is planned; look at its order.") % made.number)
    if answer.status_code == 204:
        answer.headers["HX-Redirect"] = place(request, "wave", made.number)
    return answer


@act_on
def change(request: IncidentRequest, wave: int) -> HttpResponse:
    """Another order, other times and conditions for a planned wave."""
    row = called_wave(request, wave)
    fields: list[tuple[int, Planned, list[int]]] = []
    for step in row.steps.select_related("message"):
        key = f"m{step.message.number}"
        if sent(request, f"{key}-out") == "on":
            continue
        at = sent_number(request, f"{key}-place")
        after = [n for text in request.POST.getlist(f"{key}-after") if (n := whole_number(text)) is not None]
        task = sent(request, f"{key}-task").upper().removeprefix("T-")
        number = whole_number(task) if task else None
        if task and number is None:
            raise Invalid(_("“%s” is no task; write it as T-12.") % task[:40], f"{key}-task")
        time = read_time(sent(request, f"{key}-time"), f"{key}-time")
        fields.append((at or step.place, Planned(step.message.number, time, None, number), after))
    fields.sort(key=lambda f: f[0])
    places = {planned.message: n for n, (_at, planned, _after) in enumerate(fields, 1)}
    steps = [
        Planned(p.message, p.not_before, [places[m] for m in after if m in places], p.after_task)
        for _at, p, after in fields
    ]
    actions.plan_wave(request.actor, request.incident, steps=steps, because=sent(request, "because"), wave=row,
                      revision=sent_number(request, "revision"))  # fmt: skip
    return done(request, place(request, "wave", row.number), _("The order is kept."))


@act_on
def act(request: IncidentRequest, wave: int, act: str) -> HttpResponse:
    """Release (also: go on), pause or recall a wave."""
    row, why = called_wave(request, wave), sent(request, "because")
    revision = sent_number(request, "revision")
    if act == "release":
        actions.release_wave(request.actor, request.incident, wave=row, revision=revision)
    elif act == "pause":
        actions.pause_wave(request.actor, request.incident, wave=row, because=why)
    elif act == "recall":
        actions.recall_wave(request.actor, request.incident, wave=row, because=why)
    else:
        raise Hidden
    row.refresh_from_db()
    said = _("W-%(number)d: %(state)s") % {"number": row.number, "state": row.get_state_display()}
    return done(request, place(request, "wave", row.number), said)


@act_on
def loosen(request: IncidentRequest, wave: int) -> HttpResponse:
    """Let one step go without what it waits for."""
    row = called_wave(request, wave)
    step = (
        row.steps.select_related("message__audience", "wave").filter(place=sent_number(request, "place") or 0).first()
    )
    if step is None:
        raise Invalid(_("This step is not known any more. Load the page again."), "place")
    actions.loosen_step(request.actor, request.incident, step=step, because=sent(request, "because"))
    return done(request, place(request, "wave", row.number), _("M-%d waits no longer.") % step.message.number)


@act_on
def release_alone(request: IncidentRequest, outgoing: int) -> HttpResponse:
    """Release one message by itself."""
    row = called_message(request, outgoing)
    alone(request.actor, request.incident, row)
    return done(request, place(request, "outgoing", row.number), _("M-%d leaves within seconds.") % row.number)
