"""Notices: drafted from facts, what is missing said, own words kept, finished with a hash, and taken away as files."""

from __future__ import annotations

import hashlib
import io
from datetime import timedelta

import docx
import pypdf
import pytest
from django.test import Client

import factories
from tocsin.core import clock
from tocsin.core.access import OrgRole
from tocsin.core.action import Invalid, Stale
from tocsin.core.models import LogEntry
from tocsin.disclosure.actions import draft_notice, edit_notice, file_stage, finish_notice
from tocsin.disclosure.models import Filing, Notice
from tocsin.disclosure.notices.content import languages, rules, wanted
from tocsin.disclosure.notices.standing import sections_of
from tocsin.disclosure.notices.text import as_docx, as_text
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.incidents.sentences import sentence
from tocsin.law.load import library, regime
from tocsin.people.models import User
from tocsin.reports.views_notices import printed_notice

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
GDPR, STAGE = "eu-gdpr-33", "notification to supervisory authority"
HOSTILE = '#eval("1+1") $x^2$ <b>bold</b> *star* \\ ../../etc/passwd \u202egnp.exe \x07 {{ 7*7 }} %s'


@pytest.fixture
def breach(incident: Incident) -> Incident:
    """Aware two hours ago; 12,000 to 15,000 people in Germany, some in France that nobody counted."""
    at = clock.now() - timedelta(hours=2)
    actions.mark_instant(S, incident, anchor="detected", at=at - timedelta(hours=1), because="the alert")
    actions.mark_instant(S, incident, anchor="aware", at=at)
    for name in ("personal_data_breach", "data_exfiltrated"):
        actions.set_fact(S, incident, name=name, value=True)
    actions.set_data_category(S, incident, category="dob", affected=True, because="the export's columns")
    actions.add_scope(S, incident, kind="data_subjects", name="Customers", state="confirmed", region="DE", because="export",
                      count_low=12000, count_high=15000)  # fmt: skip
    actions.add_scope(S, incident, kind="data_subjects", name="Kunden FR", region="FR", because="export")
    return incident


@pytest.fixture
def notice(breach: Incident) -> Notice:
    return draft_notice(S, breach, regime=GDPR, stage=STAGE)


def texts(notice: Notice) -> dict[str, str]:
    notice.refresh_from_db()
    return {row["key"]: row["text"] for row in notice.sections}


def as_user(user: User) -> Client:
    browser = Client()
    browser.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return browser


def words_of(pdf: bytes) -> str:
    return " ".join(" ".join(p.extract_text() for p in pypdf.PdfReader(io.BytesIO(pdf)).pages).split())


def words_of_docx(content: bytes) -> str:
    document = docx.Document(io.BytesIO(content))
    cells = [c.text for t in document.tables for r in t.rows for c in r.cells]
    head = [p.text for p in document.sections[0].header.paragraphs]
    return "\n".join([*head, *cells, *(p.text for p in document.paragraphs)])


def test_a_draft_says_what_the_facts_know_and_marks_what_is_missing(notice: Notice, breach: Incident) -> None:
    found = texts(notice)
    assert "Germany: 12,000 to 15,000 people" in found["people"]
    assert "France: [still missing: how many people are affected, and where]" in found["people"]
    assert "- Dates of birth" in found["data"]
    assert "Data left our control." in found["nature"]
    assert found["consequences"] == "[still missing: what is likely to follow for those affected]"
    assert found["late"].startswith("This notice is given within the time allowed")
    entry = LogEntry.objects.filter(chain=breach.chain, verb="notice.draft").latest("sequence")
    assert "Likely consequences" in entry.payload["missing"]
    assert "N-1" in sentence(entry)


@pytest.mark.parametrize(
    ("language", "title", "people", "gap"),
    [
        ("de", "Meldung: GDPR", "12.000 bis 15.000 Personen", "[fehlt noch: was für die Betroffenen"),
        ("fr", "Notification : GDPR", "de 12\u202f000 à 15\u202f000 personnes", "[manque encore : ce qui en résultera"),
    ],
)
def test_headings_and_fixed_sentences_are_in_the_recipients_language(
    breach: Incident, language: str, title: str, people: str, gap: str
) -> None:
    made = draft_notice(S, breach, regime=GDPR, stage=STAGE, language=language)
    text = as_text(made)
    for says in (title, people, gap, languages()[language].sentences["as_written"], breach.title):
        assert says in text
    assert languages()[language].sentences["draft"] in text


