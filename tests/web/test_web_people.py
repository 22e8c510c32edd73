"""Who is let onto an incident and taken off on its page, who reads the organization's log, and which times are taken."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.test import Client
from django.utils import timezone
from signing_in import as_user

import factories
from tocsin.core.access import OrgRole
from tocsin.core.action import Invalid
from tocsin.core.models import Grant
from tocsin.incidents.models import Incident
from tocsin.incidents.pages import read_time

pytestmark = pytest.mark.django_db


def url(incident: Incident, path: str) -> str:
    return f"/incidents/{incident.number}/{path}"


# The take-off form


def test_who_is_on_the_incident_is_taken_off_whether_or_not_the_house_knows_them(
    lead: Client, incident: Incident
) -> None:
    """Somebody whose role in the organization ended can still be taken off what they are on."""
    guest = factories.stranger()
    factories.admit(factories.SYSTEM, incident, user_id=guest.pk, role="observer")
    page = lead.get(url(incident, "roles")).content.decode()
    assert guest.name in page
    answer = lead.post(url(incident, "roles/take-off"), {"user": str(guest.pk), "role": "observer"})
    assert answer.status_code == 302
    assert not Grant.objects.filter(chain=incident.chain, user=guest).exists()
    assert as_user(guest).get(url(incident, "")).status_code == 403, "nowhere any more"


def test_who_is_not_on_the_incident_is_not_in_the_take_off_form_and_not_taken(lead: Client, incident: Incident) -> None:
    colleague = factories.user(incident.organization)
    beside = factories.incident(incident.organization, title="Another", playbook_id=None)
    elsewhere = factories.on(beside, "observer")
    for person in (colleague, elsewhere, factories.stranger()):
        answer = lead.post(url(incident, "roles/take-off"), {"user": str(person.pk), "role": "observer"})
        assert answer.status_code == 422
        assert "Choose a person from the list" in answer.content.decode()
    assert Grant.objects.filter(chain=beside.chain, user=elsewhere).exists()


def test_only_the_houses_people_are_let_in(lead: Client, incident: Incident) -> None:
    colleague, outsider = factories.user(incident.organization), factories.stranger()
    form = {"role": "observer"}
    assert lead.post(url(incident, "roles/let-in"), form | {"user": str(outsider.pk)}).status_code == 422
    assert lead.post(url(incident, "roles/let-in"), form | {"user": "x"}).status_code == 422
    assert lead.post(url(incident, "roles/let-in"), form | {"user": str(colleague.pk)}).status_code == 302
    assert Grant.objects.filter(chain=incident.chain).values_list("user", flat=True).filter(user=colleague)
    assert not Grant.objects.filter(chain=incident.chain, user=outsider).exists()


# The organization's log


@pytest.mark.parametrize("role", list(OrgRole))
def test_the_tab_of_the_log_is_there_for_who_may_read_it(incident: Incident, role: OrgRole) -> None:
    browser = as_user(factories.user(incident.organization, role))
    reads = role in (OrgRole.ADMINISTRATOR, OrgRole.AUDITOR)
    assert ('<a href="/log"' in browser.get("/plan").content.decode()) == reads
    assert browser.get("/log").status_code == (200 if reads else 404)
    assert browser.get("/log?before=3").status_code == (200 if reads else 404)
    assert browser.post("/log").status_code == 405


def test_a_lead_without_a_role_in_the_house_and_another_houses_auditor_do_not_read_it(incident: Incident) -> None:
    lead = factories.stranger()
    factories.admit(factories.SYSTEM, incident, user_id=lead.pk, role="lead")
    assert as_user(lead).get("/log").status_code == 404
    auditor = factories.user(factories.organization("rival", plan=False), OrgRole.AUDITOR)
    factories.admit(factories.SYSTEM, incident, user_id=auditor.pk, role="observer")
    browser = as_user(auditor)
    browser.post("/organization", {"organization": str(incident.organization_id)})
    assert browser.get("/log").status_code == 404
    browser.post("/organization", {"organization": str(auditor.grants.get(role="auditor").chain_id)})
    page = browser.get("/log")
    assert page.status_code == 200
    assert incident.organization.name not in "".join(str(e.payload) for e in page.context["entries"])


# Times


@pytest.mark.parametrize(
    "text", ["1970-01-01T00:00", "2200-12-31T23:59", "2200-12-31T23:59:59-14:00", "1970-01-01T00:00Z"]
)
def test_times_at_the_bounds_are_taken(text: str) -> None:
    with timezone.override("Pacific/Kiritimati"):
        found = read_time(text, "at")
    assert found is not None
    assert found.tzinfo is not None


@pytest.mark.parametrize(
    "text", ["1969-12-31T23:59", "2201-01-01T00:00", "0001-01-01T00:00+14:00", "9999-12-31T23:59-14:00", "1969-12-31"]
)
def test_times_beyond_the_bounds_are_refused_with_the_field(text: str) -> None:
    with timezone.override("Pacific/Kiritimati"), pytest.raises(Invalid, match="between 1970 and 2200") as refused:
        read_time(text, "at")
    assert refused.value.field == "at"


@pytest.mark.parametrize("text", ["noon", "2026-02-30T00:00", "x" * 500, "12:00", "2026-01-01T25:00"])
def test_what_is_no_time_is_refused_and_not_repeated_at_length(text: str) -> None:
    with pytest.raises(Invalid, match="is no time; write it as") as refused:
        read_time(text, "at")
    assert len(str(refused.value)) < 150


def test_no_time_is_none_and_ones_own_zone_is_meant() -> None:
    assert read_time("", "at") is None
    with timezone.override("Asia/Tokyo"):
        assert read_time("2026-01-01T09:00", "at") == datetime.fromisoformat("2026-01-01T00:00:00+00:00")
        assert read_time("2026-01-01T09:00+01:00", "at") == datetime.fromisoformat("2026-01-01T08:00:00+00:00")


@pytest.mark.parametrize("page", ["roles", "scope"])
@pytest.mark.parametrize("text", ["1969-12-31T23:59", "2201-01-01T00:00", "9999-12-31T23:59:59-14:00"])
def test_pages_as_of_a_time_keep_to_the_bounds(lead: Client, incident: Incident, page: str, text: str) -> None:
    assert lead.get(url(incident, page), {"at": text}).status_code == 422
