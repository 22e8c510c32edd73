"""Load Sigma rules from folders: find the files, parse them with pySigma, compile them, or take them from
the cache.

A rule that cannot be used costs itself only: it is listed with its file, line and reason.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin.lab.sigma import cache
from tocsin.lab.sigma.compiled import CompiledRules
from tocsin.lab.sigma.preparing import Brought
from tocsin.lab.sigma.rules import RuleSet

if TYPE_CHECKING:
    from sigma.rule import SigmaRule

    from tocsin.lab.sigma.building import RuleFile

SUFFIXES = (".yml", ".yaml")
MODULES = (
    *("atoms", "building", "clauses", "compile", "compiled", "documents", "expression", "filters", "literals"),
    *("loading", "logsources", "preparing", "correlations/loading"),
)
"""The modules that have a part in the compiled form."""


def load_rules(
    paths: Iterable[Path],
    *,
    cache_dir: Path | None = None,
    variables: Path | None = None,
    pipelines: Sequence[Path] = (),
) -> RuleSet:
    """Return the rules in some folders and files, compiled, and those that cannot be used with the reason.

    `variables` is a YAML file with values for rules' placeholders, `pipelines` are Sigma processing pipelines.
    Compiled rules are kept in `cache_dir` (default: see `cache.default_dir`) under the hash of all
    files' content. Raises FileNotFoundError where a path does not exist, OSError where a folder or file
    cannot be read, PreparationError where variables or pipelines are none.
    """
    rule_files = _read_files(paths)
    brought = Brought.read(variables, pipelines)
    key = _key(rule_files, brought)
    directory = cache_dir or cache.default_dir()
    content = cache.get(directory, key)
    if content is not None:
        try:
            return RuleSet(CompiledRules.from_lines(content), cache.place(directory, key), from_cache=True)
        except (ValueError, KeyError, TypeError):
            pass  # written by other code or damaged: compile again and overwrite it
    compiled = compile_files(rule_files, brought)
    return RuleSet(compiled, cache.put(directory, key, compiled.to_lines()), from_cache=False)


def compile_files(rule_files: Sequence[RuleFile], brought: Brought | None = None) -> CompiledRules:
    """Return the compiled rules of some files. Raises PreparationError."""
    # Late, here and below: a cached start needs none of it.
    from tocsin.lab.sigma.building import Builder

    builder = Builder(brought or Brought())
    builder.add(rule_files)
    return builder.compiled()


def rules_named(
    name: str, paths: Iterable[Path], *, variables: Path | None = None, pipelines: Sequence[Path] = ()
) -> list[SigmaRule]:
    """Return the rules in some folders and files that have an id, name or title ('' = all), as `explain` takes them:
    with filters, variables and pipelines worked in. Correlations are left out, as they are not about one record.

    Raises what `load_rules` raises, and ValueError where such a rule is not valid.
    """
    from tocsin.lab.sigma.building import Builder

    builder = Builder(Brought.read(variables, pipelines))
    wanted = name.lower()
    found = []
    for document in builder.documents(_read_files(paths)):
        title = str(document.content.get("title") or "").lower()
        if "detection" in document.content and (not wanted or wanted in (*document.names, title)):
            try:
                found.append(builder.prepared(document))
            except Exception as error:  # pySigma names what is wrong in many ways
                raise ValueError(f"{document.file} is not a valid Sigma rule: {error}") from error
    return found


def _read_files(paths: Iterable[Path]) -> list[RuleFile]:
    found: list[RuleFile] = []
    for path in paths:
        if path.is_dir():
            found.extend((name, _content(f"{path}/{name}")) for name in sorted(_names(str(path)), key=_in_parts))
        else:
            found.append((path.name, path.read_bytes()))
    return found


def _names(folder: str, place: str = "") -> Iterator[str]:
    """Yield the names of the rule files in a folder and those in it, relative to it and with slashes.

    Works on plain texts, since there are thousands of files, and a cached start does little else.
    """
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _names(entry.path, f"{place}{entry.name}/")
            elif entry.name.endswith(SUFFIXES) and entry.name not in SUFFIXES and entry.is_file():
                yield place + entry.name


def _content(name: str) -> bytes:
    with open(name, "rb", buffering=0) as file:  # noqa: PTH123 - see `_names`
        return file.read()


def _in_parts(name: str) -> list[str]:
    return name.split("/")


def _key(rule_files: Sequence[RuleFile], brought: Brought) -> str:
    """Return the hash of everything that the compiled rules depend on."""
    here = os.path.dirname(__file__)  # noqa: PTH120 - see `_names`
    digest = sha256(_content(f"{here}/logsources.yaml"))
    for module in MODULES:
        digest.update(_content(f"{here}/{module}.py"))
    for content in brought.parts:
        digest.update(f"\0{len(content)}\0".encode())
        digest.update(content)
    for name, content in rule_files:
        digest.update(f"\0{len(content)} {name}\0".encode())
        digest.update(content)
    return digest.hexdigest()
