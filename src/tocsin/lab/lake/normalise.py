"""Bring events to the common columns, by data: each source has a mapping file that says which field is which column.

A mapping file (`mappings/*.yaml`) names its `source`, and lists `events`: entries for a `channel`, a `provider` or
neither (all Windows events), for some `codes` or all, with `columns`. A channel may end in `*`: `zeek/*`. All entries
that fit a record count, later over earlier; only the first mapping file with a fitting entry counts. A column's value
is a field name, `system.NAME` for what the record says about itself, `=TEXT` for a constant, `{domain: FIELD, name:
FIELD}` for an account, `{field: FIELD, per: NUMBER}` for a field in another unit (`per: 1000` makes seconds of
milliseconds), or a list of these of which the first with a value counts. `hashes` is no column but a field that holds
several hashes (`MD5=...,SHA256=...`). Number columns take decimal and 0x hexadecimal writing.

Records of a channel `<product>/<service>` without a mapping have the product as their `source`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import resources
from math import isfinite
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import yaml

from tocsin.lab.lake.block import Block, Run
from tocsin.lab.lake.columns import BY_NAME, KEYS, address_key, address_of, fold
from tocsin.lab.lake.text import text_array

Source = tuple[str, Any]
"""One way to a value: `field`, `system`, `constant`, `account` (domain, name) or `scaled` (field, divisor)."""

EMPTY = pa.array(["", "-"])
"""What sources write where they have nothing to say."""
HASH = re.compile(r"(MD5|SHA1|SHA256)=([0-9A-Fa-f]+)", re.IGNORECASE)
HASH_LENGTHS = {"md5": 32, "sha1": 40, "sha256": 64}
HASHES = "hashes"
WHOLE = re.compile(r"-?[0-9]{1,18}|0x[0-9a-f]{1,15}", re.ASCII | re.IGNORECASE)
DECIMAL = re.compile(r"-?[0-9]{1,300}(\.[0-9]{0,300})?(e[+-]?[0-9]{1,2})?", re.ASCII | re.IGNORECASE)
PROTOCOLS = {"1": "icmp", "6": "tcp", "17": "udp", "47": "gre", "58": "ipv6-icmp"}
"""Protocols that sources write as numbers (IANA, Protocol Numbers)."""
PRODUCT = re.compile(r"([a-z0-9]+)/[a-z0-9_-]+")
"""Channels of everything but Windows event logs; those have capitals, a hyphen in front, or no slash."""


@dataclass(frozen=True)
class Shape:
    """How the events of one channel, provider and code become columns: for each the ways to its value, best first."""

    source: str
    columns: dict[str, tuple[Source, ...]]


def columns_of(block: Block) -> dict[str, pa.Array]:
    """Return the common columns that some events have values for: column name -> a value or null for each.

    What is the writer's business is not among them: `time`, `item`, `source_file` and `seq`.
    """
    shapes = [shape_of(run.told.channel, fold(run.told.provider), run.told.code) for run in block.runs]
    columns = {
        "host": _no_empties(text_array([host for run in block.runs for host in run.told.hosts])),
        "record_id": pa.array([number for run in block.runs for number in run.told.numbers], pa.int64()),
        "source": block.each_run([shape.source or None for shape in shapes]),
        "channel": block.each_run([run.told.channel or None for run in block.runs]),
        "provider": block.each_run([run.told.provider or None for run in block.runs]),
        "code": block.each_run([run.told.code or None for run in block.runs]),
    }
    for name in dict.fromkeys(name for shape in shapes for name in shape.columns):
        values = _values(block, [shape.columns.get(name, ()) for shape in shapes])
        if values is None:
            continue
        if name == HASHES:
            for place, kind in enumerate(HASH_LENGTHS):
                columns[kind] = _each(values, HASH_GETTERS[place])
        else:
            columns |= _column(name, values)
    for name in [name for name in columns if name in BY_NAME and BY_NAME[name].short]:
        columns[BY_NAME[name].short] = _each(columns[name], SHORTENERS[name])
    return columns


def _values(block: Block, ways: list[tuple[Source, ...]]) -> pa.Array | None:
    """Return a value for each event of a block, by the ways that each run has to it; None where there is none."""
    pieces: list[pa.Array] = []
    joined: tuple[Source, ...] | None = None
    start = end = 0
    found = False
    for run, way in zip(block.runs, ways, strict=True):
        open_ones = _open(run, way)
        if open_ones != joined or any(kind == "system" for kind, _ in open_ones):
            if joined is not None and end > start:
                pieces.append(_first(block, joined, start, end))
            joined, start = open_ones, run.start
        end = run.start + run.size
        if any(kind == "system" for kind, _ in open_ones):
            pieces.append(_first(block, open_ones, start, end, run))
            start, joined = end, None
        found = found or bool(open_ones)
    if joined is not None and end > start:
        pieces.append(_first(block, joined, start, end))
    return pa.concat_arrays(pieces) if found else None


def _open(run: Run, way: tuple[Source, ...]) -> tuple[Source, ...]:
    """Return those ways to a value that a run's events have."""
    data, told = run.told.data, run.told
    return tuple(
        source
        for source in way
        if source[0] == "constant"
        or (source[0] == "field" and source[1] in data)
        or (source[0] == "system" and (source[1] in told.system or source[1] in told.constants))
        or (source[0] == "account" and source[1][0] in data and source[1][1] in data)
        or (source[0] == "scaled" and source[1][0] in data)
    )


