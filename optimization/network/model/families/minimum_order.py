"""Minimum order: an order that is placed has at least the supplier's minimum."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.network.model.model_data import ModelData
from optimization.network.problem import Integers


def index(data: ModelData) -> Integers:
    """Places that may order and whose minimum is more than a lot."""
    places = data.problem.places
    has_minimum = (data.order_limit > 0) & (places.moq > np.maximum(places.lot, 1.0))
    return np.flatnonzero(has_minimum) if data.whole else np.empty(0, dtype=np.int64)


def rule(model: Any, place: int) -> Any:
    r"""Nothing, or no less than the minimum.

    .. math:: r_p \ge M_p z_p
    """
    return model.ordered[place] >= float(model.data.problem.places.moq[place]) * model.is_ordered[place]
