"""Unit fill rate: the expected share of requested units served at once under a policy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimization.demand.distributions import expected_shortage
from optimization.policy.position_losses import Losses, ReviewedDemand
from optimization.policy.safety_stock import standard_normal_loss

Numbers = npt.NDArray[np.float64]


def fill_rate(point: Numbers, quantity: Numbers, demand: ReviewedDemand) -> Numbers:
    """β = 1 − [n̄_{R+L} − n̄_L]/(μR), n̄ the mean loss over the positions s+1 … s+Q.

    Review every R, lots of Q, backorders: after a review the position is uniform on s+1 … s+Q, and
    what turns short between L and L+R is what is not served at once. With Q = 1 this is order-up-to
    s + 1, as R → 0 continuous review. Source: Hadley & Whitin (1963), ch. 5; Axsäter, ch. 5.

    >>> weekly = ReviewedDemand(*(np.array([value]) for value in (4.0, 4.0, 6.0, 6.0)))
    >>> round(float(fill_rate(np.array([8.0]), np.array([1.0]), weekly)[0]), 4)
    0.9255
    """
    late = Losses(demand.mean, demand.variance).mean_shortage(point, quantity)
    early = Losses(demand.lead_mean, demand.lead_variance).mean_shortage(point, quantity)
    asked = demand.review_mean
    missed = np.divide(late - early, asked, out=np.zeros_like(asked), where=asked > 0)
    return np.asarray(np.clip(1.0 - missed, 0.0, 1.0))


def fill_rate_of_lots(reorder_point: Numbers, quantity: Numbers, mean: Numbers, variance: Numbers) -> Numbers:
    """β = 1 − [n(s) − n(s+Q)]/Q for continuous review, a position spread evenly over s+1 … s+Q.

    n is the loss function of demand over the lead time, units. On whole units this is the mean of
    P(D < position), hence the ready rate too. Source: Axsäter, chapter 5; with n over lead time
    plus review it is a lower bound for periodic review.

    >>> two_a_day = np.array([10.0])
    >>> round(float(fill_rate_of_lots(np.array([9.0]), np.array([5.0]), two_a_day, two_a_day)[0]), 6)
    0.678753
    """
    short = expected_shortage(reorder_point, mean, variance)
    short_full = expected_shortage(reorder_point + quantity, mean, variance)
    served = 1.0 - (short - short_full) / np.maximum(quantity, 1e-9)
    return np.clip(np.where(quantity > 0, served, 0.0), 0.0, 1.0)


def fill_rate_order_up_to(level: float, mean: float, sd: float, review: float, lead_time: float) -> float:
    """β = 1 − [n_{R+L}(S) − n_L(S)]/(μR) for order-up-to S every R periods, demand normal.

    μ, σ per period. The textbook form without n_L counts a backlog twice.

    >>> round(fill_rate_order_up_to(250, 100, 30, 1, 2), 6)
    0.478376
    """

    def loss(periods: float) -> float:
        spread = float(sd * periods**0.5)
        if spread == 0.0:
            return max(mean * periods - level, 0.0)
        return spread * standard_normal_loss((level - mean * periods) / spread)

    return 1.0 - (loss(review + lead_time) - loss(lead_time)) / (mean * review)
