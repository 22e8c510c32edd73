"""docs/sources.md names every source that the lab knows, and every channel that they write."""

from __future__ import annotations

import re
from pathlib import Path

from tocsin.lab.sources import kind as kinds
from tocsin.lab.sources.containers.marks import CONTAINERS
from tocsin.lab.sources.known import shapes, sources

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
CODE = ROOT / "src" / "tocsin" / "lab" / "sources"
LITERAL = re.compile(
    r'"((?:aws|azure|bitbucket|browser|defender|gcp|github|kubernetes|linux|lnk|m365|mail|ntfs|okta|opencanary|pcap|plaso'
    r'|prefetch|registry|srum|suricata|table|uac|velociraptor|web|windows|zeek)/[a-z0-9_]+)"'
)


def test_every_source_has_its_row() -> None:
    rows = set(re.findall(r"^\| `([^`]+)` \|", PAGE, re.MULTILINE))
    known = {*sources(), *(shape.name for shape in shapes()), kinds.EVTX, kinds.JSON}
    assert known - rows == set()
    assert rows - known == set(), "the page names what is not there"


def test_every_kind_of_container_is_named() -> None:
    assert {name for name in CONTAINERS if f"`{name}`" not in PAGE} == set()


def test_every_channel_is_named() -> None:
    written = {channel for file in CODE.glob("*.py") for channel in LITERAL.findall(file.read_text(encoding="utf-8"))}
    assert len(written) > 35
    assert {channel for channel in written if channel not in PAGE} == set()
