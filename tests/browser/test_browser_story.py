"""One agreed story: 12,000 customers' data taken in four places, and everybody hears the same, in order, from the log on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from story_world import (
    PEOPLE,
    PHONE,
    WAIT,
    World,
    business_days_in_washington,
    end_of_day,
    local,
    press,
    shows_time,
    world,
)

TITLE = "Customer records copied out of the web shop"
NOW = datetime.now(UTC).replace(second=0, microsecond=0)
DETECTED, AWARE, DETERMINED, MATERIAL = (NOW - timedelta(minutes=m) for m in (360, 240, 180, 120))
AFFECTED = {"DE": 7000, "FR": 3000, "US-CA": 1200, "SG": 800}
YES = (
    "personal_data_breach",
    "data_exfiltrated",
    "significant_incident",
    "material_to_investors",
    "customer_data_affected",
)
QUESTION = "Do we tell our customers today?"
SUBJECTS = {
    "Authorities": "Halden Foods: customer data was copied",
    "All staff": "What you can say about the copied data",
    "Customers": "Your data at Halden Foods",
    "Press and public": "Statement by Halden Foods",
}
"""Whom the wave reaches, in the order in which they are to hear it, and the subject of each message."""
LISTS = {
    "authorities": "Supervisor; dpa@authority.example.org",
    "all-staff": "Ann; ann@halden.example.org\nBen; ben@halden.example.org",
    "customers": "Carla; carla@shop.example.org\nDieu; dieu@shop.example.org",
}
BODY = "{{ organization }} found out that records of {{ people_affected }} customers were copied."


CHAPTERS = (
    f"Anneke de Vries declared INC-.*“{TITLE}”",
    "Anneke de Vries set the instant “Aware” to .* Reason: the list of files was read",
    "Anneke de Vries set the instant “Judged material” to .* Reason: the finance director's note",
    "Anneke de Vries said that in this incident we are: Files reports with the SEC",
    "because it was said what we are: files reports with the SEC.",
    "Anneke de Vries said that this data is affected: Driving licences",
    "Anneke de Vries put S-1, Customers in DE, in scope as confirmed",
    "Anneke de Vries put S-4, Customers in SG, in scope as confirmed",
    "because the fact 'personal data breach' was stated. May apply now: GDPR .*Singapore PDPA",
    "because the fact 'data exfiltrated' was stated. May apply now: California breach notification",
    "because the fact 'material to investors' was stated. May apply now: SEC Form 8-K Item 1.05",
    "Ruth Oyelaran confirmed that this has to be notified: GDPR .* Reason: The facts are clear enough.",
    "because counsel confirmed GDPR",
    "Ruth Oyelaran ruled that this is not notified: Inside information .* their price does not hang on it.",
    rf"Anneke de Vries asks for D-\d+: {re.escape(QUESTION)}",
    r"Henrik Halden decided D-\d+ by the signed link, .* — Disclose today. Reason: They must hear it from us first.",
    "Marco Bianchi gave Authorities a list of 1 recipient",
    "Marco Bianchi asked for the review of message M-1",
    "Anneke de Vries reviewed message M-1 .* it waits for legal approval",
    "Ruth Oyelaran approved message M-1 legally",
    "Marco Bianchi planned wave W-1: M-1, M-2, M-3, M-4",
    "Henrik Halden released wave W-1: M-1, M-2, M-3, M-4",
    *(f"Message M-{n} goes to {who}, .*{subject}" for n, (who, subject) in enumerate(SUBJECTS.items(), 1)),
    "Message M-4 has gone to",
    "Wave W-1 is done",
    "Ruth Oyelaran drafted notice N-1 from the facts: GDPR",
    "Ruth Oyelaran recorded a notice as filed .* by portal: GDPR .* Reference: IMY-2026-771",
    "Ruth Oyelaran recorded a notice as filed .* early warning. Reference: CSIRT-1-EW",
    "Ruth Oyelaran finished notice N-2: NIS2 significant incident reporting, final report",
    "Ruth Oyelaran recorded a notice as filed .* by registered mail: NIS2 .* final report. Reference: CSIRT-1-FR",
)
"""What the log tells, chapter by chapter; other sentences stand between them."""


@pytest.fixture
def story(tmp_path: Path, chromium: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in ("TOCSIN_HOLD_MESSAGES", "DJANGO_SETTINGS_MODULE"):
        monkeypatch.delenv(name, raising=False)
    with world(tmp_path, chromium, monkeypatch.setenv) as made:
        yield made


def declare(story: World) -> None:
    """The incident manager declares; whoever the plan seats is on it."""
    page = story.sign_in("Anneke")
    page.goto("/incidents/declare")
    page.get_by_label("What happened?").fill(TITLE)
    page.get_by_label("Which playbook?").select_option(label="Data exfiltration")
    page.get_by_role("radio", name=re.compile("High")).check()
    page.get_by_role("button", name="Declare").click()
    page.wait_for_url(re.compile(r"/incidents/INC-"))
    story.of = page.url.rstrip("/") + "/"
    for who in ("Ruth", "Marco"):
        story.sign_in(who)


def unfold(page: Page, words: str) -> Locator:
    """A folded part of the page, opened."""
    part = page.locator("details", has=page.locator("summary", has_text=words)).first
    if part.get_attribute("open") is None:
        part.locator("summary").first.click()
    return part


def set_time(story: World, name: str, at: datetime, why: str) -> None:
    page = story.on("Anneke", "facts")
    row = page.locator(f"#f-instant-{name}")
    if not row.count():
        unfold(page, "that laws ask for")
    row.locator("summary").click()
    row.get_by_label("When").fill(local(at))
    row.get_by_label("In the time of").select_option("Europe/Stockholm")
    row.get_by_label("How that is known").fill(why)
    press(row.get_by_role("button", name=re.compile("^(Set|Correct)$")))


def say_yes(story: World, fact: str) -> None:
    page = story.on("Anneke", "facts")
    row = page.locator(f"#f-fact-{fact}")
    if not row.count():
        unfold(page, "other question")
    press(row.get_by_role("button", name=re.compile("^Yes")))


def fill_the_sheet(story: World) -> None:
    """When, who we are, what data, whom it concerns, and what was answered yes."""
    for name, at, why in (
        ("detected", DETECTED, "the proxy's alert"), ("aware", AWARE, "the list of files was read"),
        ("determined", DETERMINED, "counsel and the data protection officer agree"),
        ("assessed", DETERMINED, "the same meeting"), ("material", MATERIAL, "the finance director's note"),
    ):  # fmt: skip
        set_time(story, name, at, why)
    page = story.on("Anneke", "facts")
    expect(page.locator("#f-role-controller")).to_contain_text("yes")
    form = unfold(page, "Say that we are something else here")
    form.get_by_label("What").select_option("sec_registrant")
    form.get_by_label("Why").fill("our shares trade in New York since May")
    press(form.get_by_role("button", name="Say so"))
    page = story.on("Anneke", "facts")
    form = unfold(page, "Other data")
    form.get_by_label("Data").select_option("gov_id")
    form.get_by_label("How that is known").fill("a column of the copied table")
    press(form.get_by_role("button", name="State"))
    for region, count in AFFECTED.items():
        add_people(story, region, count)
    for fact in YES:
        say_yes(story, fact)
    page = story.on("Anneke", "facts")
    expect(page.locator("section[aria-labelledby=whom-h]")).to_contain_text("12,000 people in all")
    for name, at in (("detected", DETECTED), ("aware", AWARE), ("determined", DETERMINED), ("material", MATERIAL)):
        shows_time(page.locator(f"#f-instant-{name} .t-sheetrow-is"), at)


def add_people(story: World, region: str, count: int) -> None:
    page = story.on("Anneke", "facts")
    form = unfold(page, "Add people")
    form.locator("[name=group]").fill(f"Customers in {region}")
    form.locator("[name=region]").fill(region)
    form.get_by_label("How many, at least").fill(str(count))
    form.get_by_label("At most").fill(str(count))
    form.locator("[name=state]").select_option(label="Confirmed")
    form.get_by_label("How that is known").fill("counted in the copied table")
    press(form.get_by_role("button", name="Add"))


def stage(page: Page, name: str) -> Locator:
    return page.locator(
        ".t-stagefull", has=page.locator(".t-stagewhat > b", has_text=re.compile(f"^{re.escape(name)}$"))
    )


def clocks_with_reasons(story: World) -> None:
    """Each law's clock stands with its reason, and ends where the law's own words say."""
    page = story.on("Ruth", "obligations")
    for regime, why in (
        ("eu-gdpr-33", "personal data"), ("us-sec-8k-105", "SEC"), ("us-ca-breach", "California"), ("sg-pdpa", "Singapore"),
    ):  # fmt: skip
        card = page.locator(f"#d-{regime}")
        expect(card.locator(".t-why-duty")).to_contain_text(why)
        expect(card).to_contain_text("may apply")
    for regime, name, due in (
        ("eu-gdpr-33", "notification to supervisory authority", AWARE + timedelta(hours=72)),
        ("us-sec-8k-105", "Form 8-K Item 1.05", business_days_in_washington(MATERIAL, 4)),
        ("us-ca-breach", "notify residents", end_of_day(AWARE, 30, "America/Los_Angeles")),
        ("sg-pdpa", "notify PDPC", end_of_day(DETERMINED, 3, "Asia/Singapore")),
        ("eu-nis2-23", "early warning", AWARE + timedelta(hours=24)),
    ):
        page = story.on("Ruth", f"obligations/{regime}")
        shows_time(stage(page, name).locator(".t-stagetime"), due)

    page = story.on("Ruth", "obligations/sg-pdpa")
    assessed = stage(page, "assess whether notifiable").locator(".t-stages")
    expect(assessed).to_contain_text("inside the organization")
    expect(assessed.locator(".t-stagetime")).to_contain_text("Done")
    page = story.on("Ruth", "obligations")
    assert "trade in the United States" not in page.content()


def counsel_rules(story: World) -> None:
    """Counsel confirms four duties and rejects one, each with a reason."""
    for regime in ("eu-gdpr-33", "us-sec-8k-105", "us-ca-breach", "sg-pdpa"):
        rule(story, regime, "Confirm: has to be notified", "The facts are clear enough.")
    rule(story, "eu-mar-17", "Reject: is not notified", "Only bonds trade here, and their price does not hang on it.")
    page = story.on("Ruth", "obligations")
    for regime in ("eu-gdpr-33", "us-sec-8k-105", "us-ca-breach", "sg-pdpa"):
        expect(page.locator(f"#d-{regime}")).to_contain_text("word by Ruth Oyelaran")
    expect(page.get_by_text("their price does not hang on it").first).to_be_visible()


def rule(story: World, regime: str, button: str, reason: str) -> None:
    page = story.on("Ruth", f"obligations/{regime}")
    form = unfold(page, "Counsel: confirm or reject")
    form.get_by_label("Reason").fill(reason)
    press(form.get_by_role("button", name=button))


def decide_on_the_phone(story: World) -> None:
    """The question is put with its options; the executive opens the link of the mail and decides with a reason."""
    page = story.on("Anneke", "decisions")
    form = unfold(page, "Ask for a decision")
    form.get_by_label("Question").fill(QUESTION)
    form.get_by_label("Who decides").select_option(label="Executive sponsor")
    form.get_by_label("By which authority of the plan").select_option("disclose_publicly")
    form.get_by_label("Option 1").fill("Disclose today")
    form.get_by_label("Its consequence").first.fill("We tell it ourselves; some numbers are corrected later")
    form.get_by_label("Option 2").fill("Wait for the forensic report")
    press(form.get_by_role("button", name="Ask", exact=True))
    phone = story.context("Henrik's phone", **PHONE).new_page()
    phone.goto(story.outside.link(PEOPLE["Henrik"][1], "decide"))
    expect(phone.get_by_role("heading", level=1)).to_have_text(QUESTION)
    phone.locator("label", has_text="Disclose today").tap()
    phone.get_by_label("Reason").fill("They must hear it from us first.")
    phone.get_by_role("button", name="Decide").tap()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Decided")
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    page = story.on("Anneke", "decisions")
    expect(page.get_by_text("They must hear it from us first.").first).to_be_visible()


def fill_lists(story: World) -> None:
    """Real recipients beside the plan's own people; the newsroom is a webhook."""
    for key, rows in {**LISTS, "press": f"Newsroom; {story.webhook}"}.items():
        page = story.on("Marco", "communications/audiences")
        part = page.locator(f"#a-{key}")
        part.locator("summary", has_text="Give it a list").click()
        part.get_by_label("One recipient a line").fill(rows)
        part.get_by_role("button", name="Look at the list").click()
        expect(page.locator("#messages")).to_contain_text("a list of")


