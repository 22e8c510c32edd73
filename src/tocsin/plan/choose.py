"""Which playbook fits: by words in the alert and by ATT&CK techniques and tactics among the detections."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tocsin.plan.models import Fits, Plan, Playbook

GENERAL = "general"

# A word was chosen by a person who saw the alert; a tactic is shared by nearly every kind of incident.
_WEIGHTS = {"word": 3.0, "technique": 2.0, "tactic": 0.5}

_WORD = re.compile(r"[^\W_]+")
_ATTACK_PREFIX = re.compile(r"^attack\.", re.IGNORECASE)


@dataclass
class _Match:
    playbook: Playbook
    score: float = 0.0
    hits: dict[str, list[str]] = field(default_factory=lambda: {"word": [], "technique": [], "tactic": []})


def fitting_playbook(plan: Plan, words: str, techniques: Iterable[str], tactics: Iterable[str]) -> tuple[Playbook, str]:
    """The playbook that fits best, and the reason in words.

    `words` is the text of the alert; `techniques` are ATT&CK ids ("T1486", "attack.t1059.001"); `tactics` are
    names or ids ("impact", "credential-access", "TA0040"). A hit counts less the more playbooks list it. A
    playbook that lists T1059 is hit by T1059.001, not the other way round. Equal scores: the graver severity,
    then the id. Nothing fits: the playbook `general`. Raises LookupError when the plan has none.
    """
    seen = (_squeeze(words), {_technique(t) for t in techniques}, {_tactic(t) for t in tactics})
    candidates = [p for p in plan.playbooks.values() if p.id != GENERAL]
    owners = Counter(key for p in candidates for key in set(_keys(p.fits)))
    matches = [_match(p, seen, owners) for p in candidates]
    best = min(matches, key=lambda m: (-m.score, m.playbook.severity, m.playbook.id), default=None)
    if best is not None and best.score > 0:
        return best.playbook, _reason(best)
    if GENERAL not in plan.playbooks:
        raise LookupError("no playbook fits and the plan has no playbook 'general' to fall back on; add one")
    return plan.playbooks[GENERAL], "No playbook's words, techniques or tactics fit, so the general one runs."


def _match(playbook: Playbook, seen: tuple[str, set[str], set[str]], owners: Counter[tuple[str, str]]) -> _Match:
    match = _Match(playbook)
    for kind, key in dict.fromkeys(_keys(playbook.fits)):
        if _hit(kind, key, seen):
            match.score += _WEIGHTS[kind] / owners[kind, key]
            match.hits[kind].append(key)
    return match


def _hit(kind: str, key: str, seen: tuple[str, set[str], set[str]]) -> bool:
    text, techniques, tactics = seen
    if kind == "word":
        return f" {key} " in text
    if kind == "technique":
        return any(t == key or t.startswith(key + ".") for t in techniques)
    return key in tactics


def _keys(fits: Fits) -> list[tuple[str, str]]:
    return (
        [("word", _squeeze(w).strip()) for w in fits.words if _squeeze(w).strip()]
        + [("technique", _technique(t)) for t in fits.techniques]
        + [("tactic", _tactic(t)) for t in fits.tactics]
    )


def _squeeze(text: str) -> str:
    """Lower case, words parted and framed by blanks, so that ' word ' is found only as a whole word."""
    found = " ".join(_WORD.findall(text.casefold()))
    return f" {found} "


def _technique(text: str) -> str:
    return _ATTACK_PREFIX.sub("", text.strip()).upper()


def _tactic(text: str) -> str:
    return re.sub(r"[\s_]+", "-", _ATTACK_PREFIX.sub("", text.strip())).casefold()


def _reason(match: _Match) -> str:
    names = (
        ("word", "the alert says"),
        ("technique", "ATT&CK techniques among the detections:"),
        ("tactic", "tactics:"),
    )
    parts = []
    for kind, lead in names:
        hits = match.hits[kind]
        if hits:
            listed = ", ".join(f"'{h}'" if kind == "word" else h for h in hits[:6])
            more = f" and {len(hits) - 6} more" if len(hits) > 6 else ""
            parts.append(f"{lead} {listed}{more}")
    return f"{match.playbook.title}: {'; '.join(parts)}."
