"""The moves that a planner would ask for and the plan leaves out: where, and what stands in the way.

One unit is looked at: what it is worth at the place that is short, and where it lies now.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from optimization.network.costs import near_after, position_after, row_use
from optimization.network.problem import Flags, Integers, Numbers, Texts, grouped
from optimization.network.telling.tables import Decided
from optimization.network.telling.worth import charges, full_rows, place_cost
from optimization.reasons import first_that_holds

_NOISE = 1e-9


@dataclass(frozen=True)
class NonMoves:
    """One value per unit not moved, most worth first.

    target, source: places. destination, source_value: worth of the unit there and where it is, money;
    policy: of the former, the price of missing the policy's level.
    cost: of the lane, 0 where there is none. charge: of the coupling rows; row: the dearest, or −1.
    """

    target: Integers
    source: Integers
    destination: Numbers
    policy: Numbers
    source_value: Numbers
    cost: Numbers
    charge: Numbers
    row: Integers
    reason: Texts

    def take(self, rows: Integers) -> Self:
        """The same columns for these rows."""
        return type(self)(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def non_moves(decided: Decided, most: int) -> NonMoves:
    """Per place that would win by one more unit, the best unit that it does not get; at most `most`.

    A place is told of when the unit is worth more there than where it lies, or when the policy's need
    is left open. Where a move could be made it is the one that comes nearest to paying, otherwise the
    unit of the item that is worth least where it is.
    """
    values = _Values(decided)
    along = _along_moves(decided, values)
    without = _without_moves(decided, values, along.target, most)
    found = NonMoves(
        *(np.concatenate([getattr(along, f.name), getattr(without, f.name)]) for f in fields(NonMoves))
    )
    win = found.destination - found.source_value
    told = np.flatnonzero(decided.is_planned[found.target] & ((win > _NOISE) | values.is_short[found.target]))
    return found.take(told[np.lexsort((found.target[told], -win[told]))[:most]])


class _Values:
    """Worth of the next unit and of the last one at every place (n), and what is left to give."""

    def __init__(self, decided: Decided) -> None:
        problem, plan = decided.problem, decided.plan
        every = np.arange(len(problem.places))
        position, near = position_after(problem, plan), near_after(problem, plan)
        here = place_cost(problem, every, position, near)
        self.next: Numbers = here - place_cost(problem, every, position + 1.0, near + 1.0)
        self.last: Numbers = place_cost(problem, every, position - 1.0, near - 1.0) - here
        short = np.clip(problem.places.level - position, 0.0, 1.0)
        self.policy: Numbers = problem.places.level_price * np.where(np.isfinite(short), short, 0.0)
        given = np.bincount(problem.moves.source, weights=plan.moved, minlength=len(every))
        self.left: Numbers = problem.places.spare - given
        self.is_short: Flags = np.asarray(decided.need - decided.change() > _NOISE)


def _along_moves(decided: Decided, values: _Values) -> NonMoves:
    """Per place the possible move that comes nearest to paying."""
    problem, moved = decided.problem, decided.plan.moved
    moves = problem.moves
    could = (moves.limit - moved >= 1.0) & (values.left[moves.source] >= 1.0)
    could &= values.next[moves.target] > _NOISE
    rows = np.flatnonzero(could)
    chosen = moves.take(rows)
    destination, source_value = values.next[chosen.target], values.last[chosen.source]
    cost = chosen.unit_cost + np.where(moved[rows] > 0, 0.0, chosen.fixed_cost)
    charge, row = charges(problem.move_uses, rows, np.ones(len(rows)), decided.outcome.proof.row_price)
    full = full_rows(problem.move_uses, rows, problem.rows.capacity - row_use(problem, decided.plan))
    win = destination - source_value
    damped = problem.dead_band_factor * cost
    least = np.maximum(chosen.minimum - moved[rows], chosen.multiple)
    reason = first_that_holds(
        {
            "WORTH_MORE_AT_SOURCE": win <= _NOISE,
            "LANE_COSTS_MORE": win - cost <= _NOISE,
            "WITHIN_MOVE_DEAD_BAND": win - damped <= _NOISE,
            "CAPACITY_BINDS": (win - damped - charge <= _NOISE) | (full >= 0),
            "LANE_MINIMUM": least > 1.0,
        },
        "GAIN_WITHIN_GAP",
    )
    row = np.where((full >= 0) & (row < 0), full, row)
    every = NonMoves(
        chosen.target,
        chosen.source,
        destination,
        values.policy[chosen.target],
        source_value,
        cost,
        charge,
        row,
        reason,
    )
    order = np.lexsort((chosen.source, -(win - damped - charge), chosen.target))
    target = chosen.target[order]
    is_best = np.concatenate([[True], target[1:] != target[:-1]]) if len(order) else np.zeros(0, dtype=bool)
    return every.take(order[is_best])


def _without_moves(decided: Decided, values: _Values, served: Integers, most: int) -> NonMoves:
    """Per place without such a move, the unit of the item that is worth least where it lies."""
    problem = decided.problem
    start = grouped(problem.places.item, problem.item_count)
    position = position_after(problem, decided.plan)
    lanes = set(zip(decided.lane["from_location_id"], decided.lane["to_location_id"], strict=True))
    stated = set(zip(problem.moves.source.tolist(), problem.moves.target.tolist(), strict=True))
    names = decided.locations
    wanting = (values.next > _NOISE) & decided.is_planned
    wanting[served] = False
    # Sorting by worth first keeps the loop short; a little more than is told, as some have no source.
    rows = np.flatnonzero(wanting)
    rows = rows[np.lexsort((rows, -values.next[rows]))][: 3 * most]
    found: list[tuple[int, int, str]] = []
    for target in rows.tolist():
        item = problem.places.item[target]
        others = np.arange(start[item], start[item + 1])
        others = others[(others != target) & (position[others] >= 1.0)]
        gives = others[values.left[others] >= 1.0]
        if not len(others):
            continue
        held = gives if len(gives) else others
        source = int(held[np.argmin(values.last[held])])
        if not len(gives):
            reason = "DONOR_PROTECTED"
        elif (source, target) in stated:
            reason = "CAPACITY_BINDS"
        elif (names[source], names[target]) in lanes:
            reason = "LANE_NOT_USABLE"
        else:
            reason = "NO_LANE"
        found.append((target, source, reason))
    targets = np.array([target for target, _, _ in found], dtype=np.int64)
    sources = np.array([source for _, source, _ in found], dtype=np.int64)
    zero = np.zeros(len(found))
    return NonMoves(
        targets,
        sources,
        values.next[targets],
        values.policy[targets],
        values.last[sources],
        zero,
        zero,
        np.full(len(found), -1, dtype=np.int64),
        np.array([reason for _, _, reason in found], dtype=object),
    )
