"""The same events as EVTX, as XML, from Winlogbeat and from NXLog give the same detections."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pytest
from evtx import PyEvtxParser

from tocsin.lab import Detection, RuleSet, scan
from tocsin.lab.reading import read
from tocsin.lab.record import Record

Found = Counter[tuple[str, str, int | None]]


def found_in(folder: Path, rules: RuleSet) -> Found:
    """Return the detections in some files: rule, name of the file, number of the record."""
    found: Found = Counter()

    def count(detections: list[Detection]) -> None:
        found.update((each.rule_id, name_of(Path(each.source_file), folder), each.record_id) for each in detections)

    # The collection holds other forms of its own beside the EVTX files.
    report = scan(sorted(folder.rglob("*.evtx")) or [folder], rules, jobs=2, sink=count)
    assert report.not_understood == 0, [row.problems for row in report.files if row.not_understood][:3]
    return found


def name_of(path: Path, folder: Path) -> str:
    return "_".join(path.relative_to(folder).with_suffix("").parts)


def texts(data: dict[str, Any]) -> dict[str, Any]:
    """Return fields as a shipper gives them that knows only texts and leaves out what is empty."""
    return {name: value if isinstance(value, list) else str(value) for name, value in data.items() if value is not None}


def winlogbeat(record: Record) -> dict[str, Any]:
    system = record.system
    winlog = {
        "channel": record.channel, "provider_name": record.provider, "event_id": str(record.event_id),
        "computer_name": record.host, "record_id": record.record_id, "event_data": texts(record.data),
        "process": {"pid": system.get("Execution_ProcessID")}, "user": {"identifier": system.get("Security_UserID")},
    }  # fmt: skip
    return {"@timestamp": record.time, "winlog": winlog, "event": {"code": record.event_id}}


def nxlog(record: Record) -> dict[str, Any]:
    about = {
        "EventTime": record.time, "Hostname": record.host, "EventID": record.event_id, "Channel": record.channel,
        "SourceName": record.provider, "RecordNumber": record.record_id, "EventType": "INFO", "SeverityValue": 2,
    }  # fmt: skip
    return {**about, **{name: value for name, value in record.data.items() if name not in about}}


def hidden_by_nxlog(record: Record) -> bool:
    """Tell whether an event has a field whose name NXLog uses for something else."""
    return bool({"EventType", "Channel", "Hostname"} & set(record.data))


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("collection", ["sigma-regression", "evtx-attack-samples/Lateral Movement"])
def test_four_forms_of_the_same_events(shared: Path, sigmahq: RuleSet, tmp_path: Path, collection: str) -> None:
    forms = {name: tmp_path / name for name in ("xml", "winlogbeat", "nxlog")}
    for folder in forms.values():
        folder.mkdir()
    hidden: set[tuple[str, int | None]] = set()
    for path in sorted((shared / collection).rglob("*.evtx")):
        records, stem = list(read(path)), name_of(path, shared / collection)
        documents = [each["data"] for each in PyEvtxParser(str(path)).records() if each]
        bare = [re.sub(r"^<\?xml[^>]*\?>", "", text) for text in documents]
        (forms["xml"] / f"{stem}.xml").write_text("<Events>" + "\n".join(bare) + "</Events>", encoding="utf-8")
        for name, made in (("winlogbeat", winlogbeat), ("nxlog", nxlog)):
            content = b"\n".join(orjson.dumps(made(each)) for each in records)
            (forms[name] / f"{stem}.json").write_bytes(content)
        hidden.update((stem, each.record_id) for each in records if hidden_by_nxlog(each))
    expected = found_in(shared / collection, sigmahq)
    assert expected.total() > 100
    for name, folder in forms.items():
        got, wanted = found_in(folder, sigmahq), expected
        if name == "nxlog":
            got, wanted = (
                Counter({key: n for key, n in each.items() if key[1:] not in hidden}) for each in (got, wanted)
            )
            assert wanted.total() > 100
        assert got == wanted, (name, list((wanted - got).items())[:5], list((got - wanted).items())[:5])
