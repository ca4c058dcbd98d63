"""Churn: a share that differs from yesterday's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def churn_index(model: Any) -> Iterable[tuple[int, int]]:
    """Item-locations by segment."""
    return list(model.own)


def churn(model: Any, place: int, segment: int) -> Any:
    r"""Upwards.

    .. math:: d_{ps} \ge a_{ps} - a^0_{ps}
    """
    more = model.own[place, segment] - float(model.data.case.previous[place, segment])
    return more - model.changed[place, segment] <= 0.0


def churn_back(model: Any, place: int, segment: int) -> Any:
    r"""Downwards.

    .. math:: d_{ps} \ge a^0_{ps} - a_{ps}
    """
    less = float(model.data.case.previous[place, segment]) - model.own[place, segment]
    return less - model.changed[place, segment] <= 0.0
