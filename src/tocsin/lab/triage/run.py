"""Triage of one sample: hashes, kind, anatomy, layers, strings, indicators, and the same for what is inside it."""

from __future__ import annotations

import warnings
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.lab.record import Problem
from tocsin.lab.triage.hashes import entropy, hashes
from tocsin.lab.triage.indicators import find_indicators
from tocsin.lab.triage.kinds import kind_of
from tocsin.lab.triage.model import Notes, Text, Triage, clean
from tocsin.lab.triage.scripts import script
from tocsin.lab.triage.texts import as_text, find_strings

if TYPE_CHECKING:
    from tocsin.lab.triage.yara import YaraRules

MOST_BYTES = 256 << 20
"""Bytes of a sample that are looked at; a larger one is looked at up to here, and that is reported."""
MOST_STRING_BYTES = 32 << 20
MOST_DEPTH = 3
MOST_SAMPLES = 60
"""Samples in one triage: the file itself and what is found inside it."""

_ANATOMIES = {
    "pe": "pe", "elf": "elf", "macho": "macho", "ole": "ole", "ooxml": "ooxml", "rtf": "rtf", "pdf": "pdf", "lnk": "lnk",
    "email": "mail", "iso": "iso", "zip": "archives", "jar": "archives", "odf": "archives", "7z": "archives",
    "rar": "archives", "gzip": "archives", "bzip2": "archives", "xz": "archives", "tar": "archives", "cab": "archives",
    "html": "html", "hta": "html", "svg": "html", "xml": "html", "onenote": "onenote", "url": "html",
}  # fmt: skip
"""The module, and in it the function of the same name, that reads a kind."""
_SCRIPTS = frozenset({"powershell", "javascript", "vbscript", "batch", "shell", "python", "php", "text"})


@dataclass
class _Work:
    """What is the same for a sample and for all that is found inside it."""

    anatomy: bool
    rules: YaraRules | None
    left: int = MOST_SAMPLES


def triage(path: Path | str, *, anatomy: bool = True, rules: YaraRules | None = None) -> Triage:
    """What can be said about a file without running it. Raises OSError where the file cannot be read, nothing else.

    `rules` are YARA rules for the sample, its layers and what is inside it; `anatomy=False` leaves out all that parses
    the content.

    Whatever the content does to a parser becomes a problem in the result. Memory and time are not limited here:
    for content that nobody vouches for use `triage_contained`.
    """
    path = Path(path)
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    result = triage_bytes(data[:MOST_BYTES], path.name, anatomy=anatomy, rules=rules)
    if len(data) > MOST_BYTES:
        reason = f"only the first {MOST_BYTES} bytes were looked at; the hashes are of these"
        result.problems.insert(0, Problem(reason, path.name))
    return result


def triage_bytes(data: bytes, name: str = "", *, anatomy: bool = True, rules: YaraRules | None = None) -> Triage:
    """What can be said about some content; see `triage`. Raises nothing."""
    return _one(data, name, 0, _Work(anatomy, rules))


def _one(data: bytes, name: str, depth: int, work: _Work) -> Triage:
    work.left -= 1
    kind = kind_of(data)
    result = Triage(clean(name, 300), len(data), kind.key, kind.name, kind.mime, entropy=entropy(data))
    notes = Notes()
    result.hashes = notes.attempt("hashes", lambda: hashes(data), {})
    if work.anatomy:
        result.facts = notes.attempt(kind.name, lambda: _anatomy(kind.key, data, notes), {})
        result.hashes |= result.facts.pop("hashes", {})
    looked_at = data[:MOST_STRING_BYTES]
    nothing: tuple[list[Text], int] = ([], 0)
    result.strings, result.strings_found = notes.attempt("strings", lambda: find_strings(looked_at), nothing)
    if len(data) > MOST_STRING_BYTES:
        notes.problem(f"strings were looked for in the first {MOST_STRING_BYTES} bytes only", "strings")
    result.indicators = notes.attempt("indicators", lambda: find_indicators(_texts(kind.key, data, result, notes)), [])
    _name_against_kind(result, notes)
    result.children = _children(notes, depth, work) if work.anatomy else []
    if work.rules is not None:
        result.yara = notes.attempt("YARA scan", lambda: _yara(work.rules, data, notes), [])
    result.anomalies = sorted(notes.anomalies, key=lambda a: -("info", "low", "medium", "high").index(a.severity))
    result.layers, result.problems = notes.layers, notes.problems
    return result


def _anatomy(kind: str, data: bytes, notes: Notes) -> dict[str, Any]:
    if kind in _SCRIPTS:
        text = as_text(data)
        return (
            {"script": script(text, notes, joins=kind not in {"shell", "python", "text"})} if text is not None else {}
        )
    module = _ANATOMIES.get(kind)
    if module is None:
        return {}
    # Late: each kind's libraries are loaded when the first sample of the kind comes.
    read = getattr(import_module(f"tocsin.lab.triage.{module}"), module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LIEF warns of each number that it has no name for; the number is shown
        facts = read(data, notes)
    return {"hashes": facts.pop("hashes", {}), module: facts}


def _texts(kind: str, data: bytes, result: Triage, notes: Notes) -> list[tuple[str, str]]:
    texts = [(where, link) for link, where in notes.links]
    texts += [(f"layer {n}", layer.text) for n, layer in enumerate(notes.layers, 1)]
    whole = as_text(data) if kind in _SCRIPTS or kind in {"html", "hta", "svg", "xml", "url"} else None
    if whole is not None:
        return [*texts, ("text", whole[: 4 << 20])]
    return [*texts, *((f"string at {s.offset}", s.value) for s in result.strings)]


def _yara(rules: Any, data: bytes, notes: Notes) -> list[dict[str, Any]]:
    from tocsin.lab.triage.yara import scan_bytes, scan_text

    found = scan_bytes(rules, data)
    for number, layer in enumerate(notes.layers, 1):
        found += scan_text(rules, layer.text, f"layer {number}")
    return [asdict(match) for match in found]


def _children(notes: Notes, depth: int, work: _Work) -> list[Triage]:
    children = []
    for part in notes.parts:
        if depth + 1 > MOST_DEPTH or work.left <= 0:
            notes.problem("embedded file not looked at: too many or too deep", f"{part.name} ({part.where})")
            continue
        children.append(_one(part.data, part.name, depth + 1, work))
    return children


_DOCUMENTS = {".pdf": "pdf", ".doc": "ole", ".xls": "ole", ".ppt": "ole", ".docx": "ooxml", ".xlsx": "ooxml", ".pptx": "ooxml",
              ".rtf": "rtf", ".txt": "text", ".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".gif": "gif"}  # fmt: skip
_RUNNABLE = {"pe", "elf", "macho", "lnk", "hta", "powershell", "vbscript", "batch", "javascript"}


def _name_against_kind(result: Triage, notes: Notes) -> None:
    """Note a name that says something else than the content, or that hides its ending."""
    name = result.name.lower()
    ending = name[name.rfind(".") :] if "." in name else ""
    if ending in _DOCUMENTS and result.kind in _RUNNABLE:
        notes.anomaly("name.wrong_kind", result.name, f"the content is a {result.kind_name}")
    stem = name[: len(name) - len(ending)].rstrip()
    if result.kind in _RUNNABLE and any(stem.endswith(e) for e in _DOCUMENTS):
        notes.anomaly("name.double_ending", result.name)
    if "\\x202e" in name or "\u202e" in name:
        notes.anomaly("name.right_to_left", result.name)
