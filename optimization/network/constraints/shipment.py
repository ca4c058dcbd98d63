"""Shipment: a lane with a fixed cost is paid for when anything moves on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def shipment_index(model: Any) -> Iterable[int]:
    """Moves whose lane has a fixed cost."""
    return list(model.data.tolled)


def shipment(model: Any, move: int) -> Any:
    r"""Nothing moves on a lane that is not opened; the limit is tight.

    .. math:: t_a \le U_a w_a
    """
    return model.moved[move] <= model.data.limit[move] * model.is_shipped[move]
