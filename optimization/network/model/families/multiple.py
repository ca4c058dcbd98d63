"""Multiple: a move grows by whole bundles."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.network.model.model_data import ModelData
from optimization.network.problem import Integers


def index(data: ModelData) -> Integers:
    """Moves in multiples of more than one unit."""
    in_bundles = data.problem.moves.multiple > 1.0
    return np.flatnonzero(in_bundles) if data.whole else np.empty(0, dtype=np.int64)


def rule(model: Any, move: int) -> Any:
    r"""Cartons, pallets, car carriers.

    .. math:: t_a = q_a n_a, \quad n_a \text{ whole}
    """
    return model.moved[move] == float(model.data.problem.moves.multiple[move]) * model.bundles[move]
