"""Take alerts in: what is the same again is counted, what is new gets a number, what is too much is refused and counted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db.models import Max, Q
from django.utils.translation import gettext as _

from tocsin.alerts.models import Alert, AlertSource, AlertState, SourceKind
from tocsin.core.access import OrgRole, organization_role
from tocsin.core.action import Call, Invalid, action
from tocsin.core.canonical import storable_in
from tocsin.core.models import Organization
from tocsin.plan.alerts import Reading

REPEATS_FOR = timedelta(days=7)
"""How long after its last arrival a judged alert still counts what comes again; later it is a new alert."""
SAID_BEFORE = timedelta(days=7)
"""How far back a source may say that something happened; what lies further back counts from its arrival."""
PER_MINUTE = 60_000
"""How many arrivals a source may bring in a minute, repeats included."""
NEW_PER_HOUR = {SourceKind.WEBHOOK: 1000, SourceKind.MAIL: 300, SourceKind.FORM: 120, SourceKind.CLI: 1000}
"""How many different new alerts a source may bring in an hour. Repeats of known ones are not limited by it."""


@dataclass(frozen=True)
class Taken:
    """What became of what came, in its order: an alert's number, or None where it was refused; then when to try again."""

    numbers: tuple[int | None, ...]
    retry_after: int = 0

    @property
    def refused(self) -> int:
        """How many were refused."""
        return sum(n is None for n in self.numbers)


@action("alert.take", organization_role(OrgRole.ADMINISTRATOR, OrgRole.RESPONDER))
def take_alerts(
    call: Call[Organization],
    *,
    source: AlertSource,
    readings: Sequence[Reading],
    ignored: int = 0,
    turned_away: int = 0,
) -> Taken:
    """Take in what a source brings, in one go: many arrivals are one entry of the log.

    `ignored` were passed over on purpose (resolved, auto-replies); `turned_away` were refused before they came here.
    Raises Invalid for a source that is switched off or another organization's.
    """
    source.refresh_from_db()
    if source.organization_id != call.place.pk or not source.active:
        raise Invalid(_("This source is not switched on."))
    taking = _Taking(call, source)
    clean = {id(r): replace(r, **storable_in(vars(r))) for r in {id(r): r for r in readings}.values()}
    numbers = taking.take([clean[id(r)] for r in readings])
    taken = Taken(tuple(numbers), taking.retry_after)
    source.last_at = call.now
    source.taken += len(numbers) - taken.refused
    source.refused += taken.refused + turned_away
    source.ignored += ignored
    source.save()
    facts = {"refused": taken.refused + turned_away, "ignored": ignored}
    call.record(source, source=source.name, alerts=taking.told, **{k: v for k, v in facts.items() if v})
    return taken


class _Taking:
    """One batch of one source, under the lock of the organization's chain."""

    def __init__(self, call: Call[Organization], source: AlertSource) -> None:
        self.now, self.source, self.organization = call.now, source, call.place
        self.told: list[dict[str, object]] = []
        self.retry_after = 0
        last = Alert.objects.filter(organization=call.place).aggregate(last=Max("number"))["last"]
        self.next_number = int(last or 0) + 1

    def take(self, readings: Sequence[Reading]) -> list[int | None]:
        """The number of each, or None; groups what has one key, so that a row is written once a batch."""
        left = self._left_this_minute(len(readings))
        groups: dict[str, list[Reading]] = {}
        for reading in readings[:left]:
            groups.setdefault(reading.key, []).append(reading)
        known = self._known(groups)
        numbers = {key: self._one(known.get(key), same) for key, same in groups.items()}
        return [numbers[r.key] if place < left else None for place, r in enumerate(readings)]

    def _known(self, keys: Iterable[str]) -> dict[str, Alert]:
        """The alert that each key repeats: the new one first, else the last that came within the time of repeats."""
        recent = Q(state=AlertState.NEW) | Q(last_at__gte=self.now - REPEATS_FOR)
        rows = Alert.objects.filter(recent, source=self.source, key__in=list(keys)).defer("raw", "text")
        best: dict[str, Alert] = {}
        for alert in rows.order_by("number"):
            if alert.key not in best or best[alert.key].state != AlertState.NEW:
                best[alert.key] = alert
        return best

    def _one(self, alert: Alert | None, same: list[Reading]) -> int | None:
        if alert is not None:
            self._again(alert, same)
            return alert.number
        if not self._room_for_new():
            return None
        alert = self._new(same)
        self.told.append({"alert": alert.number, "title": alert.title, "count": len(same), "new": True})
        return alert.number

    def _again(self, alert: Alert, same: list[Reading]) -> None:
        alert.count += len(same)
        alert.last_at = self.now
        told: dict[str, object] = {"alert": alert.number, "count": len(same)}
        severity = _gravest(same)
        changed = severity is not None and severity != alert.severity
        if alert.judged:
            alert.repeats += len(same)
        if changed and alert.judged and alert.incident_id is None:
            alert.reopened = _("It came again with severity %(now)s instead of %(before)s; %(who)s had judged it.") % {
                "now": severity, "before": alert.severity or "?", "who": alert.judged_by,
            }  # fmt: skip
            alert.state, told["reopened"] = AlertState.NEW, True
            alert.revision += 1
        if changed and (alert.severity is None or told.get("reopened") or (severity or 9) < alert.severity):
            told["severity"] = alert.severity = severity
        alert.save(update_fields=["count", "last_at", "repeats", "reopened", "state", "severity", "revision"])
        self.told.append(told)

    def _new(self, same: list[Reading]) -> Alert:
        first = same[0]
        number, self.next_number = self.next_number, self.next_number + 1
        return Alert.objects.create(
            organization=self.organization,
            number=number,
            source=self.source,
            title=first.title[:300] or "?",
            text=first.text,
            severity=_gravest(same),
            observables=first.observables,
            url=first.url[:1000],
            key=first.key,
            count=len(same),
            first_at=self._happened(first),
            last_at=self.now,
            raw=first.raw,
            dropped=first.dropped[:500],
            mapping=first.mapping[:80],
        )

    def _happened(self, reading: Reading) -> datetime:
        said = reading.at
        return said if said and self.now - SAID_BEFORE <= said <= self.now else self.now

    def _left_this_minute(self, wanted: int) -> int:
        source = self.source
        if source.minute_at is None or self.now - source.minute_at >= timedelta(minutes=1):
            source.minute_at, source.minute_all = self.now, 0
        left = min(wanted, max(0, PER_MINUTE - source.minute_all))
        source.minute_all += left
        if left < wanted:
            self._come_back(source.minute_at + timedelta(minutes=1))
        return left

    def _room_for_new(self) -> bool:
        source = self.source
        if source.hour_at is None or self.now - source.hour_at >= timedelta(hours=1):
            source.hour_at, source.hour_new = self.now, 0
        if source.hour_new >= NEW_PER_HOUR[SourceKind(source.kind)]:
            self._come_back(source.hour_at + timedelta(hours=1))
            return False
        source.hour_new += 1
        return True

    def _come_back(self, at: datetime) -> None:
        self.retry_after = max(self.retry_after, math.ceil((at - self.now).total_seconds()), 1)


def _gravest(same: Iterable[Reading]) -> int | None:
    return min((r.severity for r in same if r.severity is not None), default=None)
