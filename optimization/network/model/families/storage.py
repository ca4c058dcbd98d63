"""Storage: what a location would hold of all items fits into its room."""

from __future__ import annotations

from typing import Any

from optimization.network.model.families import coupling
from optimization.network.model.model_data import ModelData
from optimization.network.problem import Integers


def index(data: ModelData) -> Integers:
    """Rows of locations with a storage capacity."""
    return coupling.rows_of(data, "storage")


def rule(model: Any, row: int) -> Any:
    r"""Volume or units kept at a location; what leaves frees room.

    .. math:: \sum_{a \to location} v_a t_a - \sum_{a \leftarrow location} v_a t_a
        + \sum_{p \in location} v_p r_p - s_j \le S_j - S^0_j

    :math:`S^0_j`: what is stored when nothing is done; it may be over the capacity already.
    """
    return coupling.shared_row(model, row)
