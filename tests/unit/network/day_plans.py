"""The day's network plan on one item at L1 … Ln, from frames to frames, for tests of the whole call."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from optimization.network.planning import NetworkInputs, NetworkPlan, UserRows, plan_network
from optimization.parameters import NetworkParameters
from optimization.policy.planning import plan_policies
from tests.science_frames import (
    AS_OF,
    item_location,
    lane,
    location_limit,
    protection,
    recent_transfer,
    segment,
    segment_demand,
)

BOTH_WAYS = [("L1", "L2"), ("L2", "L1")]


def day_inputs(
    mean: list[float],
    *,
    lanes: pd.DataFrame | None = None,
    limits: pd.DataFrame | None = None,
    recent: pd.DataFrame | None = None,
    supply: list[tuple[str, float, int]] | None = None,
    **columns: Any,
) -> NetworkInputs:
    """Inputs with the policy that suits them; `supply` is (location, units, days from now).

    Supply counts in the position of the source whenever it comes.
    """
    lines = supply or []
    names = [f"L{number}" for number in range(1, len(mean) + 1)]
    due = [sum((units for where, units, _ in lines if where == name), 0.0) for name in names]
    items = item_location(len(mean), **({"on_order_units": np.array(due)} | columns))
    demand = protection(items, mean)
    policy, _ = plan_policies(items, demand, None)
    return NetworkInputs(
        item_location=items,
        policy=policy,
        protection_demand=demand,
        open_supply=open_supply(lines),
        lane=lane(BOTH_WAYS) if lanes is None else lanes,
        location_limit=location_limit([]) if limits is None else limits,
        recent_transfer=recent_transfer([]) if recent is None else recent,
        segment=segment([]),
        segment_demand=segment_demand([]),
        unit=no_units(),
    )


def day_plan(
    mean: list[float],
    *,
    parameters: NetworkParameters | None = None,
    user_rows: UserRows | None = None,
    **stated: Any,
) -> NetworkPlan:
    """`plan_network` of `day_inputs`."""
    return plan_network(day_inputs(mean, **stated), AS_OF, parameters, user_rows=user_rows)


def open_supply(lines: list[tuple[str, float, int]]) -> pd.DataFrame:
    """Counted open supply of I1 from (location, units, days from now)."""
    return pd.DataFrame(
        {
            "item_id": ["I1"] * len(lines),
            "location_id": [line[0] for line in lines],
            "open_units": np.array([line[1] for line in lines], dtype=float),
            "expected_p50_date": pd.Series(
                [AS_OF + pd.Timedelta(days=line[2]) for line in lines], dtype="datetime64[ns]"
            ),
            "is_counted": np.ones(len(lines), dtype=bool),
        }
    )


def no_units() -> pd.DataFrame:
    """`opt_in__unit` where nothing is counted one by one."""
    text = ("unit_id", "item_id", "location_id")
    dates = ("received_date", "network_received_date")
    whole = ("age_days", "model_year")
    return pd.DataFrame(
        {
            **{name: pd.Series([], dtype=object) for name in text},
            "is_movable": pd.Series([], dtype=bool),
            **{name: pd.Series([], dtype="datetime64[ns]") for name in dates},
            **{name: pd.Series([], dtype="Int64") for name in whole},
        }
    )
