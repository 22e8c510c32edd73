"""The stages of a run on made evidence: what gets into the lake, what is met, which samples are triaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from made_evidence import ADDRESS, SCRIPT, YARA, analysed, archive, line, log

import factories
from tocsin.evidence import stages
from tocsin.evidence.actions.analyst import (
    add_indicator,
    add_yara,
    import_feed,
    withdraw_feed,
    withdraw_indicator,
    withdraw_yara,
)
from tocsin.evidence.looking import compiled_indicators
from tocsin.evidence.models import Feed, Sample
from tocsin.evidence.questions import event_of, has_lake, item_of, lake_of
from tocsin.evidence.stages import lake_folder
from tocsin.evidence.store import put_file
from tocsin.incidents.models import Incident
from tocsin.lab.casework import MOST_CITES
from tocsin.lab.containment import ContainedPool
from tocsin.lab.indicators import KINDS, Matcher
from tocsin.lab.lake import LakeError

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


def stage(incident: Incident, name: str) -> dict[str, Any]:
    run = incident.runs.last()
    assert run is not None
    return next(one for one in run.stages if one["name"] == name)


def feed(incident: Incident, folder: Path, content: str, **given: Any) -> Feed:
    path = folder / "feed.csv"
    path.write_text(content)
    return import_feed(S, incident, name="feed.csv", stored=put_file(path), count=1, account={}, **given)


def test_events_go_into_the_lake_once(looked_into: Incident) -> None:
    assert stage(looked_into, "events")["rows"] == 250
    manifest = lake_folder(looked_into.pk) / "E-01" / "manifest.json"
    written = manifest.stat().st_mtime_ns
    run = analysed(looked_into)
    assert run.state == "done"
    assert stage(looked_into, "events")["rows"] == 250
    assert manifest.stat().st_mtime_ns == written, "what is in the lake is not read again"
    with lake_of(looked_into) as lake:
        assert lake.count("") == 250


def test_an_indicator_is_met_and_cites_the_event_that_holds_it(looked_into: Incident) -> None:
    assert not looked_into.sightings.exists()
    add_indicator(S, looked_into, written="203.0.113[.]66", source="partner", confidence=90, tlp="AMBER")
    analysed(looked_into)
    met = looked_into.sightings.get()
    assert (met.kind, met.value, met.count, met.level, met.tlp) == ("ip", ADDRESS, 1, "high", "AMBER")
    assert (met.source, met.hosts, met.fields) == ("partner", ["ws1.halden.example"], ["IpAddress"])
    assert met.first == met.last
    assert met.cites == ["E-01.4"]
    found = event_of(looked_into, met.cites[0])
    assert found is not None
    assert found[0].fields["IpAddress"] == ADDRESS
    assert found[0].columns["time"] == met.first
    analysed(looked_into)
    assert looked_into.sightings.get().count == 1, "a second run takes the first one's place"


def test_what_is_withdrawn_is_looked_for_no_more(looked_into: Incident, tmp_path: Path) -> None:
    own = add_indicator(S, looked_into, written=ADDRESS)
    theirs = feed(looked_into, tmp_path, "type,value\nip,198.51.100.1\n", source="cert", tlp="RED")
    analysed(looked_into)
    assert {(s.value, s.source, s.tlp) for s in looked_into.sightings.all()} == {
        (ADDRESS, "this incident", ""), ("198.51.100.1", "cert", "RED"),
    }  # fmt: skip
    withdraw_indicator(S, looked_into, indicator=own, because="ours")
    analysed(looked_into)
    assert {s.value for s in looked_into.sightings.all()} == {"198.51.100.1"}
    withdraw_feed(S, looked_into, feed=theirs, because="old")
    with ContainedPool(1) as pool:
        assert compiled_indicators(looked_into, pool) is None
    analysed(looked_into)
    assert not looked_into.sightings.exists()


HEX = "0123456789abcdef"
VALUES = {
    "md5": HEX * 2, "sha1": "01234567" * 5, "sha256": HEX * 4, "sha512": HEX * 8, "imphash": HEX * 2, "ja3": HEX * 2,
    "ssdeep": "96:s4Ud1Lj96tHHlZDrwciQmA+4uy1I0G4HYuL8N3TzS8QsO:sF1LjEtHHlZDrJzrhuyZvHYm8tKp",
    "ja4": "t13d1516h2_8daaf6152771_02713d6af862", "ip": "203.0.113.9", "network": "203.0.113.0/24",
    "domain": "evil.example", "url": "http://evil.example/a?b=c,d", "email": "bad@evil.example",
    "file-path": "C:\\Temp\\a b.exe", "file-name": "evil.exe", "registry-key": "HKLM\\Software\\Evil",
    "command-line": 'evil.exe -x "a, b"', "account": "mallory", "mutex": "Global\\evil",
    "user-agent": "evil/1.0 (a; b)", "service": "EvilSvc", "pipe": "\\\\.\\pipe\\evil",
}  # fmt: skip


def test_an_indicator_of_every_kind_comes_through(place: Incident) -> None:
    assert len({kind.replace("_", "-") for kind in KINDS}) == len(VALUES)
    for kind in KINDS:
        add_indicator(S, place, kind=kind, written=VALUES[kind.replace("_", "-")])
    with ContainedPool(1) as pool:
        path = compiled_indicators(place, pool)
    assert path is not None
    assert len(Matcher(path)) == len(KINDS)


def test_cites_are_the_first_few_of_many_events(place: Incident, tmp_path: Path) -> None:
    factories.evidence(place, tmp_path, "".join(line(n, IpAddress=ADDRESS) for n in range(60)).encode(), "a.jsonl")
    factories.evidence(place, tmp_path, "".join(line(n, IpAddress=ADDRESS) for n in range(5)).encode(), "b.jsonl")
    add_indicator(S, place, written=ADDRESS)
    analysed(place)
    met = place.sightings.get()
    assert met.count == 65
    assert met.cites == [f"E-01.{n}" for n in range(MOST_CITES)]


def test_a_sample_in_an_archive_is_triaged_with_yara(looked_into: Incident) -> None:
    sample = looked_into.samples.get()
    assert (sample.name, sample.item.label, sample.bytes) == ("files.zip!in/run.ps1", "E-02", len(SCRIPT))
    assert sample.yara == []
    assert sample.severity
    added = add_yara(S, looked_into, name="marks.yar", text=YARA, rules=["Marker"])
    analysed(looked_into)
    (rule,) = looked_into.samples.get().yara
    assert (rule["rule"], rule["meta"]["description"]) == ("Marker", "made for a test")
    withdraw_yara(S, looked_into, file=added)
    analysed(looked_into)
    assert looked_into.samples.get().yara == []


def test_samples_without_any_event_are_a_result(place: Incident, tmp_path: Path) -> None:
    factories.evidence(place, tmp_path, archive(("run.ps1", SCRIPT)), "only.zip")
    run = analysed(place)
    assert (run.state, run.report["records"]) == ("done", 0)
    assert place.samples.count() == 1


def test_archives_in_archives_and_members_of_the_same_name(place: Incident, tmp_path: Path) -> None:
    inner = archive(("deep.ps1", SCRIPT + b"# deep\r\n"))
    with pytest.warns(UserWarning, match="Duplicate name"):
        outer = archive(("a.ps1", SCRIPT + b"# one\r\n"), ("a.ps1", SCRIPT + b"# two\r\n"), ("inner.zip", inner))
    factories.evidence(place, tmp_path, outer, "outer.zip")
    analysed(place)
    names = list(place.samples.values_list("name", flat=True))
    assert "outer.zip!inner.zip!deep.ps1" in names
    hashes = list(place.samples.filter(name__contains="a.ps1").values_list("sha256", flat=True))
    assert len(hashes) == len(set(hashes)) >= 1


def test_a_stage_that_fails_says_why_and_leaves_the_others_their_results(
    looked_into: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    add_indicator(S, looked_into, written=ADDRESS)
    with monkeypatch.context() as patch:
        patch.setattr(stages, "triage_contained", broken)
        run = analysed(looked_into)
    assert run.state == "done"
    assert stage(looked_into, "samples")["state"] == "failed"
    assert "No space left" in stage(looked_into, "samples")["error"]
    assert stage(looked_into, "events")["state"] == "done"
    assert looked_into.sightings.count() == 1
    with monkeypatch.context() as patch:
        patch.setattr(stages, "compiled_indicators", broken)
        analysed(looked_into)
    assert stage(looked_into, "indicators")["state"] == "failed"
    assert Sample.objects.filter(incident=looked_into).count() == 1


def test_an_item_that_is_loaded_at_the_same_time_fails_alone(place: Incident, tmp_path: Path) -> None:
    """Two analyses at once: the lock of the lake's item is held by another process."""
    import fcntl

    factories.evidence(place, tmp_path, log(10), "a.jsonl")
    factories.evidence(place, tmp_path, log(11), "b.jsonl")
    folder = lake_folder(place.pk)
    folder.mkdir(parents=True)
    with (folder / ".lock-E-01").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = analysed(place)
    assert run.state == "done"
    events = stage(place, "events")
    assert (events["state"], events["rows"]) == ("partly", 11)
    assert "E-01" in events["failed"][0]
    with lake_of(place) as lake:
        assert lake.items() == {"E-02": 11}
    analysed(place)
    with lake_of(place) as lake:
        assert lake.items() == {"E-01": 10, "E-02": 11}


def test_one_incident_cannot_read_the_lake_of_another(looked_into: Incident, tmp_path: Path) -> None:
    other = factories.incident(looked_into.organization, playbook_id=None, title="Another")
    assert not has_lake(other)
    with pytest.raises(LakeError, match="no events yet"):
        event_of(other, "E-01.4")
    factories.evidence(other, tmp_path, line(0, TargetUserName="mine").encode(), "own.jsonl")
    analysed(other)
    own = event_of(other, "E-01.0")
    assert own is not None
    assert own[0].fields["TargetUserName"] == "mine"
    for name in (
        f"../{looked_into.pk}/E-01.4",
        "E-01.4",
        f"../{looked_into.pk}/E-01",
        "..",
        ".",
        "E-01",
        "E-01.x",
        ".0",
    ):
        assert event_of(other, name) is None, name
    with lake_of(other) as lake:
        assert lake.count("") == 1
    assert item_of(other, "E-02") is None
    assert item_of(other, "E-٣") is None
