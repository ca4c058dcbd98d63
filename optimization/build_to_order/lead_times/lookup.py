"""Reading `opt_out__stage_duration`: the narrowest group that has the wanted quantiles."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.build_to_order.lead_times.pools import POOL_LEVELS, pool_keys
from optimization.demand.series import Numbers

Texts = npt.NDArray[np.object_]
STAGE, TO_DELIVERY = "stage", "to_delivery"


def remaining_days(stage_duration: pd.DataFrame, orders: pd.DataFrame, milestone_code: str) -> pd.DataFrame:
    """Days from `milestone_code` to the handover, per order: `order_id`, `p50_days`, `p90_days`.

    `orders` has `order_id`, `plant_id` (may be null), `model`, `lead_time_class`; the rows keep its
    order. Each order reads the narrowest of its groups that has both quantiles; NaN where none has.
    """
    days = pooled_days(
        stage_duration,
        orders,
        np.full(len(orders), milestone_code, dtype=object),
        TO_DELIVERY,
        ("duration_p50_days", "duration_p90_days"),
    )
    return pd.DataFrame({"order_id": orders["order_id"], "p50_days": days[:, 0], "p90_days": days[:, 1]})


def pooled_days(
    stage_duration: pd.DataFrame,
    orders: pd.DataFrame,
    milestone_code: Texts,
    scope: str,
    columns: tuple[str, ...],
) -> Numbers:
    """Quantiles (n, len(columns)) of each order's narrowest group that has all of them, else NaN.

    `milestone_code` (n,) is the milestone that each order is asked about; `scope` is `stage` or
    `to_delivery`.
    """
    days = np.full((len(orders), len(columns)), np.nan)
    known = stage_duration[(stage_duration["scope"] == scope).to_numpy(dtype=np.bool_)]
    known = known[known[list(columns)].notna().all(axis=1).to_numpy(dtype=np.bool_)]
    keys = pool_keys(orders)
    for level in POOL_LEVELS:
        rows = known[(known["pool_level"] == level).to_numpy(dtype=np.bool_)]
        index = pd.MultiIndex.from_frame(rows[["pool_key", "milestone_code"]])
        wanted = pd.MultiIndex.from_arrays([keys[level].to_numpy(dtype=object), milestone_code])
        row = index.get_indexer(wanted)
        take = (row >= 0) & np.isnan(days[:, 0])
        days[take] = rows[list(columns)].to_numpy(np.float64)[row[take]]
    return days
