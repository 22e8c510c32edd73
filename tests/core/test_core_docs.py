"""Pages in docs/ that are made from the code, or list what the code has, are fresh."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tocsin.api.v1 import api

ROOT = Path(__file__).parents[2]


def test_the_table_of_reactions_is_fresh() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "reactions-table", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_chore_is_known_to_the_process_that_does_chores() -> None:
    """A chore in a module that nothing loads at the start is never done; the table shows what the start loads."""
    source = "\n".join(p.read_text(encoding="utf-8") for p in (ROOT / "src" / "tocsin").rglob("*.py"))
    chores = set(re.findall(r"^@every\([^)\n]*\)\n(?:@.*\n)*def (\w+)", source, re.MULTILINE))
    page = (ROOT / "docs" / "reactions.md").read_text(encoding="utf-8")
    assert len(chores) > 10
    assert chores == set(re.findall(r"^\| \d+ s \| \w+: `(\w+)` \|", page, re.MULTILINE))


def test_the_page_on_the_api_lists_what_there_is() -> None:
    described = api.get_openapi_schema(path_prefix="")
    there = {(method.upper(), path) for path, item in described["paths"].items() for method in item}
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| (GET|POST|PUT|PATCH|DELETE) \| `([^`]+)` \|", page, re.MULTILINE)) == there
