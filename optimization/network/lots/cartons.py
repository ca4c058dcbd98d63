"""Items whose quantities all come in one carton, restated with the carton as their unit.

Marginals of whole cartons are sums of marginals of units, so they rise as those do: what is coarse in
units is an ordinary convex item in cartons, and nothing is lost. A near curve is known in units only;
in cartons it becomes a gate, a place that must pass on what arrives, over moves of one carton each that
win what the near curve saves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimization.demand.distributions import expected_shortage
from optimization.network.costs import pool_cost
from optimization.network.lattice import Lattice
from optimization.network.problem import (
    NORMAL,
    TABLE,
    Curves,
    Flags,
    Integers,
    Moves,
    Numbers,
    Places,
    Problem,
    Uses,
    grouped,
)
from optimization.network.subsets import spans, uses_of

NONE = -1
"""Of which move or place a gate's own ones are the restatement."""
# So far above its mean a curve of whole demand rises at its holding cost: spreads, and ratios of
# variance to mean for the long tail of the negative binomial.
_TAIL_SPREADS, _TAIL_RATIOS = 9.0, 30.0
# A step of a near curve that saves less than this share of its first is taken for nothing.
_NOTHING_SAVED = 1e-12


@dataclass(frozen=True)
class Cartons:
    """A problem in cartons.

    move, place: which move (place) of the problem in units each of its own restates, or `NONE`. unit
    (m + n of the problem in units): units that one carton has.
    """

    problem: Problem
    move: Integers
    place: Integers
    unit: Numbers


def carton_units(problem: Problem, lattice: Lattice) -> Numbers:
    """Units of one carton by item: the greatest common divisor of all steps it may use, or 1."""
    places, count = problem.places, problem.item_count
    item = np.concatenate([places.item[problem.moves.source], places.item])
    counts = lattice.most > 0
    carton = np.zeros(count, dtype=np.int64)
    np.gcd.at(carton, item[counts], np.round(lattice.step[counts]).astype(np.int64))
    is_odd = np.zeros(count, dtype=np.bool_)
    np.logical_or.at(is_odd, item[counts], lattice.step[counts] != np.round(lattice.step[counts]))
    return np.where(is_odd, 1, np.maximum(carton, 1)).astype(np.float64)


def in_cartons(problem: Problem, lattice: Lattice) -> Cartons:
    """Restate every item in its carton."""
    carton = carton_units(problem, lattice)
    places, moves, curves = problem.places, problem.moves, problem.curves
    by_place, by_move = carton[places.item], carton[places.item[moves.source]]
    unit = np.concatenate([by_move, by_place])
    if not (carton > 1).any():
        return Cartons(problem, np.arange(len(moves)), np.arange(len(places)), unit)
    number = np.diff(grouped(curves.place, len(places)))
    is_plain = (
        (curves.kind == NORMAL) & (number[curves.place] == 1) & (curves.floor <= 0) & np.isinf(curves.cap)
    )
    is_closed = np.zeros(len(places), dtype=np.bool_)
    is_closed[curves.place[is_plain]] = True
    is_table = (by_place > 1) & ~is_closed & (number > 0)
    gates = np.flatnonzero((by_place > 1) & (places.near_shortage_cost > 0))
    scaled = replace(
        problem,
        places=replace(
            places,
            # A table counts from where the place stands.
            position=np.where(is_table, 0.0, places.position / by_place),
            level=(places.level - np.where(is_table, places.position, 0.0)) / by_place,
            level_price=places.level_price * by_place,
            spare=np.floor(places.spare / by_place + 1e-9),
            order_limit=np.floor(places.order_limit / by_place + 1e-9),
            order_cost=places.order_cost * by_place,
            lot=np.maximum(places.lot, 1.0) / by_place,
            moq=places.moq / by_place,
            near_shortage_cost=np.where(by_place > 1, 0.0, places.near_shortage_cost),
        ),
        moves=replace(
            moves,
            unit_cost=moves.unit_cost * by_move,
            limit=np.floor(moves.limit / by_move + 1e-9),
            minimum=moves.minimum / by_move,
            multiple=np.maximum(moves.multiple, 1.0) / by_move,
        ),
        curves=_scaled_curves(problem, by_place, is_table),
        move_uses=_scaled_uses(problem.move_uses, by_move),
        order_uses=_scaled_uses(problem.order_uses, by_place),
    )
    if not len(gates):
        return Cartons(scaled, np.arange(len(moves)), np.arange(len(places)), unit)
    return _with_gates(problem, scaled, by_place, unit, gates)


