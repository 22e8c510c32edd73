"""What others may ask about alerts: who sees them, which there are, which belong to an incident."""

from __future__ import annotations

from functools import lru_cache

from django.db.models import QuerySet

from tocsin.alerts.models import Alert, AlertState
from tocsin.core.access import Actor, OrgRole, visible
from tocsin.core.models import Grant, Organization
from tocsin.incidents.models import Incident
from tocsin.people.models import PlanVersion
from tocsin.plan.alert_models import AlertsFile

MOST_TOLD = 5
READERS = (OrgRole.ADMINISTRATOR, OrgRole.RESPONDER, OrgRole.AUDITOR)


def reads_alerts(actor: Actor, organization: Organization) -> bool:
    """Whether the actor sees the organization's alerts: its administrators, responders and auditors, never guests."""
    held = Grant.objects.filter(chain_id=organization.pk, user_id=actor.user_id, role__in=READERS)
    return actor.is_system or held.exists()


def alerts_for(actor: Actor, organization: Organization) -> QuerySet[Alert]:
    """The organization's alerts as far as the actor sees them."""
    rows = Alert.objects.filter(organization=organization).select_related("source")
    return rows if reads_alerts(actor, organization) else rows.none()


def new_alerts(organization: Organization) -> int:
    """How many alerts wait for somebody to judge them."""
    return Alert.objects.filter(organization=organization, state=AlertState.NEW).count()


def incident_of(actor: Actor, alert: Alert) -> Incident | None:
    """The incident that an alert is part of, for who is on it; None for everybody else, as if there were none."""
    if alert.incident_id is None:
        return None
    return visible(actor, Incident.objects.filter(pk=alert.incident_id)).first()


def takes_back(actor: Actor, alert: Alert) -> bool:
    """Whether the actor may take an alert's judgement back or change it: one that says true, only who made it.

    It does not ask whether there is an incident, so that nobody learns of one by it.
    """
    return alert.state != AlertState.TRUE or actor.is_system or alert.judged_by == actor.name[:200]


def alerts_in(incident: Incident) -> QuerySet[Alert]:
    """The alerts that became part of an incident, the first first."""
    return Alert.objects.filter(incident=incident).select_related("source").order_by("number")


def alert_rules(organization: Organization) -> AlertsFile:
    """What the current plan's alerts.yaml says; nothing where there is no plan."""
    newest = PlanVersion.objects.filter(organization=organization).values_list("pk", flat=True).first()
    return _rules_of(newest) if newest else AlertsFile()


@lru_cache(maxsize=256)
def _rules_of(version: int) -> AlertsFile:
    # A plan version never changes, and its files are large: storms must not read them again and again.
    return PlanVersion.objects.get(pk=version).plan.alerts


def told_alerts(incident: Incident) -> list[Alert]:
    """The first few alerts that an incident came from, as its room tells of them. One query."""
    return list(alerts_in(incident).defer("raw", "text", "observables")[:MOST_TOLD])
