"""What any plan must cost at least, from a proof's prices alone, without the solver that found them.

Belongs here: the Lagrangian dual of a `Problem`, term by term in closed form, in numpy. It is below the
cost of every plan whatever numbers are put in, and meets the best plan's at the right ones. Engines
are not used here, on purpose; the curves themselves are those of `costs`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from optimization.demand.distributions import quantiles
from optimization.network.costs import near_cost, pool_cost
from optimization.network.curve_costs import curve_cost, floor_prices
from optimization.network.problem import (
    COUNT,
    NORMAL,
    TABLE,
    Curves,
    Flags,
    Integers,
    Numbers,
    Problem,
    Proof,
    Uses,
    grouped,
)
from optimization.network.subsets import ItemIndex, of_items

_ITEMS_AT_ONCE = 4_000


@dataclass(frozen=True)
class Certificate:
    """A lower bound, money: `by_item` plus `rows`, what the rows' capacities are worth (≤ 0 mostly)."""

    by_item: Numbers
    rows: float

    @property
    def total(self) -> float:
        """No plan costs less."""
        return float(self.by_item.sum()) + self.rows


def certified_bound(problem: Problem, proof: Proof) -> Certificate:
    """Lower bound on the objective of every plan, by item, from row_price, place_value, near_value.

    With a price λ on the coupling rows, v on the balance of a place (`place_value`) and u on what
    reaches it before an order (`near_value`), every item stands alone and

        bound = Σ_p min_k [H(position + k) + v·k] + Σ_p min_k [N(near_position + k) + (u − v)·k]
              + Σ_source min Σ (φ·cost + Σ λ·amount + u_source − u_target)·t
              + Σ_p min (order_cost + Σ λ·amount − v)·r + fixed + Σ λ·(base_use − capacity)

    H is the pool with its level, N the near curve, k whole units within what can come and go. Each
    minimum is taken alone, so the sum is a bound for any numbers; λ is held in [0, slack_price], a
    number that is not finite counts as 0. Fixed costs enter per unit of the most that can be moved.
    Source: Geoffrion, Lagrangian relaxation for integer programming (1974). `proof.bound` is not read.
    """
    price = np.clip(_finite(proof.row_price), 0.0, problem.rows.slack_price)
    value = _finite(proof.place_value)
    near = np.where(problem.places.near_shortage_cost > 0, _finite(proof.near_value), value)
    index, parts = ItemIndex.of(problem), []
    for first in range(0, problem.item_count, _ITEMS_AT_ONCE):
        items = np.arange(first, min(first + _ITEMS_AT_ONCE, problem.item_count))
        own = of_items(problem, index, items)
        parts.append(_item_bounds(own.problem, price, value[own.places], near[own.places]))
    by_item = np.concatenate(parts) if parts else np.zeros(0)
    return Certificate(by_item, float(price @ (problem.rows.base_use - problem.rows.capacity)))


def _summed(owner: Integers, numbers: Numbers, count: int) -> Numbers:
    return np.asarray(np.bincount(owner, numbers, count), dtype=np.float64)


def _finite(numbers: Numbers) -> Numbers:
    return np.where(np.isfinite(numbers), numbers, 0.0)


def _item_bounds(problem: Problem, price: Numbers, value: Numbers, near: Numbers) -> Numbers:
    places, moves, n = problem.places, problem.moves, len(problem.places)
    most = np.minimum(moves.limit, places.spare[moves.source])
    most = np.floor(most / moves.multiple + 1e-9) * moves.multiple
    most = np.where(most >= moves.minimum, most, 0.0)
    leaves = -np.minimum(places.spare, _summed(moves.source, most, n))
    comes = _summed(moves.target, most, n)
    terms = _place_terms(problem, value, leaves, comes + places.order_limit)
    terms += _near_terms(problem, near - value, leaves, comes)
    terms += _move_terms(problem, price, near, most)
    terms += _order_terms(problem, price, value)
    return _summed(places.item, terms, problem.item_count)


def _charge(uses: Uses, price: Numbers) -> Numbers:
    owner = np.repeat(np.arange(len(uses.start) - 1), np.diff(uses.start))
    return _summed(owner, price[uses.row] * uses.amount, len(uses.start) - 1)


