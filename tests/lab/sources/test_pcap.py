"""Packet captures: conversations, and what is said in them."""

from __future__ import annotations

import ipaddress
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_packets import (
    ACK,
    CLIENT,
    RST,
    SERVER,
    SYN,
    client_hello,
    conversation,
    dns,
    ethernet,
    ip,
    name,
    numbers,
    pcap,
    pcapng,
    server_name,
    tcp,
    udp,
)
from reading_files import columns, read_text

from tocsin.lab import Tally
from tocsin.lab.record import Record
from tocsin.lab.sources import pcap as source
from tocsin.lab.sources.packets import flows, tls
from tocsin.lab.sources.rows import record_of

REQUEST = b"GET /a?b HTTP/1.1\r\nHost: www.example.org\r\nUser-Agent: ${jndi:ldap://x}\r\n\r\n"
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nServer: x\r\n\r\nhello"


def of(channel: str, records: list[Record]) -> list[Record]:
    return [record for record in records if record.channel == channel]


def check_packets(records: list[Record], tally: Tally) -> None:
    """Each packet is in a conversation, no IP, or not understood."""
    (capture,) = of("pcap/capture", records)
    counted = sum(flow.data["packets_out"] + flow.data["packets_in"] for flow in of("pcap/flow", records))
    assert capture.data["packets"] <= counted + tally.skipped + tally.not_understood
    assert tally.read == len(records)


@pytest.mark.parametrize("content", [
    pcap(*conversation((0, REQUEST), (1, RESPONSE))),
    pcap(*conversation((0, REQUEST), (1, RESPONSE)), order=">"),
    pcap(*conversation((0, REQUEST), (1, RESPONSE)), nanoseconds=True),
    pcapng(*conversation((0, REQUEST), (1, RESPONSE))),
    pcapng(*conversation((0, REQUEST), (1, RESPONSE)), order=">"),
    pcapng(*conversation((0, REQUEST), (1, RESPONSE)), resolution=9),
])  # fmt: skip
def test_a_connection_in_each_file_format(tmp_path: Path, content: bytes) -> None:
    records, tally = read_text(tmp_path, content)
    (flow,) = of("pcap/flow", records)
    assert flow.time == "1970-01-01T00:16:40Z"
    assert flow.data == {
        "src_ip": CLIENT, "src_port": 50000, "dst_ip": SERVER, "dst_port": 80, "protocol": "tcp",
        "start": "1970-01-01T00:16:40Z", "end": "1970-01-01T00:16:40.070000Z", "duration": 0.07, "packets_out": 5,
        "packets_in": 3, "bytes_out": len(REQUEST), "bytes_in": len(RESPONSE), "ip_bytes_out": 200 + len(REQUEST),
        "ip_bytes_in": 120 + len(RESPONSE), "tcp_flags_out": "FSPA", "tcp_flags_in": "FSPA", "state": "SF", "service": "http",
    }  # fmt: skip
    (http,) = of("pcap/http", records)
    assert (http.data["method"], http.data["uri"], http.data["host"]) == ("GET", "/a?b", "www.example.org")
    assert (http.data["user_agent"], http.data["status_code"], http.data["response_body_len"]) == (
        "${jndi:ldap://x}",
        200,
        5,
    )
    assert http.data["url"] == "http://www.example.org/a?b"
    assert (tally.problems, tally.skipped) == ([], 0)
    check_packets(records, tally)


def test_common_columns(tmp_path: Path) -> None:
    records, _ = read_text(tmp_path, pcap(*conversation((0, REQUEST), (1, RESPONSE))))
    found = columns(tmp_path, of("pcap/flow", records)[0])
    expected = {
        "src_address": CLIENT,
        "dst_port": 80,
        "bytes_out": len(REQUEST),
        "bytes_in": len(RESPONSE),
        "duration": 0.07,
    }
    assert {name: found.get(name) for name in expected} == expected


