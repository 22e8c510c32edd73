"""Lint of people: functions, roles, contacts and audiences."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import date
from functools import cache
from zoneinfo import available_timezones

from tocsin.plan.lint_view import View, near, vocabulary
from tocsin.plan.models import Contact, Discipline, Function, IncidentRole, Role, Sourcing
from tocsin.plan.offset import Offset

FRESH_DAYS = 90
MANY_ROLES = 3

_URL = re.compile(r"^[a-z][a-z0-9+.-]*:\S+$")
_TEL = re.compile(r"^tel:\+?[0-9().\- ]{3,}$")
_MAILTO = re.compile(r"^mailto:[^@\s]+@[^@\s]+$")


def check_people(view: View) -> None:
    """Who is missing, unknown, stale or out of reach."""
    _organization(view)
    _functions(view)
    for key, role in view.plan.roles.items():
        _role(view, key, role)
    if not any(role.access is IncidentRole.LEAD for role in view.plan.roles.values()):
        view.in_plan("no-lead", ("roles",), "no role has access 'lead'")
    _audiences(view)
    used = _used_contacts(view)
    for key, contact in view.plan.contacts.items():
        _contact(view, key, contact)
        if key not in used:
            view.in_contacts("unused-contact", ("contacts", key), f"contact '{key}' ({contact.name}) is used nowhere")
    _many_roles(view)
    _calendars(view)
    _comcheck(view)


def _calendars(view: View) -> None:
    named = {role.on_call.file for role in view.plan.roles.values() if role.on_call}
    for name in view.reading.calendars:
        if name not in named:
            view.add_at("unused-calendar", name, 1, f"'{name}' is the calendar of no role")


def _comcheck(view: View) -> None:
    rule = view.plan.comcheck
    if rule and not 1 <= days_of(rule.every) <= 730:
        view.in_plan("comcheck-rhythm", ("comcheck", "every"), f"a check every {rule.every} cannot be meant")
    if rule and not 0 < days_of(rule.closes_after) <= 60:
        view.in_plan("comcheck-rhythm", ("comcheck", "closes_after"), f"a check open for {rule.closes_after}")


def days_of(length: Offset) -> float:
    """A length of time in days; a month counts 30, a business day one."""
    return length.elapsed.total_seconds() / 86_400 + length.business_days + 30 * length.months


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())  # reads a folder


def _organization(view: View) -> None:
    organization = view.plan.organization
    for index, country in enumerate(organization.countries):
        code = country.split("-")[0]
        if code not in vocabulary("countries"):
            what = f"'{country}' is no country code (ISO 3166: two capital letters)"
            view.in_plan("unknown-country", ("organization", "countries", index), what)
    if organization.time_zone not in _zones():
        what = f"'{organization.time_zone}' is no time zone{near(organization.time_zone, _zones())}"
        view.in_plan("unknown-time-zone", ("organization", "time_zone"), what)


def _functions(view: View) -> None:
    plan = view.plan
    served = {role.function for role in plan.roles.values()}
    for function in Function:
        service, path = plan.functions.get(function), ("functions", function.value)
        name = function.value.replace("_", " ")
        if service is None:
            view.in_plan("function-missing", ("functions",), f"the function '{function.value}' is not in the plan")
            continue
        if service.sourcing is not Sourcing.IN_HOUSE and service.provider is None:
            view.in_plan("no-provider", path, f"{name} is {service.sourcing.value} but names no provider")
        if service.provider is not None and service.provider not in plan.contacts:
            _unknown_contact(view, (*path, "provider"), service.provider, f"the provider of {name}")
        if service.sourcing is not Sourcing.OUTSOURCED and function not in served:
            view.in_plan("function-unserved", path, f"no role serves {name}")
    analysis = plan.functions.get(Function.TECHNICAL_ANALYSIS)
    if analysis is None or analysis.sourcing is Sourcing.OUTSOURCED:
        return
    covered = {role.discipline for role in plan.roles.values() if role.function is Function.TECHNICAL_ANALYSIS}
    for discipline in Discipline:
        if discipline not in covered:
            what = f"no role of technical analysis has the discipline '{discipline.value}'"
            view.in_plan("discipline-missing", ("functions", "technical_analysis"), what)


def _role(view: View, key: str, role: Role) -> None:
    path = ("roles", key)
    if role.holder is None:
        view.in_plan("role-no-holder", path, f"role '{key}' ({role.title}) has no holder")
    elif role.holder not in view.plan.contacts:
        _unknown_contact(view, (*path, "holder"), role.holder, f"the holder of {role.title}")
    if not role.backups:
        view.in_plan("role-no-backup", path, f"role '{key}' ({role.title}) has no backup")
    for index, backup in enumerate(role.backups):
        place = (*path, "backups", index)
        if backup not in view.plan.contacts:
            _unknown_contact(view, place, backup, f"a backup of {role.title}")
        if backup == role.holder:
            view.in_plan("backup-is-holder", place, f"'{backup}' is both holder and backup of {role.title}")
        if backup in role.backups[:index]:
            view.in_plan("backup-twice", place, f"'{backup}' is twice a backup of {role.title}")
    if role.function is Function.TECHNICAL_ANALYSIS and role.discipline is None:
        view.in_plan("role-no-discipline", path, f"role '{key}' serves technical analysis without a discipline")
    if role.function is not Function.TECHNICAL_ANALYSIS and role.discipline is not None:
        view.in_plan("stray-discipline", (*path, "discipline"), f"role '{key}' serves {role.function.value}")
    _on_call(view, key, role)


def _on_call(view: View, key: str, role: Role) -> None:
    if role.on_call is None:
        return
    path = ("roles", key, "on_call", "calendar")
    name = role.on_call.file
    if name and name not in view.reading.calendars:
        what = f"the calendar of {role.title} is '{name}', which is not in the plan{near(name, view.reading.calendars)}"
        view.in_plan("no-calendar", path, what)
    elif name and "BEGIN:VCALENDAR" not in view.reading.calendars[name].upper():
        view.add_at("bad-calendar", name, 1, f"'{name}' does not begin with BEGIN:VCALENDAR")
    elif role.on_call.url.startswith("http:"):
        view.in_plan("open-calendar", path, f"the calendar of {role.title} is fetched without encryption")


def _unknown_contact(view: View, path: tuple[str | int, ...], contact: str, who: str) -> None:
    what = f"{who} is '{contact}', who is not in contacts.yaml{near(contact, view.plan.contacts)}"
    view.in_plan("unknown-contact", path, what)


def _audiences(view: View) -> None:
    for key, audience in view.plan.audiences.items():
        if not audience.contacts:
            view.in_plan("audience-empty", ("audiences", key), f"audience '{key}' ({audience.title}) has no contacts")
        for index, contact in enumerate(audience.contacts):
            if contact not in view.plan.contacts:
                path = ("audiences", key, "contacts", index)
                _unknown_contact(view, path, contact, f"a contact of audience '{key}'")


def _called_contacts(view: View) -> set[str]:
    """Who has to answer when an incident begins: holders, backups and providers."""
    called = {service.provider or "" for service in view.plan.functions.values()}
    for role in view.plan.roles.values():
        called.update((role.holder or "", *role.backups))
    return called


def _used_contacts(view: View) -> set[str]:
    used = {contact for audience in view.plan.audiences.values() for contact in audience.contacts}
    used |= {step.recipient or "" for playbook in view.plan.playbooks.values() for step in playbook.steps}
    return used | _called_contacts(view)


def _contact(view: View, key: str, contact: Contact) -> None:
    path, name = ("contacts", key), f"contact '{key}' ({contact.name})"
    if not contact.methods:
        view.in_contacts("contact-no-method", path, f"{name} has no way to be reached")
        return
    if contact.name.lower().startswith("fill in"):
        view.in_contacts("fill-in", (*path, "name"), f"contact '{key}' still has to be filled in")
    else:
        _freshness(view, key, contact, name)
    if contact.time_zone and contact.time_zone not in _zones():
        what = f"'{contact.time_zone}' is no time zone{near(contact.time_zone, _zones())}"
        view.in_contacts("unknown-time-zone", (*path, "time_zone"), what)
    if key in _called_contacts(view) and {method.kind for method in contact.methods} == {"mail"}:
        view.in_contacts("mail-only", path, f"{name} can be reached by mail only")
    for index, method in enumerate(contact.methods):
        if not _reachable(method.kind, method.url):
            place = (*path, "methods", index, "url")
            view.in_contacts("bad-url", place, f"'{method.url}' is no address for {method.kind}")


def _freshness(view: View, key: str, contact: Contact, name: str) -> None:
    for index, method in enumerate(contact.methods):
        if method.verified and method.verified > view.today:
            place = ("contacts", key, "methods", index, "verified")
            view.in_contacts("verified-later", place, f"{name} says verified on {method.verified}, which is to come")
    dates = [method.verified for method in contact.methods if method.verified]
    asked, answered = key in view.reached, view.reached.get(key)
    if answered:
        dates.append(answered)
    if asked and _not_reached(view, key, answered, name):
        return  # one warning for one telephone that nobody answers
    if not dates:
        view.in_contacts("contact-unverified", ("contacts", key), f"{name} has never been verified")
    elif (view.today - max(dates)).days > FRESH_DAYS:
        days = (view.today - max(dates)).days
        view.in_contacts("contact-unverified", ("contacts", key), f"{name} was last verified {days} days ago")


def _not_reached(view: View, key: str, answered: date | None, name: str) -> bool:
    period = days_of(view.plan.comcheck.every) if view.plan.comcheck else FRESH_DAYS
    if answered is None:
        view.in_contacts("contact-not-reached", ("contacts", key), f"{name} was asked and has never answered")
    elif (view.today - answered).days > period:
        view.in_contacts("contact-not-reached", ("contacts", key), f"{name} was not reached since {answered}")
    else:
        return False
    return True


def _reachable(kind: str, url: str) -> bool:
    if kind == "in_person":
        return bool(url.strip())
    if url.startswith("tel:"):
        return bool(_TEL.match(url))
    if url.startswith("mailto:"):
        return bool(_MAILTO.match(url))
    return bool(_URL.match(url))


def _many_roles(view: View) -> None:
    held: dict[str, list[str]] = defaultdict(list)
    for role in view.plan.roles.values():
        contact = view.plan.contacts.get(role.holder or "")
        if role.holder and contact and contact.kind == "person":
            held[role.holder].append(role.title)
    for key, count in Counter({holder: len(titles) for holder, titles in held.items()}).items():
        if count > MANY_ROLES:
            what = f"{view.plan.contacts[key].name} holds {count} roles: {', '.join(held[key])}"
            view.in_contacts("many-roles", ("contacts", key), what)