def _move_terms(problem: Problem, price: Numbers, near: Numbers, most: Numbers) -> Numbers:
    # Per source the cheapest moves first, each up to its own most, all within the spare units.
    moves, factor = problem.moves, problem.dead_band_factor
    cost = moves.unit_cost + moves.fixed_cost / np.maximum(most, 1.0)
    charge = factor * cost + _charge(problem.move_uses, price) + near[moves.source] - near[moves.target]
    pays = np.flatnonzero((charge < 0) & (most > 0))
    order = pays[np.lexsort((charge[pays], moves.source[pays]))]
    source, units = moves.source[order], most[order]
    before = np.cumsum(units) - units
    first = np.searchsorted(source, source, side="left")
    room = problem.places.spare[source] - (before - before[first] if len(order) else before)
    taken = np.clip(room, 0.0, units)
    return _summed(source, charge[order] * taken, len(near))


def _order_terms(problem: Problem, price: Numbers, value: Numbers) -> Numbers:
    places = problem.places
    most = np.floor(places.order_limit / places.lot + 1e-9) * places.lot
    most = np.where(most >= places.moq, most, 0.0)
    charge = places.order_cost + _charge(problem.order_uses, price) - value
    fixed = np.where(most > 0, places.order_fixed_cost, 0.0)
    return np.minimum(charge * most + fixed, 0.0)


def _near_terms(problem: Problem, price: Numbers, low: Numbers, high: Numbers) -> Numbers:
    places = problem.places
    rows = np.flatnonzero(places.near_shortage_cost > 0)
    terms = np.zeros(len(places))
    if not len(rows):
        return terms
    own, part = places.take(rows), price[rows]
    ratio = (own.near_shortage_cost - part) / own.near_shortage_cost
    turn = _count_turn(own.near_mean, own.near_variance, ratio) - own.near_position
    alone = replace(problem, places=own)
    terms[rows] = np.min(
        [near_cost(alone, own.near_position + k) + part * k for k in _beside([turn], low[rows], high[rows])],
        axis=0,
    )
    return terms


def _place_terms(problem: Problem, value: Numbers, low: Numbers, high: Numbers) -> Numbers:
    number = np.diff(grouped(problem.curves.place, len(problem.places)))
    terms = np.zeros(len(problem.places))
    for several, bound in ((False, _single_terms), (True, _pool_terms)):
        rows = np.flatnonzero((number > 1) == several)
        if len(rows):
            own = _only(problem, rows)
            terms[rows] = bound(own, value[rows], low[rows], high[rows])
    return terms


def _only(problem: Problem, rows: Integers) -> Problem:
    # These places with their curves; moves and uses are not looked at any more.
    new = np.full(len(problem.places), -1)
    new[rows] = np.arange(len(rows))
    place = new[problem.curves.place]
    curves = problem.curves.take(np.flatnonzero(place >= 0))
    return replace(problem, places=problem.places.take(rows), curves=replace(curves, place=place[place >= 0]))


def _single_terms(problem: Problem, value: Numbers, low: Numbers, high: Numbers) -> Numbers:
    # The least lies beside a kink (floor, level, cap) or where the marginal meets the price.
    places, curves = problem.places, problem.curves
    at, level = places.position, np.where(np.isfinite(places.level), places.level, places.position)
    level_price = np.where(np.isfinite(places.level), places.level_price, 0.0)
    floor_price = floor_prices(curves)
    turns = [np.minimum(_turn(curves, value), curves.cap) - at]
    turns[0] = np.where(value < -curves.holding_cost, np.inf, turns[0])
    if level_price.any() or floor_price.any() or np.isfinite(curves.cap).any():
        lifts = (level_price, floor_price, level_price + floor_price)
        turns += [np.minimum(_turn(curves, value - lifted), curves.cap) - at for lifted in lifts]
        turns += [curves.floor - at, level - at, curves.cap - at]

    def cost(k: Numbers) -> Numbers:
        units = np.minimum(at + k, curves.cap)
        total = curve_cost(curves, units) + curves.holding_cost * (at + k - units) + value * k
        total += level_price * np.maximum(level - at - k, 0.0)
        return np.asarray(total + floor_price * np.maximum(curves.floor - units, 0.0))

    return np.asarray(np.min([cost(k) for k in _beside(turns, low, high)], axis=0))


