"""Custody: what is taken, from where, once; handed on, verified; and what could not be taken is said."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

import factories
from tocsin.core.action import Invalid
from tocsin.core.models import LogEntry
from tocsin.evidence import intake
from tocsin.evidence.actions import transfer_evidence, verify_evidence
from tocsin.evidence.intake import files_in, take_in
from tocsin.evidence.store import still_holds
from tocsin.incidents.models import Incident

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A collection as it comes: nested, with the same content twice, and things that are no evidence."""
    root = tmp_path / "collected"
    (root / "host" / "logs").mkdir(parents=True)
    (root / "host" / "a.evtx").write_bytes(b"a")
    (root / "host" / "logs" / "b.evtx").write_bytes(b"b")
    (root / "host" / "copy of a.evtx").write_bytes(b"a")
    (root / "away").symlink_to("/etc")
    (root / "passwd").symlink_to("/etc/passwd")
    os.mkfifo(root / "pipe")
    return root


def test_a_folder_is_taken_the_rest_goes_on(incident: Incident, folder: Path) -> None:
    report = take_in(S, incident, [folder, folder / "nothing.evtx"], why="first collection")
    assert [(i.label, i.name) for i in report.taken] == [
        ("E-01", "collected/host/a.evtx"),
        ("E-02", "collected/host/logs/b.evtx"),
    ]
    assert report.known == 1
    refused = "\n".join(report.refused)
    assert len(report.refused) == 4
    for name in ("away", "passwd", "pipe", "nothing.evtx"):
        assert f"{name}: not a regular file" in refused
    item = report.taken[0]
    assert item.source == str((folder / "host" / "a.evtx").resolve())
    assert item.collected_at == datetime.fromtimestamp((folder / "host" / "a.evtx").stat().st_mtime, UTC)
    assert [(c.what, c.by) for c in item.custody.all()] == [("first collection", "Tocsin")]


def test_an_intake_cut_off_is_simply_done_again(incident: Incident, folder: Path) -> None:
    take_in(S, incident, [folder / "host" / "a.evtx"])
    report = take_in(S, incident, [folder])
    assert ([i.name for i in report.taken], report.known) == (["collected/host/logs/b.evtx"], 2)
    assert incident.evidence.count() == 2
    assert [i.number for i in incident.evidence.all()] == [1, 2]


def test_batches_are_one_entry_each(incident: Incident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "BATCH", 3)
    for n in range(7):
        (tmp_path / f"{n}.evtx").write_bytes(bytes([n]))
    take_in(S, incident, [tmp_path])
    taken = LogEntry.objects.filter(chain=incident.chain, verb="evidence.take")
    assert [len(e.payload["items"]) for e in taken] == [3, 3, 1]


def test_names_that_no_database_holds(incident: Incident, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.evtx"))
    path.write_bytes(b"x")
    report = take_in(S, incident, [tmp_path])
    assert report.taken[0].name == f"{tmp_path.name}/\ufffd\ufffd.evtx"
    assert (
        LogEntry.objects.get(chain=incident.chain, verb="evidence.take").payload["items"][0]["name"].endswith("��.evtx")
    )


def test_the_name_of_a_relative_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.evtx").write_bytes(b"a")
    monkeypatch.chdir(tmp_path)
    assert [name for _, name in files_in([Path()])] == [f"{tmp_path.name}/a.evtx"]


def test_content_in_two_incidents_is_two_items_and_one_file(incident: Incident, tmp_path: Path, store: Path) -> None:
    other = factories.incident(incident.organization, playbook_id=None)
    first = factories.evidence(incident, tmp_path, b"same")
    second = factories.evidence(other, tmp_path, b"same")
    assert (first.incident_id, second.incident_id) == (incident.pk, other.pk)
    assert len([p for p in store.rglob("*") if p.is_file()]) == 1


def test_the_log_says_that_content_was_known(incident: Incident, tmp_path: Path) -> None:
    factories.evidence(incident, tmp_path, b"same", "a.evtx")
    with pytest.raises(IndexError):
        factories.evidence(incident, tmp_path, b"same", "b.evtx")
    last = LogEntry.objects.filter(chain=incident.chain, verb="evidence.take").order_by("sequence").last()
    assert last is not None
    assert (last.payload["items"], last.payload["known"]) == ([], [{"name": "b.evtx", "is": "E-01"}])


def test_a_transfer_says_to_whom_and_why(incident: Incident, tmp_path: Path) -> None:
    item = factories.evidence(incident, tmp_path)
    transfer_evidence(S, incident, item=item, to="Northgate", why="memory analysis")
    assert [(c.to, c.what) for c in item.custody.all()][1:] == [("Northgate", "memory analysis")]
    assert LogEntry.objects.get(verb="evidence.transfer").payload["sha256"] == item.sha256
    for given in ({"to": " ", "why": "x"}, {"to": "x", "why": ""}):
        with pytest.raises(Invalid):
            transfer_evidence(S, incident, item=item, **given)
    other = factories.incident(incident.organization, playbook_id=None)
    with pytest.raises(Invalid, match="another incident"):
        transfer_evidence(S, other, item=item, to="x", why="y")


def test_verifying_after_tampering(incident: Incident, tmp_path: Path, store: Path) -> None:
    good, bad = factories.evidence(incident, tmp_path), factories.evidence(incident, tmp_path)
    path = store / bad.sha256[:2] / bad.sha256
    path.chmod(0o600)
    path.write_bytes(b"changed")
    checked = [(i, still_holds(i.sha256, i.bytes)) for i in incident.evidence.all()]
    verify_evidence(S, incident, checked=checked)
    good.refresh_from_db()
    bad.refresh_from_db()
    assert (good.intact, bad.intact) == (True, False)
    entry = LogEntry.objects.get(chain=incident.chain, verb="evidence.verify")
    assert entry.payload == {"verified": ["E-01"], "broken": [{"item": "E-02", "sha256": bad.sha256}]}
