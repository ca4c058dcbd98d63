"""What one decision of a plan is worth: the plan with it against the plan without it.

Everything else stays as it is, but for the supplier order that a place would make instead.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimization.lots import feasible_quantity
from optimization.network.costs import near_after, near_cost, pool_cost, position_after
from optimization.network.problem import Integers, Numbers, Plan, Problem, Rows, Texts, Uses, grouped

_NOISE = 1e-9


@dataclass(frozen=True)
class Worth:
    """One value per decision. `number`: the move, or the place of the order. `units` decided on.

    destination, source: money won where the units go, given up where they leave; policy: of what is won,
    the price of missing the policy's level. cost: of the lane, or of the order. charge: Σ row price · use,
    which may be negative where a unit that leaves frees room. row: coupling row with the largest charge,
    −1 where none is priced.
    """

    number: Integers
    units: Numbers
    destination: Numbers
    policy: Numbers
    source: Numbers
    cost: Numbers
    charge: Numbers
    row: Integers

    @property
    def gain(self) -> Numbers:
        """What the decision wins after its cost, before the charge, money."""
        return self.destination - self.source - self.cost


def move_worth(problem: Problem, plan: Plan, row_price: Numbers, with_orders: bool = True) -> Worth:
    """Worth of every move with units.

    Where the target's policy triggers, it would order more without the move, as far as its order limit
    lets it: the move is worth what is cheaper, that order or the shortage. `with_orders` False keeps
    the orders as they are.
    """
    used = np.flatnonzero(plan.moved > 0)
    moves, units = problem.moves.take(used), plan.moved[used]
    after, near = position_after(problem, plan), near_after(problem, plan)
    target, source = moves.target, moves.source
    charge, row = charges(problem.move_uses, used, units, row_price)
    with_it = place_cost(problem, target, after[target], near[target])
    left, near_left = after[target] - units, near[target] - units
    ordered = plan.ordered[target]
    without = place_cost(problem, target, left, near_left)
    order = np.maximum(_order_instead(problem, target, left - ordered), ordered)
    dearer = _order_cost(problem, target, order, row_price) - _order_cost(problem, target, ordered, row_price)
    instead = place_cost(problem, target, left - ordered + order, near_left) + dearer
    kept = after[source]
    given_up = place_cost(problem, source, kept, near[source]) - place_cost(
        problem, source, kept + units, near[source] + units
    )
    is_instead = (instead < without) & with_orders
    other = np.where(is_instead, left - ordered + order, left)
    return Worth(
        used,
        units,
        np.where(is_instead, instead, without) - with_it,
        _below_level(problem, target, other) - _below_level(problem, target, after[target]),
        given_up,
        moves.unit_cost * units + moves.fixed_cost,
        charge,
        row,
    )


def order_worth(problem: Problem, plan: Plan, row_price: Numbers) -> Worth:
    """Worth of every order: what the place would cost without it, less what it costs with it."""
    used = np.flatnonzero(plan.ordered > 0)
    units = plan.ordered[used]
    after, near = position_after(problem, plan)[used], near_after(problem, plan)[used]
    charge, row = charges(problem.order_uses, used, units, row_price)
    saved = place_cost(problem, used, after - units, near) - place_cost(problem, used, after, near)
    places = problem.places
    cost = places.order_cost[used] * units + places.order_fixed_cost[used]
    level = _below_level(problem, used, after - units) - _below_level(problem, used, after)
    return Worth(used, units, saved, level, np.zeros(len(used)), cost, charge, row)


def place_cost(problem: Problem, rows: Integers, position: Numbers, near: Numbers) -> Numbers:
    """Cost of these places at these positions, money: curves, floors, near curve, units below the level.

    A place may stand in several rows.
    """
    if not len(rows):
        return np.zeros(0)
    some = _places_alone(problem, rows)
    expected, floors = pool_cost(some, position)
    return np.asarray(expected + floors + near_cost(some, near) + _below_level(problem, rows, position))


def charges(uses: Uses, chosen: Integers, units: Numbers, row_price: Numbers) -> tuple[Numbers, Integers]:
    """Charge of the rows for these moves or orders, money, and the row with the largest one, or −1.

    >>> uses = Uses(np.array([0, 0, 2]), np.array([0, 1]), np.array([1.0, 2.0]))
    >>> charge, row = charges(uses, np.array([0, 1]), np.array([5.0, 3.0]), np.array([4.0, 3.0]))
    >>> charge.tolist(), row.tolist()
    ([0.0, 30.0], [-1, 1])
    """
    entry, owner = _entries(uses, chosen)
    each = row_price[uses.row[entry]] * uses.amount[entry] * units[owner]
    charge: Numbers = np.bincount(owner, weights=each, minlength=len(chosen)).astype(np.float64)
    dearest = np.full(len(chosen), -1, dtype=np.int64)
    order = np.lexsort((-uses.row[entry], each, owner))
    order = order[each[order] > 0]
    # The last of an owner's entries in this order has its largest charge.
    dearest[owner[order]] = uses.row[entry[order]]
    return charge, dearest


def full_rows(uses: Uses, chosen: Integers, room: Numbers) -> Integers:
    """First row without room (j) for one more unit of each of these moves or orders, or −1.

    >>> uses = Uses(np.array([0, 1, 3]), np.array([0, 0, 1]), np.array([-1.0, 1.0, 2.0]))
    >>> full_rows(uses, np.array([0, 1]), np.array([0.0, 1.0])).tolist()
    [-1, 0]
    """
    entry, owner = _entries(uses, chosen)
    is_full = (uses.amount[entry] > 0) & (uses.amount[entry] > room[uses.row[entry]] + _NOISE)
    found = np.full(len(chosen), -1, dtype=np.int64)
    found[owner[is_full][::-1]] = uses.row[entry[is_full]][::-1]
    return found


def row_names(rows: Rows) -> Texts:
    """Family and key of every row in one text, and a null for row −1."""
    names = [f"{family}: {key}" for family, key in zip(rows.family, rows.key, strict=True)]
    return np.array([*names, None], dtype=object)


def _entries(uses: Uses, chosen: Integers) -> tuple[Integers, Integers]:
    """Entries of these moves or orders, and the place of their owner among them."""
    count = uses.start[chosen + 1] - uses.start[chosen]
    first = np.cumsum(count) - count
    entry = np.arange(int(count.sum())) + np.repeat(uses.start[chosen] - first, count)
    return entry, np.repeat(np.arange(len(chosen)), count)


def _below_level(problem: Problem, rows: Integers, position: Numbers) -> Numbers:
    """Price of the units that these places miss to their policy's level, money."""
    level = problem.places.level[rows]
    missing = np.maximum(np.where(np.isfinite(level), level, position) - position, 0.0)
    return np.asarray(problem.places.level_price[rows] * missing)


