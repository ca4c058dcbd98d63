"""Higher tiers: what they were given stays given while a lower tier is served."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def higher_tiers_index(model: Any) -> Iterable[tuple[int, int]]:
    """Pools by tier already served."""
    return sorted(model.data.settled)


def higher_tiers(model: Any, place: int, tier: int) -> Any:
    r"""The tier's unmet demand stays at its least.

    .. math:: \sum_{s \in T_k} u_{ps} \le v_{pk}
    """
    data = model.data
    unmet = sum(model.unmet[place, segment] for segment in data.members[tier])
    return unmet <= data.settled[place, tier] + float(data.slack[place])
