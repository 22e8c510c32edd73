"""Windows events as XML, as `wevtutil qe`, `wevtutil epl /lf` and `Get-WinEvent | ForEach ToXml()` write them.

Within `<Events>` or one after the other. Each `<Event>` is cut out and parsed on its own, so a broken one costs one
event, and what a document type could declare (entities, files, networks) cannot stand before it. The result is the
same JSON as the EVTX parser gives, so that the events are the same.
https://learn.microsoft.com/windows/win32/wes/eventschema-schema
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLParser

from tocsin.lab.record import Tally
from tocsin.lab.sources.making_rows import xml_row
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Source
from tocsin.lab.sources.text import MARKS, TEXT_PART, decoded
from tocsin.lab.sources.windows_event import NOT_AN_EVENT

START_BYTES = re.compile(rb"<Event[\s>]")
END = "</Event>"
LONGEST_MARK = 16
"""Bytes of the longest beginning of an event."""
ILLEGAL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#(?:x0*(?:[0-8bBcCeEfF]|1[0-9a-fA-F]|[fF]{3}[eEfF])|0*(?:[0-8]|1[124-9]|2[0-9]|3[01]));"
)
"""What XML cannot hold and Windows nevertheless writes."""
HEAD = re.compile(r"\s*+(?:<\?xml[^>]*\?>\s*+)?(?:(?><!--.*?-->)\s*+)*+<(?:Events[\s>]|Event[\s>])", re.DOTALL)
"""Nothing in it is tried twice: what a file begins with is hostile, and is looked at outside of the children."""
MAX_EVENT = 4 * 1024 * 1024
"""Characters of one event; a longer one is no event."""
BLOCK = 1024 * 1024
"""Bytes that are read at a time."""
MAX_DEPTH = 32
NUMBERS = frozenset({
    "EventID", "Version", "Level", "Task", "Opcode", "EventRecordID", "ProcessID", "ThreadID", "Qualifiers", "ProcessorID",
    "SessionID", "KernelTime", "UserTime", "ProcessorTime",
})  # fmt: skip
"""What the EVTX parser gives as numbers."""


def sniff(head: bytes) -> bool:
    """Tell whether a file begins as XML of Windows events."""
    text = decoded(head)
    return text is not None and HEAD.match(text) is not None and "<System>" in text


def read(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:
    """Yield the events whose XML begins from byte `start` up to byte `end`. Raises OSError where it cannot be read."""
    for place, text in _cut_out(path, tally, start, end):
        event = event_of(text)
        try:
            row = None if event is None else xml_row(event["Event"])
        except NOT_AN_EVENT:
            row = None
        if row is None:
            tally.not_understood += 1
            tally.problem("element is no readable Windows event", place)
        else:
            tally.read += 1
            yield row


def event_of(text: str) -> dict[str, Any] | None:
    """Return the JSON of an event's XML, shaped as the EVTX parser shapes it; None where it is not well-formed."""
    # XML makes one sign of an end of line of two, which the event's own text has.
    kept = text.replace("\r", "&#13;")
    root = _parsed(kept)
    for other in (text, ILLEGAL.sub("\ufffd", kept)):
        root = _parsed(other) if root is None else root
    if root is None or _name(root) != "Event":
        return None
    event: dict[str, Any] = {}
    for part in root:
        name = _name(part)
        event[name] = _data(part) if name == "EventData" else _value(part, name, MAX_DEPTH)
    return {"Event": {"#attributes": dict(root.attrib), **event}}


def _parsed(text: str) -> Element | None:
    # Text that begins with the element itself has no room for a document type, so there are no entities to expand.
    parser = XMLParser()  # noqa: S314
    try:
        parser.feed(text)
        root: Element = parser.close()
    except (ParseError, ValueError):
        return None
    return root


def fields_of(text: str) -> dict[str, Any] | None:
    """Return the fields of an `<EventData>` or `<UserData>` that stands alone, as tables hold it; None where it is
    not well-formed."""
    event = event_of(f"<Event>{text}</Event>")
    if event is None:
        return None
    parts = [part for name, part in event["Event"].items() if name != "#attributes" and type(part) is dict]
    return parts[0] if parts else {}


