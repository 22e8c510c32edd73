"""An analyst at work on the investigation's pages, in a real browser, on evidence of a small incident."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from conftest import Server

Enter = Callable[..., Page]
START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SYSMON = "Microsoft-Windows-Sysmon/Operational"
PAGES = ["", "/events", "/events?q=vssadmin", "/events?q=(", "/events/marked", "/attack", "/attack/T1490", "/indicators",
         "/samples", "/network", "/processes", "/logons", "/proposed"]  # fmt: skip
TREE = [
    ("explorer.exe", "", "C:\\Windows\\explorer.exe"),
    ("winword.exe", "explorer.exe", '"C:\\Office\\WINWORD.EXE" offer.docm'),
    ("powershell.exe", "winword.exe", "powershell -nop -w hidden -enc SQBFAFgA"),
    ("vssadmin.exe", "powershell.exe", "vssadmin delete shadows /all /quiet"),
]


def record(number: int, at: datetime, channel: str, code: int, **data: str) -> str:
    winlog = {"channel": channel, "event_id": str(code), "record_id": number, "computer_name": data.pop("host"),
              "provider_name": channel.partition("/")[0], "event_data": data}  # fmt: skip
    return json.dumps({"@timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "winlog": winlog})


def evidence() -> Iterator[str]:
    """A tree of processes, logons onward to another host, a hundred calls, and three events of a wrong clock."""
    server, number = "FS-07.dairy.example", 0
    for number, (program, parent, line) in enumerate(TREE):
        yield record(
            number, START + timedelta(seconds=number), SYSMON, 1, host=server, Image=f"C:\\Windows\\{program}",
            OriginalFileName=program.upper(), CommandLine=line, User="DAIRY\\svc_copy", ProcessId=str(100 + number),
            ProcessGuid=f"{{{program}}}", ParentProcessGuid=f"{{{parent}}}", ParentImage=f"C:\\Windows\\{parent}",
        )  # fmt: skip
    for source, target in (("FS-09", server), ("FS-07", "DC-01.dairy.example"), ("FS-11", "DC-01.dairy.example")):
        number += 1
        yield record(number, START + timedelta(minutes=number), "Security", 4624, host=target, LogonType="3",
                     TargetUserName="svc_copy", TargetDomainName="DAIRY", WorkstationName=source, IpAddress="-",
                     AuthenticationPackageName="NTLM")  # fmt: skip
    for call in range(100):
        yield record(number + call, START + timedelta(seconds=6 * call), SYSMON, 3, host=server, Image="C:\\x.exe",
                     User="DAIRY\\svc_copy", SourceIp="10.0.0.7", DestinationIp="203.0.113.9", DestinationPort="443",
                     DestinationHostname="cdn.dairy.example", Protocol="tcp")  # fmt: skip
    for call in range(3):
        yield record(900 + call, START - timedelta(days=2000 + call), SYSMON, 11, host=server, Image="C:\\x.exe",
                     TargetFilename="C:\\old.txt", User="DAIRY\\ann")  # fmt: skip


@pytest.fixture(scope="module")
def story(server: Server, chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the investigation of an incident whose evidence was analysed."""
    file: Path = tmp_path_factory.mktemp("evidence") / "fs-07.jsonl"
    file.write_text("\n".join(evidence()))
    page = chromium.new_context(base_url=server.url).new_page()
    page.goto(server.link("Anneke"))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r"/(me|incidents)$"))
    page.get_by_role("link", name="Declare", exact=True).click()
    page.get_by_label("What happened?").fill("Shadow copies vanished in the dairy")
    page.get_by_role("radio", name=re.compile("High")).check()
    page.get_by_role("button", name="Declare").click()
    page.wait_for_url(re.compile(r"/incidents/INC-"))
    address = page.url + "investigation"
    page.goto(address)
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Take into custody").click()
    expect(page.locator("#detections")).to_be_visible(timeout=60_000)
    page.context.close()
    return address


