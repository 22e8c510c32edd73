"""How people are reached, as a person with a telephone and paper needs it; nothing secret of an address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tocsin.plan.models import Contact, ContactMethod

View = dict[str, Any]
DIALLED = ("tel", "sms")
LANGUAGES = {
    "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian",
    "ar": "Arabic", "fi": "Finnish", "fr": "French", "hi": "Hindi", "hu": "Hungarian", "ig": "Igbo", "it": "Italian",
    "ja": "Japanese", "ko": "Korean", "tw": "Twi", "xh": "Xhosa", "yo": "Yoruba", "zu": "Zulu",
    "lt": "Lithuanian", "lv": "Latvian", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sk": "Slovak", "sv": "Swedish", "ta": "Tamil", "tr": "Turkish",
    "uk": "Ukrainian", "zh": "Chinese",
}  # fmt: skip


@dataclass(frozen=True)
class Way:
    """One way to reach somebody: `kind` as the plan says it, `said` as one dials or writes it, when it was verified.

    `by_hand` is false where only a machine can use the way: its address holds keys, which are never printed.
    """

    kind: str
    said: str
    by_hand: bool
    verified: str


def ways(contact: Contact) -> list[Way]:
    """The contact's ways, telephones first, in the plan's order otherwise."""
    found = [_way(method) for method in contact.methods]
    return sorted(found, key=lambda way: (not way.by_hand, way.kind not in ("phone", "sms"), way.kind == "mail"))


def _way(method: ContactMethod) -> Way:
    parts = urlsplit(method.url)
    verified = method.verified.isoformat() if method.verified else ""
    if parts.scheme in DIALLED:
        return Way(method.kind, grouped(unquote(parts.path)), by_hand=True, verified=verified)
    if parts.scheme == "mailto" and not parts.netloc:  # Apprise's own mailto://user:password@host is none
        return Way("mail", unquote(parts.path), by_hand=True, verified=verified)
    if not parts.scheme:
        return Way(method.kind, method.url, by_hand=True, verified=verified)
    return Way(method.kind, parts.scheme, by_hand=False, verified=verified)


def grouped(number: str) -> str:
    """A telephone number in groups that can be read aloud: '+46701740606' as '+46 701 740 606'."""
    digits = "".join(c for c in number if c.isdigit())
    if not number.startswith("+") or number.strip("+").strip().isdigit() is False or len(digits) < 8:
        return number
    country = next((c for c in (digits[:n] for n in (1, 2, 3)) if c in _COUNTRIES), digits[:3])
    rest = digits[len(country) :]
    first = len(rest) % 3 or 3
    first += 3 if first == 1 else 0  # no digit stands alone
    groups = [rest[:first], *(rest[i : i + 3] for i in range(first, len(rest), 3))]
    return " ".join([f"+{country}", *groups])


# One- and two-digit country codes of ITU-T E.164 are these; all others have three digits.
_TWO = (20, 27, *range(30, 35), 36, *range(39, 42), *range(43, 50), *range(51, 59), *range(60, 67), 81, 82, 84, 86,
        *range(90, 96), 98)  # fmt: skip
_COUNTRIES = frozenset(str(code) for code in (1, 7, *_TWO))


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name; UTC where there is none: a plan may say what no system knows."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def local(at: datetime | None, zone: str) -> str | None:
    """An instant as the house's clock shows it, ISO 8601 to the minute; None for none."""
    return at.astimezone(zone_of(zone)).isoformat(timespec="minutes") if at else None


def local_time(zone: str, home: str, at: datetime) -> str:
    """How a person's clock differs from the organization's: 'same time as here', '1 h behind us', in summer and winter.

    `at` says the year. A zone that is not known is named as it stands; none gives an empty text.
    """
    if not zone:
        return ""
    try:
        theirs, ours = ZoneInfo(zone), ZoneInfo(home)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return zone
    days = [at.replace(month=month, day=15, hour=12) for month in (1, 7)]
    gaps = [(_offset(day, theirs) - _offset(day, ours)) for day in days]
    said = [_gap(gap) for gap in gaps]
    return said[0] if said[0] == said[1] else f"{said[0]} in January, {said[1]} in July"


def _offset(day: datetime, zone: ZoneInfo) -> timedelta:
    return day.astimezone(zone).utcoffset() or timedelta(0)


def _gap(gap: timedelta) -> str:
    minutes = int(gap.total_seconds() // 60)
    if minutes == 0:
        return "our time"
    hours, rest = divmod(abs(minutes), 60)
    size = f"{hours} h {rest} min" if rest and hours else f"{rest} min" if rest else f"{hours} h"
    return f"{size} {'ahead of us' if minutes > 0 else 'behind us'}"


def languages(codes: tuple[str, ...]) -> str:
    """Language codes as words: 'Dutch, English'; a code that is not known stands as it is."""
    return ", ".join(LANGUAGES.get(code.lower(), code) for code in codes)


def person(contact: Contact, home: str, at: datetime, *, key: str = "", seat: str = "") -> View:
    """Everything about one contact that a page prints. `seat` says whether they hold a role or stand behind it."""
    all_ways = ways(contact)
    by_hand = [way for way in all_ways if way.by_hand]
    numbers = [way for way in by_hand if way.kind in ("phone", "sms", "radio", "in_person")]
    checked = max((way.verified for way in by_hand if way.verified), default="")
    return {
        "key": key,
        "name": contact.name,
        "seat": seat,
        "title": contact.title,
        "organization": contact.organization if contact.outside else "",
        "outside": contact.outside,
        "languages": languages(contact.languages),
        "time": local_time(contact.time_zone, home, at),
        "numbers": [{"kind": _word(way.kind), "said": way.said} for way in numbers],
        "others": [{"kind": _word(way.kind), "said": way.said} for way in by_hand if way not in numbers],
        "machine": sorted({way.said for way in all_ways if not way.by_hand}),
        "verified": checked,
        "note": contact.note,
    }


def _word(kind: str) -> str:
    return {"sms": "text", "in_person": "go there"}.get(kind, kind)
