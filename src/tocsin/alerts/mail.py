"""A mail read as an alert: bounded work, whatever it holds. Bytes in, a reading or a reason to pass it over out."""

from __future__ import annotations

import email
import email.utils
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message

from tocsin.plan.alert_models import AlertsFile
from tocsin.plan.alerts import TEXT, TITLE, VALUE, Reading, one_line, repeat_key, severity_of

LARGEST = 5 * 1024 * 1024
"""How much of one mail is taken, in bytes; the rest is dropped and said."""
MOST_BOUNDARIES, MOST_DASHES = 200, 1000
MOST_PARTS, PART, RAW, HTML = 60, 200_000, 60_000, 200_000
_SILENT = re.compile(r"<(script|style|title)\b", re.IGNORECASE)
_TAG = re.compile(r"<(?:[!/?]?[a-z]|!--)[^<>]{0,5000}>", re.IGNORECASE)
_BREAK = re.compile(r"<\s*(?:br|/p|/div|/tr|/li|/h\d)\b[^>]{0,200}>", re.IGNORECASE)
_BLANK = re.compile(r"\n[ \t\r]*\n\s*")
_SEVERITY = re.compile(r"\b(?:severity|priority|criticality)\s*[:=]\s*([A-Za-z]{2,20})", re.IGNORECASE)
_BRACKETS = re.compile(r"[\[(]([A-Za-z]{2,20})[\])]")
_HOST = re.compile(r"\b(?:host|hostname|computer|device)\s*[:=]\s*([\w.-]{1,120})", re.IGNORECASE)
_BROKEN = (ValueError, LookupError, TypeError, AttributeError, RecursionError, AssertionError, MessageError)
# Python's mail package meets hostile headers with any of these.


@dataclass(frozen=True)
class Mail:
    """One mail as it was understood. `passed_over` says why it is no alert; then there is no reading."""

    reading: Reading | None
    passed_over: str = ""


def read_mail(content: bytes, rules: AlertsFile, cut: int = 0) -> Mail:
    """Read a mail; `cut` is how many bytes of it were dropped before. Never raises for what a mail may hold."""
    cut += max(0, len(content) - LARGEST)
    content = content[:LARGEST]
    mail, whole = _parsed(content)
    if why := _no_alert(mail):
        return Mail(None, why)
    text, attachments, notes = _text(mail)
    if not whole:
        notes.append("its parts, which are nested too deeply")
    subject = one_line(_header(mail, "Subject"))[:TITLE]
    sender = one_line(_header(mail, "From"))[:VALUE]
    identity = _header(mail, "Message-ID").strip()
    if cut:
        notes.append(f"{cut:,} bytes beyond what is kept of a mail")
    if attachments:
        names = ", ".join(str(a["name"] or a["type"]) for a in attachments[:8])
        notes.append(f"{len(attachments)} attachment{'s' if len(attachments) > 1 else ''} ({names})")
    raw = content[:RAW].decode("utf-8", "replace")
    if len(content) > RAW:
        notes.append(f"the source beyond its first {RAW:,} bytes")
    observables = {"sender": [sender]} if sender else {}
    if host := _HOST.search(text):
        observables["host"] = [host[1]]
    title = (
        subject
        or next((line.strip()[:TITLE] for line in text.splitlines() if line.strip()), "")
        or "A mail without a subject"
    )
    return Mail(
        Reading(
            title=title,
            text=text[:TEXT],
            severity=_severity(subject, text, rules),
            key=repeat_key("mail", identity) if identity else repeat_key("mail", sender, subject, text),
            at=_date(mail),
            observables=observables,
            raw={"mail": raw, "attachments": attachments},
            dropped="; ".join(notes)[:500],
            mapping="mail",
        )
    )


def _parsed(content: bytes) -> tuple[Message, bool]:
    """The mail, and whether all of it was read. Every line is held against every open boundary, and every part takes
    memory, so their number is bounded: of a mail with very many the headers and the beginning of the text are read.
    """
    if content.lower().count(b"boundary") <= MOST_BOUNDARIES and content.count(b"\n--") <= MOST_DASHES:
        try:
            return email.message_from_bytes(content), True
        except _BROKEN:
            pass  # said below: its parts were not read
    head, _line, rest = content.replace(b"\r\n", b"\n")[: 2 * RAW].partition(b"\n\n")
    mail = email.message_from_bytes(head[:RAW] + b"\n\n")
    for name in ("Content-Type", "Content-Transfer-Encoding"):
        del mail[name]
    mail.set_payload(rest.decode("utf-8", "replace"))
    return mail, False


