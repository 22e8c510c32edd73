"""Outlook messages: the properties of [MS-OXMSG] that say who wrote what to whom, links and attachments."""

from __future__ import annotations

import re
from typing import Any

from tocsin.lab.triage.mail import header_facts, look_at_body
from tocsin.lab.triage.model import Notes, clean

MOST_ATTACHMENTS = 100
_STREAM = re.compile(r"^(.*?)__substg1\.0_([0-9A-F]{4})([0-9A-F]{4})$", re.IGNORECASE)
_FIELDS = {"subject": "0037", "from_name": "0C1A", "from": "5D01", "from_address": "0C1F", "to": "0E04", "cc": "0E03",
           "message_id": "1035"}  # fmt: skip


def msg(streams: dict[str, bytes], notes: Notes) -> dict[str, Any]:
    """What an Outlook message says: fields, transport headers, links in its body, and attachments as parts."""
    store: dict[str, dict[str, bytes | str]] = {}
    for path, content in streams.items():
        if match := _STREAM.match(path):
            store.setdefault(match[1], {})[match[2].upper()] = _value(match[3].upper(), content)
    own = store.get("", {})
    facts: dict[str, Any] = {name: clean(v, 500) for name, key in _FIELDS.items() if isinstance(v := own.get(key), str)}
    headers = own.get("007D")
    if isinstance(headers, str):
        facts["headers"] = header_facts(headers[:200_000], notes)
    facts["links"] = _body(own, notes)
    facts["attachments"] = _attachments(store, notes)
    return facts


def _value(kind: str, content: bytes) -> bytes | str:
    if kind == "001F":
        return content.decode("utf-16-le", "replace").rstrip("\0")
    return content.decode("cp1252", "replace").rstrip("\0") if kind == "001E" else content


def _body(own: dict[str, bytes | str], notes: Notes) -> list[dict[str, str]]:
    html = own.get("1013")
    if isinstance(html, bytes):
        html = html.decode("utf-8", "replace")
    plain = own.get("1000")
    links = look_at_body(html, True, notes, "HTML body") if html else []
    return links + (look_at_body(plain, False, notes, "text body") if isinstance(plain, str) else [])


def _attachments(store: dict[str, dict[str, bytes | str]], notes: Notes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for place, own in store.items():
        if "__attach_version1.0" not in place or place.count("/") != 1 or len(rows) >= MOST_ATTACHMENTS:
            continue
        name = next((v for key in ("3707", "3704", "3001") if isinstance(v := own.get(key), str) and v), "attachment")
        content = own.get("3701", b"")
        raw = content if isinstance(content, bytes) else content.encode()
        notes.part(name, raw, place.rstrip("/"))
        rows.append({"name": clean(name, 300), "type": clean(str(own.get("370E", "")), 100), "size": len(raw)})
    return rows
