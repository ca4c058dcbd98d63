"""Service targets under a budget: stock goes where a unit of money avoids most shortage.

The system approach: minimise weighted expected backorders for the money in stock. Backorders are convex
in stock, so that every point of the greedy path lies on the frontier; fill rates are only reported, for
they are not concave at low stock. Source: Sherbrooke (2004); Thonemann, Brown & Hausman (2002).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.demand import distributions

Numbers = npt.NDArray[np.float64]
_HIGHEST = 1.0 - 1e-9


@dataclass(frozen=True)
class Items:
    """What competes for money, one value per item-location.

    `mean`, `variance` of demand over the protection interval, units; `cost` of a unit; `weight` of a
    unit short (1 for plain backorders); `floor` and `cap`: least and most units of stock.
    """

    mean: Numbers
    variance: Numbers
    cost: Numbers
    weight: Numbers
    floor: Numbers
    cap: Numbers

    @classmethod
    def plain(cls, mean: Numbers, variance: Numbers, cost: Numbers) -> Items:
        """Equal weights, no floor, no cap."""
        n = len(mean)
        return cls(mean, variance, cost, np.ones(n), np.zeros(n), np.full(n, np.inf))

    def backorders(self, stock: Numbers) -> Numbers:
        """Expected shortage over the interval at these stock levels, units."""
        return distributions.expected_shortage(stock, self.mean, self.variance)


@dataclass(frozen=True)
class Point:
    """One point of a frontier: money in stock, units per item, expected backorders, fill rate."""

    cost: float
    stock: tuple[float, ...]
    backorders: float
    fill: float


def marginal_path(items: Items, steps: int | None = None, budget: float = np.inf) -> list[Point]:
    """The greedy path: from the floors, one unit at a time, the largest w·P(D > S)/c first.

    Stops after `steps` units, or when the next one does not fit the budget. Ties go to the earlier
    item. Each point is on the convex frontier.

    >>> pipeline = np.array([1.0, 4.0])
    >>> path = marginal_path(Items.plain(pipeline, pipeline, np.array([5.0, 1.0])), steps=7)
    >>> [(point.cost, point.stock) for point in path][5:], round(path[5].backorders, 6)
    ([(6.0, (0.0, 6.0)), (11.0, (1.0, 6.0))], 1.195435)
    """
    stock = items.floor.astype(np.float64).copy()
    spent = float(stock @ items.cost)
    queue = _queue(items, stock)
    path: list[Point] = []
    while queue and (steps is None or len(path) < steps):
        _, item = heapq.heappop(queue)
        if spent + items.cost[item] > budget + 1e-9:
            break
        stock[item] += 1.0
        spent += float(items.cost[item])
        path.append(_point(items, stock))
        _offer(items, queue, stock, item)
    return path


def stock_within(items: Items, budget: float) -> Numbers:
    """Stock levels of the greedy path's last point within the budget, then a spend-down pass.

    The path's point is found by bisection of the multiplier λ: S is the least x with
    P(D > x) ≤ λ·c/w, kept between floor and cap. What is left buys, in the order of w·P(D > S)/c,
    every further unit that still fits. Floors are held even where they cost more than the budget.

    >>> pipeline = np.array([1.0, 4.0])
    >>> stock_within(Items.plain(pipeline, pipeline, np.array([5.0, 1.0])), 14.0).tolist()
    [1.0, 9.0]
    """
    stock = _path_stock(items, budget)
    return _spend_down(items, stock, budget - float(stock @ items.cost))


def _path_stock(items: Items, budget: float) -> Numbers:
    low, high = 1e-12, float((items.weight / np.maximum(items.cost, 1e-12)).max(initial=1.0))
    stock = levels_at(items, high)
    for _ in range(60):
        middle = (low * high) ** 0.5
        trial = levels_at(items, middle)
        if float(trial @ items.cost) > budget:
            low = middle
        else:
            high, stock = middle, trial
    return stock


def levels_at(items: Items, multiplier: float) -> Numbers:
    """Stock at one price λ of money: the least x with P(D > x) ≤ λ·c/w, between floor and cap.

    >>> pipeline = np.array([1.0, 4.0])
    >>> levels_at(Items.plain(pipeline, pipeline, np.array([5.0, 1.0])), 0.1).tolist()
    [1.0, 7.0]
    """
    weight = np.maximum(items.weight, 1e-12)
    level = np.clip(1.0 - multiplier * items.cost / weight, 0.0, _HIGHEST)
    stock = np.where(level > 0, distributions.quantiles(items.mean, items.variance, level[:, None])[:, 0], 0)
    return np.clip(stock, items.floor, np.maximum(items.cap, items.floor))


def frontier(items: Items, points: int = 20) -> list[Point]:
    """`points` points of one greedy path, evenly spread in money between no and nearly full service.

    >>> pipeline = np.array([1.0, 4.0])
    >>> found = frontier(Items.plain(pipeline, pipeline, np.array([5.0, 1.0])), 15)
    >>> len(found), found[0].cost, round(found[-1].fill, 3)
    (15, 2.0, 1.0)
    """
    most = float(levels_at(items, 1e-4 * float((items.weight / items.cost).min())) @ items.cost)
    least = float(items.floor @ items.cost)
    budgets = least + (most - least) * (np.arange(points) + 1.0) / points
    return [_point(items, _path_stock(items, budget)) for budget in budgets]


def _point(items: Items, stock: Numbers) -> Point:
    short = items.backorders(stock)
    asked = float(items.mean.sum())
    served = distributions.cdf(stock - 1.0, items.mean, items.variance)
    fill = float(items.mean @ served) / asked if asked > 0 else 1.0
    return Point(float(stock @ items.cost), tuple(stock.tolist()), float(items.weight @ short), fill)


def _gain(items: Items, stock: Numbers, item: int) -> float:
    one = np.array([items.mean[item]]), np.array([items.variance[item]])
    avoided = 1.0 - float(distributions.cdf(np.array([stock[item]]), *one)[0])
    return avoided * float(items.weight[item]) / max(float(items.cost[item]), 1e-12)


def _queue(items: Items, stock: Numbers) -> list[tuple[float, int]]:
    avoided = 1.0 - distributions.cdf(stock, items.mean, items.variance)
    gains = avoided * items.weight / np.maximum(items.cost, 1e-12)
    queue = [(-float(gains[k]), k) for k in range(len(stock)) if stock[k] + 1.0 <= items.cap[k]]
    heapq.heapify(queue)
    return queue


def _offer(items: Items, queue: list[tuple[float, int]], stock: Numbers, item: int) -> None:
    if stock[item] + 1.0 <= items.cap[item]:
        heapq.heappush(queue, (-_gain(items, stock, item), item))


def _spend_down(items: Items, stock: Numbers, left: float) -> Numbers:
    queue = _queue(items, stock)
    while queue and left > 0:
        gain, item = heapq.heappop(queue)
        # A unit that nobody would miss is not bought because money is left.
        if items.cost[item] <= left + 1e-9 and gain < -1e-12:
            stock[item] += 1.0
            left -= float(items.cost[item])
            _offer(items, queue, stock, item)
    return stock
