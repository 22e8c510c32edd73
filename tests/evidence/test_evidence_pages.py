"""The pages of the investigation: who sees them, what they show, and what their forms do."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
import pyzipper
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http.response import FileResponse
from django.test import Client
from django.urls import reverse
from made_evidence import ADDRESS, EVIL, SCRIPT, YARA, analysed, archive

import factories
from tocsin.core.access import OrgRole
from tocsin.core.models import LogEntry
from tocsin.evidence.actions.analyst import add_indicator, save_search
from tocsin.evidence.models import EventMark, Feed, Sample, SavedSearch
from tocsin.evidence.views_explorer import ROWS, narrowing
from tocsin.incidents.models import Incident
from tocsin.lab.lake import parse
from tocsin.people.models import User
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
PAGES = (
    "investigation",
    "explorer",
    "marked",
    "steps",
    "indicators",
    "samples",
    "network",
    "processes",
    "logons",
    "proposed",
)


def signed_in(user: User) -> Client:
    browser = Client()
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return browser


@pytest.fixture
def analyst(place: Incident) -> Client:
    return signed_in(factories.on(place, IncidentRole.RESPONDER, OrgRole.RESPONDER))


@pytest.fixture
def outsider(place: Incident) -> Client:
    return signed_in(factories.user(place.organization, OrgRole.ADMINISTRATOR))


@pytest.fixture
def observer(place: Incident) -> Client:
    return signed_in(factories.on(place, IncidentRole.OBSERVER, OrgRole.RESPONDER))


def at(incident: Incident, name: str, *more: Any) -> str:
    return reverse(name, args=[incident.number, *more])


def text(browser: Client, address: str, **asked: Any) -> str:
    answer = browser.get(address, asked)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.content.decode()


def refused(answer: Any, words: str) -> None:
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_each_page_is_there_before_any_evidence(place: Incident, analyst: Client) -> None:
    for name in PAGES:
        assert text(analyst, at(place, name))
    assert "no events yet" in text(analyst, at(place, "explorer"))
    assert "no events yet" in text(analyst, at(place, "lake-event", "E-01.1"))


def test_who_is_on_the_incident_sees_each_page_and_nobody_else(
    looked_into: Incident, analyst: Client, observer: Client, outsider: Client
) -> None:
    sample = looked_into.samples.get()
    with_more = [
        *(at(looked_into, name) for name in PAGES),
        at(looked_into, "lake-event", "E-01.4"),
        at(looked_into, "technique", "T1078"),
        at(looked_into, "sample", sample.pk),
        at(looked_into, "detection-rows"),
    ]
    for address in with_more:
        assert text(analyst, address)
        assert text(observer, address)
        assert outsider.get(address).status_code == 404
    for name, more in (
        ("mark", ()), ("search-save", ()), ("search-drop", (1,)), ("indicator-add", ()), ("indicator-withdraw", (1,)),
        ("feed-import", ()), ("feed-withdraw", (1,)), ("yara-add", ()), ("yara-withdraw", (1,)), ("sample-take", (sample.pk,)),
    ):  # fmt: skip
        assert outsider.post(at(looked_into, name, *more), {"why": "x"}).status_code == 404, name
        assert analyst.get(at(looked_into, name, *more)).status_code in (404, 405), name


def test_a_thing_of_another_incident_is_not_there(looked_into: Incident, analyst: Client) -> None:
    other = factories.incident(looked_into.organization, playbook_id=None, title="Another")
    browser = signed_in(factories.on(other, IncidentRole.LEAD, OrgRole.RESPONDER))
    sample = looked_into.samples.get()
    search = save_search(S, looked_into, name="a", query="b")
    assert browser.get(at(other, "sample", sample.pk)).status_code == 404
    assert browser.post(at(other, "sample-take", sample.pk), {"why": "x"}).status_code == 404
    assert browser.post(at(other, "search-drop", search.pk)).status_code == 404
    add_indicator(S, looked_into, written=ADDRESS)
    assert browser.post(at(other, "indicator-withdraw", 1), {"because": "x"}).status_code == 404
    refused(browser.post(at(other, "mark"), {"event": "E-01.4", "star": "on"}), "no events yet")
    assert "no events yet" in text(browser, at(other, "lake-event", "E-01.4"))


def test_what_an_attacker_wrote_is_shown_and_not_run(looked_into: Incident, analyst: Client) -> None:
    shown = 0
    for address, asked in (
        (at(looked_into, "explorer"), {"q": f"user:{chr(34)}{EVIL.replace(chr(34), chr(34) * 2)}{chr(34)}"}),
        (at(looked_into, "lake-event", "E-01.2"), {}),
        (at(looked_into, "logons"), {}),
        (at(looked_into, "explorer"), {"q": EVIL}),
        (at(looked_into, "processes"), {"q": EVIL, "host": EVIL}),
    ):
        page = text(analyst, address, **asked)
        assert "<script>alert" not in page, address
        shown += "&lt;script&gt;alert" in page
    assert shown >= 3


def test_a_question_that_cannot_be_understood_says_where(looked_into: Incident, analyst: Client) -> None:
    wrong = {"(": "at character", "colour:red": "no column", '"open': "quotation mark", "x" * 2_001: "longer than"}
    for query, words in wrong.items():
        page = text(analyst, at(looked_into, "explorer"), q=query)
        assert words in page, query
        assert 'aria-invalid="true"' in page
    assert "cursor" in text(analyst, at(looked_into, "explorer"), after="!!!").lower()


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_pages_give_each_event_once(looked_into: Incident, analyst: Client, order: str) -> None:
    seen: list[str] = []
    address = at(looked_into, "explorer") + f"?order={order}"
    for _ in range(5):
        page = text(analyst, address)
        seen += re.findall(r'<li id="(E-01\.\d+)"', page)
        following = re.search(r'href="(\?[^"]*after=[^"]*)"', page)
        if following is None:
            break
        address = at(looked_into, "explorer") + following[1].replace("&amp;", "&")
    assert len(seen) == 250 > ROWS
    assert len(set(seen)) == 250


def test_values_lead_to_the_events_that_have_them(looked_into: Incident, analyst: Client) -> None:
    """Each link of an event's page asks a question that finds the event again."""
    page = text(analyst, at(looked_into, "lake-event", "E-01.6"))
    links = re.findall(r'href="(/incidents/[^"]*/events\?q=[^"]*)"', page)
    assert len(links) > 6
    assert any("WS%5C2" in link for link in links)
    for link in links:
        found = text(analyst, link.replace("&amp;", "&"))
        assert 'id="ask-error"' not in found, link
        assert "No event fits" not in found, link


