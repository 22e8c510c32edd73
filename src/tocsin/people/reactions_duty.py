"""What goes on by itself: calendars are read again and again, Comchecks are sent, closed, and begun when it is time."""

from __future__ import annotations

import hashlib
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings

from tocsin.core import clock
from tocsin.core.access import Actor
from tocsin.core.action import Invalid, on
from tocsin.core.actions import queue_message
from tocsin.core.models import LogEntry, Organization, OutboxMessage
from tocsin.core.rows import each
from tocsin.core.ticker import every
from tocsin.people.actions.comcheck import close_comcheck, start_comcheck
from tocsin.people.actions.duty import read_calendar
from tocsin.people.calendars import fetch
from tocsin.people.comcheck import message_for, period_of
from tocsin.people.duty import CalendarError, Spelt, spell_out
from tocsin.people.models import Comcheck, ComcheckAsk, PlanVersion, Rota
from tocsin.people.queries import current_plan
from tocsin.people.rotas import AHEAD, BEHIND

LOOK_SECONDS = 15 * 60
BACK_OFF_SECONDS = (60, 120, 300, 900, 1800, 3600)
RENEW = AHEAD / 2
"""How much of the time that a calendar is spelt out for may pass before it is spelt out again."""
AT_ONCE = 100
"""How many questions of a Comcheck are queued in one go: what else is due is not held up for longer."""
WORKDAY = range(9, 16)
KEEPER = "Calendars"


# Calendars ------------------------------------------------------------------------------------


@dataclass
class Watch:
    """Where the keeping of one calendar stands. It is no fact and needs no log: a restart looks again at once."""

    source: str
    next: float = 0.0
    failures: int = 0
    last_good: datetime | None = None
    asked: Future[tuple[str, Spelt]] | None = None


WATCHED: dict[tuple[str, str], Watch] = {}
# Beside the ticker: a host that does not answer must not hold up a page that is being sent.
_POOL = ThreadPoolExecutor(2, thread_name_prefix="calendar")


def _spelt(text: str, zone: str, now: datetime) -> Spelt:
    return spell_out(text, zone, now - BEHIND, now + AHEAD)


def _fetched(url: str, zone: str, now: datetime) -> tuple[str, Spelt]:
    text = fetch(url, settings.PRIVATE_HOSTS)
    return text, _spelt(text, zone, now)


@on("plan.import")
def read_files_of_plan(entry: LogEntry) -> None:
    """Calendars that lie in the plan's folder are read with it."""
    version = PlanVersion.objects.select_related("organization").get(pk=entry.object_id)
    for role, planned in version.plan.roles.items():
        if planned.on_call and planned.on_call.file:
            _keep_file(Actor.system(cause=entry), version, role, planned.on_call.file)


def _keep_file(actor: Actor, version: PlanVersion, role: str, path: str) -> None:
    """Spell a calendar of the plan's folder out, if it is not yet, or not for long enough."""
    organization, text, now = version.organization, version.files.get(path, ""), clock.now()
    rota = Rota.objects.filter(organization=organization, role=role, source=path).first()
    digest = hashlib.sha256(text.encode()).hexdigest()
    if rota and rota.digest == digest and (rota.error or not _runs_out(rota, now)):
        return
    try:
        spelt = _spelt(text, organization.time_zone, now)
    except CalendarError as error:
        read_calendar(actor, organization, role=role, source=path, text=text, error=str(error))
        return
    read_calendar(actor, organization, role=role, source=path, text=text, spelt=spelt, until=now + AHEAD)


def _runs_out(rota: Rota, now: datetime) -> bool:
    return rota.turns_until is not None and rota.turns_until - now < RENEW


@every(10)
def keep_calendars() -> None:
    """Have every calendar that a plan names read anew each quarter of an hour; after a failure with growing pauses."""
    named: set[tuple[str, str]] = set()
    each(Organization.objects.all(), lambda organization: _keep_all(organization, named))
    for gone in set(WATCHED) - named:
        WATCHED.pop(gone)


def _keep_all(organization: Organization, named: set[tuple[str, str]]) -> None:
    """Keep the calendars of one organization, and put those that are fetched into `named`."""
    version = current_plan(organization)
    if version is None:
        return

    def keep(role: str) -> None:
        on_call = version.plan.roles[role].on_call
        with suppress(Invalid):  # the plan was changed in this second
            if on_call and on_call.file:
                _keep_file(Actor.system(KEEPER), version, role, on_call.file)
            elif on_call:
                named.add((str(organization.pk), role))
                _watch(organization, role, on_call.url)

    each(version.plan.roles, keep)


