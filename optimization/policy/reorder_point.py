"""Reorder point: the lowest one that meets the service target, given the order quantity.

Convention everywhere: order when the inventory position is at or below s. A position that was
reviewed and not ordered for is therefore at least s + 1 whole unit, and it is that position which
must last until the next order can arrive.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimization.demand.distributions import quantiles
from optimization.policy.fill_rate import fill_rate_of_lots

Numbers = npt.NDArray[np.float64]


def reorder_point_for_cycle(service: Numbers, mean: Numbers, variance: Numbers) -> Numbers:
    """Lowest whole s with P(D_P ≤ s + 1) ≥ α, units; -1 where even a position of 0 meets it.

    Demand over the protection interval has this mean and variance; α is the cycle target. With
    -1 the item is ordered when requested.

    >>> mean, variance = np.array([3.0, 0.01]), np.array([12.0, 0.01])
    >>> reorder_point_for_cycle(np.array([0.95, 0.95]), mean, variance).tolist()
    [9.0, -1.0]
    """
    return quantiles(mean, variance, service[:, None])[:, 0] - 1.0


def reorder_point_for_fill(
    fill_rate: Numbers, quantity: Numbers, mean: Numbers, variance: Numbers
) -> Numbers:
    """Lowest whole s ≥ -1 with fill rate of lots Q at least β, units.

    Larger lots need a lower s. A fill rate of 1 is served as 0.9999.

    >>> twenty = np.array([20.0, 20.0])
    >>> reorder_point_for_fill(np.array([0.95, 0.95]), np.array([1.0, 50.0]), twenty, twenty).tolist()
    [28.0, 19.0]
    """
    target = np.minimum(fill_rate, 0.9999)
    low = np.full(len(mean), -2.0)
    high = np.ceil(mean + 6.0 * np.sqrt(variance) + 10.0)
    while (short := fill_rate_of_lots(high, quantity, mean, variance) < target).any():
        high = np.where(short, 2.0 * high, high)
    while (high - low > 1.0).any():
        middle = np.floor((low + high) / 2.0)
        enough = fill_rate_of_lots(middle, quantity, mean, variance) >= target
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high
