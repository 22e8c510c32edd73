"""Gaps in logs, cleared logs, clocks."""

from __future__ import annotations

from pathlib import Path

from analyses_records import SECURITY, SYSMON, after, lake_of, logon, windows

from tocsin.lab import Tally, read
from tocsin.lab.analyses.cleared import tampering
from tocsin.lab.analyses.clocks import clock_skew, clocks_set
from tocsin.lab.analyses.gaps import GapLimits, time_gaps
from tocsin.lab.lake import Lake, write_item
from tocsin.lab.record import Record

EVENTLOG = "Microsoft-Windows-Eventlog"
HOUR = 3_600


def busy(log: tuple[str, str], host: str, start: float, end: float, step: float, number: int = 1) -> list[Record]:
    count = int((end - start) / step)
    return [windows(log, 4656, start + n * step, host, number + n, ObjectName="x") for n in range(count)]


def test_a_gap_while_the_host_was_on_comes_first(tmp_path: Path) -> None:
    records = [
        *busy(SECURITY, "ws1", 0, 10 * HOUR, 60),
        *busy(SECURITY, "ws1", 15 * HOUR, 20 * HOUR, 60),
        *busy(SYSMON, "ws1", 0, 20 * HOUR, 600),
        # A host that was off for a night: both logs are silent.
        *busy(SECURITY, "ws2", 0, 8 * HOUR, 60),
        *busy(SECURITY, "ws2", 20 * HOUR, 28 * HOUR, 60),
        # A quiet log, for which hours are usual; and one with too few events.
        *busy(SECURITY, "ws3", 0, 400 * HOUR, 2 * HOUR),
        *busy(SECURITY, "ws4", 0, 100, 10),
        *busy(SECURITY, "ws4", 90 * HOUR, 90 * HOUR + 100, 10),
    ]
    with lake_of(tmp_path, records) as lake:
        answer = time_gaps(lake)
        short = time_gaps(lake, limits=GapLimits(seconds=13 * HOUR))
    stopped, off = answer.found
    assert (stopped.host, stopped.channel) == ("ws1", "Security")
    assert (stopped.start, stopped.end) == (after(10 * HOUR - 60), after(15 * HOUR))
    assert stopped.usual == 60
    assert stopped.meanwhile == 30
    assert stopped.proposal.techniques == ("T1070",)
    assert stopped.proof.events == ("E1.599", "E1.600")
    assert (off.host, off.meanwhile, off.proposal.techniques) == ("ws2", 0, ())
    assert "switched off" in off.proposal.interpretation
    assert short.found == ()
    assert answer.considered == len(records)


def test_a_gap_between_two_collections_proves_little(tmp_path: Path) -> None:
    write_item(tmp_path, "E1", busy(SECURITY, "ws1", 0, 10 * HOUR, 60))
    write_item(
        tmp_path, "E2", [*busy(SECURITY, "ws1", 90 * HOUR, 99 * HOUR, 60), *busy(SYSMON, "ws1", 0, 99 * HOUR, 600)]
    )
    with Lake(tmp_path) as lake:
        [gap] = time_gaps(lake).found
    assert not gap.is_within
    assert gap.proposal.techniques == ()
    assert "two collections" in gap.proposal.interpretation


def test_cleared_and_stopped_logs(tmp_path: Path) -> None:
    records = [
        windows(("Security", EVENTLOG), 1102, 10, "ws1", SubjectUserName="eve", SubjectDomainName="CORP"),
        windows(("System", EVENTLOG), 104, 20, "ws1", Channel="Microsoft-Windows-PowerShell/Operational"),
        windows(("Security", EVENTLOG), 1100, 30, "ws1"),
        # The same numbers from other providers mean other things.
        windows(("Microsoft-Windows-TerminalServices-RDPClient/Operational", "Microsoft-Windows-X"), 1102, 40, "ws1"),
    ]
    with lake_of(tmp_path, records) as lake:
        cleared, other, stopped = tampering(lake).found
    assert cleared.account == "CORP\\eve"
    assert cleared.proposal.claim == "The Security log was cleared on ws1 by CORP\\eve at 2026-03-02 09:00:10 UTC"
    assert cleared.proposal.techniques == ("T1070.001",)
    assert cleared.proposal.confidence == "high"
    assert (other.what, other.proof.events) == ("Microsoft-Windows-PowerShell/Operational", ("E1.1",))
    assert stopped.proposal.confidence == "low"


