"""What makes the example's rooms live: reports, notes, a child, a near miss, rotas, a Comcheck, a seat nobody takes."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from tocsin.core import clock
from tocsin.core.access import Actor
from tocsin.core.models import Organization
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.incidents.models.incident import Outcome
from tocsin.people.actions import answer_comcheck, close_comcheck, set_rota, start_comcheck
from tocsin.people.models import Paging, PagingState, User
from tocsin.people.reactions_paging import go_on
from tocsin.plan.load import PLAN

CALENDAR = "calendars/it-operations.ics"
UNTAKEN = "finance_director"
"""The seat of the example whose holder and backup both did not answer."""
_SEAT = "  it_operations:\n"
_NOTE = """## Numbers
- Bridge: on your card, pin changes at every hand-over
- Northgate hotline: open engagement under the retainer

## Leads
- [x] svc_backup was used from HAL-FS-01 at night
- [ ] where svc_backup's password was read, see F-3
- [ ] @priya-raman: which branch offices keep flow records?
"""


def with_calendar(files: dict[str, str], zone: str) -> dict[str, str]:
    """The plan's files with a calendar that says who serves IT operations: two people, a week each."""
    turn = _turn(zone)
    turns = (("Nils Bergman", turn), ("Samir Haddou", turn - timedelta(weeks=1)))
    events = [
        f"BEGIN:VEVENT\nUID:it-operations-{place}@halden.example.org\nSUMMARY:{who}\nDTSTART;TZID={zone}:{start:{form}}\n"
        f"DTEND;TZID={zone}:{start + timedelta(weeks=1):{form}}\nRRULE:FREQ=WEEKLY;INTERVAL=2\nEND:VEVENT\n"
        for place, (who, start) in enumerate(turns)
        for form in ("%Y%m%dT%H%M%S",)
    ]
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Halden Foods//On call//EN\n{''.join(events)}END:VCALENDAR\n"
    plan = files[PLAN].replace(_SEAT, f"{_SEAT}    on_call: {{calendar: {CALENDAR}}}\n", 1)
    return {**files, PLAN: plan, CALENDAR: text.replace("\n", "\r\n")}


def set_up_room(organization: Organization, people: dict[str, User], incident: Incident) -> None:
    """Everything of the room that the playbook does not bring by itself."""
    _report(incident, people)
    _write(incident, people)
    _belong(organization, people, incident)
    _serve(organization, people)
    _reach(organization, people)


def call_in_vain(incident: Incident) -> None:
    """Have one seat's whole ladder called, and nobody answer."""
    paging = Paging.objects.filter(chain=incident.chain, role=UNTAKEN, state=PagingState.CALLING).first()
    while paging and paging.state == PagingState.CALLING:
        go_on(Actor.system("Clock"), paging)
        paging.refresh_from_db()


def _turn(zone: str) -> datetime:
    """When the week that runs was handed over: the last Monday, 08:00 there."""
    now = clock.now().astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    monday = datetime.combine(now.date() - timedelta(days=now.weekday()), time(8))
    return monday if monday <= now else monday - timedelta(weeks=1)


def _report(incident: Incident, people: dict[str, User]) -> None:
    actions.write_report(
        people["priya-raman"].actor, incident,
        conditions="A service account ran remote commands on two file servers in the night. Ransom notes on both. "
        "No plant has stopped.",
        actions="The bridge is open. Backups are off the network. Evidence of the first hosts is read.",
        needs="A decision on cutting the plants from the office network.",
    )  # fmt: skip
    actions.write_report(
        people["anneke-de-vries"].actor, incident,
        conditions="An intruder with svc_backup staged encryption on three hosts, one of them contained. Ransom notes "
        "on two file servers; the HR share is on one. Last intact backup is last night's. All plants run.",
        actions="Backups out of reach. Segments are being closed, SRV-FS first. Logs of eleven hosts and accounts are "
        "read; the sweep waits for the branch offices' flow records.",
        needs="Henrik Halden: whether the plants are cut off. Finance has not answered; ring Clara Weiss. Flow records "
        "of the branch offices.",
    )  # fmt: skip


def _write(incident: Incident, people: dict[str, User]) -> None:
    lead, jonas, leila = (people[k].actor for k in ("anneke-de-vries", "jonas-lindqvist", "leila-haddad"))
    kept = actions.create_note(lead, incident, title="Leads and numbers", text=_NOTE)
    actions.edit_note(
        jonas, incident, note=kept, base=1,
        text=_NOTE.replace("see F-3", "see F-3. @anneke-de-vries: the jump host, I think"),
    )  # fmt: skip
    actions.edit_note(  # begun before the other was saved: both stay
        leila, incident, note=kept, base=1,
        text=_NOTE.replace("pin changes", "+46 31 390 06 20, pin changes"),
    )  # fmt: skip
    actions.create_note(
        people["ruth-oyelaran"].actor, incident, title="Call with the insurer",
        text="Polaris wants the written notice today, and to be asked before any outside cost. T-15 is the notice.",
    )  # fmt: skip


def _belong(organization: Organization, people: dict[str, User], incident: Incident) -> None:
    lead = people["anneke-de-vries"].actor
    child = actions.declare(
        lead, organization, title="Sign-ins to the supplier portal with staff passwords", severity=3,
        summary="Five accounts signed in from one address that none of them uses. All five are locked.",
    )  # fmt: skip
    actions.adopt(lead, organization, parent=incident, child=child, reason="the same address as in S-3's events")
    missed = actions.declare(
        lead, organization, title="Macro document mailed to the Lübeck plant", severity=4,
        summary="Eleven people got it, two opened it. Macros are switched off there; nothing ran.",
    )  # fmt: skip
    actions.close(
        lead, missed, outcome=Outcome.NEAR_MISS, reason="blocked by policy; the sender is blocked now, too",
        left_open="nothing ran, so nothing is left to be investigated",
    )  # fmt: skip


def _serve(organization: Organization, people: dict[str, User]) -> None:
    zone = organization.time_zone
    set_rota(
        people["anneke-de-vries"].actor, organization, role="log_analyst", zone=zone, handover=time(8),
        members=["emil-sorensen", "jonas-lindqvist"], starts_on=_turn(zone).date() - timedelta(weeks=1),
    )  # fmt: skip


def _reach(organization: Organization, people: dict[str, User]) -> None:
    """A round that most answered on one of their ways; every fourth person did not."""
    admin = people["anneke-de-vries"].actor
    made = start_comcheck(admin, organization, reason="the quarter's check")
    answered: set[object] = set()
    for ask in made.asks.filter(by_hand=False).select_related("member").order_by("member__key", "place"):
        if ask.member_id not in answered and len(answered) % 4 != 3:
            answer_comcheck(Actor.system("Comcheck"), organization, ask=ask, how="link")
        answered.add(ask.member_id)
    close_comcheck(admin, organization, comcheck=made)
