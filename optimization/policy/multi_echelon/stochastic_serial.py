"""Stochastic service in a serial line: optimal echelon base-stock levels (Clark and Scarf)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special, stats

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SerialLine:
    """A line of stages, the one that meets demand first.

    `echelon_holding_cost` h_j [money/unit/period], `lead_time` L_j [periods], `stockout_cost` p
    [money/unit/period]; demand per period has `mean` and `sd`, normal, or Poisson where `sd` is None.
    """

    echelon_holding_cost: tuple[float, ...]
    lead_time: tuple[float, ...]
    stockout_cost: float
    mean: float
    sd: float | None = None


@dataclass(frozen=True)
class Grid:
    """How demand is discretised: `steps` intervals of inventory level, `demand_steps` of demand.

    Demand is cut `tail` standard deviations from its mean (Poisson: at the quantile of equal
    probability), and what lies beyond is put on the ends. Poisson demand stays on whole units.
    """

    steps: int = 4000
    demand_steps: int = 1600
    tail: float = 6.0


def echelon_holding_costs(local: list[float]) -> tuple[float, ...]:
    """h_j = local cost less that of the stage above; stages listed from demand upwards.

    >>> echelon_holding_costs([7, 4, 2])
    (3, 2, 2)
    """
    return tuple(here - above for here, above in zip(local, [*local[1:], 0], strict=True))


def serial_base_stock(line: SerialLine, grid: Grid | None = None) -> tuple[list[float], float]:
    """Optimal echelon base-stock levels, demand stage first, and the expected cost per period.

    C̲₀(x) = (p + Σh)·x⁻; for j = 1 … N: Ĉ_j(x) = h_j·x + C̲_{j−1}(x), C_j(y) = E Ĉ_j(y − D_j) with D_j
    the demand over L_j, S_j = argmin C_j, C̲_j(x) = C_j(min(S_j, x)); the cost is C_N(S_N). Exact on
    whole units for Poisson demand and up to the grid for normal demand. Raises `ValueError` when the
    lists differ in length or a cost is not positive. Source: Clark & Scarf (1960); Chen & Zheng (1994).

    >>> levels, cost = serial_base_stock(SerialLine((3, 2, 2), (1, 1, 2), 37.12, 5, 1))
    >>> [round(level, 1) for level in levels], round(cost, 1)
    ([6.5, 12.0, 22.7], 47.7)
    """
    if len(line.echelon_holding_cost) != len(line.lead_time) or not line.lead_time:
        raise ValueError("one echelon holding cost and one lead time per stage are needed")
    if line.stockout_cost <= 0 or min(line.echelon_holding_cost) < 0:
        raise ValueError("the stock-out cost must be positive and no echelon holding cost negative")
    grid = grid or Grid()
    levels, step = _levels(line, grid)
    penalty = line.stockout_cost + sum(line.echelon_holding_cost)
    carried: Numbers = penalty * np.maximum(-levels, 0.0)
    chosen: list[float] = []
    cost = 0.0
    for stage, (holding, lead) in enumerate(zip(line.echelon_holding_cost, line.lead_time, strict=True)):
        demand, probability = _demand(line, lead, grid)
        before = holding * levels + carried
        after = np.zeros(len(levels))
        for amount, weight in zip(demand, probability, strict=True):
            at = np.rint((levels - amount - levels[0]) / step).astype(np.int64)
            inside = before[np.clip(at, 0, len(levels) - 1)]
            after += weight * np.where(at < 0, _far_below(line, stage, levels - amount), inside)
        best = int(np.argmin(after))
        chosen.append(float(levels[best]))
        cost = float(after[best])
        carried = np.where(np.arange(len(levels)) < best, after, cost)
    return chosen, cost


def local_base_stock(echelon: list[float]) -> list[float]:
    """Installation levels of echelon levels, demand stage first; each what its echelon adds.

    >>> local_base_stock([6.0, 12.0, 23.0])
    [6.0, 6.0, 11.0]
    """
    lowest = [min(echelon[stage:]) for stage in range(len(echelon))]
    return [here - below for here, below in zip(lowest, [0.0, *lowest[:-1]], strict=True)]


def _cut(line: SerialLine, lead: float, grid: Grid) -> tuple[float, float]:
    """Least and largest demand over a lead time that the grid knows."""
    mean = line.mean * lead
    if line.sd is None:
        return 0.0, float(stats.poisson.ppf(special.ndtr(grid.tail), mean))
    spread = line.sd * lead**0.5
    return max(mean - grid.tail * spread, 0.0), mean + grid.tail * spread


def _levels(line: SerialLine, grid: Grid) -> tuple[Numbers, float]:
    low, high = _cut(line, sum(line.lead_time), grid)
    low -= high
    if line.sd is None:
        return np.arange(low, high + 1.0, dtype=np.float64), 1.0
    step = (high - low) / grid.steps
    return np.asarray(low + step * np.arange(grid.steps + 1), dtype=np.float64), step


def _demand(line: SerialLine, lead: float, grid: Grid) -> tuple[Numbers, Numbers]:
    """Values of demand over a lead time and their probabilities."""
    low, high = _cut(line, lead, grid)
    if high <= low:
        return np.array([low]), np.ones(1)
    steps = round(high - low) if line.sd is None else grid.demand_steps
    step = (high - low) / steps
    values = np.asarray(low + step * np.arange(steps + 1), dtype=np.float64)
    between = values[:-1] + step / 2.0
    if line.sd is None:
        inner = stats.poisson.cdf(between, line.mean * lead)
    else:
        inner = special.ndtr((between - line.mean * lead) / (line.sd * lead**0.5))
    return values, np.diff(np.concatenate([[0.0], inner, [1.0]]))


def _far_below(line: SerialLine, stage: int, level: Numbers) -> Numbers:
    """Ĉ of a stage far below its base stock, where every stage is short: a straight line."""
    penalty = line.stockout_cost + sum(line.echelon_holding_cost)
    lead = line.lead_time
    value: Numbers = -penalty * (level - line.mean * sum(lead[:stage]))
    for below in range(stage + 1):
        value = value + line.echelon_holding_cost[below] * (level - line.mean * sum(lead[below:stage]))
    return value
