"""macOS programs, also fat ones: headers, segments, libraries, signature, and what is odd in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tocsin.lab.triage.bounded import first, listing
from tocsin.lab.triage.hashes import entropy
from tocsin.lab.triage.lief_words import name_of, word
from tocsin.lab.triage.model import Notes, clean
from tocsin.lab.triage.pe import PACKED, judge_imports

MOST_SLICES = 12


def macho(data: bytes, notes: Notes) -> dict[str, Any]:
    """The anatomy of a Mach-O file: one entry in `slices` for each architecture. Raises ValueError where damaged."""
    import lief

    lief.logging.disable()
    fat = lief.MachO.parse(data)
    if fat is None or not fat.size:
        raise ValueError("headers of the Mach-O file are damaged")
    return {"fat": fat.size > 1, "slices": [_slice(binary, notes) for binary in first(fat, MOST_SLICES)]}


def _slice(binary: Any, notes: Notes) -> dict[str, Any]:
    header = binary.header
    place = word(header.cpu_type)
    facts: dict[str, Any] = {"cpu": place, "type": word(header.file_type), "offset": binary.fat_offset}
    steps: dict[str, tuple[Callable[[], Any], Any]] = {
        "flags": (lambda: sorted(word(f) for f in header.flags_list), []),
        "entry_point": (lambda: binary.entrypoint if binary.has_entrypoint else None, None),
        "uuid": (lambda: bytes(binary.uuid.uuid).hex() if binary.has_uuid else None, None),
        "libraries": (lambda: [name_of(library) for library in first(binary.libraries, 200)], []),
        "run_paths": (lambda: [clean(str(p.path), 500) for p in first(binary.rpaths, 50)], []),
        "segments": (lambda: _segments(binary, place, notes), []),
        "imports": (lambda: listing((name_of(s) for s in binary.imported_symbols), 5000), listing(())),
        "exports": (lambda: listing(name_of(s) for s in binary.exported_symbols), listing(())),
        "signed": (lambda: bool(binary.has_code_signature), None),
        "encrypted": (lambda: bool(binary.has_encryption_info and binary.encryption_info.crypt_id), None),
        "stack_executable": (lambda: not binary.has_nx_stack, None),
    }
    for name, (step, otherwise) in steps.items():
        facts[name] = notes.attempt(f"{place} {name.replace('_', ' ')}", step, otherwise)
    if facts["encrypted"]:
        notes.anomaly("macho.encrypted", place)
    if facts["type"] == "EXECUTE" and facts["signed"] is False:
        notes.anomaly("macho.unsigned", place)
    if facts["stack_executable"]:
        notes.anomaly("macho.executable_stack", place)
    judge_imports({name.removeprefix("_") for name in facts["imports"]["items"]}, notes)
    return facts


def _segments(binary: Any, place: str, notes: Notes) -> list[dict[str, Any]]:
    rows = []
    for segment in first(binary.segments, 100):
        content = bytes(segment.content)
        protection = int(segment.init_protection)
        row = {
            "name": name_of(segment),
            "address": segment.virtual_address,
            "size": segment.file_size,
            "memory_size": segment.virtual_size,
            "flags": "".join(letter for bit, letter in ((1, "r"), (2, "w"), (4, "x")) if protection & bit),
            "entropy": entropy(content),
            "sections": [name_of(s) for s in first(segment.sections, 100)],
        }
        rows.append(row)
        where = f"{place}, segment {row['name']}"
        if protection & 6 == 6:
            notes.anomaly("macho.writable_code", where)
        if row["entropy"] >= PACKED and len(content) >= 4096 and row["name"] != "__LINKEDIT":
            notes.anomaly("macho.packed_segment", where, f"entropy {row['entropy']}")
    return rows
