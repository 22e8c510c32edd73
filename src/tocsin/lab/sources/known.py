"""The sources that the lab knows, each one module, in the order in which they are asked.

They are imported when a file comes that none of the common kinds claims: most scans need few of them.
"""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import import_module

from tocsin.lab.sources.source import Shape, Source

BINARY: tuple[str, ...] = ("pcap", "ntfs_mft", "prefetch", "registry", "lnk", "browser", "srum", "ntfs_usn")
"""Modules of sources that are no text; each tells its files by magic bytes."""
TEXT: tuple[str, ...] = (
    "bodyfile",
    "windows_xml",
    "zeek",
    "w3c_log",
    "auditd",
    "journal",
    "access_log",
    "squid_log",
    "netlogon_log",
    "syslog",
    "mail",
    "csv_tables",
)
"""Modules of sources that are text but no JSON, those with the plainest marks first."""
SHAPES: tuple[str, ...] = (
    "zeek",
    "suricata",
    "cloudtrail",
    "plain_services",
    "m365_audit",
    "gcp_audit",
    "kubernetes_audit",
    "azure",
    "plaso",
    "syslog",
    "journal",
    "access_log",
)
"""Modules of kinds of JSON values other than Windows events: each a `SHAPE`, or several `SHAPES`."""
MAX_REMEMBERED = 256
"""Values with more keys than this are looked at anew each time, as they would fill the memory."""


@cache
def sources() -> dict[str, Source]:
    """Return the sources by name, in the order in which they are asked."""
    found = [import_module(f"{__package__}.{name}").SOURCE for name in (*BINARY, *TEXT)]
    return {source.name: source for source in found}


@cache
def shapes() -> tuple[Shape, ...]:
    """Return the kinds of JSON values, in the order in which they are asked."""
    modules = [import_module(f"{__package__}.{name}") for name in SHAPES]
    return tuple(shape for module in modules for shape in getattr(module, "SHAPES", None) or (module.SHAPE,))


def shapes_of(names: tuple[str, ...]) -> tuple[Shape, ...]:
    """Return the kinds of JSON values that one with some keys can be, in the order in which they are asked."""
    return _fitting(names) if len(names) <= MAX_REMEMBERED else _fitting.__wrapped__(names)


@lru_cache(maxsize=4_096)
def _fitting(names: tuple[str, ...]) -> tuple[Shape, ...]:
    return tuple(shape for shape in shapes() if shape.keys.issubset(names))
