"""Whatever stands in an address, its query or a form: an answer, never a defect. Over every pattern that there is.

What a view reads is taken from its module's source, so that a new field is tried from its first day. TOCSIN_SOAK=1
tries more values.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from signing_in import as_user

import factories
from access_arguments import TWO
from tocsin.core.access import OrgRole
from tocsin.incidents import actions
from tocsin.incidents.models import Incident
from tocsin.plan.models import IncidentRole

pytestmark = pytest.mark.django_db
S = factories.SYSTEM
READS = re.compile(r"""(?:asked\w*\(\s*request,\s*|GET(?:\.get|\.getlist)?[\[(]\s*)["'](\w+)""")
TAKES = re.compile(
    r"""(?:sent\w*\(\s*request,\s*|member_of\(\s*request,\s*|POST(?:\.get|\.getlist)?[\[(]\s*)["'](\w+)"""
)
NUMBERS = ["9" * 30]
TEXTS = ["a%00b", "%ED%A0%80", "%0D%0AX:y"]
ALONE = ["9" * 30]
"""What each field of a query is tried with by itself; the others in one request with all fields."""
TOGETHER = ["a%00b", "%C2%B2", "9999-12-31T23:59:59-23:59"]
FORMS = ["a%00b", "9" * 30]
if os.environ.get("TOCSIN_SOAK"):
    NUMBERS += [str(2**63), "0"]
    TEXTS += ["%00", "%FF", "%C2%B2", "'%22%3C%25", "x" * 3000, "-1", "..%2F.."]
    ALONE += [
        *TOGETHER, "%ED%A0%80", "%00", "%FF", "%D9%A3", "-1", "0", str(2**63), "9" * 5000, "1e999", "nan", "1_000", "[[[",
        "0001-01-01", "2026-13-45", "x" * 3000, "~", "'%22%3C%25", "9999-12-31T23:59:59%2B00:00",
        "9999-12-31T23:59:59~" + "9" * 30,
    ]  # fmt: skip
    FORMS = ALONE


def patterns() -> Iterator[tuple[str, Any]]:
    """Every address of the site but the API's (which schemathesis tries), with its view."""

    def walk(found: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, Any]]:
        for one in found:
            route = prefix + str(one.pattern)
            if route.startswith("api/"):
                continue
            if isinstance(one, URLResolver):
                yield from walk(one.url_patterns, route)
            else:
                yield route, one.callback

    yield from walk(get_resolver().url_patterns, "")


ALL = [(route, view) for route, view in patterns() if "^" not in route and "(?" not in route]


def names(view: Any, what: re.Pattern[str]) -> list[str]:
    """What the module of a view reads of a query or a form."""
    module = sys.modules[inspect.unwrap(view).__module__]
    if not module.__name__.startswith("tocsin"):
        return ["next", "q", "page"]
    return sorted(set(what.findall(Path(str(module.__file__)).read_text(encoding="utf-8"))))


def addresses(route: str, known: dict[str, str], odd: bool) -> Iterator[str]:
    """The address with what there is in its places; with `odd`, each place in turn holds each odd value."""
    places = re.findall(r"<(?:(\w+):)?(\w+)>", route)

    def filled(other: dict[str, str]) -> str:
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda m: other.get(m[1], known.get(m[1], "1")), route)

    if not odd:
        yield filled({})
        return
    for kind, name in places:
        for value in NUMBERS if kind == "int" else [] if kind == "uuid" else TEXTS:
            yield filled({name: value})


@pytest.fixture
def place(incident: Incident, tmp_path: Path) -> Incident:
    """An incident with something of every kind in it."""
    actions.state_finding(S, incident, claim="PowerShell ran", confidence="low")
    entry = actions.add_scope(S, incident, kind="host", name="SRV-01", because="log")
    actions.plan_remediation(S, incident, entry=entry, what="Reinstall", role="incident_manager")
    actions.open_decision(S, incident, question="Cut the line?", options=TWO, role="incident_manager")
    actions.create_note(S, incident, title="A note", text="Words")
    factories.evidence(incident, tmp_path, name="a.evtx")
    return incident


@pytest.fixture
def browser(place: Incident) -> Client:
    """Somebody who may do everything: what is refused for want of a right is not tried."""
    found = as_user(factories.on(place, IncidentRole.LEAD, OrgRole.ADMINISTRATOR))
    found.raise_request_exception = False
    return found


def known(place: Incident) -> dict[str, str]:
    return {"number": place.number, "slug": place.organization.slug, "role": "incident_manager", "name": "ransom_demanded",
            "message": "all-clear", "to": "tasks", "incident": str(place.pk)}  # fmt: skip


def failures(asked: Iterator[tuple[str, str, Any]]) -> list[str]:
    return [f"{method} {address[:200]}" for method, address, answer in asked if answer.status_code >= 500]


def test_odd_addresses(browser: Client, place: Incident) -> None:
    def ask() -> Iterator[tuple[str, str, Any]]:
        for route, _view in ALL:
            for address in addresses(route, known(place), odd=True):
                answer = browser.get(address)
                yield "GET", address, answer
                if answer.status_code == 405:
                    yield "POST", address, browser.post(address)

    assert failures(ask()) == []


def test_odd_queries(browser: Client, place: Incident) -> None:
    def ask() -> Iterator[tuple[str, str, Any]]:
        for route, view in ALL:
            for address in addresses(route, known(place), odd=False):
                fields = names(view, READS)
                queries = [f"{name}={value}" for name in fields for value in ALONE]
                queries += ["&".join(f"{name}={value}" for name in fields) for value in TOGETHER if fields]
                for query in queries:
                    answer = browser.get(f"{address}?{query}")
                    if answer.status_code == 405:
                        break
                    yield "GET", f"{address}?{query}", answer

    assert failures(ask()) == []


def test_odd_forms(browser: Client, place: Incident) -> None:
    def ask() -> Iterator[tuple[str, str, Any]]:
        for route, view in ALL:
            if "sign-out" in route:
                continue
            for address in addresses(route, known(place), odd=False):
                for value in FORMS:
                    body = "&".join(f"{name}={value}" for name in names(view, TAKES))
                    answer = browser.post(address, body, content_type="application/x-www-form-urlencoded")
                    if answer.status_code == 405:
                        break
                    yield f"POST {value[:30]}", address, answer

    assert failures(ask()) == []
