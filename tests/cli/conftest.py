"""Real runs of the command line on a plan and evidence of our own."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tocsin.example import RULES, example_plan_files
from tocsin.example.generate import write_evidence

TOCSIN = [sys.executable, "-c", "from tocsin.cli.main import run; run()"]


def environment(home: Path | None = None) -> dict[str, str]:
    """The environment of a command: SQLite in its own home, whatever database the suite runs on."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TOCSIN_", "DJANGO_"))}
    return kept | ({"TOCSIN_HOME": str(home)} if home else {})


def tocsin(
    *arguments: object, home: Path | None = None, timeout: float = 180, database: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run `tocsin` to its end."""
    return subprocess.run(
        [*TOCSIN, *map(str, arguments)],
        env=environment(home) | ({"TOCSIN_DATABASE_URL": database} if database else {}),
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip


@pytest.fixture(scope="session")
def plan_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example organization's plan as a folder, its contacts fresh."""
    folder = tmp_path_factory.mktemp("plan")
    for name, text in example_plan_files(datetime.now(UTC).date()).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def evidence_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example evidence, with its one damaged line."""
    folder = tmp_path_factory.mktemp("evidence")
    write_evidence(folder, datetime.now(UTC) - timedelta(hours=25))
    return folder


@pytest.fixture(scope="session")
def rules_folder() -> Path:
    """Tocsin's own rules."""
    return RULES
