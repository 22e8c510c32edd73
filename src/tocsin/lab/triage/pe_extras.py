"""Parts of a PE file that are formats of their own: resources, version information, Authenticode, .NET."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tocsin.lab.triage.bounded import first
from tocsin.lab.triage.hashes import entropy
from tocsin.lab.triage.kinds import kind_of
from tocsin.lab.triage.lief_words import name_of, unpack, word
from tocsin.lab.triage.model import Notes, clean

MOST_RESOURCES = 300
_TYPES = {
    1: "CURSOR", 2: "BITMAP", 3: "ICON", 4: "MENU", 5: "DIALOG", 6: "STRING", 7: "FONTDIR", 8: "FONT",
    9: "ACCELERATOR", 10: "RCDATA", 11: "MESSAGETABLE", 12: "GROUP_CURSOR", 14: "GROUP_ICON", 16: "VERSION",
    17: "DLGINCLUDE", 19: "PLUGPLAY", 20: "VXD", 21: "ANICURSOR", 22: "ANIICON", 23: "HTML", 24: "MANIFEST",
}  # fmt: skip
_CARRIED = {"pe", "elf", "macho", "zip", "7z", "rar", "cab", "ole", "pdf", "lnk", "powershell", "vbscript", "batch"}
"""Kinds that have no ordinary business inside a resource."""


def resources(binary: Any, notes: Notes) -> list[dict[str, Any]]:
    """The resources: type, name, language, size, entropy, kind of content."""
    root = binary.resources if binary.has_resources else None
    if root is None:
        return []
    rows: list[dict[str, Any]] = []
    for kind in first(root.childs, 100):
        for item in first(kind.childs, MOST_RESOURCES):
            for leaf in first(item.childs, 20):
                if len(rows) >= MOST_RESOURCES:
                    notes.problem(f"more than {MOST_RESOURCES} resources; the rest is not listed", "resources")
                    return rows
                if leaf.is_data:
                    rows.append(_resource(kind, item, leaf, notes))
    return rows


def _resource(kind: Any, item: Any, leaf: Any, notes: Notes) -> dict[str, Any]:
    content = bytes(leaf.content)
    label = name_of(kind) if kind.has_name else _TYPES.get(kind.id, str(kind.id))
    name = name_of(item) if item.has_name else str(item.id)
    row = {
        "type": label,
        "name": name,
        "language": leaf.id,
        "size": len(content),
        "entropy": entropy(content),
        "kind": kind_of(content).key,
    }
    where = f"resource {label}/{name}"
    if row["kind"] in _CARRIED:
        notes.anomaly("pe.file_in_resources", where, f"{row['kind']}, {len(content)} bytes")
        notes.part(where, content, where)
    elif row["entropy"] >= 7.5 and len(content) >= 4096 and label in {"RCDATA", "BITMAP"}:
        notes.anomaly("pe.encrypted_resource", where, f"entropy {row['entropy']}, {len(content)} bytes")
    return row


def version_info(binary: Any) -> dict[str, str]:
    """What the version resource says: company, product, original file name, and so on."""
    manager = binary.resources_manager if binary.has_resources else None
    versions = getattr(manager, "version", None) or []
    found: dict[str, str] = {}
    for version in first(versions, 4):
        info = version.string_file_info
        for table in first(info.children, 10) if info is not None else []:
            for entry in first(table.entries, 50):
                found.setdefault(clean(str(entry.key), 100), clean(str(entry.value), 500))
    return found


def signatures(binary: Any, notes: Notes) -> list[dict[str, Any]]:
    """The Authenticode signatures, and whether they fit the file. Whom to trust is not judged here."""
    import lief

    rows = []
    for index, signature in enumerate(first(binary.signatures, 8)):
        flags = binary.verify_signature(signature)
        fits = flags == lief.PE.Signature.VERIFICATION_FLAGS.OK
        rows.append({
            "digest": word(signature.digest_algorithm),
            "fits": fits,
            "verification": str(flags).rsplit(".", 1)[-1],
            "signers": [clean(str(s.cert.subject), 500) for s in first(signature.signers, 4) if s.cert is not None],
            "certificates": [_certificate(c) for c in first(signature.certificates, 20)],
            "signed": next((t for s in first(signature.signers, 4) if (t := _signing_time(s))), None),
        })  # fmt: skip
        if not fits:
            notes.anomaly("pe.signature_broken", f"signature {index}", rows[-1]["verification"])
    if not rows and binary.cert_dir is not None and binary.cert_dir.size:
        notes.anomaly("pe.signature_unreadable", "certificate table", f"{binary.cert_dir.size} bytes")
    return rows


def _certificate(certificate: Any) -> dict[str, Any]:
    return {
        "subject": clean(str(certificate.subject), 500),
        "issuer": clean(str(certificate.issuer), 500),
        "serial": bytes(certificate.serial_number).hex(),
        "valid_from": _moment(certificate.valid_from),
        "valid_to": _moment(certificate.valid_to),
    }


def _moment(parts: Any) -> str | None:
    try:
        year, month, day, hour, minute, second = list(parts)[:6]
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).isoformat()
    except (ValueError, TypeError):
        return None


def _signing_time(signer: Any) -> str | None:
    for attribute in (*first(signer.authenticated_attributes, 30), *first(signer.unauthenticated_attributes, 30)):
        if hasattr(attribute, "time"):
            return _moment(attribute.time)
        inner = getattr(attribute, "signer", None)
        if inner is not None and (found := _signing_time(inner)):
            return found
    return None


def dotnet(binary: Any, data: bytes, notes: Notes) -> dict[str, Any] | None:
    """The .NET header and metadata of a managed program (ECMA-335, II.24 and II.25.3.3), or None."""
    directories = list(binary.data_directories)
    if len(directories) < 15 or not directories[14].rva:
        return None
    header = binary.rva_to_offset(directories[14].rva)
    try:
        _, major, minor, meta_rva, _, flags, entry = unpack("<IHHIIII", data, header)
        version, streams = _metadata(data, binary.rva_to_offset(meta_rva))
    except ValueError as error:
        notes.problem(f".NET header: {error}", f"offset {header}")
        return {"damaged": True}
    usual = {"#~", "#-", "#Strings", "#US", "#GUID", "#Blob", "#Pdb", "#Schema"}
    if odd := [s["name"] for s in streams if s["name"] not in usual]:
        notes.anomaly("pe.dotnet_streams", ".NET metadata", ", ".join(odd))
    return {
        "runtime": f"{major}.{minor}",
        "version": clean(version, 255),
        "native_code": not flags & 1,
        "strong_name": bool(flags & 8),
        "entry_token": entry,
        "streams": streams,
    }


def _metadata(data: bytes, start: int) -> tuple[str, list[dict[str, Any]]]:
    magic, _, _, _, length = unpack("<IHHII", data, start)
    if magic != 0x424A5342:
        raise ValueError("metadata has a wrong signature")
    version = data[start + 16 : start + 16 + min(length, 255)].split(b"\0")[0].decode("ascii", "replace")
    return version, _streams(data, start + 16 + length)


def _streams(data: bytes, offset: int) -> list[dict[str, Any]]:
    _, count = unpack("<HH", data, offset)
    offset += 4
    rows = []
    for _ in range(min(count, 16)):
        _, size = unpack("<II", data, offset)
        raw = data[offset + 8 : offset + 40].split(b"\0")[0]
        rows.append({"name": clean(raw.decode("latin-1"), 32), "size": size})
        offset += 8 + (len(raw) // 4 + 1) * 4
    return rows
