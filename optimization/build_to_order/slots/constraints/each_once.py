"""Each order has one slot, or none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def each_once_index(model: Any) -> Iterable[int]:
    """Every group of equal orders."""
    return range(len(model.groups))


def each_once(model: Any, group: int) -> Any:
    r"""Every order of a group is somewhere; the last place is no slot.

    .. math:: \sum_b x_{gb} = n_g
    """
    return sum(model.placed[group, at] for at in model.places_of[group]) == float(model.groups.units[group])
