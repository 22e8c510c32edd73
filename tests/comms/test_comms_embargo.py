"""A message that is not released exists for nobody without a part in it: every door is tried, before and after."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from comms_cast import Cast, approved, listed
from django.test import Client

import factories
from tocsin.comms import actions
from tocsin.comms.actions.waves import Planned
from tocsin.comms.models import Message
from tocsin.comms.reactions import send_waves
from tocsin.core import log
from tocsin.core.models import LogEntry
from tocsin.core.searching import query_of
from tocsin.incidents.models import Incident
from tocsin.people.models import User
from tocsin.web.search import found

pytestmark = pytest.mark.django_db
SECRET, BESIDE = "Zebrafish", "unmissable"
"""What must not be read, and a word beside it to search for, which a page of results repeats."""


def browser(person: User) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def message(incident: Incident, cast: Cast) -> Message:
    """An approved message in a planned wave; its words, its subject and the talk about it hold the secret."""
    listed(incident, "press", "news@example.org")
    message = approved(incident, cast, "press", subject=f"{SECRET} {BESIDE} subject", body=f"{SECRET} {BESIDE} body.")
    actions.return_message(cast.lead.actor, incident, message=message, note=f"{SECRET} note")
    actions.submit_message(cast.writer.actor, incident, message=message)
    actions.review_message(cast.lead.actor, incident, message=message, note=f"{SECRET} remark")
    actions.approve_legally(cast.counsel.actor, incident, message=message)
    actions.plan_wave(cast.lead.actor, incident, steps=[Planned(message.number)], because=f"{SECRET} order")
    actions.write_question(cast.writer.actor, incident, question=f"{SECRET} {BESIDE}?", answer=f"{SECRET} {BESIDE}!")
    message.refresh_from_db()
    return message


def doors(incident: Incident, message: Message) -> Iterator[str]:
    """Every page and every address of the API at which the message could be read."""
    site, api = f"/incidents/{incident.number}", f"/api/v1/incidents/{incident.pk}"
    number = message.number
    yield f"/search?q={BESIDE}"
    yield f"/api/v1/search?q={BESIDE}"
    for page in ("/", "/feed", "/feed?kind=all", f"/feed?words={BESIDE}", "/log", "/log/export", "/log/download", "/report",
                 "/report.html", "/tasks", "/notes", "/situation", "/decisions", "/communications", "/communications/new",
                 "/communications/audiences", "/communications/questions", f"/communications/messages/{number}",
                 f"/communications/messages/{number}/edit", f"/communications/messages/{number}/drafts",
                 f"/communications/messages/{number}/deliveries", "/communications/waves/1"):  # fmt: skip
        yield site + page
    for path in ("", "/messages", f"/messages/{number}", f"/messages/{number}/deliveries", "/waves", "/waves/1", "/questions",
                 "/audiences", "/status-page", "/log", "/log/export", "/tasks", "/board"):  # fmt: skip
        yield api + path


def read(client: Client, path: str) -> str:
    answer = client.get(path, follow=True)
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[arg-type]
    return content.decode(errors="replace")


def outsiders(incident: Incident, cast: Cast) -> list[User]:
    return [cast.observer, cast.responder, factories.user(incident.organization, "auditor"),
            factories.user(incident.organization, "administrator")]  # fmt: skip


def test_no_door_shows_an_embargoed_message_to_who_has_no_part(
    incident: Incident, cast: Cast, message: Message
) -> None:
    paths = list(doors(incident, message))
    for person in outsiders(incident, cast):
        client = browser(person)
        leaks = [path for path in paths if SECRET in read(client, path)]
        assert leaks == [], f"{person}: {leaks}"
    with pytest.raises(AssertionError):  # the doors are the right ones: who has a part reads it through several
        assert [path for path in paths if SECRET in read(browser(cast.writer), path)] == []


def test_who_cannot_know_of_it_gets_the_answer_of_one_that_does_not_exist(
    incident: Incident, cast: Cast, message: Message
) -> None:
    for person in (cast.observer, cast.responder):
        client = browser(person)
        for base in (
            f"/incidents/{incident.number}/communications/messages",
            f"/api/v1/incidents/{incident.pk}/messages",
        ):
            real, none = client.get(f"{base}/{message.number}"), client.get(f"{base}/999")
            assert real.status_code == none.status_code == 404
        act = client.post(
            f"/incidents/{incident.number}/communications/messages/{message.number}/do/recall", {"because": "x"}
        )
        assert act.status_code == 404


def test_neither_log_nor_search_nor_export_holds_it_before_its_release(
    incident: Incident, cast: Cast, message: Message
) -> None:
    exported = b"".join(log.export(LogEntry.objects.filter(chain_id=incident.pk)))
    assert SECRET.encode() not in exported
    assert list(found(cast.observer.actor, query_of(BESIDE))) == []
    assert message.sha256.encode() in exported


def test_after_its_release_everybody_on_the_incident_reads_it(incident: Incident, cast: Cast, message: Message) -> None:
    wave = incident.waves.get()
    actions.release_wave(cast.speaker.actor, incident, wave=wave)
    send_waves()
    client = browser(cast.observer)
    assert f"{SECRET} {BESIDE} body." in read(
        client, f"/incidents/{incident.number}/communications/messages/{message.number}"
    )
    answer = client.get(f"/api/v1/incidents/{incident.pk}/messages/{message.number}").json()
    assert (answer["text"], answer["sha256"]) == (f"{SECRET} {BESIDE} body.", message.sha256)
    assert client.get(f"/api/v1/incidents/{incident.pk}/messages/{message.number}/deliveries").status_code == 404
    [entry] = [json.loads(line) for line in log.export(LogEntry.objects.filter(verb="comms.release"))]
    assert entry["payload"]["text"] == f"{SECRET} {BESIDE} body."
    # What was said on the way to it stays with those who said it.
    page = read(client, f"/incidents/{incident.number}/communications/messages/{message.number}")
    assert f"{SECRET} note" not in page
    assert f"{SECRET} remark" not in page


def test_an_approved_answer_is_read_by_who_works_and_not_by_who_looks_on(incident: Incident, cast: Cast) -> None:
    row = actions.write_question(
        cast.writer.actor, incident, question="Who?", answer=f"{SECRET}, of {{{{ organization }}}}."
    )
    page = f"/incidents/{incident.number}/communications/questions"
    assert SECRET not in read(browser(cast.responder), page)
    with pytest.raises(Exception, match="You wrote"):
        actions.approve_answer(cast.writer.actor, incident, row=row)
    actions.approve_answer(cast.lead.actor, incident, row=row)
    assert f"{SECRET}, of Halden Foods AB." in read(browser(cast.responder), page)
    assert SECRET not in read(browser(cast.observer), page)
