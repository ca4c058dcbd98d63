"""Taking back single moves that do not pay: a plan within the proven gap may still hold some.

None is published, but for moves that free room which would otherwise be missing.
"""

from __future__ import annotations

import numpy as np

from optimization.network.costs import row_use
from optimization.network.problem import Integers, Numbers, Plan, Problem
from optimization.network.telling.worth import move_worth

_NOISE = 1e-9


def without_losing_moves(problem: Problem, plan: Plan) -> Plan:
    """The plan without moves that win less than the dead-band factor times their cost.

    Worst first, and of every place one at a time, because what is taken back changes what its other
    moves are worth. Orders stay as they are. Every step lowers the objective; a move stays where
    without it a coupling row would be over.
    """
    moved = plan.moved.copy()
    free: Numbers = np.zeros(len(problem.rows))
    while True:
        now = Plan(moved, plan.ordered)
        worth = move_worth(problem, now, free, with_orders=False)
        gain = worth.gain - (problem.dead_band_factor - 1.0) * worth.cost
        losing = np.flatnonzero(gain < -_NOISE * np.maximum(1.0, worth.cost))
        losing = losing[np.lexsort((worth.number[losing], gain[losing]))]
        if not _take_back(problem, moved, worth.number[losing], row_use(problem, now)):
            return Plan(moved, plan.ordered)


def _take_back(problem: Problem, moved: Numbers, losing: Integers, use: Numbers) -> bool:
    """Set moves to 0 in this order, at most one per place, where the rows allow; whether any was."""
    moves, uses, rows = problem.moves, problem.move_uses, problem.rows
    touched = np.zeros(len(problem.places), dtype=np.bool_)
    any_back = False
    for move in losing.tolist():
        ends = [moves.source[move], moves.target[move]]
        if touched[ends].any():
            continue
        entries = slice(uses.start[move], uses.start[move + 1])
        row, freed = uses.row[entries], -uses.amount[entries] * moved[move]
        grows = freed > 0
        if (use[row] + freed > rows.capacity[row] + _NOISE)[grows].any():
            continue
        np.add.at(use, row, freed)
        moved[move] = 0.0
        touched[ends] = True
        any_back = True
    return any_back
