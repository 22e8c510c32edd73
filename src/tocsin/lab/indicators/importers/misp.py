"""MISP JSON: events with attributes and objects, as exported, from a feed or from a search.

Attributes that are not meant for detection (`to_ids` is false) or are deleted are counted and left out. MISP's
`last_seen` is when something was seen, not when it ceases to be true, so it is a tag and no expiry.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tocsin.lab.indicators import model
from tocsin.lab.indicators.importers.collect import Collector, time_text, tlp_label
from tocsin.lab.indicators.model import Context, Indicator

TYPES = {
    "md5": model.MD5, "sha1": model.SHA1, "sha256": model.SHA256, "sha512": model.SHA512, "ssdeep": model.SSDEEP,
    "imphash": model.IMPHASH, "ja3-fingerprint-md5": model.JA3, "ja4-plus": model.JA4, "jarm-fingerprint": "",
    "ip-src": model.IP, "ip-dst": model.IP, "ip-src|port": model.IP, "ip-dst|port": model.IP,
    "domain": model.DOMAIN, "hostname": model.DOMAIN, "hostname|port": model.DOMAIN,
    "url": model.URL, "link": model.URL, "uri": "",
    "email": model.EMAIL, "email-src": model.EMAIL, "email-dst": model.EMAIL, "email-reply-to": model.EMAIL,
    "filename": model.FILE_NAME, "regkey": model.REGISTRY_KEY, "regkey|value": model.REGISTRY_KEY,
    "mutex": model.MUTEX, "named pipe": model.PIPE, "user-agent": model.USER_AGENT,
    "windows-service-name": model.SERVICE, "windows-service-displayname": "", "process-state": "",
    "github-username": "", "target-user": model.ACCOUNT,
}  # fmt: skip
"""MISP's attribute types by what is looked for; '' is nothing that is."""
WRAPPED = 4
"""Lists and responses that may lie around an event."""
SECOND = {"port": "the port", "value": "the registry value"}
TECHNIQUE = re.compile(r"mitre-attack-pattern=.*?(T\d{4}(?:\.\d{3})?)")
CONFIDENCE = re.compile(r"misp:confidence-level=\"(completely|usually|fairly|rarely|unconfident)", re.IGNORECASE)
LEVELS = {"completely": 100, "usually": 75, "fairly": 50, "rarely": 25, "unconfident": 0}


def is_misp(document: object) -> bool:
    """Tell whether a JSON document is a MISP export."""
    return next(_events(document), None) is not None


def _events(document: object, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield what holds attributes, from what a search or an export wraps around it."""
    if isinstance(document, list) and depth < WRAPPED:
        for item in document:
            yield from _events(item, depth + 1)
    elif isinstance(document, dict):
        if "response" in document and depth < WRAPPED:
            yield from _events(document["response"], depth + 1)
        elif isinstance(document.get("Event"), dict):
            yield document["Event"]
        elif isinstance(document.get("Attribute"), list):
            yield document


def read_misp(document: Any, collector: Collector) -> Iterator[Indicator]:
    """Yield the indicators of a MISP document."""
    for event in _events(document):
        around = _event_context(event, collector.context)
        for attribute in _dicts(event.get("Attribute")):
            yield from _attribute(attribute, around, collector)
        for group in _dicts(event.get("Object")):
            if group.get("deleted"):
                continue
            for attribute in _dicts(group.get("Attribute")):
                yield from _attribute(attribute, around, collector)


def _attribute(attribute: dict[str, Any], around: Context, collector: Collector) -> Iterator[Indicator]:
    kind, value = str(attribute.get("type", "")), str(attribute.get("value", ""))
    place = f"attribute {attribute.get('uuid') or attribute.get('id') or ''}"
    if attribute.get("deleted") or attribute.get("to_ids") not in (True, 1, "1"):
        collector.account.ignore()
        return
    found = list(_values(kind, value))
    if not found:
        collector.account.reject(place, value, f"is of type {kind[:60]}, which is nothing that is looked for")
        return
    context = _attribute_context(attribute, around)
    for known, part in found:
        yield from collector.take(known, part, place, context)
    second = SECOND.get(kind.partition("|")[2])
    if second:
        collector.account.note(place, value, f"names {second} as well, which is not checked")


def _values(kind: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield the values of an attribute with their kinds."""
    if kind.startswith(("filename|", "malware-sample")):
        digest = kind.partition("|")[2] or model.MD5
        if TYPES.get(digest):
            yield TYPES[digest], value.rpartition("|")[2]
    elif kind == "domain|ip":
        name, _, address = value.partition("|")
        yield model.DOMAIN, name
        yield model.IP, address
    elif TYPES.get(kind):
        first = value.partition("|")[0] if "|" in kind else value
        if kind.endswith("|port"):
            first = re.sub(r"(?<=[^:]):\d{1,5}$", "", first) if first.count(":") == 1 else first
        yield TYPES[kind], first


def _event_context(event: dict[str, Any], default: Context) -> Context:
    creator = event.get("Orgc") or event.get("Org")
    tags, tlp, confidence = _tags(event)
    return Context(
        source=str(creator.get("name", "")) if isinstance(creator, dict) else default.source,
        confidence=default.confidence if confidence is None else confidence,
        tlp=tlp or default.tlp,
        tags=tuple(dict.fromkeys((*default.tags, *tags))),
        description=str(event.get("info") or "")[:1000],
        reference=str(event.get("uuid") or default.reference),
    )


def _attribute_context(attribute: dict[str, Any], around: Context) -> Context:
    tags, tlp, confidence = _tags(attribute)
    last = time_text(attribute.get("last_seen"))
    seen = (f"last-seen:{last}",) if last else ()
    comment = str(attribute.get("comment") or "")[:1000]
    return Context(
        source=around.source,
        confidence=around.confidence if confidence is None else confidence,
        valid_from=time_text(attribute.get("first_seen")),
        tlp=tlp or around.tlp,
        tags=tuple(dict.fromkeys((*around.tags, *tags, *seen))),
        description=comment or around.description,
        reference=around.reference,
    )


def _tags(item: dict[str, Any]) -> tuple[list[str], str, int | None]:
    """Return the tags of an event or attribute, its TLP label and its confidence."""
    names = [str(tag.get("name", ""))[:200] for tag in _dicts(item.get("Tag"))]
    tlp = next(filter(None, map(tlp_label, names)), "")
    level = next(filter(None, map(CONFIDENCE.match, names)), None)
    tags = []
    for name in names:
        technique = TECHNIQUE.search(name)
        if technique:
            tags.append(f"attack.{technique[1].lower()}")
        elif not tlp_label(name):
            tags.append(name)
    return tags, tlp, LEVELS[level[1].lower()] if level else None


def _dicts(items: object) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
