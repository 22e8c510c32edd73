"""The needs of a playbook as a CACAO workflow: a chain of layers, each one step or a parallel step."""

from __future__ import annotations

from typing import Any

from tocsin.plan.cacao.document import identifier
from tocsin.plan.cacao.terms import stix
from tocsin.plan.flow import condition_of, in_order
from tocsin.plan.models import Playbook, Step

Actions = dict[str, tuple[str, dict[str, Any]]]


def lay_out(playbook: Playbook, scope: tuple[str, ...], actions: Actions) -> dict[str, dict[str, Any]]:
    """The workflow, start step first. `actions` holds (id, step without successors) for each step id."""
    return _Layout(playbook, scope, actions).workflow()


class _Layout:
    def __init__(self, playbook: Playbook, scope: tuple[str, ...], actions: Actions) -> None:
        self.playbook, self.scope, self.actions = playbook, scope, actions
        self.steps: dict[str, dict[str, Any]] = {}

    def workflow(self) -> dict[str, dict[str, Any]]:
        start, end = identifier("start", *self.scope), self.end("all")
        self.steps = {start: {"type": "start"}}
        before = self.steps[start]
        for number, layer in enumerate(self.layers()):
            head, last = self.layer(number, layer)
            before["on_completion"] = head
            before = last
        before["on_completion"] = end
        self.steps[end] = {"type": "end"}
        return self.steps

    def layers(self) -> list[list[Step]]:
        """Steps by how long a chain of needs stands before them; unknown needs do not count."""
        depth: dict[str, int] = {}
        found: list[list[Step]] = []
        for step in in_order(self.playbook):
            depth[step.id] = max((depth[need] + 1 for need in step.needs if need in depth), default=0)
            while len(found) <= depth[step.id]:
                found.append([])
            found[depth[step.id]].append(step)
        return found

    def layer(self, number: int, layer: list[Step]) -> tuple[str, dict[str, Any]]:
        """The id of the layer's first step, and the step that the next layer follows."""
        if len(layer) == 1:
            return self.branch(layer[0])
        head = identifier("parallel", *self.scope, str(number))
        parallel: dict[str, Any] = {"type": "parallel", "next_steps": []}
        self.steps[head] = parallel
        for step in layer:
            first, last = self.branch(step)
            parallel["next_steps"].append(first)
            self.close(last, f"branch {step.id}")
        return head, parallel

    def branch(self, step: Step) -> tuple[str, dict[str, Any]]:
        """One step, inside an if step when it has a condition."""
        action_id, action = self.actions[step.id]
        condition = condition_of(step)
        if condition is None:
            self.steps[action_id] = action
            return action_id, action
        head = identifier("if-condition", *self.scope, step.id)
        question: dict[str, Any] = {
            "type": "if-condition",
            "condition": stix(condition),
            "on_true": action_id,
        }
        self.steps[head] = question
        self.steps[action_id] = action
        self.close(action, f"if {step.id}")
        return head, question

    def close(self, step: dict[str, Any], name: str) -> None:
        """Let a branch finish in an end step of its own."""
        end = self.end(name)
        step["on_completion"] = end
        self.steps[end] = {"type": "end"}

    def end(self, name: str) -> str:
        return identifier("end", *self.scope, name)
