"""Messages of other systems read as alerts: known shapes, a plan's own mappings, hostile JSON."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import factories
from tocsin.plan.alert_models import AlertMapping, AlertsFile
from tocsin.plan.alerts import (
    GENERIC,
    MOST_ALERTS,
    bounded,
    paths_of,
    read_message,
    ready_mappings,
    recognised,
    safe_url,
)
from tocsin.plan.diff import diff
from tocsin.plan.init import starter_files
from tocsin.plan.lint import lint
from tocsin.plan.load import parse_plan
from tocsin.plan.problems import PlanError
from tocsin.plan.show import show

PLAIN = AlertsFile()
WAZUH = {
    "timestamp": "2026-11-24T10:00:00.000+0000",
    "rule": {"level": 12, "description": "sshd: brute force", "id": "5712", "mitre": {"id": ["T1110"]}},
    "agent": {"id": "001", "name": "srv-1"},
    "decoder": {"name": "sshd"},
    "data": {"srcip": "203.0.113.9"},
}
# One message of each shape, written from the vendors' field references, and what has to come out of it.
SHAPES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "wazuh": (WAZUH, {"title": "sshd: brute force", "severity": 2, "host": ["srv-1"], "technique": ["T1110"]}),
    "microsoft-incident": (
        {"object": {"name": "6f0e", "properties": {
            "incidentNumber": 7, "title": "Multi-stage incident", "severity": "High", "status": "New",
            "incidentUrl": "https://portal.example/7", "createdTimeUtc": "2026-11-24T10:00:00Z",
            "additionalData": {"tactics": ["LateralMovement"]},
            "relatedEntities": [{"kind": "Host", "properties": {"hostName": "ws-17"}},
                                {"kind": "Account", "properties": {"accountName": "mei"}}]}}},
        {"title": "Multi-stage incident", "severity": 2, "host": ["ws-17"], "user": ["mei"]},
    ),
    "defender-alert": (
        {"id": "da1", "serviceSource": "microsoftDefenderForEndpoint", "detectionSource": "antivirus", "status": "new",
         "title": "Suspicious file", "alertWebUrl": "https://security.example/a", "severity": "medium",
         "evidence": [{"deviceDnsName": "ws-1.example"}, {"fileDetails": {"sha256": "ab" * 32}}]},
        {"title": "Suspicious file", "severity": 3, "host": ["ws-1.example"], "hash": ["ab" * 32]},
    ),
    "elastic-rule": (
        {"kibana.alert.rule.name": "Ransom note", "kibana.alert.severity": "critical", "kibana.alert.rule.uuid": "u1",
         "host.name": "fs-2", "user": {"name": "svc"}, "@timestamp": "2026-11-24T10:00:00Z"},
        {"title": "Ransom note", "severity": 1, "host": ["fs-2"], "user": ["svc"]},
    ),
    "elastic-rule-list": (
        {"alerts": [{"kibana": {"alert": {"rule": {"name": "Ransom note", "uuid": "u"}, "severity": "low", "uuid": "1"}}}]},
        {"title": "Ransom note", "severity": 4},
    ),
    "splunk": (
        {"sid": "s1", "search_name": "Logons from abroad", "results_link": "https://splunk.example/r",
         "result": {"user": "mei", "src": "203.0.113.9", "severity": "high"}},
        {"title": "Logons from abroad", "severity": 2, "user": ["mei"], "ip": ["203.0.113.9"]},
    ),
    "crowdstrike-detection": (
        {"metadata": {"eventType": "DetectionSummaryEvent"},
         "event": {"DetectName": "Ransomware", "ComputerName": "ws-3", "SeverityName": "Critical", "DetectId": "ldt:1"}},
        {"title": "Ransomware on ws-3", "severity": 1, "host": ["ws-3"]},
    ),
    "crowdstrike-epp": (
        {"metadata": {"eventType": "EppDetectionSummaryEvent"},
         "event": {"Name": "Credential theft", "Hostname": "ws-3", "SeverityName": "High", "CompositeId": "c:1"}},
        {"title": "Credential theft on ws-3", "severity": 2, "host": ["ws-3"]},
    ),
    "sentinelone": (
        {"threatInfo": {"threatId": "1", "threatName": "evil.exe", "confidenceLevel": "malicious", "sha256": "cd" * 32},
         "agentRealtimeInfo": {"agentComputerName": "ws-4"}},
        {"title": "evil.exe on ws-4", "severity": 2, "host": ["ws-4"], "hash": ["cd" * 32]},
    ),
    "suricata-eve": (
        {"event_type": "alert", "timestamp": "2026-11-24T10:00:00.000000+0000", "src_ip": "10.0.0.5",
         "dest_ip": "203.0.113.9", "dest_port": 443, "proto": "TCP",
         "alert": {"signature": "ET MALWARE beacon", "signature_id": 2030, "severity": 1, "category": "A trojan"}},
        {"title": "ET MALWARE beacon", "severity": 2, "ip": ["10.0.0.5", "203.0.113.9"]},
    ),
    "falco": (
        {"rule": "Terminal shell in container", "priority": "Notice", "output": "A shell", "hostname": "node-1",
         "time": "2026-11-24T10:00:00.123456789Z", "output_fields": {"container.name": "web"}},
        {"title": "Terminal shell in container (web)", "severity": 4, "host": ["node-1"]},
    ),
    "guardduty": (
        {"detail-type": "GuardDuty Finding", "detail": {
            "id": "f1", "type": "Recon:EC2/PortProbe", "title": "Port probed", "severity": 8, "accountId": "1111",
            "resource": {"instanceDetails": {"instanceId": "i-1"}}}},
        {"title": "Port probed", "severity": 2, "host": ["i-1"]},
    ),
    "google-secops": (
        {"type": "RULE_DETECTION", "id": "de_1", "detectionTime": "2026-11-24T10:00:00Z",
         "detection": [{"ruleName": "brute_force", "ruleId": "ru_1", "severity": "HIGH"}]},
        {"title": "brute_force", "severity": 2},
    ),
    "alertmanager": (
        {"receiver": "tocsin", "alerts": [
            {"status": "firing", "labels": {"alertname": "DiskFull", "instance": "db-1", "severity": "critical"},
             "annotations": {}, "startsAt": "2026-11-24T10:00:00Z", "fingerprint": "f1"}]},
        {"title": "DiskFull on db-1", "severity": 1, "host": ["db-1"]},
    ),
    "ocsf-detection-finding": (
        {"class_uid": 2004, "severity_id": 4, "time": 1795514400000,
         "finding_info": {"title": "Beacon", "uid": "u1"}, "device": {"hostname": "ws-9"}},
        {"title": "Beacon", "severity": 2, "host": ["ws-9"]},
    ),
    "generic": ({"title": "Something", "level": "warning", "hostname": "ws-1"}, {"title": "Something", "severity": 3}),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_each_shape_is_recognised_and_read(name: str) -> None:
    payload, wanted = SHAPES[name]
    message = read_message(payload, PLAIN)
    assert message.mapping == name
    (alert,) = message.alerts
    assert alert.title == wanted.pop("title")
    assert alert.severity == wanted.pop("severity")
    assert {kind: alert.observables[kind] for kind in wanted} == wanted
    assert not alert.dropped


def test_every_ready_mapping_has_an_example_and_names_its_source() -> None:
    assert set(ready_mappings()) == set(SHAPES)
    for name, mapping in ready_mappings().items():
        assert mapping.means
        assert name == GENERIC or mapping.documented, name
        assert name == GENERIC or mapping.recognised_by, name


def test_the_same_thing_has_the_same_key_and_another_has_another() -> None:
    def key(**changes: Any) -> str:
        return read_message({**WAZUH, **changes}, PLAIN).alerts[0].key

    assert key() == key(timestamp="2026-11-24T11:11:11.000+0000")
    assert key() != key(agent={"id": "002", "name": "srv-2"})
    assert key() != key(rule={**WAZUH["rule"], "id": "5713"})  # type: ignore[dict-item]


def test_messages_that_a_mapping_finds_no_name_in_are_not_one_thing() -> None:
    one, other = read_message([{"a": 1}, {"a": 2}], PLAIN).alerts
    assert one.key != other.key
    assert "no title" in one.dropped


def test_times_are_read_as_systems_write_them() -> None:
    wanted = datetime(2026, 11, 24, 10, tzinfo=UTC)
    for said in ("2026-11-24T10:00:00Z", "2026-11-24T11:00:00+01:00", 1795514400, 1795514400000, "1795514400"):
        assert read_message({"title": "x", "time": said}, PLAIN).alerts[0].at == wanted, said
    for said in ("yesterday", "2026-11-24T10:00:00", -1e300, 1e300, "9" * 400, True, None, {"a": 1}):
        assert read_message({"title": "x", "time": said}, PLAIN).alerts[0].at is None, said


def test_resolved_alerts_are_passed_over_and_counted() -> None:
    payload, _wanted = SHAPES["alertmanager"]
    resolved = {**payload["alerts"][0], "status": "resolved"}
    message = read_message({**payload, "alerts": [resolved, payload["alerts"][0]]}, PLAIN)
    assert (len(message.alerts), message.ignored) == (1, 1)


def test_a_message_brings_at_most_so_many_alerts_and_says_how_many_were_too_many() -> None:
    message = read_message([{"title": f"n{i}"} for i in range(MOST_ALERTS + 7)], PLAIN)
    assert (len(message.alerts), message.too_many) == (MOST_ALERTS, 7)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https:// a", 'https://a"onclick=', "ftp://a/"]
)
def test_only_web_addresses_are_linked(url: str) -> None:
    assert safe_url(url) == ""
    assert read_message({"title": "x", "url": url}, PLAIN).alerts[0].url == ""


def test_a_title_cannot_turn_the_page_around_or_break_it() -> None:
    (alert,) = read_message({"title": "in\u202evoice\x00\x1b[31m\nexe.pdf"}, PLAIN).alerts
    assert alert.title == "invoice[31m exe.pdf"


def test_deep_and_large_json_costs_bounded_work_and_what_is_dropped_is_said() -> None:
    deep: Any = "x"
    for _ in range(500):
        deep = [deep]
    kept, dropped = bounded({"title": "x", "deep": deep})
    assert "levels" in dropped
    assert len(json.dumps(kept)) < 1000
    wide = {
        "title": "wide",
        "alerts": [[{"labels": {"alertname": "x" * 3}}] * 300] * 300,
        "status": "x",
        "receiver": "r",
    }
    start = time.process_time()
    message = read_message([wide] * 5, PLAIN)
    assert time.process_time() - start < 5
    assert all(len(json.dumps(a.raw)) < 200_000 for a in message.alerts)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(sorted(
        {part for m in ready_mappings().values() for e in (*m.title, *m.recognised_by, *m.severity) for p in paths_of(e)
         for part in p.split(".")})), inner, max_size=6),
    max_leaves=40,
)  # fmt: skip


@given(JSON)
def test_no_json_makes_the_reading_fail(payload: Any) -> None:
    for alert in read_message(payload, PLAIN).alerts:
        assert 0 < len(alert.title) <= 300
        assert len(alert.key) == 64
        assert alert.severity in (None, 1, 2, 3, 4)


OWN = """
severity_words: {rot: 1}
mappings:
  plc-watch:
    recognised_by: [plc, fault.code]
    title: "Fault {fault.code} on {plc}"
    severity: fault.colour
    observables: {host: plc}
