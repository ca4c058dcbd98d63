"""The Pyomo model of a batch of items: assembles variables, objective and constraint families.

min Σ_p [G_p(y_p) + b_p n_L(x_p)] + φ Σ_a (c_a t_a + f_a w_a), every curve in pieces; φ is
the dead-band factor. Items share nothing, so a batch is as many models side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from optimization.network.constraints import arrival, balance, cover, minimum_order, outflow, shipment


@dataclass(frozen=True)
class ModelData:
    """A batch as the rules read it: plain lists by place, move and piece."""

    place_count: int
    lowest: Sequence[float]
    spare: Sequence[float]
    need: Sequence[float]
    lot: Sequence[float]
    moq: Sequence[float]
    least_lots: Sequence[float]
    most_lots: Sequence[float]
    moves_into: Sequence[Sequence[int]]
    moves_from: Sequence[Sequence[int]]
    pieces_of: Sequence[Sequence[int]]
    near_pieces_of: Sequence[Sequence[int]]
    piece_width: Sequence[float]
    piece_slope: Sequence[float]
    near_width: Sequence[float]
    near_slope: Sequence[float]
    limit: Sequence[float]
    move_cost: Sequence[float]
    toll: Sequence[float]
    ordering: Sequence[int]
    skippable: Sequence[int]
    tolled: Sequence[int]
    whole_moves: bool
    base_cost: float


def build(data: ModelData) -> Any:
    """State the model of one batch; `data` has passed the finite gate."""
    import pyomo.environ as pyo

    model = pyo.ConcreteModel()
    model.data = data
    model.moved = pyo.Var(
        range(len(data.limit)),
        bounds=lambda _, move: (0.0, data.limit[move]),
        domain=pyo.Integers if data.whole_moves else pyo.Reals,
    )
    model.piece = pyo.Var(range(len(data.piece_width)), bounds=lambda _, k: (0.0, data.piece_width[k]))
    model.near_piece = pyo.Var(range(len(data.near_width)), bounds=lambda _, k: (0.0, data.near_width[k]))
    # One-unit lots need no branching: the matrix is then a network and its vertices are whole.
    model.lots = pyo.Var(
        data.ordering, bounds=lambda _, p: (data.least_lots[p], data.most_lots[p]), domain=_lots_domain(data)
    )
    model.is_ordered = pyo.Var(data.skippable, domain=pyo.Binary)
    model.is_shipped = pyo.Var(data.tolled, domain=pyo.Binary)

    model.balance = pyo.Constraint(balance.balance_index(model), rule=balance.balance)
    model.arrival = pyo.Constraint(arrival.arrival_index(model), rule=arrival.arrival)
    model.outflow = pyo.Constraint(outflow.outflow_index(model), rule=outflow.outflow)
    model.shipment = pyo.Constraint(shipment.shipment_index(model), rule=shipment.shipment)
    model.cover = pyo.Constraint(cover.cover_index(model), rule=cover.cover)
    model.minimum_order = pyo.Constraint(
        minimum_order.minimum_order_index(model), rule=minimum_order.minimum_order
    )
    model.order_limit = pyo.Constraint(
        minimum_order.minimum_order_index(model), rule=minimum_order.order_limit
    )
    model.cost = pyo.Objective(expr=_cost(model))
    return model


def _lots_domain(data: ModelData) -> Any:
    import pyomo.environ as pyo

    def domain(_: Any, place: int) -> Any:
        plain = data.lot[place] == 1.0 and place not in data.skippable
        return pyo.Reals if plain else pyo.Integers

    return domain


def _cost(model: Any) -> Any:
    from pyomo.core.expr.numeric_expr import LinearExpression

    data = model.data
    terms = (
        (data.piece_slope, model.piece),
        (data.near_slope, model.near_piece),
        (data.move_cost, model.moved),
        (data.toll, model.is_shipped),
    )
    pairs = [(costs[index], variable[index]) for costs, variable in terms for index in variable]
    return LinearExpression(
        constant=data.base_cost,
        linear_coefs=[cost for cost, _ in pairs],
        linear_vars=[variable for _, variable in pairs],
    )
