"""What is expected of a person, across all incidents that they are on: calls, decisions, tasks, reports, mentions, seats.
The rooms above add what waits for somebody there (`FROM_ROOMS`).

A bounded number of questions to the database, however many incidents there are. What belongs to an incident is read
through `visible`; a call alone is shown to the one who is called before they are on the incident.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, reduce
from operator import or_
from uuid import UUID

from django.db.models import Q, QuerySet

from tocsin.core import clock
from tocsin.core.access import visible
from tocsin.incidents.briefs import holders_of_authority
from tocsin.incidents.models import (
    Decision,
    DecisionState,
    Incident,
    Phase,
    ReportKind,
    RoleAssignment,
    SituationReport,
    Task,
    TaskState,
)
from tocsin.incidents.models.notes import Mention
from tocsin.incidents.pages import how_near
from tocsin.incidents.queries.notes import mentions_of
from tocsin.incidents.queries.situation import OpenHandover, open_handovers
from tocsin.incidents.queries.situation import due_of as report_due
from tocsin.people.called import token_of
from tocsin.people.models import PagingCall, PagingState, PlanVersion, User
from tocsin.plan.models import IncidentRole, StepKind

Thing = Task | Decision | Mention | RoleAssignment | None
LIVE = (TaskState.OPEN, TaskState.DOING, TaskState.BLOCKED)
OF_INCIDENT = ("incident__chain", "incident__organization")


@dataclass(frozen=True)
class Row:
    """One thing that is expected: which incident, what, why of this person, by when on the incident's clock."""

    incident: Incident
    now: datetime
    label: str
    title: str
    why: str = ""
    due_at: datetime | None = None
    start: datetime | None = None
    severity_name: str = ""
    thing: Thing = None
    page: str = ""
    kind: str = ""
    number: int | None = None

    @property
    def lamp(self) -> str:
        """How near the deadline is: late, soon or nothing."""
        return how_near(self.due_at, self.now, self.start)


FROM_ROOMS: list[Callable[[User, list[RoleAssignment], datetime], list[Row]]] = []
"""What the rooms above ask of a person, given their seats and the real time: each room puts its question here when it
loads (`ready` of its apps.py). Each may ask the database a bounded number of questions, and shows what the person may see.
"""


@dataclass(frozen=True)
class Call:
    """A call that waits for this person's answer. It says what a paging message says, and no more."""

    title: str
    headline: str
    why: str
    answer_by: datetime
    token: str
    exercise: bool
    now: datetime


@dataclass
class Others:
    """What waits for others in an incident that this person leads."""

    incident: Incident
    late: int = 0
    decisions: int = 0
    empty: int = 0


@dataclass(frozen=True)
class Expected:
    """All that is expected of one person, in the order in which to look at it. `words`: what the rooms above ask."""

    calls: list[Call] = field(default_factory=list)
    decisions: list[Row] = field(default_factory=list)
    words: list[Row] = field(default_factory=list)
    late: list[Row] = field(default_factory=list)
    soon: list[Row] = field(default_factory=list)
    later: list[Row] = field(default_factory=list)
    reports: list[Row] = field(default_factory=list)
    mentions: list[Row] = field(default_factory=list)
    seats: list[Row] = field(default_factory=list)
    others: list[Others] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How much waits for this person's hand or word; what the bar says on every page (see `expected_count`)."""
        return len(self.calls) + len(self.decisions) + len(self.late) + len(self.soon) + len(self.later)

    @property
    def nothing(self) -> bool:
        """Whether the page has nothing to show at all."""
        return not (self.count or self.words or self.reports or self.mentions or self.seats)


@lru_cache(maxsize=256)
def _trusted(version: str, authority: str) -> frozenset[str]:
    """The roles that a plan gives an authority. Plan versions are named by their content, so this never goes stale."""
    found = PlanVersion.objects.filter(version=version).first()
    return frozenset(holders_of_authority(found.plan, authority)) if found and authority else frozenset()


def _held_by(user: User) -> QuerySet[RoleAssignment]:
    held = RoleAssignment.objects.filter(user=user, renounced_at=None).exclude(incident__phase=Phase.CLOSED)
    return visible(user.actor, held, chain="incident__chain").order_by("pk")


def seats_of(user: User) -> list[RoleAssignment]:
    """The seats that this person holds in incidents that are not closed, the gravest first. One query."""
    rows = _held_by(user).select_related(*OF_INCIDENT)
    return list(rows.order_by("incident__severity", "-incident__declared_at", "pk"))