def _first(block: Block, ways: tuple[Source, ...], start: int, end: int, run: Run | None = None) -> pa.Array:
    """Return for each of some rows the first of its ways that leads to a value."""
    found: pa.Array | None = None
    for place, way in enumerate(ways):
        values = _one(block, way, start, end, run)
        if len(ways) == 1:
            return values
        values = _no_empties(values)
        found = values if found is None else pc.coalesce(found, values)
        if not found.null_count or place == len(ways) - 1:
            return found
    return pa.nulls(end - start, pa.string())


def _one(block: Block, way: Source, start: int, end: int, run: Run | None) -> pa.Array:
    kind, told = way
    if kind == "constant":
        return pa.repeat(pa.scalar(told, pa.string()), end - start)
    if kind == "system":
        values = block.system(told, run) if run is not None else None
        return pa.nulls(end - start, pa.string()) if values is None else values
    if kind == "account":
        domains, names = (_no_empties(block.field(name, start, end)) for name in told)
        return pc.binary_join_element_wise(domains, names, "\\")
    if kind == "scaled":
        return _each(block.field(told[0], start, end), partial(_divided, per=told[1]))
    return block.field(told, start, end)


@lru_cache(maxsize=8192)
def shape_of(channel: str, provider: str, code: str) -> Shape:
    """Return how the records of a channel, a provider (in lower case) and a code become columns."""
    product = PRODUCT.fullmatch(channel)
    source, columns = product[1] if product else "", dict[str, Any]()
    for mapping in _mappings():
        fitting = [e for e in mapping["events"] if _fits(e, fold(channel), provider, code, product is None)]
        if fitting:
            source = mapping["source"]
            for entry in fitting:
                columns |= entry["columns"]
            break
    return Shape(source, {name: tuple(_ways(spec)) for name, spec in columns.items()})


@lru_cache(maxsize=1)
def _mappings() -> list[dict[str, Any]]:
    """Return the mapping files; those that take any record come last."""
    folder = resources.files("tocsin.lab.lake") / "mappings"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    mappings = [prepared(yaml.load((folder / name).read_bytes(), Loader=yaml.CSafeLoader)) for name in names]
    return sorted(mappings, key=lambda mapping: any(not e["channel"] and not e["provider"] for e in mapping["events"]))


def prepared(mapping: dict[str, Any]) -> dict[str, Any]:
    """Check a mapping as it was read from its file, and make sets of what its entries fit."""
    for entry in mapping["events"]:
        _check(entry, mapping["source"])
        entry["codes"] = frozenset(str(code) for code in entry.get("codes", ()))
        for name in ("channel", "provider"):
            values = entry.get(name, [])
            entry[name] = frozenset(fold(value) for value in ([values] if isinstance(values, str) else values))
    return mapping


def _check(entry: dict[str, Any], source: str) -> None:
    unknown = set(entry) - {"channel", "provider", "codes", "columns"}
    unknown |= set(entry["columns"]) - set(BY_NAME) - {HASHES}
    if unknown:
        raise ValueError(f"mapping of {source!r}: unknown names {', '.join(sorted(unknown))}")


def _fits(entry: dict[str, Any], channel: str, provider: str, code: str, windows: bool) -> bool:
    if entry["codes"] and code not in entry["codes"]:
        return False
    if entry["channel"] or entry["provider"]:
        named = channel in entry["channel"] or provider in entry["provider"]
        return named or any(name[-1:] == "*" and channel.startswith(name[:-1]) for name in entry["channel"])
    return windows


