"""The page: whole, empty, hostile and huge; no script, nothing fetched, every link lands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_samples import HOSTILE, digest, empty, hostile, huge, whole

from tocsin.reports.html import MISSING, render_html, write_html
from tocsin.reports.text import visible


class Page(HTMLParser):
    """What a reader's program makes of the page: elements, ids, links and words."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.policy = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "meta" and ("http-equiv", "Content-Security-Policy") in attrs:
            self.policy = dict(attrs)["content"] or ""
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src"):
                self.links.append(value or "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)


@pytest.mark.parametrize("make", [whole, empty, hostile, huge])
def test_page_is_closed_and_every_link_lands(make: object) -> None:
    source = render_html(make())  # type: ignore[operator]
    page = Page(source)
    assert MISSING not in source
    assert not page.tags & {"script", "iframe", "img", "object", "link", "base", "form"}
    assert not [name for name in page.attributes if name.startswith("on") or name == "style"]
    assert all(link.startswith("#") for link in page.links)
    assert {link[1:] for link in page.links} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert page.policy.startswith("default-src 'none'; style-src 'sha256-")
    assert not re.search(r"url\((?!#)", source)


def test_sections_are_there_and_cites_link() -> None:
    page = Page(render_html(whole()))
    for words in (
        "Executive summary", "What to do next", "Timeline", "What the intruder did", "Initial access",
        "Scope", "Decisions", "Notification clocks", "Remediation and verification", "Recommendations",
        "Detections", "Indicators", "Evidence", "Limits of this investigation", "DRL 1.1",
        "A. Rule-Writer, B. Second",
        digest("head"), digest("plan"), digest("gate-vpn.jsonl.zip"),
        "Tell the shipping lines today?", "nobody assigned", "over by 20\u00a0min", "last chunk truncated",
    ):  # fmt: skip
        assert words in page.text, words
    assert {"#E-01", "#E-02", "#E-03", "#X-01", "#X-02", "#L-9", "#L-120"} <= set(page.links)


def test_empty_says_so() -> None:
    text = Page(render_html(empty())).text
    for words in (
        "None recorded: nobody and no program noted one", "No open tasks recorded.", "No events recorded.",
        "No act of an intruder has been established", "nothing is known to be affected", "None open.",
        "no clock had been started", "Not established yet.", "nobody yet", "no distribution set",
    ):  # fmt: skip
        assert words in text, words


def test_hostile_text_is_visible_text() -> None:
    page = Page(render_html(hostile()))
    assert visible(HOSTILE) in page.text
    assert "\u202e" not in page.text
    assert "\x00" not in page.text
    assert "{{ 7|add:7 }}" in page.text
    assert "<script>alert('1')</script>" in page.text


@pytest.mark.parametrize(("exercise", "marks"), [(True, 2), (False, 0)])
def test_exercise_and_tlp_in_header_and_footer(exercise: bool, marks: int) -> None:
    source = render_html(whole(exercise=exercise, tlp="TLP:RED"))
    body = source[source.index("<body") :]
    assert body.count("EXERCISE EXERCISE EXERCISE") == marks
    assert ("data-exercise" in body[:80]) is exercise
    header, footer = body[: body.index("</header>")], body[body.index("<footer") :]
    assert "TLP:RED</b>" in header
    assert "TLP:RED</b>" in footer


def test_five_thousand_detections() -> None:
    data = huge(5000)
    start = time.monotonic()
    source = render_html(data)
    assert time.monotonic() - start < 30
    assert len(source) < 2_000_000
    assert "and 4,880 more, all in detections.jsonl" in source
    assert "5\u202f000 events in" in source


def test_no_django_settings_are_needed() -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import report_samples;"
        "from tocsin.reports.html import render_html; print(len(render_html(report_samples.whole())))"
    )
    environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", program, str(Path(__file__).parent)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 10_000


def test_written_whole(tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    out.write_text("old")
    write_html(empty(), out)
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
@pytest.mark.parametrize("make", [whole, hostile])
def test_a_phone_reads_it_without_scrolling_sideways(make: object, tmp_path: Path) -> None:
    from playwright.sync_api import sync_playwright

    write_html(make(), tmp_path / "report.html")  # type: ignore[operator]
    heard: list[str] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 360, "height": 740}, color_scheme="dark")
        page.on("console", lambda message: heard.append(message.text))
        page.on("request", lambda request: heard.append(request.url))
        page.goto((tmp_path / "report.html").as_uri())
        width = page.evaluate("document.documentElement.scrollWidth")
        styled = page.evaluate("getComputedStyle(document.querySelector('.tlp')).backgroundColor")
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        browser.close()
    assert heard == [(tmp_path / "report.html").as_uri()], "nothing is fetched, nothing is complained of"
    assert width == 360
    assert styled == "rgb(0, 0, 0)", "the policy lets our own style sheet in"
    assert ground == "rgb(12, 18, 17)", "dark where the reader asks for dark"
