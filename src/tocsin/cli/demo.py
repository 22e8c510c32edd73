"""The example organization with a living incident, played through the same actions that people use."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django.conf import settings

from tocsin.cli.demo_alerts import set_up_alerts
from tocsin.cli.demo_outside import set_up_outside
from tocsin.cli.demo_room import UNTAKEN, call_in_vain, set_up_room, with_calendar
from tocsin.core import clock
from tocsin.core.access import Actor, OrgRole
from tocsin.core.actions import set_clock
from tocsin.core.founding import new_organization
from tocsin.core.models import Organization
from tocsin.evidence.actions import request_analysis
from tocsin.evidence.analysis import run_analysis
from tocsin.evidence.intake import take_in
from tocsin.example import ORGANIZATION, example_plan_files
from tocsin.example.generate import write_evidence
from tocsin.incidents import actions
from tocsin.incidents.models import Incident, ScopeState, Task
from tocsin.people.actions import answer_paging, import_plan, invite
from tocsin.people.models import PagingCall, PagingState, User, Via
from tocsin.plan.load import parse_plan
from tocsin.plan.models import Plan

SLUG = "example"
EVIDENCE_HOURS = timedelta(hours=25)


def set_up() -> None:
    """Found the example organization and play the first part of its incident; does nothing when it is there."""
    if Organization.objects.filter(slug=SLUG).exists():
        return
    system = Actor.system("Example")
    files = example_plan_files(clock.now().date())
    plan = parse_plan(files)
    facts = plan.organization
    organization = new_organization(SLUG, ORGANIZATION, facts.time_zone, facts.countries)
    people = _people(system, organization, plan)
    import_plan(system, organization, files=with_calendar(files, facts.time_zone))
    incident = _declare(organization, people)
    _analyse(incident, people)
    _work(incident, people)
    _exercise(organization, people)
    for place in Incident.objects.filter(organization=organization):
        _answer_calls(place)
    call_in_vain(incident)
    set_up_room(organization, people, incident)
    set_up_outside(people, incident)
    set_up_alerts(system, organization, people, incident)


def _people(system: Actor, organization: Organization, plan: Plan) -> dict[str, User]:
    accounts: dict[str, User] = {}
    for role in plan.roles.values():
        contact = plan.contacts[role.holder] if role.holder else None
        mail = next((m.url for m in contact.methods if m.kind == "mail"), "") if contact else ""
        if not contact or not mail or role.holder in accounts:
            continue
        first = not accounts
        role_here = OrgRole.ADMINISTRATOR if first else OrgRole.GUEST if contact.outside else OrgRole.RESPONDER
        accounts[role.holder or ""] = invite(
            system, organization, email=mail.removeprefix("mailto:"), name=contact.name, role=role_here
        )
    return accounts


def _declare(organization: Organization, people: dict[str, User]) -> Incident:
    return actions.declare(
        people["anneke-de-vries"].actor,
        organization,
        title="Ransomware staging on the file servers",
        summary="A service account ran remote commands on the file servers during the night and switched virus "
        "protection off. Ransom notes were found on two of them. No plant has stopped so far.",
        severity=1,
        playbook_id="ransomware",
        playbook_because="ransom notes were reported by the night shift",
        detected_at=clock.now() - timedelta(minutes=34),
    )


def _analyse(incident: Incident, people: dict[str, User]) -> None:
    folder = Path(settings.HOME) / "example-evidence"
    files = write_evidence(folder, clock.now() - EVIDENCE_HOURS)
    collector = people["priya-raman"].actor
    take_in(collector, incident, files, why="collected from the hosts by the investigation lead")
    # The playbook's scan step asked for a run as soon as there was evidence; the worker would take it up by itself.
    run_analysis(incident.runs.last() or request_analysis(collector, incident))


def _work(incident: Incident, people: dict[str, User]) -> None:
    lead, priya, jonas = (people[k].actor for k in ("anneke-de-vries", "priya-raman", "jonas-lindqvist"))
    leila, nils = people["leila-haddad"].actor, people["nils-bergman"].actor
    incident.refresh_from_db()
    actions.set_phase(lead, incident, phase="investigating", because="the plan is running and evidence is in")
    tasks = {t.step_id: t for t in incident.tasks.all()}
    actions.complete_task(lead, incident, task=tasks["open-bridge"], proof="17 of 19 roles on the bridge, 2 backups")
    actions.start_task(nils, incident, task=tasks["cut-spread"])
    actions.complete_task(nils, incident, task=tasks["guard-backups"],
                          proof="The repository is off the production network; last intact copy is last night's")  # fmt: skip
    actions.start_task(leila, incident, task=tasks["ledger"])
    actions.block_task(priya, incident, task=_open(incident, "sweep-hosts", "measure-outflow"),
                       reason="the flow records of the branch offices have to be asked for")  # fmt: skip
    for finding in incident.findings.filter(confidence="high")[:3]:
        actions.judge_finding(jonas, incident, finding=finding, accept=True, reason="looked at the events")
    hosts = list(incident.scope.filter(kind="host").order_by("-detections")[:3])
    for entry in hosts:
        actions.change_scope(leila, incident, entry=entry, state=ScopeState.CONFIRMED, cites=entry.cites[:2],
                             because="the events show the intruder's commands")  # fmt: skip
    if hosts:
        actions.change_scope(nils, incident, entry=hosts[0], state=ScopeState.CONTAINED,
                             because="its switch port is closed; a ping from the next segment fails")  # fmt: skip
        actions.plan_remediation(priya, incident, entry=hosts[0], what="Rebuild from the clean image",
                                 role="remediation_lead", method="a fresh scan finds none of the indicators")  # fmt: skip
    actions.add_scope(leila, incident, kind="data_subjects", name="Employees in the HR share", region="SE",
                      because="the HR share is on a confirmed file server", count_low=1180, count_high=1350)  # fmt: skip
    actions.set_fact(people["ruth-oyelaran"].actor, incident, name="significant_incident", value=True,
                     because="the file servers of three sites cannot be trusted")  # fmt: skip
    actions.mark_instant(people["ruth-oyelaran"].actor, incident, anchor="aware",
                         at=incident.declared_at, because="the bridge agreed that it is an attack")  # fmt: skip
    actions.note(lead, incident, text="Use the bridge on your card. The intruder may read mail and chat.")


def _answer_calls(incident: Incident) -> None:
    """Most of those who are called answer; the scribe cannot come and the backup does; one is still being called."""
    for asked in PagingCall.objects.filter(paging__chain=incident.chain, paging__state=PagingState.CALLING):
        role = asked.paging.role
        if role in ("executive_sponsor", UNTAKEN):
            continue
        answer_paging(Actor.system("Call link"), incident, asked=asked, yes=role != "scribe", via=Via.LINK)
    for asked in PagingCall.objects.filter(paging__chain=incident.chain, paging__role="scribe", answer="", rung=1):
        answer_paging(Actor.system("Reply code"), incident, asked=asked, yes=True, via=Via.CODE)


def _open(incident: Incident, *steps: str) -> Task:
    return next(t for s in steps for t in incident.tasks.filter(step_id=s) if t.live)


def _exercise(organization: Organization, people: dict[str, User]) -> None:
    lead = people["anneke-de-vries"].actor
    drill = actions.declare(
        lead, organization, title="Quiet harvest: a supplier's invoice that is none", severity=3,
        playbook_id="business-email-compromise", exercise=True, summary="Tabletop on a diverted payment.",
    )  # fmt: skip
    set_clock(lead, drill, jump_to=clock.now() + timedelta(minutes=25))
    task = drill.tasks.filter(state="open").first()
    if task:
        actions.start_task(lead, drill, task=task)