def test_a_bar_of_the_histogram_leads_to_the_events_it_counts(looked_into: Incident, analyst: Client) -> None:
    page = text(analyst, at(looked_into, "explorer"), q="code:4624")
    bars = re.findall(r'<a href="(\?q=time[^"]*)"[^>]*><title>(\d+)', page)
    assert sum(int(count) for _, count in bars) == 250
    for link, count in bars[:3]:
        narrowed = text(analyst, at(looked_into, "explorer") + link.replace("&amp;", "&"))
        assert f"{count} event" in narrowed


def test_a_link_takes_a_value_literally() -> None:
    for name, value in (
        ("fields.odd name", 'a "b" *?\\'),
        ("fields.a:b", "x"),
        ('fields.with"quote', "x"),
        ("fields.ä", "x"),
    ):
        parse(narrowing(name, value))
    assert narrowing("process", "C:\\a.exe") == 'process:"C:\\a.exe"'
    assert narrowing("process", "") == narrowing("process", ["a"]) == narrowing("process", "a\nb") == ""


def test_events_are_marked_with_a_form(looked_into: Incident, analyst: Client, observer: Client) -> None:
    form = {"event": ["E-01.4", "E-01.5"], "star": "on", "tags": "lateral, first", "comment": EVIL}
    answer = analyst.post(at(looked_into, "mark"), form)
    assert answer.status_code == 302
    assert answer["Location"] == at(looked_into, "explorer")
    assert EventMark.objects.count() == 2
    for page in (text(analyst, at(looked_into, "marked")), text(analyst, at(looked_into, "lake-event", "E-01.4"))):
        assert "lateral" in page
        assert "&lt;script&gt;alert" in page
        assert "<script>alert" not in page
    listed = text(analyst, at(looked_into, "explorer"), order="oldest")
    assert listed.count("lateral") == 2
    one = analyst.post(at(looked_into, "mark"), {"event": "E-01.4", "star": "off"})
    assert one["Location"] == at(looked_into, "lake-event", "E-01.4")
    assert not EventMark.objects.get(seq=4).starred
    assert observer.post(at(looked_into, "mark"), {"event": "E-01.4", "star": "on"}).status_code == 403
    refused(analyst.post(at(looked_into, "mark"), {}), "Choose events")
    refused(analyst.post(at(looked_into, "mark"), {"event": "E-01.4"}), "a star, a tag or a comment")
    for wrong in ("E-09.1", "nonsense", "E-01.", "E-01.-1", "E-01." + "9" * 16, "E-01.250", "E-01.²"):
        refused(analyst.post(at(looked_into, "mark"), {"event": wrong, "star": "on"}), "is no event of this incident")


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/sign-out"]
)
def test_marking_leads_back_into_the_incidents_only(looked_into: Incident, analyst: Client, back: str) -> None:
    answer = analyst.post(at(looked_into, "mark") + f"?back={back}", {"event": "E-01.4", "star": "on"})
    assert answer["Location"] == at(looked_into, "explorer")
    own = at(looked_into, "steps")
    assert analyst.post(at(looked_into, "mark") + f"?back={own}", {"event": "E-01.4", "star": "on"})["Location"] == own


