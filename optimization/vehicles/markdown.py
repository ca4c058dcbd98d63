r"""The price that earns most: what a lower price gives up against the days it saves.

.. math:: V(p) = P_w(p)\,(p - c) + (1 - P_w(p))\,R(p) - k\,E[\min(T_p, w)]

P_w is the probability of a sale within the window w, c the cost, k the cost of a day. R is what an
unsold unit is worth after the window: sold later at this price, its further days paid, or to the trade,
whichever is more. Prices are tried from the present one down to the deepest reduction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.vehicles.sale_hazard import expected_days, sold_by

Numbers = npt.NDArray[np.float64]
STEPS = 31


@dataclass(frozen=True)
class PriceTerms:
    """Per unit (n): present price, cost, cost of a day, the trade's price, weekly survival (n, weeks + 1).

    `price_response`: log hazard per log price, below 0. `window_days`; `deepest`: largest reduction,
    a share of the price.
    """

    price: Numbers
    unit_cost: Numbers
    daily_cost: Numbers
    trade_price: Numbers
    survived: Numbers
    price_response: float
    window_days: float
    deepest: float


def worth(terms: PriceTerms, reduction: float) -> Numbers:
    """V at the present price less `reduction` (a share), per unit.

    Example: half are sold in the first week, the rest in the second; a day costs 20. At 30,000 the unit
    earns 2,000 less 7 days: 1,860.

    >>> one = PriceTerms(np.array([30e3]), np.array([28e3]), np.array([20.0]), np.array([25e3]),
    ...     np.array([[1.0, 0.5, 0.0]]), -3.0, 14.0, 0.15)
    >>> worth(one, 0.0).round(2).tolist()
    [1860.0]
    """
    price = terms.price * (1.0 - reduction)
    survived = at_reduced_price(terms.survived, terms.price_response, reduction)
    sold = sold_by(survived, terms.window_days)
    in_window = expected_days(survived, terms.window_days)
    unsold = np.maximum(1.0 - sold, 1e-12)
    after = np.maximum(expected_days(survived) - in_window, 0.0) / unsold
    residual = np.maximum(
        price - terms.unit_cost - terms.daily_cost * after, terms.trade_price - terms.unit_cost
    )
    value = sold * (price - terms.unit_cost) + (1.0 - sold) * residual - terms.daily_cost * in_window
    return np.asarray(value, dtype=np.float64)


def best_reduction(terms: PriceTerms) -> tuple[Numbers, Numbers]:
    """The reduction that is worth most (a share, the smallest of equals) and what it wins over none.

    >>> slow = PriceTerms(np.array([30e3]), np.array([28e3]), np.array([60.0]), np.array([20e3]),
    ...     np.array([0.97 ** np.arange(53)]), -3.0, 30.0, 0.15)
    >>> share, gain = best_reduction(slow)
    >>> bool(share[0] > 0), bool(gain[0] > 0)
    (True, True)
    """
    present = worth(terms, 0.0)
    best, share = present.copy(), np.zeros(len(present))
    for reduction in np.linspace(0.0, terms.deepest, STEPS)[1:].tolist():
        value = worth(terms, reduction)
        is_better = value > best + 1e-9
        best, share = np.where(is_better, value, best), np.where(is_better, reduction, share)
    return share, best - present


def at_reduced_price(survived: Numbers, response: float, reduction: float) -> Numbers:
    """Survival with the hazard multiplied by (1 − reduction)^response."""
    return np.asarray(survived ** ((1.0 - reduction) ** response), dtype=np.float64)
