"""Feasible order quantities: minimum quantity and lot size, for the policy and the network alike."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

# A need of 24.000000001 for lots of 12 is 24 with noise, not a reason for a third lot.
_GUARD = 1e-9


def feasible_quantity(need: Numbers, moq: Numbers, lot: Numbers) -> Numbers:
    """0 where need ≤ 0, otherwise ⌈max(need, MOQ)/lot⌉·lot, units; lot > 0.

    >>> need = np.array([37.0, 5, 0, -3, 24.0000000001])
    >>> feasible_quantity(need, np.full(5, 20.0), np.full(5, 12.0)).tolist()
    [48.0, 24.0, 0.0, 0.0, 24.0]
    """
    lots = np.ceil(np.maximum(need, moq) / lot - _GUARD)
    return np.where(need > _GUARD, lots * lot, 0.0)
