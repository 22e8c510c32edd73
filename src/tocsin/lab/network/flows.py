"""Which events are connections, and SQL for them: the ground of the network analyses.

One connection is often seen twice: by a sensor and by a host, or by the hosts at both ends. Each of these is a
recorder. For a source, destination and port only the recorder counts that saw the most connections; adding
them up would count the same ones again.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from tocsin.lab.lake import Lake
from tocsin.lab.lake.columns import address_key

FLOW_CHANNELS = (
    "zeek/conn",
    "pcap/flow",
    "suricata/flow",
    "suricata/netflow",
    "aws/vpcflow",
    "gcp/vpcflow",
    "azure/vmconnection",
)
"""Logs of which each record is one connection."""
FLOW_CODES = {
    "microsoft-windows-sysmon/operational": "3",
    "linux/sysmon": "3",
    "security": "5156",
}
"""Host logs of which the records with this code are connections."""
NAMED_CHANNELS = (
    "zeek/http",
    "zeek/ssl",
    "pcap/http",
    "pcap/tls",
    "suricata/http",
    "suricata/tls",
    "web/proxy",
)
"""Logs that say which domain a client asked for, which sees through a proxy and through one address with many names."""

INTERNAL = tuple(
    ipaddress.ip_network(text)
    for text in (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "127.0.0.0/8",
        "fc00::/7",
        "fe80::/10",
        "::1/128",
    )
)
"""Networks that are one's own where nobody says otherwise: private, carrier-grade NAT, link-local, loopback."""
NOWHERE = tuple(
    ipaddress.ip_network(text) for text in ("0.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "ff00::/8", "::/128")
)
"""Networks to which no single partner belongs: multicast, broadcast, unspecified."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
FLOW_COLUMNS = (
    *("time", "item", "seq", "channel", "code", "host_name", "src_address", "src_key", "dst_address", "dst_key"),
    *("dst_port", "protocol", "bytes_out", "bytes_in", "duration", "domain"),
)


@dataclass(frozen=True, slots=True)
class Known:
    """A harmless explanation that is worth a doubt: a service that behaves so by its nature."""

    words: str


def flows_sql(lake: Lake, query: str) -> str:
    """Return SQL for CTEs over `events`: `flows`, one row for each connection, only of the recorder that saw the most.

    Events need `FLOW_COLUMNS`. Raises QueryError, LakeError.
    """
    codes = " or ".join(f"(lower(channel) = '{channel}' and code = '{code}')" for channel, code in FLOW_CODES.items())
    channels = ", ".join(f"'{channel}'" for channel in FLOW_CHANNELS)
    seen = f"""select *, hash(channel, host_name) as recorder, hash(src_address, dst_address, dst_port) as pair
        from events where src_address is not null and dst_address is not null and time is not null
            and (lower(channel) in ({channels}) or {codes})"""  # noqa: S608 - our own words only
    [[recorders]] = lake.select(
        f", seen as ({seen}) select count(distinct recorder) from seen",  # noqa: S608
        FLOW_COLUMNS,
        query=query,
    )
    if recorders <= 1:
        return f"flows as not materialized ({seen})"
    return f"""
        seen as not materialized ({seen}),
        speakers as (
            select pair, max_by(recorder, n) as recorder from
                (select pair, recorder, count(*) * 1024 + recorder % 1024 as n from seen group by 1, 2) group by 1
        ),
        flows as not materialized (select seen.* from seen semi join speakers using (pair, recorder))
    """  # noqa: S608 - our own words only


def within_sql(column: str, networks: Iterable[Network], values: dict[str, Any]) -> str:
    """Return SQL that tells whether a key column (`src_key`, `dst_key`) lies in some networks; ends go into values."""
    parts: list[str] = []
    for network in networks:
        low, high = f"net{len(values)}", f"net{len(values) + 1}"
        values[low] = address_key(network.network_address)
        values[high] = address_key(network.broadcast_address)
        parts.append(f"{column} between ${low} and ${high}")
    return "(" + (" or ".join(parts) or "false") + ")"


def external_sql(column: str, internal: Iterable[Network], values: dict[str, Any]) -> str:
    """Return SQL that tells whether a key column is an address outside: not internal, and of one partner."""
    return f"({column} is not null and not {within_sql(column, [*internal, *NOWHERE], values)})"


@cache
def _known() -> dict[str, Any]:
    text = (resources.files("tocsin.lab.network") / "known.yaml").read_text(encoding="utf-8")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def known_service(port: int | None, domain: str | None) -> Known | None:
    """Return the harmless explanation for a port or a domain (with its sub-domains), None where none is known."""
    for entry in _known()["domains"]:
        if domain and any(domain == name or domain.endswith("." + name) for name in entry["names"]):
            return Known(entry["words"])
    for entry in _known()["ports"]:
        if port is not None and port in entry["ports"]:
            return Known(entry["words"])
    return None


def known_dns(domain: str) -> Known | None:
    """Return why many odd names under a registered domain are usual, None where nothing is known."""
    for entry in _known()["dns"]:
        if any(domain == name or domain.endswith("." + name) for name in entry["names"]):
            return Known(entry["words"])
    return None
