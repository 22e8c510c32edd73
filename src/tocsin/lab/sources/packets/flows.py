"""Conversations: packets with the same ends, counted both ways, and their bytes in order for what is said in them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tocsin.lab.sources.packets.decode import TCP, UDP, Packet
from tocsin.lab.sources.packets.talks import Said, Talk, talk_of

IDLE = {TCP: 300_000_000}
IDLE_OTHERS = 60_000_000
"""Microseconds without a packet after which a conversation is over, as Zeek has it too."""
MAX_FLOWS = 100_000
"""Conversations that are open at once; the one that was silent longest is cut off to make room."""
MAX_HELD = 64 * 1024 * 1024
"""Bytes of all conversations that are kept to be read in order."""
MAX_AHEAD = 32
"""Segments of one side that may have come ahead of a missing one."""
MAX_FRAGMENTED = 8_192
MAX_STRANGE = 4_096
"""Bytes of one side after which a conversation that begins as none that is read is left alone."""
CHECK_EVERY = 512
FIN, SYN, RST, ACK = 1, 2, 4, 16
FLAGS = "FSRPAUEC"
WRAP = 2**32

Key = tuple[int, bytes, int, bytes, int]


@dataclass(slots=True, eq=False)
class Side:
    """What one end of a conversation sent."""

    packets: int = 0
    length: int = 0
    size: int = 0
    flags: int = 0
    next: int = -1
    """The sequence number of the byte that is to come, -1 before the first."""
    ahead: dict[int, bytes] = field(default_factory=dict)
    """What came before its turn, by its sequence number."""


@dataclass(slots=True, eq=False)
class Flow:
    """One conversation; times in microseconds since 1970."""

    key: Key
    start: int
    last: int
    sides: tuple[Side, Side] = field(default_factory=lambda: (Side(), Side()))
    talk: Talk | None = None
    service: str = ""
    silent: bool = False
    """Whether nothing more is read of what is said."""
    reset_by: int = -1
    cut: bool = False
    said: list[Said] = field(default_factory=list)

    def state(self) -> str:
        """Return how a TCP connection went, in Zeek's words."""
        out, back = self.sides
        if not out.flags & SYN:
            return "OTH"
        if not back.packets:
            return "SH" if out.flags & FIN else "RSTOS0" if out.flags & RST else "S0"
        if self.reset_by >= 0:
            if not back.flags & SYN:
                return "REJ" if self.reset_by else "RSTOS0"
            return "RSTR" if self.reset_by else "RSTO"
        if not back.flags & SYN:
            return "OTH"
        finished = (bool(out.flags & FIN), bool(back.flags & FIN))
        return {(True, True): "SF", (True, False): "S2", (False, True): "S3"}.get(finished, "S1")


