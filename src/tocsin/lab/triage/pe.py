"""Windows programs: headers, sections, imports, exports, resources, signature, overlay, .NET, and what is odd in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tocsin.lab.triage.bounded import first, listing
from tocsin.lab.triage.hashes import entropy
from tocsin.lab.triage.lief_words import name_of, word
from tocsin.lab.triage.model import Notes, clean, tables
from tocsin.lab.triage.pe_extras import dotnet, resources, signatures, version_info

PACKED = 7.2
"""Entropy from which a section is held to be compressed or encrypted; code seldom goes beyond 6.8."""
MOST_IMPORTS = 5000
_CHARACTERISTICS = {"MEM_EXECUTE": "x", "MEM_WRITE": "w", "MEM_READ": "r"}


def pe(data: bytes, notes: Notes) -> dict[str, Any]:
    """The anatomy of a PE file. Raises ValueError where its headers cannot be read."""
    import lief

    lief.logging.disable()
    config = lief.PE.ParserConfig()
    config.parse_reloc = config.parse_exceptions = config.parse_arm64x_binary = False
    binary = lief.PE.parse(data, config)
    if binary is None:
        raise ValueError("headers of the PE file are damaged")
    facts = _headers(binary)
    steps: dict[str, tuple[Callable[[], Any], Any]] = {
        "sections": (lambda: _sections(binary, len(data), notes), []),
        "imports": (lambda: _imports(binary), {"libraries": {}, "count": 0, "more": False}),
        "exports": (lambda: _exports(binary), None),
        "resources": (lambda: resources(binary, notes), []),
        "version_info": (lambda: version_info(binary), {}),
        "signatures": (lambda: signatures(binary, notes), []),
        "debug": (lambda: _debug(binary), []),
        "tls_callbacks": (lambda: _tls(binary, notes), []),
        "dotnet": (lambda: dotnet(binary, data, notes), None),
        "rich_header": (lambda: _rich(binary), None),
        "overlay": (lambda: _overlay(binary, data, notes), None),
        "hashes": (lambda: _hashes(binary, lief), {}),
    }
    for name, (step, otherwise) in steps.items():
        facts[name] = notes.attempt(name.replace("_", " "), step, otherwise)
    notes.attempt("headers", lambda: _judge(binary, facts, notes), None)
    return facts


def _headers(binary: Any) -> dict[str, Any]:
    header, optional = binary.header, binary.optional_header
    stamp = header.time_date_stamps
    return {
        "machine": word(header.machine),
        "bits": 64 if int(optional.magic) == 0x20B else 32,
        "dll": "DLL" in [word(c) for c in header.characteristics_list],
        "subsystem": word(optional.subsystem),
        "compiled": datetime.fromtimestamp(stamp, UTC).isoformat(),
        "reproducible": bool(binary.is_reproducible_build),
        "entry_point": optional.addressof_entrypoint,
        "image_base": optional.imagebase,
        "checksum": optional.checksum,
        "linker": f"{optional.major_linker_version}.{optional.minor_linker_version}",
        "mitigations": sorted(word(c) for c in optional.dll_characteristics_lists),
    }


def _sections(binary: Any, size: int, notes: Notes) -> list[dict[str, Any]]:
    if len(binary.sections) < binary.header.numberof_sections:
        notes.problem(
            f"{binary.header.numberof_sections} sections announced, {len(binary.sections)} found", "section table"
        )
    packers = tables()["binaries"]["packer_sections"]
    rows = []
    for section in first(binary.sections, 100):
        name, content = name_of(section), bytes(section.content)
        flags = [_CHARACTERISTICS.get(word(c), "") for c in section.characteristics_lists]
        row = {
            "name": name,
            "address": section.virtual_address,
            "virtual_size": section.virtual_size,
            "offset": section.pointerto_raw_data,
            "raw_size": section.sizeof_raw_data,
            "entropy": entropy(content),
            "flags": "".join(sorted(flags)),
        }
        rows.append(row)
        where = f"section {name or '(no name)'}"
        if row["raw_size"] and row["offset"] + row["raw_size"] > size:
            notes.problem("file ends before the section does", where)
        if row["entropy"] >= PACKED and len(content) >= 1024 and name != ".rsrc":
            notes.anomaly("pe.packed_section", where, f"entropy {row['entropy']}")
        if "w" in flags and "x" in flags:
            notes.anomaly("pe.writable_code", where)
        if "x" in flags and not row["raw_size"] and row["virtual_size"] > 4096:
            notes.anomaly("pe.empty_code_section", where, f"{row['virtual_size']} bytes in memory")
        if packer := packers.get(name.lower()):
            notes.anomaly("pe.packer", where, packer)
    return rows


def _imports(binary: Any) -> dict[str, Any]:
    libraries: dict[str, list[str]] = {}
    count = 0
    for delayed in (False, True):
        for library in first(binary.delay_imports if delayed else binary.imports, 500):
            names = libraries.setdefault(name_of(library) + (" (delayed)" if delayed else ""), [])
            for entry in library.entries:
                count += 1
                if count > MOST_IMPORTS:
                    return {"libraries": libraries, "count": count, "more": True}
                names.append(f"#{entry.ordinal}" if entry.is_ordinal else name_of(entry))
    return {"libraries": libraries, "count": count, "more": False}


def _exports(binary: Any) -> dict[str, Any] | None:
    export = binary.get_export() if binary.has_exports else None
    if export is None:
        return None
    names = listing(
        (name_of(e) or f"#{e.ordinal}") + (f" -> {e.forward_information.library}.{e.forward_information.function}"
                                           if e.is_forwarded else "")
        for e in export.entries
    )  # fmt: skip
    return {"name": name_of(export), "functions": names["items"], "more": names["more"]}


def _debug(binary: Any) -> list[dict[str, Any]]:
    rows = []
    for entry in first(binary.debug, 20):
        row: dict[str, Any] = {"type": word(entry.type)}
        if hasattr(entry, "filename"):
            row |= {"pdb": clean(str(entry.filename), 500), "guid": str(entry.guid), "age": entry.age}
        rows.append(row)
    return rows


def _tls(binary: Any, notes: Notes) -> list[int]:
    if not binary.has_tls or binary.tls is None:
        return []
    callbacks = first(binary.tls.callbacks, 64)
    if callbacks:
        notes.anomaly("pe.tls_callbacks", "TLS directory", ", ".join(hex(c) for c in callbacks[:8]))
    return callbacks


def _rich(binary: Any) -> dict[str, Any] | None:
    if not binary.has_rich_header or binary.rich_header is None:
        return None
    entries = [{"id": e.id, "build": e.build_id, "count": e.count} for e in first(binary.rich_header.entries, 100)]
    return {"key": binary.rich_header.key, "entries": entries}


def _overlay(binary: Any, data: bytes, notes: Notes) -> dict[str, Any] | None:
    start = binary.overlay_offset
    directory = binary.cert_dir
    signed_from = directory.rva if directory is not None and directory.size else len(data)
    content = data[start : signed_from if start <= signed_from else len(data)] if 0 < start < len(data) else b""
    if not content.strip(b"\0"):
        return None
    found = {"offset": start, "size": len(content), "entropy": entropy(content)}
    notes.anomaly("pe.overlay", f"offset {start}", f"{len(content)} bytes, entropy {found['entropy']}")
    notes.part("overlay", content, f"offset {start}")
    return found


def _hashes(binary: Any, lief: Any) -> dict[str, str]:
    found = {"authentihash_sha256": bytes(binary.authentihash_sha256).hex()}
    if binary.has_imports:
        found["imphash"] = lief.PE.get_imphash(binary, lief.PE.IMPHASH_MODE.PEFILE)
    return found


def _judge(binary: Any, facts: dict[str, Any], notes: Notes) -> None:
    """Note what is odd about the file as a whole."""
    stamp = binary.header.time_date_stamps
    if not facts["reproducible"] and (stamp < 0x2B000000 or stamp > 0xE0000000):
        notes.anomaly("pe.compile_time", "COFF header", facts["compiled"])
    _judge_entry(facts, notes)
    if facts["checksum"] and facts["checksum"] != binary.compute_checksum():
        notes.anomaly("pe.checksum", "optional header", f"says {facts['checksum']:#x}")
    imported = {name for names in facts["imports"]["libraries"].values() for name in names}
    if len(imported) <= 5 and any(row["entropy"] >= PACKED for row in facts["sections"]):
        notes.anomaly("pe.few_imports", "import table", ", ".join(sorted(imported)))
    if not facts["dotnet"]:
        judge_imports(imported, notes)
    original = next((v for k, v in facts["version_info"].items() if k.lower() == "originalfilename"), "")
    if original.lower() in tables()["binaries"]["system_files"] and not facts["signatures"]:
        notes.anomaly("pe.claims_system_file", "version information", original)


def _judge_entry(facts: dict[str, Any], notes: Notes) -> None:
    entry = facts["entry_point"]
    if not entry:
        return
    inside = [
        s for s in facts["sections"] if s["address"] <= entry < s["address"] + max(s["virtual_size"], s["raw_size"])
    ]
    if not inside:
        notes.anomaly("pe.entry_outside", "optional header", hex(entry))
    elif "x" not in inside[0]["flags"]:
        notes.anomaly("pe.entry_not_code", f"section {inside[0]['name']}", hex(entry))
    elif inside[0] is facts["sections"][-1] and len(facts["sections"]) > 2:
        notes.anomaly("pe.entry_in_last_section", f"section {inside[0]['name']}", hex(entry))


def judge_imports(imported: set[str], notes: Notes) -> None:
    """Note what a program can do, going by the functions it imports."""
    bare = {name[:-1] if name[-1:] in "AW" and name[-2:-1].islower() else name for name in imported} | imported
    for row in tables()["binaries"]["imports"]:
        found = [name for name in row["functions"] if name in bare]
        if len(found) >= row["least"]:
            notes.anomaly(row["anomaly"], "import table", ", ".join(found))
