"""Windows events as XML, and the same event in every form in which it can be handed over."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from evtx import PyEvtxParser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading_files import read_text

from tocsin.lab import RuleSet, Tally
from tocsin.lab.record import Record
from tocsin.lab.sources import windows_xml
from tocsin.lab.sources.making_rows import json_row, xml_row
from tocsin.lab.sources.rows import Event, record_of

SYSTEM = (
    '<System><Provider Name="Microsoft-Windows-Sysmon" Guid="{5770385f}"/><EventID>1</EventID>'
    "<Version>5</Version><Level>4</Level><Task>1</Task><Opcode>0</Opcode><Keywords>0x8000000000000000</Keywords>"
    '<TimeCreated SystemTime="2026-03-01T03:10:00.1234567Z"/>'
    '<EventRecordID>7</EventRecordID><Correlation/><Execution ProcessID="4" ThreadID="8"/>'
    "<Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>ws1.example.org</Computer>"
    '<Security UserID="S-1-5-18"/></System>'
)
NAMESPACE = "xmlns='http://schemas.microsoft.com/win/2004/08/events/event'"
ONE = (
    f"<Event {NAMESPACE}>{SYSTEM}<EventData><Data Name='Image'>C:\\a &amp; b.exe</Data><Data Name='ProcessId'>12</Data>"
    "<Data Name='Empty'></Data><Data Name='Lines'>a\r\n\tb</Data></EventData></Event>"
)
CHANNEL = "Microsoft-Windows-Sysmon/Operational"


@pytest.mark.parametrize("content", [
    ONE + ONE,
    ONE + "\r\n" + ONE + "\r\n",
    f"<?xml version='1.0' encoding='utf-8' standalone='yes'?>\r\n<Events>{ONE}{ONE}</Events>",
    f"<Events>\n<!-- made by x -->\n{ONE}\n{ONE}\n</Events>",
    ("\ufeff" + ONE + ONE).encode("utf-16-le"),
    ("\ufeff" + ONE + ONE).encode("utf-16-be"),
    ("\ufeff" + ONE + ONE).encode(),
])  # fmt: skip
def test_layouts(tmp_path: Path, content: str | bytes) -> None:
    records, tally = read_text(tmp_path, content)
    assert (tally.read, tally.problems) == (2, [])
    for record in records:
        assert (record.channel, record.event_id, record.record_id) == (CHANNEL, 1, 7)
        assert (record.host, record.provider, record.time) == (
            "ws1.example.org",
            "Microsoft-Windows-Sysmon",
            "2026-03-01T03:10:00.1234567Z",
        )
        assert record.data == {"Image": "C:\\a & b.exe", "ProcessId": "12", "Empty": "", "Lines": "a\r\n\tb"}
        assert record.system["Execution_ProcessID"] == 4
        assert record.system["Security_UserID"] == "S-1-5-18"


def test_user_data_unnamed_data_and_rendering(tmp_path: Path) -> None:
    cleared = (
        f"<Event {NAMESPACE}>{SYSTEM}<UserData><LogFileCleared xmlns='http://x'><SubjectUserName>eve</SubjectUserName>"
        "<Channel>Security</Channel></LogFileCleared></UserData>"
        "<RenderingInfo Culture='en-US'><Message>Cleared.</Message></RenderingInfo></Event>"
    )
    plain = (
        f"<Event {NAMESPACE}>{SYSTEM}<EventData><Data>one</Data><Data>two</Data><Binary>00</Binary></EventData></Event>"
    )
    records, _ = read_text(tmp_path, cleared + plain)
    assert records[0].data == {"SubjectUserName": "eve", "Channel": "Security", "Message": "Cleared."}
    assert records[1].data == {"Data": ["one", "two"], "Binary": "00"}


def test_parts_give_each_event_once(tmp_path: Path) -> None:
    path = tmp_path / "events.xml"
    path.write_text(
        "<Events>" + "".join(ONE.replace("12<", f"{number}<") for number in range(30)) + "</Events>", newline=""
    )
    size = path.stat().st_size
    for part in (50, 700, 1000, size):
        found = [
            record_of(event).data["ProcessId"]
            for start in range(0, size, part)
            for event in windows_xml.read(path, Tally(), start, start + part)
        ]
        assert found == [str(number) for number in range(30)], part


def test_entities_and_documents_from_elsewhere_are_not_opened(tmp_path: Path) -> None:
    declared = (
        f'<?xml version="1.0"?><!DOCTYPE Events [<!ENTITY x SYSTEM "file:///etc/passwd"><!ENTITY y "{"z" * 100}">]>'
    )
    path = tmp_path / "events.xml"
    path.write_text(declared + "<Events>" + ONE.replace("C:\\a &amp; b.exe", "&x;&y;") + ONE + "</Events>", newline="")
    tally = Tally()
    (record,) = [record_of(event) for event in windows_xml.read(path, tally)]
    assert record.data["Image"] == "C:\\a & b.exe"
    assert tally.not_understood == 1


def test_what_xml_cannot_hold_is_replaced(tmp_path: Path) -> None:
    (record,), _ = read_text(tmp_path, ONE.replace("&amp;", "\x01&#x2;"))
    assert record.data["Image"] == "C:\\a \ufffd\ufffd b.exe"


def test_broken_events_cost_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records, tally = read_text(
        tmp_path, ONE + ONE.replace("</Data>", "", 1) + ONE + ONE.replace("<EventID>1</EventID>", "") + ONE[:400]
    )
    assert (len(records), tally.read, tally.not_understood) == (2, 2, 3)
    assert [problem.place for problem in tally.problems] == [
        f"byte {len(ONE)}",
        f"byte {3 * len(ONE) - 7}",
        f"byte {4 * len(ONE) - 27}",
    ]
    monkeypatch.setattr(windows_xml, "MAX_EVENT", 2_000)
    monkeypatch.setattr(windows_xml, "BLOCK", 1_000)
    records, tally = read_text(tmp_path, ONE + ONE[:-8] + "x" * 9_000 + ONE + ONE[:-8] + ONE)
    assert (len(records), tally.not_understood) == (3, 2)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_damage_is_accounted_for(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray((ONE * 3).encode())
    for _ in range(data.draw(st.integers(1, 10))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.sampled_from([*b"<>/&'\"= aE\0\xff"]))
    path = tmp_path / "evidence"
    path.write_bytes(bytes(content))
    tally = Tally()
    records = [record_of(event) for event in windows_xml.read(path, tally)]
    assert len(records) == tally.read
    assert tally.read + tally.not_understood == len(re.findall(rb"<Event[\s>]", content)) or tally.not_understood


def forms_of(event: dict[str, Any], xml: str) -> dict[str, Event | None]:
    """The same event in each form that the lab knows, made of what the EVTX parser gives and of its XML."""
    system, data = event["Event"]["System"], event["Event"].get("EventData")
    fields = dict(data) if isinstance(data, dict) else {}
    texts = {
        name: str(value).lower() if isinstance(value, bool) else value if value is None else str(value)
        for name, value in fields.items()
    }
    provider = system["Provider"]["#attributes"]["Name"]
    number = system["EventID"] if isinstance(system["EventID"], int) else system["EventID"]["#text"]
    time = system["TimeCreated"]["#attributes"]["SystemTime"]
    flat = {
        "EventID": number, "Channel": system["Channel"], "SourceName": provider, "Hostname": system["Computer"], "EventTime": time,
        "Keywords": system.get("Keywords"), "Task": system.get("Task"),
    }  # fmt: skip
    winlogbeat = {
        "@timestamp": time,
        "winlog": {"event_id": str(number), "channel": system["Channel"], "provider_name": provider,
                   "computer_name": system["Computer"],
                   "keywords": system.get("Keywords"), "task": system.get("Task"), "event_data": texts},
    }  # fmt: skip
    cut = windows_xml.event_of(xml)
    assert cut is not None
    return {
        "EVTX": xml_row(event["Event"]),
        "XML": xml_row(cut["Event"]),
        "Winlogbeat": json_row(winlogbeat),
        "NXLog": json_row({**flat, **texts}),
        "Elastic": _unwrapped({"_index": "winlogbeat-1", "_source": winlogbeat}),
        "Splunk": _unwrapped({"preview": False, "result": {"_raw": xml, "host": "x", "source": "y"}}),
        "Log Analytics": _unwrapped({
            "TimeGenerated": time, "Type": "WindowsEvent", "EventID": number, "Channel": system["Channel"],
            "Provider": provider, "Computer": system["Computer"], "Keywords": system.get("Keywords"), "Task": system.get("Task"),
            "EventData": json.dumps(texts),
        }),
    }  # fmt: skip


def _unwrapped(value: dict[str, Any]) -> Event | None:
    from tocsin.lab.sources.json_wraps import unwrapped

    found: Any = value
    while type(found) is dict and json_row(found) is None:
        found = unwrapped(found)
    return json_row(found)


def _events(files: Iterable[Path], most: int) -> Iterable[tuple[dict[str, Any], str]]:
    for path in files:
        for number, (each, written) in enumerate(
            zip(PyEvtxParser(str(path)).records_json(), PyEvtxParser(str(path)).records(), strict=True)
        ):
            assert each is not None
            assert written is not None
            event = json.loads(each["data"])
            data = event["Event"].get("EventData")
            # Forms that lay fields side by side cannot hold unnamed ones, nor Windows' own names twice.
            if isinstance(data, dict) and not any(isinstance(value, dict) for value in data.values()) and number < most:
                yield event, written["data"][written["data"].index("<Event") :]


@pytest.mark.shared
def test_the_same_event_in_each_form_gives_the_same_detections(shared: Path, sigmahq: RuleSet) -> None:
    matcher = sigmahq.matcher()
    files = sorted(shared.glob("sigma-regression/**/*.evtx"))[::2]
    compared, matched = 0, 0
    for event, xml in _events(files, 2):
        forms = forms_of(event, xml)
        records: dict[str, Record] = {name: record_of(row) for name, row in forms.items() if row is not None}
        assert records.keys() == forms.keys()
        found = {name: matcher.matches(record) for name, record in records.items()}
        assert {name: numbers for name, numbers in found.items() if numbers != found["EVTX"]} == {}, records["EVTX"]
        compared += 1
        matched += bool(found["EVTX"])
    assert compared > 50
    assert matched > compared // 2


@pytest.mark.shared
def test_xml_has_the_fields_of_evtx(shared: Path) -> None:
    for event, xml in _events(sorted(shared.glob("evtx-attack-samples/**/*.evtx"))[::9], 20):
        cut = windows_xml.event_of(xml)
        assert cut is not None
        theirs, ours = record_of(xml_row(event["Event"])), record_of(xml_row(cut["Event"]))
        assert (ours.record_id, ours.time, ours.host, ours.channel, ours.provider, ours.event_id) == (
            theirs.record_id, theirs.time, theirs.host, theirs.channel, theirs.provider, theirs.event_id,
        )  # fmt: skip
        assert ours.system == theirs.system
        assert list(ours.data) == list(theirs.data)
        for name, value in theirs.data.items():
            assert _same(ours.data[name]) == _same(value), name


def _same(value: object) -> str:
    """A value as text: XML has no numbers, no null, and no control characters."""
    return "" if value is None else windows_xml.ILLEGAL.sub("\ufffd", str(value)).lower()


@pytest.mark.parametrize("many", [" ", "\n", "<!---->", "<!-- a -->\n", "<!--"])
def test_telling_what_a_file_is_takes_no_longer_for_hostile_beginnings(many: str) -> None:
    started = time.process_time()
    assert not windows_xml.sniff((many * 65536)[:65536].encode())
    assert time.process_time() - started < 2
