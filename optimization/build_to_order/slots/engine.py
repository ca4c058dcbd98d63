"""Which engine solves what, and the whole plan of it: bucket of every order, value and bound by level.

Small problems go to the exact engine as a whole. Larger ones are relaxed; groups that the relaxation
leaves whole keep their weeks, and the exact engine places the rest on the room beside them; where that
is not within the gap and the problem is not much too large, the exact engine solves it all the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.build_to_order.slots.assembly import Room, room_beside
from optimization.build_to_order.slots.costs import allowed
from optimization.build_to_order.slots.exact import LevelEnd, solve_exactly
from optimization.build_to_order.slots.grouping import Groups, grouped, to_orders
from optimization.build_to_order.slots.problem import NONE, Flags, Integers, Numbers, SlotProblem
from optimization.build_to_order.slots.relaxation import Prices, Relaxed, solve_relaxed
from optimization.build_to_order.slots.value import objective_vector

EXACT_PAIRS = 12_000
"""So many pairs of group and bucket are solved as whole numbers at once."""
_WORTH_WAITING = 3  # so many times these pairs, where the fast plan is not within the gap
_WINDOW = 12


@dataclass(frozen=True)
class Solved:
    """Bucket of every order (n), -1 without a slot; how each level ended; prices by level.

    is_exact: the exact engine solved all of it. ends: `value` of the whole plan, `bound` proven.
    """

    bucket: Integers
    ends: tuple[LevelEnd, ...]
    prices: dict[str, Prices]
    is_exact: bool


def solve_slots(
    problem: SlotProblem, max_relative_gap: float, max_nodes: int, exact_pairs: int = EXACT_PAIRS
) -> Solved:
    """Give every order a bucket or none, the levels in their order.

    Raises `SolverError` when a level has no answer, `NonFiniteInputError` for a number that is none.
    """
    orders = problem.orders
    bucket = orders.fixed.copy()
    free = np.flatnonzero(orders.fixed == NONE)
    groups, room = grouped(problem, free), room_beside(problem, bucket)
    relaxed = solve_relaxed(problem, groups, room)
    pairs = int(allowed(problem, groups.first).sum())
    if pairs > exact_pairs:
        units = _rounded(problem, groups, room, relaxed, max_nodes)
        fast = _with(bucket, groups, units, problem)
        ends = _whole(problem, fast, relaxed.ends)
        if pairs > _WORTH_WAITING * exact_pairs or _is_within(ends, max_relative_gap):
            return Solved(fast, ends, relaxed.prices, False)
    units, exact_ends = solve_exactly(problem, groups, room, max_relative_gap, max_nodes)
    bucket = _with(bucket, groups, units, problem)
    return Solved(bucket, _whole(problem, bucket, exact_ends), relaxed.prices, True)


def _is_within(ends: tuple[LevelEnd, ...], max_relative_gap: float) -> bool:
    return all(end.value - end.bound <= max_relative_gap * max(abs(end.value), 1.0) + 1e-6 for end in ends)


def _with(bucket: Integers, groups: Groups, units: Numbers, problem: SlotProblem) -> Integers:
    """Buckets of all orders when groups have these units."""
    by_week = np.lexsort((problem.buckets.plant, problem.buckets.week_day))
    placed = to_orders(groups, units, by_week.astype(np.int64))
    return np.where(groups.group >= 0, placed, bucket)


def _rounded(problem: SlotProblem, groups: Groups, room: Room, relaxed: Relaxed, max_nodes: int) -> Numbers:
    """Whole units: what is whole stays, the rest of the groups is placed exactly on the room left."""
    kept = np.floor(relaxed.units + 1e-6)
    rest = groups.units - kept.sum(axis=1)
    rows = np.flatnonzero(rest > 0.5)
    if not len(rows):
        return kept
    part = Groups(groups.first.take(rows), np.round(rest[rows]), np.empty(0, dtype=np.int64))
    left = _room_after(problem, groups, room, kept)
    mask = _near(allowed(problem, part.first), relaxed.units[rows] > 1e-9)
    units, _ = solve_exactly(problem, part, left, 0.0, max_nodes, mask)
    kept[rows] += units
    return kept


def _near(mask: Flags, support: Flags) -> Flags:
    """Pairs near those that the relaxation uses, and no slot: further ones hardly ever help."""
    near = support.copy()
    for step in range(1, _WINDOW + 1):
        near[:, step:-1] |= support[:, : -1 - step]
        near[:, : -1 - step] |= support[:, step:-1]
    near[:, -1] = True
    return near & mask


def _room_after(problem: SlotProblem, groups: Groups, room: Room, units: Numbers) -> Room:
    """Room beside whole units by group and bucket (g, b + 1) as well."""
    used = units[:, :-1].sum(axis=0)
    by_option = np.zeros(room.limits.shape)
    np.add.at(by_option, problem.buckets.week_row, units[:, :-1].T @ groups.first.options)
    over = np.maximum(used - room.capacity, 0.0)
    extra = room.extra.copy()
    for e, at in enumerate(problem.expedites.bucket.tolist()):
        taken = min(extra[e], over[at])
        extra[e] -= taken
        over[at] -= taken
    return Room(
        np.maximum(room.capacity - used, 0.0),
        np.maximum(room.limits - by_option, 0.0),
        np.maximum(room.minimum - used, 0.0),
        np.maximum(room.least - by_option, 0.0),
        extra,
    )


def _whole(problem: SlotProblem, bucket: Integers, ends: list[LevelEnd]) -> tuple[LevelEnd, ...]:
    """The ends with the values of the plan of all orders, those in frozen weeks among them.

    What the frozen orders cost is added to the bounds: nobody can change it.
    """
    frozen = objective_vector(problem, np.where(problem.orders.fixed >= 0, bucket, NONE), frozen_only=True)
    value = objective_vector(problem, bucket)
    return tuple(
        LevelEnd(
            end.level,
            value.get(end.level, end.value),
            end.bound + frozen.get(end.level, 0.0),
            end.row_count,
            end.column_count,
            end.max_violation,
        )
        for end in ends
    )
