"""Handling: what a location sends out fits into what its people can handle."""

from __future__ import annotations

from typing import Any

from optimization.network.model.families import coupling
from optimization.network.model.model_data import ModelData
from optimization.network.problem import Integers


def index(data: ModelData) -> Integers:
    """Rows of locations with a handling capacity."""
    return coupling.rows_of(data, "handling")


def rule(model: Any, row: int) -> Any:
    r"""Units that leave a location.

    .. math:: \sum_{a \leftarrow location} t_a - s_j \le H_j
    """
    return coupling.shared_row(model, row)
