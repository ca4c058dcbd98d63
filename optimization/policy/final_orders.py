"""Which item-locations stand before their last order, and how much that order must cover."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.demand.distributions import vmr_of
from optimization.keys import positions
from optimization.policy.final_buy import final_buy_level, remaining_demand
from optimization.policy.order_quantity import DAYS_PER_YEAR
from optimization.policy.position_losses import ReviewedDemand

Numbers = npt.NDArray[np.float64]
DAYS_OF_52_WEEKS = 364


def is_last_review(item_location: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Whether the next review comes after the last day on which the item can be ordered.

    >>> frame = pd.DataFrame({"as_of": pd.Timestamp("2024-01-01"), "review_days": [7, 7],
    ...     "last_order_date": pd.to_datetime(["2024-01-05", "2024-02-01"])})
    >>> is_last_review(frame).tolist()
    [True, False]
    """
    left = (item_location["last_order_date"] - item_location["as_of"]).dt.days.to_numpy(np.float64)
    return np.asarray((left >= 0) & (left < item_location["review_days"].to_numpy(np.float64)))


def levels(
    demand: ReviewedDemand,
    terms: Mapping[str, Numbers],
    life_days: Numbers,
    decay: Numbers,
    service_years: Numbers,
    salvage_share: Numbers,
) -> Numbers:
    """Order-up-to level of the last order, units: the final-buy rule on the years of service left.

    Demand goes on for `service_years` and falls by e^(−δ) a year (`decay`); `life_days` (∞: keeps) ends
    it sooner. Its variance-to-mean ratio is that of the protection interval. A unit missing costs the
    shortage cost, a unit left over its cost less salvage plus half the life's holding. `terms` has
    `review_days`, `unit_cost`, `holding_rate`, `shortage_cost` and `display_min_units`.
    """
    years = np.minimum(service_years, life_days / DAYS_PER_YEAR)
    per_year = demand.review_mean / terms["review_days"] * DAYS_PER_YEAR
    mean = remaining_demand(per_year, years, decay)
    variance = mean * vmr_of(demand.mean, demand.variance)
    held = terms["holding_rate"] * years / 2.0
    over = terms["unit_cost"] * np.maximum(1.0 - salvage_share + held, 0.0)
    level = final_buy_level(mean, variance, terms["shortage_cost"], over)
    return np.asarray(np.maximum(level, terms["display_min_units"]))


def yearly_totals(item_location: pd.DataFrame, demand_history: pd.DataFrame) -> Numbers:
    """Demand per 52 complete weeks before the business date, oldest year first, units.

    Years before the first week of the whole history are left out.

    >>> place = pd.DataFrame({"item_id": ["a"], "location_id": ["l"], "as_of": pd.Timestamp("2024-01-01")})
    >>> history = pd.DataFrame({"item_id": "a", "location_id": "l", "demand_units": [5.0, 3.0],
    ...     "bucket_start_date": pd.to_datetime(["2022-01-03", "2023-12-01"])})
    >>> yearly_totals(place, history).tolist()
    [[5.0, 3.0]]
    """
    back = (item_location["as_of"].iloc[0] - demand_history["bucket_start_date"]).dt.days.to_numpy(np.int64)
    year = np.maximum(back - 1, 0) // DAYS_OF_52_WEEKS
    row = positions(demand_history, item_location)
    known = (row >= 0) & (back > 0)
    count = max(int((back.max(initial=1) + 6) // DAYS_OF_52_WEEKS), 1)
    known &= year < count
    totals = np.zeros((len(item_location), count))
    units = demand_history["demand_units"].to_numpy(np.float64)[known]
    np.add.at(totals, (row[known], count - 1 - year[known]), units)
    return totals
