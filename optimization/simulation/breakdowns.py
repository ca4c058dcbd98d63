"""The groups by which proof is told: all, class of demand, kind of item, category, size of demand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.demand.panel import Integers, Numbers
from optimization.simulation.replay import Replay

Texts = npt.NDArray[np.object_]

# Lower edges of the size groups: expected demand over lead time plus review at the split, units.
SIZE_EDGES = (0.5, 2.0, 8.0, 32.0)
SIZE_NAMES = ("below 0.5", "0.5 to 2", "2 to 8", "8 to 32", "32 and more")


@dataclass(frozen=True)
class Group:
    """One group: its breakdown, its name (* for all), and the rows that belong to it."""

    breakdown: str
    value: str
    rows: Integers


def groups_of(replay: Replay, expected: Numbers) -> list[Group]:
    """Every group with at least one scored item-location, in a fixed order.

    `expected` (n,) is the demand over the interval that was expected at the split, units.
    """
    size = np.array(SIZE_NAMES, dtype=object)[np.digitize(expected, SIZE_EDGES)]
    names = {
        "demand_class": replay.demand_class,
        "item_kind": replay.items["item_kind"].to_numpy(dtype=object),
        "category": replay.items["category"].to_numpy(dtype=object),
        "size": size,
    }
    fair = replay.in_proportion
    groups = [Group("all", "*", np.flatnonzero(fair))]
    for breakdown, of_row in names.items():
        # Within a class every row counts; across classes only those in proportion do.
        counts = np.ones(replay.n, dtype=np.bool_) if breakdown == "demand_class" else fair
        groups += [
            Group(breakdown, str(value), np.flatnonzero(counts & (of_row == value)))
            for value in sorted(set(of_row[counts]))
        ]
    return groups
