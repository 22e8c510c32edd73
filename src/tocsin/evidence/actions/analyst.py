"""What analysts do with evidence: indicators and YARA rules to look for, marks on events, searches kept by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tocsin.core.access import incident_role
from tocsin.core.action import Call, Invalid, action
from tocsin.evidence.models import EventMark, EvidenceItem, Feed, Indicator, Sample, SavedSearch, YaraFile
from tocsin.evidence.store import Stored
from tocsin.incidents.actions.common import next_number, words
from tocsin.incidents.models import Incident
from tocsin.lab.indicators import KINDS, kind_of, normal
from tocsin.lab.indicators.importers.defang import MARK, refanged
from tocsin.plan.models import IncidentRole

HANDLES = incident_role(IncidentRole.LEAD, IncidentRole.RESPONDER)
TLP = ("", "CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED")
"""Labels of TLP 2.0, and none."""
MOST_MARKED = 500
"""Events that one call can mark."""
MOST_TAGS = 20


@action("feed.import", HANDLES)
def import_feed(
    call: Call[Incident], *, name: str, stored: Stored, count: int, account: dict[str, Any], source: str = "",
    tlp: str = "",
) -> Feed:  # fmt: skip
    """Take a file of indicators that lies in the store; `count` and `account` are what reading it gave.

    Raises Invalid for a file that is there already, that holds no indicator, or for an unknown marking.
    """
    incident = call.place
    _marking(tlp)
    if not count:
        raise Invalid("The file holds no indicator that could be understood.", "file")
    if incident.feeds.filter(sha256=stored.sha256, withdrawn_at=None).exists():
        raise Invalid("This file of indicators is there already.", "file")
    feed = Feed.objects.create(
        incident=incident, number=next_number(incident.feeds), name=words(name, "name", "a name")[:300],
        sha256=stored.sha256, bytes=stored.bytes, source=source[:200], tlp=tlp, count=count, account=account,
        added_at=call.now, added_by=call.actor.name,
    )  # fmt: skip
    call.record(feed, feed=feed.number, name=feed.name, sha256=stored.sha256, count=count, source=source, tlp=tlp)
    return feed


@action("feed.withdraw", HANDLES)
def withdraw_feed(call: Call[Incident], *, feed: Feed, because: str) -> None:
    """Stop looking for a feed's indicators. Raises Invalid without a reason or when it was withdrawn before."""
    _withdraw(call, feed, because)
    call.record(feed, feed=feed.number, name=feed.name, because=because)


@action("indicator.add", HANDLES)
def add_indicator(
    call: Call[Incident], *, written: str, kind: str = "", source: str = "", confidence: int | None = None,
    tlp: str = "", why: str = "",
) -> Indicator:  # fmt: skip
    """Look for one value; its kind is told from it unless `kind` says it. Defanged forms are understood.

    Raises Invalid where it is no indicator of that kind, is there already, or for a confidence beyond 0 to 100.
    """
    incident = call.place
    _marking(tlp)
    text = refanged(words(written, "written", "a value to look for")[:2000]).replace(MARK, "")
    kind = kind or kind_of(text) or ""
    if not kind:
        raise Invalid("What kind of value this is cannot be told from it; choose its kind.", "kind")
    if kind not in KINDS:
        raise Invalid(f"{kind[:40]!r} is no kind of indicator: {', '.join(KINDS)}.", "kind")
    try:
        value = normal(kind, text)
    except ValueError as error:
        raise Invalid(f"{text[:100]} {error}.", "written") from None
    if confidence is not None and not 0 <= confidence <= 100:
        raise Invalid("Confidence is a number from 0 to 100.", "confidence")
    if incident.indicators.filter(kind=kind, value=value, withdrawn_at=None).exists():
        raise Invalid("This indicator is there already.", "written")
    made = Indicator.objects.create(
        incident=incident, number=next_number(incident.indicators), kind=kind, value=value[:2000], written=text,
        source=source[:200], confidence=confidence, tlp=tlp, why=why[:500], added_at=call.now, added_by=call.actor.name,
    )  # fmt: skip
    call.record(
        made, indicator=made.number, kind=kind, value=made.value, source=source, confidence=confidence, tlp=tlp, why=why
    )
    return made


@action("indicator.withdraw", HANDLES)
def withdraw_indicator(call: Call[Incident], *, indicator: Indicator, because: str) -> None:
    """Stop looking for a value. Raises Invalid without a reason or when it was withdrawn before."""
    _withdraw(call, indicator, because)
    call.record(indicator, indicator=indicator.number, kind=indicator.kind, value=indicator.value, because=because)


