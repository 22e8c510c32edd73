"""From a rule's log source to the records that it means."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

WINDOWS = "windows"
PRODUCT = re.compile(r"[a-z0-9_]+", re.ASCII)
"""The first part of a channel beyond Windows. In the channels of Windows with two parts the first has a hyphen, as in
Microsoft-Windows-Sysmon, or else the second tells."""
WINDOWS_TYPES = ("operational", "analytic", "debug", "diagnostic")


@dataclass(frozen=True)
class Source:
    """Records of some channels (lower case, `<product>/*` = all of a product, None = any of Windows), with some event
    ids (None = any), seen through a view."""

    channels: tuple[str, ...] | None
    ids: tuple[int, ...] | None = None
    not_ids: tuple[int, ...] = ()
    view: str = "plain"
    where: tuple[str, tuple[str, ...]] | None = None
    """A field that must have one of some values."""

    def covers(self, channel: str) -> bool:
        """Tell whether records of a channel, in lower case, are meant."""
        if self.channels is None:
            return is_windows(channel)
        return channel in self.channels or f"{channel.partition('/')[0]}/*" in self.channels

    def takes(self, event_id: int | None) -> bool:
        """Tell whether records with an event id are meant."""
        return event_id not in self.not_ids and (self.ids is None or event_id in self.ids)


def is_windows(channel: str) -> bool:
    """Tell whether a channel, in lower case, is one of a Windows event log, and not `<product>/<service>`."""
    product, slash, service = channel.partition("/")
    return not slash or not PRODUCT.fullmatch(product) or service in WINDOWS_TYPES


def routed(channel: str, provider: str, of_providers: Mapping[str, str], of_collectors: Collection[str]) -> str:
    """Return the channel, in lower case, that events are routed by: their own, or that of their provider where they have
    none or that of a collector. Providers and collectors are given in lower case."""
    channel = channel.lower()
    if not channel or channel in of_collectors:
        return of_providers.get(provider.lower(), channel)
    return channel


@cache
def facts() -> dict[str, Any]:
    """Return the facts about log sources."""
    # Late: only needed where rules are compiled.
    from importlib.resources import files

    import yaml

    text = files(__package__).joinpath("logsources.yaml").read_bytes()
    loaded: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return loaded


def sources_of(product: str | None, category: str | None, service: str | None) -> tuple[Source, ...] | str:
    """Return the sources of a log source, or in words why no record that the lab reads answers it."""
    if product == WINDOWS:
        return _windows(category, service)
    known = facts()["no_product"] if product is None else facts()["products"].get(product)
    if known is None:
        return f"no source here records {describe(product, category, service)}"
    for kind, name in (("services", service), ("categories", category)):
        entries = known.get(kind, {}).get(name)
        if entries and isinstance(entries[0], str):
            return (Source(tuple(entries)),)
        if entries:
            return tuple(_source(entry) for entry in entries)
    if product and not service and not category:
        return (Source((f"{product}/*",)),)
    return f"no source here records {describe(product, category, service)}"


def describe(product: str | None, category: str | None, service: str | None) -> str:
    """Return a log source in words."""
    parts = (("product", product), ("category", category), ("service", service))
    return ", ".join(f"{name} {value}" for name, value in parts if value) or "a log source without product and category"


def _windows(category: str | None, service: str | None) -> tuple[Source, ...] | str:
    known = facts()
    if category:
        if category not in known["categories"]:
            return f"no Windows channel is known for category {category}"
        entries = known["categories"][category]
        chosen = [entry for entry in entries if service in (None, entry["service"])]
        if not chosen:
            return f"category {category} is not recorded by service {service}"
        return tuple(_source(entry) for entry in chosen)
    if service:
        if service not in known["services"]:
            return f"no Windows channel is known for service {service}"
        return _service(service)
    return (Source(channels=None),)


def _channels(service: str) -> tuple[str, ...]:
    return tuple(channel.lower() for channel in facts()["services"][service])


def _service(service: str) -> tuple[Source, ...]:
    views: dict[int, str] = facts()["service_views"].get(service, {})
    channels = _channels(service)
    special = [Source(channels, ids=(event_id,), view=view) for event_id, view in views.items()]
    return (Source(channels, not_ids=tuple(views)), *special)


def _source(entry: dict[str, Any]) -> Source:
    where = next(((name, tuple(values)) for name, values in entry.get("where", {}).items()), None)
    channels = tuple(entry["channels"]) if "channels" in entry else _channels(entry["service"])
    ids = tuple(entry["ids"]) if "ids" in entry else None
    return Source(channels, ids, (), entry.get("view", "plain"), where)
