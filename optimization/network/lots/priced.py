"""What single quantities and places cost at prices of the coupling rows, and what they take of the rows."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from optimization.network.costs import near_after, near_cost, pool_cost, position_after
from optimization.network.problem import Numbers, Plan, Problem

_DUST = 1e-9


def use_price(problem: Problem, row_price: Numbers) -> Numbers:
    """Σ λ·use of one unit of every quantity (m + n), money."""
    prices = []
    for uses in (problem.move_uses, problem.order_uses):
        owner = np.repeat(np.arange(len(uses.start) - 1), np.diff(uses.start))
        prices.append(
            np.bincount(owner, weights=uses.amount * row_price[uses.row], minlength=len(uses.start) - 1)
        )
    return np.concatenate(prices)


def place_costs(problem: Problem, plan: Plan) -> Numbers:
    """Cost of every place after a plan (n), money: curves, floors, level and near curve."""
    places = problem.places
    after = position_after(problem, plan)
    expected, floors = pool_cost(problem, after)
    level = np.where(np.isfinite(places.level), places.level, after)
    below = places.level_price * np.maximum(level - after, 0.0)
    return np.asarray(expected + floors + below + near_cost(problem, near_after(problem, plan)))


def use_of(problem: Problem, quantity: sparse.csc_matrix) -> sparse.csc_matrix:
    """Use of every row by columns of quantities (j × K); what comes and goes again leaves no dust."""
    count = len(problem.moves) + len(problem.places)
    owner = np.concatenate(
        [
            np.repeat(np.arange(len(problem.moves)), np.diff(problem.move_uses.start)),
            len(problem.moves) + np.repeat(np.arange(len(problem.places)), np.diff(problem.order_uses.start)),
        ]
    )
    row = np.concatenate([problem.move_uses.row, problem.order_uses.row])
    amount = np.concatenate([problem.move_uses.amount, problem.order_uses.amount])
    by_unit = sparse.csr_matrix((amount, (row, owner)), shape=(len(problem.rows), count))
    use = sparse.csc_matrix(by_unit @ quantity)
    use.data[np.abs(use.data) < _DUST * np.abs(use.data).max(initial=0.0)] = 0.0
    use.eliminate_zeros()
    return use
