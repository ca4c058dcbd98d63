"""Space: what a location holds of all items."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def space_index(model: Any) -> Iterable[int]:
    """Locations with limited space."""
    return list(model.space_over)


def space(model: Any, location: int) -> Any:
    r"""Over only where what stands there today does not fit.

    .. math:: \sum_{p \in l} g_i\, (\sum_s a_{ps} + a_{p0}) \le S_l + e_l
    """
    data, case = model.data, model.data.case
    held = sum(
        float(case.size[case.item[p]]) * (sum(model.own[p, s] for s in data.segments) + model.pool[p])
        for p in data.places_at[location]
    )
    return held - model.space_over[location] <= float(case.space[location])
