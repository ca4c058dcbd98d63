"""Floor: a segment's guaranteed units go to its curve first, unless something else is dearer."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.network.curve_costs import floor_prices
from optimization.network.model.model_data import ModelData
from optimization.network.problem import Integers


def index(data: ModelData) -> Integers:
    """Curves that hold less than their floor at the place's lowest position."""
    return np.flatnonzero((data.floor_rise > 0) & (floor_prices(data.problem.curves) > 0))


def rule(model: Any, curve: int) -> Any:
    r"""Each guaranteed unit that is missing is paid for.

    .. math:: \sum_{k \in c} \delta_{pk} + v_c \ge f_c - \underline{x}_c, \quad v_c \ge 0
    """
    held = sum(model.piece[piece] for piece in model.lists.pieces_in[curve])
    return held + model.missing[curve] >= float(model.data.floor_rise[curve])
