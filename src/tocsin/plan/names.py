"""Names for people instead of keys: contacts, roles, audiences, messages, steps."""

from __future__ import annotations

from collections.abc import Iterable

from tocsin.plan.models import ContactMethod, Due, Plan, Playbook

_METHODS = {"in_person": "in person", "sms": "text message", "push": "push message"}


def contact_name(plan: Plan, key: str | None) -> str:
    """The contact's name, its key where the plan has no such contact, 'nobody' for None."""
    if key is None:
        return "nobody"
    return plan.contacts[key].name if key in plan.contacts else key


def role_name(plan: Plan, key: str | None) -> str:
    """The role's title, or its key where the plan has no such role, 'nobody' for None."""
    if key is None:
        return "nobody"
    return plan.roles[key].title if key in plan.roles else key


def audience_name(plan: Plan, key: str | None) -> str:
    """The audience's title, else the contact's name, else the key, 'nobody' for None."""
    if key is not None and key in plan.audiences:
        return plan.audiences[key].title
    return contact_name(plan, key)


def message_name(plan: Plan, key: str | None) -> str:
    """The message's title in quotes, its key where there is no such template, 'none' for None."""
    if key is None:
        return "none"
    return f"'{plan.messages[key].title}'" if key in plan.messages else key


def step_name(playbook: Playbook, key: str) -> str:
    """The step's title in quotes, or its id where the playbook has no such step."""
    return next((f"'{step.title}'" for step in playbook.steps if step.id == key), key)


def due_words(playbook: Playbook, due: Due | None) -> str:
    """'4 h after declared', '1 d after the step 'Isolate'', or 'no deadline'."""
    if due is None:
        return "no deadline"
    origin = f"the step {step_name(playbook, due.after_step)}" if due.after_step else str(due.after or "declared")
    return f"{due.within} after {origin}"


def words(value: str) -> str:
    """A key as plain words: 'incident_management' -> 'incident management'."""
    return value.replace("_", " ").replace("-", " ")


def listed(items: Iterable[str], nothing: str = "nobody", link: str = "and") -> str:
    """'a', 'a and b', 'a, b and c', or the word for nothing."""
    found = list(items)
    if len(found) < 2:
        return found[0] if found else nothing
    return f"{', '.join(found[:-1])} {link} {found[-1]}"


def method_words(method: ContactMethod) -> str:
    """'phone +46 8 123' or 'mail a@example.org': what a person dials or types."""
    kind = _METHODS.get(method.kind, method.kind)
    return f"{kind} {method.url.removeprefix('tel:').removeprefix('mailto:')}"
