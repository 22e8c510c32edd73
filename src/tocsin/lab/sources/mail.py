"""E-mail: one event a message, with who wrote to whom, the way it came, its links and its attachments' hashes.

Reads single messages as sent (RFC 5322), mailboxes (mbox, RFC 4155) and Outlook's messages (.msg, [MS-OXMSG]).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import getaddresses
from hashlib import sha256
from pathlib import Path
from typing import Any

from tocsin.lab.record import Tally
from tocsin.lab.sources.rows import Event
from tocsin.lab.sources.source import Source, event
from tocsin.lab.sources.text import decoded
from tocsin.lab.sources.times import from_text, iso

HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,76}:(?:\s|$)")
TELLING = frozenset({"from", "received", "return-path", "message-id", "mime-version", "delivered-to", "subject", "date",
                     "to", "x-mailer", "dkim-signature", "authentication-results", "reply-to", "content-type"})  # fmt: skip
ENOUGH = 3
"""Telling headers that make a text a message."""
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
MSG_MARK = "__properties_version1.0".encode("utf-16-le")
FROM_LINE = b"From "
MAX_MESSAGE = 64 * 1024 * 1024


def sniff(head: bytes) -> bool:
    """Tell whether a file is a message or a mailbox."""
    return (head.startswith(OLE) and MSG_MARK in head) or _has_headers(head)


def _has_headers(head: bytes) -> bool:
    text = decoded(head[:16_384])
    if text is None:
        return False
    lines = text.splitlines()
    if lines and lines[0].startswith("From ") and len(lines) > 1:
        lines = lines[1:]
    found = set()
    for number, line in enumerate(lines):
        if not line.strip():
            break
        if line[0] in " \t" and number:
            continue
        if not HEADER.match(line):
            return False
        found.add(line.partition(":")[0].lower())
    return len(found & TELLING) >= ENOUGH


def read_mail(path: Path, tally: Tally, start: int = 0, end: int | None = None) -> Iterator[Event]:
    """Yield an event for each message of a file."""
    del start, end
    for place, content in _messages(path, tally):
        try:
            found = _outlook(content, tally, place) if content.startswith(OLE) else _message(content, tally, place)
        except Exception as error:  # noqa: BLE001 - whatever the parsers throw is a fact about the message, and reported
            tally.not_understood += 1
            tally.problem(f"message cannot be read: {type(error).__name__}: {error}", place)
            continue
        tally.read += 1
        yield found


def _messages(path: Path, tally: Tally) -> Iterator[tuple[str, bytes]]:
    """Yield each message's place and content. In a mailbox one begins at a line `From ` after a blank one."""
    with path.open("rb") as file:
        if file.read(len(FROM_LINE)) != FROM_LINE:
            file.seek(0)
            content = file.read(MAX_MESSAGE + 1)
            if len(content) > MAX_MESSAGE:
                tally.problem(f"message is larger than {MAX_MESSAGE} bytes; the rest was not read", "byte 0")
            yield "byte 0", content[:MAX_MESSAGE]
            return
        file.readline(MAX_MESSAGE)
        lines: list[bytes] = []
        size, place, blank = 0, 0, False
        while line := file.readline(MAX_MESSAGE):
            if blank and line.startswith(FROM_LINE):
                yield f"byte {place}", b"".join(lines)
                place, lines, size = file.tell() - len(line), [], 0
                continue
            blank = not line.strip()
            size += len(line)
            if size <= MAX_MESSAGE:
                lines.append(line)
            elif size - len(line) <= MAX_MESSAGE:
                tally.problem(f"message is larger than {MAX_MESSAGE} bytes; the rest was not read", f"byte {place}")
        yield f"byte {place}", b"".join(lines)


def _message(content: bytes, tally: Tally, place: str) -> Event:
    from tocsin.lab.triage.mail import mail
    from tocsin.lab.triage.model import Notes

    notes = Notes()
    facts = mail(content, notes)
    return _event({**facts.pop("headers"), **facts}, notes, tally, place)


def _outlook(content: bytes, tally: Tally, place: str) -> Event:
    from tocsin.lab.triage.model import Notes
    from tocsin.lab.triage.msg import msg
    from tocsin.lab.triage.ole import open_streams

    notes = Notes()
    streams, _, _ = open_streams(content, notes)
    facts = msg(streams, notes)
    headers = facts.pop("headers", {})
    return _event({**headers, **{name: value for name, value in facts.items() if value}}, notes, tally, place)


def _event(facts: dict[str, Any], notes: Any, tally: Tally, place: str) -> Event:
    for problem in notes.problems:
        tally.problem(problem.reason, f"{place}, {problem.place}".rstrip(", "))
    links, attachments = facts.pop("links", []), facts.pop("attachments", [])
    time, zone = sent(facts.pop("sent", None))
    fields = {name: value for name, value in facts.items() if value}
    for name in ("from", "to", "cc", "reply_to", "return_path"):
        addresses = [address.lower() for _, address in getaddresses([str(fields.get(name, ""))]) if "@" in address]
        if addresses:
            fields[f"{name}_address"] = addresses[0] if len(addresses) == 1 else addresses
    fields["links"] = list(dict.fromkeys(link["url"] for link in links))
    fields["attachments"] = [attachment["name"] for attachment in attachments]
    fields["attachment_sha256"] = [sha256(part.data).hexdigest() for part in notes.parts]
    fields["signs"] = list(dict.fromkeys(anomaly.id for anomaly in notes.anomalies))
    full = {name: value for name, value in fields.items() if value}
    return event("mail/message", full, time=time, system={"time_zone": zone} if zone else None)


def sent(text: str | None) -> tuple[str, str]:
    """Return a message's time in UTC and the zone that it was written in, '' for what is not there.

    A time without a zone, or with `-0000`, is taken as UTC (RFC 5322 section 3.3)."""
    if not text:
        return "", ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return from_text(text), ""
    if moment.tzinfo is None:
        return iso(moment.replace(tzinfo=UTC)), ""
    return iso(moment), moment.strftime("%z")


SOURCE = Source("mail", "e-mail", sniff, read_mail)
