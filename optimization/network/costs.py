"""What a plan of the network problem costs, evaluated in numpy: curves, pools, lanes, rows.

The ways to solve the problem use these functions; the audit of a plan does not, on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from optimization.demand.distributions import expected_shortage
from optimization.network.problem import (
    COUNT,
    NORMAL,
    TABLE,
    Curves,
    Integers,
    Numbers,
    Plan,
    Problem,
    grouped,
)

# Units of several curves are sorted side by side; this bounds the memory of one sort.
_UNITS_AT_ONCE = 4_000_000


def curve_cost(curves: Curves, x: Numbers) -> Numbers:
    """G(x) per curve, money, for x units (c); floors and caps are the pool's business.

    Normal: G(x) = h·(x − μ) + (h + b)·σ·[φ(z) − z·(1 − Φ(z))], z = (x − μ)/σ. Source: Snyder & Shen,
    Fundamentals of Supply Chain Theory, section 4.3.
    """
    x = np.asarray(x, dtype=np.float64)
    result = np.empty(len(curves))
    for kind, cost in ((NORMAL, _normal_cost), (COUNT, _count_cost), (TABLE, _table_cost)):
        rows = np.flatnonzero(curves.kind == kind)
        if len(rows):
            result[rows] = cost(curves.take(rows), x[rows])
    return result


def _normal_cost(curves: Curves, x: Numbers) -> Numbers:
    sd = np.sqrt(curves.variance)
    z = (x - curves.mean) / np.where(sd > 0, sd, 1.0)
    density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    short = np.where(sd > 0, sd * (density - z * special.ndtr(-z)), np.maximum(curves.mean - x, 0.0))
    return curves.holding_cost * (x - curves.mean) + (curves.holding_cost + curves.shortage_cost) * short


def _count_cost(curves: Curves, x: Numbers) -> Numbers:
    short = expected_shortage(x, curves.mean, curves.variance)
    held = np.maximum(x - curves.mean + short, 0.0)
    return curves.holding_cost * held + curves.shortage_cost * short


def _table_cost(curves: Curves, x: Numbers) -> Numbers:
    # Sums of marginals before each entry; the difference of two is exact enough and needs no loop.
    before = np.concatenate([[0.0], np.cumsum(curves.table)])
    start, count = curves.table_start, curves.table_count
    step = np.clip(x - curves.table_low, 0.0, count)
    whole = np.floor(step).astype(np.int64)
    part = step - whole
    inside = before[start + whole] - before[start]
    inside += np.where(part > 0, part * curves.table[start + np.minimum(whole, count - 1)], 0.0)
    below = np.minimum(x - curves.table_low, 0.0) * curves.table[start]
    above = np.maximum(x - curves.table_low - count, 0.0) * curves.table[start + count - 1]
    return np.asarray(curves.table_base + inside + below + above)


def curve_marginal(curves: Curves, x: Numbers) -> Numbers:
    """G(x+1) − G(x) per curve (c), money: what one more unit costs, negative while it is needed."""
    return curve_cost(curves, np.asarray(x) + 1.0) - curve_cost(curves, x)


def pool_split(problem: Problem, position: Numbers) -> tuple[Numbers, Numbers]:
    """Share every place's position (n) over its curves (c) at least cost; the rest (n) is in no curve.

    A single curve takes everything up to its cap, a negative position too. Of several, each unit
    goes where it saves most, units below a floor first by their price; ties go to the earlier curve.
    """
    curves = problem.curves
    start = grouped(curves.place, len(problem.places))
    number = np.diff(start)
    units = np.where(
        number[curves.place] == 1, np.minimum(position[curves.place], curves.cap), np.zeros(len(curves))
    )
    for places in _parts(np.flatnonzero((number > 1) & (position > 0)), position * number):
        own = np.concatenate([np.arange(start[p], start[p + 1]) for p in places])
        most = np.minimum(np.floor(curves.cap[own]), position[curves.place[own]]).astype(np.int64)
        curve = np.repeat(own, most)
        nth = np.arange(len(curve)) - np.repeat(np.cumsum(most) - most, most)
        marginal = curve_marginal(curves.take(curve), nth.astype(np.float64))
        marginal -= np.where(nth < curves.floor[curve], curves.floor_price[curve], 0.0)
        place = curves.place[curve]
        order = np.lexsort((curve, marginal, place))
        first = np.searchsorted(place[order], place[order], side="left")
        taken = order[np.arange(len(order)) - first < position[place[order]]]
        units += np.bincount(curve[taken], minlength=len(curves))
    rest = position - np.bincount(curves.place, weights=units, minlength=len(problem.places))
    return np.asarray(units, dtype=np.float64), np.asarray(rest, dtype=np.float64)


def _parts(places: Integers, size: Numbers) -> list[Integers]:
    if not len(places):
        return []
    batch = np.cumsum(size[places]) // _UNITS_AT_ONCE
    return np.split(places, np.flatnonzero(np.diff(batch)) + 1)


def pool_cost(problem: Problem, position: Numbers) -> tuple[Numbers, Numbers]:
    """Expected cost of every place's pool at a position (n), and what its missed floors add (n), money.

    Units beyond every cap are held at the holding cost of the last curve; a place short of
    everything is short at its dearest curve.
    """
    curves, n = problem.curves, len(problem.places)
    start = grouped(curves.place, n)
    units, rest = pool_split(problem, position)
    cost = np.bincount(curves.place, weights=curve_cost(curves, units), minlength=n)
    last = np.maximum(start[1:] - 1, 0)
    dearest = np.zeros(n)
    np.maximum.at(dearest, curves.place, curves.shortage_cost)
    has = np.diff(start) > 0
    cost += np.where(has & (rest > 0), rest * curves.holding_cost[last], 0.0)
    cost += np.where(rest < 0, -rest * dearest, 0.0)
    missed: Numbers = np.zeros(n)
    np.add.at(missed, curves.place, curves.floor_price * np.maximum(curves.floor - units, 0.0))
    return np.asarray(cost, dtype=np.float64), missed


def position_after(problem: Problem, plan: Plan) -> Numbers:
    """Position of every place after transfers and orders (n), units."""
    return problem.places.position + _arrived(problem, plan) + plan.ordered


def near_after(problem: Problem, plan: Plan) -> Numbers:
    """Position of every place before an order could arrive (n), units."""
    return problem.places.near_position + _arrived(problem, plan)


def _arrived(problem: Problem, plan: Plan) -> Numbers:
    n = len(problem.places)
    received = np.bincount(problem.moves.target, weights=plan.moved, minlength=n)
    return np.asarray(received - np.bincount(problem.moves.source, weights=plan.moved, minlength=n))


def near_cost(problem: Problem, near_position: Numbers) -> Numbers:
    """b·E(D_L − x)+ of every place (n), money: what is short before an order could arrive."""
    places = problem.places
    counts = np.flatnonzero(places.near_shortage_cost > 0)
    cost = np.zeros(len(places))
    cost[counts] = places.near_shortage_cost[counts] * expected_shortage(
        near_position[counts], places.near_mean[counts], places.near_variance[counts]
    )
    return cost


def row_use(problem: Problem, plan: Plan) -> Numbers:
    """Use of every coupling row (j) by a plan, in the row's own unit."""
    use = problem.rows.base_use.copy()
    for uses, units in ((problem.move_uses, plan.moved), (problem.order_uses, plan.ordered)):
        taken = np.repeat(units, np.diff(uses.start)) * uses.amount
        use += np.bincount(uses.row, weights=taken, minlength=len(problem.rows))
    return use


