"""The called person's page, the page for codes, the roles page: what they show, to whom, and what a tap does once."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

import factories
from tocsin.core.access import OrgRole
from tocsin.core.action import Invalid
from tocsin.core.models import LogEntry, Organization, OutboxMessage
from tocsin.incidents import actions, kept
from tocsin.incidents.calling import ladder_of
from tocsin.incidents.models import Incident
from tocsin.people.actions import answer_comcheck, answer_paging, cancel_paging, deactivate, invite, start_comcheck
from tocsin.people.called import link_of, token_of
from tocsin.people.comcheck import ask_by_code
from tocsin.people.comcheck import link_of as ask_link
from tocsin.people.models import Member, Paging, PagingCall, User, Via
from tocsin.people.reactions_duty import send_comchecks
from tocsin.people.reactions_paging import call_on

S = factories.SYSTEM
SECRET_WORDS = "Salaries of the board were copied"


@pytest.fixture(autouse=True)
def _no_guesses(settings: Any) -> None:
    settings.CACHES = {k: {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": f"paging-{k}"}
                       for k in ("default", "shared", "local")}  # fmt: skip
    caches["shared"].clear()


@pytest.fixture
def declarer(organization: Organization) -> User:
    return factories.user(organization, OrgRole.RESPONDER, name="Nora Night")


@pytest.fixture
def declared(organization: Organization, declarer: User) -> Incident:
    summary = "Files were encrypted on two servers. The attacker holds a service account. A third sentence stays away."
    made = factories.incident(organization, declarer.actor, summary=summary)
    actions.note(S, made, text=SECRET_WORDS)
    return made


def call_of(incident: Incident, role: str) -> PagingCall:
    found = PagingCall.objects.filter(paging__chain=incident.chain, paging__role=role).last()
    assert found is not None
    return found


def page(client: Client, asked: PagingCall) -> str:
    return client.get(f"/called/{token_of(asked)}").content.decode()


def answers(incident: Incident) -> int:
    return LogEntry.objects.filter(chain=incident.chain, verb="paging.answer").count()


@pytest.mark.django_db
def test_looking_answers_nothing_and_shows_what_a_called_person_needs(declared: Incident, client: Client) -> None:
    asked = call_of(declared, "incident_manager")
    text = page(client, asked)
    assert "You are called as Incident manager" in text
    assert "Files were encrypted on two servers. The attacker holds a service account." in text
    assert "A third sentence" not in text
    assert "Nora Night, who declared it," in text
    assert "Tomasz Zielinski" in text
    assert "TLP:AMBER" in text
    assert declared.tasks.filter(role="incident_manager", state="open").first().title in text  # type: ignore[union-attr]
    assert answers(declared) == 0
    for hidden in (SECRET_WORDS, declared.title, asked.code):
        assert hidden not in text
    assert client.get("/called/" + token_of(asked)).headers["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_one_tap_answers_once_however_often_it_is_tapped(declared: Incident, client: Client) -> None:
    asked = call_of(declared, "scribe")
    for _tap in range(3):
        answer = client.post(f"/called/{token_of(asked)}", {"answer": "yes"})
        assert answer.status_code == 302
    assert answers(declared) == 1
    text = page(client, asked)
    assert "You are on it" in text
    assert "duty card" in text
    assert "I am on it" not in text


@pytest.mark.django_db
def test_no_session_and_no_token_of_a_form_is_needed(declared: Incident) -> None:
    client = Client(enforce_csrf_checks=True)
    asked = call_of(declared, "scribe")
    assert client.post(f"/called/{token_of(asked)}", {"answer": "no"}).status_code == 302
    assert "is called as Scribe now" in page(client, asked)
    assert client.post("/answer", {"code": asked.code}).status_code == 403, "codes can be guessed through other people"


@pytest.mark.django_db
def test_holder_and_backup_learn_who_has_it(declared: Incident, client: Client) -> None:
    holder = call_of(declared, "incident_manager")
    client.post(f"/called/{token_of(holder)}", {"answer": "no"})
    backup = call_of(declared, "incident_manager")
    client.post(f"/called/{token_of(backup)}", {"answer": "yes"})
    client.post(f"/called/{token_of(holder)}", {"answer": "yes"})
    assert "Tomasz Zielinski is on it" in page(client, holder)
    assert "You are on it" in page(client, backup)


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["x", "1-2:abc", "\x00", "9" * 300, "1-1764000000:" + "a" * 43])
def test_a_link_that_was_not_signed_here_shows_nothing(declared: Incident, client: Client, token: str) -> None:
    answer = client.get(f"/called/{token}")
    assert answer.status_code == 404
    assert "Halden" not in answer.content.decode()
    assert client.post(f"/called/{token}", {"answer": "yes"}).status_code == 404


@pytest.mark.django_db
def test_an_ended_link_shows_nothing_of_the_incident(declared: Incident, declarer: User, client: Client) -> None:
    asked = call_of(declared, "scribe")
    cancel_paging(declarer.actor, declared, paging=asked.paging, because="I write myself")
    answer = client.get(f"/called/{token_of(asked)}")
    text = answer.content.decode()
    assert answer.status_code == 410
    assert "I write myself" in text
    assert "Files were encrypted" not in text
    late = call_of(declared, "incident_manager")
    with factories.preparing():
        PagingCall.objects.filter(pk=late.pk).update(expires_at=late.called_at)
    late.refresh_from_db()
    gone = client.get(f"/called/{token_of(late)}")
    assert (gone.status_code, "Files were encrypted" in gone.content.decode()) == (410, False)
    assert client.post(f"/called/{token_of(late)}", {"answer": "yes"}).status_code == 410


@pytest.mark.django_db
def test_a_code_answers_and_says_nothing_of_the_incident(declared: Incident, client: Client) -> None:
    asked = call_of(declared, "scribe")
    answer = client.post("/answer", {"code": f"{asked.code[:3]} {asked.code[3:]}", "answer": "yes"})
    text = answer.content.decode()
    assert "You are on it: Scribe" in text
    for hidden in (declared.number, declared.title, "encrypted", asked.member.name):
        assert hidden not in text
    assert call_of(declared, "scribe").via == "code"


@pytest.mark.django_db
def test_codes_cannot_be_tried_without_end(declared: Incident, client: Client) -> None:
    asked = call_of(declared, "scribe")
    wrong = next(f"{n:06d}" for n in range(10) if not PagingCall.objects.filter(code=f"{n:06d}").exists())
    statuses = [client.post("/answer", {"code": wrong}).status_code for _ in range(12)]
    assert statuses == [422] * 10 + [429] * 2
    assert client.post("/answer", {"code": asked.code}).status_code == 429, "also the right one, from there"
    assert client.post(f"/called/{token_of(asked)}", {"answer": "yes"}).status_code == 302, "a link is not held up"
    elsewhere = client.post("/answer", {"code": call_of(declared, "incident_manager").code}, REMOTE_ADDR="192.0.2.7")
    assert elsewhere.status_code == 200


@pytest.mark.django_db
def test_every_page_of_the_incident_shows_red_and_no_page_of_others(
    declared: Incident, declarer: User, client: Client, organization: Organization
) -> None:
    client.force_login(declarer)
    for path in ("", "tasks", "scope", "decisions", "roles", "log"):
        text = client.get(f"/incidents/{declared.number}/{path}").content.decode()
        assert "called, no answer yet" in text, path
    with factories.preparing():
        Paging.objects.filter(role="scribe").update(state="unanswered", next_at=None)
    kept.forget()  # pages share what hangs on the log's length, and this came without an entry
    assert "nobody answered" in client.get(f"/incidents/{declared.number}/scope").content.decode()
    other = Client()
    other.force_login(factories.user(organization))
    assert other.get(f"/incidents/{declared.number}/roles").status_code == 404
    assert other.post(f"/incidents/{declared.number}/roles/call", {"role": "scribe"}).status_code == 404


@pytest.mark.django_db
def test_the_lead_rings_and_writes_it_down(declared: Incident, declarer: User, client: Client) -> None:
    client.force_login(declarer)
    text = client.get(f"/incidents/{declared.number}/roles").content.decode()
    assert 'href="tel:+46701740608"' in text
    paging = Paging.objects.get(role="scribe")
    sent = {"paging": paging.number, "rung": 0, "answer": "yes"}
    assert client.post(f"/incidents/{declared.number}/roles/reached", sent).status_code == 302
    asked = call_of(declared, "scribe")
    assert (asked.answer, asked.via) == ("yes", "voice")
    told = LogEntry.objects.get(chain=declared.chain, verb="paging.answer")
    assert told.actor["name"] == "Nora Night"
    call = {"role": "report_writer", "because": "the story has to be written"}
    client.post(f"/incidents/{declared.number}/roles/call", call)
    made = Paging.objects.get(role="report_writer", state="calling")
    assert made.reason in ("the story has to be written", made.reason)
    client.post(f"/incidents/{declared.number}/roles/call-off", {"paging": made.number, "because": "tomorrow"})
    made.refresh_from_db()
    assert made.state == "cancelled"


@pytest.mark.django_db
def test_a_responder_sees_the_calls_and_neither_numbers_nor_buttons(declared: Incident, client: Client) -> None:
    client.force_login(factories.on(declared, "responder"))
    text = client.get(f"/incidents/{declared.number}/roles").content.decode()
    assert "Oksana Melnyk" in text
    assert "tel:" not in text
    assert "Reached, comes" not in text
    assert "duty card" in client.get(f"/incidents/{declared.number}/roles/scribe/card").content.decode().lower()
    assert client.get(f"/incidents/{declared.number}/roles/nobody/card").status_code == 404


@pytest.mark.django_db
def test_an_exercise_says_so_on_the_called_page(organization: Organization, declarer: User, client: Client) -> None:
    drill = factories.incident(organization, declarer.actor, exercise=True)
    text = page(client, call_of(drill, "scribe"))
    assert "data-exercise" in text
    assert "This is an exercise" in text


def test_links_start_at_the_public_address(settings: Any) -> None:
    settings.BASE_URL = "https://tocsin.halden.example"
    asked = PagingCall(pk=7)
    from tocsin.core import clock

    asked.expires_at = clock.now()
    assert link_of(asked).startswith("https://tocsin.halden.example/called/7-")


@pytest.mark.django_db
def test_who_was_taken_out_keeps_no_link_and_is_called_by_nobody(
    organization: Organization, declarer: User, client: Client
) -> None:
    former = factories.holder(organization, "incident_manager")
    incident = factories.incident(organization, declarer.actor)
    asked = call_of(incident, "incident_manager")
    assert asked.member.user == former
    deactivate(S, organization, user=former, because="left")
    shown = client.get(f"/called/{token_of(asked)}")
    assert shown.status_code == 410
    assert incident.title not in shown.content.decode()
    assert client.post(f"/called/{token_of(asked)}", {"answer": "yes"}).status_code == 410
    assert client.post("/answer", {"code": asked.code}).status_code == 422
    for via in (Via.LINK, Via.CODE, Via.API):
        with pytest.raises(Invalid, match="has ended"):
            answer_paging(S, incident, asked=asked, yes=True, via=via)
    assert answers(incident) == 0
    asked.refresh_from_db()
    tried = asked.tried
    call_on()
    asked.refresh_from_db()
    assert (asked.tried, asked.code) == (tried, "")
    assert call_of(incident, "incident_manager").member_id != asked.member_id, "somebody else is called at once"
    assert asked.member_id not in {r.member.pk for r in ladder_of(incident, "incident_manager")}
    invite(S, organization, email=former.email, name="", role=OrgRole.GUEST)
    assert Member.objects.get(pk=asked.member_id).active
    assert client.get(f"/called/{token_of(asked)}").status_code == 410, "an ended link stays ended"


@pytest.mark.django_db
def test_a_backup_who_was_taken_out_is_passed_over(organization: Organization, declarer: User) -> None:
    incident = factories.incident(organization, declarer.actor)
    paging = call_of(incident, "incident_manager").paging
    gone = [p["member"] for p in paging.ladder[1:]]
    assert gone
    with factories.preparing():
        Member.objects.filter(pk__in=gone).update(active=False)
    for _n in range(6):
        with factories.preparing():
            Paging.objects.filter(pk=paging.pk).update(next_at=paging.started_at)
        call_on()
    paging.refresh_from_db()
    assert (paging.state, paging.calls.count()) == ("unanswered", 1)


@pytest.mark.django_db
def test_a_backup_who_is_taken_out_while_being_called_is_passed_over_at_once(
    organization: Organization, declarer: User
) -> None:
    incident = factories.incident(organization, declarer.actor)
    first = call_of(incident, "incident_manager")
    answer_paging(S, incident, asked=first, yes=False, via=Via.LINK)
    at_hand = call_of(incident, "incident_manager")
    former = invite(S, organization, email=at_hand.member.mail, name="", role=OrgRole.GUEST)
    deactivate(S, organization, user=former, because="left")
    call_on()
    paging = Paging.objects.get(pk=first.paging_id)
    at_hand.refresh_from_db()
    assert (at_hand.tried, at_hand.answer) == (1, "")
    assert paging.rung > at_hand.rung or paging.state == "unanswered"


@pytest.mark.django_db
def test_who_was_taken_out_answers_no_comcheck(organization: Organization, client: Client) -> None:
    former = factories.holder(organization, "incident_manager")
    made = start_comcheck(S, organization)
    ask = made.asks.filter(member__user=former, by_hand=False).select_related("member", "comcheck__organization")[0]
    deactivate(S, organization, user=former, because="left")
    path = "/reached/" + ask_link(ask).rsplit("/", 1)[1]
    assert client.post(path).status_code == 404
    assert ask_by_code(str(ask.code)) is None
    with pytest.raises(Invalid, match="does not exist"):
        answer_comcheck(S, organization, ask=ask, how="link")
    send_comchecks()
    assert not OutboxMessage.objects.filter(key=ask.key).exists()
