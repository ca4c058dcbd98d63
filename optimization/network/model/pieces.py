"""Curves cut into pieces of constant slope, so that a linear model can carry them.

Kinks of a curve are at whole steps, so a knot at every whole unit is exact; a long curve may have
fewer knots and a bounded error. What a plan cannot reach has no pieces. The curves themselves are
in `costs`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from optimization.demand.distributions import expected_shortage
from optimization.network.costs import near_after, pool_split, position_after
from optimization.network.curve_costs import curve_cost, owed_price
from optimization.network.problem import TABLE, Flags, Integers, Numbers, Plan, Problem, grouped

IN_NO_CURVE = -1
"""Curve of a piece that no curve takes: what rests beyond all caps, or what is owed."""

_DOUBLINGS = 30
_SPREADS = (-2.5, 3.5)
# Slopes this near are one slope: the difference of two costs is not more exact.
_FLAT = 1e-10


@dataclass(frozen=True)
class Pieces:
    """Pieces of every place's curves and of its near curve, sorted by place, curve and slope.

    A place's position is lowest + Σ of what its pieces hold, at most `width` units each at `slope`
    money per unit; the near position is near_lowest + Σ likewise. base_units (c): what a curve holds
    at the lowest position. base_cost: cost of all places there, without levels and floors.
    secant_error (n): by how much the pieces may lie above the curves, money; 0 where every whole
    unit is a knot.
    """

    lowest: Numbers
    near_lowest: Numbers
    base_units: Numbers
    place: Integers
    curve: Integers
    width: Numbers
    slope: Numbers
    near_place: Integers
    near_width: Numbers
    near_slope: Numbers
    base_cost: float
    secant_error: Numbers


def move_limits(problem: Problem) -> Numbers:
    """Most units of every move (m): what its source may spare, in its multiple, 0 below its minimum."""
    moves = problem.moves
    step = np.maximum(moves.multiple, 1.0)
    most = np.floor(np.minimum(moves.limit, problem.places.spare[moves.source]) / step + 1e-9) * step
    return np.where(most < moves.minimum, 0.0, np.maximum(most, 0.0))


def order_limits(problem: Problem) -> Numbers:
    """Most units ordered at every place (n), in whole lots; 0 where the minimum order lies above."""
    places = problem.places
    lot = np.maximum(places.lot, 1.0)
    most = np.floor(places.order_limit / lot + 1e-9) * lot
    return np.where(most < places.moq, 0.0, np.maximum(most, 0.0))


def touched(problem: Problem) -> Flags:
    """Whether anything could change a place's position (n)."""
    is_touched = order_limits(problem) > 0
    is_touched[problem.moves.source] = True
    is_touched[problem.moves.target] = True
    return is_touched


def cut(
    problem: Problem, most_knots: int | None = None, around: Plan | None = None, width: int = 8
) -> Pieces:
    """Cut every curve between the lowest and the highest position that a plan can reach.

    One unit more at both ends keeps the duals of a place that ends there prices of the whole curve.
    Every whole unit is a knot; or `most_knots` on a longer curve, even within some standard deviations
    of its mean; or, `around` a plan, every unit within `width` of it and then at doubling distances.
    The last is exact near the plan, so cutting again around each answer ends at an optimum of the
    exact curves.
    """
    places, curves, n = problem.places, problem.curves, len(problem.places)
    limit, margin = move_limits(problem), touched(problem).astype(np.float64)
    given = np.minimum(np.bincount(problem.moves.source, weights=limit, minlength=n), places.spare) + margin
    received = np.bincount(problem.moves.target, weights=limit, minlength=n) + margin
    lowest, near_lowest = places.position - given, places.near_position - given
    # Several curves owe together, so what lies below 0 is not theirs to price.
    in_segments = np.bincount(curves.place, minlength=n) > 1
    lowest += np.where(in_segments & (lowest == -1.0), margin, 0.0)
    units, rest = pool_split(problem, lowest)
    most_units, most_rest = pool_split(problem, places.position + received + order_limits(problem))
    near = np.flatnonzero(places.near_shortage_cost > 0)
    is_table = curves.kind == TABLE
    centre = np.where(is_table, curves.table_low + 0.5 * curves.table_count, curves.mean) - units
    spread = np.where(is_table, 0.125 * curves.table_count, np.sqrt(np.maximum(curves.variance, 0.0)))
    near_centre = (places.near_mean - near_lowest)[near]
    near_spread = np.sqrt(np.maximum(places.near_variance, 0.0))[near]
    if around is not None:
        centre = pool_split(problem, position_after(problem, around))[0] - units
        near_centre = (near_after(problem, around) - near_lowest)[near]
    grid = _grid(most_knots, width if around is not None else None)

    inner = _cut(
        _knots(most_units - units, grid, centre, spread),
        lambda curve, step: curve_cost(curves.take(curve), units[curve] + step),
        len(curves),
    )
    early = _cut(
        _knots((given + received)[near], grid, near_centre, near_spread),
        lambda row, step: _near_cost(problem, near[row], near_lowest[near[row]] + step),
        len(near),
    )
    outer = _outside(problem, rest, most_rest)
    place = np.concatenate([curves.place[inner.owner], outer.owner])
    curve = np.concatenate([inner.owner, np.full(len(outer.owner), IN_NO_CURVE)])
    slope = np.concatenate([inner.slope, outer.slope])
    order = np.lexsort((slope, curve, place))
    error = np.bincount(curves.place, weights=inner.error, minlength=n).astype(np.float64)
    error[near] += early.error
    base_cost = inner.base.sum() + early.base.sum() + outer.base.sum()
    return Pieces(
        lowest=lowest,
        near_lowest=near_lowest,
        base_units=units,
        place=place[order],
        curve=curve[order],
        width=np.concatenate([inner.width, outer.width])[order],
        slope=slope[order],
        near_place=near[early.owner],
        near_width=early.width,
        near_slope=early.slope,
        base_cost=float(base_cost),
        secant_error=error,
    )