def test_missing_numbers(tmp_path: Path) -> None:
    whole = busy(SECURITY, "ws1", 0, 2_000, 10)
    holed = [one for one in busy(SECURITY, "ws2", 0, 2_000, 10) if not 51 <= (one.record_id or 0) <= 60]
    filtered = busy(SECURITY, "ws3", 0, 2_000, 10)[::7]
    with lake_of(tmp_path, [*whole, *holed, *filtered]) as lake:
        answer = tampering(lake)
    [jump] = answer.found
    assert (jump.host, jump.missing, jump.kind) == ("ws2", 10, "numbers missing")
    assert jump.proposal.claim.startswith("10 records of the log Security of ws2 are missing after 2026-03-02 09:08:10")
    assert "1 log file of 3" in answer.notes[0]


def connection(at: float, host: str, source: str, port: int) -> Record:
    ends = {"SourceIp": source, "SourcePort": str(port), "DestinationIp": "10.0.0.11", "DestinationPort": "445"}
    return windows(SYSMON, 3, at, host, Protocol="tcp", Initiated=str(host == "ws1").lower(), **ends)


def test_clock_skew_from_what_both_hosts_wrote(tmp_path: Path) -> None:
    records = [connection(n * 100, "ws1", "10.0.0.1", 50_000 + n) for n in range(5)]
    # The target's clock is 90 seconds ahead.
    records += [connection(n * 100 + 90 + n / 10, "srv1", "10.0.0.1", 50_000 + n) for n in range(5)]
    guids = [f"{{0000000{n}-1111-2222-3333-444444444444}}" for n in range(1, 5)]
    for n, guid in enumerate(guids):
        records.append(windows(SECURITY, 4769, n * 100, "dc1", LogonGuid=guid, TargetUserName="ann@CORP", Status="0x0"))
        records.append(logon(n * 100 + 0.5, "srv2", "ann", "10.0.0.1", LogonGuid=guid.upper(), IpPort="0"))
    # Two things alone do not make a skew.
    records += [connection(n, host, "10.0.0.9", 60_000 + n) for n in range(2) for host in ("ws1", "ws7")]
    with lake_of(tmp_path, records) as lake:
        answer = clock_skew(lake)
    by_hosts = {(one.host, one.other): one for one in answer.found}
    skew = by_hosts["srv1", "ws1"]
    assert (round(skew.seconds), skew.pairs, skew.sure) == (90, 5, True)
    assert skew.statement.startswith("The clock of srv1 is 90.2 s ahead of ws1")
    assert by_hosts["dc1", "srv2"].sure
    assert "agree within 2 s" in by_hosts["dc1", "srv2"].statement
    assert not by_hosts["ws1", "ws7"].sure
    assert answer.found[0] is skew


def test_clocks_that_cannot_be_compared_are_said(tmp_path: Path) -> None:
    with lake_of(tmp_path, [connection(0, "ws1", "10.0.0.1", 50_000)]) as lake:
        answer = clock_skew(lake)
    assert answer.found == ()
    assert "cannot be compared" in answer.notes[0]


def test_a_clock_that_was_set(tmp_path: Path) -> None:
    old, new = "2026-03-02T09:00:00.0000000Z", "2026-03-02T08:00:00.0000000Z"
    kernel = ("System", "Microsoft-Windows-Kernel-General")
    who = {"SubjectUserName": "eve", "SubjectDomainName": "CORP"}
    records = [
        windows(SECURITY, 4616, 1, "ws1", PreviousTime=old, NewTime=new, **who),
        windows(kernel, 1, 1, "ws1", OldTime=old, NewTime=new),
        windows(SECURITY, 4616, 9, "ws2", PreviousTime=old, NewTime="2026-03-02T09:00:00.5000000Z"),
        windows(SECURITY, 4616, 9, "ws3", PreviousTime="?", NewTime="?"),
    ]
    with lake_of(tmp_path, records) as lake:
        answer = clocks_set(lake)
    [change] = answer.found
    assert change.statement == "The clock of ws1 was set back by 60 min by CORP\\eve"
    assert change.proof.count == 2
    assert answer.notes


def test_real_cleared_logs(shared: Path, tmp_path: Path) -> None:
    path = next((shared / "evtx-attack-samples").rglob("DE_1102_security_log_cleared.evtx"))
    write_item(tmp_path, "E1", read(path, Tally(), name=path.name))
    with Lake(tmp_path) as lake:
        found = tampering(lake).found
    assert any(
        one.proposal.techniques == ("T1070.001",) and one.kind == "the security log was cleared" for one in found
    )
