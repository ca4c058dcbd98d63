"""From the solved arrays to frames: transfers, orders and positions, each with its reason."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.outputs import POSITION_PLAN, REPLENISHMENT_ORDER, TRANSFER_ORDER
from optimization.network.audit import position_after
from optimization.network.curves import expected_cost
from optimization.network.items import Flags, Moves, Numbers, Places
from optimization.network.values import move_values
from optimization.reasons import first_that_holds

Texts = npt.NDArray[np.object_]


def transfer_orders(
    item_location: pd.DataFrame,
    places: Places,
    moves: Moves,
    moved: Numbers,
    ordered: Numbers,
    transit_days: Numbers,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """Moves with units, as `opt_out__transfer_order`.

    `destination_value` is the cost that this move alone avoids at its end, the larger supplier
    order it makes needless included; `source_value` the cost it causes at its start.
    """
    used = np.flatnonzero(moved > 0)
    chosen, units = moves.take(used), moved[used]
    destination, source_value, cost = move_values(places, moves, moved, ordered)
    items = item_location["item_id"].to_numpy(dtype=object)[chosen.source]
    names = item_location["location_id"].to_numpy(dtype=object)
    start, end = names[chosen.source], names[chosen.target]
    arrives = as_of.to_datetime64() + np.ceil(transit_days[chosen.lane]).astype("timedelta64[D]")
    frame = pd.DataFrame(
        {
            "transfer_order_id": _stable_ids("T", as_of, items, start, end, units),
            "item_id": items,
            "from_location_id": start,
            "to_location_id": end,
            "transfer_units": units,
            "need_date": arrives.astype("datetime64[ns]"),
            "transfer_cost": cost,
            "destination_value": destination,
            "source_value": source_value,
            "net_gain": destination - source_value - cost,
            "reason_code": np.full(len(used), "TRANSFER_PAYS", dtype=object),
            "method": np.full(len(used), "network_model", dtype=object),
            "status": np.full(len(used), "OK", dtype=object),
        }
    )
    return TRANSFER_ORDER.validate(frame.sort_values("transfer_order_id", ignore_index=True))


def replenishment_orders(
    item_location: pd.DataFrame,
    ordered: Numbers,
    topped: Flags,
    solved: Texts,
    lead_time_days: Numbers,
    as_of: pd.Timestamp,
) -> pd.DataFrame:
    """Places with an order, as `opt_out__replenishment_order`; due when the lead time is over.

    `solved` says per place how its order was found (`method`), FALLBACK where the model failed;
    `topped` which were lifted for a minimum of the whole order.
    """
    used = np.flatnonzero(ordered > 0)
    rows = item_location.iloc[used]
    due = as_of.to_datetime64() + np.ceil(lead_time_days[used]).astype("timedelta64[D]")
    failed = solved[used] == "policy_fallback"
    text = {name: rows[name].to_numpy(dtype=object) for name in ("item_id", "location_id", "supplier_id")}
    frame = pd.DataFrame(
        {
            "replenishment_order_id": _stable_ids("R", as_of, *text.values(), ordered[used]),
            **text,
            "replenish_units": ordered[used],
            "need_date": due.astype("datetime64[ns]"),
            "release_date": np.full(len(used), as_of.to_datetime64()).astype("datetime64[ns]"),
            "unit_cost": rows["unit_cost"].to_numpy(np.float64),
            "reason_code": first_that_holds(
                {"SOLVER_NO_SOLUTION": failed, "SUPPLIER_MINIMUM": topped[used]}, "BELOW_REORDER_POINT"
            ),
            "method": solved[used],
            "status": np.where(failed, "FALLBACK", "OK").astype(object),
        }
    )
    return REPLENISHMENT_ORDER.validate(frame.sort_values("replenishment_order_id", ignore_index=True))


def position_plans(
    item_location: pd.DataFrame,
    places: Places,
    moves: Moves,
    moved: Numbers,
    ordered: Numbers,
    topped: Flags,
    solved: Texts,
) -> pd.DataFrame:
    """Every place before and after, as `opt_out__position_plan`, with why it is not at its level."""
    n = len(places)
    after = position_after(places, moves, moved, ordered)
    received = np.bincount(moves.target, weights=moved, minlength=n) > 0
    given = np.bincount(moves.source, weights=moved, minlength=n) > 0
    failed = solved == "policy_fallback"
    reason = first_that_holds(
        {
            "INPUT_IMPLAUSIBLE": ~places.is_planned,
            "SOLVER_NO_SOLUTION": failed,
            "SUPPLIER_MINIMUM": topped,
            "LOT_EXCESS": (ordered > 0) & (after > places.level + 1e-9),
            "ORDERED_TO_POLICY": ordered > 0,
            "COVERED_BY_TRANSFER": (places.need > 0) & received,
            "TOOK_STOCK": received,
            "GAVE_STOCK": given,
        },
        "AT_POLICY",
    )
    frame = pd.DataFrame(
        {
            "item_id": item_location["item_id"],
            "location_id": item_location["location_id"],
            "position_before_units": places.position,
            "position_after_units": after,
            "policy_level_units": places.level,
            "expected_cost_before": expected_cost(places, places.position),
            "expected_cost_after": expected_cost(places, after),
            "reason_code": reason,
            "method": solved,
            "status": first_that_holds({"QUARANTINED": ~places.is_planned, "FALLBACK": failed}, "OK"),
        }
    )
    return POSITION_PLAN.validate(frame)


def _stable_ids(prefix: str, as_of: pd.Timestamp, *columns: npt.NDArray[np.generic]) -> list[str]:
    """An id per row from its content, so that the same decision has the same id in a re-run."""
    day = as_of.date().isoformat()
    return [
        prefix + hashlib.sha256("\x1f".join([day, *map(str, row)]).encode()).hexdigest()[:16]
        for row in zip(*(column.tolist() for column in columns), strict=True)
    ]
