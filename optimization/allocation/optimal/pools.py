"""The allocation problem in arrays: pools by segments, in key order."""

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
    guaranteed, most (n, k): units wanted; least units, scaled so that they fit the supply; most
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

    def take(self, rows: Integers) -> Pools:
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
) -> Pools:
    """Turn shares into units: guarantees round down, caps and demand round up to whole units.

    A guarantee is a share of the supply, capped at demand and at the cap; guarantees that exceed
    the supply together are scaled down alike. Fair share is proportional to weight × demand.
    """
    whole = is_whole[:, None]
    demand = np.where(whole, np.ceil(demand - 1e-9), demand)
    cap = supply[:, None] * cap_share[None, :]
    most = np.minimum(demand, np.where(whole, np.ceil(cap - 1e-9), cap))
    fence = supply[:, None] * ring_fence_share[None, :]
    guaranteed = np.minimum(np.where(whole, np.floor(fence + 1e-9), fence), most)
    total = guaranteed.sum(axis=1)
    is_scaled = total > supply + 1e-9
    factor = np.where(is_scaled, supply / np.maximum(total, 1e-300), 1.0)
    guaranteed = guaranteed * factor[:, None]
    guaranteed = np.where(whole, np.floor(guaranteed + 1e-9), guaranteed)
    return Pools(supply, is_whole, demand, guaranteed, most, fair_weight[None, :] * demand, tier, is_scaled)
