"""YARA rules over files, bytes and strings (YARA-X): a bad rule costs itself only, a slow one its time limit.

Compiled rules are kept in memory by the hash of their sources and are never loaded from a file: YARA-X's stored form
is not checked when it is loaded, and a changed one corrupts memory (GHSA-2jx3-ff3v-j7jj).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tocsin.lab.containment import ContainedError, ContainedPool, Limits

if TYPE_CHECKING:
    import yara_x

SUFFIXES = (".yar", ".yara", ".rule", ".rules")
MOST_MATCHES = 50
"""Places that are told of one pattern in one piece of content."""
MOST_SHOWN = 64
"""Bytes of the matched content that are told."""
SECONDS = 60
LIMITS = Limits(memory=3 * 1024**3, seconds=180, processor_seconds=180, answer=64 * 1024**2, file=1024**2)


@dataclass(frozen=True, slots=True)
class RefusedYaraRule:
    """A rule that cannot be used: its file, the line and the reason."""

    file: str
    line: int
    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class YaraRules:
    """Compiled rules and those that were refused. `key` is the hash of everything they were made of."""

    compiled: yara_x.Rules
    key: str
    count: int
    refused: tuple[RefusedYaraRule, ...] = ()


@dataclass(frozen=True, slots=True)
class YaraMatch:
    """A rule that matched: where it is from, what it says of itself, and each place of each pattern."""

    rule: str
    file: str
    tags: tuple[str, ...]
    meta: dict[str, Any]
    where: str
    """The piece of the sample that matched: empty for the whole, otherwise a layer or a part."""
    patterns: list[dict[str, Any]] = field(default_factory=list)
    """`id`, and `places` of `offset`, `length`, `text` (the first bytes, escaped) and `xor_key` where one was used."""


@dataclass
class YaraScan:
    """What a scan found: matches by path in the order asked for, problems by path, and the account of the rules."""

    matches: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    rules: int = 0
    refused: list[RefusedYaraRule] = field(default_factory=list)


def load_yara(paths: Iterable[Path | str]) -> YaraRules:
    """Compile the rules in some files and folders; each file is a namespace of its own.

    Include statements are refused, because a rule must not read what it likes from the disk. Raises FileNotFoundError
    where a path does not exist, OSError where a file cannot be read.
    """
    return _compiled(tuple(_sources(Path(path) for path in paths)))


def _sources(paths: Iterable[Path]) -> Iterator[tuple[str, str]]:
    for path in paths:
        if path.is_dir():
            for member in sorted(m for m in path.rglob("*") if m.suffix.lower() in SUFFIXES and m.is_file()):
                yield member.relative_to(path).as_posix(), member.read_bytes().decode("utf-8", "replace")
        else:
            yield path.name, path.read_bytes().decode("utf-8", "replace")


@lru_cache(maxsize=4)
def _compiled(sources: tuple[tuple[str, str], ...]) -> YaraRules:
    import yara_x  # late: a tenth of a second

    digest = sha256()
    compiler = yara_x.Compiler(relaxed_re_syntax=True, includes_enabled=False)
    for external in ("filename", "filepath", "extension", "filetype", "owner"):
        compiler.define_global(external, "")
    refused: list[RefusedYaraRule] = []
    for name, text in sources:
        digest.update(f"\0{name}\0{len(text)}\0{text}".encode())
        compiler.new_namespace(name)
        _add(compiler, name, text, refused)
    compiled = compiler.build()
    return YaraRules(compiled, digest.hexdigest(), sum(1 for _ in compiled), tuple(refused))


def _add(compiler: yara_x.Compiler, name: str, text: str, refused: list[RefusedYaraRule]) -> None:
    """Add one file's rules. Those of the file that are good stay, whatever the others are."""
    import yara_x

    known = len(_errors(compiler))
    try:
        compiler.add_source(text, origin=name)
    except yara_x.CompileError:
        for error in _errors(compiler)[known:]:
            label: dict[str, Any] = next(iter(error.get("labels") or []), {})
            line = int(error.get("line") or label.get("line") or 1)
            reason = ": ".join(t for t in (error.get("title"), label.get("text")) if t)
            refused.append(RefusedYaraRule(name, line, _rule_at(text, line), reason))


