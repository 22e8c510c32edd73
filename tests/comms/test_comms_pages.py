"""The pages of communications, used as people use them: forms filled in, buttons pressed, and what stands there then."""

from __future__ import annotations

import pytest
from comms_cast import Cast, approved, drafted, listed
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

import factories
from tocsin.comms import actions
from tocsin.comms.models import Audience, Wave
from tocsin.comms.reactions import send_waves
from tocsin.incidents.actions import set_fact
from tocsin.incidents.models import Incident
from tocsin.people.models import User

pytestmark = pytest.mark.django_db


def browser(person: User) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


def site(incident: Incident, path: str = "") -> str:
    return f"/incidents/{incident.number}/communications{path}"


def test_a_message_from_the_form_to_its_release(incident: Incident, cast: Cast) -> None:
    writer, lead, counsel, speaker = (browser(p) for p in (cast.writer, cast.lead, cast.counsel, cast.speaker))
    answer = writer.post(site(incident, "/draft"), {"template": "holding-statement"})
    number = incident.outgoing.get(template="holding-statement").number
    assert answer["Location"] == site(incident, f"/messages/{number}/edit")
    form = writer.get(answer["Location"]).content.decode()
    assert "{{ name }}" in form
    assert "6 gaps" in form
    page = site(incident, f"/messages/{number}")
    words = {"subject": "Statement", "body": "We are {{ organization }}.", "language": "en", "revision": "1"}
    assert writer.post(f"{page}/save", words)["Location"] == page
    assert writer.post(f"{page}/save", words).status_code == 422
    assert "Ask for review" in writer.get(page).content.decode()
    writer.post(f"{page}/do/submit")
    assert "Approve this text" not in writer.get(page).content.decode()
    seen = lead.get(page).context["sha256"]
    lead.post(f"{page}/do/review", {"seen": seen})
    assert "Approve this text legally" not in lead.get(page).content.decode()
    counsel.post(f"{page}/do/clear", {"seen": seen})
    assert seen in counsel.get(page).content.decode()
    assert "Release it now" not in lead.get(page).content.decode()
    assert lead.post(f"{page}/release").status_code == 422
    assert not Wave.objects.exists()
    assert "Release it now" in speaker.get(page).content.decode()
    assert speaker.post(f"{page}/release").status_code == 302
    send_waves()
    text = speaker.get(page).content.decode()
    assert "Recipient by recipient" in text
    assert speaker.get(f"{page}/deliveries").status_code == 200
    compared = speaker.get(f"{page}/drafts").content.decode()
    assert 'data-kind="new"' in compared
    assert 'data-kind="gone"' in compared
    assert f"M-{number}" in speaker.get(site(incident)).content.decode()


def test_a_list_with_faults_stores_nothing_until_somebody_says_so(incident: Incident, cast: Cast) -> None:
    writer, path = browser(cast.writer), site(incident, "/audiences/fill")
    file = SimpleUploadedFile("people.csv", "name;address\nJosé;jose@example.org\nNobody;nowhere\n".encode("cp1252"))
    answer = writer.post(path, {"audience": "customers", "file": file})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert "this is no mail address" in text
    assert "Nobody;nowhere" in text
    assert not Audience.objects.filter(key="customers").exists()
    pasted = {
        "audience": "customers",
        "list": "José;jose@example.org\nNobody;nowhere\nJ;JOSE@example.org",
        "leave_out": "on",
    }
    answer = writer.post(path, pasted, follow=True)
    said = answer.content.decode()
    assert "a list of 1 recipient." in said
    assert "folded: 1" in said
    assert "Lines left out: 1" in said
    assert "José" in said
    assert "José" not in browser(cast.responder).get(site(incident, "/audiences")).content.decode()


