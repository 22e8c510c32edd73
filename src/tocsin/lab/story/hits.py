"""A hit: what the story needs of a detection, with the accounts and addresses that its event names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from tocsin.lab.analyses.names import BUILT_IN_DOMAINS, NOBODY
from tocsin.lab.attack import tactics_for, techniques_of
from tocsin.lab.lake.columns import address_of

LEVELS = ("informational", "low", "medium", "high", "critical")
ACCOUNT_FIELDS = (
    *("User", "TargetUserName", "SubjectUserName", "SourceUser", "TargetUser"),  # Windows, Sysmon
    *("UserPrincipalName", "userPrincipalName", "properties.userPrincipalName", "UserId"),  # Entra ID, Microsoft 365
    *("userIdentity.userName", "actor.alternateId", "protoPayload.authenticationInfo.principalEmail"),  # AWS, Okta, GCP
)
"""Fields that name the account that acted or was acted on."""
ADDRESS_FIELDS = (
    *("IpAddress", "SourceIp", "DestinationIp", "SourceAddress", "DestAddress", "ClientAddress"),  # Windows, Sysmon
    *("id.orig_h", "id.resp_h", "src_ip", "dest_ip", "c-ip", "dst_ip"),  # Zeek, Suricata, web
    *("sourceIPAddress", "ClientIP", "ClientIPAddress", "ipAddress", "client.ipAddress", "callerIpAddress"),  # clouds
)
"""Fields that name an address at either end."""
ABOUT_GROUPS = {str(number) for number in (*range(4727, 4738), *range(4744, 4765), 4799)}
"""Security events in which TargetUserName is a group (Microsoft, "Audit Security Group Management")."""
MAX_FIELD = 300
"""Characters: what is longer is no name."""


class Matched(Protocol):
    """What a detection must tell: the lab's own and a stored one both do."""

    @property
    def rule_id(self) -> str: ...  # noqa: D102 - the names are what they mean
    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def level(self) -> str: ...  # noqa: D102
    @property
    def tags(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def time(self) -> Any: ...  # noqa: D102
    @property
    def host(self) -> str: ...  # noqa: D102
    @property
    def event_id(self) -> Any: ...  # noqa: D102
    @property
    def fields(self) -> Mapping[str, Any]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Hit:
    """A detection as the story sees it."""

    id: str
    """The caller's own name for the detection."""
    rule_id: str
    title: str
    level: str
    tags: tuple[str, ...]
    time: datetime | None
    host: str
    accounts: tuple[str, ...]
    addresses: tuple[str, ...]
    event: str
    """How the event is cited, or its id in the lake."""

    @classmethod
    def of(cls, detection: Matched, id_: str, event: str) -> Hit:
        """Return the hit of a detection; `time` may be ISO 8601 text or a datetime with a zone."""
        time = detection.time
        if isinstance(time, str):
            time = _moment(time)
        accounts = dict.fromkeys(accounts_in(detection.fields, str(detection.event_id or "")))
        return cls(
            id_,
            detection.rule_id,
            detection.title,
            detection.level,
            tuple(detection.tags),
            time,
            detection.host,
            tuple(accounts),
            tuple(dict.fromkeys(addresses_in(detection.fields))),
            event,
        )

    @property
    def rank(self) -> int:
        """How grave the level is: 0 informational to 4 critical."""
        return rank(self.level)

    @property
    def techniques(self) -> list[str]:
        """The ATT&CK techniques that the rule names."""
        return techniques_of(self.tags)

    @property
    def tactics(self) -> list[str]:
        """The ATT&CK tactics that the rule serves, in the order of the matrix."""
        return tactics_for(self.techniques, self.tags)


def rank(level: str) -> int:
    """Return how grave a level is: 0 informational to 4 critical; an unknown level counts as the least."""
    return LEVELS.index(level) if level in LEVELS else 0


def accounts_in(fields: Mapping[str, Any], event_id: str = "") -> Iterator[str]:
    """Yield the accounts of people and services that an event names, as DOMAIN\\name where it names the domain.

    Machines' and built-in accounts are left out. In events about groups the target is the group, not an account;
    user@REALM, as Kerberos and clouds write it, is REALM\\user.
    """
    for field in ACCOUNT_FIELDS:
        value = fields.get(field)
        if not isinstance(value, str) or not 0 < len(value.strip()) <= MAX_FIELD:
            continue
        if field == "TargetUserName" and event_id in ABOUT_GROUPS:
            continue
        domain, _, name = value.strip().rpartition("\\")
        if "@" in name:
            name, _, domain = name.partition("@")
        if not domain and (beside := fields.get(field.replace("UserName", "DomainName"))) != value:
            domain = beside.strip() if isinstance(beside, str) and beside.strip() not in ("", "-") else ""
        if NOBODY.match(name) or domain.casefold() in BUILT_IN_DOMAINS:
            continue
        yield f"{domain}\\{name}" if domain else name


def addresses_in(fields: Mapping[str, Any]) -> Iterator[str]:
    """Yield the IP addresses at either end that an event names, without loopback and unspecified ones."""
    for field in ADDRESS_FIELDS:
        value = fields.get(field)
        if not isinstance(value, str) or len(value) > MAX_FIELD:
            continue
        address = address_of(value)
        if address and not (address.is_loopback or address.is_unspecified or address.is_multicast):
            yield str(address)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
