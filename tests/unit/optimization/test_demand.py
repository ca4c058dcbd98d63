"""Classes, forecasts and protection demand on small known cases, and what poison costs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.demand import models
from optimization.demand.classes import classify_demand
from optimization.demand.forecasting import Guidance, forecast_demand
from optimization.demand.lead_times import estimate_lead_times
from optimization.demand.learning import learn_demand_model
from optimization.demand.protection import cumulative_demand, protection_demand
from optimization.errors import ContractError
from tests.science_frames import AS_OF, demand_history, item_location, lead_time_sample

STEADY = [4.0, 5.0, 6.0, 5.0] * 5
SPORADIC = [0.0, 3.0, 0.0, 0.0] * 5
WEEKS = {"L1": STEADY, "L2": SPORADIC, "L3": [2.0, 3.0], "L4": [0.0] * 20, "L5": [1.0, *[0.0] * 60]}


def _frames(history: pd.DataFrame | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    history = demand_history(WEEKS) if history is None else history
    starts = [AS_OF + pd.Timedelta(days=1) - pd.Timedelta(weeks=len(units)) for units in WEEKS.values()]
    return item_location(len(WEEKS), first_demand_date=starts), history


def _lead_times(items: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    lead_time, quantile, _ = estimate_lead_times(lead_time_sample([14.0] * 30), items, AS_OF)
    return lead_time, quantile


def _learnt(items: pd.DataFrame, history: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Classes, lead times and model: what a forecast reads beside the history."""
    classes, _ = classify_demand(items, history, AS_OF)
    lead_time, _ = _lead_times(items)
    return classes, lead_time, learn_demand_model(items, history, lead_time, AS_OF)[0]


