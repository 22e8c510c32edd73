"""`tocsin plan init`: a good starter plan in a new folder, under the organization's own name."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from tocsin.plan.load import PLAN
from tocsin.plan.problems import PlanError, Problem, refusal

_NAME = re.compile(r"^( *name: ).*$", re.MULTILINE)
_SHORT = re.compile(r"^( *short: ).*\n", re.MULTILINE)


def init_plan(folder: Path, organization_name: str) -> list[Path]:
    """Write the starter plan into `folder` and return the files written, in order.

    Raises PlanError, and writes nothing, when one of its files is there already or the name is empty.
    """
    name = " ".join(organization_name.split())
    if not name:
        raise refusal(str(folder), 0, "no-name", "the organization's name is empty")
    wanted = {folder / path: text for path, text in starter_files(name).items()}
    there = [path for path in wanted if path.exists() or path.is_symlink()]
    if there:
        raise PlanError(
            Problem(str(path), 0, "error", "exists", "this file is there already", "a plan is never overwritten")
            for path in there
        )
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    return list(wanted)


def starter_files(organization_name: str) -> dict[str, str]:
    """The starter plan (path -> text) with the organization's name set."""
    texts = dict(sorted(_texts(files("tocsin.plan").joinpath("starter"), "")))
    # JSON quoting is YAML quoting, whatever the name holds.
    quoted = json.dumps(organization_name, ensure_ascii=False)
    plan = _NAME.sub(lambda found: found[1] + quoted, texts[PLAN], count=1)
    texts[PLAN] = _SHORT.sub("", plan, count=1)
    return texts


def _texts(folder: Traversable, prefix: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for entry in folder.iterdir():
        path = prefix + entry.name
        if entry.is_dir() and not entry.name.startswith("_"):
            found += _texts(entry, path + "/")
        elif path.endswith((".yaml", ".md")):
            found.append((path, entry.read_text(encoding="utf-8")))
    return found
