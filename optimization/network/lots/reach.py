"""How far a quantity can usefully go at given prices: tight limits make relaxed charges honest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimization.network.lattice import Lattice
from optimization.network.lots.priced import place_costs
from optimization.network.problem import Numbers, Plan, Problem


def useful_most(problem: Problem, lattice: Lattice, price: Numbers) -> Numbers:
    """Most units of every quantity that a best plan can use (m + n); infinite for orders.

    The last step of a move pays only while the target saves more than the move costs less what the
    source saves at most, its holding cost. What the target saves falls from unit to unit, so the end is
    found by halving; what the target may give away and one step are added.
    """
    places, moves, m, n = problem.places, problem.moves, len(problem.moves), len(problem.places)
    holding = np.zeros(n)
    np.maximum.at(holding, problem.curves.place, problem.curves.holding_cost)
    cheapest = np.full(n, np.inf)
    np.minimum.at(cheapest, moves.target, price[:m] - holding[moves.source])
    offered = np.bincount(moves.target, weights=lattice.most[:m], minlength=n)

    def cost_with(arrived: Numbers) -> Numbers:
        shifted = replace(
            problem,
            places=replace(
                places, position=places.position + arrived, near_position=places.near_position + arrived
            ),
        )
        return place_costs(shifted, Plan(np.zeros(m), np.zeros(n)))

    low, high = np.zeros(n), np.maximum(np.ceil(offered), 0.0)
    while (high - low > 0).any():
        middle = np.floor((low + high) / 2.0)
        pays = cost_with(middle) - cost_with(middle + 1.0) > cheapest
        low, high = np.where(pays & (high > low), middle + 1.0, low), np.where(pays, high, middle)
    reach = low + places.spare
    steps = np.maximum(lattice.step, lattice.least)[:m]
    by_move = np.floor((reach[moves.target] + steps) / lattice.step[:m]) * lattice.step[:m]
    return np.concatenate([np.maximum(by_move, lattice.least[:m]), np.full(n, np.inf)])
