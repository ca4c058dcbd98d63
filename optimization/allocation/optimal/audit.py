"""The independent audit of an allocation: what may never be broken, re-added from the shares."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from optimization.allocation.optimal.pools import Pools

Numbers = npt.NDArray[np.float64]


def allocation_breach(pools: Pools, shares: Numbers) -> Numbers:
    """Worst breach per pool, in units: supply, guarantee, cap and demand, sign, wholeness, tiers.

    Tiers: while a segment of a tier is below its most, no later tier has more than its guarantee.
    """
    whole = pools.is_whole[:, None]
    breaches = [
        shares.sum(axis=1) - pools.supply,
        (pools.guaranteed - shares).max(axis=1, initial=0.0),
        (shares - pools.most).max(axis=1, initial=0.0),
        (-shares).max(axis=1, initial=0.0),
        np.where(whole, np.abs(shares - np.round(shares)), 0.0).max(axis=1, initial=0.0),
    ]
    for tier in np.unique(pools.tier):
        missing = (pools.most - shares)[:, pools.tier == tier].max(axis=1, initial=0.0)
        extra = (shares - pools.guaranteed)[:, pools.tier > tier].max(axis=1, initial=0.0)
        breaches.append(np.minimum(missing, extra))
    return np.asarray(np.stack([*breaches, np.zeros(len(pools))]).max(axis=0), dtype=np.float64)
