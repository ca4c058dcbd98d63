"""Tracking of open orders: promises kept for ever, statuses, causes, slots, the queue of handovers."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.build_to_order.cancellation import fit_logistic
from optimization.build_to_order.lead_times.durations import stage_durations
from optimization.build_to_order.tracking.handover_queue import handover_days
from optimization.build_to_order.tracking.planning import OrderTracking, TrackInputs, track_orders
from optimization.contracts.order_inputs import (
    HANDOVER_CAPACITY,
    MILESTONE_TEMPLATE,
    MTO_CHANGE_REQUEST,
    MTO_MILESTONE,
    MTO_ORDER,
    QUALITY_EVENT,
)
from optimization.contracts.order_outputs import MTO_PROMISE, MTO_SLOT_ASSIGNMENT, STAGE_DURATION
from optimization.order_parameters import LeadTimeParameters
from tests.order_histories import FIRST_DAY, NO_CAPACITY, NO_QUALITY_EVENT, NO_SLOT, frame_of, history

DAY = FIRST_DAY + pd.Timedelta(weeks=45)
# Few past weeks are judged, so that a test takes little time.
GIVEN = LeadTimeParameters(conformal_orders=30, conformal_least=20, sampled_orders=100)


@cache
def _inputs() -> TrackInputs:
    known = history(50, 12, seed=5).known_at(DAY)
    template = frame_of(MILESTONE_TEMPLATE)
    durations, _ = stage_durations(known.order, known.milestone, template, DAY, GIVEN)
    return TrackInputs(
        known.order, known.milestone, template, NO_QUALITY_EVENT, NO_SLOT, durations, NO_CAPACITY
    )


@cache
def _tracked() -> OrderTracking:
    return track_orders(_inputs(), DAY, GIVEN)


def _open(result: OrderTracking) -> pd.DataFrame:
    ended = result.mto_order_status["delay_status"].isin(["delivered", "cancelled"])
    return result.mto_order_status[~ended].set_index("order_id")


def _promised(days: int, number: int = 1, order: str | None = None, **columns: Any) -> pd.DataFrame:
    """Former promises of all open orders, or of one, so many days after the P90 of today."""
    status = _open(_tracked())
    status = status if order is None else status.loc[[order]]
    day = status["predicted_p90_date"] + pd.Timedelta(days=days)
    values: dict[str, Any] = {
        "order_id": status.index.to_numpy(dtype=object),
        "promise_number": number,
        "made_date": DAY - pd.Timedelta(days=10),
        "promise_p50_date": day.reset_index(drop=True),
        "promise_p90_date": day.reset_index(drop=True),
        "promise_basis": "milestones",
        "reason_code": "FIRST_PROMISE",
        "method": "whole_orders",
        "status": "OK",
    }
    return frame_of(MTO_PROMISE, **values | columns)


def test_every_open_order_gets_a_first_promise_and_stands_to_it() -> None:
    status, promise = _open(_tracked()), _tracked().mto_promise
    assert set(promise["order_id"]) == set(status.index)
    assert (promise["promise_number"] == 1).all()
    assert (promise["reason_code"] == "FIRST_PROMISE").all()
    assert (status["delay_status"] == "on_track").all()
    assert (status["predicted_p50_date"] <= status["predicted_p90_date"]).all()
    assert (status["predicted_p50_date"] > DAY).all()
    assert (status["at_risk_probability"] <= 0.1).all()


def test_the_first_promise_stays_and_a_late_order_is_promised_anew_with_its_reason() -> None:
    result = track_orders(replace(_inputs(), previous_promise=_promised(-60)), DAY, GIVEN)
    status = _open(result)
    first = _promised(-60).set_index("order_id")["promise_p90_date"]
    assert (status["first_promise_date"] == first.reindex(status.index)).all()
    late = status[status["delay_status"] == "late"]
    assert len(late) > 10
    moved = result.mto_promise[result.mto_promise["promise_number"] == 2].set_index("order_id")
    assert set(moved["reason_code"]) == {"LATE_STAGE"}
    assert (moved["promise_p90_date"] > first.reindex(moved.index)).all()
    assert (late["delay_days"] > 0).all()
    days_after = (status["predicted_p50_date"] - first.reindex(status.index)).dt.days
    assert set(moved.index) == set(status.index[days_after > GIVEN.repromise_days])


def test_what_was_late_yesterday_is_not_newly_late() -> None:
    inputs = replace(_inputs(), previous_promise=_promised(-60))
    result = track_orders(inputs, DAY, GIVEN)
    again = track_orders(replace(inputs, previous_status=result.mto_order_status), DAY, GIVEN)
    late = int((result.mto_order_status["delay_status"] == "late").sum())
    assert (result.report["newly_late"], again.report["newly_late"]) == (late, 0)


def test_a_promise_that_can_be_kept_is_not_moved_and_never_earlier() -> None:
    result = track_orders(replace(_inputs(), previous_promise=_promised(30)), DAY, GIVEN)
    pd.testing.assert_frame_equal(
        result.mto_promise.reset_index(drop=True),
        _promised(30).sort_values("order_id", ignore_index=True),
        check_dtype=False,
    )


def test_a_promise_is_at_risk_from_the_stated_probability_on() -> None:
    inputs = replace(_inputs(), previous_promise=_promised(-15))
    status = _open(track_orders(inputs, DAY, GIVEN))
    risky = status[status["delay_status"] == "at_risk"]
    assert len(risky) > 10
    assert risky["at_risk_probability"].between(0.3, 0.55).all()  # P50 is a whole day
    assert (status.loc[status["delay_status"] == "on_track", "at_risk_probability"] <= 0.3).all()
    earlier = _open(track_orders(inputs, DAY, replace(GIVEN, at_risk_probability=0.1)))
    assert (earlier.loc[earlier["delay_status"] == "on_track", "at_risk_probability"] <= 0.1).all()
    assert (earlier["delay_status"] == "at_risk").sum() > len(risky)
    assert (earlier["delay_status"] == "late").sum() == (status["delay_status"] == "late").sum()
    assert (risky["reason_code"].isin(["PROMISE_AT_RISK", "STUCK_IN_STAGE", "NOT_HEARD_OF"])).all()


def test_the_source_s_own_promise_is_the_first() -> None:
    order = _inputs().mto_order.copy()
    told = DAY + pd.Timedelta(days=400)
    order["promised_date"] = pd.Series(told, index=order.index).astype("datetime64[ns]")
    promise = track_orders(replace(_inputs(), mto_order=order), DAY, GIVEN).mto_promise
    assert (promise["promise_p90_date"] == told).all()
    assert set(promise["reason_code"]) == {"PROMISE_AT_SOURCE"}


def test_a_quality_hold_and_missing_credit_block_and_are_the_cause() -> None:
    first, second = _open(_tracked()).index[:2]
    order = _inputs().mto_order.copy()
    order.loc[order["order_id"] == second, "credit_status"] = "refused"
    hold = frame_of(
        QUALITY_EVENT,
        quality_event_id=["Q1", "Q2"],
        quality_kind=["hold", "defect"],
        opened_date=pd.Series([DAY, DAY]),
        order_id=[first, _open(_tracked()).index[3]],
    )
    inputs = replace(_inputs(), mto_order=order, quality_event=hold, previous_promise=_promised(-60))
    result = track_orders(inputs, DAY, GIVEN)
    status = _open(result)
    assert status["is_blocked"].sum() == 2
    assert status.loc[first, ["reason_code", "delay_cause"]].tolist() == ["QUALITY_HOLD", "Q1"]
    assert status.loc[second, ["reason_code", "delay_cause"]].tolist() == ["CREDIT_MISSING", "CREDIT"]
    steps = result.mto_step[result.mto_step["milestone_state"] == "blocked"]
    assert set(steps["order_id"]) == {first, second}
    moved = result.mto_promise[result.mto_promise["promise_number"] == 2].set_index("order_id")
    assert moved.loc[first, "reason_code"] == "QUALITY_HOLD"


def test_an_approved_change_is_the_reason_of_a_moved_promise() -> None:
    name = _open(_tracked()).index[0]
    change = frame_of(
        MTO_CHANGE_REQUEST,
        change_id=["C1"],
        order_id=[name],
        request_date=pd.Series([DAY]),
        requested_by="customer",
        change_status="approved",
        decided_date=pd.Series([DAY]),
    )
    inputs = replace(_inputs(), mto_change_request=change, previous_promise=_promised(-90))
    promise = track_orders(inputs, DAY, GIVEN).mto_promise
    again = promise[promise["promise_number"] == 2].set_index("order_id")["reason_code"]
    assert again[name] == "CHANGE_APPROVED"
    assert set(again.drop(name)) == {"LATE_STAGE"}


def test_with_a_slot_only_what_follows_it_is_uncertain() -> None:
    status = _open(_tracked())
    name = status.index[status["milestone_step"] < 9][0]
    week = DAY + pd.Timedelta(days=120)
    slot = frame_of(
        MTO_SLOT_ASSIGNMENT,
        order_id=[name],
        is_frozen=False,
        is_moved=True,
        is_expedited=False,
        is_promise_broken=False,
        lateness_days=0.0,
        reason_code="SLOT",
        method="m",
        status="OK",
        week_start_date=pd.Series([week]),
    )
    inputs = replace(_inputs(), mto_slot_assignment=slot, previous_promise=_promised(-90))
    result = track_orders(inputs, DAY, GIVEN)
    row = _open(result).loc[name]
    steps = result.mto_step[result.mto_step["order_id"] == name].set_index("milestone_code")
    assert steps.loc["3800", "predicted_p50_date"] == week + pd.Timedelta(days=6)
    assert row["predicted_p50_date"] > week + pd.Timedelta(days=6)
    assert (row["predicted_p90_date"] - row["predicted_p50_date"]).days < 30
    moved = result.mto_promise.set_index(["order_id", "promise_number"])
    assert moved.loc[(name, 2), ["reason_code", "promise_basis"]].tolist() == ["SLOT_MOVED", "slot"]


def test_what_cannot_be_built_is_promised_nothing_and_no_promise_is_moved() -> None:
    status = _open(_tracked())
    name, other = status.index[status["milestone_step"] < 9][:2]
    slots = frame_of(
        MTO_SLOT_ASSIGNMENT,
        order_id=[name, other],
        is_frozen=False,
        is_moved=False,
        is_expedited=False,
        is_promise_broken=False,
        lateness_days=0.0,
        reason_code="NOT_BUILDABLE",
        method="m",
        status="OK",
    )
    inputs = replace(
        _inputs(), mto_slot_assignment=slots, previous_promise=_promised(-90).query("order_id == @other")
    )
    result = track_orders(inputs, DAY, GIVEN)
    rows = _open(result)
    assert rows.loc[[name, other], "reason_code"].tolist() == ["NOT_BUILDABLE", "NOT_BUILDABLE"]
    assert rows.loc[name, "delay_status"] == "not_promised"
    assert name not in set(result.mto_promise["order_id"])
    assert result.mto_promise["order_id"].eq(other).sum() == 1


def test_steps_are_in_order_and_cover_the_sixteen() -> None:
    steps = _tracked().mto_step
    one = steps[steps["order_id"] == steps["order_id"].iloc[0]]
    assert set(one["milestone_step"]) == set(range(1, 17))
    assert one.loc[one["milestone_code"] == "3800", "milestone_name"].tolist() == ["Produced"]
    assert (one["milestone_state"] == "current").sum() == 1
    ahead = one[one["milestone_state"] == "expected"]
    assert ahead["predicted_p50_date"].dropna().is_monotonic_increasing
    assert (ahead["predicted_p50_date"].dropna() <= ahead["predicted_p90_date"].dropna()).all()


def test_a_place_hands_over_no_more_than_it_can() -> None:
    capacity = frame_of(
        HANDOVER_CAPACITY,
        location_id=sorted(_inputs().mto_order["location_id"].unique()),
        preparation_days=200.0,
        handover_units=1.0,
    )
    result = track_orders(replace(_inputs(), handover_capacity=capacity), DAY, GIVEN)
    status = _open(result).join(_inputs().mto_order.set_index("order_id")["location_id"])
    assert not status.duplicated(["location_id", "handover_date"]).any()
    assert (status["handover_date"] >= status["predicted_p50_date"]).all()
    assert (result.mto_promise["promise_p90_date"] >= DAY + pd.Timedelta(days=200)).all()


def test_the_queue_serves_by_day_and_then_by_row() -> None:
    place = np.array([0, 0, 0, 1])
    ready = np.array([3.0, 1.0, 1.0, 1.0])
    assert handover_days(ready, place, np.array([1.0, 0.0]))[:3].tolist() == [3.0, 1.0, 2.0]
    assert np.isnan(handover_days(ready, place, np.array([1.0, 0.0]))[3])
    assert handover_days(ready, place, np.array([2.0, 0.5])).tolist() == [3.0, 1.0, 1.0, 1.0]


def test_a_silent_and_a_stuck_order_are_told() -> None:
    day = DAY + pd.Timedelta(days=70)
    later = track_orders(replace(_inputs(), previous_promise=_promised(0)), day, GIVEN)
    status = _open(later)
    assert status["is_stuck"].mean() > 0.5
    assert (status["silent_days"] >= 70).all()
    assert (status.loc[status["is_silent"], "silent_days"] > 0).all()


def test_a_new_order_changes_no_other() -> None:
    inputs = _inputs()
    more = inputs.mto_order.iloc[[0]].assign(
        order_id="ZZZ", order_status="open", order_date=DAY, delivered_date=pd.NaT, cancelled_date=pd.NaT
    )
    order = pd.concat([inputs.mto_order, more], ignore_index=True)
    before, after = _open(_tracked()), _open(track_orders(replace(inputs, mto_order=order), DAY, GIVEN))
    dates = ["predicted_p50_date", "predicted_p90_date", "delay_status"]
    pd.testing.assert_frame_equal(before[dates], after.loc[before.index, dates])
    assert after.loc["ZZZ", "method"] == "lead_time"


def test_an_order_with_an_implausible_number_is_set_aside_alone() -> None:
    name = _open(_tracked()).index[0]
    order = _inputs().mto_order.copy()
    order.loc[order["order_id"] == name, "order_weight"] = np.nan
    status = _open(track_orders(replace(_inputs(), mto_order=order), DAY, GIVEN))
    assert status.loc[name, ["status", "reason_code"]].tolist() == ["QUARANTINED", "INPUT_IMPLAUSIBLE"]
    assert set(status.drop(name)["status"]) == {"OK"}


def test_events_that_change_nothing_are_a_table_with_their_reasons() -> None:
    heard = _inputs().mto_milestone
    built = heard[(heard["milestone_code"] == "3800").to_numpy(dtype=np.bool_)].iloc[0]
    told = frame_of(
        MTO_MILESTONE,
        event_id=["z-unknown", "y-backward", "x-twice"],
        order_id=built["order_id"],
        milestone_code=["9X99", "2000", "3800"],
        event_at=pd.Series([DAY, DAY, built["event_at"]]),
    )
    inputs = replace(_inputs(), mto_milestone=pd.concat([heard, told], ignore_index=True))
    result = track_orders(inputs, DAY, GIVEN)
    # Of two at the same moment, the one that the source told first counts.
    aside = result.mto_event_set_aside.astype(object).where(result.mto_event_set_aside.notna(), None)
    assert _tracked().mto_event_set_aside.empty
    assert aside["order_id"].eq(built["order_id"]).all()
    columns = ["event_id", "milestone_code", "reason_code", "milestone_name", "milestone_number"]
    assert aside[[*columns, "milestone_step"]].values.tolist() == [
        ["x-twice", "3800", "MILESTONE_TOLD_TWICE", "Produced", 3800, 10],
        ["y-backward", "2000", "MILESTONE_REGRESSION", "Order accepted", 2000, 7],
        ["z-unknown", "9X99", "MILESTONE_UNKNOWN", None, None, None],
    ]
    assert aside["event_at"].tolist() == [built["event_at"], DAY, DAY]
    dates = ["order_id", "milestone_code", "predicted_p90_date", "delay_status"]
    pd.testing.assert_frame_equal(result.mto_order_status[dates], _tracked().mto_order_status[dates])


def test_no_orders_give_empty_tables() -> None:
    inputs = TrackInputs(
        frame_of(MTO_ORDER),
        frame_of(MTO_MILESTONE),
        frame_of(MILESTONE_TEMPLATE),
        NO_QUALITY_EVENT,
        NO_SLOT,
        frame_of(STAGE_DURATION),
        NO_CAPACITY,
    )
    result = track_orders(inputs, DAY, GIVEN)
    assert result.mto_order_status.empty
    assert result.mto_step.empty
    assert result.mto_promise.empty
    assert result.mto_event_set_aside.empty


def test_quotes_are_shown_without_a_promise() -> None:
    order = _inputs().mto_order.copy()
    name = _open(_tracked()).index[0]
    order.loc[order["order_id"] == name, "order_status"] = "quoted"
    result = track_orders(replace(_inputs(), mto_order=order), DAY, GIVEN)
    row = result.mto_order_status.set_index("order_id").loc[name]
    assert (row["delay_status"], row["reason_code"]) == ("not_promised", "NOT_ORDERED_YET")
    assert name not in set(result.mto_promise["order_id"])


def test_a_cancellation_that_is_learnt_is_calibrated() -> None:
    draw = np.random.default_rng(1)
    x = draw.normal(size=(4000, 2))
    chance = 1 / (1 + np.exp(-(x[:, 0] - 2)))
    fitted = fit_logistic(x, draw.random(4000) < chance)
    assert np.abs(fitted.predict(x) - chance).mean() < 0.02


@pytest.mark.parametrize(
    ("weeks", "per_week", "method"), [(40, 8, "kaplan_meier"), (45, 70, "discrete_hazard")]
)
def test_cancellation_is_a_model_only_with_enough_of_them(weeks: int, per_week: int, method: str) -> None:
    day = FIRST_DAY + pd.Timedelta(weeks=weeks)
    known = history(weeks, per_week, cancelled_share=0.1).known_at(day)
    inputs = replace(_inputs(), mto_order=known.order, mto_milestone=known.milestone)
    result = track_orders(inputs, day, LeadTimeParameters(conformal_orders=20, sampled_orders=20))
    assert result.report["cancel_method"] == method
    assert _open(result)["cancel_probability"].between(0, 1).all()
