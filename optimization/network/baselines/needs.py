"""What the rules read off a problem: days of supply, and how much each place is short of."""

from __future__ import annotations

import numpy as np

from optimization.network.problem import Integers, Numbers, Problem


def days_of_supply(problem: Problem, daily_rate: Numbers) -> Numbers:
    """Stock and supply on its way per unit of daily demand (n); infinite where nothing is asked for."""
    position = problem.places.position
    endless: Numbers = np.full(len(position), np.inf)
    return np.asarray(np.divide(position, daily_rate, out=endless, where=daily_rate > 0), dtype=np.float64)


def aim(problem: Problem) -> Numbers:
    """Position that a place should have (n): its policy's level where it triggers, else expected demand."""
    places, curves = problem.places, problem.curves
    mean = np.bincount(curves.place, weights=curves.mean, minlength=len(places))
    return np.asarray(np.where(np.isfinite(places.level), places.level, mean), dtype=np.float64)


def shortfall(problem: Problem) -> Numbers:
    """Units below what a place should have (n)."""
    return np.asarray(np.maximum(aim(problem) - problem.places.position, 0.0))


def excess(problem: Problem) -> Numbers:
    """Units above what a place should have that may leave it (n)."""
    places = problem.places
    return np.asarray(np.clip(places.position - aim(problem), 0.0, places.spare))


def ranked_moves(problem: Problem, *keys: Numbers) -> Integers:
    """Moves sorted by these keys (m), the first one first; ties by cost per unit, then in key order."""
    moves = problem.moves
    return np.lexsort((np.arange(len(moves)), moves.unit_cost, *reversed(keys))).astype(np.int64)


def whole_shares(amount: Numbers, group: Integers) -> Numbers:
    """Whole units by largest remainder, so that every group keeps its total; ties to the earlier row.

    >>> whole_shares(np.array([1.5, 1.5, 1.0, 0.4, 0.6]), np.array([0, 0, 0, 1, 1])).tolist()
    [2.0, 1.0, 1.0, 0.0, 1.0]
    """
    whole = np.floor(amount + 1e-9)
    total = np.round(np.bincount(group, weights=amount))
    left = total - np.bincount(group, weights=whole, minlength=len(total))
    order = np.lexsort((np.arange(len(amount)), -(amount - whole).round(9), group))
    first = np.searchsorted(group[order], group[order], side="left")
    whole[order] += (np.arange(len(amount)) - first) < left[group[order]]
    return np.asarray(whole, dtype=np.float64)
