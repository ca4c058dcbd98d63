"""The fast engine's bound: every level as a linear program on the optimal face of those before.

Let y be the duals of a level. Every optimal point of it uses only columns of reduced cost 0 and uses up
every row with a price (complementary slackness), and every such point is optimal. So the next level is
solved on these columns with these rows as equations, and no objective becomes a row. On a face most
columns are gone, and groups that it and the next cost do not tell apart are one row of the matrix.

Columns are priced in (delayed column generation) where there are many: the reduced costs of all pairs,
c_gb − y_b − Σ_k a_gk y_rk, are one matrix product, so that the proof covers the columns left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.build_to_order.slots.assembly import (
    Assembled,
    Pairs,
    Room,
    Tight,
    assembled,
    nothing_tight,
)
from optimization.build_to_order.slots.costs import allowed, level_cost
from optimization.build_to_order.slots.exact import LevelEnd
from optimization.build_to_order.slots.grouping import Groups, same_rows, shared_out
from optimization.build_to_order.slots.problem import Flags, Numbers, SlotProblem
from optimization.errors import SolverError
from optimization.solver.highs import solve
from optimization.solver.solution import Solution

RELAXED_LEVELS = ("promises", "promise_days", "lateness", "moves", "earliness")
_ALL_PAIRS = 60_000
_FIRST_PAIRS, _MORE_PAIRS = 6, 3
_SAMPLE, _SAMPLE_PAIRS = 6, 24
_ROUNDS = 40
_ZERO = 1e-7


@dataclass(frozen=True)
class Prices:
    """What a unit more would save: by bucket (b), by row of plant and week and option (r, k).

    Of the first level ≥ 0. Of a later one it may be below 0: what an earlier level gains may cost it.
    """

    bucket: Numbers
    option: Numbers


@dataclass(frozen=True)
class Relaxed:
    """Units by group and bucket (g, b + 1), perhaps in fractions; ends and prices by level."""

    units: Numbers
    ends: list[LevelEnd]
    prices: dict[str, Prices]


@dataclass(frozen=True)
class _Level:
    """One level on its face: mask, cost (c, b + 1), options (c, k), units (c) of the merged groups."""

    name: str
    mask: Flags
    cost: Numbers
    options: Flags
    units: Numbers
    extra_cost: Numbers
    short_cost: float | None


def solve_relaxed(problem: SlotProblem, groups: Groups, room: Room) -> Relaxed:
    """Solve the linear relaxation lexicographically.

    Raises `SolverError` when a level is not solved to its optimum.
    """
    first, b = groups.first, len(problem.buckets)
    mask, tight = allowed(problem, first), nothing_tight(room)
    units = np.zeros((len(groups), b + 1))
    units[:, b] = groups.units
    ends: list[LevelEnd] = []
    prices: dict[str, Prices] = {}
    for name in RELAXED_LEVELS:
        cost = level_cost(problem, name, first)
        least = np.where(mask, cost, np.inf).min(axis=1, initial=np.inf)
        over = np.where(mask, cost - least[:, None], np.inf)
        merged, members = same_rows(np.column_stack([over, first.options]))
        level = _Level(
            name=name,
            mask=mask[members],
            cost=over[members],
            options=first.options[members],
            units=np.bincount(merged, weights=groups.units, minlength=len(members)).astype(np.float64),
            extra_cost=problem.expedites.cost if name == "moves" else np.zeros(len(room.extra)),
            short_cost=float(problem.horizon_days) if name == "earliness" else None,
        )
        support = np.zeros(level.mask.shape, dtype=np.bool_)
        np.logical_or.at(support, merged, units > _ZERO)
        solved = _solved(problem, level, room, tight, support)
        base = float(groups.units @ least)
        amounts = _amounts(solved.pairs, solved.answer, level.mask.shape)
        units = shared_out(amounts, merged, groups.units)
        ends.append(
            LevelEnd(
                name,
                solved.answer.objective + base,
                solved.answer.bound + base,
                solved.part.model.row_count,
                solved.part.model.column_count,
                solved.answer.max_violation,
            )
        )
        bucket, option = solved.prices
        prices[name] = Prices(-bucket, -option)
        reduced = over - _charge(problem, first.options, bucket, option)
        reduced -= np.where(mask, reduced, np.inf).min(axis=1, initial=np.inf)[:, None]
        size = max(1.0, float(np.abs(level.cost[level.mask]).max(initial=0.0)))
        mask = mask & (reduced <= _ZERO * size) | (units > _ZERO)
        tight = _tightened(problem, tight, level.extra_cost, bucket, option, _ZERO * size)
    return Relaxed(units, ends, prices)


@dataclass(frozen=True)
class _Solved:
    part: Assembled
    pairs: Pairs
    answer: Solution
    prices: tuple[Numbers, Numbers]


def _solved(problem: SlotProblem, level: _Level, room: Room, tight: Tight, support: Flags) -> _Solved:
    """The optimum of a level over all its pairs, from some of them and what pricing adds."""
    mask = level.mask
    if not np.where(mask, level.cost, 0.0).any() and level.short_cost is None and not level.extra_cost.any():
        chosen = support
    elif mask.sum() <= _ALL_PAIRS:
        chosen = mask
    else:
        chosen = support | _cheapest(level, _guess(problem, level, room), _FIRST_PAIRS)
    for _ in range(_ROUNDS):
        pairs = Pairs.of(chosen)
        solved = _solve(problem, level, room, tight, pairs, level.units)
        charge = _charge(problem, level.options, *solved.prices)
        reduced = np.where(mask, level.cost - charge, np.inf)
        own = np.where(chosen, reduced, np.inf).min(axis=1, initial=np.inf)
        size = max(1.0, float(np.abs(level.cost[mask]).max(initial=0.0)))
        better = (reduced < own[:, None] - _ZERO * size) & ~chosen
        if not better.any():
            return solved
        reduced[~better] = np.inf
        chosen = chosen | _best_of_row(reduced, _MORE_PAIRS)
    raise SolverError(f"level {level.name} of the slots still had columns to add after {_ROUNDS} rounds")


def _solve(
    problem: SlotProblem, level: _Level, room: Room, tight: Tight, pairs: Pairs, units: Numbers
) -> _Solved:
    part = assembled(
        f"slots {level.name}, relaxed",
        problem,
        level.options,
        units,
        room,
        tight,
        pairs,
        level.cost[pairs.group, pairs.bucket],
        level.extra_cost,
        level.short_cost,
    )
    answer = solve(part.model)
    if not answer.is_solved:
        raise SolverError(
            f"level {level.name} of the slots' linear program ended as {answer.status}: {answer.detail}"
        )
    return _Solved(part, pairs, answer, part.duals(answer.row_dual, room.limits.shape))


def _guess(problem: SlotProblem, level: _Level, room: Room) -> Numbers:
    """Reduced costs at the prices of a sample: every sixth group, some of its weeks, a sixth of the room."""
    rows = np.arange(0, len(level.units), _SAMPLE)
    share = float(level.units[rows].sum() / max(level.units.sum(), 1.0))
    part = Room(
        room.capacity * share,
        room.limits * share,
        room.minimum * share,
        room.least * share,
        room.extra * share,
    )
    # Nothing has to be used up by a sample, and everybody in it may go without a slot, at a price.
    mask = level.mask[rows].copy()
    cost = level.cost[rows].copy()
    dear = ~mask[:, -1]
    cost[dear, -1] = 10.0 * max(1.0, float(np.abs(level.cost[level.mask]).max(initial=0.0)))
    mask[:, -1] = True
    sample = _Level(
        level.name,
        mask,
        cost,
        level.options[rows],
        level.units[rows],
        level.extra_cost,
        level.short_cost,
    )
    some = _best_of_row(np.where(mask, 0.0, np.inf), _SAMPLE_PAIRS)
    some[:, -1] = True
    answer = _solve(problem, sample, part, nothing_tight(part), Pairs.of(some), sample.units)
    return level.cost - _charge(problem, level.options, *answer.prices)


def _cheapest(level: _Level, reduced: Numbers, count: int) -> Flags:
    return _best_of_row(np.where(level.mask, reduced, np.inf), count)


def _best_of_row(values: Numbers, count: int) -> Flags:
    """The `count` least finite values of each row, any of equal ones.

    Most orders are as well off in many weeks: if all took the first of these, the columns would leave no
    plan but a late one. So equals are told apart by a number drawn from a seed.
    """
    chosen = np.zeros(values.shape, dtype=np.bool_)
    count = min(count, values.shape[1])
    finite = values[np.isfinite(values)]
    size = max(1.0, float(np.abs(finite).max(initial=0.0)))
    drawn = values + np.random.default_rng(0).random(values.shape) * 1e-6 * size
    best = np.argpartition(drawn, count - 1, axis=1)[:, :count]
    np.put_along_axis(chosen, best, True, axis=1)
    return chosen & np.isfinite(values)


def _charge(problem: SlotProblem, options: Flags, bucket: Numbers, option: Numbers) -> Numbers:
    """What the duals say a unit of each group is charged in each bucket, no slot free (g, b + 1)."""
    charge = np.zeros((len(options), len(bucket) + 1))
    if option.size:
        charge[:, :-1] = options.astype(np.float64) @ option[problem.buckets.week_row].T
    charge[:, :-1] += bucket
    return charge


def _amounts(pairs: Pairs, answer: Solution, shape: tuple[int, ...]) -> Numbers:
    amounts = np.zeros(shape)
    values = answer.values[: len(pairs.group)]
    whole = np.round(values)
    amounts[pairs.group, pairs.bucket] = np.where(np.abs(values - whole) < 1e-6, whole, values)
    return amounts


def _tightened(
    problem: SlotProblem,
    tight: Tight,
    extra_cost: Numbers,
    bucket: Numbers,
    option: Numbers,
    zero: float,
) -> Tight:
    """Rows with a price are used up from now on; slots on top stay at the bound that they are drawn to."""
    at = problem.expedites.bucket
    drawn = extra_cost + bucket[at]
    return Tight(
        tight.capacity | (np.abs(bucket) > zero),
        tight.limits | (np.abs(option) > zero),
        np.where(drawn < -zero, tight.extra_upper, tight.extra_lower),
        np.where(drawn > zero, tight.extra_lower, tight.extra_upper),
    )