def _pool_terms(problem: Problem, value: Numbers, low: Numbers, high: Numbers) -> Numbers:
    # The curves alone, where what they take together is within reach; else the pool at the end of its
    # reach. With a level, or below zero, where a pool has a kink, the pool at the few places to look at.
    places = problem.places
    at, level = places.position, np.where(np.isfinite(places.level), places.level, 0.0)
    level_price = np.where(np.isfinite(places.level), places.level_price, 0.0)
    lowest, highest = np.ceil(at + low - 1e-9), np.floor(at + high + 1e-9)

    def cost(rows: Integers, units: Numbers) -> Numbers:
        own = _only(problem, rows)
        expected, floors = pool_cost(own, units)
        below = level_price[rows] * np.maximum(level[rows] - units, 0.0)
        return np.asarray(expected + floors + below + value[rows] * units)

    taken, least = _apart(problem, value, np.maximum(highest, 0.0))
    units = np.clip(taken, np.maximum(lowest, 0.0), np.maximum(highest, 0.0))
    looked = np.flatnonzero((units != taken) | (level_price > 0) | (lowest < 0))
    if len(looked):
        lifted, _ = _apart(
            _only(problem, looked), (value - level_price)[looked], np.maximum(highest, 0.0)[looked]
        )
        first, last = lowest[looked], highest[looked]
        candidates = [units[looked], lifted, np.floor(level[looked]), np.ceil(level[looked])]
        candidates += [first, np.zeros(len(looked)), np.full(len(looked), -1.0)]
        least[looked] = np.min([cost(looked, np.clip(y, first, last)) for y in candidates], axis=0)
    return np.asarray(least - value * at)


def _apart(problem: Problem, value: Numbers, most: Numbers) -> tuple[Numbers, Numbers]:
    # Units that the curves of each pool take by themselves, the rest with them, and the least of
    # cost + value·units; the rest is held at the last curve's holding cost.
    curves, n = problem.curves, len(problem.places)
    price = value[curves.place]
    floor_price = floor_prices(curves)
    turns = [_turn(curves, price)]
    if floor_price.any():
        turns += [_turn(curves, price - floor_price), curves.floor]
    full = np.minimum(np.floor(curves.cap), most[curves.place])
    candidates = np.array(_beside(turns, np.zeros(len(curves)), full))
    missed = floor_price * np.maximum(curves.floor - candidates, 0.0)
    costs = np.array([curve_cost(curves, x) for x in candidates]) + missed + price * candidates
    pick = np.argmin(costs, axis=0)[None]
    taken = _summed(curves.place, np.take_along_axis(candidates, pick, 0)[0], n)
    least = _summed(curves.place, np.take_along_axis(costs, pick, 0)[0], n)
    rest = curves.holding_cost[grouped(curves.place, n)[1:] - 1] + value
    return taken + np.where(rest < 0, most, 0.0), least + np.minimum(rest, 0.0) * most


def _beside(turns: list[Numbers], low: Numbers, high: Numbers) -> list[Numbers]:
    # Whole steps on both sides of the turning points, within reach.
    low, high = np.ceil(low - 1e-9), np.floor(high + 1e-9)
    found = [np.clip(side(turn), low, high) for turn in turns for side in (np.floor, np.ceil)]
    return [low, high, *found] if len(turns) > 1 else found


def _turn(curves: Curves, value: Numbers) -> Numbers:
    # x where G's slope meets −value: units below it save more than they are worth elsewhere.
    h, b = curves.holding_cost, curves.shortage_cost
    ratio = (b - value) / (h + b)
    turn = np.empty(len(curves))
    for kind in (NORMAL, COUNT, TABLE):
        own: Flags = curves.kind == kind
        if not own.any():
            continue
        mean, variance = curves.mean[own], curves.variance[own]
        if kind == NORMAL:
            inside = np.clip(ratio[own], 1e-300, 1.0 - 1e-16)
            turn[own] = mean + np.sqrt(variance) * special.ndtri(inside)
            turn[own] = np.where(ratio[own] <= 0, -np.inf, np.where(ratio[own] >= 1, np.inf, turn[own]))
        elif kind == COUNT:
            turn[own] = _count_turn(mean, variance, ratio[own])
        else:
            turn[own] = _table_turn(curves.take(np.flatnonzero(own)), value[own])
    return turn


def _count_turn(mean: Numbers, variance: Numbers, ratio: Numbers) -> Numbers:
    at = quantiles(mean, variance, np.clip(ratio, 0.0, 1.0)[:, None])[:, 0]
    return np.where(ratio < 0, -np.inf, np.where(ratio >= 1, np.inf, at))


def _table_turn(curves: Curves, value: Numbers) -> Numbers:
    count = curves.table_count
    owner = np.repeat(np.arange(len(curves)), count)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    saves = curves.table[curves.table_start[owner] + nth] < -value[owner]
    below = _summed(owner, saves, len(curves))
    turn = curves.table_low + below
    # The first marginal holds below the table and the last one beyond it.
    turn = np.where((below == 0) & (curves.table[curves.table_start] > -value), -np.inf, turn)
    return np.where(below == count, np.inf, turn)