def write_and_agree(story: World) -> None:
    """The communications lead writes, the incident manager reviews, counsel approves: three people, one text."""
    for audience, subject in SUBJECTS.items():
        page = story.on("Marco", "communications/new")
        page.locator("[name=audience]").select_option(label=audience)
        page.locator("[name=subject]").fill(subject)
        page.locator("[name=body]").fill(BODY)
        page.get_by_role("button", name="Begin the draft").click()
        page.wait_for_url(re.compile(r"/messages/\d+"))
        at = re.sub(r".*(communications/messages/\d+).*", r"\1", page.url)
        press(story.on("Marco", at).get_by_role("button", name="Ask for review"))
        page = story.on("Anneke", at)
        expect(page.locator(".t-letter")).to_contain_text("records of 12,000 customers were copied")
        press(page.get_by_role("button", name=re.compile("It is right: on to legal|Approve this text")))
        page = story.on("Ruth", at)
        if audience != "All staff":
            press(page.get_by_role("button", name="Approve this text legally"))
        expect(page.locator(".t-msgstate")).to_have_text("Approved")


def release(story: World) -> None:
    """The communications lead plans the wave, in the usual order; he may not release it, the executive does."""
    page = story.on("Marco", "communications")
    part = unfold(page, "Plan a wave")
    part.get_by_role("button", name="Put them in order").click()
    page.wait_for_url(re.compile(r"/waves/\d+"))
    assert page.locator(".t-wavewhat small:first-of-type").all_inner_texts() == list(SUBJECTS.values())
    expect(page.get_by_text("The plan lets somebody else speak")).to_be_visible()
    phone = story.sign_in("Henrik", **PHONE)
    phone.goto(page.url)
    assert phone.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    press(phone.get_by_role("button", name="Release the wave"))
    expect(phone.get_by_role("button", name="Release the wave")).to_have_count(
        0
    )  # no old word on the button of "Pause"
    expect(page.locator(".t-panehead .t-tag").first).to_have_text("Done", timeout=4 * WAIT)


