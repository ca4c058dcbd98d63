"""What the segments may claim of their pools: open orders, guarantees, caps, and loans from the rest.

Each step is a sharing problem of its own (`Pools`), so that the closed form and the optimisation model
solve the same three problems: the open orders, the quotas above them, the loans above the quotas.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimization.allocation.book import PoolFacts
from optimization.allocation.optimal.closed_form import share_out
from optimization.allocation.optimal.pools import Integers, Numbers, Pools, state_pools


@dataclass(frozen=True)
class Claims:
    """n pools by k segments. `orders`: the open orders alone, without guarantees.

    `quotas`: the whole demand; its `guaranteed` is what is kept for open orders and what is
    ring-fenced. `kept`, `fenced` (n, k): these two parts, which may overlap. `previous` (n, k): quotas
    before. `safety` (n): units of the common pool that nobody borrows. `borrow_ratio`, `borrow_cap`
    (k): most of the common pool, as a share and in units, that a segment may borrow; 0 where it may not.
    """

    orders: Pools
    quotas: Pools
    kept: Numbers
    fenced: Numbers
    previous: Numbers
    safety: Numbers
    borrow_ratio: Numbers
    borrow_cap: Numbers

    def __len__(self) -> int:
        return len(self.quotas)

    def take(self, rows: Integers) -> Claims:
        """The same segments for these pools."""
        return Claims(
            self.orders.take(rows),
            self.quotas.take(rows),
            self.kept[rows],
            self.fenced[rows],
            self.previous[rows],
            self.safety[rows],
            self.borrow_ratio,
            self.borrow_cap,
        )


def state_claims(facts: PoolFacts) -> Claims:
    """State the claims; a poisoned pool has no supply.

    Order of claims: open orders (by tier, then fairly by weight × open orders), guarantees, tiers, fair
    share within the tier. A cap holds for open orders too: what lies beyond it can only be borrowed.
    """
    segments = facts.segments
    supply = np.where(facts.is_poisoned, 0.0, np.maximum(facts.supply, 0.0))
    supply = np.where(facts.is_whole, np.floor(supply + 1e-9), supply)
    demand = np.where(facts.is_poisoned[:, None] & ~np.isfinite(facts.demand), 0.0, facts.demand)
    committed = np.where(np.isfinite(facts.committed), facts.committed, 0.0)
    nothing = np.zeros(len(segments))
    orders = state_pools(
        supply,
        facts.is_whole,
        np.minimum(committed, demand),
        nothing,
        segments.cap_share,
        segments.fair_weight,
        segments.tier,
    )
    kept = share_out(orders, previous=facts.own)
    quotas = state_pools(
        supply,
        facts.is_whole,
        demand,
        segments.ring_fence_share,
        segments.cap_share,
        segments.fair_weight,
        segments.tier,
        kept,
    )
    lends = segments.may_borrow
    return Claims(
        orders,
        quotas,
        kept,
        _fenced(quotas, kept, segments.ring_fence_share),
        facts.own,
        np.where(facts.is_poisoned, 0.0, facts.safety),
        np.where(lends, segments.borrow_ratio, 0.0),
        np.where(lends, segments.borrow_cap_units, 0.0),
    )


def _fenced(quotas: Pools, kept: Numbers, ring_fence_share: Numbers) -> Numbers:
    """The ring-fenced part of the guaranteed units: all where it exceeds what is kept anyway."""
    fence = np.minimum(quotas.supply[:, None] * ring_fence_share[None, :], quotas.most)
    fence = np.where(quotas.is_whole[:, None], np.floor(fence + 1e-9), fence)
    return np.where(quotas.guaranteed > kept, quotas.guaranteed, np.minimum(fence, kept))


def loan_limits(claims: Claims, quotas: Numbers, whole: bool = True) -> tuple[Numbers, Numbers]:
    """What the common pool can lend (n), and what each segment could take of it (n, k), units.

    Only what no segment owns is lent, without its safety stock, and only to demand beyond the quota;
    with `whole`, whole units where the pool asks for them.
    """
    pool = np.maximum(claims.quotas.supply - quotas.sum(axis=1), 0.0)
    lendable = np.maximum(pool - claims.safety, 0.0)
    limit = np.minimum(claims.borrow_ratio * pool[:, None], claims.borrow_cap)
    limit = np.minimum(limit, np.maximum(claims.quotas.demand - quotas, 0.0))
    is_whole = claims.quotas.is_whole & whole
    return (
        np.where(is_whole, np.floor(lendable + 1e-9), lendable),
        np.where(is_whole[:, None], np.floor(limit + 1e-9), limit),
    )


def loans_above(claims: Claims, quotas: Numbers, whole: bool = True) -> Pools:
    """The loans as a sharing problem: quotas are guaranteed, what may be borrowed comes on top.

    Loans are thereby served tier by tier and to the fairest fill, quota and loan together.
    """
    lendable, limit = loan_limits(claims, quotas, whole)
    return replace(
        claims.quotas,
        supply=quotas.sum(axis=1) + lendable,
        guaranteed=quotas,
        most=quotas + limit,
        is_scaled=np.zeros(len(claims), dtype=np.bool_),
    )
