"""Fair level: within a tier nobody's share per weight lies below the common level."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def fair_level_index(model: Any) -> Iterable[tuple[int, int]]:
    """Pools by segments of the tier that are not yet at their most."""
    return sorted(model.data.lifted)


def fair_level(model: Any, place: int, segment: int) -> Any:
    r"""The level is raised until somebody is at their most; they are then fixed.

    .. math:: a_{ps} + w_{ps} \ge \theta_p\, g_{ps}
    """
    served = model.own[place, segment] + model.borrowed[place, segment]
    return served >= model.level[place] * float(model.data.case.weight[place, segment])
