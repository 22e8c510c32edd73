"""What all tests share: a home of their own, the house rule that only actions write, how hard properties are tried."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from hypothesis import is_hypothesis_test, settings

import factories
from tocsin.core.action import inside
from tocsin.core.models import Organization
from tocsin.incidents.models import Incident

_WRITE = re.compile(
    r'^\s*(INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE|DELETE\s+FROM)\s+"?((?:core|people|incidents|alerts|comms|evidence|disclosure)_\w+)',
    re.IGNORECASE,
)
# Django itself notes when an account signed in; that is no fact of an organization.
_SIGNED_IN = re.compile(r'^UPDATE "people_user" SET "last_login" = \S+ WHERE')

# What a door keeps for itself (people/bookkeeping.py): an answer to give again, stored with the action that it answers,
# and when a key was last used. No fact of an organization either.
_BOOKKEEPING = re.compile(
    r'^(?:(?:INSERT INTO|DELETE FROM|UPDATE) "people_idempotencykey"|UPDATE "people_apitoken" SET "last_used_at" = \S+ WHERE)'
)

# Properties: "ci" tries the same examples every time, so that no landing fails by chance; "fuzz" (make fuzz) tries
# new ones, and FUZZ times as many as each test asks for. Both print what reproduces a failure.
FUZZ = 25
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
# Where the variable CI is set, Hypothesis' own default profile is derandomized, and a profile inherits from it.
settings.register_profile("fuzz", derandomize=False, deadline=None, print_blob=True)
settings.load_profile(PROFILE)


LONG = {"test_kill.py", "test_browser_respond.py", "test_browser_investigation.py", "test_respond.py", "test_up.py"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put long files first, and let each property's own number of examples, above a profile's, grow when fuzzing."""
    # Files that take long begin first, so that no process works on the last of them while the other is idle.
    items.sort(key=lambda item: item.path.name not in LONG)
    grown: set[Any] = set()
    for item in items:
        test = getattr(item, "obj", None)
        if PROFILE != "fuzz" or not is_hypothesis_test(test):
            continue
        test = getattr(test, "__func__", test)
        if test not in grown:  # a parametrized test is one function
            asked = test._hypothesis_internal_use_settings
            test._hypothesis_internal_use_settings = settings(asked, max_examples=asked.max_examples * FUZZ)
            grown.add(test)


class WroteWithoutAction(AssertionError):
    """Something wrote to the database outside an action, so nothing of it stands in the log."""


def _only_actions_write(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    found = _WRITE.match(sql)
    ours = _SIGNED_IN.match(sql) or _BOOKKEEPING.match(sql)
    if found and not inside.get() and not factories.is_preparing() and not ours:
        raise WroteWithoutAction(
            f"{found[1]} {found[2]} outside an action; in a test's set-up use factories.preparing()"
        )
    return execute(sql, params, many, context)


@pytest.fixture(autouse=True)
def _guard_writes(request: pytest.FixtureRequest) -> Iterator[None]:
    """Watch every test that uses the database: what writes to it must be inside an action."""
    if not {"db", "transactional_db", "client"} & set(request.fixturenames) and not request.node.get_closest_marker(
        "django_db"
    ):
        yield
        return
    with connection.execute_wrapper(_only_actions_write):
        yield


@pytest.fixture(autouse=True)
def _own_home(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test touches the home of whoever runs it."""
    settings.HOME = tmp_path_factory.mktemp("home")
    settings.STORE = settings.HOME / "store"
    backend = "django.core.cache.backends.filebased.FileBasedCache"
    own = {
        name: {"BACKEND": backend, "LOCATION": str(settings.HOME / folder)}
        for name, folder in (("default", "sign-in"), ("shared", "shared"))
    }
    settings.CACHES = {**settings.CACHES, **own}


@pytest.fixture
def organization(db: None) -> Organization:
    return factories.organization()


@pytest.fixture
def incident(organization: Organization) -> Incident:
    return factories.incident(organization)


@pytest.fixture
def store(settings: Any) -> Path:
    """The evidence store of this test."""
    return Path(settings.STORE)


@pytest.fixture
def one_connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What serves runs in the test's own thread and transaction here: it must not close the connection when it is done."""
    signals = (request_started, request_finished)
    monkeypatch.setattr("tocsin.alerts.maildrop.close_old_connections", lambda: None)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)
