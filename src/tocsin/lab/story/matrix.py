"""The ATT&CK matrix of some detections: tactics in their order, and in each the techniques seen, with counts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tocsin.lab.attack import TACTICS, tactics_for, technique_name
from tocsin.lab.story.hits import LEVELS, Hit


@dataclass(frozen=True, slots=True)
class Cell:
    """A technique within a tactic, and what was detected of it."""

    technique: str
    name: str
    detections: int
    rules: tuple[str, ...]
    """Titles, by how often they fired."""
    hosts: tuple[str, ...]
    level: str


@dataclass(frozen=True, slots=True)
class TacticColumn:
    """A tactic and its techniques, those with the gravest and most detections first."""

    tactic: str
    name: str
    cells: tuple[Cell, ...]
    detections: int
    """Detections of the tactic, each counted once."""


def attack_matrix(hits: Iterable[Hit]) -> tuple[TacticColumn, ...]:
    """Return a column for every tactic of ATT&CK, empty ones too. A technique that serves several tactics stands under
    those that the rule's tags name."""
    cells: dict[tuple[str, str], list[Hit]] = {}
    counts = dict.fromkeys(TACTICS, 0)
    for hit in hits:
        tactics = hit.tactics
        for tactic in tactics:
            counts[tactic] += 1
        for technique in hit.techniques:
            for tactic in tactics_for([technique], hit.tags):
                cells.setdefault((tactic, technique), []).append(hit)
    columns: list[TacticColumn] = []
    for tactic, name in TACTICS.items():
        made = [_cell(technique, group) for (of, technique), group in cells.items() if of == tactic]
        made.sort(key=lambda cell: (-LEVELS.index(cell.level), -cell.detections, cell.technique))
        columns.append(TacticColumn(tactic, name, tuple(made), counts[tactic]))
    return tuple(columns)


def _cell(technique: str, group: list[Hit]) -> Cell:
    rules: dict[str, int] = {}
    for hit in group:
        rules[hit.title] = rules.get(hit.title, 0) + 1
    return Cell(
        technique,
        technique_name(technique),
        len(group),
        tuple(sorted(rules, key=lambda title: (-rules[title], title))),
        tuple(sorted({hit.host for hit in group if hit.host})),
        LEVELS[max(hit.rank for hit in group)],
    )
