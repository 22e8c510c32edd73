"""From detections to suggestions: what is grouped, who counts as an account, what is cited."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.evidence.models import Detection, EvidenceItem
from tocsin.evidence.suggest import findings_from, scope_from
from tocsin.lab.analyses.names import one_name_each
from tocsin.lab.story.hits import accounts_in

AT = datetime(2026, 3, 13, 6, tzinfo=UTC)
ITEM = EvidenceItem(number=3, name="security.evtx")


def detection(record: int = 1, **changes: Any) -> Detection:
    """A detection that was not stored."""
    facts: dict[str, Any] = {
        "item": ITEM, "rule_id": "r1", "title": "Memory of LSASS read", "level": "high", "host": "FS-01",
        "tags": ["attack.credential-access", "attack.t1003.001"], "record_id": str(record), "event_id": "10",
        "time": AT + timedelta(minutes=record), "fields": {},
    }  # fmt: skip
    return Detection(**(facts | changes))


def test_one_finding_for_a_technique_with_its_events_hosts_and_span() -> None:
    (finding,) = findings_from(
        [detection(1), detection(2, host="FS-02"), detection(2, rule_id="r2", title="Other", level="critical")]
    )
    assert finding.claim == "OS Credential Dumping: LSASS Memory (T1003.001): 2 events on FS-01, FS-02"
    assert finding.confidence == "high"
    assert finding.cites == ["E-03#2", "E-03#1"], "the gravest first, each event once"
    assert (finding.happened_from, finding.happened_until) == (AT + timedelta(minutes=1), AT + timedelta(minutes=2))
    assert finding.tactics == ["credential-access"]


def test_a_technique_keeps_its_own_tactic_though_the_rule_names_more() -> None:
    tags = ["attack.execution", "attack.credential-access", "attack.t1003.001", "attack.t1059.001"]
    tactics = {f.key: f.tactics for f in findings_from([detection(tags=tags)])}
    assert tactics == {"T1003.001": ["credential-access"], "T1059.001": ["execution"]}


@pytest.mark.parametrize("level", ["low", "informational", ""])
def test_small_matches_make_no_finding_and_no_scope(level: str) -> None:
    assert findings_from([detection(level=level)]) == []
    assert scope_from([detection(level=level)]) == []


def test_a_rule_without_a_technique_gives_a_finding_of_its_own() -> None:
    (finding,) = findings_from([detection(tags=[])])
    assert finding.key == "rule:r1"
    assert finding.claim.startswith("Memory of LSASS read: 1 event on FS-01")


@pytest.mark.parametrize(
    ("fields", "event", "accounts"),
    [
        ({"User": "HALDEN\\ann"}, "1", ["HALDEN\\ann"]),
        ({"TargetUserName": "ann", "TargetDomainName": "HALDEN"}, "4624", ["HALDEN\\ann"]),
        (
            {"TargetUserName": "ann@CORP.EXAMPLE.ORG", "TargetDomainName": "CORP.EXAMPLE.ORG"},
            "4769",
            ["CORP.EXAMPLE.ORG\\ann"],
        ),
        ({"TargetUserName": "Domain Admins", "TargetDomainName": "HALDEN"}, "4728", []),
        ({"User": "NT AUTHORITY\\SYSTEM"}, "1", []),
        ({"SubjectUserName": "FS-01$", "SubjectDomainName": "HALDEN"}, "4688", []),
        ({"SubjectUserName": "-", "TargetUserName": ""}, "4625", []),
        ({"User": ["a", "b"]}, "1", []),
        ({"User": "ann"}, "1", ["ann"]),
    ],
)
def test_which_accounts_an_event_names(fields: dict[str, Any], event: str, accounts: list[str]) -> None:
    assert list(accounts_in(fields, event)) == accounts


def test_an_account_written_in_two_ways_is_one() -> None:
    names = ["CORP.HALDEN.EXAMPLE\\Ann", "HALDEN\\ann", "OTHER.EXAMPLE\\ann", "bob"]
    assert one_name_each(names) == {
        "CORP.HALDEN.EXAMPLE\\Ann": "HALDEN\\ann", "HALDEN\\ann": "HALDEN\\ann",
        "OTHER.EXAMPLE\\ann": "OTHER.EXAMPLE\\ann", "bob": "bob",
    }  # fmt: skip


def test_scope_names_hosts_first_and_counts_case_as_one() -> None:
    found = scope_from(
        [detection(1, fields={"User": "D\\ann"}), detection(2, host="fs-01"), detection(3, host="FS-02")]
    )
    assert [(s.kind, s.name, s.detections) for s in found] == [
        ("host", "FS-01", 2),
        ("host", "FS-02", 1),
        ("account", "D\\ann", 1),
    ]
    assert found[0].cites == ["E-03#1", "E-03#2"]