def test_a_wave_is_planned_ordered_released_paused_and_recalled_by_forms(incident: Incident, cast: Cast) -> None:
    lead, speaker = browser(cast.lead), browser(cast.speaker)
    listed(incident, "authorities", "cert@example.org")
    one, two = approved(incident, cast, "authorities").number, approved(incident, cast, "press").number
    assert "Plan a wave" in lead.get(site(incident)).content.decode()
    answer = lead.post(site(incident, "/waves/plan"), {"message": [two, one]})
    wave = Wave.objects.get()
    page = answer["Location"]
    assert [s.message.number for s in wave.steps.select_related("message")] == [one, two]
    order = {f"m{one}-place": "2", f"m{two}-place": "1", "revision": "1"}
    assert lead.post(f"{page}/change", order).status_code == 422
    order |= {"because": "It is in the papers.", f"m{two}-task": "T-1", f"m{one}-time": "2199-01-01T10:00"}
    assert lead.post(f"{page}/change", order).status_code == 302
    shown = lead.get(page).content.decode()
    assert "the end of T-1" in shown
    assert "Ask them to release it" in shown
    assert "2199-01-01" in shown
    assert speaker.post(f"{page}/do/release", {"revision": "2"}).status_code == 302
    assert lead.post(f"{page}/do/pause", {"because": ""}).status_code == 422
    assert lead.post(f"{page}/do/pause", {"because": "A call."}).status_code == 302
    assert speaker.post(f"{page}/loosen", {"place": "1", "because": "Done by phone."}).status_code == 302
    assert "Done by phone." in speaker.get(page).content.decode()
    assert lead.post(f"{page}/do/recall", {"because": "False alarm."}).status_code == 302
    wave.refresh_from_db()
    assert wave.state == "recalled"
    assert browser(cast.responder).get(page).status_code == 404


def test_a_changed_fact_is_shown_on_the_list_the_message_and_the_wave(incident: Incident, cast: Cast) -> None:
    set_fact(factories.SYSTEM, incident, name="people_affected", value=1)
    message = approved(incident, cast, "all-staff", body="{{ people_affected }} person.")
    lead = browser(cast.lead)
    page = lead.post(site(incident, "/waves/plan"), {"message": [message.number]})["Location"]
    set_fact(factories.SYSTEM, incident, name="people_affected", value=2)
    assert "a fact in it changed" in lead.get(site(incident)).content.decode()
    assert "a fact in it changed" in lead.get(page).content.decode()
    own = lead.get(site(incident, f"/messages/{message.number}")).content.decode()
    assert "how many people are affected: <s>1</s>" in own
    lead.post(site(incident, f"/messages/{message.number}/do/stand"), {"because": "About one."})
    message.refresh_from_db()
    assert message.state == "approved"


def test_hostile_words_are_shown_as_text(incident: Incident, cast: Cast) -> None:
    evil = "<script>alert(1)</script>"
    message = drafted(incident, cast, subject=evil, body=f"{evil} {{{{ organization }}}}", salutation=evil)
    actions.add_audience(cast.writer.actor, incident, title=evil, kind="other")
    actions.write_question(cast.writer.actor, incident, question=evil, answer=evil)
    writer = browser(cast.writer)
    for path in ("", f"/messages/{message.number}", f"/messages/{message.number}/edit", f"/messages/{message.number}/drafts",
                 "/audiences", "/questions", "/new"):  # fmt: skip
        text = writer.get(site(incident, path)).content.decode()
        assert "<script>alert" not in text


def test_questions_and_the_public_page_by_forms(incident: Incident, cast: Cast) -> None:
    writer, lead, speaker = browser(cast.writer), browser(cast.lead), browser(cast.speaker)
    writer.post(site(incident, "/questions/write"), {"question": "Who?", "answer": "We.", "audiences": ["press"]})
    given = {"question_number": "1", "revision": "1"}
    assert writer.post(site(incident, "/questions/do/approve"), given).status_code == 422
    assert lead.post(site(incident, "/questions/do/approve"), given).status_code == 302
    assert (
        writer.post(site(incident, "/questions/write"), given | {"question": "Who?", "answer": "They."}).status_code
        == 422
    )
    assert lead.post(site(incident, "/questions/do/drop"), {"question_number": "1"}).status_code == 302
    assert lead.post(site(incident, "/questions/do/drop"), {"question_number": "1"}).status_code == 404
    assert lead.post(site(incident, "/status/open"), {"title": "Shop"}).status_code == 422
    assert speaker.post(site(incident, "/status/open"), {"title": "Shop"}).status_code == 302
    assert incident.status_page.slug in speaker.get(site(incident)).content.decode()
    writer.post(
        site(incident, "/draft"), {"on_status": "on", "subject": "Late", "body": "Later.", "status_word": "working"}
    )
    assert incident.outgoing.get(subject="Late").audience.key == "status-page"
    assert lead.post(site(incident, "/status/close"), {"because": "Over."}).status_code == 302
