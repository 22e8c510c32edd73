"""The other doors: the form for anybody, the command line, the REST API, the sources page."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

import factories
from tocsin.alerts.actions import add_source, change_source
from tocsin.alerts.models import Alert, AlertSource
from tocsin.alerts.rates import PACE, REPORTS
from tocsin.core.access import OrgRole
from tocsin.core.action import Invalid
from tocsin.core.models import Organization
from tocsin.people.actions import create_token
from tocsin.people.models import User

from .conftest import Hook, alert

S = factories.SYSTEM


@pytest.fixture
def form(organization: Organization) -> AlertSource:
    PACE.sent.clear()
    return add_source(S, organization, name="Form", kind="form")[0]


def _token(page: str) -> str:
    found = re.search(r'name="form" value="([^"]+)"', page)
    assert found
    return found[1]


@pytest.mark.django_db
def test_anybody_can_report_and_gets_a_number(form: AlertSource) -> None:
    client = Client()
    page = client.get("/report/halden").content.decode()
    sent = {
        "form": _token(page),
        "what": "I opened an attachment.\nNow all is slow.",
        "when": "9:30",
        "who": "Ilse, 412",
    }
    first, second = client.post("/report/halden", sent), client.post("/report/halden", sent)
    thanks = client.get(first["Location"]).content.decode()
    assert "A-1" in thanks
    assert "A-1" in client.get(second["Location"]).content.decode()
    found = Alert.objects.get()
    assert found.title == "I opened an attachment."
    for words in ("Now all is slow.", "When: 9:30", "Reported by: Ilse, 412"):
        assert words in found.text
    again = client.post("/report/halden", sent | {"form": _token(client.get("/report/halden").content.decode())})
    assert "A-2" in client.get(again["Location"]).content.decode()  # another report, though in the same words


@pytest.mark.django_db
def test_a_place_without_a_form_answers_like_one_that_does_not_exist(form: AlertSource) -> None:
    factories.organization("closed")
    change_source(S, form.organization, source=form, active=False)
    answers = [Client().get(f"/report/{slug}") for slug in ("halden", "closed", "nobody", "%00", "x" * 300)]
    assert {a.status_code for a in answers} == {404}
    different = rb'datetime="[^"]+">[^<]*|data-now="[^"]+"|[A-Za-z0-9]{64}'  # the time, and each page's own token
    assert len({re.sub(different, b"", a.content) for a in answers}) == 1


@pytest.mark.django_db
def test_machines_old_forms_and_floods_are_refused_and_the_words_stay(form: AlertSource) -> None:
    client = Client()
    token = _token(client.get("/report/halden").content.decode())
    for wrong in ({"website": "http://x"}, {"form": "forged"}, {"what": "   "}):
        answer = client.post("/report/halden", {"form": token, "what": "My own words", "who": "Me"} | wrong)
        assert answer.status_code == 422
        assert "Me" in answer.content.decode()
        if "what" not in wrong:
            assert "My own words" in answer.content.decode()
    assert not Alert.objects.exists()
    answers = []
    for _ in range(REPORTS + 3):
        fresh = _token(client.get("/report/halden").content.decode())
        answers.append(client.post("/report/halden", {"form": fresh, "what": "Again and again"}).status_code)
    assert answers.count(302) == REPORTS
    assert answers[-3:] == [422] * 3
    assert Alert.objects.count() == REPORTS


@pytest.mark.django_db
def test_the_number_on_the_thank_you_page_cannot_be_guessed(form: AlertSource) -> None:
    for token in ("1", "abc:def", "%00", "A-1"):
        assert Client().get(f"/report/halden/thanks/{token}").status_code == 404
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/report/halden", {"what": "x"}).status_code == 403


@pytest.mark.django_db
def test_only_an_administrator_sets_up_sources_and_the_secret_is_shown_once(organization: Organization) -> None:
    client, responder = Client(), Client()
    client.force_login(factories.user(organization, OrgRole.ADMINISTRATOR))
    responder.force_login(factories.user(organization))
    made = client.post("/alerts/sources", {"name": "SIEM", "kind": "webhook", "mapping": "", "signed": "yes"})
    secret = re.search(r"X-Tocsin-Key: ([0-9a-f]{40})", made.content.decode())
    assert secret
    assert secret[1] not in client.get("/alerts/sources").content.decode()
    source = AlertSource.objects.get()
    assert source.signed
    assert responder.get("/alerts/sources").status_code == 200
    for address in ("/alerts/sources", f"/alerts/sources/{source.pk}/change", f"/alerts/sources/{source.pk}/renew"):
        assert responder.post(address, {"name": "X", "kind": "webhook"}).status_code == 403
    rival = Client()
    rival.force_login(factories.user(factories.organization("rival"), OrgRole.ADMINISTRATOR))
    assert rival.post(f"/alerts/sources/{source.pk}/renew").status_code == 404
    with pytest.raises(Invalid):
        add_source(S, organization, name="siem", kind="webhook")
    with pytest.raises(Invalid):
        add_source(S, organization, name="Other", kind="webhook", mapping="no-such")


@pytest.mark.django_db
def test_a_source_is_read_as_the_plan_says(organization: Organization) -> None:
    from tocsin.people.actions import import_plan

    import_plan(S, organization, files={**factories.plan_files(), "alerts.yaml": "sources: {Gateway: wazuh}\n"})
    assert add_source(S, organization, name="Gateway", kind="webhook")[0].mapping == "wazuh"


class Caller:
    def __init__(self, person: User, place: Organization) -> None:
        secret = create_token(S, place, user=person, label="test")
        self.client = Client(headers={"Authorization": f"Bearer {secret}"}, raise_request_exception=False)

    def __call__(self, method: str, path: str, given: object = None, **headers: str) -> tuple[int, dict]:  # type: ignore[type-arg]
        answer = getattr(self.client, method)(
            "/api/v1/alerts" + path, json.dumps(given), content_type="application/json", headers=headers
        ) if method == "post" else self.client.get("/api/v1/alerts" + path)  # fmt: skip
        return answer.status_code, answer.json()


@pytest.mark.django_db
def test_the_api_lists_judges_attaches_and_declares(hook: Hook) -> None:
    place = hook[0].organization
    one, two = alert(hook[0], "First"), alert(hook[0], "Second")
    call = Caller(factories.user(place), place)
    status, page = call("get", "?limit=1")
    assert (status, [a["title"] for a in page["items"]], bool(page["next"])) == (200, ["Second"], True)
    assert call("post", f"/{one.number}/judge", {"state": "near_miss"})[0] == 422
    status, judged = call("post", f"/{one.number}/judge", {"state": "near_miss", "because": "blocked"})
    assert (status, judged["state"], judged["because"]) == (200, "near_miss", "blocked")
    stale = call("post", f"/{one.number}/judge", {"state": "true"}, **{"If-Match": '"0-0123456789abcdef"'})
    assert stale[0] == 412
    status, made = call("post", f"/{two.number}/declare", {"severity": 2})
    assert (status, made["title"]) == (201, "Second")
    assert call("get", f"/{two.number}")[1]["incident"] == made["id"]
    assert call("get", "?state=true")[1]["items"][0]["number"] == two.called
    # who is not on the incident, who is no reader, and who is elsewhere
    assert Caller(factories.user(place), place)("get", f"/{two.number}")[1]["incident"] is None
    guest = Caller(factories.user(place, OrgRole.GUEST), place)
    assert guest("get", "")[1]["items"] == []
    assert guest("get", f"/{two.number}")[0] == 404
    rival = factories.organization("rival")
    assert Caller(factories.user(rival), rival)("get", f"/{two.number}")[0] == 404
    assert Caller(factories.user(place), place)("post", f"/{one.number}/attach", {"incident": made["id"]})[0] == 404
    add_source(S, place, name="People", kind="cli")
    status, told = call("post", "", {"title": "A strange call", "severity": 3})
    assert (status, told["title"], told["source"]) == (201, "A strange call", "People")


def test_the_command_line_reports_counts_and_lists(tmp_path: Path) -> None:
    home = tmp_path / "home"
    environment = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"} | {"TOCSIN_HOME": str(home)}
    tocsin = Path(sys.executable).with_name("tocsin")

    def run(*arguments: str, given: str = "", status: int = 0) -> str:
        command = [tocsin, *arguments]
        done = subprocess.run(command, env=environment, input=given, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stderr
        return done.stdout + done.stderr

    run("plan", "init", str(tmp_path / "plan"), "--name", "Halden")
    run("plan", "import", str(tmp_path / "plan"))
    assert run("alert", "Strange mail", "--severity", "2") == "A-1 Strange mail\n"
    assert "came 2 times" in run("alert", "Strange mail", "--severity", "2")
    assert "A-2 Beacon" in run("alert", "--json", "-", given='{"title": "Beacon", "severity": "high"}')
    assert "x2" in run("alert", "list")
    assert "no JSON" in run("alert", "--json", "-", given="{", status=2)
    assert "one of the two" in run("alert", status=2)
    assert "has a mapping" in run("alert", "--json", "-", "--mapping", "nope", given="{}", status=2)
    assert "No such file" in run("alert", "--json", str(tmp_path / "none.json"), status=2)
