"""Residuals and bound of a solution against its own matrix, recomputed without the solver."""

from __future__ import annotations

import numpy as np

from optimization.solver.matrix import MatrixModel, Numbers


def max_violation(model: MatrixModel, values: Numbers) -> float:
    """Worst breach of a row, a bound or an integrality, in the units of that row or column."""
    return max(float(np.max(breach, initial=0.0)) for breach in _breaches(model, values))


def relative_violation(model: MatrixModel, values: Numbers) -> float:
    """The same, each breach of a row by its largest term and of a column by its value, at least 1.

    A row of 10 million in money cannot be met to the seventh decimal; one of three units can.
    """
    low, high, below, above, fraction = _breaches(model, values)
    column = np.repeat(np.arange(model.column_count), np.diff(model.start))
    term = np.ones(model.row_count)
    np.maximum.at(term, model.index, np.abs(model.value * values[column]))
    size = np.maximum(1.0, np.abs(values))
    relative = (low / term, high / term, below / size, above / size, fraction)
    return max(float(np.max(breach, initial=0.0)) for breach in relative)


def dual_bound(model: MatrixModel, row_dual: Numbers, values: Numbers) -> float:
    """Bound on every point of the linear program, from its row duals alone (weak duality).

    With d = cost − Aᵀy a point costs y·(A·x) + d·x, each term at least y or d times the bound it pulls
    to. A row dual that pulls to no bound is taken as 0; a reduced cost that does makes the bound −inf.
    A reduced cost within the solver's tolerance of 0 counts at `values` instead.

    Example: min x with x ≥ 3 as a row, y = 1, gives the bound 3.

    >>> row = MatrixModel("m", np.ones(1), 0.0, np.full(1, -np.inf), np.full(1, np.inf), np.array([3.0]),
    ...     np.array([np.inf]), np.array([0, 1], np.int32), np.zeros(1, np.int32), np.ones(1),
    ...     np.zeros(1, np.bool_), (("x", 0),), ("r",))
    >>> dual_bound(row, np.array([1.0]), np.array([3.0]))
    3.0
    """
    pulled = np.where(row_dual > 0, model.row_lower, model.row_upper)
    useful = (row_dual != 0) & np.isfinite(pulled)
    price = np.where(useful, row_dual, 0.0)
    column = np.repeat(np.arange(model.column_count), np.diff(model.start))
    share = model.value * price[model.index]
    reduced = model.cost - np.bincount(column, weights=share, minlength=model.column_count)
    term = np.abs(model.cost)
    np.maximum.at(term, column, np.abs(share))
    noise = np.abs(reduced) <= 1e-7 * np.maximum(1.0, term)
    at = np.where(noise, values, np.where(reduced > 0, model.column_lower, model.column_upper))
    if not np.isfinite(at).all():
        return -np.inf
    return float(price[useful] @ pulled[useful] + reduced @ at) + model.offset


def _breaches(model: MatrixModel, values: Numbers) -> tuple[Numbers, ...]:
    activity = model.times(values)
    whole = values[model.is_integer]
    return (
        model.row_lower - activity,
        activity - model.row_upper,
        model.column_lower - values,
        values - model.column_upper,
        np.abs(whole - np.round(whole)),
    )
