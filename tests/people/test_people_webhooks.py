"""Webhooks: who is told what, signed, in order, at least once; what is given up; and where nothing is ever sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

import factories
from tocsin.core import clock, outbox
from tocsin.core.access import OrgRole
from tocsin.core.action import Invalid
from tocsin.core.actions import dismiss
from tocsin.core.models import LogEntry, OutboxMessage
from tocsin.core.outgoing import Refused, may_be_reached, post
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.people.actions import create_webhook, end_webhook, pause_webhook, resume_webhook
from tocsin.people.models import User, Webhook
from tocsin.people.reactions_machines import gather, tell

S = factories.SYSTEM
LOCAL = [ip_network("127.0.0.1/32")]
ROOT = Path(__file__).parents[2]


class Receiver(ThreadingHTTPServer):
    """A web server that keeps what is posted to it and answers as told."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.slow = 0.0
        super().__init__(("127.0.0.1", 0), _Post)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?x=1"

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.got]

    @property
    def sequences(self) -> list[int]:
        return [e["sequence"] for t in self.told for e in t["data"]["entries"]]


class _Post(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Receiver = self.server  # type: ignore[assignment]
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if server.slow:
            for _ in range(40):
                time.sleep(server.slow)
                self.wfile.write(b"H")
        status = server.statuses.pop(0) if server.statuses else 200
        if status == 200:
            server.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_NETWORKS = LOCAL
    server = Receiver()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def lead(incident: Incident) -> User:
    return factories.on(incident, "lead", OrgRole.RESPONDER)


def hook(incident: Incident, person: User, url: str, *verbs: str) -> tuple[Webhook, str]:
    return create_webhook(person.actor, incident.organization, user=person, label="chat", url=url, verbs=verbs)


def send_all() -> None:
    for _ in range(20):
        if not gather() and not outbox.due("webhook").exists():
            return
        for address in set(outbox.due("webhook").values_list("address", flat=True)):
            outbox.deliver_due(address=address)


def later(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    now = clock.now() + by
    monkeypatch.setattr(clock, "now", lambda: now)


def signature_holds(secret: str, headers: dict[str, str], body: bytes) -> bool:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(wanted, headers["webhook-signature"])


@pytest.mark.django_db
def test_what_happens_is_told_signed_and_in_order(incident: Incident, lead: User, receiver: Receiver) -> None:
    _, secret = hook(incident, lead, receiver.url)
    for number in range(3):
        actions.set_summary(lead.actor, incident, summary=f"Summary {number}")
    send_all()
    told = receiver.told
    assert [e["payload"]["summary"] for t in told for e in t["data"]["entries"]] == [
        "Summary 0", "Summary 1", "Summary 2"
    ]  # fmt: skip
    assert told[0]["data"]["incident"] == str(incident.pk)
    assert told[0]["data"]["exercise"] is False
    headers, body = receiver.got[0]
    assert headers["content-type"] == "application/json"
    assert signature_holds(secret, headers, body)
    assert not signature_holds(secret, headers, body + b" ")
    entries = LogEntry.objects.filter(chain_id=incident.chain_id).count()
    send_all()  # telling is not told of: it ends
    assert len(receiver.got) == 1
    assert LogEntry.objects.filter(chain_id=incident.chain_id).count() == entries


@pytest.mark.django_db
def test_the_recipe_of_the_documentation_holds(incident: Incident, lead: User, receiver: Receiver) -> None:
    text = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(compile(text.partition("```python\n")[2].partition("```")[0], "docs/webhooks.md", "exec"), names)
    _, secret = hook(incident, lead, receiver.url)
    actions.set_summary(lead.actor, incident, summary="x")
    send_all()
    headers, body = receiver.got[0]
    assert names["is_from_tocsin"](secret, headers, body)
    assert not names["is_from_tocsin"](secret, headers, body.replace(b"x", b"y"))
    assert not names["is_from_tocsin"](secret, headers | {"webhook-timestamp": "1000"}, body)
    assert not names["is_from_tocsin"]("whsec_" + "A" * 43 + "=", headers, body)


@pytest.mark.django_db
def test_only_chosen_verbs_are_told_and_what_was_before_is_not(
    incident: Incident, lead: User, receiver: Receiver
) -> None:
    actions.state_finding(lead.actor, incident, claim="Before", confidence="low")
    hook(incident, lead, receiver.url, "finding", "fact.set")
    actions.set_summary(lead.actor, incident, summary="x")
    actions.state_finding(lead.actor, incident, claim="After", confidence="low")
    actions.set_fact(lead.actor, incident, name="ransom_demanded", value=True)
    send_all()
    verbs = [e["verb"] for t in receiver.told for e in t["data"]["entries"]]
    assert verbs == ["finding.state", "fact.set"]


@pytest.mark.django_db
def test_a_hundred_entries_are_one_message(incident: Incident, lead: User, receiver: Receiver) -> None:
    hook(incident, lead, receiver.url, "note")
    for number in range(130):
        actions.note(lead.actor, incident, text=f"Note {number}")
    send_all()
    assert [len(t["data"]["entries"]) for t in receiver.told] == [100, 30]
    assert receiver.sequences == sorted(receiver.sequences)


@pytest.mark.django_db
def test_nobody_is_told_what_they_do_not_see(incident: Incident, lead: User, receiver: Receiver, settings: Any) -> None:
    """Not the administrator who is not on the incident, not who was taken off it meanwhile, not another house."""
    administrator = factories.user(incident.organization, OrgRole.ADMINISTRATOR)
    rival = factories.organization("rival")
    foreign = factories.user(rival, OrgRole.ADMINISTRATOR)
    hook(incident, administrator, receiver.url)
    create_webhook(foreign.actor, rival, user=foreign, label="r", url=receiver.url)
    actions.set_summary(lead.actor, incident, summary="Secret")
    send_all()
    assert "Secret" not in str(receiver.told)
    assert {t["data"]["incident"] for t in receiver.told} <= {None}
    receiver.got.clear()
    responder = factories.on(incident, "responder", OrgRole.RESPONDER)
    webhook, _ = hook(incident, responder, receiver.url)
    actions.set_summary(lead.actor, incident, summary="Queued")
    gather()
    dismiss(S, incident, user_id=responder.pk, role="responder")
    send_all()
    assert "Queued" not in str(receiver.told)
    webhook.refresh_from_db()
    assert webhook.state == "active"  # it goes on for what its person still sees
    assert gather() == 0


@pytest.mark.django_db
def test_exercises_are_marked(incident: Incident, lead: User, receiver: Receiver) -> None:
    exercise = factories.incident(incident.organization, title="Drill", exercise=True)
    factories.admit(S, exercise, user_id=lead.pk, role="lead")
    hook(incident, lead, receiver.url, "summary")
    actions.set_summary(lead.actor, exercise, summary="x")
    send_all()
    assert [t["data"]["exercise"] for t in receiver.told] == [True]


@pytest.mark.django_db
def test_what_fails_is_tried_again_in_order_and_under_the_same_id(
    incident: Incident, lead: User, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, secret = hook(incident, lead, receiver.url, "summary")
    receiver.statuses = [500, 302]
    actions.set_summary(lead.actor, incident, summary="first")
    send_all()
    actions.set_summary(lead.actor, incident, summary="second")
    assert gather() == 0  # the second waits for the first
    later(monkeypatch, timedelta(minutes=1))
    send_all()
    assert receiver.got == []
    later(monkeypatch, timedelta(minutes=5))
    send_all()
    assert [t["data"]["entries"][0]["payload"]["summary"] for t in receiver.told] == ["first", "second"]
    message = OutboxMessage.objects.get(attempts=3)
    assert message.last_error == ""
    assert receiver.got[0][0]["webhook-id"] == f"msg_{message.id.hex}"
    assert signature_holds(secret, *receiver.got[0])


@pytest.mark.django_db
def test_what_is_given_up_is_told_to_people_and_taken_up_again(
    incident: Incident, lead: User, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    administrator = factories.user(incident.organization, OrgRole.ADMINISTRATOR)
    webhook, _ = hook(incident, lead, receiver.url, "summary")
    receiver.statuses = [500] * 8
    actions.set_summary(lead.actor, incident, summary="first")
    for _ in range(9):
        send_all()
        later(monkeypatch, timedelta(hours=3))
    webhook.refresh_from_db()
    assert webhook.state == "failing"
    assert webhook.failed_because == "127.0.0.1 answered 500"
    told = set(OutboxMessage.objects.filter(key__startswith="webhook-failing").values_list("address", flat=True))
    assert told == {f"mailto:{lead.email}", f"mailto:{administrator.email}"}
    actions.set_summary(lead.actor, incident, summary="second")
    send_all()
    assert receiver.got == []
    resume_webhook(lead.actor, incident.organization, webhook=webhook)
    later(monkeypatch, timedelta(minutes=1))
    send_all()
    said = [e["payload"]["summary"] for t in receiver.told for e in t["data"]["entries"]]
    assert said == ["first", "second"]


@pytest.mark.django_db
def test_pausing_loses_nothing_and_ending_forgets(incident: Incident, lead: User, receiver: Receiver) -> None:
    webhook, _ = hook(incident, lead, receiver.url, "summary")
    pause_webhook(lead.actor, incident.organization, webhook=webhook)
    actions.set_summary(lead.actor, incident, summary="first")
    send_all()
    assert receiver.got == []
    resume_webhook(lead.actor, incident.organization, webhook=webhook)
    send_all()
    assert len(receiver.got) == 1
    other = factories.user(incident.organization, OrgRole.RESPONDER)
    with pytest.raises(Invalid, match="somebody else"):
        end_webhook(other.actor, incident.organization, webhook=webhook)
    end_webhook(lead.actor, incident.organization, webhook=webhook)
    webhook.refresh_from_db()
    assert (webhook.secret, webhook.url, webhook.state) == ("", "", "ended")
    actions.set_summary(lead.actor, incident, summary="second")
    send_all()
    assert len(receiver.got) == 1


@pytest.mark.django_db
def test_the_secret_stands_nowhere(incident: Incident, lead: User, receiver: Receiver) -> None:
    webhook, secret = hook(incident, lead, receiver.url + "&key=s3cr3t")
    actions.set_summary(lead.actor, incident, summary="x")
    send_all()
    kept = str(list(Webhook.objects.values())) + str(list(OutboxMessage.objects.values()))
    logged = str(list(LogEntry.objects.values_list("payload", flat=True)))
    assert secret not in kept + logged
    assert "s3cr3t" not in logged + str(list(OutboxMessage.objects.values()))
    assert webhook.secret != secret


@pytest.mark.django_db
@pytest.mark.parametrize(
    "url", ["", "ftp://x.example/", "https://", "https://u:p@x.example/", "https://x y/", "https://[::1", "x" * 401,
            "https://x.example:99999/", "https://é.example/"],
)  # fmt: skip
def test_addresses_that_are_none(incident: Incident, lead: User, url: str) -> None:
    with pytest.raises(Invalid):
        hook(incident, lead, url)


@pytest.mark.django_db
@pytest.mark.parametrize("verb", ["nothing.happens", "message", "message.queue", "Task", "task.", "a.b.c", "%"])
def test_verbs_that_are_none(incident: Incident, lead: User, verb: str) -> None:
    with pytest.raises(Invalid):
        hook(incident, lead, "https://x.example/", verb)


INSIDE = ["127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.1.1", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1",
          "fe80::1", "fd00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::",
          "255.255.255.255", "ff02::1", "64:ff9b::808:808", "64:ff9b:1::a00:1", "2002:808:808::1", "::10.0.0.1",
          "2001:0:808:808::1", "fec0::1", "::ffff:0:10.0.0.1"]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_are_not_reached(address: str) -> None:
    assert not may_be_reached(ip_address(address))
    assert may_be_reached(ip_address("8.8.8.8"))
    assert may_be_reached(ip_address("2001:4860:4860::8888"))


def test_networks_are_opened_by_setting_only() -> None:
    inside = [ip_network("10.1.0.0/16")]
    assert may_be_reached(ip_address("10.1.2.3"), inside)
    assert may_be_reached(ip_address("::ffff:10.1.2.3"), inside)
    assert not may_be_reached(ip_address("10.2.0.1"), inside)
    assert not may_be_reached(ip_address("64:ff9b::a01:203"), inside)  # a gateway, whatever it carries
    assert may_be_reached(ip_address("64:ff9b::808:808"), [ip_network("64:ff9b::/96")])
    assert not may_be_reached(ip_address("127.0.0.1"), inside)


def test_a_name_that_leads_inside_is_refused_and_http_too(receiver: Receiver) -> None:
    port = receiver.server_port
    for host in ("localhost", "127.0.0.1", "0x7f000001", "127.1", "[::ffff:127.0.0.1]"):
        with pytest.raises(Refused):
            post(f"http://{host}:{port}/", b"{}", {})
        with pytest.raises(Refused):
            post(f"https://{host}:{port}/", b"{}", {})
    with pytest.raises(Refused, match="https"):
        post("http://8.8.8.8/", b"{}", {}, LOCAL)  # refused before anything is sent
    assert receiver.got == []


def test_the_address_that_was_checked_is_the_one_that_is_reached(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is looked up twice may lead elsewhere the second time (DNS rebinding): it is looked up once."""
    looked_up: list[str] = []
    really = socket.getaddrinfo

    def answers(host: str, port: int, *args: Any, **more: Any) -> Any:
        looked_up.append(host)
        return really("127.0.0.1", port, *args, **more) if host == "hook.example" else really(host, port, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", answers)
    post(f"http://hook.example:{receiver.server_port}/", b"{}", {}, LOCAL)
    assert looked_up.count("hook.example") == 1
    assert receiver.got[0][0]["host"] == f"hook.example:{receiver.server_port}"


def test_a_server_that_answers_a_byte_at_a_time_is_left(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin.core.outgoing.SECONDS", 1)
    receiver.slow = 0.2
    begun = time.monotonic()
    with pytest.raises(Refused, match="no answer within"):
        post(receiver.url, b"{}", {}, LOCAL)
    assert time.monotonic() - begun < 7  # the whole answer takes eight seconds


@pytest.mark.django_db
def test_the_page_is_for_those_who_may(incident: Incident, lead: User, receiver: Receiver) -> None:
    def browser(person: User) -> Client:
        client = Client(raise_request_exception=False)
        client.force_login(person)
        return client

    mine = browser(lead)
    answer = mine.post("/webhooks/add", {"label": "Chat <b>", "url": receiver.url, "verbs": "task, fact.set"})
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]+", answer.content.decode())
    assert secret not in mine.get("/webhooks").content.decode()
    page = mine.get("/webhooks").content.decode()
    assert "Chat &lt;b&gt;" in page
    webhook = Webhook.objects.get()
    assert webhook.verbs == ["fact.set", "task"]
    other = browser(factories.user(incident.organization, OrgRole.RESPONDER))
    assert "Chat &lt;b&gt;" not in other.get("/webhooks").content.decode()
    assert other.post(f"/webhooks/{webhook.pk}/end").status_code == 404
    guest = browser(factories.user(incident.organization, OrgRole.GUEST))
    assert guest.get("/webhooks").status_code == 404
    rival = browser(factories.user(factories.organization("rival"), OrgRole.ADMINISTRATOR))
    assert rival.post(f"/webhooks/{webhook.pk}/pause").status_code == 404
    assert mine.post(f"/webhooks/{webhook.pk}/pause").status_code == 302
    assert mine.post(f"/webhooks/{webhook.pk}/pause").status_code == 422
    run = browser(factories.user(incident.organization, OrgRole.ADMINISTRATOR))
    assert run.post(f"/webhooks/{webhook.pk}/end").status_code == 302
    assert mine.post(f"/webhooks/{webhook.pk}/resume").status_code == 404


@pytest.mark.slow
def test_a_kill_loses_nothing(tmp_path: Path) -> None:
    """kill -9 between storing and sending, and between sending and recording: told, perhaps twice, under one id."""
    server = Receiver()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = os.environ | {
        "TOCSIN_HOME": str(tmp_path), "TOCSIN_DATABASE_URL": f"sqlite:///{tmp_path}/x.sqlite3",
        "DJANGO_SETTINGS_MODULE": "tocsin.settings", "TOCSIN_WEBHOOK_NETWORKS": "127.0.0.1/32",
    }  # fmt: skip

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, *words], env=environment, capture_output=True, text=True, check=False)

    child = str(Path(__file__).with_name("webhook_child.py"))
    assert run("-m", "django", "migrate").returncode == 0
    made = run(child, "set-up", server.url)
    secret = made.stdout.split()[1]
    assert run(child, "die-before").returncode == -9
    assert server.got == []
    assert run(child, "die-after").returncode == -9
    assert len(server.got) == 1
    assert "sent=1" in run(child, "live").stdout
    assert run(child, "live").stdout == ""
    server.shutdown()
    server.server_close()
    assert len(server.got) == 2
    assert len({headers["webhook-id"] for headers, _ in server.got}) == 1
    assert server.got[0][1] == server.got[1][1]
    assert [e["verb"] for e in server.told[0]["data"]["entries"]] == ["user.invite"]
    assert all(signature_holds(secret, headers, body) for headers, body in server.got)


def test_telling_never_waits(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    assert tell() == 0
