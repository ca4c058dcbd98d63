"""Some items of a network problem as a problem of their own; the coupling rows stay as they are.

An item may be taken several times: the copies are items of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from optimization.network.problem import Integers, Problem, Uses, grouped


@dataclass(frozen=True)
class ItemIndex:
    """Where the places, curves and moves of every item begin; one entry more than items each."""

    places: Integers
    curves: Integers
    moves: Integers

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """Read the index off the sorted columns."""
        places = grouped(problem.places.item, problem.item_count)
        return cls(
            places,
            np.searchsorted(problem.curves.place, places).astype(np.int64),
            np.searchsorted(problem.moves.source, places).astype(np.int64),
        )


@dataclass(frozen=True)
class Subset:
    """The problem of some items, and which rows of the whole problem its places and moves are."""

    problem: Problem
    places: Integers
    moves: Integers


def of_items(problem: Problem, index: ItemIndex, items: Integers) -> Subset:
    """The problem of these items, in this order; the first is item 0."""
    places, moves = spans(index.places, items), spans(index.moves, items)
    curves = spans(index.curves, items)
    count = np.diff(index.places)[items]
    # What a number of a place loses on the way from the whole problem to the subset.
    shift = index.places[items] - (np.cumsum(count) - count)
    by_move = np.repeat(shift, np.diff(index.moves)[items])
    chosen = problem.moves.take(moves)
    own_curves = problem.curves.take(curves)
    part = Problem(
        name=problem.name,
        places=replace(problem.places.take(places), item=np.repeat(np.arange(len(items)), count)),
        curves=replace(own_curves, place=own_curves.place - np.repeat(shift, np.diff(index.curves)[items])),
        moves=replace(chosen, source=chosen.source - by_move, target=chosen.target - by_move),
        rows=problem.rows,
        move_uses=uses_of(problem.move_uses, moves),
        order_uses=uses_of(problem.order_uses, places),
        dead_band_factor=problem.dead_band_factor,
    )
    return Subset(part, places, moves)


def spans(start: Integers, groups: Integers) -> Integers:
    """Members of these groups one after the other: start[g], …, start[g+1] − 1.

    >>> spans(np.array([0, 2, 2, 5]), np.array([2, 0])).tolist()
    [2, 3, 4, 0, 1]
    """
    count = start[groups + 1] - start[groups]
    first = np.cumsum(count) - count
    return np.asarray(np.arange(int(count.sum())) + np.repeat(start[groups] - first, count), dtype=np.int64)


def uses_of(uses: Uses, rows: Integers) -> Uses:
    """What these moves (or orders) take of which rows."""
    entries = spans(uses.start, rows)
    count = np.diff(uses.start)[rows]
    start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    return Uses(start, uses.row[entries], uses.amount[entries])
