"""The single period: one order, what is left is salvaged, what is short is lost or paid for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from optimization.demand.distributions import expected_shortage, quantiles
from optimization.policy.safety_stock import standard_normal_loss

Numbers = npt.NDArray[np.float64]


def critical_ratio(shortage_cost: float, holding_cost: float) -> float:
    """α = b/(b + h): the service at which one more unit costs as much as it wins.

    >>> round(critical_ratio(1500 + 500, 50), 6)
    0.97561
    """
    return shortage_cost / (shortage_cost + holding_cost)


def costs_of_prices(price: float, cost: float, salvage: float, goodwill: float = 0.0) -> tuple[float, float]:
    """Cost of a unit left over c − v and of a unit short p − c + g, money per unit.

    >>> costs_of_prices(price=1.0, cost=0.3, salvage=0.12)
    (0.18, 0.7)
    """
    return round(cost - salvage, 12), round(price - cost + goodwill, 12)


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
    return mean + z * sd, normal_cost(mean + z * sd, holding_cost, shortage_cost, mean, sd)


def normal_cost(level: float, holding_cost: float, shortage_cost: float, mean: float, sd: float) -> float:
    """Expected cost h·(S − μ) + (h + b)·σ·G((S − μ)/σ) of any level, normal demand.

    >>> round(normal_cost(60.0, 0.18, 0.7, 50, 8), 6)
    2.156132
    """
    z = (level - mean) / sd
    return holding_cost * z * sd + (holding_cost + shortage_cost) * sd * standard_normal_loss(z)


def newsvendor_whole(
    holding_cost: float, shortage_cost: float, mean: float, variance: float
) -> tuple[float, float]:
    """Best whole level and its expected cost for Poisson or negative binomial demand.

    S is the smallest x with F(x) ≥ α; cost = h·(S − μ) + (h + b)·n(S).

    >>> level, cost = newsvendor_whole(200, 270, 18, 18)
    >>> level, round(cost, 6)
    (19.0, 786.088441)
    """
    moments = np.array([mean], dtype=np.float64), np.array([variance], dtype=np.float64)
    level = float(quantiles(*moments, np.array([critical_ratio(shortage_cost, holding_cost)]))[0, 0])
    return level, float(whole_cost(np.array([level]), holding_cost, shortage_cost, *moments)[0])


def whole_cost(
    level: Numbers, holding_cost: float, shortage_cost: float, mean: Numbers, variance: Numbers
) -> Numbers:
    """Expected cost h·(S − μ) + (h + b)·n(S) of whole levels, money per period.

    >>> float(whole_cost(np.array([0.0]), 1.0, 3.0, np.array([2.0]), np.array([2.0]))[0])
    6.0
    """
    loss = expected_shortage(level, mean, variance)
    return np.asarray(holding_cost * (level - mean) + (holding_cost + shortage_cost) * loss)


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
