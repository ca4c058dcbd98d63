"""Ready rate: the expected share of time with stock on hand under a policy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimization.policy.position_losses import Losses, ReviewedDemand

Numbers = npt.NDArray[np.float64]


def ready_rate(point: Numbers, quantity: Numbers, demand: ReviewedDemand) -> Numbers:
    """Mean over t from L to L+R, and over the positions y = s+1 … s+Q, of P(D_t < y).

    The mean over time is Simpson's rule on its start, middle and end. For Poisson demand it equals the
    unit fill rate (arrivals see time averages); lumpy demand is ready more often than it is filled.

    >>> weekly = ReviewedDemand(*(np.array([value]) for value in (4.0, 4.0, 6.0, 6.0)))
    >>> round(float(ready_rate(np.array([8.0]), np.array([1.0]), weekly)[0]), 4)
    0.9256
    """
    middle = (demand.lead_mean + demand.mean) / 2.0, (demand.lead_variance + demand.variance) / 2.0
    start = Losses(demand.lead_mean, demand.lead_variance).mean_ready(point, quantity)
    end = Losses(demand.mean, demand.variance).mean_ready(point, quantity)
    ready = (start + 4.0 * Losses(*middle).mean_ready(point, quantity) + end) / 6.0
    return np.asarray(np.clip(ready, 0.0, 1.0))
