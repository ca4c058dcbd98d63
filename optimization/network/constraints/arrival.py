"""Arrival: before an order placed now can arrive, only transfers reach a place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def arrival_index(model: Any) -> Iterable[int]:
    """Places where the policy triggers and transfers are on offer."""
    return list(model.data.ordering)


def arrival(model: Any, place: int) -> Any:
    r"""Transfers read the curve of shortage over the lead time.

    .. math:: \sum_k \epsilon_{pk} = \sum_{a \to p} t_a

    Its slopes rise, for every further unit avoids less; its last piece ends at what may come.
    """
    data = model.data
    pieces = sum(model.near_piece[segment] for segment in data.near_pieces_of[place])
    return pieces == sum(model.moved[move] for move in data.moves_into[place])
