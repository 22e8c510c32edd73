"""A note's HTML, whatever was written: only known tags and attributes, links to the web or here alone, nothing fetched."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.incidents.notes import Link, html_of, mentions
from tocsin.web.templatetags.tocsin_pages import markdown

LINKS = {"T-1": Link("/incidents/INC-2026-001/tasks/1", '"><img src=x onerror=alert(1)>')}
PEOPLE = ["anna", "<img src=x onerror=1>"]
TAGS = {"h1", "h2", "h3", "h4", "h5", "h6", "p", "ul", "ol", "li", "strong", "em", "s", "code", "pre", "table", "thead", "tbody",
        "tr", "th", "td", "blockquote", "hr", "br", "a", "span"}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title", "class", "rel"}, "span": {"class", "role", "aria-label", "data-is"}}
CLASSES = {"t-id", "t-mention", "t-box"}
HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", '<a href="javascript:1" onclick=x>x</a>', "<svg/onload=x>",
    "![x](https://e.example/p.png)", "![x](data:image/png;base64,AAAA)", "![T-1](https://e.example/p.png)",
    "[x](javascript:alert(1))", "[x](&#106;avascript:1)", "[x](JaVaScRiPt:1)", "[x](java\tscript:1)", "[x](<java\nscript:1>)",
    "[x](data:text/html,<script>)", "[x](data:image/png;base64,AA)", "[x](data:image/svg+xml,<svg>)", "[x](vbscript:x)",
    "[x](file:///etc/passwd)", "[x](blob:1)", "<javascript:alert(1)>", "<data:text/html,x>", "<https://e.example/'onclick=x>",
    "[x]: javascript:alert(1)\n\n[x]", "[x](https://e.example '\"><img src=x>')", '```x"><script>\ny\n```', "`<script>`",
    "| <script> |\n|---|\n| <img src=x> |", '@"<img src=x onerror=1>"', '@"anna" @anna @"\u202eanna"', "- [ ] <b>x</b>",
    "&lt;script&gt;alert(1)&lt;/script&gt;", "T-1<script>", '<span class="t-mention">@anna</span>', "<style>*{}</style>",
    "\\<script\\>", "<!--", "<?php", "<![CDATA[<script>]]>", "[T-1](javascript:1)", "[@anna](data:text/html,x)", "a\x00b\ud800",
]  # fmt: skip


class Seen(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.links: list[dict[str, str]] = []
        self.marked: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        assert tag in TAGS, tag
        assert set(given) <= ATTRIBUTES.get(tag, set()), given
        assert given.get("class", "t-id") in CLASSES, given
        if tag == "a":
            assert urlsplit(given.get("href", "")).scheme in ("", "http", "https", "mailto", "tel"), given
            self.links.append(given)
        if given.get("class") == "t-mention":
            self.marked.append("")

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    handle_decl = handle_pi = unknown_decl = handle_comment


def seen(text: str) -> Seen:
    Seen(str(markdown(text)))  # a plan's own texts pass the same eyes
    return Seen(html_of(text, LINKS, PEOPLE))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()  # what is stored holds no lone surrogates
    found = seen(text)
    for link in found.links:
        if link.get("class") == "t-id":
            assert link["href"] == LINKS["T-1"].url
        else:
            assert link["rel"] == "noopener noreferrer nofollow"


def test_who_is_no_person_here_is_not_marked_as_one() -> None:
    assert len(seen('@anna @"Anna" @"<img src=x onerror=1>" @nobody').marked) == 3
    assert not seen('<span class="t-mention">@ceo</span> `@anna` [@anna](https://e.example)').marked
    assert mentions("`@anna` [@anna](https://e.example) mail@anna.example") == []


PIECES = st.sampled_from(
    [*HOSTILE, *"[]()<>!`*_~|\"'&#;:/\\@-=\n \t", "T-1", "@anna", "javascript:", "data:", "> ", "- [ ] ", "https://"]
)


@settings(max_examples=150)
@given(st.lists(PIECES, max_size=24).map("".join))
def test_any_text(text: str) -> None:
    seen(text.encode("utf-8", "replace").decode())
