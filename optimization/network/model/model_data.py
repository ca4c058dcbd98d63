"""Numbers of the linear model of a problem: limits, costs and right-hand sides, each computed once.

The Pyomo model and the array assembly read them and state the same rows from them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.network.model.pieces import Pieces, move_limits, order_limits, touched
from optimization.network.problem import Flags, Numbers, Problem


@dataclass(frozen=True)
class ModelData:
    """A problem with its pieces, as the constraint families read it.

    whole: units are whole and lots, minima, multiples and fixed costs are stated. Without it the
    model is linear and each fixed cost is spread over the largest move or order, which is what a
    relaxed model does with it. move_cost (m), order_cost (n): money per unit; move_toll, order_toll:
    money per move or order that is made. start, near_start (n): units that a place's pieces hold
    when nothing is done. level_rise (n), floor_rise (c): units that the pieces must hold for the
    level or the floor. room (j): capacity less base use.
    """

    problem: Problem
    pieces: Pieces
    whole: bool
    is_touched: Flags
    move_limit: Numbers
    move_cost: Numbers
    move_toll: Numbers
    order_limit: Numbers
    order_cost: Numbers
    order_toll: Numbers
    start: Numbers
    near_start: Numbers
    level_rise: Numbers
    floor_rise: Numbers
    room: Numbers


def model_data(problem: Problem, pieces: Pieces, whole: bool = False) -> ModelData:
    """Work out the model's numbers; `pieces` are the problem's own."""
    places, moves, factor = problem.places, problem.moves, problem.dead_band_factor
    move_limit, order_limit = move_limits(problem), order_limits(problem)
    move_cost, move_toll = factor * moves.unit_cost, factor * moves.fixed_cost
    order_cost, order_toll = places.order_cost, places.order_fixed_cost
    if not whole:
        move_cost = move_cost + move_toll / np.maximum(move_limit, 1.0)
        order_cost = order_cost + order_toll / np.maximum(order_limit, 1.0)
        move_toll, order_toll = np.zeros_like(move_toll), np.zeros_like(order_toll)
    return ModelData(
        problem=problem,
        pieces=pieces,
        whole=whole,
        is_touched=touched(problem),
        move_limit=move_limit,
        move_cost=move_cost,
        move_toll=move_toll,
        order_limit=order_limit,
        order_cost=order_cost,
        order_toll=order_toll,
        start=places.position - pieces.lowest,
        near_start=places.near_position - pieces.near_lowest,
        level_rise=places.level - pieces.lowest,
        floor_rise=problem.curves.floor - pieces.base_units,
        room=problem.rows.capacity - problem.rows.base_use,
    )
