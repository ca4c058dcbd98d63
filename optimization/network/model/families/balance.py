"""Balance: a place's pieces hold its stock, what it receives and what it orders, less what it gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.network.model.model_data import ModelData
from optimization.network.problem import Integers


def index(data: ModelData) -> Integers:
    """Places whose position something could change."""
    return np.flatnonzero(data.is_touched)


def rule(model: Any, place: int) -> Any:
    r"""Nothing appears and nothing vanishes.

    .. math:: \sum_k \delta_{pk} - \sum_{a \to p} t_a + \sum_{a \leftarrow p} t_a - r_p
        = x_p - \underline{x}_p

    :math:`\underline{x}_p`: the lowest position, where all pieces are empty. The dual, less its sign,
    is what one more unit is worth at the place.
    """
    lists = model.lists
    held = sum(model.piece[piece] for piece in lists.pieces_of[place])
    received = sum(model.moved[move] for move in lists.moves_into[place])
    given = sum(model.moved[move] for move in lists.moves_from[place])
    ordered = sum(model.ordered[at] for at in lists.ordering_at[place])
    return held - received + given - ordered == model.data.start[place]
