"""Packet captures (pcap, pcapng): conversations, and the DNS, HTTP and TLS names in them.

Channels: pcap/flow (one for each conversation, its time is its beginning), pcap/dns, pcap/http, pcap/tls, and
pcap/capture, which says what the file held. Large captures are better given as Zeek's logs of them.
"""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from tocsin.lab.record import Tally
from tocsin.lab.sources.packets.capture import frames, is_capture
from tocsin.lab.sources.packets.decode import ICMP, ICMP6, SCTP, TCP, UDP, NotDecodedError, decode
from tocsin.lab.sources.packets.flows import WITH_PORTS, Flow, Flows, counts_of, flags_of, seconds
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Source, event
from tocsin.lab.sources.times import from_epoch

PROTOCOLS = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMP6: "icmp6", SCTP: "sctp", 2: "igmp", 47: "gre", 50: "esp"}


def read(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:  # noqa: ARG001 - read whole
    """Yield the events of a capture. Raises OSError where it cannot be read."""
    flows = Flows()
    packets, size, first, last = 0, 0, -1, -1
    without = Counter[str]()
    damaged = Counter[str]()
    with path.open("rb", buffering=1024 * 1024) as file:
        for time, link, data in frames(file, tally):
            packets += 1
            size += len(data)
            if time >= 0:
                first, last = (time if first < 0 else min(first, time)), max(last, time)
            try:
                packet = decode(link, data)
            except NotDecodedError as error:
                (without if error.expected else damaged)[str(error)] += 1
                continue
            for flow in flows.take(time if time >= 0 else max(last, 0), packet):
                yield from _events(flow, tally, over=not flows.is_open(flow))
    for flow in flows.end():
        yield from _events(flow, tally, over=True)
    _account(tally, flows, without, damaged)
    if packets:
        fields: dict[str, Any] = {"packets": packets, "captured_bytes": size, "start": _time(first), "end": _time(last)}
        fields |= {f"not_ip.{name}": count for name, count in sorted(without.items())}
        tally.read += 1
        yield event("pcap/capture", fields, time=_time(first), provider="pcap")


def _account(tally: Tally, flows: Flows, without: Counter[str], damaged: Counter[str]) -> None:
    """Enter what became of packets that are in no conversation, and of conversations for which there was no room."""
    tally.skipped += without.total()
    tally.not_understood += damaged.total() + flows.orphans
    for reason, count in sorted(damaged.items()):
        tally.problem(f"{count} packets: {reason}")
    if flows.orphans:
        tally.problem(f"{flows.orphans} packets: fragments whose first piece is missing")
    if flows.cut:
        tally.problem(f"{flows.cut} conversations were cut in two, as too many were open at once")
    if flows.unread:
        tally.problem(f"{flows.unread} conversations were counted, but what they say was not read, for want of memory")


def _events(flow: Flow, tally: Tally, *, over: bool) -> Iterator[Event]:
    protocol, source, source_port, destination, destination_port = flow.key
    ends: dict[str, Any] = {"src_ip": _address(source)}
    if protocol in WITH_PORTS:
        ends["src_port"] = source_port
    ends["dst_ip"] = _address(destination)
    if protocol in WITH_PORTS:
        ends["dst_port"] = destination_port
    ends["protocol"] = PROTOCOLS.get(protocol, str(protocol))
    for service, time, fields in flow.said:
        tally.read += 1
        yield event(f"pcap/{service}", {**ends, **fields}, time=_time(time), provider="pcap")
    flow.said = []
    if over:
        fields = {
            **ends,
            "start": _time(flow.start),
            "end": _time(flow.last),
            "duration": seconds(flow.last - flow.start),
        }
        fields |= counts_of(flow)
        if protocol == TCP:
            fields |= {"tcp_flags_out": flags_of(flow.sides[0].flags), "tcp_flags_in": flags_of(flow.sides[1].flags)}
            fields["state"] = flow.state()
        if flow.service:
            fields["service"] = flow.service
        if flow.cut:
            fields["cut"] = True
        tally.read += 1
        yield event("pcap/flow", fields, time=_time(flow.start), provider="pcap")


def _time(microseconds: int) -> str:
    return from_epoch(microseconds, "us") if microseconds > 0 else ""


@lru_cache(maxsize=65_536)
def _address(address: bytes) -> str:
    return socket.inet_ntop(socket.AF_INET if len(address) == 4 else socket.AF_INET6, address)


SOURCE = Source("pcap", "a packet capture", is_capture, read)
