"""A linear model as arrays, and how it is read off a Pyomo model.

The compiler of the standard form is the fastest way from Pyomo to a matrix: one pass over the
expressions, no file, no solver object per variable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from optimization.solver.finite import require_finite

Numbers = npt.NDArray[np.float64]
Integers32 = npt.NDArray[np.int32]


@dataclass(frozen=True)
class MatrixModel:
    """min c·x + offset subject to row_lower ≤ A·x ≤ row_upper and bounds; A by columns (CSC).

    `columns` are the variables' family and index in column order, to carry the answer back. (The
    variables themselves are not kept: they would die with their model.)
    """

    name: str
    cost: Numbers
    offset: float
    column_lower: Numbers
    column_upper: Numbers
    row_lower: Numbers
    row_upper: Numbers
    start: Integers32
    index: Integers32
    value: Numbers
    is_integer: npt.NDArray[np.bool_]
    columns: Sequence[tuple[str, Any]]
    row_names: Sequence[str]

    @property
    def column_count(self) -> int:
        """Number of columns."""
        return len(self.cost)

    @property
    def row_count(self) -> int:
        """Number of rows."""
        return len(self.row_lower)

    @property
    def has_integers(self) -> bool:
        """Whether branch and bound is needed."""
        return bool(self.is_integer.any())

    def times(self, x: Numbers) -> Numbers:
        """A·x."""
        column = np.repeat(np.arange(self.column_count), np.diff(self.start))
        rows = np.bincount(self.index, weights=self.value * x[column], minlength=self.row_count)
        return np.asarray(rows, dtype=np.float64)

    def require_finite(self) -> None:
        """Raise `NonFiniteInputError` when a cost, coefficient or bound is not a number."""
        require_finite(
            self.name,
            {
                "cost": self.cost,
                "offset": np.array([self.offset]),
                "coefficient": self.value,
                # An infinite bound means "none" on its own side; on the other it is no number.
                "column bound": np.where(self.column_lower == -np.inf, 0.0, self.column_lower),
                "upper column bound": np.where(self.column_upper == np.inf, 0.0, self.column_upper),
                "row bound": np.where(self.row_lower == -np.inf, 0.0, self.row_lower),
                "upper row bound": np.where(self.row_upper == np.inf, 0.0, self.row_upper),
            },
        )


def matrix_of(model: Any, name: str) -> MatrixModel:
    """Compile a Pyomo model (one objective, minimised) to arrays."""
    import pyomo.environ as pyo
    from pyomo.common.gc_manager import PauseGC
    from pyomo.repn.plugins.standard_form import LinearStandardFormCompiler

    # The model is all alive: to look for garbage in it takes longer than to read it.
    with PauseGC():
        form = LinearStandardFormCompiler().write(model, mixed_form=True, set_sense=pyo.minimize)
        bounds = [variable.bounds for variable in form.columns]
        columns = [_name(variable) for variable in form.columns]
        row_names = [row.constraint.name for row in form.rows]
    sense = np.array([row.bound_type for row in form.rows], dtype=np.int64)
    rhs = np.asarray(form.rhs, dtype=np.float64)
    matrix = form.A.tocsc()
    matrix.sort_indices()
    return MatrixModel(
        name=name,
        cost=np.asarray(form.c.todense(), dtype=np.float64).ravel(),
        offset=float(np.asarray(form.c_offset).ravel()[0]),
        column_lower=np.array([-np.inf if lower is None else lower for lower, _ in bounds], dtype=np.float64),
        column_upper=np.array([np.inf if upper is None else upper for _, upper in bounds], dtype=np.float64),
        row_lower=np.where(sense <= 0, rhs, -np.inf),
        row_upper=np.where(sense >= 0, rhs, np.inf),
        start=matrix.indptr.astype(np.int32),
        index=matrix.indices.astype(np.int32),
        value=matrix.data.astype(np.float64),
        is_integer=np.array([not variable.is_continuous() for variable in form.columns], dtype=np.bool_),
        columns=tuple(columns),
        row_names=tuple(row_names),
    )


def _name(variable: Any) -> tuple[str, Any]:
    return variable.parent_component().local_name, variable.index()
