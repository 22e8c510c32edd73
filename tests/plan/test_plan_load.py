"""Loading: a plan folder becomes a plan, and bad input is named with file, line and a way out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.plan.load import load_plan, parse_plan, read_files, version_of
from tocsin.plan.models import Anchor
from tocsin.plan.offset import MOST, Offset
from tocsin.plan.problems import PlanError, Problem

SAMPLE = Path(__file__).parent / "sample"


def problems_of(files: dict[str, str]) -> list[Problem]:
    with pytest.raises(PlanError) as caught:
        parse_plan(files)
    return caught.value.problems


def only(files: dict[str, str]) -> Problem:
    found = problems_of(files)
    assert len(found) == 1, [str(p) for p in found]
    return found[0]


def test_a_folder_becomes_a_plan() -> None:
    plan = load_plan(SAMPLE)
    assert plan.organization.countries == ("NL", "NO")
    assert plan.contacts["anneke"].name == "Anneke de Vries"
    assert [s.id for s in plan.playbooks["ransomware"].steps][:3] == ["isolate", "sample", "pay"]
    assert plan.messages["staff-note"].body.startswith("Dear colleagues,\n")
    assert plan.messages["staff-note"].audience == "staff"


def test_a_due_time_has_one_beginning(files: dict[str, str]) -> None:
    steps = parse_plan(files).playbooks["ransomware"].steps
    assert (steps[0].due.after, steps[0].due.after_step) == (Anchor.DECLARED, None)  # type: ignore[union-attr]
    assert (steps[2].due.after, steps[2].due.after_step) == (None, "isolate")  # type: ignore[union-attr]
    path = "playbooks/ransomware.yaml"
    files[path] = files[path].replace("after_step: isolate", "after_step: isolate, after: declared")
    assert "either 'after' or 'after_step'" in only(files).what


def test_the_version_names_the_content_and_not_the_line_ends(files: dict[str, str]) -> None:
    windows = {path: text.replace("\n", "\r\n") for path, text in files.items()}
    assert version_of(windows) == version_of(files) == parse_plan(files).version
    assert parse_plan(windows) == parse_plan(files)
    assert version_of(dict(reversed(files.items()))) == version_of(files)
    changed = {**files, "plan.yaml": files["plan.yaml"] + "# a word\n"}
    moved = {path.replace("general", "other"): text for path, text in files.items()}
    assert len({version_of(files), version_of(changed), version_of(moved)}) == 3
    assert len(version_of(files)) == 64


BAD_TEXT = [
    ("tab", "organization:\n\tname: x\n", 2, "spaces only"),
    ("duplicate-key", "a: 1\nb: 2\na: 3\n", 3, "silently win"),
    ("yaml-syntax", "a: [1, 2\nb: 3\n", 2, "nothing after this place"),
    ("yaml-syntax", "a: *nowhere\n", 1, "nothing after this place"),
    ("yaml-tag", "a:\n  b: !!python/object:os.system x\n", 2, "plain values"),
    ("many-documents", "a: 1\n---\nb: 2\n", 2, "ignored"),
    ("bad-character", "a: 1\nb: \x07\n", 2, "UTF-8"),
    ("bad-key", "? [a, b]\n: 1\n", 1, "refer"),
    ("empty", "# nothing\n", 1, "has to say something"),
    ("too-big", "a: " + "x" * 300_000, 0, "right file"),
    ("too-deep", "[" * 5000, 1, "no plan"),
    ("too-big", "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    ), None, "multiply"),
    ("too-big", "a: &a\n  b: *a\n", None, "multiply"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "text", "line", "why"), BAD_TEXT)
def test_bad_yaml_names_the_place(files: dict[str, str], code: str, text: str, line: int | None, why: str) -> None:
    files["contacts.yaml"] = text
    problem = only(files)
    assert (problem.file, problem.code) == ("contacts.yaml", code)
    assert line is None or problem.line == line
    assert why in problem.why


BAD_VALUES = [
    ("plan.yaml", "holder: anneke", "hodler: anneke", "unknown-key", "did you mean 'holder'?"),
    (
        "plan.yaml",
        "format: tocsin-plan/1",
        "format: tocsin-plan/2",
        "bad-value",
        "the file says 'tocsin-plan/2'",
    ),
    ("plan.yaml", "access: lead", "access: boss", "bad-value", "'boss'"),
    ("plan.yaml", "  scoper:", "  Scoping Lead:", "bad-key", "'Scoping Lead' is no key"),
    (
        "plan.yaml",
        "report_every: 8 h",
        "report_every: 8 weeks",
        "bad-value",
        "'8 weeks' is no length of time",
    ),
    ("plan.yaml", "report_every: 8 h", "report_every: 8", "bad-value", "'8' is no length of time"),
    ("plan.yaml", "people_count: 120", "people_count: many", "bad-type", "a whole number"),
    ("contacts.yaml", "kind: sms", "kind: fax", "bad-value", "'fax'"),
    ("contacts.yaml", "verified: 2026-09-15", "verified: 2026-13-15", "bad-type", "a date"),
    ("contacts.yaml", "name: Jan Bakker", "name: 2026", "bad-type", "has to be text"),
    ("playbooks/ransomware.yaml", "title: Restore", "titel: Restore", "unknown-key", "did you mean 'title'?"),
    ("playbooks/ransomware.yaml", "role: fixer", "kind: fix", "bad-value", "'fix'"),
    ("playbooks/general.yaml", "do: Collect.", "does: Collect.", "unknown-key", "did you mean 'do'?"),
    ("messages/staff-note.md", "language: en", "langauge: en", "unknown-key", "did you mean 'language'?"),
]


@pytest.mark.parametrize(("file", "old", "new", "code", "what"), BAD_VALUES)
def test_a_wrong_value_names_its_own_line(
    files: dict[str, str], file: str, old: str, new: str, code: str, what: str
) -> None:
    assert old in files[file]
    files[file] = files[file].replace(old, new, 1)
    found = next(p for p in problems_of(files) if p.code == code)
    assert what in found.what
    assert new.partition(":")[0].strip() in files[file].splitlines()[found.line - 1]


def test_every_mistake_of_every_file_is_told_at_once(files: dict[str, str]) -> None:
    broken = {path: text.replace("title:", "tilte:", 1).replace("name:", "nmae:", 1) for path, text in files.items()}
    assert {p.file for p in problems_of(broken)} == set(files)


def test_a_broken_step_does_not_make_the_list_look_empty(files: dict[str, str]) -> None:
    files["playbooks/general.yaml"] = "id: general\ntitle: T\nsteps:\n  - {id: a, title: A}\n"
    assert [p.what for p in problems_of(files)] == ["'role' is missing"]


def test_what_is_missing_or_no_part_of_a_plan(files: dict[str, str]) -> None:
    del files["contacts.yaml"]
    assert only(files).code == "missing-file"
    assert {p.code for p in problems_of({**files, "../etc/passwd": "x"})} == {"missing-file", "unknown-file"}


def test_two_playbooks_of_one_id(files: dict[str, str]) -> None:
    files["playbooks/zebra.yaml"] = files["playbooks/general.yaml"]
    problem = only(files)
    assert (problem.code, problem.file, problem.line) == ("duplicate-id", "playbooks/zebra.yaml", 1)


@pytest.mark.parametrize("text", ["no front matter\n", "---\ntitle: T\nnever closed\n", ""])
def test_a_message_needs_its_front_matter(files: dict[str, str], text: str) -> None:
    files["messages/staff-note.md"] = text
    assert only(files).code == "no-front-matter"


@settings(deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    files = {**read_files(SAMPLE), "playbooks/general.yaml": text, "messages/staff-note.md": "---\n" + text}
    problems: list[Problem] = []
    try:
        parse_plan(files)
    except PlanError as error:
        problems = error.problems
    assert {p.file for p in problems} <= {"playbooks/general.yaml", "messages/staff-note.md"}
    assert all(p.what and p.line <= text.count("\n") + 2 for p in problems if text.isprintable())


def copy_of(files: dict[str, str], folder: Path) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def refused(folder: Path) -> Problem:
    with pytest.raises(PlanError) as caught:
        read_files(folder)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


def test_only_the_plan_is_read(files: dict[str, str], tmp_path: Path) -> None:
    copy_of(files, tmp_path)
    (tmp_path / "README.md").write_bytes(b"\xff\xfe\0")
    (tmp_path / "playbooks" / "notes.txt").write_bytes(b"\xff")
    (tmp_path / "messages" / ".hidden.md").write_bytes(b"\xff")
    assert read_files(tmp_path) == files


def test_a_byte_order_mark_is_no_text(files: dict[str, str], tmp_path: Path) -> None:
    copy_of(files, tmp_path)
    (tmp_path / "plan.yaml").write_bytes(b"\xef\xbb\xbf" + files["plan.yaml"].encode())
    assert read_files(tmp_path) == files


BAD_BYTES = [
    ("encoding", b"a: 1\nb: caf\xe9\n", 2), ("encoding", "a: 1\n".encode("utf-16"), 1),
    ("binary", b"\x7fELF\n\n\0\0", 3), ("too-big", b"#" * 1_100_000, 0),
]  # fmt: skip


@pytest.mark.parametrize(("code", "raw", "line"), BAD_BYTES)
def test_bad_bytes_name_the_file(files: dict[str, str], tmp_path: Path, code: str, raw: bytes, line: int) -> None:
    copy_of(files, tmp_path)
    (tmp_path / "contacts.yaml").write_bytes(raw)
    problem = refused(tmp_path)
    assert (problem.file, problem.code, problem.line) == ("contacts.yaml", code, line)


def test_a_link_may_not_lead_out_of_the_folder(files: dict[str, str], tmp_path: Path) -> None:
    inside, outside = tmp_path / "plan", tmp_path / "secret.yaml"
    inside.mkdir()
    copy_of(files, inside)
    outside.write_text("contacts: {}\n")
    (inside / "playbooks" / "stolen.yaml").symlink_to(outside)
    assert refused(inside).code == "outside"
    (inside / "playbooks" / "stolen.yaml").unlink()
    (inside / "playbooks" / "again.yaml").symlink_to("general.yaml")
    assert "playbooks/again.yaml" in read_files(inside)
    (inside / "playbooks" / "again.yaml").unlink()
    (inside / "playbooks" / "gone.yaml").symlink_to("nowhere.yaml")
    assert refused(inside).code == "unreadable"


def test_what_is_no_regular_file(files: dict[str, str], tmp_path: Path) -> None:
    copy_of(files, tmp_path)
    os.mkfifo(tmp_path / "playbooks" / "pipe.yaml")
    assert refused(tmp_path).code == "no-file"


def test_a_wrong_ending_and_a_missing_folder(files: dict[str, str], tmp_path: Path) -> None:
    copy_of(files, tmp_path)
    (tmp_path / "playbooks" / "late.yml").write_text("id: late\n")
    assert refused(tmp_path).code == "wrong-suffix"
    assert refused(tmp_path / "nowhere").code == "no-folder"


UNITS = {"min": "min", "m": "min", "h": "h", "d": "d", "business days": "bd", "business day": "bd", "bd": "bd",
         "month": "months", "months": "months"}  # fmt: skip
SECONDS = {"min": 60, "h": 3600, "d": 86400}


@given(st.integers(0, 99999), st.sampled_from(sorted(UNITS)), st.sampled_from(["", " ", "  "]))
def test_an_offset_means_what_it_says_and_reads_back(count: int, unit: str, gap: str) -> None:
    if count > MOST["months" if UNITS[unit] == "months" else UNITS[unit][0]]:
        with pytest.raises(ValueError, match="longer than ten years"):
            Offset.parse(f"{count}{gap}{unit}")
        return
    offset = Offset.parse(f"{count}{gap}{unit}")
    seconds = SECONDS.get(UNITS[unit], 0) * count
    assert offset.elapsed.total_seconds() == seconds
    assert offset.business_days == (count if UNITS[unit] == "bd" else 0)
    assert offset.months == (count if UNITS[unit] == "months" else 0)
    assert Offset.parse(str(offset)) == offset


@given(st.text(max_size=20))
def test_any_text_is_an_offset_or_refused(text: str) -> None:
    try:
        said = str(Offset.parse(text))
    except ValueError as error:
        said = str(error)
    assert "no length of time" in said or Offset.parse(said) == Offset.parse(text)


@pytest.mark.parametrize("text", ["", "h", "-3 h", "1.5 h", "3 weeks", "4 H", "999999 d", "3 h after"])
def test_what_is_no_offset(text: str) -> None:
    with pytest.raises(ValueError, match="no length of time"):
        Offset.parse(text)
