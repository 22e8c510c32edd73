"""What the investigation's pages say (`{% load tocsin_evidence %}`)."""

from __future__ import annotations

from datetime import UTC, datetime

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tocsin.evidence.drawing import stamp
from tocsin.evidence.models import Detection
from tocsin.evidence.suggest import suggestion_of, suggestion_of_step
from tocsin.evidence.views_explorer import NEAR
from tocsin.evidence.views_explorer import narrowing as narrowed
from tocsin.lab.analyses.answer import Proposal
from tocsin.lab.analyses.names import host_of
from tocsin.lab.attack import TACTICS
from tocsin.lab.attack import technique_name as named
from tocsin.lab.story.steps import Step

register = template.Library()


@register.filter
def narrowing(value: object, name: str) -> str:
    """The question for events that have this value in a column."""
    return narrowed(name, value)


@register.filter
def suggestion_key(proposal: Proposal) -> str:
    """The key by which a proposal is answered."""
    return suggestion_of(proposal).key


@register.filter
def step_key(step: Step) -> str:
    """The key by which a step of the attack is answered."""
    return suggestion_of_step(step).key


@register.filter
def tactic(key: str) -> str:
    """An ATT&CK tactic in words."""
    return TACTICS.get(key, key)


@register.filter
def at_most(value: int, most: int) -> int:
    """A number, cut off at a greatest one."""
    return min(value, most)


@register.filter
def technique_name(technique: str) -> str:
    """A technique's own name, without its parent's; empty where ATT&CK does not know it."""
    name = named(technique)
    return "" if name == technique else name.rpartition(": ")[2]


@register.filter
def log_name(channel: str) -> str:
    """A log's name as short as people say it: Sysmon, PowerShell, Security, linux/auditd."""
    return (channel or "").removeprefix("Microsoft-Windows-").removesuffix("/Operational").removesuffix("/Admin")


@register.simple_tag
def utc(moment: datetime | None, after: datetime | None = None) -> SafeString:
    """An event's time in UTC to the second, as logs and the search write it; the reader's own time on hover.

    The date is left out where it is that of the time `after` which this one stands.
    """
    if moment is None:
        return format_html('<span class="t-mute">{}</span>', _("no time"))
    local = date_format(timezone.localtime(moment), "H:i:s T")
    same = after is not None and moment.astimezone(UTC).date() == after.astimezone(UTC).date()
    style = "%H:%M:%S" if same else "%Y-%m-%d %H:%M:%S"
    return format_html('<time title="{}">{}</time>', local, moment.astimezone(UTC).strftime(style))


@register.filter
def narrow_host(name: str) -> str:
    """A host's name as the lake has it in `host_name`: short, in lower case."""
    return host_of(name)


@register.filter
def near(detection: Detection) -> str:
    """The question for what happened on a detection's host a few minutes before and after."""
    if detection.time is None:
        return ""
    where = f"{narrowed('host_name', host_of(detection.host))} " if detection.host else ""
    return f"{where}time>={stamp(detection.time - NEAR)} time<={stamp(detection.time + NEAR)}"
