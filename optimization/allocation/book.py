"""The state of allocation in arrays: n pools by k segments, and the loans and reservations on them.

A pool is an item at a location, or an item at all locations (`*`). The segments are the columns, in
id order; the common pool is no column. Times are integers, nanoseconds since 1970 (UTC); `NEVER` is
later than all of them. Everything here is data: what happens to it stands in `operations`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]

POOL = "POOL"
EVERYWHERE = "*"
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Segments:
    """The k segments and their terms.

    `tier` 1 is first. `cap_share`, `ring_fence_share` are shares of a pool's supply.
    `borrow_ratio`: most of the pool at the start of the cycle that a segment may have taken,
    `borrow_cap_units` (inf: none) the same in units, `borrow_days` (-1: none) until a loan lapses,
    `borrow_repays` whether its next supply returns it.
    """

    segment_id: Texts
    path: Texts
    tier: Integers
    fair_weight: Numbers
    ring_fence_share: Numbers
    cap_share: Numbers
    may_borrow: Flags
    borrow_ratio: Numbers
    borrow_cap_units: Numbers
    borrow_days: Integers
    borrow_repays: Flags

    def __len__(self) -> int:
        return len(self.segment_id)

    def columns_of(self, names: pd.Series | Texts) -> Integers:
        """Column of each named segment; -1 for POOL and where there is none of that name."""
        return np.asarray(pd.Index(self.segment_id).get_indexer(pd.Index(names)), dtype=np.int64)


@dataclass(frozen=True)
class Loans:
    """Units taken from a pool by a segment, one row each, in the order in which they were taken.

    `pool`, `segment`: row and column of the book. units = open + returned + expired.
    `reservation_id` is empty where the loan belongs to none. `is_of_cycle`: taken since the cycle
    started (since `pool_at_start` was read), so that it counts against the borrow ratio.
    """

    loan_id: Texts
    pool: Integers
    segment: Integers
    opened_at: Integers
    expires_at: Integers
    closed_at: Integers
    units: Numbers
    open_units: Numbers
    returned_units: Numbers
    expired_units: Numbers
    repays: Flags
    action_id: Texts
    reservation_id: Texts
    is_of_cycle: Flags

    def __len__(self) -> int:
        return len(self.loan_id)


@dataclass(frozen=True)
class Reservations:
    """Soft reservations, one row each, in the order in which they were made.

    units = open + consumed + released + expired. `segment` -1 is the common pool (so that a column
    for it stands last: `(n, k + 1)` arrays are indexed by it as they are).
    `own_units`, `pool_units`: what of the open units came from the segment's own quota and from the
    common pool. `status` is one of the column `reservation_status`.
    """

    reservation_id: Texts
    pool: Integers
    segment: Integers
    opened_at: Integers
    expires_at: Integers
    closed_at: Integers
    units: Numbers
    own_units: Numbers
    pool_units: Numbers
    open_units: Numbers
    consumed_units: Numbers
    released_units: Numbers
    expired_units: Numbers
    status: Texts
    action_id: Texts

    def __len__(self) -> int:
        return len(self.reservation_id)


@dataclass(frozen=True)
class Book:
    """State of n pools by k segments; pools in key order.

    `own` (n, k): quota left. `consumed` (n, k): consumed since the last supply sync.
    `cumulative_allocated`, `cumulative_consumed` (n, k): ever. `pool` (n): the common pool, free.
    `pool_consumed`, `pool_cumulative_consumed` (n): what no segment's orders took of it, likewise.
    `pool_at_start` (n): the common pool at the start of the cycle, which the borrow ratio counts from.
    `safety` (n): the part of it that nobody borrows. What is soft-reserved has left `own` and `pool`
    and lies in `reservations`.

    Conservation, at any time between two syncs: Σ own + pool + Σ consumed + pool_consumed + Σ open
    reservations = what the formula counted at the sync, plus adjustments since.
    """

    item_id: Texts
    location_id: Texts
    is_whole: Flags
    segments: Segments
    own: Numbers
    consumed: Numbers
    cumulative_allocated: Numbers
    cumulative_consumed: Numbers
    pool: Numbers
    pool_consumed: Numbers
    pool_cumulative_consumed: Numbers
    pool_at_start: Numbers
    safety: Numbers
    loans: Loans
    reservations: Reservations
    # Actions that were applied before, so that one that is told again is refused.
    applied_actions: frozenset[str] = field(default=frozenset())

    def __len__(self) -> int:
        return len(self.item_id)


@dataclass(frozen=True)
class PoolFacts:
    """What the two ways of sharing read: n pools by k segments, in the book's order.

    `supply` (n): allocatable units, without what is soft-reserved. `safety` (n): units that only the
    common pool keeps. `committed` (n, k): open orders of the segment that have to be served first.
    `demand` (n, k): wanted in all, `committed` included. `margin` (n, k): money per unit sold, 0 where
    unknown. `recent` (n, k): units requested in the window of history. `own` (n, k): quotas before.
    `category`, `region`, `item_kind` (n): what rules' conditions and breakdowns read.
    `is_poisoned` (n): an implausible term; such a pool has no supply and is told as QUARANTINED.
    """

    item_id: Texts
    location_id: Texts
    category: Texts
    region: Texts
    item_kind: Texts
    is_whole: Flags
    is_poisoned: Flags
    segments: Segments
    supply: Numbers
    safety: Numbers
    committed: Numbers
    demand: Numbers
    margin: Numbers
    recent: Numbers
    own: Numbers

    def __len__(self) -> int:
        return len(self.item_id)


@dataclass(frozen=True)
class Targets:
    """Who should have what: n pools by k segments, whole units where the pool counts so.

    `units` (n, k) with Σ units ≤ supply; the rest is the common pool. `guaranteed` (n, k): ring-fenced
    part. `reason` (n, k): from the closed list. `method` (n): rule or model. `rule` (n): row of the
    rule's terms in `RuleTerms`, -1 without. `rules_hash` (n): fingerprint of what made the target,
    other than supply and demand.
    """

    units: Numbers
    guaranteed: Numbers
    reason: Texts
    method: Texts
    rule: Integers
    rules_hash: Texts


@dataclass(frozen=True)
class RuleTerms:
    """What the r rules in force say of when; one row per (plan, rule), texts where there is one.

    `interval_hours`, `min_benefit`, `band_units`, `band_share`: nan where the rule says nothing and
    the parameters hold. `frozen`: whether as_of lies in the rule's freeze window.
    """

    plan_id: Texts
    plan_version: Integers
    rule_id: Texts
    rule_version: Integers
    interval_hours: Numbers
    min_benefit: Numbers
    band_units: Numbers
    band_share: Numbers
    frozen: Flags

    def __len__(self) -> int:
        return len(self.rule_id)