def test_searches_are_kept_and_dropped(looked_into: Incident, analyst: Client) -> None:
    assert analyst.post(at(looked_into, "search-save"), {"name": "Logons", "query": "code:4624"}).status_code == 302
    assert "Logons" in text(analyst, at(looked_into, "explorer"))
    refused(analyst.post(at(looked_into, "search-save"), {"query": "x"}), "name")
    assert analyst.post(at(looked_into, "search-drop", SavedSearch.objects.get().pk)).status_code == 302
    assert not SavedSearch.objects.exists()


def test_indicators_are_imported_added_and_withdrawn(looked_into: Incident, analyst: Client, observer: Client) -> None:
    upload = SimpleUploadedFile("feed.csv", b"type,value\nip,203.0.113.66\nip,not-one\n")
    answer = analyst.post(
        at(looked_into, "feed-import"), {"file": upload, "source": "cert", "tlp": "AMBER"}, follow=True
    )
    assert "1 indicator is looked for." in answer.content.decode()
    feed = Feed.objects.get()
    assert (feed.count, feed.tlp, feed.account["rejected"]) == (1, "AMBER", 1)
    assert (
        analyst.post(
            at(looked_into, "indicator-add"), {"written": "evil[.]example.org", "confidence": "80"}
        ).status_code
        == 302
    )
    analysed(looked_into)
    page = text(analyst, at(looked_into, "indicators"))
    assert at(looked_into, "lake-event", "E-01.4") in page
    assert "TLP:AMBER" in page
    assert "evil.example.org" in page
    assert analyst.post(at(looked_into, "feed-withdraw", 1), {"because": "old"}).status_code == 302
    assert analyst.post(at(looked_into, "indicator-withdraw", 1), {"because": "ours"}).status_code == 302
    assert "ours" in text(analyst, at(looked_into, "indicators"))
    refused(analyst.post(at(looked_into, "feed-import"), {"source": "x"}), "Choose a file")
    nothing = SimpleUploadedFile("empty.csv", b"type,value\n")
    refused(analyst.post(at(looked_into, "feed-import"), {"file": nothing}), "no indicator")
    broken = SimpleUploadedFile("broken.json", b'{"type": "bundle", "objects": [')
    refused(analyst.post(at(looked_into, "feed-import"), {"file": broken}), "cannot be read as indicators")
    refused(analyst.post(at(looked_into, "indicator-add"), {}), "a value to look for")
    unsure = {"written": "evil.example.org", "confidence": "much"}
    refused(analyst.post(at(looked_into, "indicator-add"), unsure), "no whole number")
    add_indicator(S, looked_into, written="198.51.100.200")
    refused(analyst.post(at(looked_into, "indicator-withdraw", 2), {}), "a reason")
    for name in ("feed-withdraw", "indicator-withdraw", "yara-withdraw"):
        assert analyst.post(at(looked_into, name, 99), {"because": "x"}).status_code == 404
    again = SimpleUploadedFile("feed.csv", b"type,value\nip,203.0.113.67\n")
    assert observer.post(at(looked_into, "feed-import"), {"file": again}).status_code == 403


