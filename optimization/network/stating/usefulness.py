"""Which moves could pay at all: the others never enter a solve.

By convexity no unit wins more than the first at its destination less the first at its source, over
every chain of lanes between them. Where a coupling row could have a price, what a unit could win
counts as unbounded, so that what is dropped is in no best plan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from optimization.demand.distributions import cdf, expected_shortage
from optimization.network.costs import pool_cost
from optimization.network.problem import (
    NORMAL,
    TABLE,
    Curves,
    Flags,
    Integers,
    Numbers,
    Problem,
    Uses,
    grouped,
)

_LEAST_GAIN = 1e-9


def without_useless_moves(problem: Problem) -> Problem:
    """The same problem without moves that no best plan needs; its best plan costs the same.

    Where the policy triggers, a unit that arrives replaces one that would be ordered: it wins the
    shortage over the lead time, and the move once what lots order beyond the need. That holds while
    a unit below the level costs more than any unit saves, as `state_problem` has it.
    """
    moves, factor = problem.moves, problem.dead_band_factor
    # A lane that pays for being used could pay for ever in a circle; then nothing is judged.
    if not len(moves) or (moves.unit_cost < 0).any():
        return problem
    ends = _ends(problem)
    gain, loss = _over_chains(problem, ends.gain + ends.bonus, ends.loss)
    margin = gain[moves.target] - loss[moves.source] - factor * moves.unit_cost
    pays = (margin > _LEAST_GAIN) & (margin * moves.limit > factor * moves.fixed_cost)

    # A move of its own, in no chain: its best quantity must win what it costs.
    gives, takes = (np.zeros(len(problem.places), dtype=np.bool_) for _ in range(2))
    gives[moves.source[pays]], takes[moves.target[pays]] = True, True
    own = pays & ~takes[moves.source] & ~gives[moves.target]
    own &= np.isfinite(margin) & ~ends.tight[moves.target] & (moves.fixed_cost > 0)
    rows = np.flatnonzero(own)
    pays[rows] = _wins_alone(problem, ends, rows)
    return with_moves(problem, np.flatnonzero(pays))


def with_moves(problem: Problem, rows: Integers) -> Problem:
    """The same problem with these moves only, in their order."""
    uses = problem.move_uses
    number = np.diff(uses.start)[rows]
    start = np.concatenate([[0], np.cumsum(number)]).astype(np.int64)
    entry = np.repeat(uses.start[rows] - start[:-1], number) + np.arange(start[-1])
    return replace(
        problem,
        moves=problem.moves.take(rows),
        move_uses=Uses(start, uses.row[entry], uses.amount[entry]),
    )


@dataclass(frozen=True)
class _Ends:
    """Bounds by place (n), money: gain of the first unit in, bonus of a move, loss of the first unit out.

    up: position with what the supplier may bring, from which further units count. tight: whether a row
    could price the orders.
    """

    gain: Numbers
    bonus: Numbers
    loss: Numbers
    up: Numbers
    tight: Flags


def _ends(problem: Problem) -> _Ends:
    places, n = problem.places, len(problem.places)
    priced = _priced_rows(problem)
    in_priced = priced[problem.order_uses.row] & (problem.order_uses.amount > 0)
    tight = np.zeros(n, dtype=np.bool_)
    tight[np.repeat(np.arange(n), np.diff(problem.order_uses.start))[in_priced]] = True
    tight &= places.order_limit > 0
    orders = (places.order_limit > 0) & ~tight
    up = places.position + np.where(orders, places.order_limit, 0.0)

    needed = np.where(np.isfinite(places.level), np.maximum(places.level - places.position, 0.0), 0.0)
    excess = np.where(
        np.isfinite(places.level),
        places.order_limit - needed,
        np.maximum(np.maximum(places.lot, places.moq) - 1.0, 0.0),
    )
    excess = np.where(places.order_limit > 0, np.maximum(excess, 0.0), 0.0)
    holding = np.zeros(n)
    np.maximum.at(holding, problem.curves.place, problem.curves.holding_cost)
    bonus = (holding + places.order_cost) * excess + places.order_fixed_cost
    # Where a row prices orders, a unit may save a whole lot at that price.
    bonus = np.where(tight, np.where(excess > 0, np.inf, places.order_fixed_cost), bonus)

    takers, givers = (_present(place, n) for place in (problem.moves.target, problem.moves.source))
    gain = np.full(n, -np.inf)
    main = -_step(problem, takers, up[takers])
    main = np.where(orders[takers], np.maximum(main, 0.0), main) + places.order_cost[takers]
    gain[takers] = main + _near(problem, takers, np.zeros(len(takers)), np.ones(len(takers)))

    loss = np.full(n, np.inf)
    loss[givers] = -_step(problem, givers, places.position[givers] - 1.0)
    loss = np.where(places.order_limit > 0, np.minimum(loss, places.order_cost), loss)
    uses = problem.move_uses
    freed = priced[uses.row] & (uses.amount < 0)
    loss[np.repeat(problem.moves.source, np.diff(uses.start))[freed]] = -np.inf
    return _Ends(gain, np.where((orders | tight) & np.isfinite(gain), bonus, 0.0), loss, up, tight)


def _present(place: Integers, count: int) -> Integers:
    found = np.zeros(count, dtype=np.bool_)
    found[place] = True
    return np.flatnonzero(found)


def _priced_rows(problem: Problem) -> Flags:
    """Rows that everything at once could fill beyond their capacity; the others never have a price."""
    most = problem.rows.base_use.copy()
    for uses, units in (
        (problem.move_uses, problem.moves.limit),
        (problem.order_uses, problem.places.order_limit),
    ):
        taken = np.repeat(units, np.diff(uses.start)) * np.maximum(uses.amount, 0.0)
        most += np.bincount(uses.row, weights=taken, minlength=len(most))
    return np.asarray(most > problem.rows.capacity, dtype=np.bool_)


def _over_chains(problem: Problem, gain: Numbers, loss: Numbers) -> tuple[Numbers, Numbers]:
    """The best gain at the end, and the least loss at the start, of every chain through a place."""
    moves = problem.moves
    cost = problem.dead_band_factor * moves.unit_cost
    gain, loss = gain.copy(), loss.copy()
    while True:
        onward = gain[moves.target] - cost
        back = loss[moves.source] + cost
        better = (onward > gain[moves.source]).any() or (back < loss[moves.target]).any()
        if not better:
            return gain, loss
        np.maximum.at(gain, moves.source, onward)
        np.minimum.at(loss, moves.target, back)


def _wins_alone(problem: Problem, ends: _Ends, rows: Integers) -> Flags:
    """Whether the best quantity of each of these moves, with no other, wins more than it costs."""
    moves, factor = problem.moves.take(rows), problem.dead_band_factor
    place, start = problem.places, problem.places.position[moves.source]
    up, each = ends.up[moves.target], place.order_cost[moves.target]
    orders = place.order_limit[moves.target] > 0

    def main(units: Numbers) -> Numbers:
        saved = -_step(problem, moves.target, up + units - 1.0)
        return np.where(orders, np.maximum(saved, 0.0) + each, saved)

    def pays(units: Numbers) -> Flags:
        given = -_step(problem, moves.source, start - units)
        sooner = _near(problem, moves.target, units - 1.0, units)
        return np.asarray(main(units) + sooner - given > factor * moves.unit_cost, dtype=np.bool_)

    def saves(units: Numbers) -> Flags:
        return np.asarray(~orders | (main(units) > each), dtype=np.bool_)

    units = np.maximum(_most(pays, moves.limit), 1.0)
    used = _most(saves, units)
    gained = _cost(problem, moves.target, up) - _cost(problem, moves.target, up + used)
    gained += _near(problem, moves.target, np.zeros(len(rows)), units) + np.where(orders, each * units, 0.0)
    given = _cost(problem, moves.source, start - units) - _cost(problem, moves.source, start)
    won = gained + ends.bonus[moves.target] - given - factor * moves.unit_cost * units
    return np.asarray(won > factor * moves.fixed_cost + _LEAST_GAIN, dtype=np.bool_)


def _most(holds: Callable[[Numbers], Flags], limit: Numbers) -> Numbers:
    """Most units up to a limit for which a falling condition holds."""
    low, high = np.zeros(len(limit)), limit.copy()
    while (high > low).any():
        middle = np.ceil((low + high) / 2.0)
        yes = holds(middle)
        low, high = np.where(yes, middle, low), np.where(yes, high, middle - 1.0)
    return low


def _near(problem: Problem, rows: Integers, before: Numbers, after: Numbers) -> Numbers:
    """Shortage over the lead time that units arriving avoid, from `before` to `after` of them, money."""
    price = problem.places.near_shortage_cost[rows]
    saved = np.zeros(len(rows))
    at = np.flatnonzero(price > 0)
    own = problem.places.take(rows[at])
    short = [
        expected_shortage(own.near_position + units[at], own.near_mean, own.near_variance)
        for units in (before, after)
    ]
    saved[at] = price[at] * (short[0] - short[1])
    return saved


def _step(problem: Problem, rows: Integers, position: Numbers) -> Numbers:
    """Cost of the next unit at these places and positions (negative while it is needed), money.

    A single curve that is counted or in a table has it at hand at whole k, and is linear between.
    """
    curves, first = problem.curves, grouped(problem.curves.place, len(problem.places))
    curve = np.minimum(first[rows], len(curves) - 1)
    single = (np.diff(first)[rows] == 1) & (curves.kind[curve] != NORMAL)
    single &= np.isinf(curves.cap[curve]) & (curves.floor[curve] <= 0)
    step = np.empty(len(rows))
    other, at = np.flatnonzero(~single), np.flatnonzero(single)
    step[other] = _cost(problem, rows[other], position[other] + 1.0)
    step[other] -= _cost(problem, rows[other], position[other])
    own, whole = curve[at], np.floor(position[at])
    part = position[at] - whole
    here = _step_at(curves, own, whole)
    split = np.flatnonzero(part > 0)
    here[split] += part[split] * (_step_at(curves, own[split], whole[split] + 1.0) - here[split])
    level = problem.places.level[rows[at]] - position[at]
    step[at] = here - problem.places.level_price[rows[at]] * np.clip(level, 0.0, 1.0)
    return step


def _step_at(curves: Curves, rows: Integers, k: Numbers) -> Numbers:
    """G(k+1) − G(k) of counted curves, (h + b)·F(k) − b, and of curves in tables, at whole k."""
    own = replace(curves, table=curves.table[:0]).take(rows)
    step = (own.holding_cost + own.shortage_cost) * cdf(k, own.mean, own.variance) - own.shortage_cost
    at = np.flatnonzero(own.kind == TABLE)
    entry = np.clip(k[at] - own.table_low[at], 0, own.table_count[at] - 1).astype(np.int64)
    step[at] = curves.table[own.table_start[at] + entry]
    return step


def _cost(problem: Problem, rows: Integers, position: Numbers) -> Numbers:
    """Cost of these places (repeats allowed) at these positions: pool, floors and level, money."""
    if not len(rows):
        return np.zeros(0)
    first = grouped(problem.curves.place, len(problem.places))
    number = np.diff(first)[rows]
    start = np.cumsum(number) - number
    entry = np.repeat(first[rows] - start, number) + np.arange(number.sum())
    places = problem.places.take(rows)
    own = replace(
        problem,
        places=places,
        curves=replace(problem.curves.take(entry), place=np.repeat(np.arange(len(rows)), number)),
    )
    cost, missed = pool_cost(own, position)
    return cost + missed + places.level_price * np.maximum(places.level - position, 0.0)