def _plan(
    items: pd.DataFrame, history: pd.DataFrame, **options: Any
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Forecast, level, model and lead time."""
    classes, lead_time, model = _learnt(items, history)
    forecast, level, _ = forecast_demand(items, history, classes, lead_time, model, AS_OF, **options)
    return forecast, level, model, lead_time


def test_every_pattern_gets_its_class() -> None:
    frame, report = classify_demand(*_frames(), AS_OF)
    assert frame["demand_class"].tolist() == ["smooth", "intermittent", "new", "dormant", "dormant"]
    assert report["rows_out"] == 5 and report["class_dormant"] == 2


def test_a_forecast_is_finite_whole_in_quantiles_and_names_its_method() -> None:
    forecast = _plan(*_frames())[0]
    first = forecast[forecast["horizon_weeks"] == 1].set_index("location_id")
    assert first["method"].to_dict() == {
        "L1": "pooled_levels",
        "L2": "pooled_levels",
        "L3": "analogues",
        "L4": "pooled_levels",
        "L5": "pooled_levels",
    }
    assert first.loc["L1", "mean_units"] == pytest.approx(5.0, abs=0.5)
    assert first.loc["L2", "mean_units"] == pytest.approx(0.75, abs=0.3)
    assert 0 < first.loc["L4", "mean_units"] < first.loc["L5", "mean_units"] < 0.02
    assert (forecast["q95_units"] >= forecast["q50_units"]).all()
    assert (forecast["q95_units"] % 1 == 0).all()
    assert first["bucket_start_date"].unique().tolist() == [AS_OF + pd.Timedelta(days=1)]


def test_the_first_week_ahead_begins_the_day_after_any_weekday() -> None:
    items, history = _frames()
    thursday = AS_OF - pd.Timedelta(days=3)
    items["as_of"] = thursday
    history["bucket_start_date"] -= pd.Timedelta(days=3)
    classes, lead_time, model = _learnt(items, history)
    forecast = forecast_demand(items, history, classes, lead_time, model, thursday)[0]
    assert forecast["bucket_start_date"].min() == thursday + pd.Timedelta(days=1)


def test_a_promoted_method_takes_over_its_class_and_only_that() -> None:
    pooled = _plan(*_frames())[1].set_index("location_id")
    promoted = _plan(*_frames(), guidance=Guidance(method_of_class={"smooth": "ses_optimized"}))[1].set_index(
        "location_id"
    )
    assert promoted["method"].to_dict() == pooled["method"].to_dict() | {"L1": "ses_optimized"}
    others = ["L2", "L3", "L4", "L5"]
    pd.testing.assert_frame_equal(pooled.loc[others], promoted.loc[others])


def test_a_young_model_is_carried_and_an_old_one_is_learnt_anew() -> None:
    items, history = _frames()
    _, lead_time, learnt = _learnt(items, history)
    young = learnt.assign(fitted_date=AS_OF - pd.Timedelta(days=27))
    carried, _ = learn_demand_model(items, history, lead_time, AS_OF, previous=young)
    assert set(carried["status"]) == {"FROZEN"} and set(carried["reason_code"]) == {"MODEL_CARRIED"}
    assert carried["fitted_date"].max() == AS_OF - pd.Timedelta(days=27)
    old = learnt.assign(fitted_date=AS_OF - pd.Timedelta(days=28))
    again, _ = learn_demand_model(items, history, lead_time, AS_OF, previous=old)
    pd.testing.assert_frame_equal(again, learnt)


def test_one_poisoned_series_costs_only_itself() -> None:
    clean = _plan(*_frames())[0].set_index(["location_id", "horizon_weeks"])
    items, history = _frames()
    history.loc[history["location_id"].eq("L2") & history["demand_units"].eq(3.0), "demand_units"] = np.inf
    poisoned = _plan(items, history)[0].set_index(["location_id", "horizon_weeks"])
    others = ~clean.index.get_level_values(0).isin(["L2", "L3"])
    numbers = ["mean_units", "q50_units", "q95_units"]
    # L3 is new and borrows its level from the category, which has lost a witness; nobody else moves.
    pd.testing.assert_frame_equal(clean.loc[others, numbers[:1]], poisoned.loc[others, numbers[:1]])
    assert set(poisoned.loc["L2", "status"]) == {"QUARANTINED"}
    assert np.isfinite(poisoned[numbers].to_numpy()).all()


def test_a_series_on_which_the_library_raises_is_found_by_halving(monkeypatch: pytest.MonkeyPatch) -> None:
    real = models._run

    def raises_on_seven(method: str, weeks: np.ndarray) -> np.ndarray:
        if (weeks == 7.0).any():
            raise IndexError("poison")
        return real(method, weeks)

    monkeypatch.setattr(models, "_run", raises_on_seven)
    weeks = np.tile(np.array([1.0, 2.0, 1.0, 2.0]), (9, 1))
    weeks[4, 0] = 7.0
    levels = models.fitted_levels(models.Chunk("ses_0.1", weeks))
    assert np.isnan(levels).tolist() == [row == 4 for row in range(9)]


def test_a_missing_column_is_refused_by_name() -> None:
    items, history = _frames()
    with pytest.raises(ContractError, match="opt_in__demand_history"):
        classify_demand(items, history.drop(columns="bucket_days"), AS_OF)


def test_protection_demand_is_the_forecast_over_lead_time_and_review() -> None:
    items, history = _frames()
    forecast, level, model, _ = _plan(items, history)
    frame, _ = protection_demand(items, forecast, level, model, *_lead_times(items))
    first = frame.set_index("location_id").loc["L1"]
    weekly = forecast.query("location_id == 'L1' and horizon_weeks == 1")["mean_units"].iloc[0]
    assert first["mean_units"] == pytest.approx(first["protection_days"] / 7.0 * weekly)
    assert first["variance_units2"] > first["mean_units"]


def test_the_error_of_a_borrowed_level_widens_the_distribution() -> None:
    items, history = _frames()
    forecast, level, model, _ = _plan(items, history)
    lead = _lead_times(items)
    sure, _ = protection_demand(items, forecast, level.assign(level_error_cv2=0.0), model, *lead)
    unsure, _ = protection_demand(items, forecast, level.assign(level_error_cv2=0.5), model, *lead)
    gained = unsure["variance_units2"] - sure["variance_units2"]
    assert gained.to_numpy() == pytest.approx(0.5 * sure["mean_units"].to_numpy() ** 2)


def test_demand_beyond_the_horizon_repeats_the_last_week() -> None:
    assert cumulative_demand(np.array([[7.0, 14.0]]), np.array([3.5])).tolist() == [3.5]
    assert cumulative_demand(np.array([[7.0, 14.0]]), np.array([28.0])).tolist() == [49.0]
