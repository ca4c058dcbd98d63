"""Means and spreads of a panel before each origin: what simple rules look at.

Every figure rests on the columns before its origin only, to the last digit; unknown periods (NaN)
are skipped.
"""

from __future__ import annotations

import numpy as np

from optimization.simulation.simulator import Integers, Numbers


def rolling_moments(panel: Numbers, origins: Integers, window: int) -> tuple[Numbers, Numbers]:
    """Mean and sd (n − 1) of the known columns among the `window` before each origin, (n, origins).

    >>> mean, sd = rolling_moments(np.array([[1.0, np.nan, 3.0, 8.0]]), np.array([3]), 3)
    >>> float(mean[0, 0]), round(float(sd[0, 0]), 4)
    (2.0, 1.4142)
    """
    is_known = ~np.isnan(panel)
    values = np.where(is_known, panel, 0.0)
    low = np.maximum(origins - window, 0)
    count, total, squares = (
        (sums := cumulated(each))[:, origins] - sums[:, low] for each in (is_known, values, values**2)
    )
    known = np.maximum(count, 1)
    # Only prefix sums are used: what comes after an origin must not move even the last digit.
    mean = total / known
    variance = np.where(count > 1, (squares - total**2 / known) / np.maximum(count - 1, 1), 0.0)
    return mean, np.sqrt(np.maximum(variance, 0.0))


def exponential_means(panel: Numbers, origins: Integers, half_life: float) -> Numbers:
    """Bias-corrected exponential mean of the known columns before each origin, (n, origins)."""
    decay = 2.0 ** (-1.0 / half_life)
    is_known = ~np.isnan(panel)
    values = np.where(is_known, panel, 0.0)
    total, weight = np.zeros(len(panel)), np.zeros(len(panel))
    result = np.zeros((len(panel), len(origins)))
    for column in range(int(origins.max()) + 1):
        at = origins == column
        if at.any():
            mean = np.divide(total, weight, out=np.zeros_like(total), where=weight > 1e-12)
            result[:, at] = mean[:, None]
        if column < panel.shape[1]:
            total, weight = decay * total + values[:, column], decay * weight + is_known[:, column]
    return result


def syntetos_boylan(panel: Numbers, origins: Integers, alpha: float) -> Numbers:
    """SBA rate per period before each origin, (n, origins): (1 − α/2)·size/gap, updated at demand.

    Source: Syntetos & Boylan (2005). Before the second demand the plain mean stands in.
    """
    n = len(panel)
    size, gap, since = np.zeros(n), np.zeros(n), np.zeros(n)
    count = np.zeros(n)
    result = np.zeros((n, len(origins)))
    plain, _ = rolling_moments(panel, origins, panel.shape[1])
    for column in range(int(origins.max()) + 1):
        at = origins == column
        if at.any():
            rate = np.divide((1.0 - alpha / 2.0) * size, gap, out=np.zeros(n), where=gap > 0)
            result[:, at] = np.where(count[:, None] > 1, rate[:, None], plain[:, at])
        if column < panel.shape[1]:
            value = panel[:, column]
            since += ~np.isnan(value)
            hit = value > 0
            start = hit & (count == 0)
            size = np.where(start, value, np.where(hit, size + alpha * (value - size), size))
            gap = np.where(start, since, np.where(hit, gap + alpha * (since - gap), gap))
            since = np.where(hit, 0.0, since)
            count += hit
    return result


def cumulated(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Numbers:
    """Sums of the columns before each column, (n, T+1)."""
    return np.cumsum(np.pad(values.astype(np.float64), ((0, 0), (1, 0))), axis=1)
