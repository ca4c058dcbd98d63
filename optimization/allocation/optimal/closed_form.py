"""Guarantees, then tiers in order, then a common level within the tier: exact for every pool at once.

Within a tier the shares are x = clip(θ·weight, guaranteed, most) with one level θ per pool: the
weighted max-min fair share. θ is found on its breakpoints, without iteration.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimization.allocation.optimal.pools import Pools
from optimization.allocation.optimal.rounding import largest_remainder

Numbers = npt.NDArray[np.float64]

# Rows at a time: the arrays of one step stay in the processor's cache.
_ROWS = 16_384


def share_out(pools: Pools, whole: bool = True, previous: Numbers | None = None) -> Numbers:
    """Units per pool and segment; with `whole`, whole units where the pool asks for them.

    Strict tiers: a lower tier gets beyond its guarantees only what the higher ones leave. `previous`
    (n, k): what was held before decides between equally fair roundings.
    """
    shares = np.empty(pools.demand.shape)
    for start in range(0, len(pools), _ROWS):
        rows = slice(start, start + _ROWS)
        held = None if previous is None else previous[rows]
        shares[rows] = _share_out(pools.take(rows), whole, held)
    return shares


def _share_out(pools: Pools, whole: bool, previous: Numbers | None) -> Numbers:
    shares = pools.guaranteed.copy()
    left = np.maximum(pools.supply - shares.sum(axis=1), 0.0)
    if whole:
        left = np.where(pools.is_whole, np.floor(left + 1e-9), left)
    for tier in np.unique(pools.tier):
        members = np.flatnonzero(pools.tier == tier)
        low, high = pools.guaranteed[:, members], pools.most[:, members]
        given = np.minimum(left, (high - low).sum(axis=1))
        level = common_level(low, high, pools.weight[:, members], low.sum(axis=1) + given)
        if whole:
            held = None if previous is None else previous[:, members]
            level = np.where(pools.is_whole[:, None], largest_remainder(level, held), level)
        shares[:, members] = level
        left = np.maximum(left - given, 0.0)
    return shares


def common_level(low: Numbers, high: Numbers, weight: Numbers, total: Numbers) -> Numbers:
    """X = clip(θ·weight, low, high) with Σx = total per row; total lies between Σlow and Σhigh.

    >>> high = np.array([[2, 2.6, 4, 5]])
    >>> common_level(np.zeros((1, 4)), high, np.ones((1, 4)), np.array([10.0])).round(9).tolist()
    [[2.0, 2.6, 2.7, 2.7]]
    """
    if not low.shape[1]:
        return low.copy()
    weight = np.where(high > low, weight, 0.0)
    some = np.where(weight > 0, weight, 1.0)
    breaks = np.sort(
        np.concatenate(
            [np.where(weight > 0, low / some, 0.0), np.where(weight > 0, high / some, 0.0)], axis=1
        ),
        axis=1,
    )
    at_break = np.stack(
        [_clipped(point[:, None] * weight, low, high, weight).sum(axis=1) for point in breaks.T], axis=1
    )
    # The last breakpoint whose sum does not exceed the total starts the piece that holds θ.
    piece = np.clip((at_break <= total[:, None] + 1e-12).sum(axis=1) - 1, 0, breaks.shape[1] - 1)
    row = np.arange(len(total))
    after = np.minimum(piece + 1, breaks.shape[1] - 1)
    start, end = breaks[row, piece], breaks[row, after]
    below, above = at_break[row, piece], at_break[row, after]
    rise = np.where(above > below, above - below, 1.0)
    theta = start + np.where(above > below, (total - below) / rise, 0.0) * (end - start)
    return _clipped(theta[:, None] * weight, low, high, weight)


def _clipped(wanted: Numbers, low: Numbers, high: Numbers, weight: Numbers) -> Numbers:
    # Without weight there is no claim beyond the guarantee.
    return np.where(weight > 0, np.minimum(np.maximum(wanted, low), high), low)
