"""Whatever a container calls its members, they land in the folder that was given, and each is accounted for."""

from __future__ import annotations

import tarfile
import tempfile
import warnings
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st
from packing import PACK, tarred, zipped

from tocsin.lab.record import Tally
from tocsin.lab.sources.containers.opening import open_container
from tocsin.lab.sources.containers.unpacking import ArchiveLimits, refused

PIECES = [
    "..",
    ".",
    "/",
    "\\",
    "C:",
    "a",
    "ü",
    "\x00",
    "\n",
    "%2e",
    "\\\\?\\",
    "__MACOSX/",
    " ",
    "\u202e",
    "CON",
    "x" * 300,
]
NAMES = st.lists(st.sampled_from(PIECES) | st.text(max_size=5), min_size=1, max_size=8).map("".join)
LIMITS = ArchiveLimits(members=20, total=2_000_000, ratio=100, ratio_from=100_000)


def unpacked(content: bytes, kind: str) -> tuple[list[str], Tally]:
    with tempfile.TemporaryDirectory() as top:
        into = Path(top, "a", "b", "into")
        into.mkdir(parents=True)
        path = Path(top, "container")
        path.write_bytes(content)
        tally = Tally()
        opened = open_container(path, kind, "container", into, tally, LIMITS, LIMITS.total)
        for member in opened.members:
            assert member.path.parent == into
            assert member.path.name.isdecimal()
            assert member.same_as or member.path.stat().st_size == member.size
        names = [member.name for member in opened.members]
        assert len(set(names)) == len(names)
        found = {each for each in Path(top).rglob("*") if each.is_file()}
        assert found == {path, *(member.path for member in opened.members if not member.same_as)}
        "".join(names).encode()  # they can be stored
        return names, tally


@settings(deadline=None, max_examples=150)
@given(st.lists(NAMES.map(lambda name: name.replace("\0", "0")).filter(bool), max_size=25, unique=True))
@example(["../a", "/a", "C:a", "a#2", "a"])
def test_zip(names: list[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        content = zipped(*((name, name.encode("utf-8", "replace")) for name in names if not name.endswith("/")))
    kept, tally = unpacked(content, "zip")
    given_names = [name for name in names if not name.endswith("/")]
    assert len(kept) + tally.not_understood + tally.skipped == len(given_names)


@settings(deadline=None, max_examples=150)
@given(
    st.lists(NAMES, max_size=15),
    st.sampled_from(["tar", *PACK]),
    st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
)
def test_tar(names: list[str], kind: str, form: int) -> None:
    usable = [name for name in names if "\0" not in name]
    content = tarred(*((name, b"x" + name.encode("utf-8", "replace")) for name in usable), form=form)
    if not usable:
        return
    kept, tally = unpacked(content if kind == "tar" else PACK[kind](content), kind)
    folders = sum(name.endswith("/") for name in usable)
    assert len(kept) + tally.not_understood + tally.skipped >= len(usable) - folders


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(["zip", "tar", "7z", *PACK]), st.binary(max_size=2_000))
def test_no_bytes_raise(kind: str, content: bytes) -> None:
    unpacked(content, kind)


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(["zip", "tar", *PACK]), st.integers(0, 5_000), st.binary(min_size=1, max_size=8))
def test_no_damage_raises(kind: str, place: int, damage: bytes) -> None:
    members = [(f"d/{number}.json", b"{}" * (number * 50)) for number in range(6)]
    whole = zipped(*members) if kind == "zip" else tarred(*members) if kind == "tar" else PACK[kind](tarred(*members))
    content = bytearray(whole)
    place %= len(content)
    content[place : place + len(damage)] = damage
    unpacked(bytes(content), kind)
    unpacked(whole[:place], kind)


@given(NAMES)
def test_names_that_are_let_in_stay_in(name: str) -> None:
    if not refused(name):
        assert not Path(name).is_absolute()
        assert ".." not in Path(name.replace("\\", "/")).parts
