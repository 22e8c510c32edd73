"""The lab: evidence in, events and detections out. Pure functions, no database, no clock.

`load_rules` loads Sigma rules, `scan` matches files against them, `read` yields the records of one file.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tocsin.lab.detections import Detection
    from tocsin.lab.reading import read
    from tocsin.lab.record import Problem, Record, Tally
    from tocsin.lab.report import FileRow, ScanReport
    from tocsin.lab.scanning import scan
    from tocsin.lab.sigma.loading import load_rules
    from tocsin.lab.sigma.rules import RuleSet

__all__ = ["Detection", "FileRow", "Problem", "Record", "RuleSet", "ScanReport", "Tally", "load_rules", "read", "scan"]

HOMES = {
    "Detection": "detections",
    "FileRow": "report",
    "Problem": "record",
    "Record": "record",
    "RuleSet": "sigma.rules",
    "ScanReport": "report",
    "Tally": "record",
    "load_rules": "sigma.loading",
    "read": "reading",
    "scan": "scanning",
}
"""The module of each name, imported when the name is first used: a child that parses one file needs few of them."""


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{HOMES[name]}"), name)
