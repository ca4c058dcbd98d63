"""Demand over a lead time that is itself random: moments, the exact mixture, and moments that fit its tail.

Everybody downstream reads a mean and a variance and takes demand for negative binomial. A lead
time of two kinds (five days mostly, fifteen at times) has a heavier shoulder than that, so the
variance is raised here until the upper quantiles agree. How demand itself varies is not decided here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammainc

from optimization.demand import distributions
from optimization.demand.distributions import Numbers
from optimization.keys import Integers

# The upper quantiles that must not be understated.
TAIL_LEVELS = (0.90, 0.95)
# Where the lead time brings less than this share of the variance, the moments are good enough.
LEAST_LEAD_TIME_SHARE = 0.05
# More than this no variance is raised; a larger one would empty the middle of the distribution.
MOST_RAISE = 2.0
_TAIL_POINTS = 12
_LEAST_NODE, _MOST_NODE = -6, 12


@dataclass(frozen=True)
class LeadTimeDemand:
    """Per item-location (n,): mean in units, variance to plan with, and variance of the mixture."""

    mean: Numbers
    variance: Numbers
    moment_variance: Numbers


def lead_time_demand(
    units_per_day: Numbers, vmr: Numbers, lead_time_days: Numbers, lead_time: Integers, review_days: Numbers
) -> LeadTimeDemand:
    r"""Moments of demand over P = L + R with random L, the variance raised to fit the upper tail.

    `units_per_day`, `vmr`, `review_days` (n,): daily mean d, variance-to-mean ratio v of demand over
    an interval of fixed length, and R. `lead_time_days` (g, m): each row m equally likely lead
    times, of which `lead_time` (n,) names the row. E[D] = d·E[P], Var[D] = v·E[D] + d²·Var[L].
    Demand over a given P is taken for gamma with that mean and variance; in days (D/d) the mixture
    then hangs on the lead time and on v/d alone, so it is solved at few values of v/d per lead time
    and interpolated. Five days in four of five cases and fifteen in the fifth, Poisson 2 a day:

    >>> lead = np.array([[5.0] * 16 + [15.0] * 4])
    >>> one, day = np.ones(1), np.zeros(1)
    >>> found = lead_time_demand(2 * one, one, lead, np.zeros(1, dtype=np.int64), day)
    >>> float(found.mean[0]), float(found.moment_variance[0])
    (14.0, 78.0)
    >>> distributions.quantiles(found.mean, found.moment_variance, np.array([0.9]))[0].tolist()
    [26.0]
    >>> distributions.quantiles(found.mean, found.variance, np.array([0.9]))[0].tolist()
    [30.0]
    """
    d, v, review = (np.asarray(each, dtype=np.float64) for each in (units_per_day, vmr, review_days))
    days = lead_time_days.mean(axis=1)[lead_time] + review
    spread = lead_time_days.var(axis=1)[lead_time]
    mean = d * days
    moment = v * mean + d**2 * spread
    noise_days = np.divide(v, d, out=np.zeros_like(d), where=d > 0)
    share = np.divide(d**2 * spread, moment, out=np.zeros_like(d), where=moment > 0)
    rows = np.flatnonzero((share >= LEAST_LEAD_TIME_SHARE) & (d > 0))
    raised = np.ones(len(d))
    if len(rows):
        raised[rows] = _raise(noise_days[rows], lead_time_days, lead_time[rows], review[rows])
    return LeadTimeDemand(mean, moment * raised, moment)


def mixture_quantiles(
    units_per_day: Numbers,
    vmr: Numbers,
    lead_time_days: Numbers,
    lead_time: Integers,
    review_days: Numbers,
    levels: Numbers,
) -> Numbers:
    """Exact quantiles (n, k) of the mixture of negative binomials; arguments as `lead_time_demand`.

    Smallest whole x with mean over lead times of P(D ≤ x | P) ≥ level, by bisection. For checking:
    it costs one incomplete beta function per lead time and step.

    >>> lead, none = np.array([[5.0] * 16 + [15.0] * 4]), np.zeros(1)
    >>> levels = np.array([0.8, 0.9, 0.95, 0.975])
    >>> mixture_quantiles(none + 2, none + 1, lead, np.zeros(1, dtype=np.int64), none, levels)[0].tolist()
    [19.0, 30.0, 34.0, 36.0]
    """
    days = lead_time_days[lead_time] + np.asarray(review_days, dtype=np.float64)[:, None]
    mean = np.asarray(units_per_day, dtype=np.float64)[:, None] * days
    variance = mean * np.asarray(vmr, dtype=np.float64)[:, None]
    target = np.asarray(levels, dtype=np.float64) - 1e-12
    low = np.full((len(mean), len(target)), -1.0)
    # Every lead time's own quantile bounds the mixture's from above.
    longest = np.argmax(mean, axis=1)[:, None]
    most_mean, most_variance = (np.take_along_axis(each, longest, axis=1)[:, 0] for each in (mean, variance))
    high = distributions.quantiles(most_mean, most_variance, np.asarray(levels, dtype=np.float64))
    while (high - low > 1.0).any():
        middle = np.floor((low + high) / 2.0)
        reached = distributions.cdf(middle[:, :, None], mean[:, None, :], variance[:, None, :]).mean(axis=2)
        enough = reached >= target
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return high


def _raise(noise_days: Numbers, lead_time_days: Numbers, lead_time: Integers, review: Numbers) -> Numbers:
    """Factor on the variance per row, interpolated between whole powers of two of v/d."""
    place = np.clip(np.log2(noise_days), _LEAST_NODE, _MOST_NODE)
    node = np.minimum(np.floor(place), _MOST_NODE - 1)
    terms, term = np.unique(np.column_stack([lead_time, review]), axis=0, return_inverse=True)
    width = _MOST_NODE - _LEAST_NODE + 1
    at = term.ravel() * width + (node - _LEAST_NODE).astype(np.int64)
    needed, where = np.unique(np.concatenate([at, at + 1]), return_inverse=True)
    of_term, power = np.divmod(needed, width)
    days = lead_time_days[terms[of_term, 0].astype(np.int64)] + terms[of_term, 1][:, None]
    factor = _raise_at(days, 2.0 ** (power + _LEAST_NODE))
    low, high = factor[where.ravel()[: len(at)]], factor[where.ravel()[len(at) :]]
    return np.asarray(low + (high - low) * (place - node), dtype=np.float64)


def _raise_at(days: Numbers, noise_days: Numbers) -> Numbers:
    """Least factor on the variance at which a gamma's upper quantiles reach those of the mixture.

    `days` (n, m) equally likely intervals, `noise_days` (n,) = v/d; both in days of mean demand.
    """
    mean = days.mean(axis=1)
    variance = noise_days * mean + days.var(axis=1)
    wanted = _mixture_tail(days, noise_days, mean, np.sqrt(variance))
    factor = np.ones(len(mean))
    for level, quantile in zip(TAIL_LEVELS, wanted.T, strict=True):
        low, high = np.ones(len(mean)), np.full(len(mean), MOST_RAISE)
        for _ in range(12):
            middle = (low + high) / 2.0
            short = _gamma_cdf(quantile, mean, variance * middle) > level
            low, high = np.where(short, middle, low), np.where(short, high, middle)
        is_short = _gamma_cdf(quantile, mean, variance) > level
        factor = np.where(is_short, np.maximum(factor, high), factor)
    return factor


def _mixture_tail(days: Numbers, noise_days: Numbers, mean: Numbers, sd: Numbers) -> Numbers:
    """Quantiles (n, levels) of the gamma mixture, between points of its upper tail."""
    reach = np.linspace(0.0, 4.0, _TAIL_POINTS)
    points = mean[:, None] + reach[None, :] * sd[:, None]
    shape, scale = days / noise_days[:, None], noise_days[:, None]
    reached = np.stack(
        [gammainc(shape, points[:, [k]] / scale).mean(axis=1) for k in range(_TAIL_POINTS)], axis=1
    )
    # The logarithm of what is left falls nearly straight between two points.
    left = np.log(np.maximum(1.0 - reached, 1e-300))
    found = np.empty((len(mean), len(TAIL_LEVELS)))
    rows = np.arange(len(mean))
    for column, level in enumerate(TAIL_LEVELS):
        wanted = np.log1p(-level)
        after = np.clip((left > wanted).sum(axis=1), 1, _TAIL_POINTS - 1)
        above, below = left[rows, after - 1], left[rows, after]
        part = np.clip((above - wanted) / np.maximum(above - below, 1e-12), 0.0, 1.0)
        found[:, column] = points[rows, after - 1] + part * (points[rows, after] - points[rows, after - 1])
    return found


def _gamma_cdf(x: Numbers, mean: Numbers, variance: Numbers) -> Numbers:
    return np.asarray(gammainc(mean**2 / variance, x * mean / variance), dtype=np.float64)
