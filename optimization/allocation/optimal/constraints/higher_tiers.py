"""Higher tiers: what they were given stays given while a lower tier is served."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def higher_tiers_index(model: Any) -> Iterable[tuple[int, int]]:
    """Pools by tier already served."""
    return sorted(model.data.served)


def higher_tiers(model: Any, pool: int, tier: int) -> Any:
    r"""The tier keeps its best total.

    .. math:: \sum_{s \in T_k} x_{ps} \ge v_{pk}
    """
    data = model.data
    total = sum(model.share[pool, segment] for segment in data.members[tier])
    return total >= data.served[pool, tier] - data.slack
