"""Demand of which some observations are only known from below, because stock ran out.

For slow movers: P(D = y) of what was seen whole, P(D ≥ x) of what was cut off at x.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special
from scipy.optimize import minimize, minimize_scalar

Numbers = npt.NDArray[np.float64]


def poisson_rate(exact: Numbers, at_least: Numbers) -> float:
    """Maximum-likelihood mean of Poisson demand, units per observation.

    Maximises Σ log P(D = y) over `exact` plus Σ log P(D ≥ x) over `at_least`; 0 when all is 0. Raises
    `ValueError` without an exact observation: then every larger mean is more likely still.

    >>> exact, cut = np.array([4.0, 6, 7, 10, 12]), np.array([6.0, 9, 10])
    >>> round(poisson_rate(exact, cut), 5)
    8.94835
    """
    _must_have_exact(exact)
    cut = at_least[at_least > 0]
    if exact.sum() + cut.sum() <= 0:
        return 0.0

    def loss(mean: float) -> float:
        seen = exact.sum() * np.log(mean) - len(exact) * mean
        return -float(seen + np.log(np.maximum(special.gammainc(cut, mean), 1e-300)).sum())

    # Censoring only raises the mean, and not beyond what a doubled demand of every cut would give.
    low = max(float(exact.mean()), 1e-9) * 0.5
    high = float(np.concatenate([exact, 2.0 * cut]).max()) * 2.0 + 10.0
    found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-10})
    return float(found.x)


def negative_binomial_moments(exact: Numbers, at_least: Numbers) -> tuple[float, float]:
    """Maximum-likelihood mean and variance-to-mean ratio of negative binomial demand.

    As `poisson_rate`, for demand that varies more than Poisson; the ratio is 1 where Poisson is as
    likely.

    >>> mean, ratio = negative_binomial_moments(np.array([0.0, 0, 9, 1, 14, 2]), np.array([3.0, 5.0]))
    >>> mean > 26 / 6, ratio > 3
    (True, True)
    """
    _must_have_exact(exact)
    cut = at_least[at_least > 0]
    start = poisson_rate(exact, at_least)
    if start <= 0:
        return 0.0, 1.0

    def loss(parameters: Numbers) -> float:
        mean, extra = float(np.exp(parameters[0])), float(np.exp(parameters[1]))
        r, q = mean / extra, extra / (1.0 + extra)
        seen = special.gammaln(exact + r) - special.gammaln(r) - special.gammaln(exact + 1.0)
        seen = seen - r * np.log1p(extra) + exact * np.log(q)
        beyond = np.log(np.maximum(special.betainc(cut, r, q), 1e-300))
        return -float(seen.sum() + beyond.sum())

    bounds = [(np.log(start) - 3.0, np.log(start) + 3.0), (np.log(1e-3), np.log(1e3))]
    found = minimize(loss, np.array([np.log(start), 0.0]), method="L-BFGS-B", bounds=bounds)
    mean, extra = np.exp(found.x)
    return (float(mean), 1.0 + float(extra)) if extra > 2e-3 else (start, 1.0)


def _must_have_exact(exact: Numbers) -> None:
    if not len(exact):
        raise ValueError("at least one observation must not be censored")
