"""The war-book: whole, from a bare plan, from a hostile plan; no key of a channel is ever printed."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from io import BytesIO

import pytest
from pypdf import PdfReader

from tocsin.example import example_plan_files
from tocsin.plan.init import starter_files
from tocsin.plan.load import parse_plan
from tocsin.plan.models import Contact, ContactMethod, Message, Plan
from tocsin.reports.warbook import Issue, printed, warbook
from tocsin.reports.warbook.reach import grouped, local_time, person, ways

AT = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
NASTY = '#eval("1/0") #import "x" $a$ \\u{202e} "quoted" *bold* _it_ <label> @ref // c \u202e[x](y) \x07 {{ fact }} 火'


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u200b\u00ad]+", "", text)


def pages(plan: Plan, **given: object) -> list[str]:
    issue = Issue(AT, plan.version, 3, **given)  # type: ignore[arg-type]
    return [page.extract_text() for page in PdfReader(BytesIO(printed(warbook(plan, issue)))).pages]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return parse_plan(example_plan_files(date(2026, 11, 24)))


@pytest.fixture(scope="module")
def book(plan: Plan) -> list[str]:
    return pages(plan, address="https://tocsin.halden.example.org")


def test_everything_one_needs_is_in_it(plan: Plan, book: list[str]) -> None:
    text = squeezed("".join(book))
    for role in plan.roles.values():
        assert squeezed(role.title) in text
    for contact in plan.contacts.values():
        assert squeezed(contact.name) in text, contact.name
        for way in ways(contact):
            assert squeezed(way.said) in text, way.said
    for playbook in plan.playbooks.values():
        for step in playbook.steps:
            assert squeezed(step.title) in text, step.id
            assert squeezed(" ".join(step.done_when.split())) in text, step.id
            for option in step.decision.options if step.decision else ():
                assert squeezed(option.label) in text
    for message in plan.messages.values():
        assert squeezed(message.title) in text
    for words in ("Log sheet", "Situation report", "Calls made", "72h", "24h", plan.version, "https://tocsin.halden"):
        assert squeezed(words) in text, words


def test_the_cover_says_whom_to_call_and_who_may_hold_it(book: list[str]) -> None:
    assert "+46 701 740 606" in book[0]
    assert "TLP:AMBER+STRICT" in book[0]
    assert "24 November 2026, 15:00" in book[0].replace("\u00a0", " "), "in the organization's own zone"


def test_every_page_is_numbered_and_marked(book: list[str]) -> None:
    for number, text in enumerate(book[1:], 2):
        assert f"{number} / {len(book)}" in text
        assert text.count("TLP:AMBER+STRICT") >= 2, "header and footer"


def test_the_same_plan_gives_the_same_bytes(plan: Plan) -> None:
    issue = Issue(AT, plan.version, 3)
    assert printed(warbook(plan, issue)) == printed(warbook(plan, issue))


def test_a_starter_plan_with_nobody_in_it_is_printed() -> None:
    bare = parse_plan(starter_files("Bare Ltd"))
    empty = bare.model_copy(update={"contacts": {}, "messages": {}, "escalation": ()})
    assert len(pages(empty)) > 20


def test_a_hostile_plan_is_printed_as_text(plan: Plan) -> None:
    nasty = Contact(name=NASTY, title=NASTY, note=NASTY, time_zone="../../etc/passwd", languages=(NASTY,),
                    methods=(ContactMethod(kind="phone", url="tel:+1#eval"), ContactMethod(kind="radio", url=NASTY)))  # fmt: skip
    ransom = plan.playbooks["ransomware"]
    steps = tuple(
        s.model_copy(update={"title": NASTY, "instructions": NASTY * 60, "when": NASTY}) for s in ransom.steps
    )
    changed = plan.model_copy(
        update={
            "contacts": dict.fromkeys(plan.contacts, nasty),
            "playbooks": {"ransomware": ransom.model_copy(update={"steps": steps, "title": NASTY})},
            "messages": {"m": Message(id="m", title=NASTY, body=f"**{NASTY}\n{{{{ \n }}}}\n# {NASTY}\n- {NASTY * 40}")},
            "organization": plan.organization.model_copy(update={"name": NASTY * 3, "short": NASTY}),
        }
    )
    text = squeezed("".join(pages(changed)))
    assert squeezed('#eval("1/0")') in text
    assert "U+202E" in text
    assert "U+0007" in text


def test_keys_of_channels_are_never_printed() -> None:
    secret = "s3cr3t-t0ken"
    methods = tuple(
        ContactMethod(kind=kind, url=url)
        for kind, url in (
            ("push", f"tgram://{secret}/123"), ("mail", f"mailto://user:{secret}@mail.example.org"),
            ("sms", f"twilio://AC:{secret}@+4670/+4671"), ("phone", "tel:+46701740606"),
        )
    )  # fmt: skip
    shown = person(Contact(name="Ana", methods=methods), "UTC", AT)
    assert secret not in str(shown)
    assert shown["machine"] == ["mailto", "tgram", "twilio"]
    assert [n["said"] for n in shown["numbers"]] == ["+46 701 740 606"]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("+46701740606", "+46 701 740 606"),
        ("+493023125010", "+49 3023 125 010"),
        ("+12025550123", "+1 2025 550 123"),
        ("+35312345678", "+353 12 345 678"),
        ("112", "112"),
        ("+46 8 123", "+46 8 123"),
        ("extension 4711", "extension 4711"),
    ],
)
def test_numbers_are_in_groups(number: str, said: str) -> None:
    assert grouped(number) == said
    assert said.replace(" ", "") == number.replace(" ", ""), "no digit is lost"


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("Europe/Stockholm", "our time"),
        ("America/New_York", "6 h behind us"),
        ("Asia/Kolkata", "4 h 30 min ahead of us in January, 3 h 30 min ahead of us in July"),
        ("", ""),
        ("Nowhere/At_All", "Nowhere/At_All"),
    ],
)
def test_whose_clock_says_what(zone: str, said: str) -> None:
    assert local_time(zone, "Europe/Stockholm", AT) == said
