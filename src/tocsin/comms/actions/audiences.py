"""Audiences: made in the incident, and given a list of recipients."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from tocsin.comms.lists import MOST, Row
from tocsin.comms.models import Audience, Recipient
from tocsin.comms.models.audiences import KIND_WORDS
from tocsin.comms.queries import needs_part
from tocsin.core.action import Call, Invalid, action
from tocsin.incidents.actions.common import TAKES_PART, same_revision, words
from tocsin.incidents.models import Incident

_KEY = re.compile(r"[^a-z0-9]+")


def audience_for(incident: Incident, key: str, now: datetime, by: str) -> Audience:
    """The incident's audience of that key; one of the plan is taken up when it is first needed. Raises Invalid."""
    known = Audience.objects.filter(incident=incident, key=key).first()
    if known is not None:
        return known
    planned = incident.plan_version.plan.audiences.get(key)
    if planned is None:
        raise Invalid("Choose an audience from the list, or add it first.", "audience")
    return Audience.objects.create(incident=incident, key=key, title=planned.title[:200], kind=planned.kind,
                                   changed_at=now, changed_by=by[:200])  # fmt: skip


@action("audience.add", TAKES_PART)
def add_audience(call: Call[Incident], *, title: str, kind: str) -> Audience:
    """Add an audience that the plan does not know. Raises Invalid for an unknown kind or a title that is taken."""
    incident = call.place
    needs_part(call.actor, incident)
    title = words(title, "title", "the audience a title")[:200]
    if kind not in KIND_WORDS:
        raise Invalid(f"Say what kind of people they are: {', '.join(KIND_WORDS)}.", "kind")
    key = _KEY.sub("-", title.lower()).strip("-")[:80] or "audience"
    if key in incident.plan_version.plan.audiences or incident.audiences.filter(key=key).exists():
        raise Invalid("There is an audience of that name already.", "title")
    made = Audience.objects.create(incident=incident, key=key, title=title, kind=kind, changed_at=call.now,
                                   changed_by=call.actor.name[:200])  # fmt: skip
    call.record(made, audience=made.title, kind=kind)
    return made


@action("audience.fill", TAKES_PART)
def fill_audience(
    call: Call[Incident], *, audience: str, rows: Sequence[Row], refused: int = 0, revision: int | None = None
) -> Audience:
    """Give an audience its list of recipients in place of the one it had. `refused` counts lines that were left out.

    The log says how many there are and nothing of who they are: it can never be changed, and people may ask to be
    forgotten. Raises Invalid for too many, and for an audience that is unknown.
    """
    incident = call.place
    needs_part(call.actor, incident)
    if len(rows) > MOST:
        raise Invalid(f"A list holds {MOST:,} recipients; split it.", "list")
    held = audience_for(incident, audience, call.now, call.actor.name)
    same_revision(held, revision)
    before = held.recipients.count()
    held.recipients.all().delete()
    once = {row.address.lower(): row for row in reversed(rows)}
    kept = [row for row in rows if once[row.address.lower()] is row]
    Recipient.objects.bulk_create(
        Recipient(audience=held, number=n, name=r.name, address=r.address, language=r.language)
        for n, r in enumerate(kept, 1)
    )
    held.changed_at, held.changed_by = call.now, call.actor.name[:200]
    held.save()
    call.record(held, audience=held.title, before=before, recipients=len(kept), refused=refused)
    return held
