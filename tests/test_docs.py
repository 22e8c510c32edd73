"""The documentation is true to the code: commands, options, settings, files, links and the words on buttons."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from tocsin.cli.main import app

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "tocsin"
PAGES = sorted([ROOT / "README.md", ROOT / "THREAT_MODEL.md", *(ROOT / "docs").glob("*.md")])
GUIDE, OPERATIONS = ROOT / "docs" / "user-guide.md", ROOT / "docs" / "operations.md"

_FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_COMMAND = re.compile(r"(?:^(?:[A-Z_]+=\S+ )*|\.venv/bin/)tocsin ([a-z-].*)")
_PLACES = {p.name for p in (*ROOT.iterdir(), *SOURCE.iterdir()) if p.is_dir() and not p.name.startswith((".", "__"))}
_PATH = re.compile(r"^([A-Za-z_][\w.-]*/[\w./-]*\w|[A-Za-z_][\w-]*/)(?:: ?(\w+).*)?$")
_LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")


def fenced(text: str) -> Iterator[str]:
    """The lines of code blocks, continued lines joined, without their prompt."""
    for block in _FENCE.finditer(text):
        for line in block[2].replace("\\\n", " ").splitlines():
            yield line.strip().removeprefix("$ ")


def inline(text: str) -> list[str]:
    """What stands between back-ticks in running text."""
    return _INLINE.findall(_FENCE.sub("", text))


def words_of(line: str) -> list[str]:
    """The words of the tocsin command in a line, up to what the shell does with it; none when there is no command."""
    found = _COMMAND.search(line)
    if not found:
        return []
    text = found[1] if found[1].count("'") % 2 == 0 else found[1].rstrip("'")  # the end of bash -c '...'
    parts = shlex.shlex(text, posix=True, punctuation_chars=True)
    parts.whitespace_split = True
    return list(takewhile(lambda part: not set(part) <= set("|&;<>()"), parts))


def look_up(words: list[str]) -> tuple[Any, str, list[str]]:
    """The command that the words name, its name, and the words after it. Fails when there is no such command."""
    command, name, rest = get_command(app), "tocsin", list(words)
    while rest and hasattr(command, "commands") and not rest[0].startswith("-"):
        assert rest[0] in command.commands, f"there is no command '{name} {rest[0]}'"
        name, command = f"{name} {rest[0]}", command.commands[rest.pop(0)]
    return command, name, rest


@cache
def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@cache
def source() -> str:
    """All of the code and the page templates as one text."""
    return "".join(_text(f) for f in (*SOURCE.rglob("*.py"), *SOURCE.rglob("*.html")))


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower().replace("`", "")).replace(" ", "-")


def commands_in(page: Path) -> list[tuple[str, bool]]:
    """Each line with a tocsin command in it, and whether it stands in a code block, ready to be typed."""
    text = _text(page)
    shown = [(line, True) for line in fenced(text) if words_of(line)]
    return shown + [(code, False) for code in inline(text) if words_of(code)]


def test_commands_are_found_in_lines() -> None:
    assert words_of("TOCSIN_HOME=/x .venv/bin/tocsin verify --home b | head") == ["verify", "--home", "b"]
    assert words_of('tocsin declare "a; b" --severity 1 >x') == ["declare", "a; b", "--severity", "1"]
    assert words_of("bash -c '. env; .venv/bin/tocsin sign-in a@b'") == ["sign-in", "a@b"]
    assert words_of("sudo install -d -m 700 -o tocsin -g tocsin /srv/tocsin") == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_command_exists_with_the_options_shown(page: Path) -> None:
    for line, ready in commands_in(page):
        if "…" in line or "..." in line:
            continue
        command, name, rest = look_up(words_of(line))
        known = {option for p in command.params for option in p.opts + p.secondary_opts} | {"--help"}
        unknown = [w for w in rest if re.match(r"^--?[a-z]", w) and w.partition("=")[0] not in known]
        assert not unknown, f"{page.name}: {line}: {name} has no {unknown}"
        if ready and not hasattr(command, "commands"):
            command.make_context(name, rest)  # raises when an argument is missing, too many, or of the wrong kind


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_setting_named_is_read_somewhere(page: Path) -> None:
    read = {"TOCSIN_SHARED", *re.findall(r"TOCSIN_[A-Z_]*[A-Z]", source() + _text(ROOT / "Makefile"))}
    named = set(re.findall(r"TOCSIN_[A-Z_]*[A-Z]", _text(page)))
    assert named - read == set()


def test_every_setting_is_documented() -> None:
    settings = _text(SOURCE / "settings.py")
    table = _text(OPERATIONS).partition("## Settings")[2].partition("## For a team")[0]
    read = set(re.findall(r'environ(?:\.get\(|\[)"(TOCSIN_[A-Z_]+)"', settings))
    assert len(read) > 5
    assert read == set(re.findall(r"^\| `(TOCSIN_[A-Z_]+)`", table, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_file_named_exists(page: Path) -> None:
    missing = []
    for code in inline(_text(page)):
        found = _PATH.match(code)
        if not found or found[1].split("/")[0] not in _PLACES:
            continue
        file = next((f for f in (ROOT / found[1], SOURCE / found[1]) if f.exists()), None)
        if file is None or (found[2] and file.is_file() and found[2] not in _text(file)):
            missing.append(code)
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_test_named_exists(page: Path) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", _text(page))
    assert [f"{file}::{test}" for file, test in named if f"def {test}(" not in _text(ROOT / file)] == []
    assert named or page.name != "THREAT_MODEL.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_inside_the_documentation_resolve(page: Path) -> None:
    text = _text(page)
    broken = []
    for target in _LINK.findall(_FENCE.sub("", text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists():
            broken.append(target)
        elif anchor and file.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", _text(file)), re.MULTILINE)
            if anchor not in {slug(h) for h in headings}:
                broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_make_target_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([\w./-]+):(?!=)", _text(ROOT / "Makefile"), re.MULTILINE))
    text = _text(page)
    named = {m[1] for code in (*inline(text), *fenced(text)) if (m := re.search(r"(?:^|&& )make ([\w./-]+)", code))}
    assert named - targets == set()


def test_the_guide_names_buttons_and_pages_as_they_are() -> None:
    table = _text(GUIDE).partition("## I need to")[2].partition("\n## ")[0]
    labels = {label.rstrip(".") for label in re.findall(r"\*\*([A-Z][^*]+)\*\*", table)}
    shown = source()
    assert len(labels) > 15
    assert sorted(label for label in labels if not re.search(rf"""["'#] ?{re.escape(label)}["'\\n]""", shown)) == []


def test_every_page_of_the_documentation_is_in_the_index() -> None:
    index = _text(ROOT / "docs" / "README.md")
    pages = {p.name for p in PAGES if p.parent.name == "docs" and p.name != "README.md"}
    assert {name for name in pages if f"]({name})" not in index} == set()
