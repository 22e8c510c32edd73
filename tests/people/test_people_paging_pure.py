"""Who is called next, by which method and when, as properties: nobody is skipped, nothing is rushed, it always ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.people.paging import (
    LONGEST_GAP,
    SHORTEST_WAIT,
    Effort,
    GiveUp,
    Pass,
    Try,
    by_hand,
    codes_in,
    gap,
    next_step,
    rounds,
    whole_wait,
)

PHONE = {"kind": "phone", "url": "tel:+46700000000"}
MAIL = {"kind": "mail", "url": "mailto:ana@halden.example"}
VOICE = {"kind": "phone", "url": "twilio://a:b@+467000000/+467000001"}
RADIO = {"kind": "radio", "url": "channel 4"}
methods = st.lists(st.sampled_from([PHONE, MAIL, VOICE, RADIO]), max_size=8)
patience = st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=2))


def test_a_telephone_number_is_rung_by_hand_and_a_voice_gateway_is_not() -> None:
    assert [by_hand(m) for m in (PHONE, MAIL, VOICE, RADIO)] == [True, False, False, True]


def test_a_mail_does_not_wait_for_a_telephone_that_nobody_may_ring() -> None:
    (only,) = rounds([PHONE, MAIL])
    assert (only.machine, only.hand) == (1, (0,))


@given(methods)
def test_every_method_is_used_once_and_in_order(given_methods: list[dict[str, str]]) -> None:
    made = rounds(given_methods)
    used = [p for r in made for p in (*r.hand, r.machine) if p is not None]
    assert sorted(used) == list(range(len(given_methods)))
    machines = [r.machine for r in made if r.machine is not None]
    assert machines == sorted(machines)
    assert all(not by_hand(given_methods[p]) for p in machines)
    # Only where no machine's method exists does a round hold none.
    assert len(made) == len(machines) or (len(made) == 1 and not machines)


@given(patience, st.integers(1, 8))
def test_methods_come_apart_and_mostly_in_the_first_half(wait: timedelta, count: int) -> None:
    apart, whole = gap(wait, count), whole_wait(wait, count)
    last = apart * (count - 1)
    if count > 1:
        assert SHORTEST_WAIT <= apart <= LONGEST_GAP
    assert last <= max(wait / 2, SHORTEST_WAIT * (count - 1)) + timedelta(milliseconds=1)
    assert whole >= wait
    assert whole - last >= SHORTEST_WAIT, "the last method leaves time to answer"


@given(patience, st.lists(methods, min_size=1, max_size=5))
def test_a_walk_up_the_ladder_reaches_everybody_and_ends(wait: timedelta, ladder: list[list[dict[str, str]]]) -> None:
    rung, tried, spent, walked = 0, 0, timedelta(0), []
    for _ in range(200):
        count = len(rounds(ladder[rung]))
        step = next_step(Effort(rung, len(ladder), tried, count, wait))
        if isinstance(step, Try):
            assert step.round == tried
            walked.append((rung, tried))
            tried, spent = tried + 1, spent + step.wait
            if tried == count:
                assert abs(spent - whole_wait(wait, count)) < timedelta(milliseconds=1), "one person's waits add up"
        elif isinstance(step, Pass):
            assert step.rung == rung + 1
            rung, tried, spent = step.rung, 0, timedelta(0)
        else:
            break
    assert isinstance(step, GiveUp)
    assert walked == [(r, t) for r, own in enumerate(ladder) for t in range(len(rounds(own)))]


@given(patience, st.integers(0, 3), st.integers(1, 4))
def test_who_cannot_come_is_passed_over_at_once(wait: timedelta, tried: int, people: int) -> None:
    for rung in range(people):
        step = next_step(Effort(rung, people, tried, 4, wait, declined=True))
        assert step == (Pass(rung + 1) if rung + 1 < people else GiveUp())


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("482913", ["482913"]), ("482 913", ["482913"]), ("Yes! 482-913.", ["482913"]), ("+46701234567", []),
        ("48291", []), ("4829131", []), ("code 000001 thanks", ["000001"]), ("", []), ("1 2 3 4 5 6", []),
    ],
)  # fmt: skip
def test_a_reply_code_is_found_in_what_people_write(text: str, codes: list[str]) -> None:
    assert codes_in(text) == codes


@given(st.text(max_size=500))
def test_any_text_is_read(text: str) -> None:
    assert all(len(c) == 6 and c.isascii() and c.isdigit() for c in codes_in(text))
