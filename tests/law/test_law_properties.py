"""What holds for any facts: no exception, same facts same answer, what is filed stays, what is not known is never a no."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.law.check import check_facts
from tocsin.law.engine import Duty, evaluate
from tocsin.law.facts import Facts, Range
from tocsin.law.load import library
from tocsin.law.vocabulary import vocabulary

WORDS = vocabulary()
ALL = library()
DAY = datetime(2026, 11, 20, tzinfo=UTC)
STAGES = [(regime.id, stage.name) for regime in ALL for stage in regime.stages]
REGIONS = ["DE", "FR", "NO", "UK", "GB", "US", "US-CA", "US-NY", "US-TX", "SG", "CN", "EU", "EU/EEA", "total"]

times = st.integers(0, 90 * 24 * 60).map(lambda minutes: DAY + timedelta(minutes=minutes))
odd_times = st.datetimes(timezones=st.just(UTC) | st.none())
ranges = st.builds(
    lambda low, more: Range(low, None if more is None else low + more),
    st.integers(0, 9000),
    st.none() | st.integers(0, 9000),
)
keys = st.sampled_from(STAGES)
few = settings(max_examples=25, deadline=None)


@st.composite
def sheets(draw: st.DrawFn, instants: st.SearchStrategy[datetime] = times) -> Facts:
    """Fact sheets of any kind, more or less complete."""
    return Facts(
        instants=draw(st.dictionaries(st.sampled_from(sorted(WORDS.instants)), instants, max_size=8)),
        roles=draw(st.none() | st.frozensets(st.sampled_from(sorted(WORDS.roles)), max_size=6)),
        flags=draw(st.dictionaries(st.sampled_from(sorted(WORDS.flags)), st.booleans(), max_size=12)),
        data_categories=draw(st.none() | st.frozensets(st.sampled_from(sorted(WORDS.data)), max_size=4)),
        affected=draw(st.dictionaries(st.sampled_from(REGIONS), ranges, max_size=5)),
        all_regions_known=draw(st.booleans()),
        operates_in=draw(st.none() | st.frozensets(st.sampled_from(REGIONS), max_size=3)),
        home=draw(st.sampled_from(["", "DE", "US", "UK", "SG"])),
        zone=draw(st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"])),
        submissions=draw(st.dictionaries(keys, st.lists(instants, max_size=2), max_size=6)),
        delays=draw(st.dictionaries(keys, instants, max_size=3)),
        rulings=draw(
            st.dictionaries(
                keys | st.sampled_from([one.id for one in ALL]), st.sampled_from(["confirmed", "rejected"]), max_size=3
            )
        ),
    )


def by_id(found: tuple[Duty, ...]) -> dict[str, Duty]:
    return {duty.regime.id: duty for duty in found}


@few
@given(facts=sheets(instants=odd_times))
def test_no_facts_make_it_fail(facts: Facts) -> None:
    found = evaluate(facts, ALL, targets={regime.id: timedelta(hours=12) for regime in ALL})
    check_facts(facts, ALL)
    assert len(found) == len(ALL)
    for duty in found:
        assert duty.reasons
        assert all(reason.sentence for reason in duty.reasons)
        assert (duty.verdict == "cannot_tell") == bool(duty.missing)
        assert all(clock.because for clock in duty.stages)
        assert all(clock.due_at is not None for clock in duty.stages if clock.state in ("running", "held"))


@few
@given(facts=sheets())
def test_again_gives_the_same_and_the_order_of_facts_does_not_matter(facts: Facts) -> None:
    turned = replace(
        facts,
        instants=dict(reversed(facts.instants.items())),
        flags=dict(reversed(facts.flags.items())),
        affected=dict(reversed(facts.affected.items())),
        submissions={key: list(reversed(v)) for key, v in reversed(facts.submissions.items())},
    )
    assert evaluate(facts, ALL) == evaluate(facts, ALL) == evaluate(turned, ALL)


@few
@given(facts=sheets(), key=keys, first=times, again=times, learnt=sheets())
def test_a_filed_stage_never_moves(
    facts: Facts, key: tuple[str, str], first: datetime, again: datetime, learnt: Facts
) -> None:
    """Neither by filing it again nor by whatever is learnt afterwards."""
    regimes = [regime for regime in ALL if regime.id == key[0]]
    once = replace(facts, submissions={**facts.submissions, key: [first]})
    clock = evaluate(once, regimes)[0].stage(key[1])
    assert (clock.submitted_at, clock.state in ("filed", "filed_late")) == (first, True)
    twice = replace(once, submissions={**once.submissions, key: [max(first, again), first]})
    assert evaluate(twice, regimes) == evaluate(once, regimes)
    frozen = {key: clock.due_at} if clock.due_at else {}
    later = replace(learnt, submissions={**learnt.submissions, key: [first]}, dues_when_filed=frozen)
    after = evaluate(later, regimes)[0].stage(key[1])
    assert after.submitted_at == first
    if clock.due_at is not None:
        assert after.due_at == clock.due_at


@few
@given(facts=sheets(), aware=times, later=st.integers(0, 40 * 24 * 60))
def test_a_later_awareness_never_makes_an_earlier_deadline(facts: Facts, aware: datetime, later: int) -> None:
    """But in DORA, whose own rules jump: a limit that lapses, and a relief that ends at noon of the next working day."""
    regimes = [regime for regime in ALL if regime.id != "eu-dora-19"]
    first = by_id(evaluate(replace(facts, instants={**facts.instants, "awareness": aware}), regimes))
    moved = aware + timedelta(minutes=later)
    second = by_id(evaluate(replace(facts, instants={**facts.instants, "awareness": moved}), regimes))
    for key, duty in first.items():
        after = {clock.stage: clock for clock in second[key].stages}
        for clock in duty.stages:
            other = after.get(clock.stage)
            if clock.due_at is not None and other is not None and other.due_at is not None:
                assert other.due_at >= clock.due_at, (key, clock.stage)


@few
@given(facts=sheets(), name=st.sampled_from(sorted(WORDS.flags)), value=st.booleans())
def test_a_flag_learnt_only_decides_what_was_open_because_of_it(facts: Facts, name: str, value: bool) -> None:
    """What was certain without the flag stays so; and nobody's duty is decided in silence."""
    without = replace(facts, flags={flag: v for flag, v in facts.flags.items() if flag != name})
    follows = {flag for flag, sources in WORDS.flag_follows_from.items() if name in sources} | {name}
    before = by_id(evaluate(without, ALL))
    for key, duty in by_id(evaluate(replace(without, flags={**without.flags, name: value}), ALL)).items():
        assert duty.reasons
        known = before[key]
        contradicts = value is False and known.verdict != "cannot_tell" and name in WORDS.flag_follows_from
        if known.verdict in ("may_apply", "does_not_apply") and not contradicts:
            assert duty.verdict == known.verdict, key
        if known.verdict == "cannot_tell" and not follows & set(known.missing):
            assert duty.verdict == "cannot_tell", key


@few
@given(facts=sheets(), low=st.integers(0, 2000), width=st.integers(0, 2000), cut=st.integers(0, 2000))
def test_a_narrower_range_never_undoes_what_a_wider_one_decided(facts: Facts, low: int, width: int, cut: int) -> None:
    wide, narrow = Range(low, low + width), Range(low + min(cut, width), low + width)
    others = {code: count for code, count in facts.affected.items() if code not in ("US", "US-CA", "total")}
    before = by_id(evaluate(replace(facts, affected={**others, "US-CA": wide}), ALL))
    after = by_id(evaluate(replace(facts, affected={**others, "US-CA": narrow}), ALL))
    for key, duty in before.items():
        if duty.verdict in ("may_apply", "does_not_apply"):
            assert after[key].verdict == duty.verdict, key
            needs = {clock.stage: clock.state for clock in duty.stages if clock.state not in ("to_judge", "not_needed")}
            assert all(after[key].stage(stage).state == state for stage, state in needs.items()), key
