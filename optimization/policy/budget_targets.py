"""Cycle-service targets of the whole assortment under one cash budget, by marginal analysis."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimization.demand import distributions
from optimization.parameters import PolicyParameters
from optimization.policy.position_losses import ReviewedDemand
from optimization.policy.service_levels import whole

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_HIGHEST, _TOLERANCE, _STEPS = 0.999, 1e-3, 40


def service_within(
    demand: ReviewedDemand,
    terms: dict[str, Numbers],
    quantity: Numbers,
    is_vital: Flags,
    parameters: PolicyParameters,
) -> Numbers:
    """Cycle service per item-location whose expected stock fits `cash_budget`, share.

    One price λ of money: α = 1 − λ·c/b, with c the yearly holding cost of a unit over the interval's
    share of the year and b the cost of a unit short, clipped to the floor (`budget_vital_floor` for
    vital items) and 0.999; λ by bisection until the money in stock is within 0.1 % of the budget. The
    floors hold even where they cost more. `terms` has `unit_cost` and `shortage_cost`.
    """
    weight = np.maximum(terms["shortage_cost"], 1e-9)
    ratio = terms["unit_cost"] / weight
    floor = np.where(is_vital, parameters.budget_vital_floor, parameters.budget_floor)
    budget = parameters.cash_budget or 0.0

    def service(price: float) -> Numbers:
        return np.clip(1.0 - price * ratio, floor, np.maximum(floor, _HIGHEST))

    def money(level: Numbers) -> float:
        point = distributions.quantiles(demand.mean, demand.variance, level[:, None])[:, 0] - 1.0
        middle = point + (whole(quantity) + 1.0) / 2.0
        on_hand = middle - demand.mean + distributions.expected_shortage(middle, demand.mean, demand.variance)
        on_hand = np.where(demand.mean > 0, np.maximum(on_hand, 0.0), 0.0)
        return float(on_hand @ terms["unit_cost"])

    low, high = 1e-9, 1.0 / max(float(ratio[ratio > 0].min(initial=1.0)), 1e-9)
    if money(service(low)) <= budget:
        return service(low)
    for _ in range(_STEPS):
        middle = (low * high) ** 0.5
        spent = money(service(middle))
        low, high = (middle, high) if spent > budget else (low, middle)
        if abs(spent - budget) <= _TOLERANCE * budget and spent <= budget:
            break
    return service(high)
