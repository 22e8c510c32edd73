"""The Room: the situation as reported, what is expected of the person who looks, clocks, board, scope, decisions, log."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin.alerts.queries import reads_alerts, told_alerts
from tocsin.disclosure.pages import ENDED, Shown, counted, shown
from tocsin.incidents import board, feeds
from tocsin.incidents.kept import LAB, LEDGER, QUIET, once
from tocsin.incidents.models import Decision, Incident, Phase, RoleAssignment, ScopeEntry, ScopeKind, Task, TaskState
from tocsin.incidents.pages import IncidentRequest, asked, how_near, on_incident, share_left
from tocsin.incidents.presence import people_here
from tocsin.incidents.queries.situation import (
    Changes,
    OpenHandover,
    changes_since,
    due_of,
    lamp_of,
    last_report,
    open_handovers,
)
from tocsin.people.models import Member
from tocsin.people.pages import asked_number
from tocsin.web.fragments import shared

MOST_CLOCKS, FACES, NEWEST = 5, 6, 4
UNSHOWN = ("instructions", "done_when", "proof", "needs", "when", "due_because", "member__methods")
HERE_HOLDS = 2.0
"""Seconds for which who is here is said without asking anew: the stream says it as often."""
UNCOUNTED = QUIET - {"scope", "finding"}
"""Kinds of entries that are not among what is said to have changed since the last report."""
REMEMBERED = 180 * 24 * 3600


@dataclass(frozen=True)
class Dial:
    """One clock of the strip: a duty's deadline or an open decision's."""

    name: str
    state: str
    note: str
    url: str
    due: datetime | None = None
    start: datetime | None = None
    left: float = 0.0


def _dial_of_clock(row: Shown) -> Dial:
    url = f"obligations#{row.anchor}"
    if not row.ticks:
        return Dial(row.title, row.ring, row.waits, url)
    return Dial(row.title, row.ring, row.because, url, row.due_at, row.started_at, row.left)


def _dial_of_decision(decision: Decision, now: datetime) -> Dial:
    state = how_near(decision.due_at, now, decision.opened_at) or "run"
    left = share_left(decision.opened_at, decision.due_at, now)
    name = _("D-%d decision") % decision.number
    return Dial(name, state, decision.question, f"decisions/{decision.number}", decision.due_at,
                decision.opened_at, left)  # fmt: skip


@dataclass(frozen=True)
class Strip:
    """The clocks that have not ended: the first few by deadline, and in words how many there are of each kind."""

    dials: list[Dial]
    total: int
    words: str


def strip_of(incident: Incident, decisions: list[Decision], now: datetime) -> Strip:
    """The strip: duties to notify that have not ended, and open decisions with a deadline; earliest first."""
    duties = [row for row in shown(incident, now) if row.standing not in ENDED]
    open_ones = [d for d in decisions if d.state == "open" and d.due_at]
    found = [_dial_of_clock(row) for row in duties] + [_dial_of_decision(d, now) for d in open_ones]
    found.sort(key=lambda d: (d.due is None, d.due or now))
    words = []
    if duties:
        number = ngettext("%d duty", "%d duties", len(duties)) % len(duties)
        words.append(f"{number} ({counted(row.standing for row in duties)})")
    if open_ones:
        words.append(ngettext("%d decision", "%d decisions", len(open_ones)) % len(open_ones))
    return Strip(found[:MOST_CLOCKS], len(found), ", ".join(words))


def growth(incident: Incident) -> str:
    """How the scope grew, as the points of a line in a box of 240 by 56: things in scope over time."""
    first = list(
        ScopeEntry.objects.filter(incident=incident).order_by("changes__at").values_list("number", "changes__at")
    )
    seen: dict[int, datetime] = {}
    for number, when in first:
        if when is not None:
            seen.setdefault(number, when)
    times = sorted(seen.values())
    if len(times) < 2 or times[0] == times[-1]:
        return ""
    span, most = (times[-1] - times[0]).total_seconds(), len(times)
    steps = [(236 * (t - times[0]).total_seconds() / span + 2, 54 - 50 * (n + 1) / most) for n, t in enumerate(times)]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in _thinned(steps))


def _thinned(steps: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """One point for each pixel across: ten thousand entries draw the same line as the last of each pixel."""
    return list({round(x): (x, y) for x, y in steps}.values())


def _things(kind: str, n: int) -> str:
    """The kind of a number of things."""
    words = {
        ScopeKind.HOST: ngettext("host", "hosts", n),
        ScopeKind.ACCOUNT: ngettext("account", "accounts", n),
        ScopeKind.DATA_SET: ngettext("data set", "data sets", n),
        ScopeKind.DATA_SUBJECTS: ngettext("group of people", "groups of people", n),
        ScopeKind.SERVICE: ngettext("service", "services", n),
        ScopeKind.LOCATION: ngettext("location", "locations", n),
    }
    return words[ScopeKind(kind)]


def scope_counts(incident: Incident) -> dict[str, Any]:
    """Things in scope by kind and by state, and how many people they are about."""
    rows = ScopeEntry.objects.filter(incident=incident).values_list("kind", "state", "count_low", "count_high")
    kinds: Counter[str] = Counter()
    states: Counter[str] = Counter()
    people = [0, 0]
    for kind, state, low, high in rows:
        states[state] += 1
        if state != "cleared":
            kinds[kind] += 1
            people[0] += low or 0
            people[1] += high or low or 0
    return {
        "kinds": [(_things(k, n), n) for k, n in sorted(kinds.items(), key=lambda p: -p[1]) if n],
        "states": dict(states),
        "total": sum(states.values()),
        "confirmed": sum(n for s, n in states.items() if s not in ("suspected", "cleared")),
        "people": people,
    }


class Room:
    """What the room shows, asked of the database once for all who look, and only when a part that is not drawn needs it."""

    def __init__(self, incident: Incident, now: datetime) -> None:
        self.incident, self.now = incident, now

    @property
    def tasks(self) -> list[Task]:
        """All tasks, with their members, without what a board does not show."""
        rows = Task.objects.filter(incident=self.incident).select_related("member").defer(*UNSHOWN)
        return once("tasks", self.incident, lambda: list(rows), but=QUIET)

    @property
    def spells(self) -> list[RoleAssignment]:
        """Who held what, then and now, oldest first."""
        rows = self.incident.roles.select_related("member").order_by("assumed_at", "id")
        return once("spells", self.incident, lambda: list(rows), but=QUIET | {"task"})

    @property
    def seats(self) -> list[RoleAssignment]:
        """The seats as they are held now."""
        return [s for s in self.spells if s.renounced_at is None]

    @property
    def decisions(self) -> list[Decision]:
        """All decisions, by number."""
        rows = Decision.objects.filter(incident=self.incident)
        return once("decisions", self.incident, lambda: list(rows), but=QUIET | {"task"})

    @property
    def handovers(self) -> list[OpenHandover]:
        """The seats that changed hands and wait for a note or its acknowledgement."""
        if not any(s.renounced_at for s in self.spells):
            return []
        notes = self.incident.situation_reports.filter(kind="handover")
        held = [s for s in self.spells if s.holder]
        return once("handovers", self.incident, lambda: open_handovers(held, notes), but=QUIET | {"task"})

    @property
    def situation(self) -> dict[str, Any]:
        """The report that holds, and when the next is due."""
        return once("situation", self.incident, lambda: situation_of(self), but=QUIET | {"task"})

    @property
    def changed(self) -> str:
        """What changed since the last report."""
        last = self.situation["report"]
        if last is None:
            return ""
        return once("changed", self.incident, lambda: _changed(changes_since(self.incident, last.sequence)), last.pk,
                    but=UNCOUNTED)  # fmt: skip

    def strip(self) -> dict[str, Any]:
        """The clocks."""
        return {"strip": strip_of(self.incident, self.decisions, self.now)}

    def windows(self, by: str) -> dict[str, Any]:
        """The board's windows."""
        return {
            "windows": board.windows(self.tasks, self.seats, self.now, by),
            "by": by,
            "total": len(self.tasks),
        }

    def counts(self) -> dict[str, Any]:
        """How many tasks there are, by state, and how many are late."""
        late = sum(how_near(t.due_at, self.now) == "late" for t in self.tasks if t.live)
        return {"states": Counter(t.state for t in self.tasks), "late": late, "total": len(self.tasks)}

    def scope(self) -> dict[str, Any]:
        """Scope at a glance."""
        return {"scope": scope_counts(self.incident), "growth": growth(self.incident)}

    def asked(self) -> dict[str, Any]:
        """The questions that are open, and the last ones that were answered."""
        return {
            "open_decisions": board.decisions_in_order(d for d in self.decisions if d.state == "open"),
            "taken_decisions": [d for d in self.decisions if d.state == "decided"][-3:],
        }

    def arriving(self) -> dict[str, Any]:
        """The newest findings and detections."""
        findings = self.incident.findings.exclude(state="rejected").order_by("-number")
        return {
            "findings": list(findings[:NEWEST]),
            "counts": Counter(self.incident.findings.order_by().values_list("state", flat=True)),
            "detections": self.incident.detections.count(),
            "run": self.incident.runs.last(),
        }

    def feed(self) -> dict[str, Any]:
        """The newest entries of the log."""
        return feed_page(self.incident)

    def attention(self) -> dict[str, Any]:
        """What stands in the way: blocked work, empty seats, holders who cannot open the incident."""
        stuck = (board.row_of(t, self.now, {}) for t in self.tasks if t.state == TaskState.BLOCKED)
        return {
            "blocked": [r.task for r in board.in_order(stuck)],
            "empty_seats": [a for a in self.seats if not a.holder],
            "shut_out": board.cannot_open(self.seats),
            "open_decisions": board.decisions_in_order(d for d in self.decisions if d.state == "open"),
            "tasks_total": len(self.tasks),
        }


