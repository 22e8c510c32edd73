"""Which tool made a collection, from the names of its members: where each file lay on the machine that it comes from.

What the layouts look like is documented by their makers: Velociraptor (docs.velociraptor.app, offline collector), KAPE,
CyLR, UAC (tclahr.github.io/uac-docs) and acquire (docs.dissect.tools).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import orjson

Opener = Callable[[str, int], bytes]
"""Returns up to so many bytes of a member, b'' where it cannot be read."""
MOST_NOTES = 1024 * 1024
"""Bytes of a tool's own notes that are looked at."""

LONGEST_NAME = 1_024
"""Characters of a name that is looked at: no tool writes longer ones, and patterns take their time over them."""

VELOCIRAPTOR = "Velociraptor"
KAPE = "KAPE"
CYLR = "CyLR"
UAC = "UAC"
ACQUIRE = "acquire"
DRIVES = "a copy of drive folders"

ACCESSORS = "auto|file|ntfs|lazy_ntfs|ntfs_vss|mft|raw_file|fat|ext4|raw_ext4|raw_registry|sparse|data"
_UPLOAD = re.compile(rf"(?P<root>(?:[^/]+/)*?)uploads/(?:{ACCESSORS})/(?P<path>.+)")
_RESULT = re.compile(r"(?P<root>(?:[^/]+/)*?)results/(?P<artifact>[A-Za-z0-9_.]+(?:(?:/|%2F)[A-Za-z0-9_.]+)?)\.json")
_VELOCIRAPTOR_NOTES = re.compile(
    r"(?:client_info|uploads|requests|log|collection_context|metadata|system)\.json(?:\.index)?|logs\.(?:json|csv)|"
    r"(?:log|uploads|requests)\.(?:json\.index|csv)|results/.+\.(?:json\.index|csv)|uploads/.+\.idx"
)
_UAC_FILE = re.compile(r"(?P<root>(?:[^/]+/)*?)\[root\]/(?P<path>.+)")
_UAC_LIVE = re.compile(r"(?:[^/]+/)*?(?:live_response|chkrootkit|hash_executables|system|memory_dump|artifacts)/.+")
_UAC_HOST = re.compile(rb"\bHostname:[ \t]*([^\s]{1,255})", re.IGNORECASE)
_UAC_NAME = re.compile(
    r"uac-(?P<host>.+)-(?:linux|macos|aix|android|esxi|freebsd|netbsd|netscaler|openbsd|solaris)-(?P<time>\d{14})"
)
_ACQUIRE_FILE = re.compile(r"/?fs/(?P<path>.+)|/?(?P<old>sysvol/.+)")
_DRIVE = re.compile(r"(?P<root>(?:[^/]+/)*?)(?P<drive>[A-Za-z])(?::|%3A)?/(?P<path>.+)")
_WINDOWS = re.compile(r"(?:Windows|Users|ProgramData|Program Files(?: \(x86\))?|inetpub|\$Extend|\$Recycle\.Bin|PerfLogs)/.|"
                      r"\$(?:MFT|LogFile|Boot|J|Secure_\$SDS)$", re.IGNORECASE)  # fmt: skip
_KAPE_NOTES = re.compile(
    r"(?:[^/]+/)*(?:(?P<time>\d{4}-\d\d-\d\dT\d\d_\d\d_\d\d)_?\d*_[^/]*"
    r"(?:ConsoleLog\.txt|CopyLog\.csv|SkipLog\.csv[^/]*)|_kape\.cli)",
    re.IGNORECASE,
)
_CYLR_NOTES = re.compile(r"(?:[^/]+/)*CyLR[^/]*\.log", re.IGNORECASE)


@dataclass(frozen=True)
class Layout:
    """What the names in a collection say: the tool that made it, the host, and when (ISO 8601 in UTC; '' = not said).

    `originals` has the path that a member had on the host, `artifacts` the name of the query that a member is the
    result of, and `notes` the members that the tool wrote about its own work.
    """

    tool: str
    host: str = ""
    collected: str = ""
    originals: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, str] = field(default_factory=dict)
    notes: frozenset[str] = frozenset()

    def shown(self, names: Sequence[str]) -> dict[str, str]:
        """Return what members are called in reports: by their paths on the host, where no two have the same."""
        times = Counter(self.originals.get(name, "") for name in names)
        return {
            name: original if (original := self.originals.get(name, "")) and times[original] == 1 else name
            for name in names
        }


def layout_of(names: Sequence[str], opener: Opener) -> Layout | None:
    """Return the layout of a collection with members of these names (slashes between folders), or None.

    Of the members only a few small ones that the tool wrote about its own work are opened.
    """
    plain = {name: name.replace("\\", "/").removeprefix("./") for name in names if len(name) <= LONGEST_NAME}
    return _velociraptor(plain, opener) or _uac(plain, opener) or _acquire(plain) or _drives(plain)


def _velociraptor(names: dict[str, str], opener: Opener) -> Layout | None:
    """`uploads/<accessor>/<path, percent-encoded>`, `results/<artifact>.json`, `client_info.json` and others."""
    uploads = {name: found for name, plain in names.items() if (found := _UPLOAD.fullmatch(plain))}
    results = {name: found for name, plain in names.items() if (found := _RESULT.fullmatch(plain))}
    roots = {found["root"] for found in (*uploads.values(), *results.values())}
    notes = {
        name: plain.removeprefix(root)
        for root in sorted(roots, key=len)
        for name, plain in names.items()
        if plain.startswith(root) and _VELOCIRAPTOR_NOTES.fullmatch(plain.removeprefix(root))
    }
    if not notes or not roots:
        return None
    by_note = {plain: name for name, plain in reversed(notes.items())}
    client = _json(opener, by_note.get("client_info.json"))
    context = _json(opener, by_note.get("collection_context.json"))
    return Layout(
        VELOCIRAPTOR,
        _host(client),
        _micros(context.get("start_time") or context.get("create_time")),
        {name: _windows_or_not(found["path"].split("/")) for name, found in uploads.items() if name not in notes},
        {name: unquote(found["artifact"]) for name, found in results.items() if name not in notes},
        frozenset(notes),
    )


