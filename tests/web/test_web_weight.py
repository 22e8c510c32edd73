"""A big incident: 300 tasks, 10,000 detections, 2,000 log entries. Pages stay small and ask a bounded number of questions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

import factories
from tocsin.evidence.models import AnalysisRun, Detection, EvidenceItem
from tocsin.incidents.models import Finding, Incident, ScopeChange, ScopeEntry, Task
from tocsin.people.models import Member
from tocsin.plan.models import Function

pytestmark = pytest.mark.django_db
MOST_BYTES = 150_000
# What a page may ask the database at most; the small incident and the big one ask the same number.
MOST = {"": 36, "tasks": 24, "tasks?by=person&show=all": 24, "investigation": 44, "scope": 24, "decisions": 24,
        "obligations": 26, "remediation": 24, "log": 24, "roles": 28, "plan": 26, "evidence": 24}  # fmt: skip


@pytest.fixture
def big(incident: Incident, lead: Client) -> Incident:
    """Filled beside the actions: this is about reading, and ten thousand actions would take minutes."""
    at = incident.declared_at
    members = list(Member.objects.filter(organization=incident.organization))
    functions = list(Function)
    with factories.preparing():
        Task.objects.bulk_create(
            Task(incident=incident, number=1000 + n, title=f"Look at server {n} in the northern hall", role="log_analyst",
                 function=functions[n % 8], member=members[n % len(members)], opened_at=at,
                 state=("open", "doing", "done", "waiting")[n % 4], ended_at=at if n % 4 == 2 else None,
                 due_at=at + timedelta(minutes=n * 7))
            for n in range(300)
        )  # fmt: skip
        items = EvidenceItem.objects.bulk_create(
            EvidenceItem(incident=incident, number=n + 1, name=f"collection/host-{n}.evtx", bytes=10_000, sha256=f"{n:064x}",
                         taken_at=at, taken_by="P. Raman")
            for n in range(120)
        )  # fmt: skip
        run = AnalysisRun.objects.create(
            incident=incident, number=1, started_at=at, requested_by="P. Raman", state="done"
        )
        Detection.objects.bulk_create(
            [
                Detection(incident=incident, run=run, item=items[n % 120], rule_id=f"rule-{n % 90}",
                          title=f"A rule that matched, number {n % 90}", level=("low", "medium", "high", "critical")[n % 4],
                          tags=["attack.t1059.001", "attack.execution"], author="An author, another author",
                          time=at - timedelta(seconds=n % 5000) if n % 50 else None, host=f"HOST-{n % 40}.corp.example",
                          source_file=f"host-{n}.evtx", record_id=str(n), fields={"CommandLine": "x" * 300})
                for n in range(10_000)
            ],
            batch_size=500,
        )  # fmt: skip
        Finding.objects.bulk_create(
            Finding(incident=incident, number=n + 1, claim=f"Something happened on HOST-{n} " * 3, confidence="low",
                    state=("suggested", "stated", "rejected")[n % 3], stated_by="Analysis", stated_at=at, sequence=1,
                    cites=[f"E-01#{k}" for k in range(12)], techniques=["T1059.001"])
            for n in range(150)
        )  # fmt: skip
        entries = ScopeEntry.objects.bulk_create(
            ScopeEntry(incident=incident, number=n + 1, kind=("host", "account")[n % 2], name=f"HOST-{n}.corp.example",
                       state="suspected", state_since=at, because="5 matches of a rule", detections=5)
            for n in range(400)
        )  # fmt: skip
        ScopeChange.objects.bulk_create(
            ScopeChange(entry=e, state="suspected", at=at, by="Analysis", because="5 matches of a rule", sequence=1)
            for e in entries
        )
    return incident


def ask(browser: Client, path: str) -> tuple[int, int]:
    """How many questions the page asks, and how heavy it is."""
    with CaptureQueriesContext(connection) as asked:
        answer = browser.get(path)
    assert answer.status_code == 200
    return len(asked), len(answer.content)


def test_the_pages_of_a_big_incident_are_light(lead: Client, big: Incident, subtests: pytest.Subtests) -> None:
    assert (big.detections.count(), big.tasks.filter(number__gte=1000).count()) == (10_000, 300)
    ask(lead, f"/incidents/{big.number}/")  # what a process keeps from its first page on
    for page, most in MOST.items():
        with subtests.test(page=page):
            questions, weight = ask(lead, f"/incidents/{big.number}/{page}")
            assert questions <= most, questions
            assert weight < MOST_BYTES, weight


def test_the_list_asks_the_same_for_one_incident_and_for_thirty(
    lead: Client, incident: Incident, manager: object
) -> None:
    few, _weight = ask(lead, "/incidents")
    for number in range(30):
        factories.incident(incident.organization, manager.actor, title=f"Incident {number}", playbook_id=None)  # type: ignore[attr-defined]
    many, weight = ask(lead, "/incidents")
    assert many == few
    assert weight < MOST_BYTES


def test_paging_through_detections_shows_each_once(lead: Client, big: Incident) -> None:
    seen: list[int] = []
    path = f"/incidents/{big.number}/detections?level=critical&host=HOST-3.corp.example"
    for _page in range(40):
        context = lead.get(path).context
        seen += [d.pk for d, _techniques in context["rows"]]
        if not context["next"]:
            break
        path = f"/incidents/{big.number}/detections?{context['kept']}&after={context['next'].replace('+', '%2B')}"
    wanted = set(big.detections.filter(level="critical", host="HOST-3.corp.example").values_list("pk", flat=True))
    assert len(seen) == len(set(seen)) == len(wanted) == 250
    assert set(seen) == wanted


def test_detections_stand_by_rule_and_their_counts_add_up(lead: Client, big: Incident) -> None:
    counted, rules, page = 0, set(), 1
    while True:
        context = lead.get(f"/incidents/{big.number}/investigation?page={page}").context
        for group in context["groups"]:
            rules.add(group["rule_id"])
            counted += group["n"]
        if not context["page"].has_next():
            break
        page += 1
    assert (counted, len(rules)) == (10_000, 90)
    first = lead.get(f"/incidents/{big.number}/investigation").context["groups"][0]
    own = big.detections.filter(rule_id=first["rule_id"], level=first["level"])
    assert first["level"] == "critical"
    assert first["host_count"] == own.values("host").distinct().count()
    assert first["first"] == own.earliest("time").time


ODD = (
    "after=x~y",
    "after=~99",
    "level=%27",
    "host=%00",
    "q=%00",
    "who=%00",
    "at=zzz",
    "page=-5",
    "before=9999999999999",
)


def test_odd_questions_are_answered(lead: Client, incident: Incident, subtests: pytest.Subtests) -> None:
    for page in ("investigation", "detections", "scope", "log", "tasks", "roles"):
        for query in ODD:
            with subtests.test(page=page, query=query):
                assert lead.get(f"/incidents/{incident.number}/{page}?{query}").status_code in (200, 422)