def heard_in_order(story: World) -> None:
    """Mail server and webhook got it in the order of the wave: nobody of a later message before all of an earlier one."""
    heard = story.outside.about(*SUBJECTS.values())
    turns = [list(SUBJECTS.values()).index(one.subject) for one in heard]
    assert turns == sorted(turns), heard
    assert [one.at for one in heard] == sorted(one.at for one in heard)
    assert set(turns) == {0, 1, 2, 3}
    assert len({(one.to, one.subject) for one in heard}) == len(heard), "somebody got a message twice"
    for key, rows in zip(LISTS, LISTS.values(), strict=True):
        for address in re.findall(r"\S+@\S+", rows):
            assert address in [one.to for one in heard], (key, address)
    assert {(one.way, one.to) for one in heard if one.way == "webhook"} == {("webhook", "/newsroom")}
    assert all("Halden Foods AB found out that records of 12,000 customers were copied." in one.text for one in heard)


def hand_in(story: World, regime: str, name: str, channel: str, reference: str) -> None:
    """Counsel records on the duty's page that a stage was filed."""
    page = story.on("Ruth", f"obligations/{regime}")
    part = stage(page, name).locator("details", has_text="Record that it was filed")
    part.locator("summary").click()
    fill_filing(part, channel, reference)
    press(part.get_by_role("button", name="Record"))
    expect(stage(story.on("Ruth", f"obligations/{regime}"), name).locator(".t-filings")).to_contain_text(reference)


