"""The logon graph and the paths through it."""

from __future__ import annotations

from pathlib import Path

from analyses_records import SECURITY, after, lake_of, logon, own_address, windows

from tocsin.lab import Tally, read
from tocsin.lab.analyses.addresses import addresses_of_hosts
from tocsin.lab.analyses.lateral import lateral_paths
from tocsin.lab.analyses.logons import contacts, edges
from tocsin.lab.analyses.names import account_of, host_of, is_nobody, one_name_each
from tocsin.lab.lake import Lake, write_item
from tocsin.lab.record import Record

ADDRESSES = {"ws1": "10.0.0.1", "ws2": "10.0.0.2", "srv1": "10.0.0.11", "dc1": "10.0.0.12"}
KNOWN = [own_address(host, address) for host, address in ADDRESSES.items()]


def sshd(at: float, host: str, words: str) -> Record:
    time = after(at).isoformat().replace("+00:00", "Z")
    return Record(None, time, host, "linux/auth", "sshd", None, {}, {"message": words})


def test_addresses_become_hosts_only_where_the_evidence_proves_it(tmp_path: Path) -> None:
    leased = [own_address("ws7", "10.0.0.77"), own_address("ws8", "10.0.0.77")]
    machine = logon(1, "dc1", "SRV9$", "10.0.0.99")
    claimed = logon(1, "dc1", "ann", "10.0.0.55", AuthenticationPackageName="NTLM", WorkstationName="DC1")
    with lake_of(tmp_path, [*KNOWN, *leased, machine, claimed]) as lake:
        known = addresses_of_hosts(lake)
    assert known.hosts == {address: host for host, address in ADDRESSES.items()} | {"10.0.0.99": "srv9"}
    assert known.shared == {"10.0.0.77": ("ws7", "ws8")}
    assert known.name("10.0.0.77") == "10.0.0.77"


def test_the_graph_says_who_came_from_where(tmp_path: Path) -> None:
    records = [
        *KNOWN,
        *(logon(at, "srv1", "ann", "10.0.0.1") for at in (60, 61, 4_000)),
        logon(70, "srv1", "ann", "10.0.0.1", code=4625),
        windows(SECURITY, 4672, 60, "srv1", SubjectUserName="ann", SubjectDomainName="CORP", SubjectLogonId="0x1234"),
        logon(80, "ws2", "bob", "-", kind=2, TargetLogonId="0x9"),
        logon(80, "ws2", "WS2$", "10.0.0.2"),
        logon(80, "ws2", "SYSTEM", "-", kind=5, TargetDomainName="NT AUTHORITY"),
    ]
    with lake_of(tmp_path, records) as lake:
        found = contacts(lake)
        graph = edges(found.found)
        everything = contacts(lake, with_machines=True)
    assert [(c.source, c.target, c.account, c.failed, c.count) for c in found.found] == [
        ("ws1", "srv1", "corp\\ann", False, 2),
        ("ws1", "srv1", "corp\\ann", True, 1),
        (None, "ws2", "corp\\bob", False, 1),
        ("ws1", "srv1", "corp\\ann", False, 1),
    ]
    remote, local = graph.found
    assert (remote.source, remote.count, remote.failed, remote.privileged) == ("ws1", 4, 1, 3)
    assert (remote.first, remote.last) == (after(60), after(4_000))
    assert remote.proof.count == 4
    assert set(remote.proof.events) == {"E1.4", "E1.5", "E1.6", "E1.7"}
    assert local.statement == "corp\\bob logged on to ws2 locally (interactive) 1 time"
    assert {c.account for c in everything.found} == {"corp\\ann", "corp\\bob", "corp\\ws2$"}


