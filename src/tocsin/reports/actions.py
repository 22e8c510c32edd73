"""The acts of the room: that a copy or a referral packet was taken, by whom, for whom, and what it was."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from tocsin.core.access import OrgRole, incident_role, organization_role, system_only
from tocsin.core.action import Call, action
from tocsin.core.models import Organization
from tocsin.incidents.models import Incident
from tocsin.plan.models import IncidentRole


@action("survival.export", organization_role(OrgRole.ADMINISTRATOR, OrgRole.RESPONDER))
def record_export(
    call: Call[Organization], *, name: str, sha256: str, size: int, incidents: Sequence[UUID], plan: str
) -> None:
    """Write down that an encrypted copy was made: the hash of its file, which tells it from any other, and what is in it.

    `incidents` are chain ids: the organization's log names no incident otherwise. The passphrase is written nowhere.
    """
    ids = [str(i) for i in incidents]
    call.record(("file", sha256), file=name, sha256=sha256, size=size, incidents=ids, plan=plan)


@action("survival.carry", system_only)
def record_carried(call: Call[Incident], *, by: str, sha256: str) -> None:
    """Write down in an incident's own log that a copy of it left on a stick."""
    call.record(("file", sha256), by=by, sha256=sha256)


@action("referral.make", incident_role(IncidentRole.LEAD, IncidentRole.COUNSEL))
def record_referral(
    call: Call[Incident], *, to: str, recipient: str, name: str, sha256: str, size: int, parts: Sequence[str],
    items: Sequence[str],
) -> None:  # fmt: skip
    """Write down that a packet went to law enforcement or counsel: to whom, the hash of its file, and what is in it.

    `items` are the evidence items whose contents are in it. The entry never says whether something privileged is.
    """
    call.record(("file", sha256), to=to, recipient=recipient, file=name, sha256=sha256, size=size, parts=list(parts),
                items=list(items))  # fmt: skip
