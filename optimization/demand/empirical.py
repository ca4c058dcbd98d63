"""Exact distributions made of few values: the bootstrap of an interval, and demand over a mixed lead time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special

from optimization.demand import distributions

Numbers = npt.NDArray[np.float64]


def bootstrap_of_interval(history: Numbers, periods: int) -> Numbers:
    """Probabilities of 0, 1, 2, … units over `periods` periods drawn from a history of whole units.

    The exact limit of the iid bootstrap: the history's own distribution, convolved with itself.

    >>> pmf = bootstrap_of_interval(np.array([0.0, 0, 1, 0, 2, 0, 0, 3, 0, 1]), 3)
    >>> [quantile_of(pmf, level) for level in (0.8, 0.9, 0.95, 0.99)], round(float(mean_of(pmf)), 9)
    ([3, 4, 5, 7], 2.1)
    """
    single = np.bincount(history.astype(np.int64)) / len(history)
    pmf = np.ones(1)
    for _ in range(periods):
        pmf = np.convolve(pmf, single)
    return np.asarray(pmf)


def quantile_of(pmf: Numbers, level: float) -> int:
    """Smallest whole x with F(x) ≥ level.

    >>> quantile_of(np.array([0.5, 0.5]), 0.5)
    0
    """
    return int(np.searchsorted(np.cumsum(pmf), level - 1e-12))


def mean_of(pmf: Numbers) -> float:
    """Expected value of probabilities of 0, 1, 2, ….

    >>> mean_of(np.array([0.5, 0.5]))
    0.5
    """
    return float(pmf @ np.arange(len(pmf)))


class MixedLeadTime:
    """Demand over a lead time of given values and probabilities; per day of mean d and ratio v.

    The exact mixture Σ p_k·F(x; d·L_k, v·d·L_k), for the case that a normal formula gets wrong.
    """

    def __init__(self, per_day: float, vmr: float, days: Numbers, probability: Numbers) -> None:
        self._mean, self._probability = per_day * days, probability / probability.sum()
        self._variance = self._mean * vmr
        self.mean = float(self._probability @ self._mean)
        spread = float(self._probability @ self._mean**2) - self.mean**2
        self.variance = float(self._probability @ self._variance) + spread

    def cdf(self, x: float) -> float:
        """P(D ≤ x).

        >>> two_modes = MixedLeadTime(2.0, 1.0, np.array([5.0, 15.0]), np.array([0.8, 0.2]))
        >>> round(two_modes.cdf(26.0), 6)
        0.853462
        """
        at = np.full(len(self._mean), float(x))
        reached: Numbers = self._probability * distributions.cdf(at, self._mean, self._variance)
        return float(reached.sum())

    def quantile(self, level: float) -> int:
        """Smallest whole x with P(D ≤ x) ≥ level.

        >>> two_modes = MixedLeadTime(2.0, 1.0, np.array([5.0, 15.0]), np.array([0.8, 0.2]))
        >>> [two_modes.quantile(level) for level in (0.8, 0.9, 0.95, 0.975)]
        [19, 30, 34, 36]
        """
        low, high = -1, 1
        while self.cdf(high) < level - 1e-12:
            low, high = high, 2 * high
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.cdf(middle) >= level - 1e-12 else (middle, high)
        return high

    def normal_quantile(self, level: float) -> float:
        """What the normal formula says: mean + z·σ.

        >>> two_modes = MixedLeadTime(2.0, 1.0, np.array([5.0, 15.0]), np.array([0.8, 0.2]))
        >>> round(two_modes.normal_quantile(0.9), 6)
        25.318357
        """
        return self.mean + float(special.ndtri(level)) * float(self.variance**0.5)