def test_what_a_client_gives_as_a_name_does_not_change_where_it_came_from(tmp_path: Path) -> None:
    records = [
        sshd(0, "web1", "Failed password for invalid user root from 10.0.0.1 from 203.0.113.7 port 4242 ssh2"),
        sshd(1, "web1", "Accepted publickey for deploy from 10.0.0.2 port 4243 ssh2: RSA SHA256:abc"),
        sshd(2, "web1", "Connection closed by 203.0.113.7 port 4242 [preauth]"),
    ]
    with lake_of(tmp_path, [*KNOWN, *records]) as lake:
        failed, accepted = contacts(lake).found
    assert (failed.source, failed.account, failed.failed, failed.kind) == (
        "203.0.113.7",
        "root from 10.0.0.1",
        True,
        "ssh",
    )
    assert (accepted.source, accepted.target, accepted.account) == ("ws2", "web1", "deploy")


def test_one_remote_desktop_session_is_one_contact(tmp_path: Path) -> None:
    manager = "Microsoft-Windows-TerminalServices-"
    records = [
        *KNOWN,
        logon(10, "srv1", "ann", "10.0.0.1", kind=10),
        windows(
            (f"{manager}RemoteConnectionManager/Operational", f"{manager}RemoteConnectionManager"),
            1149,
            8,
            "srv1",
            Param1="ann",
            Param2="CORP",
            Param3="10.0.0.1",
        ),
    ]
    with lake_of(tmp_path, records) as lake:
        [found] = contacts(lake).found
    assert (found.kind, found.count, len(found.events)) == ("remote desktop", 1, 2)


def test_paths_follow_time(tmp_path: Path) -> None:
    records = [
        *KNOWN,
        logon(100, "ws2", "ann", "10.0.0.1"),
        logon(200, "srv1", "ann", "10.0.0.2"),
        logon(300, "dc1", "adm", "10.0.0.11"),
        # Before srv1 was reached from ws2: no continuation.
        logon(50, "ws1", "eve", "10.0.0.11"),
        # Failed, and by a machine: no ways to get anywhere.
        logon(250, "ws1", "ann", "10.0.0.2", code=4625),
        logon(260, "dc1", "SRV1$", "10.0.0.11"),
    ]
    with lake_of(tmp_path, records) as lake:
        found = contacts(lake).found
    paths = lateral_paths(found).found
    # From srv1 around to srv1 again is no path: it goes on as the part after the first visit.
    assert [path.hosts for path in paths] == [("ws1", "ws2", "srv1", "dc1"), ("srv1", "ws1", "ws2")]
    [path] = lateral_paths(found, start_host="ws1", since=after(90)).found
    assert path.hosts == ("ws1", "ws2", "srv1", "dc1")
    assert path.accounts == ("corp\\ann", "corp\\adm")
    assert [hint.technique for hint in path.hints] == ["T1078"]
    assert path.proposal.techniques == ("T1021", "T1078")
    assert "lateral-movement" in path.proposal.tactics
    assert path.proposal.claim.startswith("corp\\ann, corp\\adm moved ws1 > ws2 > srv1 > dc1 from 2026-03-02 09:01:40")
    assert lateral_paths(found, start_host="dc1").found == ()
    [by_account] = lateral_paths(found, start_account="CORP\\adm").found
    assert by_account.hosts == ("srv1", "dc1")


def test_a_path_ends_where_the_wait_is_too_long(tmp_path: Path) -> None:
    records = [*KNOWN, logon(100, "ws2", "ann", "10.0.0.1"), logon(100 + 30 * 3600, "srv1", "ann", "10.0.0.2")]
    with lake_of(tmp_path, records) as lake:
        found = contacts(lake).found
    assert [path.hosts for path in lateral_paths(found, start_host="ws1").found] == [("ws1", "ws2")]
    assert lateral_paths(found).found == ()


