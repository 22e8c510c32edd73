"""Decisions: opened by the playbook or by hand, taken by somebody with the authority, with what was known then."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from tocsin.core.access import Forbidden, system_only
from tocsin.core.action import Call, Invalid, action
from tocsin.core.canonical import canonical, instant
from tocsin.incidents.actions.common import (
    DECIDES,
    TAKES_PART,
    WORKS_OR_ADVISES,
    check_fact,
    fresh,
    next_number,
    words,
)
from tocsin.incidents.briefs import brief_of, means, rests_on, shaken, trusted_roles, waits_for
from tocsin.incidents.models import Decision, DecisionState, Incident, RoleAssignment, Task
from tocsin.incidents.queries.facts import facts_of
from tocsin.people.models import Member
from tocsin.plan.decision_models import Cost

BY_LINK = "link"


class DecidedBefore(Invalid):
    """The question was answered before this answer came; the decision as it stands is `decision`."""

    def __init__(self, decision: Decision) -> None:
        super().__init__(f"{decision.decided_by} decided this already: {decision.chosen_label}.")
        self.decision = decision


@action("decision.open", WORKS_OR_ADVISES)
def open_decision(
    call: Call[Incident],
    *,
    question: str,
    options: Sequence[Mapping[str, Any]],
    role: str,
    authority: str = "",
    if_nobody_decides: str = "",
    due_at: datetime | None = None,
    facts: Sequence[str] = (),
    task: Task | None = None,
) -> Decision:
    """Put a question to a role. `options` hold id, label, consequence, cost and requires; `facts` are what the decider
    should know.

    Raises Invalid for less than two options, an unknown role or authority, a cost that is none, or a time in the past.
    """
    incident, plan = call.place, call.place.plan_version.plan
    if len({o["id"] for o in options}) < 2:
        raise Invalid("A decision needs two options that differ.", "options")
    if role not in plan.roles:
        raise Invalid(f"The plan has no role '{role}'.", "role")
    if not call.actor.is_system:
        _check_asked(call, authority, due_at)
    for fact in facts:
        check_fact(fact, True)
    kept, when = [_option(o) for o in options], task.when if task else ""
    step = incident.step(task.step_id) if task else None
    to_know = [*facts, *(step.decision.facts if step and step.decision else ())]
    decision = Decision.objects.create(
        incident=incident,
        number=next_number(incident.decisions),
        task=task,
        step_id=task.step_id if task else "",
        question=words(question, "question", "the question")[:500],
        options=kept,
        authority=authority,
        role=role,
        if_nobody_decides=if_nobody_decides,
        due_at=due_at,
        opened_at=call.now,
        when=when,
        rests_on=rests_on(when, to_know, kept),
    )
    call.record(decision, decision=decision.number, question=decision.question, role=role, authority=authority,
                options=[o["label"] for o in options], due_at=due_at, task=task.number if task else None)  # fmt: skip
    return decision


def _check_asked(call: Call[Incident], authority: str, due_at: datetime | None) -> None:
    """What a person may not ask: by an authority that nobody has, or by a time that has passed."""
    roles = call.place.plan_version.plan.roles.values()
    if authority and not any(authority in r.authority for r in roles):
        known = ", ".join(sorted({a for r in roles for a in r.authority}))
        raise Invalid(f"Nobody in the plan has the authority '{authority}'. There are: {known}.", "authority")
    if due_at is not None and due_at <= call.now:
        raise Invalid("The time by which to decide has passed already. Give one that is still to come.", "due_at")


def _option(given: Mapping[str, Any]) -> dict[str, Any]:
    """An option as it is kept; one without cost or conditions is id, label and consequence. Raises Invalid."""
    kept = {"id": str(given["id"]), "label": str(given["label"]), "consequence": str(given.get("consequence") or "")}
    found: dict[str, Any] = dict(kept)
    if given.get("cost"):
        try:
            found["cost"] = Cost.model_validate(given["cost"]).model_dump(mode="json", exclude_defaults=True)
        except ValidationError as error:
            said = str(error.errors()[0]["msg"])
            raise Invalid(f"The cost of '{kept['label']}' cannot be read: {said}", "options") from error
    if requires := list(given.get("requires") or ()):
        for fact in requires:
            check_fact(fact, True)
        found["requires"] = requires
    return found


def _check_authority(call: Call[Incident], decision: Decision, member: Member | None) -> None:
    """Raises Forbidden unless who decides holds, now, a seat that the plan trusts with this decision."""
    plan = call.place.plan_version.plan
    trusted = [r for r in trusted_roles(plan, decision.authority, decision.role) if r in plan.roles]
    held = {seat.role: seat for seat in call.place.roles.filter(renounced_at=None)}
    if any(r in held and _sits(held[r], call, member) for r in trusted):
        return
    names = ", ".join(f"{plan.roles[r].title} ({held[r].holder or 'nobody'})" for r in trusted if r in held)
    names = names or ", ".join(plan.roles[r].title for r in trusted)
    raise Forbidden(f"The plan gives this decision to: {names}. Ask them, or have the role handed to you first.")


def _sits(seat: RoleAssignment, call: Call[Incident], member: Member | None) -> bool:
    if member is not None:
        return seat.member_id == member.pk and member.active
    return seat.user_id is not None and seat.user_id == call.actor.user_id


def _known(incident: Incident) -> dict[str, Any]:
    scope: dict[str, int] = {}
    for state in incident.scope.values_list("state", flat=True):
        scope[state] = scope.get(state, 0) + 1
    return {
        "facts": incident.facts,
        "phase": incident.phase,
        "severity": incident.severity,
        "scope": scope,
        "findings": incident.findings.exclude(state="rejected").count(),
    }


def _locked(call: Call[Incident], decision: Decision) -> Decision:
    """The decision as it stands under the chain's lock, in an incident that is as fresh. Raises Invalid."""
    if decision.incident_id != call.place.chain_id:
        raise Invalid("This decision belongs to another incident.")
    decision.refresh_from_db()
    decision.incident = fresh(call)
    return decision


