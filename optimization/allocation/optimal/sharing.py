"""Quotas and loans of every pool by the closed form, and why each segment has what it has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.allocation.optimal.claims import Claims, loans_above
from optimization.allocation.optimal.closed_form import share_out
from optimization.allocation.optimal.pools import Numbers
from optimization.reasons import first_that_holds


@dataclass(frozen=True)
class Shared:
    """n pools by k segments, units: `quotas`, and `loans` that the common pool could add to them."""

    quotas: Numbers
    loans: Numbers


def share_claims(claims: Claims, whole: bool = True) -> Shared:
    """Open orders, guarantees, tiers, the fairest level; then loans from what nobody owns.

    Own comes before borrowed: a loan is told only where a segment may own no more, and never takes what
    another could own; that is the least borrowing. With `whole`, whole units where the pool asks for
    them; of equally fair roundings the one that keeps the previous quotas.
    """
    quotas = share_out(claims.quotas, whole, claims.previous if whole else None)
    if not (claims.borrow_ratio > 0).any():
        return Shared(quotas, np.zeros_like(quotas))
    return Shared(quotas, share_out(loans_above(claims, quotas, whole), whole) - quotas)


def reasons_of(claims: Claims, shared: Shared) -> npt.NDArray[np.object_]:
    """Why each segment has what it has (n, k); the first rule that holds names it."""
    pools, quotas = claims.quotas, shared.quotas
    at_least = quotas <= pools.guaranteed + 1e-9
    tier_extra = np.zeros_like(at_least)
    for tier in np.unique(pools.tier):
        members = pools.tier == tier
        tier_extra[:, members] = ((quotas - pools.guaranteed)[:, members].sum(axis=1) > 1e-9)[:, None]
    fence_binds = claims.fenced >= claims.kept
    return first_that_holds(
        {
            "DEMAND_MET": quotas >= pools.demand - 1e-9,
            "NO_SUPPLY": np.broadcast_to(pools.supply[:, None] <= 0, quotas.shape),
            "LOAN_COVERS": quotas + shared.loans >= pools.demand - 1e-9,
            "LOAN_PART": shared.loans > 1e-9,
            "CAP_BINDS": quotas >= pools.most - 1e-9,
            "ORDERS_SHORT": at_least & (claims.kept < claims.orders.most - 1e-9),
            "RINGFENCE_SHORT": pools.is_scaled[:, None] & at_least & (claims.fenced > claims.kept),
            "FAIR_SHARE": tier_extra,
            "OPEN_ORDERS": at_least & (claims.kept > 0) & ~fence_binds,
            "GUARANTEE": at_least & (pools.guaranteed > 0),
        },
        "TIER_SHORT",
    )