def _no_alert(mail: Message) -> str:
    """Why a mail is no alert: an answer of a machine, a bounce, or one that Tocsin sent itself."""
    if (
        "auto-replied" in _header(mail, "Auto-Submitted").lower()
        or mail.get("X-Autoreply")
        or mail.get("X-Autorespond")
    ):
        return "an automatic reply"
    try:
        kind = mail.get_content_type()
    except _BROKEN:
        kind = ""
    if kind in ("multipart/report", "message/delivery-status", "message/disposition-notification"):
        return "a report about a delivery"
    if _header(mail, "Message-ID").strip().endswith("@tocsin>"):
        return "a mail that Tocsin sent"
    return ""


def _header(mail: Message, name: str) -> str:
    value = mail.get(name)
    if value is None:
        return ""
    words = str(value)[:4000]
    try:
        return str(make_header(decode_header(words)))
    except _BROKEN:
        return words


def _date(mail: Message) -> datetime | None:
    try:
        found = email.utils.parsedate_to_datetime(_header(mail, "Date"))
        return found.astimezone(UTC) if found.tzinfo and 1970 <= found.year <= 2200 else None
    except (*_BROKEN, OverflowError):
        return None


def _severity(subject: str, text: str, rules: AlertsFile) -> int | None:
    words = [m[1] for m in _SEVERITY.finditer(text[:TEXT])][:1] + [m[1] for m in _BRACKETS.finditer(subject)]
    return next((s for w in words if (s := severity_of(w, rules.severity_words)) is not None), None)


def _parts(mail: Message) -> Iterator[Message]:
    """The parts that hold something, outermost first; without recursion, so that no nesting is too deep."""
    line = [mail]
    seen = 0
    while line and seen < MOST_PARTS:
        part = line.pop(0)
        seen += 1
        payload = part.get_payload()
        if isinstance(payload, list):
            line.extend(p for p in payload[:MOST_PARTS] if isinstance(p, Message))
        else:
            yield part


def _text(mail: Message) -> tuple[str, list[dict[str, str | int]], list[str]]:
    """The mail's words, its attachments by name, type and size, and notes of what could not be read."""
    plain = marked = ""
    attachments: list[dict[str, str | int]] = []
    notes: list[str] = []
    for part in _parts(mail):
        try:
            kind, name = part.get_content_type(), one_line(str(part.get_filename() or ""))[:200]
            content = part.get_payload(decode=True)
            data = content if isinstance(content, bytes) else b""
        except _BROKEN:
            notes.append("a part that could not be read")
            continue
        disposition = str(part.get("Content-Disposition", ""))[:20].lower()
        if name or disposition.startswith("attachment") or not kind.startswith("text/"):
            attachments.append({"name": name, "type": kind[:100], "size": len(data)})
        elif kind == "text/html":
            marked = marked or _decoded(part, data[:HTML])
        elif not plain:
            plain = _decoded(part, data[:PART])
    return (plain.strip() or html_as_text(marked))[:PART], attachments[:MOST_PARTS], notes


def _decoded(part: Message, data: bytes) -> str:
    try:
        return data.decode(str(part.get_content_charset() or "utf-8"), "replace").replace("\r\n", "\n")
    except _BROKEN:
        return data.decode("utf-8", "replace").replace("\r\n", "\n")


def html_as_text(text: str) -> str:
    """HTML as plain words. Pages show them as text: what slips through is ugly and does nothing."""
    if not text.strip():
        return ""
    text = _without_silent(text[:HTML])
    return _BLANK.sub("\n\n", html.unescape(_TAG.sub("", _BREAK.sub("\n", text)))).strip()


def _without_silent(text: str) -> str:
    """The text without what is between script, style or title tags; one that is not closed hides the rest."""
    kept, at, lower = [], 0, text.lower()
    while found := _SILENT.search(text, at):
        kept.append(text[at : found.start()])
        end = lower.find(f"</{found[1].lower()}", found.end())
        if end == -1:
            return "".join(kept)
        at = end
    return "".join([*kept, text[at:]])