def test_an_analyst_narrows_opens_marks_and_keeps_a_search(enter: Enter, story: str) -> None:
    page = enter("Anneke")
    page.goto(story + "/events")
    expect(page.get_by_text("110 events", exact=True)).to_be_visible()
    expect(page.locator(".t-histogram")).to_contain_text("3 earlier")  # the wrong clock is not in the way
    assert page.locator(".t-histogram svg a").count() > 10
    page.get_by_label("Search the events").fill("vssadmin")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("1 event", exact=True)).to_be_visible()
    page.locator(".t-lakerows summary").first.click()
    expect(page.locator(".t-event")).to_contain_text("vssadmin delete shadows /all /quiet")
    mark_bar = page.locator(".t-markbar")
    expect(mark_bar).to_be_hidden()
    page.locator(".t-lakerows input[type=checkbox]").first.check()
    mark_bar.get_by_label("Tags").fill("impact")
    mark_bar.get_by_role("button", name="Star").click()
    expect(page.locator("#messages")).to_contain_text("Noted")
    page.goto(story + "/events/marked")
    expect(page.locator("tbody tr")).to_contain_text("impact")
    expect(page.locator("tbody tr")).to_contain_text("★")
    page.goto(story + "/events?q=vssadmin")
    page.get_by_label("Name of this search").fill("Shadow copies")
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator("#messages")).to_contain_text("The search is kept")
    page.goto(story + "/events")
    page.get_by_role("link", name="Shadow copies", exact=True).click()
    expect(page.get_by_text("1 event", exact=True)).to_be_visible()


def test_a_bar_and_a_facet_narrow(enter: Enter, story: str) -> None:
    page = enter("Anneke")
    page.goto(story + "/events")
    bar = page.locator(".t-histogram svg a").nth(3)
    held = int(re.sub(r"\D", "", (bar.get_attribute("aria-label") or "").partition(",")[0]))
    bar.click()
    expect(page).to_have_url(re.compile("time"))
    expect(page.get_by_text(re.compile(rf"^{held} events?$"))).to_be_visible()
    page.goto(story + "/events")
    page.locator(".t-facets").get_by_role("link", name="svc_copy", exact=True).click()
    expect(page.get_by_label("Search the events")).to_have_value('user_name:"svc_copy"')
    expect(page.get_by_text("107 events", exact=True)).to_be_visible()
    page.goto(story + "/events")
    page.locator(".t-histogram").get_by_role("link", name="3 earlier").click()
    expect(page.get_by_text("3 events", exact=True)).to_be_visible()


def test_a_process_is_found_in_its_tree_with_what_was_detected_on_it(enter: Enter, story: str) -> None:
    page = enter("Anneke")
    page.goto(story + "/processes?host=fs-07")
    row = page.locator(".t-tree > li", has=page.locator("b", has_text=re.compile("^vssadmin.exe$")))
    expect(row).to_have_attribute("data-depth", "4")  # of which the first, that started explorer, has no record
    expect(row).to_have_attribute("data-marked", "")
    row.locator("summary").click()
    expect(row.locator("dl")).to_contain_text("svc_copy")
    row.get_by_role("link", name=re.compile(r"^E-01\.")).click()
    expect(page.locator(".t-event")).to_contain_text("vssadmin delete shadows")


def test_a_host_of_the_graph_dims_what_it_has_nothing_to_do_with(enter: Enter, story: str) -> None:
    page = enter("Anneke")
    page.goto(story + "/logons")
    expect(page.locator(".t-edge")).to_have_count(3)
    node = page.locator(".t-node", has_text="fs-09")
    number = node.get_attribute("data-n")
    node.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")  # by the keyboard, so that the focus is visible
    faint = page.locator(".t-edge").evaluate_all(
        "lines => lines.map(line => [line.dataset.ends.split(' '), Number(getComputedStyle(line).opacity)])"
    )
    assert {opacity for ends, opacity in faint if number not in ends} == {0.07}
    assert all(opacity > 0.4 for ends, opacity in faint if number in ends)


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (360, "dark"), (1280, "light")])
def test_every_page_fits_and_is_accessible(enter: Enter, story: str, width: int, scheme: str) -> None:
    page = enter("Anneke", viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce")
    wrong: list[str] = []
    for path in PAGES:
        answer = page.goto(story + path)
        assert answer is not None
        assert answer.status == 200, path
        assert len(answer.body()) < 150_000, path
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        wrong += [f"{path}: {said}" for said in violations(page)]
    page.goto(story + "/events?q=vssadmin")
    page.locator(".t-lakerows summary").first.click()
    expect(page.locator(".t-event")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    wrong += [f"an open event: {said}" for said in violations(page)]
    assert wrong == []


def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 A and AA: the rule and where."""
    options: dict[str, Any] = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
    # The phase rail of the incident's bar scrolls on a phone and takes no focus: it is no part of these pages.
    where = {"exclude": [[".t-phase"]]}
    found = Axe().run(page, context=where, options=options).response["violations"]
    return [f"{one['id']} at {node['html'][:160]} ({node['target']})" for one in found for node in one["nodes"][:3]]
