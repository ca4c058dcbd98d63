"""Residuals of a solution against its own matrix, recomputed without the solver."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimization.solver.matrix import MatrixModel


def max_violation(model: MatrixModel, values: npt.NDArray[np.float64]) -> float:
    """Worst breach of a row, a bound or an integrality, in the units of that row or column."""
    activity = model.times(values)
    whole = values[model.is_integer]
    breaches = (
        model.row_lower - activity,
        activity - model.row_upper,
        model.column_lower - values,
        values - model.column_upper,
        np.abs(whole - np.round(whole)),
    )
    return max(float(np.max(breach, initial=0.0)) for breach in breaches)
