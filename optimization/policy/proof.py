"""Proof that published policies follow from their stored inputs: each is calculated again and compared."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.contracts.reason_tables import POLICY_INPUT
from optimization.contracts.scorecard_tables import POLICY_PROOF
from optimization.policy.policy_input import recompute
from optimization.results import Report


def prove(policy_input: pd.DataFrame) -> tuple[pd.DataFrame, Report]:
    """Calculate every row of `opt_out__policy_input` again; returns `opt_out__policy_proof`, and figures.

    `is_recomputed_equal`: reorder point and order-up-to level equal the calculated ones that were stored,
    to the bit; null where the row cannot be calculated again. Raises `ContractError` when the frame is not
    of its table.
    """
    rows = POLICY_INPUT.validate(policy_input)
    point, level = recompute(rows)
    is_known = rows["is_recomputable"].to_numpy(dtype=np.bool_)
    is_equal = (point == rows["proposed_reorder_point_units"].to_numpy(np.float64)) & (
        level == rows["proposed_order_up_to_units"].to_numpy(np.float64)
    )
    frame = pd.DataFrame(
        {
            "item_id": rows["item_id"],
            "location_id": rows["location_id"],
            "recomputed_reorder_point_units": point,
            "recomputed_order_up_to_units": level,
            "is_recomputed_equal": pd.Series(is_equal, index=rows.index, dtype="boolean").where(is_known),
        }
    )
    report = Report.of(
        len(rows), frame, recomputed=int(is_known.sum()), unequal=int((is_known & ~is_equal).sum())
    )
    return POLICY_PROOF.validate(frame), report
