"""The example organization's alerts: some that wait, some that were judged, one that became the incident."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tocsin.alerts.actions import add_source, judge_alert, take_alerts
from tocsin.alerts.models import Alert, AlertSource
from tocsin.alerts.queries import alert_rules
from tocsin.alerts.reports import first_line, reported
from tocsin.alerts.triage import attach
from tocsin.core import clock
from tocsin.core.access import Actor
from tocsin.core.models import Organization
from tocsin.incidents.models import Incident
from tocsin.people.models import User
from tocsin.plan.alerts import Reading, read_message


def set_up_alerts(system: Actor, organization: Organization, people: dict[str, User], incident: Incident) -> None:
    """Four sources and what they brought."""
    edr, siem, mail, form = (
        add_source(system, organization, name=name, kind=kind)[0]
        for name, kind in (("EDR", "webhook"), ("SIEM", "webhook"), ("Abuse mailbox", "mail"), ("Report form", "form"))
    )
    lead, responder = people["anneke-de-vries"].actor, people["priya-raman"].actor
    note = _take(edr, _crowdstrike("Ransom note written", "SRV-FS-02", "Critical", "README_RESTORE.txt in 214 folders"))
    attach(lead, note, incident)
    backup = _take(siem, _wazuh(12, "Many files changed in a short time", "SRV-BKP-01", "550"), times=64)
    why = "the nightly backup job; it runs until 02:40"
    judge_alert(responder, organization, alert=backup, state="false_positive", because=why)
    _take(siem, _wazuh(12, "Many files changed in a short time", "SRV-BKP-01", "550"), times=3)
    blocked = _take(
        edr, _crowdstrike("Password dumper blocked", "WS-LAB-11", "High", "lsass was read and the process ended")
    )
    judge_alert(responder, organization, alert=blocked, state="near_miss", because="a test of the red team, announced")
    _take(siem, _wazuh(10, "sshd: brute force trying to get access to the system", "GW-ALM-01", "5712"), times=1_284)
    _take(edr, _crowdstrike("Unusual remote service", "WS-FIN-07", "High", "psexesvc.exe was started from SRV-FS-02"))
    words = "Mail from our haulier with a new bank account. I did not answer. The tone is odd and the logo is blurred."
    title, text = first_line(words)
    _one(form, reported(title, f"{text}\n\nReported by: Ilse, accounts payable, ext. 412", by="Ilse, accounts payable"))
    _one(mail, reported("[Notice] Certificate of vpn.halden.example expires in 6 days", "Renew it.", 4))


def _take(source: AlertSource, payload: dict[str, Any], times: int = 1) -> Alert:
    (reading,) = read_message(payload, alert_rules(source.organization)).alerts
    return _one(source, reading, times)


def _one(source: AlertSource, reading: Reading, times: int = 1) -> Alert:
    taken = take_alerts(Actor.system(source.name), source.organization, source=source, readings=[reading] * times)
    return Alert.objects.get(organization=source.organization, number=taken.numbers[0] or 0)


def _at(minutes: int) -> str:
    return (clock.now() - timedelta(minutes=minutes)).isoformat()


def _crowdstrike(name: str, host: str, severity: str, text: str) -> dict[str, Any]:
    event = {"Name": name, "Hostname": host, "SeverityName": severity, "Description": text, "ProcessStartTime": _at(41),
             "CompositeId": f"{host}:{name}", "UserName": "svc-deploy",
             "FalconHostLink": "https://edr.example.org/d/41"}  # fmt: skip
    return {"metadata": {"eventType": "EppDetectionSummaryEvent"}, "event": event}


def _wazuh(level: int, text: str, host: str, rule: str) -> dict[str, Any]:
    return {"rule": {"level": level, "description": text, "id": rule, "mitre": {"id": ["T1110"]}}, "timestamp": _at(55),
            "agent": {"id": rule, "name": host}, "decoder": {"name": "sshd"}, "data": {"srcip": "203.0.113.60"}}  # fmt: skip
