"""Comcheck: everybody is asked once on every way, answers by link, code and hand, and who has gone stale."""

from __future__ import annotations

import json
import re
import socket
import time as machine
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as MessageHandler
from django.core import signing
from django.test import Client

import factories
from tocsin.core import clock, outbox
from tocsin.core.access import Forbidden, OrgRole
from tocsin.core.action import Invalid
from tocsin.core.models import LogEntry, Organization, OutboxMessage
from tocsin.people import comcheck as asking
from tocsin.people import reactions_duty
from tocsin.people.actions import answer_comcheck, close_comcheck, import_plan, mark_reached, start_comcheck
from tocsin.people.answers import answered_by_code
from tocsin.people.comcheck import ask_of, link_of, reachability, reached_days, results
from tocsin.people.models import Comcheck, ComcheckAsk, Member
from tocsin.people.queries import current_plan
from tocsin.plan.lint import lint

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
DAY = timedelta(days=1)
LISTS = {
    "staff-list", "customer-list", "partner-list", "works-council", "response-bridge", "police-cybercrime", "national-csirt",
    "data-protection-authority", "market-regulator", "internet-provider", "cloud-provider", "card-acquirer",
    "bank-fraud-desk", "cyber-insurer",
}  # fmt: skip


def mail_of(comcheck: Comcheck, key: str = "priya-raman") -> ComcheckAsk:
    return comcheck.asks.select_related("comcheck__organization", "member").get(member__key=key, kind="mail")