def test_several_requests_on_a_connection(tmp_path: Path) -> None:
    post = b"POST /b HTTP/1.1\r\nHost: b\r\nContent-Length: 14\r\n\r\nGET / HTTP/1.1"
    none = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    frames = conversation(
        (0, REQUEST + post[:30]), (0, post[30:]), (1, RESPONSE[:20]), (1, RESPONSE[20:] + none), (0, REQUEST)
    )
    records, _ = read_text(tmp_path, pcap(*frames))
    found = [
        (record.data["method"], record.data["uri"], record.data.get("status_code"))
        for record in of("pcap/http", records)
    ]
    assert found == [("GET", "/a?b", 200), ("POST", "/b", 404), ("GET", "/a?b", None)]


def test_segments_out_of_order_and_twice(tmp_path: Path) -> None:
    frames = conversation((0, REQUEST[:20]), (0, REQUEST[20:40]), (0, REQUEST[40:]), (1, RESPONSE))
    frames[3:6] = [frames[5], frames[3], frames[3], frames[4]]
    records, _ = read_text(tmp_path, pcap(*frames))
    (http,) = of("pcap/http", records)
    assert http.data["uri"] == "/a?b"


def test_a_gap_costs_what_it_holds(tmp_path: Path) -> None:
    frames = conversation((0, REQUEST), (1, RESPONSE[:10]), (1, RESPONSE[10:]), (0, REQUEST), (1, RESPONSE))
    del frames[4]
    records, tally = read_text(tmp_path, pcap(*frames))
    assert [record.data["uri"] for record in of("pcap/http", records)] == ["/a?b", "/a?b"]
    check_packets(records, tally)


@pytest.mark.parametrize(("sent", "state"), [
    ([(0, SYN)], "S0"),
    ([(0, SYN), (1, RST | ACK)], "REJ"),
    ([(0, SYN), (1, SYN | ACK), (0, ACK)], "S1"),
    ([(0, SYN), (1, SYN | ACK), (0, RST)], "RSTO"),
    ([(0, SYN), (1, SYN | ACK), (1, RST)], "RSTR"),
    ([(0, ACK), (1, ACK)], "OTH"),
])  # fmt: skip
def test_how_connections_went(tmp_path: Path, sent: list[tuple[int, int]], state: str) -> None:
    ends, ports = (CLIENT, SERVER), (50000, 443)
    frames = [
        (1.0 + number, ethernet(ip(ends[side], ends[1 - side], 6, tcp(ports[side], ports[1 - side], flags))))
        for number, (side, flags) in enumerate(sent)
    ]
    records, _ = read_text(tmp_path, pcap(*frames))
    (flow,) = of("pcap/flow", records)
    assert (flow.data["src_ip"], flow.data["dst_port"], flow.data["state"]) == (CLIENT, 443, state)


def test_who_began_is_told_where_the_capture_began_late(tmp_path: Path) -> None:
    answer = ethernet(ip(SERVER, CLIENT, 6, tcp(443, 50000, SYN | ACK)))
    data = ethernet(ip(SERVER, CLIENT, 17, udp(53, 50001, b"x")))
    records, _ = read_text(tmp_path, pcap((1.0, answer), (2.0, data)))
    assert [(flow.data["src_ip"], flow.data["dst_port"]) for flow in of("pcap/flow", records)] == [
        (CLIENT, 443),
        (CLIENT, 53),
    ]


def test_the_same_ports_again_are_another_connection(tmp_path: Path) -> None:
    records, _ = read_text(tmp_path, pcap(*conversation((0, REQUEST)), *conversation((0, REQUEST), start=1010.0)))
    assert [flow.data["packets_out"] for flow in of("pcap/flow", records)] == [5, 5]


def test_silence_ends_a_conversation(tmp_path: Path) -> None:
    question = ethernet(ip(CLIENT, SERVER, 17, udp(50000, 9999, b"x")))
    other = ethernet(ip(CLIENT, SERVER, 17, udp(1, 2)))
    frames = [(1.0, question), (31.0, question), *((200.0 + number / 1000, other) for number in range(600))]
    records, _ = read_text(tmp_path, pcap(*frames, (201.0, question)))
    assert [flow.data["packets_out"] for flow in of("pcap/flow", records)] == [2, 600, 1]


TCP_SYN = tcp(50000, 443, SYN)
IP4, IP6 = ip(CLIENT, SERVER, 6, TCP_SYN), ip("2001:db8::1", "2001:db8::2", 6, TCP_SYN)


