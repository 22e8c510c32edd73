"""Findings, the scope ledger and remediation: suggested, judged, remembered, and never checked by the doer alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import factories
from access_arguments import entry, finding, host
from tocsin.core import clock
from tocsin.core.action import Invalid
from tocsin.core.models import LogEntry
from tocsin.incidents import actions
from tocsin.incidents.models import Incident, Remediation
from tocsin.incidents.queries import scope_as_of

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


def at(monkeypatch: pytest.MonkeyPatch, when: datetime) -> datetime:
    monkeypatch.setattr(clock, "now", lambda: when)
    return when


def test_a_rejected_suggestion_is_never_asked_again(incident: Incident) -> None:
    (first,) = actions.suggest_findings(S, incident, suggestions=[finding()], source="run 1")
    actions.judge_finding(S, incident, finding=first, accept=False, reason="our own software")
    again = actions.suggest_findings(
        S, incident, suggestions=[finding(cites=("E-02#9",)), finding("T1003")], source="run 2"
    )
    assert [f.key for f in again] == ["T1003"]
    first.refresh_from_db()
    assert (first.state, first.reason) == ("rejected", "our own software")
    assert first.cites == ["E-02#9"], "its events are brought up to date"
    suggested = LogEntry.objects.filter(chain=incident.chain, verb="findings.suggest").order_by("sequence").last()
    assert suggested is not None
    assert suggested.payload["renewed"] == [first.number]


def test_an_accepted_suggestion_stays_accepted(incident: Incident) -> None:
    (first,) = actions.suggest_findings(S, incident, suggestions=[finding()], source="run 1")
    lead = factories.on(incident, "lead")
    actions.judge_finding(lead.actor, incident, finding=first, accept=True)
    actions.suggest_findings(S, incident, suggestions=[finding()], source="run 2")
    first.refresh_from_db()
    assert (first.state, first.stated_by, first.judged_by) == ("stated", "Tocsin", lead.name)
    assert first.judged_at is not None
    assert incident.findings.count() == 1


def test_a_finding_is_judged_once_and_a_stated_one_never(incident: Incident) -> None:
    (first,) = actions.suggest_findings(S, incident, suggestions=[finding()], source="run 1")
    actions.judge_finding(factories.on(incident, "lead").actor, incident, finding=first, accept=False, reason="noise")
    other = factories.on(incident, "responder")
    with pytest.raises(Invalid, match="it was rejected by"):
        actions.judge_finding(other.actor, incident, finding=first, accept=True)
    stated = actions.state_finding(S, incident, claim="They came in over VPN", confidence="high")
    with pytest.raises(Invalid, match="no open suggestion"):
        actions.judge_finding(other.actor, incident, finding=stated, accept=False, reason="x")


def test_a_finding_is_stated_with_what_it_rests_on(incident: Incident) -> None:
    made = actions.state_finding(
        S, incident, claim="  They came in over VPN ", confidence="high", raw={"ip": "203.0.113.9", "n": 2**60},
        cites=["E-01#5"], techniques=["T1133"], happened_from=datetime(2026, 1, 2, tzinfo=UTC),
    )  # fmt: skip
    made.refresh_from_db()
    assert (made.claim, made.raw, made.state) == (
        "They came in over VPN",
        {"ip": "203.0.113.9", "n": str(2**60)},
        "stated",
    )
    logged = LogEntry.objects.get(chain=incident.chain, verb="finding.state")
    assert (logged.sequence, logged.payload["cites"]) == (made.sequence, ["E-01#5"])
    with pytest.raises(Invalid):
        actions.state_finding(S, incident, claim=" ", confidence="high")


def test_the_scope_as_of_any_time(incident: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    start = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)
    at(monkeypatch, start)
    server = actions.add_scope(S, incident, kind="host", name="SRV-01", because="seen", cites=["E-01#1"])
    at(monkeypatch, start + timedelta(hours=1))
    actions.change_scope(S, incident, entry=server, state="confirmed", because="on the disk", cites=["E-02"])
    people = actions.add_scope(
        S, incident, kind="data_subjects", name="Customers", because="share", count_low=100, count_high=5000
    )
    at(monkeypatch, start + timedelta(hours=2))
    actions.change_scope(S, incident, entry=server, state="contained", because="cable pulled")
    actions.change_scope(S, incident, entry=people, state="cleared", because="the share was empty")

    def states(when: datetime) -> dict[str, str]:
        return {row.entry.name: row.state for row in scope_as_of(incident, when)}

    assert states(start - timedelta(seconds=1)) == {}
    assert states(start) == {"SRV-01": "suspected"}
    assert states(start + timedelta(minutes=90)) == {"SRV-01": "confirmed", "Customers": "suspected"}
    assert states(start + timedelta(hours=2)) == {"SRV-01": "contained", "Customers": "cleared"}
    (then,) = [r for r in scope_as_of(incident, start + timedelta(minutes=90)) if r.entry == server]
    assert (then.because, then.cites, then.since, then.by) == (
        "on the disk",
        ["E-02"],
        start + timedelta(hours=1),
        "Tocsin",
    )
    assert [c.state for c in server.changes.all()] == ["suspected", "confirmed", "contained"]


def test_what_a_person_cleared_stays_cleared(incident: Incident) -> None:
    actions.suggest_scope(S, incident, suggestions=[host("SRV-02"), host("SRV-03")], source="run 1")
    cleared = incident.scope.get(name="SRV-02")
    actions.change_scope(S, incident, entry=cleared, state="cleared", because="our scanner")
    made = actions.suggest_scope(
        S, incident, suggestions=[host("srv-02", detections=40), host("SRV-04")], source="run 2"
    )
    assert [e.name for e in made] == ["SRV-04"]
    cleared.refresh_from_db()
    assert (cleared.state, cleared.detections) == ("cleared", 40)
    assert [c.state for c in incident.scope.get(name="SRV-04").changes.all()] == ["suspected"]


def test_a_name_longer_than_the_ledger_takes_is_one_entry(incident: Incident) -> None:
    for run in ("run 1", "run 2"):
        actions.suggest_scope(S, incident, suggestions=[host("x" * 400)], source=run)
    assert incident.scope.count() == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [({"kind": "planet"}, "kind"), ({"name": " "}, "name"), ({"because": ""}, "because"),
     ({"count_low": 5, "count_high": 2}, "count_low"), ({"state": "gone"}, "kind")],
)  # fmt: skip
def test_what_cannot_be_in_scope_is_refused(incident: Incident, given: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as told:
        actions.add_scope(S, incident, **({"kind": "host", "name": "SRV-01", "because": "seen"} | given))
    assert told.value.field == field
    assert not incident.scope.exists()


def test_a_change_says_something_new_and_why(incident: Incident) -> None:
    server = entry(incident)
    with pytest.raises(Invalid, match="'Suspected' already"):
        actions.change_scope(S, incident, entry=server, state="suspected", because="x")
    with pytest.raises(Invalid, match="what shows it"):
        actions.change_scope(S, incident, entry=server, state="confirmed", because=" ")
    server.refresh_from_db()
    assert server.state == "suspected"
    other = factories.incident(incident.organization)
    with pytest.raises(Invalid, match="another incident"):
        actions.change_scope(S, other, entry=server, state="confirmed", because="x")


@pytest.fixture
def planned(incident: Incident) -> Remediation:
    return actions.plan_remediation(S, incident, entry=entry(incident), what="Rebuild it", role="remediation_lead")


def test_four_eyes_on_every_remediation(incident: Incident, planned: Remediation) -> None:
    doer, checker = factories.on(incident, "responder"), factories.on(incident, "responder")
    check = {"remediation": planned, "method": "scan with the indicators", "result": "clean"}
    with pytest.raises(Invalid, match="has to be done before"):
        actions.verify_remediation(checker.actor, incident, held=True, **check)
    actions.do_remediation(doer.actor, incident, remediation=planned)
    with pytest.raises(Invalid, match="Somebody else has to verify"):
        actions.verify_remediation(doer.actor, incident, held=True, **check)
    actions.verify_remediation(checker.actor, incident, held=True, **check)
    planned.refresh_from_db()
    assert (planned.state, planned.done_by, planned.verified_by) == ("verified", doer.name, checker.name)


def test_what_did_not_hold_is_done_again(incident: Incident, planned: Remediation) -> None:
    doer, checker = factories.on(incident, "responder"), factories.on(incident, "responder")
    actions.do_remediation(doer.actor, incident, remediation=planned)
    actions.verify_remediation(
        checker.actor, incident, remediation=planned, held=False, method="scan", result="a task is back"
    )
    planned.refresh_from_db()
    assert planned.state == "failed"
    actions.do_remediation(doer.actor, incident, remediation=planned)
    with pytest.raises(Invalid, match="already"):
        actions.do_remediation(doer.actor, incident, remediation=planned)


def test_a_remediation_needs_a_role_of_the_plan(incident: Incident) -> None:
    with pytest.raises(Invalid, match="no role 'captain'"):
        actions.plan_remediation(S, incident, entry=entry(incident), what="x", role="captain")
