"""What the analysts' tests start from: an incident, and one with evidence that was analysed."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_evidence import SCRIPT, analysed, archive, log

import factories
from tocsin.core.models import Organization
from tocsin.incidents.models import Incident


@pytest.fixture
def place(organization: Organization) -> Incident:
    """An incident whose playbook does not ask for runs by itself."""
    return factories.incident(organization, playbook_id=None)


@pytest.fixture
def looked_into(place: Incident, tmp_path: Path) -> Incident:
    """An incident with a log and a script in an archive, analysed."""
    factories.evidence(place, tmp_path, log(), "security.jsonl")
    factories.evidence(place, tmp_path, archive(("in/run.ps1", SCRIPT)), "files.zip")
    run = analysed(place)
    assert run.state == "done", (run.error, run.stages)
    return place
