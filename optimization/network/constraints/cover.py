"""Cover: the policy says when and up to where, the model only says from whom."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def cover_index(model: Any) -> Iterable[int]:
    """Places where the policy triggers and transfers are on offer."""
    return list(model.data.ordering)


def cover(model: Any, place: int) -> Any:
    r"""Transfers and order together reach the policy's level.

    .. math:: \sum_{a \to p} t_a + q_p n_p \ge S_p - y^0_p
    """
    data = model.data
    arriving = sum(model.moved[move] for move in data.moves_into[place])
    return arriving + data.lot[place] * model.lots[place] >= data.need[place]
