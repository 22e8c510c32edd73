"""What the example owes and says to people outside: its fact sheet, duties, notices, messages, and two decisions."""

from __future__ import annotations

from datetime import timedelta

from tocsin.comms import actions as comms
from tocsin.comms.actions.waves import Planned
from tocsin.comms.filling import fill, values_of
from tocsin.comms.lists import Row
from tocsin.comms.models import Message, StatusWord
from tocsin.comms.sending import advance_waves, queue_deliveries, release_alone
from tocsin.core import clock
from tocsin.core.access import Actor
from tocsin.disclosure import actions as disclosure
from tocsin.incidents import actions
from tocsin.incidents.models import Decision, Incident
from tocsin.people.models import User

_PEOPLE = (("DE", 410, 460), ("NL", 190, 230))
"""Where the employees on the HR share live beside Sweden, and how many of them there are at least and at most."""
_STAFF = """Dear colleagues,

On {{ detected_on }} we found an intruder on file servers in Göteborg. The shared drives of three sites are off.

- Do not switch off or clean a computer that behaves strangely. Unplug its network cable and call the help desk.
- Send questions of customers and journalists to Marco Bianchi and answer none yourself.

The plants run, and so do canteens, gates and time clocks. We write again at 16:00, also if there is nothing new."""
_EXECUTIVES = """An intruder with a service account prepared encryption on three servers in the night. One is cut off.

All plants run. Last night's backup is intact and out of reach. The files of human resources stand on an affected \
server, so people will have to be told. Two decisions wait for you in the incident."""
_CUSTOMERS = """On {{ detected_on }} we discovered a security incident on our file servers.

What it means for you: orders are taken and delivered. Order confirmations come up to a day late.
What we ask of you: a message with new bank details does not come from us. Call the person you know.

We write again tomorrow at noon."""
_PRESS = """On {{ detected_on }} {{ organization }} discovered a security incident that affects some of its file servers.

Production and deliveries go on. We have started an investigation together with outside specialists, and the \
authorities know. It is too early to say how the incident came about, and we will not speculate. When people or \
partners are affected, we tell them first."""
_STATUS = "Order confirmations may reach you up to a day late. Orders are taken and delivered as usual."
_QUESTIONS = (
    ("Are the products safe?", "Yes. Production and quality control were never connected to the servers in question.",
     ("customers", "press"), True),
    ("Will I be paid on time?", "Yes. Wages are paid from a system that is not affected.", ("staff",), True),
    ("Was data of customers taken?", "We have found no sign of it so far. Whether data left is being measured now.",
     ("customers", "press"), False),
    ("Who is behind it, and do you negotiate?", "", ("press",), False),
)  # fmt: skip


def set_up_outside(people: dict[str, User], incident: Incident) -> None:
    """Everything that lawyers, press officers and executives meet in their rooms."""
    _state(people, incident)
    _duties(people, incident)
    _decide(people, incident)
    _speak(people, incident)
    _ask(people, incident)


def _state(people: dict[str, User], incident: Incident) -> None:
    ruth, leila, fatima = (people[k].actor for k in ("ruth-oyelaran", "leila-haddad", "fatima-el-amrani"))
    actions.mark_instant(leila, incident, anchor="began", at=incident.declared_at - timedelta(hours=9),
                         because="the first remote command in the events of SRV-FS-01")  # fmt: skip
    for name, because in (
        ("personal_data_affected", "the HR share was encrypted in part"),
        ("personal_data_breach", "files of human resources stand on a server that the intruder used"),
        ("ransomware", "ransom notes on two file servers"),
        ("identity_of_individuals_known", "the HR share holds the staff list"),
    ):
        actions.set_fact(fatima, incident, name=name, value=True, because=because)
    actions.set_fact(ruth, incident, name="price_sensitive", value=False, because="no plant stops; Birgit Aalto agrees")
    for category, affected, because in (
        ("personal_data", True, "the HR share is on a confirmed file server"),
        ("health", True, "the share holds notes of sick leave"),
        ("payment_card", False, "cards are taken by the acquirer alone"),
    ):
        actions.set_data_category(fatima, incident, category=category, affected=affected, because=because)
    actions.set_entity_role(ruth, incident, role="processor", held=False, because="we process for nobody else here")
    for region, low, high in _PEOPLE:
        actions.add_scope(
            leila, incident, kind="data_subjects", name="Employees in the HR share", region=region, count_low=low,
            count_high=high, because="counted in the staff list of June", confidence="moderate",
        )  # fmt: skip


def _duties(people: dict[str, User], incident: Incident) -> None:
    ruth, fatima = people["ruth-oyelaran"].actor, people["fatima-el-amrani"].actor
    nis2, gdpr, early = "eu-nis2-23", "eu-gdpr-33", "early warning"
    disclosure.confirm_duty(ruth, incident, regime=nis2, reason="Three sites cannot trust their file servers.")
    disclosure.confirm_duty(ruth, incident, regime=gdpr, reason="Data of staff was within reach; a risk is likely.")
    disclosure.reject_duty(
        ruth, incident, regime="eu-gdpr-34",
        reason="No high risk is known today: nothing shows that files left. To be judged anew once the outflow is measured.",
    )  # fmt: skip
    warning = disclosure.draft_notice(ruth, incident, regime=nis2, stage=early)
    disclosure.finish_notice(ruth, incident, notice=warning,
                             reason="An early warning goes out with what is known; the rest follows within 72 hours.")  # fmt: skip
    disclosure.file_stage(
        ruth, incident, regime=nis2, stage=early, at=clock.now(), channel="Portal of the CSIRT", reference="2026-11-0417",
        proof="receipt on paper, binder 3", notice=warning.number,
    )  # fmt: skip
    disclosure.draft_notice(fatima, incident, regime=gdpr, stage="notification to supervisory authority")


