"""The facts that conditions ask for: those stated, and what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.incidents.models import DecisionState, Incident
from tocsin.plan.facts import DECISION, role_facts, with_same


def facts_of(incident: Incident, stated: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The stated facts (`stated`: others than those that stand now), what follows from what we are here or means the
    same, and `decision.<step>` with the option chosen for each answered step. One query.

    When a question was asked again, the newest answer counts.
    """
    taken = incident.decisions.filter(state=DecisionState.DECIDED).exclude(step_id="").order_by("decided_at", "number")
    answers = {f"{DECISION}{step}": chosen for step, chosen in taken.values_list("step_id", "chosen")}
    return role_facts(incident.held_roles) | with_same(incident.facts if stated is None else stated) | answers
