"""Outflow: a place gives no more than it can spare."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.network.model.model_data import ModelData
from optimization.network.problem import Integers


def index(data: ModelData) -> Integers:
    """Places whose moves together could take more than is spare; else the moves' bounds say it."""
    spare = data.problem.places.spare
    given = np.bincount(data.problem.moves.source, weights=data.move_limit, minlength=len(spare))
    return np.flatnonzero(given > spare)


def rule(model: Any, place: int) -> Any:
    r"""Units given away stay within what is spare.

    .. math:: \sum_{a \leftarrow p} t_a \le s_p

    s_p: on hand less reserved and backordered, and no more than lies above the protected level.
    """
    given = sum(model.moved[move] for move in model.lists.moves_from[place])
    return given <= float(model.data.problem.places.spare[place])
