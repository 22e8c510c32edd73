"""What all importers share: bring each value to its normal form, once, and keep the account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO

from tocsin.lab.indicators import model, names
from tocsin.lab.indicators.model import Account, Context, Indicator
from tocsin.lab.indicators.normal import normal
from tocsin.lab.indicators.patterns import pattern_problem

MAX_LINE = 1 << 20
"""Bytes of a line; what is longer was not written by a person or a feed."""
TLP = re.compile(r"(?:tlp\s*[:=]\s*)?(clear|white|green|amber\+strict|amber|red)", re.IGNORECASE)
PATHS = (model.FILE_PATH, model.FILE_NAME, model.REGISTRY_KEY)


class Collector:
    """Takes values, yields indicators through `take`, and counts in an account."""

    def __init__(self, account: Account, context: Context) -> None:
        self.account = account
        self.context = context
        self._seen: set[tuple[str, str, str]] = set()

    def take(
        self, kind: str, written: str, place: str, context: Context | None = None, form: str = model.LITERAL
    ) -> Iterator[Indicator]:
        """Yield the indicator of a value, or nothing where it is none or was there before."""
        written = written.strip()
        try:
            kind, value = _normal(kind, written, form)
        except ValueError as error:
            self.account.reject(place, written, str(error))
            return
        context = context or self.context
        indicator = Indicator(
            kind, value, written, context.source, context.confidence, context.valid_from, context.valid_until,
            context.tlp, context.tags, context.description, context.reference, form,
        )  # fmt: skip
        problem = "" if form == model.LITERAL else pattern_problem(indicator)
        if problem:
            self.account.reject(place, written, problem)
            return
        account = self.account
        account.read += 1
        key = (kind, value, form)
        if key in self._seen:
            account.duplicates += 1
            return
        self._seen.add(key)
        account.taken += 1
        account.kinds[kind] = account.kinds.get(kind, 0) + 1
        yield indicator


def _normal(kind: str, written: str, form: str) -> tuple[str, str]:
    """Return kind and normal form; an address with a prefix is a network, a name with a folder is a path."""
    if form == model.REGEX:
        return kind, written
    if kind in (model.IP, model.NETWORK):
        return _address(written)
    if kind == model.FILE_NAME and ("\\" in written or "/" in written):
        kind = model.FILE_PATH
    if form == model.LITERAL:
        return kind, normal(kind, written)
    value = names.slashes(written.casefold()) if kind in PATHS else written.casefold()
    if kind == model.REGISTRY_KEY:
        value = "*" + value[value.index("\\") :] if "\\" in value else value
    return kind, value


def _address(written: str) -> tuple[str, str]:
    address, slash, prefix = written.partition("/")
    value = normal(model.IP, address)
    if not slash or prefix == ("128" if ":" in address else "32"):
        return model.IP, value
    return model.NETWORK, normal(model.NETWORK, f"{value}/{prefix}")


def time_text(value: object) -> str:
    """Return a time as ISO 8601 in UTC with a Z; without a zone it is UTC; '' where it is none.

    Numbers are seconds since 1970.
    """
    text = str(value or "").strip()
    if not text:
        return ""
    try:
        if re.fullmatch(r"\d{9,11}(?:\.\d+)?", text):
            moment = datetime.fromtimestamp(float(text), UTC)
        else:
            moment = datetime.fromisoformat(text.removesuffix(" UTC"))
            moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return ""
    return moment.isoformat(timespec="microseconds" if moment.microsecond else "seconds").replace("+00:00", "Z")


def tlp_label(text: object) -> str:
    """Return the TLP 2.0 label that a text names (`tlp:white` is CLEAR now), or ''."""
    found = TLP.fullmatch(str(text or "").strip())
    return {"WHITE": "CLEAR"}.get(found[1].upper(), found[1].upper()) if found else ""


def lines(file: BinaryIO, account: Account) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file with their numbers; reject those that are too long, without keeping them."""
    number = 0
    while line := file.readline(MAX_LINE):
        number += 1
        if len(line) == MAX_LINE and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = file.readline(MAX_LINE)
            account.reject(f"line {number}", "", f"is longer than {MAX_LINE} bytes")
            continue
        yield number, line.decode("utf-8-sig" if number == 1 else "utf-8", "replace")
