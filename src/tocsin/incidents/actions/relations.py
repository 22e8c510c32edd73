"""How incidents belong together and how they end: parent and child, merge, what goes along, close, re-open.

Which incidents stand under which is written to the organization's chain, by their ids alone: who is on one of them
must not learn from its log that the other exists. That chain's lock also keeps two people from closing a circle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from tocsin.core.access import Forbidden, Hidden, OrgRole, check, organization_role, system_only, visible
from tocsin.core.action import GUARDS, Call, Invalid, Place, action
from tocsin.core.canonical import instant
from tocsin.core.models import Chain, ChainKind, LogEntry, Organization
from tocsin.incidents.actions import carrying
from tocsin.incidents.actions.common import LEADS, fresh, next_number, same_revision, words
from tocsin.incidents.models import Incident, Outcome, Phase, TaskState
from tocsin.plan.models import Anchor, StepKind

DEEPEST = 5
"""How many incidents may stand above one another."""
OVER = ("incident.close", "incident.merge")
BEGINS = frozenset({
    "task.add", "task.start", "task.block", "task.assign", "task.reopen", "playbook.start", "decision.open",
    "decision.revisit", "scope.add", "scope.change", "scope.count", "sheet.roles", "sheet.data", "finding.state",
    "finding.judge", "finding.answer", "fact.set", "fact.withdraw", "phase.set", "severity.set", "summary.set",
    "remediation.plan",
})  # fmt: skip
FINISHES = frozenset({"task.complete", "task.skip", "decision.take", "decision.dissent", "note.write"})
_MEMBER = organization_role(*OrgRole)


def not_over(call: Call[Place], verb: str) -> None:
    """Refuse work on an incident that is closed. What was left open when it closed may still be finished there; of a
    merged one everything goes on in the other. Raises Invalid saying so.
    """
    if call.actor.is_system or call.chain.kind != ChainKind.INCIDENT or verb not in BEGINS | FINISHES:
        return
    incident = Incident.objects.filter(pk=call.chain.pk, phase=Phase.CLOSED).first()
    if incident is None:
        return
    if incident.merged_into_id:
        seen = visible(call.actor, Incident.objects.filter(pk=incident.merged_into_id)).first()
        where = f" into {seen.number}; go on there" if seen else "; ask who leads where it goes on"
        raise Invalid(f"{incident.number} was merged{where}.")
    if verb in BEGINS:
        raise Invalid(f"{incident.number} is closed. To go on working on it, whoever leads re-opens it.")


GUARDS.append(not_over)


def last_end(incident: Incident) -> LogEntry | None:
    """The entry that closed or merged it last."""
    return incident.chain.entries.filter(verb__in=OVER).order_by("sequence").last()


def _refuse_closed(incident: Incident) -> None:
    """Raises Invalid when it is closed already, naming who did it: two people may have pressed in the same second."""
    if incident.phase != Phase.CLOSED:
        return
    entry, outcome = last_end(incident), incident.get_outcome_display()
    by = entry.actor["name"] if entry else "Somebody"
    raise Invalid(f"{by} closed {incident.number} already{f' ({outcome.lower()})' if outcome else ''}.")


def _end(call: Call[Incident], outcome: str) -> str:
    """Closes the row; returns the phase that it was in."""
    incident = call.place
    before, incident.phase, incident.outcome = incident.phase, Phase.CLOSED, outcome
    incident.instants = incident.instants | {Anchor.CLOSED: instant(call.now)}
    incident.revision += 1
    return before


@action("incident.close", LEADS)
def close(call: Call[Incident], *, outcome: str, reason: str, left_open: str = "",
          revision: int | None = None) -> None:  # fmt: skip
    """Close the incident: how it came out and why. Reminders stop; duties to notify run on, for the law does.

    `left_open` says why it closes although something is open. Raises Invalid for an unknown outcome, without a
    reason, when something is open and that is not said, or when it is closed already.
    """
    incident = fresh(call)
    _refuse_closed(incident)
    if revision is not None and revision != incident.revision:
        same_revision(incident, revision)
    if outcome not in set(Outcome) - {Outcome.MERGED}:
        raise Invalid("Say how it came out: true positive, near miss or false positive.", "outcome")
    why = words(reason, "reason", "the reason")
    still = carrying.left_open(incident)
    if still and not left_open.strip():
        names = still.labels
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        raise Invalid(
            f"Still open: {', '.join(names[:4])}{more}. End them first, or say why they may stay open.", "left_open"
        )
    before = _end(call, outcome)
    incident.save(update_fields=["phase", "outcome", "instants", "revision"])
    call.record(
        incident, outcome=outcome, reason=why, before=before, left_open=left_open.strip(),
        tasks=[t.number for t in (*still.duties, *still.tasks)], decisions=[d.number for d in still.decisions],
    )  # fmt: skip


@action("incident.reopen", LEADS)
def reopen(call: Call[Incident], *, reason: str, revision: int | None = None) -> None:
    """Take a closed incident up again, in the phase that it was in. One that was merged is parted again: what moved
    comes back, and findings and scope stay in both. Raises Invalid when it is not closed, or, for a merged one, when
    the actor does not lead the other as well.
    """
    incident = fresh(call)
    if incident.phase != Phase.CLOSED:
        raise Invalid(f"{incident.number} is not closed: somebody re-opened it.")
    if revision is not None and revision != incident.revision:
        same_revision(incident, revision)
    why, ended, target = words(reason, "reason", "the reason"), last_end(incident), incident.merged_into
    moves: dict[str, list[dict[str, int]]] = {"tasks": [], "decisions": []}
    if target is not None and ended is not None:
        _leads(call, target, "Parting them takes somebody who leads the other incident as well.")
        Chain.objects.select_for_update().get(pk=target.chain_id)
        moves = {kind: ended.payload[kind] for kind in moves}
        carrying.take_back(call, target, moves["tasks"], moves["decisions"])
    incident.phase = ended.payload["before"] if ended else Phase.INVESTIGATING
    incident.outcome, incident.merged_into = "", None
    incident.instants = {k: v for k, v in incident.instants.items() if k != Anchor.CLOSED}
    incident.revision += 1
    incident.save(update_fields=["phase", "outcome", "merged_into", "instants", "revision"])
    apart = {"parted": str(target.pk), **moves} if target else {}
    call.record(incident, reason=why, phase=incident.phase, **apart)


@action("incident.adopt", _MEMBER)
def adopt(call: Call[Organization], *, parent: Incident, child: Incident, reason: str = "") -> None:
    """Put one incident under another; where it stood before, it stands no more. Takes somebody who leads both.

    Raises Invalid for a circle, more than five above one another, an exercise with a real incident, or another
    organization's; Hidden for an incident that the actor is not on, Forbidden for one that they do not lead.
    """
    for incident in (parent, child):
        _ours(call, incident)
        check(call.actor, incident.chain, LEADS, "incident.adopt")
        incident.refresh_from_db(fields=["parent", "exercise"])
    _same_world(parent, child)
    if child.parent_id == parent.pk:
        raise Invalid(f"{child.number} stands under {parent.number} already.", "child")
    above = _above(parent)
    if child.pk in (parent.pk, *above):
        raise Invalid(f"{parent.number} cannot stand above {child.number}: that would be a circle.", "child")
    if len(above) + 1 + _below(child) > DEEPEST:
        raise Invalid(f"More than {DEEPEST} incidents above one another help nobody.", "child")
    before, child.parent = child.parent_id, parent
    child.save(update_fields=["parent"])
    call.record(("incident", str(child.pk)), parent=str(parent.pk), before=str(before or ""), reason=reason.strip())


@action("incident.release", _MEMBER)
def release(call: Call[Organization], *, child: Incident, reason: str = "") -> None:
    """Take an incident out from under its parent. Takes somebody who leads both.

    Raises Invalid where the child stands under nothing that the actor leads: which one is not said.
    """
    _ours(call, child)
    check(call.actor, child.chain, LEADS, "incident.release")
    child.refresh_from_db(fields=["parent"])
    nothing = f"{child.number} stands under no incident that you lead."
    if child.parent is None:
        raise Invalid(nothing)
    _leads(call, child.parent, nothing)
    before, child.parent = child.parent, None
    child.save(update_fields=["parent"])
    call.record(("incident", str(child.pk)), parent=str(before.pk), reason=reason.strip())


@action("incident.merge", LEADS)
def merge(call: Call[Incident], *, target: Incident, reason: str, people: Sequence[UUID] = ()) -> None:
    """Close this incident because it is part of another: its open work goes on there, its findings and scope are
    copied there, and its log, evidence and notes stay here. `people` (accounts) are let into the other.

    Takes somebody who leads both. Raises Hidden for a target that the actor is not on, Forbidden for one that they do
    not lead, Invalid for itself, a closed one, an exercise with a real one, or another organization's.
    """
    check(call.actor, target.chain, LEADS, "incident.merge")
    source = fresh(call)
    Chain.objects.select_for_update().get(pk=target.chain_id)
    target.refresh_from_db()
    if target.pk == source.pk:
        raise Invalid("An incident cannot be merged into itself.", "target")
    if target.organization_id != source.organization_id:
        raise Invalid("The two belong to different organizations.", "target")
    _refuse_closed(source)
    _same_world(source, target)
    if target.phase == Phase.CLOSED:
        raise Invalid(f"{target.number} is closed. Re-open it first, or merge the other way round.", "target")
    why, still = words(reason, "reason", "the reason"), carrying.left_open(source)
    tasks = [*still.duties, *still.tasks]
    first = {"task": next_number(target.tasks), "decision": next_number(target.decisions)}
    before = _end(call, Outcome.MERGED)
    source.merged_into = target
    source.save(update_fields=["phase", "outcome", "instants", "revision", "merged_into"])
    moved = [{"task": t.number, "to": first["task"] + n, "state": t.state} for n, t in enumerate(tasks)]
    carrying.end_moved(call, tasks, still.decisions, f"Moved to the incident that this one was merged into: {why}")
    call.record(
        source, into=str(target.pk), reason=why, before=before,
        tasks=moved,
        decisions=[{"decision": d.number, "to": first["decision"] + n} for n, d in enumerate(still.decisions)],
        findings=list(source.findings.exclude(state="rejected").values_list("number", flat=True)),
        scope=list(source.scope.values_list("number", flat=True)),
        people=[str(p) for p in people],
    )  # fmt: skip


@action("incident.receive", LEADS)
def receive(
    call: Call[Incident], *, source: Incident, tasks: Sequence[int] = (), decisions: Sequence[int] = (),
    findings: Sequence[int] = (), scope: Sequence[int] = (), named: bool = False,
    states: Mapping[int, str] | None = None,
) -> None:  # fmt: skip
    """Take in what comes from another incident, by its numbers there. Takes somebody who leads both.

    `named` lets the copies cite the other by its number: the people here learn of it. Otherwise they say that it was
    recorded before. `states` says how tasks stood that have ended there because they move. Raises Hidden or Forbidden
    for a source that the actor is not on, or does not lead.
    """
    check(call.actor, source.chain, LEADS, "incident.receive")
    journey = carrying.Journey(call, source, source.number if named else "an earlier record,")
    work = source.tasks.select_related("member").filter(number__in=tasks)
    moved = carrying.take_tasks(journey, sorted(work, key=lambda t: list(tasks).index(t.number)), states or {})
    asked = sorted(source.decisions.filter(number__in=decisions), key=lambda d: list(decisions).index(d.number))
    call.record(
        call.place,
        label=source.number if named else "",
        tasks=moved,
        decisions=carrying.take_decisions(journey, asked),
        findings=carrying.take_findings(journey, source.findings.filter(number__in=findings)),
        scope=carrying.take_scope(journey, source.scope.filter(number__in=scope)),
    )


@action("incident.hand_out", LEADS)
def hand_out(call: Call[Incident], *, tasks: Sequence[int], decisions: Sequence[int], reason: str) -> None:
    """End here what an incident that was split off goes on with. The entry does not say where: it may be nobody's
    business here. Raises Invalid for a task that has ended, and for a duty to notify, which stays with its facts.
    """
    work = list(call.place.tasks.filter(number__in=tasks))
    asked = list(call.place.decisions.select_related("task").filter(number__in=decisions))
    ended = [str(t) for t in work if t.ended] + [str(d) for d in asked if d.state != "open"]
    if ended or len(work) + len(asked) != len(tasks) + len(decisions):
        raise Invalid(f"No longer open here: {', '.join(ended) or 'something you chose'}. Look again.", "tasks")
    if duty := next((t for t in work if t.kind == StepKind.NOTIFICATION), None):
        raise Invalid(f"{duty} is a duty that this incident's facts set off; it stays here.", "tasks")
    if question := next((t for t in work if t.kind == StepKind.DECISION), None):
        raise Invalid(f"{question} is a question; take it along under Decisions.", "tasks")
    why = words(reason, "reason", "the reason")
    carrying.end_moved(call, work, asked, f"Moved out of this incident: {why}")
    call.record(call.place, tasks=[t.number for t in work], decisions=[d.number for d in asked], reason=why)


@action("incident.give_back", system_only)
def give_back(call: Call[Incident], *, source: Incident, tasks: Sequence[int], decisions: Sequence[int]) -> None:
    """End what went back to an incident that was merged into this one and is parted again."""
    live = list(call.place.tasks.filter(number__in=tasks).exclude(state__in=(TaskState.DONE, TaskState.SKIPPED)))
    asked = list(call.place.decisions.select_related("task").filter(number__in=decisions, state="open"))
    carrying.end_moved(call, live, asked, f"Went back to {source.number}, which was re-opened.")
    call.record(call.place, label=source.number, tasks=[t.number for t in live], decisions=[d.number for d in asked])


def _leads(call: Call[Incident] | Call[Organization], other: Incident, otherwise: str) -> None:
    try:
        check(call.actor, other.chain, LEADS, "incident.relate")
    except (Hidden, Forbidden):
        raise Invalid(otherwise) from None


def _ours(call: Call[Organization], incident: Incident) -> None:
    if incident.organization_id != call.place.pk:
        raise Hidden


def _same_world(one: Incident, other: Incident) -> None:
    if one.exercise != other.exercise:
        raise Invalid("An exercise and a real incident stay apart: what one says must never be taken for the other.")


def _above(incident: Incident) -> list[UUID]:
    found: list[UUID] = []
    at = incident.parent_id
    while at is not None and len(found) <= DEEPEST:
        found.append(at)
        at = Incident.objects.values_list("parent_id", flat=True).get(pk=at)
    return found


def _below(incident: Incident) -> int:
    depth, row = 1, [incident.pk]
    while row := list(Incident.objects.filter(parent__in=row).values_list("pk", flat=True)):
        depth += 1
    return depth