def _cut_out(path: Path, tally: Tally, start: int, end: int | None) -> Iterator[tuple[str, str]]:
    """Yield the text of each event that begins in a part of a file, with its place; say what is cut off."""
    with path.open("rb") as file:
        mark = file.read(3)
        encoding = next((name for sign, name in MARKS.items() if mark.startswith(sign)), "utf-8")
        wide = encoding.startswith("utf-16")
        if wide and start:
            return  # read as a whole by the part that begins at byte 0
        opening, closing = _marks(encoding) if wide else (START_BYTES, END.encode())
        file.seek(start)
        buffer, position, at = b"", start, 0
        while True:
            found = opening.search(buffer, at)
            place = position + (found.start() if found else len(buffer))
            if end is not None and not wide and place >= end:
                return
            stop = buffer.find(closing, found.end()) if found else -1
            if found and stop >= 0:
                begin, at = found.start(), stop + len(closing)
                for other in opening.finditer(buffer, found.end(), stop):  # the end of another event
                    tally.not_understood += 1
                    tally.problem("event has no end", f"byte {position + begin}")
                    begin = other.start()
                yield f"byte {position + begin}", buffer[begin:at].decode(encoding, "replace")
                continue
            if found and len(buffer) - found.start() > MAX_EVENT:
                tally.not_understood += 1
                tally.problem(f"event is longer than {MAX_EVENT} bytes, or has no end", f"byte {place}")
                at = found.end()
                continue
            # Keep what has begun, or as much as the beginning of an element could be.
            keep = found.start() if found else max(at, len(buffer) - LONGEST_MARK)
            more = file.read(BLOCK)
            if not more:
                if found:
                    tally.not_understood += 1
                    tally.problem("event is cut off: its end is missing", f"byte {place}")
                return
            buffer, position, at = buffer[keep:] + more, position + keep, 0


def _marks(encoding: str) -> tuple[re.Pattern[bytes], bytes]:
    start = "<Event".encode(encoding)
    after = b"|".join(re.escape(sign.encode(encoding)) for sign in " \t\r\n>")
    return re.compile(re.escape(start) + b"(?:" + after + b")"), END.encode(encoding)


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _data(element: Element) -> dict[str, Any] | None:
    """Return EventData: named Data as fields, the text of unnamed Data in a list, other elements by their names."""
    fields: dict[str, Any] = {}
    unnamed: list[str] = []
    for child in element:
        name = child.get("Name")
        if len(child):
            fields.setdefault(name or _name(child), _value(child, "", MAX_DEPTH))
        elif _name(child) != "Data":
            fields.setdefault(_name(child), child.text)
        elif name:
            fields.setdefault(name, _text(child))
        else:
            unnamed.append(_text(child))
    if unnamed:
        fields["Data"] = {"#text": unnamed if len(unnamed) > 1 else unnamed[0]}
    return fields or None


def _text(element: Element) -> str:
    """Return an element's text; an end of line and nothing else is how it was laid out."""
    text = element.text or ""
    return "" if text.isspace() and "\n" in text else text


def _value(element: Element, name: str, depth: int) -> Any:
    """Return an element as the EVTX parser shapes it: text, or an object of attributes, text and elements."""
    attributes = {key.rpartition("}")[2]: _number(key, text) for key, text in element.attrib.items()}
    text = element.text if element.text and not element.text.isspace() else None
    if not len(element):
        plain = _number(name, text) if text is not None else None
        if not attributes:
            return plain
        return {"#attributes": attributes} | ({} if plain is None else {"#text": plain})
    value: dict[str, Any] = {"#attributes": attributes} if attributes else {}
    for child in element:
        if depth:
            value.setdefault(_name(child), _value(child, _name(child), depth - 1))
    return value


def _number(name: str, text: str) -> Any:
    return int(text) if name in NUMBERS and text.isascii() and text.isdecimal() and len(text) < 19 else text


SOURCE = Source("windows_xml", "Windows events as XML", sniff, read, TEXT_PART)
