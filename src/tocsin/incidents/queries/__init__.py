"""What others may ask about an incident, by subject. Doors and other rooms import from here."""

from tocsin.incidents.queries.contradictions import Contradiction, contradictions
from tocsin.incidents.queries.deviations import Deviation, DeviationKind, deviations
from tocsin.incidents.queries.facts import facts_of
from tocsin.incidents.queries.roles import holder_at, seats
from tocsin.incidents.queries.scope import ScopeAsOf, scope_as_of
from tocsin.incidents.queries.sheet import Sheet, law_facts, sheet_of
from tocsin.incidents.queries.work import Board, Deadline, Lane, board, next_deadline, now_in

__all__ = [
    "Board",
    "Contradiction",
    "Deadline",
    "Deviation",
    "DeviationKind",
    "Lane",
    "ScopeAsOf",
    "Sheet",
    "board",
    "contradictions",
    "deviations",
    "facts_of",
    "holder_at",
    "law_facts",
    "next_deadline",
    "now_in",
    "scope_as_of",
    "seats",
    "sheet_of",
]
