"""Routing beyond Windows: which records a rule is for, under which names it sees them, and that it fires on no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from tocsin.lab import RuleSet, scan
from tocsin.lab.record import Record
from tocsin.lab.sigma.logsources import facts, is_windows, sources_of
from tocsin.lab.sigma.matcher import Matcher
from tocsin.lab.sources.rows import LooseRows
from tocsin.lab.sources.source import event

RuleMaker = Callable[..., RuleSet]


def rule(logsource: dict[str, str], selection: Any, number: int = 1) -> str:
    return yaml.safe_dump({
        "title": "Under test", "id": f"5a0bbd04-0000-4000-8000-{number:012d}", "logsource": logsource,
        "detection": {"selection": selection, "condition": "selection"},
    })  # fmt: skip


def loose(channel: str, fields: dict[str, Any], event_id: int | None = None) -> LooseRows:
    key, row = event(channel, fields, event_id=event_id)
    return LooseRows(key, [row])


def fires(matcher: Matcher, channel: str, fields: dict[str, Any], event_id: int | None = None) -> bool:
    rows = loose(channel, fields, event_id)
    hits = matcher.hits(rows)
    assert bool(hits) == bool(matcher.matches(rows.record(0)))
    return bool(hits)


LINUX = {"product": "linux"}
EXECVE = {
    "type": "EXECVE",
    "a0": "curl",
    "a1": "http://x",
    "cmdline": "curl http://x",
    "exe": "/usr/bin/curl",
    "uid": "0",
}

# A log source, what a rule asks, and an event that answers: channel, fields, event id.
ANSWERED: list[tuple[dict[str, str], Any, str, dict[str, Any], int | None]] = [
    (LINUX | {"service": "auditd"}, {"type": "EXECVE", "a0": "curl"}, "linux/auditd", EXECVE, None),
    (LINUX | {"category": "process_creation"}, {"Image|endswith": "/curl", "CommandLine|contains": "http://"},
     "linux/auditd", EXECVE, None),
    (LINUX | {"category": "process_creation"}, {"Image": "/bin/nc", "CommandLine": "/bin/nc -l"}, "linux/auditd",
     {"type": "EXECVE", "a0": "/bin/nc", "a1": "-l"}, None),
    (LINUX | {"category": "process_creation"}, {"Image|endswith": "/curl"}, "linux/sysmon", {"Image": "/usr/bin/curl"}, 1),
    (LINUX | {"category": "file_event"}, {"TargetFilename": "/etc/passwd"}, "linux/sysmon",
     {"TargetFilename": "/etc/passwd"}, 11),
    (LINUX | {"category": "file_event"}, {"TargetFilename": "/tmp/x"}, "linux/auditd",
     {"type": "PATH", "nametype": "CREATE", "name": "/tmp/x"}, None),
    (LINUX | {"category": "network_connection"}, {"DestinationIp": "1.2.3.4"}, "linux/sysmon",
     {"DestinationIp": "1.2.3.4"}, 3),
    (LINUX | {"service": "sshd"}, ["bad packet length"], "linux/auth",
     {"program": "sshd", "message": "Bad packet length 1"}, None),
    (LINUX | {"service": "auth"}, ["bad packet length"], "linux/auth",
     {"program": "su", "message": "Bad packet length 1"}, None),
    (LINUX | {"service": "sudo"}, {"USER": "#-1"}, "linux/auth", {"program": "sudo", "target_user": "#-1"}, None),
    (LINUX | {"service": "cron"}, ["REPLACE"], "linux/cron", {"message": "(root) REPLACE (root)"}, None),
    (LINUX | {"service": "syslog"}, ["segfault"], "linux/syslog", {"message": "x segfault y"}, None),
    (LINUX | {"service": "clamav"}, ["VirTool"], "linux/syslog", {"program": "clamd", "message": "VirTool"}, None),
    (LINUX | {"service": "vsftpd"}, ["Weird"], "linux/auth", {"program": "vsftpd", "message": "weird"}, None),
    (LINUX, ["rm -rf"], "linux/auth", {"message": "rm -rf /"}, None),
    ({"category": "webserver"}, {"cs-method": "POST", "cs-uri-query|contains": "cmd=", "sc-status": 200}, "web/access",
     {"method": "POST", "uri": "/x.php?cmd=id", "status": 200}, None),
    ({"category": "webserver"}, {"cs-uri-query|contains": "/x.php", "cs-user-agent|contains": "sqlmap"}, "web/access",
     {"method": "GET", "uri": "/x.php", "user_agent": "sqlmap/1"}, None),
    ({"category": "webserver"}, {"cs-uri-stem": "/a.aspx", "cs-uri-query": "x=1", "cs-referer": "r"}, "web/iis",
     {"cs-uri-stem": "/a.aspx", "cs-uri-query": "x=1", "cs(Referer)": "r"}, None),
    ({"category": "webserver"}, ["${jndi:ldap"], "web/access", {"user_agent": "${jndi:ldap://x}"}, None),
    ({"category": "webserver"}, {"cs-method": "GET", "sc-status": 404}, "zeek/http",
     {"method": "GET", "status_code": 404}, None),
    ({"category": "proxy"}, {"c-uri|contains": "evil.org/x", "c-uri-extension": "exe", "c-useragent": "u"}, "suricata/http",
     {"http.hostname": "evil.org", "http.url": "/x.exe?a", "http.http_user_agent": "u"}, None),
    ({"category": "proxy"}, {"cs-host|endswith": ".org", "cs-cookie|contains": "k="}, "pcap/http",
     {"host": "evil.org", "uri": "/", "cookie": "k=v"}, None),
    ({"category": "dns"}, {"query|endswith": ".evil.org", "record_type": "TXT", "answer|contains": "x"}, "zeek/dns",
     {"query": "a.evil.org", "qtype_name": "TXT", "answers": ["y", "x"]}, None),
    ({"category": "dns"}, {"query|endswith": ".evil.org"}, "suricata/dns", {"dns.queries.rrname": ["a.evil.org"]}, None),
    ({"category": "dns"}, {"query|endswith": ".evil.org"}, "pcap/dns", {"query": "a.evil.org"}, None),
    ({"category": "firewall"}, {"dst_port": 3389, "dst_ip|cidr": "10.0.0.0/8"}, "zeek/conn",
     {"id.resp_h": "10.1.1.1", "id.resp_p": 3389}, None),
    ({"service": "apache"}, ["exit signal"], "web/error", {"message": "exit signal Segmentation fault"}, None),
    ({"product": "zeek", "service": "smb_files"}, {"path|contains": "ADMIN$"}, "zeek/smb_files", {"path": "\\\\x\\ADMIN$"}, None),
    ({"product": "zeek", "service": "http"}, {"c-useragent": "x", "uri": "/"}, "zeek/http", {"user_agent": "x", "uri": "/"}, None),
    ({"product": "aws", "service": "cloudtrail"}, {"eventName": "ConsoleLogin", "userIdentity.type": "Root"},
     "aws/cloudtrail", {"eventName": "ConsoleLogin", "userIdentity.type": "Root"}, None),
    ({"product": "azure", "service": "signinlogs"}, {"ResultType": 50053}, "azure/signinlogs", {"ResultType": "50053"}, None),
    ({"product": "azure", "service": "auditlogs"}, {"a": "b"}, "azure/auditlogs", {"a": "b"}, None),
    ({"product": "azure", "service": "activitylogs"}, {"a": "b"}, "azure/activitylogs", {"a": "b"}, None),
    ({"product": "azure", "service": "riskdetection"}, {"a": "b"}, "azure/riskdetection", {"a": "b"}, None),
    ({"product": "m365", "service": "audit"}, {"Operation": "x"}, "m365/audit", {"Operation": "x"}, None),
    ({"product": "m365", "service": "threat_management"}, {"eventName": "x"}, "m365/audit", {"eventName": "x"}, None),
    ({"product": "gcp", "service": "gcp.audit"}, {"a": "b"}, "gcp/audit", {"a": "b"}, None),
    ({"product": "gcp", "service": "google_workspace.admin"}, {"a": "b"}, "google_workspace/admin", {"a": "b"}, None),
    ({"product": "okta", "service": "okta"}, {"eventType": "x"}, "okta/system", {"eventType": "x"}, None),
    ({"product": "github", "service": "audit"}, {"action": "x"}, "github/audit", {"action": "x"}, None),
    ({"product": "bitbucket", "service": "audit"}, {"a": "b"}, "bitbucket/audit", {"a": "b"}, None),
    ({"product": "kubernetes", "service": "audit"}, {"verb": "get"}, "kubernetes/audit", {"verb": "get"}, None),
    ({"product": "kubernetes", "category": "application", "service": "audit"}, {"verb": "get"}, "kubernetes/audit",
     {"verb": "get"}, None),
    ({"product": "opencanary", "category": "application"}, {"logtype": 4000}, "opencanary/events", {"logtype": 4000}, None),
]  # fmt: skip


@pytest.mark.parametrize(("logsource", "selection", "channel", "fields", "event_id"), ANSWERED)
def test_a_rule_sees_its_log(
    rules_from: RuleMaker,
    logsource: dict[str, str],
    selection: Any,
    channel: str,
    fields: dict[str, Any],
    event_id: int | None,
) -> None:
    rules = rules_from(rule=rule(logsource, selection))
    assert not rules.rejected
    assert fires(rules.matcher(), channel, fields, event_id)


CHANNELS = sorted({each[2] for each in ANSWERED} | {"Security", "Microsoft-Windows-Sysmon/Operational", "plaso/event"})


def test_no_rule_fires_on_a_foreign_log(rules_from: RuleMaker) -> None:
    """Each rule asks for something that every event here has; it must see only the channels that are its own."""
    logsources = [*[each[0] for each in ANSWERED], {"product": "windows"}, {"product": "windows", "service": "security"},
                  {"product": "windows", "category": "process_creation"}]  # fmt: skip
    unique = list({str(each): each for each in logsources}.values())
    texts = {f"r{number:03d}": rule(each, {"Any": "x"}, number) for number, each in enumerate(unique)}
    rules = rules_from(**texts)
    matcher = rules.matcher()
    everything = {"Any": "x", "program": "sshd", "type": "EXECVE"}
    for channel in CHANNELS:
        for number in matcher.matches(Record(1, "", "", channel, "", 1, {}, everything)):
            product = channel.partition("/")[0]
            wanted = unique[number]
            if wanted.get("product") == "windows":
                assert is_windows(channel.lower()), (wanted, channel)
            elif wanted.get("product"):
                assert product in (wanted["product"], "google_workspace"), (wanted, channel)
            else:
                assert product in ("web", "zeek", "suricata", "pcap"), (wanted, channel)
    assert matcher.matches(Record(1, "", "", "plaso/event", "", None, {}, everything)) == []


@pytest.mark.parametrize(("logsource", "other"), [
    (LINUX | {"service": "sshd"}, ("linux/auth", {"program": "sudo", "message": "x"})),
    (LINUX | {"service": "auditd"}, ("linux/syslog", {"message": "x"})),
    (LINUX | {"category": "process_creation"}, ("linux/sysmon", {"message": "x"})),
    ({"category": "dns"}, ("zeek/http", {"message": "x"})),
    ({"product": "windows"}, ("linux/syslog", {"message": "x"})),
])  # fmt: skip
def test_keywords_stay_within_their_log(
    rules_from: RuleMaker, logsource: dict[str, str], other: tuple[str, dict[str, Any]]
) -> None:
    assert not fires(rules_from(rule=rule(logsource, ["x"])).matcher(), *other)


@pytest.mark.parametrize("channel", ["security", "microsoft-windows-sysmon/operational", "dns server",
                                     "openssh/operational", "windows powershell", "my-own/admin"])  # fmt: skip
def test_channels_of_windows(channel: str) -> None:
    assert is_windows(channel)


@pytest.mark.parametrize("channel", ["linux/auth", "google_workspace/admin", "plaso/event", "kubernetes/audit"])
def test_channels_beyond_windows(channel: str) -> None:
    assert not is_windows(channel)


def test_every_channel_of_the_facts_is_of_the_right_kind() -> None:
    known = facts()
    for channels in known["services"].values():
        assert all(is_windows(channel.lower()) for channel in channels)
    for product in [*known["products"].values(), known["no_product"]]:
        for entries in [*product.get("services", {}).values(), *product.get("categories", {}).values()]:
            for entry in entries:
                for channel in [entry] if isinstance(entry, str) else entry.get("channels", ()):
                    assert not is_windows(channel)


WITHOUT_A_SOURCE = {"cisco", "django", "fortigate", "fortios", "huawei", "juniper", "jvm", "macos", "nodejs", "onelogin",
                    "paloalto", "python", "rpc_firewall", "ruby_on_rails", "spring", "sql", "velocity"}  # fmt: skip


@pytest.mark.shared
def test_all_log_sources_of_sigmahq_are_known_or_have_no_source(shared: Path) -> None:
    missing = set()
    for path in (shared / "sigma").rglob("*.yml"):
        for each in yaml.load_all(path.read_bytes(), yaml.CSafeLoader):
            if isinstance(each, dict) and isinstance(each.get("logsource"), dict) and "detection" in each:
                parts = [each["logsource"].get(part) for part in ("product", "category", "service")]
                if parts[0] != "windows" and isinstance(sources_of(*parts), str):
                    missing.add(parts[0] or parts[1])
    assert missing == WITHOUT_A_SOURCE | {"database"}


def test_rules_of_whose_log_there_was_nothing_are_listed(tmp_path: Path, rules_from: RuleMaker) -> None:
    security = {"product": "windows", "service": "security"}
    rules = rules_from(
        a=rule(security, {"a": "b"}, 1),
        b=rule(LINUX | {"service": "auditd"}, {"a": "b"}, 2),
        c=rule({"product": "windows", "category": "process_creation"}, {"a": "b"}, 3),
        d=rule({"product": "windows"}, {"a": "b"}, 4),
    )
    line = {"EventID": 4624, "Channel": "Security", "SourceName": "x", "EventTime": "2026-03-01 03:10:00"}
    (tmp_path / "log").write_bytes(orjson.dumps(line))
    report = scan([tmp_path / "log"], rules, jobs=1)
    number = "5a0bbd04-0000-4000-8000-{:012d}".format
    assert report.rules_without_events == {"linux auditd": [number(2)], "windows process_creation": [number(3)]}
    # What a collector forwarded under its own channel may be of any channel of Windows.
    (tmp_path / "log").write_bytes(orjson.dumps(line | {"Channel": "ForwardedEvents", "EventID": 4688}))
    assert scan([tmp_path / "log"], rules, jobs=1).rules_without_events == {"linux auditd": [number(2)]}
