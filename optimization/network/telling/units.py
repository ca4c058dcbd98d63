"""Which physical units a transfer takes, where units are counted one by one (vehicles move as VINs)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.contracts.network_outputs import TRANSFER_UNIT


def choose_units(transfer_order: pd.DataFrame, unit: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """`opt_out__transfer_unit`: the units of every transfer, and how many transferred units have none.

    Reads `opt_out__transfer_order` and `opt_in__unit`. Only units that may move count; the oldest leave
    first (greatest age, then earliest receipt, then unit id), an unknown age last. Transfers from the
    same stock choose in order of their gain per unit, ties by target. Items without any listed unit
    are not counted one by one, and miss none. The choice does not hang on the order of the rows.
    """
    able = unit[unit["is_movable"].to_numpy(np.bool_)].sort_values(
        ["item_id", "location_id", "age_days", "received_date", "unit_id"],
        ascending=[True, True, False, True, True],
        na_position="last",
    )
    gain = transfer_order["net_gain"] / transfer_order["transfer_units"]
    asked = transfer_order.assign(_gain=gain).sort_values(
        ["item_id", "from_location_id", "_gain", "to_location_id"], ascending=[True, True, False, True]
    )
    asked = asked[asked["item_id"].isin(unit["item_id"])]
    stock = ["item_id", "from_location_id"]
    slots = asked.loc[asked.index.repeat(asked["transfer_units"].astype("int64"))]
    slots = slots.assign(_nth=slots.groupby(stock, sort=False).cumcount())
    ranked = able.assign(_nth=able.groupby(["item_id", "location_id"], sort=False).cumcount())
    found = slots.merge(
        ranked.rename(columns={"location_id": "from_location_id"})[[*stock, "_nth", "unit_id", "age_days"]],
        on=[*stock, "_nth"],
        how="inner",
    )
    frame = found.assign(reason_code="OLDEST_SUITABLE", method="oldest_first").sort_values(
        "unit_id", ignore_index=True
    )
    frame["age_days"] = frame["age_days"].astype("Int64")
    return TRANSFER_UNIT.validate(frame[list(TRANSFER_UNIT.column_names)]), len(slots) - len(found)
