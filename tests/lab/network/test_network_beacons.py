"""Beacons: what is one, what is none, and what is one but harmless."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from network_records import DAY, conn, lake_of, zeek

from tocsin.lab.network.beacons import Beacon, BeaconLimits, beacons
from tocsin.lab.record import Record

C2 = "203.0.113.9"


def sleeping(random_: random.Random, period: float, jitter: float, count: int) -> Iterator[float]:
    """Times at which a program calls that sleeps for `period` seconds less up to a share of it."""
    at = 100.0
    for _ in range(count):
        yield at
        at += period * (1 - jitter * random_.random())


def browsing(random_: random.Random, src: str, dst: str, visits: int) -> Iterator[Record]:
    """A person: visits at any time of a working day, in bursts of clicks with pauses to read."""
    for _ in range(visits):
        at = 8 * 3600 + random_.random() * 9 * 3600
        for _ in range(random_.randint(1, 12)):
            yield conn(at, src, dst, sent=random_.randint(300, 9_000))
            at += random_.lognormvariate(2.5, 1.2)


def found(folder: Path, records: list[Record], **options: object) -> dict[str, Beacon]:
    with lake_of(folder, records) as lake:
        return {f"{one.src}>{one.dst}": one for one in beacons(lake, **options).found}  # type: ignore[arg-type]


def test_a_program_that_sleeps_with_jitter_is_a_beacon(tmp_path: Path) -> None:
    random_ = random.Random(1)
    for number, jitter in enumerate((0.0, 0.2, 0.5)):
        records = [conn(at, "10.0.0.5", C2) for at in sleeping(random_, 60, jitter, 300)]
        [beacon] = found(tmp_path / str(number), records).values()
        assert (beacon.check_ins, beacon.connections, beacon.port) == (300, 300, 443)
        assert abs(beacon.period - 60 * (1 - jitter / 2)) < 3
        # A uniform spread deviates by a quarter of its width in the median.
        assert abs(beacon.jitter - 60 * jitter / 4) < 2
        proposal = beacon.proposal
        assert proposal.techniques == ("T1071.001",)
        assert "command-and-control" in proposal.tactics
        assert proposal.proof.count == 300
        assert proposal.proof.events[0] == "E1.0"
        assert "10.0.0.5 called 203.0.113.9:443 about every" in proposal.claim
        assert {reason.name for reason in proposal.reasons} >= {"score", "check_ins", "jitter", "alike"}


def test_a_night_off_and_bursts_do_not_hide_a_beacon(tmp_path: Path) -> None:
    random_ = random.Random(2)
    times = [at if number < 150 else at + 8 * 3600 for number, at in enumerate(sleeping(random_, 90, 0.1, 300))]
    # Each check-in opens three connections at once.
    records = [conn(at + more, "10.0.0.5", C2) for at in times for more in (0, 0.2, 0.4)]
    [beacon] = found(tmp_path, records).values()
    assert (beacon.check_ins, beacon.connections) == (300, 900)
    assert 80 < beacon.period < 92


def test_a_person_who_browses_is_no_beacon(tmp_path: Path) -> None:
    random_ = random.Random(3)
    records = [record for _ in range(20) for record in browsing(random_, "10.0.0.7", "198.51.100.7", 30)]
    assert found(tmp_path, records) == {}


def test_random_arrivals_are_no_beacon(tmp_path: Path) -> None:
    # What one address sends that stands for hundreds of clients: a proxy, or NAT.
    random_ = random.Random(4)
    records = [conn(random_.random() * DAY, "10.0.0.1", "198.51.100.7") for _ in range(3_000)]
    assert found(tmp_path, records) == {}


def test_a_download_in_pieces_and_a_handful_of_calls_are_no_beacons(tmp_path: Path) -> None:
    pieces = [conn(number * 2, "10.0.0.7", "198.51.100.8") for number in range(500)]
    handful = [conn(number * 3600, "10.0.0.8", "198.51.100.9") for number in range(15)]
    assert found(tmp_path, pieces + handful) == {}
    assert set(found(tmp_path / "2", handful, limits=BeaconLimits(check_ins=10))) == {"10.0.0.8>198.51.100.9"}


def test_an_ntp_client_is_a_beacon_with_a_harmless_explanation(tmp_path: Path) -> None:
    clock = [conn(number * 64, "10.0.0.5", "198.51.100.123", 123, sent=48, got=48) for number in range(200)]
    malware = [conn(number * 61 + 0.5, "10.0.0.5", C2) for number in range(200)]
    with lake_of(tmp_path, clock + malware) as lake:
        first, second = beacons(lake).found
    assert (first.dst, first.harmless) == (C2, None)
    assert second.dst == "198.51.100.123"
    assert second.harmless is not None
    assert "NTP" in second.harmless
    assert second.proposal.confidence == "low"
    assert second.harmless in second.proposal.interpretation


def test_what_most_hosts_call_is_doubted(tmp_path: Path) -> None:
    records = [conn(number * 60, f"10.0.0.{host}", "198.51.100.50") for host in range(1, 9) for number in range(100)]
    answers = found(tmp_path, records)
    assert len(answers) == 8
    for beacon in answers.values():
        assert (beacon.sources, beacon.all_sources) == (8, 8)
        assert beacon.proposal.confidence == "low"


def test_inside_is_left_out_unless_asked_for(tmp_path: Path) -> None:
    records = [conn(number * 60, "10.0.0.5", "192.168.7.9", 8080) for number in range(100)]
    assert found(tmp_path, records) == {}
    assert set(found(tmp_path, records, internal=None)) == {"10.0.0.5>192.168.7.9"}


def test_a_beacon_behind_a_proxy_shows_by_its_domain(tmp_path: Path) -> None:
    random_ = random.Random(5)

    def request(at: float, host: str) -> Record:
        ends = {"id.orig_h": "10.0.0.5", "id.orig_p": 1, "id.resp_h": "10.0.0.99", "id.resp_p": 3128}
        return zeek("http", at, **ends, host=host, method="GET", uri="/", request_body_len=0, response_body_len=9)

    others = [request(random_.random() * DAY, f"www{number % 40}.example.org") for number in range(2_000)]
    hidden = [request(at, "cdn.example.net") for at in sleeping(random_, 120, 0.3, 300)]
    assert set(found(tmp_path, others + hidden, by="domain")) == {"10.0.0.5>cdn.example.net"}


def test_no_connections_at_all(tmp_path: Path) -> None:
    with lake_of(tmp_path, []) as lake:
        answer = beacons(lake)
    assert (answer.found, answer.total, answer.considered) == ((), 0, 0)
