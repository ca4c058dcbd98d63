"""The audit of a plan of the network problem: is it feasible, and what does it cost, from the arrays alone.

Nothing here uses an engine, `costs` or the closed forms that they share: expected costs of counts are
summed from the probability masses of `scipy.stats`, pools are filled unit by unit from sorted marginals.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from optimization.network.problem import COUNT, NORMAL, TABLE, Curves, Integers, Numbers, Plan, Problem, Uses

TOLERANCE = 1e-6
# As `optimization.demand.distributions`: below it counts are taken for Poisson.
_LEAST_OVERDISPERSION = 1.05
# Probability masses or marginals looked at together: bounds the memory of the audit.
_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class PlanAudit:
    """What an audit found.

    breach: worst breach by rule, in the rule's unit (rows: relative to the larger of capacity and 1);
    0 where kept. objective: cost on the true curves, money, with the slack that the rows need.
    slack: that slack by row (j).
    """

    breach: dict[str, float]
    objective: float
    slack: Numbers

    @property
    def worst(self) -> float:
        """Worst breach of any rule."""
        return max(self.breach.values(), default=0.0)

    @property
    def ok(self) -> bool:
        """Whether every rule is kept to 1e-6 and the objective is a number."""
        return bool(self.worst <= TOLERANCE and np.isfinite(self.objective))


def audit_plan(problem: Problem, plan: Plan, slack: Numbers | None = None) -> PlanAudit:
    """Every rule of `Problem` re-checked for a plan, its rows re-summed, its objective recomputed.

    `slack` (j): what the plan admits to exceed each row by; without it every row must hold. A plan of
    the wrong length or with numbers that are not finite breaches the rule `numbers` and has no
    objective. Raises nothing.
    """
    places, moves, n = problem.places, problem.moves, len(problem.places)
    stated = np.zeros(len(problem.rows)) if slack is None else slack
    sizes = (plan.moved.shape, plan.ordered.shape, stated.shape)
    fits = sizes == ((len(moves),), (n,), (len(problem.rows),))
    if not fits or not all(np.isfinite(part).all() for part in (plan.moved, plan.ordered, stated)):
        return PlanAudit({"numbers": np.inf}, np.nan, np.zeros(len(problem.rows)))
    moved, ordered = plan.moved, plan.ordered
    received = np.bincount(moves.target, weights=moved, minlength=n)
    given = np.bincount(moves.source, weights=moved, minlength=n)
    after = places.position + received - given + ordered
    by_item = np.bincount(
        places.item, weights=after - places.position - ordered, minlength=problem.item_count
    )
    moving, ordering = moved > 0, ordered > 0
    use = problem.rows.base_use + _taken(problem.move_uses, moved, len(problem.rows))
    use += _taken(problem.order_uses, ordered, len(problem.rows))
    over = use - problem.rows.capacity
    multiple, lot = np.maximum(moves.multiple, 1.0), np.maximum(places.lot, 1.0)
    breaches = {
        "conservation": np.abs(by_item),
        "same_item": np.where(places.item[moves.source] == places.item[moves.target], 0.0, moved),
        "negative": np.concatenate([-moved, -ordered, -stated]),
        "whole": np.abs(np.concatenate([moved, ordered]) - np.round(np.concatenate([moved, ordered]))),
        "limit": moved - moves.limit,
        "spare": given - places.spare,
        "minimum": np.where(moving, moves.minimum - moved, 0.0),
        "multiple": np.abs(moved - multiple * np.round(moved / multiple)),
        "order_limit": ordered - places.order_limit,
        "moq": np.where(ordering, places.moq - ordered, 0.0),
        "lot": np.abs(ordered - lot * np.round(ordered / lot)),
        "rows": (over - stated) / np.maximum(np.abs(problem.rows.capacity), 1.0),
    }
    needed = np.maximum(over, 0.0)
    cost = _places_cost(problem, after) + _near_cost(problem, places.near_position + received - given)
    cost += problem.dead_band_factor * float(moves.unit_cost @ moved + moves.fixed_cost @ moving)
    cost += float(places.order_cost @ ordered + places.order_fixed_cost @ ordering)
    cost += float(problem.rows.slack_price @ needed)
    return PlanAudit(
        {rule: max(float(np.max(found, initial=0.0)), 0.0) for rule, found in breaches.items()}, cost, needed
    )


def _taken(uses: Uses, units: Numbers, rows: int) -> Numbers:
    owner = np.repeat(np.arange(len(units)), np.diff(uses.start))
    return np.asarray(np.bincount(uses.row, weights=units[owner] * uses.amount, minlength=rows), np.float64)


def _places_cost(problem: Problem, after: Numbers) -> float:
    places, curves = problem.places, problem.curves
    number = np.bincount(curves.place, minlength=len(places))
    has_level = np.isfinite(places.level)
    below = np.maximum(places.level[has_level] - after[has_level], 0.0)
    cost = float(places.level_price[has_level] @ below)
    alone = np.flatnonzero(number[curves.place] == 1)
    own, y = curves.take(alone), after[curves.place[alone]]
    x = np.minimum(y, own.cap)
    cost += float(_cost(own, x).sum() + own.holding_cost @ (y - x))
    cost += float(_floor_price(own) @ np.maximum(own.floor - x, 0.0))
    for pools in _batches(np.flatnonzero(number > 1), np.asarray(number * np.maximum(after, 1.0))):
        rows = np.flatnonzero(np.isin(curves.place, pools))
        cost += _pools_cost(curves.take(rows), pools, after[pools])
    return cost


def _pools_cost(curves: Curves, pools: Integers, after: Numbers) -> float:
    # Empty pools first; then as many of the steepest marginals as there are units.
    place = np.searchsorted(pools, curves.place)
    # A unit owed is worth what the dearest first unit is, its floor included.
    price = _floor_price(curves)
    cost = float(_cost(curves, np.zeros(len(curves))).sum() + price @ curves.floor)
    dearest = np.zeros(len(pools))
    np.maximum.at(dearest, place, curves.shortage_cost + price)
    cost += float(dearest @ np.maximum(-after, 0.0))
    most = np.maximum(np.minimum(np.floor(curves.cap), after[place]), 0.0).astype(np.int64)
    owner = np.repeat(np.arange(len(curves)), most)
    unit = (np.arange(len(owner)) - np.repeat(np.cumsum(most) - most, most)).astype(np.float64)
    marginal = _marginals(curves, owner, unit)
    marginal -= np.where(unit < curves.floor[owner], price[owner], 0.0)
    order = np.lexsort((marginal, place[owner]))
    at = place[owner][order]
    rank = np.arange(len(order)) - np.searchsorted(at, at, side="left")
    cost += float(marginal[order][rank < after[at]].sum())
    filled = np.bincount(place, weights=most, minlength=len(pools))
    last = np.flatnonzero(np.diff(place, append=len(pools)))
    return cost + float(curves.holding_cost[last] @ np.maximum(after - np.maximum(filled, 0.0), 0.0))


def _floor_price(curves: Curves) -> Numbers:
    return np.where(curves.floor > 0, curves.floor_price, 0.0)


def _marginals(curves: Curves, owner: Integers, unit: Numbers) -> Numbers:
    # G(x+1) − G(x): for counts (h + b)·P(D ≤ x) − b.
    result = np.empty(len(owner))
    kind = curves.kind[owner]
    rows = np.flatnonzero(kind == COUNT)
    own, x = owner[rows], unit[rows]
    below = _masses(x, curves.mean[own], curves.variance[own])
    running = np.cumsum(below)
    first = np.flatnonzero(x == 0)
    start = np.repeat(running[first] - below[first], np.diff(np.append(first, len(rows))))
    h, b = curves.holding_cost[own], curves.shortage_cost[own]
    result[rows] = (h + b) * np.minimum(running - start, 1.0) - b
    rows = np.flatnonzero(kind != COUNT)
    other = curves.take(owner[rows])
    result[rows] = _cost(other, unit[rows] + 1.0) - _cost(other, unit[rows])
    return result


def _cost(curves: Curves, x: Numbers) -> Numbers:
    # h·E(x − D)+ + b·E(D − x)+, or the table summed up, per curve.
    result = np.empty(len(curves))
    rows = np.flatnonzero(curves.kind == NORMAL)
    mean, sd, y = curves.mean[rows], np.sqrt(curves.variance[rows]), x[rows]
    z = (y - mean) / np.where(sd > 0, sd, 1.0)
    bell = sd * np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    below = np.where(sd > 0, special.ndtr(z), y >= mean)
    held = np.maximum((y - mean) * below + bell, 0.0)
    short = np.maximum((mean - y) * np.where(sd > 0, special.ndtr(-z), y < mean) + bell, 0.0)
    result[rows] = curves.holding_cost[rows] * held + curves.shortage_cost[rows] * short
    rows = np.flatnonzero(curves.kind == COUNT)
    short = shortage_by_mass(x[rows], curves.mean[rows], curves.variance[rows])
    held = np.maximum(x[rows] - curves.mean[rows] + short, 0.0)
    result[rows] = curves.holding_cost[rows] * held + curves.shortage_cost[rows] * short
    rows = np.flatnonzero(curves.kind == TABLE)
    result[rows] = _table_cost(curves.take(rows), x[rows])
    return result


def _table_cost(curves: Curves, x: Numbers) -> Numbers:
    count, start = curves.table_count, curves.table_start
    step = x - curves.table_low
    owner = np.repeat(np.arange(len(curves)), count)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    # Entry k counts for the part of the units between k and k + 1; the last one for all beyond it.
    part = np.clip(step[owner] - nth, 0.0, np.where(nth == count[owner] - 1, np.inf, 1.0))
    inside = np.bincount(owner, weights=part * curves.table[start[owner] + nth], minlength=len(curves))
    return np.asarray(curves.table_base + inside + np.minimum(step, 0.0) * curves.table[start], np.float64)


def _near_cost(problem: Problem, position: Numbers) -> float:
    places = problem.places
    rows = np.flatnonzero(places.near_shortage_cost > 0)
    short = shortage_by_mass(position[rows], places.near_mean[rows], places.near_variance[rows])
    return float(places.near_shortage_cost[rows] @ short)


def shortage_by_mass(position: Numbers, mean: Numbers, variance: Numbers) -> Numbers:
    """E(D − y)+ = μ − y + Σ_{k<y} F(k) of counts, units, F summed from probability masses.

    Linear between whole y and μ − y below 0.

    >>> shortage_by_mass(np.array([1.0]), np.array([1.0]), np.array([1.0])).round(6).tolist()
    [0.367879]
    """
    result = np.maximum(mean - position, 0.0)
    # Beyond forty deviations F is 1 to the last digit.
    last = np.minimum(np.ceil(position), np.ceil(mean + 40.0 * np.sqrt(variance) + 40.0))
    for rows in _batches(np.flatnonzero((mean > 0) & (position > 0)), last):
        mu, y, most = mean[rows], position[rows], last[rows].astype(np.int64)
        start = np.cumsum(most) - most
        owner = np.repeat(np.arange(len(rows)), most)
        k = (np.arange(len(owner)) - start[owner]).astype(np.float64)
        running = np.cumsum(_masses(k, mu[owner], variance[rows][owner]))
        before = np.where(start > 0, running[np.maximum(start - 1, 0)], 0.0)
        below = running - before[owner]
        part = np.minimum(y[owner] - k, 1.0)
        summed = np.bincount(owner, weights=part * below, minlength=len(rows)) + np.maximum(y - most, 0.0)
        result[rows] = np.maximum(mu - y + summed, 0.0)
    return result


def _masses(k: Numbers, mean: Numbers, variance: Numbers) -> Numbers:
    # P(D = k), negative binomial or Poisson.
    ratio = variance / np.maximum(mean, 1e-300)
    wide = (ratio > _LEAST_OVERDISPERSION) & (mean > 0)
    result = np.empty(len(k))
    result[wide] = stats.nbinom.pmf(k[wide], mean[wide] / (ratio[wide] - 1.0), 1.0 / ratio[wide])
    result[~wide] = stats.poisson.pmf(k[~wide], np.maximum(mean[~wide], 0.0))
    return result


def _batches(rows: Integers, size: Numbers) -> Iterator[Integers]:
    if len(rows):
        batch = np.cumsum(size[rows]) // _AT_ONCE
        yield from np.split(rows, np.flatnonzero(np.diff(batch)) + 1)