def _watch(organization: Organization, role: str, url: str) -> None:
    key = (str(organization.pk), role)
    watch = WATCHED.get(key)
    if watch is None or watch.source != url:
        watch = WATCHED[key] = Watch(url)
    if watch.asked is None and watch.next <= time.monotonic():
        watch.asked = _POOL.submit(_fetched, url, organization.time_zone, clock.now())
    elif watch.asked is not None and watch.asked.done():
        asked, watch.asked = watch.asked, None
        _settle(organization, role, watch, asked)


def _settle(organization: Organization, role: str, watch: Watch, asked: Future[tuple[str, Spelt]]) -> None:
    """Keep what was fetched. What did not change is not written down again: only that it is current is remembered."""
    now = clock.now()
    rota = Rota.objects.filter(organization=organization, role=role, source=watch.source).first()
    system = Actor.system(KEEPER)
    try:
        text, spelt = asked.result()
    except CalendarError as error:
        pause = BACK_OFF_SECONDS[min(watch.failures, len(BACK_OFF_SECONDS) - 1)]
        watch.failures, watch.next = watch.failures + 1, time.monotonic() + pause
        if rota is None or rota.error != str(error)[:300]:
            read_calendar(system, organization, role=role, source=watch.source, error=str(error),
                          last_good=watch.last_good)  # fmt: skip
        return
    watch.failures, watch.next, watch.last_good = 0, time.monotonic() + LOOK_SECONDS, now
    same = rota is not None and rota.digest == hashlib.sha256(text.encode()).hexdigest()
    if rota is None or not same or rota.error or _runs_out(rota, now):
        read_calendar(system, organization, role=role, source=watch.source, text=text, spelt=spelt, until=now + AHEAD)


# Comchecks ------------------------------------------------------------------------------------


@every(5)
def send_comchecks() -> None:
    """Queue the questions of open rounds, and close the rounds whose time is over."""
    each(Comcheck.objects.filter(closed_at=None).select_related("organization"), _send_or_close)


def _send_or_close(comcheck: Comcheck) -> None:
    if comcheck.closes_at > clock.now():
        _send(comcheck)
        return
    with suppress(Invalid):  # somebody closed it in this second
        close_comcheck(Actor.system("Comcheck"), comcheck.organization, comcheck=comcheck)


def _send(comcheck: Comcheck) -> None:
    queued = set(OutboxMessage.objects.filter(key__startswith=f"comcheck:{comcheck.pk}:").values_list("key", flat=True))
    asks = comcheck.asks.filter(by_hand=False, answered_at=None, member__active=True).select_related(
        "member", "comcheck__organization"
    )
    left = [ask for ask in asks if ask.key not in queued]

    def queue(ask: ComcheckAsk) -> None:
        subject, body = message_for(ask)
        queue_message(
            Actor.system("Comcheck"),
            comcheck.organization,
            key=ask.key,
            address=ask.address,
            recipient=ask.member.name,
            subject=subject,
            body=body,
        )

    each(left[:AT_ONCE], queue)


@every(60)
def begin_comchecks() -> None:
    """Begin a round where the plan's rhythm says so: on a business day, while people there are at work."""
    now = clock.now()
    each(Organization.objects.all(), lambda organization: _begin(organization, now))


def _begin(organization: Organization, now: datetime) -> None:
    version = current_plan(organization)
    rule = version.plan.comcheck if version else None
    if version is None or rule is None or not _at_work(organization, now):
        return
    last = Comcheck.objects.filter(organization=organization).first()
    first_plan = organization.plan_versions.order_by("imported_at").first()
    since = last.started_at if last else first_plan.imported_at if first_plan else now
    if now - since >= period_of(version) and (last is None or last.closed_at):
        calendar = clock.calendar_of(organization.time_zone, organization.countries)
        with suppress(Invalid):  # somebody began one in this second
            start_comcheck(Actor.system("Comcheck"), organization, reason="",
                           open_for=calendar.due(now, rule.closes_after) - now)  # fmt: skip


def _at_work(organization: Organization, now: datetime) -> bool:
    local = now.astimezone(ZoneInfo(organization.time_zone or "UTC"))
    calendar = clock.calendar_of(organization.time_zone, organization.countries)
    return calendar.is_business_day(local.date()) and local.hour in WORKDAY
