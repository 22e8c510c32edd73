"""The acts of the room: that a copy of what survives was taken, by whom, of which incidents, and what it was."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from tocsin.core.access import OrgRole, organization_role, system_only
from tocsin.core.action import Call, action
from tocsin.core.models import Organization
from tocsin.incidents.models import Incident


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
