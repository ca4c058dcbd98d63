"""Fair level: within a tier nobody's share per weight lies below the common level."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def fair_level_index(model: Any) -> Iterable[tuple[int, int]]:
    """Pools by segments of the tier that are not yet at their most."""
    return sorted(model.data.open_segments)


def fair_level(model: Any, pool: int, segment: int) -> Any:
    r"""The level is raised until somebody is at their most; they are then fixed.

    .. math:: x_{ps} \ge \theta_p\, w_{ps}
    """
    return model.share[pool, segment] >= model.level[pool] * model.data.weight[pool][segment]
