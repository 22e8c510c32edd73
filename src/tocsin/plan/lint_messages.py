"""Lint of messages and facts: what is asked for and unknown, what reaches nobody, what nobody uses."""

from __future__ import annotations

import re

from tocsin.plan.comms_models import Approvals
from tocsin.plan.facts import PLACEHOLDER, known_facts, placeholders
from tocsin.plan.flow import condition_of
from tocsin.plan.lint_view import View, near
from tocsin.plan.load import PLAN
from tocsin.plan.models import Message

_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_BRACES = re.compile(r"\{\{|\}\}")

SENT_BY_TOCSIN = frozenset({"duty-card"})
"""Messages that no step has to name: whoever takes a seat gets its duty card."""


def check_messages(view: View) -> None:
    """Each message, then what the plan declares and nobody uses."""
    sent = {step.message for playbook in view.plan.playbooks.values() for step in playbook.steps}
    asked: set[str] = set()
    for key, (file, message) in view.reading.messages.items():
        asked.update(name for _, name in placeholders(message.body))
        _message(view, file, message)
        if key not in sent and key not in SENT_BY_TOCSIN:
            view.add("unused-message", file, ("title",), f"no step sends the message '{key}'")
    _audiences(view)
    _facts(view, asked)


def _message(view: View, file: str, message: Message) -> None:
    if message.audience is not None and message.audience not in view.plan.audiences:
        what = f"'{message.audience}' is no audience of this plan{near(message.audience, view.plan.audiences)}"
        view.add("unknown-audience", file, ("audience",), what)
    if message.approvals:
        _reviewer(view, file, ("approvals", "reviewer"), message.approvals)
    offset = view.reading.body_lines[file]
    if not message.body.strip():
        view.add_at("empty-message", file, offset, f"the message '{message.id}' has no text")
    for line, name in placeholders(message.body):
        if not _NAME.match(name):
            view.add_at("bad-placeholder", file, offset + line - 1, f"'{{{{ {name} }}}}' names no fact")
        elif view.fact(name) is None:
            what = f"the message asks for the fact '{name}', which is not known{view.fact_hint(name)}"
            view.add_at("unknown-fact", file, offset + line - 1, what)
    bare = PLACEHOLDER.sub(lambda found: "\n" * found[0].count("\n"), message.body)
    for stray in _BRACES.finditer(bare):
        line = bare.count("\n", 0, stray.start())
        view.add_at("bad-placeholder", file, offset + line, f"'{stray[0]}' stands alone")


def _reviewer(view: View, file: str, path: tuple[str | int, ...], approvals: Approvals) -> None:
    if approvals.reviewer is not None and approvals.reviewer not in view.plan.roles:
        what = f"the reviewer '{approvals.reviewer}' is no role of this plan{near(approvals.reviewer, view.plan.roles)}"
        view.add("unknown-role", file, path, what)


def _audiences(view: View) -> None:
    for key, audience in view.plan.audiences.items():
        if audience.approvals:
            _reviewer(view, PLAN, ("audiences", key, "approvals", "reviewer"), audience.approvals)
    used = {message.audience for message in view.plan.messages.values()}
    for playbook in view.plan.playbooks.values():
        for step in playbook.steps:
            used.update((step.audience, step.recipient))
    for key, audience in view.plan.audiences.items():
        if key not in used:
            what = f"no step or message names the audience '{key}' ({audience.title})"
            view.in_plan("unused-audience", ("audiences", key), what)


def _facts(view: View, asked: set[str]) -> None:
    for playbook in view.plan.playbooks.values():
        for step in playbook.steps:
            condition = condition_of(step)
            asked = asked | (condition.facts if condition else set())
            if step.decision:
                asked = asked | {*step.decision.facts, *(f for o in step.decision.options for f in o.requires)}
    for name in view.plan.facts:
        if name in known_facts():
            view.in_plan("fact-known", ("facts", name), f"'{name}' is a fact that Tocsin knows already")
        elif name not in asked:
            view.in_plan("unused-fact", ("facts", name), f"nothing asks for the fact '{name}'")
