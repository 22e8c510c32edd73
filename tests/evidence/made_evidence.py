"""Evidence made for the analysts' tests: a few Windows events, and archives with a script that YARA knows."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

from django.conf import settings

import factories
from tocsin.evidence.actions import request_analysis
from tocsin.evidence.analysis import run_analysis
from tocsin.evidence.models import AnalysisRun
from tocsin.incidents.models import Incident

EVIL = '<script>alert("1")</script>'
"""A value that a page must never carry as it is."""
ADDRESS = "203.0.113.66"
SCRIPT = b"powershell -nop -w hidden -enc SQBFAFgA\r\n$marker = 'tocsin-test-marker'\r\nInvoke-Expression $x\r\n" * 4
YARA = 'rule Marker { meta: description = "made for a test" strings: $a = "tocsin-test-marker" condition: $a }'


def line(number: int, event_id: int = 4624, **data: Any) -> str:
    """A Windows event as one line of JSON; events are a second apart, in pairs of the same time."""
    time = f"2026-03-01T03:{number // 120:02}:{number // 2 % 60:02}.000000Z"
    system = {
        "Provider": {"#attributes": {"Name": "Microsoft-Windows-Security-Auditing"}}, "EventID": event_id,
        "TimeCreated": {"#attributes": {"SystemTime": time}}, "EventRecordID": number + 1, "Channel": "Security",
        "Computer": "ws1.halden.example",
    }  # fmt: skip
    return json.dumps({"Event": {"System": system, "EventData": data}}) + "\n"


def log(count: int = 250) -> bytes:
    """A log: logons, the third with a hostile name, the fifth from an address that is looked for."""
    lines = []
    for number in range(count):
        user = EVIL if number == 2 else f"user{number % 7}"
        source = ADDRESS if number == 4 else f"198.51.100.{number % 9 + 1}"
        lines.append(line(number, TargetUserName=user, TargetDomainName="HALDEN", LogonType="3", IpAddress=source,
                          WorkstationName="WS\\2" if number == 6 else "WS2"))  # fmt: skip
    return "".join(lines).encode()


def archive(*members: tuple[str, bytes]) -> bytes:
    """A zip with some members, names as given, twice if they are given twice."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as file:
        for name, content in members:
            file.writestr(name, content)
    return whole.getvalue()


RULE = """
title: A logon of user3
id: 5a0bbd04-0000-4000-8000-000000000003
level: high
tags: [attack.t1078, attack.initial-access]
logsource: {product: windows, service: security}
detection: {selection: {EventID: 4624, TargetUserName: user3}, condition: selection}
"""


def analysed(incident: Incident) -> AnalysisRun:
    """A run of one rule over an incident's evidence, carried out here."""
    rules = Path(settings.HOME) / "rules"
    rules.mkdir(exist_ok=True)
    (rules / "rule.yml").write_text(RULE)
    return run_analysis(request_analysis(factories.SYSTEM, incident, rules=str(rules)), jobs=1)
