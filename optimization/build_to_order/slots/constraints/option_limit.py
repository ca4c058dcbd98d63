"""A plant builds no more orders with an option in a week than the option's limit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


def option_limit_index(model: Any) -> Iterable[tuple[int, int]]:
    """Stated limits by row of plant and week and option that some group could reach."""
    stated = np.argwhere(np.isfinite(model.room.limits)).tolist()
    return [(row, option) for row, option in stated if model.with_option.get((row, option))]


def option_limit(model: Any, row: int, option: int) -> Any:
    r"""Over all lines of the plant.

    .. math:: \sum_{b \in r} \sum_g a_{gk} x_{gb} \le L_{rk}
    """
    built = sum(model.placed[pair] for pair in model.with_option[row, option])
    return built <= float(model.room.limits[row, option])
