"""Import indicators from a file, whose format shows in its content."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import orjson

from tocsin.lab.indicators.importers.collect import Collector
from tocsin.lab.indicators.importers.misp import is_misp, read_misp
from tocsin.lab.indicators.importers.openioc import read_openioc
from tocsin.lab.indicators.importers.report import read_report
from tocsin.lab.indicators.importers.stix import is_stix, read_stix
from tocsin.lab.indicators.importers.table import is_table, read_table
from tocsin.lab.indicators.model import Account, Context, Indicator

STIX, MISP, TABLE, OPENIOC, TEXT = "stix", "misp", "table", "openioc", "text"
JSON = "json"
"""STIX or MISP: that shows only in the whole document."""
MAX_DOCUMENT = 1 << 30
"""Bytes of a JSON file, which has to be read as a whole."""
MAX_XML = 64 << 20
SNIFFED = 1 << 16


class UnreadableFeedError(ValueError):
    """The file cannot be imported; the message says why."""


@dataclass(slots=True)
class Import:
    """What a file gave."""

    indicators: list[Indicator]
    account: Account


def import_file(path: Path, context: Context | None = None, mapping: Mapping[str, str] | None = None) -> Import:
    """Return the indicators of a file and the account of its entries.

    `context` is what holds for entries of which the file itself says nothing; its source is the file's name where
    none is given. `mapping` is for tables (see `read_table`). Raises OSError where the file cannot be read, and
    UnreadableFeedError where it is none of the known formats.
    """
    account = Account()
    return Import(list(stream(path, account, context, mapping)), account)


def stream(
    path: Path, account: Account, context: Context | None = None, mapping: Mapping[str, str] | None = None
) -> Iterator[Indicator]:
    """Yield the indicators of a file as they are read and keep its account (see `import_file`)."""
    context = context or Context()
    context = context if context.source else replace(context, source=path.name)
    account.source = context.source
    collector = Collector(account, context)
    account.format = TABLE if mapping else _format(path)
    try:
        yield from _read(path, account, collector, mapping)
    except ValueError as error:
        raise UnreadableFeedError(f"{path}: {error}") from None


def _read(path: Path, account: Account, collector: Collector, mapping: Mapping[str, str] | None) -> Iterator[Indicator]:
    if account.format in (TEXT, TABLE):
        with path.open("rb") as file:
            yield from read_table(file, collector, mapping) if account.format == TABLE else read_report(file, collector)
    elif account.format == OPENIOC:
        yield from read_openioc(_whole(path, MAX_XML), collector)
    else:
        document = orjson.loads(_whole(path, MAX_DOCUMENT))
        if is_stix(document):
            account.format = STIX
            yield from read_stix(document, collector)
        elif is_misp(document):
            account.format = MISP
            yield from read_misp(document, collector)
        else:
            raise ValueError("is JSON, but neither STIX nor MISP")


def _whole(path: Path, limit: int) -> bytes:
    size = path.stat().st_size
    if size > limit:
        raise ValueError(f"is larger than {limit} bytes; split it")
    return path.read_bytes().removeprefix(b"\xef\xbb\xbf")


def _format(path: Path) -> str:
    """Return the format that the beginning of a file shows."""
    with path.open("rb") as file:
        head = file.read(SNIFFED).removeprefix(b"\xef\xbb\xbf").lstrip()
    if re.match(rb"\{|\[\s*\{", head):
        return JSON
    if head.startswith(b"<?xml") or re.search(rb"<(?:\w+:)?(?:ioc|openioc|iocs)\b", head[:4000], re.IGNORECASE):
        return OPENIOC
    return TABLE if is_table(head.decode("utf-8", "replace")) else TEXT
