"""Order-up-to level: where an order lifts the position to; and the single-period newsvendor."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from optimization.demand.distributions import expected_shortage, quantiles
from optimization.policy.safety_stock import standard_normal_loss

Numbers = npt.NDArray[np.float64]


def order_up_to_level(reorder_point: Numbers, quantity: Numbers, display_min: Numbers) -> Numbers:
    """S = max(s + Q, display minimum), units.

    With orders placed at a position of s or less, s + Q is ordered up to in one quantity Q when
    the position is exactly s; with Q = 1 this is base stock.

    >>> order_up_to_level(np.array([9.0]), np.array([1.0]), np.array([0.0])).tolist()
    [10.0]
    """
    return np.maximum(reorder_point + quantity, display_min)


def critical_ratio(shortage_cost: float, holding_cost: float) -> float:
    """α = b/(b + h): the service at which one more unit costs as much as it wins.

    >>> round(critical_ratio(1500 + 500, 50), 6)
    0.97561
    """
    return shortage_cost / (shortage_cost + holding_cost)


def newsvendor_normal(
    holding_cost: float, shortage_cost: float, mean: float, sd: float
) -> tuple[float, float]:
    """Best level and its expected cost for normal demand: S = μ + σ·Φ⁻¹(α).

    Cost = h·(S − μ) + (h + b)·σ·G(z). For a base stock with lead time give the moments of the
    whole protection interval.

    >>> level, cost = newsvendor_normal(0.18, 0.7, 50, 8)
    >>> round(level, 5), round(cost, 6)
    (56.60396, 1.997605)
    """
    z = float(special.ndtri(critical_ratio(shortage_cost, holding_cost)))
    cost = holding_cost * z * sd + (holding_cost + shortage_cost) * sd * standard_normal_loss(z)
    return mean + z * sd, cost


def newsvendor_whole(
    holding_cost: float, shortage_cost: float, mean: float, variance: float
) -> tuple[float, float]:
    """Best whole level and its expected cost for Poisson or negative binomial demand.

    S is the smallest x with F(x) ≥ α; cost = h·(S − μ) + (h + b)·n(S).

    >>> level, cost = newsvendor_whole(200, 270, 18, 18)
    >>> level, round(cost, 4)
    (19.0, 786.0884)
    """
    moments = np.array([mean], dtype=np.float64), np.array([variance], dtype=np.float64)
    level = float(quantiles(*moments, np.array([critical_ratio(shortage_cost, holding_cost)]))[0, 0])
    loss = float(expected_shortage(np.array([level]), *moments)[0])
    return level, holding_cost * (level - mean) + (holding_cost + shortage_cost) * loss


def newsvendor_discrete(
    holding_cost: float, shortage_cost: float, demand: Numbers, probability: Numbers
) -> tuple[float, float]:
    """Best level and its expected cost for any discrete demand (values rising).

    >>> newsvendor_discrete(1.0, 3.0, np.array([0.0, 10.0]), np.array([0.5, 0.5]))
    (10.0, 5.0)
    """
    ratio = critical_ratio(shortage_cost, holding_cost)
    level = float(demand[np.searchsorted(np.cumsum(probability), ratio - 1e-12)])
    over, under = np.maximum(level - demand, 0.0), np.maximum(demand - level, 0.0)
    return level, float(probability @ (holding_cost * over + shortage_cost * under))