def _host(client: dict[str, Any]) -> str:
    places: list[Any] = [client, client.get("os_info")]
    for place in places:
        if isinstance(place, dict):
            for key in ("Hostname", "hostname", "Fqdn", "fqdn"):
                if isinstance(place.get(key), str) and place[key]:
                    return str(place[key])[:255]
    return ""


def _windows_or_not(parts: list[str]) -> str:
    r"""Return an uploaded file's path: `C%3A/Windows/x` and `%5C%5C.%5CC%3A/Windows/x` are `C:\Windows\x`."""
    parts = [unquote(part) for part in parts]
    first = re.sub(r"^\\\\\.\\(?=[A-Za-z]:$)", "", parts[0])
    if re.fullmatch(r"[A-Za-z]:", first) or first.startswith("\\\\"):
        return "\\".join([first, *parts[1:]])
    return "/" + "/".join(parts)


def _uac(names: dict[str, str], opener: Opener) -> Layout | None:
    """`[root]/<path>`, `uac.log`, `bodyfile/bodyfile.txt`, `live_response/`: all but the first beside each other."""
    found = {name: match for name, plain in names.items() if (match := _UAC_FILE.fullmatch(plain))}
    logs = [name for name, plain in names.items() if plain.rpartition("/")[2] == "uac.log"]
    if not logs and not (found and any("live_response/" in plain for plain in names.values())):
        return None
    host, collected = "", ""
    for name in logs[:1]:
        said = _UAC_HOST.search(opener(name, MOST_NOTES))
        host = said[1].decode("utf-8", "replace") if said else ""
    for plain in names.values():
        if match_name := _UAC_NAME.search(plain):
            host, collected = host or match_name["host"], _time(match_name["time"], "%Y%m%d%H%M%S")
            break
    live = {n for n, plain in names.items() if n not in found and _UAC_LIVE.fullmatch(plain)}
    return Layout(
        UAC, host, collected, {n: "/" + match["path"] for n, match in found.items()}, {}, frozenset({*logs, *live})
    )


def _acquire(names: dict[str, str]) -> Layout | None:
    """`fs/<volume>/<path>`, where the volume is a drive letter, `$rootfs$`, or none; `sysvol/` in old ones."""
    found = {name: match for name, plain in names.items() if (match := _ACQUIRE_FILE.fullmatch(plain))}
    if not found or len(found) * 2 < len(names):
        return None
    originals = {name: _acquired(match["path"] or match["old"]) for name, match in found.items()}
    notes = frozenset(name for name, plain in names.items() if plain.startswith(("$metadata$/", "/$metadata$/")))
    return Layout(ACQUIRE, "", "", originals, {}, notes)


def _acquired(path: str) -> str:
    volume, _, rest = path.partition("/")
    if volume == "sysvol":
        return "C:\\" + rest.replace("/", "\\")
    if re.fullmatch(r"[A-Za-z]:?", volume) and rest:
        return f"{volume[0].upper()}:\\" + rest.replace("/", "\\")
    return "/" + (rest if volume == "$rootfs$" else path)


def _drives(names: dict[str, str]) -> Layout | None:
    """`C/Windows/...`, as KAPE, CyLR and people with a copy command write it."""
    originals = {}
    for name, plain in names.items():
        for match in (_DRIVE.fullmatch(plain),):
            if match and _WINDOWS.match(match["path"]):
                originals[name] = f"{match['drive'].upper()}:\\" + match["path"].replace("/", "\\")
    if not originals:
        return None
    roots = {m["root"] + m["drive"] for n in originals if (m := _DRIVE.fullmatch(names[n]))}
    for name, plain in names.items():  # the other folders of a drive that is known to be one
        match = _DRIVE.fullmatch(plain)
        if match and match["root"] + match["drive"] in roots:
            originals[name] = f"{match['drive'].upper()}:\\" + match["path"].replace("/", "\\")
    kape = {name: match for name, plain in names.items() if (match := _KAPE_NOTES.fullmatch(plain))}
    cylr = [name for name, plain in names.items() if _CYLR_NOTES.fullmatch(plain)]
    times = (_time(match["time"], "%Y-%m-%dT%H_%M_%S") for match in kape.values() if match["time"])
    tool = KAPE if kape else CYLR if cylr else DRIVES
    return Layout(tool, "", min(times, default=""), originals, {}, frozenset({*kape, *cylr}))


def _json(opener: Opener, name: str | None) -> dict[str, Any]:
    """Return the object in a tool's own note, {} where it is missing or something else."""
    if name is None:
        return {}
    try:
        value = orjson.loads(opener(name, MOST_NOTES))
    except orjson.JSONDecodeError:
        return {}
    if isinstance(value, list) and value:
        value = value[0]
    return value if isinstance(value, dict) else {}


def _micros(value: Any) -> str:
    """Return a time in microseconds (or nanoseconds) since 1970 as text."""
    if not isinstance(value, int) or value <= 0:
        return ""
    seconds = value / (10**9 if value > 10**17 else 10**6 if value > 10**13 else 1)
    return _written(datetime.fromtimestamp(seconds, UTC)) if seconds < 1 << 33 else ""


def _time(text: str, form: str) -> str:
    try:
        return _written(datetime.strptime(text, form).replace(tzinfo=UTC))
    except ValueError:
        return ""


def _written(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")
