"""Cap: the most that a segment owns of an item, over all locations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


def cap_index(model: Any) -> Iterable[tuple[int, int]]:
    """Items by segment with a cap."""
    return [(int(item), int(segment)) for item, segment in np.argwhere(np.isfinite(model.data.case.cap))]


def cap(model: Any, item: int, segment: int) -> Any:
    r"""Beyond it a segment can only borrow.

    .. math:: \sum_{p \in i} a_{ps} \le K_{is}
    """
    data = model.data
    return sum(model.own[p, segment] for p in data.places_of[item]) <= float(data.case.cap[item, segment])
