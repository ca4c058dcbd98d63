"""One depot and many bases, slow movers, one-for-one orders: expected backorders and fill.

Exact for Poisson demand by splitting the depot's backorders binomially among the bases. METRIC takes
each base's pipeline for Poisson and understates its backorders by 17-40 % at usual stock levels; it
stands here for comparison. VARI-METRIC fits two moments and serves demand that is not Poisson.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from optimization.demand import distributions

Numbers = npt.NDArray[np.float64]
Method = Literal["exact", "metric", "vari_metric"]
_TAIL = 1e-14


@dataclass(frozen=True)
class TwoEchelon:
    """Base rates λ_i [units/period], transport times T_i and the depot's lead time L₀ [periods].

    `vmr`: variance-to-mean ratio of demand, 1 for Poisson; another is served by VARI-METRIC.
    """

    base_rate: tuple[float, ...]
    transport: tuple[float, ...]
    depot_lead_time: float
    vmr: float = 1.0

    @property
    def depot_pipeline(self) -> float:
        """Expected demand on the depot over its own lead time, units."""
        return sum(self.base_rate) * self.depot_lead_time


@dataclass(frozen=True)
class Backorders:
    """Expected backorders at the depot and, per base, expected backorders and fill rate."""

    depot: float
    base: tuple[float, ...]
    fill: tuple[float, ...]


def evaluate(
    system: TwoEchelon, depot_stock: int, base_stock: tuple[int, ...], method: Method = "exact"
) -> Backorders:
    """Expected backorders of given stock levels.

    Depot: B₀ = (X₀ − S₀)⁺ with X₀ ~ Poisson(λ₀L₀). A base's units due are its demand over T_i plus
    its share of B₀. exact: that share is Binomial(B₀, λ_i/λ₀) and the sum is convolved (Simon 1971,
    Graves 1985). metric: the sum is Poisson with mean λ_i(T_i + E B₀/λ₀) (Sherbrooke 1968).
    vari_metric: mean f_i E B₀ + λ_iT_i, variance f_i(1−f_i)E B₀ + f_i² Var B₀ + λ_iT_i·vmr, negative
    binomial (Graves 1985; Sherbrooke 1986). EBO_i = E(X_i − S_i)⁺, fill P(X_i < S_i).

    >>> system = TwoEchelon((0.1, 0.1), (2, 2), 14)
    >>> for method in ("exact", "metric"):
    ...     found = evaluate(system, 2, (1, 1), method)
    ...     print(round(found.depot, 6), round(found.base[0], 6), round(found.fill[0], 6))
    1.091888 0.264765 0.518821
    1.091888 0.22023 0.474286
    """
    mean_0, var_0, pmf_0 = _depot(system, depot_stock)
    total = sum(system.base_rate)
    short, fill = [], []
    for rate, time, stock in zip(system.base_rate, system.transport, base_stock, strict=True):
        share = rate / total if total else 0.0
        own = rate * time
        if method == "exact":
            due = np.convolve(_poisson(own), _split(pmf_0, share))
            values = np.arange(len(due))
            short.append(float(due @ np.maximum(values - stock, 0)))
            fill.append(float(due[:stock].sum()))
            continue
        mean = np.array([own + share * mean_0])
        variance = mean
        if method == "vari_metric":
            variance = np.array([own * system.vmr + share * (1 - share) * mean_0 + share**2 * var_0])
        at = np.array([float(stock)])
        short.append(float(distributions.expected_shortage(at, mean, variance)[0]))
        fill.append(float(distributions.cdf(at - 1.0, mean, variance)[0]))
    return Backorders(mean_0, tuple(short), tuple(fill))


def best_stock(
    system: TwoEchelon, units: int, method: Method = "exact"
) -> tuple[int, tuple[int, ...], Backorders]:
    """Depot and base stock of `units` in all that leaves the fewest backorders at the bases.

    Every depot stock is tried; the rest goes unit by unit to the base whose backorders fall most,
    which is optimal because they are convex in its own stock. Ties go to the earlier base and to
    less stock at the depot.

    >>> depot, bases, found = best_stock(TwoEchelon((0.1, 0.1), (2, 2), 14), 4)
    >>> depot, bases, round(sum(found.base), 4)
    (2, (1, 1), 0.5295)
    """
    best: tuple[int, tuple[int, ...], Backorders] | None = None
    for depot in range(units + 1):
        stock = [0] * len(system.base_rate)
        here = evaluate(system, depot, tuple(stock), method)
        for _ in range(units - depot):
            more = evaluate(system, depot, tuple(level + 1 for level in stock), method)
            gain = [before - after for before, after in zip(here.base, more.base, strict=True)]
            stock[int(np.argmax(np.round(gain, 12)))] += 1
            here = evaluate(system, depot, tuple(stock), method)
        if best is None or sum(here.base) < sum(best[2].base) - 1e-12:
            best = depot, tuple(stock), here
    if best is None:
        raise ValueError("units must not be negative")
    return best


def _poisson(mean: float) -> Numbers:
    top = int(stats.poisson.isf(_TAIL, mean)) + 2
    return np.asarray(stats.poisson.pmf(np.arange(top), mean), dtype=np.float64)


def _depot(system: TwoEchelon, stock: int) -> tuple[float, float, Numbers]:
    """Mean, variance and pmf of the depot's backorders; the pmf is that of Poisson demand."""
    mean = system.depot_pipeline
    if system.vmr > distributions.LEAST_OVERDISPERSION:
        moments = np.array([mean]), np.array([mean * system.vmr])
        top = float(distributions.quantiles(*moments, np.array([1.0 - 1e-10]))[0, 0]) + 2.0
        cdf = distributions.cdf(np.arange(top), np.full(int(top), mean), np.full(int(top), moments[1][0]))
        pmf = np.diff(cdf, prepend=0.0)
    else:
        pmf = _poisson(mean)
    late = np.concatenate([[pmf[: stock + 1].sum()], pmf[stock + 1 :]])
    values = np.arange(len(late))
    expected = float(late @ values)
    return expected, float(late @ values**2) - expected**2, late


def _split(pmf: Numbers, share: float) -> Numbers:
    """Distribution of a binomial share of a random count."""
    counts = np.arange(len(pmf))
    table = np.asarray(stats.binom.pmf(counts[None, :], counts[:, None], share), dtype=np.float64)
    return np.asarray(pmf @ table)
