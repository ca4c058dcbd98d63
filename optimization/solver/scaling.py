"""Rows, columns and money in units that a solver with absolute tolerances can read.

Only powers of two, so that not one digit of a number changes. A model whose numbers are of ordinary
size is left as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimization.solver.matrix import MatrixModel, Numbers

# HiGHS drops coefficients below 1e-9 and refuses those above 1e15; well within that, it scales itself.
_SMALL, _LARGE = 1e-6, 1e7
_LEAST, _MOST = 1e-9, 1e15
_MOST_MONEY = 1e9
_INFINITE = 1e20
_PASSES = 6


@dataclass(frozen=True)
class Scaling:
    """Row i is stated row[i] times, column j in units of column[j], and money in 1/cost."""

    row: Numbers
    column: Numbers
    cost: float

    def values(self, scaled: Numbers) -> Numbers:
        """Values of the columns in their own units."""
        return scaled * self.column

    def row_dual(self, scaled: Numbers) -> Numbers:
        """Duals in money per unit of the row."""
        return scaled * self.row / self.cost

    def reduced_cost(self, scaled: Numbers) -> Numbers:
        """Reduced costs in money per unit of the column."""
        return scaled / (self.column * self.cost)


def scaled(model: MatrixModel) -> tuple[MatrixModel, Scaling]:
    """The same model with coefficients near 1, and the way back; whole columns keep their unit."""
    row, column, money = np.ones(model.row_count), np.ones(model.column_count), 1.0
    largest = float(np.abs(model.cost).max(initial=0.0))
    if not _ordinary(model.value):
        row, column, money = _geometric(model)
    elif largest > _MOST_MONEY or 0.0 < largest < _SMALL:
        money = float(np.exp2(-np.round(np.log2(largest))))
    scaling = Scaling(row, column, money)
    owner = np.repeat(np.arange(model.column_count), np.diff(model.start))
    return replace(
        model,
        cost=model.cost * column * money,
        offset=model.offset * money,
        column_lower=_bounds(model.column_lower / column),
        column_upper=_bounds(model.column_upper / column),
        row_lower=_bounds(model.row_lower * row),
        row_upper=_bounds(model.row_upper * row),
        value=model.value * row[model.index] * column[owner],
    ), scaling


def unreadable(model: MatrixModel) -> str:
    """Why the solver would not read these numbers as they are, empty if it would."""
    size = np.abs(model.value[model.value != 0.0])
    if np.any(size < _LEAST) or np.any(size > _MOST):
        return f"coefficients from {size.min():.3g} to {size.max():.3g} in rows that share columns"
    if np.abs(model.cost).max(initial=0.0) > _MOST:
        return f"a cost of {np.abs(model.cost).max():.3g}"
    least = max(model.column_lower.max(initial=0.0), model.row_lower.max(initial=0.0))
    most = min(model.column_upper.min(initial=0.0), model.row_upper.min(initial=0.0))
    if least >= _INFINITE or most <= -_INFINITE:
        return f"a bound that asks for more than {_INFINITE:.0e}"
    return ""


def _bounds(bound: Numbers) -> Numbers:
    """The bounds as HiGHS reads them: so far out means none."""
    return np.where(np.abs(bound) >= _INFINITE, np.copysign(np.inf, bound), bound)


def _ordinary(value: Numbers) -> bool:
    size = np.abs(value[value != 0.0])
    return bool(np.all((size >= _SMALL) & (size <= _LARGE)))


def _geometric(model: MatrixModel) -> tuple[Numbers, Numbers, float]:
    """Factors that bring the geometric mean of smallest and largest of each line to 1, by turns.

    The cost is one more row: without it a part of the model that shares no row with the rest could be
    stated in any unit.
    """
    m, n = model.row_count, model.column_count
    owner = np.concatenate([np.repeat(np.arange(n), np.diff(model.start)), np.arange(n)])
    index = np.concatenate([model.index, np.full(n, m)])
    value = np.concatenate([model.value, model.cost])
    some = value != 0.0
    index, owner, size = index[some], owner[some], np.log2(np.abs(value[some]))
    row, column = np.zeros(m + 1), np.zeros(n)
    for _ in range(_PASSES):
        row = -_middle(size + column[owner], index, m + 1)
        column = np.where(model.is_integer, 0.0, -_middle(size + row[index], owner, n))
    row, column = np.exp2(np.round(row)), np.exp2(np.round(column))
    return row[:m], column, float(row[m])


def _middle(size: Numbers, line: np.ndarray[tuple[int], np.dtype[np.int_]], count: int) -> Numbers:
    """Half of largest and smallest by line, 0 for an empty one."""
    largest, smallest = np.full(count, -np.inf), np.full(count, np.inf)
    np.maximum.at(largest, line, size)
    np.minimum.at(smallest, line, size)
    return np.where(np.isfinite(largest), (np.nan_to_num(largest) + np.nan_to_num(smallest)) / 2.0, 0.0)
