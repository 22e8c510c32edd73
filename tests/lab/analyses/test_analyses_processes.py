"""Process trees: by GUID, by numbers that are used again, from both logs at once, and from hostile records."""

from __future__ import annotations

from pathlib import Path

from analyses_records import SECURITY, SYSMON, after, lake_of, windows

from tocsin.lab import Tally, read
from tocsin.lab.analyses.processes import MAX_DEPTH, Process, around, process_tree
from tocsin.lab.lake import Lake, write_item
from tocsin.lab.record import Record


def sysmon(at: float, guid: str, parent: str, program: str, pid: int = 100, parent_pid: int = 50) -> Record:
    data = {
        "ProcessGuid": guid,
        "ProcessId": str(pid),
        "Image": f"C:\\bin\\{program}",
        "CommandLine": f"{program} /x",
        "ParentProcessGuid": parent,
        "ParentProcessId": str(parent_pid),
        "ParentImage": "C:\\bin\\parent.exe",
        "User": "CORP\\ann",
    }
    return windows(SYSMON, 1, at, "ws1", **data)


def audit(at: float, pid: int, parent_pid: int, program: str, parent: str | None = None, host: str = "ws1") -> Record:
    data = {"NewProcessId": hex(pid), "ProcessId": hex(parent_pid), "NewProcessName": f"C:\\bin\\{program}"}
    data |= {"SubjectUserName": "ann", "SubjectDomainName": "CORP", "TargetUserName": "-", "TargetDomainName": "-"}
    if parent:
        data["ParentProcessName"] = f"C:\\bin\\{parent}"
    return windows(SECURITY, 4688, at, host, **data)


def exited(at: float, pid: int, program: str) -> Record:
    return windows(SECURITY, 4689, at, "ws1", ProcessId=hex(pid), ProcessName=f"C:\\bin\\{program}", Status="0x0")


def drawn(tree: tuple[Process, ...]) -> list[str]:
    return ["  " * process.depth + process.name for process in tree]


def test_a_tree_by_guid(tmp_path: Path) -> None:
    records = [
        sysmon(30, "{C}", "{B}", "whoami.exe", 102),
        sysmon(10, "{A}", "{0}", "explorer.exe", 100),
        sysmon(20, "{B}", "{A}", "cmd.exe", 101),
        sysmon(40, "{D}", "{A}", "notepad.exe", 103),
        windows(SYSMON, 5, 35, "ws1", ProcessGuid="{C}", ProcessId="102", Image="C:\\bin\\whoami.exe"),
        sysmon(25, "{E}", "{B}", "net.exe", 104),
    ]
    with lake_of(tmp_path, records) as lake:
        answer = process_tree(lake, "WS1.corp.example", detections={"E1.0": ["Whoami", "Whoami"]})
        nothing = process_tree(lake, "ws9")
    tree = answer.found
    assert drawn(tree) == [
        "parent.exe",
        "  explorer.exe",
        "    cmd.exe",
        "      net.exe",
        "      whoami.exe",
        "    notepad.exe",
    ]
    made, explorer, cmd, net, whoami, _ = tree
    assert (made.is_made, made.started, explorer.is_made, explorer.children) == (True, None, False, 2)
    assert (whoami.started, whoami.ended, whoami.detections) == (after(30), after(35), ("Whoami",))
    assert (cmd.user, cmd.command_line, cmd.pid, cmd.events) == ("CORP\\ann", "cmd.exe /x", 101, ("E1.2",))
    assert drawn(around(tree, "E1.2")) == drawn((made, explorer, cmd, net, whoami))
    assert around(tree, "E1.99") == ()
    assert (nothing.found, nothing.total) == ((), 0)


def test_numbers_that_are_used_again_belong_to_the_latest_that_runs(tmp_path: Path) -> None:
    records = [
        audit(10, 0x10, 0x4, "first.exe"),
        audit(20, 0x20, 0x10, "child1.exe", "first.exe"),
        exited(30, 0x10, "first.exe"),
        # The number is free: a child of it now is of somebody whom no record tells of.
        audit(35, 0x21, 0x10, "orphan.exe", "ghost.exe"),
        audit(40, 0x10, 0x4, "second.exe"),
        audit(50, 0x22, 0x10, "child2.exe", "second.exe"),
        # By number it would be second.exe, but it says that it is of another program.
        audit(60, 0x23, 0x10, "other.exe", "third.exe"),
    ]
    with lake_of(tmp_path, records) as lake:
        tree = process_tree(lake, "ws1").found
    by_id = {process.id: process for process in tree}
    parents = {p.name: by_id[p.parent].name for p in tree if p.parent is not None}
    assert parents["child1.exe"] == "first.exe"
    assert parents["orphan.exe"] == "ghost.exe"
    assert parents["child2.exe"] == "second.exe"
    assert parents["other.exe"] == "third.exe"
    assert {p.name for p in tree if p.is_made} >= {"ghost.exe", "third.exe"}
    [first] = [p for p in tree if p.name == "first.exe"]
    assert first.ended == after(30)


