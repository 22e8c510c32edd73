"""Rules that cannot be used cost themselves only, and the cache of compiled rules can be trusted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from lab_events import record

from tocsin.lab import RuleSet, load_rules
from tocsin.lab.sigma import cache
from tocsin.lab.sigma.rules import read_compiled

GOOD = """title: Good
id: 5a0bbd04-0000-4000-8000-000000000001
author: Somebody
level: high
tags: [attack.t1059]
logsource: {product: windows, service: security}
detection:
    selection:
        EventID: 4624
    condition: selection
"""
RuleMaker = Callable[..., RuleSet]


@pytest.mark.parametrize(("text", "line", "reason"), [
    ("title: x\nlogsource: [\n", 3, "not readable as YAML"),
    (GOOD.replace("condition: selection", "condition: selection AND x"), 10, "not a valid Sigma rule"),
    (GOOD.replace("condition: selection", "condition: 1 of nothing*"), 10, "not a valid Sigma rule"),
    (GOOD.replace("EventID: 4624", "EventID|nonsense: 4624"), 7, "Unknown modifier"),
    (GOOD.replace("EventID: 4624", "Image|re: '(?<=x)y'"), 7, "invalid"),
    (GOOD.replace("EventID: 4624", "Image|expand: '%tools%'"), 7, "placeholder %tools%"),
    (GOOD.replace("EventID: 4624", "Ip|cidr: 10.0.0.1/8"), 7, "not a valid Sigma rule"),
    (GOOD.replace("logsource: {product: windows, service: security}\n", ""), 1, "no log source"),
    ("title: x\ncorrelation:\n    type: event_count\n", 2, "not a valid correlation rule"),
    ("title: x\nlogsource: {product: windows}\nfilter:\n    rules: any\n", 3, "not a valid Sigma filter"),
    ("just: data\n", 1, "no Sigma rule"),
    ("- 1\n- 2\n", 1, "no Sigma rule"),
])  # fmt: skip
def test_a_bad_rule_is_named_and_the_rest_goes_on(rules_from: RuleMaker, text: str, line: int, reason: str) -> None:
    rules = rules_from(a_bad=text, b_good=GOOD.replace("0001", "0002"))
    (refused,) = rules.rejected
    assert (refused.file, refused.line) == ("a_bad.yml", line)
    assert reason in refused.reason
    assert [rule.file for rule in rules.rules] == ["b_good.yml"]


def test_what_a_rule_says_of_itself(rules_from: RuleMaker) -> None:
    rule = rules_from(good=GOOD).by_id["5a0bbd04-0000-4000-8000-000000000001"]
    assert (rule.title, rule.author, rule.level, rule.tags, rule.file) == (
        "Good",
        "Somebody",
        "high",
        ["attack.t1059"],
        "good.yml",
    )


def test_the_same_id_twice(rules_from: RuleMaker) -> None:
    rules = rules_from(a=GOOD, b=GOOD)
    assert len(rules.rules) == 1
    assert rules.rejected[0].reason == "same id as the rule in a.yml"


def test_several_documents_and_actions(rules_from: RuleMaker) -> None:
    text = (
        "action: global\ntitle: Common\nlogsource: {product: windows, service: security}\n"
        "---\nid: 5a0bbd04-0000-4000-8000-000000000011\ndetection: {s: {EventID: 1}, condition: s}\n"
        "---\naction: repeat\nid: 5a0bbd04-0000-4000-8000-000000000012\ndetection: {s: {EventID: 2}, condition: s}\n"
    )
    rules = rules_from(several=text)
    assert [rule.title for rule in rules.rules] == ["Common", "Common"]
    matcher = rules.matcher()
    assert [matcher.matches(record("Security", number, {})) for number in (1, 2, 3)] == [[0], [1], []]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_rules([tmp_path / "nowhere"], cache_dir=tmp_path)


def loaded(tmp_path: Path) -> RuleSet:
    folder = tmp_path / "rules"
    folder.mkdir(exist_ok=True)
    (folder / "good.yml").write_text(GOOD)
    return load_rules([folder], cache_dir=tmp_path / "cache")


def test_the_cache_gives_the_same_rules(tmp_path: Path) -> None:
    first, second = loaded(tmp_path), loaded(tmp_path)
    assert (first.from_cache, second.from_cache) == (False, True)
    assert first.compiled.to_lines() == second.compiled.to_lines()
    assert read_compiled(second.path).to_lines() == first.compiled.to_lines()
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700


def test_a_changed_rule_is_compiled_anew(tmp_path: Path) -> None:
    loaded(tmp_path)
    (tmp_path / "rules" / "more.yml").write_text(GOOD.replace("0001", "0002"))
    rules = load_rules([tmp_path / "rules"], cache_dir=tmp_path / "cache")
    assert not rules.from_cache
    assert len(rules.rules) == 2


@pytest.mark.parametrize("damage", [b"", b"{}", b"\x80\x04K\x01.", None])
def test_a_broken_entry_is_built_anew(tmp_path: Path, damage: bytes | None) -> None:
    path = loaded(tmp_path).path
    content = path.read_bytes()
    path.write_bytes(content[:-10] if damage is None else damage)
    again = loaded(tmp_path)
    assert not again.from_cache
    assert path.read_bytes() == content


def test_an_entry_that_is_whole_but_holds_something_else(tmp_path: Path) -> None:
    rules = loaded(tmp_path)
    cache.put(tmp_path / "cache", rules.path.stem, b'{"rules": 1}')
    assert not loaded(tmp_path).from_cache


def test_a_folder_that_others_may_write_to_is_not_trusted(tmp_path: Path) -> None:
    loaded(tmp_path)
    (tmp_path / "cache").chmod(0o777)
    rules = loaded(tmp_path)
    assert not rules.from_cache
    assert not rules.path.is_relative_to(tmp_path / "cache")
    assert read_compiled(rules.path).to_lines() == rules.compiled.to_lines()


def test_old_entries_go(tmp_path: Path) -> None:
    for number in range(cache.KEPT + 5):
        cache.put(tmp_path / "cache", f"{number}", b"x")
    assert len(list((tmp_path / "cache").iterdir())) == cache.KEPT


def test_pysigma_stays_out_of_a_cached_start(tmp_path: Path) -> None:
    loaded(tmp_path)
    code = (
        "import sys; from pathlib import Path; import tocsin.lab\n"
        "from tocsin.lab import load_rules\n"
        f"rules = load_rules([Path({str(tmp_path / 'rules')!r})], cache_dir=Path({str(tmp_path / 'cache')!r}))\n"
        "assert rules.from_cache\n"
        "print([name for name in ('sigma', 'yaml', 'evtx', 're2', 'django') if name in sys.modules])"
    )
    path = os.pathsep.join(filter(None, sys.path))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": path}, check=True
    )
    assert done.stdout.strip() == "[]"
