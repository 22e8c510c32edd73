"""What the lab's tests share: the shared test data, SigmaHQ's rules, and rules written in a test."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tocsin.lab import RuleSet, load_rules

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The shared test data, or a skip where it is missing."""
    data = Path(os.environ.get("TOCSIN_SHARED") or REPOSITORY.parent / "shared") / "data"
    if not data.is_dir():
        pytest.skip(f"the shared test data is not at {data}")
    return data


@pytest.fixture(scope="session")
def sigmahq(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    """All of SigmaHQ's rules."""
    return load_rules([shared / "sigma"], cache_dir=tmp_path_factory.mktemp("rules"))


@pytest.fixture
def rules_from(tmp_path: Path) -> Callable[..., RuleSet]:
    """Make a rule set of the given files' texts."""

    def make(**texts: str) -> RuleSet:
        folder = tmp_path / "rules"
        folder.mkdir(exist_ok=True)
        for name, text in texts.items():
            (folder / f"{name}.yml").write_text(text, encoding="utf-8")
        return load_rules([folder], cache_dir=tmp_path / "cache")

    return make
