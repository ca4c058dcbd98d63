"""Order limit: an order with a fixed cost or a minimum is placed or not placed."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.network.model.model_data import ModelData
from optimization.network.problem import Integers


def index(data: ModelData) -> Integers:
    """Places that may order and pay per order, or whose minimum is more than a lot."""
    places = data.problem.places
    is_switched = (data.order_toll > 0) | (places.moq > np.maximum(places.lot, 1.0))
    is_switched &= data.order_limit > 0
    return np.flatnonzero(is_switched) if data.whole else np.empty(0, dtype=np.int64)


def rule(model: Any, place: int) -> Any:
    r"""No order, or no more than the most that may be ordered.

    .. math:: r_p \le R_p z_p
    """
    return model.ordered[place] <= float(model.data.order_limit[place]) * model.is_ordered[place]
