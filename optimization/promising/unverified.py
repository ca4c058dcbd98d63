"""The P90 of a duration of which nothing was observed: what is stated, and what such durations vary by."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

# Standard normal quantile of 0.9.
_Z90 = 1.2815515655446004
_Days = TypeVar("_Days", float, npt.NDArray[np.float64])


def unverified_p90(mean_days: _Days, cv: float) -> _Days:
    """P90 of a duration of which only a stated mean is known: mean · (1 + z₀.₉ · CV), days.

    The normal approximation; with nothing observed no shape is better founded.

    >>> round(unverified_p90(10.0, 0.3), 2)
    13.84
    """
    return mean_days * (1.0 + _Z90 * cv)