def fill_filing(form: Page | Locator, channel: str, reference: str) -> None:
    form.get_by_label(re.compile("^When")).fill(local(datetime.now(UTC)))
    form.get_by_label("By which way").fill(channel)
    form.get_by_label("Reference number").fill(reference)


def notice(story: World, regime: str, name: str, channel: str, reference: str) -> None:
    """A notice is drafted from the facts, what it misses is written, it is made final and handed in."""
    page = story.on("Ruth", f"obligations/{regime}")
    part = stage(page, name)
    part.get_by_label("Language of the recipient").select_option("en")
    part.get_by_role("button", name="Draft a notice from the facts").click()
    page.wait_for_url(re.compile(r"/notices/\d+"))
    missing = page.locator(".t-noticesection[data-is=soon] textarea")
    assert missing.count() > 0
    for field in missing.all():
        field.fill("Known so far: copied through a stolen key, which is revoked.")
    press(page.get_by_role("button", name="Keep the changes"))
    page.reload()
    expect(page.get_by_text("Everything that the rule asks for is there")).to_be_visible()
    press(page.get_by_role("button", name="Make it final"))
    page.reload()
    expect(page.locator(".t-noticehead")).to_contain_text("Finished by Ruth Oyelaran")
    fill_filing(page, channel, reference)
    press(page.get_by_role("button", name="Record", exact=True))
    page.reload()
    expect(page.locator(".t-noticehead")).to_contain_text(reference)