def situation_of(room: Room) -> dict[str, Any]:
    """The report that holds, and when the next is due."""
    incident, last = room.incident, last_report(room.incident)
    due = due_of(incident, last.written_at if last else incident.declared_at, last.next_due_at if last else None)
    closed = incident.phase == Phase.CLOSED
    return {
        "report": last,
        "report_due": None if closed else due,
        "report_lamp": "" if closed else lamp_of(due, room.now, last.written_at if last else incident.declared_at),
    }


def _changed(changes: Changes) -> str:
    """What changed since, in a few words: the things people ask about first."""
    counts = [
        (changes.count("task.complete"), ngettext("%d task done", "%d tasks done", changes.count("task.complete"))),
        (changes.count("task.block"), _("%d blocked")),
        (changes.count("decision.take"), _("%d decided")),
        (changes.count("scope.add", "scope.change", "scope.suggest"), _("%d changes of scope")),
        (changes.count("finding.state", "finding.judge", "finding.answer"), _("%d findings")),
    ]
    return ", ".join(text % n for n, text in counts if n)


def _personal(request: IncidentRequest, room: Room) -> dict[str, Any]:
    members = Member.objects.filter(user=request.user, organization=request.incident.organization_id)
    mine = set(members.order_by().values_list("pk", flat=True))
    return {
        "expected": board.expected_of(room.tasks, room.seats, mine, room.now)[:4],
        "handovers": [h for h in room.handovers if h.concerns(request.user.pk)],
    }


