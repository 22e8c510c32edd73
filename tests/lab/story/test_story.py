"""From hits to story: steps, noise, chains, the matrix, and what is suggested."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tocsin.lab import Detection, RuleSet, scan
from tocsin.lab.analyses.logons import Contact
from tocsin.lab.attack import TACTICS
from tocsin.lab.story.chains import kill_chains
from tocsin.lab.story.hits import Hit, accounts_in, addresses_in
from tocsin.lab.story.matrix import attack_matrix
from tocsin.lab.story.steps import attack_steps, by_host
from tocsin.lab.story.suggest import suggested_findings, suggested_scope

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
LSASS = ("attack.credential-access", "attack.t1003.001")
RUN_KEY = ("attack.persistence", "attack.t1547.001")
PSEXEC = ("attack.lateral-movement", "attack.t1021.002")


def hit(
    minutes: float | None,
    host: str = "ws1",
    tags: tuple[str, ...] = LSASS,
    rule: str = "r1",
    level: str = "high",
    accounts: tuple[str, ...] = (),
    **more: Any,
) -> Hit:
    time = None if minutes is None else START + timedelta(minutes=minutes)
    id_ = more.pop("id", f"{host}/{rule}/{minutes}")
    made: dict[str, Any] = {"id": id_, "addresses": (), "event": f"E-01#{id_}"} | more
    return Hit(
        rule_id=rule, title=f"Rule {rule}", level=level, tags=tags, time=time, host=host, accounts=accounts, **made
    )


def test_what_lies_close_together_is_one_step(tmp_path: Path) -> None:
    hits = [hit(0), hit(10, rule="r2", level="critical"), hit(35), hit(90), hit(5, tags=RUN_KEY), hit(5, host="ws2")]
    steps = attack_steps(hits)
    assert [(s.host, s.tactic, s.count) for s in steps] == [
        ("ws1", "credential-access", 3),
        ("ws1", "persistence", 1),
        ("ws2", "credential-access", 1),
        ("ws1", "credential-access", 1),
    ]
    first = steps[0]
    assert (first.first, first.last, first.level) == (START, START + timedelta(minutes=35), "critical")
    assert [line.rule_id for line in first.lines] == ["r2", "r1"]
    assert first.techniques == ("T1003.001",)
    assert first.proof.count == 3
    assert first.sentence.startswith("Credential access on ws1 by OS Credential Dumping: LSASS Memory (T1003.001)")
    assert list(by_host(steps)) == ["ws1", "ws2"]


def test_two_accounts_at_work_at_once_are_two_steps() -> None:
    ann, bob = ("CORP\\ann",), ("CORP\\bob",)
    hits = [
        hit(0, accounts=ann),
        hit(1, accounts=bob),
        hit(2),
        hit(3, accounts=("CORP.EXAMPLE\\ann",)),
        hit(4, accounts=bob),
    ]
    one, other = attack_steps(hits)
    assert (one.accounts, one.count) == (("CORP\\ann",), 3)
    assert (other.accounts, other.count) == (("CORP\\bob",), 2)


def test_a_rule_that_fires_five_hundred_times_is_one_line() -> None:
    [step] = attack_steps([hit(n / 10, id=str(n)) for n in range(500)])
    [line] = step.lines
    assert (line.count, step.count, line.noise) == (500, 500, None)
    assert (len(line.proof.events), line.proof.count) == (12, 500)


def test_noise_makes_no_step_by_itself() -> None:
    everywhere = [hit(n, host=f"h{n}", rule="chatty", level="medium") for n in range(8)]
    low = [hit(0, host="h1", rule="low", level="low", tags=RUN_KEY)]
    grave = [hit(1, host="h1", rule="grave", level="high")]
    steps = attack_steps(everywhere + low + grave)
    assert [step.host for step in steps if not step.is_noise] == ["h1"]
    [real] = [step for step in steps if not step.is_noise]
    assert {line.rule_id: line.noise for line in real.lines} == {
        "grave": None,
        "chatty": "The rule fires on 8 of 8 hosts.",
    }
    assert real.level == "high"
    assert len(kill_chains(steps)) == 1
    # The same rule on few hosts is no noise, nor is one of level high on all.
    assert not any(step.is_noise for step in attack_steps(everywhere[:3]))
    assert not any(s.is_noise for s in attack_steps([hit(n, host=f"h{n}", level="high") for n in range(8)]))


def test_the_same_detections_in_another_order_make_the_same_steps() -> None:
    hits = [
        hit(n * 7 % 100, host=f"h{n % 3}", rule=f"r{n % 5}", accounts=("CORP\\ann",) if n % 2 else ())
        for n in range(60)
    ]
    shuffled = list(hits)
    random.Random(1).shuffle(shuffled)
    assert attack_steps(hits) == attack_steps(shuffled)
    assert len({step.key for step in attack_steps(hits)}) == len(attack_steps(hits))


def test_the_most_telling_tactic_counts() -> None:
    remote = ("attack.execution", "attack.t1059.001", "attack.lateral-movement", "attack.t1021.006")
    [step] = attack_steps([hit(0, tags=remote)])
    assert (step.tactic, step.techniques) == ("lateral-movement", ("T1021.006",))
    [bare] = attack_steps([hit(0, tags=("attack.t9999",))])
    assert (bare.tactic, bare.techniques) == ("", ("T9999",))
    assert "Activity on ws1 by T9999" in bare.sentence


def test_a_detection_without_a_time_is_kept() -> None:
    steps = attack_steps([hit(None), hit(None, rule="r2"), hit(0)])
    assert [(step.first is None, step.count) for step in steps] == [(False, 1), (True, 2)]
    assert sum(len(chain.steps) for chain in kill_chains(steps)) == 2


def contact(minutes: float, source: str, target: str) -> Contact:
    at = START + timedelta(minutes=minutes)
    return Contact(source, target, "corp\\svc", None, "network", False, False, None, False, False, at, at, 1, ("E1.1",))


def test_chains_follow_accounts_and_logons_from_host_to_host() -> None:
    hits = [
        hit(0, host="WS1.corp.example", accounts=("CORP\\ann",)),
        hit(60, host="ws2", tags=PSEXEC, rule="r2", accounts=("CORP.EXAMPLE\\ann",)),
        hit(200, host="srv1", tags=RUN_KEY, rule="r3"),
        # Another intrusion: another host and account, or the same host weeks later.
        hit(100, host="ws9", rule="r4", accounts=("CORP\\zoe",)),
        hit(60 * 24 * 30, host="ws1.corp.example", rule="r5", level="medium"),
    ]
    steps = attack_steps(hits)
    alone = kill_chains(steps)
    assert sorted(len(chain.steps) for chain in alone) == [1, 1, 1, 2]
    chains = kill_chains(steps, moves=[contact(190, "ws2", "srv1"), contact(10, "srv1", "ws9")])
    assert sorted(len(chain.steps) for chain in chains) == [1, 1, 3]
    main = next(chain for chain in chains if len(chain.steps) == 3)
    assert main.hosts == ("WS1.corp.example", "ws2", "srv1")
    assert main.tactics == ("persistence", "credential-access", "lateral-movement")
    assert {link.kind for link in main.links} == {"account", "logon"}
    assert "WS1.corp.example > ws2 > srv1" in main.sentence
    assert chains[0] == main


def test_the_matrix_has_every_tactic_in_order() -> None:
    both = ("attack.persistence", "attack.privilege-escalation", "attack.t1547.001")
    columns = attack_matrix([hit(0), hit(1, host="ws2", rule="r2", level="critical"), hit(2, tags=both)])
    assert [column.tactic for column in columns] == list(TACTICS)
    by_tactic = {column.tactic: column for column in columns}
    [cell] = by_tactic["credential-access"].cells
    assert (cell.technique, cell.detections, cell.hosts, cell.level) == ("T1003.001", 2, ("ws1", "ws2"), "critical")
    assert by_tactic["persistence"].detections == by_tactic["privilege-escalation"].detections == 1
    assert by_tactic["impact"].cells == ()


def test_suggestions_have_stable_keys() -> None:
    hits = [
        hit(0, accounts=("CORP\\ann",), addresses=("10.0.0.1", "203.0.113.9")),
        hit(5, host="WS1.corp.example", accounts=("CORP.EXAMPLE.ORG\\ann",), level="critical", rule="r2"),
        hit(6, tags=(), rule="r3", level="medium"),
        hit(7, host="ws5", level="low", rule="r4"),
    ]
    scope = suggested_scope(hits)
    assert [(one.key, one.detections) for one in scope] == [
        ("host:ws1", 3),
        ("account:corp\\ann", 2),
        ("address:203.0.113.9", 1),
    ]
    assert scope[0].name == "WS1.corp.example"
    assert (scope[0].level, scope[0].because) == ("critical", "3 matches of Rule r2, Rule r1, Rule r3")
    assert (scope[0].first, scope[0].last) == (START, START + timedelta(minutes=6))
    lsass, bare = suggested_findings(hits)
    assert (lsass.key, lsass.confidence, lsass.tactics) == ("T1003.001", "high", ("credential-access",))
    assert lsass.claim == "OS Credential Dumping: LSASS Memory (T1003.001): 2 events on WS1.corp.example, ws1"
    assert lsass.proof.count == 2
    assert (bare.key, bare.claim, bare.confidence) == ("rule:r3", "Rule r3: 1 event on ws1", "low")
    assert suggested_findings(list(reversed(hits))) == [lsass, bare]


@pytest.mark.parametrize(
    ("fields", "event_id", "expected"),
    [
        ({"TargetUserName": "ann", "TargetDomainName": "CORP"}, "4624", ["CORP\\ann"]),
        ({"TargetUserName": "Administrators", "SubjectUserName": "ann"}, "4732", ["ann"]),
        ({"User": "NT AUTHORITY\\SYSTEM", "SubjectUserName": "WS1$"}, "1", []),
        ({"TargetUserName": "ann@CORP.EXAMPLE"}, "4769", ["CORP.EXAMPLE\\ann"]),
        ({"userIdentity.userName": "deploy"}, "", ["deploy"]),
        ({"User": ["a list"], "UserId": "x" * 999}, "", []),
    ],
)
def test_accounts_in_events(fields: dict[str, Any], event_id: str, expected: list[str]) -> None:
    assert list(accounts_in(fields, event_id)) == expected


def test_addresses_in_events() -> None:
    fields = {"IpAddress": "::ffff:203.0.113.9", "SourceIp": "127.0.0.1", "DestinationIp": "x", "id.resp_h": "10.0.0.1"}
    assert list(addresses_in(fields)) == ["203.0.113.9", "10.0.0.1"]


def test_a_detection_becomes_a_hit() -> None:
    detection = Detection(
        "r",
        "Rule",
        "high",
        list(LSASS),
        "",
        "2026-03-02T09:00:00Z",
        "ws1",
        "a.evtx",
        7,
        1,
        "Security",
        {"User": "C\\ann"},
    )
    made = Hit.of(detection, "17", "E-01#7")
    assert (made.time, made.accounts, made.tactics, made.techniques) == (
        START,
        ("C\\ann",),
        ["credential-access"],
        ["T1003.001"],
    )


@pytest.mark.slow
def test_the_story_of_real_attacks(shared: Path, sigmahq: RuleSet) -> None:
    folder = shared / "otrf/compound/LSASS_campaign_01"
    detections: list[Detection] = []
    scan([folder / "metasploit_logonpasswords_lsass_memory_dump.zip"], sigmahq, jobs=1, sink=detections.extend)
    hits = [Hit.of(one, str(number), f"E1.{number}") for number, one in enumerate(detections)]
    steps = attack_steps(hits)
    assert sum(step.count for step in steps) == len(hits) > 0
    assert any("T1003.001" in step.techniques for step in steps if step.tactic == "credential-access")
    chains = kill_chains(steps)
    assert len(chains) < len(steps) < len(hits)
    assert any(finding.key == "T1003.001" for finding in suggested_findings(hits))
