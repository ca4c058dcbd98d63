"""Lot sizes for known demand that varies in time: Wagner-Whitin, with backorders, and Silver-Meal.

An order arrives in the period in which it is placed; stock and backlog are charged at the end of a
period. Costs: K per order, h (and b) per unit and period, `unit_cost` per unit, each one number or one
per period. Demand and quantities in units.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Cost = float | Sequence[float]
_TIE = 1e-9


@dataclass(frozen=True)
class LotPlan:
    """Order quantity per period and the cost of the whole horizon."""

    quantities: tuple[float, ...]
    cost: float


def net_requirements(demand: Sequence[float], initial: float) -> tuple[Numbers, Numbers]:
    """Demand that stock at hand leaves, and that stock at the end of each period.

    >>> need, left = net_requirements([10, 20, 30, 40], 35)
    >>> need.tolist(), left.tolist()
    ([0.0, 0.0, 25.0, 40.0], [25.0, 5.0, 0.0, 0.0])
    """
    left = np.maximum(initial - np.cumsum(np.asarray(demand, dtype=np.float64)), 0.0)
    before = np.concatenate([[float(initial)], left[:-1]])
    return np.asarray(demand, dtype=np.float64) - (before - left), left


def wagner_whitin(
    demand: Sequence[float],
    fixed_cost: Cost,
    holding_cost: Cost,
    unit_cost: Cost = 0.0,
    initial: float = 0.0,
) -> LotPlan:
    """Cheapest plan without backlog; initial stock is used first and its holding is charged.

    θ_t = min over s > t of K_t + c_t·Σd + holding of the demand of t … s−1 + θ_s, an order only where
    stock is out. Ties: the order that covers less. Source: Wagner & Whitin (1958).

    >>> wagner_whitin([90, 120, 80, 70], 500, 2)
    LotPlan(quantities=(210.0, 0.0, 150.0, 0.0), cost=1380.0)
    >>> wagner_whitin([10, 20, 30, 40], 30, 1, initial=30)
    LotPlan(quantities=(0.0, 0.0, 30.0, 40.0), cost=80.0)
    """
    return next(_plans(demand, fixed_cost, holding_cost, unit_cost, initial, every=False))


def wagner_whitin_optima(
    demand: Sequence[float],
    fixed_cost: Cost,
    holding_cost: Cost,
    unit_cost: Cost = 0.0,
    initial: float = 0.0,
) -> list[LotPlan]:
    """Every optimal plan that orders only when stock is out, the earliest large orders first.

    >>> [plan.quantities for plan in wagner_whitin_optima([3, 2, 3, 2], 2, 0.2)]
    [(10.0, 0.0, 0.0, 0.0), (5.0, 0.0, 5.0, 0.0)]
    """
    found = {plan.quantities: plan for plan in _plans(demand, fixed_cost, holding_cost, unit_cost, initial)}
    return [found[quantities] for quantities in sorted(found, reverse=True)]


def lots_with_backorders(
    demand: Sequence[float],
    fixed_cost: Cost,
    holding_cost: Cost,
    backorder_cost: Cost,
    unit_cost: Cost = 0.0,
    initial: float = 0.0,
) -> LotPlan:
    """Cheapest plan when demand may wait at b per unit and period; all is met by the horizon's end.

    Each order serves a run of periods that contains its own; θ over the runs, the best order period
    within each. Source: Zangwill (1966).

    >>> lots_with_backorders([10, 20, 30, 40], 40, 1, 2, unit_cost=1)
    LotPlan(quantities=(0.0, 60.0, 0.0, 40.0), cost=230.0)
    """
    need, left = net_requirements(demand, initial)
    n = len(need)
    fixed, holding, waiting, price = (
        _per_period(cost, n) for cost in (fixed_cost, holding_cost, backorder_cost, unit_cost)
    )
    carried = np.concatenate([[0.0], np.cumsum(holding)])
    waited = np.concatenate([[0.0], np.cumsum(waiting)])
    value = np.zeros(n + 1)
    choice: list[tuple[int, int]] = [(n, n)] * (n + 1)
    for start in range(n - 1, -1, -1):
        value[start] = np.inf
        for end in range(start + 1, n + 1):
            run = need[start:end]
            if run.sum() <= 0:
                options = [(0.0, start)]
            else:
                periods = np.arange(start, end)
                options = [
                    (
                        float(
                            fixed[at]
                            + price[at] * run.sum()
                            + run @ np.maximum(carried[periods] - carried[at], 0.0)
                            + run @ np.maximum(waited[at] - waited[periods], 0.0)
                        ),
                        at,
                    )
                    for at in range(start, end)
                ]
            cost, at = min(options)
            if cost + value[end] < value[start] - _TIE:
                value[start], choice[start] = cost + value[end], (end, at)
    quantities = [0.0] * n
    start = 0
    while start < n:
        end, at = choice[start]
        quantities[at] += float(need[start:end].sum())
        start = end
    return LotPlan(tuple(quantities), float(value[0] + left @ holding))


def silver_meal(
    demand: Sequence[float], fixed_cost: float, holding_cost: float, initial: float = 0.0
) -> LotPlan:
    """Each order covers periods for as long as the mean cost per period falls.

    Calm where the horizon is open, and often close to the optimum; not always: here 1380 is possible.
    Source: Silver & Meal (1973).

    >>> silver_meal([90, 120, 80, 70], 500, 2)
    LotPlan(quantities=(290.0, 0.0, 0.0, 70.0), cost=1560.0)
    """
    need, left = net_requirements(demand, initial)
    quantities = [0.0] * len(need)
    total, start = float(left.sum() * holding_cost), 0
    while start < len(need):
        if need[start] <= 0:
            start += 1
            continue
        end, cost = start + 1, float(fixed_cost)
        while end < len(need):
            longer = cost + holding_cost * (end - start) * float(need[end])
            if longer / (end + 1 - start) > cost / (end - start) + _TIE:
                break
            end, cost = end + 1, longer
        quantities[start] = float(need[start:end].sum())
        total, start = total + cost, end
    return LotPlan(tuple(quantities), total)


def plan_cost(
    quantities: Sequence[float],
    demand: Sequence[float],
    fixed_cost: Cost,
    holding_cost: Cost,
    backorder_cost: Cost = np.inf,
    unit_cost: Cost = 0.0,
    initial: float = 0.0,
) -> float:
    """Cost of any plan; infinite where it leaves a backlog that is not allowed.

    >>> plan_cost([10, 0, 0, 0], [3, 2, 3, 2], 2, 0.2)
    4.8
    """
    n = len(demand)
    ordered = np.asarray(quantities, dtype=np.float64)
    fixed, holding, waiting, price = (
        _per_period(cost, n) for cost in (fixed_cost, holding_cost, backorder_cost, unit_cost)
    )
    level = initial + np.cumsum(ordered - np.asarray(demand, dtype=np.float64))
    short = np.maximum(-level, 0.0)
    late = float(waiting[short > _TIE] @ short[short > _TIE])
    kept = np.maximum(level, 0.0) @ holding
    return round(float(fixed[ordered > 0].sum() + ordered @ price + kept + late), 9)


def _per_period(cost: Cost, n: int) -> Numbers:
    return np.broadcast_to(np.asarray(cost, dtype=np.float64), (n,))


def _plans(
    demand: Sequence[float],
    fixed_cost: Cost,
    holding_cost: Cost,
    unit_cost: Cost,
    initial: float,
    every: bool = True,
) -> Iterator[LotPlan]:
    need, left = net_requirements(demand, initial)
    n = len(need)
    fixed, holding, price = (_per_period(cost, n) for cost in (fixed_cost, holding_cost, unit_cost))
    carried = np.concatenate([[0.0], np.cumsum(holding)])
    value = np.zeros(n + 1)
    ends: list[list[int]] = [[] for _ in range(n)]
    for start in range(n - 1, -1, -1):
        value[start] = np.inf
        for end in range(start + 1, n + 1):
            run = need[start:end]
            cost = value[end]
            if run.sum() > 0:
                cost = cost + fixed[start] + run @ (price[start] + carried[start:end] - carried[start])
            if cost < value[start] - _TIE:
                value[start], ends[start] = cost, [end]
            elif cost <= value[start] + _TIE:
                ends[start].append(end)
    total = round(float(value[0] + left @ holding), 9)

    def walk(start: int, made: tuple[float, ...]) -> Iterator[tuple[float, ...]]:
        if start == n:
            yield made
            return
        for end in ends[start] if every else ends[start][:1]:
            yield from walk(end, (*made, float(need[start:end].sum()), *([0.0] * (end - start - 1))))

    for quantities in walk(0, ()):
        yield LotPlan(quantities, total)