def _with_gates(
    problem: Problem, scaled: Problem, by_place: Numbers, unit: Numbers, gates: Integers
) -> Cartons:
    """Put a gate before every place with a near curve, behind all places of its item."""
    n, moves = len(problem.places), scaled.moves
    carton = by_place[gates]
    arriving = np.bincount(moves.target, weights=moves.limit, minlength=n)[gates].astype(np.float64)
    gate_of = np.full(n, NONE, dtype=np.int64)
    gate_of[gates] = n + np.arange(len(gates))
    base, step_gate, step_cost, step_limit = _near_steps(problem, gates, carton, arriving)

    places = _appended_places(scaled, gates, arriving)
    target = np.where(gate_of[moves.target] >= 0, gate_of[moves.target], moves.target)
    steps = len(step_gate)
    all_moves = Moves(
        source=np.concatenate([moves.source, n + step_gate]),
        target=np.concatenate([target, gates[step_gate]]),
        lane=np.concatenate([moves.lane, np.full(steps, NONE)]),
        unit_cost=np.concatenate([moves.unit_cost, step_cost / problem.dead_band_factor]),
        fixed_cost=np.concatenate([moves.fixed_cost, np.zeros(steps)]),
        limit=np.concatenate([moves.limit, step_limit]),
        minimum=np.concatenate([moves.minimum, np.zeros(steps)]),
        multiple=np.concatenate([moves.multiple, np.ones(steps)]),
    )
    # New numbers: places by item, moves by source and target.
    order = np.argsort(places.item, kind="stable")
    number = np.empty(len(order), dtype=np.int64)
    number[order] = np.arange(len(order))
    move_order = np.lexsort((number[all_moves.target], number[all_moves.source]))
    all_moves = all_moves.take(move_order)
    curves = _merged(scaled.curves, _gate_curves(problem, scaled, by_place, gates, base))
    curves = replace(curves, place=number[curves.place])
    return Cartons(
        replace(
            scaled,
            places=places.take(order),
            moves=replace(all_moves, source=number[all_moves.source], target=number[all_moves.target]),
            curves=curves.take(np.argsort(curves.place, kind="stable")),
            move_uses=uses_of(_with_idle(scaled.move_uses, steps), move_order),
            order_uses=uses_of(_with_idle(scaled.order_uses, len(gates)), order),
        ),
        move=np.concatenate([np.arange(len(moves)), np.full(steps, NONE)])[move_order],
        place=np.concatenate([np.arange(n), np.full(len(gates), NONE)])[order],
        unit=unit,
    )


def _near_steps(
    problem: Problem, gates: Integers, carton: Numbers, arriving: Numbers
) -> tuple[Numbers, Integers, Numbers, Numbers]:
    """Near cost before any arrival by gate; and by step its gate, what a carton costs there, its limit.

    The last step of a gate takes all further cartons for nothing.
    """
    places = problem.places
    mean, variance = places.near_mean[gates], places.near_variance[gates]
    tail = mean + _TAIL_SPREADS * np.sqrt(variance)
    tail += _TAIL_RATIOS * np.maximum(variance / np.maximum(mean, 1e-9), 1.0)
    count = np.ceil(np.maximum(tail - places.near_position[gates], 0.0) / carton)
    count = np.minimum(count, arriving).astype(np.int64)
    gate = np.repeat(np.arange(len(gates)), count + 1)
    step = np.arange(len(gate)) - np.repeat(np.cumsum(count + 1) - count - 1, count + 1)
    at, place = places.near_position[gates][gate] + step * carton[gate], gates[gate]
    cost = places.near_shortage_cost[place] * expected_shortage(at, mean[gate], variance[gate])
    is_last = step == count[gate]
    saved = np.where(is_last, 0.0, np.append(cost[1:], 0.0) - cost)
    limit = np.where(is_last, np.maximum(arriving - count, 0.0)[gate], 1.0)
    first = np.cumsum(count + 1) - count - 1
    kept = is_last | (saved < _NOTHING_SAVED * saved[first][gate])
    # What is cut off as nothing goes over the last step.
    dropped = np.bincount(gate[~kept], minlength=len(gates))
    limit = limit + np.where(is_last, dropped[gate], 0.0)
    return cost[first], gate[kept], saved[kept], limit[kept]


def _appended_places(scaled: Problem, gates: Integers, arriving: Numbers) -> Places:
    """The places, and behind them the gates: nothing lies there, and all that arrives may leave."""
    zeros = np.zeros(len(gates))
    like = scaled.places.take(gates)
    own = replace(
        like,
        position=zeros,
        near_position=zeros,
        spare=arriving,
        level=np.full(len(gates), -np.inf),
        level_price=zeros,
        order_limit=zeros,
        order_cost=zeros,
        order_fixed_cost=zeros,
        lot=np.ones(len(gates)),
        moq=zeros,
    )
    return Places(
        **{
            name: np.concatenate([getattr(scaled.places, name), getattr(own, name)])
            for name in Places.__dataclass_fields__
        }
    )


