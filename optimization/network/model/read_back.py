"""From a solved model back to the problem: units by move and place, and prices from the duals.

Serves the arrays and the Pyomo model alike; the latter's columns and rows are first put into the
order of the arrays, and those of a caller's own rows left out.
"""

from __future__ import annotations

import numpy as np

from optimization.network.costs import pool_cost
from optimization.network.model.assembly import Layout
from optimization.network.model.families import SHARED
from optimization.network.model.model_data import ModelData
from optimization.network.problem import Numbers, Plan, Proof
from optimization.solver.matrix import MatrixModel


def in_layout(
    layout: Layout, model: MatrixModel, values: Numbers, row_dual: Numbers
) -> tuple[Numbers, Numbers]:
    """Values and row duals of a model in other orders than the layout's, perhaps with more of both.

    Raises `KeyError` when the model lacks a column or row of the layout.
    """
    number = {family: at for at, family in enumerate(layout.columns)}
    family = np.array([number.get(name, -1) for name, _ in model.columns], dtype=np.int64)
    columns = np.empty(layout.column_count, dtype=np.int64)
    for name, span in layout.columns.items():
        own = np.flatnonzero(family == number[name])
        index = np.array([model.columns[at][1] for at in own.tolist()], dtype=np.int64)
        order = np.argsort(index)
        if not np.array_equal(index[order], span.index):
            raise KeyError(f"model {model.name} lacks columns of {name}; compile it from the same data")
        columns[span.start : span.stop] = own[order]
    if not len(row_dual):
        return values[columns], row_dual
    row = {name: at for at, name in enumerate(model.row_names)}
    return values[columns], row_dual[[row[name] for name in layout.row_names()]]


def plan_from(data: ModelData, layout: Layout, values: Numbers) -> Plan:
    """Units moved and ordered, as the model answered: whole only where the model was."""
    moved, ordered = layout.columns["moved"], layout.columns["ordered"]
    units = np.zeros(len(data.problem.places))
    units[ordered.index] = values[ordered.start : ordered.stop]
    return Plan(np.array(values[moved.start : moved.stop]), units)


def proof_from(data: ModelData, layout: Layout, row_dual: Numbers, bound: float) -> Proof:
    """Prices of rows and places from the duals of a linear model, ∂cost/∂right-hand side.

    A unit more in a place's balance lowers the cost by what it is worth there; on arrival it also
    lowers the near curve's. A place that nothing touches has the value of its next unit. `bound` is
    what the caller can prove; that of a model with secants is none for the exact curves.
    """
    problem, n = data.problem, len(data.problem.places)
    value, early, price = np.zeros(n), np.zeros(n), np.zeros(len(problem.rows))
    for target, family in ((value, "balance"), (early, "arrival")):
        span = layout.rows[family]
        target[span.index] = -row_dual[span.start : span.stop]
    for family in SHARED:
        span = layout.rows[family]
        price[span.index] = -row_dual[span.start : span.stop]
    if not data.is_touched.all():
        value = np.where(data.is_touched, value, next_unit_value(data))
    return Proof(
        bound=bound,
        row_price=np.clip(price, 0.0, problem.rows.slack_price),
        place_value=value,
        near_value=value + early,
    )


def next_unit_value(data: ModelData) -> Numbers:
    """What one more unit is worth at every place's own position (n), money, levels and floors included."""
    problem, places = data.problem, data.problem.places
    here, there = (sum(pool_cost(problem, places.position + more)) for more in (0.0, 1.0))
    below = np.clip(places.level - places.position, 0.0, 1.0)
    return np.asarray(here - there + places.level_price * below)