def test_own_words_stay_when_a_fact_changes_and_the_change_is_shown(notice: Notice, breach: Incident) -> None:
    edit_notice(S, breach, notice=notice, texts={"people": "About twelve thousand."}, revision=0)
    entry = breach.scope.get(region="DE")
    actions.count_scope(S, breach, entry=entry, count_low=20000, count_high=21000, because="the list was read")
    notice.refresh_from_db()
    row = next(s for s in sections_of(notice, clock.now()) if s.key == "people")
    assert row.text == "About twelve thousand."
    assert row.by_hand
    assert "20,000 to 21,000" in (row.fresh or "")
    with pytest.raises(Invalid, match="facts changed since: People affected"):
        finish_notice(S, breach, notice=notice)
    edit_notice(S, breach, notice=notice, keep=["people"])
    assert texts(notice)["people"] == "About twelve thousand."
    assert next(s for s in sections_of(notice, clock.now()) if s.key == "people").fresh is None
    edit_notice(S, breach, notice=notice, take=["people"])
    assert "20,000 to 21,000" in texts(notice)["people"]
    with pytest.raises(Stale):
        edit_notice(S, breach, notice=notice, texts={"people": "x"}, revision=1)
    with pytest.raises(Invalid, match="no section 'nothing'"):
        edit_notice(S, breach, notice=notice, texts={"nothing": "x"})


def test_finishing_asks_for_a_reason_while_something_is_missing_and_keeps_text_and_hash(
    notice: Notice, breach: Incident
) -> None:
    with pytest.raises(Invalid, match="missing: Likely consequences"):
        finish_notice(S, breach, notice=notice)
    done = finish_notice(S, breach, notice=notice, reason="The rest follows in phases, Article 33(4).")
    assert done.sha256 == hashlib.sha256(done.text.encode()).hexdigest()
    assert "DRAFT" not in done.text
    actions.set_fact(S, breach, name="malicious", value=True)
    done.refresh_from_db()
    assert as_text(done) == done.text
    with pytest.raises(Invalid, match="final"):
        edit_notice(S, breach, notice=done, texts={"people": "x"})
    told = LogEntry.objects.filter(chain=breach.chain, verb="notice.finish").latest("sequence")
    assert told.payload["sha256"] == done.sha256


def test_a_filing_names_the_finished_notice_and_keeps_its_hash(notice: Notice, breach: Incident) -> None:
    filed = {"regime": GDPR, "stage": STAGE, "at": clock.now(), "channel": "portal", "notice": notice.number}
    with pytest.raises(Invalid, match="draft still"):
        file_stage(S, breach, **filed)
    done = finish_notice(S, breach, notice=notice, reason="in phases")
    file_stage(S, breach, **filed)
    assert Filing.objects.get(duty=done.duty).notice_sha256 == done.sha256
    with pytest.raises(Invalid, match="no notice N-9"):
        file_stage(S, breach, **filed | {"notice": 9})


def test_text_word_and_pdf_say_the_same_with_their_marks(notice: Notice, breach: Incident) -> None:
    for content in (as_text(notice), words_of_docx(as_docx(notice)), words_of(printed_notice(notice))):
        for says in ("TLP:AMBER", "DRAFT, not to be sent", "12,000 to 15,000 people", "likely to follow for those affected",
                     f"{breach.number} / N-1"):  # fmt: skip
            assert says in content, says
        assert "legal advice" not in content
    done = finish_notice(S, breach, notice=notice, reason="in phases")
    for content in (words_of_docx(as_docx(done)), words_of(printed_notice(done))):
        assert "DRAFT" not in content


def test_hostile_words_are_set_as_words_everywhere(notice: Notice, breach: Incident) -> None:
    edit_notice(S, breach, notice=notice, texts={"measures": HOSTILE})
    notice.refresh_from_db()
    for content in (as_text(notice), words_of_docx(as_docx(notice)), words_of(printed_notice(notice))):
        squeezed = content.replace("\u200b", "").replace("\n", " ")
        for says in (
            '#eval("1+1")',
            "<b>bold</b>",
            "*star*",
            "\u2039U+202E\u203a",
            "\u2039U+0007\u203a",
            "{{ 7*7 }} %s",
        ):
            assert says.replace(" ", "") in squeezed.replace(" ", ""), says
        assert "\u202e" not in content
    browser = as_user(factories.on(breach, "lead", OrgRole.RESPONDER))
    page = browser.get(f"/incidents/{breach.number}/obligations/notices/1").content.decode()
    assert "<b>bold" not in page
    assert "&lt;b&gt;bold" in page


