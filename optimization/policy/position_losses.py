"""Demand while an order can arrive, and how much of it a spread of positions leaves unserved.

The tools of the service rules: fill rate, ready rate and expected stock are sums of these losses.
Demand and positions are whole base units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from optimization.demand.distributions import vmr_of

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ReviewedDemand:
    """Moments of demand over the lead time L and over L plus the review time R, per item-location.

    Orders at the end of a review arrive a lead time later, so a position covers demand from L to L + R.
    """

    lead_mean: Numbers
    lead_variance: Numbers
    mean: Numbers
    variance: Numbers

    @classmethod
    def of(cls, mean: Numbers, variance: Numbers, lead_share: Numbers) -> ReviewedDemand:
        """Split the protection interval's moments; the lead time is `lead_share` of it.

        Rate and variance-to-mean ratio are taken as even over the interval.

        >>> ReviewedDemand.of(np.array([9.0]), np.array([18.0]), np.array([2 / 3])).lead_variance.tolist()
        [12.0]
        """
        return cls(mean * lead_share, variance * lead_share, mean, variance)

    def thinned(self, served: Numbers) -> ReviewedDemand:
        """The same when a share of demand only is ordered for, because the rest is lost.

        What was lost is not on order: the lead time holds `served` of its demand, the review all.
        """
        kept = self.lead_mean * served, self.lead_variance * served
        return ReviewedDemand(
            *kept, self.mean - self.lead_mean + kept[0], self.variance - self.lead_variance + kept[1]
        )

    def __getitem__(self, rows: npt.NDArray[np.int64] | Flags) -> ReviewedDemand:
        return ReviewedDemand(
            self.lead_mean[rows], self.lead_variance[rows], self.mean[rows], self.variance[rows]
        )

    @property
    def review_mean(self) -> Numbers:
        """Expected demand between two reviews, units."""
        return self.mean - self.lead_mean


class Losses:
    """n(x) = E(D − x)⁺ and its sum over higher positions, for one set of moments.

    With a = P(D > x) and f = P(D = x), demand of mean μ and ratio v:
    E[D; D > x] = μ·a + (μ + (v − 1)·x)·f and
    E[D(D − 1); D > x] = (μ + v − 1)·E[D; D > x] + x·((v − 1)·x + μ)·f; Poisson is v = 1.
    """

    def __init__(self, mean: Numbers, variance: Numbers) -> None:
        self.mean = mean
        self.vmr = np.where(mean > 0, vmr_of(mean, variance), 1.0)
        self._is_nb = self.vmr > 1.0
        extra = np.where(self._is_nb, self.vmr - 1.0, 1.0)
        self._r = np.where(mean > 0, mean, 1.0) / extra
        with np.errstate(divide="ignore"):
            log_mean = np.log(mean)
        self._log_start = np.where(self._is_nb, -self._r * np.log(self.vmr) - special.gammaln(self._r), -mean)
        self._log_ratio = np.where(self._is_nb, np.log(extra / self.vmr), log_mean)

    def above(self, x: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """P(D > x), n(x) and Σ_{y > x} n(y) at whole x ≥ -1."""
        at = np.maximum(x, 0.0)
        beyond = np.where(x < 0, 1.0, self._survival(at + 1.0))
        point = np.where(x < 0, 0.0, self._pmf(at))
        extra = self.vmr - 1.0
        first = self.mean * beyond + (self.mean + extra * at) * point
        second = (self.mean + extra) * first + at * (extra * at + self.mean) * point
        loss = first - x * beyond
        total = 0.5 * (second - 2.0 * x * first + x * (x + 1.0) * beyond)
        return beyond, np.maximum(loss, 0.0), np.maximum(total, 0.0)

    def mean_shortage(self, point: Numbers, quantity: Numbers) -> Numbers:
        """Mean of n over the positions s + 1 … s + Q."""
        return (self.above(point)[2] - self.above(point + quantity)[2]) / quantity

    def mean_ready(self, point: Numbers, quantity: Numbers) -> Numbers:
        """Mean of P(D < y) over the positions y = s + 1 … s + Q."""
        return 1.0 - (self.above(point)[1] - self.above(point + quantity)[1]) / quantity

    def _survival(self, k: Numbers) -> Numbers:
        """P(D ≥ k) for k ≥ 1."""
        result = np.zeros(len(self.mean))
        nb = self._is_nb & (self.mean > 0)
        poisson = ~self._is_nb & (self.mean > 0)
        result[nb] = special.betainc(k[nb], self._r[nb], 1.0 - 1.0 / self.vmr[nb])
        result[poisson] = special.gammainc(k[poisson], self.mean[poisson])
        return result

    def _pmf(self, k: Numbers) -> Numbers:
        grown = np.where(self._is_nb, special.gammaln(k + self._r), 0.0)
        with np.errstate(invalid="ignore"):
            power = np.where(k > 0, k * self._log_ratio, 0.0)
        with np.errstate(invalid="ignore"):
            pmf = np.exp(self._log_start + grown + power - special.gammaln(k + 1.0))
        return np.where(self.mean > 0, pmf, k == 0)
