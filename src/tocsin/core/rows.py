"""One bad row must not end a chore's round for all others."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterable
from typing import TypeVar

logger = logging.getLogger(__name__)
Row = TypeVar("Row")


def each(rows: Iterable[Row], do: Callable[[Row], object]) -> int:
    """Call `do` for every row; a row that fails is logged and the next goes on. Returns how many went well.

    The log names the row's kind and id and where it failed, never what the exception says: that may quote a secret.
    """
    well = 0
    for row in rows:
        try:
            do(row)
        except Exception as error:  # noqa: BLE001  the next round tries this row again
            where = "".join(traceback.format_tb(error.__traceback__))
            key = row if isinstance(row, str) else getattr(row, "pk", getattr(row, "id", ""))
            logger.error("%s %s failed: %s\n%s", type(row).__name__, key, type(error).__name__, where)  # noqa: TRY400
        else:
            well += 1
    return well
