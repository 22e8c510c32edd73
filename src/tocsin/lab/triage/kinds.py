"""What a sample is, from its content and never from its name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tocsin.lab.triage.texts import as_text


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: a short key, words for people, and its media type."""

    key: str
    name: str
    mime: str


_KINDS = {
    "pe": ("Windows program (PE)", "application/vnd.microsoft.portable-executable"),
    "dos": ("DOS program", "application/x-dosexec"),
    "elf": ("Linux or Unix program (ELF)", "application/x-elf"),
    "macho": ("macOS program (Mach-O)", "application/x-mach-binary"),
    "java": ("Java class", "application/java-vm"),
    "dex": ("Android program (DEX)", "application/x-dex"),
    "wasm": ("WebAssembly module", "application/wasm"),
    "ole": ("OLE compound file", "application/x-ole-storage"),
    "ooxml": ("Office Open XML document", "application/vnd.openxmlformats-officedocument"),
    "odf": ("OpenDocument file", "application/vnd.oasis.opendocument"),
    "zip": ("ZIP archive", "application/zip"),
    "jar": ("Java archive", "application/java-archive"),
    "7z": ("7z archive", "application/x-7z-compressed"),
    "rar": ("RAR archive", "application/vnd.rar"),
    "gzip": ("gzip file", "application/gzip"),
    "bzip2": ("bzip2 file", "application/x-bzip2"),
    "xz": ("xz file", "application/x-xz"),
    "zstd": ("Zstandard file", "application/zstd"),
    "tar": ("tar archive", "application/x-tar"),
    "cab": ("Windows cabinet", "application/vnd.ms-cab-compressed"),
    "iso": ("ISO 9660 disc image", "application/x-iso9660-image"),
    "vhd": ("virtual hard disk", "application/x-virtualbox-vhd"),
    "rtf": ("Rich Text document", "application/rtf"),
    "pdf": ("PDF document", "application/pdf"),
    "lnk": ("Windows shortcut (LNK)", "application/x-ms-shortcut"),
    "onenote": ("OneNote section", "application/onenote"),
    "chm": ("compiled HTML help", "application/vnd.ms-htmlhelp"),
    "email": ("e-mail message", "message/rfc822"),
    "hta": ("HTML application (HTA)", "application/hta"),
    "html": ("HTML page", "text/html"),
    "svg": ("SVG image", "image/svg+xml"),
    "xml": ("XML document", "application/xml"),
    "powershell": ("PowerShell script", "text/x-powershell"),
    "javascript": ("JavaScript", "text/javascript"),
    "vbscript": ("VBScript or Visual Basic", "text/vbscript"),
    "batch": ("batch file", "text/x-msdos-batch"),
    "shell": ("shell script", "text/x-shellscript"),
    "python": ("Python script", "text/x-python"),
    "php": ("PHP script", "application/x-php"),
    "url": ("Internet shortcut", "application/x-mswinurl"),
    "png": ("PNG image", "image/png"),
    "jpeg": ("JPEG image", "image/jpeg"),
    "gif": ("GIF image", "image/gif"),
    "bmp": ("bitmap", "image/bmp"),
    "text": ("text", "text/plain"),
    "empty": ("empty file", "application/x-empty"),
    "data": ("unknown data", "application/octet-stream"),
}

