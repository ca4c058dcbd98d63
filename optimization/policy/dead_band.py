"""When a new policy value is published: most changes are noise, and big ones wait for a person."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimization.parameters import PolicyParameters
from optimization.reasons import first_that_holds

Numbers = npt.NDArray[np.float64]


def change_states(
    old: tuple[Numbers, Numbers],
    new: tuple[Numbers, Numbers],
    change_value: Numbers,
    parameters: PolicyParameters,
) -> npt.NDArray[np.object_]:
    """State of every change of (reorder point, order-up-to level).

    `old` is NaN where there was no policy. bootstrap: no previous value; none: nothing changed;
    within_dead_band: both move by no more than max(one unit, 10 %), the old value stays;
    proposed: |change at cost| above the limit, the old value stays until approved;
    auto_approved: the new value holds. Source: the usual rule max(|Δ| ≤ 1 unit, 10 %).

    >>> old, new = np.array([np.nan, 20, 20, 20, 20]), np.array([5.0, 20, 22, 30, 90])
    >>> value = np.array([50.0, 0, 20, 100, 700])
    >>> change_states((old, old), (new, new), value, PolicyParameters(auto_approve_value=500)).tolist()
    ['bootstrap', 'none', 'within_dead_band', 'auto_approved', 'proposed']
    """
    is_first = np.isnan(old[0]) | np.isnan(old[1])
    same, small = np.ones(len(change_value), np.bool_), np.ones(len(change_value), np.bool_)
    for before, after in zip(old, new, strict=True):
        step = np.abs(after - before)
        same &= step <= 1e-9
        small &= step <= np.maximum(parameters.dead_band_units, parameters.dead_band_share * before) + 1e-9
    is_large = np.abs(change_value) > parameters.auto_approve_value
    return first_that_holds(
        {"bootstrap": is_first, "none": same, "proposed": is_large, "within_dead_band": small},
        "auto_approved",
    )
