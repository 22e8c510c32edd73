"""The duties that an incident is held against: Tocsin's library and the clauses of the plan it is pinned to."""

from __future__ import annotations

from functools import lru_cache

from tocsin.incidents.models import Incident
from tocsin.law.load import library
from tocsin.law.models import Regime
from tocsin.plan.models import Plan


def regimes_of(incident: Incident) -> dict[str, Regime]:
    """Every regime by its id. A clause that takes an id of the library (lint says so) does not replace it."""
    return regimes_of_plan(incident.plan_version.plan)


def regimes_of_plan(plan: Plan) -> dict[str, Regime]:
    """The same for a plan as it stands."""
    return {regime.id: regime for regime in plan.obligations.clauses} | _library()


@lru_cache(maxsize=1)
def _library() -> dict[str, Regime]:
    return {regime.id: regime for regime in library()}
