"""Whole units from fractional shares."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


def largest_remainder(shares: Numbers) -> Numbers:
    """Round every row to whole numbers with the row's (whole) sum; ties go to the first column.

    Every value moves by less than one unit, so whole bounds stay kept. Source: Hamilton's method.

    >>> largest_remainder(np.array([[44.444, 33.333, 22.223], [0.5, 0.5, 0.0]])).tolist()
    [[45.0, 33.0, 22.0], [1.0, 0.0, 0.0]]
    """
    whole = np.floor(shares + 1e-9)
    missing = np.round(shares.sum(axis=1) - whole.sum(axis=1))
    # Compared at nine digits, so that equal fractions tie whatever their last bit says.
    fraction = np.round(shares - whole, 9)
    rank = np.argsort(np.argsort(-fraction, axis=1, kind="stable"), axis=1, kind="stable")
    return np.asarray(whole + (rank < missing[:, None]), dtype=np.float64)
