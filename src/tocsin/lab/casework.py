"""What an incident's analysis does with one evidence item beside matching rules: its events compared with indicators, its
samples laid out. Each function runs in a child with limits and answers with JSON.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from tocsin.lab.record import Tally

if TYPE_CHECKING:
    from tocsin.lab.indicators import Context, Sighting
    from tocsin.lab.sources.containers.unpacking import ArchiveLimits

MOST_CITES = 20
MOST_HOSTS = 50
MOST_SIGHTED = 20_000
"""Different indicators that are told of one item."""
MOST_SAMPLES = 500
"""Samples of one item."""
MOST_BYTES = 256 * 1024**2
"""Bytes of a sample; larger ones are counted as left out."""
SAMPLES = frozenset({
    "pe", "dos", "elf", "macho", "java", "dex", "wasm", "ole", "ooxml", "odf", "jar", "rtf", "pdf", "lnk", "onenote", "chm",
    "email", "hta", "html", "svg", "powershell", "javascript", "vbscript", "batch", "shell", "python", "php", "url", "iso",
})  # fmt: skip
"""Kinds of files (see `triage.kinds`) that somebody wants triaged."""


@dataclass
class Sighted:
    """One indicator in one item: how often, when, where."""

    about: dict[str, Any]
    count: int = 0
    first: str = ""
    last: str = ""
    hosts: list[str] = field(default_factory=list)
    fields: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    """Numbers of the first events that prove it, as the lake counts them."""

    def add(self, sighting: Sighting, time: str, host: str, place: int) -> None:
        """Count one more."""
        self.count += 1
        if time:
            self.first = min(self.first, time) if self.first else time
            self.last = max(self.last, time)
        if host and host not in self.hosts and len(self.hosts) < MOST_HOSTS:
            self.hosts.append(host)
        if sighting.field not in self.fields and len(self.fields) < MOST_HOSTS:
            self.fields.append(sighting.field)
        if place not in self.places and len(self.places) < MOST_CITES:
            self.places.append(place)


def sight_items(folder: Path, items: Sequence[str], indicators: Path) -> bytes:
    """Compare the events that the lake in `folder` holds of some items with compiled `indicators`.

    Returns `sighted`, by item, and how many indicators beyond `MOST_SIGHTED` an item were `left_out`. Raises OSError or
    ValueError where the lake or the indicators cannot be read.
    """
    from tocsin.lab.indicators import Matcher
    from tocsin.lab.lake import Lake, stream

    matcher = Matcher(indicators)
    sighted: dict[str, dict[tuple[str, str, str], Sighted]] = {item: {} for item in items}
    left_out: set[tuple[str, str, str, str]] = set()
    with Lake(folder) as lake:
        everything = set(lake.items()) == set(items)
        query = "" if everything else " or ".join(f'item:"{item}"' for item in items)
        for event in stream(lake, query):
            item, _, number = event.id.rpartition(".")
            time = _iso(event.columns.get("time"))
            for sighting in matcher.match_fields({**event.system, **event.fields}, time):
                one, here = sighting.indicator, sighted[item]
                key = (one.kind, one.value, one.source)
                if key not in here and len(here) >= MOST_SIGHTED:
                    left_out.add((item, *key))
                    continue
                known = here.setdefault(key, Sighted(_about(sighting)))
                known.add(sighting, time, event.columns.get("host") or "", int(number))
    found = {item: list(here.values()) for item, here in sighted.items()}
    return orjson.dumps({"sighted": found, "left_out": len(left_out)})


def _iso(moment: datetime | None) -> str:
    return moment.isoformat().replace("+00:00", "Z") if moment else ""


def _about(sighting: Sighting) -> dict[str, Any]:
    from tocsin.lab.indicators.sightings import level

    one = sighting.indicator
    return {
        "kind": one.kind, "value": one.value, "source": one.source, "confidence": one.confidence, "tlp": one.tlp,
        "tags": list(one.tags), "level": level(sighting), "validity": sighting.validity,
    }  # fmt: skip


def lay_out_samples(path: Path, name: str, into: Path) -> bytes:
    """Lay the samples of an item out in the folder `into`: the item itself, or what is in it, archives in archives too.

    Returns `samples` (name, path, kind) and how many were `left_out`. Logs and what nobody would triage are not laid out.
    """
    from tocsin.lab.sources.containers.unpacking import ArchiveLimits

    found: list[dict[str, str]] = []
    left_out = 0
    limits = ArchiveLimits()
    for sample in _Laying(into, limits.total).over(path, name, limits):
        if sample["path"] and len(found) < MOST_SAMPLES:
            found.append(sample)
        else:
            left_out += 1
            if sample["path"] and Path(sample["path"]).is_relative_to(into):
                Path(sample["path"]).unlink()
    return orjson.dumps({"samples": found, "left_out": left_out})


class _Laying:
    """Lays samples out in a folder; all archives of an item together may unpack to so many bytes."""

    def __init__(self, into: Path, left: int) -> None:
        self._into = into
        self._left = left
        self._opened = 0

    def over(self, path: Path, name: str, limits: ArchiveLimits) -> Iterator[dict[str, str]]:
        """Yield the samples in a file, or the file itself if it is one; with path '' where it is too large."""
        from tocsin.lab.sources import kind as kinds
        from tocsin.lab.sources.containers.marks import CONTAINERS

        kind = kinds.kind_of(path).name
        if kind not in CONTAINERS:
            shape = _sample_kind(path, kind)
            if shape:
                yield {"name": name, "path": str(path) if path.stat().st_size <= MOST_BYTES else "", "kind": shape}
        elif limits.depth:
            yield from self._members(path, kind, name, limits)

    def _members(self, path: Path, kind: str, name: str, limits: ArchiveLimits) -> Iterator[dict[str, str]]:
        from tocsin.lab.sources.containers.opening import open_container

        self._opened += 1
        folder = self._into / str(self._opened)
        folder.mkdir()
        opened = open_container(path, kind, name, folder, Tally(), limits, self._left)
        self._left = max(0, self._left - sum(member.size for member in opened.members))
        inner = replace(limits, depth=limits.depth - 1)
        for member in opened.members:
            if member.same_as:
                continue
            kept = False
            for sample in self.over(member.path, f"{name}!{member.name}", inner):
                kept = kept or sample["path"] == str(member.path)
                yield sample
            if not kept:
                member.path.unlink(missing_ok=True)


def _sample_kind(path: Path, kind: str) -> str:
    """Return what kind of sample a file is, '' where it is a log or nothing that anybody would triage."""
    from tocsin.lab.sources import kind as kinds
    from tocsin.lab.triage.kinds import kind_of

    if kind not in (kinds.FILE, kinds.UNKNOWN, "lnk", "mail"):
        return ""
    with path.open("rb") as file:
        key = kind_of(file.read(1024 * 1024)).key
    return key if key in SAMPLES else ""


def compile_feeds(feeds: Sequence[tuple[Path, Context]], folder: Path) -> bytes:
    """Compile files of indicators, each with what holds where it says nothing, to one set that is kept in `folder`.

    Returns the path of the set. Raises what `load_indicators` raises.
    """
    from tocsin.lab.indicators import load_indicators

    paths, contexts = [path for path, _ in feeds], [context for _, context in feeds]
    return os.fsencode(load_indicators(paths, cache_dir=folder, context=contexts).path)


def account_of_feed(path: Path, name: str) -> bytes:
    """Read a file of indicators and return, as JSON, how many it holds (`count`), by kind, and what it left out and why.

    Raises what `import_file` raises where the file is of no known format.
    """
    from collections import Counter

    from tocsin.lab.indicators.model import Account
    from tocsin.lab.indicators.reading import stream

    account = Account()
    kinds = Counter(one.kind for one in stream(path, account))
    remarks = [*account.rejections, *account.notes]
    said = [{"place": one.place, "value": one.value[:200], "reason": one.reason} for one in remarks[:100]]
    numbers = {
        "read": account.read,
        "duplicates": account.duplicates,
        "rejected": account.rejected,
        "ignored": account.ignored,
    }
    return orjson.dumps(
        {
            "count": sum(kinds.values()),
            "kinds": dict(kinds),
            "left_out": said,
            "name": name,
            "format": account.format,
            **numbers,
        }
    )


def account_of_yara(text: str) -> bytes:
    """Compile YARA rules and return, as JSON, the names of those that can be used, and errors with their lines."""
    import tempfile

    from tocsin.lab.triage.yara import load_yara

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rules.yar"
        path.write_text(text, encoding="utf-8")
        rules = load_yara([path])
    errors = [f"line {one.line}: {one.reason}" if one.line else one.reason for one in rules.refused]
    names = [rule.identifier for rule in rules.compiled]
    return orjson.dumps({"rules": names, "errors": errors})
