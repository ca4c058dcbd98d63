"""Supply: no pool gives more than it has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def supply_index(model: Any) -> Iterable[int]:
    """Every pool."""
    return range(len(model.data.supply))


def supply(model: Any, pool: int) -> Any:
    r"""Shares of all segments stay within the pool; the rest is common.

    .. math:: \sum_s x_{ps} \le S_p
    """
    data = model.data
    return sum(model.share[pool, segment] for segment in data.segments) <= data.supply[pool]
