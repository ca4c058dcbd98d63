"""Expected stock on hand under a policy, and how long it lasts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimization.policy.position_losses import Losses, ReviewedDemand

Numbers = npt.NDArray[np.float64]


def expected_stock(point: Numbers, quantity: Numbers, demand: ReviewedDemand) -> Numbers:
    """Mean of E(y − D_t)⁺ over the positions y = s+1 … s+Q and over t from L to L+R, units.

    E(y − D)⁺ = y − E D + n(y); the mean over time is taken between its two ends.

    >>> weekly = ReviewedDemand(*(np.array([value]) for value in (4.0, 4.0, 6.0, 6.0)))
    >>> round(float(expected_stock(np.array([8.0]), np.array([1.0]), weekly)[0]), 4)
    4.0868
    """
    position = point + (quantity + 1.0) / 2.0
    short = Losses(demand.mean, demand.variance).mean_shortage(point, quantity)
    short = short + Losses(demand.lead_mean, demand.lead_variance).mean_shortage(point, quantity)
    return np.asarray(np.maximum(position - (demand.lead_mean + demand.mean) / 2.0 + short / 2.0, 0.0))
