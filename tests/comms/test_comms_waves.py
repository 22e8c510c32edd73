"""A wave against a real mail server and a real web server: in order, at its time, held, taken back, each exactly once."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from comms_cast import Cast, approved, drafted, listed

import factories
from tocsin.comms import actions
from tocsin.comms.actions.waves import Planned
from tocsin.comms.lists import Row
from tocsin.comms.models import Message, Wave
from tocsin.comms.queries import standing_of
from tocsin.comms.reactions import send_waves
from tocsin.comms.sending import BATCH, delivery_of, read_link
from tocsin.core import clock, outbox
from tocsin.core.action import Invalid
from tocsin.core.models import Chain, LogEntry, OutboxMessage
from tocsin.incidents.actions import add_task, complete_task, set_fact
from tocsin.incidents.models import Incident

pytestmark = pytest.mark.django_db


class Heard:
    """What came out, in the order in which it arrived: over mail and over the web alike."""

    def __init__(self) -> None:
        self.arrived: list[tuple[str, str, str]] = []
        self.refused: set[str] = set()

    async def handle_RCPT(  # noqa: N802  aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 Nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        mail = message_from_bytes(envelope.content or b"", EmailMessage, policy=policy.default)  # type: ignore[arg-type]
        body = mail.get_body()
        assert body is not None
        text = body.get_content().replace("\r\n", "\n").removesuffix("\n")
        self.arrived.append((envelope.rcpt_tos[0], str(mail["Subject"]), text))
        return "250 Taken"

    @property
    def order(self) -> list[str]:
        return [address.partition("@")[0] for address, _subject, _text in self.arrived]


@pytest.fixture
def heard(settings: Any) -> Iterator[Heard]:
    """A mail server and a web server that write down what they get."""
    found = Heard()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    mail = Controller(found, hostname="127.0.0.1", port=port)
    mail.start()
    settings.EMAIL_URL, settings.MAIL_FROM = f"smtp://127.0.0.1:{port}", "tocsin@halden.example"

    class Post(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found.arrived.append(("hook", said["title"], said["message"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    web = HTTPServer(("127.0.0.1", 0), Post)
    threading.Thread(target=web.serve_forever, daemon=True).start()
    found.hook = f"json://127.0.0.1:{web.server_port}/press"  # type: ignore[attr-defined]
    yield found
    mail.stop()
    web.shutdown()
    web.server_close()


def rounds(count: int = 1) -> None:
    """What the ticker does in so many rounds."""
    for _round in range(count):
        send_waves()
        outbox.deliver_due()


def only_lists(incident: Incident) -> None:
    """Nobody of the plan's audiences can be written to: what arrives comes from the lists."""
    with factories.preparing():
        for member in incident.organization.members.all():
            member.methods = []
            member.save()


@pytest.fixture
def place(incident: Incident) -> Incident:
    only_lists(incident)
    listed(incident, "authorities", "cert@example.org")
    listed(incident, "all-staff", "ann@example.org", "ben@example.org")
    listed(incident, "customers", "shop@example.org")
    return incident


def trio(place: Incident, cast: Cast) -> tuple[Message, Message, Message]:
    """Messages to an authority, to staff and to customers, all approved."""
    made = [approved(place, cast, key, subject=f"To {key}") for key in ("authorities", "all-staff", "customers")]
    return made[0], made[1], made[2]


def released(place: Incident, cast: Cast, *steps: Planned, because: str = "") -> Wave:
    wave = actions.plan_wave(cast.lead.actor, place, steps=steps, because=because)
    return actions.release_wave(cast.speaker.actor, place, wave=wave)


def states(*messages: Message) -> list[str]:
    for one in messages:
        one.refresh_from_db()
    return [one.state for one in messages]


