"""Capable to promise: from when on a new order to the supplier serves any quantity at a place."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.order_outputs import CAPABLE_TO_PROMISE
from optimization.keys import positions
from optimization.order_parameters import PromiseParameters
from optimization.promising.unverified import unverified_p90
from optimization.reasons import first_that_holds

Numbers = npt.NDArray[np.float64]


def capable_to_promise(
    places: pd.DataFrame, lead_time: pd.DataFrame, as_of: pd.Timestamp, parameters: PromiseParameters
) -> pd.DataFrame:
    """Return `opt_out__capable_to_promise`, one row per row of `places` (`opt_in__item_location`).

    As of today plus the P50 and P90 lead time of the place's supplier to it, in whole days; of a pair
    that has never delivered, the stated lead time and its usual variation. Past the item's last order date
    no order is served, and there is no day.
    """
    known = lead_time.rename(columns={"supplier_id": "item_id"})
    pair = places[["supplier_id", "location_id"]].rename(columns={"supplier_id": "item_id"})
    row = positions(pair, known)
    is_known = row >= 0

    def days(column: str, stated: Numbers) -> npt.NDArray[np.timedelta64]:
        learnt = known[column].to_numpy(np.float64)
        chosen = np.where(is_known, learnt[np.maximum(row, 0)], stated) if len(known) else stated
        return np.ceil(np.maximum(chosen, 0.0)).astype("timedelta64[D]").astype("timedelta64[ns]")

    stated = places["lead_time_days"].to_numpy(np.float64)
    start = np.datetime64(as_of, "ns")
    ends = (places["last_order_date"] < as_of).to_numpy()
    nat = np.datetime64("NaT", "ns")
    p50 = start + days("lead_time_p50_days", stated)
    p90 = start + days("lead_time_p90_days", unverified_p90(stated, parameters.unverified_cv))
    method = known["method"].to_numpy(object)
    frame = pd.DataFrame(
        {
            "item_id": places["item_id"].to_numpy(object),
            "location_id": places["location_id"].to_numpy(object),
            "reason_code": first_that_holds(
                {"NO_NEW_SUPPLY": ends, "lt_unverified": ~is_known}, "SUPPLIER_LEAD_TIME"
            ),
            "method": np.where(is_known, method[np.maximum(row, 0)], "stated").astype(object)
            if len(known)
            else np.full(len(places), "stated", dtype=object),
            "status": np.where(is_known, "OK", "FALLBACK").astype(object),
            "supplier_id": places["supplier_id"].to_numpy(object),
            "beyond_p50_date": np.where(ends, nat, p50),
            "beyond_p90_date": np.where(ends, nat, p90),
        }
    )
    return CAPABLE_TO_PROMISE.validate(frame)
