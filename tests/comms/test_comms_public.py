"""The public status page and the link that confirms reading: what anybody sees without an account, and nothing else."""

from __future__ import annotations

import re

import pytest
from comms_cast import Cast, approved, drafted, listed
from django.test import Client

import factories
from tocsin.comms import actions
from tocsin.comms.actions.waves import Planned
from tocsin.comms.models import StatusPage
from tocsin.comms.reactions import send_waves
from tocsin.comms.sending import read_link
from tocsin.core.action import Invalid
from tocsin.core.models import Chain, LogEntry
from tocsin.incidents.models import Incident

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(incident: Incident, cast: Cast) -> StatusPage:
    return actions.open_status_page(cast.speaker.actor, incident, title="Halden's shop")


def posted(incident: Incident, cast: Cast, subject: str, body: str) -> None:
    """An update through its approvals onto the page."""
    update = approved(incident, cast, "", on_status=True, subject=subject, body=body, status_word="working")
    wave = actions.plan_wave(cast.lead.actor, incident, steps=[Planned(update.number)])
    actions.release_wave(cast.speaker.actor, incident, wave=wave)
    send_waves()


def test_the_page_shows_what_was_released_to_it_and_leaks_nothing_else(
    client: Client, incident: Incident, cast: Cast, page: StatusPage
) -> None:
    drafted(incident, cast, "", on_status=True, subject="Not yet said", body="Secret draft.")
    approved(incident, cast, "press", subject="To the press alone", body="Only for the press.")
    posted(incident, cast, "We work on it", "The shop is <b>closed</b>.\n\nOrders by phone.")
    answer = client.get(f"/status/{page.slug}")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "We work on it" in text
    assert "&lt;b&gt;closed&lt;/b&gt;" in text
    assert "Work under way" in text
    for secret in (incident.number, incident.title, str(incident.pk), "Secret draft", "Not yet said", "press", "M-1", "Tocsin",
                   "/incidents", "csrf", cast.writer.name, cast.lead.name):  # fmt: skip
        assert secret not in text, secret
    assert "<script" not in text
    assert set(re.findall(r'href="([^"]+)"', text)) == set(re.findall(r'href="(/static/[^"]+)"', text))


def test_its_headers_keep_it_out_of_search_engines_and_cached_only_for_moments(
    client: Client, page: StatusPage
) -> None:
    answer = client.get(f"/status/{page.slug}")
    assert "noindex" in answer["X-Robots-Tag"]
    assert answer["Cache-Control"] == "public, max-age=15"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'")
    assert "script-src" not in answer["Content-Security-Policy"]
    assert "Set-Cookie" not in answer
    assert client.post(f"/status/{page.slug}").status_code == 405


def test_an_address_that_is_none_and_a_page_that_was_taken_off_answer_alike(
    client: Client, incident: Incident, cast: Cast, page: StatusPage
) -> None:
    assert len(page.slug) >= 24
    actions.close_status_page(cast.lead.actor, incident, because="It is over.")
    off, none = client.get(f"/status/{page.slug}"), client.get("/status/nothing")
    assert off.status_code == none.status_code == 404
    assert off.content == none.content
    assert dict(off.headers) == dict(none.headers)
    again = actions.open_status_page(cast.speaker.actor, incident, title="Once more")
    assert again.slug == page.slug
    assert page.slug not in str(list(LogEntry.objects.values_list("payload", flat=True)))


def test_only_who_speaks_opens_it_and_what_stands_there_can_be_taken_back(
    client: Client, incident: Incident, cast: Cast, page: StatusPage
) -> None:
    with pytest.raises(Invalid, match="does not let you speak"):
        actions.open_status_page(cast.lead.actor, incident, title="Ours")
    posted(incident, cast, "A mistake", "Wrong words.")
    update = incident.outgoing.get(subject="A mistake")
    actions.recall_message(cast.lead.actor, incident, message=update, because="It was wrong.")
    assert "Wrong words" not in client.get(f"/status/{page.slug}").content.decode()


def test_an_exercises_page_says_so(client: Client, incident: Incident, page: StatusPage) -> None:
    with factories.preparing():
        Incident.objects.filter(pk=incident.pk).update(exercise=True)
        Chain.objects.filter(pk=incident.pk).update(exercise=True)
    assert "Nothing on this page is real" in client.get(f"/status/{page.slug}").content.decode()


def test_reading_is_confirmed_by_a_button_and_not_by_a_look(client: Client, incident: Incident, cast: Cast) -> None:
    listed(incident, "all-staff", "ann@example.org")
    message = approved(incident, cast, "all-staff", acknowledge=True, body="Do not <i>click</i>.")
    wave = actions.plan_wave(cast.lead.actor, incident, steps=[Planned(message.number)])
    actions.release_wave(cast.lead.actor, incident, wave=wave)
    send_waves()
    one = message.deliveries.last()
    assert one is not None
    path = "/read/" + read_link(one).rpartition("/")[2]
    text = client.get(path).content.decode()
    assert "Do not &lt;i&gt;click&lt;/i&gt;." in text
    assert incident.number not in text
    assert incident.title not in text
    one.refresh_from_db()
    assert one.acknowledged_at is None
    for _tap in range(2):
        assert client.post(path).status_code == 302
    one.refresh_from_db()
    assert one.acknowledged_at is not None
    assert LogEntry.objects.filter(verb="comms.acknowledge").count() == 1
    assert client.get("/read/nothing").status_code == client.post(path + "x").status_code == 404
