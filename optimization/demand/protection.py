"""The shared object of every stock decision: demand over lead time plus review time.

The policy, the network model and the promises all start from these moments and quantiles.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION
from optimization.contracts.outputs import FORECAST, LEAD_TIME, PROTECTION_DEMAND
from optimization.demand import distributions
from optimization.demand.dispersion import weekly_vmr
from optimization.demand.lead_times import UNVERIFIED_CV
from optimization.demand.series import DAYS_PER_WEEK, Flags, Numbers, screened_history, weekly_series
from optimization.keys import positions, sorted_by_key
from optimization.results import Report
from optimization.screening import screened

LEVELS = np.array([0.5, 0.8, 0.9, 0.95, 0.99])
# The level is known no better than from half a year of weeks.
MEMORY_WEEKS = 26.0


def protection_demand(
    item_location: pd.DataFrame,
    demand_history: pd.DataFrame,
    forecast: pd.DataFrame,
    lead_time: pd.DataFrame,
) -> tuple[pd.DataFrame, Report]:
    """Moments and quantiles of demand over P = lead time + review; returns `opt_out__protection_demand`.

    μ = Σ forecast over P, σ² = μ·v + d²·Var(L) + μ²·(v/d)/n: the pooled weekly variance-to-mean
    ratio v, the daily rate d with the lead time's variance, and the error of a level known from
    n ≤ 26 weeks, which is shared by the whole interval. Weeks beyond the horizon repeat its last.
    Raises `ContractError` when a frame is not of its table.
    """
    item_location, poisoned = screened(sorted_by_key(item_location), ITEM_LOCATION)
    demand_history = screened_history(demand_history)
    forecast, lead_time = FORECAST.validate(forecast), LEAD_TIME.validate(lead_time)
    weekly, status, reason = _weekly_forecast(item_location, forecast)
    lead_days, lead_sd, unverified = _lead_time(item_location, lead_time)
    review_days = item_location["review_days"].to_numpy(np.float64)
    protection_days = lead_days + review_days

    as_of = forecast["bucket_start_date"].min() - pd.Timedelta(days=1) if len(forecast) else pd.Timestamp(0)
    series = weekly_series(item_location, demand_history, as_of)
    vmr = weekly_vmr(series, pd.factorize(item_location["category"], sort=True)[0].astype(np.int64))
    mean = cumulative_demand(weekly, protection_days)
    per_day = np.divide(mean, protection_days, out=np.zeros_like(mean), where=protection_days > 0)
    memory = np.clip(series.known_weeks.astype(np.float64), 1.0, MEMORY_WEEKS)
    weeks = protection_days / DAYS_PER_WEEK
    variance = mean * vmr + per_day**2 * lead_sd**2 + mean * vmr * weeks / memory
    quantile = distributions.quantiles(mean, variance, LEVELS)

    status[unverified & (status == "OK")] = "FALLBACK"
    reason[unverified & pd.isna(reason)] = "lt_unverified"
    status[poisoned], reason[poisoned] = "QUARANTINED", "INPUT_IMPLAUSIBLE"
    frame = pd.DataFrame(
        {
            "item_id": item_location["item_id"],
            "location_id": item_location["location_id"],
            "lead_time_days": lead_days,
            "lead_time_sd_days": lead_sd,
            "protection_days": protection_days,
            "distribution": distributions.family(mean, variance),
            "mean_units": mean,
            "variance_units2": variance,
            **{f"q{round(level * 100)}_units": quantile[:, k] for k, level in enumerate(LEVELS)},
            "method": "moments_pooled_vmr",
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


def _weekly_forecast(
    item_location: pd.DataFrame, forecast: pd.DataFrame
) -> tuple[Numbers, np.ndarray, np.ndarray]:
    """Forecast as item-location × horizon, with status and reason; 0 where there is no forecast."""
    horizon = int(forecast["horizon_weeks"].max()) if len(forecast) else 1
    row = positions(forecast, item_location)
    known = row >= 0
    weekly = np.zeros((len(item_location), horizon))
    ahead = forecast["horizon_weeks"].to_numpy(np.int64)[known] - 1
    weekly[row[known], ahead] = forecast["mean_units"].to_numpy(np.float64)[known]
    status = np.full(len(item_location), "FALLBACK", dtype=object)
    reason = np.full(len(item_location), "NO_HISTORY", dtype=object)
    status[row[known]] = forecast["status"].to_numpy(dtype=object)[known]
    reason[row[known]] = forecast["reason_code"].to_numpy(dtype=object)[known]
    return weekly, status, reason


def _lead_time(item_location: pd.DataFrame, lead_time: pd.DataFrame) -> tuple[Numbers, Numbers, Flags]:
    """Lead time and its spread per item-location, and where only master data is known.

    An unverified supplier's estimate is a mean over items; the item's own master value is closer.
    """
    key = pd.MultiIndex.from_frame(lead_time[["supplier_id", "location_id"]])
    at = key.get_indexer(pd.MultiIndex.from_frame(item_location[["supplier_id", "location_id"]]))
    master = item_location["lead_time_days"].to_numpy(np.float64)
    known = (at >= 0) & ~np.isin(
        lead_time["reason_code"].to_numpy(dtype=object)[at].astype(str), ["lt_unverified"]
    )
    days = np.where(known, lead_time["lead_time_days"].to_numpy()[at], master)
    spread = np.where(known, lead_time["lead_time_sd_days"].to_numpy()[at], UNVERIFIED_CV * master)
    return days, spread, ~known
