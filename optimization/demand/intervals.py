"""The protection interval of an item-location: lead time plus review, and how sure the lead time is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.demand.lead_times import UNVERIFIED_CV
from optimization.demand.series import Flags, Numbers


@dataclass(frozen=True)
class ProtectionIntervals:
    """Interval per item-location, days; `is_unverified` where only master data knows the lead time."""

    lead_time_days: Numbers
    lead_time_sd_days: Numbers
    protection_days: Numbers
    is_unverified: Flags


def protection_intervals(item_location: pd.DataFrame, lead_time: pd.DataFrame) -> ProtectionIntervals:
    """Return P = lead time + review time per row of `opt_in__item_location`.

    `lead_time` is `opt_out__lead_time`. An unverified supplier's estimate is a mean over items; the
    item's own master value is closer, with a coefficient of variation of 0.3.
    """
    key = pd.MultiIndex.from_frame(lead_time[["supplier_id", "location_id"]])
    at = key.get_indexer(pd.MultiIndex.from_frame(item_location[["supplier_id", "location_id"]]))
    master = item_location["lead_time_days"].to_numpy(np.float64)
    reasons = lead_time["reason_code"].to_numpy(dtype=object)[at].astype(str) if len(lead_time) else at
    known = (at >= 0) & (reasons != "lt_unverified")
    days, spread = master.copy(), UNVERIFIED_CV * master
    days[known] = lead_time["lead_time_days"].to_numpy(np.float64)[at[known]]
    spread[known] = lead_time["lead_time_sd_days"].to_numpy(np.float64)[at[known]]
    review = item_location["review_days"].to_numpy(np.float64)
    return ProtectionIntervals(days, spread, days + review, ~known)
