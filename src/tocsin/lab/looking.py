"""What is looked for beside rules: indicators in events and files, YARA rules in files and members of archives.

What is met takes the form of a rule's match, so that all can be listed together: `met` holds what the indicator or
the YARA rule says, and `more` what it adds to the event's own fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from tocsin.lab.record import Record, Tally

if TYPE_CHECKING:
    from tocsin.lab.indicators import Matcher, Sighting
    from tocsin.lab.sources.rows import Rows
    from tocsin.lab.triage.yara import YaraMatch, YaraRules

LOOK = "look"
"""Kind of a part that stands for the whole file, to be looked at as a file."""
FILES = "file"
"""The channel of a match that is a file's and no event's."""
MOST_YARA_BYTES = 256 * 1024**2
"""Bytes of a file that YARA rules are matched with; they take a file whole into memory."""
MOST_PLACES = 10
"""Places of one YARA pattern that a match shows."""
YARA_LEVELS = ("informational", "low", "medium", "high", "critical")
YARA, INDICATOR = "yara:", "indicator:"
"""How the ids of such matches begin."""


@dataclass(frozen=True)
class Looking:
    """What is looked for: a compiled set of indicators, files and folders of YARA rules; `key` names exactly these."""

    indicators: Path | None = None
    yara: tuple[Path, ...] = ()
    key: str = ""


@dataclass
class LookedFor:
    """The account of it, and how often it was met."""

    indicators: int = 0
    feeds: list[dict[str, Any]] = field(default_factory=list)
    """What each file of indicators gave, see `indicators.Account`."""
    left_out: int = 0
    """Indicators that the compiled set could not take."""
    yara_rules: int = 0
    yara_refused: list[dict[str, Any]] = field(default_factory=list)
    """File, line, rule and reason of each YARA rule that does not compile."""
    sightings: int = 0
    yara_matches: int = 0

    def met(self, counts: LookedFor) -> LookedFor:
        """Return this account with another's counts of what was met."""
        return replace(self, sightings=counts.sightings, yara_matches=counts.yara_matches)


def prepare_looking(indicators: Sequence[Path], yara: Sequence[Path]) -> bytes:
    """Compile indicators and YARA rules and return, as JSON, what to look for and its account. Runs in a child.

    Raises OSError where a file cannot be read, UnreadableFeedError where a feed is of no known format.
    """
    account, key, compiled = LookedFor(), "", None
    if indicators:
        from tocsin.lab.indicators import load_indicators

        feeds = load_indicators(indicators)
        account.indicators, account.left_out, compiled = feeds.count, len(feeds.left_out), str(feeds.path)
        account.feeds = [
            {"file": str(path), **asdict(each)} for path, each in zip(indicators, feeds.accounts, strict=True)
        ]
        key += feeds.path.name
    if yara:
        from tocsin.lab.triage.yara import load_yara

        rules = load_yara(yara)
        account.yara_rules, account.yara_refused = rules.count, [asdict(each) for each in rules.refused]
        key += f" {rules.key}"
    looking = {"indicators": compiled, "yara": [str(path) for path in yara], "key": key}
    return orjson.dumps({"looking": looking, "account": account})


def looking_of(prepared: bytes) -> tuple[Looking, LookedFor]:
    """Return what `prepare_looking` prepared."""
    said = orjson.loads(prepared)
    looking = said["looking"]
    indicators = Path(looking["indicators"]) if looking["indicators"] else None
    yara = tuple(Path(path) for path in looking["yara"])
    return Looking(indicators, yara, looking["key"]), LookedFor(**said["account"])


def met_in_rows(rows: Rows, looking: Looking) -> dict[int, list[dict[str, Any]]]:
    """Return what indicators are met in some events, by the events' index."""
    matcher = _matcher(looking.indicators)
    if matcher is None:
        return {}
    found = ((index, matcher.match(rows.record(index))) for index in range(len(rows)))
    return {index: [_sighted(each) for each in sightings] for index, sightings in found if sightings}


def look_at_files(files: Sequence[tuple[Path, str]], looking: Looking) -> bytes:
    """Return, as JSON, for each of some files (path, name) what it is or holds of what is looked for. Runs in a child.

    Raises OSError where a file cannot be read, TimeoutError or ValueError where YARA rules cannot be matched with it.
    """
    return orjson.dumps([_look_at(path, name, looking) for path, name in files])


def _look_at(path: Path, shown: str, looking: Looking) -> dict[str, Any]:
    from tocsin.lab.indicators.files import digests

    tally = Tally()
    size = path.stat().st_size
    name = shown.replace("\\", "/").rpartition("!")[2]
    fields: dict[str, Any] = {"FileName": name.rpartition("/")[2], "FilePath": name, **digests(path), "Size": size}
    matcher, rules = _matcher(looking.indicators), _yara(looking.yara)
    met = [_sighted(each) for each in matcher.match_fields(fields)] if matcher else []
    if rules and size <= MOST_YARA_BYTES:
        from tocsin.lab.triage.yara import scan_file

        met += [_matched(each) for each in scan_file(rules, path)]
    elif rules:
        tally.problem(f"larger than {MOST_YARA_BYTES} bytes, so YARA rules were not matched with it")
    event = {"time": "", "host": "", "record_id": None, "event_id": None, "channel": FILES, "fields": fields}
    return {"tally": tally, "hits": [{"rules": [], "met": met, "event": event}] if met else []}


def _sighted(sighting: Sighting) -> dict[str, Any]:
    from tocsin.lab.indicators.sightings import to_detection

    # The event is added by whoever lists the match.
    found = to_detection(sighting, Record(None, "", "", "", "", None, {}, {}))
    return {"rule_id": found.rule_id, "title": found.title, "level": found.level, "tags": found.tags,
            "author": found.author, "more": found.fields}  # fmt: skip


def _matched(match: YaraMatch) -> dict[str, Any]:
    said = {name.lower(): str(value) for name, value in match.meta.items()}
    level = next(
        (said[name].lower() for name in ("level", "severity") if said.get(name, "").lower() in YARA_LEVELS), "high"
    )
    patterns = [{"id": one["id"], "places": one["places"][:MOST_PLACES]} for one in match.patterns]
    return {
        "rule_id": f"{YARA}{match.file}:{match.rule}",
        "title": f"YARA {match.rule}",
        "level": level,
        "tags": ["tocsin.yara", *(f"attack.{tag.lower()}" if _is_technique(tag) else tag for tag in match.tags)],
        "author": said.get("author", ""),
        "more": {"Yara": {"rule": match.rule, "file": match.file, "meta": match.meta, "strings": patterns}},
    }


def _is_technique(tag: str) -> bool:
    """Tell whether a YARA tag is an ATT&CK technique, which has no dots there: T1003 or T1003_001."""
    return tag[:1] in "Tt" and tag[1:].replace("_", "").isdecimal() and len(tag) in (5, 9)


@lru_cache(maxsize=2)
def _matcher(indicators: Path | None) -> Matcher | None:
    if indicators is None:
        return None
    from tocsin.lab.indicators import Matcher

    return Matcher(indicators)


@lru_cache(maxsize=2)
def _yara(paths: tuple[Path, ...]) -> YaraRules | None:
    if not paths:
        return None
    from tocsin.lab.triage.yara import load_yara

    return load_yara(paths)
