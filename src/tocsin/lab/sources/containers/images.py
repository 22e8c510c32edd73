"""Disk images: a separate program with dissect.target copies out the artefacts that the lab reads.

dissect.target is AGPL and not part of Tocsin. It is used only by `images_child.py`, a program of its own in a process
of its own, that runs with the Python that `TOCSIN_IMAGES_PYTHON` names (default: the one that runs Tocsin).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import orjson

from tocsin.lab.sources.containers.layout import Layout
from tocsin.lab.sources.containers.unpacking import Member, Unpacking

PYTHON = "TOCSIN_IMAGES_PYTHON"
"""The environment variable that names a Python in which dissect.target is installed."""
MISSING = (
    "disk images are opened only where dissect.target is installed (it is AGPL and no part of Tocsin): "
    f"pip install 'dissect.target[full]', or name a Python that has it in {PYTHON}"
)
NOT_INSTALLED = 3
"""The status with which the program ends where dissect.target is not there."""
CHILD = Path(__file__).parents[2] / "images_child.py"
LAST_WORDS = 300


def unpack_image(path: Path, work: Unpacking) -> Layout | None:
    """Copy the artefacts out of a disk image; return where they lay. Raises OSError where the program does not start."""
    command = [os.environ.get(PYTHON) or sys.executable, "-I", str(CHILD), str(path.resolve()), str(work.into)]
    limits = [str(work.limits.members), str(work.budget)]
    done = subprocess.run([*command, *limits], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode == NOT_INSTALLED:
        work.tally.not_understood += 1
        work.tally.problem(MISSING)
        return None
    host, originals = "", {}
    for line in map(orjson.loads, done.stdout.splitlines()):
        if "problem" in line:
            work.tally.not_understood += 1
            work.tally.problem(line["problem"], line.get("place", ""))
        elif "host" in line:
            host = line["host"]
        else:
            work.members.append(Member(line["name"], work.into / str(line["file"]), line["size"]))
            originals[line["name"]] = line["original"]
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip()[-LAST_WORDS:]
        work.tally.not_understood += 1
        work.tally.problem(f"the program that opens disk images ended with status {done.returncode}: {words}")
    return Layout("dissect.target", host, "", originals)
