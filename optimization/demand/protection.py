"""The shared object of every stock decision: demand over lead time plus review time.

The policy, the network model, the allocation and the promises all start from these moments and
quantiles.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION
from optimization.contracts.outputs import DEMAND_LEVEL, FORECAST, PROTECTION_DEMAND
from optimization.demand import distributions
from optimization.demand.intervals import lead_time_slices, protection_intervals
from optimization.demand.lead_time_demand import lead_time_demand
from optimization.demand.learning import model_of
from optimization.demand.levels import CLASSES
from optimization.demand.series import DAYS_PER_WEEK, Numbers
from optimization.keys import positions, sorted_by_key
from optimization.results import Report
from optimization.screening import screened

LEVELS = np.array([0.5, 0.8, 0.9, 0.95, 0.99])


def protection_demand(
    item_location: pd.DataFrame,
    forecast: pd.DataFrame,
    demand_level: pd.DataFrame,
    demand_model: pd.DataFrame,
    lead_time: pd.DataFrame,
    lead_time_quantile: pd.DataFrame,
) -> tuple[pd.DataFrame, Report]:
    """Moments and quantiles of demand over P = lead time + review; returns `opt_out__protection_demand`.

    μ = Σ forecast over P; σ² = the learnt variance at μ, which carries the error of the level, mixed
    over the lead time's equally likely values and raised until the upper quantiles are the
    mixture's, + μ²·(squared relative error of a borrowed or planned level). Weeks beyond the
    horizon repeat its last. Raises `ContractError` when a frame is not of its table.
    """
    item_location, poisoned = screened(sorted_by_key(item_location), ITEM_LOCATION)
    forecast = FORECAST.validate(forecast)
    model = model_of(demand_model)
    level = DEMAND_LEVEL.validate(demand_level).iloc[positions(item_location, demand_level)]
    interval = protection_intervals(item_location, lead_time)

    weekly = weekly_demand(item_location, forecast, forecast["mean_units"])
    mean = cumulative_demand(weekly, interval.protection_days)
    code = np.array([CLASSES.index(name) for name in level["model_scope"]], dtype=np.int8)
    learnt = model.prediction(mean, mean, code, level["log_dispersion"].to_numpy(np.float64)).variance
    slices, row = lead_time_slices(interval, lead_time, lead_time_quantile)
    found = lead_time_demand(
        mean / interval.protection_days,
        np.divide(learnt, mean, out=np.ones_like(mean), where=mean > 0),
        slices,
        row,
        item_location["review_days"].to_numpy(np.float64),
    )
    variance = found.variance + level["level_error_cv2"].to_numpy(np.float64) * mean**2
    quantile = distributions.quantiles(mean, variance, LEVELS)

    status = level["status"].to_numpy(dtype=object).copy()
    reason = level["reason_code"].to_numpy(dtype=object).copy()
    status[interval.is_unverified & (status == "OK")] = "FALLBACK"
    reason[interval.is_unverified & pd.isna(reason)] = "lt_unverified"
    status[poisoned], reason[poisoned] = "QUARANTINED", "INPUT_IMPLAUSIBLE"
    frame = pd.DataFrame(
        {
            "item_id": item_location["item_id"],
            "location_id": item_location["location_id"],
            "lead_time_days": interval.lead_time_days,
            "lead_time_sd_days": interval.lead_time_sd_days,
            "protection_days": interval.protection_days,
            "model_scope": level["model_scope"].to_numpy(dtype=object),
            "distribution": distributions.family(mean, variance),
            "mean_units": mean,
            "variance_units2": variance,
            **{f"q{round(level * 100)}_units": quantile[:, k] for k, level in enumerate(LEVELS)},
            "method": level["method"].to_numpy(dtype=object),
            "status": status,
            "reason_code": reason,
        }
    )
    return PROTECTION_DEMAND.validate(frame), Report.of(len(item_location), frame)


def cumulative_demand(weekly: Numbers, days: Numbers) -> Numbers:
    """Expected demand of the first `days` days, per row of `weekly` (item-location × weeks ahead).

    >>> cumulative_demand(np.array([[7.0, 14.0]]), np.array([21.0])).tolist()
    [35.0]
    """
    horizon = weekly.shape[1]
    edges = np.arange(horizon) * float(DAYS_PER_WEEK)
    covered = np.clip(days[:, None] - edges[None, :], 0.0, DAYS_PER_WEEK)
    covered[:, -1] = np.maximum(days - edges[-1], 0.0)
    return np.asarray((weekly * covered).sum(axis=1) / DAYS_PER_WEEK)


def weekly_demand(item_location: pd.DataFrame, forecast: pd.DataFrame, values: pd.Series[float]) -> Numbers:
    """Values of the forecast's rows as item-location × week ahead; 0 where a row is absent."""
    horizon = int(forecast["horizon_weeks"].max()) if len(forecast) else 1
    row = positions(forecast, item_location)
    known = row >= 0
    weekly = np.zeros((len(item_location), horizon))
    ahead = forecast["horizon_weeks"].to_numpy(np.int64)[known] - 1
    weekly[row[known], ahead] = values.to_numpy(np.float64)[known]
    return weekly
