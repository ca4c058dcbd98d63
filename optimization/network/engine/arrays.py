"""The problem and the state of its solution as the compiled code reads them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from optimization.network.costs import near_after, position_after, row_use
from optimization.network.problem import Integers, Numbers, Plan, Problem, grouped

POSITION, NEAR, UP, DOWN, NEAR_UP, NEAR_DOWN, OUTFLOW, ORDERED = range(8)
"""Columns of `State.places`: positions after the plan, the marginals of the next and of the last unit of a
place and of its near curve (kept, because prices do not change them), units given and ordered."""


class Net(NamedTuple):
    """The problem's own arrays: places and moves of item i stand at start[i] ≤ k < start[i+1]."""

    place_start: Integers
    move_start: Integers
    spare: Numbers
    order_limit: Numbers
    order_cost: Numbers
    source: Integers
    target: Integers
    unit_cost: Numbers
    limit: Numbers
    cost_factor: float
    move_use_start: Integers
    move_use_row: Integers
    move_use_amount: Numbers
    order_use_start: Integers
    order_use_row: Integers
    order_use_amount: Numbers


class State(NamedTuple):
    """The plan and what follows from it: units by move (m), places (n × 8), use of every row (j)."""

    moved: Numbers
    places: Numbers
    use: Numbers


class RowPrices(NamedTuple):
    """How the rows are priced: min(slack_price, max(0, price + growth·(use − capacity))), by row (j).

    is_hard: no step may take the row above its capacity. now: the price at the present use.
    """

    price: Numbers
    growth: Numbers
    capacity: Numbers
    slack_price: Numbers
    is_hard: npt.NDArray[np.bool_]
    now: Numbers


class Work(NamedTuple):
    """Room for the solve of one item, reused by the next.

    Arcs of the residual network: from `tail` to `head`, of a kind and of the item's k-th place or move.
    By node: distance from the hub, the arc it is reached by, and the search that last used it. By row:
    what a unit along the walk takes.
    """

    move_cost: Numbers
    move_room: Numbers
    back_room: Numbers
    order_cost: Numbers
    order_room: Numbers
    back_order_room: Numbers
    tail: Integers
    head: Integers
    kind: Integers
    which: Integers
    cost: Numbers
    distance: Numbers
    parent: Integers
    taken: Integers
    end_cost: Numbers
    walk_kind: Integers
    walk_which: Integers
    walk_row: Integers
    walk_amount: Numbers
    row_slot: Integers


def net_of(problem: Problem) -> Net:
    """The problem's arrays by item."""
    places, moves = problem.places, problem.moves
    place_start = grouped(places.item, problem.item_count)
    return Net(
        place_start=place_start,
        move_start=np.searchsorted(moves.source, place_start).astype(np.int64),
        spare=_numbers(places.spare),
        order_limit=_numbers(places.order_limit),
        order_cost=_numbers(places.order_cost),
        source=_integers(moves.source),
        target=_integers(moves.target),
        unit_cost=_numbers(moves.unit_cost),
        limit=_numbers(moves.limit),
        cost_factor=float(problem.dead_band_factor),
        move_use_start=_integers(problem.move_uses.start),
        move_use_row=_integers(problem.move_uses.row),
        move_use_amount=_numbers(problem.move_uses.amount),
        order_use_start=_integers(problem.order_uses.start),
        order_use_row=_integers(problem.order_uses.row),
        order_use_amount=_numbers(problem.order_uses.amount),
    )


def state_of(problem: Problem, plan: Plan) -> State:
    """The state after a plan of whole units within its bounds; its marginals are still to be read."""
    n = len(problem.places)
    places = np.zeros((n, 8))
    places[:, POSITION] = position_after(problem, plan)
    places[:, NEAR] = near_after(problem, plan)
    places[:, OUTFLOW] = np.bincount(problem.moves.source, weights=plan.moved, minlength=n)
    places[:, ORDERED] = plan.ordered
    return State(np.array(plan.moved, dtype=np.float64), places, row_use(problem, plan))


def plan_of(state: State) -> Plan:
    """The plan that a state stands for."""
    return Plan(state.moved.copy(), state.places[:, ORDERED].copy())


def row_prices(
    problem: Problem,
    price: Numbers,
    growth: Numbers | None = None,
    is_hard: npt.NDArray[np.bool_] | None = None,
) -> RowPrices:
    """Prices of the rows; constant and without hard limits unless said."""
    rows = problem.rows
    return RowPrices(
        price=_numbers(price),
        growth=np.zeros(len(rows)) if growth is None else _numbers(growth),
        capacity=_numbers(rows.capacity),
        slack_price=_numbers(rows.slack_price),
        is_hard=np.zeros(len(rows), dtype=np.bool_) if is_hard is None else is_hard,
        now=np.zeros(len(rows)),
    )


def work_for(net: Net, rows: int) -> Work:
    """Room for the largest item of the problem."""
    places = int(np.diff(net.place_start).max(initial=1))
    moves = int(np.diff(net.move_start).max(initial=1))
    arcs, nodes = 4 * places + 2 * moves, 3 * places
    return Work(
        move_cost=np.zeros(moves),
        move_room=np.zeros(moves),
        back_room=np.zeros(moves),
        order_cost=np.zeros(places),
        order_room=np.zeros(places),
        back_order_room=np.zeros(places),
        tail=np.zeros(arcs, dtype=np.int64),
        head=np.zeros(arcs, dtype=np.int64),
        kind=np.zeros(arcs, dtype=np.int64),
        which=np.zeros(arcs, dtype=np.int64),
        cost=np.zeros(arcs),
        distance=np.zeros(nodes),
        parent=np.zeros(nodes, dtype=np.int64),
        taken=np.zeros(nodes, dtype=np.int64),
        end_cost=np.zeros(places),
        walk_kind=np.zeros(nodes + 2, dtype=np.int64),
        walk_which=np.zeros(nodes + 2, dtype=np.int64),
        walk_row=np.zeros(rows + 1, dtype=np.int64),
        walk_amount=np.zeros(rows + 1),
        row_slot=np.full(rows + 1, -1, dtype=np.int64),
    )


def _numbers(values: npt.ArrayLike) -> Numbers:
    return np.ascontiguousarray(values, dtype=np.float64)


def _integers(values: npt.ArrayLike) -> Integers:
    return np.ascontiguousarray(values, dtype=np.int64)
