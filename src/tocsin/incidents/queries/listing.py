"""The incidents that somebody is on, as a list: filtered, sorted, a page at a time, each in one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Least

from tocsin.core import clock
from tocsin.core.access import Actor, visible
from tocsin.core.models import Organization
from tocsin.incidents.calling import without_anybody
from tocsin.incidents.models import Decision, DecisionState, Incident, Phase, RoleAssignment, Task, TaskState
from tocsin.incidents.pages import how_near, lead_of
from tocsin.people.models import PlanVersion

ENDED = (TaskState.DONE, TaskState.SKIPPED)
LIVE = (TaskState.OPEN, TaskState.DOING, TaskState.BLOCKED)
RUNNING: list[Phase] = [p for p in Phase if p != Phase.CLOSED]
SHOWN: dict[str, list[Phase]] = {"live": RUNNING, "closed": [Phase.CLOSED], "all": list(Phase)}
SORTS = ("severity", "deadline", "newest")
NEVER = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Wish:
    """Which incidents are asked for. Empty and None leave a question open."""

    shown: str = "live"
    exercise: bool | None = None
    mine: bool = False
    severity: int | None = None
    text: str = ""
    sort: str = "severity"


@dataclass(frozen=True)
class Line:
    """One incident of the list. `late` counts tasks and decisions whose deadline has passed on its clock."""

    incident: Incident
    severity_name: str
    lead: str
    now: datetime
    next_due: datetime | None
    late: int
    done: int
    total: int
    empty: int = 0
    """Seats that nobody holds, or that nobody answered for."""

    @property
    def lamp(self) -> str:
        """How near the next deadline is; a closed incident has none."""
        return "" if self.over else how_near(self.next_due, self.now)

    @property
    def over(self) -> bool:
        """Whether the incident is closed."""
        return self.incident.phase == Phase.CLOSED


def chosen(actor: Actor, organization: Organization, wish: Wish) -> QuerySet[Incident]:
    """The incidents that the actor is on and that the wish names, in its order."""
    rows = Incident.objects.filter(organization=organization, phase__in=SHOWN[wish.shown])
    if wish.exercise is not None:
        rows = rows.filter(exercise=wish.exercise)
    if wish.severity is not None:
        rows = rows.filter(severity=wish.severity)
    if wish.text:
        rows = rows.filter(Q(title__icontains=wish.text) | Q(number__icontains=wish.text))
    if wish.mine:
        seat = RoleAssignment.objects.filter(incident=OuterRef("pk"), user=actor.user_id, renounced_at=None)
        task = Task.objects.filter(incident=OuterRef("pk"), member__user=actor.user_id).exclude(state__in=ENDED)
        rows = rows.filter(Exists(seat) | Exists(task))
    return _sorted(visible(actor, rows), wish)


def _sorted(rows: QuerySet[Incident], wish: Wish) -> QuerySet[Incident]:
    if wish.sort == "deadline" and wish.shown != "closed":
        # An exercise's deadlines are on its own clock; they stand among the others as if it ran by real time.
        due = Least(Coalesce(_first(Task, state__in=LIVE), Value(NEVER)),
                    Coalesce(_first(Decision, state=DecisionState.OPEN), Value(NEVER)))  # fmt: skip
        return rows.annotate(due=due).order_by("due", "severity", "-declared_at", "pk")
    if wish.sort == "newest" or wish.shown == "closed":
        return rows.order_by("-declared_at", "pk")
    return rows.order_by("severity", "-declared_at", "pk")


def _first(model: type[Task] | type[Decision], **live: Any) -> Subquery:
    rows = model._default_manager.filter(incident=OuterRef("pk"), due_at__isnull=False, **live)
    return Subquery(rows.order_by("due_at").values("due_at")[:1])


def counts(actor: Actor, organization: Organization) -> dict[str, int]:
    """How many live and closed incidents the actor is on. One query."""
    seen = visible(actor, Incident.objects.filter(organization=organization))
    found: dict[str, int] = seen.aggregate(
        live=Count("pk", filter=Q(phase__in=RUNNING)), closed=Count("pk", filter=Q(phase=Phase.CLOSED))
    )
    return found


def lines(rows: Sequence[Incident]) -> list[Line]:
    """The incidents (with their chains) as lines. Six queries, however many there are."""
    real, ids = clock.now(), [i.pk for i in rows]
    versions = {v.pk: v for v in PlanVersion.objects.filter(pk__in={i.plan_version_id for i in rows})}
    seats: dict[Any, list[RoleAssignment]] = {pk: [] for pk in ids}
    for seat in RoleAssignment.objects.filter(incident__in=ids, renounced_at=None):
        seats[seat.incident_id].append(seat)
    empty = without_anybody(seats)
    passed = _passed(rows, real)
    tasks = _by_incident(Task.objects.filter(incident__in=ids), LIVE, passed)
    asked = _by_incident(Decision.objects.filter(incident__in=ids), (DecisionState.OPEN,), passed)
    found = []
    for incident in rows:
        incident.plan_version = versions[incident.plan_version_id]
        lead = lead_of(incident, seats[incident.pk])
        level = incident.plan_version.plan.severity.levels.get(incident.severity)
        work, questions = tasks.get(incident.pk, {}), asked.get(incident.pk, {})
        due = min((d for d in (work.get("due"), questions.get("due")) if d), default=None)
        found.append(
            Line(
                incident=incident,
                severity_name=level.name if level else "",
                lead=lead.holder if lead else "",
                now=incident.chain.time(real),
                next_due=due,
                late=work.get("late", 0) + questions.get("late", 0),
                done=work.get("done", 0),
                total=work.get("total", 0),
                empty=empty[incident.pk],
            )
        )
    return found


def _passed(rows: Sequence[Incident], real: datetime) -> Q:
    """What tells a deadline that has passed: by real time, and in each exercise by its own clock."""
    own = [i for i in rows if i.chain.clock]
    passed = Q(due_at__lt=real) & ~Q(incident__in=[i.pk for i in own])
    for incident in own:
        passed |= Q(incident=incident.pk, due_at__lt=incident.chain.time(real))
    return passed


def _by_incident(rows: QuerySet[Any], live: Sequence[str], passed: Q) -> dict[Any, dict[str, Any]]:
    open_ = Q(state__in=live)
    sums = rows.order_by().values("incident").annotate(
        total=Count("pk"),
        done=Count("pk", filter=Q(state__in=ENDED)),
        due=Min("due_at", filter=open_),
        late=Count("pk", filter=open_ & passed),
    )  # fmt: skip
    return {row["incident"]: row for row in sums}
