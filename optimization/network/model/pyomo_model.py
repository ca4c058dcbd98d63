"""The Pyomo model of a network problem: assembles variables, objective and constraint families.

min Σ_p [G_p(y_p) + b_p n_L(x_p) + ρ_p u_p] + Σ_c ρ_c v_c + φ Σ_a (c_a t_a + f_a w_a) + Σ_p (c_p r_p
+ f_p z_p) + Σ_j ρ_j s_j, every curve in pieces; φ is the dead-band factor. This is the readable
statement; `assembly` fills the same matrix from arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimization.network.model.families import (
    FAMILIES,
    floor,
    level,
    multiple,
    order_limit,
    order_lots,
    shipment,
)
from optimization.network.model.model_data import ModelData
from optimization.network.problem import Flags, Integers, Uses, grouped

UserRows = Callable[[Any], None]
"""Adds a caller's own rows to the model: it reads `model.moved[move]`, `model.ordered[place]`."""


@dataclass(frozen=True)
class Lists:
    """What belongs to what, as the rules walk it: by place, by curve, by row."""

    pieces_of: Sequence[Sequence[int]]
    pieces_in: Sequence[Sequence[int]]
    near_pieces_of: Sequence[Sequence[int]]
    moves_into: Sequence[Sequence[int]]
    moves_from: Sequence[Sequence[int]]
    ordering_at: Sequence[Sequence[int]]
    move_uses_of: Sequence[Sequence[tuple[int, float]]]
    order_uses_of: Sequence[Sequence[tuple[int, float]]]


def build(data: ModelData, user_rows: UserRows | None = None) -> Any:
    """State the model; `data` has passed the finite gate.

    `user_rows` receives the finished model and may add variables and constraints of its own, for
    example `model.quota = pyo.Constraint(expr=model.moved[3] + model.moved[7] <= 5)`. They are
    physics: without a priced slack of their own they can make the model infeasible.
    """
    import pyomo.environ as pyo
    from pyomo.common.gc_manager import PauseGC

    # Nothing here is garbage before the model is done, but looking for it takes half the time.
    with PauseGC():
        model = pyo.ConcreteModel()
        model.data, model.lists = data, _lists(data)
        _add_variables(model, data)
        for name, family in FAMILIES.items():
            setattr(model, name, pyo.Constraint(family.index(data).tolist(), rule=family.rule))
        model.cost = pyo.Objective(expr=_cost(model, data))
        if user_rows is not None:
            user_rows(model)
    return model


def _add_variables(model: Any, data: ModelData) -> None:
    import pyomo.environ as pyo

    places, moves, pieces, whole = data.problem.places, data.problem.moves, data.pieces, data.whole

    def variable(index: Integers, upper: Any = None, is_whole: Any = None) -> Any:
        most = None if upper is None else upper.tolist()
        flags = None if is_whole is None or not is_whole.any() else is_whole.tolist()
        return pyo.Var(
            index.tolist(),
            bounds=(0.0, None) if most is None else lambda _, at: (0.0, most[at]),
            domain=pyo.Reals if flags is None else lambda _, at: pyo.Integers if flags[at] else pyo.Reals,
        )

    model.moved = variable(np.arange(len(moves)), data.move_limit, whole & (moves.multiple <= 1.0))
    model.ordered = variable(
        np.flatnonzero(data.order_limit > 0), data.order_limit, whole & (places.lot <= 1.0)
    )
    model.piece = variable(np.arange(len(pieces.place)), pieces.width)
    model.near_piece = variable(np.arange(len(pieces.near_place)), pieces.near_width)
    model.below = variable(level.index(data))
    model.missing = variable(floor.index(data))
    model.slack = variable(np.arange(len(data.problem.rows)))
    model.is_shipped = pyo.Var(shipment.index(data).tolist(), domain=pyo.Binary)
    model.is_ordered = pyo.Var(order_limit.index(data).tolist(), domain=pyo.Binary)
    bundles, lots = multiple.index(data), order_lots.index(data)
    model.bundles = variable(bundles, data.move_limit / np.maximum(moves.multiple, 1.0), moves.multiple > 1.0)
    model.lots = variable(lots, data.order_limit / np.maximum(places.lot, 1.0), places.lot > 1.0)


def _cost(model: Any, data: ModelData) -> Any:
    from pyomo.core.expr.numeric_expr import LinearExpression

    problem = data.problem
    terms = (
        (model.moved, data.move_cost),
        (model.ordered, data.order_cost),
        (model.piece, data.pieces.slope),
        (model.near_piece, data.pieces.near_slope),
        (model.below, problem.places.level_price),
        (model.missing, problem.curves.floor_price),
        (model.slack, problem.rows.slack_price),
        (model.is_shipped, data.move_toll),
        (model.is_ordered, data.order_toll),
    )
    return LinearExpression(
        constant=data.pieces.base_cost,
        linear_coefs=[cost for variable, costs in terms for cost in costs[list(variable)].tolist()],
        linear_vars=[one for variable, _ in terms for one in variable.values()],
    )


def _lists(data: ModelData) -> Lists:
    problem, pieces, n = data.problem, data.pieces, len(data.problem.places)
    moves, j = problem.moves, len(problem.rows)
    ordering = np.flatnonzero(data.order_limit > 0)
    return Lists(
        pieces_of=_members(pieces.place, n),
        pieces_in=_members(pieces.curve, len(problem.curves)),
        near_pieces_of=_members(pieces.near_place, n),
        moves_into=_members(moves.target, n),
        moves_from=_members(moves.source, n),
        ordering_at=_members(ordering, n, ordering),
        move_uses_of=_uses(problem.move_uses, j, np.ones(len(moves), dtype=np.bool_)),
        order_uses_of=_uses(problem.order_uses, j, data.order_limit > 0),
    )


def _members(owner: Integers, count: int, member: Integers | None = None) -> list[list[int]]:
    """Members of every owner, in their order; an owner below 0 is nobody."""
    order = np.argsort(owner, kind="stable")
    start = grouped(owner[order], count).tolist()
    named = (order if member is None else member[order]).tolist()
    return [named[start[at] : start[at + 1]] for at in range(count)]


def _uses(uses: Uses, row_count: int, counts: Flags) -> list[list[tuple[int, float]]]:
    """Who uses a row, and how much of it a unit takes."""
    user = np.repeat(np.arange(len(uses.start) - 1), np.diff(uses.start))
    keep = counts[user]
    user, row, amount = user[keep], uses.row[keep], uses.amount[keep]
    return [[(int(user[at]), float(amount[at])) for at in members] for members in _members(row, row_count)]
