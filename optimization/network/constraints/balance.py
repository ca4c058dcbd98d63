"""Balance: what a place starts with, gets and gives is where its cost curve is read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def balance_index(model: Any) -> Iterable[int]:
    """Places that may give, get or order; the others keep their position and their cost."""
    data = model.data
    moving = {place for place in range(data.place_count) if data.moves_into[place] or data.moves_from[place]}
    return sorted(moving.union(data.ordering))


def balance(model: Any, place: int) -> Any:
    r"""Position after the plan, written in pieces of the cost curve.

    .. math::
        \ell_p + \sum_k \delta_{pk} = \sum_{a \to p} t_a - \sum_{a \leftarrow p} t_a + q_p n_p

    ℓ_p is the lowest change of the position on the curve, δ its pieces in order of rising slope,
    q_p the lot and n_p the lots ordered. Convexity fills the pieces in order without binaries.
    """
    data = model.data
    change = sum(model.moved[move] for move in data.moves_into[place])
    change -= sum(model.moved[move] for move in data.moves_from[place])
    if place in data.ordering:
        change += data.lot[place] * model.lots[place]
    pieces = sum(model.piece[segment] for segment in data.pieces_of[place])
    return data.lowest[place] + pieces == change
