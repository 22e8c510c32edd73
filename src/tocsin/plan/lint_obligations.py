"""Lint of obligations.yaml and of what steps say about duties: regimes and stages that are not there, ids taken twice."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.law.load import library
from tocsin.law.models import Regime
from tocsin.plan.lint_view import View, near
from tocsin.plan.load import OBLIGATIONS
from tocsin.plan.yamlfile import Path


def check_obligations(view: View) -> None:
    """Our own clauses, then the targets, then the regimes that steps name."""
    reviewed = {regime.id: regime for regime in library()}
    known: dict[str, Regime] = dict(reviewed)
    for index, clause in enumerate(view.plan.obligations.clauses):
        place: Path = ("clauses", index)
        if clause.id in known:
            where = "in Tocsin's library" if clause.id in reviewed else "above"
            what = f"'{clause.id}' is the id of a duty {where} already"
            view.add("duplicate-regime", OBLIGATIONS, (*place, "id"), what)
        known.setdefault(clause.id, clause)
    for index, clause in enumerate(view.plan.obligations.clauses):
        for number, other in enumerate(clause.related):
            if other not in known:
                what = f"'{other}' is no duty of the library or of this plan{near(other, known)}"
                view.add("unknown-regime", OBLIGATIONS, ("clauses", index, "related", number), what)
    for path, what in _targets(view, known):
        view.add("unknown-regime", OBLIGATIONS, path, what)
    for file, playbook in view.reading.playbooks.values():
        for index, step in enumerate(playbook.steps):
            if step.regime is not None and step.regime not in known:
                what = f"'{step.regime}' is no duty of the library or of this plan{near(step.regime, known)}"
                view.add("unknown-regime", file, ("steps", index, "regime"), what)


def _targets(view: View, known: dict[str, Regime]) -> Iterator[tuple[Path, str]]:
    for regime, given in view.plan.obligations.targets.items():
        if regime not in known:
            yield (
                ("targets", regime),
                f"'{regime}' is no duty of the library or of this plan{near(regime, known)}",
            )
            continue
        stages = [stage.name for stage in known[regime].stages]
        for stage in given if isinstance(given, dict) else ():
            if stage not in stages:
                yield ("targets", regime, stage), f"'{stage}' is no stage of '{regime}'{near(stage, stages)}"
