"""Cycle-service targets of the whole assortment under one cash budget, by marginal analysis."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimization.parameters import PolicyParameters
from optimization.policy.expected_stock import expected_stock
from optimization.policy.position_losses import ReviewedDemand
from optimization.policy.reorder_point import reorder_point_for_cycle
from optimization.policy.service_levels import whole

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_HIGHEST, _TOLERANCE, _STEPS = 0.999, 5e-3, 30


def service_within(
    demand: ReviewedDemand,
    terms: dict[str, Numbers],
    quantity: Numbers,
    is_vital: Flags,
    parameters: PolicyParameters,
) -> Numbers:
    """Cycle service per item-location whose expected stock fits `cash_budget`, share.

    One price λ of money: α = 1 − λ·c/b, with c the cost of a unit and b the cost of a unit short,
    clipped to the floor (`budget_vital_floor` for vital items, `budget_floor` for the others) and
    0.999: the greedy path of marginal analysis at the point where the next unit of money buys the
    same everywhere. λ by false position until the money in stock lies within 0.5 % under the budget.
    The floors hold even where they cost more. `terms` has `unit_cost` and `shortage_cost`.
    """
    ratio = terms["unit_cost"] / np.maximum(terms["shortage_cost"], 1e-9)
    floor = np.where(is_vital, parameters.budget_vital_floor, parameters.budget_floor)
    budget = parameters.cash_budget or 0.0

    def service(log_price: float) -> Numbers:
        wanted = 1.0 - float(np.exp(log_price)) * ratio
        return np.asarray(np.clip(wanted, floor, np.maximum(floor, _HIGHEST)))

    def money(level: Numbers) -> float:
        point = reorder_point_for_cycle(level, demand.mean, demand.variance)
        stock = expected_stock(np.maximum(point, 0.0), whole(quantity), demand)
        return float(np.where((demand.mean > 0) & (point >= 0), stock, 0.0) @ terms["unit_cost"])

    known = ratio[ratio > 0]
    if not len(known):
        return service(-np.inf)
    # Below the first price all are served best, above the second none more than its floor.
    low, high = np.log((1.0 - _HIGHEST) / known.max()), np.log(1.0 / known.min())
    most, least = money(service(low)), money(service(high))
    if most <= budget:
        return service(low)
    if least > budget:
        return service(high)
    best = high
    for step in range(_STEPS):
        share = (most - budget) / max(most - least, 1e-9)
        # Every third step halves, so that a flat end of the curve cannot hold the search.
        middle = low + (0.5 if step % 3 == 2 else float(np.clip(share, 0.05, 0.95))) * (high - low)
        spent = money(service(middle))
        if spent > budget:
            low, most = middle, spent
        else:
            high, least, best = middle, spent, middle
            if spent >= (1.0 - _TOLERANCE) * budget:
                break
    return service(best)
