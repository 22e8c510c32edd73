"""The library: every file reads, every regime says where it comes from; a broken file is told by file and line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import holidays
import pytest

from tocsin.law import load
from tocsin.law.load import library, read_regimes, regime
from tocsin.law.models import HOME, Condition
from tocsin.law.problems import LawError
from tocsin.law.vocabulary import vocabulary

FOLDER = Path(load.__file__).parent / "regimes"
GOOD = """\
format: 1
jurisdiction: Freedonia
calendar: {zone: Europe/Berlin, holidays: DE}
regimes:
  - id: fr-1
    name: Freedonia breach law
    level: national
    status: in_force
    citation: Act 1
    applies_to: [everybody]
    trigger: A breach.
    applies:
      all:
        - role: business
        - flag: personal_data_breach
    recipients:
      - {type: regulator, name: Office}
    stages:
      - name: notice
        recipient: regulator
        from: awareness
        within: 72 hours
    content: [what happened]
    penalties: A fine.
    source: [Act 1]
    confidence: memory
    as_of: 2026-01-31
"""


def conditions(condition: Condition | None) -> Iterator[Condition]:
    if condition is not None:
        yield condition
        for part in (*(condition.all or ()), *(condition.any or ()), condition.not_):
            yield from conditions(part)


def test_the_library_holds_all_researched_regimes() -> None:
    assert len(library()) == 117
    assert len({one.id for one in library()}) == 117
    assert Counter(one.confidence for one in library()) == {"verified": 75, "memory": 42}
    assert Counter(one.status for one in library()) == {
        "in_force": 108, "contractual": 6, "enacted_not_yet_in_force": 1, "pending_final_rule": 1, "proposed": 1,
    }  # fmt: skip


def test_a_regime_is_found_by_its_id() -> None:
    assert regime("eu-dora-19").citation.startswith("Regulation (EU) 2022/2554, Art. 19")
    with pytest.raises(KeyError):
        regime("eu-dora-20")


def test_every_regime_says_source_date_and_confidence() -> None:
    for one in library():
        assert one.source, one.id
        assert one.as_of is not None, one.id
        assert one.confidence == "verified" or any("memory" in s for s in one.source) or one.caveat, one.id


def test_every_calendar_has_holidays() -> None:
    for one in library():
        if one.calendar.holidays != HOME:
            country, _, part = one.calendar.holidays.partition("-")
            assert holidays.country_holidays(country, subdiv=part or None, years=2026), one.id


def test_every_name_of_the_vocabulary_is_one_that_a_regime_asks_for() -> None:
    """A name that nobody asks for is a question to the user for nothing; those that only order or imply are known."""
    asked = [c for one in library() for c in conditions(one.applies)]
    asked += [c for one in library() for stage in one.stages for c in conditions(stage.when)]
    words = vocabulary()
    flags = {c.flag for c in asked}
    assert set(words.flags) - flags <= {"any_incident"}
    roles = {role for c in asked for role in c.role or ()}
    relieved = {r for one in library() for s in one.stages if s.weekend_relief for r in s.weekend_relief.not_for or ()}
    assert set(words.roles) - roles - relieved == set()


def test_implications_name_only_what_exists() -> None:
    words = vocabulary()
    for source, implied in words.role_implies.items():
        assert {source, *implied} <= set(words.roles)
    for source, implied in words.data_implies.items():
        assert {source, *implied} <= set(words.data)
    for source, stand_ins in words.read_from.items():
        assert {source, *stand_ins} <= set(words.instants)
    for source, stages in words.filed_as.items():
        assert source in words.instants
        for key, name in stages:
            assert name in {stage.name for stage in regime(key).stages}
    assert {name for pair in words.order for name in pair} <= set(words.instants)
    assert set(words.flag_follows_from) <= set(words.flags)


def test_files_are_named_in_the_head_as_no_advice() -> None:
    for path in FOLDER.glob("*.yaml"):
        assert "not legal advice" in path.read_text(encoding="utf-8").splitlines()[0], path.name


def test_a_good_file_reads_and_takes_its_files_calendar() -> None:
    (one,) = read_regimes([("fr.yaml", GOOD)])
    assert (one.jurisdiction, one.calendar.zone, one.calendar.holidays) == ("Freedonia", "Europe/Berlin", "DE")


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("within: 72 hours", "within: 72 hrs", 22, "'72 hrs' is no period"),
        ("within: 72 hours", "witin: 72 hours", 22, "unknown key"),
        ("flag: personal_data_breach", "flag: data_breach", 15, "'data_breach' is no name of flags"),
        ("    source: [Act 1]\n", "", 5, "source: this key is missing"),
        ("as_of: 2026-01-31", "as_of: 2026-13-31", 27, "as_of"),
        ("zone: Europe/Berlin", "zone: Berlin", 3, "'Berlin' is no time zone"),
        ("    name: Freedonia", "   name: Freedonia", 6, "this is no valid YAML"),
        ("    level: national\n", "    level: national\n    level: state\n", 8, "'level' stands here twice"),
        ("[what happened]", "what happened", 23, "content: this has to be a list"),
        ("source: [Act 1]", "source: [Act 1]\n    related: [fr-2]", 26, "'fr-2' is no regime"),
    ],
)
def test_a_broken_file_is_told_by_file_and_line(old: str, new: str, line: int, said: str) -> None:
    assert old in GOOD
    with pytest.raises(LawError) as refused:
        read_regimes([("fr.yaml", GOOD.replace(old, new, 1))])
    problem = refused.value.problems[0]
    assert (problem.file, problem.line) == ("fr.yaml", line), str(problem)
    assert said in str(problem)


def test_all_broken_files_are_told_at_once_and_no_id_twice() -> None:
    with pytest.raises(LawError) as refused:
        read_regimes([("a.yaml", "format: 1\n"), ("b.yaml", ""), ("c.yaml", "[")])
    assert {problem.file for problem in refused.value.problems} == {"a.yaml", "b.yaml", "c.yaml"}
    with pytest.raises(LawError, match=r"already the id of a regime in a\.yaml"):
        read_regimes([("a.yaml", GOOD), ("b.yaml", GOOD)])


def test_aliases_cannot_multiply() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x]\n"
    for name, before in zip("bcdefg", "abcdef", strict=True):
        bomb += f"{name}: &{name} [{', '.join([f'*{before}'] * 8)}]\n"
    with pytest.raises(LawError, match="too many values"):
        read_regimes([("bomb.yaml", bomb)])


def test_norway_stays_norway_and_numbers_in_quotes_stay_text() -> None:
    (one,) = read_regimes([("fr.yaml", GOOD.replace("[everybody]", '[NO, "17", yes]'))])
    assert one.applies_to == ("NO", "17", "yes")
