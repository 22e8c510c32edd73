"""PDF documents: what they do by themselves, scripts, files inside, links, and tricks that hide these."""

from __future__ import annotations

import base64
import re
from typing import Any

from tocsin.lab.triage.bounded import inflate
from tocsin.lab.triage.model import Notes, clean
from tocsin.lab.triage.scripts import script

MOST_OBJECTS = 20_000
MOST_UNPACKED = 64 << 20
MOST_SCRIPTS = 50
_OBJECT = re.compile(rb"(?<![\d])(\d{1,10})[\s\0]{1,20}(\d{1,5})[\s\0]{1,20}obj\b")
_NAME = re.compile(rb"/((?:[^\s\0()<>\[\]{}/%#]|#[0-9a-fA-F]{2}){1,127})")
_REFERENCE = re.compile(rb"\s{0,20}(\d{1,10})\s{1,20}(\d{1,5})\s{1,20}R\b")
_COUNTED = ("JS", "JavaScript", "OpenAction", "AA", "Launch", "EmbeddedFile", "EmbeddedFiles", "URI", "SubmitForm",
            "GoToR", "GoToE", "RichMedia", "XFA", "AcroForm", "JBIG2Decode", "Encrypt",
            "ObjStm", "ImportData", "Rendition")  # fmt: skip
_NOTED = {"JavaScript": "pdf.javascript", "Launch": "pdf.launch", "EmbeddedFile": "pdf.embedded_file",
          "SubmitForm": "pdf.submit_form", "GoToR": "pdf.remote_go_to", "GoToE": "pdf.remote_go_to",
          "RichMedia": "pdf.rich_media", "XFA": "pdf.xfa",
          "Encrypt": "pdf.encrypted", "ImportData": "pdf.submit_form"}  # fmt: skip


def pdf(data: bytes, notes: Notes) -> dict[str, Any]:
    """The anatomy of a PDF, read object by object so that a damaged cross-reference table hides nothing."""
    objects, unpacked = _objects(data, notes)
    counts = dict.fromkeys(_COUNTED, 0)
    for head in objects.values():
        for match in _NAME.finditer(head):
            name = _plain(match[1])
            if name in counts:
                counts[name] += 1
            if b"#" in match[1] and name in counts:
                notes.anomaly("pdf.hidden_name", "name", match[0].decode("latin-1"))
    for name, key in _NOTED.items():
        if counts[name] or (name == "JavaScript" and counts["JS"]):
            notes.anomaly(key, f"/{name}", f"{counts[name]} times")
    automatic = counts["OpenAction"] + counts["AA"]
    if automatic and (counts["JS"] + counts["JavaScript"] + counts["Launch"] + counts["SubmitForm"] + counts["GoToR"]):
        notes.anomaly("pdf.automatic_action", "/OpenAction" if counts["OpenAction"] else "/AA")
    version = re.search(rb"%PDF-(\d\.\d)", data[:1024])
    _judge(data, notes)
    return {
        "version": version[1].decode() if version else None,
        "objects": len(objects),
        "names": {name: n for name, n in counts.items() if n},
        "updates": data.count(b"%%EOF"),
        "scripts": _scripts(objects, unpacked, notes),
        "links": _links(objects, notes),
        "launches": _launches(objects, notes),
        "embedded_files": _files(objects, unpacked, notes),
        "information": _information(objects),
    }


