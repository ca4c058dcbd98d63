"""Lane: what one lane carries of all items, and that it is paid for when it carries anything."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def lane_index(model: Any) -> Iterable[int]:
    """Lanes with a capacity, a fixed cost or a minimum."""
    return sorted(model.data.limited_lanes)


def lane(model: Any, number: int) -> Any:
    r"""The capacity is no more than what could ever be loaded, so that a used lane is paid in full.

    .. math:: \sum_{a \in L} g_i\, m\, n_a \le C_L\, y_L
    """
    data = model.data
    load = sum(data.size[a] * data.lot[a] * model.lots[a] for a in data.on_lane[number])
    most = data.most_load[number]
    return load <= (most * model.is_used[number] if number in model.is_used else most)


def shipped_index(model: Any) -> Iterable[int]:
    """Lanes that are paid for or have a minimum."""
    return list(model.is_used)


def shipped(model: Any, number: int) -> Any:
    r"""A unit without volume makes use of the lane as well.

    .. math:: \sum_{a \in L} m\, n_a \le U_L\, y_L
    """
    data = model.data
    units = sum(data.lot[a] * model.lots[a] for a in data.on_lane[number])
    return units - data.most_units[number] * model.is_used[number] <= 0.0


def least_index(model: Any) -> Iterable[int]:
    """Lanes with a minimum."""
    return [number for number in model.is_used if model.data.case.lane_minimum[number] > 0]


def least(model: Any, number: int) -> Any:
    r"""A lane that is used carries its minimum.

    .. math:: \sum_{a \in L} m\, n_a \ge M_L\, y_L
    """
    data = model.data
    units = sum(data.lot[a] * model.lots[a] for a in data.on_lane[number])
    return units - float(data.case.lane_minimum[number]) * model.is_used[number] >= 0.0
