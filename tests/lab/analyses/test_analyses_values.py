"""First seen, rare values, what accounts did."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from analyses_records import SECURITY, START, SYSMON, after, lake_of, logon, windows

from tocsin.lab.analyses.accounts import accounts
from tocsin.lab.analyses.rare import rare_values
from tocsin.lab.analyses.seen import first_seen
from tocsin.lab.lake import LakeError
from tocsin.lab.record import Record

DAY = 86_400


def started(at: float, host: str, program: str, user: str = "ann") -> Record:
    return windows(SYSMON, 1, at, host, Image=program, User=f"CORP\\{user}", ProcessId="4", CommandLine=f"{program} -x")


def test_first_seen_since(tmp_path: Path) -> None:
    records = [started(n * DAY, "ws1", "C:\\Windows\\old.exe") for n in range(10)]
    records += [started(9 * DAY + n, f"ws{n + 1}", "C:\\Temp\\new.exe") for n in range(3)]
    with lake_of(tmp_path, records) as lake:
        answer = first_seen(lake, "process_name", since=START + timedelta(days=8))
        short = first_seen(lake, "process_name", since=START + timedelta(days=1))
        every = first_seen(lake, "fields.CommandLine")
        with pytest.raises(LakeError, match="no column"):
            first_seen(lake, "nonsense")
    [new] = answer.found
    assert (new.value, new.count, new.hosts, new.first_host, new.first) == ("new.exe", 3, 3, "ws1", after(9 * DAY))
    assert new.proof.events == ("E1.10", "E1.11", "E1.12")
    assert (answer.total, answer.considered, answer.notes) == (1, 13, ())
    assert "1.0 days" in short.notes[0]
    assert [one.value for one in every.found] == ["C:\\Windows\\old.exe -x", "C:\\Temp\\new.exe -x"]


def test_rare_values_across_hosts(tmp_path: Path) -> None:
    hosts = [f"ws{n}" for n in range(1, 9)]
    records = [started(n, host, "C:\\Windows\\System32\\svchost.exe") for host in hosts for n in range(5)]
    records += [started(9, "ws3", "\\Device\\HarddiskVolume2\\Windows\\System32\\svchost.exe")]
    records += [started(9, host, f"C:\\Users\\{host}user\\AppData\\tool.exe") for host in hosts]
    records += [started(10, "ws4", "C:\\ProgramData\\svchost.exe")]
    records += [started(11, "ws5", "C:\\Temp\\x.exe") for _ in range(2)]
    with lake_of(tmp_path, records) as lake:
        answer = rare_values(lake)
        few = rare_values(lake, query="host_name:ws4")
        with pytest.raises(LakeError, match="nonsense"):
            rare_values(lake, ["nonsense"])
    masked, alone = answer.found
    assert masked.values == ("svchost.exe", "C:\\ProgramData\\svchost.exe")
    assert (masked.hosts, masked.usual_hosts, masked.all_hosts) == (("ws4",), 8, 8)
    assert masked.usual == ("\\windows\\system32\\svchost.exe",)
    assert masked.proposal.techniques == ("T1036.005",)
    assert masked.proof.count == 1
    assert (alone.values[0], alone.count, alone.proposal.techniques) == ("x.exe", 2, ())
    assert few.found == ()
    assert "not judged" in few.notes[0]


def test_what_accounts_did(tmp_path: Path) -> None:
    records = [
        started(0, "ws1", "C:\\a.exe"),
        started(HOUR, "ws1", "C:\\a.exe"),
        started(DAY, "ws2", "C:\\b.exe"),
        logon(2 * HOUR, "ws1", "ann", "10.0.0.9", kind=10),
        logon(2 * HOUR, "ws1", "ann", "10.0.0.9", code=4625),
        windows(SECURITY, 4672, 2 * HOUR, "ws1", SubjectUserName="ann", SubjectDomainName="CORP.EXAMPLE"),
        started(0, "ws1", "C:\\a.exe", user="bob"),
        logon(0, "ws1", "WS1$", "10.0.0.9"),
    ]
    with lake_of(tmp_path, records) as lake:
        ann, bob = accounts(lake).found
        [only] = accounts(lake, account="CORP\\ann").found
        assert accounts(lake, account="nobody").found == ()
    assert ann == only
    assert (ann.name, ann.spellings) == ("corp\\ann", ("CORP\\ann", "CORP.EXAMPLE\\ann"))
    assert (ann.events, ann.logons, ann.failed, ann.processes, ann.privileged) == (6, 1, 1, 3, 1)
    assert [host.host for host in ann.hosts] == ["ws1", "ws2"]
    assert ann.programs == (("a.exe", 2), ("b.exe", 1))
    assert ann.addresses == ("10.0.0.9",)
    assert (ann.hours[9], ann.hours[10], ann.hours[11], sum(ann.hours), ann.days) == (2, 1, 3, 6, 2)
    assert (ann.first, ann.last) == (after(0), after(DAY))
    assert bob.name == "corp\\bob"


HOUR = 3_600