@dataclass(frozen=True)
class PlanCost:
    """What a plan costs, by part, money per protection interval.

    expected: the demand curves. near: shortage before an order could arrive. lanes: what moves really
    cost. orders. dead_band: what the dead-band factor adds to the lanes. level_penalty,
    floor_penalty, slack: the prices of what gave way.
    """

    expected: float
    near: float
    lanes: float
    orders: float
    dead_band: float
    level_penalty: float
    floor_penalty: float
    slack: float

    @property
    def true_cost(self) -> float:
        """Expected cost of what would happen, without penalties."""
        return self.expected + self.near + self.lanes + self.orders

    @property
    def objective(self) -> float:
        """What the problem minimises."""
        return self.true_cost + self.dead_band + self.level_penalty + self.floor_penalty + self.slack


def plan_cost(problem: Problem, plan: Plan) -> PlanCost:
    """Cost of a plan, by part."""
    places, moves, rows = problem.places, problem.moves, problem.rows
    after = position_after(problem, plan)
    expected, floors = pool_cost(problem, after)
    below = np.maximum(np.where(np.isfinite(places.level), places.level, after) - after, 0.0)
    lanes = float(moves.unit_cost @ plan.moved + moves.fixed_cost @ (plan.moved > 0))
    over = np.maximum(row_use(problem, plan) - rows.capacity, 0.0)
    return PlanCost(
        expected=float(expected.sum()),
        near=float(near_cost(problem, near_after(problem, plan)).sum()),
        lanes=lanes,
        orders=float(places.order_cost @ plan.ordered + places.order_fixed_cost @ (plan.ordered > 0)),
        dead_band=(problem.dead_band_factor - 1.0) * lanes,
        level_penalty=float(places.level_price @ below),
        floor_penalty=float(floors.sum()),
        slack=float(rows.slack_price @ over),
    )


def nothing_plan(problem: Problem) -> Plan:
    """Move nothing, order nothing."""
    return Plan(np.zeros(len(problem.moves)), np.zeros(len(problem.places)))


def policy_plan(problem: Problem) -> Plan:
    """Move nothing and order what the policy asks for, whatever row that breaks.

    In whole lots; where they do not reach the supplier's minimum, there is no order.
    """
    places = problem.places
    ordered = np.floor(places.order_limit / places.lot + 1e-9) * places.lot
    return Plan(np.zeros(len(problem.moves)), np.where(ordered >= places.moq, ordered, 0.0))
