"""Reorder point: the lowest one that meets the service target, given the order quantity.

Convention everywhere: order when the inventory position is at or below s. A position that was
reviewed and not ordered for is therefore at least s + 1 whole unit, and it is that position which
must last until the next order can arrive.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from optimization.demand.distributions import quantiles
from optimization.policy.fill_rate import fill_rate
from optimization.policy.position_losses import ReviewedDemand
from optimization.policy.ready_rate import ready_rate

Numbers = npt.NDArray[np.float64]
Service = Callable[[Numbers, Numbers, ReviewedDemand], Numbers]

# No finite stock serves every demand; a target of 1 is planned as this.
HIGHEST_TARGET = 0.9999


def reorder_point_for_cycle(service: Numbers, mean: Numbers, variance: Numbers) -> Numbers:
    """Lowest whole s with P(D_P ≤ s + 1) ≥ α, units; -1 where even a position of 0 meets it.

    Demand over the protection interval has this mean and variance; α is the cycle target. With
    -1 the item is ordered when requested.

    >>> mean, variance = np.array([3.0, 0.01]), np.array([12.0, 0.01])
    >>> reorder_point_for_cycle(np.array([0.95, 0.95]), mean, variance).tolist()
    [9.0, -1.0]
    """
    return quantiles(mean, variance, service[:, None])[:, 0] - 1.0


def reorder_point_for_fill(target: Numbers, quantity: Numbers, demand: ReviewedDemand) -> Numbers:
    """Lowest whole s ≥ -1 with unit fill rate at least β at order quantity Q, units.

    Larger lots need a lower s. For lost sales give the demand thinned by the target.

    >>> daily = ReviewedDemand.of(np.array([20.0, 20.0]), np.array([20.0, 20.0]), np.array([0.9, 0.9]))
    >>> reorder_point_for_fill(np.array([0.95, 0.95]), np.array([1.0, 50.0]), daily).tolist()
    [27.0, 18.0]
    """
    return _lowest(fill_rate, target, quantity, demand)


def reorder_point_for_ready(target: Numbers, quantity: Numbers, demand: ReviewedDemand) -> Numbers:
    """Lowest whole s ≥ -1 with a share of time in stock at least the target, units.

    >>> lumpy = ReviewedDemand.of(np.array([20.0]), np.array([80.0]), np.array([0.9]))
    >>> one, target = np.array([1.0]), np.array([0.95])
    >>> reorder_point_for_ready(target, one, lumpy), reorder_point_for_fill(target, one, lumpy)
    (array([35.]), array([37.]))
    """
    return _lowest(ready_rate, target, quantity, demand)


def _lowest(service: Service, target: Numbers, quantity: Numbers, demand: ReviewedDemand) -> Numbers:
    """Lowest whole s ≥ -1 whose service reaches the target, by false position on its logarithm.

    The share not served falls almost exponentially with s, so that a straight line through its
    logarithm is nearly right; every third step halves, which bounds the number of steps.
    """
    wanted = np.minimum(target, HIGHEST_TARGET)
    goal = np.log1p(-wanted)
    low = np.full(len(wanted), -2.0)
    low_value = np.zeros(len(wanted))
    high = np.floor(_guess(wanted, quantity, demand))
    high_value = np.full(len(wanted), np.nan)
    rows = np.arange(len(wanted))
    at = high.copy()
    step = 0
    while len(rows):
        missed = np.log(np.maximum(1.0 - service(at[rows], quantity[rows], demand[rows]), 1e-12))
        enough = missed <= goal[rows] + 1e-12
        top, bottom = rows[enough], rows[~enough]
        high[top], high_value[top] = at[top], missed[enough]
        low[bottom], low_value[bottom] = at[bottom], missed[~enough]
        rows = rows[np.isnan(high_value[rows]) | (high[rows] - low[rows] > 1.0)]
        step += 1
        lower, upper = low[rows], high[rows]
        open_above = np.isnan(high_value[rows])
        rise = np.maximum(low_value[rows] - high_value[rows], 1e-12)
        share = np.clip((low_value[rows] - goal[rows]) / rise, 0.0, 1.0)
        inside = np.where(step % 3 == 0, 0.5, share) * (upper - lower)
        # The reached end of a bracket is approached from above: one unit under the line.
        within = np.clip(np.ceil(lower + inside), lower + 1.0, upper - 1.0)
        spread = np.sqrt(demand.variance[rows])
        at[rows] = np.where(open_above, lower + np.ceil((0.5 + step) * spread) + 1.0, within)
    return high


def _guess(target: Numbers, quantity: Numbers, demand: ReviewedDemand) -> Numbers:
    """First position to try: the quantile of demand over the interval, less half of larger lots."""
    level = quantiles(demand.mean, demand.variance, target[:, None])[:, 0]
    spread = np.sqrt(demand.variance)
    return np.maximum(level - 1.0 - np.minimum((quantity - 1.0) / 2.0, spread), -1.0)
