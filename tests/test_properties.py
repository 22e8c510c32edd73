"""How properties are tried: the same examples in CI every time, new ones and many more when fuzzing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture
def shared(request: pytest.FixtureRequest) -> Any:
    """The conftest that all tests share."""
    return next(p for p in request.config.pluginmanager.get_plugins() if hasattr(p, "FUZZ"))


def test_ci_tries_the_same_examples_every_time_and_prints_what_reproduces_a_failure() -> None:
    ci, fuzz = settings.get_profile("ci"), settings.get_profile("fuzz")
    assert (ci.derandomize, ci.print_blob, ci.deadline) == (True, True, None)
    assert (fuzz.derandomize, fuzz.print_blob) == (False, True)


@pytest.mark.parametrize(("profile", "times"), [("ci", 1), ("fuzz", 25)])
def test_fuzzing_multiplies_what_a_test_asks_for(
    shared: Any, monkeypatch: pytest.MonkeyPatch, profile: str, times: int
) -> None:
    tried: list[int] = []

    @settings(max_examples=4, database=None)
    @given(st.integers(0, 10**6))
    def holds(number: int) -> None:
        tried.append(number)

    monkeypatch.setattr(shared, "PROFILE", profile)
    shared.pytest_collection_modifyitems([SimpleNamespace(obj=holds, path=Path(__file__)) for _ in range(2)])
    holds()
    assert len(tried) == 4 * times
