"""One event that matches and one that does not for each modifier, each form of nothing, each form of a condition, and
each trap of the map from log sources to Windows; and a test that no modifier is without its pair."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml
from lab_events import event, record
from sigma.modifiers import modifier_mapping

from tocsin.lab import RuleSet, load_rules
from tocsin.lab.record import Record
from tocsin.lab.sigma.assessable import unanswered
from tocsin.lab.sigma.documents import UTF16LE
from tocsin.lab.sources.windows_event import windows_record

ID = "5a0bbd04-0000-4000-8000-000000000001"


def loaded(tmp_path: Path, detection: dict[str, Any], **logsource: str) -> RuleSet:
    document = {"title": "Rule", "id": ID, "logsource": logsource or {"product": "windows", "service": "application"}}
    (tmp_path / "rule.yml").write_text(yaml.safe_dump(document | {"detection": detection}))
    (tmp_path / "variables").write_text("tools: [mimikatz, 'rube?s']\n")
    return load_rules([tmp_path / "rule.yml"], cache_dir=tmp_path, variables=tmp_path / "variables")


def fires(rules: RuleSet, each: Record) -> bool:
    return rules.matcher().matches(each) == [0]


def pair(tmp_path: Path, detection: dict[str, Any], data: dict[str, Any]) -> bool:
    rules = loaded(tmp_path, detection)
    assert not rules.rejected, rules.rejected
    return fires(rules, record("Application", 1000, data))


def encoded(text: str, encoding: str) -> str:
    return base64.b64encode(text.encode(encoding)).decode()


TIME = "2026-03-01T03:10:00Z"
# A modifier, a selection that has it, values of the field F (and others) that match, and that do not.
MODIFIERS: list[tuple[str, str, Any, dict[str, Any], dict[str, Any]]] = [
    ("all", "F|contains|all", ["a", "b"], {"F": "b a"}, {"F": "a"}),
    ("neq", "F|neq", "a", {"F": "b"}, {"F": "A"}),
    ("base64", "F|base64|contains", "say", {"F": "x" + encoded("say", "ascii")}, {"F": encoded("SAY", "ascii")}),
    ("base64offset", "F|base64offset|contains", "secret", {"F": encoded("my secret", "ascii")},
     {"F": encoded("my Secret", "ascii")}),
    ("cased", "F|cased", "Ab", {"F": "Ab"}, {"F": "ab"}),
    ("cidr", "F|cidr", "10.0.0.0/8", {"F": "10.1.1.1"}, {"F": "11.1.1.1"}),
    ("contains", "F|contains", "b", {"F": "aBc"}, {"F": "ac"}),
    ("day", "F|day", 1, {"F": TIME}, {"F": "2026-03-02T03:10:00Z"}),
    ("dotall", "F|re|dotall", "a.b", {"F": "a\nb"}, {"F": "ab"}),
    ("endswith", "F|endswith", ".exe", {"F": "A.EXE"}, {"F": "a.exe "}),
    ("exists", "F|exists", True, {"F": ""}, {"G": "x"}),
    ("expand", "F|expand", "%tools%", {"F": "Rubeus"}, {"F": "%tools%"}),
    ("fieldref", "F|fieldref", "G", {"F": "a", "G": "A"}, {"F": "a", "G": "b"}),
    ("gt", "F|gt", 5, {"F": "6"}, {"F": "5"}),
    ("gte", "F|gte", 5, {"F": 5}, {"F": 4}),
    ("hour", "F|hour", 3, {"F": TIME}, {"F": "2026-03-01T04:10:00Z"}),
    ("i", "F|re|i", "ab", {"F": "xAB"}, {"F": "a b"}),
    ("ignorecase", "F|re|ignorecase", "ab", {"F": "xAB"}, {"F": "a b"}),
    ("lt", "F|lt", 5, {"F": 4.5}, {"F": 5}),
    ("lte", "F|lte", 5, {"F": "5"}, {"F": "5.5"}),
    ("m", "F|re|m", "^b$", {"F": "a\nb\nc"}, {"F": "ab"}),
    ("minute", "F|minute", 10, {"F": TIME}, {"F": "2026-03-01T03:11:00Z"}),
    ("month", "F|month", 3, {"F": TIME}, {"F": "2026-04-01T03:10:00Z"}),
    ("multiline", "F|re|multiline", "^b$", {"F": "a\nb\nc"}, {"F": "ab"}),
    ("re", "F|re", "a[0-9]+$", {"F": "xa12"}, {"F": "A12"}),
    ("s", "F|re|s", "a.b", {"F": "a\nb"}, {"F": "ab"}),
    ("startswith", "F|startswith", "c:\\", {"F": "C:\\x"}, {"F": " c:\\x"}),
    ("utf16", "F|utf16|base64offset|contains", "run", {"F": encoded("run", "utf-16")}, {"F": encoded("run", "utf-8")}),
    ("utf16be", "F|utf16be|base64offset|contains", "run", {"F": encoded("run", "utf-16-be")},
     {"F": encoded("run", "utf-16-le")}),
    ("utf16le", "F|utf16le|base64offset|contains", "run", {"F": encoded("run", "utf-16-le")},
     {"F": encoded("run", "utf-16-be")}),
    ("week", "F|week", 9, {"F": TIME}, {"F": "2026-03-02T03:10:00Z"}),
    ("wide", "F|wide|base64offset|contains", "run", {"F": encoded("run", "utf-16-le")}, {"F": encoded("run", "utf-8")}),
    ("windash", "F|windash|contains", " -enc", {"F": "x /enc"}, {"F": "x +enc"}),
    ("year", "F|year", 2026, {"F": TIME}, {"F": "2025-03-01T03:10:00Z"}),
]  # fmt: skip


def test_no_modifier_is_without_its_pair() -> None:
    assert sorted(each[0] for each in MODIFIERS) == sorted({*modifier_mapping, "utf16le"})
    for name, key, *_ in MODIFIERS:
        assert name in key.split("|"), key
    assert UTF16LE.search("F|utf16le")


@pytest.mark.parametrize(("key", "value", "yes", "no"), [each[1:] for each in MODIFIERS], ids=[m[0] for m in MODIFIERS])
def test_modifiers(tmp_path: Path, key: str, value: Any, yes: dict[str, Any], no: dict[str, Any]) -> None:
    detection = {"s": {key: value}, "condition": "s"}
    assert pair(tmp_path, detection, yes)
    assert not pair(tmp_path, detection, no)


# Nothing in its forms: what the rule asks, and whether it is true of a field that is absent, null, empty, a dash, a text.
NOTHING: list[tuple[dict[str, Any], str]] = [
    ({"F": None}, "yes yes yes no no"),
    ({"F": ""}, "no no yes no no"),
    ({"F": []}, "yes yes yes no no"),
    ({"F": [None, "x"]}, "yes yes yes no yes"),
    ({"F|exists": True}, "no yes yes yes yes"),
    ({"F|exists": False}, "yes no no no no"),
    ({"F": "*"}, "no no yes yes yes"),
    ({"F": "?*"}, "no no no yes yes"),
    ({"F|neq": "x"}, "yes yes yes yes no"),
    ({"F|contains": "x"}, "no no no no yes"),
    ({"F": "-"}, "no no no yes no"),
    ({"F|re": "^$"}, "no no yes no no"),
]


@pytest.mark.parametrize(("selection", "answers"), NOTHING)
def test_nothing_in_its_forms(tmp_path: Path, selection: dict[str, Any], answers: str) -> None:
    events: list[dict[str, Any]] = [{"G": "g"}, {"F": None}, {"F": ""}, {"F": "-"}, {"F": "x"}]
    found = ["yes" if pair(tmp_path, {"s": selection, "condition": "s"}, each) else "no" for each in events]
    assert " ".join(found) == answers


PARTS = {"sel_a": {"A": "1"}, "sel_b": {"B": "1"}, "filter_c": {"C": "1"}, "_hidden": {"D": "1"}}
# A condition, the fields that are 1 in an event of which it is true, and in one of which it is not.
CONDITIONS: list[tuple[Any, str, str]] = [
    ("sel_a", "A", "B"),
    ("not sel_a", "B", "A"),
    ("sel_a and sel_b", "AB", "A"),
    ("sel_a or sel_b", "B", "C"),
    ("sel_a or sel_b and filter_c", "A", "B"),
    ("(sel_a or sel_b) and filter_c", "BC", "A"),
    ("not sel_a and sel_b", "B", "AB"),
    ("not (sel_a and sel_b)", "A", "AB"),
    ("sel_a or not sel_b", "", "B"),
    ("1 of sel_*", "B", "C"),
    ("any of sel_*", "B", "C"),
    ("all of sel_*", "AB", "A"),
    ("1 of *_c", "C", "A"),
    ("1 of s*_a", "A", "B"),
    ("1 of them", "C", "D"),
    ("all of them", "ABC", "ABD"),
    ("1 of _hid*", "D", "A"),
    ("sel_a and not 1 of filter_*", "A", "AC"),
    ("sel_a and not filter_c", "AD", "ACD"),
    (["sel_a", "sel_b"], "B", "C"),
]


@pytest.mark.parametrize(("condition", "yes", "no"), CONDITIONS)
def test_conditions(tmp_path: Path, condition: Any, yes: str, no: str) -> None:
    detection = PARTS | {"condition": condition}
    assert pair(tmp_path, detection, dict.fromkeys(yes, "1"))
    assert not pair(tmp_path, detection, dict.fromkeys(no, "1"))


@pytest.mark.parametrize("condition", ["sel_a AND sel_b", "2 of sel_*", "1 of nothing*", "sel_a | count() > 5", "sel_x",
                                       "(sel_a", ""])  # fmt: skip
def test_conditions_that_are_none(tmp_path: Path, condition: str) -> None:
    rules = loaded(tmp_path, PARTS | {"condition": condition})
    assert rules.rules == []
    assert len(rules.rejected) == 1


SYSMON, SECURITY = "Microsoft-Windows-Sysmon/Operational", "Security"


def user_data(name: str, fields: dict[str, Any], channel: str, event_id: int) -> Record:
    raw = event(channel, event_id, None)
    raw["Event"]["UserData"] = {name: fields}
    found = windows_record(raw)
    assert found is not None
    return found


def of(**logsource: str) -> dict[str, str]:
    return {"product": "windows"} | logsource


# A trap of the map, a log source, a selection, and a record that matches and one that does not.
TRAPS: list[tuple[str, dict[str, str], Any, Record, Record]] = [
    ("1102 is of another provider, yet of Security", of(service="security"), {"EventID": 1102},
     record(SECURITY, 1102, {}, provider="Microsoft-Windows-Eventlog"), record("System", 1102, {})),
    ("services stay within their channel", of(service="system"), {"EventID": 7045}, record("System", 7045, {}),
     record("Application", 7045, {})),
    ("dns-client is named in two ways, I", of(service="dns-client"), {"A": "x"},
     record("Microsoft-Windows-DNS Client Events/Operational", 1, {"A": "x"}), record("DNS Server", 1, {"A": "x"})),
    ("dns-client is named in two ways, II", of(service="dns-client"), {"A": "x"},
     record("Microsoft-Windows-DNS-Client/Operational", 1, {"A": "x"}), record("DNS Server", 1, {"A": "x"})),
    ("security-mitigations has two channels", of(service="security-mitigations"), {"A": "x"},
     record("Microsoft-Windows-Security-Mitigations/User Mode", 1, {"A": "x"}), record(SECURITY, 1, {"A": "x"})),
    ("PowerShell 7 has a channel of its own", of(category="ps_script"), {"ScriptBlockText|contains": "x"},
     record("PowerShellCore/Operational", 4104, {"ScriptBlockText": "x"}),
     record("PowerShellCore/Operational", 4103, {"ScriptBlockText": "x"})),
    ("registry_add asks for a kind of event", of(category="registry_add"), {"TargetObject": "x"},
     record(SYSMON, 12, {"EventType": "CreateKey", "TargetObject": "x"}),
     record(SYSMON, 12, {"EventType": "DeleteKey", "TargetObject": "x"})),
    ("registry_event is all of them", of(category="registry_event"), {"TargetObject": "x"},
     record(SYSMON, 14, {"TargetObject": "x"}), record(SYSMON, 15, {"TargetObject": "x"})),
    ("file_delete has two ids", of(category="file_delete"), {"TargetFilename": "x"},
     record(SYSMON, 26, {"TargetFilename": "x"}), record(SYSMON, 11, {"TargetFilename": "x"})),
    ("wmi_event is also WMI's own log", of(category="wmi_event"), {"A": "x"},
     record("Microsoft-Windows-WMI-Activity/Operational", 5861, {"A": "x"}),
     record("Microsoft-Windows-WMI-Activity/Operational", 5860, {"A": "x"})),
    ("4688 writes numbers in hexadecimal", of(category="process_creation"), {"ProcessId": 500},
     record(SECURITY, 4688, {"NewProcessId": "0x1f4"}), record(SECURITY, 4688, {"ProcessId": "0x1f4"})),
    ("4688 writes the integrity level as a label", of(category="process_creation"), {"IntegrityLevel": "System"},
     record(SECURITY, 4688, {"MandatoryLabel": "S-1-16-16384"}), record(SECURITY, 4688, {"MandatoryLabel": "S-1-16-4096"})),
    ("4688 may have no command line", of(category="process_creation"), {"CommandLine|contains": "x"},
     record(SECURITY, 4688, {"CommandLine": "x"}), record(SECURITY, 4688, {"NewProcessName": "x"})),
    ("4657 writes what was done as a code", of(category="registry_set"), {"TargetObject|endswith": "\\v"},
     record(SECURITY, 4657, {"ObjectName": "\\REGISTRY\\USER\\k", "ObjectValueName": "v", "OperationType": "%%1905"}),
     record(SECURITY, 4657, {"ObjectName": "\\REGISTRY\\USER\\k", "ObjectValueName": "v", "OperationType": "%%1906"})),
    ("4657 names hives otherwise", of(category="registry_event"), {"TargetObject|startswith": "HKU\\"},
     record(SECURITY, 4657, {"ObjectName": "\\REGISTRY\\USER\\k"}),
     record(SECURITY, 4657, {"ObjectName": "\\REGISTRY\\MACHINE\\k"})),
    ("5156 writes directions as codes", of(category="network_connection"), {"Initiated": "true"},
     record(SECURITY, 5156, {"Direction": "%%14593"}), record(SECURITY, 5156, {"Direction": "%%14592"})),
    ("truth values are texts in rules", of(category="network_connection"), {"Initiated": "true"},
     record(SYSMON, 3, {"Initiated": True}), record(SYSMON, 3, {"Initiated": False})),
    ("fields without names are a list", of(service="application"), {"Data|contains|all": ["ntds", "temp"]},
     record("Application", 1, {"Data": {"#text": ["ntds.dit", "c:\\temp"]}}),
     record("Application", 1, {"Data": {"#text": ["ntds.dit"]}})),
    ("names with spaces", of(service="windefend"), {"ThreatName|contains": "x"},
     record("Microsoft-Windows-Windows Defender/Operational", 1116, {"Threat Name": "x"}),
     record("Microsoft-Windows-Windows Defender/Operational", 1116, {"Name": "x"})),
    ("104 has a channel within", of(service="system"), {"EventID": 104, "Channel": "Security"},
     user_data("LogFileCleared", {"Channel": "Security"}, "System", 104),
     user_data("LogFileCleared", {"Channel": "Application"}, "System", 104)),
    ("what Windows says of an event", of(service="application"), {"Provider_Name": "MSSQLSERVER"},
     record("Application", 1, {}, provider="MSSQLSERVER"), record("Application", 1, {}, provider="Other")),
    ("an absent field in a filter", of(service="application"),
     {"A": "x", "B|neq": "y"}, record("Application", 1, {"A": "x"}), record("Application", 1, {"A": "x", "B": "y"})),
    ("null is also empty (CACTUSTORCH)", of(category="create_remote_thread"), {"StartModule": None},
     record(SYSMON, 8, {"StartModule": ""}), record(SYSMON, 8, {"StartModule": "ntdll.dll"})),
    ("a category of no product", {"category": "antivirus", "product": ""}, {"Signature|contains": "evil"},
     record("Microsoft-Windows-Windows Defender/Operational", 1116, {"Threat Name": "Evil"}),
     record("Microsoft-Windows-Windows Defender/Operational", 5001, {"Threat Name": "Evil"})),
    ("rules for other systems", {"product": "linux", "category": "process_creation"}, {"Image|endswith": " "},
     Record(1, "", "", "linux/sysmon", "", 1, {}, {"Image": "/x "}), record(SYSMON, 1, {"Image": "C:\\x "})),
    ("a category at a service", of(category="process_creation", service="sysmon"), {"Image": "x"},
     record(SYSMON, 1, {"Image": "x"}), record(SECURITY, 4688, {"NewProcessName": "x"})),
]  # fmt: skip


@pytest.mark.parametrize(
    ("logsource", "selection", "yes", "no"), [each[1:] for each in TRAPS], ids=[each[0] for each in TRAPS]
)
def test_traps_of_the_map(tmp_path: Path, logsource: dict[str, str], selection: Any, yes: Record, no: Record) -> None:
    rules = loaded(tmp_path, {"s": selection, "condition": "s"}, **{k: v for k, v in logsource.items() if v})
    assert not rules.rejected
    assert fires(rules, yes)
    assert not fires(rules, no)


def test_what_4688_does_not_record_is_not_passed_in_silence(tmp_path: Path) -> None:
    events = {SECURITY: {"4688": 3}}
    detection = {"s": {"OriginalFileName": "x.exe"}, "condition": "s"}
    rules = loaded(tmp_path, detection, product="windows", category="process_creation")
    (refused,) = unanswered(rules.compiled, events)
    assert "must have OriginalFileName, which Security 4688 does not record" in refused.reason
    assert unanswered(rules.compiled, events | {SYSMON: {"1": 1}}) == []
    optional = {"s": [{"OriginalFileName": "x.exe"}, {"Image": "x"}], "condition": "s"}
    rules = loaded(tmp_path, optional, product="windows", category="process_creation")
    assert unanswered(rules.compiled, events) == []
