"""An indicator: something to look for in evidence, and who says so."""

from __future__ import annotations

from dataclasses import dataclass, field

MD5, SHA1, SHA256, SHA512 = "md5", "sha1", "sha256", "sha512"
IMPHASH, SSDEEP, JA3, JA4 = "imphash", "ssdeep", "ja3", "ja4"
IP, NETWORK, DOMAIN, URL, EMAIL = "ip", "network", "domain", "url", "email"
FILE_PATH, FILE_NAME, REGISTRY_KEY, COMMAND_LINE = "file_path", "file_name", "registry_key", "command_line"
ACCOUNT, MUTEX, USER_AGENT, SERVICE, PIPE = "account", "mutex", "user_agent", "service", "pipe"

KINDS = (
    MD5, SHA1, SHA256, SHA512, IMPHASH, SSDEEP, JA3, JA4, IP, NETWORK, DOMAIN, URL, EMAIL, FILE_PATH, FILE_NAME,
    REGISTRY_KEY, COMMAND_LINE, ACCOUNT, MUTEX, USER_AGENT, SERVICE, PIPE,
)  # fmt: skip
"""All kinds. A domain also stands for its sub-domains, a registry key for what is below it."""

FILE_HASHES = {MD5: 32, SHA1: 40, SHA256: 64, SHA512: 128}
"""Hashes of a file's content, and their hexadecimal digits."""

LITERAL, WILDCARD, REGEX = "literal", "wildcard", "regex"
"""How a value is meant: as it stands, with * and ?, or as a regular expression (RE2)."""


@dataclass(frozen=True, slots=True)
class Indicator:
    """One value to look for.

    `value` is the normal form in which it is compared, `written` what the source wrote. `confidence` is 0 to
    100. Times are ISO 8601 in UTC with a Z, empty where the source names none. `tlp` is a TLP 2.0 label
    (`CLEAR`, `GREEN`, `AMBER`, `AMBER+STRICT`, `RED`) or empty.
    """

    kind: str
    value: str
    written: str
    source: str = ""
    confidence: int | None = None
    valid_from: str = ""
    valid_until: str = ""
    tlp: str = ""
    tags: tuple[str, ...] = ()
    description: str = ""
    reference: str = ""
    form: str = LITERAL


@dataclass(frozen=True, slots=True)
class Context:
    """What a source says about its indicators beside their values; the fields are those of `Indicator`."""

    source: str = ""
    confidence: int | None = None
    valid_from: str = ""
    valid_until: str = ""
    tlp: str = ""
    tags: tuple[str, ...] = ()
    description: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something an import has to say about one place: what, and where (`line 7`, a STIX id, ...)."""

    place: str
    value: str
    reason: str


MAX_REMARKS = 1000
"""Rejections (and notes) that are spelt out for one import; more are only counted."""
SHOWN = 200
"""Characters of a value that a remark shows."""


@dataclass(slots=True)
class Account:
    """What became of the entries of one import: `read` = `taken` + `duplicates` + `rejected` + `ignored`."""

    source: str = ""
    format: str = ""
    read: int = 0
    taken: int = 0
    duplicates: int = 0
    rejected: int = 0
    ignored: int = 0
    """Entries that are there and are on purpose no indicators (MISP attributes not meant for detection, ...)."""
    kinds: dict[str, int] = field(default_factory=dict)
    """Indicators taken, by kind."""
    rejections: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)
    """Indicators that were taken, but stand for more or less than the source says."""
    noted: int = 0

    def reject(self, place: str, value: str, reason: str) -> None:
        """Count an entry that cannot be used, and say why."""
        self.read += 1
        self.rejected += 1
        if len(self.rejections) < MAX_REMARKS:
            self.rejections.append(Remark(place, value[:SHOWN], reason))

    def ignore(self) -> None:
        """Count an entry that is on purpose no indicator."""
        self.read += 1
        self.ignored += 1

    def note(self, place: str, value: str, reason: str) -> None:
        """Say in what way an indicator that was taken differs from what the source says."""
        self.noted += 1
        if len(self.notes) < MAX_REMARKS:
            self.notes.append(Remark(place, value[:SHOWN], reason))
