"""The facts that conditions ask for: those stated, and what was decided."""

from __future__ import annotations

from typing import Any

from tocsin.incidents.models import DecisionState, Incident
from tocsin.plan.facts import DECISION, role_facts


def facts_of(incident: Incident) -> dict[str, Any]:
    """The stated facts, and `decision.<step>` with the option chosen for each answered step. One query.

    When a question was asked again, the newest answer counts.
    """
    taken = incident.decisions.filter(state=DecisionState.DECIDED).exclude(step_id="").order_by("decided_at", "number")
    answers = {f"{DECISION}{step}": chosen for step, chosen in taken.values_list("step_id", "chosen")}
    stated: dict[str, Any] = incident.facts
    return role_facts(incident.held_roles) | stated | answers
