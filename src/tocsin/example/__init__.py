"""The example organization: its plan, a small rule pack and an intrusion to respond to, all invented."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

ORGANIZATION = "Halden Foods AB"

_HERE = Path(__file__).parent
_VERIFIED = re.compile(r"(?<=verified: )\d{4}-\d{2}-\d{2}")

RULES = _HERE / "rules"
"""Folder of the example's own Sigma rules."""


def example_plan_files(today: date | None = None) -> dict[str, str]:
    """The example organization's plan: relative path -> text, ready for `parse_plan`.

    Playbooks and messages are the starter plan's; plan.yaml and contacts.yaml are the organization's own.
    With `today`, the dates on which contacts were verified move along, so that the newest lies a week back:
    a demonstration should not greet its visitor with contacts that went stale since it was written.
    """
    # Late: `tocsin scan` asks for the rules alone, and is to be quick.
    from tocsin.plan.init import starter_files
    from tocsin.plan.load import CONTACTS, PLAN

    own = {name: (_HERE / "plan" / name).read_text(encoding="utf-8") for name in (PLAN, CONTACTS)}
    if today is not None:
        own[CONTACTS] = _verified_until(own[CONTACTS], date.fromordinal(today.toordinal() - 7))
    return dict(sorted({**starter_files(ORGANIZATION), **own}.items()))


def _verified_until(contacts: str, newest: date) -> str:
    """Move all verification dates by the same number of days, so that the newest becomes `newest`."""
    shift = newest.toordinal() - max(date.fromisoformat(d) for d in _VERIFIED.findall(contacts)).toordinal()
    return _VERIFIED.sub(
        lambda found: date.fromordinal(date.fromisoformat(found[0]).toordinal() + shift).isoformat(), contacts
    )
