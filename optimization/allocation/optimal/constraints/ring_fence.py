"""Ring fence: the least that a segment owns of an item, over all locations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def ring_fence_index(model: Any) -> Iterable[tuple[int, int]]:
    """Items by segment with a fence."""
    return list(model.fence_short)


def ring_fence(model: Any, item: int, segment: int) -> Any:
    r"""Short only where supply or promises leave less.

    .. math:: \sum_{p \in i} a_{ps} + e_{is} \ge F_{is}
    """
    data = model.data
    owned = sum(model.own[p, segment] for p in data.places_of[item])
    return owned + model.fence_short[item, segment] >= float(data.case.fence[item, segment])
