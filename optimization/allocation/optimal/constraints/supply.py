"""Supply: what the segments do not own is common; no pool gives more than it has."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def supply_index(model: Any) -> Iterable[int]:
    """Every pool."""
    return range(model.data.place_count)


def supply(model: Any, place: int) -> Any:
    r"""Nothing vanishes.

    .. math:: \sum_s a_{ps} + a_{p0} = S_p
    """
    owned = sum(model.own[place, segment] for segment in model.data.segments)
    return owned + model.pool[place] == float(model.data.case.supply[place])
