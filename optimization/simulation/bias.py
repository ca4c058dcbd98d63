"""Whether forecasts drift: errors of one item-location that point one way at many dates."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.demand.panel import DemandPanel, Integers, interval_demand
from optimization.demand.pooled import PooledModel
from optimization.demand.series import WEEKS_PER_YEAR, WeeklySeries
from optimization.parameters import BacktestParameters
from optimization.reasons import first_that_holds
from optimization.simulation.candidates import CURRENT_DEFAULT
from optimization.simulation.replay import Weeks, dense_to, has_history

HORIZON_WEEKS = 4
# Tracking signal beyond this, and errors beyond so many standard deviations of the forecast's own.
TRACKING_LIMIT, DRIFT_DEVIATIONS = 4.0, 3.0


def forecast_bias(
    item_location: pd.DataFrame,
    series: WeeklySeries,
    model: PooledModel,
    weeks: Weeks,
    parameters: BacktestParameters,
) -> pd.DataFrame:
    """`opt_out__forecast_bias`: errors of the next four weeks, from every scored origin on.

    Of all item-locations with enough history, those with most demand at cost. It drifts where the
    errors add up to more than four times their mean size, and to more than three standard
    deviations of what the forecasts themselves allow: for a slow item alone the first is mostly chance.
    """
    rows = _most_valuable(item_location, series, parameters)
    panel = DemandPanel(dense_to(series, rows, weeks.width), WEEKS_PER_YEAR)
    origins = weeks.scored
    window = np.full(panel.n, HORIZON_WEEKS, dtype=np.int64)
    actual = interval_demand(panel, window, origins)
    said = model.predict_origins(panel, window.astype(np.float64), origins)
    known = np.isfinite(actual)
    expected = np.where(known, np.stack([one.mean for one in said]), 0.0)
    variance = np.where(known, np.stack([one.variance for one in said]), 0.0).sum(axis=0)
    error = np.where(known, actual, 0.0) - expected
    count, bias = known.sum(axis=0), error.sum(axis=0)
    deviation = np.divide(np.abs(error).sum(axis=0), count, out=np.zeros(panel.n), where=count > 0)
    signal = np.divide(bias, deviation, out=np.zeros(panel.n), where=deviation > 0)
    drifts = (np.abs(signal) > TRACKING_LIMIT) & (np.abs(bias) > DRIFT_DEVIATIONS * np.sqrt(variance))
    keys = item_location.iloc[rows].reset_index(drop=True)
    came = np.where(known, actual, 0.0).sum(axis=0)
    frame = pd.DataFrame(
        {
            "item_id": keys["item_id"],
            "location_id": keys["location_id"],
            "forecast_method": CURRENT_DEFAULT,
            "horizon_weeks": window,
            "origin_count": count,
            "actual_units": came,
            "forecast_units": expected.sum(axis=0),
            "bias_units": bias,
            "mean_absolute_deviation_units": deviation,
            "tracking_signal": signal,
            "is_drifting": drifts,
            "method": "tracking_signal",
            "status": "OK",
            "reason_code": first_that_holds({"FORECAST_DRIFTS": drifts}),
        }
    )
    kept: pd.DataFrame = frame.loc[count > 0].reset_index(drop=True)
    return kept


def _most_valuable(
    item_location: pd.DataFrame, series: WeeklySeries, parameters: BacktestParameters
) -> Integers:
    rows = np.flatnonzero(has_history(item_location, series, parameters))
    recent = series.week >= series.end_week - round(WEEKS_PER_YEAR)
    units = np.bincount(series.row[recent], weights=series.units[recent], minlength=series.n)
    value = units * item_location["unit_cost"].to_numpy(np.float64)
    return np.sort(rows[np.argsort(-value[rows], kind="stable")[: parameters.max_bias_series]])
