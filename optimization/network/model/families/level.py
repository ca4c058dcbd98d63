"""Level: where the policy triggers, the position it asks for is met, unless a shared row is dearer."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.network.model.model_data import ModelData
from optimization.network.problem import Integers


def index(data: ModelData) -> Integers:
    """Places whose lowest position lies below their level."""
    places = data.problem.places
    is_below = np.isfinite(places.level) & (data.level_rise > 0)
    return np.flatnonzero(is_below & (places.level_price > 0))


def rule(model: Any, place: int) -> Any:
    r"""Each unit below the level is paid for.

    .. math:: \sum_k \delta_{pk} + u_p \ge l_p - \underline{x}_p, \quad u_p \ge 0
    """
    held = sum(model.piece[piece] for piece in model.lists.pieces_of[place])
    return held + model.below[place] >= float(model.data.level_rise[place])
