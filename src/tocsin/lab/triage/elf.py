"""Linux and Unix programs: headers, segments, sections, libraries, symbols, and what is odd in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tocsin.lab.triage.bounded import first, listing
from tocsin.lab.triage.hashes import entropy
from tocsin.lab.triage.lief_words import name_of, word
from tocsin.lab.triage.model import Notes, clean
from tocsin.lab.triage.pe import PACKED, judge_imports

_ODD_PLACES = ("/tmp", "/dev/shm", "/var/tmp", ".")  # noqa: S108 - places that are looked for, not used
_INTERPRETERS = ("/lib", "/usr/lib", "/system/bin/linker", "/libexec")


def elf(data: bytes, notes: Notes) -> dict[str, Any]:
    """The anatomy of an ELF file. Raises ValueError where its headers cannot be read."""
    import lief

    lief.logging.disable()
    binary = lief.ELF.parse(data)
    if binary is None:
        raise ValueError("headers of the ELF file are damaged")
    header = binary.header
    facts: dict[str, Any] = {
        "machine": word(header.machine_type),
        "bits": 64 if word(header.identity_class) in {"ELF64", "CLASS64"} else 32,
        "byte_order": word(header.identity_data),
        "type": word(header.file_type),
        "system": word(header.identity_os_abi),
        "entry_point": header.entrypoint,
        "overlay": len(binary.overlay) if binary.has_overlay else 0,
    }
    steps: dict[str, tuple[Callable[[], Any], Any]] = {
        "interpreter": (lambda: clean(str(binary.interpreter), 300) if binary.has_interpreter else None, None),
        "libraries": (lambda: [clean(str(name), 300) for name in first(binary.libraries, 200)], []),
        "run_paths": (lambda: _run_paths(binary), []),
        "segments": (lambda: _segments(binary, data, notes), []),
        "sections": (lambda: _sections(binary), []),
        "imports": (lambda: listing((name_of(s) for s in binary.imported_symbols), 5000), listing(())),
        "exports": (lambda: listing(name_of(s) for s in binary.exported_symbols), listing(())),
        "position_independent": (lambda: bool(binary.is_pie), None),
        "stack_executable": (lambda: not binary.has_nx, None),
        "stripped": (lambda: not first(binary.symtab_symbols, 1), None),
        "build_id": (lambda: _build_id(binary), None),
    }
    for name, (step, otherwise) in steps.items():
        facts[name] = notes.attempt(name.replace("_", " "), step, otherwise)
    facts["go"] = any(s["name"] in {".go.buildinfo", ".gopclntab"} for s in facts["sections"])
    notes.attempt("headers", lambda: _judge(binary, facts, data, notes), None)
    return facts


def _run_paths(binary: Any) -> list[str]:
    return [
        clean(str(getattr(entry, "runpath", None) or getattr(entry, "rpath", "")), 500)
        for entry in first(binary.dynamic_entries, 2000)
        if word(entry.tag) in {"RPATH", "RUNPATH"}
    ]


def _segments(binary: Any, data: bytes, notes: Notes) -> list[dict[str, Any]]:
    rows = []
    for index, segment in enumerate(first(binary.segments, 100)):
        flags = int(segment.flags)
        content = data[segment.file_offset : segment.file_offset + segment.physical_size]
        row = {
            "type": word(segment.type),
            "offset": segment.file_offset,
            "address": segment.virtual_address,
            "size": segment.physical_size,
            "memory_size": segment.virtual_size,
            "flags": "".join(letter for bit, letter in ((4, "r"), (2, "w"), (1, "x")) if flags & bit),
            "entropy": entropy(content),
        }
        rows.append(row)
        if row["type"] == "LOAD" and flags & 3 == 3:
            notes.anomaly("elf.writable_code", f"segment {index}")
        if row["type"] == "LOAD" and row["entropy"] >= PACKED and len(content) >= 4096:
            notes.anomaly("elf.packed_segment", f"segment {index}", f"entropy {row['entropy']}")
    return rows


def _sections(binary: Any) -> list[dict[str, Any]]:
    return [
        {"name": name_of(s), "type": word(s.type), "offset": s.offset, "address": s.virtual_address, "size": s.size}
        for s in first(binary.sections, 200)
    ]


def _build_id(binary: Any) -> str | None:
    for note in first(binary.notes, 50):
        if "BUILD_ID" in word(note.type):
            return bytes(note.description).hex()[:80]
    return None


def _judge(binary: Any, facts: dict[str, Any], data: bytes, notes: Notes) -> None:
    if not facts["sections"]:
        notes.anomaly("elf.no_sections", "section header table")
    if facts["stack_executable"] and any(s["type"] == "GNU_STACK" for s in facts["segments"]):
        notes.anomaly("elf.executable_stack", "GNU_STACK segment")
    if b"UPX!" in data[:4096] or b"UPX!" in data[-4096:]:
        notes.anomaly("elf.packer", "file", "UPX")
    for path in facts["run_paths"]:
        if any(part == odd or part.startswith(odd + "/") for part in path.split(":") for odd in _ODD_PLACES):
            notes.anomaly("elf.run_path", "dynamic section", path)
    interpreter = facts["interpreter"]
    if interpreter and not interpreter.startswith(_INTERPRETERS):
        notes.anomaly("elf.interpreter", "INTERP segment", interpreter)
    if binary.has_overlay and len(binary.overlay) >= 64:
        content = bytes(binary.overlay)
        notes.anomaly("elf.overlay", f"offset {len(data) - len(content)}", f"{len(content)} bytes")
        notes.part("overlay", content, f"offset {len(data) - len(content)}")
    judge_imports(set(facts["imports"]["items"]), notes)
