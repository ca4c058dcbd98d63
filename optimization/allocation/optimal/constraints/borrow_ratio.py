"""Borrow ratio: how much of a pool one segment may use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def borrow_ratio_index(model: Any) -> Iterable[tuple[int, int]]:
    """Item-locations by segment."""
    return list(model.borrowed)


def borrow_ratio(model: Any, place: int, segment: int) -> Any:
    r"""A share of what the pool holds.

    .. math:: w_{ps} \le \beta_s\, a_{p0}
    """
    share = float(model.data.case.borrow_ratio[segment])
    return model.borrowed[place, segment] - share * model.pool[place] <= 0.0
