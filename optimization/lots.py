"""Feasible order quantities: minimum quantity and lot size, for the policy and the network alike."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

Numbers = npt.NDArray[np.float64]

# A need of 24.000000001 for lots of 12 is 24 with noise, not a reason for a third lot.
_GUARD = 1e-9


def feasible_quantity(need: Numbers, moq: Numbers, lot: Numbers) -> Numbers:
    """0 where need ≤ 0, otherwise ⌈max(need, MOQ)/lot⌉·lot, units; lot > 0.

    >>> need = np.array([37.0, 5, 0, -3, 24.0000000001])
    >>> feasible_quantity(need, np.full(5, 20.0), np.full(5, 12.0)).tolist()
    [48.0, 24.0, 0.0, 0.0, 24.0]
    """
    lots = np.ceil(np.maximum(need, moq) / lot - _GUARD)
    return np.where(need > _GUARD, lots * lot, 0.0)


def line_terms(item_location: pd.DataFrame) -> tuple[Numbers, Numbers]:
    """Minimum and lot that bind each order line by itself, units.

    A minimum over the whole order or supplier does not bind a line: it is met by topping up. Lots of
    whole units that come in cases are whole cases too: the least common multiple of both.

    >>> frame = pd.DataFrame({"moq_units": [20.0, 20.0], "lot_units": [4.0, 1.0],
    ...     "moq_scope": ["line", "supplier"], "case_pack_units": [6.0, None]})
    >>> [terms.tolist() for terms in line_terms(frame)]
    [[20.0, 0.0], [12.0, 1.0]]
    """
    is_own = item_location["moq_scope"].fillna("line").to_numpy(dtype=object) == "line"
    lot = item_location["lot_units"].to_numpy(np.float64)
    case = item_location["case_pack_units"].to_numpy(np.float64)
    case = np.where(np.isnan(case), lot, case)
    is_whole = (lot == np.round(lot)) & (case == np.round(case))
    common = np.lcm(*(np.where(is_whole, each, 1.0).astype(np.int64) for each in (lot, case)))
    moq = np.where(is_own, item_location["moq_units"].to_numpy(np.float64), 0.0)
    return moq, np.where(is_whole, common, np.maximum(lot, case))
