"""Indicators: what others say to look for, imported, compiled, and found in events and files.

`import_file` reads a feed or a report, `load_indicators` and `compile_indicators` make one file of millions,
`Matcher` finds them, `to_detection` lists a sighting beside the matches of rules.
"""

from __future__ import annotations

from tocsin.lab.indicators.compile import Compiled, compile_indicators
from tocsin.lab.indicators.importers.table import ColumnError
from tocsin.lab.indicators.loading import Feeds, compile_files, load_indicators
from tocsin.lab.indicators.matcher import Matcher
from tocsin.lab.indicators.model import KINDS, Account, Context, Indicator, Remark
from tocsin.lab.indicators.normal import kind_of, normal
from tocsin.lab.indicators.reading import Import, UnreadableFeedError, import_file
from tocsin.lab.indicators.sightings import Sighting, to_detection

__all__ = [
    "KINDS", "Account", "ColumnError", "Compiled", "Context", "Feeds", "Import", "Indicator", "Matcher", "Remark",
    "Sighting", "UnreadableFeedError", "compile_files", "compile_indicators", "import_file", "kind_of", "load_indicators", "normal",
    "to_detection",
]  # fmt: skip
