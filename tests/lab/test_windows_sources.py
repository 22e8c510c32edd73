"""Log sources and views: which Windows records a rule is for, and under which names it sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lab_events import event, record

from tocsin.lab import RuleSet
from tocsin.lab.record import Record
from tocsin.lab.sources.windows_event import windows_record

RuleMaker = Callable[..., RuleSet]

RULE = """
title: Under test
id: 5a0bbd04-0000-4000-8000-000000000001
author: Somebody
logsource: {{{logsource}}}
detection:
  selection: {{{selection}}}
  condition: selection
"""


def matches(make: RuleMaker, logsource: str, selection: str, each: Record) -> bool:
    rules = make(rule=RULE.format(logsource=logsource, selection=selection))
    assert not rules.rejected
    return rules.matcher().matches(each) == [0]


WINDOWS = "product: windows, "
PROCESS = WINDOWS + "category: process_creation"
SECURITY = WINDOWS + "service: security"


def process_audit() -> Record:
    return record("Security", 4688, {
        "SubjectUserName": "anna", "SubjectDomainName": "CORP", "SubjectLogonId": "0x3e7", "NewProcessId": "0x1f4",
        "ProcessId": "0x10", "NewProcessName": "C:\\Windows\\System32\\whoami.exe", "CommandLine": "whoami /all",
        "ParentProcessName": "C:\\Windows\\System32\\cmd.exe", "MandatoryLabel": "S-1-16-12288",
    })  # fmt: skip


@pytest.mark.parametrize("selection", [
    "Image|endswith: \\whoami.exe",
    "ParentImage|endswith: \\cmd.exe",
    "ProcessId: 500",
    "ParentProcessId: 16",
    "LogonId: '0x3e7'",
    "User: CORP\\anna",
    "IntegrityLevel: High",
    "CommandLine|contains: /all",
])  # fmt: skip
def test_process_audit_under_sysmon_names(rules_from: RuleMaker, selection: str) -> None:
    assert matches(rules_from, PROCESS, selection, process_audit())


def test_security_rules_see_the_audit_event_under_its_own_names(rules_from: RuleMaker) -> None:
    assert matches(rules_from, SECURITY, "EventID: 4688, ProcessId: '0x10'", process_audit())
    assert not matches(rules_from, SECURITY, "EventID: 4688, ProcessId: 500", process_audit())


def test_process_audit_has_no_original_file_name(rules_from: RuleMaker) -> None:
    assert not matches(rules_from, PROCESS, "OriginalFileName: whoami.exe", process_audit())


def registry_audit(operation: str) -> Record:
    return record("Security", 4657, {
        "ObjectName": "\\REGISTRY\\MACHINE\\SOFTWARE\\Run", "ObjectValueName": "evil", "NewValue": "calc.exe",
        "OperationType": operation, "ProcessName": "C:\\reg.exe",
    })  # fmt: skip


@pytest.mark.parametrize(("category", "operation", "expected"), [
    ("registry_set", "%%1905", True),
    ("registry_set", "Existing registry value modified", True),
    ("registry_set", "%%1906", False),
    ("registry_add", "%%1904", True),
    ("registry_add", "%%1905", False),
    ("registry_delete", "%%1906", True),
    ("registry_event", "%%1905", True),
])  # fmt: skip
def test_registry_audit(rules_from: RuleMaker, category: str, operation: str, expected: bool) -> None:
    selection = "TargetObject: HKLM\\SOFTWARE\\Run\\evil, Image: C:\\reg.exe"
    assert matches(rules_from, WINDOWS + f"category: {category}", selection, registry_audit(operation)) is expected


@pytest.mark.parametrize("text", ["'%%1905'", "Existing registry value modified"])
def test_registry_operation_as_code_and_as_text(rules_from: RuleMaker, text: str) -> None:
    assert matches(rules_from, SECURITY, f"OperationType: {text}", registry_audit("%%1905"))


def test_connection_audit(rules_from: RuleMaker) -> None:
    each = record("Security", 5156, {
        "Application": "\\device\\harddiskvolume3\\windows\\evil.exe", "SourceAddress": "10.0.0.1", "DestPort": "445",
        "DestAddress": "192.0.2.7", "Direction": "%%14593", "Protocol": "6",
    })  # fmt: skip
    selection = (
        "Image|endswith: \\evil.exe, DestinationIp|cidr: 192.0.2.0/24, DestinationPort: 445, "
        "Initiated: 'true', Protocol: tcp"
    )
    assert matches(rules_from, WINDOWS + "category: network_connection", selection, each)
    assert matches(rules_from, WINDOWS + "category: network_connection", "Image|startswith: C:\\windows\\", each)


def test_powershell_script(rules_from: RuleMaker) -> None:
    each = record("Microsoft-Windows-PowerShell/Operational", 4104, {"ScriptBlockText": "Invoke-Evil"})
    assert matches(rules_from, WINDOWS + "category: ps_script", "ScriptBlockText|contains: evil", each)
    assert not matches(rules_from, WINDOWS + "category: ps_module", "ScriptBlockText|contains: evil", each)


@pytest.mark.parametrize(
    ("event_id", "category"),
    [(400, "ps_classic_start"), (600, "ps_classic_provider_start"), (800, "ps_classic_script")],
)
def test_classic_powershell_text(rules_from: RuleMaker, event_id: int, category: str) -> None:
    text = "\tNewEngineState=Available\r\n\tHostApplication=powershell.exe -nop\r\n\tEngineVersion=2.0"
    each = record("Windows PowerShell", event_id, {"Data": {"#text": ["Available", "None", text]}, "Binary": None})
    source = WINDOWS + f"category: {category}"
    assert matches(rules_from, source, "HostApplication|contains: -nop, EngineVersion|startswith: '2.'", each)
    assert matches(rules_from, source, "Data|contains: HostApplication=powershell", each)
    assert matches(
        rules_from, WINDOWS + "service: powershell-classic", "Data|contains|all: [Available, EngineVersion=2]", each
    )


def test_event_104_keeps_its_inner_channel_apart(rules_from: RuleMaker) -> None:
    raw = event("System", 104, None, provider="Microsoft-Windows-Eventlog")
    raw["Event"]["UserData"] = {"LogFileCleared": {"SubjectUserName": "anna", "Channel": "Security"}}
    each = windows_record(raw)
    assert each is not None
    assert each.channel == "System"
    system = WINDOWS + "service: system"
    assert matches(rules_from, system, "EventID: 104, Channel: Security", each)
    assert not matches(rules_from, system, "EventID: 104, Channel: System", each)
    assert not matches(rules_from, SECURITY, "EventID: 104", each)


def test_forwarded_records_are_routed_by_their_own_channel(rules_from: RuleMaker) -> None:
    source = "category: process_creation"
    selection = "Image|endswith: evil.exe"
    sysmon = record("Microsoft-Windows-Sysmon/Operational", 1, {"Image": "C:\\evil.exe"})
    collector = record("ForwardedEvents", 1, {"Image": "C:\\evil.exe"}, provider="Microsoft-Windows-Sysmon")
    no_channel = record("", 1, {"Image": "C:\\evil.exe"}, provider="Microsoft-Windows-Sysmon")
    other = record("ForwardedEvents", 1, {"Image": "C:\\evil.exe"})
    for each, expected in ((sysmon, True), (collector, True), (no_channel, True), (other, False)):
        assert matches(rules_from, WINDOWS + source, selection, each) is expected


@pytest.mark.parametrize(
    "event_id", [4624, "4624", {"#attributes": {"Qualifiers": 0}, "#text": 4624}, {"#text": "4624"}]
)
@pytest.mark.parametrize("wanted", ["4624", "'4624'"])
def test_event_ids_in_every_shape(rules_from: RuleMaker, event_id: Any, wanted: str) -> None:
    assert matches(rules_from, SECURITY, f"EventID: {wanted}", record("Security", event_id, {"LogonType": 3}))


def test_channels_are_compared_without_case(rules_from: RuleMaker) -> None:
    assert matches(rules_from, SECURITY, "EventID: 1", record("security", 1, {}))


def test_defender_answers_antivirus_rules(rules_from: RuleMaker) -> None:
    each = record(
        "Microsoft-Windows-Windows Defender/Operational", 1116, {"Threat Name": "Trojan:Evil", "Path": "C:\\x"}
    )
    assert matches(rules_from, "category: antivirus", "Signature|contains: evil, Filename: C:\\x", each)


def test_rules_for_other_products_are_listed_and_never_fire(rules_from: RuleMaker) -> None:
    rules = rules_from(
        rule=RULE.format(logsource="product: macos, category: process_creation", selection="Image|endswith: ' '")
    )
    assert rules.rules == []
    assert rules.not_assessable[0].reason == "no source here records product macos, category process_creation"
    each = record("Microsoft-Windows-Sysmon/Operational", 1, {"Image": "/tmp/x "})
    assert rules.matcher().matches(each) == []


def test_a_category_does_not_leak_into_other_event_ids(rules_from: RuleMaker) -> None:
    each = record("Microsoft-Windows-Sysmon/Operational", 5, {"Image": "C:\\evil.exe"})
    assert not matches(rules_from, PROCESS, "Image|endswith: evil.exe", each)
    each = record("Application", 1, {"Image": "C:\\evil.exe"})
    assert not matches(rules_from, PROCESS, "Image|endswith: evil.exe", each)
