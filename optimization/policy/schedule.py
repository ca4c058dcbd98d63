"""Dated levels around promotions and season: where the weeks ahead differ from today's interval.

The policy's own levels hold unless a row here says otherwise for its dates; rows of one item-location
never overlap. Levels are computed anew each cycle from the forecast's path.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION
from optimization.contracts.outputs import FORECAST, POLICY, POLICY_SCHEDULE, PROTECTION_DEMAND
from optimization.keys import Integers, positions, sorted_by_key
from optimization.lifecycle import is_closed
from optimization.parameters import PolicyParameters
from optimization.policy.final_orders import is_last_review
from optimization.policy.order_up_to import order_up_to_level
from optimization.policy.position_losses import ReviewedDemand
from optimization.policy.service_levels import Target, reorder_points
from optimization.reasons import first_that_holds
from optimization.results import Report
from optimization.screening import screened

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
DAYS_PER_WEEK = 7


def plan_schedule(
    item_location: pd.DataFrame,
    forecast: pd.DataFrame,
    protection_demand: pd.DataFrame,
    policy: pd.DataFrame,
    parameters: PolicyParameters | None = None,
) -> tuple[pd.DataFrame, Report]:
    """Levels of the coming weeks where they leave the policy's; returns `opt_out__policy_schedule`.

    For an order placed t weeks ahead the interval starts then: μ_t = Σ forecast over t … t + P, at the
    interval's variance-to-mean ratio. A week is scheduled when both μ_t differs from μ_0 and the level
    from the policy's calculation of today by more than the dead band. Its levels are s_t by the policy's
    own rule at its order quantity, and S_t = s_t + Q. A level is held until a week leaves it by more
    than the dead band, and the weeks of one level are one row. Reason: PLAN_APPLIED under an approved
    plan, PROMOTION where dated events and drivers make most of the difference, SEASON otherwise.
    Item-locations past their life, before a final buy or set aside are left out. Raises `ContractError`
    when a frame is not of its table.
    """
    parameters = parameters or PolicyParameters()
    item_location, poisoned = screened(sorted_by_key(item_location), ITEM_LOCATION)
    policy = POLICY.validate(policy)
    policy = policy.iloc[positions(item_location, policy)]
    demand = PROTECTION_DEMAND.validate(protection_demand)
    demand = demand.iloc[positions(item_location, demand)]
    open_rows = ~(poisoned | is_closed(item_location) | is_last_review(item_location))

    base, uplift, has_plan = _paths(item_location, FORECAST.validate(forecast))
    days = demand["protection_days"].to_numpy(np.float64)
    mean = _windows(base + uplift, days)
    of_events = _windows(uplift, days)
    now = mean[:, :1]
    moved = np.abs(mean - now)
    is_far = moved > np.maximum(parameters.dead_band_units, parameters.dead_band_share * now)
    is_far &= open_rows[:, None]
    row, week = np.nonzero(is_far)

    vmr = np.ones(len(days))
    variance = demand["variance_units2"].to_numpy(np.float64)
    asked = demand["mean_units"].to_numpy(np.float64)
    np.divide(variance, asked, out=vmr, where=asked > 0)
    lead = np.clip(demand["lead_time_days"].to_numpy(np.float64) / days, 0.0, 1.0)
    # The policy's own interval may hold what the weekly path does not (a sensed today), so that the
    # path's change is put on the policy's mean.
    ahead = np.where(now > 0, asked[:, None] * mean / np.where(now > 0, now, 1.0), mean)[row, week]
    reviewed = ReviewedDemand.of(ahead, ahead * vmr[row], lead[row])
    metric = np.where(policy["method"] == "budget_marginal", "cycle", policy["service_metric"])
    target = Target(
        policy["planned_service"].to_numpy(np.float64)[row],
        metric.astype(object)[row],
        (policy["stockout_behaviour"] == "lost").to_numpy()[row],
    )
    quantity = policy["order_quantity_units"].to_numpy(np.float64)[row]
    display = item_location["display_min_units"].to_numpy(np.float64)[row]
    point = reorder_points(target, quantity, reviewed)
    level = np.where(point < 0, display, order_up_to_level(point, quantity, display))
    point = np.maximum(np.maximum(point, 0.0), np.minimum(display, level) - 1.0)
    today = policy["proposed_order_up_to_units"].to_numpy(np.float64)[row]
    step = np.abs(level - today)
    keep = step > np.maximum(parameters.dead_band_units, parameters.dead_band_share * today)
    row, week, point, level = row[keep], week[keep], point[keep], level[keep]
    held = _held(row, week, level, parameters)
    point, level = point[held], level[held]

    by_events = np.abs(of_events - of_events[:, :1])[row, week] * 2.0 >= moved[row, week]
    rows = pd.DataFrame(
        {
            "row": row,
            "week": week,
            "reorder_point_units": point,
            "order_up_to_units": level,
            "reason_code": first_that_holds(
                {"PLAN_APPLIED": has_plan[row], "PROMOTION": by_events}, "SEASON"
            )[held],
        }
    )
    frame = _dated(rows, item_location)
    return POLICY_SCHEDULE.validate(frame), Report.of(len(item_location), frame)


def _paths(item_location: pd.DataFrame, forecast: pd.DataFrame) -> tuple[Numbers, Numbers, Flags]:
    """Base demand and what events put on it, per item-location and week ahead; who has a plan.

    A plan is base. Where it ends within the horizon its last week is repeated: that planners stopped
    writing is no season.
    """
    n, horizon = len(item_location), int(forecast["horizon_weeks"].max()) if len(forecast) else 1
    base, uplift, planned = np.zeros((n, horizon)), np.zeros((n, horizon)), np.zeros((n, horizon), np.bool_)
    row = positions(forecast, item_location)
    known = row >= 0
    at = row[known], forecast["horizon_weeks"].to_numpy(np.int64)[known] - 1
    planned[at] = forecast["plan_units"].notna().to_numpy()[known]
    uplift[at] = forecast["uplift_units"].to_numpy(np.float64)[known]
    base[at] = forecast["mean_units"].to_numpy(np.float64)[known] - uplift[at]
    base[planned] += uplift[planned]
    uplift[planned] = 0.0
    has_plan: Flags = np.asarray(planned.any(axis=1))
    end = horizon - 1 - np.argmax(planned[:, ::-1], axis=1)
    after = has_plan[:, None] & (np.arange(horizon)[None, :] > end[:, None])
    base = np.where(after, base[np.arange(n), end][:, None], base)
    return base, np.where(after, 0.0, uplift), has_plan


def _windows(weekly: Numbers, days: Numbers) -> Numbers:
    """Demand of `days` days from the start of each week ahead; weeks beyond the horizon repeat its last.

    >>> _windows(np.array([[7.0, 14.0, 0.0]]), np.array([10.0])).tolist()
    [[13.0, 14.0, 0.0]]
    """
    horizon = weekly.shape[1]
    cumulative = np.concatenate([np.zeros((len(weekly), 1)), np.cumsum(weekly, axis=1)], axis=1)
    start = np.arange(horizon)[None, :]
    end = start + days[:, None] / DAYS_PER_WEEK
    whole = np.minimum(np.floor(end), horizon).astype(np.int64)
    rows = np.arange(len(weekly))[:, None]
    part = weekly[rows, np.minimum(whole, horizon - 1)] * (end - whole)
    return np.asarray(cumulative[rows, whole] + part - cumulative[:, :-1])


def _held(row: Integers, week: Integers, level: Numbers, parameters: PolicyParameters) -> Integers:
    """Entry whose level each entry takes over: its own, or an earlier neighbour's within the dead band.

    Entries are sorted by row and week.

    >>> row, week = np.zeros(4, dtype=np.int64), np.array([2, 3, 4, 6])
    >>> _held(row, week, np.array([50.0, 53.0, 58.0, 58.0]), PolicyParameters()).tolist()
    [0, 0, 2, 3]
    """
    taken = np.arange(len(row))
    follows = np.flatnonzero((np.diff(row) == 0) & (np.diff(week) == 1)) + 1
    for at in range(1, int(week.max(initial=0)) + 1):
        here = follows[week[follows] == at]
        before = taken[here - 1]
        band = np.maximum(parameters.dead_band_units, parameters.dead_band_share * level[before])
        taken[here] = np.where(np.abs(level[here] - level[before]) <= band, before, here)
    return taken


def _dated(rows: pd.DataFrame, item_location: pd.DataFrame) -> pd.DataFrame:
    """One row per run of neighbouring weeks with equal levels, with its dates."""
    rows = rows.sort_values(["row", "week"], ignore_index=True)
    same = ["row", "reorder_point_units", "order_up_to_units", "reason_code"]
    starts = (rows[same] != rows[same].shift()).any(axis=1) | (rows["week"] != rows["week"].shift() + 1)
    first = rows[starts.to_numpy()]
    ends = np.append(np.flatnonzero(starts)[1:], len(rows))[: len(first)] - 1
    last_week = rows["week"].to_numpy()[ends]
    place = item_location.iloc[first["row"].to_numpy()]
    as_of = place["as_of"].to_numpy()
    one_day = np.timedelta64(1, "D")
    begin = as_of + one_day + first["week"].to_numpy() * DAYS_PER_WEEK * one_day
    until = as_of + (last_week + 1) * DAYS_PER_WEEK * one_day
    return pd.DataFrame(
        {
            "item_id": place["item_id"].to_numpy(),
            "location_id": place["location_id"].to_numpy(),
            "effective_from": pd.Series(begin, dtype="datetime64[ns]"),
            "effective_to": pd.Series(until, dtype="datetime64[ns]"),
            "reorder_point_units": first["reorder_point_units"].to_numpy(np.float64),
            "order_up_to_units": first["order_up_to_units"].to_numpy(np.float64),
            "reason_code": first["reason_code"].to_numpy(dtype=object),
            "method": "levels_of_the_path",
            "status": "OK",
        }
    )
