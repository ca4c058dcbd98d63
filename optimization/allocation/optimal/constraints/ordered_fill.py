"""Ordered fill: the sum of the worst fills of a tier, as a level and what lies below it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def ordered_fill_index(model: Any) -> Iterable[tuple[int, int, int, int]]:
    """Tier and rank by item-location and segment of the tier."""
    return list(model.below)


def ordered_fill(model: Any, tier: int, rank: int, place: int, segment: int) -> Any:
    r"""At its best, :math:`r t - \sum d` is the sum of the r lowest fills.

    .. math:: d_{ps} \ge t - \frac{D_{ps} - u_{ps}}{w_s D_{ps}}
    """
    case = model.data.case
    weight = float(case.demand[place, segment] * case.weight[segment])
    fill = (float(case.demand[place, segment]) - model.unmet[place, segment]) / weight
    return model.below[tier, rank, place, segment] - model.lowest[tier, rank] + fill >= 0.0
