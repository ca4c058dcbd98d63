"""The last order of an item: enough for its remaining life, not more."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimization.demand.distributions import quantiles

Numbers = npt.NDArray[np.float64]


def remaining_demand(per_year: Numbers, years: Numbers, decay: Numbers) -> Numbers:
    """Expected demand of the years left when the rate falls by e^(−decay) each year, units.

    d·(1 − e^(−δ·T))/δ, or d·T without decay.

    >>> two = np.array([2.0, 2.0])
    >>> remaining_demand(50.0 * two, two, np.array([0.0, 0.5])).round(2).tolist()
    [200.0, 126.42]
    """
    safe = np.where(decay > 0, decay, 1.0)
    falling = -np.expm1(-safe * years) / safe
    return np.asarray(per_year * np.where(decay > 0, falling, years))


def decay_of(yearly_totals: Numbers, prior_years: float = 3.0) -> Numbers:
    """Yearly decay δ ≥ 0 of demand, from totals per year, oldest first; shrunk to no decay.

    Slope of ln(total + ½) by least squares, weighted n/(n + prior_years) for n years.

    >>> decay_of(np.array([[100.0, 50.0, 25.0], [10.0, 10.0, 10.0]])).round(3).tolist()
    [0.343, 0.0]
    """
    n = yearly_totals.shape[1]
    if n < 2:
        return np.zeros(len(yearly_totals))
    time = np.arange(n) - (n - 1) / 2.0
    slope = np.log(yearly_totals + 0.5) @ time / (time @ time)
    return np.asarray(np.maximum(-slope, 0.0) * n / (n + prior_years))


def final_buy_level(
    mean: Numbers, variance: Numbers, underage_cost: Numbers, overage_cost: Numbers
) -> Numbers:
    """Stock to hold at the last order: the newsvendor quantile of remaining-life demand, whole units.

    Critical ratio u/(u + o): u cost of a unit that is missing once nothing can be ordered, o cost of a
    unit left over (purchase less salvage, plus the holding of its life). 0 where u is 0.

    >>> one = np.array([1.0])
    >>> final_buy_level(126.0 * one, 260.0 * one, 40.0 * one, 18.0 * one).tolist()
    [134.0]
    """
    both = underage_cost + overage_cost
    ratio = np.divide(underage_cost, both, out=np.zeros_like(underage_cost), where=both > 0)
    ratio = np.minimum(ratio, 0.9999)
    return np.where(ratio > 0, quantiles(mean, variance, ratio[:, None])[:, 0], 0.0)