def test_both_logs_of_one_start_are_one_process(tmp_path: Path) -> None:
    records = [
        sysmon(10.2, "{A}", "{0}", "cmd.exe", 0x30),
        audit(10.0, 0x30, 0x4, "cmd.exe"),
        # The same number at the same time, but another program; and the same program long after.
        audit(10.1, 0x31, 0x4, "other.exe"),
        audit(900, 0x30, 0x4, "cmd.exe"),
    ]
    with lake_of(tmp_path, records) as lake:
        tree = [process for process in process_tree(lake, "ws1").found if not process.is_made]
    assert sorted(len(process.events) for process in tree) == [1, 1, 2]
    [both] = [process for process in tree if len(process.events) == 2]
    assert (both.guid, both.pid) == ("{a}", 0x30)


def test_hosts_are_not_mixed(tmp_path: Path) -> None:
    with lake_of(tmp_path, [audit(1, 1, 2, "a.exe"), audit(1, 1, 2, "b.exe", host="ws2")]) as lake:
        assert [p.name for p in process_tree(lake, "ws2").found if not p.is_made] == ["b.exe"]


def test_hostile_parents(tmp_path: Path) -> None:
    circle = [sysmon(1, "{A}", "{B}", "a.exe"), sysmon(2, "{B}", "{A}", "b.exe"), sysmon(3, "{S}", "{S}", "self.exe")]
    with lake_of(tmp_path / "circle", circle) as lake:
        tree = process_tree(lake, "ws1").found
    assert sorted(process.name for process in tree) == ["a.exe", "b.exe", "self.exe"]
    deep = [sysmon(n, f"{{{n}}}", f"{{{n - 1}}}", "loop.exe", n + 1, n) for n in range(1, 3_000)]
    with lake_of(tmp_path / "deep", deep) as lake:
        answer = process_tree(lake, "ws1")
    assert max(process.depth for process in answer.found) == MAX_DEPTH - 1
    assert answer.notes
    same = [audit(1 + n / 1_000, 7, 7, "same.exe", "same.exe") for n in range(20_000)]
    with lake_of(tmp_path / "same", same) as lake:
        assert process_tree(lake, "ws1").total >= 20_000


def test_a_limit_is_said(tmp_path: Path) -> None:
    with lake_of(tmp_path, [sysmon(n, f"{{{n}}}", "{0}", "a.exe", n) for n in range(50)]) as lake:
        answer = process_tree(lake, "ws1", limit=10)
    assert len(answer.found) <= 12
    assert "narrow" in answer.notes[0]


def test_a_real_tree(shared: Path, tmp_path: Path) -> None:
    name = "cmd_mshta_javascript_getobject_sct.zip"
    path = shared / "otrf/atomic/windows/defense_evasion/host" / name
    write_item(tmp_path, "E1", read(path, Tally(), name=name))
    with Lake(tmp_path) as lake:
        tree = process_tree(lake, "WORKSTATION5").found
    places = {process.name: process for process in tree}
    by_id = {process.id: process for process in tree}
    mshta, calc = places["mshta.exe"], places["calc.exe"]
    assert calc.parent == mshta.id
    assert mshta.parent is not None
    assert by_id[mshta.parent].name == "cmd.exe"
    # Sysmon and Security both tell of it.
    assert len(mshta.events) == 2


def test_the_reverse_shell_of_log4shell_on_linux(shared: Path, tmp_path: Path) -> None:
    for number, path in enumerate(sorted((shared / "otrf/compound/Log4Shell").glob("syslog_*.zip"))):
        write_item(tmp_path, f"E{number}", read(path, Tally(), name=path.name))
    with Lake(tmp_path) as lake:
        tree = process_tree(lake, "ubuntu5").found
    by_id = {process.id: process for process in tree}
    [whoami] = [process for process in tree if process.name == "whoami"]
    assert whoami.parent is not None
    shell = by_id[whoami.parent]
    assert (shell.name, shell.command_line) == ("bash", "bash -i")
    # Sysmon and the audit daemon both tell of it.
    assert len(whoami.events) == 2
    assert shell.parent is not None
    above = by_id[shell.parent]
    while above.parent is not None and not above.command_line.startswith("bash -c"):
        above = by_id[above.parent]
    # Only the audit daemon tells of the command that the web server ran.
    assert above.command_line.startswith("bash -c {echo,") or above.command_line.startswith('bash -c "{echo,')
