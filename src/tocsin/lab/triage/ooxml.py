"""Office Open XML: macros, relationships that lead outside, fields that start programs, embedded objects."""

from __future__ import annotations

import html
import io
import re
import zipfile
from typing import Any

from tocsin.lab.triage.archives import read_member, safe_members
from tocsin.lab.triage.model import Notes, clean
from tocsin.lab.triage.ole import open_streams
from tocsin.lab.triage.vba import macros

MOST_XML = 16 << 20
MOST_RELATIONSHIPS = 500
_RELATIONSHIP = re.compile(r"<(?:\w+:)?Relationship\s([^<>]{1,8000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([\w:]{1,60})\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_FIELD = re.compile(r"<w:instrText[^<>]{0,300}>([^<]{0,4000})<|<w:fldSimple\s[^<>]{0,300}?w:instr=\"([^\"]{0,4000})\"")
_DDE = re.compile(r"\bDDE(?:AUTO)?\s[^\r\n]{1,300}", re.IGNORECASE)
_OUTSIDE = {
    "attachedTemplate": "office.remote_template",
    "oleObject": "office.remote_object",
    "frame": "office.remote_frame",
    "aFChunk": "office.remote_object",
    "externalLink": "office.remote_data",
    "externalLinkPath": "office.remote_data",
    "subDocument": "office.remote_frame",
    "image": "office.remote_image",
}
"""What a relationship to the outside means, by the last word of its type."""


def ooxml(data: bytes, notes: Notes) -> dict[str, Any]:
    """The anatomy of an OOXML file. Raises BadZipFile where it cannot be opened as a ZIP archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = safe_members(archive, notes)
        names = {member.filename for member in members}
        facts: dict[str, Any] = {
            "application": next((app for folder, app in (("word/", "Word document"), ("xl/", "Excel workbook"),
                                 ("ppt/", "PowerPoint presentation"), ("visio/", "Visio drawing"))
                                 if any(n.startswith(folder) for n in names)), None),
            "members": len(members), "macros": [], "relationships": [], "objects": [], "properties": {},
        }  # fmt: skip
        for member in members:
            _member(archive, member, facts, notes)
    return facts


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, facts: dict[str, Any], notes: Notes) -> None:
    name = member.filename
    lower = name.lower()
    if lower.endswith((".bin", ".rels", ".xml", ".vml")) or "/embeddings/" in lower:
        content = read_member(archive, member, MOST_XML, notes)
        if content is None:
            return
        if content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
            _compound(name, content, facts, notes)
        elif "/embeddings/" in lower:
            facts["objects"].append({"path": clean(name, 300), "size": len(content)})
            notes.part(name, content, name)
        elif lower.endswith(".rels"):
            _relationships(name, content.decode("utf-8", "replace"), facts, notes)
        elif lower.endswith(".xml"):
            _xml(name, content.decode("utf-8", "replace"), facts, notes)


def _compound(name: str, content: bytes, facts: dict[str, Any], notes: Notes) -> None:
    if name.lower().endswith("vbaproject.bin"):
        streams, _, _ = open_streams(content, notes)
        facts["macros"] += macros(streams, notes, f"{name}: ")
    else:
        facts["objects"].append({"path": clean(name, 300), "size": len(content)})
        notes.anomaly("office.embedded_object", name, f"{len(content)} bytes")
        notes.part(name, content, name)


def _relationships(name: str, text: str, facts: dict[str, Any], notes: Notes) -> None:
    for match in _RELATIONSHIP.finditer(text):
        pairs = {m[1].lower(): html.unescape(m[2] if m[2] is not None else m[3]) for m in _ATTRIBUTE.finditer(match[1])}
        if pairs.get("targetmode", "").lower() != "external" or len(facts["relationships"]) >= MOST_RELATIONSHIPS:
            continue
        kind, target = pairs.get("type", "").rsplit("/", 1)[-1], pairs.get("target", "")
        facts["relationships"].append(
            {"part": clean(name, 300), "type": clean(kind, 100), "target": clean(target, 2000)}
        )
        if re.match(r"(?:mhtml:|https?:|ftp:|file:|\\\\)", target, re.IGNORECASE):
            notes.links.append((target[:4000], name))
            if kind in _OUTSIDE:
                notes.anomaly(_OUTSIDE[kind], name, target)
        if re.match(r"(?:ms-msdt|search-ms|ms-officecmd|mhtml|x-usc|vbscript|javascript):", target, re.IGNORECASE):
            notes.anomaly("html.risky_protocol", name, target)


def _xml(name: str, text: str, facts: dict[str, Any], notes: Notes) -> None:
    lower = name.lower()
    if lower.startswith("word/"):
        # A field's instruction may be spread over many runs, which is how it is hidden from searches.
        field = "".join(html.unescape(m[1] or m[2] or "") for m in _FIELD.finditer(text))
        for match in _DDE.finditer(field):
            notes.anomaly("office.dde", name, match[0])
    if "<ddelink" in text[: 1 << 20].lower():
        notes.anomaly("office.dde", name, (re.search(r"<ddeLink[^>]{0,400}>", text, re.IGNORECASE) or [""])[0])
    if "/macrosheets/" in lower:
        notes.anomaly("office.excel4_macros", name)
    if lower.endswith("xl/workbook.xml"):
        for match in re.finditer(r"<sheet\s[^>]{0,500}state=\"veryHidden\"[^>]{0,200}>", text):
            notes.anomaly("office.very_hidden_sheet", name, match[0])
        for match in re.finditer(
            r"<definedName[^>]{0,300}name=\"(?:_xlnm\.)?auto_(?:open|close)[^>]{0,300}>", text, re.IGNORECASE
        ):
            notes.anomaly("office.automatic_macro", name, match[0])
    if "/activex/" in lower and "classid" in text.lower():
        notes.anomaly("office.active_x", name)
    if lower.startswith("customui/") and re.search(r"\bonLoad\s*=", text):
        notes.anomaly("office.automatic_macro", name, "onLoad of a custom ribbon")
    if lower in {"docprops/core.xml", "docprops/app.xml"}:
        found = re.findall(r"<(?:\w+:)?(title|subject|creator|lastModifiedBy|created|modified|Application|Company|Template|"
                           r"description|keywords)\b[^>]{0,200}>([^<]{1,300})<", text)  # fmt: skip
        facts["properties"] |= {key: clean(html.unescape(value), 300) for key, value in found}
