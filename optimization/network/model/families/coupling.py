"""What all rows have in common that items share; each kind of them has its own file."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.network.model.model_data import ModelData
from optimization.network.problem import Integers

NAMED = ("lane", "handling", "storage", "budget")
"""Kinds of shared rows with a file of their own; any other kind is stated as `other_row`."""


def rows_of(data: ModelData, family: str) -> Integers:
    """Rows of the problem that are of this kind."""
    return np.flatnonzero(data.problem.rows.family == family)


def shared_row(model: Any, row: int) -> Any:
    """Use of the row by moves and orders, less its slack, within the room that is left.

    The slack is priced, so the row may give way but never makes the model infeasible.
    """
    lists = model.lists
    moved = sum(amount * model.moved[move] for move, amount in lists.move_uses_of[row])
    ordered = sum(amount * model.ordered[place] for place, amount in lists.order_uses_of[row])
    return moved + ordered - model.slack[row] <= float(model.data.room[row])
