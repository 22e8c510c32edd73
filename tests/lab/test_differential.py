"""The matcher's shortcuts find exactly what the slow and obvious evaluator finds."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from lab_events import event
from lab_oracle import Oracle

from tocsin.lab import RuleSet, read
from tocsin.lab.examine import Collection, Part
from tocsin.lab.record import Record
from tocsin.lab.sigma import silence
from tocsin.lab.sigma.compiled import CompiledRules
from tocsin.lab.sigma.loading import compile_files
from tocsin.lab.sigma.matcher import Matcher
from tocsin.lab.sources.evtx import HEADER_SIZE
from tocsin.lab.sources.kind import EVTX
from tocsin.lab.sources.making_rows import json_row
from tocsin.lab.sources.rows import Key
from tocsin.lab.sources.source import event as loose
from tocsin.lab.sources.windows_event import windows_record


@pytest.fixture(autouse=True, scope="module")
def _prepared() -> Iterator[None]:
    """Make searches of the events' JSON prepared from the first event on, as they are for many events."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(silence, "ENOUGH_TO_PREPARE", 0)
        yield


SAMPLE = int(os.environ.get("TOCSIN_DIFFERENTIAL_SAMPLE") or (400 if os.environ.get("TOCSIN_SOAK") else 160))
"""Real events that all of SigmaHQ's rules are held against; each takes the slow evaluator some hundredths of a
second. With 0 in the environment it is all events: minutes for the EVTX samples, about an hour for the JSON logs."""


@pytest.mark.shared
@pytest.mark.slow
def test_on_real_json_logs(shared: Path, sigmahq: RuleSet) -> None:
    oracles = oracles_of(shared / "sigma", sigmahq)
    matcher = sigmahq.matcher()
    logs = sorted(path for path in (shared / "otrf").rglob("*.[zZ]ip"))
    chance = random.Random(11)
    small = [path for path in logs if "atomic" in path.parts]
    checked = 0
    for path in chance.sample(small, 12) if SAMPLE else logs:
        for each in sampled(list(read(path)), matcher, chance) if SAMPLE else read(path):
            expected = [number for number, oracle in enumerate(oracles) if oracle.matches(each)]
            assert matcher.matches(each) == expected, describe(each)
            checked += 1
    print(f"{checked:,} events")
    assert checked > SAMPLE // 2


def sampled(records: list[Record], matcher: Matcher, chance: random.Random) -> list[Record]:
    """Return some of a log's records, half of them such as rules matched."""
    matched = [each for each in records if matcher.matches(each)]
    size = SAMPLE // 24
    return [*chance.sample(records, min(size, len(records))), *chance.sample(matched, min(size, len(matched)))]


