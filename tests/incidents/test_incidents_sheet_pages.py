"""The page of the fact sheet: rows changed in place, contradictions on top, history, and what a refusal says."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils.safestring import SafeString, mark_safe

import factories
from tocsin.core import clock
from tocsin.core.models import LogEntry
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.incidents.pages import IncidentRequest
from tocsin.incidents.queries import Sheet
from tocsin.incidents.views.sheet import FOLLOWS
from tocsin.people.models import User

pytestmark = pytest.mark.django_db
S = factories.SYSTEM


def browser(person: User) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def lead(incident: Incident) -> Client:
    return browser(factories.on(incident, "lead"))


def send(client: Client, incident: Incident, kind: str, verb: str = "set", **form: Any) -> HttpResponse:
    url = f"/incidents/{incident.number}/facts/{kind}/{verb}?incident={incident.pk}"
    answer: HttpResponse = client.post(url, form, headers={"HX-Request": "true"})  # type: ignore[assignment]
    return answer


def page(client: Client, incident: Incident, at: str = "", *, fragment: bool = False) -> str:
    headers = {"HX-Request": "true"} if fragment else {}
    answer = client.get(f"/incidents/{incident.number}/facts{at}", headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def refusal(answer: HttpResponse) -> tuple[str, str]:
    assert answer.status_code == 422, (answer.status_code, answer.content[:500])
    told = json.loads(answer["HX-Trigger"])["tocsin:invalid"]
    return told["field"], told["said"]


def test_an_instant_is_set_corrected_and_taken_back_in_its_row(lead: Client, incident: Incident) -> None:
    detected = clock.now() - timedelta(days=3)
    actions.mark_instant(S, incident, anchor="detected", at=detected, because="as in the alert", zone="UTC")
    first, later = clock.now() - timedelta(days=2), clock.now() - timedelta(days=1)
    form = {"name": "aware", "at": f"{first:%Y-%m-%dT%H:%M}", "zone": "Asia/Tokyo"}
    assert send(lead, incident, "instant", **form).status_code == 204
    incident.refresh_from_db()
    moment = incident.instant("aware")
    assert moment is not None
    assert first.replace(second=0, microsecond=0) - moment == timedelta(hours=9)  # Tokyo is nine hours ahead of UTC
    shown = page(lead, incident)
    assert f"given as {first:%Y-%m-%d %H:%M} Asia/Tokyo" in " ".join(shown.replace("(", "").split())

    again = {"name": "aware", "at": f"{later:%Y-%m-%dT%H:%M}", "zone": "Europe/Berlin"}
    assert refusal(send(lead, incident, "instant", **again))[0] == "because"
    assert send(lead, incident, "instant", **again, because="The call was the next day.").status_code == 204
    panel = page(lead, incident, "/instant/aware", fragment=True)
    assert "<html" not in panel
    assert panel.count("L-") == 2  # both stand in its history
    assert "The call was the next day." in panel
    assert 'value="Europe/Berlin" selected' in panel

    assert refusal(send(lead, incident, "instant", "withdraw", name="aware"))[0] == "because"
    done = send(lead, incident, "instant", "withdraw", name="aware", because="That was another matter.")
    assert done.status_code == 204
    incident.refresh_from_db()
    assert incident.instant("aware") is None
    assert page(lead, incident, "/instant/aware", fragment=True).count("L-") == 3


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"at": "2199-01-01T00:00", "zone": "UTC"}, "at"),
        ({"at": "1066-10-14T09:00", "zone": "UTC"}, "at"),
        ({"at": "soon", "zone": "UTC"}, "at"),
        ({"at": "", "zone": "UTC"}, "at"),
        ({"at": "2026-11-01T10:00", "zone": "Mars/Olympus"}, "zone"),
        ({"at": "2026-11-01T10:00", "zone": "../../etc/passwd"}, "zone"),
    ],
)
def test_a_time_that_cannot_be_is_refused_beside_its_field(
    lead: Client, incident: Incident, form: dict[str, str], field: str
) -> None:
    before = LogEntry.objects.count()
    assert refusal(send(lead, incident, "instant", name="aware", **form))[0] == field
    assert LogEntry.objects.count() == before


def test_people_are_added_counted_anew_and_cleared(lead: Client, incident: Incident) -> None:
    form = {"group": "Customers", "region": "Germany", "count_low": "12000", "count_high": "15000",
            "confidence": "low", "because": "rows of the dump"}  # fmt: skip
    assert send(lead, incident, "people", **form).status_code == 204
    assert (
        send(lead, incident, "people", **form | {"region": "us-ca", "count_low": "300", "count_high": ""}).status_code
        == 204
    )
    field, said = refusal(send(lead, incident, "people", **form | {"region": "Atlantis"}))
    assert field == "region"
    assert "“Atlantis” is no country" in said
    shown = page(lead, incident)
    assert "12,000 to 15,000" in shown
    assert "California, United States" in shown
    assert "at least 12,300 people in all" in shown
    german = incident.scope.get(region="DE")
    form = {"name": str(german.number), "region": "DE", "count_low": "13000", "count_high": "13000",
            "confidence": "high", "because": "counted without twins"}  # fmt: skip
    assert send(lead, incident, "people", **form).status_code == 204
    panel = page(lead, incident, f"/people/{german.number}")
    assert "from 12,000 to 15,000, Germany, low confidence to 13,000, Germany, high confidence" in panel
    assert send(lead, incident, "people", "withdraw", name=str(german.number), because="test data").status_code == 204
    assert "Germany</h3>" not in page(lead, incident)
    assert send(lead, incident, "people", "withdraw", name="99", because="x").status_code == 404
    assert send(lead, incident, "people", "withdraw", name="²", because="x").status_code == 404


def test_roles_data_and_flags_are_said_in_their_rows(lead: Client, incident: Incident) -> None:
    why = {"because": "says counsel"}
    assert send(lead, incident, "role", name="us_bank", value="yes", **why).status_code == 204
    assert send(lead, incident, "role", name="controller", value="no", **why).status_code == 204
    assert send(lead, incident, "data", name="health", value="yes", **why).status_code == 204
    assert send(lead, incident, "fact", name="ransomware", value="yes").status_code == 204
    assert refusal(send(lead, incident, "fact", name="ransomware", value="no"))[0] == "because"
    assert refusal(send(lead, incident, "fact", name="malware", value="perhaps"))[0] == "value"
    assert refusal(send(lead, incident, "role", name="wizard", value="yes", **why))[0] == "role"
    assert send(lead, incident, "nonsense", name="x", value="yes").status_code == 404
    shown = page(lead, incident)
    assert "Bank in the United States" in shown
    assert "not in this incident" in shown
    assert send(lead, incident, "role", "withdraw", name="us_bank", **why).status_code == 204
    assert "Bank in the United States</b>" not in page(lead, incident)
    incident.refresh_from_db()
    assert incident.entity_roles == {"controller": False}
    assert incident.data_categories == {"health": True}


def test_what_contradicts_stands_on_top_and_is_marked_in_both_rows(lead: Client, incident: Incident) -> None:
    assert "contradiction" not in page(lead, incident)
    at = incident.instant("detected")
    assert at is not None
    actions.mark_instant(S, incident, anchor="contained", at=at - timedelta(hours=2), because="the first report")
    shown = page(lead, incident)
    assert "1 contradiction<" in shown
    assert "That is before “Detected”" in shown
    assert shown.count("data-odd>") == 2
    assert 'href="#f-instant-contained"' in shown
    assert 'id="f-instant-contained"' in shown


def test_hostile_words_stay_words(lead: Client, incident: Incident) -> None:
    evil = '<script>alert("%(who)s")</script>'
    actions.set_fact(S, incident, name="impact", value=evil, because=evil)
    actions.add_scope(S, incident, kind="data_subjects", name=evil, because=evil, count_low=1, region="DE")
    for at in ("", "/fact/impact", f"/people/{incident.scope.get(region='DE').number}"):
        shown = page(lead, incident, at)
        assert "<script>alert" not in shown
        assert "&lt;script&gt;alert(" in shown


def test_rooms_above_show_what_follows(lead: Client, incident: Incident) -> None:
    def follows(request: IncidentRequest, sheet: Sheet) -> SafeString:
        return mark_safe(f"<p>{request.incident.number}: {len(sheet.instants)} instants</p>")

    bare = page(lead, incident)
    FOLLOWS.append(follows)
    try:
        shown = page(lead, incident)
    finally:
        FOLLOWS.remove(follows)
    assert "2 instants</p>" in shown
    assert "2 instants</p>" not in bare


def test_an_observer_sees_the_sheet_without_forms(incident: Incident) -> None:
    watcher = browser(factories.on(incident, "observer"))
    assert "<form" not in page(watcher, incident).partition("<main")[2]
    assert "<form" not in page(watcher, incident, "/instant/detected", fragment=True)
    assert send(watcher, incident, "fact", name="ransomware", value="yes").status_code == 403


def test_a_row_that_does_not_exist_is_not_found(lead: Client, incident: Incident) -> None:
    for at in ("instant/yesterday", "role/wizard", "data/gossip", "fact/no_such_fact", "people/7", "people/x", "odd/x"):
        assert lead.get(f"/incidents/{incident.number}/facts/{at}").status_code == 404


def test_the_page_is_small_and_asks_little(
    lead: Client, incident: Incident, django_assert_max_num_queries: Any
) -> None:
    for n in range(35):
        actions.add_scope(
            S, incident, kind="data_subjects", name=f"Group {n}", because="seen", count_low=n, region="FR"
        )
    page(lead, incident)
    with django_assert_max_num_queries(40):
        shown = page(lead, incident)
    assert len(shown.encode()) < 80_000
    assert "32 more groups in the scope ledger" in shown


def test_what_nothing_is_said_of_is_folded_away(lead: Client, incident: Incident) -> None:
    assert "Judged material" not in page(lead, incident)
    for fragment in (True, False):
        assert "Judged material" in page(lead, incident, "/other/times", fragment=fragment)
        assert "Ransomware was used" in page(lead, incident, "/other/questions", fragment=fragment)
    assert lead.get(f"/incidents/{incident.number}/facts/other/gossip").status_code == 404
