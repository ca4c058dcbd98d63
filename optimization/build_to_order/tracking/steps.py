"""The table of steps: every milestone of every open order, reached, current or still to come."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.build_to_order.lead_times.past_orders import Passages, dates_of, day_numbers
from optimization.build_to_order.milestones.resolving import MilestoneStates
from optimization.build_to_order.tracking.forecasts import Forecasts
from optimization.contracts.order_outputs import MTO_STEP
from optimization.demand.series import Flags, Numbers
from optimization.reasons import first_that_holds


def order_steps(
    waiting: Passages, states: MilestoneStates, forecast: Forecasts, blocked: Flags, orders: pd.DataFrame
) -> pd.DataFrame:
    """Return `opt_out__mto_step`: a row per order of `waiting` and progress milestone.

    The highest milestone reached is `current`, lower ones are `reached`, or `skipped` where nothing was
    heard of them; the next one is `blocked` where something holds the order, all others are `expected`.
    The planned day is the source's own, else the days that the map plans, counted from the order's day.
    """
    template = states.template
    progress = template[template["is_progress"].to_numpy(dtype=np.bool_)].reset_index(drop=True)
    n, m = len(waiting.order_id), len(progress)
    order = np.repeat(waiting.order_id.to_numpy(dtype=object), m)
    code = np.tile(progress["milestone_code"].to_numpy(dtype=object), n)
    told = states.reached.set_index(["order_id", "milestone_code"])[
        ["reached_at", "planned_date", "event_id"]
    ]
    told = told.reindex(pd.MultiIndex.from_arrays([order, code])).reset_index(drop=True)
    # Column 0 of the passages is the day of the order, which is no milestone.
    column = np.tile(np.arange(1, m + 1), n)
    stage = np.repeat(waiting.stage, m)
    planned = np.where(
        told["planned_date"].notna(), day_numbers(told["planned_date"]), _planned(progress, orders)
    )
    state = first_that_holds(
        {
            "current": column == stage,
            "skipped": (column < stage) & told["reached_at"].isna().to_numpy(dtype=np.bool_),
            "reached": column < stage,
            "blocked": (column == stage + 1) & np.repeat(blocked, m),
        },
        "expected",
    )
    frame = pd.DataFrame(
        {
            "order_id": order,
            "milestone_code": code,
            "milestone_number": np.tile(progress["milestone_number"].to_numpy(np.int64), n),
            "milestone_step": np.tile(progress["milestone_step"].to_numpy(np.int64), n),
            "milestone_state": state,
            "milestone_name": np.tile(progress["milestone_name"].to_numpy(dtype=object), n),
            "planned_date": dates_of(planned),
            "reached_at": told["reached_at"],
            "predicted_p50_date": dates_of(forecast.milestone_p50[:, 1:].ravel()),
            "predicted_p90_date": dates_of(forecast.milestone_p90[:, 1:].ravel()),
            "event_id": told["event_id"],
        }
    )
    return MTO_STEP.validate(frame)


def _planned(progress: pd.DataFrame, orders: pd.DataFrame) -> Numbers:
    """Days that the map plans, added up from the day of the order; NaN from the first that it leaves open."""
    upto = np.cumsum(progress["planned_days"].to_numpy(np.float64))
    days: Numbers = (day_numbers(orders["order_date"])[:, None] + upto[None, :]).ravel()
    return days
