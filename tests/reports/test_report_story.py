"""The story: an incident's rows and log become a report's data, whatever people typed into them."""

from __future__ import annotations

from pathlib import Path

import pytest

import factories
from tocsin.core import clock
from tocsin.evidence.intake import take_in
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.reports.html import render_html
from tocsin.reports.story import build

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


def test_an_incident_minutes_old_has_a_report(incident: Incident) -> None:
    data = build(incident, clock.now())
    assert "no evidence could be read so far" in str(data.summary.headline)
    assert {t.status for t in data.tasks} >= {"ready", "waiting"}
    assert data.record.log.entries == incident.chain.length
    assert render_html(data)


def test_a_cite_that_leads_nowhere_is_printed_as_people_wrote_it(incident: Incident, tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(b"x")
    take_in(S, incident, [tmp_path / "a.log"])
    odd = ["see the mail of Jonas", "E-99#1", "L-99999", "E-1", "E-01#77", "L-2", "L-0"]
    actions.state_finding(S, incident, claim="They came by mail", confidence="high", cites=odd)
    actions.add_scope(S, incident, kind="host", name="FS-01", because="it talks to the outside", cites=odd)
    data = build(incident, clock.now())
    (part,) = data.narrative
    assert part.statements[0].cites == ("E-01", "E-01#77", "L-2")
    assert "cites: see the mail of Jonas, E-99#1, L-99999, L-0" in str(part.statements[0].text)
    assert data.scope.entries[0].cites == ("E-01", "E-01#77", "L-2")
    assert "see the mail of Jonas" in str(data.scope.entries[0].effect)
    assert render_html(data)


def test_a_rejected_finding_is_not_told(incident: Incident) -> None:
    finding = actions.state_finding(S, incident, claim="A wrong lead", confidence="low")
    with factories.preparing():
        finding.state = "rejected"
        finding.save()
    assert build(incident, clock.now()).narrative == ()


def test_what_waits_for_a_fact_says_which(incident: Incident) -> None:
    waiting = [t.title for t in build(incident, clock.now()).tasks if t.status == "waiting"]
    assert any("only if" in title for title in waiting)
