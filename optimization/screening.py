"""Keeping one bad row from costing the others: numbers outside their contract are set aside.

The border contract refuses a whole frame. Inside the science a row that carries a number no model
may see is repaired to the least harmful value and marked, so that its own result can say
QUARANTINED while every other row is planned as usual.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.table import Table

Flags = npt.NDArray[np.bool_]


def screened(frame: pd.DataFrame, table: Table) -> tuple[pd.DataFrame, Flags]:
    """Return the frame, valid by `table`, and which rows had to be repaired to make it so.

    A required number that is missing, infinite or out of bounds becomes its lower bound (0 when
    it has none). Any other breach of the contract (a missing column, a null key, a duplicate)
    raises `ContractError`, for it says nothing about one row alone.
    """
    bad = np.zeros(len(frame), dtype=np.bool_)
    repaired: dict[str, npt.NDArray[np.float64]] = {}
    for column in table.columns:
        if column.kind != "number" or column.name not in frame.columns or table.is_nullable(column.name):
            continue
        values = pd.to_numeric(frame[column.name], errors="coerce").to_numpy(dtype=np.float64)
        wrong = ~np.isfinite(values) | (np.abs(values) > 1e15)
        for limit, breach in ((column.ge, np.less), (column.gt, np.less_equal), (column.le, np.greater)):
            if limit is not None:
                wrong |= breach(values, limit)
        if wrong.any():
            least = column.ge if column.ge is not None else column.gt
            fill = 0.0 if least is None else least if column.gt is None else least + 1e-3
            repaired[column.name] = np.where(wrong, fill, values)
            bad |= wrong
    if repaired:
        frame = frame.assign(**repaired)
    return table.validate(frame), bad