def _still_open(decision: Decision) -> None:
    if decision.state == DecisionState.WITHDRAWN:
        raise Invalid("This question was withdrawn: the step that asked it is not needed any more.")
    if decision.state != DecisionState.OPEN:
        raise DecidedBefore(decision)


def _choosable(decision: Decision, chosen: str) -> dict[str, Any]:
    """The option of that id. Raises Invalid for one that is not there (any more), or that waits for a fact."""
    option = next((o for o in decision.options if o["id"] == chosen), None)
    if option is None:
        raise Invalid("Please choose one of the options.", "chosen")
    if missing := waits_for(option, facts_of(decision.incident)):
        plan = decision.incident.plan_version.plan
        said = "; ".join(f"{means(f, plan)} ({f})" for f in missing)
        raise Invalid(f"'{option['label']}' cannot be chosen until this is stated as true: {said}.", "chosen")
    return dict(option)


# Who may answer which question says the plan, in the authorities of its roles: counsel decides about the police.
@action("decision.take", TAKES_PART)
def decide(
    call: Call[Incident], *, decision: Decision, chosen: str, reason: str, revisit_at: datetime | None = None,
    member: Member | None = None,
) -> None:  # fmt: skip
    """Take a decision: which option, why, and when to look at it again. The brief of this minute is kept with it.

    `member` is who answers through the signed link; only the door of links, which acts as the system, names one.
    Raises DecidedBefore when it was taken already; Invalid for an option that cannot be chosen, no reason, or a time
    that has passed; Forbidden when the plan gives the authority to somebody else.
    """
    if member is not None and not call.actor.is_system:
        raise Invalid("Nobody decides in somebody else's name.", "member")
    decision = _locked(call, decision)
    _still_open(decision)
    if member is not None or not call.actor.is_system:
        _check_authority(call, decision, member)
    _choosable(decision, chosen)
    if revisit_at is not None and revisit_at <= call.now:
        raise Invalid("The time to look at it again has passed already. Give one that is still to come.", "revisit_at")
    why = words(reason, "reason", "the reason")
    kept = canonical(brief_of(decision, call.now, call.chain.length))
    decision.brief, decision.brief_sha256 = kept.decode(), hashlib.sha256(kept).hexdigest()
    decision.state, decision.chosen, decision.reason = DecisionState.DECIDED, chosen, why
    decision.known = _known(decision.incident) | {"log": call.chain.length}
    decision.decided_by = member.name if member else call.actor.name
    decision.decided_at, decision.revisit_at, decision.via = call.now, revisit_at, BY_LINK if member else ""
    decision.save()
    by_link = {"by": member.name, "member": member.pk, "via": BY_LINK} if member else {}
    call.record(decision, decision=decision.number, question=decision.question, chosen=chosen,
                label=decision.chosen_label, reason=decision.reason, known=decision.known, revisit_at=revisit_at,
                brief=decision.brief_sha256, task=decision.task.number if decision.task else None, **by_link)  # fmt: skip


@action("decision.recommend", TAKES_PART)
def recommend(call: Call[Incident], *, decision: Decision, option: str, reason: str) -> None:
    """Say which option one is for, and why, so that the decider hears it. A second word of the same person replaces the
    first. It counts for the function of the seat that the person holds.
    """
    decision = _locked(call, decision)
    _still_open(decision)
    chosen = next((o for o in decision.options if o["id"] == option), None)
    if chosen is None:
        raise Invalid("Please choose one of the options.", "option")
    why = words(reason, "reason", "the reason")
    if len(why) > 1000:
        raise Invalid("A recommendation holds 1,000 characters: the decider reads it in a minute.", "reason")
    seats = call.place.roles.filter(user_id=call.actor.user_id, renounced_at=None).order_by("assumed_at", "pk")
    seat = seats.first() if not call.actor.is_system else None
    said = {"id": call.actor.id, "by": call.actor.name, "function": seat.function if seat else "", "option": option,
            "reason": why, "at": instant(call.now)}  # fmt: skip
    decision.recommendations = [r for r in decision.recommendations if r["id"] != call.actor.id] + [said]
    decision.save(update_fields=["recommendations"])
    call.record(decision, decision=decision.number, question=decision.question, option=option, label=chosen["label"],
                reason=why, function=said["function"])  # fmt: skip