def _order_instead(problem: Problem, rows: Integers, position: Numbers) -> Numbers:
    """What the places would order at these positions, units: up to their level, in lots, to the limit."""
    places = problem.places
    need = np.where(np.isfinite(places.level[rows]), places.level[rows] - position, 0.0)
    wanted = feasible_quantity(need, places.moq[rows], np.maximum(places.lot[rows], 1e-9))
    return np.minimum(wanted, places.order_limit[rows])


def _order_cost(problem: Problem, rows: Integers, units: Numbers, row_price: Numbers) -> Numbers:
    places = problem.places
    charge, _ = charges(problem.order_uses, rows, units, row_price)
    return places.order_cost[rows] * units + places.order_fixed_cost[rows] * (units > 0) + charge


def _places_alone(problem: Problem, rows: Integers) -> Problem:
    """These places, each with its curves, without moves and rows."""
    start = grouped(problem.curves.place, len(problem.places))
    count = start[rows + 1] - start[rows]
    first = np.cumsum(count) - count
    curves = np.arange(int(count.sum())) + np.repeat(start[rows] - first, count)
    none = np.zeros(0, dtype=np.int64)
    return replace(
        problem,
        places=problem.places.take(rows),
        curves=replace(problem.curves.take(curves), place=np.repeat(np.arange(len(rows)), count)),
        moves=problem.moves.take(none),
    )
