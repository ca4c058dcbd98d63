"""The tracking of made-to-order orders: where each stands, when it comes, and what it was promised.

This module puts the parts together. What was heard is read in `resolving.py`; how long it still takes
is drawn in `lead_times`; promises are kept in `promises.py`, causes found in `standing.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.build_to_order.cancellation import cancel_probabilities
from optimization.build_to_order.lead_times.conformal import Stretch, learn_stretch
from optimization.build_to_order.lead_times.durations import evidence_figures
from optimization.build_to_order.lead_times.pace import at_todays_pace
from optimization.build_to_order.lead_times.past_orders import Passages, dates_of, day_numbers, passages
from optimization.build_to_order.milestones.resolving import MilestoneStates, resolve
from optimization.build_to_order.milestones.template import produced_code
from optimization.build_to_order.tracking.events_set_aside import events_set_aside
from optimization.build_to_order.tracking.forecasts import Forecasts, forecasts
from optimization.build_to_order.tracking.handover_queue import handover_days
from optimization.build_to_order.tracking.promises import Predicted, Promises, promises
from optimization.build_to_order.tracking.standing import Standing, standing_of
from optimization.build_to_order.tracking.steps import order_steps
from optimization.contracts.order_inputs import (
    HANDOVER_CAPACITY,
    MTO_CHANGE_REQUEST,
    MTO_MILESTONE,
    MTO_ORDER,
    QUALITY_EVENT,
)
from optimization.contracts.order_outputs import MTO_ORDER_STATUS, MTO_SLOT_ASSIGNMENT, STAGE_DURATION
from optimization.demand.series import Flags, Numbers
from optimization.order_parameters import LeadTimeParameters
from optimization.reasons import first_that_holds
from optimization.results import Report
from optimization.screening import screened

Texts = npt.NDArray[np.object_]
# So long an order that has ended is still shown with its end.
SHOWN_AFTER_END_DAYS = 30
_WEEK_END_DAYS = 6
CREDIT_STEP = 6


@dataclass(frozen=True)
class TrackInputs:
    """What tracking reads: the marts, the day's slots and durations, and what was promised before.

    `previous_promise` and `previous_status` are null on the first day; of the status only how many orders
    are newly late is told. `mto_change_request` gives a moved
    promise its reason where a change was approved; without it that reason is never given.
    """

    mto_order: pd.DataFrame
    mto_milestone: pd.DataFrame
    milestone_template: pd.DataFrame
    quality_event: pd.DataFrame
    mto_slot_assignment: pd.DataFrame
    stage_duration: pd.DataFrame
    handover_capacity: pd.DataFrame
    previous_promise: pd.DataFrame | None = None
    previous_status: pd.DataFrame | None = None
    mto_change_request: pd.DataFrame | None = None


@dataclass(frozen=True)
class OrderTracking:
    """Tables `opt_out__mto_order_status`, `_step`, `_promise` and `_event_set_aside`, and the report."""

    mto_order_status: pd.DataFrame
    mto_step: pd.DataFrame
    mto_promise: pd.DataFrame
    mto_event_set_aside: pd.DataFrame
    report: Report


def track_orders(inputs: TrackInputs, as_of: pd.Timestamp, parameters: LeadTimeParameters) -> OrderTracking:
    """Judge every open order against the promise that held this morning, and keep the promises.

    Late: the promise has passed, or the expected day (P50) lies after it. At risk: it is missed with a
    probability above `at_risk_probability`, or the prediction says no P90 that it could be held against.
    On track: neither. `delay_days` are counted against the first promise, whatever was promised since.
    Orders that ended in the last 30 days are shown with their end; quotes are shown without a promise.
    Nothing after `as_of` is read; rows of tables of former days that are later are left out. Raises
    `ContractError` when a frame is not of its table.
    """
    orders, aside = screened(inputs.mto_order, MTO_ORDER)
    orders = orders.assign(is_aside=aside)
    states = resolve(MTO_MILESTONE.validate(inputs.mto_milestone), inputs.milestone_template, as_of)
    past = passages(orders, states, as_of)
    today = float(day_numbers(pd.Series([as_of]))[0])
    stretch = learn_stretch(past, today, parameters)

    known = orders.set_index("order_id").reindex(past.order_id).reset_index(names="order_id")
    running = past.is_open_on(today) & (known["order_status"] == "open").to_numpy(dtype=np.bool_)
    waiting, passed = known[running].reset_index(drop=True), past.chosen(running)
    slot = _slots(waiting, inputs.mto_slot_assignment)
    built = produced_code(states.template)
    built_column = _column_of(passed, built)
    unbuilt = passed.stage < built_column
    slot_end = np.where(unbuilt, day_numbers(slot["week_start_date"]) + _WEEK_END_DAYS, np.nan)
    forecast = forecasts(
        at_todays_pace(past, today), passed, stretch, slot_end, built_column, today, parameters
    )

    standing = standing_of(
        waiting,
        passed,
        states,
        STAGE_DURATION.validate(inputs.stage_duration),
        QUALITY_EVENT.validate(inputs.quality_event),
        slot_end < today,
        today,
        (parameters.stuck_quantile, parameters.silent_quantile),
    )
    # What cannot be built is promised nothing, and no promise is moved, before it is repaired.
    unbuildable = unbuilt & slot["reason_code"].eq("NOT_BUILDABLE").to_numpy(dtype=np.bool_)
    handover, earliest = _handovers(waiting, forecast, inputs.handover_capacity, today)
    predicted = Predicted(
        passed.order_id,
        forecast.p50,
        np.where(
            np.isnan(forecast.p90) | unbuildable,
            np.nan,
            np.fmax(np.fmax(forecast.p90, handover), earliest),
        ),
        forecast.basis,
        np.where(waiting["promised_date"].notna(), day_numbers(waiting["promised_date"]), np.nan),
        np.fmax(day_numbers(waiting["confirmed_date"]), day_numbers(waiting["order_date"])),
        {
            "QUALITY_HOLD": standing.is_held,
            "CREDIT_MISSING": standing.lacks_credit,
            "CHANGE_APPROVED": _changed(waiting, inputs, as_of),
            "SLOT_MOVED": slot["is_moved"].eq(True).to_numpy(dtype=np.bool_) & unbuilt,
        },
    )
    made = promises(
        predicted,
        pd.Index(orders["order_id"]),
        inputs.previous_promise,
        today,
        parameters.repromise_days,
    )
    cancel, cancel_figures = cancel_probabilities(
        known, past, running, made.frame, today, parameters, _credit_column(states, past)
    )
    open_rows = _open_status(
        waiting, states, standing, forecast, made, handover, cancel, unbuildable, today, parameters
    )
    closed_rows = _closed_status(orders, known, past, running, states, made.frame, today)
    status = pd.concat([open_rows, closed_rows], ignore_index=True)
    status = status.sort_values("order_id", kind="stable", ignore_index=True)
    blocked = standing.is_held | standing.lacks_credit
    steps = order_steps(passed, states, forecast, blocked, waiting)
    report = Report.of(
        len(inputs.mto_order),
        status,
        open_orders=len(waiting),
        open_orders_with_slot=int((~np.isnan(slot_end)).sum()),
        promises_moved=made.moved_count,
        newly_late=_newly_late(status, inputs.previous_status),
        **evidence_figures(states),
        **_stretch_figures(stretch),
        **cancel_figures,
    )
    return OrderTracking(
        MTO_ORDER_STATUS.validate(status), steps, made.frame, events_set_aside(states), report
    )


def _column_of(passed: Passages, code: str | None) -> int:
    """Stage that the milestone begins; the handover where there is none."""
    return len(passed.codes) - 1 if code is None else int(passed.codes.get_indexer(pd.Index([code]))[0])


def _credit_column(states: MilestoneStates, past: Passages) -> int | None:
    """Stage that an approved credit begins, where the orders tell of it."""
    approvals = states.template[
        states.template["is_progress"] & (states.template["milestone_step"] == CREDIT_STEP)
    ]
    columns = past.codes.get_indexer(pd.Index(approvals["milestone_code"]))
    told = [int(column) for column in columns if (~np.isnan(past.reached[:, column])).any()]
    return told[0] if told else None


def _slots(waiting: pd.DataFrame, mto_slot_assignment: pd.DataFrame) -> pd.DataFrame:
    """Week, whether it was moved and why, of each waiting order; null where it has no slot."""
    slots = MTO_SLOT_ASSIGNMENT.validate(mto_slot_assignment).set_index("order_id")
    return slots[["week_start_date", "is_moved", "reason_code"]].reindex(waiting["order_id"]).reset_index()


def _handovers(
    waiting: pd.DataFrame, forecast: Forecasts, handover_capacity: pd.DataFrame, today: float
) -> tuple[Numbers, Numbers]:
    """Planned day of each handover, and the day before which its place cannot prepare one."""
    places = HANDOVER_CAPACITY.validate(handover_capacity).set_index("location_id")
    known = places.reindex(waiting["location_id"])
    earliest = today + np.ceil(known["preparation_days"].fillna(0.0).to_numpy(np.float64))
    number, names = pd.factorize(waiting["location_id"], sort=True)
    per_place = places["handover_units"].reindex(names).to_numpy(np.float64)
    capacity = np.where(np.isnan(per_place), np.inf, per_place)
    return handover_days(np.ceil(forecast.p50), number.astype(np.int64), capacity), earliest


def _changed(waiting: pd.DataFrame, inputs: TrackInputs, as_of: pd.Timestamp) -> Flags:
    """Orders of which a change was approved since their promise that holds was made."""
    if inputs.mto_change_request is None or inputs.mto_change_request.empty:
        return np.zeros(len(waiting), dtype=np.bool_)
    changes = MTO_CHANGE_REQUEST.validate(inputs.mto_change_request)
    changes = changes[
        (changes["change_status"] == "approved").to_numpy(dtype=np.bool_)
        & (changes["decided_date"] <= as_of).to_numpy(dtype=np.bool_)
    ]
    decided = changes.groupby("order_id")["decided_date"].max().reindex(waiting["order_id"])
    promised = waiting["order_date"]
    if inputs.previous_promise is not None and len(inputs.previous_promise):
        made = inputs.previous_promise.groupby("order_id")["made_date"].max()
        promised = made.reindex(waiting["order_id"]).fillna(promised.set_axis(waiting["order_id"]))
    return np.asarray(day_numbers(decided) >= day_numbers(promised), dtype=np.bool_)


def _open_status(
    waiting: pd.DataFrame,
    states: MilestoneStates,
    standing: Standing,
    forecast: Forecasts,
    made: Promises,
    handover: Numbers,
    cancel: Numbers,
    unbuildable: Flags,
    today: float,
    parameters: LeadTimeParameters,
) -> pd.DataFrame:
    risk = forecast.chance_after(made.held)
    unknown = np.isnan(forecast.p50)
    unpromised = np.isnan(made.held)
    passed_by = made.held < today
    late = passed_by | (forecast.p50 > made.held)
    # A prediction that does not reach the P90 cannot say that the promise is safe.
    unsure = np.isnan(forecast.p90) | unbuildable
    at_risk = (risk > parameters.at_risk_probability) | (unsure & ~unpromised)
    delay_status = first_that_holds(
        {"not_promised": unpromised, "late": late, "at_risk": at_risk}, "on_track"
    )
    blocked = standing.is_held | standing.lacks_credit
    reason = first_that_holds(
        {
            "INPUT_IMPLAUSIBLE": waiting["is_aside"].to_numpy(dtype=np.bool_),
            "QUALITY_HOLD": standing.is_held,
            "CREDIT_MISSING": standing.lacks_credit,
            "NOT_BUILDABLE": unbuildable,
            "PROMISE_PASSED": passed_by,
            "STUCK_IN_STAGE": standing.is_stuck,
            "NOT_HEARD_OF": standing.is_silent,
            "EXPECTED_LATE": late,
            "NO_PREDICTION": unknown | np.isnan(forecast.p90),
            "PROMISE_AT_RISK": at_risk,
        },
        "ON_TRACK",
    )
    first = made.first
    expected = np.where(unknown, today, forecast.p50)
    delay = np.where(np.isnan(first), 0.0, np.maximum(expected - first, 0.0))
    troubled = (delay > 0) | late | at_risk | standing.is_stuck | standing.is_silent | blocked
    frame = _standing_columns(pd.Index(waiting["order_id"]), states)
    return frame.assign(
        delay_status=delay_status,
        is_stuck=standing.is_stuck,
        is_silent=standing.is_silent,
        is_blocked=blocked,
        delay_days=np.nan_to_num(delay),
        reason_code=reason,
        method=forecast.basis,
        status=first_that_holds(
            {"QUARANTINED": waiting["is_aside"].to_numpy(dtype=np.bool_), "FALLBACK": unknown}, "OK"
        ),
        stage_age_days=standing.age,
        stage_limit_days=standing.limit,
        silent_days=standing.silent,
        predicted_p50_date=dates_of(forecast.p50),
        predicted_p90_date=dates_of(forecast.p90),
        first_promise_date=dates_of(first),
        current_promise_date=dates_of(made.current),
        at_risk_probability=risk,
        cancel_probability=cancel,
        delay_cause=pd.Series(standing.cause).where(troubled, None).to_numpy(),
        handover_date=dates_of(handover),
    ).loc[:, list(MTO_ORDER_STATUS.column_names)]


def _standing_columns(order_id: pd.Index, states: MilestoneStates) -> pd.DataFrame:
    names = ["milestone_code", "milestone_number", "milestone_step", "reached_at"]
    return states.standing.set_index("order_id")[names].reindex(order_id).reset_index(names="order_id")


def _closed_status(
    orders: pd.DataFrame,
    known: pd.DataFrame,
    past: Passages,
    running: Flags,
    states: MilestoneStates,
    mto_promise: pd.DataFrame,
    today: float,
) -> pd.DataFrame:
    """Orders that ended lately, and quotes."""
    handed_over = ~np.isnan(past.delivered)
    ended = ~running & (past.end >= today - SHOWN_AFTER_END_DAYS)
    closed = known.assign(delivered=past.delivered, is_delivered=handed_over)[ended]
    quotes = orders[(orders["order_status"] == "quoted").to_numpy(dtype=np.bool_)]
    quotes = quotes[day_numbers(quotes["order_date"]) <= today].assign(delivered=np.nan, is_delivered=False)
    shown = pd.concat([closed, quotes], ignore_index=True) if len(quotes) else closed
    by_number = mto_promise.sort_values(["order_id", "promise_number"], kind="stable")
    days = by_number.groupby("order_id")["promise_p90_date"]
    first = days.first().reindex(shown["order_id"])
    delivered = shown["is_delivered"].to_numpy(dtype=np.bool_)
    quoted = (shown["order_status"] == "quoted").to_numpy(dtype=np.bool_)
    delay = np.fmax(shown["delivered"].to_numpy(np.float64) - day_numbers(first), 0.0)
    nothing = pd.Series(pd.NaT, index=range(len(shown)), dtype="datetime64[ns]")
    return (
        _standing_columns(pd.Index(shown["order_id"]), states)
        .assign(
            delay_status=first_that_holds({"not_promised": quoted, "delivered": delivered}, "cancelled"),
            is_stuck=False,
            is_silent=False,
            is_blocked=False,
            delay_days=np.nan_to_num(np.where(delivered, delay, 0.0)),
            reason_code=first_that_holds(
                {"NOT_ORDERED_YET": quoted, "ORDER_DELIVERED": delivered}, "ORDER_CANCELLED"
            ),
            method="none",
            status="OK",
            stage_age_days=np.nan,
            stage_limit_days=np.nan,
            silent_days=np.nan,
            predicted_p50_date=nothing,
            predicted_p90_date=nothing,
            first_promise_date=first.to_numpy(),
            current_promise_date=days.last().reindex(shown["order_id"]).to_numpy(),
            at_risk_probability=np.nan,
            cancel_probability=np.nan,
            delay_cause=None,
            handover_date=dates_of(shown["delivered"].to_numpy(np.float64)),
        )
        .loc[:, list(MTO_ORDER_STATUS.column_names)]
    )


def _newly_late(status: pd.DataFrame, previous_status: pd.DataFrame | None) -> int:
    """Orders that are late today and were not the release before."""
    late = status.loc[(status["delay_status"] == "late").to_numpy(dtype=np.bool_), "order_id"]
    if previous_status is None:
        return len(late)
    were = previous_status.loc[
        (previous_status["delay_status"] == "late").to_numpy(dtype=np.bool_), "order_id"
    ]
    return int((~late.isin(were)).sum())


def _stretch_figures(stretch: Stretch) -> dict[str, int | float]:
    """How many past predictions were judged, how many were kept, and how far they are stretched."""
    if not stretch.score_count.sum():
        return {"judged_predictions": 0}
    return {
        "judged_predictions": int(stretch.score_count.sum()),
        "judged_kept_share": round(stretch.coverage, 4),
        "median_stretch_expected": round(float(np.median(stretch.factor[:-1, 0])), 4),
        "median_stretch_promised": round(float(np.median(stretch.factor[:-1, 1])), 4),
    }
