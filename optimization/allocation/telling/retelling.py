"""What a release told of its pools, read back so that it can be told again with what changed since."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.allocation.book import POOL, Integers, Numbers, Segments, Texts
from optimization.allocation.restoring import as_ns
from optimization.allocation.telling.state import RULE_COLUMNS, Told
from optimization.keys import positions


def as_published(
    allocation: pd.DataFrame, keys: pd.DataFrame, segments: Segments, asked_at: Integers
) -> Told:
    """The published words on n pools (`keys`: item_id, location_id) by K segments.

    `allocation` is `opt_out__allocation`; `asked_at` (n, K) is what `restore` read of it. What a
    segment without a row has is zero and the reason empty.
    """
    n, k = len(keys), len(segments)
    row = positions(allocation, keys)
    column = pd.Index(segments.segment_id).get_indexer(pd.Index(allocation["segment_id"]))
    of_segment = (row >= 0) & (column >= 0)
    of_pool = (row >= 0) & (allocation["segment_id"] == POOL).to_numpy()
    at = (row[of_segment], column[of_segment])

    def spread(name: str) -> Numbers:
        values = np.zeros((n, k))
        values[at] = allocation[name].to_numpy(np.float64)[of_segment]
        return values

    def words(name: str) -> Texts:
        values = allocation[name].astype(object)
        texts = np.full(n, None, dtype=object)
        texts[row[of_pool]] = values.where(values.notna(), None).to_numpy(dtype=object)[of_pool]
        return texts

    def pooled(name: str) -> Numbers:
        values = np.zeros(n)
        values[row[of_pool]] = allocation[name].to_numpy(np.float64)[of_pool]
        return values

    reason = np.full((n, k), "", dtype=object)
    reason[at] = allocation["reason_code"].to_numpy(dtype=object)[of_segment]
    rebalanced_at = np.zeros(n, dtype=np.int64)
    rebalanced_at[row[of_pool]] = as_ns(allocation["rebalanced_at"])[of_pool]
    return Told(
        demand=spread("demand_units"),
        guaranteed=spread("guaranteed_units"),
        target=spread("allocation_target_units"),
        previous=spread("allocated_units"),
        previous_pool=pooled("allocated_units"),
        counted=pooled("allocatable_units"),
        pool_formula=words("pool_formula"),
        rules_hash=words("rules_hash"),
        rebalanced_at=rebalanced_at,
        trigger=words("rebalance_trigger"),
        decision=words("rebalance_decision"),
        reason=reason,
        pool_reason=words("reason_code"),
        method=words("method"),
        status=words("status"),
        is_gone=np.zeros(k, dtype=np.bool_),
        rule_names={name: words(name) for name in RULE_COLUMNS},
        asked_at=asked_at,
    )
