"""Arrival: what comes before an order could is short by the lead time's demand."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.network.model.model_data import ModelData
from optimization.network.problem import Integers


def index(data: ModelData) -> Integers:
    """Places with a near curve that something could change."""
    return np.flatnonzero(data.is_touched & (data.problem.places.near_shortage_cost > 0))


def rule(model: Any, place: int) -> Any:
    r"""Orders come too late to count here; transfers do not.

    .. math:: \sum_k \epsilon_{pk} - \sum_{a \to p} t_a + \sum_{a \leftarrow p} t_a = n_p - \underline{n}_p
    """
    lists = model.lists
    held = sum(model.near_piece[piece] for piece in lists.near_pieces_of[place])
    received = sum(model.moved[move] for move in lists.moves_into[place])
    given = sum(model.moved[move] for move in lists.moves_from[place])
    return held - received + given == model.data.near_start[place]
