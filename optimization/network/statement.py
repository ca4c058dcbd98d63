"""From frames to the arrays of the network problem: what may be given, what is needed, what it costs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.keys import Integers, positions
from optimization.lifecycle import is_closed
from optimization.lots import line_terms
from optimization.network.items import Places

DAYS_PER_YEAR = 365.0
HIGHEST_TARGET = 0.9999


def places_of(
    item_location: pd.DataFrame,
    policy: pd.DataFrame,
    protection_demand: pd.DataFrame,
    poisoned: npt.NDArray[np.bool_],
) -> Places:
    """State every row of `item_location` (sorted by key) as a place of the network problem.

    Holding counts for one protection interval. A unit short costs `shortage_cost`, or, where that
    is 0, what makes the service target the best choice: b = h·α/(1−α). A donor keeps the 80 %
    quantile of its own protection demand and its display minimum, and gives only what lies there
    unreserved. Raises `KeyError` when policy or protection demand lack an item-location.
    """
    set_policy = policy.iloc[_rows(item_location, policy, "opt_out__policy")]
    demand = protection_demand.iloc[_rows(item_location, protection_demand, "opt_out__protection_demand")]
    days, lead = (demand[name].to_numpy(np.float64) for name in ("protection_days", "lead_time_days"))
    mean, variance = (demand[name].to_numpy(np.float64) for name in ("mean_units", "variance_units2"))
    own = {name: item_location[name].to_numpy(np.float64) for name in _OWN}
    holding = own["unit_cost"] * own["holding_rate"] * days / DAYS_PER_YEAR
    target = np.minimum(own["service_target"], HIGHEST_TARGET)
    shortage = np.where(own["shortage_cost"] > 0, own["shortage_cost"], holding * target / (1.0 - target))
    position = own["inventory_position_units"]
    kept = np.maximum(demand["q80_units"].to_numpy(np.float64), own["display_min_units"])
    free = own["on_hand_units"] - own["reserved_units"] - own["backorder_units"]
    planned = ~poisoned & (set_policy["status"] != "QUARANTINED").to_numpy()
    near = np.clip(lead / days, 0.0, 1.0)
    closed = is_closed(item_location)
    point, level = (
        set_policy[name].to_numpy(np.float64) for name in ("reorder_point_units", "order_up_to_units")
    )
    moq, lot = line_terms(item_location)
    # Whoever is about to order gives nothing away.
    is_giver = planned & (closed | (position > point) | (position >= level))
    return Places(
        item=pd.factorize(item_location["item_id"])[0].astype(np.int64),
        position=position,
        spare=np.where(is_giver, np.floor(np.maximum(np.minimum(free, position - kept), 0.0) + 1e-9), 0.0),
        mean=mean,
        variance=variance,
        near_mean=mean * near,
        near_variance=variance * near,
        holding_cost=holding,
        shortage_cost=shortage,
        reorder_point=np.where(closed, -1e15, point),
        level=level,
        moq=moq,
        lot=lot,
        is_planned=planned,
    )


_OWN = (
    "unit_cost",
    "holding_rate",
    "service_target",
    "shortage_cost",
    "inventory_position_units",
    "on_hand_units",
    "reserved_units",
    "backorder_units",
    "display_min_units",
)


def _rows(item_location: pd.DataFrame, frame: pd.DataFrame, name: str) -> Integers:
    row = positions(item_location, frame)
    if (row < 0).any():
        first = item_location.iloc[int(np.flatnonzero(row < 0)[0])]
        raise KeyError(
            f"{name} lacks item {first['item_id']!r} at {first['location_id']!r}; "
            "compute it from the same opt_in__item_location"
        )
    return row
