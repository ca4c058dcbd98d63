"""Supply that stops now and then: rare long outages, which are no part of lead-time variance."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize_scalar


def base_stock_with_disruptions(
    holding_cost: float,
    stockout_cost: float,
    demand: float,
    disruption_prob: float,
    recovery_prob: float,
    level: float | None = None,
) -> tuple[float, float]:
    """Base stock and expected cost per period with constant demand d and supply that is up or down.

    Up fails with probability α per period, down recovers with β. After n periods down n + 1 periods of
    demand must be covered: F(n) = 1 − α/(α+β)·(1−β)ⁿ; S = d·(1 + min{n: F(n) ≥ p/(p+h)}). Cost:
    Σ π_n [h(S − (n+1)d)⁺ + p((n+1)d − S)⁺]. A given `level` is only costed. Source: Snyder & Shen 9.2.

    >>> level, cost = base_stock_with_disruptions(0.25, 3, 2000, 0.04, 0.25)
    >>> level, round(cost, 6)
    (8000.0, 2737.068966)
    """
    down = disruption_prob / (disruption_prob + recovery_prob)
    ratio = stockout_cost / (stockout_cost + holding_cost)
    # Beyond this many periods down the probability is 1e-16.
    last = max(int(np.ceil(-37.0 / np.log1p(-recovery_prob))), 1) if recovery_prob < 1 else 1
    periods = np.arange(last + 1)
    reached = 1.0 - down * (1.0 - recovery_prob) ** periods
    probability = np.diff(reached, prepend=0.0)
    if level is None:
        level = float(demand * (1 + int(np.argmax(reached >= ratio - 1e-12))))
    left = level - (periods + 1.0) * demand
    cost = probability @ (holding_cost * np.maximum(left, 0.0) + stockout_cost * np.maximum(-left, 0.0))
    return float(level), float(cost)


def eoq_with_disruptions(
    fixed_cost: float,
    holding_cost: float,
    stockout_cost: float,
    demand_rate: float,
    disruption_rate: float,
    recovery_rate: float,
) -> tuple[float, float]:
    """Order quantity and cost per year when supply fails at rate λ and recovers at rate μ, sales lost.

    g(Q) = [K + hQ²/(2d) + p·d·ψ/μ]/[Q/d + ψ/μ], ψ = λ/(λ+μ)·(1 − e^{−(λ+μ)Q/d}); p per unit short.
    Source: Parlar & Berkin (1991), corrected by Berk & Arreola-Risa (1994); Snyder & Shen (9.5).

    >>> quantity, cost = eoq_with_disruptions(8, 0.225, 5, 1300, 1.5, 14)
    >>> round(quantity, 2), round(cost, 4)
    (772.81, 173.95)
    """

    def cost(quantity: float) -> float:
        return eoq_with_disruptions_cost(
            quantity, fixed_cost, holding_cost, stockout_cost, demand_rate, disruption_rate, recovery_rate
        )

    start = disrupted_eoq_approximation(
        fixed_cost, holding_cost, stockout_cost, demand_rate, disruption_rate, recovery_rate
    )[0]
    within = (start / 10.0, start * 10.0)
    found = minimize_scalar(cost, bounds=within, method="bounded", options={"xatol": 1e-9})
    return float(found.x), float(found.fun)


def eoq_with_disruptions_cost(
    quantity: float,
    fixed_cost: float,
    holding_cost: float,
    stockout_cost: float,
    demand_rate: float,
    disruption_rate: float,
    recovery_rate: float,
) -> float:
    """g(Q) of `eoq_with_disruptions` for any quantity.

    >>> round(eoq_with_disruptions_cost(700, 8, 0.225, 5, 1300, 1.5, 14), 5)
    174.78712
    """
    both = disruption_rate + recovery_rate
    down = disruption_rate / both * -np.expm1(-both * quantity / demand_rate)
    paid = (
        fixed_cost
        + holding_cost * quantity**2 / (2 * demand_rate)
        + stockout_cost * demand_rate * down / recovery_rate
    )
    return float(paid / (quantity / demand_rate + down / recovery_rate))


def disrupted_eoq_approximation(
    fixed_cost: float,
    holding_cost: float,
    stockout_cost: float,
    demand_rate: float,
    disruption_rate: float,
    recovery_rate: float,
) -> tuple[float, float]:
    """Closed form with ψ = λ/(λ+μ): Q and the cost h·Q. Source: Snyder (2014).

    >>> quantity, cost = disrupted_eoq_approximation(8, 0.225, 5, 1300, 1.5, 14)
    >>> round(quantity, 4), round(cost, 4)
    (773.1432, 173.9572)
    """
    down = disruption_rate / (disruption_rate + recovery_rate)
    lost = down * demand_rate * holding_cost
    root = lost**2 + 2.0 * holding_cost * recovery_rate * (
        fixed_cost * demand_rate * recovery_rate + demand_rate**2 * stockout_cost * down
    )
    quantity = (root**0.5 - lost) / (holding_cost * recovery_rate)
    return float(quantity), float(holding_cost * quantity)
