"""Small `PoolFacts` for tests, as other tests state frames."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.allocation.book import PoolFacts, Segments


def segments_of(k: int, **columns: Any) -> Segments:
    """k segments A, B, …: tier 1, weight 1, no fence, no cap, no loans; `columns` overrides."""
    values: dict[str, Any] = {
        "segment_id": [chr(ord("A") + number) for number in range(k)],
        "tier": 1,
        "fair_weight": 1.0,
        "ring_fence_share": 0.0,
        "cap_share": 1.0,
        "may_borrow": False,
        "borrow_ratio": 1.0,
        "borrow_cap_units": np.inf,
        "borrow_days": -1,
        "borrow_repays": True,
    } | columns
    values.setdefault("path", values["segment_id"])
    kinds: dict[str, Any] = {
        "segment_id": object,
        "path": object,
        "tier": np.int64,
        "borrow_days": np.int64,
        "may_borrow": np.bool_,
        "borrow_repays": np.bool_,
    }
    return Segments(
        **{
            name: np.broadcast_to(np.array(value, dtype=kinds.get(name, np.float64)), k).copy()
            for name, value in values.items()
        }
    )


def facts_of(supply: Any, demand: Any, segments: Segments | None = None, **columns: Any) -> PoolFacts:
    """Pools of items I0, I1, … at L1, whole, without orders, margins, history or previous quotas."""
    wanted = np.array(demand, dtype=float)
    n, k = wanted.shape
    values: dict[str, Any] = {
        "category": "C1",
        "region": "R1",
        "item_kind": "part",
        "is_whole": True,
        "is_poisoned": False,
        "safety": 0.0,
        "committed": 0.0,
        "margin": 0.0,
        "recent": 0.0,
        "own": 0.0,
    } | columns
    texts, flags = ("category", "region", "item_kind"), ("is_whole", "is_poisoned")
    arrays = {}
    for name, value in values.items():
        kind: Any = object if name in texts else np.bool_ if name in flags else np.float64
        shape = (n,) if name in (*texts, *flags, "safety") else (n, k)
        arrays[name] = np.broadcast_to(np.array(value, dtype=kind), shape).copy()
    return PoolFacts(
        item_id=np.array([f"I{row}" for row in range(n)], dtype=object),
        location_id=np.full(n, "L1", dtype=object),
        segments=segments or segments_of(k),
        supply=np.broadcast_to(np.array(supply, dtype=float), (n,)).copy(),
        demand=wanted,
        **arrays,
    )
