"""The workflow of a CACAO document as what a plan says: which step needs which, and under what condition.

Branches of a parallel, if, while or switch step finish in end steps; then the branching step's own successor
goes on. So the graph gets an edge from each of those ends to that successor, under the condition that held
before the branching; everything else follows from walking that graph once, in order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import Any

from tocsin.plan.cacao.document import BRANCHING, WORK
from tocsin.plan.conditions import ConditionError, parse
from tocsin.plan.facts import FAILED, VARIABLE

_SIMPLE = re.compile(r"^\s*__([A-Za-z_][A-Za-z0-9_-]*?)__(?::value)?\s*(=|!=|<=|>=|<|>)\s*(.+?)\s*$")
_BARE = re.compile(r"^[A-Za-z0-9_.:+-]+$")


@dataclass(frozen=True)
class Edge:
    """One way to a step. `given` names the step whose condition holds there, if not the source's."""

    source: str
    label: str = ""
    given: str = ""


@dataclass
class Place:
    """Where a step stands: the work that has to be done before it, and the condition in the plan's words."""

    needs: list[str] = field(default_factory=list)
    when: str = ""


class Flow:
    """Places of all steps that can be reached, in an order in which they can be done."""

    def __init__(self, document: dict[str, Any], names: dict[str, str]) -> None:
        self.steps: dict[str, dict[str, Any]] = document["workflow"]
        self.names = names
        self.judged: dict[str, str] = {}
        self.edges: dict[str, list[Edge]] = {}
        self._exits: dict[str, set[str]] = {}
        self._exits_of(document["workflow_start"])
        self.places = self._walk(document["workflow_start"])

    def _exits_of(self, step_id: str) -> set[str]:
        """The end steps in which the path from here finishes; adds the edges on the way."""
        if step_id in self._exits:
            return self._exits[step_id]
        step = self.steps[step_id]
        follows = step.get("on_completion") or step.get("on_success")
        exits: set[str] = set()
        if step["type"] == "end":
            exits = {step_id}
        elif step["type"] in BRANCHING:
            for target, label in self._branches(step_id, step):
                self.edges.setdefault(target, []).append(Edge(step_id, label))
                exits |= self._exits_of(target)
            if follows:
                exits = self._go_on(step_id, step, follows, exits)
        elif follows:
            self.edges.setdefault(follows, []).append(Edge(step_id))
            exits |= self._exits_of(follows)
        failure = step.get("on_failure")
        if failure:
            label = f"{FAILED}{self.names[step_id]}" if step_id in self.names else ""
            self.edges.setdefault(failure, []).append(Edge(step_id, label))
            exits |= self._exits_of(failure)
        self._exits[step_id] = exits
        return exits

    def _go_on(self, step_id: str, step: dict[str, Any], follows: str, exits: set[str]) -> set[str]:
        edges = self.edges.setdefault(follows, [])
        edges.extend(Edge(end, given=step_id) for end in sorted(exits))
        if step["type"] in ("if-condition", "while-condition", "switch-condition"):
            edges.append(Edge(step_id, given=step_id))
        return self._exits_of(follows)

    def _branches(self, step_id: str, step: dict[str, Any]) -> list[tuple[str, str]]:
        kind = step["type"]
        if kind == "parallel":
            return [(str(target), "") for target in step["next_steps"]]
        if kind == "switch-condition":
            return [
                (str(target), self._case(step_id, str(step["switch"]), str(case), list(step["cases"])))
                for case, target in step["cases"].items()
            ]
        condition = self._condition(step_id, str(step["condition"]))
        found = [(str(step["on_true"]), condition)]
        if step.get("on_false"):
            found.append((str(step["on_false"]), f"not {_closed(condition)}"))
        return found

    def _condition(self, step_id: str, text: str) -> str:
        found = _SIMPLE.match(text)
        if found:
            value = found[3].strip("'\"")
            written = value if _BARE.match(value) else f"'{value}'"
            condition = f"{VARIABLE}{variable_fact(found[1])} {found[2]} {written}"
            try:
                parse(condition)
            except ConditionError:
                pass
            else:
                return condition
        return self._judge(f"{VARIABLE}{variable_fact(self._name(step_id))}", step_id, text)

    def _case(self, step_id: str, switch: str, case: str, cases: list[str]) -> str:
        fact = f"{VARIABLE}{variable_fact(switch.removesuffix(':value').strip('_'))}"
        if case == "default":
            others = ", ".join(f"'{c}'" for c in cases if c != "default" and "'" not in c)
            return f"not {fact} in ({others})" if others else ""
        if "'" in case:
            return self._judge(f"{fact}-{variable_fact(case)}", step_id, f"{switch} is {case}")
        return f"{fact} = '{case}'"

    def _judge(self, fact: str, step_id: str, asked: str) -> str:
        """A question that the plan's conditions cannot put: a fact that a person has to set."""
        self.judged[fact] = f"step '{step_id}' asks \"{asked}\": a person has to set the fact '{fact}'"
        return fact

    def _name(self, step_id: str) -> str:
        return str(self.steps[step_id].get("name") or step_id)

    def _walk(self, start: str) -> dict[str, Place]:
        graph: dict[str, set[str]] = {start: set()}
        for target, edges in self.edges.items():
            graph.setdefault(target, set()).update(edge.source for edge in edges)
            graph[target].update(edge.given for edge in edges if edge.given)
        places: dict[str, Place] = {}
        for step_id in TopologicalSorter(graph).static_order():
            places[step_id] = self._place(step_id, places)
        return places

    def _place(self, step_id: str, places: dict[str, Place]) -> Place:
        place, ways = Place(), []
        for edge in self.edges.get(step_id, []):
            before = places[edge.source]
            # Work that failed is not done, so nothing can wait for it.
            done = self.steps[edge.source]["type"] in WORK and not edge.label.startswith(FAILED)
            needs = [edge.source] if done else before.needs
            place.needs.extend(need for need in needs if need not in place.needs)
            way = places[edge.given].when if edge.given else _both(before.when, edge.label)
            ways.append(way)
        if ways and all(ways):
            unique = list(dict.fromkeys(ways))
            place.when = unique[0] if len(unique) == 1 else " or ".join(_closed(way) for way in unique)
        return place


def variable_fact(name: str) -> str:
    """The name of a CACAO variable as the plan's facts write it: 'Host Name' -> 'host-name'."""
    return re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-_") or "unnamed"


def _both(first: str, second: str) -> str:
    if first and second:
        return f"{_closed(first)} and {_closed(second)}"
    return first or second


def _closed(condition: str) -> str:
    return f"({condition})" if " " in condition else condition
