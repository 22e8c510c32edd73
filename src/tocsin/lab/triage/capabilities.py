"""What a program can do, as flare-capa's rules see it: an optional program, run in a child process with limits.

flare-capa (Apache-2.0) disassembles the sample and never runs it. Its package has no rules in it; they come from a folder.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from tocsin.lab.containment import ContainedPool, Limits

SECONDS = 600
LIMITS = Limits(
    memory=6 * 1024**3, seconds=SECONDS + 30, processor_seconds=SECONDS + 30, answer=16 * 1024**2, file=1024**3
)


@dataclass(frozen=True, slots=True)
class Capability:
    """Something that a program can do: the rule's name and namespace, ATT&CK techniques, and how often it was found."""

    name: str
    namespace: str
    techniques: tuple[str, ...]
    matches: int


def capabilities(
    sample: Path | str, rules: Path | str, *, capa: str = "capa", limits: Limits = LIMITS
) -> list[Capability]:
    """The capabilities of a program by the rules of a folder, sorted by namespace and name.

    `capa` is the command. Raises ContainedError where it is not installed, fails, or outlasts its limits: the message
    says which.
    """
    with ContainedPool(1, limits) as pool:
        answer = pool.submit(_run, str(sample), str(rules), capa).result()
    return [Capability(**(row | {"techniques": tuple(row["techniques"])})) for row in json.loads(answer)]


def _run(sample: str, rules: str, capa: str) -> bytes:
    """In the child, whose limits the command inherits."""
    with tempfile.TemporaryDirectory() as no_signatures:
        command = [capa, "-q", "-j", "-r", rules, "-s", no_signatures, "--", sample]
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        except FileNotFoundError:
            raise RuntimeError(f"{capa} is not installed; it comes with the extra 'capa'") from None
    if done.returncode:
        words = " ".join(done.stderr.decode("utf-8", "replace").split())[-400:]
        raise RuntimeError(f"capa ended with status {done.returncode}: {words}")
    return json.dumps([asdict(found) for found in read_capa(done.stdout)]).encode()


def read_capa(output: bytes) -> list[Capability]:
    """The capabilities in capa's JSON. Raises ValueError or KeyError where it is something else."""
    found = []
    for rule in json.loads(output)["rules"].values():
        meta = rule["meta"]
        techniques = {row["id"] for row in meta.get("attack", []) if re.fullmatch(r"T\d{4}(?:\.\d{3})?", row["id"])}
        namespace = meta.get("namespace") or ""
        found.append(Capability(meta["name"], namespace, tuple(sorted(techniques)), len(rule["matches"])))
    return sorted(found, key=lambda c: (c.namespace, c.name))
