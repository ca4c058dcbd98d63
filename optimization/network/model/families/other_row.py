"""Other rows: what the caller's own kinds of shared rows ask for."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.network.model.families import coupling
from optimization.network.model.model_data import ModelData
from optimization.network.problem import Integers


def index(data: ModelData) -> Integers:
    """Rows of a kind without a file of its own."""
    kinds = data.problem.rows.family
    return np.flatnonzero([kind not in coupling.NAMED for kind in kinds])


def rule(model: Any, row: int) -> Any:
    r"""Use by moves and orders of whatever the row counts.

    .. math:: \sum_a v_{ja} t_a + \sum_p v_{jp} r_p - s_j \le c_j
    """
    return coupling.shared_row(model, row)
