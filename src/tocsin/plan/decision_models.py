"""What a plan says of a decision: the question, the options with consequence and cost, what the decider should know."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from tocsin.plan.strict import Key, Strict

FactName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=80)]
MOST_MONEY = 10**12


class Cost(Strict):
    """What an option costs: whole units of a currency (ISO 4217) as a range; `note` says what for, such as 'a day'."""

    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    low: Annotated[int, Field(ge=0, le=MOST_MONEY)]
    high: Annotated[int, Field(ge=0, le=MOST_MONEY)] | None = None
    note: Annotated[str, Field(max_length=200)] = ""

    @model_validator(mode="after")
    def _a_range(self) -> Cost:
        if self.high is not None and self.high < self.low:
            raise ValueError("the cost ends below where it begins: 'high' is less than 'low'")
        return self


class DecisionOption(Strict):
    """One way a decision can go. Until every fact under `requires` is stated as true, nobody can choose it."""

    id: Key
    label: str
    consequence: str = ""
    cost: Cost | None = None
    requires: tuple[FactName, ...] = ()


class DecisionPoint(Strict):
    """What somebody with the authority must decide; `facts` are what they should know when they do."""

    question: str
    options: Annotated[tuple[DecisionOption, ...], Field(min_length=2)]
    authority: Key | None = None
    if_nobody_decides: str = ""
    facts: tuple[FactName, ...] = ()
