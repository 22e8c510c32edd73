"""Windows shortcuts: what they start, with which arguments, and on which machine they were made."""

from __future__ import annotations

import re
import warnings
from datetime import datetime
from typing import Any

from tocsin.lab.triage.model import Notes, clean
from tocsin.lab.triage.scripts import script

LONG_ARGUMENTS = 260
"""Characters that the properties window of Windows shows."""
_STARTS = re.compile(r"(?:^|[\\/\s\"])(cmd|powershell|pwsh|mshta|wscript|cscript|rundll32|regsvr32|msiexec|certutil|"
                     r"bitsadmin|forfiles|conhost|curl|ftp|wmic|"
                     r"hh|explorer|pcalua|python|ssh|finger)(?:\.exe)?(?=$|[\s\"])", re.IGNORECASE)  # fmt: skip
_DOCUMENT_ICONS = re.compile(
    r"(?:imageres|shell32|wordicon|acro\w*|msedge|chrome|winword|excel|notepad)", re.IGNORECASE
)


def lnk(data: bytes, notes: Notes) -> dict[str, Any]:
    """The anatomy of a shortcut ([MS-SHLLINK]). Raises what LnkParse3 raises where it is damaged."""
    import LnkParse3  # late: only shortcuts need it

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        file = LnkParse3.lnk_file(indata=data, allow_terminal_blocks=False)
        raw = file.get_json(get_all=True)
    for warning in said:
        notes.problem(str(warning.message), "shortcut")
    header, strings, link, extra = (raw.get(k) or {} for k in ("header", "data", "link_info", "extra"))
    tracker = extra.get("DISTRIBUTED_LINK_TRACKER_BLOCK") or {}
    environment = extra.get("ENVIRONMENTAL_VARIABLES_LOCATION_BLOCK") or {}
    facts: dict[str, Any] = {
        "target": _text(link.get("local_base_path") or _network(link) or environment.get("target_unicode")
                        or environment.get("target_ansi") or _items(raw.get("target") or {})),
        "relative_path": _text(strings.get("relative_path")),
        "arguments": _text(strings.get("command_line_arguments"), 20_000),
        "working_directory": _text(strings.get("working_directory")),
        "description": _text(strings.get("description")),
        "icon": _text(strings.get("icon_location")),
        "window": _text(header.get("windowstyle")),
        "created": _time(header.get("creation_time")),
        "accessed": _time(header.get("accessed_time")),
        "modified": _time(header.get("modified_time")),
        "target_size": header.get("file_size"),
        "machine": _text(tracker.get("machine_identifier")),
        "droid": _text(tracker.get("droid_file_identifier")),
        "volume_serial": _text((link.get("location_info") or {}).get("drive_serial_number")),
    }  # fmt: skip
    _judge(facts, data, int(file.size), notes)
    return {key: value for key, value in facts.items() if value not in {None, ""}}


def _judge(facts: dict[str, Any], data: bytes, size: int, notes: Notes) -> None:
    arguments, target = facts["arguments"], facts["target"] or facts["relative_path"]
    if match := _STARTS.search(f"{target} {facts['relative_path']}"):
        notes.anomaly("lnk.starts_interpreter", "target", match[1])
        if facts["icon"] and _DOCUMENT_ICONS.search(facts["icon"]) and match[1].lower() not in facts["icon"].lower():
            notes.anomaly("lnk.disguised", "icon", facts["icon"])
    if len(arguments) > LONG_ARGUMENTS:
        notes.anomaly("lnk.long_arguments", "arguments", f"{len(arguments)} characters")
    if re.search(r"\s{40,}", arguments):
        notes.anomaly("lnk.padded_arguments", "arguments")
    if re.match(r"\\\\(?!\?|\.)", target):
        notes.anomaly("lnk.remote_target", "target", target)
    if len(data) - size > 64:
        notes.anomaly("lnk.appended_data", f"offset {size}", f"{len(data) - size} bytes")
        notes.part("appended data", data[size:], f"offset {size}")
    if arguments:
        notes.layer("command line", f"{target} {arguments}".strip(), "shortcut")
        script(f"{target} {arguments}".strip(), notes, "command line")


def _network(link: dict[str, Any]) -> str:
    network = link.get("location_info") or {}
    share, rest = network.get("net_name"), link.get("common_path_suffix")
    return f"{share}\\{rest or ''}".rstrip("\\") if share else ""


def _items(target: dict[str, Any]) -> str:
    names = []
    for item in target.get("items") or []:
        name = item.get("long_name") or item.get("primary_name") or item.get("data") or ""
        names.append(str(name).strip("\\") if isinstance(name, str) else "")
    return "\\".join(n for n in names if n)


def _text(value: Any, most: int = 2000) -> str:
    return "" if value is None else clean(str(value).rstrip("\0"), most)


def _time(value: Any) -> str | None:
    if isinstance(value, datetime):
        return value.isoformat() if value.year > 1601 else None
    return clean(str(value), 60) if value else None
