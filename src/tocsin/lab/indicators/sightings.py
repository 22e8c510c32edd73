"""A sighting: an indicator that was met in an event or a file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tocsin.lab.detections import Detection
from tocsin.lab.indicators import model
from tocsin.lab.indicators.model import Indicator
from tocsin.lab.record import Record

CURRENT, EXPIRED, BEFORE = "current", "expired", "before"
"""An event in an indicator's time, after it, before it (which is common: attacks are older than their reports)."""
LEVELS = ((80, "high"), (50, "medium"), (0, "low"))
"""Least confidence for a level; without one, an indicator counts as medium."""
AUTHORLESS = "an indicator without a named source"


@dataclass(frozen=True, slots=True)
class Sighting:
    """One indicator in one field. `value` is the field's value (cut at 500 characters), `found` what of it is the
    indicator, `validity` whether the event lies in the indicator's time."""

    indicator: Indicator
    field: str
    value: str
    found: str
    validity: str


def validity(indicator: Indicator, time: str) -> str:
    """Tell where a time (ISO 8601, UTC, Z) lies to an indicator's; without a time it is current."""
    # Without the Z, a time with a fraction sorts after the same second without one.
    moment = time.removesuffix("Z")
    if moment and indicator.valid_until and moment > indicator.valid_until.removesuffix("Z"):
        return EXPIRED
    if moment and indicator.valid_from and moment < indicator.valid_from.removesuffix("Z"):
        return BEFORE
    return CURRENT


def level(sighting: Sighting) -> str:
    """Return the Sigma level of a sighting: by the source's confidence; one step lower once expired."""
    confidence = sighting.indicator.confidence
    found = "medium" if confidence is None else next(name for least, name in LEVELS if confidence >= least)
    if sighting.validity != EXPIRED:
        return found
    return {"high": "medium", "medium": "low"}.get(found, "informational")


def to_detection(sighting: Sighting, record: Record) -> Detection:
    """Return a sighting in the form of a rule's match, so that both can be listed together.

    The rule's id is `indicator:<kind>:<value>`: the same for the same indicator whoever names it and wherever it is
    met. `fields` are the event's own, and `Indicator` beside them says what was met where.
    """
    indicator = sighting.indicator
    return Detection(
        rule_id=f"indicator:{indicator.kind}:{indicator.value}",
        title=f"{LABELS[indicator.kind]} {indicator.written} in {sighting.field}",
        level=level(sighting),
        tags=["tocsin.indicator", f"tocsin.{sighting.validity}", *indicator.tags],
        author=indicator.source or AUTHORLESS,
        time=record.time,
        host=record.host,
        source_file=record.source_file,
        record_id=record.record_id,
        event_id=record.event_id,
        channel=record.channel,
        fields={**record.data, "Indicator": _described(sighting)},
    )


def _described(sighting: Sighting) -> dict[str, Any]:
    described = {name: value for name, value in asdict(sighting.indicator).items() if value not in ("", None, ())}
    return {"field": sighting.field, "found": sighting.found, "validity": sighting.validity, **described}


LABELS = {
    model.MD5: "MD5", model.SHA1: "SHA-1", model.SHA256: "SHA-256", model.SHA512: "SHA-512", model.IMPHASH: "imphash",
    model.SSDEEP: "ssdeep", model.JA3: "JA3", model.JA4: "JA4", model.IP: "Address", model.NETWORK: "Network",
    model.DOMAIN: "Domain", model.URL: "URL", model.EMAIL: "Mail address", model.FILE_PATH: "Path",
    model.FILE_NAME: "File name", model.REGISTRY_KEY: "Registry key", model.COMMAND_LINE: "Command line",
    model.ACCOUNT: "Account", model.MUTEX: "Mutex", model.USER_AGENT: "User agent", model.SERVICE: "Service",
    model.PIPE: "Pipe",
}  # fmt: skip
