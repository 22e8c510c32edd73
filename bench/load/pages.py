"""Processor time of each kind of page and API answer, one after the other in one process: the measure that other work
on the machine does not spoil. Twice: what a second look at the same state of the log costs, and a first one, for which
nothing is kept. Usage: python bench/load/pages.py HOME [REPEATS] [--profile KIND]"""

from __future__ import annotations

import cProfile
import json
import pstats
import statistics
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from load.kinds import READS, address
from tocsin.cli.boot import boot


def _noted(asked: list[str], execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    asked.append(sql)
    return execute(sql, params, many, context)


def _everybody_here(incident: str) -> None:
    """All 200 look, as while the load runs: the room shows who is here."""
    from tocsin.core.models import Grant
    from tocsin.incidents import presence

    users = Grant.objects.filter(chain_id=incident).values_list("user_id", flat=True)
    presence.publish("bench", {UUID(incident): dict.fromkeys(users, (True, presence.stamp()))})


def main() -> None:
    """Print a line a kind: milliseconds of processor time (median) and queries of both looks, kilobytes."""
    home, repeats = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 9
    boot(home, migrate=False)
    told = json.loads((home / "load.json").read_text())
    from django.db import connection
    from django.test import Client

    from tocsin.incidents import kept

    person = told["people"][7]
    only = sys.argv[4] if len(sys.argv) > 4 else ""
    for kind in READS:
        if only and kind.name != only:
            continue
        _everybody_here(told["id"])
        client = Client(
            SERVER_NAME="127.0.0.1", headers={"Authorization": f"Bearer {person['key']}"} if kind.api else {}
        )
        client.cookies["sessionid"] = "" if kind.api else person["session"]
        url = address(kind, told, 3)
        status = client.get(url).status_code
        if status != 200:
            print(f"{kind.name:18} {status} at {url}")
            continue
        line = f"{kind.name:18}"
        for anew in (False, True):
            spent = []
            for _ in range(repeats):
                if anew:
                    kept.forget()
                began = time.process_time()
                client.get(url)
                spent.append((time.process_time() - began) * 1000)
            if anew:
                kept.forget()
            asked: list[str] = []
            with connection.execute_wrapper(partial(_noted, asked)):
                size = len(client.get(url).content)
            line += f" {'anew' if anew else 'kept'} {statistics.median(spent):6.1f} ms {len(asked):3} queries "
        print(f"{line} {size / 1000:7.1f} kB")
        if only:
            profile = cProfile.Profile()
            profile.enable()
            for _ in range(repeats):
                client.get(url)
            profile.disable()
            pstats.Stats(profile).sort_stats("cumulative").print_stats(
                "tocsin|template/base|sql/compiler|allauth|session", 60
            )
            print(*(query[:260] for query in asked), sep="\n")


if __name__ == "__main__":
    main()
