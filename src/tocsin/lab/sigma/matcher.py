"""Match events against compiled rules: choose the rules of their route, and let the route's plan find the hits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from tocsin.lab.record import Record
from tocsin.lab.sigma.atoms import Atom, test_of
from tocsin.lab.sigma.clauses import Necessity, needles_of
from tocsin.lab.sigma.compiled import CompiledRules, Placement
from tocsin.lab.sigma.expression import Node
from tocsin.lab.sigma.plan import Hits, Plan, PlannedRule
from tocsin.lab.sigma.views import VIEWS, View, plain
from tocsin.lab.sources.rows import Rows, key_of, row_of

Route = list[tuple[View, Plan]]
MAX_ROUTES = 10_000


class Matcher:
    """Compiled rules, ready to match events; what a route needs is made when its first event comes."""

    def __init__(self, compiled: CompiledRules) -> None:
        self._compiled = compiled
        self._tests = Made(compiled.atoms, test_of)
        self._needles = Made(compiled.atoms, needles_of)
        self._planned: dict[tuple[int, int | None], PlannedRule] = {}
        self._plans: dict[tuple[Placement, ...], Plan] = {}
        self._routes: dict[tuple[str, int | None], Route] = {}

    def feeds_correlation(self, numbers: Sequence[int]) -> bool:
        """Tell whether correlations are about one of some rules."""
        return not self._compiled.correlated.isdisjoint(numbers)

    def matches(self, record: Record) -> list[int]:
        """Return the numbers of the rules that match a record, in ascending order."""
        key, row = row_of(record)
        return dict(self.hits(Rows(key, [row]))).get(0, [])

    def hits(self, rows: Rows) -> Hits:
        """Return the events that rules match, by their index, and the numbers of the rules, both in ascending order."""
        channel = self._compiled.channel_of(rows.key.channel, rows.key.provider)
        route = self._routes.get((channel, rows.key.event_id))
        if route is None:
            route = self._route(channel, rows.key.event_id)
        found: dict[int, set[int]] = {}
        for view, plan in route:
            if len(route) == 1 and view is plain:
                return plan.hits(rows)
            for index, numbers in _seen(rows, view, plan):
                found.setdefault(index, set()).update(numbers)
        return [(index, sorted(found[index])) for index in sorted(found)]

    def _route(self, channel: str, event_id: int | None) -> Route:
        """Return the views and plans for the events of a channel with an event id."""
        if len(self._routes) >= MAX_ROUTES:
            self._routes.clear()
        route = []
        for view, placements in self._compiled.placements(channel, event_id).items():
            key = tuple(placements)
            if key not in self._plans:
                self._plans[key] = Plan([self._plan_rule(each) for each in placements], self._needles)
            route.append((VIEWS[view], self._plans[key]))
        self._routes[channel, event_id] = route
        return route

    def _plan_rule(self, placement: Placement) -> PlannedRule:
        if placement not in self._planned:
            number, where = placement
            node: Node = self._compiled.nodes[number]
            necessity = self._compiled.necessities[number]
            if where is not None:
                node = ["and", where, *(node[1:] if isinstance(node, list) and node[0] == "and" else [node])]
                demand = [(self._compiled.atoms[where].field, [where])]
                necessity = Necessity([demand, *necessity.clauses], necessity.good)
            self._planned[placement] = PlannedRule(number, necessity, node, self._tests, self._compiled.atoms)
        return self._planned[placement]


def _seen(rows: Rows, view: View, plan: Plan) -> Hits:
    """Return the hits on events seen through a view, which gives each event fields of its own."""
    if view is plain:
        return plan.hits(rows)
    key = rows.key
    alike: dict[tuple[str, ...], list[tuple[int, tuple[Record, dict[str, object], None]]]] = {}
    for index in range(len(rows)):
        record = rows.record(index)
        fields = view(record)
        alike.setdefault(tuple(fields), []).append((index, (record, fields, None)))
    return [
        (members[place][0], numbers)
        for names, members in alike.items()
        for place, numbers in plan.hits(
            Rows(key_of(Rows, key.channel, key.provider, key.event_id, names), [row for _, row in members])
        )
    ]


Item = TypeVar("Item")


class Made(dict[int, Item]):
    """What is made of atoms, by their numbers, each when it is first asked for."""

    def __init__(self, atoms: Sequence[Atom], make: Callable[[Atom], Item]) -> None:
        super().__init__()
        self._atoms = atoms
        self._make = make

    def __missing__(self, number: int) -> Item:
        item = self[number] = self._make(self._atoms[number])
        return item
