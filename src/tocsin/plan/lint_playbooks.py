"""Lint of playbooks: how one is chosen, and whether its steps can start, be done and reach somebody."""

from __future__ import annotations

import re

from tocsin.plan.choose import GENERAL
from tocsin.plan.conditions import ConditionError, parse
from tocsin.plan.facts import DECISION, FAILED, VARIABLE, known_facts
from tocsin.plan.flow import before, circle, starts
from tocsin.plan.lint_decisions import weigh
from tocsin.plan.lint_severity import is_zero
from tocsin.plan.lint_view import View, near, vocabulary
from tocsin.plan.models import Function, IncidentRole, Playbook, Step, StepKind

_TECHNIQUE = re.compile(r"^T\d{4}(\.\d{3})?$")
_TACTIC_ID = re.compile(r"^TA\d{4}$")


def check_playbooks(view: View) -> None:
    """Each playbook, and whether there is one for every incident."""
    if GENERAL not in view.plan.playbooks:
        view.in_plan("no-general", (), "the plan has no playbook with the id 'general'")
    for key, playbook in view.plan.playbooks.items():
        _Playbook(view, view.reading.playbooks[key][0], playbook).check()


class _Playbook:
    """The checks of one playbook in `file`."""

    def __init__(self, view: View, file: str, playbook: Playbook) -> None:
        self.view, self.file, self.playbook = view, file, playbook
        self.ids = [step.id for step in playbook.steps]

    def add(self, code: str, path: tuple[str | int, ...], what: str) -> None:
        self.view.add(code, self.file, path, what)

    def check(self) -> None:
        self._choice()
        if self.file != f"playbooks/{self.playbook.id}.yaml":
            self.add("file-name", ("id",), f"the playbook '{self.playbook.id}' is in {self.file}")
        self._order()
        for index, step in enumerate(self.playbook.steps):
            path = ("steps", index)
            if step.id in self.ids[:index]:
                self.add("duplicate-step", (*path, "id"), f"two steps have the id '{step.id}'")
            self._who(step, path)
            self._due(step, path)
            self._condition(step, path)
            self._kind(step, path)
            self._track(step, path)

    def _choice(self) -> None:
        fits = self.playbook.fits
        if self.playbook.id != GENERAL and not (fits.words or fits.techniques or fits.tactics):
            self.add("never-chosen", ("id",), f"the playbook '{self.playbook.id}' says nothing under 'fits'")
        for index, technique in enumerate(fits.techniques):
            if not _TECHNIQUE.match(technique):
                what = f"'{technique}' is no ATT&CK technique id (such as T1486 or T1059.001)"
                self.add("bad-technique", ("fits", "techniques", index), what)
        tactics = vocabulary("tactics")
        for index, tactic in enumerate(fits.tactics):
            name = re.sub(r"[\s_]+", "-", tactic).lower()
            if name not in tactics and not _TACTIC_ID.match(tactic):
                what = f"'{tactic}' is no ATT&CK tactic{near(name, tactics)}"
                self.add("unknown-tactic", ("fits", "tactics", index), what)

    def _order(self) -> None:
        ring = circle(self.playbook)
        if ring:
            index = self.ids.index(ring[0])
            self.add("cycle", ("steps", index, "needs"), f"steps need each other in a circle: {' -> '.join(ring)}")
        facts = {**known_facts(), **self.view.plan.facts}
        for index, (step, start) in enumerate(
            zip(self.playbook.steps, starts(self.playbook, facts).values(), strict=True)
            if len(set(self.ids)) == len(self.ids)
            else ()
        ):
            in_ring = step.id in ring
            unknown = any(need not in self.ids for need in step.needs)
            if not start.possible and not in_ring and not unknown:
                key = "when" if "condition" in start.reason else "needs"
                self.add("never-starts", ("steps", index, key), f"step '{step.id}' can never start: {start.reason}")

    def _who(self, step: Step, path: tuple[str | int, ...]) -> None:
        if step.role not in self.view.plan.roles:
            what = f"step '{step.id}' names the role '{step.role}', which the plan does not have"
            self.add("unknown-role", (*path, "role"), what + near(step.role, self.view.plan.roles))
        for index, need in enumerate(step.needs):
            if need not in self.ids:
                what = f"step '{step.id}' needs '{need}', which is no step of this playbook"
                self.add("unknown-step", (*path, "needs", index), what + near(need, self.ids))

    def _due(self, step: Step, path: tuple[str | int, ...]) -> None:
        if step.kind is StepKind.TASK and not step.done_when.strip():
            self.add("no-proof", path, f"step '{step.id}' does not say what proves it done (done_when)")
        if step.due is None:
            return
        place = (*path, "due")
        if is_zero(step.due.within):
            self.add("due-zero", place, f"step '{step.id}' is due within {step.due.within}")
        origin = step.due.after_step
        if origin is None:
            return
        if origin not in self.ids:
            what = f"step '{step.id}' is due after '{origin}', which is no step of this playbook"
            self.add("unknown-step", (*place, "after_step"), what + near(origin, self.ids))
        elif origin == step.id or step.id in before(self.playbook, origin):
            what = f"step '{step.id}' is due after '{origin}', which comes only after it"
            self.add("due-after-later", (*place, "after_step"), what)

    def _track(self, step: Step, path: tuple[str | int, ...]) -> None:
        """A step of the HR track is done by legal and HR, and nothing that others see waits for it."""
        role = self.view.plan.roles.get(step.role)
        if step.track and role and role.function is not Function.LEGAL_HR_REGULATORY:
            what = f"step '{step.id}' is on the HR track, and '{step.role}' serves another function"
            self.add("track-role", (*path, "role"), what)
        if step.track:
            return
        hidden = {s.id for s in self.playbook.steps if s.track}
        waits = [*step.needs, *([step.due.after_step] if step.due and step.due.after_step else [])]
        waits += re.findall(rf"{re.escape(DECISION)}([\w-]+)", step.when)
        if found := sorted(hidden & set(waits)):
            self.add("track-awaited", path, f"step '{step.id}' waits for '{found[0]}', which is on the HR track")

    def _condition(self, step: Step, path: tuple[str | int, ...]) -> None:
        if not step.when.strip():
            return
        try:
            condition = parse(step.when)
        except ConditionError as error:
            self.add("bad-condition", (*path, "when"), f"the condition of step '{step.id}': {error}")
            return
        for fact in sorted(condition.facts):
            if not self._known(fact):
                what = f"step '{step.id}' asks for the fact '{fact}', which is not known"
                self.add("unknown-fact", (*path, "when"), what + self.view.fact_hint(fact))

    def _known(self, fact: str) -> bool:
        if fact.startswith(VARIABLE):
            return True
        if fact.startswith(DECISION):
            return any(s.id == fact.removeprefix(DECISION) and s.decision for s in self.playbook.steps)
        if fact.startswith(FAILED):
            return fact.removeprefix(FAILED) in self.ids
        return self.view.fact(fact) is not None

    def _kind(self, step: Step, path: tuple[str | int, ...]) -> None:
        if step.kind is StepKind.DECISION:
            self._decision(step, path)
        elif step.decision is not None:
            self.add(
                "stray-decision",
                (*path, "decision"),
                f"step '{step.id}' has a decision but is a {step.kind.value}",
            )
        if step.kind in (StepKind.COMMUNICATION, StepKind.NOTIFICATION):
            self._message(step, path)
        if step.kind is StepKind.AUTOMATION and step.automation is None:
            self.add("no-automation", path, f"step '{step.id}' is an automation but names none")

    def _decision(self, step: Step, path: tuple[str | int, ...]) -> None:
        decision = step.decision
        if decision is None:
            self.add("no-decision", path, f"step '{step.id}' is a decision without a 'decision' block")
            return
        place = (*path, "decision")
        ids = [option.id for option in decision.options]
        for index, option in enumerate(ids):
            if option in ids[:index]:
                self.add("duplicate-option", (*place, "options", index), f"two options have the id '{option}'")
        if not decision.if_nobody_decides.strip():
            self.add("no-default", place, f"decision '{step.id}' does not say what happens if nobody decides")
        nobody = self._nobody(step, decision.authority)
        if nobody:
            self.add("nobody-decides", place, f"decision '{step.id}': {nobody}")
        for code, below, what in weigh(step.id, decision, self.view):
            self.add(code, (*place, *below), what)

    def _nobody(self, step: Step, authority: str | None) -> str:
        roles = self.view.plan.roles
        if authority is None:
            role = roles.get(step.role)
            if role is None or role.access in (IncidentRole.DECIDER, IncidentRole.LEAD):
                return ""
            return f"it names no authority, and {role.title} has the access '{role.access.value}', not 'decider'"
        holders = [role for role in roles.values() if authority in role.authority]
        if not holders:
            known = {a for role in roles.values() for a in role.authority}
            return f"no role has the authority '{authority}'{near(authority, known)}"
        if not any(role.holder or role.backups for role in holders):
            return f"the only role with the authority '{authority}' is held by nobody"
        return ""

    def _message(self, step: Step, path: tuple[str | int, ...]) -> None:
        plan = self.view.plan
        message = plan.messages.get(step.message or "")
        if step.message is None:
            self.add("no-message", path, f"step '{step.id}' is a {step.kind.value} without a message")
        elif message is None:
            what = f"step '{step.id}' sends the message '{step.message}', which has no template"
            self.add("unknown-message", (*path, "message"), what + near(step.message, plan.messages))
        audience = step.audience or (message.audience if message else None)
        if step.audience is not None and step.audience not in plan.audiences:
            what = f"step '{step.id}' names the audience '{step.audience}', which the plan does not have"
            self.add("unknown-audience", (*path, "audience"), what + near(step.audience, plan.audiences))
        if step.kind is StepKind.COMMUNICATION and audience is None and step.recipient is None:
            self.add("no-audience", path, f"step '{step.id}' is a communication that names no audience")
        if step.kind is StepKind.NOTIFICATION and step.recipient is None and step.regime is None:
            self.add("no-recipient", path, f"step '{step.id}' is a notification with neither recipient nor regime")
        known = {*vocabulary("recipients"), *plan.contacts, *plan.audiences}
        if step.recipient is not None and step.recipient not in known:
            what = f"step '{step.id}' names the recipient '{step.recipient}', who is nowhere in the plan"
            self.add("unknown-contact", (*path, "recipient"), what + near(step.recipient, known))
