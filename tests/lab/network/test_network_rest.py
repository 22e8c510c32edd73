"""Conversations, long connections, rare destinations, DNS tunnels and uploads, with known answers."""

from __future__ import annotations

import ipaddress
import random
from pathlib import Path

from lab_events import record as windows_record
from network_records import DAY, START, conn, lake_of, question, written

from tocsin.lab import Tally, read
from tocsin.lab.lake import Lake, write_item
from tocsin.lab.network.conversations import conversations
from tocsin.lab.network.dns_tunnels import TunnelLimits, dns_tunnels, entropy_of
from tocsin.lab.network.long_connections import long_connections
from tocsin.lab.network.rare import rare_destinations
from tocsin.lab.network.uploads import large_uploads
from tocsin.lab.record import Record


def test_conversations_add_up(tmp_path: Path) -> None:
    records = [
        conn(10, "10.0.0.5", "198.51.100.7", sent=100, got=1_000, lasts=2),
        conn(30, "10.0.0.5", "198.51.100.7", sent=300, got=3_000, lasts=60),
        conn(20, "10.0.0.5", "198.51.100.7", 80, sent=50, got=70, lasts=1),
    ]
    with lake_of(tmp_path, records) as lake:
        answer = conversations(lake)
        few = conversations(lake, limit=1)
    assert (answer.total, answer.considered) == (2, 3)
    tls, web = answer.found
    assert (tls.port, tls.count, tls.bytes_out, tls.bytes_in, tls.seconds, tls.longest) == (443, 2, 400, 4_000, 62, 60)
    assert tls.first is not None
    assert (tls.first - START).total_seconds() == 10
    assert (tls.proof.events, tls.proof.count) == (("E1.0", "E1.1"), 2)
    assert (web.port, web.count, web.protocol) == (80, 1, "tcp")
    assert (len(few.found), few.total) == (1, 2)


def test_one_connection_that_both_ends_and_a_sensor_saw_counts_once(tmp_path: Path) -> None:
    ends = {
        "SourceIp": "10.0.0.5",
        "SourcePort": "50000",
        "DestinationIp": "10.0.0.9",
        "DestinationPort": "445",
        "Protocol": "tcp",
    }
    sysmon = {"provider": "Microsoft-Windows-Sysmon"}
    both = [
        windows_record("Microsoft-Windows-Sysmon/Operational", 3, ends, Computer=host, **sysmon)
        for host in ("ws1", "ws2")
    ]
    sensor = [conn(number, "10.0.0.5", "10.0.0.9", 445) for number in range(3)]
    with lake_of(tmp_path, both + sensor) as lake:
        [talk] = conversations(lake).found
    assert talk.count == 3


def test_long_connections(tmp_path: Path) -> None:
    records = [
        conn(0, "10.0.0.5", "203.0.113.9", 4444, lasts=5 * 3600),
        conn(0, "10.0.0.5", "203.0.113.10", 443, lasts=3_599),
        conn(0, "10.0.0.6", "10.0.0.7", 22, lasts=9 * 3600),
    ]
    with lake_of(tmp_path, records) as lake:
        answer = long_connections(lake)
    [found] = answer.found
    assert (found.src, found.port, found.longest) == ("10.0.0.5", 4444, 5 * 3600)
    assert (answer.total, answer.considered) == (1, 3)
    assert "open for 5 h" in found.proposal.claim


def test_rare_destinations_need_several_sources_to_be_rare(tmp_path: Path) -> None:
    usual = [conn(n * 3600, f"10.0.0.{host}", "198.51.100.7") for host in range(1, 8) for n in range(20)]
    early = [conn(n * 3600, "10.0.0.2", "198.51.100.8") for n in range(20)]
    late = [conn(15 * 3600 + n, "10.0.0.3", "203.0.113.9", sent=9_000) for n in range(5)]
    once = [conn(16 * 3600, "10.0.0.4", "203.0.113.77")]
    with lake_of(tmp_path / "many", usual + early + late + once) as lake:
        [found] = rare_destinations(lake).found
    assert (found.dst, found.sources, found.all_sources, found.count) == ("203.0.113.9", ("10.0.0.3",), 7, 5)
    assert found.late > 0.7
    assert found.bytes_out == 45_000
    with lake_of(tmp_path / "one", early + late) as lake:
        alone = rare_destinations(lake)
    assert alone.found == ()
    assert "not judged" in alone.notes[0]


def tunnel(random_: random.Random, owner: str, count: int, kind: str = "TXT") -> list[Record]:
    return [question(n * 5, "10.0.0.6", f"{random_.getrandbits(180):045x}.{owner}", kind) for n in range(count)]


def test_a_dns_tunnel_shows_under_its_registered_domain(tmp_path: Path) -> None:
    random_ = random.Random(1)
    words = ["www", "mail", "static", "img", "api", "login", "cdn", "shop"]
    usual = [question(n, f"10.0.0.{n % 9}", f"{random_.choice(words)}.example{n % 60}.com") for n in range(4_000)]
    with lake_of(tmp_path, usual + tunnel(random_, "t1.evil.co.uk", 500)) as lake:
        answer = dns_tunnels(lake)
        none = dns_tunnels(lake, query="domain:*.com")
    [found] = answer.found
    assert (found.src, found.domain, found.queries, found.names) == ("10.0.0.6", "evil.co.uk", 500, 500)
    assert found.carriers == 1.0
    assert {sign.name for sign in found.signs} == {"names", "fresh", "label", "entropy", "carriers", "volume"}
    assert found.proposal.techniques == ("T1071.004", "T1048.003")
    assert found.proposal.confidence == "high"
    assert answer.considered == 4_500
    assert none.found == ()


