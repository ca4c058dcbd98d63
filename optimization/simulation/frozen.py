"""Forecasts as earlier releases published them, against the demand that has come since.

Nothing is replayed here: what was published then is frozen, and only weeks that have ended by now
count. The backtest says how good the method is, this how good the forecasts were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from optimization.demand.panel import Numbers
from optimization.demand.series import WeeklySeries
from optimization.keys import positions
from optimization.simulation.accuracy import LEVEL_NAMES, LEVELS, percentage_errors, pinball

# What each step of a published forecast stands on: the forecast with it, without it, where it acted.
STEPS = (
    ("events_and_drivers", "base", "uplift_units", 0.0),
    ("sensed", "not_sensed", "sensed_factor", 1.0),
    ("consensus_plan", "statistical", "plan_units", np.nan),
)
_GROUPS = ("all", "item_kind", "category")
_SUMS = (
    "observation_count",
    "actual_units",
    "forecast_units",
    "absolute_error_units",
    "squared_error_units2",
    *(f"pinball_{name}_units" for name in LEVEL_NAMES),
    *(f"covered_{name}_count" for name in LEVEL_NAMES[1:]),
    "positive_count",
    "percentage_error_sum",
)


@dataclass(frozen=True)
class Frozen:
    """The published forecast of a release so many whole weeks ago.

    `forecast` is the published table `forecast` of that release.
    """

    weeks_ago: int
    forecast: pd.DataFrame


def frozen_rows(
    item_location: pd.DataFrame, series: WeeklySeries, frozen: Sequence[Frozen]
) -> list[dict[str, Any]]:
    """Rows of `opt_out__forecast_accuracy` with evidence `frozen_release`, per weeks ahead.

    Releases whose forecast reached a week are summed; groups are all, kinds of item, categories.
    """
    parts = [_with_actuals(item_location, series, one) for one in frozen]
    every = pd.concat([_scored(part) for part in parts]) if parts else pd.DataFrame()
    if not len(every):
        return []
    rows = []
    for breakdown, names in _groups(item_location, every):
        grouped = every.assign(breakdown_value=names).groupby(["breakdown_value", "horizon_weeks"], sort=True)
        sums = grouped[list(_SUMS)].sum()
        sums["series_count"], sums["origin_count"] = grouped["row"].nunique(), grouped["weeks_ago"].nunique()
        rows += [
            {"breakdown": breakdown, **{str(name): value for name, value in row.items()}}
            for row in sums.reset_index().to_dict("records")
        ]
    told = {
        "evidence": "frozen_release",
        "forecast_method": "as_published",
        "forecast_interval": "week",
        "method": "as_published",
        "reason_code": "FROZEN_RELEASE",
    }
    return [{**told, **row} for row in rows]


def frozen_value_added(
    item_location: pd.DataFrame, series: WeeklySeries, frozen: Sequence[Frozen]
) -> list[dict[str, Any]]:
    """Rows of `opt_out__forecast_value_added`: what each step of the published forecasts was worth.

    Events and drivers against the base, the newest sales against none, the approved plan against
    the statistical mean, each over the weeks in which it changed something. Errors only.
    """
    parts = [_with_actuals(item_location, series, one) for one in frozen]
    every = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if not len(every):
        return []
    before_sensing = every["base_units"] + every["uplift_units"]
    with_and_without = {
        "events_and_drivers": (before_sensing, every["base_units"]),
        "sensed": (every["statistical_units"], before_sensing),
        "consensus_plan": (every["mean_units"], every["statistical_units"]),
    }
    rows = []
    for step, reference, column, idle in STEPS:
        acted = every[column].notna() if np.isnan(idle) else (every[column] - idle).abs() > 1e-9
        chosen = every[acted]
        errors = pd.DataFrame(
            {
                "row": chosen["row"],
                "observation_count": 1,
                "actual_units": chosen["actual_units"],
                "absolute_error_units": (chosen["actual_units"] - with_and_without[step][0][acted]).abs(),
                "reference_absolute_error_units": (
                    chosen["actual_units"] - with_and_without[step][1][acted]
                ).abs(),
            }
        )
        for breakdown, names in _groups(item_location, chosen) if len(chosen) else ():
            grouped = errors.assign(breakdown_value=names).groupby("breakdown_value", sort=True)
            sums = grouped.sum().drop(columns="row").assign(series_count=grouped["row"].nunique())
            rows += [
                {
                    "forecast_method": step,
                    "reference_method": reference,
                    "breakdown": breakdown,
                    "reason_code": "FROZEN_RELEASE",
                    "status": "OK",
                    **{str(name): value for name, value in row.items()},
                }
                for row in sums.reset_index().to_dict("records")
            ]
    return rows


def _groups(item_location: pd.DataFrame, rows: pd.DataFrame) -> list[tuple[str, Any]]:
    terms = item_location.iloc[rows["row"].to_numpy()]
    return [(name, "*" if name == "all" else terms[name].to_numpy(dtype=object)) for name in _GROUPS]


def _with_actuals(item_location: pd.DataFrame, series: WeeklySeries, one: Frozen) -> pd.DataFrame:
    """Published forecasts whose week has ended and is known, with the demand that came."""
    forecast = one.forecast[one.forecast["horizon_weeks"] <= one.weeks_ago]
    row = positions(forecast, item_location)
    ahead = forecast["horizon_weeks"].to_numpy(np.int64)
    actual = newest_weeks(series, one.weeks_ago)[row, ahead - 1]
    forecast = forecast.assign(row=row, weeks_ago=one.weeks_ago, actual_units=actual)
    known: pd.DataFrame = forecast.loc[(row >= 0) & np.isfinite(actual)].reset_index(drop=True)
    return known


def _scored(forecast: pd.DataFrame) -> pd.DataFrame:
    """Sums of every published forecast."""
    y, mean = (forecast[name].to_numpy(np.float64) for name in ("actual_units", "mean_units"))
    quantiles = forecast[[f"{name}_units" for name in LEVEL_NAMES]].to_numpy(np.float64)
    columns = [
        np.ones(len(y)),
        y,
        mean,
        np.abs(y - mean),
        (y - mean) ** 2,
        *pinball(y[:, None], quantiles, LEVELS[None, :]).T,
        *(y[:, None] <= quantiles[:, 1:]).T,
        y > 0,
        percentage_errors(y, mean),
    ]
    sums = dict(zip(_SUMS, columns, strict=True))
    return pd.DataFrame({name: forecast[name] for name in ("row", "horizon_weeks", "weeks_ago")} | sums)


def newest_weeks(series: WeeklySeries, count: int) -> Numbers:
    """Demand of the newest `count` weeks, (n, count); NaN before the start and where unknown."""
    start = series.end_week - count
    weeks = np.zeros((series.n, count))
    weeks[np.arange(start, series.end_week)[None, :] < series.first_week[:, None]] = np.nan
    recent = series.week >= start
    weeks[series.row[recent], series.week[recent] - start] = series.units[recent]
    missing = series.missing_week >= start
    weeks[series.missing_row[missing], series.missing_week[missing] - start] = np.nan
    return weeks