def _decide(people: dict[str, User], incident: Incident) -> None:
    lead, ruth = people["anneke-de-vries"].actor, people["ruth-oyelaran"].actor
    retainer = Decision.objects.get(incident=incident, step_id="decide-retainer")
    actions.recommend(people["priya-raman"].actor, incident, decision=retainer, option="activate",
                      reason="Nobody of ours has read disks in Lübeck before.")  # fmt: skip
    actions.decide(lead, incident, decision=retainer, chosen="activate",
                   reason="Lübeck and Almelo have no hands of ours before tomorrow.")  # fmt: skip
    asked = actions.open_decision(
        ruth, incident, question="Do we take the order system off the network until it is searched?",
        role="executive_sponsor", authority="shut_down_service", due_at=clock.now() + timedelta(hours=3),
        if_nobody_decides="It stays on, watched by two people, until somebody decides.",
        options=[
            {"id": "now", "label": "Take it off now", "consequence": "Customers order by telephone for a day. The intruder "
             "cannot reach their orders and addresses.",
             "cost": {"currency": "EUR", "low": 180_000, "high": 260_000, "note": "a day"}},
            {"id": "night", "label": "Take it off tonight at 22:00", "consequence": "The day's orders are safe. For ten hours "
             "we trust that we would see the intruder come.",
             "cost": {"currency": "EUR", "low": 20_000, "high": 40_000, "note": "one night"}},
            {"id": "leave", "label": "Leave it on", "consequence": "Orders go on. If it is encrypted, it takes a week to "
             "rebuild."},
        ],
        facts=["personal_data_breach", "ransomware"],
    )  # fmt: skip
    for who, option, reason in (
        ("mei-tanaka", "night", "We need the day for a clean copy to go back to."),
        ("yusuf-demir", "night", "The trucks for Almelo are loaded until six."),
        ("jonas-lindqvist", "now", "Its service account has the same password as the one that was used."),
    ):
        actions.recommend(people[who].actor, incident, decision=asked, option=option, reason=reason)


def _speak(people: dict[str, User], incident: Incident) -> None:
    """One message gone, one on the public page, and a wave that waits for counsel and for the press text's review."""
    marco, lead, ruth, henrik = (
        people[k].actor for k in ("marco-bianchi", "anneke-de-vries", "ruth-oyelaran", "henrik-halden")
    )
    comms.fill_audience(marco, incident, audience="customers", rows=[
        Row(f"Customer {n}", f"mailto:orders{n}@customer.example", ("sv", "de", "nl")[n % 3]) for n in range(1, 41)
    ])  # fmt: skip
    staff = _draft(marco, incident, "all-staff", "Shared drives are off: what to do now", _STAFF, acknowledge=True)
    _review(lead, incident, staff)
    release_alone(marco, incident, staff)
    executives = _draft(marco, incident, "executive-team", "Intrusion on the file servers: where we stand", _EXECUTIVES)
    _review(lead, incident, executives)
    customers = _draft(marco, incident, "customers", "Security incident: what it means for your orders", _CUSTOMERS)
    _review(lead, incident, customers)
    press = _draft(marco, incident, "press", "Security incident at Halden Foods", _PRESS, template="holding-statement")
    comms.open_status_page(henrik, incident, title="Orders and deliveries")
    update = comms.draft_message(marco, incident, subject="Order confirmations are late", body=_STATUS, on_status=True,
                                 status_word=StatusWord.INVESTIGATING)  # fmt: skip
    comms.submit_message(marco, incident, message=update)
    _review(lead, incident, update)
    update.refresh_from_db()
    comms.approve_legally(ruth, incident, message=update, seen=update.sha256)
    release_alone(henrik, incident, update)
    comms.plan_wave(marco, incident, steps=[Planned(m.number) for m in (executives, customers, press)])
    advance_waves()
    queue_deliveries()


def _draft(writer: Actor, incident: Incident, audience: str, subject: str, body: str, *, template: str = "",
           acknowledge: bool = False) -> Message:  # fmt: skip
    """A text that its writer has asked somebody to review."""
    made = comms.draft_message(writer, incident, audience=audience, template=template, subject=subject, body=body,
                               acknowledge=acknowledge)  # fmt: skip
    return comms.submit_message(writer, incident, message=made)


def _review(reader: Actor, incident: Incident, message: Message) -> None:
    """Review a text, as somebody who read it as it stands."""
    text = fill(message.subject, message.body, values_of(incident, message.language), message.language)
    comms.review_message(reader, incident, message=message, seen=text.sha256)


def _ask(people: dict[str, User], incident: Incident) -> None:
    marco, lead = people["marco-bianchi"].actor, people["anneke-de-vries"].actor
    for question, answer, audiences, approved in _QUESTIONS:
        row = comms.write_question(marco, incident, question=question, answer=answer, audiences=audiences)
        if approved:
            comms.approve_answer(lead, incident, row=row)
