"""What a plan of the network problem costs, evaluated in numpy: places, lanes, orders, rows.

The ways to solve the problem use these functions; the audit of a plan does not, on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.demand.distributions import expected_shortage
from optimization.network.curve_costs import curve_cost, floor_prices, owed_price
from optimization.network.problem import Numbers, Plan, Problem, grouped
from optimization.network.sharing import shared_units


def pool_split(problem: Problem, position: Numbers) -> tuple[Numbers, Numbers]:
    """Share every place's position (n) over its curves (c) at least cost; the rest (n) is in no curve.

    A single curve takes everything up to its cap, a negative position too. Of several, each unit
    goes where it saves most, units below a floor first by their price; ties go to the earlier curve.
    """
    units, rest, _ = _split(problem, position)
    return units, rest


def _split(problem: Problem, position: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Units by curve (c), the rest (n), and what the curves of every place cost (n), money."""
    curves, n = problem.curves, len(problem.places)
    start = grouped(curves.place, n)
    number = np.diff(start)
    cost, units = np.zeros(n), np.zeros(len(curves))
    single = np.flatnonzero(number[curves.place] == 1)
    place = curves.place[single]
    units[single] = np.minimum(position[place], curves.cap[single])
    cost[place] = curve_cost(curves.take(single), units[single])
    several = np.flatnonzero(number > 1)
    if len(several):
        shared, cost[several] = shared_units(curves, start[several], number[several], position[several])
        units += shared
    rest = position - np.bincount(curves.place, weights=units, minlength=n)
    return units, np.asarray(rest, dtype=np.float64), cost


def pool_cost(problem: Problem, position: Numbers) -> tuple[Numbers, Numbers]:
    """Expected cost of every place's pool at a position (n), and what its missed floors add (n), money.

    Units beyond every cap are held at the holding cost of the last curve. A place of several curves
    that is short of everything is short at its dearest curve; where a floor makes a unit worth more,
    the missed floors carry the difference, so that no unit costs less than the one before.
    """
    curves, n = problem.curves, len(problem.places)
    start = grouped(curves.place, n)
    units, rest, cost = _split(problem, position)
    last = np.maximum(start[1:] - 1, 0)
    dearest, owed = np.zeros(n), owed_price(curves, n)
    np.maximum.at(dearest, curves.place, curves.shortage_cost)
    has = np.diff(start) > 0
    cost += np.where(has & (rest > 0), rest * curves.holding_cost[last], 0.0)
    cost += np.where(rest < 0, -rest * dearest, 0.0)
    missed: Numbers = np.where(rest < 0, -rest * (owed - dearest), 0.0)
    np.add.at(missed, curves.place, floor_prices(curves) * np.maximum(curves.floor - units, 0.0))
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
