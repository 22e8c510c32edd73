"""The schema of a regime: what a file may say, and what it is told when it says it wrongly."""

from __future__ import annotations

from typing import Any

import pytest

from tocsin.law.load import own_regime
from tocsin.law.models import Condition, Stage
from tocsin.law.periods import Period
from tocsin.law.problems import LawError

STAGE: dict[str, Any] = {"name": "notice", "recipient": "customer", "from": "awareness", "within": "24 hours"}
REGIME: dict[str, Any] = {
    "id": "acme-dpa",
    "name": "Acme, data processing agreement",
    "recipients": [{"type": "customer", "name": "Acme"}],
    "stages": [STAGE],
}


def test_an_own_regime_needs_little_and_applies_to_any_incident() -> None:
    regime = own_regime(REGIME)
    assert (regime.level, regime.status, regime.confidence) == ("contract", "contractual", "own")
    assert regime.applies == Condition(flag="any_incident")
    assert regime.stages[0].within == Period(24, "hour")


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("30 minutes", Period(30, "minute")),
        ("1 hour", Period(1, "hour")),
        ("60 days", Period(60, "day")),
        ("4 business days", Period(4, "business day")),
        ("1 month", Period(1, "month")),
    ],
)
def test_periods_read_and_print_the_same(text: str, period: Period) -> None:
    assert Period.parse(text) == period
    assert str(period) == text


@pytest.mark.parametrize("text", ["soon", "0 hours", "-4 hours", "4", "1 year", "4hours", "9999999 days", "1.5 hours"])
def test_what_is_no_period_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no period; write it for example|longer than ten years"):
        Period.parse(text)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"stages": [STAGE | {"form": "awareness"}]}, "stages.1.form: unknown key"),
        ({"stages": [STAGE | {"from": "awarness"}]}, "'awarness' is no name of instants"),
        ({"stages": [STAGE | {"within": 24}]}, "'24' is no period"),
        ({"stages": [STAGE | {"after": "notice"}]}, "a stage has one of from"),
        ({"stages": [{**STAGE, "from": None, "after": "x"}]}, "comes after 'x', which is no stage above it"),
        ({"stages": [STAGE, STAGE]}, "two stages are called 'notice'"),
        ({"stages": [STAGE | {"recipient": "regulator"}]}, "goes to regulator, who is none of the recipients"),
        ({"stages": [STAGE | {"ended_by": ["containment"]}]}, "only a stage for 'internal' has ended_by"),
        ({"stages": [STAGE | {"recipient": "internal", "ended_by": ["x"]}]}, "'x' is no name of instants"),
        ({"stages": [STAGE | {"not_later_than": "notice"}]}, "which is no other stage"),
        ({"stages": [STAGE | {"by_day": "02-01"}]}, "has no within"),
        ({"stages": [STAGE | {"by_day": "02-31", "within": None}]}, "by_day: String should match pattern"),
        ({"stages": []}, "at least 1 item"),
        ({"applies": {}}, "asks one question, not none"),
        ({"applies": {"flag": "malware", "region": "EU"}}, "asks one question, not flag and region"),
        ({"applies": {"flag": "malwear"}}, "'malwear' is no name of flags"),
        ({"applies": {"role": "bakery"}}, "'bakery' is no name of roles"),
        ({"applies": {"data": ["shoe_size"]}}, "'shoe_size' is no name of data"),
        ({"applies": {"region": "GB"}}, "'GB' is no region"),
        ({"applies": {"people_in": "US"}}, "need one of at_least"),
        ({"applies": {"flag": "malware", "at_least": 5}}, "need one of at_least"),
        ({"applies": {"any_part_of": "US", "fewer_than": 5}}, "any_part_of asks for at_least or more_than"),
        ({"calendar": {"zone": "Europe/Atlantis"}}, "'Europe/Atlantis' is no time zone"),
        ({"effective_from": "13 May"}, "'13 May' is no date"),
        ({"status": "maybe"}, "status: Input should be"),
        ({"delay": {"by": "law enforcement", "stages": ["letter"]}}, "delay names letter, which is no stage here"),
        ({"id": "Acme DPA"}, "id: String should match pattern"),
    ],
)
def test_mistakes_are_told_with_their_place(change: dict[str, Any], said: str) -> None:
    with pytest.raises(LawError) as refused:
        own_regime(REGIME | change)
    assert said in str(refused.value)


def test_a_backstop_needs_a_limit_of_its_own() -> None:
    with pytest.raises(ValueError, match="needs a within"):
        Stage.model_validate(
            {
                "name": "x",
                "recipient": "regulator",
                "from": "awareness",
                "backstop": {"within": "24 hours", "from": "detection"},
            }
        )
