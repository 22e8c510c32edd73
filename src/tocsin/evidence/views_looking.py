"""Indicators and YARA rules that an incident looks for, what was met of them, and the samples in the evidence."""

from __future__ import annotations

from typing import IO, Any, cast

from django.core.paginator import Paginator
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tocsin.core.access import Forbidden, Hidden
from tocsin.core.action import Invalid
from tocsin.core.canonical import storable
from tocsin.evidence.actions.analyst import (
    TLP,
    add_indicator,
    add_yara,
    import_feed,
    withdraw_feed,
    withdraw_indicator,
    withdraw_yara,
)
from tocsin.evidence.handing_out import hand_out
from tocsin.evidence.looking import MOST_FEED, MOST_YARA, account_of
from tocsin.evidence.models import Sample, Sighting
from tocsin.evidence.store import put
from tocsin.incidents.pages import IncidentRequest, act_on, asked, on_incident, place, sent, sent_number
from tocsin.lab.casework import account_of_feed, account_of_yara
from tocsin.lab.containment import ContainedError
from tocsin.lab.indicators import KINDS
from tocsin.people.pages import done

ROWS = 100
SHOWN = 200
"""Strings and embedded indicators of a sample that its page shows."""
GRAVE = ("critical", "high", "medium", "low", "informational", "")


@on_incident
def indicators(request: IncidentRequest) -> HttpResponse:
    """What is looked for, and what was met."""
    incident = request.incident
    sightings = Sighting.objects.filter(incident=incident).select_related("run")
    page = Paginator(sightings, ROWS).get_page(asked(request, "page"))
    context = {
        "tab": "indicators",
        "feeds": incident.feeds.all(),
        "own": incident.indicators.all(),
        "yara": incident.yara_files.all(),
        "page": page,
        "sightings": page.object_list,
        "total": page.paginator.count,
        "kinds": KINDS,
        "markings": TLP[1:],
        "run": incident.runs.last(),
        "kept": "",
    }
    return render(request, "evidence/indicators.html", context)


@act_on
def feed_import(request: IncidentRequest) -> HttpResponse:
    """Take a file of indicators, read it in a child with limits, and say what it held."""
    if not request.can["feed_import"]:
        raise Forbidden(_("Importing indicators is for those who lead or respond in this incident."))
    file = request.FILES.get("file")
    if file is None:
        raise Invalid(_("Choose a file."), "file")
    if (file.size or 0) > MOST_FEED:
        raise Invalid(_("The file is larger than %d bytes; split it.") % MOST_FEED, "file")
    name = file.name or "indicators"
    stored = put(cast("IO[bytes]", file.file), name)
    try:
        account = account_of(account_of_feed, stored.path, name)
    except ContainedError as error:
        said = _("%(name)s cannot be read as indicators: %(error)s") % {"name": name, "error": error}
        raise Invalid(said, "file") from error
    feed = import_feed(
        request.actor, request.incident, name=name, stored=stored, count=account.pop("count"), account=account,
        source=sent(request, "source"), tlp=sent(request, "tlp"),
    )  # fmt: skip
    said = ngettext("%d indicator is looked for.", "%d indicators are looked for.", feed.count) % feed.count
    return done(
        request, place(request, "indicators"), said + " " + _("Analyse again to compare the evidence with them.")
    )


@act_on
def feed_withdraw(request: IncidentRequest, feed: int) -> HttpResponse:
    """Stop looking for a feed."""
    found = request.incident.feeds.filter(number=feed).first()
    if found is None:
        raise Hidden
    withdraw_feed(request.actor, request.incident, feed=found, because=sent(request, "because"))
    return done(request, place(request, "indicators"), _("%s is withdrawn.") % found.name)


@act_on
def indicator_add(request: IncidentRequest) -> HttpResponse:
    """Look for one value."""
    made = add_indicator(
        request.actor, request.incident, written=sent(request, "written"), kind=sent(request, "kind"),
        source=sent(request, "source"), confidence=sent_number(request, "confidence"), tlp=sent(request, "tlp"),
        why=sent(request, "why"),
    )  # fmt: skip
    return done(request, place(request, "indicators"), _("%s is looked for from the next analysis on.") % made.value)


