"""What a person does with an alert in one go: attach it to an incident, or declare one from it. Both parts or neither."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from tocsin.alerts.actions import attach_alert, judge_alert
from tocsin.alerts.models import Alert, AlertState
from tocsin.core.access import Actor
from tocsin.incidents.actions import declare
from tocsin.incidents.models import Incident


def attach(actor: Actor, alert: Alert, incident: Incident, *, because: str = "", revision: int | None = None) -> None:
    """Judge an alert true, if nobody did, and make it part of the incident. Raises as the two actions do.

    The organization's chain is locked before the incident's, as when declaring.
    """
    with transaction.atomic():
        _as_true(actor, alert, because, revision)
        attach_alert(actor, incident, alert=alert)


def declare_from(actor: Actor, alert: Alert, **answers: Any) -> Incident:
    """Declare an incident from an alert, which becomes part of it. The same person's second click gets the first's.

    Raises Invalid when somebody else took the alert up in the meantime: then no incident is made either.
    """
    with transaction.atomic():
        given: dict[str, Any] = {"detected_at": alert.first_at, "key": f"alert:{alert.pk}"} | answers
        incident = declare(actor, alert.organization, **given)
        alert.refresh_from_db()
        if alert.incident_id != incident.pk:
            _as_true(actor, alert, "", None)
            attach_alert(actor, incident, alert=alert)
    return incident


def _as_true(actor: Actor, alert: Alert, because: str, revision: int | None) -> None:
    alert.refresh_from_db(fields=["state", "incident"])
    if alert.state != AlertState.TRUE or alert.incident_id is not None:
        judge_alert(actor, alert.organization, alert=alert, state=AlertState.TRUE, because=because, revision=revision)
