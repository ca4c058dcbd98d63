"""Order-up-to level: where an order lifts the position to."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


def order_up_to_level(reorder_point: Numbers, quantity: Numbers, display_min: Numbers) -> Numbers:
    """S = max(s + Q, display minimum), units.

    With orders placed at a position of s or less, s + Q is ordered up to in one quantity Q when
    the position is exactly s; with Q = 1 this is base stock.

    >>> order_up_to_level(np.array([9.0]), np.array([1.0]), np.array([0.0])).tolist()
    [10.0]
    """
    return np.maximum(reorder_point + quantity, display_min)
