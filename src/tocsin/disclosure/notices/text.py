"""A notice as a document: its head, marks and sections, the same for plain text, DOCX and PDF."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Pt, RGBColor

from tocsin.disclosure.models import Notice
from tocsin.disclosure.notices.content import languages
from tocsin.disclosure.regimes import regimes_of

# What is not seen, turns the reading direction, or XML cannot hold; a line's end stays.
_HIDDEN = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff\ud800-\udfff\U000e0000-\U000e0fff]"
)


@dataclass(frozen=True)
class Page:
    """A notice ready to be set. marks: what stands above it (TLP, exercise, draft). head: label and value a line."""

    title: str
    language: str
    tlp: str
    exercise: str
    draft: str
    head: Sequence[tuple[str, str]]
    sections: Sequence[tuple[str, Sequence[str]]]
    foot: str
    made: datetime


def page_of(notice: Notice) -> Page:
    """The notice as a page; of one that is final, as it was when it was finished."""
    told, incident = languages()[notice.language], notice.incident
    regime = regimes_of(incident).get(notice.duty.regime)
    at = notice.finished_at or notice.changed_at
    citation = f", {regime.citation}" if regime and regime.citation else ""
    head = (
        ("to", notice.recipient_name),
        ("from", incident.plan_version.plan.organization.name),
        ("rule", f"{notice.duty.name}{citation}"),
        ("stage", notice.stage),
        ("reference", f"{incident.number} / N-{notice.number}"),
        ("as_of", told.at(at)),
    )
    return Page(
        _shown(told.say("title", regime=notice.duty.name)), notice.language, incident.tlp,
        told.say("exercise") if incident.exercise else "", "" if notice.is_final else told.say("draft"),
        [(told.say(label), _shown(value)) for label, value in head],
        [(_shown(row["heading"]), _shown(row["text"]).split("\n")) for row in notice.sections],
        told.say("as_written"), at,
    )  # fmt: skip


def _shown(text: str) -> str:
    """The text with hidden characters written as their numbers."""
    return _HIDDEN.sub(lambda m: f"\u2039U+{ord(m.group()):04X}\u203a", text)


def as_text(notice: Notice) -> str:
    """The notice as plain text; what was kept, once it is final."""
    if notice.text:
        return notice.text
    page = page_of(notice)
    marks = [mark for mark in (page.tlp, page.exercise, page.draft) if mark]
    told = languages()[notice.language]
    lines = [*marks, "", page.title, "", *(f"{label}{told.colon}{value}" for label, value in page.head), ""]
    for number, (heading, paragraphs) in enumerate(page.sections, 1):
        lines += [f"{number}. {heading}", *paragraphs, ""]
    return "\n".join([*lines, page.foot, ""])


def as_docx(notice: Notice) -> bytes:
    """The notice as a Word document. Everything in it is text: nothing is a field, a link or a macro."""
    page = page_of(notice)
    document = Document()
    document.core_properties.title = page.title[:255]
    document.core_properties.author = page.head[1][1][:255]
    document.core_properties.language = page.language
    document.core_properties.comments = ""
    document.core_properties.created = document.core_properties.modified = page.made.replace(tzinfo=None)
    document.styles["Normal"].font.size = Pt(10.5)
    header = document.sections[0].header.paragraphs[0]
    header.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    for mark in (page.tlp, page.exercise, page.draft):
        if mark:
            run = header.add_run(f"{mark}\n")
            run.bold = True
            run.font.color.rgb = RGBColor(0xA3, 0x23, 0x1F) if mark != page.tlp else RGBColor(0, 0, 0)
    document.add_heading(page.title, 1)
    table = document.add_table(rows=0, cols=2)
    for label, value in page.head:
        cells = table.add_row().cells
        cells[0].text, cells[1].text = label, value
    for number, (heading, paragraphs) in enumerate(page.sections, 1):
        document.add_heading(f"{number}. {heading}", 2)
        for paragraph in paragraphs:
            document.add_paragraph(paragraph)
    document.add_paragraph().add_run(page.foot).italic = True
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()
