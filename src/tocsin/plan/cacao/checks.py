"""Is this document a CACAO 2.0 playbook that can be run? Reasons to refuse it, and things to know about it.

Refused is what would run wrong or not at all; what is odd but harmless is read with a warning. The rules
follow the specification (sections 2 to 7) and the checks that an engine makes before a run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib.resources import files
from typing import Any

from tocsin.plan.cacao.document import (
    AGENT_TYPES,
    BRANCHING,
    HUMAN,
    IDENTIFIER,
    MAX_STEPS,
    SPEC_VERSION,
    STEP_TYPES,
    VARIABLE,
    WORK,
    command_text,
    mapping,
    references,
)
from tocsin.plan.cacao.shapes import wrong_shapes
from tocsin.plan.yamlfile import read_yaml

_EMAIL = re.compile(r"^[A-Za-z0-9.!#$%&*+/=?^_{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$")
_PHONE = re.compile(r"^\+?[0-9(][0-9().\-/ ]{2,30}(?:\s*(?:x|ext\.?)\s*\d{1,6})?$")
_SECRETS = ("password", "token", "oauth_header")


@dataclass
class Verdict:
    """Why a document is refused, and what to know about it otherwise."""

    reasons: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@cache
def _known(kind: str) -> frozenset[str]:
    text = files("tocsin.plan.cacao").joinpath("known.yaml").read_text(encoding="utf-8")
    return frozenset(read_yaml("known.yaml", text).value[kind])


def check(document: dict[str, Any]) -> Verdict:
    """Judge a whole document."""
    verdict = Verdict()
    _envelope(document, verdict)
    if not verdict.reasons:
        verdict.reasons.extend(wrong_shapes(document))
    if verdict.reasons:
        return verdict
    steps = mapping(document, "workflow")
    for step_id, step in steps.items():
        _step(step_id, step, document, verdict)
    _agents(document, verdict)
    _start(document, steps, verdict)
    _secrets(document, verdict)
    _unknown("the playbook", document, _known("playbook"), verdict)
    if not verdict.reasons:
        _flow(document, steps, verdict)
    return verdict


def _envelope(document: dict[str, Any], verdict: Verdict) -> None:
    if document.get("type") != "playbook":
        verdict.reasons.append(f"its type is {document.get('type')!r}, not 'playbook'")
    version = document.get("spec_version")
    if version != SPEC_VERSION:
        old = " (in version 1 steps and targets look different)" if str(version).startswith("1") else ""
        verdict.reasons.append(f"its spec_version is {version!r}; only '{SPEC_VERSION}' is read{old}")
    for key in ("id", "name", "workflow_start"):
        if not isinstance(document.get(key), str) or not document[key].strip():
            verdict.reasons.append(f"it has no {key}")
    for key in ("created_by", "created", "modified"):
        if not isinstance(document.get(key), str):
            verdict.warnings.append(f"it has no {key}, which CACAO asks for")
    if str(document.get("modified") or "9") < str(document.get("created") or ""):
        verdict.warnings.append("it was modified before it was created")
    if document.get("revoked") is True:
        verdict.warnings.append("its author has revoked it")
    for key in ("id", "created_by"):
        if isinstance(document.get(key), str) and not IDENTIFIER.match(document[key]):
            verdict.warnings.append(f"{key} '{document[key]}' is no CACAO identifier")
    _workflow(document.get("workflow"), verdict)


def _workflow(workflow: Any, verdict: Verdict) -> None:
    if isinstance(workflow, list):
        reason = "its workflow is a list; in CACAO 2.0 it is an object with the steps by their ids"
        ids = [str(s.get("step_uuid", s.get("id"))) for s in workflow if isinstance(s, dict)]
        twice = sorted({i for i in ids if ids.count(i) > 1})
        verdict.reasons.append(reason + (f" (and the id '{twice[0]}' stands there twice)" if twice else ""))
    elif not isinstance(workflow, dict) or not workflow:
        verdict.reasons.append("it has no workflow")
    elif len(workflow) > MAX_STEPS:
        verdict.reasons.append(f"its workflow has {len(workflow)} steps; more than {MAX_STEPS} are not read")
    else:
        strays = [key for key, step in workflow.items() if not isinstance(step, dict)]
        verdict.reasons.extend(f"step '{key}' is no object" for key in strays)


def _step(step_id: str, step: dict[str, Any], document: dict[str, Any], verdict: Verdict) -> None:
    kind, workflow = step.get("type"), document["workflow"]
    if kind not in STEP_TYPES:
        verdict.reasons.append(f"step '{step_id}' has the type {kind!r}, which CACAO 2.0 does not know")
        return
    if not step_id.startswith(f"{kind}--") or not IDENTIFIER.match(step_id):
        verdict.warnings.append(f"the id of step '{step_id}' does not follow its type '{kind}'")
    for key, target in references(step):
        if target not in workflow:
            verdict.reasons.append(f"step '{step_id}' leads to '{target}' ({key}), which does not exist")
    _successors(step_id, step, verdict)
    if kind == "action":
        _action(step_id, step, document, verdict)
    if kind == "playbook-action" and not isinstance(step.get("playbook_id"), str):
        verdict.reasons.append(f"step '{step_id}' runs another playbook but does not say which")
    known = _known("step") | (_known(kind) if kind in (*WORK, *BRANCHING) else frozenset())
    _unknown(f"step '{step_id}'", step, known, verdict)
    for name in step.get("step_variables") or {}:
        if not VARIABLE.match(str(name)):
            verdict.warnings.append(f"'{name}' in step '{step_id}' is no name for a variable")


def _successors(step_id: str, step: dict[str, Any], verdict: Verdict) -> None:
    kind, leads = step["type"], {key for key, _ in references(step)}
    after = leads & {"on_completion", "on_success", "on_failure"}
    if "on_completion" in after and len(after) > 1:
        verdict.reasons.append(
            f"step '{step_id}' has on_completion beside {', '.join(sorted(after - {'on_completion'}))};"
            " nobody can tell which one holds"
        )
    if kind == "end" and leads:
        verdict.reasons.append(f"the end step '{step_id}' leads on to another step")
    if kind in ("start", *WORK) and not after & {"on_completion", "on_success"}:
        verdict.reasons.append(f"step '{step_id}' is followed by nothing: its branch has no end")
    if kind in ("if-condition", "while-condition"):
        if not isinstance(step.get("condition"), str) or "on_true" not in leads:
            verdict.reasons.append(f"step '{step_id}' needs a condition and a step for when it is true")
    elif kind == "switch-condition" and not (isinstance(step.get("switch"), str) and step.get("cases")):
        verdict.reasons.append(f"step '{step_id}' needs a switch and cases")
    elif kind == "parallel":
        branches = step.get("next_steps")
        if not isinstance(branches, list) or not branches:
            verdict.reasons.append(f"the parallel step '{step_id}' has no branches")
        elif len(branches) < 2:
            verdict.warnings.append(f"the parallel step '{step_id}' has only one branch")
    if kind in BRANCHING and not after & {"on_completion", "on_success"}:
        verdict.warnings.append(f"step '{step_id}' does not say what follows its branches; they are the end")


def _action(step_id: str, step: dict[str, Any], document: dict[str, Any], verdict: Verdict) -> None:
    commands = step.get("commands")
    if not isinstance(commands, list) or not all(isinstance(c, dict) for c in commands) or not commands:
        verdict.reasons.append(f"the action '{step_id}' has no commands: there is nothing to do")
        commands = []
    for command in commands:
        kind = command.get("type")
        if kind not in _known("commands"):
            verdict.warnings.append(f"step '{step_id}' uses the command type {kind!r}, which CACAO does not know")
        try:
            empty = not command_text(command)
        except ValueError as error:
            verdict.reasons.append(f"a command of step '{step_id}' cannot be read: {error}")
            continue
        if kind == "manual" and empty:
            verdict.reasons.append(f"the manual command of step '{step_id}' says nothing")
    agents = mapping(document, "agent_definitions")
    if not isinstance(step.get("agent"), str):
        verdict.reasons.append(f"the action '{step_id}' names no agent: nobody does it")
    elif step["agent"] not in agents:
        verdict.reasons.append(f"the agent '{step['agent']}' of step '{step_id}' is not defined: nobody does it")
    targets = mapping(document, "target_definitions") | agents
    for target in step.get("targets") or []:
        if target not in targets:
            verdict.reasons.append(f"the target '{target}' of step '{step_id}' is not defined")


def _agents(document: dict[str, Any], verdict: Verdict) -> None:
    for part in ("agent_definitions", "target_definitions"):
        for key, agent in mapping(document, part).items():
            kind, prefix = agent.get("type"), key.rpartition("--")[0]
            if not isinstance(kind, str) or not isinstance(agent.get("name"), str):
                verdict.reasons.append(f"'{key}' in {part} needs a type and a name")
                continue
            if prefix in AGENT_TYPES and kind != prefix:
                verdict.reasons.append(f"'{key}' in {part} says it is of type '{kind}', its id says '{prefix}'")
            elif kind not in AGENT_TYPES:
                verdict.warnings.append(f"'{agent['name']}' is of type '{kind}', which CACAO does not know")
            if not IDENTIFIER.match(key):
                verdict.warnings.append(f"'{key}' in {part} is no CACAO identifier")
            info = agent.get("authentication_info")
            if info is not None and str(info) not in mapping(document, "authentication_info_definitions"):
                verdict.warnings.append(f"'{agent['name']}' signs in with '{info}', which is not defined")
            if kind in HUMAN:
                _unknown(f"'{agent['name']}'", agent, _known("agent") | _known("human"), verdict)
                _contact(agent, verdict)


def _contact(agent: dict[str, Any], verdict: Verdict) -> None:
    contact = agent.get("contact")
    if not isinstance(contact, dict):
        return
    for kind, form in (("email", _EMAIL), ("phone", _PHONE)):
        addresses = contact.get(kind)
        for label, address in addresses.items() if isinstance(addresses, dict) else []:
            # A reference to a variable is filled in when the playbook runs.
            if str(address).startswith("__") or form.match(str(address)):
                continue
            verdict.reasons.append(f"the {kind} address {address!r} ({label}) of '{agent['name']}' is none")


def _start(document: dict[str, Any], steps: dict[str, dict[str, Any]], verdict: Verdict) -> None:
    start = document["workflow_start"]
    if start not in steps:
        verdict.reasons.append(f"it starts with '{start}', which does not exist")
    elif steps[start].get("type") != "start":
        verdict.warnings.append(f"it starts with a step of type '{steps[start].get('type')}' and not with a start step")
    exception = document.get("workflow_exception")
    if exception is not None and exception not in steps:
        verdict.warnings.append(f"workflow_exception names '{exception}', which does not exist; no step is lost by it")
    if not any(step.get("type") in WORK for step in steps.values()):
        verdict.reasons.append("it has nothing to do: there is no action among its steps")


def _secrets(document: dict[str, Any], verdict: Verdict) -> None:
    for key, info in mapping(document, "authentication_info_definitions").items():
        held = [name for name in _SECRETS if info.get(name)]
        if held:
            verdict.warnings.append(
                f"'{key}' holds a secret ({', '.join(held)}) that would be kept in the plan as it is;"
                " change it there, and keep secrets in a key store"
            )


def _unknown(what: str, given: dict[str, Any], known: frozenset[str], verdict: Verdict) -> None:
    strange = sorted(set(given) - known)
    if strange:
        verdict.warnings.append(f"{what} has properties that CACAO does not know, which are kept: {', '.join(strange)}")


def _flow(document: dict[str, Any], steps: dict[str, dict[str, Any]], verdict: Verdict) -> None:
    graph = {step_id: [target for _, target in references(step)] for step_id, step in steps.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        ring = list(reversed(error.args[1]))
        verdict.reasons.append(f"its steps run in a circle without an end: {' -> '.join(ring)}")
        return
    reached: set[str] = set()
    waiting = [document["workflow_start"], document.get("workflow_exception")]
    while waiting:
        step_id = waiting.pop()
        if step_id in graph and step_id not in reached:
            reached.add(step_id)
            waiting.extend(graph[step_id])
    verdict.warnings.extend(f"step '{step_id}' is never reached" for step_id in steps if step_id not in reached)
    if not any(steps[step_id]["type"] == "end" for step_id in reached):
        verdict.reasons.append("no path reaches an end step")
