"""Orders with lost sales and a lead time: look at the stock that will be left when the order arrives.

With lost sales no level of the position is enough: two rows with the same position differ in what
they will have lost until the order comes. This rule reads stock and each receipt on its way.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimization.demand.distributions import quantiles

Numbers = npt.NDArray[np.float64]


def demand_paths(mean: Numbers, vmr: Numbers, n_paths: int, seed: int = 0) -> Numbers:
    """Draw paths of whole demand per period, (n, periods, n_paths), negative binomial.

    `mean` (n, periods) is units per period and `vmr` (n,) the variance-to-mean ratio of a period
    and, periods being independent, of any sum of them. Draws are stratified, and the same for every
    row and every call with this seed: what differs between two calls is the forecast, not chance.
    """
    generator = np.random.default_rng(seed)
    paths = np.empty((*mean.shape, n_paths))
    for period in range(mean.shape[1]):
        levels = (generator.permutation(n_paths) + 0.5) / n_paths
        paths[:, period] = quantiles(mean[:, period], mean[:, period] * vmr, levels)
    return paths


def stock_at_arrival(on_hand: Numbers, due: Numbers, paths: Numbers) -> Numbers:
    """Stock at the start of the period in which an order placed now arrives, without it; (n, n_paths).

    `due` (n, L) arrives at the starts of the L periods before; unmet demand is lost, so stock never
    falls below 0.

    >>> stock_at_arrival(np.array([3.0]), np.array([[0.0, 4.0]]), np.array([[[5.0], [1.0], [2.0]]])).tolist()
    [[3.0]]
    """
    left = np.repeat(on_hand[:, None], paths.shape[2], axis=1)
    for period in range(due.shape[1]):
        left = np.maximum(left + due[:, period, None] - paths[:, period], 0.0)
    return left


def lost_sales_order(on_hand: Numbers, due: Numbers, paths: Numbers, critical_ratio: float) -> Numbers:
    """Smallest whole order q with P(demand of the arrival period ≤ stock then + q) ≥ ratio, units (n,).

    `paths` (n, L+1, n_paths) is demand of the L periods before the arrival and of the arrival period.
    With ratio p/(p + h), p per unit lost and h per unit held over a period, q has the least expected
    cost of that period; what is left over then saves the next order, so it costs h once. That is the
    myopic rule of Morton (1971), near the optimum for stationary demand. Since too much cannot be
    taken back and too little is mended by the next order, a ratio somewhat lower is best where the
    forecast is unsure: choose it by simulation. Over a finite horizon the last order that still
    arrives takes the full ratio, and one that arrives later is 0.

    >>> paths = np.array([[[1.0, 1, 2, 2], [0, 1, 0, 1], [0, 1, 2, 3]]])
    >>> lost_sales_order(np.array([2.0]), np.array([[0.0, 1.0]]), paths, 0.75).tolist()
    [1.0]
    """
    short = paths[:, due.shape[1]] - stock_at_arrival(on_hand, due, paths)
    at = max(int(np.ceil(critical_ratio * paths.shape[2] - 1e-9)) - 1, 0)
    return np.asarray(np.maximum(np.partition(short, at, axis=1)[:, at], 0.0))