@pytest.mark.parametrize(("link", "frame", "address"), [
    (1, ethernet(IP4), CLIENT),
    (1, ethernet(IP6), "2001:db8::1"),
    (1, ethernet(IP4, tags=(0x8100,)), CLIENT),
    (1, ethernet(IP6, tags=(0x88A8, 0x8100)), "2001:db8::1"),
    (1, ethernet(b"\0\x01\x01\x40" + IP4, 0x8847), CLIENT),
    (1, ethernet(b"\x11\0\0\1\0\x20\0\x21" + IP4, 0x8864), CLIENT),
    (113, bytes(14) + b"\x08\0" + IP4, CLIENT),
    (276, b"\x86\xdd" + bytes(18) + IP6, "2001:db8::1"),
    (0, b"\2\0\0\0" + IP4, CLIENT),
    (0, b"\0\0\0\x1e" + IP6, "2001:db8::1"),
    (101, IP4, CLIENT),
    (229, IP6, "2001:db8::1"),
    (1, ethernet(ip("198.51.100.1", "198.51.100.2", 4, IP4)), CLIENT),
    (1, ethernet(ip("198.51.100.1", "198.51.100.2", 47, b"\0\0\x86\xdd" + IP6)), "2001:db8::1"),
    (1, ethernet(ip("2001:db8::1", "2001:db8::2", 0, b"\x2b\0" + bytes(6) + b"\6\0" + bytes(6) + TCP_SYN)), "2001:db8::1"),
])  # fmt: skip
def test_link_layers(tmp_path: Path, link: int, frame: bytes, address: str) -> None:
    records, tally = read_text(tmp_path, pcap((1.0, frame), link=link))
    (flow,) = of("pcap/flow", records)
    assert (flow.data["src_ip"], flow.data["dst_port"], tally.problems) == (address, 443, [])


def test_fragments_are_counted_to_their_conversation(tmp_path: Path) -> None:
    whole = udp(50000, 9999, bytes(1472))
    first = ethernet(ip(CLIENT, SERVER, 17, whole[:800], fragment=0x2000))
    second = ethernet(ip(CLIENT, SERVER, 17, whole[800:], fragment=100))
    orphan = ethernet(ip(CLIENT, SERVER, 17, whole[800:], number=9, fragment=100))
    records, tally = read_text(tmp_path, pcap((1.0, first), (1.5, second), (2.0, orphan)))
    (flow,) = of("pcap/flow", records)
    assert (flow.data["packets_out"], flow.data["ip_bytes_out"], flow.data["bytes_out"]) == (2, 40 + 1480, 1472)
    assert (tally.not_understood, "first piece" in tally.problems[0].reason) == (1, True)


def test_packets_cut_short_by_the_capture_count_in_full(tmp_path: Path) -> None:
    frame = ethernet(ip(CLIENT, SERVER, 17, udp(50000, 9999, bytes(1000))))[:60]
    records, _ = read_text(tmp_path, pcap((1.0, frame)))
    assert of("pcap/flow", records)[0].data["bytes_out"] == 1000


def test_what_is_no_ip_is_skipped_and_what_is_damaged_is_said(tmp_path: Path) -> None:
    frames = [
        ethernet(bytes(28), 0x0806),
        ethernet(bytes(10), 0x88CC),
        ethernet(IP4)[:30],
        ethernet(b"\x70" + IP4[1:], 0x0800),
    ]
    records, tally = read_text(tmp_path, pcap(*((1.0, frame) for frame in frames)))
    assert (tally.skipped, tally.not_understood) == (2, 2)
    assert {problem.reason.partition(": ")[2] for problem in tally.problems} == {
        "IPv4 header makes no sense", "captured bytes end within the headers",
    }  # fmt: skip
    assert of("pcap/capture", records)[0].data["not_ip.ARP"] == 1


def address(text: str) -> bytes:
    return ipaddress.ip_address(text).packed