class Flows:
    """The conversations of a capture, from packet to packet."""

    def __init__(self) -> None:
        self._streams: OrderedDict[Key, Flow] = OrderedDict()
        self._others: OrderedDict[Key, Flow] = OrderedDict()
        self._pieces: OrderedDict[tuple[bytes, bytes, int], tuple[Key, int]] = OrderedDict()
        self._held = 0
        self._count = 0
        self.cut = 0
        """Conversations that were cut off to make room."""
        self.unread = 0
        """Conversations whose words were not read, for want of room."""
        self.orphans = 0
        """Fragments whose first piece did not come."""

    def take(self, time: int, packet: Packet) -> Iterator[Flow]:
        """Count a packet; yield the conversations that are over, and those that have something to say."""
        self._count += 1
        if self._count % CHECK_EVERY == 0:
            yield from self._idle(time)
        if packet.later:
            self._piece(time, packet)
            return
        table = self._streams if packet.protocol == TCP else self._others
        flow, side = self._find(table, packet)
        if flow is not None and _is_new(flow, side, time, packet):
            del table[flow.key]
            yield self._over(flow)
            flow = None
        if flow is None:
            if len(table) >= MAX_FLOWS:
                self.cut += 1
                _, oldest = table.popitem(last=False)
                oldest.cut = True
                yield self._over(oldest)
            flow, side = self._begin(table, time, packet)
        else:
            table.move_to_end(flow.key)
        self._count_in(flow, side, time, packet)
        if packet.fragment:
            self._pieces[packet.fragment] = (flow.key, side)
            if len(self._pieces) > MAX_FRAGMENTED:
                self._pieces.popitem(last=False)
        if packet.length and not flow.silent:
            self._read(flow, side, time, packet)
            if self._held > MAX_HELD:
                self.unread += 1
                self._hush(flow)
            if flow.said:
                yield flow

    def end(self) -> Iterator[Flow]:
        """Yield the conversations that were open at the end of the capture, in the order of their beginnings."""
        for flow in sorted((*self._streams.values(), *self._others.values()), key=lambda flow: (flow.start, flow.key)):
            yield self._over(flow)
        self._streams.clear()
        self._others.clear()

    def is_open(self, flow: Flow) -> bool:
        """Tell whether a conversation that was yielded goes on."""
        return (self._streams if flow.key[0] == TCP else self._others).get(flow.key) is flow

    def _find(self, table: OrderedDict[Key, Flow], packet: Packet) -> tuple[Flow | None, int]:
        ports = (packet.source_port, packet.destination_port) if packet.protocol in WITH_PORTS else (0, 0)
        key = (packet.protocol, packet.source, ports[0], packet.destination, ports[1])
        flow = table.get(key)
        if flow is not None:
            return flow, 0
        return table.get((packet.protocol, packet.destination, ports[1], packet.source, ports[0])), 1

    def _begin(self, table: OrderedDict[Key, Flow], time: int, packet: Packet) -> tuple[Flow, int]:
        """Begin a conversation. Who sent its first packet began it, unless that packet is plainly an answer."""
        here, there = (packet.source_port, packet.destination_port) if packet.protocol in WITH_PORTS else (0, 0)
        opens = packet.protocol == TCP and packet.flags & SYN
        answers = bool(packet.flags & ACK) if opens else here < 1024 <= there
        if answers:
            key = (packet.protocol, packet.destination, there, packet.source, here)
        else:
            key = (packet.protocol, packet.source, here, packet.destination, there)
        flow = table[key] = Flow(key, time, time)
        return flow, int(answers)

    def _count_in(self, flow: Flow, side: int, time: int, packet: Packet) -> None:
        sender = flow.sides[side]
        sender.packets += 1
        sender.length += packet.length
        sender.size += packet.size
        sender.flags |= packet.flags
        if packet.flags & SYN and not packet.length:
            sender.next = (packet.sequence + 1) % WRAP
        if packet.flags & RST and flow.reset_by < 0:
            flow.reset_by = side
        if time > flow.last:
            flow.last = time
        elif time < flow.start:
            flow.start = time

    def _piece(self, time: int, packet: Packet) -> None:
        """Count a later fragment to the conversation of its first one."""
        known = self._pieces.get(packet.fragment) if packet.fragment else None
        table = self._streams if packet.protocol == TCP else self._others
        flow = table.get(known[0]) if known else None
        if flow is None or known is None:
            self.orphans += 1
        else:
            self._count_in(flow, known[1], time, packet)

    def _read(self, flow: Flow, side: int, time: int, packet: Packet) -> None:
        """Take what a packet carries to what is said in the conversation."""
        if packet.protocol == UDP:
            self._hear(flow, side, packet.payload, time)
        elif packet.protocol == TCP:
            sender = flow.sides[side]
            if sender.next < 0:
                sender.next = packet.sequence
            self._segment(flow, side, packet.sequence, packet.payload, packet.length, time)
        else:
            flow.silent = True

    def _segment(self, flow: Flow, side: int, sequence: int, data: bytes, length: int, time: int) -> None:
        sender = flow.sides[side]
        before = (sender.next - sequence) % WRAP
        if before >= WRAP // 2:  # something before it is missing yet
            self._held += len(data) - len(sender.ahead.get(sequence, b""))
            sender.ahead[sequence] = data
            if len(sender.ahead) <= MAX_AHEAD:
                return
            self._gap(flow, side)
            sender.next = min(sender.ahead, key=lambda number: (number - sender.next) % WRAP)
        elif before < length:
            self._hear(flow, side, data[before:], time)
            if len(data) < length:
                self._gap(flow, side)  # not all of it was captured
            sender.next = (sequence + length) % WRAP
        while sender.ahead and not flow.silent and (data := sender.ahead.pop(sender.next, b"")):
            self._held -= len(data)
            self._hear(flow, side, data, time)
            sender.next = (sender.next + len(data)) % WRAP

    def _gap(self, flow: Flow, side: int) -> None:
        if flow.talk:
            before = flow.talk.held
            flow.talk.gap(side)
            self._held += flow.talk.held - before

    def _hear(self, flow: Flow, side: int, data: bytes, time: int) -> None:
        if flow.talk is None:
            flow.talk = talk_of(side, data, (flow.key[2], flow.key[4]), stream=flow.key[0] == TCP)
            if flow.talk is None:
                if (flow.sides[0].length and flow.sides[1].length) or flow.sides[side].length > MAX_STRANGE:
                    self._hush(flow)
                return
            flow.service = flow.talk.service
        before = flow.talk.held
        flow.said += flow.talk.hear(side, data, time)
        self._held += flow.talk.held - before
        if flow.talk.over:
            self._hush(flow)

    def _hush(self, flow: Flow) -> None:
        """Stop reading what is said in a conversation, and take what there is."""
        if flow.talk:
            self._held -= flow.talk.held
            flow.said += flow.talk.end()
        flow.talk, flow.silent = None, True
        for side in flow.sides:
            self._held -= sum(map(len, side.ahead.values()))
            side.ahead.clear()

    def _idle(self, time: int) -> Iterator[Flow]:
        for table, idle in ((self._streams, IDLE[TCP]), (self._others, IDLE_OTHERS)):
            while table:
                flow = next(iter(table.values()))
                if time - flow.last <= idle:
                    break
                del table[flow.key]
                yield self._over(flow)

    def _over(self, flow: Flow) -> Flow:
        self._hush(flow)
        return flow


WITH_PORTS = frozenset({TCP, UDP, 132})


def _is_new(flow: Flow, side: int, time: int, packet: Packet) -> bool:
    """Tell whether a packet begins a new conversation between the same ends."""
    if time - flow.last > IDLE.get(packet.protocol, IDLE_OTHERS):
        return True
    if packet.flags & (SYN | ACK | RST) != SYN:
        return False
    ended = flow.reset_by >= 0 or (flow.sides[0].flags & FIN and flow.sides[1].flags & FIN)
    return bool(ended or (flow.sides[0].length and flow.sides[1].length and side == 0))


def flags_of(flags: int) -> str:
    """Return TCP flags as letters."""
    return "".join(letter for bit, letter in enumerate(FLAGS) if flags & 1 << bit)


def seconds(microseconds: int) -> float:
    """Return a length of time in seconds."""
    return microseconds / 1_000_000


def counts_of(flow: Flow) -> dict[str, Any]:
    """Return what was counted of a conversation: packets, bytes that it carried, bytes of its IP packets, each way."""
    out, back = flow.sides
    return {
        "packets_out": out.packets,
        "packets_in": back.packets,
        "bytes_out": out.length,
        "bytes_in": back.length,
        "ip_bytes_out": out.size,
        "ip_bytes_in": back.size,
    }
