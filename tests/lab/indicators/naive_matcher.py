"""A second, slow matcher: every indicator against every field, with none of the index, keys or memory.

It shares only the normal forms of values with the one under test.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from tocsin.lab.indicators.model import Indicator

WORD = "[a-z0-9._-]"


def naive(indicators: list[Indicator], fields: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Return field, kind and value of everything that is met."""
    return {
        (name, indicator.kind, indicator.value)
        for name, value in fields.items()
        if isinstance(value, str)
        for indicator in indicators
        if _met(indicator, name, value)
    }


def _met(indicator: Indicator, name: str, value: str) -> bool:
    folded = " ".join(value.split()).casefold()
    kind, wanted = indicator.kind, indicator.value
    if kind in ("md5", "sha1", "sha256"):
        return any(
            not re.search(r"imphash\s?[=:]\s?\"?$", folded[: found.start()])
            for found in re.finditer(rf"(?<!{WORD}){wanted}(?!{WORD})", folded)
        )
    if kind in ("ip", "network"):
        return any(_in(address, wanted) for address in _addresses(folded))
    if kind == "domain":
        return any(run == wanted or run.endswith("." + wanted) for run in _runs(folded))
    if kind == "file_path":
        single = re.sub(r"[/\\]+", r"\\", folded)
        if wanted[1:3] != ":\\":
            return _bounded(wanted, single)
        places = rf"(?:(?<!{WORD}){wanted[0]}:|\\device\\harddiskvolume\d+){re.escape(wanted[2:])}"
        return any(_apart(single[found.end() :].lstrip(".-")[:1], wanted[-1]) for found in re.finditer(places, single))
    if kind == "account":
        single = re.sub(r"[/\\]+", r"\\", folded)
        return "user" in name.lower() and wanted in {single, single.split("\\")[-1], single.split("@")[0]}
    return _bounded(wanted, folded)


def _bounded(wanted: str, text: str) -> bool:
    return any(
        _apart(text[:place].rstrip(".-")[-1:], wanted[0])
        and _apart(text[place + len(wanted) :].lstrip(".-")[:1], wanted[-1])
        for place in range(len(text))
        if text.startswith(wanted, place)
    )


def _apart(neighbour: str, edge: str) -> bool:
    """Two characters are in one word where both are ASCII word characters, or both other letters."""
    both_ascii = bool(re.match(WORD, edge) and re.match(WORD, neighbour))
    both_other = bool(re.match(r"[^\W\x00-\x7f]", edge) and re.match(r"[^\W\x00-\x7f]", neighbour))
    return not both_ascii and not both_other


def _runs(text: str) -> list[str]:
    plain = [run.strip(".-") for run in re.findall(r"[a-z0-9._-]+", text)]
    for run in re.findall(r"[\w.-]+", text):
        if not run.isascii():
            try:
                plain.append(run.strip(".-").encode("idna").decode())
            except UnicodeError:
                continue
    return plain


def _addresses(text: str) -> list[Any]:
    found = []
    for run in re.findall(r"[a-z0-9._:-]+", text):
        for part in [run.strip(".-"), run.strip(".-").rstrip(":"), *(piece.strip(".-") for piece in run.split(":"))]:
            padded = re.fullmatch(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})", part)
            shown = ".".join(str(int(octet)) for octet in padded.groups()) if padded else part
            try:
                address = ipaddress.ip_address(shown)
            except ValueError:
                continue
            mapped = getattr(address, "ipv4_mapped", None)
            found.append(mapped or address)
    return found


def _in(address: Any, wanted: str) -> bool:
    network = ipaddress.ip_network(wanted)
    return address.version == network.version and address in network
