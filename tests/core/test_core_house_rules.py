"""House rules over the source itself: only actions write, actions are registered, and there is one clock."""

from __future__ import annotations

import ast
import importlib
import inspect
from pathlib import Path

import pytest
from django.db import connection, transaction

import factories
from tocsin.core.action import ACTIONS
from tocsin.core.models import Grant, Organization

SOURCE = Path(__file__).parents[2] / "src" / "tocsin"
WRITES = {"save", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "delete", "acreate", "asave",
          "adelete", "aupdate"}  # fmt: skip
# `update` and `add` are words of dictionaries, hashes and sets too: they count on what is clearly a query.
QUERIES = (".objects", ".filter(", ".exclude(", ".all(")
MAY_WRITE = {"core/log.py", "core/founding.py", "people/bookkeeping.py"}
# What actions do in common, within the one who called them.
PARTS = {
    "incidents/actions/common.py": ("fresh",),
    "incidents/actions/carrying.py": ("end_moved", "take_back"),
    "incidents/actions/privilege.py": ("only_counsel", "only_privy", "own", "told", "seal", "make_privileged"),
    "incidents/actions/relations.py": ("not_over",),
}
# An address of the API that takes DELETE, and a Word document that is written to memory.
NO_ROWS = ("router", "document")
CLOCKS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "timezone.now", "time.time"}
# Seconds for waiting and for measuring are no facts: `time.monotonic` and `perf_counter` are free to use.
READS_A_CLOCK = {
    "core/clock.py": "the one clock",
}


def modules() -> list[tuple[str, ast.Module]]:
    files = sorted(p for p in SOURCE.rglob("*.py") if "node_modules" not in p.parts)
    return [(p.relative_to(SOURCE).as_posix(), ast.parse(p.read_text(encoding="utf-8"))) for p in files]


def is_actions(name: str) -> bool:
    return name.endswith("/actions.py") or "/actions/" in name


def writes_in(tree: ast.AST) -> list[int]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            receiver = ast.unparse(node.func.value)
            named = node.func.attr in WRITES and receiver not in NO_ROWS
            if named or (node.func.attr == "update" and any(q in receiver for q in QUERIES)):
                found.append(node.lineno)
    return found


def clocks_in(tree: ast.AST) -> list[int]:
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and any(ast.unparse(node.func) == c or ast.unparse(node.func).endswith(f".{c}") for c in CLOCKS)
    ]


def test_only_actions_write_to_the_database() -> None:
    found = [
        f"{name}:{line}"
        for name, tree in modules()
        if not is_actions(name) and "/migrations/" not in f"/{name}" and name not in MAY_WRITE
        for line in writes_in(tree)
    ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    ["Grant.objects.create(role='lead')", "entry.save()", "incident.tasks.filter(pk=1).update(state='done')",
     "user.delete()", "Finding.objects.bulk_create(rows)"],
)  # fmt: skip
def test_a_write_is_seen(text: str) -> None:
    assert writes_in(ast.parse(text)) == [1]


@pytest.mark.parametrize("text", ["facts.update(more)", "hashed.update(block)", "rows.filter(pk=1).exists()"])
def test_what_only_looks_like_a_write_is_none(text: str) -> None:
    assert writes_in(ast.parse(text)) == []


def test_nobody_reads_the_machines_clock_beside_the_one_clock() -> None:
    found = [f"{name}:{line}" for name, tree in modules() if name not in READS_A_CLOCK for line in clocks_in(tree)]
    assert found == []


@pytest.mark.parametrize(
    "text", ["datetime.now(UTC)", "timezone.now()", "dt.datetime.now()", "time.time()", "date.today()"]
)
def test_a_look_at_the_clock_is_seen(text: str) -> None:
    assert clocks_in(ast.parse(text)) == [1]


def test_every_action_function_is_registered() -> None:
    """What takes a Call and has a public name in an actions module is called through its policy, never past it."""
    registered = {f"{do.__module__}.{do.__name__}" for do in ACTIONS.values()}
    missing = []
    for name, _ in modules():
        if not is_actions(name):
            continue
        module = importlib.import_module(
            "tocsin." + name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        )
        for word, thing in vars(module).items():
            if word.startswith("_") or not inspect.isfunction(thing) or thing.__module__ != module.__name__:
                continue
            takes_call = next(iter(inspect.signature(thing).parameters), "") == "call"
            helper = not takes_call or word in PARTS.get(name, ())
            if not helper and f"{module.__name__}.{word}" not in registered:
                missing.append(f"{name}: {word}")
    assert missing == []
    assert len(registered) >= 56


@pytest.mark.django_db
def test_the_guard_of_these_tests_catches_a_write_outside_an_action(organization: Organization) -> None:
    person = factories.stranger()
    with pytest.raises(AssertionError, match="core_grant outside an action"), transaction.atomic():
        Grant.objects.create(chain_id=organization.chain_id, user=person, role="auditor")
    with pytest.raises(AssertionError, match="core_organization outside"), transaction.atomic():
        Organization.objects.filter(pk=organization.pk).update(name="Other")
    with pytest.raises(AssertionError, match="core_grant outside an action"), transaction.atomic():
        connection.cursor().execute("DELETE FROM core_grant")
    with factories.preparing():
        Grant.objects.create(chain_id=organization.chain_id, user=person, role="auditor")