def test_an_exercise_is_marked_on_every_form(organization: object, breach: Incident) -> None:
    with factories.preparing():
        Incident.objects.filter(pk=breach.pk).update(exercise=True)
    breach.refresh_from_db()
    made = draft_notice(S, breach, regime=GDPR, stage=STAGE)
    for content in (as_text(made), words_of_docx(as_docx(made)), words_of(printed_notice(made))):
        assert "EXERCISE. Nothing of this happened" in content


def test_the_page_drafts_edits_finishes_and_hands_out(breach: Incident) -> None:
    browser = as_user(factories.on(breach, "lead", OrgRole.RESPONDER))
    of = f"/incidents/{breach.number}"
    assert "Draft a notice from the facts" in browser.get(f"{of}/obligations/{GDPR}").content.decode()
    browser.post(f"{of}/obligations/{GDPR}/notice", {"stage": STAGE, "language": "en"})
    page = browser.get(f"{of}/obligations/notices/1").content.decode()
    assert page.index("still missing") < page.index("What happened")
    browser.post(
        f"{of}/obligations/notices/1/edit", {"revision": 0, "text-consequences": "Mail that pretends to be from us."}
    )
    assert "Mail that pretends" in browser.get(f"{of}/obligations/notices/1.txt").content.decode()
    assert browser.post(f"{of}/obligations/notices/1/finish", {"revision": 1}).status_code == 422
    browser.post(f"{of}/obligations/notices/1/finish", {"revision": 1, "reason": "in phases"})
    notice = Notice.objects.get(incident=breach)
    assert notice.sha256 in browser.get(f"{of}/obligations/notices/1").content.decode()
    at = f"{clock.now() - timedelta(minutes=5):%Y-%m-%dT%H:%M}+00:00"
    browser.post(f"{of}/obligations/{GDPR}/file", {"stage": STAGE, "at": at, "channel": "portal", "notice": 1})
    assert Filing.objects.get(duty=notice.duty).notice == 1
    for ending, start in (("pdf", b"%PDF"), ("docx", b"PK"), ("txt", b"TLP:")):
        answer = browser.get(f"{of}/obligations/notices/1.{ending}")
        assert answer.content.startswith(start)
        assert f"N-1.{ending}" in answer["Content-Disposition"]


def test_who_only_looks_gets_no_forms_and_strangers_get_nothing(notice: Notice, breach: Incident) -> None:
    observer = as_user(factories.on(breach, "observer"))
    of = f"/incidents/{breach.number}/obligations/notices/1"
    assert "<textarea" not in observer.get(of).content.decode()
    for verb in ("edit", "finish"):
        assert observer.post(f"{of}/{verb}", {"text-people": "x", "reason": "x"}).status_code == 403
    stranger = as_user(factories.stranger())
    for address in (of, f"{of}.txt", f"{of}.docx", f"{of}.pdf", f"/incidents/{breach.number}/obligations/notices/2"):
        assert stranger.get(address).status_code in (403, 404)
    assert observer.get(f"/incidents/{breach.number}/obligations/notices/2").status_code == 404


def test_every_stage_of_the_library_gets_sections_in_every_language() -> None:
    for one in library():
        for stage in one.stages:
            for language in languages():
                found = wanted(one, stage.recipient, stage.name, language)
                assert found, (one.id, stage.name)
                assert len({w.key for w in found}) == len(found), one.id


def test_what_must_not_be_said_is_a_rule_and_no_section() -> None:
    one = regime("us-ma-breach")
    told = {w.key for stage in one.stages if stage.recipient == "individuals"
            for w in wanted(one, "individuals", stage.name, "en")}  # fmt: skip
    assert told.isdisjoint({"nature", "people"})
    assert any("must NOT describe nature" in r for r in rules(one, "individuals", one.stages[0].name))
    assert {"nature", "people"} <= {w.key for w in wanted(one, "regulator", one.stages[0].name, "en")}


def test_languages_have_the_same_sentences() -> None:
    english = languages()["en"]
    for one in languages().values():
        assert one.sentences.keys() == english.sentences.keys()
        for key, text in one.sentences.items():
            assert text.count("{") == english.sentences[key].count("{"), (one.code, key)
