"""Safety stock: what the reorder point holds beyond expected demand. An output, not a decision.

The normal closed forms are for checks and for fast movers; the policy takes the quantile of
protection demand and reports the difference.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

Numbers = npt.NDArray[np.float64]


def safety_stock(reorder_point: Numbers, mean: Numbers) -> Numbers:
    """SS = s − E[D_P], units; negative when lots are large enough to carry the service.

    >>> safety_stock(np.array([10.0]), np.array([3.0])).tolist()
    [7.0]
    """
    return reorder_point - mean


def lead_time_demand_sd(mean: float, sd: float, lead_time: float, lead_time_sd: float) -> float:
    """σ of demand over a random lead time: √(L·σ² + d²·σ_L²), units.

    d and σ per period, L and σ_L in periods, all independent.

    >>> round(lead_time_demand_sd(2500, 500, 7, 7), 3)
    17549.929
    """
    return float((lead_time * sd**2 + mean**2 * lead_time_sd**2) ** 0.5)


def standard_normal_loss(z: float) -> float:
    """G(z) = φ(z) − z·(1 − Φ(z)): expected shortage in standard deviations.

    >>> round(standard_normal_loss(1.3), 9)
    0.045527962
    """
    return float(np.exp(-z * z / 2.0) / np.sqrt(2.0 * np.pi) - z * special.ndtr(-z))


def normal_safety_stock_for_cycle(sd: float, service: float) -> float:
    """SS = z(α)·σ, units: no stock-out in a share α of cycles, demand of the interval normal.

    >>> round(normal_safety_stock_for_cycle(500 * 2**0.5, 0.9), 3)
    906.194
    """
    return float(special.ndtri(service) * sd)


def normal_safety_stock_for_fill(sd: float, quantity: float, fill_rate: float) -> float:
    """SS such that expected shortage per cycle is (1 − β)·Q, demand of the interval normal, units.

    Solves σ·G(SS/σ) = (1 − β)·Q. Source: Chopra & Meindl, chapter 12.

    >>> round(normal_safety_stock_for_fill(500 * 2**0.5, 10_000, 0.975), 3)
    66.698
    """
    allowed = (1.0 - fill_rate) * quantity / sd
    # Here: its import costs a third of a second, which whoever only recalculates a level need not wait.
    from scipy.optimize import brentq

    return float(sd * brentq(lambda z: standard_normal_loss(z) - allowed, -50.0, 12.0, xtol=1e-12))
