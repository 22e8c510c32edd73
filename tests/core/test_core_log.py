"""The log: it only grows, and every kind of damage is found and located, by ours and by the page's own verifier."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import Error, connection, transaction

import factories
from tocsin.core import log
from tocsin.core.canonical import canonical
from tocsin.core.models import Chain, LogEntry
from tocsin.incidents.actions import note, set_fact
from tocsin.incidents.models import Incident

PAGE = Path(__file__).parents[2] / "docs" / "verify-a-log.md"
pytestmark = pytest.mark.django_db
Lines = list[bytes]


@pytest.fixture(scope="session")
def page_verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program printed on the page, as somebody would save it."""
    programs = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(programs) == 1
    path = tmp_path_factory.mktemp("page") / "verify.py"
    path.write_text(programs[0], encoding="utf-8")
    return path


def by_the_page(program: Path, lines: Lines) -> tuple[int, str]:
    """Exit status and last words of the page's program on these lines."""
    path = program.with_name("log.jsonl")
    path.write_bytes(b"".join(lines))
    # -I: nothing of ours can be imported; the program stands alone.
    done = subprocess.run([sys.executable, "-I", program, path], capture_output=True, text=True, check=False)
    return done.returncode, (done.stdout + done.stderr).strip()


@pytest.fixture
def lines(incident: Incident) -> Lines:
    """A log of three chains with awkward content."""
    note(factories.SYSTEM, incident, text='Quote " and \\ and \x1f\x7f\u2028 and Göteborg and \U0001f600 and \x00 end')
    set_fact(factories.SYSTEM, incident, name="people_affected", value=2**60)
    set_fact(factories.SYSTEM, incident, name="outflow_gb", value=1e-7)
    set_fact(factories.SYSTEM, incident, name="ransom_eur", value=1e22)
    set_fact(factories.SYSTEM, incident, name="speed", value=60.0)
    factories.incident(incident.organization, title="Second", playbook_id=None)
    return list(log.export(LogEntry.objects.all()))


def test_an_intact_log_holds_for_both(lines: Lines, page_verifier: Path) -> None:
    proof = log.verify_lines(lines)
    assert proof.holds
    assert proof.entries == len(lines)
    status, said = by_the_page(page_verifier, lines)
    assert status == 0
    heads = {chain: head for chain, _length, head in (row.split() for row in said.splitlines()[1:])}
    assert heads == proof.heads
    assert len(heads) == 3


def test_the_database_holds_and_says_the_same_heads(lines: Lines) -> None:
    proof = log.verify_database()
    assert proof.holds, proof.fault
    assert proof.heads == log.verify_lines(lines).heads


def _middle(lines: Lines) -> int:
    """The index of an entry well inside a chain."""
    return next(i for i, line in enumerate(lines) if b'"verb":"fact.set"' in line)


def _changed_byte(lines: Lines) -> int:
    at = _middle(lines)
    lines[at] = lines[at].replace(b"people_affected", b"people_affectec", 1)
    return at


def _changed_time(lines: Lines) -> int:
    at = _middle(lines)
    lines[at] = re.sub(rb'"time":"2', b'"time":"1', lines[at])
    return at


def _changed_hash(lines: Lines) -> int:
    at = _middle(lines)
    entry = json.loads(lines[at])
    entry["hash"] = entry["hash"][::-1]
    lines[at] = canonical(entry) + b"\n"
    return at


def _rehashed(lines: Lines) -> int:
    """Somebody who knows the format changes an entry and gives it a fitting hash: the next one's link is broken."""
    at = _middle(lines)
    entry = json.loads(lines[at])
    del entry["hash"]
    entry["payload"]["because"] = "nothing to see"
    lines[at] = canonical(entry | {"hash": log.digest(entry)}) + b"\n"
    return at + 1


def _missing(lines: Lines) -> int:
    at = _middle(lines)
    del lines[at]
    return at


def _swapped(lines: Lines) -> int:
    at = _middle(lines)
    lines[at], lines[at + 1] = lines[at + 1], lines[at]
    return at


def _doubled(lines: Lines) -> int:
    at = _middle(lines)
    lines.insert(at, lines[at])
    return at + 1


