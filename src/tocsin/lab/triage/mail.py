"""E-mail: headers, the way it came, links and where they really lead, attachments."""

from __future__ import annotations

import email
import email.errors
import email.header
import re
from email import policy
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any

from tocsin.lab.triage.html import page_links, scan_html
from tocsin.lab.triage.model import Notes, clean

MOST_PARTS = 200
MOST_LINKS = 300
_URL = re.compile(r"https?://[^\s<>\"']{4,2000}", re.IGNORECASE)
_RUNS = re.compile(r"\.(?:exe|scr|pif|com|bat|cmd|ps1|vbs|vbe|js|jse|wsf|hta|lnk|msi|iso|img|vhdx?|jar|dll|cpl|one|chm|xll|"
                   r"docm|xlsm|pptm|html?|svg|rdp)$", re.IGNORECASE)  # fmt: skip


def mail(data: bytes, notes: Notes) -> dict[str, Any]:
    """The anatomy of an e-mail as sent (RFC 5322): attachments become parts."""
    message = email.message_from_bytes(data, policy=policy.compat32)
    text = data[: _end_of_headers(data)].decode("utf-8", "replace")
    facts: dict[str, Any] = {"headers": header_facts(text, notes), "links": [], "attachments": []}
    for number, part in enumerate(message.walk()):
        if number >= MOST_PARTS:
            notes.problem(f"more than {MOST_PARTS} parts; the rest was not looked at")
            break
        _part(part, f"part {number}", facts, notes)
    facts["links"] = facts["links"][:MOST_LINKS]
    return facts


def _end_of_headers(data: bytes) -> int:
    ends = [at for at in (data.find(b"\n\n"), data.find(b"\r\n\r\n")) if at >= 0]
    return min([*ends, len(data), 200_000])


def header_facts(text: str, notes: Notes) -> dict[str, Any]:
    """What the headers say: sender and recipients, times, the way it came newest first, and the checks' results."""
    message = email.message_from_string(text.strip() + "\n\n", policy=policy.compat32)
    one = {key: _decoded(message.get(name)) for key, name in (
        ("from", "From"), ("to", "To"), ("cc", "Cc"), ("reply_to", "Reply-To"), ("return_path", "Return-Path"),
        ("subject", "Subject"), ("message_id", "Message-ID"), ("date", "Date"), ("mailer", "X-Mailer"),
        ("originating_ip", "X-Originating-IP"),
    )}  # fmt: skip
    facts: dict[str, Any] = {key: value for key, value in one.items() if value}
    facts["received"] = [_decoded(line) for line in message.get_all("Received", [])[:50]]
    facts["authentication"] = [_decoded(line) for line in message.get_all("Authentication-Results", [])[:10]]
    facts["sent"] = _moment(facts.get("date", ""))
    _judge(facts, notes)
    return facts


def _decoded(value: Any) -> str:
    if value is None:
        return ""
    try:
        pieces = email.header.decode_header(str(value))
        text = "".join(p.decode(c or "utf-8", "replace") if isinstance(p, bytes) else p for p, c in pieces)
    except (LookupError, ValueError, email.errors.HeaderParseError):
        text = str(value)
    return clean(re.sub(r"\s+", " ", text).strip(), 1000)


def _moment(text: str) -> str | None:
    try:
        return parsedate_to_datetime(text).isoformat() if text else None
    except (ValueError, TypeError, OverflowError):
        return None


def _domain(text: str) -> str:
    addresses = [a for _, a in getaddresses([text]) if "@" in a]
    return addresses[0].rsplit("@", 1)[1].lower().strip("<>. ") if addresses else ""


def _judge(facts: dict[str, Any], notes: Notes) -> None:
    sender = _domain(facts.get("from", ""))
    for key in ("reply_to", "return_path"):
        other = _domain(facts.get(key, ""))
        if sender and other and not (other == sender or other.endswith("." + sender) or sender.endswith("." + other)):
            notes.anomaly(f"mail.other_{key}", "headers", f"from {sender}, {key.replace('_', '-')} {other}")
    for line in facts["authentication"]:
        if failed := re.findall(r"\b(spf|dkim|dmarc)\s*=\s*(?:fail|softfail|permerror)", line, re.IGNORECASE):
            notes.anomaly("mail.failed_check", "Authentication-Results", ", ".join(failed))
    shown = facts.get("from", "").split("<")[0]
    if "@" in shown and "<" in facts.get("from", "") and _domain(shown.strip(' "')) not in {"", sender}:
        notes.anomaly("mail.address_in_name", "From", facts["from"])


def _part(part: Any, where: str, facts: dict[str, Any], notes: Notes) -> None:
    if part.is_multipart() and part.get_content_type() != "message/rfc822":
        return
    name = _decoded(part.get_filename())
    kind = part.get_content_type()
    if kind == "message/rfc822":
        inner = part.get_payload()
        content = inner[0].as_bytes() if isinstance(inner, list) and inner else b""
        name = name or "message.eml"
    else:
        content = part.get_payload(decode=True) or b""
    if kind in {"text/plain", "text/html"} and not name:
        text = content.decode("utf-8", "replace")
        facts["links"] += look_at_body(text, kind == "text/html", notes, where)
        return
    if not content:
        return
    facts["attachments"].append({"name": name, "type": kind, "size": len(content)})
    if _RUNS.search(name):
        notes.anomaly("mail.risky_attachment", where, name)
    notes.part(name or kind, content, where)


def look_at_body(text: str, html: bool, notes: Notes, where: str) -> list[dict[str, str]]:
    """The links of a body, each with the text it is shown as; a text that names another place is noted."""
    if not html:
        links = [{"url": clean(m[0].rstrip(".,;)>"), 2000), "text": ""} for m in _URL.finditer(text)]
    else:
        scan_html(text, notes, where)
        links = page_links(text)
    for link in links[:MOST_LINKS]:
        notes.links.append((link["url"], where))
        shown = re.search(r"(?:https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,18})", link["text"], re.IGNORECASE)
        real = re.match(r"https?://(?:[^/@]*@)?([^/:?#]+)", link["url"], re.IGNORECASE)
        if shown and real and not _same_site(shown[1].lower(), real[1].lower()):
            notes.anomaly("mail.misleading_link", where, f"shows {shown[1]}, leads to {real[1]}")
    return links[:MOST_LINKS]


def _same_site(one: str, other: str) -> bool:
    one, other = one.removeprefix("www."), other.removeprefix("www.")
    return one == other or one.endswith("." + other) or other.endswith("." + one)