def test_dns(tmp_path: Path) -> None:
    def asked(content: bytes, *, back: bool = False) -> bytes:
        ends, ports = ((SERVER, CLIENT), (53, 50000)) if back else ((CLIENT, SERVER), (50000, 53))
        return ethernet(ip(*ends, 17, udp(*ports, content)))

    answers = (
        (5, name("b.example")),
        (1, address("198.51.100.1")),
        (28, address("2001:db8::9")),
        (16, b"\2hi\1!"),
        (15, b"\0\1" + name("m.example")),
    )
    records, tally = read_text(tmp_path, pcap(
        (1.0, asked(dns(7, "A.example"))), (1.25, asked(dns(7, "A.example", answers=answers, reply=True), back=True)),
        (2.0, asked(dns(8, "no.example", 16))), (2.5, asked(dns(8, "no.example", 16, reply=True, code=3), back=True)),
        (3.0, asked(dns(9, "lost.example"))),
        (4.0, asked(b"\0\1\0\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1")),
    ))  # fmt: skip
    first, second, third = of("pcap/dns", records)
    assert (first.data["query"], first.data["qtype_name"], first.data["rcode_name"], first.data["rtt"]) == (
        "A.example",
        "A",
        "NOERROR",
        0.25,
    )
    assert first.data["answers"] == ["b.example", "198.51.100.1", "2001:db8::9", "hi!", "m.example"]
    assert (second.data["rcode_name"], second.data["qtype_name"]) == ("NXDOMAIN", "TXT")
    assert (third.data["query"], "rcode_name" in third.data, "rtt" in third.data) == ("lost.example", False, False)
    check_packets(records, tally)


def test_dns_over_tcp(tmp_path: Path) -> None:
    question, answer = dns(7, "a.example"), dns(7, "a.example", answers=((1, address("198.51.100.1")),), reply=True)
    said = [
        (0, struct.pack(">H", len(question)) + question),
        (1, struct.pack(">H", len(answer)) + answer[:20]),
        (1, answer[20:]),
    ]
    records, _ = read_text(tmp_path, pcap(*conversation(*said, ports=(50000, 53))))
    (found,) = of("pcap/dns", records)
    assert found.data["answers"] == ["198.51.100.1"]


CHROME = client_hello(
    0x0303,
    (
        0x2A2A, 0x1301, 0x1302, 0x1303, 0xC02B,
        0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8, 0xC013, 0xC014, 0x009C, 0x009D, 0x002F, 0x0035,
    ),
    (
        (0x4A4A, b""), (0x001B, b"\2\0\2"), (0, server_name("www.example.org")), (0x0033, b""), (0x0010, b"\0\x0c\2h2\x08http/1.1"),
        (0x4469, b""), (0x0017, b""), (0x002D, b""),
        (0x000D, numbers(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601)),
        (0x0005, b""), (0x0023, b""), (0x0012, b""), (0x002B, b"\6\x2a\x2a\3\4\3\3"), (0xFF01, b""), (0x000B, b"\1\0"),
        (0x000A, numbers(0x1A1A, 29, 23, 24)), (0x0015, b""),
    ),
)  # fmt: skip


def test_ja4_of_its_own_documentation(tmp_path: Path) -> None:
    """The example with all its steps is at https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md"""
    records, _ = read_text(tmp_path, pcap(*conversation((0, CHROME[:100]), (0, CHROME[100:]), ports=(50000, 443))))
    (found,) = of("pcap/tls", records)
    assert found.data["ja4"] == "t13d1516h2_8daaf6152771_e5627efa2ab1"
    assert (found.data["server_name"], found.data["alpn"]) == ("www.example.org", ["h2", "http/1.1"])
    assert columns(tmp_path, found)["domain"] == "www.example.org"


def test_ja3_of_its_own_documentation() -> None:
    """The example `769,47-53-...,0-10-11,23-24-25,0` is at https://github.com/salesforce/ja3"""
    hello = tls.Hello(
        769, [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4], [0, 10, 11], groups=[23, 24, 25], points=[0]
    )
    assert tls.ja3(hello) == "ada70206e40642a3e4461f35503241d5"


def test_too_many_conversations_are_cut_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "MAX_FLOWS", 10)
    frames = [(1.0 + number, ethernet(ip(CLIENT, SERVER, 17, udp(1000 + number, 9999, b"x")))) for number in range(25)]
    records, tally = read_text(tmp_path, pcap(*frames))
    assert len(of("pcap/flow", records)) == 25
    assert "15 conversations were cut" in tally.problems[0].reason


