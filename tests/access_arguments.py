"""The least that each action can be called with: for every verb a function from a place and a person to arguments."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

import factories
from comms_arguments import COMMS
from tocsin.alerts.actions import add_source, judge_alert, take_alerts
from tocsin.alerts.models import Alert, AlertSource
from tocsin.alerts.reports import reported
from tocsin.core import clock
from tocsin.core.access import Actor, OrgRole
from tocsin.core.actions import admit, queue_message
from tocsin.core.models import Chain, Organization
from tocsin.disclosure.actions import draft_notice, file_stage
from tocsin.disclosure.following import Found
from tocsin.disclosure.models import DutyClock, Filing, Notice
from tocsin.evidence.actions import Intake, fail_analysis, request_analysis, start_analysis
from tocsin.evidence.actions.analyst import add_indicator, add_yara, import_feed, save_search
from tocsin.evidence.actions.privilege import set_file_privileged
from tocsin.evidence.models import Sample
from tocsin.evidence.store import Stored, put, put_file
from tocsin.incidents import actions
from tocsin.incidents.models import Decision, Incident, Mention, Note, RoleAssignment, ScopeEntry, Task
from tocsin.incidents.suggestions import FindingSuggestion, ScopeSuggestion
from tocsin.people.actions import (
    Rung,
    create_token,
    create_webhook,
    deactivate,
    hashed,
    import_plan,
    make_sign_in_link,
    put_shift,
    set_rota,
    start_comcheck,
    start_paging,
)
from tocsin.people.models import ApiToken, Member, Paging, User, Webhook

Arguments = dict[str, Any]
S = factories.SYSTEM
TWO = [{"id": "yes", "label": "Yes", "consequence": ""}, {"id": "no", "label": "No", "consequence": ""}]


def task(place: Incident) -> Task:
    return actions.add_task(S, place, title="Look at the mail gateway", role="log_analyst")


def _alert_source(place: Organization) -> AlertSource:
    return add_source(S, place, name="EDR", kind="webhook")[0]


def _alert(place: Organization) -> Alert:
    take_alerts(S, place, source=_alert_source(place), readings=[reported("A strange mail")])
    return Alert.objects.get(organization=place)


def _true_alert(place: Incident) -> Alert:
    return judge_alert(S, place.organization, alert=_alert(place.organization), state="true")


def _late_stage(place: Incident) -> DutyClock:
    """A limit that passed: aware of a breach a week ago."""
    actions.mark_instant(S, place, anchor="aware", at=clock.now() - timedelta(days=7))
    actions.set_fact(S, place, name="personal_data_breach", value=True)
    return DutyClock.objects.filter(duty__incident=place, duty__regime="eu-gdpr-33").earliest("position")


def _filing(place: Incident) -> Filing:
    stage = "notification to supervisory authority"
    return file_stage(S, place, regime="eu-gdpr-33", stage=stage, at=clock.now(), channel="portal")


def _notice(place: Incident) -> Notice:
    return draft_notice(S, place, regime="eu-gdpr-33", stage="notification to supervisory authority")


def question(place: Incident) -> Decision:
    return actions.open_decision(S, place, question="Cut the line?", options=TWO, role="incident_manager")


def answered(place: Incident) -> Decision:
    asked = question(place)
    actions.decide(S, place, decision=asked, chosen="yes", reason="It spreads.")
    asked.refresh_from_db()
    return asked


def _seated(place: Incident, person: User) -> Arguments:
    """An open decision, and the person in the seat that the plan trusts with it, whatever their access."""
    with factories.preparing():
        member = Member.objects.create(
            organization=place.organization, key=f"m-{person.id}", name=str(person), user=person
        )
        RoleAssignment.objects.filter(incident=place, role="incident_manager").update(member=member, user=person)
    return {"decision": question(place), "chosen": "yes", "reason": "It spreads."}


def _as_counsel(place: Incident, person: User) -> None:
    """Puts the person into the seat of counsel, as the one whom the plan names for it."""
    with factories.preparing():
        member = Member.objects.get(
            organization=place.organization, key=place.plan_version.plan.roles["legal_counsel"].holder
        )
        seat = RoleAssignment.objects.filter(incident=place, role="legal_counsel", renounced_at=None)
        seat.update(member=member, user=person)


def _admitting(place: Incident, person: User) -> Arguments:
    _as_counsel(place, person)
    return {"user_id": factories.on(place, "observer").pk, "because": "Works for counsel."}


def _ending_admission(place: Incident, person: User) -> Arguments:
    given = _admitting(place, person)
    actions.admit_to_privilege(S, place, **given)
    return given


def _note_for_counsel(place: Incident, person: User) -> Arguments:
    _as_counsel(place, person)
    return {"note": _note(place), "because": "Advice."}


def _lifting(place: Incident, person: User) -> Arguments:
    given = _note_for_counsel(place, person)
    actions.set_note_privileged(S, place, **given)
    return given


def _insider(place: Incident, person: User) -> Arguments:
    """The insider playbook runs, and the person sits in the seat of counsel, whatever their access."""
    _as_counsel(place, person)
    actions.start_playbook(S, place, playbook_id="insider", because="It was somebody from inside.")
    return {"because": "Employment law."}


def _privy_file(place: Incident, person: User) -> Arguments:
    """A file to take in, by who was admitted if they are on the incident at all."""
    _as_counsel(place, factories.stranger())
    if place.chain.grants.filter(user=person).exists():
        actions.admit_to_privilege(S, place, user_id=person.pk, because="Works for counsel.")
    return _file(place)


def _item_for_counsel(place: Incident, person: User) -> Arguments:
    _as_counsel(place, person)
    item = factories.evidence(place, Path(settings.HOME))
    _idle(place)
    return {"item": item, "because": "Advice."}


def _lifting_file(place: Incident, person: User) -> Arguments:
    given = _item_for_counsel(place, person)
    set_file_privileged(S, place, **given)
    return given


def _closed(place: Incident) -> Arguments:
    actions.close(S, place, outcome="near_miss", reason="It was stopped.", left_open="For tomorrow.")
    return {"reason": "It goes on."}


def _led(place: Incident | Organization, person: User) -> Incident:
    """Another incident that the person leads."""
    home = place if isinstance(place, Organization) else place.organization
    other = factories.incident(home, title="The other half", playbook_id=None)
    admit(S, other, user_id=person.id, role="lead")
    return other


def _under(place: Organization, person: User) -> Incident:
    child = _led(place, person)
    actions.adopt(S, place, parent=_led(place, person), child=child)
    return child


def _stated(place: Incident, person: User) -> Arguments:
    actions.set_fact(S, place, name="ransom_demanded", value=True)
    return {"name": "ransom_demanded", "because": "It was spam."}


def _taken_over(place: Incident, person: User) -> RoleAssignment:
    """A seat that changed hands: the person held it, and holds it now through another spell."""
    held = place.roles.get(role="log_analyst", renounced_at=None)
    with factories.preparing():
        RoleAssignment.objects.filter(pk=held.pk).update(user=person)
    return held


def _handed(place: Incident, person: User) -> Arguments:
    note = actions.write_handover(S, place, seat=_taken_over(place, person), conditions="The gateway is quiet.")
    return {"report": note}


def _report_late(place: Incident) -> Arguments:
    """An incident whose first report is late."""
    with factories.preparing():
        Incident.objects.filter(pk=place.pk).update(declared_at=clock.now() - timedelta(days=3))
    place.refresh_from_db()
    return {}


def entry(place: Incident) -> ScopeEntry:
    return actions.add_scope(S, place, kind="host", name="SRV-01", because="seen in the log")


def _planned(place: Incident) -> Any:
    return actions.plan_remediation(S, place, entry=entry(place), what="Rebuild it", role="remediation_lead")


def _done(place: Incident) -> Any:
    planned = _planned(place)
    actions.do_remediation(S, place, remediation=planned)
    return planned


def _to_call(place: Incident, members: int = 2) -> Arguments:
    """Two people of the organization, to be called for a seat that nobody is called for yet."""
    ladder = [
        Rung(m, "holder") for m in Member.objects.filter(organization=place.organization, outside=False)[:members]
    ]
    free = place.roles.exclude(role__in=Paging.objects.filter(chain=place.chain).values("role")).filter(
        renounced_at=None
    )
    return {
        "role": free[0].role, "title": free[0].title, "headline": "severity 2", "reason": "a test",
        "ladder": ladder, "holder": ladder[0].member, "patience": timedelta(minutes=5),
    }  # fmt: skip


def _called_in_vain(place: Incident) -> Paging:
    return start_paging(S, place, **_to_call(place, 1))


def _run(place: Incident, *, started: bool = False) -> Any:
    factories.evidence(place, Path(settings.HOME))
    # The playbook's scan step may have asked for a run as soon as there was evidence.
    run = place.runs.filter(state="queued").last() or request_analysis(S, place)
    if started:
        start_analysis(S, place, run=run, rules={})
    return run


def _idle(place: Incident) -> Arguments:
    """Evidence, and no run under way."""
    fail_analysis(S, place, run=_run(place), error="no rules")
    return {}


def _stored() -> Stored:
    return put(io.BytesIO(b"evil.example\n"), "feed.csv")


def _feed(place: Incident) -> Any:
    return import_feed(S, place, name="feed.csv", stored=_stored(), count=1, account={})


def _sample(place: Incident) -> Any:
    run = _run(place, started=True)
    with factories.preparing():
        return Sample.objects.create(
            incident=place, run=run, item=place.evidence.last(), name="a.exe", sha256="0" * 64, bytes=1, kind="pe",
            kind_name="program",
        )  # fmt: skip


def _report() -> Arguments:
    return {"empty": True, "bytes": 0, "records": 0, "lost": 0, "not_understood": 0, "skipped": 0}


def _note(place: Incident) -> Note:
    return actions.create_note(S, place, title="Leads", text="The gateway, says T-3.")


def _rewritten(place: Incident) -> Arguments:
    note = _note(place)
    actions.edit_note(S, place, note=note, text="The gateway is clean.", base=1)
    return {"note": note, "number": 1, "base": 2}


def _mentioned(place: Incident, person: User) -> Arguments:
    note = _note(place)
    with factories.preparing():
        Mention.objects.create(note=note, user=person, revision=1, at=place.declared_at, by="Tocsin")
    return {"note": note}


def _suggested(place: Incident) -> Any:
    return actions.suggest_findings(S, place, suggestions=[finding()], source="a test")[0]


def finding(key: str = "T1059", cites: tuple[str, ...] = ("E-01#1",)) -> FindingSuggestion:
    return FindingSuggestion(
        key, "PowerShell ran", "A lead.", "low", "Sigma rules", [], [key], ["SRV-01"], list(cites), None, None
    )


def host(name: str = "SRV-02", detections: int = 3) -> ScopeSuggestion:
    return ScopeSuggestion("host", name, "3 matches", ["E-01#1"], detections, None, None)


def _overdue(place: Incident) -> Task:
    late = task(place)
    with factories.preparing():
        Task.objects.filter(pk=late.pk).update(due_at=clock.now() - timedelta(minutes=1))
    return late


def _unanswered(place: Incident) -> Decision:
    late = question(place)
    with factories.preparing():
        Decision.objects.filter(pk=late.pk).update(due_at=clock.now() - timedelta(minutes=1))
    return late


def _shaken(place: Incident) -> Decision:
    """A decision that rests on a fact which changed without anybody having noticed."""
    asked = actions.open_decision(S, place, question="Cut?", options=TWO, role="incident_manager", facts=["malware"])
    actions.decide(S, place, decision=asked, chosen="yes", reason="It spreads.")
    with factories.preparing():
        Incident.objects.filter(pk=place.pk).update(facts=place.facts | {"malware": True})
    asked.refresh_from_db()
    return asked


def _taken(place: Incident) -> RoleAssignment:
    """A seat of somebody who has no account."""
    return RoleAssignment.objects.filter(incident=place, renounced_at=None, user=None).exclude(member=None)[0]


def _ended(place: Incident) -> Task:
    done = task(place)
    actions.complete_task(S, place, task=done, proof="seen")
    return done


def _exercise(place: Incident) -> Arguments:
    with factories.preparing():
        Chain.objects.filter(pk=place.chain_id).update(exercise=True)
    return {"speed": 60.0}


def _file(place: Incident) -> Arguments:
    path = Path(settings.HOME) / "taken.bin"
    path.write_bytes(b"taken")
    return {"intakes": [Intake("taken.bin", put_file(path))]}


def _second(place: Incident | Organization, role: str) -> Arguments:
    """Somebody who holds a role beside another, so that it can be taken away."""
    if isinstance(place, Incident):
        factories.on(place, role)
        return {"user_id": factories.on(place, role).id, "role": role}
    factories.user(place, role)
    return {"user_id": factories.user(place, role).id, "role": role}


SEEN = {"address": "192.0.2.7", "agent": "A browser"}


def _left(place: Organization) -> User:
    """Somebody who was taken out of the organization."""
    gone = factories.user(place, OrgRole.GUEST)
    deactivate(S, place, user=gone, because="Left the firm.")
    return gone


def _token(place: Organization, person: User) -> Arguments:
    secret = create_token(S, place, user=person, label="robot")
    return {"token": ApiToken.objects.get(secret_hash=hashed(secret))}


def _webhook(place: Organization, person: User, *, paused: bool = False) -> Webhook:
    webhook, _secret = create_webhook(S, place, user=person, label="chat", url="https://chat.example/hook")
    if paused:
        with factories.preparing():
            Webhook.objects.filter(pk=webhook.pk).update(state="paused")
    return webhook


def _message(place: Incident, key: str) -> Any:
    return queue_message(
        S, place, key=key, address="mailto:a@example.org", recipient="A", subject="Call", body="Call in."
    )


def _other_member(place: Incident) -> Member:
    return Member.objects.filter(organization=place.organization).exclude(
        roles__role="incident_manager", roles__incident=place
    )[0]


def _rotation(place: Organization) -> Arguments:
    return {"role": "log_analyst", "members": ["jonas-lindqvist"], "starts_on": date(2026, 11, 2), "handover": time(8),
            "zone": "Europe/Stockholm"}  # fmt: skip


def _shift(place: Organization) -> Arguments:
    begins = clock.now() + timedelta(hours=1)
    return {"role": "log_analyst", "member": Member.objects.get(organization=place, key="priya-raman"),
            "starts_at": begins, "ends_at": begins + timedelta(hours=8)}  # fmt: skip


def _calendar(place: Organization) -> Arguments:
    """A plan that names a calendar which could not be read."""
    files, url = dict(factories.plan_files()), "https://calendar.example.org/secret.ics"
    files["plan.yaml"] = files["plan.yaml"].replace(
        "    holder: priya-raman\n", f"    holder: priya-raman\n    on_call: {{calendar: '{url}'}}\n", 1
    )
    role = next(k for k, r in import_plan(S, place, files=files).plan.roles.items() if r.on_call)
    return {"role": role, "source": url, "error": "calendar.example.org cannot be found."}


ARGUMENTS: dict[str, Callable[[Any, User], Arguments]] = {
    "organization.found": lambda p, u: {},
    "access.grant": lambda p, u: {"user_id": factories.user(p, OrgRole.GUEST).id, "role": "auditor"},
    "access.revoke": lambda p, u: _second(p, "auditor"),
    "access.admit": lambda p, u: {"user_id": factories.user(p.organization).id, "role": "observer"},
    "access.dismiss": lambda p, u: _second(p, "observer"),
    "clock.set": lambda p, u: _exercise(p),
    "message.queue": lambda p, u: {
        "key": "k", "address": "mailto:a@example.org", "recipient": "A", "subject": "Call", "body": "Call in.",
    },
    "message.settle": lambda p, u: {"message": _message(p, "k")},
    "plan.import": lambda p, u: {"files": factories.plan_files()},
    "rota.read": lambda p, u: _calendar(p),
    "rota.set": lambda p, u: _rotation(p),
    "rota.end": lambda p, u: {"rota": set_rota(S, p, **_rotation(p))},
    "shift.put": lambda p, u: _shift(p),
    "shift.withdraw": lambda p, u: {"shift": put_shift(S, p, **_shift(p))},
    "comcheck.start": lambda p, u: {},
    "comcheck.answer": lambda p, u: {"ask": start_comcheck(S, p).asks.filter(by_hand=False).first(), "how": "link"},
    "comcheck.mark": lambda p, u: {"ask": start_comcheck(S, p).asks.filter(by_hand=True).first()},
    "comcheck.close": lambda p, u: {"comcheck": start_comcheck(S, p)},
    "user.invite": lambda p, u: {"email": "new@halden.example", "name": "New", "role": "guest"},
    "user.deactivate": lambda p, u: {"user": factories.user(p, OrgRole.GUEST), "because": "Left the firm."},
    "user.reactivate": lambda p, u: {"user": _left(p), "role": "guest", "because": "Came back."},
    "user.signed_in": lambda p, u: {"user": u, "how": ["password"], **SEEN},
    "user.sign_in_failed": lambda p, u: {"user": u, "step": "password", "last": False, **SEEN},
    "user.signed_out": lambda p, u: {"user": u, **SEEN},
    "user.security_changed": lambda p, u: {"user": u, "what": "password", "change": "changed", **SEEN},
    "user.link": lambda p, u: {"user": u},
    "user.sign_in": lambda p, u: {"secret": make_sign_in_link(S, p, user=u)},
    "user.set_zone": lambda p, u: {"user": u, "zone": "Europe/Stockholm"},
    "token.create": lambda p, u: {"user": u, "label": "robot"},
    "token.revoke": _token,
    "webhook.create": lambda p, u: {"user": u, "label": "chat", "url": "https://chat.example/hook", "verbs": ["task"]},
    "webhook.pause": lambda p, u: {"webhook": _webhook(p, u)},
    "webhook.resume": lambda p, u: {"webhook": _webhook(p, u, paused=True)},
    "webhook.end": lambda p, u: {"webhook": _webhook(p, u)},
    "webhook.fail": lambda p, u: {"webhook": _webhook(p, u), "because": "chat.example answered 500"},
    "incident.declare": lambda p, u: {"title": "Files encrypted", "severity": 2},
    "incident.open": lambda p, u: {},
    "roles.fill": lambda p, u: {},
    "role.assign": lambda p, u: {
        "role": "incident_manager", "member": p.organization.members.get(key="tomasz-zielinski"),
    },
    "role.seat": lambda p, u: {"seat": _taken(p), "user": u},
    "role.vacate": lambda p, u: {"seat": _taken(p), "because": "Taken off."},
    "incident.close": lambda p, u: {"outcome": "near_miss", "reason": "It was stopped.", "left_open": "For tomorrow."},
    "incident.reopen": lambda p, u: _closed(p),
    "incident.merge": lambda p, u: {"target": _led(p, u), "reason": "It is the same intruder."},
    "incident.receive": lambda p, u: {"source": _led(p, u)},
    "incident.hand_out": lambda p, u: {"tasks": [task(p).number], "decisions": [], "reason": "It is another matter."},
    "incident.give_back": lambda p, u: {"source": factories.incident(p.organization), "tasks": [], "decisions": []},
    "incident.adopt": lambda p, u: {"parent": _led(p, u), "child": _led(p, u)},
    "incident.release": lambda p, u: {"child": _under(p, u)},
    "phase.set": lambda p, u: {"phase": "investigating"},
    "severity.set": lambda p, u: {"severity": 1, "because": "It spreads."},
    "summary.set": lambda p, u: {"summary": "Files on two servers are encrypted."},
    "fact.set": lambda p, u: {"name": "ransom_demanded", "value": True},
    "fact.withdraw": _stated,
    "instant.mark": lambda p, u: {"anchor": "aware", "at": clock.now() - timedelta(hours=1)},
    "instant.withdraw": lambda p, u: {"anchor": "detected", "because": "It was another alarm."},
    "sheet.roles": lambda p, u: {"role": "us_bank", "held": True, "because": "The subsidiary is hit."},
    "sheet.data": lambda p, u: {"category": "health", "affected": True, "because": "Seen in the dump."},
    "note.write": lambda p, u: {"text": "The night shift saw it first."},
    "playbook.start": lambda p, u: {"playbook_id": "insider", "because": "It was somebody from inside."},
    "tasks.advance": lambda p, u: {},
    "tasks.recall": lambda p, u: {"fact": "ransom_demanded", "before": True, "because": "the fact was withdrawn"},
    "task.add": lambda p, u: {"title": "Look at the mail gateway", "role": "log_analyst"},
    "task.assign": lambda p, u: {"task": task(p), "member": _other_member(p)},
    "task.start": lambda p, u: {"task": task(p)},
    "task.block": lambda p, u: {"task": task(p), "reason": "The gateway is down."},
    "task.complete": lambda p, u: {"task": task(p), "proof": "It is clean."},
    "task.skip": lambda p, u: {"task": task(p), "reason": "There is no gateway."},
    "task.reopen": lambda p, u: {"task": _ended(p), "reason": "A second gateway."},
    "task.overdue": lambda p, u: {"task": _overdue(p)},
    "notebook.create": lambda p, u: {"title": "Leads", "text": "- [ ] the gateway"},
    "notebook.edit": lambda p, u: {"note": _note(p), "text": "Nothing yet.", "base": 1},
    "notebook.restore": lambda p, u: _rewritten(p),
    "notebook.archive": lambda p, u: {"note": _note(p)},
    "mention.see": _mentioned,
    "mention.catch_up": lambda p, u: {"user": u},
    "situation.write": lambda p, u: {"conditions": "VPN closed.", "actions": "", "needs": "", "seen": 0},
    "situation.hand_over": lambda p, u: {"seat": _taken_over(p, u), "conditions": "The gateway is quiet."},
    "situation.acknowledge": _handed,
    "situation.overdue": lambda p, u: _report_late(p),
    "decision.open": lambda p, u: {"question": "Cut the line?", "options": TWO, "role": "incident_manager"},
    "privilege.admit": _admitting,
    "hr_track.open": _insider,
    "privilege.take_files": _privy_file,
    "privilege.set_file": _item_for_counsel,
    "privilege.lift_file": _lifting_file,
    "privilege.dismiss": _ending_admission,
    "privilege.set_note": _note_for_counsel,
    "privilege.lift_note": _lifting,
    "decision.take": _seated,
    "decision.dissent": lambda p, u: {"decision": answered(p), "reason": "It is too early."},
    "decision.recommend": lambda p, u: {"decision": question(p), "option": "yes", "reason": "It spreads."},
    "decision.unsettle": lambda p, u: {"decision": _shaken(p)},
    "decision.revisit": lambda p, u: {"decision": answered(p), "reason": "It stopped."},
    "decision.withdraw": lambda p, u: {"decision": question(p), "because": "There is no line."},
    "decision.overdue": lambda p, u: {"decision": _unanswered(p)},
    "finding.state": lambda p, u: {"claim": "PowerShell ran", "confidence": "low"},
    "finding.judge": lambda p, u: {"finding": _suggested(p), "accept": True},
    "finding.answer": lambda p, u: {"suggestion": finding("T1105"), "accept": True},
    "findings.suggest": lambda p, u: {"suggestions": [finding()], "source": "a test"},
    "scope.add": lambda p, u: {"kind": "host", "name": "SRV-03", "because": "seen in the log"},
    "scope.change": lambda p, u: {"entry": entry(p), "state": "confirmed", "because": "seen on the disk"},
    "scope.count": lambda p, u: {"entry": entry(p), "count_low": 3, "because": "counted on the disk"},
    "scope.suggest": lambda p, u: {"suggestions": [host()], "source": "a test"},
    "paging.start": lambda p, u: _to_call(p),
    "paging.call": lambda p, u: {"paging": start_paging(S, p, **_to_call(p))},
    "paging.answer": lambda p, u: {
        "asked": start_paging(S, p, **_to_call(p)).calls.get(), "yes": True, "via": "voice",
    },
    "paging.unanswered": lambda p, u: {"paging": _called_in_vain(p)},
    "paging.cancel": lambda p, u: {"paging": start_paging(S, p, **_to_call(p)), "because": "not needed"},
    "remediation.plan": lambda p, u: {"entry": entry(p), "what": "Rebuild it", "role": "remediation_lead"},
    "remediation.do": lambda p, u: {"remediation": _planned(p)},
    "remediation.verify": lambda p, u: {
        "remediation": _done(p), "held": True, "method": "scan", "result": "clean",
    },
    "evidence.take": lambda p, u: _file(p),
    "evidence.transfer": lambda p, u: {
        "item": factories.evidence(p, Path(settings.HOME)), "to": "Northgate", "why": "memory analysis",
    },
    "evidence.verify": lambda p, u: {"checked": [(factories.evidence(p, Path(settings.HOME)), True)]},
    "analysis.request": lambda p, u: _idle(p),
    "analysis.start": lambda p, u: {"run": _run(p), "rules": {}},
    "analysis.finish": lambda p, u: {
        "run": _run(p, started=True), "report": _report(), "detections": [], "kinds": {},
    },
    "analysis.fail": lambda p, u: {"run": _run(p), "error": "no rules"},
    "analysis.stop": lambda p, u: {"run": _run(p)},
    "feed.import": lambda p, u: {"name": "feed.csv", "stored": _stored(), "count": 1, "account": {}},
    "feed.withdraw": lambda p, u: {"feed": _feed(p), "because": "old"},
    "indicator.add": lambda p, u: {"written": "203[.]0[.]113[.]9"},
    "indicator.withdraw": lambda p, u: {"indicator": add_indicator(S, p, written="203.0.113.9"), "because": "ours"},
    "yara.add": lambda p, u: {"name": "r.yar", "text": "rule r { condition: true }", "rules": ["r"]},
    "yara.withdraw": lambda p, u: {"file": add_yara(S, p, name="r", text="rule r {condition: true}", rules=["r"])},
    "sample.release": lambda p, u: {"sample": _sample(p), "why": "for the provider"},
    "event.mark": lambda p, u: {"events": [(factories.evidence(p, Path(settings.HOME)), 7)], "starred": True},
    "search.save": lambda p, u: {"name": "logons", "query": "code:4624"},
    "search.drop": lambda p, u: {"search": save_search(S, p, name="logons", query="code:4624")},
    "survival.export": lambda p, u: {"name": "tocsin.zip", "sha256": "0" * 64, "size": 1, "incidents": [], "plan": "0" * 64},
    "survival.carry": lambda p, u: {"by": "Ana", "sha256": "0" * 64},
    "referral.make": lambda p, u: {
        "to": "counsel", "recipient": "Vera Holm", "name": "a.zip", "sha256": "0" * 64, "size": 1, "parts": [], "items": [],
    },
    "clocks.open": lambda p, u: {"tasks": []},
    "clocks.carry": lambda p, u: {"pairs": []},
    "clocks.keep": lambda p, u: {"clocks": []},
    "duties.recompute": lambda p, u: {"found": Found("0" * 64, {}), "because": "a test"},
    "duties.carry": lambda p, u: {"duties": []},
    "duty.overdue": lambda p, u: {"clock": _late_stage(p)},
    "duty.confirm": lambda p, u: {"regime": "eu-gdpr-33", "reason": "the definition is met"},
    "duty.reject": lambda p, u: {"regime": "eu-gdpr-33", "reason": "no personal data"},
    "duty.file": lambda p, u: {
        "regime": "eu-gdpr-33", "stage": "notification to supervisory authority", "at": clock.now(), "channel": "portal",
    },
    "duty.strike": lambda p, u: {"regime": "eu-gdpr-33", "filing": _filing(p).pk, "reason": "the wrong incident"},
    "duty.delay": lambda p, u: {
        "regime": "us-sec-8k-105", "until": clock.now() + timedelta(days=10), "asked_by": "FBI", "reference": "letter 7",
    },
    "notice.draft": lambda p, u: {"regime": "eu-gdpr-33", "stage": "notification to supervisory authority"},
    "notice.edit": lambda p, u: {"notice": _notice(p), "texts": {"measures": "Cut off."}},
    "notice.finish": lambda p, u: {"notice": _notice(p), "reason": "the rest follows"},
    **COMMS,
    "alertsource.add": lambda p, u: {"name": "EDR", "kind": "webhook"},
    "alertsource.change": lambda p, u: {"source": _alert_source(p), "active": False},
    "alertsource.renew": lambda p, u: {"source": _alert_source(p)},
    "alert.take": lambda p, u: {"source": _alert_source(p), "readings": [reported("A strange mail")]},
    "alert.judge": lambda p, u: {"alert": _alert(p), "state": "true"},
    "alert.attach": lambda p, u: {"alert": _true_alert(p)},
}  # fmt: skip

# remediation.verify must not be done by the one who carried it out: the system did, so another name checks it.
BY_ANOTHER = {"remediation.verify": Actor("system", "tocsin", "Checker")}