def _truncated(lines: Lines) -> int:
    lines[-1] = lines[-1][: len(lines[-1]) // 2]
    return len(lines) - 1


def _white_space(lines: Lines) -> int:
    at = _middle(lines)
    lines[at] = lines[at].replace(b'"payload":', b'"payload": ')
    return at


def _windows_line_ends(lines: Lines) -> int:
    lines[:] = [line.replace(b"\n", b"\r\n") for line in lines]
    return 0


def _another_form_of_a_number(lines: Lines) -> int:
    at = next(i for i, line in enumerate(lines) if b'"value":60' in line)
    lines[at] = lines[at].replace(b'"value":60', b'"value":60.0')
    return at


def _doubled_key(lines: Lines) -> int:
    at = _middle(lines)
    lines[at] = lines[at].replace(b'"verb":', b'"verb":"x","verb":', 1)
    return at


def _no_number(lines: Lines) -> int:
    at = next(i for i, line in enumerate(lines) if b'"value":60' in line)
    lines[at] = lines[at].replace(b'"value":60', b'"value":NaN')
    return at


def _deep(lines: Lines) -> int:
    at = _middle(lines)
    lines[at] = b"[" * 200_000 + b"\n"
    return at


def _chain_is_a_list(lines: Lines) -> int:
    at = _middle(lines)
    lines[at] = re.sub(rb'"chain":"([^"]+)"', rb'"chain":["\1"]', lines[at])
    return at


def _no_json(lines: Lines) -> int:
    at = _middle(lines)
    lines[at] = b"\xff\xfe not a line\n"
    return at


def _blank(lines: Lines) -> int:
    at = _middle(lines)
    lines.insert(at, b"\n")
    return at


DAMAGE: list[Callable[[Lines], int]] = [
    _changed_byte, _changed_time, _changed_hash, _rehashed, _missing, _swapped, _doubled, _truncated, _white_space,
    _windows_line_ends, _another_form_of_a_number, _doubled_key, _no_number, _deep, _chain_is_a_list, _no_json,
    _blank,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda d: d.__name__.strip("_"))
def test_damage_is_found_and_located_by_both(damage: Callable[[Lines], int], lines: Lines, page_verifier: Path) -> None:
    index = damage(lines)
    proof = log.verify_lines(lines)
    assert proof.fault is not None
    assert proof.fault.place == f"line {index + 1}"
    assert proof.entries == index
    assert by_the_page(page_verifier, lines) == (1, f"line {index + 1} does not hold")


def test_the_words_name_the_entry(lines: Lines) -> None:
    index = _missing(lines)
    missing = json.loads(lines[index])["sequence"] - 1
    assert str(log.verify_lines(lines).fault) == (
        f"line {index + 1}: entry {missing} is missing: {missing + 1} follows {missing - 1}"
    )


def test_lines_cut_off_at_the_end_show_in_the_heads(lines: Lines) -> None:
    whole = log.verify_lines(lines)
    cut = log.verify_lines(lines[:-2])
    assert cut.holds
    assert cut.heads != whole.heads


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE core_logentry SET verb = 'nothing.happened'",
        "UPDATE core_logentry SET payload = '{}' WHERE sequence = 1",
        # SQLite's way round the triggers on UPDATE and DELETE; PostgreSQL has no REPLACE and its upsert is an UPDATE
        "INSERT OR REPLACE INTO core_logentry SELECT * FROM core_logentry WHERE sequence = 1",
        "DELETE FROM core_logentry WHERE sequence = 2",
        "DELETE FROM core_logentry",
        "TRUNCATE core_logentry CASCADE",
    ],
)
def test_the_database_refuses_to_change_the_log(incident: Incident, statement: str) -> None:
    if connection.vendor == "sqlite" and statement.startswith("TRUNCATE"):
        pytest.skip("SQLite has no TRUNCATE; its DELETE of all rows is refused above")
    if connection.vendor == "postgresql" and "OR REPLACE" in statement:
        pytest.skip("PostgreSQL has no INSERT OR REPLACE")
    before = list(LogEntry.objects.values_list("hash", flat=True))
    if connection.vendor == "postgresql":  # else TRUNCATE stumbles over checks that wait for the commit
        connection.cursor().execute("SET CONSTRAINTS ALL IMMEDIATE")
    with factories.preparing(), pytest.raises(Error, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)
    assert list(LogEntry.objects.values_list("hash", flat=True)) == before


def test_an_entry_cannot_be_written_over_through_the_orm(incident: Incident) -> None:
    entry = LogEntry.objects.filter(chain=incident.chain).first()
    assert entry is not None
    entry.verb = "nothing.happened"
    with factories.preparing(), pytest.raises(Error, match="append-only"), transaction.atomic():
        entry.save()


def test_a_chain_that_lost_its_end_is_found_in_the_database(incident: Incident) -> None:
    """An entry that never arrived (a restored back-up that is too old): the head says where the chain should end."""
    with factories.preparing():
        Chain.objects.filter(pk=incident.chain_id).update(length=incident.chain.length + 40, head="f" * 64)
    proof = log.verify_database()
    assert proof.fault is not None
    assert str(incident.chain_id) in proof.fault.place
    assert "the last one found" in proof.fault.what


@pytest.mark.parametrize("value", [1e-300, 5e-324, 1.7976931348623157e308, 0.1, -0.0, 123456.789, 2**53 - 1, 1e16])
def test_numbers_come_back_from_the_database_as_they_were_hashed(incident: Incident, value: float) -> None:
    """PostgreSQL keeps JSON numbers as decimals; what comes back must still give the hash."""
    set_fact(factories.SYSTEM, incident, name="number", value=value)
    assert log.verify_database().holds
    assert log.verify_lines(log.export(LogEntry.objects.all())).holds


def test_an_entry_says_who_what_when_and_why(incident: Incident) -> None:
    set_fact(factories.SYSTEM, incident, name="ransom_demanded", value=True, because="a note on the desktop")
    entry = LogEntry.objects.get(chain=incident.chain, verb="fact.set")
    advanced = LogEntry.objects.filter(chain=incident.chain, verb="tasks.advance").order_by("sequence").last()
    assert entry.actor == {"kind": "system", "id": "tocsin", "name": "Tocsin"}
    assert (entry.object_kind, entry.object_id) == ("fact", "ransom_demanded")
    assert entry.payload == {"before": None, "value": True, "because": "a note on the desktop"}
    assert advanced is not None
    assert advanced.cause == {"chain": str(incident.chain_id), "sequence": entry.sequence}


@pytest.mark.parametrize("change", ["length = length - 1", "head = 'x'"])
def test_a_chain_only_grows(incident: Incident, change: str) -> None:
    with factories.preparing(), pytest.raises(Error, match="only grows"), transaction.atomic():
        connection.cursor().execute(f"UPDATE core_chain SET {change} WHERE length > 1")
