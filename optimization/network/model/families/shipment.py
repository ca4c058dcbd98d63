"""Shipment: a move with a fixed cost or a minimum is made or not made."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.network.model.model_data import ModelData
from optimization.network.problem import Integers


def index(data: ModelData) -> Integers:
    """Moves that are possible and paid per move, or that have a minimum."""
    moves = data.problem.moves
    is_switched = (data.move_toll > 0) | (moves.minimum > np.maximum(moves.multiple, 1.0))
    is_switched &= data.move_limit > 0
    return np.flatnonzero(is_switched) if data.whole else np.empty(0, dtype=np.int64)


def rule(model: Any, move: int) -> Any:
    r"""Nothing moves on a lane that is not opened; the limit is tight.

    .. math:: t_a \le U_a w_a
    """
    return model.moved[move] <= float(model.data.move_limit[move]) * model.is_shipped[move]
