"""From what a source wrote to the normal form of its kind, and from a bare value to its kind."""

from __future__ import annotations

import re
from collections.abc import Callable

from tocsin.lab.indicators import hosts, model, names

HEX = re.compile(r"[0-9a-f]+")
SSDEEP = re.compile(r"\d+:[A-Za-z0-9+/]{3,}:[A-Za-z0-9+/]{3,}")
JA4 = re.compile(r"[tqd](?:1[0-3]|s[123]|d[123]|00)[di]\d{4}[a-z0-9]{2}_[0-9a-f]{12}_[0-9a-f]{12}")
EMAIL = re.compile(r"[^\s@<>\"(),:;\\]{1,64}@([^\s@<>\"(),:;\\]{3,253})")
NAME_WITH_EXTENSION = re.compile(r"[^\\/:*?\"<>|\r\n]{1,200}\.([A-Za-z0-9]{1,8})")
FILE_EXTENSIONS = frozenset({
    "7z", "ace", "apk", "asp", "aspx", "avi", "bak", "bat", "bin", "bmp", "c", "cab", "cfg", "chm", "class",
    "cmd", "conf", "config", "cpl", "cpp", "cs", "csv", "dat", "db", "deb", "diz", "dll", "dmg", "dmp", "doc",
    "docm", "docx", "drv", "dump", "elf", "eml", "eps", "evtx", "exe", "gif", "gz", "h", "hta", "htm", "html",
    "ico", "img", "inf", "ini", "iqy", "iso", "jar", "jpeg", "jpg", "js", "jse", "json", "jsp", "jspx", "key",
    "ko", "lib", "lnk", "log", "m4a", "mdb", "mof", "mp3", "mp4", "msc", "msg", "msi", "msp", "mui", "ocx",
    "odt", "one", "p12", "pcap", "pdb", "pdf", "pem", "pfx", "php", "plist", "plugin", "png", "ppt", "pptm",
    "pptx", "ps1", "psd1", "psm1", "pub", "pyc", "pyd", "rar", "raw", "reg", "rpm", "rtf", "scr", "sct", "sh",
    "so", "sql", "svg", "swf", "sys", "tar", "tgz", "tiff", "tmp", "ttf", "txt", "url", "vbe", "vbs", "vhd",
    "vhdx", "vmdk", "war", "wav", "wim", "wsc", "wsf", "xla", "xlam", "xll", "xls", "xlsb", "xlsm", "xlsx",
    "xml", "xsl", "yaml", "yar", "yml", "zip",
})  # fmt: skip
"""Endings that make a dotted word a file, also where a top-level domain of that name exists (`.zip`, `.sh`)."""
EMPTY_HASHES = frozenset({
    "d41d8cd98f00b204e9800998ecf8427e",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
})  # fmt: skip
"""MD5, SHA-1 and SHA-256 of nothing: every feed has them, and so has every machine."""


def normal(kind: str, written: str) -> str:
    """Return the normal form of a value of some kind; raise ValueError with the reason where it is none."""
    rule = RULES.get(kind)
    if rule is None:
        raise ValueError(f"{kind} is no kind of indicator")
    return rule(written)


def _digest(length: int) -> Callable[[str], str]:
    def digest(written: str) -> str:
        value = written.strip().lower()
        if len(value) != length or not HEX.fullmatch(value):
            raise ValueError(f"is not {length} hexadecimal digits")
        if value in EMPTY_HASHES:
            raise ValueError("is the hash of an empty file")
        if len(set(value)) == 1:
            raise ValueError("is a placeholder, not a hash")
        return value

    return digest


def _email(written: str) -> str:
    value = written.strip().strip("<>").removeprefix("mailto:")
    found = EMAIL.fullmatch(value)
    if not found:
        raise ValueError("is no mail address")
    return f"{value.rpartition('@')[0].casefold()}@{hosts.domain(found[1])}"


def _ssdeep(written: str) -> str:
    value = written.strip()
    if not SSDEEP.fullmatch(value):
        raise ValueError("is no ssdeep hash")
    return names.literal(value)


def _ja4(written: str) -> str:
    value = written.strip().lower()
    if not JA4.fullmatch(value):
        raise ValueError("is no JA4 fingerprint")
    return value


RULES: dict[str, Callable[[str], str]] = {
    **{kind: _digest(length) for kind, length in model.FILE_HASHES.items()},
    model.IMPHASH: _digest(32),
    model.JA3: _digest(32),
    model.JA4: _ja4,
    model.SSDEEP: _ssdeep,
    model.IP: hosts.ip,
    model.NETWORK: hosts.network,
    model.DOMAIN: hosts.domain,
    model.URL: hosts.url,
    model.EMAIL: _email,
    model.FILE_PATH: names.file_path,
    model.FILE_NAME: names.file_name,
    model.REGISTRY_KEY: names.registry_key,
    model.COMMAND_LINE: names.literal,
    model.ACCOUNT: names.account,
    model.MUTEX: names.literal,
    model.USER_AGENT: names.literal,
    model.SERVICE: names.literal,
    model.PIPE: names.pipe,
}


def kind_of(text: str) -> str | None:
    """Return the kind that a bare value shows by its own shape, or None.

    A dotted word is a domain where its end is a public suffix and no usual ending of files.
    """
    text = text.strip()
    for length, kind in DIGESTS.items():
        if len(text) == length and HEX.fullmatch(text.lower()):
            return kind
    for kind in (model.URL, model.IP, model.EMAIL, model.JA4):
        if _fits(kind, text):
            return kind
    if "/" in text and text[:1].isalnum() and _fits(model.NETWORK, text):
        return model.NETWORK
    if text.upper().startswith(("HKEY_", "HKLM\\", "HKCU\\", "HKU\\", "HKCR\\", "\\REGISTRY\\")):
        return model.REGISTRY_KEY
    if text.lower().startswith("\\\\.\\pipe\\"):
        return model.PIPE
    if re.match(r"[A-Za-z]:[\\/]|\\\\?[^\\\s]|%[A-Za-z()0-9]+%[\\/]|/[^/\s]", text):
        return model.FILE_PATH
    if SSDEEP.fullmatch(text):
        return model.SSDEEP
    return _dotted(text)


DIGESTS = {length: kind for kind, length in model.FILE_HASHES.items()}


def _dotted(text: str) -> str | None:
    """Return the kind of a dotted word: a file's name or a domain."""
    name = NAME_WITH_EXTENSION.fullmatch(text)
    if name and name[1].lower() in FILE_EXTENSIONS:
        return model.FILE_NAME
    if _fits(model.DOMAIN, text) and hosts.known_suffix(hosts.domain(text)):
        return model.DOMAIN
    return None


def _fits(kind: str, text: str) -> bool:
    try:
        normal(kind, text)
    except ValueError:
        return False
    return True
