"""The scope ledger: what is affected, in which state, since when and on what evidence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from tocsin.core.access import system_only
from tocsin.core.action import Call, Invalid, action
from tocsin.core.canonical import LARGEST_EXACT
from tocsin.incidents.actions.common import WORKS, next_number, words
from tocsin.incidents.models import Confidence, Incident, ScopeChange, ScopeEntry, ScopeKind, ScopeState
from tocsin.incidents.regions import region_of
from tocsin.incidents.suggestions import ScopeSuggestion


@action("scope.add", WORKS)
def add_scope(
    call: Call[Incident],
    *,
    kind: str,
    name: str,
    state: str = ScopeState.SUSPECTED,
    because: str,
    cites: Sequence[str] = (),
    count_low: int | None = None,
    count_high: int | None = None,
    first_seen: datetime | None = None,
    region: str = "",
    confidence: str = "",
) -> ScopeEntry:
    """Put something into scope. Counts are people or records, as a range; `region` is where those people live.

    Raises Invalid for an unknown kind, state or region, a range upside down or below 0, or a thing that stands there
    already (the same people of another region are another entry).
    """
    incident = call.place
    if kind not in set(ScopeKind) or state not in set(ScopeState):
        raise Invalid("Choose a kind and a state from the lists.", "kind")
    numbers = _numbers(kind, count_low, count_high, region, confidence)
    name = words(name, "name", "what is affected")[:300]
    if known := incident.scope.filter(kind=kind, name__iexact=name, region=numbers["region"]).first():
        raise Invalid(f"{known.name} is in scope already as S-{known.number}; change its state there.", "name")
    entry = ScopeEntry.objects.create(
        incident=incident, number=next_number(incident.scope), kind=kind, name=name, state=state,
        first_seen=first_seen, state_since=call.now,
        because=words(because, "because", "why it is in scope"), cites=list(cites), **numbers,
    )  # fmt: skip
    _remember(call, [entry])
    where = {k: numbers[k] for k in ("region", "confidence") if numbers[k]}
    call.record(entry, entry=entry.number, kind=kind, name=name, state=state, because=because, cites=list(cites),
                count_low=count_low, count_high=count_high, **where)  # fmt: skip
    return entry


def _numbers(kind: str, low: int | None, high: int | None, region: str, confidence: str) -> dict[str, Any]:
    """How many, where and how sure, as an entry holds them; raises Invalid."""
    if any(n is not None and not 0 <= n <= LARGEST_EXACT for n in (low, high)):
        raise Invalid("A count is a number from 0 on.", "count_low")
    if low is not None and high is not None and low > high:
        raise Invalid(f"The range runs from {low} down to {high}; swap the two.", "count_low")
    if confidence and confidence not in set(Confidence):
        raise Invalid("Choose how sure the numbers are: low, moderate or high.", "confidence")
    if region.strip() and kind != ScopeKind.DATA_SUBJECTS:
        raise Invalid("Only people have a country here: choose the kind 'Data subjects', or leave it empty.", "region")
    return {"count_low": low, "count_high": high, "region": region_of(region), "confidence": confidence}


@action("scope.count", WORKS)
def count_scope(
    call: Call[Incident], *, entry: ScopeEntry, because: str, count_low: int | None = None,
    count_high: int | None = None, region: str = "", confidence: str = "", cites: Sequence[str] = (),
) -> None:  # fmt: skip
    """Say anew how many an entry is about, where they live and how sure that is. The history keeps what stood before.

    Raises Invalid for what add_scope refuses, when nothing changes, or without a reason.
    """
    if entry.incident_id != call.place.chain_id:
        raise Invalid("This entry belongs to another incident.")
    entry.refresh_from_db()
    now = _numbers(entry.kind, count_low, count_high, region, confidence)
    before = {name: getattr(entry, name) for name in now}
    if now == before:
        raise Invalid("These numbers stand there already.", "count_low")
    others = call.place.scope.filter(kind=entry.kind, name__iexact=entry.name, region=now["region"])
    if other := others.exclude(pk=entry.pk).first():
        raise Invalid(f"S-{other.number} counts these people of that region already; change it there.", "region")
    for name, value in now.items():
        setattr(entry, name, value)
    entry.save(update_fields=list(now))
    reason = words(because, "because", "how that is known")
    _remember(call, [entry], cites, because=reason)
    call.record(entry, entry=entry.number, kind=entry.kind, name=entry.name, before=before, **now, because=reason,
                cites=list(cites))  # fmt: skip


@action("scope.suggest", system_only)
def suggest_scope(call: Call[Incident], *, suggestions: Sequence[ScopeSuggestion], source: str) -> list[ScopeEntry]:
    """Add hosts and accounts that an analysis speaks of, as suspected. What a person cleared stays cleared."""
    incident = call.place
    known = {(e.kind, e.name.casefold()): e for e in incident.scope.all()}
    number = next_number(incident.scope)
    made: list[ScopeEntry] = []
    for s in suggestions:
        name = s.name[:300]
        seen = {"detections": s.detections, "last_seen": s.last_seen, "first_seen": s.first_seen, "cites": s.cites}
        if before := known.get((s.kind, name.casefold())):
            ScopeEntry.objects.filter(pk=before.pk).update(**seen)
            continue
        made.append(
            ScopeEntry(
                incident=incident, number=number + len(made), kind=s.kind, name=name,
                state=ScopeState.SUSPECTED, state_since=call.now, because=s.because, **seen,
            )
        )  # fmt: skip
    ScopeEntry.objects.bulk_create(made)
    _remember(call, list(incident.scope.filter(number__gte=number)))
    call.record(
        incident,
        source=source,
        entries=[{"entry": e.number, "kind": e.kind, "name": e.name, "cites": e.cites} for e in made],
    )
    return made


@action("scope.change", WORKS)
def change_scope(call: Call[Incident], *, entry: ScopeEntry, state: str, because: str,
                 cites: Sequence[str] = ()) -> None:  # fmt: skip
    """Move a scope entry to another state, on evidence. Raises Invalid when nothing changes or no reason is given."""
    if entry.incident_id != call.place.chain_id:
        raise Invalid("This entry belongs to another incident.")
    entry.refresh_from_db()
    if state not in set(ScopeState):
        raise Invalid("Choose a state from the list.", "state")
    if state == entry.state:
        raise Invalid(f"{entry.name} is '{ScopeState(state).label}' already.", "state")
    before, entry.state, entry.state_since = entry.state, state, call.now
    entry.because = words(because, "because", "what shows it")
    entry.save(update_fields=["state", "state_since", "because"])
    _remember(call, [entry], cites)
    call.record(entry, entry=entry.number, kind=entry.kind, name=entry.name, before=before, state=state,
                because=entry.because, cites=list(cites))  # fmt: skip


def _remember(call: Call[Incident], entries: list[ScopeEntry], cites: Sequence[str] = (), because: str = "") -> None:
    ScopeChange.objects.bulk_create(
        ScopeChange(
            entry=e, state=e.state, at=call.now, by=call.actor.name, because=because or e.because,
            cites=list(cites) or e.cites, sequence=call.sequence, count_low=e.count_low, count_high=e.count_high,
            region=e.region, confidence=e.confidence,
        )
        for e in entries
    )  # fmt: skip
