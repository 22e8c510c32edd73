"""How fast duties are worked out: all regimes of the library on one fact sheet, beside parsing that sheet as JSON and
beside a version that reads the library anew each time.

The fact sheet is made up: a listed company that lost the data of 12,000 customers in four places, with everything
recorded that a page recomputes on. Asserts nothing; the target is 20 ms. Figures are medians of several runs of the
processor's time; the first run of each has nothing to profit from.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tocsin.law import load
from tocsin.law.engine import evaluate
from tocsin.law.facts import Facts, Range
from tocsin.law.load import library
from tocsin.law.vocabulary import vocabulary

RUNS = 50
NAIVE_RUNS = 5
START = datetime(2026, 11, 25, 7, tzinfo=UTC)

SHEET = {
    "instants": {name: hours for hours, name in enumerate(sorted(vocabulary().instants))},
    "roles": ["controller", "sec_registrant", "dora_financial_entity", "essential_entity", "cyber_insured", "supplier"],
    "flags": dict.fromkeys(vocabulary().flags, True),
    "data": ["personal_data", "ssn", "gov_id", "financial_account_with_access", "health"],
    "affected": {"DE": [4000, 5000], "FR": [3000, 3500], "US-CA": [2500, 3000], "SG": [400, 900]},
}


def main() -> None:
    """Print the figures."""
    cold = seconds(naive)
    facts, regimes = facts_of(SHEET), library()
    first = seconds(lambda: evaluate(facts, regimes))
    text = json.dumps(SHEET)
    warm = statistics.median(seconds(lambda: evaluate(facts, regimes)) for _ in range(RUNS))
    unknown = statistics.median(seconds(lambda: evaluate(Facts(), regimes)) for _ in range(RUNS))
    bare = statistics.median(seconds(lambda: facts_of(json.loads(text))) for _ in range(RUNS))
    again = statistics.median(seconds(naive) for _ in range(NAIVE_RUNS))
    stages = sum(len(duty.stages) for duty in evaluate(facts, regimes))
    print(f"{len(regimes)} regimes, {stages} stages with a clock")
    print(f"evaluated in {warm * 1000:.1f} ms (the first time {first * 1000:.1f} ms); target 20 ms")
    print(f"  with nothing known {unknown * 1000:.1f} ms")
    print(f"  {warm / bare:,.0f} x parsing the same sheet from JSON ({bare * 1e6:.0f} µs)")
    print(
        f"  {again / warm:,.0f} x faster than reading the library each time ({again * 1000:.0f} ms, first {cold * 1000:.0f} ms)"
    )


def naive() -> None:
    """Read the library and evaluate once."""
    load.library.cache_clear()
    evaluate(facts_of(SHEET), library())


def facts_of(sheet: dict[str, dict[str, list[int]]]) -> Facts:
    """The fact sheet of its plain values."""
    return Facts(
        instants={name: START + timedelta(hours=int(str(hours))) for name, hours in sheet["instants"].items()},
        roles=frozenset(sheet["roles"]),
        flags={flag: bool(value) for flag, value in sheet["flags"].items()},
        data_categories=frozenset(sheet["data"]),
        affected={region: Range(*count) for region, count in sheet["affected"].items()},
        operates_in=frozenset({"DE", "US", "SG", "UK"}),
        home="DE",
        zone="Europe/Berlin",
    )


def seconds(call: Callable[[], object]) -> float:
    """Processor seconds of one call."""
    begun = time.process_time()
    call()
    return time.process_time() - begun


if __name__ == "__main__":
    main()
