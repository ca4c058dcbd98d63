"""Order lots: the supplier delivers whole lots."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.network.model.model_data import ModelData
from optimization.network.problem import Integers


def index(data: ModelData) -> Integers:
    """Places that may order, in lots of more than one unit."""
    in_lots = (data.order_limit > 0) & (data.problem.places.lot > 1.0)
    return np.flatnonzero(in_lots) if data.whole else np.empty(0, dtype=np.int64)


def rule(model: Any, place: int) -> Any:
    r"""An order is so many lots.

    .. math:: r_p = Q_p n_p, \quad n_p \text{ whole}
    """
    return model.ordered[place] == float(model.data.problem.places.lot[place]) * model.lots[place]
