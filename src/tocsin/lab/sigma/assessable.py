"""Which rules the evidence at hand cannot answer, although it has events of the rules' category.

Security 4688 tells of a process start less than Sysmon 1 does: a rule that must have `OriginalFileName`
cannot match there. Silence of such a rule means nothing, so a scan lists it.
"""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.lab.sigma.compiled import CompiledRules, RefusedRule
from tocsin.lab.sigma.logsources import Source, is_windows

Events = Mapping[str, Mapping[str, int]]
"""Numbers of events by channel and event id."""


def unanswered(compiled: CompiledRules, events: Events) -> list[RefusedRule]:
    """Return the rules whose events were there only in a form that lacks a field which they must have."""
    seen = {entry.source for entry in compiled.sources if _is_seen(entry.source, events, compiled)}
    elsewhere: set[int] = set()
    for entry in compiled.sources:
        if entry.source in seen and entry.source.view not in compiled.view_fields:
            elsewhere.update(entry.rules)
    found: dict[int, RefusedRule] = {}
    for entry in compiled.sources:
        facts = compiled.view_fields.get(entry.source.view)
        if facts is None or entry.source not in seen:
            continue
        recorded = {None, *facts["fields"]}
        for number in entry.rules:
            lacking = [] if number in elsewhere else _lacking(compiled, number, recorded)
            if lacking:
                rule = compiled.rules[number]
                reason = f"must have {' and '.join(lacking)}, which {facts['label']} does not record"
                found[number] = RefusedRule(rule.file, 1, rule.id, rule.title, reason)
    return [found[number] for number in sorted(found)]


def without_events(compiled: CompiledRules, events: Events) -> dict[str, list[str]]:
    """Return the ids of the rules of whose log sources there was no event at all, by log source."""
    seen = {number for entry in compiled.sources if _is_seen(entry.source, events, compiled) for number in entry.rules}
    missing = {
        name: [compiled.ids[number] for number in numbers if number not in seen]
        for name, numbers in sorted(compiled.logsources.items())
    }
    return {name: ids for name, ids in missing.items() if ids}


def _is_seen(source: Source, events: Events, compiled: CompiledRules) -> bool:
    of_windows = source.channels is None or any(map(is_windows, source.channels))
    for name, by_id in events.items():
        channel = name.lower()
        # What a collector forwarded under its own channel may be of any channel of Windows.
        forwarded = of_windows and (not channel or channel in compiled.collector_channels)
        if (forwarded or source.covers(channel)) and any(
            source.takes(int(event_id) if event_id.isdecimal() else None) for event_id in by_id
        ):
            return True
    return False


def _lacking(compiled: CompiledRules, number: int, recorded: set[str | None]) -> list[str]:
    """Return the fields that a rule cannot match without and that are not recorded."""
    for clause in compiled.necessities[number].clauses:
        names = {name for name, _ in clause}
        if not names & recorded:
            return sorted(name for name in names if name is not None)
    return []
