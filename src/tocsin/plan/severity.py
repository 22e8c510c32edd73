"""How bad it is: points for the six risk factors of NIST SP 800-61r3 give one of four severities."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.plan.models import Factor, SeverityMatrix

MILDEST = 4


def rate(matrix: SeverityMatrix, points: Mapping[Factor, int]) -> int:
    """Severity 1 (worst) to 4 for the points of each factor.

    A factor that nobody has judged yet counts nothing, so a rating can only get worse as facts come in.
    Below every threshold the mildest severity holds. Raises ValueError for points that the factor's scale
    in the plan does not have.
    """
    for name, given in points.items():
        factor = matrix.factors.get(Factor(name))
        if factor is None:
            raise ValueError(f"the plan's severity matrix has no factor '{name}'")
        scale = sorted({level.points for level in factor.levels})
        if given not in scale:
            raise ValueError(f"{name} has {given} points; the plan's scale is {', '.join(map(str, scale))}")
    total = sum(points.values())
    reached = [number for number, level in matrix.levels.items() if total >= level.from_points]
    return min(reached, default=max(matrix.levels, default=MILDEST))
