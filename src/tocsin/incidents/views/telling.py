"""Whom a task tells and with which words: the prepared text with the incident's facts in it, audience, recipient."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from tocsin.incidents.models import Incident, Task
from tocsin.incidents.pages import lead_of
from tocsin.incidents.queries import facts_of, sheet_of
from tocsin.incidents.regions import region_name
from tocsin.incidents.sheet_words import data_word, range_word
from tocsin.people.pages import filled
from tocsin.plan.models import Anchor


def telling_of(incident: Incident, task: Task) -> dict[str, Any]:
    """What a communication or a notification shows: `message`, `parts`, `gaps`, `audience`, `recipient`, `regime`.

    Empty for a task that tells nobody anything.
    """
    step, plan = incident.step(task.step_id), incident.plan_version.plan
    if step is None or not (step.message or step.audience or step.recipient):
        return {}
    message = plan.messages.get(step.message or "")
    audience = plan.audiences.get(step.audience or (message.audience if message and not step.recipient else "") or "")
    parts = filled(message.body, known_words(incident)) if message else []
    return {
        "message": message,
        "parts": parts,
        "gaps": len({p.name for p in parts if p.missing}),
        "audience": audience,
        "audience_names": [plan.contacts[key].name for key in audience.contacts] if audience else [],
        "recipient": plan.contacts.get(step.recipient or ""),
        "regime": step.regime or "",
    }


def known_words(incident: Incident) -> dict[str, Any]:
    """Every value that a prepared text may ask for and that is known here: stated facts, times, what the incident is."""
    plan = incident.plan_version.plan
    lead = lead_of(incident, list(incident.roles.filter(renounced_at=None)))
    words: dict[str, Any] = {
        "organization": plan.organization.name,
        "sector": plan.organization.sector.replace("_", " "),
        "incident_id": incident.number,
        "incident_title": incident.title,
        "incident_manager": lead.holder if lead else "",
        "severity": f"{incident.severity} {plan.severity.levels[incident.severity].name}",
        "phase": incident.get_phase_display(),
        "what_happened": incident.summary,
        "marking": incident.tlp,
    }
    for anchor in Anchor:
        if moment := incident.instant(anchor):
            words[f"{anchor}_at"], words[f"{anchor}_on"] = _time(moment), _time(moment)[:10]
    return words | _from_the_sheet(incident) | facts_of(incident)


def _from_the_sheet(incident: Incident) -> dict[str, Any]:
    """What the fact sheet knows already, so that nobody states it a second time: how many people, where, which data."""
    sheet, words = sheet_of(incident, sourced=False), dict[str, Any]()
    if sheet.total.low is not None:
        words["people_affected"] = range_word(sheet.total.low, sheet.total.high)
    if named := [region_name(row.region) for row in sheet.affected if row.region]:
        words["affected_countries"] = "; ".join(named)
    if sheet.data_affected:
        words["data_categories"] = "; ".join(data_word(c) for c in sorted(sheet.data_affected))
    return words


def _time(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "Y-m-d H:i T")