def _here(incident: Incident) -> dict[str, Any]:
    faces = people_here(incident.chain_id)
    return {"faces": faces[:FACES], "more_faces": len(faces) - FACES, "all_faces": faces}


def _situation(request: IncidentRequest, of: Room) -> SafeString:
    """What it says is the same for everybody; whether it leads to the alerts hangs on who looks."""
    alerts = once("alerts", of.incident, lambda: told_alerts(of.incident), but=QUIET | {"task"})
    opens = bool(alerts) and reads_alerts(request.actor, of.incident.organization)

    def make() -> dict[str, Any]:
        said = {"changed": of.changed, "from_alerts": alerts, "opens_alerts": opens}
        return {**of.situation, **of.attention(), **said}

    return shared("situation", of.incident, of.now, make, opens, of.changed, but=QUIET)


@on_incident
def room(request: IncidentRequest) -> HttpResponse:
    """The first page of an incident."""
    incident, now = request.incident, request.now
    chosen = (request.GET.get("by"), request.COOKIES.get("board"))
    by = next((b for b in chosen if b in board.MODES), "function")
    of = Room(incident, now)
    context = {
        **_personal(request, of),
        "report": of.situation["report"],
        "situation": _situation(request, of),
        "strip": shared("strip", incident, now, of.strip, but=UNCOUNTED),
        "windows": shared("windows", incident, now, lambda: of.windows(by), by, but=QUIET),
        "counts": shared("counts", incident, now, of.counts, but=QUIET),
        "scope": shared("scope", incident, now, of.scope, but=LEDGER),
        "asked": shared("decisions", incident, now, of.asked, but=QUIET | {"task"}),
        "arriving": shared("arriving", incident, now, of.arriving, but=LAB),
        "feed": shared("feed", incident, now, of.feed),
        "here": shared("here", incident, now, lambda: _here(incident), but=QUIET, holds=HERE_HOLDS),
        "by": by, "modes": board.MODES.items(), "kinds": [(k, w) for k, (w, _p) in feeds.KINDS.items()],
        "phases": Phase.choices,
        "levels": sorted(incident.plan_version.plan.severity.levels.items()),
        "role_list": sorted(((k, r.title) for k, r in incident.plan_version.plan.roles.items()), key=lambda r: r[1]),
    }  # fmt: skip
    answer = render(request, "web/room.html", context)
    if request.GET.get("by") == by:
        answer.set_cookie("board", by, max_age=REMEMBERED, path="/incidents", samesite="Lax", httponly=True)
    return answer


def feed_page(incident: Incident, kind: str = "", words: str = "", before: int | None = None) -> dict[str, Any]:
    """A page of the feed: its entries, and where the older ones begin."""
    rows = feeds.entries_of(incident, kind, words, before)
    older = rows[feeds.PAGE - 1].sequence if len(rows) > feeds.PAGE else None
    return {"entries": rows[: feeds.PAGE], "older": older, "kind": kind, "q": words}


@on_incident
def feed(request: IncidentRequest) -> HttpResponse:
    """The feed alone: of a kind, with words, older than an entry."""
    kind, words = asked(request, "kind"), asked(request, "q")
    context = feed_page(request.incident, kind, words, asked_number(request, "before"))
    return render(request, "web/room/_feed.html", {"incident": request.incident, "now": request.now, **context})