@act_on
def indicator_withdraw(request: IncidentRequest, indicator: int) -> HttpResponse:
    """Stop looking for a value."""
    found = request.incident.indicators.filter(number=indicator).first()
    if found is None:
        raise Hidden
    withdraw_indicator(request.actor, request.incident, indicator=found, because=sent(request, "because"))
    return done(request, place(request, "indicators"), _("%s is withdrawn.") % found.value)


@act_on
def yara_add(request: IncidentRequest) -> HttpResponse:
    """Take a file of YARA rules; errors name their line."""
    if not request.can["yara_add"]:
        raise Forbidden(_("Adding YARA rules is for those who lead or respond in this incident."))
    file = request.FILES.get("file")
    if file is None:
        raise Invalid(_("Choose a file."), "file")
    content = file.read(MOST_YARA + 1)
    if len(content) > MOST_YARA:
        raise Invalid(_("The file is larger than %d bytes; split it.") % MOST_YARA, "file")
    name, text = file.name or "rules.yar", storable(content.decode("utf-8", "replace"))
    try:
        account = account_of(account_of_yara, text)
    except ContainedError as error:
        raise Invalid(_("The rules cannot be compiled: %s") % error, "file") from error
    if account["errors"] and not account["rules"]:
        raise Invalid(_("No rule can be used: %s") % "; ".join(account["errors"][:5]), "file")
    add_yara(request.actor, request.incident, name=name, text=text, rules=account["rules"])
    said = ngettext("%d rule is used.", "%d rules are used.", len(account["rules"])) % len(account["rules"])
    if account["errors"]:
        said += " " + _("Refused: %s") % "; ".join(account["errors"][:3])
    return done(request, place(request, "indicators"), said)


@act_on
def yara_withdraw(request: IncidentRequest, yara: int) -> HttpResponse:
    """Stop scanning with a file of rules."""
    found = request.incident.yara_files.filter(number=yara).first()
    if found is None:
        raise Hidden
    withdraw_yara(request.actor, request.incident, file=found)
    return done(request, place(request, "indicators"), _("%s is withdrawn.") % found.name)


@on_incident
def samples(request: IncidentRequest) -> HttpResponse:
    """The samples in the evidence, the gravest first."""
    rows = list(Sample.objects.filter(incident=request.incident).select_related("item").defer("facts"))
    rows.sort(
        key=lambda row: (GRAVE.index(row.severity) if row.severity in GRAVE else len(GRAVE), not row.yara, row.pk)
    )
    page = Paginator(rows, ROWS).get_page(asked(request, "page"))
    stage = next((one for one in getattr(request.incident.runs.last(), "stages", []) if one["name"] == "samples"), None)
    context = {
        "tab": "samples",
        "samples": page.object_list,
        "page": page,
        "total": len(rows),
        "stage": stage,
        "kept": "",
    }
    return render(request, "evidence/samples.html", context)


def _sample(request: IncidentRequest, number: int) -> Sample:
    found = Sample.objects.filter(incident=request.incident, pk=number).select_related("item", "run").first()
    if found is None:
        raise Hidden
    return found


@on_incident
def sample(request: IncidentRequest, sample: int) -> HttpResponse:
    """One sample: hashes, signs, strings, what is in it."""
    found = _sample(request, sample)
    facts: dict[str, Any] = found.facts
    anatomy = [
        (name, value) for name, value in (facts.get("facts") or {}).items() if not isinstance(value, (dict, list))
    ]
    context = {
        "tab": "samples",
        "sample": found,
        "facts": facts,
        "anatomy": anatomy,
        "hashes": facts.get("hashes", {}).items(),
        "strings": facts.get("strings", [])[:SHOWN],
        "embedded": facts.get("indicators", [])[:SHOWN],
        "others": Sample.objects.filter(incident=request.incident, sha256=found.sha256).exclude(pk=found.pk)[:20],
    }
    return render(request, "evidence/sample.html", context)


@act_on
def sample_take(request: IncidentRequest, sample: int) -> HttpResponseBase:
    """Give a sample out as an encrypted archive, with the reason in the log."""
    found = _sample(request, sample)
    archive = hand_out(request.actor, request.incident, found, sent(request, "why"))
    return FileResponse(
        archive, as_attachment=True, filename=f"{(found.sha256 or 'sample')[:16]}.zip", content_type="application/zip"
    )