sources:
  Plant historian: plc-watch
  Gateway: wazuh
"""


def _files(alerts: str) -> dict[str, str]:
    return {**factories.plan_files(), "alerts.yaml": alerts}


def test_a_plan_brings_mappings_of_its_own() -> None:
    plan = parse_plan(_files(OWN))
    assert recognised({"plc": "P7", "fault": {"code": 12}}, plan.alerts)[0] == "plc-watch"
    (alert,) = read_message({"plc": "P7", "fault": {"code": 12, "colour": "ROT"}}, plan.alerts).alerts
    assert (alert.title, alert.severity, alert.observables) == ("Fault 12 on P7", 1, {"host": ["P7"]})
    assert parse_plan(factories.plan_files()).alerts == AlertsFile()
    own = [p for p in lint(_files(OWN), date(2026, 11, 24)) if p.file == "alerts.yaml"]
    assert own == []


def test_the_plan_as_a_document_says_how_alerts_are_read() -> None:
    text = show(parse_plan(_files(OWN)))
    assert "- The source Plant historian is read as `plc-watch`." in text
    assert "- The mapping `plc-watch`. Known by `plc` and `fault.code`." in text
    assert "- “rot” means severity 1." in text
    assert "How alerts are read" not in show(parse_plan(factories.plan_files()))


def test_what_changes_in_alerts_yaml_is_told_in_sentences() -> None:
    bare, own = parse_plan(factories.plan_files()), parse_plan(_files(OWN))
    other = parse_plan(_files(OWN.replace("rot: 1", "rot: 2").replace("Gateway: wazuh", "Gateway: falco")))
    assert diff(bare, own) == [
        "Alert severity word rot (1) is new.",
        "Alert mapping plc-watch is new.",
        "Alert source Plant historian (plc-watch) is new.",
        "Alert source Gateway (wazuh) is new.",
    ]
    assert diff(own, other) == [
        "Alert severity word rot changes from 1 to 2.",
        "Alert source Gateway changes from wazuh to falco.",
    ]
    assert "Alert source Gateway (wazuh) is gone." in diff(own, bare)


def test_with_the_starter_plan_and_no_alerts_yaml_the_first_message_is_read() -> None:
    """A common shape by its marks, anything else by common names: nobody has to write a mapping before they begin."""
    plan = parse_plan(starter_files("Acme"))
    assert plan.alerts == AlertsFile()
    assert all(p.file != "alerts.yaml" for p in lint(starter_files("Acme"), date(2026, 11, 24)))
    posted = {
        "title": "Ransom note written",
        "severity": "high",
        "hostname": "fs-2",
        "user": "anna",
        "url": "https://e.example/1",
    }
    (alert,) = read_message(posted, plan.alerts).alerts
    assert (alert.title, alert.severity, alert.url) == ("Ransom note written", 2, "https://e.example/1")
    assert alert.observables == {"host": ["fs-2"], "user": ["anna"]}
    assert read_message(WAZUH, plan.alerts).mapping == "wazuh"


def test_lint_names_the_line_of_what_is_wrong_in_alerts_yaml() -> None:
    wrong = OWN.replace("Gateway: wazuh", "Gateway: wazzuh").replace("{fault.code} on", "{fault.code on")
    found = {(p.line, p.code) for p in lint(_files(wrong), date(2026, 11, 24)) if p.file == "alerts.yaml"}
    assert found == {(11, "unknown-mapping"), (6, "bad-path")}
    with pytest.raises(PlanError, match=r"alerts\.yaml:2"):
        parse_plan(_files("\nseverity_words: {rot: 9}\n"))
    with pytest.raises(PlanError, match=r"alerts\.yaml"):
        parse_plan(_files("mapings: {}\n"))


def test_a_mapping_needs_a_title() -> None:
    with pytest.raises(ValueError, match="title"):
        AlertMapping.model_validate({"text": "x"})
