"""Lane: what all items send over one lane fits into its capacity."""

from __future__ import annotations

from typing import Any

from optimization.network.model.families import coupling
from optimization.network.model.model_data import ModelData
from optimization.network.problem import Integers


def index(data: ModelData) -> Integers:
    """Rows of lanes with a capacity."""
    return coupling.rows_of(data, "lane")


def rule(model: Any, row: int) -> Any:
    r"""Volume or units over a lane.

    .. math:: \sum_{a \in lane} v_a t_a - s_j \le u_j
    """
    return coupling.shared_row(model, row)
