"""Which address is which host, as far as the evidence proves it."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.lab.analyses.names import host_of
from tocsin.lab.lake import Lake

SURE = 0.9
"""A host has an address where it has this share of the events that speak of it; below, both are named."""
COLUMNS = ("channel", "code", "host_name", "user_name", "src_address", "dst_address")
FIELDS = {
    "Initiated": "initiated",
    "Direction": "direction",
    "AuthenticationPackageName": "package",
    "LogonType": "kind",
}
OUTBOUND = "%%14593"
"""Direction in Windows Filtering Platform events (5156)."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Address -> host name, and the addresses that several hosts had (leased anew, or translated)."""

    hosts: dict[str, str]
    shared: dict[str, tuple[str, ...]]

    def name(self, address: str) -> str:
        """Return the host that an address is, or the address itself."""
        return self.hosts.get(address, address)


def addresses_of_hosts(lake: Lake, *, query: str = "") -> Addresses:
    """Return which address is which host.

    Three things prove it: a host that logs its own connection (Sysmon 3, 5156 outbound), and a machine account that logs
    on over the network with Kerberos (4624): nobody else has its key. Workstation names in NTLM logons prove nothing,
    as the client writes what it likes. Raises QueryError, LakeError.
    """
    rows = lake.select(
        _sql(),
        COLUMNS,
        fields=FIELDS,
        query=query,
    )
    votes: dict[str, dict[str, int]] = {}
    for address, host, count in rows:
        told = votes.setdefault(address, {})
        told[host_of(host)] = told.get(host_of(host), 0) + count
    hosts: dict[str, str] = {}
    shared: dict[str, tuple[str, ...]] = {}
    for address, told in votes.items():
        best = max(told, key=lambda name: (told[name], name))
        if told[best] >= SURE * sum(told.values()):
            hosts[address] = best
        else:
            shared[address] = tuple(sorted(told))
    return Addresses(hosts, shared)


def _sql() -> str:
    """Return SQL for how many events say that an address is a host."""
    return f"""
    , told as (
        select src_address as address, host_name as host from events
        where code = '3' and lower(initiated) = 'true' or code = '5156' and direction = '{OUTBOUND}'
        union all
        select dst_address, host_name from events where code = '3' and lower(initiated) = 'false'
        union all
        select src_address, rtrim(user_name, '$') from events
        where code = '4624' and kind = '3' and lower(package) = 'kerberos' and ends_with(user_name, '$')
    )
    select address, host, count(*) from told
    where address is not null and host is not null and address <> '::1'
        and not starts_with(address, '127.') and not starts_with(address, '224.') and not starts_with(address, '239.')
        and not starts_with(address, 'ff0') and not ends_with(address, '.255') and address not in ('0.0.0.0', '::')
    group by 1, 2 order by 1, 3 desc, 2
    """  # noqa: S608 - our own words only
