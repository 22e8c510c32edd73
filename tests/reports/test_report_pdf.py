"""The PDF: whole, empty, hostile and huge; marked on every page, bounded, written whole or not at all."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pypdf import PdfReader
from report_samples import HOSTILE, digest, empty, hostile, huge, whole

from tocsin.reports import pdf
from tocsin.reports.data import Decision, Fact, Inference, NarrativePart, ReportData
from tocsin.reports.text import code, visible


def pages(data: ReportData, folder: Path) -> list[str]:
    out = folder / "report.pdf"
    pdf.render_pdf(data, out)
    return [page.extract_text() for page in PdfReader(out).pages]


def squeezed(text: str) -> str:
    """Without spaces and line breaks: where a line is broken is no matter here."""
    return re.sub(r"[\s\u200b\u00ad]+", "", text)


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[list[str], PdfReader]]:
    folder = tmp_path_factory.mktemp("whole")
    text = pages(whole(exercise=True), folder)
    return text, PdfReader(folder / "report.pdf")


def test_sections_hashes_and_authors(printed: tuple[list[str], PdfReader]) -> None:
    text = squeezed("".join(printed[0]))
    for words in (
        "Executive summary", "What to do next", "Timeline", "What the intruder did", "Notification clocks",
        "Remediation and verification", "Recommendations", "Indicators", "A. Rule-Writer, B. Second",
        "DRL 1.1", "author not named", "nobody assigned", "Tell the shipping lines today?",
        "Held until its NTP log is read",
        digest("head"), digest("plan"), digest("CRN-SCH-01_Security.evtx"), digest("9"),
        r"C:\ProgramData\crane\ld.exe",
    ):  # fmt: skip
        assert squeezed(words) in text, words


def test_exercise_and_tlp_on_every_page(printed: tuple[list[str], PdfReader]) -> None:
    for text in printed[0]:
        assert "EXERCISE EXERCISE EXERCISE" in text
        assert text.count("TLP:AMBER") >= 2, "header and footer"


def test_no_exercise_mark_otherwise(tmp_path: Path) -> None:
    for text in pages(whole(tlp="TLP:RED"), tmp_path):
        assert "EXERCISE" not in text
        assert text.count("TLP:RED") >= 2


def test_cites_are_links_inside_the_document(printed: tuple[list[str], PdfReader]) -> None:
    reader = printed[1]
    annotations = [
        note.get_object() for page in reader.pages for note in (page.get("/Annots") or []) if note is not None
    ]
    links = [note for note in annotations if note["/Subtype"] == "/Link"]
    assert len(links) > 30
    homes = {reader.get_page_number(note["/Dest"][0].get_object()) for note in links if "/Dest" in note}
    reached = "".join(printed[0][page] for page in homes)
    for row in ("E-01", "E-03", "X-01", "L-120"):
        assert row in reached
    assert not [note for note in links if "/URI" in note.get("/A", {})], "nothing in a report leads outside"


def test_empty_says_so(tmp_path: Path) -> None:
    found = pages(empty(), tmp_path)
    text = squeezed("".join(found))
    for words in (
        "None recorded: nobody and no program noted one",
        "No open tasks recorded.", "No events recorded.", "None open.",
        "nothing is known to be affected", "no clock had been started", "Not established yet.", "nobody yet",
    ):  # fmt: skip
        assert squeezed(words) in text, words
    assert len(found) < 8


def test_hostile_text_is_visible_text(tmp_path: Path) -> None:
    text = squeezed("".join(pages(hostile(), tmp_path)))
    shown = (
        squeezed(visible(HOSTILE))
        .replace("\U0001f600", "\u2039U+1F600\u203a")
        .replace("日本", "\u2039U+65E5\u203a\u2039U+672C\u203a")
    )
    start = shown[: shown.index("QQQ")]
    assert text.count(start) > 20
    assert "\u202e" not in text


def test_five_thousand_detections(tmp_path: Path) -> None:
    data = huge(5000)
    start = time.monotonic()
    found = pages_count(data, tmp_path)
    assert time.monotonic() - start < 30
    assert found < 60


def pages_count(data: ReportData, folder: Path) -> int:
    pdf.render_pdf(data, folder / "huge.pdf")
    return len(PdfReader(folder / "huge.pdf").pages)


def test_every_character_let_through_can_be_set(tmp_path: Path) -> None:
    held = "".join(chr(n) for n in range(0x20, 0x2FFFF) if not pdf._NO_GLYPH.match(chr(n)))
    lines = [visible(held[i : i + 500]) for i in range(0, len(held), 500)]
    facts = [Fact(text=(line, code(line)), cites=("L-1",)) for line in lines]
    slanted = [Inference(text=(line, code(line)), confidence="low", because=line, cites=("L-1",)) for line in lines]
    bold = tuple(Decision(ref=f"D-{n}", question=line, decider="x") for n, line in enumerate(lines))
    part = NarrativePart(tactic="impact", statements=(*facts, *slanted))
    data = empty().model_copy(update={"narrative": (part,), "decisions": bold})
    pdf.render_pdf(data, tmp_path / "report.pdf")  # PDF/A refuses a character without a glyph
    assert "Ж" in held
    assert "ß" in held


def test_it_is_an_archival_and_accessible_pdf(printed: tuple[list[str], PdfReader]) -> None:
    metadata = printed[1].xmp_metadata
    assert metadata is not None
    told = metadata.stream.get_data().decode()
    assert "<pdfaid:part>2</pdfaid:part>" in told
    assert "<pdfuaid:part>1</pdfuaid:part>" in told


def test_same_data_same_bytes(tmp_path: Path) -> None:
    pdf.render_pdf(whole(), tmp_path / "a.pdf")
    pdf.render_pdf(whole(), tmp_path / "b.pdf")
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_too_slow_is_stopped_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "SECONDS", 0.01)
    out = tmp_path / "report.pdf"
    out.write_bytes(b"old")
    with pytest.raises(pdf.PdfError, match="stopped"):
        pdf.render_pdf(whole(), out)
    assert out.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["report.pdf"]


def test_too_much_memory_is_an_error_not_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "MEMORY", 64 * 2**20)
    with pytest.raises(pdf.PdfError):
        pdf.render_pdf(huge(2000), tmp_path / "report.pdf")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        pdf.render_pdf(empty(), tmp_path / "no" / "report.pdf")
