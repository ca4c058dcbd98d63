"""What goes into a day's decision about the policies, and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.policy.changes import Numbers

Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]
Levels = tuple[Numbers, Numbers]


@dataclass(frozen=True)
class Calculated:
    """Today's calculation of n item-locations, sorted by key, and what is needed to judge it; (n,) each.

    `wanted` levels in units. `is_kept`: terms are implausible, the calculation counts for nothing.
    `is_over`: the item's last order or the end of its life, which does not wait for a dead band.
    `reason`, `method` and `status` are those of the calculation.
    """

    keys: pd.DataFrame
    wanted: Levels
    unit_cost: Numbers
    is_kept: Flags
    is_over: Flags
    inputs_hash: Texts
    reason: Texts
    method: Texts
    status: Texts


@dataclass(frozen=True)
class Governed:
    """What holds today: levels, and per row where the change stands; and the tables of governance.

    `old` are the levels of the day before, NaN where there were none. `held` are the columns
    `held_…` of `opt_out__policy`.
    """

    effective: Levels
    old: Levels
    wanted: Levels
    change_state: Texts
    change_value: Numbers
    reason: Texts
    status: Texts
    held: dict[str, npt.NDArray[Any]]
    policy_change: pd.DataFrame
    approval: pd.DataFrame
    policy_override: pd.DataFrame
