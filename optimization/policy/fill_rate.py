"""Fill rate: the expected share of units served at once under a policy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimization.demand.distributions import expected_shortage
from optimization.policy.safety_stock import standard_normal_loss

Numbers = npt.NDArray[np.float64]


def fill_rate_of_lots(reorder_point: Numbers, quantity: Numbers, mean: Numbers, variance: Numbers) -> Numbers:
    """β = 1 − [n(s) − n(s+Q)]/Q for a position spread evenly over s+1 … s+Q.

    n is the loss function of demand over the protection interval, units. On whole units this is
    the mean of P(D < position), hence the ready rate too. Source: Axsäter, chapter 5; with n over
    lead time plus review it is a lower bound for periodic review.

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
        return spread * standard_normal_loss((level - mean * periods) / spread)

    return 1.0 - (loss(review + lead_time) - loss(lead_time)) / (mean * review)


def fill_rate_lost_sales(level: int, lead_time_demand: float) -> float:
    """β = 1 − Erlang loss B(S, λL) for base stock S with Poisson demand and lost sales.

    B(0) = 1, B(k) = a·B(k−1)/(k + a·B(k−1)). Source: Karush (1957).

    >>> round(fill_rate_lost_sales(3, 3.0), 6)
    0.653846
    """
    blocked = 1.0
    for servers in range(1, level + 1):
        blocked = lead_time_demand * blocked / (servers + lead_time_demand * blocked)
    return 1.0 - blocked
