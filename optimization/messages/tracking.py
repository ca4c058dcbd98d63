"""What a customer may see of an order: step, dates and plain words; nothing of the person or the dealer.

A delay is told when the order is late. A risk of one is for planners, in `opt_out__mto_order_status`:
of orders at risk nearly all come in time.
"""

from __future__ import annotations

import pandas as pd

from optimization.contracts.order_outputs import ORDER_TRACKING
from optimization.contracts.rows import frame_of, records_of
from optimization.messages.identity import tracking_id
from optimization.messages.inputs import Row, by_key

# What a customer is told of an order that nothing has been heard of yet.
_FIRST_STEP = {"quoted": 4, "open": 5}


def order_tracking(
    mto_order: pd.DataFrame, mto_order_status: pd.DataFrame, milestone_template: pd.DataFrame, key: str
) -> pd.DataFrame:
    """Return `opt_out__order_tracking`, one row per row of `mto_order_status`; `key` as `tracking_id`."""
    orders = by_key(mto_order, "order_id")
    names = by_key(milestone_template, "milestone_code")
    first_of_step = {
        row["milestone_step"]: row for row in reversed(records_of(_in_order(milestone_template)))
    }
    rows = []
    for standing in records_of(mto_order_status):
        order = orders.get(standing["order_id"])
        if order is None:
            continue
        milestone = names.get(standing["milestone_code"])
        if milestone is None:
            step = standing["milestone_step"] or _FIRST_STEP.get(order["order_status"], 5)
            milestone = first_of_step.get(step, {"milestone_step": step, "milestone_name": f"Step {step}"})
        rows.append(
            {
                "tracking_id": tracking_id(standing["order_id"], key),
                "milestone_step": milestone["milestone_step"],
                "milestone_name": milestone["milestone_name"],
                "delay_status": _told(standing["delay_status"]),
                "message": _words(standing, milestone["milestone_name"]),
                "model": order["model"],
            }
            | {
                name: standing[name]
                for name in ("reached_at", "current_promise_date", "predicted_p50_date", "handover_date")
            }
        )
    return frame_of(ORDER_TRACKING, sorted(rows, key=lambda row: row["tracking_id"]))


def _in_order(milestone_template: pd.DataFrame) -> pd.DataFrame:
    progress = milestone_template[milestone_template["is_progress"].to_numpy(dtype=bool)]
    return progress.sort_values(["milestone_number", "milestone_code"], kind="stable")


def _told(delay_status: str) -> str:
    """The delay status that a customer reads.

    >>> [_told(one) for one in ("at_risk", "late", "delivered")]
    ['on_track', 'late', 'delivered']
    """
    return "on_track" if delay_status == "at_risk" else delay_status


def _words(standing: Row, step: str) -> str:
    status = standing["delay_status"]
    if status == "delivered":
        return "Your vehicle has been handed over"
    if status == "cancelled":
        return "The order is cancelled"
    if standing["handover_date"] is not None:
        return f"{step}. The handover is planned for {standing['handover_date']:%Y-%m-%d}"
    promise = standing["current_promise_date"]
    if promise is None:
        return f"{step}. There is no delivery date yet"
    coming = "It will be later than" if status == "late" else "It will be there by"
    return f"{step}. {coming} {promise:%Y-%m-%d}"
