"""What obligations.yaml may say: an organization's own duties to notify, and its targets where the law has no number."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from tocsin.law.models import Regime
from tocsin.plan.offset import Offset, OffsetText
from tocsin.plan.strict import Key, Strict

LONGEST = 200
"""Characters of the name of a clause, a stage or a recipient."""


def _elapsed(value: Offset) -> Offset:
    if value.business_days or value.months or not value.elapsed:
        raise ValueError("a target is a time of minutes, hours or days, such as '4 h' or '3 d'")
    return value


Target = Annotated[OffsetText, AfterValidator(_elapsed)]


class ObligationsFile(Strict):
    """obligations.yaml as it stands in the file.

    clauses: duties that contracts, insurance terms or our own policy put on us, in the words of a regime (docs/law.md);
    without `applies` a clause is for any incident. targets: by when we mean to notify where a duty gives no number, by
    the id of a regime, for all its stages or stage by stage.
    """

    clauses: tuple[Regime, ...] = ()
    targets: dict[Key, Target | dict[str, Target]] = Field(default_factory=dict)

    @field_validator("clauses")
    @classmethod
    def _short(cls, clauses: tuple[Regime, ...]) -> tuple[Regime, ...]:
        for clause in clauses:
            names = [clause.name, *(s.name for s in clause.stages), *(r.name for r in clause.recipients)]
            if long := next((name for name in names if len(name) > LONGEST), None):
                raise ValueError(f"'{long[:40]}…' of '{clause.id}' is longer than {LONGEST} characters; shorten it")
        return clauses

    @property
    def limits(self) -> dict[str | tuple[str, str], timedelta]:
        """The targets as the law library takes them."""
        found: dict[str | tuple[str, str], timedelta] = {}
        for regime, given in self.targets.items():
            if isinstance(given, dict):
                found |= {(regime, stage): one.elapsed for stage, one in given.items()}
            else:
                found[regime] = given.elapsed
        return found