def _objects(data: bytes, notes: Notes) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The text of each object with its names made plain, and the unpacked streams, by number. Later ones win."""
    heads: dict[str, bytes] = {}
    unpacked: dict[str, bytes] = {}
    used = 0
    starts = [(m.start(), m.end(), m[1].decode()) for m in _OBJECT.finditer(data)]
    if len(starts) > MOST_OBJECTS:
        notes.problem(f"{len(starts)} objects; only {MOST_OBJECTS} were read")
        starts = starts[:MOST_OBJECTS]
    for (_, begin, number), following in zip(starts, [*(s for s, _, _ in starts[1:]), len(data)], strict=True):
        body = data[begin:following]
        stream = re.search(rb"\bstream\r?\n", body)
        head = body[: stream.start()] if stream else body[: body.find(b"endobj")] if b"endobj" in body else body
        key = number if number not in heads else f"{number} at {begin}"
        heads[key] = head[: 1 << 20]
        if stream and used < MOST_UNPACKED:
            raw = body[stream.end() :]
            end = raw.rfind(b"endstream")
            unpacked[key] = _unpack(head, raw[: end if end >= 0 else len(raw)])
            used += len(unpacked[key])
            if re.search(rb"/Type\s*/ObjStm\b|/ObjStm\b", _plain_names(head)):
                _object_stream(key, unpacked[key], heads)
        elif stream:
            notes.problem(
                f"streams unpack to more than {MOST_UNPACKED} bytes; the rest was not read", f"object {number}"
            )
    return heads, unpacked


def _object_stream(key: str, content: bytes, heads: dict[str, bytes]) -> None:
    """Add the objects in an object stream (ISO 32000-1, 7.5.7); their own boundaries do not matter here."""
    numbers = re.match(rb"[\s\d]{1,200000}", content)
    pairs = [int(n) for n in numbers[0].split()[: 2 * MOST_OBJECTS]] if numbers else []
    first = numbers.end() if numbers else 0
    offsets = sorted((offset, number) for number, offset in zip(pairs[::2], pairs[1::2], strict=False))
    if not offsets or any(len(str(n)) > 10 for _, n in offsets):
        heads[f"in {key}"] = content[: 1 << 20]
        return
    ends = [*(o for o, _ in offsets[1:]), len(content)]
    for (offset, number), end in zip(offsets, ends, strict=True):
        heads.setdefault(str(number), content[first + offset : min(first + end, first + offset + (1 << 20))])


def _plain(name: bytes) -> str:
    return re.sub(rb"#([0-9a-fA-F]{2})", lambda m: bytes([int(m[1], 16)]), name).decode("latin-1")


def _plain_names(head: bytes) -> bytes:
    return _NAME.sub(lambda m: b"/" + _plain(m[1]).encode("latin-1"), head) if b"#" in head else head


def _unpack(head: bytes, raw: bytes) -> bytes:
    """A stream with its filters undone, as far as they are known."""
    filters = re.search(rb"/(?:Filter|F)\s{0,20}(\[[^\]]{0,300}\]|/[\w#]{1,60})", _plain_names(head))
    for name in re.findall(rb"/(\w{1,60})", filters[1]) if filters else []:
        if name in {b"FlateDecode", b"Fl"}:
            raw = inflate(raw)
        elif name in {b"ASCIIHexDecode", b"AHx"}:
            digits = re.sub(rb"[^0-9a-fA-F]", b"", raw.split(b">")[0])
            raw = bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())
        elif name in {b"ASCII85Decode", b"A85"}:
            try:
                raw = base64.a85decode(raw.split(b"~>")[0].strip().removeprefix(b"<~"))
            except ValueError:
                return b""
        else:
            return raw
    return raw


def _string(head: bytes, at: int) -> str:
    """The text of a string that begins at or after some white space: (...) or <hex> (ISO 32000-1, 7.3.4)."""
    while at < len(head) and head[at : at + 1].isspace():
        at += 1
    raw = _literal(head, at) if head[at : at + 1] == b"(" else b""
    if head[at : at + 1] == b"<" and head[at + 1 : at + 2] != b"<":
        digits = re.sub(rb"[^0-9a-fA-F]", b"", head[at : head.find(b">", at)])
        raw = bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode())
    if raw[:2] == b"\xfe\xff":
        return raw[2:].decode("utf-16-be", "replace")
    return raw.decode("latin-1")


_ESCAPE = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def _literal(head: bytes, at: int) -> bytes:
    depth, end = 0, at
    for match in re.compile(rb"\\.|[()]", re.DOTALL).finditer(head, at):
        depth += {b"(": 1, b")": -1}.get(match[0], 0)
        end = match.start()
        if depth == 0:
            break
    else:
        end = len(head)

    def unescape(match: re.Match[bytes]) -> bytes:
        if match[1]:
            return bytes([int(match[1], 8) & 255])
        return _ESCAPE.get(match[2], b"" if match[2] in {b"\n", b"\r"} else match[2])

    return re.sub(rb"\\(?:([0-7]{1,3})|(.))", unescape, head[at + 1 : end], flags=re.DOTALL)


def _values(objects: dict[str, bytes], key: bytes) -> list[tuple[str, bytes, int]]:
    """Where a key stands in the objects: number, the object's text with plain names, offset after the key."""
    found: list[tuple[str, bytes, int]] = []
    for number, head in objects.items():
        plain = _plain_names(head)
        found.extend((number, plain, m.end()) for m in re.finditer(rb"/" + key + rb"(?![\w#])", plain))
    return found[:2000]


