"""What a release told of its pools, read back so that it can be told again with what changed since."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.allocation.book import Integers, Segments, Texts
from optimization.allocation.moments import as_ns
from optimization.allocation.restoring import Published
from optimization.allocation.telling.state import RULE_COLUMNS, Told


def as_published(
    allocation: pd.DataFrame, keys: pd.DataFrame, segments: Segments, asked_at: Integers
) -> Told:
    """The published words on n pools (`keys`: item_id, location_id) by K segments.

    `allocation` is `opt_out__allocation`; `asked_at` (n, K) is what `restore` read of it. What a
    segment without a row has is zero and the reason empty.
    """
    published = Published(allocation, keys, segments)
    units, pooled = published.units_by_segment, published.units_by_pool

    def words(name: str) -> Texts:
        values = allocation[name].astype(object)
        return published.by_pool(values.where(values.notna(), None).to_numpy(dtype=object), None)

    return Told(
        demand=units("demand_units"),
        guaranteed=units("guaranteed_units"),
        target=units("allocation_target_units"),
        previous=units("allocated_units"),
        previous_pool=pooled("allocated_units"),
        counted=pooled("allocatable_units"),
        pool_formula=words("pool_formula"),
        rules_hash=words("rules_hash"),
        rebalanced_at=published.by_pool(as_ns(allocation["rebalanced_at"]), 0),
        trigger=words("rebalance_trigger"),
        decision=words("rebalance_decision"),
        reason=published.by_segment(allocation["reason_code"].to_numpy(dtype=object), ""),
        pool_reason=words("reason_code"),
        method=words("method"),
        status=words("status"),
        is_gone=np.zeros(len(segments), dtype=np.bool_),
        rule_names={name: words(name) for name in RULE_COLUMNS},
        asked_at=asked_at,
    )
