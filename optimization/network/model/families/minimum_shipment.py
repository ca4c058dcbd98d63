"""Minimum shipment: a move that is made has at least its minimum."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.network.model.model_data import ModelData
from optimization.network.problem import Integers


def index(data: ModelData) -> Integers:
    """Moves that are possible and whose minimum is more than their multiple."""
    moves = data.problem.moves
    has_minimum = (data.move_limit > 0) & (moves.minimum > np.maximum(moves.multiple, 1.0))
    return np.flatnonzero(has_minimum) if data.whole else np.empty(0, dtype=np.int64)


def rule(model: Any, move: int) -> Any:
    r"""Nothing, or no less than the minimum.

    .. math:: t_a \ge m_a w_a
    """
    return model.moved[move] >= float(model.data.problem.moves.minimum[move]) * model.is_shipped[move]