def tell_the_regulators(story: World) -> None:
    """The data protection authority gets a notice; the CSIRT its early warning, notification and final report."""
    notice(story, "eu-gdpr-33", "notification to supervisory authority", "portal", "IMY-2026-771")
    hand_in(story, "eu-nis2-23", "early warning", "portal", "CSIRT-1-EW")
    hand_in(story, "eu-nis2-23", "incident notification", "portal", "CSIRT-1-IN")
    notice(story, "eu-nis2-23", "final report", "registered mail", "CSIRT-1-FR")
    page = story.pages["Ruth"]
    page.goto("/breaches")
    entry = page.locator(".t-breach", has_text=TITLE)
    for words in ("12,000", "IMY-2026-771", "CSIRT-1-FR", "registered mail", "their price does not hang on it"):
        expect(entry).to_contain_text(words)


def log_tells_it(story: World) -> None:
    """The pages of the log, from the first entry to the last, tell every chapter in a sentence, in order."""
    page, told = story.on("Anneke", "log"), []
    while True:
        told += page.locator(".t-logtable tbody tr td:nth-child(3)").all_inner_texts()
        older = page.get_by_role("link", name="Next page")
        if not older.count():
            break
        page.goto(page.url.partition("?")[0] + (older.get_attribute("href") or ""))
    told = [" ".join(text.split()) for text in reversed(told)]
    left = iter(told)
    for chapter in CHAPTERS:
        assert any(re.search(chapter, sentence) for sentence in left), (chapter, told)
    assert [one for one in told if re.search(r"\b(eu|us|sg)-[a-z]+-?\d*\b|sec.registrant", one)] == []
    assert "all hold" in story.server.tocsin("verify")


@pytest.mark.slow
def test_one_agreed_story_from_the_theft_to_the_final_report(story: World) -> None:
    declare(story)
    fill_the_sheet(story)
    clocks_with_reasons(story)
    counsel_rules(story)
    decide_on_the_phone(story)
    fill_lists(story)
    write_and_agree(story)
    release(story)
    heard_in_order(story)
    tell_the_regulators(story)
    log_tells_it(story)
    assert [c for c in story.complaints if "422" not in c] == []
