"""What an incident looks for and what was met: indicators, feeds, YARA rules, sightings, samples."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import File, Form, Query, Router, Schema, Status
from ninja.files import UploadedFile

from tocsin.api.asking import actor_of, incident_of, numbered
from tocsin.api.paging import Page, Paged
from tocsin.api.shapes_lab import FeedOut, IndicatorOut, SampleOut, SampleRow, SightingOut, YaraOut
from tocsin.core.access import Forbidden, Hidden, may
from tocsin.core.action import Invalid
from tocsin.evidence.actions.analyst import (
    add_indicator,
    add_yara,
    import_feed,
    withdraw_feed,
    withdraw_indicator,
    withdraw_yara,
)
from tocsin.evidence.looking import MOST_FEED, MOST_YARA, account_of
from tocsin.evidence.models import Feed, Indicator, Sample, Sighting, YaraFile
from tocsin.evidence.store import put
from tocsin.lab.casework import account_of_feed, account_of_yara
from tocsin.lab.containment import ContainedError

router = Router(tags=["indicators and samples"])


class NewIndicator(Schema, extra="forbid"):
    """A value to look for; its kind is told from it where `kind` is empty."""

    written: str
    kind: str = ""
    source: str = ""
    confidence: int | None = None
    tlp: str = ""
    why: str = ""


class LookingEnds(Schema, extra="forbid"):
    """Why it is not looked for any more."""

    because: str


class Rules(Schema, extra="forbid"):
    """A file of YARA rules."""

    name: str
    text: str


@router.get("/{uuid:incident}/indicators", response=Page[IndicatorOut])
def list_indicators(request: HttpRequest, incident: UUID, paged: Query[Paged]) -> dict[str, Any]:
    """Single values that somebody asked to look for, withdrawn ones too."""
    return paged.rows(incident_of(request, incident).indicators.all(), "number")


@router.get("/{uuid:incident}/indicators/{int:number}", response=IndicatorOut)
def get_indicator(request: HttpRequest, incident: UUID, number: int) -> Indicator:
    """One value that is, or was, looked for."""
    return numbered(incident_of(request, incident).indicators.all(), number)


@router.post("/{uuid:incident}/indicators", response={201: IndicatorOut})
def look_for_indicator(request: HttpRequest, incident: UUID, given: NewIndicator) -> Status[Indicator]:
    """Look for a value, from the next analysis on."""
    return Status(201, add_indicator(actor_of(request), incident_of(request, incident), **given.dict()))


@router.post("/{uuid:incident}/indicators/{int:number}/withdraw", response=IndicatorOut)
def withdraw_one_indicator(request: HttpRequest, incident: UUID, number: int, given: LookingEnds) -> Indicator:
    """Stop looking for a value."""
    place = incident_of(request, incident)
    found = numbered(place.indicators.all(), number)
    withdraw_indicator(actor_of(request), place, indicator=found, because=given.because)
    return numbered(place.indicators.all(), number)


@router.get("/{uuid:incident}/feeds", response=Page[FeedOut])
def list_feeds(request: HttpRequest, incident: UUID, paged: Query[Paged]) -> dict[str, Any]:
    """Files of indicators, each with what its import left out and why."""
    return paged.rows(incident_of(request, incident).feeds.all(), "number")


@router.get("/{uuid:incident}/feeds/{int:number}", response=FeedOut)
def get_feed(request: HttpRequest, incident: UUID, number: int) -> Feed:
    """One file of indicators."""
    return numbered(incident_of(request, incident).feeds.all(), number)


@router.post("/{uuid:incident}/feeds", response={201: FeedOut})
def upload_feed(
    request: HttpRequest, incident: UUID, file: Annotated[UploadedFile, File()],
    source: Annotated[str, Form()] = "", tlp: Annotated[str, Form()] = "",
) -> Status[Feed]:  # fmt: skip
    """Take a file of indicators: STIX 2.1, MISP, CSV, OpenIOC, or a report (multipart)."""
    place, actor = incident_of(request, incident), actor_of(request)
    if not may(actor, place.chain, import_feed):  # before anything is written to the store
        raise Forbidden(f"{actor.name} may not import indicators here")
    name = file.name or "indicators"
    if file.file is None:
        raise Invalid(f"{name} did not arrive.", "file")
    if (file.size or 0) > MOST_FEED:
        raise Invalid(f"{name} is larger than {MOST_FEED} bytes; split it.", "file")
    stored = put(file.file, name)
    account = _read(account_of_feed, stored.path, name)
    count = account.pop("count")
    made = import_feed(actor, place, name=name, stored=stored, count=count, account=account, source=source, tlp=tlp)
    return Status(201, made)


@router.post("/{uuid:incident}/feeds/{int:number}/withdraw", response=FeedOut)
def take_feed_back(request: HttpRequest, incident: UUID, number: int, given: LookingEnds) -> Feed:
    """Stop looking for what a file names."""
    place = incident_of(request, incident)
    withdraw_feed(actor_of(request), place, feed=numbered(place.feeds.all(), number), because=given.because)
    return numbered(place.feeds.all(), number)


@router.get("/{uuid:incident}/yara", response=Page[YaraOut])
def list_yara(request: HttpRequest, incident: UUID, paged: Query[Paged]) -> dict[str, Any]:
    """Files of YARA rules."""
    return paged.rows(incident_of(request, incident).yara_files.all(), "number")


@router.get("/{uuid:incident}/yara/{int:number}", response=YaraOut)
def get_yara(request: HttpRequest, incident: UUID, number: int) -> YaraFile:
    """One file of YARA rules."""
    return numbered(incident_of(request, incident).yara_files.all(), number)


@router.post("/{uuid:incident}/yara", response={201: YaraOut})
def upload_yara(request: HttpRequest, incident: UUID, given: Rules) -> Status[YaraFile]:
    """Scan files with YARA rules. Rules that do not compile are refused, the others are used; 422 where none is left."""
    place, actor = incident_of(request, incident), actor_of(request)
    if not may(actor, place.chain, add_yara):
        raise Forbidden(f"{actor.name} may not add YARA rules here")
    if len(given.text.encode()) > MOST_YARA:
        raise Invalid(f"The rules are larger than {MOST_YARA} bytes; split them.", "text")
    account = _read(account_of_yara, given.text)
    if not account["rules"]:
        raise Invalid(f"No rule can be used: {'; '.join(account['errors'][:20])}", "text")
    made = add_yara(actor, place, name=given.name, text=given.text, rules=account["rules"])
    return Status(201, made)


@router.post("/{uuid:incident}/yara/{int:number}/withdraw", response=YaraOut)
def take_yara_back(request: HttpRequest, incident: UUID, number: int) -> YaraFile:
    """Stop scanning with a file of rules."""
    place = incident_of(request, incident)
    withdraw_yara(actor_of(request), place, file=numbered(place.yara_files.all(), number))
    return numbered(place.yara_files.all(), number)


@router.get("/{uuid:incident}/sightings", response=Page[SightingOut])
def list_sightings(
    request: HttpRequest, incident: UUID, paged: Query[Paged], kind: str | None = None, value: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Indicators that the newest run met, a page at a time: how often, when first and last, the events that prove it."""
    wanted = {k: v for k, v in {"kind": kind, "value": value}.items() if v is not None}
    return paged.rows(Sighting.objects.filter(incident=incident_of(request, incident), **wanted), "pk")


@router.get("/{uuid:incident}/samples", response=Page[SampleRow])
def list_samples(
    request: HttpRequest, incident: UUID, paged: Query[Paged], sha256: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Files of the evidence that are no logs, with triage's verdict, a page at a time."""
    rows = Sample.objects.filter(incident=incident_of(request, incident)).select_related("item").defer("facts")
    return paged.rows(rows.filter(sha256=sha256) if sha256 is not None else rows, "pk")


@router.get("/{uuid:incident}/samples/{int:sample}", response=SampleOut)
def get_sample(request: HttpRequest, incident: UUID, sample: int) -> Sample:
    """One sample, with all that triage found."""
    found = Sample.objects.filter(incident=incident_of(request, incident), pk=sample).select_related("item").first()
    if found is None:
        raise Hidden
    return found


def _read(function: Any, *given: Any) -> dict[str, Any]:
    """What a child with limits makes of somebody's file. Raises Invalid where it cannot."""
    try:
        return account_of(function, *given)
    except ContainedError as error:
        raise Invalid(f"The file cannot be used: {error}", "file") from error