@pytest.mark.shared
@pytest.mark.slow
def test_on_real_events(shared: Path, sigmahq: RuleSet) -> None:
    oracles = oracles_of(shared / "sigma", sigmahq)
    matcher = sigmahq.matcher()
    records = [each for path in sorted((shared / "evtx-attack-samples").rglob("*.evtx")) for each in read(path)]
    matched = {id(each): matcher.matches(each) for each in records}
    assert as_scanned(shared, matcher) == [matched[id(each)] for each in records]
    # Half of the sample are events that rules matched, so that agreement is not on silence alone.
    chance = random.Random(7)
    sample = chance.sample(records, SAMPLE // 2)
    sample += chance.sample([each for each in records if matched[id(each)]], SAMPLE // 2)
    for each in sample if SAMPLE else records:
        expected = [number for number, oracle in enumerate(oracles) if oracle.matches(each)]
        assert matched[id(each)] == expected, describe(each)


def as_scanned(shared: Path, matcher: Matcher) -> list[list[int]]:
    """Return the rules that match each event of the samples, in their order, as a scan finds them."""
    hits: list[list[int]] = []
    for path in sorted((shared / "evtx-attack-samples").rglob("*.evtx")):
        collection = Collection(matcher)
        collection.take(Part(path, "", EVTX, HEADER_SIZE, None))
        collection.match()
        (finding,) = collection.findings
        first = len(hits)
        hits.extend([] for _ in range(finding.tally.read))
        for place, hit in finding.hits:
            hits[first + place] = hit["rules"]
    return hits


def oracles_of(folder: Path, rules: RuleSet) -> list[Oracle]:
    found = []
    for rule in rules.rules:
        documents = yaml.load_all((folder / rule.file).read_text(encoding="utf-8"), yaml.CSafeLoader)
        found.append(Oracle(next(each for each in documents if each and str(each.get("id")) == rule.id)))
    return found


def describe(each: Record) -> str:
    return f"{each.source_file} {each.channel} {each.event_id} {each.record_id}"


FIELDS = ["Image", "CommandLine", "Details", "Data"]
# Few letters, so that rules and events meet; with the characters that mean something in rules and in
# case folding.
LETTERS = "abAB\\*?-/ß1"
VALUES = st.text(LETTERS, max_size=6)
NUMBERS = st.integers(0, 3)
MODIFIERS = ["", "|contains", "|startswith", "|endswith", "|contains|all", "|cased", "|contains|cased", "|windash",
             "|contains|windash", "|endswith|cased"]  # fmt: skip


@st.composite
def items(draw: st.DrawFn) -> tuple[str, Any]:
    name = draw(st.sampled_from(FIELDS))
    kind = draw(
        st.sampled_from(["text", "text", "text", "number", "null", "exists", "re", "field", "base64", "compare"])
    )
    if kind == "text":
        modifier = draw(st.sampled_from(MODIFIERS))
        size = 2 if "|all" in modifier else 1
        return name + modifier, draw(st.lists(VALUES, min_size=size, max_size=3))
    plain: dict[str, tuple[str, Any]] = {
        "number": (name, draw(NUMBERS)),
        "null": (name, None),
        "exists": (name + "|exists", draw(st.booleans())),
        "re": (
            name + "|re",
            draw(
                st.sampled_from(["a+b", "^A", "(?i)ab|b", "a.?b", "[ab]1", "b(a|1)?\\\\", "aa?b*", ".{3,}", "a.{2,}"])
            ),
        ),
        "field": (name + "|fieldref", draw(st.sampled_from(FIELDS))),
        "base64": (name + "|base64offset|contains", draw(st.text("ab", min_size=1, max_size=3))),
        "compare": (name + draw(st.sampled_from(["|lt", "|lte", "|gt", "|gte"])), draw(NUMBERS)),
    }
    return plain[kind]


SELECTIONS = st.one_of(
    st.lists(items(), min_size=1, max_size=3).map(dict),
    st.lists(items().map(lambda item: dict([item])), min_size=1, max_size=3),
    st.lists(VALUES.filter(bool), min_size=1, max_size=2),
)
CONDITIONS = st.sampled_from([
    "one", "one and two", "one or two", "one and not two", "not one and two", "one or not two", "1 of them",
    "all of them", "not (one or two)", "(one or two) and three", "one or (two and three)", "not 1 of t*",
])  # fmt: skip
RULES = st.fixed_dictionaries({"one": SELECTIONS, "two": SELECTIONS, "three": SELECTIONS, "condition": CONDITIONS})
EVENTS = st.dictionaries(
    st.sampled_from(FIELDS),
    st.one_of(VALUES, VALUES, NUMBERS, st.booleans(), st.none(), st.lists(VALUES, max_size=2), st.just("YWFi")),
)


def made_of(detections: list[dict[str, Any]], logsource: dict[str, str]) -> tuple[CompiledRules, list[Oracle]]:
    """Return rules with some detections, compiled and as the slow evaluator has them."""
    documents = [
        {
            "title": f"Rule {number}",
            "id": f"00000000-0000-4000-8000-{number:012d}",
            "logsource": logsource,
            "detection": detection,
        }
        for number, detection in enumerate(detections)
    ]
    compiled = compile_files(
        [(f"{number}.yml", yaml.safe_dump(each).encode()) for number, each in enumerate(documents)]
    )
    kept = {rule.id for rule in compiled.rules}
    return compiled, [Oracle(each) for each in documents if each["id"] in kept]


@settings(max_examples=400, deadline=None)
@given(st.lists(RULES, min_size=1, max_size=4), st.lists(EVENTS, min_size=1, max_size=6), st.booleans())
def test_on_any_rules_and_events(detections: list[dict[str, Any]], events: list[dict[str, Any]], flat: bool) -> None:
    compiled, oracles = made_of(detections, {"product": "windows", "service": "application"})
    matcher = Matcher(compiled)
    lines = [line_of(data, flat) for data in events]
    records = [windows_record(orjson.loads(line)) for line in lines]
    expected = [[number for number, oracle in enumerate(oracles) if oracle.matches(each)] for each in records if each]
    assert [matcher.matches(each) for each in records if each] == expected
    # And as they are read, several times over, so that what the matcher remembers has its part.
    for _ in range(2):
        assert together(matcher, lines) == expected


@settings(max_examples=150, deadline=None)
@given(st.lists(RULES, min_size=1, max_size=4), st.lists(EVENTS, min_size=1, max_size=6), st.booleans())
def test_on_any_rules_and_loose_events(
    detections: list[dict[str, Any]], events: list[dict[str, Any]], viewed: bool
) -> None:
    """The same for events beyond Windows, of which each has fields of its own, seen plainly and through a view."""
    logsource = {"category": "webserver"} if viewed else {"product": "zeek", "service": "conn"}
    compiled, oracles = made_of(detections, logsource)
    matcher = Matcher(compiled)
    channel = "web/access" if viewed else "zeek/conn"
    rows = [loose(channel, data) for data in events]
    key = rows[0][0]
    records = [key.make(key, [row]).record(0) for _, row in rows]
    expected = [[number for number, oracle in enumerate(oracles) if oracle.matches(each)] for each in records]
    assert [matcher.matches(each) for each in records] == expected
    for _ in range(2):
        hits = dict(matcher.hits(key.make(key, [row for _, row in rows])))
        assert [hits.get(index, []) for index in range(len(rows))] == expected


def line_of(data: dict[str, Any], flat: bool) -> bytes:
    """Return an event as a line of JSON, in one of the shapes that are read the quick way."""
    if flat:
        return orjson.dumps({"EventID": 1, "Channel": "Application", "SourceName": "Test-Provider"} | data)
    made = event("Application", 1, data)
    return orjson.dumps({"Event": {"#attributes": {}} | made["Event"]})


def together(matcher: Matcher, lines: list[bytes]) -> list[list[int]]:
    """Return the rules that match each of some events, which are matched in groups as a scan does it."""
    groups: dict[Key, tuple[list[Any], list[int]]] = {}
    for place, line in enumerate(lines):
        made = json_row(orjson.loads(line), line)
        assert made is not None
        rows, places = groups.setdefault(made[0], ([], []))
        rows.append(made[1])
        places.append(place)
    found: list[list[int]] = [[] for _ in lines]
    for key, (rows, places) in groups.items():
        for index, numbers in matcher.hits(key.make(key, rows)):
            found[places[index]] = numbers
    return found
