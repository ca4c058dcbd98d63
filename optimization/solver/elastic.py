"""Which rows and bounds contradict each other: the model once more, with slack on its rows.

    min Σ_i (over_i + under_i) / size_i   subject to   row_lower ≤ A·x + under − over ≤ row_upper

and the bounds as they are. If the least slack is positive, the duals of the linear program prove it:
the rows with a price and the column bounds with a reduced cost are what cannot hold together. Size is
a row's largest coefficient, so that no row is cheap only for its unit. Where the linear program has a
point and whole numbers have none, the slack of the model with whole numbers names the rows.

The other way for a model to have no optimum is a ray: a direction that keeps every row and bound and
lowers the cost, however far one goes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimization.solver.audit import dual_bound, max_violation
from optimization.solver.call import Limits, call
from optimization.solver.matrix import MatrixModel, Numbers
from optimization.solver.scaling import scaled

_NONE = 1e-9
_REAL = 1e-7
_FALLS = 1e-6
_SHOWN = 5


@dataclass(frozen=True)
class Conflict:
    """Rows and column bounds that cannot hold together.

    `slack` is what each of the rows gives in the least-slack point, in its units, 0 where another gives
    way. `slack_total` is their sum in rows of size 1, and `least` a bound on it, proven by the duals or
    the search: where it is positive, nothing satisfies the model.
    """

    rows: tuple[str, ...]
    slack: tuple[float, ...]
    columns: tuple[str, ...]
    slack_total: float
    least: float

    def __str__(self) -> str:
        """One line for a message, the rows that would have to give way first."""
        if not self.rows and not self.columns:
            return "no row needs slack"
        first = sorted(zip(self.rows, self.slack, strict=True), key=lambda pair: (pair[1] <= 0.0, pair[0]))
        rows = [f"{name} (short by {slack:.6g})" if slack > 0 else name for name, slack in first]
        bounds = [f"the bounds of {name}" for name in self.columns]
        named = rows[:_SHOWN] + bounds[:_SHOWN]
        more = len(rows) + len(bounds) - len(named)
        return "cannot hold together: " + ", ".join(named) + (f" and {more} more" if more else "")


def crossed(model: MatrixModel) -> str:
    """The first row or column whose own bounds leave no value, empty if there is none.

    Whole columns need a whole number between their bounds.
    """
    low = np.where(model.is_integer, np.ceil(model.column_lower - 1e-9), model.column_lower)
    high = np.where(model.is_integer, np.floor(model.column_upper + 1e-9), model.column_upper)
    for what, lower, upper in (("column", low, high), ("row", model.row_lower, model.row_upper)):
        bad = np.flatnonzero(lower > upper)
        if len(bad):
            at = int(bad[0])
            name = _column_name(model, at) if what == "column" else model.row_names[at]
            return f"{what} {name} must lie between {lower[at]:.6g} and {upper[at]:.6g}"
    return ""


def conflict(model: MatrixModel, limits: Limits) -> Conflict:
    """Name what contradicts what in a model that nothing seems to satisfy."""
    plain, scaling = scaled(replace(model, cost=np.zeros(model.column_count), offset=0.0))
    size = _largest(plain)
    relaxed = _with_slack(plain, size)
    linear = replace(relaxed, is_integer=np.zeros_like(relaxed.is_integer))
    ending = call(linear, limits, presolve=False)
    columns: tuple[str, ...] = ()
    if len(ending.row_dual) and (least := dual_bound(linear, ending.row_dual, ending.values)) > _REAL:
        in_proof = np.abs(ending.row_dual) * size > _NONE
        held = np.abs(ending.reduced_cost[: model.column_count]) > _NONE
        columns = tuple(_column_name(model, int(at)) for at in np.flatnonzero(held))
    else:
        ending = call(relaxed, limits, presolve=True) if model.has_integers else ending
        if not len(ending.values):
            return Conflict((), (), (), np.inf, 0.0)
        in_proof = _slack(model, ending.values) > _REAL
        least = ending.bound if model.has_integers else 0.0
    slack = _slack(model, ending.values)
    named = np.flatnonzero(in_proof)
    return Conflict(
        tuple(model.row_names[int(at)] for at in named),
        tuple(float(slack[at] / scaling.row[at]) if slack[at] > _REAL else 0.0 for at in named),
        columns,
        float((slack / size).sum()),
        least,
    )


def has_ray(model: MatrixModel, limits: Limits) -> bool:
    """Whether a direction of the linear program lowers the cost without end: min c·r, −1 ≤ r ≤ 1.

    A side of a row or column that has a bound keeps the direction from going there. Where no column
    that lowers the cost is without bound on that side there is none, and nothing is solved.
    """
    falls = np.where(model.cost < 0, model.column_upper, np.where(model.cost > 0, model.column_lower, 0.0))
    if np.isfinite(falls).all():
        return False
    cone = replace(
        model,
        offset=0.0,
        column_lower=np.where(np.isfinite(model.column_lower), 0.0, -1.0),
        column_upper=np.where(np.isfinite(model.column_upper), 0.0, 1.0),
        row_lower=np.where(np.isfinite(model.row_lower), 0.0, -np.inf),
        row_upper=np.where(np.isfinite(model.row_upper), 0.0, np.inf),
        is_integer=np.zeros_like(model.is_integer),
    )
    plain, _ = scaled(cone)
    ray = call(plain, limits, presolve=False).values
    if not len(ray) or max_violation(plain, ray) > _REAL:
        return False
    fall = float(plain.cost @ ray)
    return fall < -_FALLS * float(np.abs(plain.cost * ray).sum()) and np.abs(ray).max() > _FALLS


def _with_slack(model: MatrixModel, size: Numbers) -> MatrixModel:
    """The model with under and over columns behind its own, the under ones first."""
    m, n = model.row_count, model.column_count
    rows = np.arange(m, dtype=np.int32)
    return replace(
        model,
        cost=np.concatenate([np.zeros(n), 1.0 / size, 1.0 / size]),
        column_lower=np.concatenate([model.column_lower, np.zeros(2 * m)]),
        column_upper=np.concatenate([model.column_upper, np.full(2 * m, np.inf)]),
        start=np.concatenate([model.start, model.start[-1] + 1 + np.arange(2 * m)]).astype(np.int32),
        index=np.concatenate([model.index, rows, rows]),
        value=np.concatenate([model.value, np.ones(m), -np.ones(m)]),
        is_integer=np.concatenate([model.is_integer, np.zeros(2 * m, dtype=np.bool_)]),
        columns=(*model.columns, *((side, name) for side in ("under", "over") for name in model.row_names)),
    )


def _slack(model: MatrixModel, values: Numbers) -> Numbers:
    m, n = model.row_count, model.column_count
    return values[n : n + m] + values[n + m :]


def _largest(model: MatrixModel) -> Numbers:
    size = np.full(model.row_count, 0.0)
    np.maximum.at(size, model.index, np.abs(model.value))
    return np.where(size > 0.0, size, 1.0)


def _column_name(model: MatrixModel, at: int) -> str:
    family, index = model.columns[at]
    return f"{family}[{index}]"