def _errors(compiler: yara_x.Compiler) -> list[dict[str, Any]]:
    found = compiler.errors()
    return list(json.loads(found) if isinstance(found, str) else found)


def _rule_at(text: str, line: int) -> str:
    """The name of the rule that a line belongs to, as far as the text says so."""
    names = re.findall(
        r"^[ \t]*(?:(?:private|global)[ \t]+){0,2}rule[ \t]+(\w+)", "\n".join(text.split("\n")[:line]), re.MULTILINE
    )
    return names[-1] if names else ""


def scan_bytes(rules: YaraRules, data: bytes, where: str = "", *, seconds: int = SECONDS) -> list[YaraMatch]:
    """The rules that match some bytes. Raises TimeoutError after `seconds`, ValueError where they cannot be scanned."""
    import yara_x

    scanner = yara_x.Scanner(rules.compiled)
    scanner.set_timeout(seconds)
    scanner.max_matches_per_pattern(MOST_MATCHES)
    try:
        results = scanner.scan(data)
    except yara_x.TimeoutError:
        raise TimeoutError(f"YARA scan took longer than {seconds} seconds") from None
    except yara_x.ScanError as error:
        raise ValueError(f"YARA scan failed: {error}") from error
    return [_match(rule, data, where) for rule in results.matching_rules]


def scan_text(rules: YaraRules, text: str, where: str = "", *, seconds: int = SECONDS) -> list[YaraMatch]:
    """The rules that match a string, as UTF-8. Raises as `scan_bytes`."""
    return scan_bytes(rules, text.encode("utf-8", "replace"), where, seconds=seconds)


def scan_file(rules: YaraRules, path: Path | str, *, seconds: int = SECONDS) -> list[YaraMatch]:
    """The rules that match a file. Raises as `scan_bytes`, and OSError where the file cannot be read."""
    return scan_bytes(rules, Path(path).read_bytes(), seconds=seconds)


def _match(rule: yara_x.Rule, data: bytes, where: str) -> YaraMatch:
    patterns = []
    for pattern in rule.patterns:
        places = [
            {
                "offset": place.offset,
                "length": place.length,
                "text": _shown(data[place.offset : place.offset + min(place.length, MOST_SHOWN)]),
            }
            | ({"xor_key": place.xor_key} if place.xor_key else {})
            for place in pattern.matches[:MOST_MATCHES]
        ]
        if places:
            patterns.append({"id": pattern.identifier, "places": places})
    meta = {key: value if isinstance(value, str | int | float | bool) else str(value) for key, value in rule.metadata}
    return YaraMatch(rule.identifier, rule.namespace, tuple(rule.tags), meta, where, patterns)


def _shown(content: bytes) -> str:
    return content.decode("latin-1").encode("unicode_escape").decode()


def scan_contained(
    paths: Sequence[Path | str], rules: Sequence[Path | str], *, jobs: int = 1, limits: Limits = LIMITS
) -> YaraScan:
    """Scan files with the rules of some folders in child processes with limits.

    A file that breaks or outlasts its scan becomes a problem under its path. Raises ContainedError where the rules
    themselves cannot be compiled within the limits, FileNotFoundError where a rule path does not exist.
    """
    folders = [str(Path(path)) for path in rules]
    for folder in folders:
        if not Path(folder).exists():
            raise FileNotFoundError(f"no YARA rules at {folder}")
    scan = YaraScan()
    with ContainedPool(jobs, limits) as pool:
        account = json.loads(pool.submit(_account, folders).result())
        scan.rules, scan.refused = account["rules"], [RefusedYaraRule(**row) for row in account["refused"]]
        waiting = {str(path): pool.submit(_scan_one, str(path), folders) for path in paths}
        for path, future in waiting.items():
            try:
                scan.matches[path] = json.loads(future.result())
            except ContainedError as error:
                scan.problems[path] = str(error)
    return scan


def _account(folders: list[str]) -> bytes:
    rules = load_yara(folders)
    return json.dumps({"rules": rules.count, "refused": [asdict(r) for r in rules.refused]}).encode()


def _scan_one(path: str, folders: list[str]) -> bytes:
    return json.dumps([asdict(match) for match in scan_file(load_yara(folders), path)]).encode()