@contextmanager
def at(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Do something at another time."""
    with monkeypatch.context() as patch:
        patch.setattr(clock, "now", lambda: moment)
        yield


def path_of(ask: ComcheckAsk) -> str:
    return "/reached/" + link_of(ask).rsplit("/", 1)[1]


# Asking ---------------------------------------------------------------------------------------


def test_everybody_is_asked_once_on_every_way(organization: Organization) -> None:
    made = start_comcheck(S, organization, reason="  Quarterly\ncheck ")
    asked = [m for m in Member.objects.filter(organization=organization) if m.key not in LISTS]
    assert not set(made.asks.values_list("member__key", flat=True)) & LISTS, "lists and authorities are not asked"
    assert {"ir-firm", "outside-counsel", "ana-sousa"} <= set(made.asks.values_list("member__key", flat=True))
    ways = sum(len(m.methods) for m in asked)
    assert (made.number, made.reason, made.asks.count()) == (1, "Quarterly check", ways)
    assert set(made.asks.filter(by_hand=True).values_list("kind", flat=True)) == {"phone"}
    for _n in range(5):
        reactions_duty.send_comchecks()
    machine_asks = made.asks.filter(by_hand=False)
    assert OutboxMessage.objects.filter(key__startswith="comcheck:").count() == machine_asks.count()
    message = OutboxMessage.objects.get(key=mail_of(made).key)
    assert message.address == "mailto:priya.raman@halden.example.org"
    assert "Nothing has happened" in message.body
    assert str(mail_of(made).code)[2:6] in message.body


def test_two_rounds_at_once_are_one(organization: Organization) -> None:
    start_comcheck(S, organization)
    with pytest.raises(Invalid, match="under way"):
        start_comcheck(S, organization)
    close_comcheck(S, organization, comcheck=Comcheck.objects.get())
    with pytest.raises(Invalid, match="closed already"):
        close_comcheck(S, organization, comcheck=Comcheck.objects.get())
    assert start_comcheck(S, organization).number == 2


@pytest.mark.parametrize("hours", [0, -1, 24 * 365])
def test_a_time_that_cannot_be_meant(organization: Organization, hours: int) -> None:
    with pytest.raises(Invalid, match="a minute to 60 days"):
        start_comcheck(S, organization, open_for=timedelta(hours=hours))


def test_an_organization_without_a_plan(db: None) -> None:
    with pytest.raises(Invalid, match="names nobody"):
        start_comcheck(S, factories.organization("bare", plan=False))


def test_no_address_and_no_code_stand_in_the_log(organization: Organization) -> None:
    made = start_comcheck(S, organization)
    reactions_duty.send_comchecks()
    answer_comcheck(S, organization, ask=mail_of(made), how="link")
    mark_reached(S, organization, ask=made.asks.filter(by_hand=True)[0])
    close_comcheck(S, organization, comcheck=made)
    told = json.dumps(list(LogEntry.objects.filter(chain_id=organization.pk).values_list("payload", "object_id")))
    told = told[told.index("closes_at") :]  # what came before is about plans and accounts
    assert "@" not in told
    assert "+46" not in told
    assert not any(a.code and a.code in told for a in made.asks.all())


# Answering ------------------------------------------------------------------------------------


def test_one_tap_on_the_link_answers_and_looking_does_not(organization: Organization, client: Client) -> None:
    ask = mail_of(start_comcheck(S, organization))
    looked = client.get(path_of(ask))
    assert looked.status_code == 200
    assert "Priya Raman" in looked.text
    assert looked.headers["Referrer-Policy"] == "no-referrer"
    assert mail_of(ask.comcheck).answered_at is None, "mail scanners look at every link"
    browser = Client(enforce_csrf_checks=True)  # a mail app's browser without any cookie
    assert "Thank you" in browser.post(path_of(ask)).text
    first = mail_of(ask.comcheck).answered_at
    assert first is not None
    entries = LogEntry.objects.count()
    assert "Thank you" in browser.post(path_of(ask)).text
    assert (mail_of(ask.comcheck).answered_at, LogEntry.objects.count()) == (first, entries), "a double tap is one"


def test_links_that_were_not_given_out(organization: Organization, client: Client) -> None:
    ask = mail_of(start_comcheck(S, organization))
    good = path_of(ask)
    foreign = signing.TimestampSigner(salt="tocsin.people.called").sign(str(ask.pk))
    for bad in (
        good[:-1],
        good + "x",
        f"/reached/{ask.pk}",
        f"/reached/{foreign}",
        "/reached/%00",
        "/reached/" + "9" * 400,
    ):
        assert client.post(bad).status_code == 404, bad
    assert mail_of(ask.comcheck).answered_at is None


def test_a_link_that_is_too_old(organization: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = mail_of(start_comcheck(S, organization))
    token = link_of(ask).rsplit("/", 1)[1].replace("%3A", ":")
    assert ask_of(token) == ask
    later = machine.time() + 31 * 86_400
    monkeypatch.setattr(machine, "time", lambda: later)
    assert ask_of(token) is None


@pytest.mark.parametrize("form", ["{}", "  {} ", "RE: Can you be reached? {} yes", "<{}>"])
def test_a_reply_code_answers(organization: Organization, form: str) -> None:
    ask = mail_of(start_comcheck(S, organization))
    code = str(ask.code)
    for written in (code, code.lower(), f"{code[:2]} {code[2:6]} {code[6:]}", f"{code[:2]}-{code[2:6]}-{code[6:]}"):
        assert answered_by_code(form.format(written))
    assert mail_of(ask.comcheck).answered_how == "code"
    assert not answered_by_code("CKAAAA2222")
    assert not answered_by_code("123 456")
    assert not answered_by_code("")


def test_codes_are_not_those_of_a_paging() -> None:
    codes = {asking.new_code() for _n in range(500)}
    assert len(codes) == 500
    assert all(re.fullmatch(r"CK[A-HJKMNP-Z2-9]{8}", c) for c in codes)


def test_by_hand(organization: Organization) -> None:
    made = start_comcheck(S, organization)
    phone = made.asks.filter(by_hand=True).first()
    assert phone
    mark_reached(factories.user(organization).actor, organization, ask=phone)
    phone.refresh_from_db()
    assert phone.answered_how == "hand"
    with pytest.raises(Invalid, match="asks by itself"):
        mark_reached(S, organization, ask=mail_of(made))


def test_an_answer_after_the_end_is_late_but_counts(organization: Organization) -> None:
    made = start_comcheck(S, organization)
    close_comcheck(S, organization, comcheck=made)
    answer_comcheck(S, organization, ask=mail_of(made), how="link")
    last = LogEntry.objects.filter(verb="comcheck.answer").last()
    assert last
    assert last.payload["late"] is True
    assert reached_days(organization)["priya-raman"] is not None


def test_another_organization_answers_nothing(organization: Organization) -> None:
    rival = factories.organization("rival")
    ask = mail_of(start_comcheck(S, organization))
    with pytest.raises(Invalid):
        answer_comcheck(S, rival, ask=ask, how="link")
    assert mail_of(ask.comcheck).answered_at is None


# What it shows --------------------------------------------------------------------------------


def test_the_fastest_way_counts_and_the_silent_stand_first(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = start_comcheck(S, organization)
    for minutes, ask in ((9, made.asks.get(member__key="priya-raman", by_hand=True)), (4, mail_of(made)),
                         (30, mail_of(made, "jonas-lindqvist"))):  # fmt: skip
        with at(made.started_at + timedelta(minutes=minutes), monkeypatch):
            answer_comcheck(S, organization, ask=ask, how="link")
    found = results(made.asks.select_related("member", "comcheck"))
    assert [r.member.key for r in found[-2:]] == ["jonas-lindqvist", "priya-raman"]
    assert found[0].first is None
    first = found[-1].first
    assert first
    assert (first.kind, first.took) == ("mail", timedelta(minutes=4))


def test_who_has_gone_stale(organization: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    version = current_plan(organization)
    made = start_comcheck(S, organization)
    answer_comcheck(S, organization, ask=mail_of(made), how="link")
    priya, jonas = (Member.objects.get(key=k) for k in ("priya-raman", "jonas-lindqvist"))
    now = clock.now()
    assert [reachability(organization, version)[m.pk].stale for m in (priya, jonas)] == [False, False], "he has time"
    assert reached_days(organization).keys() == {"priya-raman"}
    with at(now + 2 * DAY, monkeypatch):
        assert [reachability(organization, version)[m.pk].stale for m in (priya, jonas)] == [False, True]
        assert reached_days(organization)["jonas-lindqvist"] is None
    with at(now + 91 * DAY, monkeypatch):
        assert reachability(organization, version)[priya.pk].stale


def test_lint_says_who_was_not_reached_since() -> None:
    files, today = factories.plan_files(), date(2026, 11, 24)
    known = {"priya-raman": date(2026, 5, 3), "jonas-lindqvist": None, "anneke-de-vries": date(2026, 11, 1)}
    found = [p for p in lint(files, today, known) if p.code == "contact-not-reached"]
    assert [p.what for p in found] == [
        "contact 'priya-raman' (Priya Raman) was not reached since 2026-05-03",
        "contact 'jonas-lindqvist' (Jonas Lindqvist) was asked and has never answered",
    ]
    lines = files["contacts.yaml"].splitlines()
    assert lines[found[0].line - 1].strip() == "priya-raman:"
    assert all(p.severity == "warning" for p in found)
    assert not [p for p in lint(files, today) if p.code == "contact-not-reached"], "what is not known is not said"


def test_lint_takes_an_answer_for_a_verification_and_the_plans_rhythm_for_the_period() -> None:
    files = dict(factories.plan_files())
    later = date(2027, 4, 1)
    stale = {p.what for p in lint(files, later) if p.code == "contact-unverified"}
    fresh = {p.what for p in lint(files, later, {"priya-raman": date(2027, 3, 20)}) if p.code == "contact-unverified"}
    assert {w.split("'")[1] for w in stale - fresh} == {"priya-raman"}
    files["plan.yaml"] += "\ncomcheck: {every: 30 d, closes_after: 24 h}\n"
    found = {p.code for p in lint(files, date(2026, 11, 24), {"priya-raman": date(2026, 10, 20)})}
    assert "contact-not-reached" in found
    files["plan.yaml"] = files["plan.yaml"].replace("every: 30 d", "every: 1 h")
    assert "comcheck-rhythm" in {p.code for p in lint(files, date(2026, 11, 24))}


# By itself ------------------------------------------------------------------------------------


def test_a_round_closes_by_itself_and_is_written_down(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = start_comcheck(S, organization)
    answer_comcheck(S, organization, ask=mail_of(made), how="link")
    with at(made.closes_at, monkeypatch):
        reactions_duty.send_comchecks()
        reactions_duty.send_comchecks()
    (entry,) = LogEntry.objects.filter(verb="comcheck.close")
    assert entry.payload["reached"] == 1
    assert "Jonas Lindqvist" in entry.payload["silent"]


def test_the_plans_rhythm(organization: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    files = dict(factories.plan_files())
    files["plan.yaml"] += "\ncomcheck: {every: 90 d, closes_after: 2 business days}\n"
    import_plan(S, organization, files=files)
    began = clock.now()

    def rounds(moment: datetime) -> int:
        with at(moment, monkeypatch):
            reactions_duty.begin_comchecks()
            reactions_duty.begin_comchecks()
        return Comcheck.objects.count()

    tuesday = (began + 91 * DAY).replace(hour=10)
    tuesday += ((1 - tuesday.weekday()) % 7) * DAY
    assert rounds(began.replace(hour=10)) == 0, "nobody is asked because a plan was imported"
    assert rounds(tuesday.replace(hour=2)) == 0, "nobody is asked in their night"
    assert rounds(tuesday - 3 * DAY) == 0, "nor on a Saturday"
    assert rounds(tuesday) == 1
    made = Comcheck.objects.get()
    assert made.closes_at - made.started_at > DAY
    assert rounds(tuesday + 91 * DAY) == 1, "while one is open no other begins"
    close_comcheck(S, organization, comcheck=made)
    assert rounds(tuesday + 30 * DAY) == 1
    assert rounds(tuesday + 91 * DAY) == 2


class Post(MessageHandler):
    def __init__(self) -> None:
        super().__init__()
        self.got: list[Any] = []

    def handle_message(self, message: Any) -> None:
        self.got.append(message)


def test_the_whole_way_by_real_mail(organization: Organization, settings: Any, client: Client) -> None:
    post = Post()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(post, hostname="127.0.0.1", port=port, ready_timeout=10)
    server.start()
    try:
        settings.EMAIL_URL = f"smtp://127.0.0.1:{port}"
        made = start_comcheck(S, organization)
        reactions_duty.send_comchecks()
        outbox.deliver_due()
        reactions_duty.send_comchecks()
        outbox.deliver_due()
    finally:
        server.stop()
    (mail,) = [m for m in post.got if "priya.raman@" in m["X-RcptTo"]]
    body = mail.get_payload(decode=True).decode()
    token = re.search(r"/reached/(\S+)", body)
    assert token
    assert "Thank you" in client.post(f"/reached/{token[1]}").text
    assert mail_of(made).answered_how == "link"


def test_five_hundred_people_hold_nothing_up(organization: Organization) -> None:
    import_plan(S, organization, files=many_people(500))
    began = machine.process_time()
    made = start_comcheck(S, organization)
    assert machine.process_time() - began < 5, "the lock on the organization's chain is held for this long"
    assert made.asks.count() > 1000
    reactions_duty.send_comchecks()
    assert OutboxMessage.objects.filter(key__startswith="comcheck:").count() == reactions_duty.AT_ONCE


def many_people(count: int) -> dict[str, str]:
    """The example's plan with so many people more."""
    files = dict(factories.plan_files())
    files["contacts.yaml"] += "".join(
        f"  m{n:03}: {{name: Member {n:03}, methods: [{{kind: mail, url: 'mailto:m{n}@halden.example'}}, "
        "{kind: phone, url: 'tel:+46317'}]}\n"
        for n in range(count)
    )
    return files


def test_guests_mark_nobody(organization: Organization) -> None:
    guest = factories.user(organization, OrgRole.GUEST)
    ask = start_comcheck(S, organization).asks.filter(by_hand=True)[0]
    with pytest.raises(Forbidden):
        mark_reached(guest.actor, organization, ask=ask)
