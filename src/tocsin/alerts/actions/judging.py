"""Say what an alert is, and make it part of an incident."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tocsin.alerts.models import Alert, AlertState
from tocsin.alerts.queries import takes_back
from tocsin.core.access import Hidden, OrgRole, organization_role
from tocsin.core.action import Call, Invalid, action
from tocsin.core.models import Organization
from tocsin.incidents.actions.common import WORKS, same_revision
from tocsin.incidents.models import Incident

NEEDS_REASON = (AlertState.FALSE_POSITIVE, AlertState.NEAR_MISS, AlertState.DUPLICATE)


def _locked(alert: Alert) -> Alert:
    return Alert.objects.select_for_update(of=("self",)).select_related("source").get(pk=alert.pk)


def _taken_up(alert: Alert) -> Invalid:
    # Words that are true whether or not the reader may know of an incident.
    return Invalid(
        _("%(alert)s was judged true by %(who)s, who is working on it. Ask them.")
        % {"alert": alert.called, "who": alert.judged_by or "?"}
    )


@action("alert.judge", organization_role(OrgRole.ADMINISTRATOR, OrgRole.RESPONDER))
def judge_alert(
    call: Call[Organization], *, alert: Alert, state: str, because: str = "", revision: int | None = None
) -> Alert:
    """Say what an alert is: true, false_positive, near_miss or duplicate; `new` takes a judgement back.

    What somebody judged true only they take back, and not once it is part of an incident: to everybody else the answer
    is the same either way. Raises Invalid for that, without a reason where one is needed, and for a stale form; Hidden
    for an alert of another organization.
    """
    alert, because = _locked(alert), because.strip()[:1000]
    if alert.organization_id != call.place.pk:
        raise Hidden
    if state not in set(AlertState):
        raise Invalid(_("“%s” is no judgement.") % state[:40], "state")
    same_revision(alert, revision)
    if alert.incident_id is not None or not takes_back(call.actor, alert):
        raise _taken_up(alert)
    if state == alert.state:
        raise Invalid(_("That is its judgement already."), "state")
    if state in NEEDS_REASON and not because:
        raise Invalid(_("Say in a few words why; whoever sees it come again wants to know."), "because")
    before, alert.state, alert.because = alert.state, state, because
    judged = state != AlertState.NEW
    alert.judged_by, alert.judged_at = (call.actor.name[:200], call.now) if judged else ("", None)
    alert.reopened = "" if judged else alert.reopened
    if not judged and Alert.objects.filter(source=alert.source, key=alert.key, state=AlertState.NEW).exists():
        raise Invalid(_("The same came again as another alert, which is open. Judge that one."), "state")
    alert.save(update_fields=["state", "because", "judged_by", "judged_at", "reopened", "revision"])
    call.record(alert, alert=alert.number, state=state, before=before, because=because)
    return alert


@action("alert.attach", WORKS)
def attach_alert(call: Call[Incident], *, alert: Alert) -> None:
    """Make an alert that was judged true part of the incident; the incident's log keeps what it said.

    Raises Hidden for an alert of another organization; Invalid when it is not judged true or part of an incident.
    """
    alert = _locked(alert)
    if alert.organization_id != call.place.organization_id:
        raise Hidden
    if alert.incident_id is not None:
        raise _taken_up(alert)
    if alert.state != AlertState.TRUE:
        raise Invalid(_("Only an alert that was judged true becomes part of an incident."))
    alert.incident = call.place
    alert.save(update_fields=["incident"])
    call.record(
        alert,
        alert=alert.number,
        title=alert.title,
        text=alert.text[:2000],
        source=alert.source.name,
        severity=alert.severity,
        count=alert.count,
        first_at=alert.first_at,
        url=alert.url,
    )
