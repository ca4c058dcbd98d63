"""The protection interval of an item-location: lead time plus review, and how sure the lead time is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from optimization.contracts.outputs import LEAD_TIME, LEAD_TIME_QUANTILE
from optimization.demand.lead_times import UNVERIFIED_CV
from optimization.demand.series import Flags, Numbers
from optimization.keys import Integers

# Equally likely values that stand for a lead time of which only master data tells.
_SLICES = 20


@dataclass(frozen=True)
class ProtectionIntervals:
    """Interval per item-location, days; `is_unverified` where only master data knows the lead time."""

    lead_time_days: Numbers
    lead_time_sd_days: Numbers
    protection_days: Numbers
    is_unverified: Flags
    pair: Integers


def protection_intervals(item_location: pd.DataFrame, lead_time: pd.DataFrame) -> ProtectionIntervals:
    """Return P = lead time + review time per row of `opt_in__item_location`.

    `lead_time` is `opt_out__lead_time`, of which `pair` (n,) names the row, −1 without one. An
    unverified supplier's estimate is a mean over items; the item's own master value is closer.
    Raises `ContractError` when the frame is not of its table.
    """
    lead_time = LEAD_TIME.validate(lead_time)
    at = _pairs(lead_time).get_indexer(_pairs(item_location))
    master = item_location["lead_time_days"].to_numpy(np.float64)
    unverified = np.append((lead_time["reason_code"] == "lt_unverified").to_numpy(dtype=np.bool_), True)
    estimate, spread = (
        np.append(lead_time[name].to_numpy(np.float64), np.nan)[at]
        for name in ("lead_time_days", "lead_time_sd_days")
    )
    days = np.where(unverified[at], master, estimate)
    spread = np.where(unverified[at], UNVERIFIED_CV * master, spread)
    review = item_location["review_days"].to_numpy(np.float64)
    return ProtectionIntervals(days, spread, days + review, unverified[at], at.astype(np.int64))


def lead_time_slices(
    intervals: ProtectionIntervals, lead_time: pd.DataFrame, lead_time_quantile: pd.DataFrame
) -> tuple[Numbers, Integers]:
    """Equally likely lead times, days (g, m), with the mean of the interval, and each row's g, (n,).

    `lead_time_quantile` is `opt_out__lead_time_quantile` of the pairs of `lead_time`. Where only
    master data tells, the slices are normal about it with a coefficient of variation of 0.3. Raises
    `ContractError` when a frame is not of its table.
    """
    quantile = LEAD_TIME_QUANTILE.validate(lead_time_quantile)
    pair = _pairs(lead_time).get_indexer(_pairs(quantile))
    quantile = quantile.assign(pair=pair)[pair >= 0].sort_values(["pair", "quantile_level"])
    normal = 1.0 + UNVERIFIED_CV * special.ndtri((np.arange(_SLICES) + 0.5) / _SLICES)
    known = quantile["lead_time_days"].to_numpy(np.float64).reshape(len(lead_time), -1)
    shape = np.vstack([known, normal]) if len(lead_time) else normal[None, :]
    mean = shape.mean(axis=1, keepdims=True)
    shape = np.divide(shape, mean, out=np.ones_like(shape), where=mean > 0)
    of_row = np.where(intervals.is_unverified, len(shape) - 1, intervals.pair)
    terms, row = np.unique(np.column_stack([of_row, intervals.lead_time_days]), axis=0, return_inverse=True)
    return shape[terms[:, 0].astype(np.int64)] * terms[:, [1]], row.ravel().astype(np.int64)


def _pairs(frame: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(frame[["supplier_id", "location_id"]])
