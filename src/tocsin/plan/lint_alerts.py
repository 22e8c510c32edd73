"""Lint of alerts.yaml: mappings that are not there, that nobody uses, and paths that can find nothing."""

from __future__ import annotations

from collections.abc import Iterator

from tocsin.plan.alert_models import AlertMapping
from tocsin.plan.alerts import AUTO, paths_of, ready_mappings
from tocsin.plan.lint_view import View, near
from tocsin.plan.load import ALERTS
from tocsin.plan.yamlfile import Path


def check_alerts(view: View) -> None:
    """Sources first, then each mapping."""
    own, ready = view.plan.alerts.mappings, ready_mappings()
    for source, name in view.plan.alerts.sources.items():
        if name != AUTO and name not in own and name not in ready:
            what = f"'{name}' is no mapping of this plan or of Tocsin{near(name, [*own, *ready])}"
            view.add("unknown-mapping", ALERTS, ("sources", source), what)
    used = set(view.plan.alerts.sources.values())
    for name, mapping in own.items():
        if name not in used and not mapping.recognised_by:
            what = f"no source uses the mapping '{name}', and it says nothing to be recognised by"
            view.add("unused-mapping", ALERTS, ("mappings", name), what)
        for place, expression in _expressions(mapping):
            try:
                paths_of(expression)
            except ValueError as error:
                view.add("bad-path", ALERTS, ("mappings", name, *place), f"'{expression}': {error}")


def _expressions(mapping: AlertMapping) -> Iterator[tuple[Path, str]]:
    for field in ("recognised_by", "title", "text", "severity", "url", "key", "at"):
        for expression in getattr(mapping, field):
            yield (field,), expression
    if mapping.each:
        yield ("each",), mapping.each
    for path in mapping.ignore:
        yield ("ignore", path), path
    for kind, expressions in mapping.observables.items():
        for expression in expressions:
            yield ("observables", kind), expression
