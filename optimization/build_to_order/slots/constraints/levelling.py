"""A week builds what it must, or the units that it lacks are counted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np


def levelling_index(model: Any) -> Iterable[int]:
    """Buckets with a minimum."""
    return np.flatnonzero(model.room.minimum > 0).tolist()


def levelling(model: Any, bucket: int) -> Any:
    r"""Orders of a week.

    .. math:: \sum_g x_{gb} + s_b \ge m_b
    """
    built = sum(model.placed[group, bucket] for group in model.groups_in.get(bucket, ()))
    return built + model.short[bucket] >= float(model.room.minimum[bucket])


def option_levelling_index(model: Any) -> Iterable[tuple[int, int]]:
    """Rows of plant and week and options with a minimum."""
    return [(row, option) for row, option in np.argwhere(model.room.least > 0).tolist()]


def option_levelling(model: Any, row: int, option: int) -> Any:
    r"""Orders with an option.

    .. math:: \sum_{b \in r} \sum_g a_{gk} x_{gb} + s_{rk} \ge m_{rk}
    """
    built = sum(model.placed[pair] for pair in model.with_option.get((row, option), ()))
    return built + model.option_short[row, option] >= float(model.room.least[row, option])
