"""Judging, attaching and declaring; who sees what; two people at the same second."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

import factories
from tocsin.alerts.actions import attach_alert, judge_alert
from tocsin.alerts.models import Alert, AlertState
from tocsin.alerts.queries import alerts_for, alerts_in, incident_of
from tocsin.alerts.triage import attach, declare_from
from tocsin.core.access import Forbidden, Hidden, OrgRole
from tocsin.core.action import Invalid, Stale
from tocsin.core.models import LogEntry
from tocsin.incidents.models import Incident
from tocsin.people.models import User

from .conftest import Hook, alert

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
ANSWERS = {"title": "Files are encrypted", "severity": 1, "playbook_id": "ransomware"}


def signed_in(person: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(person)
    return client


def test_a_judgement_but_true_needs_a_reason_and_is_kept_with_who_and_when(hook: Hook) -> None:
    found, place = alert(hook[0]), hook[0].organization
    person = factories.user(place)
    for state in ("false_positive", "near_miss", "duplicate"):
        with pytest.raises(Invalid) as refused:
            judge_alert(person.actor, place, alert=found, state=state)
        assert refused.value.field == "because"
    judge_alert(person.actor, place, alert=found, state="false_positive", because="the backup job")
    found.refresh_from_db()
    assert (found.judged_by, found.because) == (str(person), "the backup job")
    assert found.judged_at
    judge_alert(person.actor, place, alert=found, state="new")
    found.refresh_from_db()
    assert (found.state, found.judged_at) == (AlertState.NEW, None)


def test_of_two_who_judge_at_the_same_second_the_second_is_told(hook: Hook) -> None:
    found, place = alert(hook[0]), hook[0].organization
    one, other = factories.user(place), factories.user(place)
    judge_alert(one.actor, place, alert=found, state="true", revision=0)
    with pytest.raises(Stale):
        judge_alert(other.actor, place, alert=found, state="false_positive", because="no", revision=0)
    found.refresh_from_db()
    assert (found.state, found.judged_by) == ("true", str(one))


def test_taking_a_judgement_back_while_the_same_is_open_again_is_refused(hook: Hook) -> None:
    old, place = alert(hook[0]), hook[0].organization
    judge_alert(S, place, alert=old, state="true")
    with factories.preparing():
        Alert.objects.filter(pk=old.pk).update(last_at="2020-01-01T00:00:00Z")
    assert alert(hook[0]).pk != old.pk
    with pytest.raises(Invalid, match="another alert"):
        judge_alert(S, place, alert=old, state="new")


def test_declaring_from_an_alert_makes_one_incident_that_knows_it(hook: Hook) -> None:
    found = alert(hook[0], text="Ransom notes on two servers")
    person = factories.user(found.organization)
    made = declare_from(person.actor, found, **ANSWERS)
    again = declare_from(person.actor, found, **ANSWERS)
    assert made.pk == again.pk
    assert Incident.objects.count() == 1
    found.refresh_from_db()
    assert (found.state, found.incident_id) == ("true", made.pk)
    assert list(alerts_in(made)) == [found]
    assert made.instant("detected") == found.first_at
    entry = LogEntry.objects.get(chain=made.chain, verb="alert.attach")
    assert entry.payload["text"] == "Ransom notes on two servers"
    assert entry.actor["id"] == str(person.id)


def test_a_second_person_who_declares_from_it_makes_no_second_incident(hook: Hook) -> None:
    found = alert(hook[0])
    one, other = factories.user(found.organization), factories.user(found.organization)
    stale = Alert.objects.get(pk=found.pk)
    declare_from(one.actor, found, **ANSWERS)
    with pytest.raises(Invalid, match=str(one)):
        declare_from(other.actor, stale, **ANSWERS)
    assert Incident.objects.count() == 1
    assert not LogEntry.objects.filter(verb="incident.declare", actor__id=str(other.id)).exists()


def test_attaching_takes_a_right_on_both_sides_or_changes_nothing(hook: Hook) -> None:
    found = alert(hook[0])
    place = found.organization
    incident = factories.incident(place)
    responder_elsewhere = factories.user(place)  # not on the incident
    guest_on_it = factories.on(incident, "responder", OrgRole.GUEST)  # sees no alerts
    observer = factories.on(incident, "observer", OrgRole.RESPONDER)
    for person, refusal in ((responder_elsewhere, Hidden), (guest_on_it, Forbidden), (observer, Forbidden)):
        with pytest.raises(refusal):
            attach(person.actor, found, incident)
        found.refresh_from_db()
        assert (found.state, found.incident_id) == ("new", None)
    attach(factories.on(incident, "responder", OrgRole.RESPONDER).actor, found, incident)
    found.refresh_from_db()
    assert (found.state, found.incident_id) == ("true", incident.pk)


def test_an_alert_of_another_organization_cannot_be_attached_or_judged(hook: Hook) -> None:
    rival = factories.organization("rival")
    theirs = factories.incident(rival)
    found = alert(hook[0])
    judge_alert(S, hook[0].organization, alert=found, state="true")
    with pytest.raises(Hidden):
        attach_alert(S, theirs, alert=found)
    with pytest.raises(Hidden):
        judge_alert(factories.user(rival).actor, rival, alert=found, state="new")


def _room(person: User, place: Incident) -> str:
    return signed_in(person).get(f"/incidents/{place.number}/").content.decode()


@pytest.fixture
def attached(hook: Hook) -> tuple[Alert, Incident, User]:
    found = alert(hook[0])
    person = factories.user(found.organization, name="Anneke")
    made = declare_from(person.actor, found, **(ANSWERS | {"title": "The secret title"}))
    found.refresh_from_db()
    return found, made, person


def test_who_is_not_on_the_incident_sees_only_that_the_alert_was_true(
    attached: tuple[Alert, Incident, User],
) -> None:
    found, made, lead = attached
    place = found.organization
    for role in (OrgRole.ADMINISTRATOR, OrgRole.RESPONDER, OrgRole.AUDITOR):
        person = factories.user(place, role)
        page = signed_in(person).get(f"/alerts/{found.number}").content.decode()
        assert "True" in page
        for secret in (made.number, "The secret title", str(made.pk)):
            assert secret not in page, (role, secret)
        assert incident_of(person.actor, found) is None
    assert made.number in signed_in(lead).get(f"/alerts/{found.number}").content.decode()
    assert f'<a href="/alerts/{found.number}">A-{found.number}</a>' in _room(lead, made)
    guest = _room(factories.on(made, "responder", OrgRole.GUEST), made)  # sees that it came from one, and opens none
    assert f"A-{found.number} (EDR)" in guest
    told = LogEntry.objects.filter(chain_id=place.pk, verb__startswith="alert.")
    assert not any(str(made.pk) in str(e.payload) or made.number in str(e.payload) for e in told)
    other = factories.user(place)
    with pytest.raises(Invalid) as refused:
        judge_alert(other.actor, place, alert=found, state="false_positive", because="no")
    assert "incident" not in str(refused.value).lower()


def _as_drawn(person: User, found: Alert) -> str:
    page = signed_in(person).get(f"/alerts/{found.number}").content.decode()
    pane = page[page.index('id="alert"') : page.index("</section>", page.index('id="alert"'))]
    pane = re.sub(r'datetime="[^"]*"|value="[A-Za-z0-9]{64}"|title="[^"]*"', "", pane)
    return pane.replace(f"A-{found.number}", "A-n").replace(f"alerts/{found.number}", "alerts/n")


def test_who_is_not_on_it_cannot_tell_whether_there_is_an_incident(attached: tuple[Alert, Incident, User]) -> None:
    """One alert is part of a hidden incident, the other was only judged true: both look and answer the same."""
    hidden, _made, lead = attached
    place = hidden.organization
    plain = alert(hidden.source, by="somebody else")
    judge_alert(lead.actor, place, alert=plain, state="true")
    with factories.preparing():
        Alert.objects.update(judged_at=plain.first_at, first_at=plain.first_at, last_at=plain.first_at, observables={})
    for role in (OrgRole.ADMINISTRATOR, OrgRole.RESPONDER, OrgRole.AUDITOR):
        person = factories.user(place, role)
        assert _as_drawn(person, hidden) == _as_drawn(person, plain), role
        if role == OrgRole.AUDITOR:
            continue
        for revision in (None, 0, 1):
            for state in AlertState:
                said = []
                for one in (hidden, plain):
                    with pytest.raises(Invalid) as refused:
                        judge_alert(person.actor, place, alert=one, state=state, because="no", revision=revision)
                    said.append((type(refused.value), str(refused.value).replace(one.called, "A-n")))
                assert said[0] == said[1], (role, state, revision)
    judge_alert(lead.actor, place, alert=plain, state="new")  # whose judgement it was takes it back
    with pytest.raises(Invalid):
        judge_alert(lead.actor, place, alert=hidden, state="new")


def test_guests_strangers_and_other_organizations_see_no_alert_at_all(hook: Hook) -> None:
    found = alert(hook[0])
    place = found.organization
    incident = factories.incident(place)
    rival = factories.organization("rival")
    outside = [factories.user(place, OrgRole.GUEST), factories.on(incident, "lead"), factories.user(rival)]
    for person in outside:
        client = signed_in(person)
        assert not alerts_for(person.actor, place).exists()
        assert client.get(f"/alerts/{found.number}").status_code == 404
        assert found.title not in client.get("/alerts").content.decode()
        posted = client.post(f"/alerts/{found.number}/judge", {"state": "true"})
        assert posted.status_code == 404
        for path in ("attach", "declare"):
            assert client.post(f"/alerts/{found.number}/{path}", {}).status_code == 404
    assert signed_in(factories.stranger()).get("/alerts").status_code == 403
    assert Client().get("/alerts").status_code == 302


def test_an_auditor_reads_and_changes_nothing(hook: Hook) -> None:
    found = alert(hook[0])
    auditor = signed_in(factories.user(found.organization, OrgRole.AUDITOR))
    page = auditor.get(f"/alerts/{found.number}").content.decode()
    assert found.title in page
    assert "What is it?" not in page
    assert auditor.post(f"/alerts/{found.number}/judge", {"state": "true"}).status_code == 403
    assert auditor.get(f"/alerts/{found.number}/declare").status_code == 403


def test_the_form_is_filled_in_and_one_press_declares(hook: Hook) -> None:
    found = alert(hook[0], "Ransom note on fs-2", severity=1)
    client = signed_in(factories.user(found.organization))
    page = client.get(f"/alerts/{found.number}/declare").content.decode()
    assert 'value="Ransom note on fs-2"' in page
    assert 'value="1" required checked' in page
    assert '<option value="ransomware" selected>' in page
    sent: dict[str, Any] = {"title": found.title, "severity": "1", "playbook": "ransomware", "exercise": "no"}
    first = client.post(f"/alerts/{found.number}/declare", sent)
    second = client.post(f"/alerts/{found.number}/declare", sent)
    assert first.status_code == second.status_code == 302
    assert first["Location"] == second["Location"]
    assert Incident.objects.count() == 1


def test_a_double_click_on_the_plain_form_declares_once(organization: Any) -> None:
    client = signed_in(factories.user(organization))
    sent = {"title": "Twice", "severity": "2", "exercise": "no", "key": "k" * 22}
    assert 'name="key"' in client.get("/incidents/declare").content.decode()
    assert client.post("/incidents/declare", sent)["Location"] == client.post("/incidents/declare", sent)["Location"]
    assert Incident.objects.count() == 1


def test_judging_goes_on_with_the_next_and_a_refusal_keeps_the_words(hook: Hook) -> None:
    one, other = alert(hook[0], "First", severity=3), alert(hook[0], "Second", severity=1)
    client = signed_in(factories.user(one.organization))
    done = client.post(f"/alerts/{other.number}/judge", {"state": "true", "revision": "0"}, headers={"HX-Request": "1"})
    assert done["HX-Redirect"] == f"/alerts/{one.number}"
    stale = client.post(f"/alerts/{one.number}/judge", {"state": "near_miss", "because": "x", "revision": "7"})
    assert stale.status_code in (409, 412, 422)
    assert Alert.objects.get(pk=one.pk).state == "new"


@pytest.mark.parametrize(
    "query", ["?q=%00'", "?state=nonsense", "?source=abc", f"?source={'9' * 40}", "?q=" + "x" * 5000]
)
def test_odd_addresses_are_answered(hook: Hook, query: str) -> None:
    alert(hook[0])
    client = signed_in(factories.user(hook[0].organization))
    assert client.get("/alerts" + query).status_code == 200
    assert client.get(f"/alerts/{'9' * 15}").status_code == 404


def test_the_page_looks_for_news_before_the_first_alert_and_after(hook: Hook) -> None:
    browser = signed_in(factories.user(hook[0].organization))
    before = browser.get("/alerts").content.decode()
    assert "No alert yet" in before
    assert "data-alerts" in before
    alert(hook[0])
    assert browser.get("/alerts").content.decode().count("data-alerts") == 1
