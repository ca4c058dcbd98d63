"""Pools and segments for the tests of rules, which name segments and start from the supply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from optimization.allocation.book import PoolFacts, Segments
from tests.unit.allocation.facts import facts_of, segments_of


def segments(
    *names: str, tier: Sequence[int] | None = None, weight: Sequence[float] | None = None
) -> Segments:
    """Segments of these names, all of tier 1 and weight 1 where nothing else is said."""
    terms: dict[str, Any] = {"tier": tier, "fair_weight": weight}
    said = {name: value for name, value in terms.items() if value is not None}
    return segments_of(len(names), segment_id=list(names), **said)


def pool_facts(
    members: Segments,
    supply: Sequence[float],
    *,
    demand: object = 0.0,
    item: Sequence[str] | None = None,
    location: Sequence[str] | None = None,
    category: Sequence[str] | None = None,
    region: Sequence[str] | None = None,
    **columns: Any,
) -> PoolFacts:
    """Pools with this supply; quantities are broadcast to (pools, segments)."""
    n = len(supply)
    wanted = np.broadcast_to(np.asarray(demand, dtype=np.float64), (n, len(members)))
    facts = facts_of(
        supply, wanted, members, recent=wanted, category=category or "C", region=region or "R", **columns
    )
    keys = {"item_id": item or facts.item_id, "location_id": location or ["L"] * n}
    return replace(facts, **{name: np.array(values, dtype=object) for name, values in keys.items()})
