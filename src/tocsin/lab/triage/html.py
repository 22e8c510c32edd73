"""HTML, HTML applications, SVG and XML: scripts, frames, forms, redirections, smuggled files."""

from __future__ import annotations

import base64
import binascii
import html as entities
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from tocsin.lab.triage.bounded import first
from tocsin.lab.triage.model import Notes, clean
from tocsin.lab.triage.scripts import script, signs
from tocsin.lab.triage.texts import as_text

MOST_CHARACTERS = 8 << 20
MOST_TAGS = 50_000
_TAG = re.compile(r"<([a-z][a-z0-9:-]{0,30})([^<>]{0,20000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([a-z][\w:-]{0,40})\s{0,20}=\s{0,20}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_DATA_URL = re.compile(r"data:([\w./+-]{0,100})((?:;[\w=-]{1,60})*),([A-Za-z0-9+/=%._~-]{100,})", re.IGNORECASE)


def html(data: bytes, notes: Notes) -> dict[str, Any]:
    """The anatomy of a page or of another marked-up text. Raises ValueError where it is no text."""
    text = as_text(data)
    if text is None:
        raise ValueError("content is no text")
    if len(text) > MOST_CHARACTERS:
        notes.problem(f"only the first {MOST_CHARACTERS} characters were read")
    text = text[:MOST_CHARACTERS]
    facts = scan_html(text, notes, "")
    if facts["hta"]:
        notes.anomaly("html.application", "page")
    if re.search(r"<\w{0,20}:?binData\b|progid=\"Word\.Document\"", text) or "<?mso-application" in text[:2000]:
        _flat_office(text, notes)
    links = page_links(text)
    notes.links += [(link["url"], "page") for link in links]
    return facts | {"links": links[:200]}


def scan_html(text: str, notes: Notes, where: str) -> dict[str, Any]:
    """Look for what a page does by itself; scripts are opened layer by layer."""
    text = text[:MOST_CHARACTERS]
    counts: dict[str, int] = {}
    actions: list[str] = []
    passwords = 0
    for name, attributes in _tags(text):
        counts[name] = counts.get(name, 0) + 1
        passwords += name == "input" and attributes.get("type", "").lower() == "password"
        _tag(name, attributes, counts[name], actions, notes, where)
    if any(a.startswith("http") for a in actions) and passwords:
        notes.anomaly("html.password_form", where, ", ".join(actions[:5]))
    if re.search(r"createobjecturl|mssaveoropenblob|mssaveblob", text, re.IGNORECASE) and re.search(
        r"\batob\s*\(|new\s+blob|uint8array", text, re.IGNORECASE
    ):
        notes.anomaly("html.smuggling", where)
    for number, (language, body) in enumerate(first(_scripts(text), 50), 1):
        place = f"{where + ', ' if where else ''}script {number}{' (' + language + ')' if language else ''}"
        script(body, notes, place)
    _data_urls(text, notes, where)
    return {"tags": dict(sorted(counts.items(), key=lambda kv: -kv[1])[:60]), "form_actions": actions[:50],
            "hta": "hta:application" in counts}  # fmt: skip


def _tags(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    for match in first(_TAG.finditer(text), MOST_TAGS):
        pairs = {m[1].lower(): entities.unescape(m[2] or m[3] or m[4] or "") for m in _ATTRIBUTE.finditer(match[2])}
        yield match[1].lower(), pairs


def _tag(name: str, attributes: dict[str, str], nth: int, actions: list[str], notes: Notes, where: str) -> None:
    place = f"{where + ', ' if where else ''}<{name}> {nth}"
    if name == "form" and attributes.get("action"):
        actions.append(clean(attributes["action"], 500))
    if name in {"iframe", "frame"} and re.search(
        r"display\s*:\s*none|visibility\s*:\s*hidden", attributes.get("style", ""), re.IGNORECASE
    ):
        notes.anomaly("html.hidden_frame", place, attributes.get("src", ""))
    if name in {"iframe", "frame"} and (
        attributes.get("width") in {"0", "1"} or attributes.get("height") in {"0", "1"}
    ):
        notes.anomaly("html.hidden_frame", place, attributes.get("src", ""))
    if (
        name == "meta"
        and attributes.get("http-equiv", "").lower() == "refresh"
        and "url" in attributes.get("content", "").lower()
    ):
        notes.anomaly("html.redirect", place, attributes["content"])
    if name in {"object", "embed", "applet"}:
        notes.anomaly(
            "html.object", place, attributes.get("classid") or attributes.get("data") or attributes.get("src", "")
        )
    for key, value in attributes.items():
        if value.lower().lstrip().startswith(("javascript:", "vbscript:")) or (
            key.startswith("on") and len(value) > 60
        ):
            script(value, notes, f"{place} {key}")
        elif value.lower().startswith(("ms-msdt:", "search-ms:", "ms-officecmd:", "file:")):
            notes.anomaly("html.risky_protocol", place, value)


def _scripts(text: str) -> Iterator[tuple[str, str]]:
    """Language and body of each script element; found by searching on, so that it stays linear in bad pages."""
    lower = text.lower()
    at = 0
    while (start := lower.find("<script", at)) >= 0:
        body = lower.find(">", start)
        if body < 0:
            return
        end = lower.find("</script", body)
        end = len(text) if end < 0 else end
        attributes = {
            m[1].lower(): m[2] or m[3] or m[4] or "" for m in _ATTRIBUTE.finditer(text[start : min(body, start + 2000)])
        }
        if text[body + 1 : end].strip():
            yield clean(attributes.get("language") or attributes.get("type", ""), 40), text[body + 1 : end]
        at = end


def page_links(text: str) -> list[dict[str, str]]:
    """The addresses that a page links to or loads, each with the text it is shown as."""
    links = []
    lower = text[:MOST_CHARACTERS].lower()
    for match in first(_TAG.finditer(text[:MOST_CHARACTERS]), MOST_TAGS):
        for attribute in _ATTRIBUTE.finditer(match[2]):
            value = entities.unescape(attribute[2] or attribute[3] or attribute[4] or "").strip()
            if attribute[1].lower() in {"href", "src", "action", "data", "background"} and re.match(
                r"[a-z]{3,10}://", value, re.IGNORECASE
            ):
                shown = ""
                if match[1].lower() == "a":
                    end = lower.find("</a", match.end(), match.end() + 2000)
                    shown = re.sub(r"<[^>]{0,500}>|\s+", " ", text[match.end() : end]).strip() if end > 0 else ""
                links.append({"url": clean(value, 2000), "text": clean(entities.unescape(shown), 300)})
        if len(links) >= 500:
            break
    return links


def _data_urls(text: str, notes: Notes, where: str) -> None:
    for match in first(_DATA_URL.finditer(text), 50):
        if match[1].startswith(("image/", "font/", "application/font")) and "svg" not in match[1]:
            continue
        try:
            raw = base64.b64decode(match[3] + "==") if "base64" in match[2].lower() else unquote_to_bytes(match[3])
        except (binascii.Error, ValueError):
            continue
        notes.anomaly("html.data_url", where, f"{match[1]}, {len(raw)} bytes")
        notes.part(f"data URL ({match[1] or 'no type'})", raw, where or "page")


def _flat_office(text: str, notes: Notes) -> None:
    """Files in a flat Office document (Word 2003 XML, flat OPC)."""
    for match in first(re.finditer(r"binData[^>]{0,400}>([A-Za-z0-9+/=\s]{40,})<", text), 50):
        try:
            raw = base64.b64decode(re.sub(r"\s", "", match[1]) + "==")
        except (binascii.Error, ValueError):
            continue
        notes.part("embedded in flat XML", raw, f"character {match.start()}")
    signs(text[: 1 << 20], notes, "document")
