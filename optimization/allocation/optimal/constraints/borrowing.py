"""Borrowing: segments use the common pool together, and what they use is missing of its safety stock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def borrowing_index(model: Any) -> Iterable[int]:
    """Every item-location."""
    return range(model.data.place_count)


def borrowing(model: Any, place: int) -> Any:
    r"""No more than is there, whatever the safety stock.

    .. math:: \sum_s w_{ps} \le a_{p0}
    """
    return sum(model.borrowed[place, s] for s in model.data.segments) <= model.pool[place]


def safety_index(model: Any) -> Iterable[int]:
    """Item-locations with a safety stock."""
    return list(model.safety_short)


def safety(model: Any, place: int) -> Any:
    r"""What the pool keeps less than its safety stock costs.

    .. math:: \sum_s w_{ps} \le a_{p0} - SS_p + v_p
    """
    used = sum(model.borrowed[place, s] for s in model.data.segments)
    kept = float(model.data.case.safety_stock[place]) - model.safety_short[place]
    return used - model.pool[place] + kept <= 0.0
