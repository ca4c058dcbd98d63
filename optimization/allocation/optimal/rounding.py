"""Whole units from fractional shares."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


def largest_remainder(shares: Numbers, previous: Numbers | None = None) -> Numbers:
    """Round every row to whole numbers with the row's (whole) sum.

    Of equal fractions the one wins that was above its whole part before (`previous`, same shape), so
    that as little changes as fairness allows; then the first column. Every value moves by less than
    one unit, so whole bounds stay kept. Source: Hamilton's method.

    >>> largest_remainder(np.array([[44.444, 33.333, 22.223], [0.5, 0.5, 0.0]])).tolist()
    [[45.0, 33.0, 22.0], [1.0, 0.0, 0.0]]
    >>> largest_remainder(np.array([[0.5, 0.5, 0.0]]), previous=np.array([[0.0, 1.0, 4.0]])).tolist()
    [[0.0, 1.0, 0.0]]
    """
    whole = np.floor(shares + 1e-9)
    # Compared at nine digits, so that equal fractions tie whatever their last bit says.
    claim = 2.0 * np.round((shares - whole) * 1e9)
    if previous is not None:
        claim += previous > whole + 1e-9
    rank = np.zeros(whole.shape, dtype=np.int64)
    for column in range(whole.shape[1]):
        ahead = claim > claim[:, [column]]
        ahead[:, :column] |= claim[:, :column] == claim[:, [column]]
        rank[:, column] = ahead.sum(axis=1)
    missing = np.round(shares.sum(axis=1) - whole.sum(axis=1))
    return np.asarray(whole + (rank < missing[:, None]), dtype=np.float64)
