"""Decisions: opened by the playbook or by hand, taken by somebody with the authority, with what was known then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tocsin.core.access import system_only
from tocsin.core.action import Call, Invalid, action
from tocsin.incidents.actions.common import DECIDES, TAKES_PART, WORKS_OR_ADVISES, fresh, next_number, words
from tocsin.incidents.models import Decision, DecisionState, Incident, Task
from tocsin.plan.models import Plan


@action("decision.open", WORKS_OR_ADVISES)
def open_decision(
    call: Call[Incident],
    *,
    question: str,
    options: Sequence[dict[str, str]],
    role: str,
    authority: str = "",
    if_nobody_decides: str = "",
    due_at: datetime | None = None,
    task: Task | None = None,
) -> Decision:
    """Put a question to a role. `options` are dicts of id, label and consequence; at least two.

    Raises Invalid for fewer options or an unknown role.
    """
    incident = call.place
    if len({o["id"] for o in options}) < 2:
        raise Invalid("A decision needs two options that differ.", "options")
    if role not in incident.plan_version.plan.roles:
        raise Invalid(f"The plan has no role '{role}'.", "role")
    decision = Decision.objects.create(
        incident=incident,
        number=next_number(incident.decisions),
        task=task,
        step_id=task.step_id if task else "",
        question=words(question, "question", "the question")[:500],
        options=list(options),
        authority=authority,
        role=role,
        if_nobody_decides=if_nobody_decides,
        due_at=due_at,
        opened_at=call.now,
    )
    call.record(decision, decision=decision.number, question=decision.question, role=role,
                options=[o["label"] for o in options], due_at=due_at, task=task.number if task else None)  # fmt: skip
    return decision


def holders_of_authority(plan: Plan, authority: str) -> list[str]:
    """The roles that the plan gives an authority; every decider's role when it names none for it."""
    return [key for key, role in plan.roles.items() if authority in role.authority]


def _check_authority(call: Call[Incident], decision: Decision) -> None:
    """Raises Invalid unless the actor holds a role that the plan trusts with this decision."""
    plan = call.place.plan_version.plan
    trusted = holders_of_authority(plan, decision.authority) if decision.authority else []
    if not trusted:
        trusted = [decision.role]
    held = call.place.roles.filter(user_id=call.actor.user_id, renounced_at=None).values_list("role", flat=True)
    if not set(held) & set(trusted):
        names = ", ".join(plan.roles[r].title for r in trusted)
        raise Invalid(f"The plan gives this decision to: {names}. Ask them, or have the role handed to you first.")


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


# Who may answer which question says the plan, in the authorities of its roles: counsel decides about the police.
@action("decision.take", TAKES_PART)
def decide(
    call: Call[Incident], *, decision: Decision, chosen: str, reason: str, revisit_at: datetime | None = None
) -> None:
    """Take a decision: which option, why, and when to look at it again. What is known now is kept with it.

    Raises Invalid when it was taken already, the option is unknown, or the plan gives the authority to somebody else.
    """
    if decision.incident_id != call.place.chain_id:
        raise Invalid("This decision belongs to another incident.")
    decision.refresh_from_db()
    if decision.state == DecisionState.WITHDRAWN:
        raise Invalid("This question was withdrawn: the step that asked it is not needed any more.")
    if decision.state != DecisionState.OPEN:
        raise Invalid(f"{decision.decided_by} decided this already: {decision.chosen_label}.")
    if chosen not in {o["id"] for o in decision.options}:
        raise Invalid("Please choose one of the options.", "chosen")
    if not call.actor.is_system:
        _check_authority(call, decision)
    decision.state, decision.chosen = DecisionState.DECIDED, chosen
    decision.reason = words(reason, "reason", "the reason")
    decision.known = _known(fresh(call)) | {"log": call.chain.length}
    decision.decided_by, decision.decided_at, decision.revisit_at = call.actor.name, call.now, revisit_at
    decision.save()
    call.record(decision, decision=decision.number, question=decision.question, chosen=chosen,
                label=decision.chosen_label, reason=decision.reason, known=decision.known, revisit_at=revisit_at,
                task=decision.task.number if decision.task else None)  # fmt: skip


@action("decision.dissent", TAKES_PART)
def dissent(call: Call[Incident], *, decision: Decision, reason: str) -> None:
    """Write down that somebody disagrees with a decision, and why."""
    decision.refresh_from_db()
    if decision.incident_id != call.place.chain_id or decision.state != DecisionState.DECIDED:
        raise Invalid("One can disagree once it is decided.")
    objection = {"by": call.actor.name, "reason": words(reason, "reason", "the reason")}
    decision.dissent = [*decision.dissent, objection]
    decision.save(update_fields=["dissent"])
    call.record(decision, decision=decision.number, reason=objection["reason"])


@action("decision.revisit", DECIDES)
def revisit(call: Call[Incident], *, decision: Decision, reason: str) -> Decision:
    """Ask the question again because something changed; the decision taken before stays as it was.

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
    )
    call.record(again, decision=again.number, question=again.question, before=decision.number, due_at=again.due_at,
                reason=words(reason, "reason", "what changed"))  # fmt: skip
    return again


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