def _gate_curves(
    problem: Problem, scaled: Problem, by_place: Numbers, gates: Integers, base: Numbers
) -> Curves:
    """Curves that cost the near curve's start at 0, and more than any unit is worth on either side."""
    curves, count, n = scaled.curves, len(gates), len(problem.places)
    dear = np.zeros(n)
    np.maximum.at(dear, curves.place, curves.holding_cost + curves.shortage_cost)
    floors = np.zeros(n)
    np.maximum.at(floors, problem.curves.place, problem.curves.floor_price)
    places = problem.places
    dear += scaled.places.level_price + (floors + places.near_shortage_cost) * by_place
    dear = 2.0 * dear[gates]
    zeros = np.zeros(count)
    return Curves(
        place=len(problem.places) + np.arange(count),
        kind=np.full(count, TABLE, dtype=np.int8),
        mean=zeros,
        variance=zeros,
        holding_cost=dear,
        shortage_cost=dear,
        floor=zeros,
        floor_price=zeros,
        cap=np.full(count, np.inf),
        table_start=len(curves.table) + 2 * np.arange(count),
        table_count=np.full(count, 2),
        table_low=np.full(count, -1),
        table_base=base + dear,
        table=np.concatenate([curves.table, np.column_stack([-dear, dear]).ravel()]),
    )


def _with_idle(uses: Uses, count: int) -> Uses:
    """The same uses, and so many more owners that use nothing."""
    return replace(uses, start=np.concatenate([uses.start, np.full(count, uses.start[-1])]))


def _scaled_uses(uses: Uses, by_owner: Numbers) -> Uses:
    return replace(uses, amount=uses.amount * np.repeat(by_owner, np.diff(uses.start)))


def _scaled_curves(problem: Problem, by_place: Numbers, is_table: Flags) -> Curves:
    """Curves per carton: normal ones scaled, all others of a place added up in one table."""
    curves = problem.curves
    kept = np.flatnonzero(~is_table[curves.place])
    unit = by_place[curves.place[kept]]
    scaled = curves.take(kept)
    scaled = replace(
        scaled,
        mean=scaled.mean / unit,
        variance=scaled.variance / unit**2,
        holding_cost=scaled.holding_cost * unit,
        shortage_cost=scaled.shortage_cost * unit,
    )
    rows = np.flatnonzero(is_table)
    if not len(rows):
        return scaled
    low, cost, count = _tabulated(problem, rows, by_place)
    marginal = np.diff(cost)
    # The step from one place's last cost to the next place's first is none.
    inner = np.ones(len(marginal), dtype=np.bool_)
    inner[np.cumsum(count)[:-1] - 1] = False
    entries = count - 1
    first = np.cumsum(count) - count
    dearest, last = np.zeros(len(by_place)), np.zeros(len(by_place))
    np.maximum.at(dearest, curves.place, curves.shortage_cost)
    last[curves.place] = curves.holding_cost
    table = Curves(
        place=rows,
        kind=np.full(len(rows), TABLE, dtype=np.int8),
        mean=np.zeros(len(rows)),
        variance=np.zeros(len(rows)),
        holding_cost=last[rows] * by_place[rows],
        shortage_cost=dearest[rows] * by_place[rows],
        floor=np.zeros(len(rows)),
        floor_price=np.zeros(len(rows)),
        cap=np.full(len(rows), np.inf),
        table_start=len(curves.table) + np.cumsum(entries) - entries,
        table_count=entries,
        table_low=low,
        table_base=cost[first],
        table=np.concatenate([curves.table, marginal[inner]]),
    )
    return _merged(scaled, table)


def _tabulated(problem: Problem, rows: Integers, by_place: Numbers) -> tuple[Integers, Numbers, Integers]:
    """Lowest carton of these places, and the pool's cost at every carton within reach, place by place."""
    places, moves, curves, n = problem.places, problem.moves, problem.curves, len(problem.places)
    unit = by_place[rows]
    received = np.bincount(moves.target, weights=moves.limit, minlength=n)[rows] + places.order_limit[rows]
    vmr = curves.variance / np.maximum(curves.mean, 1e-9)
    tail = curves.mean + _TAIL_SPREADS * np.sqrt(curves.variance) + _TAIL_RATIOS * np.maximum(vmr, 1.0)
    tail = np.where(curves.kind == TABLE, curves.table_low + curves.table_count, tail)
    useful = np.bincount(curves.place, weights=np.maximum(tail, curves.floor), minlength=n)[rows]
    most = np.clip(useful - places.position[rows], 1.0, np.maximum(received, 1.0))
    low = -np.floor(places.spare[rows] / unit + 1e-9).astype(np.int64) - 1
    high = np.ceil(most / unit).astype(np.int64) + 1
    count = high - low + 1
    owner = np.repeat(np.arange(len(rows)), count)
    step = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count) + low[owner]
    start = grouped(curves.place, n)
    copies = rows[owner]
    taken = curves.take(spans(start, copies))
    number = np.diff(start)[copies]
    pools = replace(
        problem,
        places=places.take(copies),
        curves=replace(taken, place=np.repeat(np.arange(len(copies)), number)),
    )
    cost, floors = pool_cost(pools, places.position[copies] + step * by_place[copies])
    return low, cost + floors, count


def _merged(one: Curves, other: Curves) -> Curves:
    """Curves of two sets, by place; the second's table holds the first's."""
    order = np.argsort(np.concatenate([one.place, other.place]), kind="stable")
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(one, name), getattr(other, name)])[order]
        for name in Curves.__dataclass_fields__
        if name != "table"
    }
    return Curves(**columns, table=other.table)
