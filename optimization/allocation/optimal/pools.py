"""One sharing problem in arrays: pools by segments, in key order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Pools:
    """n pools by k segments, segments in id order.

    supply (n): units to share. is_whole (n): whether only whole units may be given. demand,
    guaranteed, most (n, k): units wanted; least units, which together fit the supply; most
    units, demand and cap. weight (n, k): fair share is proportional to it. tier (k): 1 is first.
    is_scaled (n): guarantees had to be scaled down.
    """

    supply: Numbers
    is_whole: Flags
    demand: Numbers
    guaranteed: Numbers
    most: Numbers
    weight: Numbers
    tier: Integers
    is_scaled: Flags

    def __len__(self) -> int:
        return len(self.supply)

    def take(self, rows: Integers | slice) -> Pools:
        """The same segments for these pools."""
        return Pools(
            self.supply[rows],
            self.is_whole[rows],
            self.demand[rows],
            self.guaranteed[rows],
            self.most[rows],
            self.weight[rows],
            self.tier,
            self.is_scaled[rows],
        )


def state_pools(
    supply: Numbers,
    is_whole: Flags,
    demand: Numbers,
    ring_fence_share: Numbers,
    cap_share: Numbers,
    fair_weight: Numbers,
    tier: Integers,
    kept: Numbers | float = 0.0,
) -> Pools:
    """Turn shares into units: guarantees round down, caps and demand round up to whole units.

    A guarantee is a share of the supply, capped at demand and at the cap; guarantees that exceed
    the supply together are scaled down alike. `kept` (n, k) is given before any guarantee, counts
    towards it and is never scaled. Fair share is proportional to weight × demand.

    >>> one = np.ones(2)
    >>> fenced = state_pools(np.array([10.0]), np.array([True]), np.array([[8.0, 8.0]]), one * 0.4, one,
    ...                      one, np.array([1, 2]), kept=np.array([[7.0, 0.0]]))
    >>> fenced.guaranteed.tolist(), fenced.is_scaled.tolist()
    ([[7.0, 3.0]], [True])
    """
    whole = is_whole[:, None]
    demand = whole_up(demand, is_whole)
    most = np.minimum(demand, most_owned(supply, is_whole, cap_share))
    fence = supply[:, None] * ring_fence_share[None, :]
    fence = np.minimum(np.where(whole, np.floor(fence + 1e-9), fence), most)
    beyond = np.maximum(fence - kept, 0.0)
    left = np.maximum(supply - np.broadcast_to(kept, beyond.shape).sum(axis=1), 0.0)
    total = beyond.sum(axis=1)
    is_scaled = total > left + 1e-9
    factor = np.where(is_scaled, left / np.maximum(total, 1e-300), 1.0)
    guaranteed = kept + beyond * factor[:, None]
    guaranteed = np.where(whole, np.floor(guaranteed + 1e-9), guaranteed)
    return Pools(supply, is_whole, demand, guaranteed, most, fair_weight[None, :] * demand, tier, is_scaled)


def whole_up(units: Numbers, is_whole: Flags) -> Numbers:
    """The next whole units (n, k) where the pool counts so."""
    return np.asarray(np.where(is_whole[:, None], np.ceil(units - 1e-9), units))


def most_owned(supply: Numbers, is_whole: Flags, cap_share: Numbers) -> Numbers:
    """Cap of every segment in units (n, k): a share of the supply, rounded up to whole units."""
    return whole_up(supply[:, None] * cap_share[None, :], is_whole)