def tasks_of(user: User, seats: Iterable[RoleAssignment], states: Iterable[TaskState] = LIVE) -> QuerySet[Task]:
    """The tasks in these states (live ones) given to this person, or to nobody but a role that they hold. Of closed
    incidents only duties.
    """
    incidents: dict[str, list[object]] = {}
    takers: dict[int, list[object]] = {}
    for seat in seats:
        incidents.setdefault(seat.role, []).append(seat.incident_id)
        if seat.member_id:
            takers.setdefault(seat.member_id, []).append(seat.incident_id)
    mine = [Q(member__user=user)]
    mine += [Q(member=None, role=role, incident__in=of) for role, of in incidents.items()]
    mine += [Q(member=member, incident__in=of) for member, of in takers.items()]
    goes_on = ~Q(incident__phase=Phase.CLOSED) | Q(kind=StepKind.NOTIFICATION)
    rows = Task.objects.filter(reduce(or_, mine), goes_on, state__in=tuple(states))
    # A question is answered, not ticked off: its task shows as the decision.
    return visible(user.actor, rows.exclude(decision__state=DecisionState.OPEN), chain="incident__chain")


def decisions_of(user: User, seats: Iterable[RoleAssignment]) -> list[Decision]:
    """The open questions that the plan trusts this person to answer, by a seat that they hold. One query, and one for
    each plan version that this process has not seen.
    """
    held: dict[object, set[str]] = {}
    for seat in seats:
        held.setdefault(seat.incident_id, set()).add(seat.role)
    if not held:
        return []
    asked = Decision.objects.filter(state=DecisionState.OPEN, incident__in=list(held))
    rows = asked.select_related(*OF_INCIDENT, "incident__plan_version").defer("incident__plan_version__files")
    return [
        d
        for d in visible(user.actor, rows, chain="incident__chain")
        if held[d.incident_id] & (_trusted(d.incident.plan_version.version, d.authority) or {d.role})
    ]


def calls_of(user: User) -> QuerySet[PagingCall]:
    """The calls to this person that nobody answered yet and that an answer still serves."""
    open_ = (PagingState.CALLING, PagingState.UNANSWERED)
    rows = PagingCall.objects.filter(member__user=user, answer="", paging__state__in=open_)
    return rows.filter(expires_at__gt=clock.now()).select_related("paging__chain")


def expected_count(user: User) -> int:
    """How much waits for this person's hand or word. At most three queries; the bar of every page asks this."""
    # Without their incidents, and without most of what they say: a number needs nothing of it.
    seats = list(_held_by(user).only("incident_id", "role", "member_id"))
    calls, tasks = calls_of(user).order_by().values("pk"), tasks_of(user, seats).order_by().values("pk")
    return calls.union(tasks, all=True).count() + len(decisions_of(user, seats))


def is_expected(user: User) -> bool:
    """Whether this person holds a live task, decision, seat or call: what they see first after signing in."""
    seats = seats_of(user)
    return bool(seats) or calls_of(user).exists() or tasks_of(user, seats).exists()


def expected_of(user: User) -> Expected:
    """Everything that is expected of this person now."""
    seats, real = seats_of(user), clock.now()
    tasks = list(tasks_of(user, seats).select_related(*OF_INCIDENT))
    decisions = decisions_of(user, seats)
    mentions = list(mentions_of(user).select_related("note__incident__chain", "note__incident__organization"))
    handovers = _handovers(user)
    work_at = [*(t.incident for t in tasks), *(d.incident for d in decisions), *(m.note.incident for m in mentions)]
    give_plans([*(s.incident for s in seats), *(h.seat.incident for h in handovers), *work_at])
    titles = {(s.incident_id, s.role): s.title for s in seats}
    work = _in_order(_task(t, titles.get((t.incident_id, t.role), ""), real) for t in tasks)
    return Expected(
        calls=[_call(c, real) for c in calls_of(user)],
        decisions=_in_order(_decision(d, real) for d in decisions),
        words=_in_order(row for ask in FROM_ROOMS for row in ask(user, seats, real)),
        late=[r for r in work if r.lamp == "late"],
        soon=[r for r in work if r.lamp == "soon"],
        later=[r for r in work if not r.lamp],
        reports=_in_order([*_reports(seats, real), *(_handover(h, real) for h in handovers)]),
        mentions=[row_for(m.note.incident, real, label=m.note.label, title=m.note.title, thing=m) for m in mentions],
        seats=[row_for(s.incident, real, label=s.role, title=s.title, thing=s) for s in seats],
        others=_others(_led(seats), {t.pk for t in tasks}, {d.pk for d in decisions}, real),
    )


def give_plans(incidents: Iterable[Incident]) -> None:
    """Hang each incident's plan version onto it, with one query for all: plans are large, and most share one."""
    rows = list(incidents)
    versions = {v.pk: v for v in PlanVersion.objects.filter(pk__in={i.plan_version_id for i in rows})}
    for incident in rows:
        incident.plan_version = versions[incident.plan_version_id]


def _in_order(rows: Iterable[Row]) -> list[Row]:
    """By what is left until the deadline; those without one last, the graver incident first."""
    return sorted(
        rows,
        key=lambda r: (r.due_at is None, (r.due_at - r.now).total_seconds() if r.due_at else 0, r.incident.severity,
                       r.incident.number, r.label),
    )  # fmt: skip