def test_a_wave_leaves_in_order_over_mail_and_web_byte_for_byte(place: Incident, cast: Cast, heard: Heard) -> None:
    listed(place, "press", heard.hook)  # type: ignore[attr-defined]
    body = "Čeština & <b>markup</b>\n\n  indented,\ttabbed\n\n— {{ organization }}"
    authority, staff, customers = trio(place, cast)
    press = approved(place, cast, "press", body=body, salutation="Dear {{ name }},")
    wave = released(place, cast, *[Planned(m.number) for m in (authority, staff, customers, press)])
    rounds(1)
    assert heard.order == ["cert", "ann", "ben"]
    rounds(2)
    assert heard.order == ["cert", "ann", "ben", "shop", "hook"]
    rounds(2)
    assert len(heard.arrived) == 5
    wave.refresh_from_db()
    assert wave.state == "done"
    ends = [(e.verb, e.payload.get("outgoing")) for e in place.chain.entries.filter(verb__endswith=".finish")]
    assert ends == [*(("comms.finish", m.number) for m in (authority, staff, customers, press)), ("wave.finish", None)]
    press.refresh_from_db()
    _to, subject, text = heard.arrived[-1]
    assert text.startswith(f"Dear Reader 1,\n\n{press.final_text}")
    assert subject == press.final_subject
    assert heard.arrived[0][2] == authority.final_text
    entry = LogEntry.objects.get(verb="comms.release", payload__outgoing=press.number)
    assert (entry.payload["text"], entry.payload["sha256"]) == (press.final_text, press.sha256)
    assert [a["kind"] for a in entry.payload["approvals"]] == ["review", "legal"]
    assert "example.org" not in str(
        [e.payload for e in LogEntry.objects.filter(verb__in=("message.queue", "comms.release"))]
    )


def test_the_press_does_not_hear_before_an_authority_without_a_reason(place: Incident, cast: Cast) -> None:
    listed(place, "press", "news@example.org")
    authority, press = approved(place, cast, "authorities"), approved(place, cast, "press")
    steps = [Planned(press.number), Planned(authority.number)]
    with pytest.raises(Invalid, match=r"M-\d+ \(Press and public\) would not wait"):
        actions.plan_wave(cast.lead.actor, place, steps=steps)
    steps = [Planned(authority.number), Planned(press.number, after=[])]
    with pytest.raises(Invalid, match="would not wait"):
        actions.plan_wave(cast.lead.actor, place, steps=steps)
    wave = actions.plan_wave(cast.lead.actor, place, steps=steps, because="It is in the papers already.")
    assert wave.order_because == "It is in the papers already."
    with pytest.raises(Invalid, match="above it"):
        actions.plan_wave(cast.lead.actor, place, steps=[Planned(press.number, after=[1])], wave=wave)
    with pytest.raises(Invalid, match="in wave W-"):
        actions.plan_wave(cast.lead.actor, place, steps=[Planned(press.number)])


def test_only_who_the_plan_lets_speak_releases_and_only_what_is_approved(place: Incident, cast: Cast) -> None:
    draft = drafted(place, cast, "customers")
    wave = actions.plan_wave(cast.lead.actor, place, steps=[Planned(draft.number)])
    with pytest.raises(Invalid, match="Executive sponsor"):
        actions.release_wave(cast.lead.actor, place, wave=wave)
    with pytest.raises(Invalid, match="has to be approved"):
        actions.release_wave(cast.speaker.actor, place, wave=wave)
    inside = actions.plan_wave(cast.lead.actor, place, steps=[Planned(approved(place, cast, "all-staff").number)])
    actions.release_wave(cast.lead.actor, place, wave=inside)
    nobody = approved(place, cast, "investors")
    alone = actions.plan_wave(cast.lead.actor, place, steps=[Planned(nobody.number)])
    with pytest.raises(Invalid, match="would reach nobody"):
        actions.release_wave(cast.speaker.actor, place, wave=alone)


