"""The network problem in arrays: one row per item-location, one per lane that could be used.

Positions are inventory positions in units; costs are money per protection period.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from optimization.lots import feasible_quantity

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Places:
    """Item-locations, sorted by item and location.

    item: number of the item. position: inventory position. spare: whole units it may give away.
    mean, variance: demand over the protection interval. near_mean, near_variance: over the lead
    time, which no new supplier order can serve. holding_cost: per unit over the interval.
    shortage_cost: per unit short. reorder_point, level: the policy's s and S. moq, lot: terms
    of the supplier. is_planned: False where nothing may be decided.
    """

    item: Integers
    position: Numbers
    spare: Numbers
    mean: Numbers
    variance: Numbers
    near_mean: Numbers
    near_variance: Numbers
    holding_cost: Numbers
    shortage_cost: Numbers
    reorder_point: Numbers
    level: Numbers
    moq: Numbers
    lot: Numbers
    is_planned: Flags

    def __len__(self) -> int:
        return len(self.item)

    def take(self, rows: Integers) -> Self:
        """The same columns for these rows."""
        return type(self)(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @property
    def need(self) -> Numbers:
        """Units up to the policy's level where the policy triggers (position ≤ s), otherwise 0."""
        triggered = self.is_planned & (self.position <= self.reorder_point + 1e-9)
        return np.where(triggered, np.maximum(self.level - self.position, 0.0), 0.0)

    @property
    def policy_order(self) -> Numbers:
        """What the policy alone would order: its need in feasible lots."""
        return feasible_quantity(self.need, self.moq, self.lot)


@dataclass(frozen=True)
class Moves:
    """Item-lanes that could be used: from place to place, at a cost, up to a limit of whole units.

    unit_cost and fixed_cost are what the lane really costs; the dead-band factor comes on top in
    the model. lane: row of the lane table.
    """

    source: Integers
    target: Integers
    lane: Integers
    unit_cost: Numbers
    fixed_cost: Numbers
    limit: Numbers

    def __len__(self) -> int:
        return len(self.source)

    def take(self, rows: Integers) -> Self:
        """The same columns for these rows."""
        return type(self)(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})
