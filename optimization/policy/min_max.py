"""(s, S): order up to S when the position is at or below s, with a fixed cost per order.

Exact for whole demand (Zheng and Federgruen) and by the power approximation for normal demand.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.demand import distributions
from optimization.policy.newsvendor import whole_cost

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class MinMax:
    """Reorder point s, order-up-to level S (units) and expected cost per period."""

    reorder_point: float
    order_up_to: float
    cost: float


class PeriodicSystem:
    """Demand per period as probabilities of 0, 1, 2, …, and what a position costs.

    An order placed at the end of a period arrives `lead_time` periods after the next has begun, so a
    position y carries the cost h·(y − μ_P) + (h + b)·E(D_P − y)⁺ of demand over P = lead time + 1.
    Costs are money per unit and period; `mean` and `variance` are of one period. Raises `ValueError`
    where there is no demand, for then nothing is ever ordered.
    """

    def __init__(
        self, holding_cost: float, backorder_cost: float, mean: float, variance: float, lead_time: int = 0
    ) -> None:
        if mean <= 0 or holding_cost <= 0 or backorder_cost <= 0:
            raise ValueError("mean demand, holding cost and backorder cost must be positive")
        top = float(distributions.quantiles(_one(mean), _one(variance), _one(1.0 - 1e-10))[0, 0]) + 2.0
        at = np.arange(top)
        cdf = distributions.cdf(at, np.full(len(at), float(mean)), np.full(len(at), float(variance)))
        self.pmf = np.diff(cdf, prepend=0.0)
        self._costs = holding_cost, backorder_cost
        self._interval = mean * (lead_time + 1.0), variance * (lead_time + 1.0)
        self.best_position = int(
            distributions.quantiles(
                _one(self._interval[0]),
                _one(self._interval[1]),
                _one(backorder_cost / (backorder_cost + holding_cost)),
            )[0, 0]
        )

    def cost(self, position: Numbers) -> Numbers:
        """G(y): expected holding and backorder cost per period of these positions after review."""
        mean, variance = (np.full(len(position), value) for value in self._interval)
        return whole_cost(position, *self._costs, mean, variance)


class GivenSystem:
    """As `PeriodicSystem` without lead time, for any probabilities of demand 0, 1, 2, … per period."""

    def __init__(self, holding_cost: float, backorder_cost: float, pmf: Numbers) -> None:
        if holding_cost <= 0 or backorder_cost <= 0 or pmf[0] >= 1:
            raise ValueError("costs must be positive and some demand possible")
        self.pmf = pmf
        self._costs = holding_cost, backorder_cost
        ratio = backorder_cost / (backorder_cost + holding_cost)
        self.best_position = int(np.searchsorted(np.cumsum(pmf), ratio - 1e-12))

    def cost(self, position: Numbers) -> Numbers:
        """G(y): expected holding and backorder cost per period of these positions after review."""
        left = position[:, None] - np.arange(len(self.pmf))[None, :]
        holding, backorder = self._costs
        return np.asarray((holding * np.maximum(left, 0) + backorder * np.maximum(-left, 0)) @ self.pmf)


class _Renewal:
    """m(d): expected visits to d units under S before the next order; M its sum. Grown on demand."""

    def __init__(self, pmf: Numbers) -> None:
        self._pmf = pmf
        self._visits = np.array([1.0 / (1.0 - pmf[0])])

    def visits(self, width: int) -> Numbers:
        while len(self._visits) < width:
            k = len(self._visits)
            reach = min(k, len(self._pmf) - 1)
            into = self._visits[k - reach : k][::-1] @ self._pmf[1 : reach + 1]
            self._visits = np.append(self._visits, self._visits[0] * into)
        return self._visits[:width]


def min_max_cost(
    system: PeriodicSystem | GivenSystem, fixed_cost: float, reorder_point: int, order_up_to: int
) -> float:
    """c(s, S) = [K + Σ_{d < S−s} m(d)·G(S − d)] / Σ m(d): long-run cost per period.

    Source: Zheng & Federgruen (1991), Snyder & Shen (4.71)-(4.75).

    >>> round(min_max_cost(PeriodicSystem(1, 4, 6, 6), 5, 4, 10), 6)
    8.034112
    """
    return _cost(system, _Renewal(system.pmf), fixed_cost, reorder_point, order_up_to)


def best_min_max(system: PeriodicSystem | GivenSystem, fixed_cost: float) -> MinMax:
    """Optimal (s, S) and its cost per period.

    From the best single position y* downwards the first s whose c(s, y*) ≤ G(s); then S upwards while
    G(S) ≤ the best cost, s following where a better S raises it. Source: Zheng & Federgruen (1991).

    >>> best_min_max(PeriodicSystem(1, 9, 10, 10), 64)  # doctest: +ELLIPSIS
    MinMax(reorder_point=6.0, order_up_to=40.0, cost=35.0215...)
    """
    renewal = _Renewal(system.pmf)

    def value(point: int, level: int) -> float:
        return _cost(system, renewal, fixed_cost, point, level)

    def single(position: int) -> float:
        return float(system.cost(np.array([float(position)]))[0])

    level = system.best_position
    point = level - 1
    while value(point, level) > single(point):
        point -= 1
    best_level, best = level, value(point, level)
    level += 1
    while single(level) <= best:
        if value(point, level) < best:
            best_level = level
            while value(point, best_level) <= single(point + 1) and point + 1 < best_level:
                point += 1
            best = value(point, best_level)
        level += 1
    return MinMax(float(point), float(best_level), best)


def power_approximation(
    fixed_cost: float,
    holding_cost: float,
    backorder_cost: float,
    mean: float,
    sd: float,
    lead_time: float = 0.0,
) -> tuple[float, float]:
    """Near-optimal (s, S) for normal demand without a search.

    Q = 1.30·μ^0.494·(K/h)^0.506·(1 + σ_P²/μ²)^0.116, z = √(Q·h/(σ_P·b)),
    s = 0.973·μ_P + σ_P·(0.183/z + 1.063 − 2.192·z), S = s + Q; P = lead time + 1 periods.
    Source: Ehrhardt & Mosier (1984).

    >>> point, level = power_approximation(2.5, 0.18, 0.7, 50, 8)
    >>> round(point, 5), round(level, 5)
    (40.19462, 74.29017)
    """
    interval = lead_time + 1.0
    spread = sd * interval**0.5
    lots = 1.30 * mean**0.494 * (fixed_cost / holding_cost) ** 0.506 * (1 + (spread / mean) ** 2) ** 0.116
    z = (lots * holding_cost / (spread * backorder_cost)) ** 0.5
    point = 0.973 * mean * interval + spread * (0.183 / z + 1.063 - 2.192 * z)
    return point, point + lots


def _one(value: float) -> Numbers:
    return np.array([value], dtype=np.float64)


def _cost(
    system: PeriodicSystem | GivenSystem, renewal: _Renewal, fixed_cost: float, point: int, level: int
) -> float:
    visits = renewal.visits(level - point)
    carried = system.cost(float(level) - np.arange(level - point, dtype=np.float64))
    return float((fixed_cost + visits @ carried) / visits.sum())
