"""How the wishes of a simple rule become a plan that keeps the model's rules, one wish after the other.

A wish is served as far as spare stock, limit, minimum, multiple and every coupling row allow. The loop
is compiled: at a million item-locations there are millions of wishes.
"""

# mypy: disable-error-code="untyped-decorator"
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from optimization.lots import feasible_quantity
from optimization.network.baselines.needs import aim
from optimization.network.costs import position_after, row_use
from optimization.network.problem import Integers, Numbers, Plan, Problem

Takes = tuple[Integers, Integers, Numbers]
_NOISE = 1e-9


@dataclass(frozen=True)
class Wishes:
    """What a rule wants: most whole units that each place gives, takes (n), and moves in order of rank.

    Moves that are not in `moves` are not made; the earlier ones are served first.
    """

    give: Numbers
    take: Numbers
    moves: Integers


def admitted(problem: Problem, wishes: Wishes, cover: Numbers) -> Plan:
    """The plan that serves the wishes in their order, then orders what is still missing.

    `cover` is the days of supply of every place (n): who has least orders first.
    """
    plan = Plan(admitted_moves(problem, wishes), np.zeros(len(problem.places)))
    return Plan(plan.moved, admitted_orders(problem, plan, np.lexsort((np.arange(len(cover)), cover))))


def admitted_moves(problem: Problem, wishes: Wishes) -> Numbers:
    """Units by move (m): each move as large as everything before it lets it be."""
    moves, uses, rows = problem.moves, problem.move_uses, problem.rows
    give = np.floor(np.minimum(wishes.give, problem.places.spare) + _NOISE)
    moved: Numbers = np.zeros(len(moves))
    _serve_moves(
        wishes.moves.astype(np.int64),
        (moves.source, moves.target, moves.limit, moves.minimum, np.maximum(moves.multiple, 1.0)),
        (uses.start, uses.row, uses.amount),
        give,
        np.floor(wishes.take + _NOISE),
        rows.capacity - rows.base_use,
        moved,
    )
    return moved


def admitted_orders(problem: Problem, plan: Plan, ranked: Integers) -> Numbers:
    """Units ordered by place (n): up to its aim in lots, as far as order limit and rows allow."""
    places, uses = problem.places, problem.order_uses
    need = aim(problem) - position_after(problem, plan)
    lot = np.maximum(places.lot, _NOISE)
    wanted = np.minimum(feasible_quantity(need, places.moq, lot), places.order_limit)
    ordered: Numbers = np.zeros(len(places))
    _serve_orders(
        ranked[wanted[ranked] > 0].astype(np.int64),
        wanted,
        lot,
        places.moq,
        (uses.start, uses.row, uses.amount),
        problem.rows.capacity - row_use(problem, plan),
        ordered,
    )
    return ordered


@njit(cache=True, nogil=True)
def _room(uses: Takes, decision: int, room: Numbers, most: float) -> float:
    """Whole units of one decision that fit into every row that it takes from."""
    start, row, amount = uses
    for k in range(start[decision], start[decision + 1]):
        if amount[k] > 0:
            most = min(most, max(room[row[k]], 0.0) / amount[k])
    return float(np.floor(most + _NOISE))


@njit(cache=True, nogil=True)
def _charge(uses: Takes, decision: int, room: Numbers, units: float) -> None:
    start, row, amount = uses
    for k in range(start[decision], start[decision + 1]):
        room[row[k]] -= amount[k] * units


@njit(cache=True, nogil=True)
def _serve_moves(
    ranked: Integers,
    moves: tuple[Integers, Integers, Numbers, Numbers, Numbers],
    uses: Takes,
    give: Numbers,
    take: Numbers,
    room: Numbers,
    moved: Numbers,
) -> None:
    source, target, limit, minimum, multiple = moves
    for move in ranked:
        s, t = source[move], target[move]
        most = min(min(limit[move] - moved[move], give[s]), take[t])
        if most < 1.0:
            continue
        units = _room(uses, move, room, most)
        units = np.floor(units / multiple[move] + _NOISE) * multiple[move]
        if units < 1.0 or moved[move] + units < minimum[move]:
            continue
        moved[move] += units
        give[s] -= units
        take[t] -= units
        _charge(uses, move, room, units)


@njit(cache=True, nogil=True)
def _serve_orders(
    ranked: Integers,
    wanted: Numbers,
    lot: Numbers,
    moq: Numbers,
    uses: Takes,
    room: Numbers,
    ordered: Numbers,
) -> None:
    for place in ranked:
        units = _room(uses, place, room, wanted[place])
        units = np.floor(units / lot[place] + _NOISE) * lot[place]
        if units <= 0.0 or units < moq[place]:
            continue
        ordered[place] = units
        _charge(uses, place, room, units)
