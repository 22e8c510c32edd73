"""The sample plan, and where the shared test data is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tocsin.plan.load import parse_plan, read_files
from tocsin.plan.models import Plan

SAMPLE = Path(__file__).parent / "sample"


@pytest.fixture
def files() -> dict[str, str]:
    """The files of the sample plan, to be changed at will."""
    return read_files(SAMPLE)


@pytest.fixture
def plan(files: dict[str, str]) -> Plan:
    """The sample plan."""
    return parse_plan(files)


@pytest.fixture(scope="session")
def cacao() -> Path:
    """The folder of CACAO documents in the shared test data; skips where there is none."""
    root = Path(os.environ.get("TOCSIN_SHARED", Path(__file__).parents[3] / "shared"))
    folder = root / "data" / "cacao"
    if not folder.is_dir():
        pytest.skip(f"the shared test data is not at {root}")
    return folder
