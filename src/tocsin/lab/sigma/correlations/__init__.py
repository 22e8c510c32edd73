"""Correlations: rules over the matches of other rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin.lab.sigma.compiled import CompiledRules
    from tocsin.lab.sigma.correlations.correlate import Correlator


def correlator_of(compiled: CompiledRules) -> Correlator | None:
    """Return what finds the correlations among some rules; None where there are none."""
    if not compiled.correlations:
        return None
    # Late: most scans need none.
    from tocsin.lab.sigma.correlations.correlate import Correlator

    return Correlator(compiled)