def row_for(incident: Incident, real: datetime, *, label: str, title: str, why: str = "",
            due_at: datetime | None = None, start: datetime | None = None, thing: Thing = None, page: str = "",
            kind: str = "", number: int | None = None) -> Row:  # fmt: skip
    """A row at that real time. The incident has its chain, its organization and its plan (`give_plans`). `page` is its
    place below the incident's address; `kind` and `number` name it for machines.
    """
    level = incident.plan_version.plan.severity.levels.get(incident.severity)
    name = level.name if level else ""
    return Row(incident, incident.chain.time(real), label, title, why, due_at, start, name, thing, page, kind, number)


def _task(task: Task, seat: str, real: datetime) -> Row:
    return row_for(task.incident, real, label=f"T-{task.number}", title=task.title, why=seat, due_at=task.due_at,
                start=task.opened_at, thing=task)  # fmt: skip


def _decision(row: Decision, real: datetime) -> Row:
    return row_for(row.incident, real, label=f"D-{row.number}", title=row.question, why=row.if_nobody_decides,
                due_at=row.due_at, start=row.opened_at, thing=row)  # fmt: skip


def _call(asked: PagingCall, real: datetime) -> Call:
    chain = asked.paging.chain
    return Call(asked.paging.title, asked.paging.headline, asked.why, asked.answer_by, token_of(asked), chain.exercise,
                chain.time(real))  # fmt: skip


def _led(seats: Iterable[RoleAssignment]) -> dict[UUID, Incident]:
    """The incidents in which one of these seats leads."""
    led = {}
    for seat in seats:
        role = seat.incident.plan_version.plan.roles.get(seat.role)
        if role and role.access == IncidentRole.LEAD:
            led[seat.incident_id] = seat.incident
    return led


def _reports(seats: list[RoleAssignment], real: datetime) -> list[Row]:
    """The next situation report of every incident that this person leads. One query."""
    led = _led(seats)
    written = SituationReport.objects.filter(incident__in=list(led), kind=ReportKind.REPORT)
    last = {r.incident_id: r for r in written.order_by("number").defer("conditions", "actions", "needs")} if led else {}
    rows = []
    for key, incident in led.items():
        report = last.get(key)
        since = report.written_at if report else incident.declared_at
        due = report_due(incident, since, report.next_due_at if report else None)
        rows.append(row_for(incident, real, label="report", title="", due_at=due, start=since, page="situation"))
    return rows


def _handovers(user: User) -> list[OpenHandover]:
    """The hand-overs for which this person owes a note or its acknowledgement. Two queries."""
    own = RoleAssignment.objects.filter(user=user).exclude(incident__phase=Phase.CLOSED)
    places = set(visible(user.actor, own, chain="incident__chain").values_list("incident_id", flat=True))
    if not places:
        return []
    spells = RoleAssignment.objects.filter(incident__in=places).select_related(*OF_INCIDENT)
    notes = SituationReport.objects.filter(incident__in=places, kind=ReportKind.HANDOVER)
    by_place: dict[UUID, tuple[list[RoleAssignment], list[SituationReport]]] = {p: ([], []) for p in places}
    for spell in spells.order_by("assumed_at", "id"):
        by_place[spell.incident_id][0].append(spell)
    for note in notes:
        by_place[note.incident_id][1].append(note)
    found = [h for of, said in by_place.values() for h in open_handovers(of, said)]
    return [h for h in found if user.pk == (h.before.user_id if h.note is None else h.seat.user_id)]


def _handover(row: OpenHandover, real: datetime) -> Row:
    other = row.seat.holder if row.note is None else row.before.holder
    return row_for(row.seat.incident, real, label=row.waits_for, title=row.seat.title, why=other, page="situation")


def _others(led: dict[UUID, Incident], tasks: set[int], decisions: set[int], real: datetime) -> list[Others]:
    """What waits for others where this person leads: late tasks, open questions, empty seats. Three queries."""
    if not led:
        return []
    found = {key: Others(incident) for key, incident in led.items()}
    due = Task.objects.filter(incident__in=list(led), state__in=LIVE, due_at__isnull=False).exclude(pk__in=tasks)
    for key, at in due.values_list("incident_id", "due_at"):
        found[key].late += bool(at and at < led[key].chain.time(real))
    asked = Decision.objects.filter(incident__in=list(led), state=DecisionState.OPEN).exclude(pk__in=decisions)
    for key in asked.values_list("incident_id", flat=True):
        found[key].decisions += 1
    for key in RoleAssignment.objects.filter(incident__in=list(led), renounced_at=None, holder="").values_list(
        "incident_id", flat=True
    ):
        found[key].empty += 1
    return [o for o in found.values() if o.late or o.decisions or o.empty]