def test_yara_rules_are_added_with_their_mistakes_told(
    looked_into: Incident, analyst: Client, observer: Client
) -> None:
    bad = SimpleUploadedFile("bad.yar", b"rule A { condition: nothing_known }")
    refused(analyst.post(at(looked_into, "yara-add"), {"file": bad}), "line 1")
    refused(analyst.post(at(looked_into, "yara-add"), {}), "Choose a file")
    including = SimpleUploadedFile("inc.yar", b'include "/etc/passwd"\n')
    refused(analyst.post(at(looked_into, "yara-add"), {"file": including}), "No rule")
    good = SimpleUploadedFile("good.yar", YARA.encode())
    assert observer.post(at(looked_into, "yara-add"), {"file": good}).status_code == 403
    good.seek(0)
    assert analyst.post(at(looked_into, "yara-add"), {"file": good}).status_code == 302
    analysed(looked_into)
    assert "Marker" in text(analyst, at(looked_into, "samples"))
    assert "made for a test" in text(analyst, at(looked_into, "sample", looked_into.samples.get().pk))
    assert analyst.post(at(looked_into, "yara-withdraw", 1)).status_code == 302


def opened(answer: Any) -> dict[str, bytes]:
    """What is in an archive that was given out."""
    assert isinstance(answer, FileResponse)
    assert answer["Content-Type"] == "application/zip"
    with pyzipper.AESZipFile(io.BytesIO(b"".join(answer.streaming_content))) as file:  # type: ignore[arg-type]
        assert all(one.flag_bits & 1 for one in file.infolist()), "encrypted"
        file.setpassword(b"infected")
        return {name: file.read(name) for name in file.namelist()}


def test_a_sample_goes_out_encrypted_and_the_log_says_why(
    looked_into: Incident, analyst: Client, observer: Client
) -> None:
    sample = looked_into.samples.get()
    take = at(looked_into, "sample-take", sample.pk)
    refused(analyst.post(take, {}), "why")
    assert observer.post(take, {"why": "curious"}).status_code == 403
    assert not LogEntry.objects.filter(verb="sample.release").exists()
    assert opened(analyst.post(take, {"why": "sandbox"})) == {sample.sha256: SCRIPT}
    entry = LogEntry.objects.get(verb="sample.release")
    assert entry.payload == {"name": sample.name, "sha256": sample.sha256, "why": "sandbox"}


def test_of_members_with_the_same_name_each_goes_out_as_itself(
    place: Incident, analyst: Client, tmp_path: Path
) -> None:
    first, second = SCRIPT + b"# one\r\n", SCRIPT + b"# two\r\n"
    with pytest.warns(UserWarning, match="Duplicate name"):
        whole = archive(("a.ps1", first), ("a.ps1", second), ("odd\x01\u202e.ps1", SCRIPT))
    factories.evidence(place, tmp_path, whole, "twice.zip")
    analysed(place)
    contents = set()
    for sample in Sample.objects.filter(incident=place):
        taken = opened(analyst.post(at(place, "sample-take", sample.pk), {"why": "sandbox"}))
        assert list(taken) == [sample.sha256]
        contents |= set(taken.values())
    assert {first, second, SCRIPT} >= contents
    assert SCRIPT in contents
    assert len(contents) == place.samples.count()


def test_a_form_for_an_event_leads_nowhere_else(looked_into: Incident, analyst: Client) -> None:
    """An event's page as a fragment, for the list, holds no whole page."""
    answer = analyst.get(at(looked_into, "lake-event", "E-01.4"), headers={"HX-Request": "true"})
    assert b"<html" not in answer.content
    assert ADDRESS.encode() in answer.content
    assert analyst.get(at(looked_into, "lake-event", "E-01.99999")).status_code == 404
    assert analyst.get(at(looked_into, "lake-event", "nothing")).status_code == 404


def test_the_attack_pages_show_the_detections(looked_into: Incident, analyst: Client) -> None:
    assert "A logon of user3" in text(analyst, at(looked_into, "technique", "T1078"))
    assert "T1078" in text(analyst, at(looked_into, "steps"))
    assert "No detection" in text(analyst, at(looked_into, "technique", "T9999"))
    logons = text(analyst, at(looked_into, "logons"), account="user3")
    assert "user3" in logons
    assert "user4" not in logons
