"""Service: demand is met from what a segment owns or borrows, or it is unmet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def service_index(model: Any) -> Iterable[tuple[int, int]]:
    """Item-locations by segment with demand."""
    return list(model.unmet)


def service(model: Any, place: int, segment: int) -> Any:
    r"""Unmet demand is what is left of it.

    .. math:: a_{ps} + w_{ps} + u_{ps} \ge D_{ps}
    """
    met = model.own[place, segment] + model.borrowed[place, segment]
    return met + model.unmet[place, segment] >= float(model.data.case.demand[place, segment])
