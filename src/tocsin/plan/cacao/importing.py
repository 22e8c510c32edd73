"""A CACAO 2.0 document to a playbook of the plan. What the plan has no word for is kept for the way out."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from tocsin.plan.cacao.checks import check
from tocsin.plan.cacao.document import EXTENSION, HUMAN, WORK, CacaoError, command_text, mapping, slug
from tocsin.plan.cacao.flow import Flow, Place
from tocsin.plan.cacao.terms import manual_command
from tocsin.plan.models import Playbook, Step
from tocsin.plan.offset import Offset

KEPT = "cacao"
DEFAULT_ROLE = "incident-manager"


@dataclass(frozen=True)
class CacaoImport:
    """The playbook, and what a person should know about how it was read."""

    playbook: Playbook
    warnings: list[str] = field(default_factory=list)


def import_playbook(document: dict[str, Any], default_role: str = DEFAULT_ROLE) -> CacaoImport:
    """Read a CACAO 2.0 document; raises CacaoError with the reasons when it has to be refused.

    Each action becomes a step: what a start, a branch or a loop says becomes `needs` and `when`. Steps done
    by a person, group or organization get a role of that name; those done by machines go to `default_role`,
    because nothing in a foreign document is run here. The whole document is kept in the `extensions` of the
    playbook and its steps, so that exporting it again gives every property back.
    """
    verdict = check(document)
    if verdict.reasons:
        raise CacaoError(verdict.reasons)
    try:
        return _Import(copy.deepcopy(document), default_role, verdict.warnings).read()
    except ValidationError as error:
        places = [(".".join(map(str, detail["loc"])), detail["msg"]) for detail in error.errors()]
        raise CacaoError(f"the playbook that it makes is none: {place}: {what}" for place, what in places) from None


def work_ids(document: dict[str, Any]) -> list[str]:
    """The ids of the steps that are work, in the order of the document."""
    return [step_id for step_id, step in mapping(document, "workflow").items() if step["type"] in WORK]


def instructions(step: dict[str, Any]) -> str:
    """What a person reads for a piece of work: its description, then each command, nothing twice."""
    if step["type"] == "playbook-action":
        return f"Run the playbook {step['playbook_id']}."
    texts = [str(step.get("description") or "")]
    for command in step["commands"]:
        text = command_text(command)
        kind = command.get("type")
        texts.append(text if kind == "manual" else f"Run ({kind}): {text}".rstrip(": "))
    return "\n\n".join(dict.fromkeys(text.strip() for text in texts if text.strip()))


class _Import:
    """One document on its way in."""

    def __init__(self, document: dict[str, Any], default_role: str, warnings: list[str]) -> None:
        self.document, self.default_role, self.warnings = document, default_role, list(warnings)
        self.steps = mapping(document, "workflow")
        self.names = self._step_names()
        self.flow = Flow(document, self.names)

    def read(self) -> CacaoImport:
        steps = [self._step(step_id, place) for step_id, place in self.flow.places.items() if step_id in self.names]
        for step_id, step in self.steps.items():
            if step["type"] == "while-condition":
                self.warnings.append(f"the loop '{step_id}' is read once; a person repeats it while it holds")
        asked = " ".join(str(step.get("when", "")) for step in steps)
        self.warnings += [what for fact, what in self.flow.judged.items() if fact in asked]
        ours = mapping(self.document, "playbook_extensions").get(EXTENSION, {})
        values: dict[str, Any] = {
            "id": ours.get("id") or slug(str(self.document["name"]), "imported"),
            "title": self.document["name"],
            "summary": str(self.document.get("description") or ""),
            "severity": ours.get("severity") or _severity(self.document.get("severity")),
            "fits": ours.get("fits") or {},
            "steps": steps,
            "extensions": {KEPT: self._kept()},
        }
        return CacaoImport(Playbook.model_validate(values), self.warnings)

    def _kept(self) -> dict[str, Any]:
        """The document without its work, which is kept step by step, and which step each work is.

        Work that is never reached becomes no step, so it stays in the document.
        """
        made = self.names.keys() & self.flow.places.keys()
        rest = {step_id: step for step_id, step in self.document["workflow"].items() if step_id not in made}
        return {"document": {**self.document, "workflow": rest}, "steps": dict(self.names)}

    def _step_names(self) -> dict[str, str]:
        names: dict[str, str] = {}
        for step_id in work_ids(self.document):
            step = self.steps[step_id]
            wanted = self._ours(step).get("id") or slug(str(step.get("name") or ""), step["type"])
            name, count = wanted, 1
            while name in names.values():
                count += 1
                name = f"{wanted}-{count}"
            names[step_id] = name
        return names

    def _ours(self, step: dict[str, Any]) -> dict[str, Any]:
        return mapping(step, "step_extensions").get(EXTENSION, {})

    def _step(self, step_id: str, place: Place) -> dict[str, Any]:
        step = self.steps[step_id]
        self._note_machines(step_id, step)
        needs = [self.names[need] for need in place.needs]
        values: dict[str, Any] = {
            "id": self.names[step_id],
            "title": str(step.get("name") or step_id),
            "needs": needs,
            "when": place.when,
            "do": instructions(step),
            "done_when": self._proof(step),
            "due": _due(step.get("timeout"), needs),
            "extensions": {KEPT: {"id": step_id, "step": step}},
        }
        ours = self._ours(step)
        if "role" not in ours:
            role = self._role(step_id, step)
            values["extensions"][KEPT]["role"] = role
            return {**values, "role": role}
        exact = {key: values[key] for key in ("id", "title", "extensions")}
        ours = {**exact, **ours, "id": self.names[step_id]}
        return self._edited(step, ours, str(values["do"]))

    def _edited(self, step: dict[str, Any], ours: dict[str, Any], text: str) -> dict[str, Any]:
        """A step of our own export, with the instructions of its command if somebody changed that."""
        commands = [command_text(c) for c in step.get("commands") or [] if c.get("type") == "manual"]
        if commands != [manual_command(Step.model_validate(ours))]:
            ours["do"] = commands[0] if len(commands) == 1 else text
        return ours

    def _note_machines(self, step_id: str, step: dict[str, Any]) -> None:
        if step["type"] == "playbook-action":
            self.warnings.append(f"step '{step_id}' runs another playbook; a person starts it")
        for command in step.get("commands") or []:
            if command.get("type") != "manual":
                self.warnings.append(f"step '{step_id}' has a command for {command.get('type')}; a person runs it")

    def _proof(self, step: dict[str, Any]) -> str:
        answers = [str(name).strip("_").replace("_", " ") for name in step.get("out_args") or []]
        return f"The answer is recorded: {', '.join(answers)}." if answers else ""

    def _role(self, step_id: str, step: dict[str, Any]) -> str:
        agents = mapping(self.document, "agent_definitions")
        targets = mapping(self.document, "target_definitions") | agents
        named = [agents.get(str(step.get("agent")), {})]
        named += [targets.get(str(target), {}) for target in step.get("targets") or []]
        person = next((agent for agent in named if agent.get("type") in HUMAN), None)
        if person is None:
            return self.default_role
        role = slug(str(person["name"]), self.default_role)
        self.warnings.append(f"step '{step_id}' is done by '{person['name']}': the plan needs the role '{role}'")
        return role


def _due(timeout: Any, needs: list[str]) -> dict[str, Any] | None:
    """A CACAO timeout (ms from the start of the step) as a due time, in whole minutes and rounded up."""
    if not isinstance(timeout, int) or isinstance(timeout, bool) or timeout <= 0:
        return None
    minutes = min(-(-timeout // 60_000), 99_999)
    due: dict[str, Any] = {"within": Offset(elapsed=timedelta(minutes=minutes))}
    if len(needs) == 1:
        due["after_step"] = needs[0]
    return due


def _severity(value: Any) -> int:
    """CACAO counts to 100 (worst), the plan from 1 (worst) to 4; unspecified is 3."""
    if not isinstance(value, int) or value <= 0:
        return 3
    return max(1, 4 - (value - 1) // 25)