def _scripts(objects: dict[str, bytes], unpacked: dict[str, bytes], notes: Notes) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    done: set[str] = set()
    for number, head, at in _values(objects, b"JS"):
        if len(rows) >= MOST_SCRIPTS:
            break
        reference = _REFERENCE.match(head, at)
        if reference:
            target = reference[1].decode()
            content = unpacked.get(target)
            text = content.decode("utf-8", "replace") if content is not None else _string(objects.get(target, b""), 0)
        else:
            target, text = number, _string(head, at)
        if not text.strip() or text in done:
            continue
        done.add(text)
        rows.append({"object": target, "characters": len(text)})
        notes.layer("script in PDF", text, f"object {target}")
        script(text, notes, f"object {target}")
    return rows


def _links(objects: dict[str, bytes], notes: Notes) -> list[str]:
    links = sorted({clean(text, 2000) for _, head, at in _values(objects, b"URI") if (text := _string(head, at))})
    notes.links += [(link, "/URI") for link in links]
    return links[:500]


def _launches(objects: dict[str, bytes], notes: Notes) -> list[str]:
    found = []
    for number, head, _ in _values(objects, b"Launch"):
        parts = [_string(head, m.end()) for m in re.finditer(rb"/(?:F|P|D|UF)(?![\w#])", head)]
        text = clean(" ".join(p for p in parts if p), 2000)
        if text and text not in found:
            found.append(text)
            notes.layer("launched command", text, f"object {number}")
            script(text, notes, f"object {number}")
    return found[:50]


def _files(objects: dict[str, bytes], unpacked: dict[str, bytes], notes: Notes) -> list[dict[str, Any]]:
    names: dict[str, str] = {}
    for _, head, at in _values(objects, b"EF"):
        name = next((t for m in re.finditer(rb"/(?:UF|F)(?![\w#])", head) if (t := _string(head, m.end()))), "")
        for match in _REFERENCE.finditer(head, at):
            names.setdefault(match[1].decode(), name)
    rows = []
    for number, head in objects.items():
        if number in unpacked and (number in names or b"/EmbeddedFile" in _plain_names(head)):
            name = names.get(number) or f"object {number}"
            rows.append({"name": clean(name, 300), "object": number, "size": len(unpacked[number])})
            notes.part(name, unpacked[number], f"object {number}")
    return rows[:200]


def _information(objects: dict[str, bytes]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key in ("Title", "Author", "Subject", "Creator", "Producer", "CreationDate", "ModDate"):
        for _, head, at in _values(objects, key.encode())[:5]:
            if text := _string(head, at):
                found.setdefault(key, clean(text, 300))
    return found


def _judge(data: bytes, notes: Notes) -> None:
    if not data.startswith(b"%PDF-"):
        notes.anomaly("pdf.late_header", f"offset {data[:1024].find(b'%PDF-')}")
    end = data.rfind(b"%%EOF")
    rest = data[end + 5 :].strip() if end >= 0 else b""
    if end < 0:
        notes.anomaly("pdf.no_end", f"offset {len(data)}")
    elif len(rest) > 32:
        notes.anomaly("pdf.appended_data", f"offset {end + 5}", f"{len(rest)} bytes")
        notes.part("data after the end", rest, f"offset {end + 5}")
