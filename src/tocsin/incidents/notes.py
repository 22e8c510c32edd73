"""What a note's text says: whom it mentions, what it refers to, and the text as clean HTML. Pure functions.

`@key` or `@"A name"` mentions somebody, T-12 or E-03 refers to a thing of the same incident, `- [ ]` is a box to tick.
Neither counts inside code or a link. HTML in the text stays text; pictures, and links that are no web or mail address,
are not drawn.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

LARGEST = 200_000
"""How large a note may be, in bytes of UTF-8."""
PART = 20_000
"""How many characters of a note one page shows."""
MOST_MENTIONS = 50
"""How many people one text can mention: a note is no mailing list."""
REFERENCE = re.compile(r"\b([TDFSRLNAE])-(\d{1,9})\b")
MENTION = re.compile(r'(?<![\w@./-])@(?:"([^"\n]{1,200})"|([A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*))')
_TOKEN = re.compile(rf"{MENTION.pattern}|{REFERENCE.pattern}")
_BOX = re.compile(r"^\[([ xX])\](?=\s|$)")
_TAGS = {"h3", "h4", "h5", "h6", "p", "ul", "ol", "li", "strong", "em", "s", "code", "pre", "table", "thead", "tbody", "tr",
         "th", "td", "blockquote", "hr", "br", "a", "span"}  # fmt: skip


@dataclass(frozen=True)
class Link:
    """Where a reference leads, and what is told of the thing before one goes there."""

    url: str
    title: str = ""


def size(text: str) -> int:
    """A text's size in bytes, as the limit counts it."""
    return len(text.encode())


def mentions(text: str) -> list[str]:
    """Whom the text mentions, as written (a key or a name), each once, in order; at most MOST_MENTIONS."""
    return list(_mentions(text)) if "@" in text else []


@lru_cache(maxsize=32)
def _mentions(text: str) -> tuple[str, ...]:
    # Kept: a note made of brackets alone takes seconds to read, and everybody who has it open asks again and again.
    found: dict[str, str] = {}
    for piece in _plain_pieces(text):
        for match in MENTION.finditer(piece):
            word = " ".join((match[1] or match[2]).split())
            found.setdefault(word.casefold(), word)
    return tuple(found.values())[:MOST_MENTIONS]


def references(text: str) -> dict[str, set[int]]:
    """What the text refers to: the numbers by letter, as in {"T": {12}, "E": {3}}."""
    found: dict[str, set[int]] = {}
    for letter, number in REFERENCE.findall(text):
        found.setdefault(letter, set()).add(int(number))
    return found


def html_of(text: str, links: Mapping[str, Link], people: Iterable[str] = ()) -> str:
    """The text as clean HTML.

    `links` holds where each reference that the reader can follow leads, by its plain form ("E-3" for E-03); `people` are
    the keys and names, in any case, that mention somebody: others stay plain words.
    """
    env = {"links": links, "people": {p.casefold() for p in people}}
    return nh3.clean(
        _MARKDOWN.render(text, env),
        tags=_TAGS,
        attributes={"a": {"href", "title", "class", "rel"}, "span": {"class", "role", "aria-label", "data-is"}},
        url_schemes={"https", "http", "mailto", "tel"},
        link_rel=None,  # those that lead elsewhere have theirs already
    )


def part(text: str, number: int) -> tuple[str, int]:
    """The text's part of that number (from 1) and how many there are: a large note is shown in parts of whole lines."""
    parts, start = [], 0
    while len(text) - start > PART:
        end = text.rfind("\n", start, start + PART) + 1 or start + PART
        parts.append(text[start:end])
        start = end
    parts.append(text[start:])
    return parts[min(max(number, 1), len(parts)) - 1], len(parts)


def _plain_pieces(text: str) -> Iterable[str]:
    """The text's words that are neither code nor part of a link."""
    for block in _READER.parse(text):
        depth = 0
        for token in block.children or ():
            depth += (token.type == "link_open") - (token.type == "link_close")
            if token.type == "text" and depth == 0:
                yield token.content


def _decorate(state: StateCore) -> None:
    """Lower the headings under the page's own, draw boxes, mark mentions, link references."""
    for at, token in enumerate(state.tokens):
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
        elif token.type == "inline" and token.children:
            if at > 1 and state.tokens[at - 2].type == "list_item_open":
                _draw_box(token)
            token.children = _linked(token.children, state.env)


def _draw_box(inline: Token) -> None:
    """`[ ] words` at the start of a list item becomes a box."""
    first = (inline.children or [])[0]
    match = _BOX.match(first.content) if first.type == "text" else None
    if match is None:
        return
    first.content = first.content[3:]
    ticked = match[1] != " "
    box = Token("html_inline", "", 0)
    word, sign = ("done", "☑") if ticked else ("open", "☐")
    box.content = f'<span class="t-box" role="img" data-is="{word}" aria-label="{word}">{sign}</span>'
    inline.children = [box, *(inline.children or [])]


def _linked(children: list[Token], env: Mapping[str, object]) -> list[Token]:
    made: list[Token] = []
    depth = 0
    for token in children:
        if token.type == "link_open":
            token.attrSet("rel", "noopener noreferrer nofollow")
        depth += (token.type == "link_open") - (token.type == "link_close")
        if token.type != "text" or depth or not _TOKEN.search(token.content):
            made.append(token)
            continue
        piece = Token("html_inline", "", 0)
        piece.content = _marked(token.content, env)
        made.append(piece)
    return made


def _marked(words: str, env: Mapping[str, object]) -> str:
    """Plain words as HTML, with the mentions and references in them marked."""
    links: Mapping[str, Link] = env["links"]  # type: ignore[assignment]  # put there by html_of
    people: set[str] = env["people"]  # type: ignore[assignment]
    html, at = "", 0
    for match in _TOKEN.finditer(words):
        html += escape(words[at : match.start()])
        at = match.end()
        whole = escape(match[0])
        if match[3]:
            link = links.get(f"{match[3]}-{int(match[4])}")
            title = f' title="{escape(link.title)}"' if link and link.title else ""
            html += f'<a class="t-id" href="{escape(link.url)}"{title}>{whole}</a>' if link else whole
        elif " ".join((match[1] or match[2]).split()).casefold() in people:
            html += f'<span class="t-mention">{whole}</span>'
        else:
            html += whole
    return html + escape(words[at:])


_READER = (
    MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"]).disable("image")
)
_MARKDOWN = (
    MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"]).disable("image")
)
_MARKDOWN.core.ruler.push("tocsin", _decorate)
