"""Budget: what is ordered can be paid."""

from __future__ import annotations

from typing import Any

from optimization.network.model.families import coupling
from optimization.network.model.model_data import ModelData
from optimization.network.problem import Integers


def index(data: ModelData) -> Integers:
    """Rows of purchase budgets."""
    return coupling.rows_of(data, "budget")


def rule(model: Any, row: int) -> Any:
    r"""Money for orders.

    .. math:: \sum_p k_p r_p - s_j \le B_j
    """
    return coupling.shared_row(model, row)
