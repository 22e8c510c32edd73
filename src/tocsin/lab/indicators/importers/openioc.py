"""OpenIOC 1.0 and 1.1: the terms of a definition's criteria.

Read with defusedxml: no document type, no entities, nothing fetched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from tocsin.lab.indicators import model
from tocsin.lab.indicators.importers.collect import Collector, time_text
from tocsin.lab.indicators.importers.logic import MAX_DEPTH, Either, Node, Term, Together, Unusable, reduced
from tocsin.lab.indicators.model import Context, Indicator

SEARCHES = {
    "fileitem/md5sum": model.MD5, "fileitem/sha1sum": model.SHA1, "fileitem/sha256sum": model.SHA256,
    "fileitem/filename": model.FILE_NAME, "fileitem/fullpath": model.FILE_PATH, "fileitem/filepath": model.FILE_PATH,
    "fileitem/peinfo/importhash": model.IMPHASH,
    "driveritem/drivername": model.FILE_NAME, "driveritem/md5sum": model.MD5,
    "moduleitem/name": model.FILE_NAME, "moduleitem/path": model.FILE_PATH,
    "processitem/name": model.FILE_NAME, "processitem/path": model.FILE_PATH,
    "processitem/arguments": model.COMMAND_LINE, "processitem/username": model.ACCOUNT,
    "processitem/handlelist/handle/name": model.MUTEX, "processitem/sectionlist/memorysection/md5sum": model.MD5,
    "processitem/portlist/portitem/remoteip": model.IP,
    "portitem/remoteip": model.IP, "portitem/localip": model.IP, "routeentryitem/destination": model.IP,
    "arpentryitem/ipv4address": model.IP,
    "dnsentryitem/recordname": model.DOMAIN, "dnsentryitem/host": model.DOMAIN,
    "dnsentryitem/recorddata/host": model.DOMAIN, "dnsentryitem/recorddata/ipv4address": model.IP,
    "network/dns": model.DOMAIN, "network/uri": model.URL, "network/useragent": model.USER_AGENT,
    "urlhistoryitem/url": model.URL, "urlhistoryitem/hostname": model.DOMAIN,
    "filedownloadhistoryitem/sourceurl": model.URL,
    "email/from": model.EMAIL, "email/attachment/name": model.FILE_NAME, "email/attachment/md5sum": model.MD5,
    "registryitem/path": model.REGISTRY_KEY, "registryitem/keypath": model.REGISTRY_KEY,
    "serviceitem/name": model.SERVICE, "serviceitem/servicedllmd5sum": model.MD5, "serviceitem/path": model.FILE_PATH,
    "serviceitem/pathmd5sum": model.MD5, "serviceitem/servicedll": model.FILE_PATH,
    "useritem/username": model.ACCOUNT, "taskitem/exepath": model.FILE_PATH,
}  # fmt: skip
"""What a search term looks at, without regard to case, by what is looked for here."""
CONDITIONS = {"is": "{}", "contains": "*{}*", "starts-with": "{}*", "ends-with": "*{}"}
WORDY = frozenset({model.FILE_NAME, model.FILE_PATH, model.REGISTRY_KEY, model.COMMAND_LINE})
"""Kinds whose literal is found within a longer text anyhow."""


class OpenIocError(ValueError):
    """The document is no OpenIOC definition that may be read."""


def read_openioc(content: bytes, collector: Collector) -> Iterator[Indicator]:
    """Yield the indicators of an OpenIOC document (one definition, or several in one root).

    Raises OpenIocError where it is no XML, has a document type, or holds no definition.
    """
    try:
        root = fromstring(content, forbid_dtd=True)
    except ParseError as error:
        raise OpenIocError(f"is no XML: {error}") from None
    except DefusedXmlException as error:
        raise OpenIocError(f"has a document type or entities, which no definition needs: {error}") from None
    criteria = [item for item in root.iter() if _name(item) in ("definition", "criteria")]
    if not criteria:
        raise OpenIocError("holds no definition or criteria of an OpenIOC document")
    context = _context(root, collector.context)
    for part in criteria:
        for item in part:
            if _name(item) == "Indicator":
                yield from _indicators(item, context, collector)


def _indicators(item: Element, context: Context, collector: Collector) -> Iterator[Indicator]:
    outcome = reduced(_node(item, 0))
    for term in outcome.terms:
        yield from collector.take(term.kind, term.value, term.said, context, term.form)
    for part in outcome.unusable:
        collector.account.reject("criteria", part.said, part.reason)
    for said in outcome.unchecked:
        collector.account.note("criteria", said, "must hold as well, and is not checked")


def _node(item: Element, depth: int) -> Node:
    if _name(item) == "IndicatorItem":
        return _term(item)
    if depth >= MAX_DEPTH:
        return Unusable("Indicator", f"is nested more than {MAX_DEPTH} deep")
    parts = tuple(_node(part, depth + 1) for part in item if _name(part) in ("Indicator", "IndicatorItem"))
    if not parts:
        return Unusable("Indicator", "is empty")
    return Together(parts) if item.get("operator", "").upper() == "AND" else Either(parts)


def _term(item: Element) -> Node:
    context = next((part for part in item if _name(part) == "Context"), None)
    content = next((part for part in item if _name(part) == "Content"), None)
    search = (context.get("search", "") if context is not None else "").strip()
    value = (content.text or "" if content is not None else "").strip()
    condition = item.get("condition", "is").lower()
    said = f"{search} {condition} {value}"[:300]
    kind = SEARCHES.get(search.lower())
    if kind is None:
        return Unusable(said, f"{search[:100]} is nothing that is looked for")
    if item.get("negate", "").lower() == "true" or condition in ("isnot", "containsnot"):
        return Unusable(said, "the absence of a value cannot be looked for")
    if condition == "matches":
        return Term(kind, value, model.REGEX, said)
    if condition not in CONDITIONS:
        return Unusable(said, f"the condition {condition!r} cannot be looked for")
    if condition == "is" or kind == model.DOMAIN or not value:
        return Term(kind, value, model.LITERAL, said)
    return Term(kind, CONDITIONS[condition].format(value), model.WILDCARD, said)


def _context(root: Element, default: Context) -> Context:
    texts: dict[str, str] = {}
    for item in root.iter():
        if item.text and item.text.strip():
            texts.setdefault(_name(item), item.text.strip()[:1000])
    return replace(
        default,
        source=texts.get("authored_by") or default.source,
        valid_from=time_text(texts.get("authored_date")),
        description=texts.get("short_description") or texts.get("description") or default.description,
        reference=root.get("id") or default.reference,
    )


def _name(item: Element) -> str:
    return str(item.tag).rpartition("}")[2]
