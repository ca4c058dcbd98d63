"""Ways to build a late order earlier: a week with room, a slot on top, or a swap with others.

For each earlier week the order is pinned there, the orders of that week are set free, and the least
money for lateness, moves and slots on top is found by a mixed-integer program; whoever has a confirmed
promise is not made late by it. What an option costs is that plan's money less the money of today's
plan, the pinned order's own gain left out: days saved stand beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.build_to_order.slots.assembly import Pairs, assembled, nothing_tight, room_beside
from optimization.build_to_order.slots.costs import allowed, lateness_days, level_cost
from optimization.build_to_order.slots.grouping import grouped, to_orders
from optimization.build_to_order.slots.problem import NONE, Integers, Numbers, Orders, SlotProblem
from optimization.build_to_order.slots.value import expedite_cost
from optimization.order_parameters import SlotParameters
from optimization.solver.highs import solve

_WEEKS, _FREE_ORDERS = 4, 60


@dataclass(frozen=True)
class Expedite:
    """One way: order row, its new bucket, days saved, money, rows of the orders that it moves, on top."""

    order: int
    bucket: int
    days_saved: float
    cost: float
    affected: Integers
    is_on_top: bool


def expedites_of(problem: SlotProblem, bucket: Integers, parameters: SlotParameters) -> list[Expedite]:
    """The cheapest ways per day saved for the orders that weigh most by lateness; best first per order.

    Those with a slot come before those without.
    """
    orders, b = problem.orders, len(problem.buckets)
    days = lateness_days(problem)
    at = np.where(bucket < 0, b, bucket)
    late = days[np.arange(len(orders)), at]
    worth = np.where(orders.fixed == NONE, late * np.maximum(orders.weight, 0.01), 0.0)
    # Whoever has a slot comes first: without one, a swap only leaves another without.
    rows = np.lexsort((np.arange(len(orders)), -worth, bucket < 0))[: parameters.expedite_orders]
    found: list[Expedite] = []
    for row in rows[worth[rows] > 0].tolist():
        saved = late[row] - days[row]
        may = allowed(problem, orders.take(np.array([row])))[0]
        ways = [
            way
            for target in _targets(problem, saved, may).tolist()
            if (way := _pinned(problem, bucket, row, int(target), float(saved[target]), parameters))
        ]
        ways.sort(key=lambda way: (way.cost / way.days_saved, -way.days_saved, way.bucket))
        found += ways[: parameters.expedite_options]
    return found


def _targets(
    problem: SlotProblem, saved: Numbers, may: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> Integers:
    """Weeks that save days: the last that keep the promise, else the first weeks there are."""
    gain = np.where(may[:-1], saved[:-1], 0.0)
    useful = np.flatnonzero(gain > 0)
    week = problem.buckets.week_day[useful]
    # Most days first; of weeks that save the same, the latest, for it disturbs least.
    order = np.lexsort((useful, -week, -gain[useful]))
    return useful[order][:_WEEKS].astype(np.int64)


def _pinned(
    problem: SlotProblem, bucket: Integers, row: int, target: int, saved: float, parameters: SlotParameters
) -> Expedite | None:
    """The cheapest plan with the order in `target`, or None where there is none."""
    orders = problem.orders
    inside = np.flatnonzero((bucket == target) & (orders.fixed == NONE))
    # Those with the most slack are the first that can make room.
    inside = inside[np.argsort(-orders.due_day[inside], kind="stable")][:_FREE_ORDERS]
    free = np.sort(inside)
    beside = bucket.copy()
    beside[free], beside[row] = NONE, target
    room = room_beside(problem, np.where(np.arange(len(orders)) == row, NONE, beside))
    if not _fits(problem, orders.take(np.array([row])), room.limits, target):
        return None
    groups = grouped(problem, np.append(free, row), apart=row)
    mask = allowed(problem, groups.first)
    late = lateness_days(problem, groups.first)
    now = late[:, target]
    mask[:, :-1] &= ~(groups.first.is_confirmed[:, None] & (late[:, :-1] > now[:, None]))
    money = problem.lateness_cost * level_cost(problem, "lateness", groups.first)
    money += level_cost(problem, "moves", groups.first)
    own = int(groups.group[row])
    mask[own] = False
    mask[own, target] = True
    pairs = Pairs.of(mask)
    cost = money[pairs.group, pairs.bucket]
    part = assembled(
        "slots expedite",
        problem,
        groups.first.options,
        groups.units,
        room,
        nothing_tight(room),
        pairs,
        np.where(pairs.group == own, 0.0, cost),
        problem.expedites.cost,
        None,
        is_whole=True,
    )
    answer = solve(part.model, parameters.max_relative_gap, parameters.max_nodes)
    if not answer.has_values:
        return None
    placed = np.zeros(mask.shape)
    placed[pairs.group, pairs.bucket] = np.round(answer.values[: part.pair_count])
    after = np.where(groups.group >= 0, to_orders(groups, placed, np.arange(len(problem.buckets))), beside)
    others = np.flatnonzero((after != bucket) & (np.arange(len(orders)) != row))
    if (after[others] < 0).any():
        return None
    spent = expedite_cost(problem, after).sum() - expedite_cost(problem, bucket).sum()
    change = _money(problem, after, others) - _money(problem, bucket, others) + spent
    own_move = _own_move(problem, row, target)
    on_top = bool(expedite_cost(problem, after)[target] > expedite_cost(problem, bucket)[target])
    return Expedite(row, target, saved, max(0.0, float(change + own_move)), others, on_top)


def _fits(problem: SlotProblem, own: Orders, limits: Numbers, target: int) -> bool:
    left = limits[problem.buckets.week_row[target]]
    return bool((left[own.options[0]] >= 1.0).all())


def _money(problem: SlotProblem, bucket: Integers, rows: Integers) -> float:
    orders = problem.orders.take(rows)
    at, own = bucket[rows], np.arange(len(rows))
    cost = problem.lateness_cost * level_cost(problem, "lateness", orders) + level_cost(
        problem, "moves", orders
    )
    return float(cost[own, at].sum())


def _own_move(problem: SlotProblem, row: int, target: int) -> float:
    return float(level_cost(problem, "moves", problem.orders.take(np.array([row])))[0, target])
