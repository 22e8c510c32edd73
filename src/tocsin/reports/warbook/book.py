"""The war-book's data from a plan: cover, first fifteen minutes, call tree, severity, clocks, playbooks, messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tocsin.plan.models import Factor, IncidentRole, Plan, Role
from tocsin.plan.names import contact_name, listed, role_name, words
from tocsin.plan.show import FUNCTION_TITLES
from tocsin.reports.warbook import steps
from tocsin.reports.warbook.reach import person, zone_of

View = dict[str, Any]


@dataclass(frozen=True)
class Issue:
    """What makes this print of the book one of its own: when, of which plan version, marked how, from where.

    `version` is the plan's SHA-256, `number` counts the organization's imports (0: from a folder), `address` is where
    Tocsin runs (empty: not known), `made_by` who had it made.
    """

    at: datetime
    version: str
    number: int = 0
    tlp: str = "TLP:AMBER+STRICT"
    address: str = ""
    made_by: str = ""


def warbook(plan: Plan, issue: Issue) -> View:
    """Everything that the book prints, as plain values. The same plan and issue give the same book."""
    return {
        "meta": meta(plan, issue),
        "start": _start(plan, issue),
        "functions": _functions(plan, issue),
        "outside": _outside(plan, issue),
        "directory": _directory(plan, issue),
        "escalation": _escalation(plan),
        "severity": severity(plan),
        "duties": steps.duties(plan),
        "playbooks": [steps.playbook(plan, book) for book in plan.playbooks.values()],
        "messages": [steps.message(plan, sent) for sent in plan.messages.values()],
    }


def meta(plan: Plan, issue: Issue) -> View:
    """The cover's data, and what stands on every page."""
    facts = plan.organization
    made = issue.at.astimezone(zone_of(facts.time_zone))
    return {
        "organization": facts.name,
        "short": facts.short or facts.name,
        "zone": facts.time_zone,
        "made": made.isoformat(timespec="minutes"),
        "made_utc": issue.at.astimezone(UTC).isoformat(timespec="minutes"),
        "renew": _months_on(made.year, made.month, 3),
        "version": issue.version,
        "number": issue.number,
        "tlp": issue.tlp,
        "address": issue.address,
        "made_by": issue.made_by,
        "exercise": False,
        "counts": {"roles": len(plan.roles), "contacts": len(plan.contacts), "playbooks": len(plan.playbooks),
                   "messages": len(plan.messages)},
    }  # fmt: skip


def _months_on(year: int, month: int, months: int) -> str:
    month += months
    return f"{year + (month - 1) // 12}-{(month - 1) % 12 + 1:02d}"


def _leads(plan: Plan) -> list[Role]:
    return [role for role in plan.roles.values() if role.access is IncidentRole.LEAD]


def _people(plan: Plan, role: Role, issue: Issue) -> list[View]:
    keys = [(role.holder, "holder"), *((key, f"backup {n}") for n, key in enumerate(role.backups, 1))]
    home = plan.organization.time_zone
    return [
        person(plan.contacts[key], home, issue.at, key=key, seat=seat) for key, seat in keys if key in plan.contacts
    ]


def _start(plan: Plan, issue: Issue) -> View:
    first = _leads(plan)[:1]
    scribes = [r for k, r in plan.roles.items() if k == "scribe"]
    worst = plan.severity.levels.get(1)
    return {
        "lead": {"title": first[0].title, "people": _people(plan, first[0], issue)} if first else None,
        "scribe": scribes[0].title if scribes else "",
        "at_once": [role_name(plan, key) for key in worst.call] if worst else [],
        "playbooks": [
            {"id": book.id, "title": book.title, "words": ", ".join(book.fits.words[:6])}
            for book in plan.playbooks.values()
        ],
    }


def _functions(plan: Plan, issue: Issue) -> list[View]:
    found = []
    for function, title in FUNCTION_TITLES.items():
        service = plan.functions.get(function)
        roles = [role for role in plan.roles.values() if role.function is function]
        provider = contact_name(plan, service.provider) if service and service.provider else ""
        found.append(
            {
                "title": title,
                "provider": provider,
                "note": service.note if service else "",
                "roles": [
                    {
                        "title": role.title,
                        "duties": role.duties,
                        "authority": listed((words(a) for a in role.authority), "") if role.authority else "",
                        "rota": role.on_call is not None,
                        "people": _people(plan, role, issue),
                    }
                    for role in roles
                ],
            }
        )
    return found


def _outside(plan: Plan, issue: Issue) -> list[View]:
    home = plan.organization.time_zone
    outside = [(key, c) for key, c in plan.contacts.items() if c.outside or c.kind == "organization"]
    return [person(c, home, issue.at, key=key) for key, c in sorted(outside, key=lambda kc: kc[1].name.casefold())]


def _directory(plan: Plan, issue: Issue) -> list[View]:
    home = plan.organization.time_zone
    inside = [(key, c) for key, c in plan.contacts.items() if not (c.outside or c.kind == "organization")]
    return [person(c, home, issue.at, key=key) for key, c in sorted(inside, key=lambda kc: kc[1].name.casefold())]


def _escalation(plan: Plan) -> list[View]:
    rules = sorted(plan.escalation, key=lambda rule: rule.severity)
    return [
        {
            "severity": f"{rule.severity} {plan.severity.levels[rule.severity].name}"
            if rule.severity in plan.severity.levels
            else str(rule.severity),
            "after": str(rule.no_answer_after),
            "then": [role_name(plan, key) for key in rule.then],
        }
        for rule in rules
    ]


def severity(plan: Plan) -> View:
    """The severity matrix: six questions, and the levels that their points add up to."""
    matrix = plan.severity
    return {
        "factors": [
            {
                "title": words(factor).capitalize(),
                "question": matrix.factors[factor].question,
                "levels": [{"points": level.points, "means": level.means} for level in matrix.factors[factor].levels],
            }
            for factor in Factor
            if factor in matrix.factors
        ],
        "levels": [
            {
                "number": number,
                "name": level.name,
                "from": level.from_points,
                "means": level.means,
                "every": str(level.report_every),
                "call": [role_name(plan, role) for role in level.call],
            }
            for number, level in sorted(matrix.levels.items())
        ],
    }
