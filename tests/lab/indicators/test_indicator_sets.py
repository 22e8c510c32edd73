"""Compiled sets: kept by content, honest about what they hold; sightings beside the matches of rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.lab.indicators import (
    Indicator,
    Matcher,
    UnreadableFeedError,
    compile_files,
    compile_indicators,
    load_indicators,
    to_detection,
)
from tocsin.lab.indicators import compile as compiling
from tocsin.lab.indicators.index import indicator_of, row_text
from tocsin.lab.record import Record


def test_files_are_compiled_once_and_again_when_one_changes(tmp_path: Path) -> None:
    feed, cache = tmp_path / "feed.csv", tmp_path / "cache"
    feed.write_text("domain,comment\nevil.com,a\nnonsense,b\n")
    first = load_indicators([feed], cache)
    again = load_indicators([feed], cache)
    assert again == first
    assert (first.count, first.accounts[0].source, first.accounts[0].rejected) == (1, "feed.csv", 1)
    assert first.accounts[0].rejections[0].place == "line 3"
    feed.write_text("domain,comment\nevil.com,a\nevil.org,b\n")
    changed = load_indicators([feed], cache)
    assert (changed.count, changed.path != first.path) == (2, True)


def test_a_damaged_set_in_the_cache_is_made_anew(tmp_path: Path) -> None:
    feed, cache = tmp_path / "feed.csv", tmp_path / "cache"
    feed.write_text("domain,comment\nevil.com,a\n")
    made = load_indicators([feed], cache)
    made.path.write_bytes(made.path.read_bytes()[:40])
    assert load_indicators([feed], cache).count == 1
    assert len(Matcher(made.path)) == 1


def test_a_cache_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    with pytest.raises(PermissionError):
        load_indicators([], tmp_path / "cache")


def test_a_feed_that_cannot_be_read_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "feed").write_text('{"hello": 1}')
    with pytest.raises(UnreadableFeedError, match="feed"):
        compile_files([tmp_path / "feed"], tmp_path / "set")
    assert [path.name for path in tmp_path.iterdir()] == ["feed"]


def test_a_value_of_two_sources_stays_twice(tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("see evil[.]com and evil[.]com")
    feeds = compile_files([tmp_path / "a.txt", tmp_path / "b.txt"], tmp_path / "set")
    sightings = Matcher(tmp_path / "set").match_fields({"QueryName": "evil.com"})
    assert (feeds.count, [each.indicator.source for each in sightings]) == (2, ["a.txt", "b.txt"])


def test_too_many_with_one_rare_word_are_left_out_and_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiling, "MAX_SAME_KEY", 3)
    names = ["evil" + " " * 0 + "!" * number + "x" for number in range(5)]
    made = compile_indicators(
        [Indicator("mutex", f"evil{'!' * n}", name) for n, name in enumerate(names)], tmp_path / "set"
    )
    assert (made.count, len(made.left_out)) == (3, 2)
    assert "too many" in made.left_out[0].reason


def test_unusable_patterns_are_left_out_and_named(tmp_path: Path) -> None:
    bad = [Indicator("domain", "(?=a)", "(?=a)", form="regex"), Indicator("mutex", "*a*", "*a*", form="wildcard"),
           Indicator("command_line", "(a*)*", "(a*)*", form="regex")]  # fmt: skip
    made = compile_indicators(bad, tmp_path / "set")
    assert made.count == 0
    assert [each.value for each in made.left_out] == ["(?=a)", "*a*", "(a*)*"]


def test_regular_expressions_that_blow_up_elsewhere_are_matched_in_linear_time(tmp_path: Path) -> None:
    compile_indicators([Indicator("command_line", "(x+x+)+y$", "", form="regex")], tmp_path / "set")
    assert Matcher(tmp_path / "set").match_fields({"CommandLine": "x" * 200_000}) == []


def test_rows_keep_everything() -> None:
    whole = Indicator("url", "http://a.com/", "hxxp", "s", 5, "2024", "2025", "RED", ("t", "é"), "d", "r", "literal")
    bare = Indicator("ip", "1.2.3.4", "1.2.3.4")
    assert [indicator_of(row_text(each)) for each in (whole, bare)] == [whole, bare]


def test_the_same_indicators_give_the_same_file(tmp_path: Path) -> None:
    indicators = [Indicator("domain", f"a{number}.com", f"a{number}.com") for number in range(1000)]
    for name in ("one", "two"):
        compile_indicators(indicators, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_sighting_is_listed_like_a_rules_match(tmp_path: Path) -> None:
    indicator = Indicator(
        "ip", "10.1.2.3", "10[.]1[.]2[.]3", "CERT", 90, valid_until="2024-01-01T00:00:00Z", tags=("attack.t1071",)
    )
    compile_indicators([indicator], tmp_path / "set")
    record = Record(7, "2023-05-01T00:00:00Z", "pc", "Security", "p", 3, {}, {"IpAddress": "::ffff:10.1.2.3"}, "a.evtx")
    detection = to_detection(Matcher(tmp_path / "set").match(record)[0], record)
    assert (detection.rule_id, detection.level, detection.author) == ("indicator:ip:10.1.2.3", "high", "CERT")
    assert (detection.host, detection.record_id, detection.source_file) == ("pc", 7, "a.evtx")
    assert detection.tags == ["tocsin.indicator", "tocsin.current", "attack.t1071"]
    assert detection.fields["IpAddress"] == "::ffff:10.1.2.3"
    assert detection.fields["Indicator"]["found"] == "10.1.2.3"
    assert b'"validity":"current"' in detection.to_json()
    record.time = "2025-05-01T00:00:00Z"
    expired = to_detection(Matcher(tmp_path / "set").match(record)[0], record)
    assert (expired.level, expired.tags[1]) == ("medium", "tocsin.expired")