@action("yara.add", HANDLES)
def add_yara(call: Call[Incident], *, name: str, text: str, rules: Sequence[str]) -> YaraFile:
    """Take a file of YARA rules that compiled; `rules` are the names of those that can be used."""
    incident = call.place
    if not rules:
        raise Invalid("The file holds no rule that can be used.", "file")
    made = YaraFile.objects.create(
        incident=incident, number=next_number(incident.yara_files), name=words(name, "name", "a name")[:300], text=text,
        rules=list(rules), added_at=call.now, added_by=call.actor.name,
    )  # fmt: skip
    call.record(made, yara=made.number, name=made.name, rules=len(rules))
    return made


@action("yara.withdraw", HANDLES)
def withdraw_yara(call: Call[Incident], *, file: YaraFile) -> None:
    """Stop scanning with a file of YARA rules."""
    _own(call, file)
    if file.withdrawn_at:
        raise Invalid("These rules were withdrawn before.")
    file.withdrawn_at = call.now
    file.save(update_fields=["withdrawn_at"])
    call.record(file, yara=file.number, name=file.name)


@action("sample.release", HANDLES)
def release_sample(call: Call[Incident], *, sample: Sample, why: str) -> None:
    """Record that somebody takes a sample out, encrypted. Raises Invalid without a reason."""
    _own(call, sample)
    call.record(sample, name=sample.name, sha256=sample.sha256, why=words(why, "why", "why it is taken out"))


@action("event.mark", HANDLES)
def mark_events(
    call: Call[Incident], *, events: Sequence[tuple[EvidenceItem, int]], starred: bool | None = None,
    add_tags: Sequence[str] = (), drop_tags: Sequence[str] = (), comment: str = "",
) -> list[EventMark]:  # fmt: skip
    """Star, tag or comment events of the lake, each named by its item and its number there.

    `starred` None leaves stars as they are. Raises Invalid where nothing is said, for too many events or tags.
    """
    tags = list(dict.fromkeys(tag for tag in map(_tag, add_tags) if tag))
    events = list(dict.fromkeys(events))
    dropped = {_tag(text) for text in drop_tags}
    comment = comment.strip()[:2000]
    if not events or (starred is None and not tags and not dropped and not comment):
        raise Invalid("Choose events, and a star, a tag or a comment for them.")
    if len(events) > MOST_MARKED:
        raise Invalid(f"Mark up to {MOST_MARKED} events at a time.")
    made = []
    for item, seq in events:
        _own(call, item)
        mark, _ = EventMark.objects.get_or_create(
            incident=call.place, item=item, seq=seq, defaults={"at": call.now, "by": call.actor.name}
        )
        mark.tags = [*(tag for tag in mark.tags if tag not in dropped), *(tag for tag in tags if tag not in mark.tags)]
        if len(mark.tags) > MOST_TAGS:
            raise Invalid(f"An event carries up to {MOST_TAGS} tags.")
        if starred is not None:
            mark.starred = starred
        if comment:
            mark.comments = [*mark.comments, {"at": call.now.isoformat(), "by": call.actor.name, "text": comment}]
        mark.at, mark.by = call.now, call.actor.name
        mark.save()
        made.append(mark)
    call.record(
        call.place,
        events=[mark.cite for mark in made],
        starred=starred,
        tags=tags,
        dropped=sorted(dropped),
        comment=comment,
    )
    return made


@action("search.save", HANDLES)
def save_search(call: Call[Incident], *, name: str, query: str) -> SavedSearch:
    """Keep a question under a name; a second one of that name takes its place."""
    name = words(name, "name", "a name for the search")[:200]
    made, _ = SavedSearch.objects.update_or_create(
        incident=call.place, name=name, defaults={"query": query[:2000], "at": call.now, "by": call.actor.name}
    )
    call.record(made, name=name, query=made.query)
    return made


@action("search.drop", HANDLES)
def drop_search(call: Call[Incident], *, search: SavedSearch) -> None:
    """Forget a saved search."""
    _own(call, search)
    call.record(search, name=search.name, query=search.query)
    search.delete()


def _tag(text: str) -> str:
    return "-".join(text.strip().lower().split())[:40]


def _marking(tlp: str) -> None:
    if tlp not in TLP:
        raise Invalid(f"{tlp!r} is no marking of TLP 2.0: {', '.join(TLP[1:])}.", "tlp")


def _own(call: Call[Incident], thing: Any) -> None:
    if thing.incident_id != call.place.chain_id:
        raise Invalid("This belongs to another incident.")


def _withdraw(call: Call[Incident], thing: Feed | Indicator, because: str) -> None:
    _own(call, thing)
    if thing.withdrawn_at:
        raise Invalid("This was withdrawn before.")
    thing.withdrawn_because = words(because, "because", "a reason")[:500]
    thing.withdrawn_at = call.now
    thing.save(update_fields=["withdrawn_at", "withdrawn_because"])
