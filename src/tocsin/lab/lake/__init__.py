"""The lake: every event of the evidence under common columns, in Parquet files that DuckDB answers questions on.

`load` loads evidence as one item, `write_item` records that somebody has, `Lake` answers questions, `parse` reads
the search language.
"""

from __future__ import annotations

from tocsin.lab.lake.answers import Around, Event, Facet, Field, Histogram, LakeError, Page, Seen
from tocsin.lab.lake.columns import COLUMNS, Column
from tocsin.lab.lake.lake import Lake
from tocsin.lab.lake.loading import account_of, load
from tocsin.lab.lake.paging import Order
from tocsin.lab.lake.query import QueryError, parse
from tocsin.lab.lake.streaming import around, stream
from tocsin.lab.lake.write import Manifest, items, write_item

__all__ = [
    "COLUMNS",
    "Around",
    "Column",
    "Event",
    "Facet",
    "Field",
    "Histogram",
    "Lake",
    "LakeError",
    "Manifest",
    "Order",
    "Page",
    "QueryError",
    "Seen",
    "account_of",
    "around",
    "items",
    "load",
    "parse",
    "stream",
    "write_item",
]