def test_hints_of_stolen_credentials(tmp_path: Path) -> None:
    ntlm = {"AuthenticationPackageName": "NTLM", "LogonProcessName": "NtLmSsp "}
    records = [
        *KNOWN,
        logon(100, "ws2", "ann", "10.0.0.1", **ntlm),
        logon(200, "srv1", "ann", "10.0.0.2", **(ntlm | {"KeyLength": "128"})),
        logon(
            150,
            "ws2",
            "ann",
            "-",
            kind=9,
            LogonProcessName="seclogo",
            AuthenticationPackageName="Negotiate",
            TargetOutboundUserName="adm",
        ),
        windows(
            SECURITY,
            4648,
            300,
            "srv1",
            SubjectUserName="ann",
            SubjectDomainName="CORP",
            TargetUserName="adm",
            TargetDomainName="CORP",
            TargetServerName="DC1.corp.example",
            IpAddress="-",
        ),
    ]
    with lake_of(tmp_path, records) as lake:
        found = contacts(lake).found
    keyless = {(c.target, c.kind): (c.keyless, c.seclogo) for c in found}
    assert keyless["ws2", "network"] == (True, False)
    assert keyless["srv1", "network"] == (False, False)
    assert keyless["ws2", "new credentials"] == (False, True)
    [path] = lateral_paths(found, start_host="ws1").found
    assert path.hosts == ("ws1", "ws2", "srv1", "dc1")
    assert path.hops[-1].actor == "corp\\ann"
    assert {hint.technique for hint in path.hints} == {"T1550.002", "T1078"}
    assert path.proposal.confidence == "moderate"


def test_a_hundred_thousand_logons_in_a_circle_stay_cheap() -> None:
    from tocsin.lab.analyses.logons import Contact

    hosts = [f"h{number}" for number in range(200)]
    many = [
        Contact(
            hosts[number % 200],
            hosts[(number * 7 + 1) % 200],
            "corp\\ann",
            None,
            "network",
            False,
            False,
            None,
            False,
            False,
            after(number),
            after(number),
            1,
            (f"E1.{number}",),
        )
        for number in range(100_000)
    ]
    answer = lateral_paths(many)
    assert len(answer.found) == 100
    assert all(len(set(path.hosts)) == len(path.hosts) for path in answer.found)


def test_names() -> None:
    assert account_of("CORP.EXAMPLE\\Ann") == account_of("ann@corp.example") == account_of("corp\\ANN") == "corp\\ann"
    assert account_of("root") == "root"
    assert host_of("\\\\SRV1.corp.example") == "srv1"
    assert host_of("10.0.0.1") == "10.0.0.1"
    nobodies = (
        "",
        None,
        "-",
        "NT AUTHORITY\\SYSTEM",
        "CORP\\WS1$",
        "S-1-5-18",
        "Window Manager\\DWM-1",
        "ANONYMOUS LOGON",
    )
    assert all(is_nobody(name) for name in nobodies)
    assert not any(is_nobody(name) for name in ("CORP\\ann", "root", "svc_sql", "ann@corp.example"))
    names = one_name_each(["CORP.EXAMPLE\\ann", "Corp\\Ann", "CORP\\ann", "OTHER\\ann", "A.EXAMPLE\\bob"])
    assert names["CORP.EXAMPLE\\ann"] == names["Corp\\Ann"] == names["CORP\\ann"]
    assert names["OTHER\\ann"] == "OTHER\\ann"
    assert names["A.EXAMPLE\\bob"] == "A.EXAMPLE\\bob"


def test_real_pass_the_hash_and_explicit_credentials_show(shared: Path, tmp_path: Path) -> None:
    samples = sorted((shared / "evtx-attack-samples").rglob("*.evtx"))
    for number, path in enumerate(samples):
        write_item(tmp_path, f"E{number}", read(path, Tally(), name=path.name))
    with Lake(tmp_path) as lake:
        found = contacts(lake)
    assert any(c.seclogo and c.actor == "malseclogonuser" for c in found.found)
    explicit = [c for c in found.found if c.kind == "explicit credentials" and c.source]
    assert {(c.source, c.target, c.actor, c.account) for c in explicit} >= {
        ("pc01", "win-77ltaphiq1r", "example\\user01", "example\\administrator")
    }
    assert [path.hosts for path in lateral_paths(found.found, start_host="pc01", start_account="administrator").found]
