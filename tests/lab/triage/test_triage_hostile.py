"""Crafted content: nothing but a reported problem leaves triage, and in a child it costs itself only."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest
import triage_samples as made
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tocsin.lab.containment import Limits
from tocsin.lab.triage import Triage, triage, triage_bytes, triage_contained, yara

SAMPLES = {
    "pe": made.pe(imports=["VirtualAllocEx", "WriteProcessMemory"], overlay=b"x" * 100),
    "elf": made.elf(interpreter=b"/lib/ld"),
    "macho": made.fat(made.macho(), made.macho(cpu=0x0100000C))[:9000],
    "doc": made.compound({"WordDocument": b"x" * 200} | made.vba_streams({"ThisDocument": made.MACRO}, "Macros/VBA/", 50)),
    "xls": made.compound({"Workbook": b"\x09\x08\x04\x00\x00\x06\x05\x00\x85\x00\x0e\x00\x00\x00\x00\x00\x02\x01\x06\x00Macro1"}),
    "docm": made.document({"word/vbaProject.bin": made.compound(made.vba_streams({"M": made.MACRO})),
                           "word/_rels/settings.xml.rels": made.relationship("attachedTemplate", "http://t.example/a")}),
    "rtf": b"{\\rtf1{\\object\\objupdate{\\*\\objdata "
           b"01050000020000000b0000004571756174696f6e2e330000000000000000000400000041424344}}}",
    "pdf": made.pdf(b"<< /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> >>",
                    made.flate(b"9 0 << /S /URI >>", b"/Type /ObjStm /N 1 /First 4")),
    "lnk": made.lnk(arguments="/c calc", icon="a.ico"),
    "eml": made.MAIL,
    "msg": made.message(),
    "iso": made.image({"A.TXT": b"a"})[30_000:],
    "zip": made.zipped({"a.txt": "a", "b.exe": "MZ"}),
    "ps1": b"$a = 'x' + [char]65; powershell -e JABhAD0AMQA7ACAAVwByAGkAdABlAC0ASABvAHMAdAA=; Write-Host ('{1}{0}' -f 'a','b')",
    "html": b"<html><script>var a = atob('aGVsbG8gd29ybGQ='); eval(unescape('%61'));</script><a href='http://a.example/'>b</a></html>",
    "rar": b"Rar!\x1a\x07\x01\x00" + bytes(4) + bytes([17, 2, 2, 0, 0, 9, 32, 0, 0, 9]) + b"run.exe  ",
    "cab": b"MSCF" + bytes(12) + b"\x24\0\0\0" + bytes(4) + b"\x03\x01\0\0\x01\0" + bytes(6) + b"M\0\0\0" + bytes(12) + b"a.exe\0",
    "one": bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3e716e3bd65261145a4c48d4d0b7a9eac") + b"\x05" + bytes(19) + b"hello",
}  # fmt: skip
"""Small ones, so that a change hits something that matters."""


def mutated(data: bytes, seed: int, changes: int) -> bytes:
    """The content with some bytes set, cut out, doubled or made extreme, or cut off at the end."""
    chance = random.Random(seed)
    out = bytearray(data)
    for _ in range(changes):
        at = chance.randrange(len(out)) if out else 0
        match chance.randrange(6):
            case 0:
                out[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                out[at : at + 4] = chance.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f", b"\1\0\0\0"])
            case 2:
                del out[at : at + chance.randrange(1, 40)]
            case 3:
                out[at:at] = out[at : at + chance.randrange(1, 200)]
            case 4:
                out[at:at] = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 20)))
            case _:
                del out[max(1, len(out) - chance.randrange(1, 2 + len(out) // 2)) :]
    return bytes(out)


@pytest.mark.parametrize("name", SAMPLES)
@given(seed=st.integers(0, 1 << 40), changes=st.integers(1, 12))
@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
def test_nothing_leaves_triage(name: str, seed: int, changes: int) -> None:
    data = mutated(SAMPLES[name], seed, changes)
    begun = time.process_time()
    result = triage_bytes(data, f"sample.{name}")
    assert result.size == len(data)
    assert Triage.from_dict(json.loads(json.dumps(result.as_dict()))) == result
    assert time.process_time() - begun < 10


@given(st.binary(max_size=600))
@settings(max_examples=200, deadline=None)
def test_nothing_leaves_triage_for_noise_behind_each_magic(noise: bytes) -> None:
    for magic in (b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"{\\rt",
                  b"%PDF-1.7\n1 0 obj", b"PK\x03\x04",
                  b"Rar!\x1a\x07\x01\x00",
                  b"MSCF", b"\x1f\x8b", made.lnk()[:80]):  # fmt: skip
        assert triage_bytes(magic + noise).size == len(magic) + len(noise)


def write(folder: Path, **contents: bytes) -> list[Path]:
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in contents]


def test_contained_triage_says_the_same(tmp_path: Path) -> None:
    paths = write(tmp_path, mail=made.MAIL, program=SAMPLES["pe"], paper=SAMPLES["pdf"])
    assert list(triage_contained(paths, jobs=2)) == [triage(path) for path in paths]


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    (present,) = write(tmp_path, a=b"hello")
    missing, found = triage_contained([tmp_path / "missing", present])
    assert "missing" in missing.problems[0].reason
    assert (found.kind, found.problems) == ("text", [])


def test_a_sample_that_outlasts_its_child_costs_itself_only(tmp_path: Path) -> None:
    """The first look takes all the time there is (a rule sees to that), the second one gives hashes and strings."""
    rule = tmp_path / "slow.yar"
    rule.write_text(
        'rule slow { strings: $a = "slow marker" condition: $a and for all i in (0..filesize - 1) : '
        "(for all j in (0..filesize - 1) : (uint8(i) + uint8(j) >= 0)) }",
        encoding="utf-8",
    )
    slow, other = write(tmp_path, slow=b"slow marker http://slow.evil.example/ " * 20_000, other=b"hello there")
    limits = Limits(memory=2 << 30, seconds=8, processor_seconds=8)
    first, second = triage_contained([slow, other], limits=limits, rules=[rule])
    assert first.problems[0].reason.startswith("parsing was stopped")
    assert first.hashes["sha256"]
    assert "http://slow.evil.example/" in {i.value for i in first.indicators}
    assert second.problems == []


def test_a_sample_that_needs_too_much_memory_costs_itself_only(tmp_path: Path) -> None:
    large, small = write(tmp_path, large=bytes(300 << 20), small=b"hello")
    first, second = triage_contained([large, small], limits=Limits(memory=400 << 20, seconds=60, processor_seconds=60))
    assert "memory" in " ".join(p.reason for p in first.problems).lower()
    assert second.problems == []


def test_the_lab_stays_light() -> None:
    import subprocess
    import sys

    heavy = ("lief", "yara_x", "olefile", "LnkParse3", "ppdeep", "tlsh", "cryptography", "pyzipper")
    code = f"import sys; import tocsin.lab.triage; print([m for m in {heavy!r} if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip() == "[]"
    )
    code = "import sys; import tocsin.lab; print([m for m in sys.modules if m.startswith('tocsin.lab.triage')])"
    assert (
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip() == "[]"
    )
    assert yara.SECONDS > 0