def test_a_step_waits_for_its_time_and_for_a_task(place: Incident, cast: Cast, heard: Heard,
                                                  monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    _authority, staff, customers = trio(place, cast)
    task = add_task(factories.SYSTEM, place, title="File the notice", role="legal_counsel")
    soon = clock.now() + timedelta(hours=1)
    released(place, cast, Planned(staff.number, not_before=soon), Planned(customers.number, after_task=task.number))
    rounds(2)
    assert heard.order == []
    real = clock.now
    monkeypatch.setattr("tocsin.core.clock.now", lambda: real() + timedelta(hours=2))
    rounds(3)
    assert heard.order == ["ann", "ben"]
    complete_task(factories.SYSTEM, place, task=task, proof="Filed.")
    rounds(2)
    assert heard.order == ["ann", "ben", "shop"]


def test_a_wave_is_paused_resumed_and_recalled(place: Incident, cast: Cast, heard: Heard) -> None:
    authority, staff, customers = trio(place, cast)
    wave = released(place, cast, *[Planned(m.number) for m in (authority, staff, customers)])
    rounds(1)
    actions.pause_wave(cast.lead.actor, place, wave=wave, because="A call comes in.")
    rounds(3)
    assert heard.order == ["cert", "ann", "ben"]
    with pytest.raises(Invalid, match="paused"):
        actions.pause_wave(cast.lead.actor, place, wave=wave, because="Again.")
    wave = actions.release_wave(cast.speaker.actor, place, wave=wave)
    actions.recall_wave(cast.lead.actor, place, wave=wave, because="It was a false alarm.")
    rounds(3)
    assert heard.order == ["cert", "ann", "ben"]
    assert states(authority, staff, customers) == ["released", "released", "recalled"]
    assert customers.released_at is None
    # What was recalled before any of it left can be used again.
    again = actions.edit_message(cast.writer.actor, place, message=customers, subject="S", body="B")
    assert again.state == "draft"


def test_what_waits_in_the_outbox_is_taken_back_too(place: Incident, cast: Cast, heard: Heard) -> None:
    _authority, staff, _customers = trio(place, cast)
    wave = released(place, cast, Planned(staff.number))
    send_waves()
    assert OutboxMessage.objects.filter(state="queued", key__startswith="comms:").count() == 2
    actions.recall_wave(cast.lead.actor, place, wave=wave, because="Stop.")
    rounds(2)
    assert heard.order == []
    assert states(staff) == ["recalled"]
    assert standing_of(staff).recalled == 2


def test_a_recall_stops_a_round_that_has_begun(place: Incident, cast: Cast, heard: Heard,
                                               monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    _authority, staff, _customers = trio(place, cast)
    wave = released(place, cast, Planned(staff.number))
    send_waves()
    send = outbox.send

    def recalls_after_the_first(message: OutboxMessage) -> None:
        send(message)
        actions.recall_wave(cast.lead.actor, place, wave=wave, because="Stop.")

    monkeypatch.setattr("tocsin.core.outbox.send", recalls_after_the_first)
    outbox.deliver_due()
    assert heard.order == ["ann"]
    at = standing_of(staff)
    assert (at.sent, at.recalled) == (1, 1)


def test_who_waits_for_a_message_that_reached_nobody_is_held(place: Incident, cast: Cast, heard: Heard,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    heard.refused = {"ann@example.org", "ben@example.org"}
    monkeypatch.setattr("tocsin.core.outbox.BACK_OFF", ())
    _authority, staff, customers = trio(place, cast)
    wave = released(place, cast, Planned(staff.number), Planned(customers.number))
    rounds(2)
    wave.refresh_from_db()
    assert (wave.state, heard.order) == ("paused", [])
    assert wave.because.endswith(f"M-{customers.number} waits for it.")
    failed = OutboxMessage.objects.filter(state="failed", key__startswith="comms:").first()
    assert failed is not None
    assert "550" in failed.last_error
    step = wave.steps.select_related("message__audience", "wave").get(message=customers)
    with pytest.raises(Invalid, match="lets these speak"):
        actions.loosen_step(cast.lead.actor, place, step=step, because="Told by phone.")
    actions.loosen_step(cast.speaker.actor, place, step=step, because="Staff were told by phone.")
    actions.release_wave(cast.speaker.actor, place, wave=wave)
    rounds(2)
    assert heard.order == ["shop"]


def test_a_fact_that_changes_under_way_holds_the_wave_and_marks_what_has_gone(
    place: Incident, cast: Cast, heard: Heard
) -> None:
    set_fact(factories.SYSTEM, place, name="people_affected", value=12000)
    staff = approved(place, cast, "all-staff", body="{{ people_affected }} people.")
    customers = approved(place, cast, "customers", body="{{ people_affected }} of you.")
    wave = released(place, cast, Planned(staff.number), Planned(customers.number))
    rounds(1)
    set_fact(factories.SYSTEM, place, name="people_affected", value=15000)
    rounds(3)
    wave.refresh_from_db()
    assert (heard.order, wave.state) == (["ann", "ben"], "paused")
    assert states(staff, customers) == ["released", "in_review"]
    assert [f["now"] for f in staff.outdated] == [15000]
    actions.review_message(cast.lead.actor, place, message=customers)
    actions.approve_legally(cast.counsel.actor, place, message=customers)
    actions.release_wave(cast.speaker.actor, place, wave=wave)
    rounds(2)
    assert heard.arrived[-1][2] == "15000 of you."
    actions.confirm_stands(cast.lead.actor, place, message=staff, because="A correction follows.")
    assert states(staff) == ["released"]
    assert staff.outdated == []


def test_a_text_approved_after_the_release_does_not_leave_by_itself(place: Incident, cast: Cast, heard: Heard) -> None:
    _authority, staff, customers = trio(place, cast)
    wave = released(place, cast, Planned(staff.number), Planned(customers.number))
    actions.edit_message(cast.writer.actor, place, message=customers, subject="Other", body="Another text.")
    wave.refresh_from_db()
    assert wave.state == "paused"
    actions.submit_message(cast.writer.actor, place, message=customers)
    actions.review_message(cast.lead.actor, place, message=customers)
    actions.approve_legally(cast.counsel.actor, place, message=customers)
    rounds(3)
    assert heard.order == []


def test_only_recipients_of_a_language_and_each_address_once(place: Incident, cast: Cast, heard: Heard) -> None:
    rows = [
        Row("Ada", "mailto:ada@example.org", "de"),
        Row("Bo", "mailto:bo@example.org", "fr"),
        Row("", "mailto:c@example.org"),
    ]
    actions.fill_audience(factories.SYSTEM, place, audience="affected-people", rows=rows)
    letter = approved(place, cast, "affected-people", language="de", only_language=True, salutation="Hallo {{ name }},")
    released(place, cast, Planned(letter.number))
    rounds(2)
    assert sorted(heard.order) == ["ada", "c"]
    texts = {address: text for address, _subject, text in heard.arrived}
    assert texts["c@example.org"] == letter.final_text
    assert texts["ada@example.org"] == f"Hallo Ada,\n\n{letter.final_text}"


def test_the_step_of_the_playbook_ends_when_its_message_has_gone(place: Incident, cast: Cast, heard: Heard) -> None:
    message = approved(place, cast, "all-staff")
    task = place.tasks.filter(kind="communication").exclude(state="done")[0]
    with factories.preparing():
        Message.objects.filter(task=task).update(task=None)
        Message.objects.filter(pk=message.pk).update(task=task)
    released(place, cast, Planned(message.number))
    rounds(2)
    task.refresh_from_db()
    assert task.state == "done"
    assert message.sha256 in task.proof


def test_an_exercise_is_fenced_and_says_so(cast: Cast, place: Incident, heard: Heard, settings: Any) -> None:
    with factories.preparing():
        Chain.objects.filter(pk=place.chain_id).update(exercise=True)
    message = approved(place, cast, "all-staff")
    released(place, cast, Planned(message.number))
    rounds(2)
    assert all(s.startswith("EXERCISE EXERCISE EXERCISE: ") for _a, s, _t in heard.arrived)
    assert heard.arrived[0][2].count("EXERCISE EXERCISE EXERCISE") == 2


def test_reading_is_confirmed_by_a_link_once(place: Incident, cast: Cast, heard: Heard) -> None:
    message = approved(place, cast, "all-staff", acknowledge=True)
    with pytest.raises(Invalid, match="people of the house"):
        drafted(place, cast, "press", acknowledge=True)
    released(place, cast, Planned(message.number))
    rounds(2)
    first = message.deliveries.all()[0]
    link = read_link(first)
    assert heard.arrived[0][2].startswith(message.final_text + "\n\n")
    assert link in heard.arrived[0][2]
    assert delivery_of(link.rpartition("/")[2]) == first
    assert delivery_of(link.rpartition("/")[2][:-1] + "x") is None
    actions.acknowledge(factories.SYSTEM, place, delivery=first)
    with pytest.raises(Invalid, match="already"):
        actions.acknowledge(factories.SYSTEM, place, delivery=first)
    assert standing_of(message).read == 1


def test_thousands_do_not_stand_before_a_page_and_each_is_queued_once(place: Incident, cast: Cast) -> None:
    listed(place, "affected-people", *(f"p{n}@example.org" for n in range(BATCH + 20)))
    letter = approved(place, cast, "affected-people")
    released(place, cast, Planned(letter.number))
    for _round in range(3):
        send_waves()
    waiting = OutboxMessage.objects.filter(key__startswith="comms:")
    assert waiting.count() == BATCH
    with factories.preparing():
        waiting.update(state="sent")
    for _round in range(2):
        send_waves()
    assert waiting.count() == BATCH + 20
    assert len(set(waiting.values_list("address", flat=True))) == BATCH + 20
