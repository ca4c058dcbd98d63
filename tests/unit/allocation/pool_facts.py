"""Pools and segments as arrays, for tests that start below the frames."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from optimization.allocation.book import PoolFacts, Segments


def segments(
    *names: str, tier: Sequence[int] | None = None, weight: Sequence[float] | None = None
) -> Segments:
    """Segments of these names, all of tier 1 and weight 1 where nothing else is said."""
    k = len(names)
    return Segments(
        segment_id=np.array(names, dtype=object),
        path=np.array(names, dtype=object),
        tier=np.array(tier if tier is not None else [1] * k, dtype=np.int64),
        fair_weight=np.array(weight if weight is not None else [1.0] * k, dtype=np.float64),
        ring_fence_share=np.zeros(k),
        cap_share=np.ones(k),
        may_borrow=np.zeros(k, dtype=np.bool_),
        borrow_ratio=np.ones(k),
        borrow_cap_units=np.full(k, np.inf),
        borrow_days=np.full(k, -1, dtype=np.int64),
        borrow_repays=np.ones(k, dtype=np.bool_),
    )


def pool_facts(
    members: Segments,
    supply: Sequence[float],
    *,
    committed: object = 0.0,
    demand: object = 0.0,
    margin: object = 0.0,
    own: object = 0.0,
    is_whole: bool = True,
    item: Sequence[str] | None = None,
    location: Sequence[str] | None = None,
    category: Sequence[str] | None = None,
    region: Sequence[str] | None = None,
) -> PoolFacts:
    """Pools with this supply; quantities are broadcast to (pools, segments)."""
    n, k = len(supply), len(members)

    def filled(value: object) -> np.ndarray:
        return np.broadcast_to(np.asarray(value, dtype=np.float64), (n, k)).copy()

    def texts(values: Sequence[str] | None, prefix: str) -> np.ndarray:
        return np.array(values or [f"{prefix}{row}" for row in range(n)], dtype=object)

    return PoolFacts(
        item_id=texts(item, "I"),
        location_id=texts(location or ["L"] * n, ""),
        category=texts(category or ["C"] * n, ""),
        region=texts(region or ["R"] * n, ""),
        item_kind=np.full(n, "part", dtype=object),
        is_whole=np.full(n, is_whole),
        is_poisoned=np.zeros(n, dtype=np.bool_),
        segments=members,
        supply=np.asarray(supply, dtype=np.float64),
        safety=np.zeros(n),
        committed=filled(committed),
        demand=filled(demand),
        margin=filled(margin),
        recent=filled(demand),
        own=filled(own),
    )
