"""What the worked-out tables share: a fact sheet on one line, and what the engine made of it on one line.

Times are texts in UTC ("2026-11-25 14:00"), written out by hand in the tables and never worked out by a calendar here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tocsin.law.engine import Duty, evaluate
from tocsin.law.facts import Facts, Range
from tocsin.law.load import regime
from tocsin.law.models import Regime


def utc(text: str) -> datetime:
    """The instant of a text in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def sheet(
    roles: str = "", flags: str = "", data: str = "", people: str = "", *, places: str = "", at: Mapping[str, str],
    filed: Mapping[tuple[str, str], str] | None = None, **more: Any,
) -> Facts:  # fmt: skip
    """Facts: flags "ransomware !malware" (! is false), people "US-CA=501 DE=10-20 FR=5+", and no others anywhere."""
    return Facts(
        instants={name: utc(text) for name, text in at.items()},
        roles=frozenset(roles.split()),
        flags={flag.lstrip("!"): not flag.startswith("!") for flag in flags.split()},
        data_categories=frozenset(data.split()),
        affected=dict(_count(one) for one in people.split()),
        all_regions_known=more.pop("all_regions_known", True),
        operates_in=frozenset(places.split()),
        submissions={key: [utc(text)] for key, text in (filed or {}).items()},
        **more,
    )


def _count(text: str) -> tuple[str, Range]:
    region, _, number = text.partition("=")
    low, _, high = number.rstrip("+").partition("-")
    return region, Range(int(low), None if number.endswith("+") else int(high or low))


def duty(facts: Facts, rule: str | Regime) -> Duty:
    """The duty of one regime, by its id or as it is."""
    return evaluate(facts, [regime(rule) if isinstance(rule, str) else rule])[0]


def shown(found: Duty) -> dict[str, str]:
    """Its stages by name: "running 2026-11-25 14:00 > 2026-12-02 22:30:00" (state, start, deadline; - is none)."""
    return {
        c.stage: f"{c.state} {f'{c.starts_at:%Y-%m-%d %H:%M}' if c.starts_at else '-'} > {c.due_at or '-'}".removesuffix("+00:00")
        for c in found.stages
    }  # fmt: skip


def check(facts: Facts, rule: str | Regime, verdict: str, stages: Mapping[str, str] | None = None) -> None:
    """The verdict and, where given, all stages are as worked out by hand."""
    found = duty(facts, rule)
    assert found.verdict == verdict, [reason.sentence for reason in found.reasons]
    if stages is not None:
        assert shown(found) == stages


def bounds(
    rule: str | Regime, roles: str, flags: str, data: str = "", people: str = "", *, other: str = "controller",
    verdict: str = "may_apply",
) -> None:  # fmt: skip
    """The rule holds for each of the roles, flags and kinds of data alone; and not without any, nor for others elsewhere."""
    held, events, kinds = roles.split(), flags.split(), data.split() or [""]
    off = " ".join(f"!{flag}" for flag in events)
    who, what, which = held[0], f"{off} {events[0]}", kinds[0]
    fit = [(role, what, which) for role in held] + [(who, what, kind) for kind in kinds]
    for role, flag, kind in fit + [(who, f"{off} {flag}", which) for flag in events]:
        assert duty(sheet(role, flag, kind, people, at={}), rule).verdict == verdict, (role, flag, kind)
    unfit = [(who, off, which, people)] + ([(other, what, which, people)] if other else [])
    unfit += ([(who, what, "cui", people)] if data else []) + ([(who, what, which, "JP=9")] if people else [])
    for role, flag, kind, where in unfit:
        assert duty(sheet(role, flag, kind, where, at={}), rule).verdict == "does_not_apply", (role, flag, kind, where)