def test_many_names_alone_are_no_tunnel(tmp_path: Path) -> None:
    # A big site with a name for each user, which clients ask for again and again.
    names = [question(n, "10.0.0.6", f"user{n % 400}.blogs.example.com") for n in range(3_000)]
    reverse = [question(n, "10.0.0.6", f"{n % 250}.{n % 9}.0.10.in-addr.arpa", "PTR") for n in range(3_000)]
    few = tunnel(random.Random(2), "small.example.org", 50)
    with lake_of(tmp_path, names + reverse + few) as lake:
        answer = dns_tunnels(lake)
        smaller = dns_tunnels(lake, limits=TunnelLimits(names=40))
    assert answer.found == ()
    assert [one.domain for one in smaller.found] == ["example.org"]


def test_a_security_product_that_codes_hashes_into_names_is_doubted(tmp_path: Path) -> None:
    with lake_of(tmp_path, tunnel(random.Random(3), "p1.sophosxl.net", 500, "TXT")) as lake:
        [found] = dns_tunnels(lake).found
    assert found.harmless is not None
    assert found.proposal.confidence == "low"


def test_entropy() -> None:
    assert entropy_of("aaaa") == 0
    assert entropy_of("") == 0
    assert entropy_of("ab.ab") == 1
    assert abs(entropy_of("0123456789abcdef") - 4) < 1e-9


def test_uploads_are_held_against_the_hosts_usual_day(tmp_path: Path) -> None:
    usual = [
        conn(day * DAY + hour * 3600, "10.0.0.5", "198.51.100.7", sent=200_000, got=20_000_000)
        for day in range(6)
        for hour in range(8, 18)
    ]
    exfil = [conn(4 * DAY + 3 * 3600 + n, "10.0.0.5", "203.0.113.9", sent=30_000_000, got=10_000) for n in range(10)]
    # A backup every night: much, each day, and nothing comes back.
    backup = [conn(day * DAY, "10.0.0.8", "198.51.100.9", 22, sent=400_000_000, got=200_000_000) for day in range(6)]
    with lake_of(tmp_path, usual + exfil + backup) as lake:
        answer = large_uploads(lake)
    [found] = answer.found
    assert (found.src, found.dst, found.bytes_out, found.usual) == ("10.0.0.5", "203.0.113.9", 300_000_000, 2_000_000)
    assert found.ratio == 3_000
    assert found.proposal.confidence == "moderate"
    assert found.proposal.techniques == ("T1567",)
    assert "300 MB" in found.proposal.claim


def test_an_upload_without_a_usual_day_says_so(tmp_path: Path) -> None:
    with lake_of(tmp_path, [conn(0, "10.0.0.5", "203.0.113.9", 22, sent=90_000_000, got=0)]) as lake:
        [found] = large_uploads(lake).found
    assert found.usual is None
    assert found.ratio is None
    assert found.proposal.confidence == "low"
    assert found.proposal.techniques == ("T1048",)
    assert any("not known" in doubt for doubt in found.proposal.doubts)


def test_names_that_try_to_break_out_are_only_values(tmp_path: Path) -> None:
    hostile = "x'; drop table events; --"
    records = [conn(n * 60, hostile, "203.0.113.9") for n in range(100)]
    records += [question(n, hostile, f"{n:050x}.ev'il.example") for n in range(200)]
    write_item(tmp_path, "E1", records)
    with Lake(tmp_path) as lake:
        assert conversations(lake).found[0].src == hostile
        assert dns_tunnels(lake).considered == 200
    assert written(0) == "2026-03-02T00:00:00.000000Z"


def test_real_command_and_control_shows_among_the_conversations(shared: Path, tmp_path: Path) -> None:
    # APT29 as the evaluation played it: the attacker's hosts are in 192.168.0.0/24, the house is 10.0.0.0/16.
    house = (ipaddress.ip_network("10.0.0.0/16"),)
    for number, path in enumerate(sorted((shared / "otrf/compound/apt29").rglob("*zeek_logs.zip"))):
        write_item(tmp_path, f"E{number}", read(path, Tally(), name=path.name))
    with Lake(tmp_path) as lake:
        outside = conversations(lake, query="dst_address:192.168.0.0/24")
        [held] = long_connections(lake, hours=0.5, internal=house).found
        calm = dns_tunnels(lake)
    assert {("10.0.1.5", "192.168.0.4", 443), ("10.0.1.6", "192.168.0.4", 8443)} <= {
        (one.src, one.dst, one.port) for one in outside.found
    }
    assert (held.src, held.dst, held.port, round(held.longest)) == ("10.0.1.4", "192.168.0.5", 443, 1901)
    # The exercise had no DNS tunnel.
    assert calm.considered > 0
    assert calm.found == ()
