"""Reads regimes: the library's files, one a jurisdiction, and an organization's own contracts and policies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from pydantic import ValidationError

from tocsin.law.models import Regime, RegimeFile
from tocsin.law.problems import LawError, Problem
from tocsin.law.yamlfile import Path, YamlText

_SAID = {
    "extra_forbidden": "unknown key",
    "missing": "this key is missing",
    "tuple_type": "this has to be a list",
    "model_type": "this has to be a mapping",
}
_HELP = {
    "tuple_type": "write [a, b] or one '- item' a line",
    "extra_forbidden": "remove it or correct its spelling; docs/law.md lists the keys",
    "missing": "add it",
    "string_type": "write text; put numbers and dates in quotes",
    "date_from_datetime_parsing": "write a date as 2026-01-31",
}


@lru_cache(maxsize=1)
def library() -> tuple[Regime, ...]:
    """All regimes of this version, by file and in the files' order. Raises LawError if a file has an error."""
    folder = files("tocsin.law").joinpath("regimes")
    names = sorted(item.name for item in folder.iterdir() if item.name.endswith(".yaml"))
    return read_regimes((name, folder.joinpath(name).read_text(encoding="utf-8")) for name in names)


def regime(key: str) -> Regime:
    """The library's regime of that id. Raises KeyError."""
    return _by_id()[key]


@lru_cache(maxsize=1)
def _by_id() -> dict[str, Regime]:
    return {regime.id: regime for regime in library()}


def read_regimes(texts: Iterable[tuple[str, str]]) -> tuple[Regime, ...]:
    """The regimes of files (name, text). Raises LawError with every problem of all files."""
    found: dict[str, tuple[str, Regime]] = {}
    problems: list[Problem] = []
    related: list[tuple[str, int, str]] = []
    for file, text in texts:
        try:
            read = YamlText(file, text)
            regimes = _checked(read)
        except LawError as error:
            problems.extend(error.problems)
            continue
        for index, one in enumerate(regimes):
            line = read.line(("regimes", index, "id"))
            if one.id in found:
                what = f"'{one.id}' is already the id of a regime in {found[one.id][0]}"
                problems.append(Problem(file, line, what, "every regime has an id of its own"))
            found.setdefault(one.id, (file, one))
            related += [(file, read.line(("regimes", index, "related", n)), to) for n, to in enumerate(one.related)]
    if not problems:  # where a file could not be read, what it holds is not lost
        problems += [
            Problem(f, n, f"'{to}' is no regime", "correct or remove it") for f, n, to in related if to not in found
        ]
    if problems:
        raise LawError(problems)
    return tuple(one for _, one in found.values())


def _checked(read: YamlText) -> tuple[Regime, ...]:
    value = read.value
    if isinstance(value, dict) and isinstance(value.get("regimes"), list):
        shared = {key: value[key] for key in ("jurisdiction", "calendar") if key in value}
        value = {**value, "regimes": [{**shared, **r} if isinstance(r, dict) else r for r in value["regimes"]]}
    try:
        return RegimeFile.model_validate(value).regimes
    except ValidationError as error:
        raise LawError(_in_words(read.file, read.line, error)) from None


def own_regime(value: Mapping[str, Any], file: str = "regime") -> Regime:
    """An organization's own duty, such as a contract's clause or a policy's: the same keys, fewer of them required.

    At least id, name, recipients and stages; without `applies` it applies to any incident. Raises LawError; a plan
    that knows lines adds them itself.
    """
    try:
        return Regime.model_validate(dict(value))
    except ValidationError as error:
        raise LawError(_in_words(file, lambda _: 1, error)) from None


def _in_words(file: str, line: Any, error: ValidationError) -> list[Problem]:
    problems = []
    details = error.errors(include_url=False)
    inner = {detail["loc"][:end] for detail in details for end in range(len(detail["loc"]))}
    for detail in details:
        if detail["type"] == "too_short" and detail["loc"] in inner:
            continue  # the items are there; each has its own error
        place: Path = tuple(part for part in detail["loc"] if part != "[key]")
        name = ".".join(str(part + 1) if isinstance(part, int) else part for part in place) or "the file"
        said = detail["msg"].removeprefix("Value error, ")
        what = _SAID.get(detail["type"], said)
        problems.append(Problem(file, line(place), f"{name}: {what}", _HELP.get(detail["type"], "")))
    return problems
