"""What the fact sheet holds beside facts and instants: what we are here, which data, and taking an instant back."""

from __future__ import annotations

from tocsin.core.action import Call, Invalid, action
from tocsin.incidents.actions.common import WORKS_OR_ADVISES, fresh, words
from tocsin.incidents.models import Incident
from tocsin.law.vocabulary import vocabulary
from tocsin.plan.models import Anchor

_STAYS = {
    Anchor.DECLARED: "The declaration stands in the log; its time cannot be taken back. Correct it instead.",
    Anchor.CLOSED: "The incident was closed then. Re-open it to take that back.",
}


@action("instant.withdraw", WORKS_OR_ADVISES)
def withdraw_instant(call: Call[Incident], *, anchor: str, because: str) -> None:
    """Take an instant back: when that was is not known any more. Deadlines that hang on it wait again.

    Raises Invalid for an instant that nobody set, without a reason, and for those that are part of the record.
    """
    incident = fresh(call)
    if anchor not in incident.instants:
        raise Invalid(f"Nobody has set '{anchor[:60]}', so it cannot be taken back.", "anchor")
    if anchor in _STAYS:
        raise Invalid(_STAYS[Anchor(anchor)], "anchor")
    reason = words(because, "because", "the reason why it is taken back")
    before = incident.instants[anchor]
    incident.instants = {k: v for k, v in incident.instants.items() if k != anchor}
    incident.save(update_fields=["instants"])
    call.record(("instant", anchor), before=before, because=reason)


@action("sheet.roles", WORKS_OR_ADVISES)
def set_entity_role(call: Call[Incident], *, role: str, held: bool | None, because: str) -> None:
    """Say that the organization is, or is not, something in this incident (controller, bank ...), whatever the plan
    says. None: what the plan says counts again. What hangs on it (steps, clocks) follows.

    Raises Invalid for an unknown role, without a reason, or when nothing changes.
    """
    incident = fresh(call)
    planned = incident.plan_version.plan.organization.roles
    if role not in vocabulary().roles and role not in planned:
        raise Invalid(f"'{role[:60]}' is no role that laws or contracts know; choose one from the list.", "role")
    reason = words(because, "because", "the reason")
    said, before = incident.entity_roles.get(role), role in incident.held_roles
    if said == held:
        raise Invalid("That is what stands there already.", "held")
    kept = {k: v for k, v in incident.entity_roles.items() if k != role}
    incident.entity_roles = kept if held is None else kept | {role: held}
    incident.save(update_fields=["entity_roles"])
    call.record(
        ("entity_role", role), before=before, held=role in incident.held_roles, said=held, planned=role in planned,
        because=reason,
    )  # fmt: skip


@action("sheet.data", WORKS_OR_ADVISES)
def set_data_category(call: Call[Incident], *, category: str, affected: bool | None, because: str) -> None:
    """Say that data of a category is affected, or is not; None: that is not known (any more).

    Raises Invalid for an unknown category, without a reason, or when nothing changes.
    """
    incident = fresh(call)
    if category not in vocabulary().data:
        raise Invalid(f"'{category[:60]}' is no category of data; choose one from the list.", "category")
    reason = words(because, "because", "how that is known")
    before = incident.data_categories.get(category)
    if before == affected:
        raise Invalid("That is what stands there already.", "affected")
    kept = {k: v for k, v in incident.data_categories.items() if k != category}
    incident.data_categories = kept if affected is None else kept | {category: affected}
    incident.save(update_fields=["data_categories"])
    call.record(("data_category", category), before=before, affected=affected, because=reason)
