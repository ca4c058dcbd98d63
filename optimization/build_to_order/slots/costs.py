"""What each order's place in each bucket costs, level by level: the one statement of the objective.

With e_b the last day of bucket b's week, d_o the last day of building that keeps order o's promise and
H the days of the horizon, the lateness of o in b is L = max(0, e_b − d_o). An order without a slot is
taken as built a whole horizon after the last week: N = max(0, e_last − d_o) + H. The levels are

1. promises: confirmed promises that are broken, [L > 0];
2. promise_days: their days, L;
3. lateness: weighted days, w·L, and w'·N without a slot, w' = max(w, 0.01);
4. moves: money for weeks moved and another plant, and for slots on top;
5. earliness: days before or after the day that leaves `margin_days` to the due day, or days after the
   first week where nothing is due; and a unit that a minimum lacks counts H days. On the due day itself a
   promise is only just kept: the next change of a lead time would break it, or move the order.
6. order: earlier due days, then priority, order date and id, into earlier weeks.
"""

from __future__ import annotations

import numpy as np

from optimization.build_to_order.slots.problem import NO_DATE, NONE, Flags, Numbers, Orders, SlotProblem

LEVELS = ("promises", "promise_days", "lateness", "moves", "earliness", "order")
_LEAST_WEIGHT = 0.01


def allowed(problem: SlotProblem, orders: Orders | None = None) -> Flags:
    """Buckets that an order may have, and the last column, no slot (n, b + 1).

    A frozen bucket is open only to orders that the plant has scheduled already.
    """
    orders = problem.orders if orders is None else orders
    buckets = problem.buckets
    at = np.ones((len(orders), len(buckets) + 1), dtype=np.bool_)
    at[:, :-1] = (
        ((orders.plant[:, None] == NONE) | (orders.plant[:, None] == buckets.plant))
        & (buckets.week_day >= orders.ready_day[:, None])
        & (~buckets.is_frozen | orders.is_scheduled[:, None])
    )
    return at


def lateness_days(problem: SlotProblem, orders: Orders | None = None) -> Numbers:
    """Days after the promise by order and bucket, and without a slot (n, b + 1).

    Worked: built by day 20 where 15 would do is 5 late; with a horizon of 7 days that ends on day 20,
    no slot counts 5 + 7.
    """
    orders = problem.orders if orders is None else orders
    due = orders.due_day.astype(np.float64)
    end = problem.buckets.end_day.astype(np.float64)
    last = end.max() if len(end) else 0.0
    days = np.empty((len(orders), len(end) + 1))
    days[:, :-1] = np.maximum(0.0, end - due[:, None])
    days[:, -1] = np.maximum(0.0, last - due) + problem.horizon_days
    return days


def level_cost(problem: SlotProblem, level: str, orders: Orders | None = None) -> Numbers:
    """Cost of the level by order and bucket, and without a slot (n, b + 1).

    Orders in `order` are taken as sorted by key. Raises `KeyError` for an unknown level.
    """
    orders = problem.orders if orders is None else orders
    return {
        "promises": _promises,
        "promise_days": _promise_days,
        "lateness": _lateness,
        "moves": _moves,
        "earliness": _earliness,
        "order": _order,
    }[level](problem, orders)


def _promises(problem: SlotProblem, orders: Orders) -> Numbers:
    late = lateness_days(problem, orders) > 0
    return (late & orders.is_confirmed[:, None]).astype(np.float64)


def _promise_days(problem: SlotProblem, orders: Orders) -> Numbers:
    return np.where(orders.is_confirmed[:, None], lateness_days(problem, orders), 0.0)


def _lateness(problem: SlotProblem, orders: Orders) -> Numbers:
    days = lateness_days(problem, orders)
    cost = orders.weight[:, None] * days
    cost[:, -1] = np.maximum(orders.weight, _LEAST_WEIGHT) * days[:, -1]
    return cost


def _moves(problem: SlotProblem, orders: Orders) -> Numbers:
    buckets = problem.buckets
    had = orders.previous_day != NONE
    weeks = np.empty((len(orders), len(buckets) + 1))
    weeks[:, :-1] = np.abs(buckets.week_day - orders.previous_day[:, None]) / 7.0
    weeks[:, :-1] += buckets.plant != orders.previous_plant[:, None]
    weeks[:, -1] = problem.horizon_days / 7.0
    return np.where(had[:, None], problem.move_cost * weeks, 0.0)


def _earliness(problem: SlotProblem, orders: Orders) -> Numbers:
    buckets = problem.buckets
    cost = np.zeros((len(orders), len(buckets) + 1))
    if not len(buckets):
        return cost
    is_due = orders.due_day < NO_DATE
    aside = np.abs(orders.due_day[:, None] - problem.margin_days - buckets.end_day)
    soon = (buckets.week_day - buckets.week_day.min()).astype(np.float64)
    cost[:, :-1] = np.where(is_due[:, None], aside, soon)
    return cost


def _order(problem: SlotProblem, orders: Orders) -> Numbers:
    buckets = problem.buckets
    cost = np.zeros((len(orders), len(buckets) + 1))
    if not len(buckets) or not len(orders):
        return cost
    rank = np.empty(len(orders))
    rank[np.lexsort((np.arange(len(orders)), orders.due_day))] = np.arange(len(orders))
    place = (buckets.week_day - buckets.week_day.min()) / 7.0 + buckets.plant / (buckets.plant.max() + 1.0)
    cost[:, :-1] = place * ((len(orders) - rank) / len(orders))[:, None]
    return cost
