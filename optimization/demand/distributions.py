"""Demand of an interval as a distribution of whole units: moments in, quantiles and losses out.

Negative binomial when the variance-to-mean ratio (VMR) is above 1.05, Poisson otherwise,
degenerate at 0 when the mean is 0. All functions work on arrays of item-locations.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

Numbers = npt.NDArray[np.float64]

LEAST_OVERDISPERSION = 1.05
# Above this mean the pmf recursion from 0 costs more than a bisection of the cdf, and its first
# term underflows soon after.
_RECURSION_MEAN = 150.0
_CDF_SLACK = 1e-12


def vmr_of(mean: Numbers, variance: Numbers) -> Numbers:
    """Variance-to-mean ratio, at least 1 and 1 where the distribution is taken for Poisson."""
    ratio = np.divide(variance, mean, out=np.ones_like(mean), where=mean > 0)
    return np.where(ratio > LEAST_OVERDISPERSION, ratio, 1.0)


def family(mean: Numbers, variance: Numbers) -> npt.NDArray[np.object_]:
    """Name of the family per element: negative_binomial, poisson or degenerate."""
    names = np.where(vmr_of(mean, variance) > 1.0, "negative_binomial", "poisson").astype(object)
    names[mean <= 0] = "degenerate"
    return names


def cdf(x: Numbers, mean: Numbers, variance: Numbers) -> Numbers:
    """P(D ≤ ⌊x⌋) for demand with this mean and variance; 0 below 0.

    With VMR v and mean μ the negative binomial has r = μ/(v−1) and p = 1/v, and its cdf is the
    incomplete beta function I_p(r, x+1).

    >>> round(float(cdf(np.array([10.0]), np.array([3.0]), np.array([12.0]))[0]), 4)
    0.9578
    """
    x, mean, variance = np.broadcast_arrays(np.floor(x), mean, variance)
    vmr = vmr_of(mean, variance)
    at = np.maximum(x, 0.0)
    is_nb = (vmr > 1.0) & (mean > 0)
    result = special.pdtr(at, np.maximum(mean, 0.0))
    if is_nb.any():
        r = mean[is_nb] / (vmr[is_nb] - 1.0)
        result[is_nb] = special.betainc(r, at[is_nb] + 1.0, 1.0 / vmr[is_nb])
    return np.where(x < 0, 0.0, np.where(mean <= 0, 1.0, result))


def expected_shortage(x: Numbers, mean: Numbers, variance: Numbers) -> Numbers:
    """Loss function n(x) = E(D − x)+, units; linear between whole x, and μ − x below 0.

    Uses E[D; D > x] = μ·P(D' ≥ x), where D' is Poisson with the same mean or negative binomial
    with r + 1. Source: Zipkin (2000), appendix C.

    >>> round(float(expected_shortage(np.array([14.0]), np.array([23.0]), np.array([64.0]))[0]), 6)
    9.32646
    """
    x, mean, variance = np.broadcast_arrays(np.asarray(x, dtype=np.float64), mean, variance)
    whole = np.maximum(np.floor(x), 0.0)
    vmr = vmr_of(mean, variance)
    above = 1.0 - cdf(whole, mean, variance)
    above_biased = np.where(whole > 0, 1.0 - special.pdtr(np.maximum(whole - 1.0, 0.0), mean), 1.0)
    is_nb = (vmr > 1.0) & (mean > 0)
    if is_nb.any():
        r = mean[is_nb] / (vmr[is_nb] - 1.0)
        above_biased[is_nb] = np.where(
            whole[is_nb] > 0, 1.0 - special.betainc(r + 1.0, whole[is_nb], 1.0 / vmr[is_nb]), 1.0
        )
    loss = np.maximum(mean * above_biased - whole * above, 0.0) - (np.maximum(x, 0.0) - whole) * above
    return np.where(mean <= 0, np.maximum(-x, 0.0), np.maximum(loss, 0.0) + np.maximum(-x, 0.0))


def quantiles(mean: Numbers, variance: Numbers, levels: Numbers) -> Numbers:
    """Smallest whole x with P(D ≤ x) ≥ level, per row of `mean` and column of `levels`.

    `levels` is (k,) for the same levels everywhere or (n, k); returns (n, k). One pass of the pmf
    recursion serves all levels of a row; large means are bracketed and bisected on the cdf.

    >>> quantiles(np.array([3.0, 3.0]), np.array([12.0, 3.0]), np.array([0.95])).ravel().tolist()
    [10.0, 6.0]
    """
    mean, variance = np.atleast_1d(mean).astype(np.float64), np.atleast_1d(variance).astype(np.float64)
    wanted = np.broadcast_to(np.asarray(levels, dtype=np.float64), (len(mean), np.shape(levels)[-1]))
    result = np.zeros(wanted.shape)
    vmr = vmr_of(mean, variance)
    # p0 = v^(-r) must not underflow for the recursion to start.
    log_p0 = np.where(vmr > 1.0, mean / np.maximum(vmr - 1.0, 1e-9) * np.log(vmr), mean)
    small = (mean > 0) & (mean <= _RECURSION_MEAN) & (log_p0 < 650.0)
    for rows, method in ((small, _by_recursion), ((mean > 0) & ~small, _by_bisection)):
        chosen = np.flatnonzero(rows)
        if len(chosen):
            result[chosen] = method(mean[chosen], vmr[chosen], wanted[chosen])
    return result


def _by_recursion(mean: Numbers, vmr: Numbers, levels: Numbers) -> Numbers:
    is_nb = vmr > 1.0
    r = np.where(is_nb, mean / np.where(is_nb, vmr - 1.0, 1.0), 0.0)
    # pmf(k+1) = pmf(k)·(slope·k + start)/(k+1) covers both families.
    slope = np.where(is_nb, 1.0 - 1.0 / vmr, 0.0)
    start = np.where(is_nb, r * slope, mean)
    pmf = np.exp(np.where(is_nb, -r * np.log(vmr), -mean))
    result = np.zeros(levels.shape)
    rows = np.arange(len(mean))
    total, target = pmf.copy(), np.minimum(levels, 1.0 - 1e-10) - _CDF_SLACK
    k = 0
    while len(rows):
        below = total[:, None] < target
        result[rows] += below
        going = below.any(axis=1)
        if not going.all():
            rows, total, target, pmf = rows[going], total[going], target[going], pmf[going]
            slope, start = slope[going], start[going]
        pmf = pmf * (slope * k + start) / (k + 1.0)
        total = total + pmf
        k += 1
    return result


def _by_bisection(mean: Numbers, vmr: Numbers, levels: Numbers) -> Numbers:
    variance = mean * vmr
    column, spread = mean[:, None], np.sqrt(variance)[:, None]
    low = np.full(levels.shape, -1.0)
    high = np.ceil(np.broadcast_to(column + 3.0 * spread, levels.shape))
    target = np.minimum(levels, 1.0 - 1e-10) - _CDF_SLACK
    mean2 = np.broadcast_to(column, levels.shape)
    variance2 = np.broadcast_to(variance[:, None], levels.shape)
    while (short := cdf(high, mean2, variance2) < target).any():
        low, high = np.where(short, high, low), np.where(short, high + np.ceil(3.0 * spread), high)
    while (high - low > 1.0).any():
        middle = np.floor((low + high) / 2.0)
        enough = cdf(middle, mean2, variance2) >= target
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high
