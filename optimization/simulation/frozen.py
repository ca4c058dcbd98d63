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
from optimization.simulation.accuracy import LEVEL_NAMES, LEVELS, pinball

_SUMS = (
    "observation_count",
    "actual_units",
    "forecast_units",
    "absolute_error_units",
    "squared_error_units2",
    *(f"pinball_{name}_units" for name in LEVEL_NAMES),
    *(f"covered_{name}_count" for name in LEVEL_NAMES[1:]),
)


@dataclass(frozen=True)
class Frozen:
    """The published forecast of a release so many whole weeks ago.

    `forecast` has `item_id`, `location_id`, `horizon_weeks`, `mean_units` and the four quantiles.
    """

    weeks_ago: int
    forecast: pd.DataFrame


def frozen_rows(
    item_location: pd.DataFrame, series: WeeklySeries, frozen: Sequence[Frozen]
) -> list[dict[str, Any]]:
    """Rows of `opt_out__forecast_accuracy` with evidence `frozen_release`, per weeks ahead.

    Releases whose forecast reached a week are summed; groups are all, kinds of item, categories.
    """
    scored = [part for one in frozen if len(part := _scored(item_location, series, one))]
    if not scored:
        return []
    every = pd.concat(scored, ignore_index=True)
    terms = item_location.iloc[every["row"].to_numpy()]
    rows = []
    for breakdown in ("all", "item_kind", "category"):
        names = "*" if breakdown == "all" else terms[breakdown].to_numpy(dtype=object)
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
        "reason_code": "FROZEN_RELEASE",
    }
    return [{**told, **row} for row in rows]


def _scored(item_location: pd.DataFrame, series: WeeklySeries, one: Frozen) -> pd.DataFrame:
    """Sums of every published forecast whose week has ended and is known."""
    forecast = one.forecast[one.forecast["horizon_weeks"] <= one.weeks_ago]
    row = positions(forecast, item_location)
    forecast, row = forecast[row >= 0], row[row >= 0]
    ahead = forecast["horizon_weeks"].to_numpy(np.int64)
    actual = newest_weeks(series, one.weeks_ago)[row, ahead - 1]
    known = np.isfinite(actual)
    forecast, row, ahead, y = forecast[known], row[known], ahead[known], actual[known]
    quantiles = forecast[[f"{name}_units" for name in LEVEL_NAMES]].to_numpy(np.float64)
    error = y - forecast["mean_units"].to_numpy(np.float64)
    columns = [
        np.ones(len(y)),
        y,
        y - error,
        np.abs(error),
        error**2,
        *pinball(y[:, None], quantiles, LEVELS[None, :]).T,
        *(y[:, None] <= quantiles[:, 1:]).T,
    ]
    sums = dict(zip(_SUMS, columns, strict=True))
    return pd.DataFrame({"row": row, "horizon_weeks": ahead, "weeks_ago": one.weeks_ago, **sums})


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