_MAGIC = (
    (b"\x7fELF", "elf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"MSCF", "cab"),
    (b"{\\rt", "rtf"),
    (b"L\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46", "lnk"),
    (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d\xae\xb1\x53\x78\xd0\x29\x96\xd3", "onenote"),
    (b"ITSF", "chm"),
    (b"dex\n", "dex"),
    (b"\x00asm", "wasm"),
    (b"conectix", "vhd"),
    (b"vhdxfile", "vhd"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF8", "gif"),
)
_MACHO = {b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"}
_FAT = {b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"}

_MARKUP = (
    ("hta", re.compile(r"<hta:application|<job[\s>].{0,400}<script", re.IGNORECASE | re.DOTALL)),
    ("svg", re.compile(r"^\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,2000}?-->\s*)?<svg[\s>]", re.IGNORECASE | re.DOTALL)),
    ("html", re.compile(r"<!doctype html|<html[\s>]|<script[\s>]|<body[\s>]|<iframe[\s>]", re.IGNORECASE)),
    ("xml", re.compile(r"^\s*<\?xml\s")),
)
_SHEBANG = re.compile(r"^#!\s{0,9}\S{0,200}/(?:env\s+(?:-\S{1,9}\s+)?)?([a-z]+)")
_SHELLS = {"sh": "shell", "bash": "shell", "zsh": "shell", "dash": "shell", "pwsh": "powershell", "php": "php"}
_MAIL = re.compile(r"^(?:From|Received|Return-Path|Delivered-To|MIME-Version|Message-ID|Date|Subject|To|X-[\w-]+|"
                   r"DKIM-Signature|ARC-[\w-]+|Authentication-Results|Content-Type|Reply-To):[ \t]", re.IGNORECASE)  # fmt: skip
_LANGUAGE = {
    "powershell": re.compile(
        r"\$\w+\s*=|\[(?:char|byte|convert|system|text|io)[\w.\[\]]*\]|\b(?:invoke|new|get|set|start|write|out)-\w+|"
        r"\bIEX\b|-enc(?:odedcommand)?\b|\bparam\s*\(|\$env:|-(?:join|replace|bxor|split|f|eq|ne)\b",
        re.IGNORECASE,
    ),
    "javascript": re.compile(
        r"\bfunction\b\s*\w*\s*\(|\b(?:var|let|const)\s+[\w$]+\s*=|new\s+ActiveXObject|WScript\.\w+|"
        r"String\.fromCharCode|\beval\s*\(|=>\s*\{|\)\s*;\s*$|===|document\.\w+",
        re.MULTILINE,
    ),
    "vbscript": re.compile(
        r"^[ \t]*(?:dim[ \t]+\w+[ \t]*(?:,|as\b|:|$)|set[ \t]+\w+[ \t]*=)|\bend\s+(?:sub|function|if)\b|"
        r"\b(?:private|public)?\s*sub\s+\w+\s*\(|createobject\s*\(|"
        r"\bchrw?\s*\(|\bon\s+error\s+resume|attribute\s+vb_|\bexecute(?:global)?\b|&\s*_\s*$",
        re.IGNORECASE | re.MULTILINE,
    ),
    "batch": re.compile(
        r"^[ \t]*@?echo\s+(?:off|on)\b|^[ \t]*(?:@[ \t]*)?(?:set\s+\"?\w+=|rem\s|goto\s|if\s+(?:not\s+)?exist\s|start\s|for\s+/|"
        r"setlocal|exit\s*/b|call\s+:?\w|cmd(?:\.exe)?\s+/c|reg\s+add)|%\w+(?::~[-\d,]+)?%|%~\w*\d",
        re.IGNORECASE | re.MULTILINE,
    ),
    "python": re.compile(
        r"^(?:import|from)\s+[\w.]+|^[ \t]*def\s+\w+\(.*\):|^[ \t]*(?:if|for|while|try|else).*:\s*$", re.MULTILINE
    ),
    "shell": re.compile(
        r"^[ \t]*(?:export\s+\w+=|fi|done|esac|then)\s*$|\$\(|\bchmod\s+\+?[\d x]|/dev/(?:null|tcp)", re.MULTILINE
    ),
}
_STRONG = 2
"""Different signs of a language that a text without other marks must show."""


def kind_of(data: bytes) -> Kind:
    """The kind of some content. Never raises; what nothing is known about is 'data'."""
    key = _binary(data) or _text(data)
    return Kind(key, *_KINDS[key])


def _binary(data: bytes) -> str:
    if not data:
        return "empty"
    if data[:2] in {b"MZ", b"ZM"}:
        start = int.from_bytes(data[0x3C:0x40], "little")
        return "pe" if data[start : start + 4] == b"PE\0\0" else "dos"
    if data[:4] in _MACHO:
        return "macho"
    if data[:4] in _FAT:
        # A Java class has its version where a fat Mach-O counts its few architectures.
        return "macho" if 0 < int.from_bytes(data[4:8], "big") < 40 else "java"
    for magic, key in _MAGIC:
        if data.startswith(magic):
            return key
    if data[:4] in {b"PK\x03\x04", b"PK\x05\x06"}:
        return _zip(data)
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data[257:262] == b"ustar":
        return "tar"
    if data[0x8001:0x8006] == b"CD001":
        return "iso"
    if data[:2] == b"BM" and int.from_bytes(data[2:6], "little") == len(data):
        return "bmp"
    return ""


def _zip(data: bytes) -> str:
    if b"[Content_Types].xml" in data and re.search(rb"(?:word|xl|ppt|visio)/", data):
        return "ooxml"
    if data[30:38] == b"mimetype" and b"opendocument" in data[38:120]:
        return "odf"
    if b"META-INF/MANIFEST.MF" in data and b".class" in data:
        return "jar"
    return "zip"


def _text(data: bytes) -> str:
    text = as_text(data[: 1 << 17])
    if text is None:
        return "data"
    text = text.lstrip("\ufeff")
    if shebang := _SHEBANG.match(text):
        return _SHELLS.get(shebang[1], "python" if shebang[1].startswith("python") else "shell")
    if _is_mail(text):
        return "email"
    if text.lstrip().startswith("<?php"):
        return "php"
    if "[internetshortcut]" in text[:2000].lower():
        return "url"
    head = text[:20_000]
    if "<" in head:
        for key, pattern in _MARKUP:
            if pattern.search(head):
                return key
    return _language(head) or "text"


def _is_mail(text: str) -> bool:
    heads = [line for line in text[:8000].split("\n", 60)[:60] if _MAIL.match(line)]
    return len({line.split(":")[0].lower() for line in heads}) >= 3 and bool(
        _MAIL.match(text) or text.startswith("From ")
    )


def _language(text: str) -> str:
    """The language that shows the most of its different signs."""
    signs = {key: {m[0].strip().lower()[:24] for m in pattern.finditer(text)} for key, pattern in _LANGUAGE.items()}
    best = max(signs, key=lambda key: len(signs[key]))
    return best if len(signs[best]) >= _STRONG else ""
