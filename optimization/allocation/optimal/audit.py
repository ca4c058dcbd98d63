"""The independent audit of a plan: what may never be broken, re-added from the units given."""

from __future__ import annotations

import numpy as np

from optimization.allocation.optimal.claims import Claims, loan_limits, loans_above
from optimization.allocation.optimal.pools import Numbers, Pools


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


def plan_breach(claims: Claims, shares: Numbers, loans: Numbers) -> Numbers:
    """Worst breach per pool, in units, of the quotas, of what is kept for open orders, and of the loans.

    Loans: own before borrowed (nobody borrows who could own more while the pool lasts), ratio, cap,
    safety stock, demand, tiers.
    """
    pool = claims.quotas.supply - shares.sum(axis=1)
    lendable, limit = loan_limits(claims, shares)
    can_own = np.minimum((claims.quotas.most - shares).max(axis=1, initial=0.0), pool)
    breaches = [
        allocation_breach(claims.orders, claims.kept),
        allocation_breach(claims.quotas, shares),
        (claims.kept - shares).max(axis=1, initial=0.0),
        np.where((loans > 0).any(axis=1), can_own, 0.0),
        loans.sum(axis=1) - lendable,
        (loans - limit).max(axis=1, initial=0.0),
        allocation_breach(loans_above(claims, shares), shares + loans),
    ]
    return np.asarray(np.stack(breaches).max(axis=0, initial=0.0), dtype=np.float64)