@action("decision.dissent", TAKES_PART)
def dissent(call: Call[Incident], *, decision: Decision, reason: str) -> None:
    """Write down that somebody disagrees with a decision, and why."""
    decision.refresh_from_db()
    if decision.incident_id != call.place.chain_id or decision.state != DecisionState.DECIDED:
        raise Invalid("One can disagree once it is decided.")
    objection = {"by": call.actor.name, "reason": words(reason, "reason", "the reason"), "at": instant(call.now)}
    decision.dissent = [*decision.dissent, objection]
    decision.save(update_fields=["dissent"])
    call.record(decision, decision=decision.number, reason=objection["reason"])


@action("decision.revisit", DECIDES)
def revisit(call: Call[Incident], *, decision: Decision, reason: str) -> Decision:
    """Ask the question again because something changed or its time came; the decision taken before stays as it was.

    There is as much time for it as the first had. Raises Invalid when nothing was decided or it is being asked already.
    """
    decision.refresh_from_db()
    if decision.incident_id != call.place.chain_id or decision.state != DecisionState.DECIDED:
        raise Invalid("Only a decision that was taken can be asked again.")
    same = {"step_id": decision.step_id} if decision.step_id else {"step_id": "", "question": decision.question}
    if asked := call.place.decisions.filter(state=DecisionState.OPEN, **same).first():
        raise Invalid(f"This is being asked already, as D-{asked.number}. Answer that one first.")
    span = decision.due_at - decision.opened_at if decision.due_at else None
    again = Decision.objects.create(
        incident=call.place,
        number=next_number(call.place.decisions),
        step_id=decision.step_id,
        question=decision.question,
        options=decision.options,
        authority=decision.authority,
        role=decision.role,
        if_nobody_decides=f"D-{decision.number} stands: {decision.chosen_label}.",
        due_at=call.now + span if span and span > timedelta(0) else None,
        opened_at=call.now,
        before=decision,
        when=decision.when,
        rests_on=decision.rests_on,
    )
    call.record(again, decision=again.number, question=again.question, before=decision.number, due_at=again.due_at,
                reason=words(reason, "reason", "what changed"))  # fmt: skip
    return again


@action("decision.unsettle", system_only)
def unsettle(call: Call[Incident], *, decision: Decision) -> None:
    """Write down which facts a decision rests on are not any more what they were; none where all are so again.

    Raises Invalid when that is written down already.
    """
    decision = _locked(call, decision)
    found = shaken(decision) if decision.state == DecisionState.DECIDED else []
    if found == decision.changed:
        raise Invalid(f"D-{decision.number} rests on nothing that changed since this was written down.")
    decision.changed = found
    decision.save(update_fields=["changed"])
    call.record(decision, decision=decision.number, question=decision.question, changed=found,
                label=decision.chosen_label)  # fmt: skip


@action("decision.withdraw", system_only)
def withdraw_decision(call: Call[Incident], *, decision: Decision, because: str) -> None:
    """Take an open question back because the step that asked is not needed. A step taken up again asks anew."""
    decision.refresh_from_db()
    if decision.incident_id != call.place.chain_id or decision.state != DecisionState.OPEN:
        raise Invalid("Only an open question of this incident can be withdrawn.")
    task = decision.task
    decision.state, decision.reason, decision.task = DecisionState.WITHDRAWN, because, None
    decision.save(update_fields=["state", "reason", "task"])
    call.record(decision, decision=decision.number, question=decision.question, because=because,
                task=task.number if task else None)  # fmt: skip


@action("decision.overdue", system_only)
def mark_decision_overdue(call: Call[Incident], *, decision: Decision) -> None:
    """Write down, once, that a question was not answered in time. Raises Invalid when it is not so (any more)."""
    decision.refresh_from_db()
    late = decision.due_at is not None and decision.due_at < call.now
    if decision.incident_id != call.place.chain_id or decision.state != DecisionState.OPEN or not late:
        raise Invalid(f"D-{decision.number} is not overdue.")
    if decision.overdue_logged:
        raise Invalid(f"That D-{decision.number} is overdue was written down already.")
    decision.overdue_logged = True
    decision.save(update_fields=["overdue_logged"])
    call.record(decision, decision=decision.number, question=decision.question, due_at=decision.due_at,
                role=decision.role, if_nobody_decides=decision.if_nobody_decides)  # fmt: skip
