"""What disclosure expects of a person: duties that wait for counsel's word, notices to hand in, drafts of their own."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from tocsin.core.access import visible
from tocsin.core.models import Grant
from tocsin.disclosure.models import COUNTED, Duty, DutyClock, Notice, NoticeState, StageState, Verdict, Word
from tocsin.disclosure.queries import next_due
from tocsin.incidents.expected import LIVE, Row, give_plans, row_for, tasks_of
from tocsin.incidents.models import RoleAssignment, TaskState
from tocsin.people.models import User
from tocsin.plan.models import IncidentRole

TO_FILE = (StageState.RUNNING, StageState.NO_NUMBER)
WORKS = (IncidentRole.LEAD, IncidentRole.RESPONDER, IncidentRole.COUNSEL)


def asked_by_law(user: User, seats: list[RoleAssignment], real: datetime) -> list[Row]:
    """All of it. Of an incident that was merged only the stages that still run there: the rest goes on where it went."""
    roles: dict[UUID, set[str]] = {}
    for chain, role in Grant.objects.filter(user=user, role__in=WORKS).values_list("chain_id", "role"):
        roles.setdefault(chain, set()).add(role)
    if not roles:
        return []
    clocks, notices = _to_file(user, seats), _drafts(user, list(roles))
    duties, stages = _to_rule(roles)
    places = [c.duty.incident for c in (*clocks, *stages)]
    places += [d.incident for d in duties]
    give_plans(places + [n.incident for n in notices])
    return [
        *(_duty(d, real) for d in duties),
        *(_stage(c, real, "duty", _("Waits for counsel: is this stage needed?")) for c in stages),
        *(_stage(c, real, "filing", _("To be handed in by you: record when and how")) for c in clocks),
        *(_notice(n, real) for n in notices),
    ]


def _to_rule(roles: dict[UUID, set[str]]) -> tuple[list[Duty], list[DutyClock]]:
    """The duties and stages without counsel's word, for counsel; for who leads where nobody is counsel. Four queries."""
    led = [chain for chain, held in roles.items() if held & {IncidentRole.LEAD, IncidentRole.COUNSEL}]
    if not led:
        return [], []
    advised = set(Grant.objects.filter(chain__in=led, role=IncidentRole.COUNSEL).values_list("chain_id", flat=True))
    places = [chain for chain in led if IncidentRole.COUNSEL in roles[chain] or chain not in advised]
    duties = Duty.objects.filter(incident__chain__in=places, incident__merged_into=None)
    open_ = duties.filter(ruling="", verdict=Verdict.MAY_APPLY).prefetch_related("clocks")
    stages = DutyClock.objects.filter(
        duty__in=duties.filter(ruling=Word.CONFIRMED), state=StageState.TO_JUDGE, ruling=""
    )
    return (
        list(open_.select_related("incident__chain", "incident__organization")),
        list(stages.select_related("duty__incident__chain", "duty__incident__organization")),
    )


def _to_file(user: User, seats: list[RoleAssignment]) -> list[DutyClock]:
    """The stages that run and whose task is this person's; or was, and is done while nobody recorded the filing.

    A duty runs by law, also while the playbook's task for it waits for something.
    """
    done = Q(task__state=TaskState.DONE, task__member__user=user)
    mine = Q(task__in=tasks_of(user, seats, (*LIVE, TaskState.WAITING)).order_by().values("pk")) | done
    rows = DutyClock.objects.filter(COUNTED, mine, state__in=TO_FILE)
    rows = visible(user.actor, rows, chain="duty__incident__chain")
    return list(rows.select_related("duty__incident__chain", "duty__incident__organization"))


def _drafts(user: User, works_at: list[UUID]) -> list[Notice]:
    """The drafts that this person began, where they still may write."""
    rows = Notice.objects.filter(state=NoticeState.DRAFT, drafted_by_id=str(user.pk), incident__merged_into=None)
    rows = rows.filter(incident__chain__in=works_at).select_related("duty", "incident__chain", "incident__organization")
    return list(rows.prefetch_related("duty__clocks"))


def _duty(duty: Duty, real: datetime) -> Row:
    return row_for(
        duty.incident, real, label="", title=duty.name, why=_("Waits for counsel: confirmed or rejected?"),
        due_at=next_due(duty), page=f"obligations/{duty.regime}", kind="duty",
    )  # fmt: skip


def _stage(stage: DutyClock, real: datetime, kind: str, why: str) -> Row:
    due = None if stage.own_target else stage.due_at
    return row_for(
        stage.duty.incident, real, label="", title=f"{stage.duty.name}: {stage.stage}", why=why, due_at=due,
        start=stage.starts_at, page=f"obligations/{stage.duty.regime}", kind=kind,
    )  # fmt: skip


def _notice(notice: Notice, real: datetime) -> Row:
    clock = next((c for c in notice.duty.clocks.all() if c.stage == notice.stage and c.is_open), None)
    return row_for(
        notice.incident, real, label=f"N-{notice.number}", title=f"{notice.duty.name}: {notice.stage}",
        why=_("Your draft is not finished"), due_at=clock.due_at if clock else None, start=notice.drafted_at,
        page=f"obligations/notices/{notice.number}", kind="notice", number=notice.number,
    )  # fmt: skip
