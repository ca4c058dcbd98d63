"""Recalibration: how often demand really fell below a predicted probability, as a map per class.

The probability integral transform (PIT) of demand under a good distribution is uniform. Its
quantile function on completed intervals is therefore the map from a wanted probability to the one
to ask the distribution for. Whole units make the transform random; the draw is part of the seed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimization.demand.distributions import cdf
from optimization.demand.panel import Numbers

# Wanted probabilities at which a map is stored: even on the logit, where the tails matter.
_LOGITS: Numbers = np.linspace(-7.0, 7.0, 57)
GRID: Numbers = 1.0 / (1.0 + np.exp(-_LOGITS))
# An estimate at probability q from n independent transforms weighs n·q(1−q) against this many.
PRIOR_WEIGHT = 15.0
# The randomised transform is kept inside the open unit interval.
_EDGE = 1e-6


def randomised_pit(demand: Numbers, mean: Numbers, variance: Numbers, draw: Numbers) -> Numbers:
    """Transform u = F(D−1) + V·(F(D) − F(D−1)) with V uniform, per element; uniform when F is right.

    Source: Czado, Gneiting & Held (2009). Demand that is not whole is taken as its floor.

    >>> at_zero = randomised_pit(np.array([0.0]), np.array([1.0]), np.array([1.0]), np.array([0.5]))
    >>> round(float(at_zero[0]), 4)
    0.1839
    """
    below, at = cdf(demand - 1.0, mean, variance), cdf(demand, mean, variance)
    return np.asarray(np.clip(below + draw * (at - below), _EDGE, 1.0 - _EDGE))


def logit(q: Numbers) -> Numbers:
    """ln(q/(1−q))."""
    return np.asarray(np.log(q) - np.log1p(-q))


def quantile_maps(
    pit: Numbers, group: npt.NDArray[np.int8], n_groups: int, rows_per_independent: float
) -> Numbers:
    """Map per group on `GRID`, on the logit: empirical quantiles of the PIT, shrunk; (groups, grid).

    The map of all rows is shrunk to the identity and a group's to that of all, each with weight
    n·q(1−q)/(n·q(1−q) + 15). Overlapping intervals are not independent: n counts rows divided by
    `rows_per_independent`, the length of an interval.
    """
    pooled = _shrunk(pit, _LOGITS, rows_per_independent)
    return np.stack([_shrunk(pit[group == g], pooled, rows_per_independent) for g in range(n_groups)])


def _shrunk(pit: Numbers, prior: Numbers, rows_per_independent: float) -> Numbers:
    if not len(pit):
        return prior
    evidence = len(pit) / rows_per_independent * GRID * (1.0 - GRID)
    weight = evidence / (evidence + PRIOR_WEIGHT)
    own = logit(np.quantile(pit, GRID))
    return np.asarray(np.maximum.accumulate(weight * own + (1.0 - weight) * prior))


def mapped(levels: Numbers, maps: Numbers, group: npt.NDArray[np.int8]) -> Numbers:
    """Probability to ask the fitted distribution for, (n, k), so that `levels` (k,) are reached."""
    wanted = logit(np.clip(levels, _EDGE, 1.0 - _EDGE))
    return _sigmoid(np.stack([_interpolated(wanted, _LOGITS, row) for row in maps])[group])


def unmapped(probability: Numbers, maps: Numbers, group: npt.NDArray[np.int8]) -> Numbers:
    """Recalibrated probability of an event that the fitted distribution gives `probability`; (n,)."""
    result = np.empty(len(probability))
    x = logit(np.clip(probability, _EDGE, 1.0 - _EDGE))
    for g, row in enumerate(maps):
        rows = group == g
        # A rising tie-break keeps the inverse a function where the map is flat.
        result[rows] = _interpolated(x[rows], row + 1e-9 * np.arange(len(row)), _LOGITS)
    return np.where(probability <= 0.0, 0.0, np.where(probability >= 1.0, 1.0, _sigmoid(result)))


def _interpolated(x: Numbers, at: Numbers, values: Numbers) -> Numbers:
    """Linear between the points and parallel to the identity beyond them."""
    inside = np.clip(x, at[0], at[-1])
    return np.asarray(np.interp(inside, at, values) + (x - inside))


def _sigmoid(x: Numbers) -> Numbers:
    return np.asarray(1.0 / (1.0 + np.exp(-x)))
