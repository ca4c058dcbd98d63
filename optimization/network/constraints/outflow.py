"""Outflow: nobody gives what it has promised, shows, or needs itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def outflow_index(model: Any) -> Iterable[int]:
    """Places with more than one lane out; one lane alone has the limit as its bound."""
    return [place for place, moves in enumerate(model.data.moves_from) if len(moves) > 1]


def outflow(model: Any, place: int) -> Any:
    r"""Units given away stay within what is spare.

    .. math:: \sum_{a \leftarrow p} t_a \le s_p

    s_p: on hand less reserved and backordered, and no more than lies above the protected level.
    """
    given = sum(model.moved[move] for move in model.data.moves_from[place])
    return given <= model.data.spare[place]
