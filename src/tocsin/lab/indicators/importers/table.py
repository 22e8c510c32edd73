"""CSV and its relatives: the columns known by their header, by a given mapping, or by what they hold.

Lines that begin with # are comments; the last of them before the data may be the header, as some feeds have it.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import chain
from typing import BinaryIO

from tocsin.lab.indicators import model
from tocsin.lab.indicators.importers.collect import Collector, lines, time_text, tlp_label
from tocsin.lab.indicators.model import Context, Indicator
from tocsin.lab.indicators.normal import kind_of

VALUE, TYPE = "value", "type"
NOTES = ("source", "confidence", "valid_from", "valid_until", "tlp", "tags", "description", "reference")
ROLES = (VALUE, TYPE, *NOTES, *model.KINDS)
"""What a column may be: a value of its own kind, a value whose kind shows or stands in the type column, or what the
source says beside it."""
NAMES = {
    VALUE: "indicator ioc ioc_value indicator_value observable artifact",
    TYPE: "indicator_type ioc_type kind observable_type",
    "source": "feed provider origin",
    "confidence": "confidence_level score",
    "valid_from": "first_seen first_seen_utc firstseen date dateadded date_added created start",
    "valid_until": "expires expiry expiration expiration_date valid_to end",
    "tlp": "marking",
    "tags": "tag labels",
    "description": "comment comments note notes title",
    "reference": "link report ref references",
    model.MD5: "md5_hash hash_md5 filehash-md5 md5sum",
    model.SHA1: "sha1_hash sha-1 hash_sha1 filehash-sha1 sha1sum",
    model.SHA256: "sha256_hash sha-256 hash_sha256 filehash-sha256 sha256sum",
    model.SHA512: "sha512_hash sha-512 filehash-sha512",
    model.SSDEEP: "",
    model.IMPHASH: "filehash-imphash",
    model.JA3: "ja3_md5 ja3_fingerprint",
    model.JA4: "ja4_fingerprint",
    model.IP: "ip_address ipaddress ipv4 ipv6 dst_ip dest_ip src_ip dstip ip-dst ip-src ipv4-addr ipv6-addr ip:port",
    model.NETWORK: "cidr subnet",
    model.DOMAIN: "domain_name hostname host fqdn domain-name",
    model.URL: "uri",
    model.EMAIL: "email_address mail email-addr",
    model.FILE_PATH: "path filepath",
    model.FILE_NAME: "filename file",
    model.REGISTRY_KEY: "registry regkey registrykey",
    model.COMMAND_LINE: "commandline cmdline command",
    model.ACCOUNT: "user username user_name",
    model.MUTEX: "mutant",
    model.USER_AGENT: "useragent user-agent",
    model.SERVICE: "service_name servicename",
    model.PIPE: "named_pipe pipe_name",
}
"""Further names of columns, and of kinds in a type column."""
KNOWN = {name: role for role, further in NAMES.items() for name in (role, *further.split())}
HASH = ("hash", "file_hash", "filehash", "digest")
DELIMITERS = ",;\t|"
MOST = 0.8
"""Part of the lines that must look alike."""
LOOKED_AT = 50
"""Lines from which the delimiter and the columns are guessed."""
PORT = re.compile(r"^([\d.]+|\[[^\]]+\]):\d{1,5}$")
WORDS = {"high": 85, "medium": 50, "moderate": 50, "low": 15}


class ColumnError(ValueError):
    """The columns cannot be told, or a mapping names one that is not there."""


def read_table(file: BinaryIO, collector: Collector, mapping: Mapping[str, str] | None = None) -> Iterator[Indicator]:
    """Yield the indicators of a table. `mapping` says what columns are: name in the header, or number from 1, to
    role (see `ROLES`).

    Raises ColumnError where no column can be told to hold indicators.
    """
    source = _Numbered(lines(file, collector.account))
    head = source.head()
    delimiter = _delimiter(head)
    header, columns = _columns(head, delimiter, source.comment, mapping)
    rows = csv.reader(source, delimiter=delimiter, skipinitialspace=True)
    made = _Rows(columns, collector)
    first = header
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            collector.account.reject(f"line {source.number}", "", f"is no row of a table: {error}")
            continue
        if row is None:
            return
        if not first and row:
            yield from made.indicators(row, f"line {source.number}")
        first = first and not row


class _Numbered:
    """Lines without comments, with the number of the last one that was handed out."""

    def __init__(self, source: Iterator[tuple[int, str]]) -> None:
        self._source = source
        self.number = 0
        self.comment = ""

    def __iter__(self) -> Iterator[str]:
        for number, line in self._source:
            if line.lstrip().startswith("#") or not line.strip():
                continue
            self.number = number
            yield line.replace("\0", "")

    def head(self) -> list[str]:
        """Return the first lines, which stay to be read; remember the last comment before them."""
        kept: list[tuple[int, str]] = []
        for number, line in self._source:
            kept.append((number, line))
            if line.lstrip().startswith("#") and len(kept) == sum(text.lstrip().startswith("#") for _, text in kept):
                self.comment = line.strip().strip("#").strip()
            if len(kept) >= LOOKED_AT * 4:
                break
        self._source = chain(kept, self._source)
        return [line for _, line in kept if line.strip() and not line.lstrip().startswith("#")][:LOOKED_AT]


def is_table(head: str) -> bool:
    """Tell whether the beginning of a text is a table, or a list of indicators, one a line."""
    texts = [line for line in head.splitlines() if line.strip() and not line.lstrip().startswith("#")][:LOOKED_AT]
    comments = [line.strip().strip("#").strip() for line in head.splitlines()[:LOOKED_AT] if line.startswith("#")]
    rows = _rows(texts, _delimiter(texts))
    if not rows:
        return False
    width, times = Counter(map(len, rows)).most_common(1)[0]
    if times < MOST * len(rows):
        return False
    if width == 1:
        return sum(kind_of(row[0][:5000]) is not None for row in rows) >= MOST * len(rows)
    for labels in (rows[0], *_rows(comments, _delimiter(texts))):
        roles = _by_name([_name(cell) for cell in labels])
        if len(roles) > 1 and any(role in model.KINDS or role == VALUE for role in roles.values()):
            return True
    return len(rows) > 1 and bool(_by_content(rows))


def _rows(texts: list[str], delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(texts, delimiter=delimiter, skipinitialspace=True))
    except csv.Error:
        return []


def _delimiter(head: list[str]) -> str:
    """Return the delimiter that occurs in most lines, the same number of times."""

    def fitness(delimiter: str) -> tuple[int, int]:
        counts = Counter(line.count(delimiter) for line in head)
        often, times = max(counts.items(), key=lambda item: (item[0] > 0, item[1], item[0]), default=(0, 0))
        return (times if often else 0, often)

    return max(DELIMITERS, key=fitness)


def _columns(
    head: list[str], delimiter: str, comment: str, mapping: Mapping[str, str] | None
) -> tuple[bool, dict[int, str]]:
    """Return whether the first row is a header, and the roles of the columns."""
    rows = _rows(head, delimiter)
    if not rows:
        return False, {}
    named = [_name(cell) for cell in rows[0]]
    commented = [_name(cell) for cell in next(csv.reader([comment], delimiter=delimiter, skipinitialspace=True), [])]
    if mapping:
        return _mapped(rows, named, commented, mapping)
    for header, labels in ((True, named), (False, commented)):
        roles = _by_name(labels)
        if any(role in model.KINDS or role == VALUE for role in roles.values()):
            return header, roles
    roles = _by_content(rows)
    if not roles:
        raise ColumnError(
            "no column holds indicators that can be told by themselves; say which columns do with a mapping"
        )
    return False, roles


def _name(cell: str) -> str:
    return re.sub(r"[\s.]+", "_", cell.strip().strip("\"'").lower())


def _by_name(labels: list[str]) -> dict[int, str]:
    return {
        column: VALUE if label in HASH else KNOWN[label]
        for column, label in enumerate(labels)
        if label in KNOWN or label in HASH
    }


def _by_content(rows: list[list[str]]) -> dict[int, str]:
    counts: Counter[int] = Counter()
    for row in rows:
        counts.update(column for column, cell in enumerate(row[:50]) if kind_of(cell[:5000]))
    return {column: VALUE for column, count in counts.items() if count >= MOST * (len(rows) - 1)}


def _mapped(
    rows: list[list[str]], named: list[str], commented: list[str], mapping: Mapping[str, str]
) -> tuple[bool, dict[int, str]]:
    roles, header = {}, False
    for written, role in mapping.items():
        if role not in ROLES:
            raise ColumnError(f"{role!r} is nothing a column can be; it can be one of {', '.join(ROLES)}")
        name = _name(written)
        if name in named:
            roles[named.index(name)] = role
            header = True
        elif name in commented:
            roles[commented.index(name)] = role
        elif written.isdigit() and 1 <= int(written) <= max(map(len, rows)):
            roles[int(written) - 1] = role
        else:
            raise ColumnError(f"there is no column {written!r}; there are {', '.join(map(repr, rows[0][:50]))}")
    return header or bool(_by_name(named)), roles


class _Rows:
    """Makes indicators of rows."""

    def __init__(self, columns: dict[int, str], collector: Collector) -> None:
        self._collector = collector
        self._values = [(column, role) for column, role in columns.items() if role == VALUE or role in model.KINDS]
        self._notes = [(column, role) for column, role in columns.items() if role in NOTES]
        self._type = next((column for column, role in columns.items() if role == TYPE), None)
        # Most rows of a feed say the same about their values.
        self._context = lru_cache(1000)(lambda notes: _context(dict(notes), collector.context))

    def indicators(self, row: list[str], place: str) -> Iterator[Indicator]:
        """Yield the indicators of a row."""
        width = len(row)
        cells = [(role, row[column].strip()) for column, role in self._values if column < width]
        if not any(cell for _, cell in cells):
            self._collector.account.reject(place, " ".join(row), "names no indicator")
            return
        context = self._context(tuple((role, row[column].strip()) for column, role in self._notes if column < width))
        named = row[self._type] if self._type is not None and self._type < width else ""
        for role, cell in cells:
            if not cell:
                continue
            kind = role if role != VALUE else (_named_kind(named) if named else None) or kind_of(cell)
            if kind is None:
                reason = f"type {named[:60]!r} is not known" if named else "its kind cannot be told"
                self._collector.account.reject(place, cell, reason)
            else:
                written = PORT.sub(r"\1", cell) if kind == model.IP else cell
                yield from self._collector.take(kind, written, place, context)


@lru_cache(1000)
def _named_kind(named: str) -> str | None:
    known = KNOWN.get(_name(named))
    return known if known in model.KINDS else None


def _context(notes: dict[str, str], default: Context) -> Context:
    confidence = notes.get("confidence", "").rstrip("%").lower()
    number = int(confidence) if confidence.isdecimal() and len(confidence) < 4 else WORDS.get(confidence)
    tags = tuple(tag.strip() for tag in re.split(r"[,;|]", notes.get("tags", "")) if tag.strip())
    return replace(
        default,
        source=notes.get("source") or default.source,
        confidence=number if number is not None and number <= 100 else default.confidence,
        valid_from=time_text(notes.get("valid_from")),
        valid_until=time_text(notes.get("valid_until")),
        tlp=tlp_label(notes.get("tlp")) or default.tlp,
        tags=tuple(dict.fromkeys(default.tags + tags)),
        description=notes.get("description", "")[:1000],
        reference=notes.get("reference", "")[:1000] or default.reference,
    )
