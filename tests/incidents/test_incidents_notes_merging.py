"""Merging two people's texts: nothing that either typed is lost, and what one of them removed does not come back."""

from __future__ import annotations

import time
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.incidents.merging import Side, changes, compared, merge

LINE = st.sampled_from(["", "- [ ] look", "- [x] look", "# Leads", "the gateway", "```"])
TEXT = st.lists(LINE, max_size=12).map("\n".join)
# What one side does to a text: at which line, how many lines go, what comes.
EDITS = st.lists(
    st.tuples(
        st.integers(0, 12),
        st.integers(0, 3),
        st.lists(LINE | st.text(st.characters(exclude_characters="\n"), max_size=6), max_size=3),
    ),
    max_size=4,
)


def edited(text: str, edits: list[tuple[int, int, list[str]]], who: str) -> tuple[str, list[str]]:
    """The text after the edits, every new line signed so that it is found again; and those of them that are left."""
    lines = text.split("\n")
    for n, (at, gone, new) in enumerate(edits):
        lines[at : at + gone] = [f"{line} ({who} {n} {k})" for k, line in enumerate(new)]
    return "\n".join(lines), [line for line in lines if f"({who} " in line]


@given(TEXT, EDITS, EDITS)
@settings(max_examples=400)
def test_no_line_that_somebody_typed_is_lost(base: str, their_edits, my_edits) -> None:  # type: ignore[no-untyped-def]
    theirs, their_lines = edited(base, their_edits, "them")
    mine, my_lines = edited(base, my_edits, "me")
    merged = merge(base, theirs, mine)
    there = Counter(merged.text.split("\n"))
    assert not Counter(their_lines) - there
    assert not Counter(my_lines) - there


@given(TEXT, EDITS, EDITS)
@settings(max_examples=200)
def test_without_a_clash_each_sides_order_is_kept_and_what_one_removed_stays_removed(
    base: str, their_edits, my_edits
) -> None:  # type: ignore[no-untyped-def]
    base = "\n".join(f"{n} {line}" for n, line in enumerate(base.split("\n")))
    (theirs, their_lines), (mine, my_lines) = edited(base, their_edits, "them"), edited(base, my_edits, "me")
    merged = merge(base, theirs, mine)
    if merged.clashes:
        return
    lines = merged.text.split("\n")
    for side in (their_lines, my_lines):
        assert [line for line in lines if line in side] == side
    stayed = set(theirs.split("\n")) & set(mine.split("\n"))
    assert {line for line in base.split("\n") if line in lines} == {line for line in base.split("\n") if line in stayed}


@given(TEXT, TEXT, TEXT)
@settings(max_examples=200)
def test_any_three_texts(base: str, theirs: str, mine: str) -> None:
    merged = merge(base, theirs, mine)
    there = set(merged.text.split("\n"))
    new = (set(theirs.split("\n")) | set(mine.split("\n"))) - set(base.split("\n"))
    assert new <= there | {""}
    other_way = merge(base, mine, theirs)
    assert bool(other_way.clashes) == bool(merged.clashes)


@given(TEXT, TEXT)
def test_where_only_one_side_changed_its_text_stands(base: str, other: str) -> None:
    assert merge(base, other, base).text == other
    assert merge(base, base, other).text == other
    assert merge(base, other, other).text == other
    assert not merge(base, other, other).clashes


@given(TEXT, TEXT)
def test_changes_lead_from_one_text_to_the_other(old: str, new: str) -> None:
    lines = old.split("\n") if old else []
    for change in reversed(changes(old, new)):
        lines[change.start : change.end] = change.lines
    assert "\n".join(lines) == new
    if old == new:
        return  # nothing to compare: the page says so
    rows = compared(old, new, around=10**6)
    assert "\n".join(r.text for r in rows if r.kind != "gone") == new
    assert "\n".join(r.text for r in rows if r.kind != "new") == old


def test_two_people_tick_boxes_that_stand_under_each_other() -> None:
    base = "- [ ] gateway\n- [ ] mail\n- [ ] vpn"
    merged = merge(base, base.replace("[ ] mail", "[x] mail"), base.replace("[ ] vpn", "[x] vpn"))
    assert (merged.text, merged.clashes) == ("- [ ] gateway\n- [x] mail\n- [x] vpn", [])


def test_two_people_add_to_the_end() -> None:
    merged = merge("a", "a\nthem", "a\nme")
    assert (merged.text, merged.clashes) == ("a\nthem\nme", [])
    assert [p.theirs for p in merged.from_them] == [("them",)]


def test_what_was_sent_twice_with_more_to_it_stands_once() -> None:
    assert merge("a", "a\nfirst", "a\nfirst\nsecond").text == "a\nfirst\nsecond"


def test_the_same_line_in_two_ways_is_for_a_person_to_settle() -> None:
    merged = merge("a\nb\nc", "a\nB\nc", "a\nb!\nc\nd")
    assert [(p.side, p.theirs, p.mine) for p in merged.clashes] == [(Side.CLASH, ("B",), ("b!",))]
    assert merged.text == "a\nB\nb!\nc\nd"


def test_a_line_that_one_removed_and_the_other_changed_clashes() -> None:
    assert merge("a\nb\nc", "a\nc", "a\nb!\nc").clashes


def test_large_texts_that_have_nothing_in_common_cost_little() -> None:
    """The action holds the incident's lock meanwhile."""
    base = "\n".join("ab"[n * n % 7 % 2] for n in range(60_000))
    theirs, mine = base[::-1], "\n".join("ba"[n * n % 11 % 2] for n in range(60_000))
    start = time.perf_counter()
    merge(base, theirs, mine)
    assert time.perf_counter() - start < 10