def test_memory_for_what_is_said_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flows, "MAX_HELD", 50)
    records, tally = read_text(tmp_path, pcap(*conversation((0, REQUEST[:60]), (0, REQUEST[60:]), (1, RESPONSE))))
    assert len(of("pcap/flow", records)) == 1
    assert of("pcap/http", records) == []
    assert "not read, for want of memory" in tally.problems[0].reason


@pytest.mark.parametrize("make", [pcap, pcapng])
def test_a_capture_that_breaks_off(tmp_path: Path, make: object) -> None:
    content = make(*conversation((0, REQUEST), (1, RESPONSE)))  # type: ignore[operator]
    records, tally = read_text(tmp_path, content[:-30])
    assert tally.not_understood == 1
    assert "cut off" in tally.problems[0].reason
    assert of("pcap/flow", records)[0].data["packets_out"] == 4
    whole, tally = read_text(tmp_path, content[:300] + b"\xff" * 16 + content[300:])
    assert tally.not_understood >= 1
    assert of("pcap/capture", whole)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_any_damage_is_accounted_for(tmp_path: Path, data: st.DataObject) -> None:
    frames = [
        *conversation((0, REQUEST), (1, RESPONSE)), *conversation((0, CHROME), ports=(50001, 443)),
        (5.0, ethernet(ip(CLIENT, SERVER, 17, udp(50000, 53, dns(7, "a.example"))))), (6.0, ethernet(IP6)),
    ]  # fmt: skip
    content = bytearray(data.draw(st.sampled_from([pcap(*frames), pcapng(*frames)])))
    for _ in range(data.draw(st.integers(1, 12))):
        content[data.draw(st.integers(8, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "evidence"
    path.write_bytes(bytes(content[: data.draw(st.integers(20, len(content)))]))
    tally = Tally()
    records = [record_of(event) for event in source.read(path, tally)]
    assert tally.read == len(records)
    if of("pcap/capture", records):
        check_packets(records, tally)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_of_a_handshake(content: bytes) -> None:
    for stream in (content, CHROME[:60] + content, CHROME[:9] + content):
        for kind, body in tls.messages(stream):
            hello = tls.hello(kind, body)
            if hello is not None:
                assert tls.ja4(hello)
                assert tls.ja3(hello, server=True)
        tls.certificate(stream)


def test_a_real_capture_says_what_zeek_saw_in_it(shared: Path, tmp_path: Path) -> None:
    folder = shared / "otrf/compound/LSASS_campaign_01"
    with zipfile.ZipFile(folder / "metasploit_logonpasswords_lsass_memory_dump_pcapng.zip") as archive:
        records, tally = read_text(tmp_path, archive.read(archive.namelist()[0]))
    check_packets(records, tally)
    assert (tally.skipped, tally.not_understood) == (24, 0)
    with zipfile.ZipFile(folder / "metasploit_logonpasswords_lsass_memory_dump_zeek_logs.zip") as archive:
        logs = {}
        for log in ("ssl", "conn", "x509"):
            logs[log], _ = read_text(tmp_path, archive.read(f"{log}.log"))
    mine = {
        (r.data["src_port"], r.data["dst_ip"], r.data["version"], r.data["cipher"]) for r in of("pcap/tls", records)
    }
    suites = {"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "0xc030", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA": "0xc014"}
    theirs = {
        (r.data["id.orig_p"], r.data["id.resp_h"], r.data["version"], suites[r.data["cipher"]]) for r in logs["ssl"]
    }
    assert mine == theirs
    serials = {r.data["certificate.serial"] for r in of("pcap/tls", records) if "subject" in r.data}
    assert serials == {r.data["certificate.serial"] for r in logs["x509"]}
    ends = {
        (r.data["src_ip"], r.data.get("src_port"), r.data["dst_ip"], r.data.get("dst_port"))
        for r in of("pcap/flow", records)
    }
    for record in logs["conn"]:
        if record.data["proto"] == "tcp":
            here, there = (
                (record.data["id.orig_h"], record.data["id.orig_p"]),
                (record.data["id.resp_h"], record.data["id.resp_p"]),
            )
            assert (*here, *there) in ends or (*there, *here) in ends
