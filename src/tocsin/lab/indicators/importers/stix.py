"""STIX 2.0 and 2.1: the indicators of a bundle, or of a list of objects.

Read as plain JSON: an object model would take minutes for a large feed and gives nothing that is used here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tocsin.lab.indicators.importers.collect import Collector, time_text, tlp_label
from tocsin.lab.indicators.importers.logic import reduced
from tocsin.lab.indicators.importers.stix_pattern import PatternError, parsed
from tocsin.lab.indicators.model import Context, Indicator

TLP = {
    "613f2e26-407d-48c7-9eca-b8e91df99dc9": "CLEAR",
    "34098fce-860f-48ae-8e50-ebd3cc5e41da": "GREEN",
    "f88d31f6-486f-44da-b317-01333bde0b82": "AMBER",
    "5e57c739-391a-4eb3-b6be-7d15ca92d5ed": "RED",
    "94868c89-83c2-464b-929b-a1a8aa3c8487": "CLEAR",
    "bab4a63c-aed9-4cf5-a766-dfca5abac2bb": "GREEN",
    "55d920b0-5e8b-4f79-9ee9-91f868d9b421": "AMBER",
    "939a9414-2ddd-4d32-a0cd-375ea402b003": "AMBER+STRICT",
    "e828b379-4e03-4974-9ac4-e53a884c97c1": "RED",
}
"""The fixed marking definitions of TLP 1.0 and 2.0 (STIX 2.1, section 7.2.1.4; OASIS TLP 2.0 extension)."""
TECHNIQUE = re.compile(r"T\d{4}(?:\.\d{3})?")


def is_stix(document: object) -> bool:
    """Tell whether a JSON document is a STIX bundle, a list of STIX objects, or one."""
    if isinstance(document, dict):
        return document.get("type") in ("bundle", "indicator") or _are_objects(document.get("objects"))
    return _are_objects(document)


def _are_objects(items: object) -> bool:
    return isinstance(items, list) and any(
        isinstance(item, dict) and str(item.get("id", "")).startswith(f"{item.get('type')}--") for item in items[:50]
    )


def read_stix(document: Any, collector: Collector) -> Iterator[Indicator]:
    """Yield the indicators of a STIX document."""
    objects = document
    if isinstance(document, dict):
        objects = document["objects"] if isinstance(document.get("objects"), list) else [document]
    objects = [item for item in objects if isinstance(item, dict)]
    known = _Known(objects)
    for item in objects:
        if item.get("type") == "indicator":
            yield from _indicators(item, known, collector)


class _Known:
    """What indicators refer to: who created them, how they are marked, which techniques they indicate."""

    def __init__(self, objects: list[dict[str, Any]]) -> None:
        self.names = {
            str(item.get("id")): str(item.get("name", "")) for item in objects if item.get("type") == "identity"
        }
        self.markings = dict(TLP)
        techniques: dict[str, str] = {}
        for item in objects:
            if item.get("type") == "marking-definition":
                definition = item.get("definition")
                label = tlp_label(item.get("name")) or tlp_label(
                    definition.get("tlp") if isinstance(definition, dict) else ""
                )
                self.markings[str(item.get("id")).partition("--")[2]] = label
            elif item.get("type") == "attack-pattern":
                techniques[str(item.get("id"))] = next(
                    (str(ref.get("external_id")) for ref in _dicts(item.get("external_references"))
                     if TECHNIQUE.fullmatch(str(ref.get("external_id")))), "",
                )  # fmt: skip
        self.indicates: dict[str, list[str]] = {}
        for item in objects:
            technique = techniques.get(str(item.get("target_ref")), "")
            if item.get("type") == "relationship" and item.get("relationship_type") == "indicates" and technique:
                self.indicates.setdefault(str(item.get("source_ref")), []).append(f"attack.{technique.lower()}")


def _indicators(item: dict[str, Any], known: _Known, collector: Collector) -> Iterator[Indicator]:
    place = str(item.get("id", ""))
    pattern = str(item.get("pattern", ""))
    if item.get("revoked") is True:
        collector.account.ignore()
        return
    if item.get("pattern_type", "stix") != "stix":
        collector.account.reject(place, pattern, f"is a pattern for {item['pattern_type']}, not for STIX")
        return
    try:
        outcome = reduced(parsed(pattern))
    except PatternError as error:
        collector.account.reject(place, pattern, str(error))
        return
    context = _context(place, item, known, collector.context)
    for term in outcome.terms:
        yield from collector.take(term.kind, term.value, place, context, term.form)
    for part in outcome.unusable:
        collector.account.reject(place, part.said, part.reason)
    for said in outcome.unchecked:
        collector.account.note(place, said, "must hold as well, and is not checked")


def _context(place: str, item: dict[str, Any], known: _Known, default: Context) -> Context:
    confidence = item.get("confidence")
    references = [str(ref["url"]) for ref in _dicts(item.get("external_references")) if ref.get("url")]
    tlp = [known.markings.get(str(ref).partition("--")[2], "") for ref in _texts(item.get("object_marking_refs"))]
    tags = [*_texts(item.get("indicator_types")), *_texts(item.get("labels")), *known.indicates.get(place, ())]
    return Context(
        source=known.names.get(str(item.get("created_by_ref"))) or default.source,
        confidence=confidence if isinstance(confidence, int) and 0 <= confidence <= 100 else default.confidence,
        valid_from=time_text(item.get("valid_from")),
        valid_until=time_text(item.get("valid_until")),
        tlp=next(filter(None, tlp), default.tlp),
        tags=tuple(dict.fromkeys((*default.tags, *tags))),
        description=str(item.get("description") or item.get("name") or "")[:1000],
        reference=(references[0] if references else place)[:1000],
    )


def _dicts(items: object) -> list[dict[str, Any]]:
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _texts(items: object) -> list[str]:
    return [str(item)[:200] for item in items] if isinstance(items, list) else []