def _ways(spec: Any) -> list[Source]:
    if isinstance(spec, list):
        return [way for part in spec for way in _ways(part)]
    if isinstance(spec, dict):
        return [
            ("scaled", (spec["field"], spec["per"])) if "per" in spec else ("account", (spec["domain"], spec["name"]))
        ]
    if spec.startswith("="):
        return [("constant", spec[1:])]
    if spec.startswith("system."):
        return [("system", spec.removeprefix("system."))]
    return [("field", spec)]


def _divided(text: str, per: float) -> str | None:
    number = _decimal(text)
    return None if number is None else f"{number / per:.6f}".rstrip("0").rstrip(".")


def _no_empties(values: pa.Array) -> pa.Array:
    empty = pc.is_in(values, EMPTY)
    return pc.if_else(empty, pa.scalar(None, pa.string()), values) if pc.any(empty).as_py() else values


def _column(name: str, values: pa.Array) -> dict[str, pa.Array]:
    """Return a column's values as the column wants them; an address brings its sorting key with it."""
    column = BY_NAME[name]
    values = _no_empties(values)
    if column.kind == "number":
        return {name: _each(values, _number, pa.int64())}
    if column.kind == "decimal":
        return {name: _each(values, _decimal, pa.float64())}
    if column.kind == "address":
        return {name: _each(values, _address), KEYS[name]: _each(values, _key)}
    if column.folded and name not in TIDIED:
        values = _each(values, folded)
    if name in TIDIED:
        values = _each(values, TIDIED[name])
    return {name: values}


def _each(values: pa.Array, function: Callable[[str], Any], kind: pa.DataType | None = None) -> pa.Array:
    """Apply a function to each different value once."""
    if values.null_count == len(values):
        return pa.nulls(len(values), kind or pa.string())
    distinct = values.dictionary_encode()
    results = [None if text is None else function(text) for text in distinct.dictionary.to_pylist()]
    return pa.array(results, kind or pa.string()).take(distinct.indices)


@lru_cache(maxsize=16_384)
def folded(text: str) -> str:
    """Return text in lower case."""
    return fold(text)


@lru_cache(maxsize=16_384)
def _domain(text: str) -> str | None:
    return fold(text).rstrip(".") or None


def _protocol(text: str) -> str:
    return PROTOCOLS.get(text) or fold(text)


def _number(text: str) -> int | None:
    if not WHOLE.fullmatch(text):
        return None
    return int(text, 16 if text[1:2] in ("x", "X") else 10)


def _decimal(text: str) -> float | None:
    number = float(text) if DECIMAL.fullmatch(text) else None
    return number if number is not None and isfinite(number) else None


@lru_cache(maxsize=16_384)
def _address(text: str) -> str:
    address = address_of(text)
    return fold(text) if address is None else str(address)


@lru_cache(maxsize=16_384)
def _key(text: str) -> str | None:
    address = address_of(text)
    return None if address is None else address_key(address)


@lru_cache(maxsize=65_536)
def short_name(column: str, value: str) -> str:
    """Return the telling part of a value of a column that has one (`host`, `user`, `path` ...), lower case."""
    if column == "host":
        return fold(value if address_of(value) else value.partition(".")[0] or value)
    if column in ("user", "target_user"):
        return fold(value.rpartition("\\")[2].partition("@")[0] or value)
    return fold(value.rstrip("\\/").replace("/", "\\").rpartition("\\")[2] or value)


@lru_cache(maxsize=4096)
def hashes_of(text: str) -> tuple[str | None, ...]:
    """Return MD5, SHA-1 and SHA-256 of a field such as `MD5=...,SHA256=...`, or of a bare hash, told by its length."""
    found = HASH.findall(text) or [(name, text) for name, size in HASH_LENGTHS.items() if len(text) == size]
    hashes = {kind.lower(): digits.lower() for kind, digits in found if len(digits) == HASH_LENGTHS[kind.lower()]}
    return tuple(hashes.get(name) for name in HASH_LENGTHS)


HASH_GETTERS = [lambda text, place=place: hashes_of(text)[place] for place in range(len(HASH_LENGTHS))]
SHORTENERS = {column.name: partial(short_name, column.name) for column in BY_NAME.values() if column.short}
TIDIED: dict[str, Callable[[str], str | None]] = {"protocol": _protocol, "domain": _domain}
"""Columns whose values are tidied up further than to lower case."""
