"""A playbook of the plan to a CACAO 2.0 document that validates against the OASIS schemas.

A step becomes an action with one manual command; its role's holder is the agent; a due time becomes a
timeout; a condition becomes an if step; a decision leaves its answer in a variable. Steps that need each
other follow in layers: those of one layer are branches of a parallel step. What CACAO has no word for (exact
needs, anchors, proof, decision options) stands in our own extension. Only telephone numbers and mail
addresses of contacts go out: other addresses may hold access tokens.
"""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

from tocsin.plan.cacao.document import EXTENSION, CacaoError, identifier
from tocsin.plan.cacao.importing import KEPT, import_playbook, instructions
from tocsin.plan.cacao.layers import lay_out
from tocsin.plan.cacao.terms import fact_variable, manual_command, variable_type
from tocsin.plan.facts import DECISION, known_facts
from tocsin.plan.flow import condition_of
from tocsin.plan.models import Contact, Plan, Playbook, Step, StepKind
from tocsin.plan.names import contact_name, role_name

_EXTENSION_MEANS = (
    "What a Tocsin plan says about a playbook and its steps beyond CACAO: exact needs, anchors of due times, "
    "conditions on facts, proof, decisions, messages. Layers of the workflow wait for each other as a whole; "
    "`needs` says what a step really waits for."
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OWN_FIELDS = ("title", "extensions")
_AGENT_KINDS = {"person": "individual", "team": "group", "organization": "organization"}


def export_playbook(plan: Plan, playbook: Playbook, at: datetime | None = None) -> dict[str, Any]:
    """The playbook as a CACAO 2.0 document; the same plan and time always give the same document.

    `at` (aware) becomes created and modified; without it both are 1970-01-01, because a library has no clock.
    A playbook that was imported from CACAO and not changed since comes out exactly as it came in; one that
    was changed keeps its identity and every property that the change does not touch. Raises CacaoError when
    `at` has no time zone.
    """
    if at is not None and at.tzinfo is None:
        raise CacaoError(["the time of export has no time zone"])
    kept = playbook.extensions.get(KEPT)
    if isinstance(kept, dict) and isinstance(kept.get("document"), dict):
        return _again(plan, playbook, kept, at)
    return _Export(plan, playbook, at or EPOCH).document()


def _again(plan: Plan, playbook: Playbook, kept: dict[str, Any], at: datetime | None) -> dict[str, Any]:
    """An imported playbook: the original where nothing changed, else a new flow around what was kept."""
    original: dict[str, Any] = copy.deepcopy(kept["document"])
    for step in playbook.steps:
        own = step.extensions.get(KEPT)
        if isinstance(own, dict) and isinstance(own.get("step"), dict):
            original["workflow"][own["id"]] = copy.deepcopy(own["step"])
    try:
        before = import_playbook(original).playbook
    except CacaoError:
        before = None  # a step was taken out, and others still lead to it
    if before == playbook:
        return original
    fresh = _Export(plan, playbook, at or EPOCH).document()
    return _merged(original, fresh)


def _merged(original: dict[str, Any], fresh: dict[str, Any]) -> dict[str, Any]:
    """The new flow, with everything else that the original said."""
    merged = {**original, **{key: fresh[key] for key in ("name", "workflow_start", "workflow", "modified")}}
    merged.pop("workflow_exception", None)
    for key in ("description", "severity"):
        if key in fresh:
            merged[key] = fresh[key]
    for key in ("agent_definitions", "extension_definitions", "playbook_extensions", "playbook_variables"):
        if key in fresh:
            merged[key] = {**original.get(key, {}), **fresh[key]}
    merged["modified"] = max(str(original.get("modified", "")), fresh["modified"])
    return merged


class _Export:
    """One playbook on its way out."""

    def __init__(self, plan: Plan, playbook: Playbook, at: datetime) -> None:
        self.plan, self.playbook = plan, playbook
        self.time = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
        self.scope = (plan.organization.name, playbook.id)
        self.author = identifier("identity", plan.organization.name)

    def document(self) -> dict[str, Any]:
        actions = {step.id: (self.step_id(step), self.action(step)) for step in self.playbook.steps}
        workflow = lay_out(self.playbook, self.scope, actions)
        summary = {"manual_playbook": True, "extensions": True}
        kinds = {step["type"] for step in workflow.values()}
        summary |= {"parallel_processing": True} if "parallel" in kinds else {}
        summary |= {"if_logic": True} if "if-condition" in kinds else {}
        document: dict[str, Any] = {
            "type": "playbook",
            "spec_version": "cacao-2.0",
            "id": identifier("playbook", *self.scope),
            "name": self.playbook.title,
            "created_by": self.author,
            "created": self.time,
            "modified": self.time,
            "severity": 125 - 25 * self.playbook.severity,
            "playbook_processing_summary": summary,
            "workflow_start": next(iter(workflow)),
            "workflow": workflow,
            "agent_definitions": dict(self.agent(step) for step in self.playbook.steps if not _keeps_agent(step)),
            "playbook_extensions": {EXTENSION: self.playbook_extension()},
            "extension_definitions": {EXTENSION: self.definition()},
        }
        variables = self.variables()
        optional = {
            "description": self.playbook.summary,
            "labels": list(self.playbook.fits.words),
            "external_references": [
                {"name": "mitre-attack", "external_id": technique} for technique in self.playbook.fits.techniques
            ],
            "playbook_variables": variables,
        }
        document |= {key: value for key, value in optional.items() if value}
        return {key: value for key, value in document.items() if value != {}}

    def step_id(self, step: Step) -> str:
        kept = step.extensions.get(KEPT)
        if isinstance(kept, dict) and "id" in kept:
            return str(kept["id"])
        return identifier("action", *self.scope, step.id)

    def action(self, step: Step) -> dict[str, Any]:
        """The CACAO step, without what follows it."""
        own = step.model_dump(mode="json", by_alias=True, exclude=set(_OWN_FIELDS), exclude_defaults=True)
        original = _original(step)
        action: dict[str, Any] = {**original} if original else self.fresh_action(step)
        for key in ("on_completion", "on_success", "on_failure"):
            action.pop(key, None)
        action["name"] = step.title
        if original:
            self.edited(step, action)
        if not _keeps_agent(step) and "agent" in action:
            action["agent"] = self.agent(step)[0]
        if step.due is not None and step.due.within.elapsed:
            rounded = int(step.due.within.elapsed.total_seconds()) * 1000
            if not (original and -(-int(original.get("timeout") or 0) // 60_000) * 60_000 == rounded):
                action["timeout"] = rounded
        elif original and step.due is None:
            action.pop("timeout", None)
        action["step_extensions"] = {**(original or {}).get("step_extensions", {}), EXTENSION: own}
        return action

    def fresh_action(self, step: Step) -> dict[str, Any]:
        command = {"type": "manual", "command": manual_command(step)}
        if step.kind in (StepKind.COMMUNICATION, StepKind.NOTIFICATION):
            command["playbook_activity"] = "deliver-content"
        action: dict[str, Any] = {
            "type": "action",
            "commands": [command],
            "agent": self.agent(step)[0],
            "owner": identifier("identity", self.plan.organization.name, step.role),
        }
        if step.done_when:
            action["description"] = f"Done when: {step.done_when}"
        if step.decision:
            action["out_args"] = [fact_variable(DECISION + step.id)]
        return action

    def edited(self, step: Step, action: dict[str, Any]) -> None:
        """Put changed instructions where a reader of CACAO looks for them."""
        if step.instructions == instructions(action):
            return
        if len(action.get("commands", [])) == 1 and action["commands"][0].get("type") == "manual":
            command = {k: v for k, v in action["commands"][0].items() if k != "command_b64"}
            action["commands"] = [{**command, "command": step.instructions}]
            action.pop("description", None)
        else:
            action["description"] = step.instructions

    def agent(self, step: Step) -> tuple[str, dict[str, Any]]:
        """The definition of who does a step: its role's holder, or the empty seat."""
        role = self.plan.roles.get(step.role)
        contact = self.plan.contacts.get((role.holder if role else None) or "")
        title = role_name(self.plan, step.role)
        if contact is None:
            return identifier("group", *self.scope, step.role), {"type": "group", "name": title}
        kind = _AGENT_KINDS[contact.kind]
        name = contact_name(self.plan, role.holder if role else None)
        agent: dict[str, Any] = {"type": kind, "name": name, "description": title}
        reached = _reached(contact)
        if reached:
            agent["contact"] = reached
        return identifier(kind, *self.scope, step.role), agent

    def variables(self) -> dict[str, Any]:
        """Every fact that a condition asks for, and every answer that a decision gives."""
        found: dict[str, Any] = {}
        for step in self.playbook.steps:
            condition = condition_of(step)
            for name in sorted(condition.facts) if condition else ():
                fact = self.plan.facts.get(name) or known_facts().get(name)
                kind = variable_type(fact.kind) if fact else "string"
                found.setdefault(fact_variable(name), {"type": kind, "description": fact.means if fact else name})
        for step in self.playbook.steps:
            if step.decision:
                options = ", ".join(option.id for option in step.decision.options)
                text = f"{step.decision.question} One of: {options}"
                found[fact_variable(DECISION + step.id)] = {"type": "string", "description": text}
        return found

    def playbook_extension(self) -> dict[str, Any]:
        fits = self.playbook.fits.model_dump(mode="json", exclude_defaults=True)
        own: dict[str, Any] = {"id": self.playbook.id, "severity": self.playbook.severity}
        return {**own, "fits": fits} if fits else own

    def definition(self) -> dict[str, Any]:
        return {
            "type": "extension-definition",
            "name": "Tocsin plan",
            "description": _EXTENSION_MEANS,
            "created_by": self.author,
            "schema": "Properties of a step and of a playbook as in Tocsin's playbook.schema.json.",
            "version": "1.0.0",
        }


def _original(step: Step) -> dict[str, Any] | None:
    kept = step.extensions.get(KEPT)
    original = kept.get("step") if isinstance(kept, dict) else None
    return copy.deepcopy(original) if isinstance(original, dict) else None


def _keeps_agent(step: Step) -> bool:
    """Whether an imported step is still done by whom its document named."""
    original, kept = _original(step), step.extensions.get(KEPT)
    if original is None or not isinstance(kept, dict):
        return False
    ours = original.get("step_extensions", {}).get(EXTENSION, {})
    return bool(step.role == kept.get("role", ours.get("role")))


def _reached(contact: Contact) -> dict[str, Any]:
    found: dict[str, dict[str, str]] = {}
    for method in contact.methods:
        for scheme, kind in (("mailto:", "email"), ("tel:", "phone")):
            if method.url.startswith(scheme):
                numbered = found.setdefault(kind, {})
                numbered["work" if not numbered else f"work-{len(numbered) + 1}"] = method.url.removeprefix(scheme)
    return dict(found)