@dataclass(frozen=True)
class _Cut:
    """Pieces of many curves: owner, width and slope by piece; cost at the start and error by curve."""

    owner: Integers
    width: Numbers
    slope: Numbers
    base: Numbers
    error: Numbers


@dataclass(frozen=True)
class _Grid:
    """Where knots are wanted: at these many units, or these many spreads, from a curve's centre."""

    units: Numbers
    spreads: Numbers


def _grid(most_knots: int | None, width: int | None) -> _Grid | None:
    """Knots around a plan, evenly over the spread of demand, or None for every whole unit."""
    if width is not None:
        far = max(width, 1) * 2.0 ** np.arange(1, _DOUBLINGS)
        return _Grid(np.concatenate([-far[::-1], np.arange(-width, width + 1), far]), np.zeros(1))
    if most_knots is not None:
        return _Grid(np.zeros(1), np.linspace(*_SPREADS, max(most_knots - 2, 1)))
    return None


def _knots(span: Numbers, grid: _Grid | None, centre: Numbers, spread: Numbers) -> tuple[Integers, Numbers]:
    """Owner and step of every knot, rising from step 0 to the span of its owner."""
    whole = np.ceil(span - 1e-9).astype(np.int64)
    if grid is not None:
        wanted = np.floor(centre[:, None] + spread[:, None] * grid.spreads + grid.units + 0.5)
        ends = np.column_stack([np.zeros(len(span)), span])
        steps = np.sort(np.concatenate([np.clip(wanted, 0.0, span[:, None]), ends], axis=1), axis=1)
        is_new = np.diff(steps, axis=1, prepend=-1.0) > 0
        return np.nonzero(is_new)[0], steps[is_new]
    owner = np.repeat(np.arange(len(span)), whole + 1)
    nth = np.arange(len(owner)) - np.repeat(np.cumsum(whole + 1) - whole - 1, whole + 1)
    return owner, np.minimum(nth, span[owner])


def _cut(
    knots: tuple[Integers, Numbers], cost_at: Callable[[Integers, Numbers], Numbers], count: int
) -> _Cut:
    """Secants between neighbouring knots, and how far the curve may lie below them."""
    owner, step = knots
    cost = cost_at(owner, step)
    start = np.flatnonzero(owner[1:] == owner[:-1])
    width, rise = step[start + 1] - step[start], cost[start + 1] - cost[start]
    slope, base = rise / width, cost[grouped(owner, count)[:-1]]
    # A piece of one unit is the curve itself. A wider one is enclosed by the slopes g and g' of its
    # first and last unit, so the curve is at most (s − g)(g' − s)/(g' − g)·width below it.
    error = np.zeros(count)
    wide = np.flatnonzero(width > 1.0)
    of, left = owner[start[wide]], step[start[wide]]
    first = cost_at(of, left + 1.0) - cost[start[wide]]
    last = cost[start[wide] + 1] - cost_at(of, left + width[wide] - 1.0)
    before, after = np.maximum(slope[wide] - first, 0.0), np.maximum(last - slope[wide], 0.0)
    np.maximum.at(error, of, before * after / np.maximum(before + after, 1e-300) * width[wide])
    return _Cut(*_merged(owner[start], width, slope), base, error)


def _merged(owner: Integers, width: Numbers, slope: Numbers) -> tuple[Integers, Numbers, Numbers]:
    """Neighbours of one slope as one piece: the flat ends of a curve need no knots."""
    if not len(owner):
        return owner, width, slope
    bend = np.zeros(int(owner[-1]) + 1)
    np.maximum.at(bend, owner, np.abs(slope))
    is_new = np.diff(slope, prepend=0.0) > _FLAT * bend[owner]
    is_new |= np.diff(owner, prepend=-1) > 0
    first = np.flatnonzero(is_new)
    total = np.add.reduceat(width, first)
    return owner[first], total, np.add.reduceat(width * slope, first) / total


def _near_cost(problem: Problem, place: Integers, position: Numbers) -> Numbers:
    places = problem.places
    short = expected_shortage(position, places.near_mean[place], places.near_variance[place])
    return np.asarray(places.near_shortage_cost[place] * short)


def _outside(problem: Problem, rest: Numbers, most_rest: Numbers) -> _Cut:
    """What no curve takes: owed at the dearest first unit, resting at the last holding cost."""
    curves, n = problem.curves, len(problem.places)
    holding, dearest = np.zeros(n), owed_price(curves, n)
    holding[curves.place] = curves.holding_cost
    owed = np.maximum(-rest, 0.0) - np.maximum(-most_rest, 0.0)
    resting = np.maximum(most_rest, 0.0) - np.maximum(rest, 0.0)
    debtors, holders = np.flatnonzero(owed > 0), np.flatnonzero(resting > 0)
    return _Cut(
        owner=np.concatenate([debtors, holders]),
        width=np.concatenate([owed[debtors], resting[holders]]),
        slope=np.concatenate([-dearest[debtors], holding[holders]]),
        base=np.maximum(rest, 0.0) * holding + np.maximum(-rest, 0.0) * dearest,
        error=np.zeros(n),
    )
