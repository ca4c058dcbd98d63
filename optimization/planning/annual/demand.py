"""Demand of each group by calendar month, and what it is in a poor, a usual and a good year.

The forecast counts day by day as far as it reaches. Beyond, its base (promotions left out) goes on,
times the seasonal index where the index has proven itself. A year's uncertainty is one draw for all
groups and months, since that is what capacity, cash and space have to be planned against.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from optimization.demand.series import DAYS_PER_WEEK
from optimization.keys import positions

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LEVELS = {"p20": 0.2, "p50": 0.5, "p80": 0.8}
PROBABILITIES = (0.35, 0.30, 0.35)
"""A level stands for the years nearest to it: up to the 35 % quantile, up to 65 %, above."""
EVERYWHERE = "*"


@dataclass(frozen=True)
class Months:
    """Whole calendar months after the business date: `starts` (T), and the day after the last."""

    starts: pd.DatetimeIndex
    end: pd.Timestamp

    @classmethod
    def after(cls, as_of: pd.Timestamp, months: int) -> Months:
        """Return the next `months` whole months.

        >>> Months.after(pd.Timestamp("2023-06-15"), 2).starts.strftime("%Y-%m-%d").tolist()
        ['2023-07-01', '2023-08-01']
        """
        edges = pd.date_range(as_of + pd.offsets.MonthBegin(1), periods=months + 1, freq="MS")
        return cls(edges[:-1], edges[-1])


def monthly_demand(
    groups: pd.DataFrame,
    group: Integers,
    item_location: pd.DataFrame,
    forecast: pd.DataFrame,
    seasonal_index: pd.DataFrame,
    as_of: pd.Timestamp,
    months: Months,
) -> tuple[Numbers, Numbers]:
    """Expected units (g, T) by month, and (g,) those of the days before the first month.

    `groups` has `category` and `region`, `group` (n,) is the group of each item-location, `forecast` and
    `seasonal_index` are the tables of the science.
    """
    weekly, base = _weekly(len(groups), group, item_location, forecast)
    days = pd.date_range(as_of + pd.Timedelta(days=1), months.end - pd.Timedelta(days=1))
    week = np.arange(len(days)) // DAYS_PER_WEEK
    reach = weekly.shape[1]
    factor = seasonal_factors(groups, seasonal_index, days)
    inside = factor[:, week < reach]
    usual = inside.mean(axis=1) if inside.shape[1] else np.ones(len(groups))
    beyond = base[:, None] * factor / np.maximum(usual, 1e-9)[:, None]
    daily = np.where(week[None, :] < reach, weekly[:, np.minimum(week, reach - 1)], beyond) / DAYS_PER_WEEK
    month = np.searchsorted(months.starts, days, side="right")
    totals = np.stack([daily[:, month == at].sum(axis=1) for at in range(len(months.starts) + 1)], axis=1)
    return totals[:, 1:], totals[:, 0]


def seasonal_factors(groups: pd.DataFrame, seasonal_index: pd.DataFrame, days: pd.DatetimeIndex) -> Numbers:
    """Index of the day's week (g, days); 1 where no index of the category is in use."""
    used = seasonal_index[seasonal_index["is_used"].astype(bool)]
    week = np.minimum((days.dayofyear - 1) // DAYS_PER_WEEK + 1, 52)
    found = np.ones((len(groups), len(days)))
    curves = {
        (str(category), str(region)): rows.set_index("week_of_year")["index_factor"]
        for (category, region), rows in used.groupby(["category", "region"], sort=True)
    }
    for at, (category, region) in enumerate(zip(groups["category"], groups["region"], strict=True)):
        curve = curves.get((category, region), curves.get((category, EVERYWHERE)))
        if curve is not None:
            found[at] = curve.reindex(week).fillna(1.0).to_numpy(np.float64)
    return found


def demand_levels(mean: Numbers, vmr: Numbers, year_cv: float) -> Numbers:
    """Demand at the three levels, (3, g, T): gamma with variance v·μ + (cv·μ)², v (g,) the group's own.

    >>> demand_levels(np.array([[100.0]]), np.array([0.0]), 0.15).round(1).ravel().tolist()
    [87.2, 99.3, 112.4]
    """
    variance = vmr[:, None] * mean + (year_cv * mean) ** 2
    found = np.zeros((len(LEVELS), *mean.shape))
    some = (mean > 0) & (variance > 0)
    shape, scale = mean[some] ** 2 / variance[some], variance[some] / mean[some]
    for at, level in enumerate(LEVELS.values()):
        found[at] = mean
        found[at][some] = special.gammaincinv(shape, level) * scale
    return found


def _weekly(
    groups: int, group: Integers, item_location: pd.DataFrame, forecast: pd.DataFrame
) -> tuple[Numbers, Numbers]:
    """Expected units by group and week ahead, and the mean week of the base forecast, (g,)."""
    row = positions(forecast, item_location)
    known = row >= 0
    reach = int(forecast["horizon_weeks"].max()) if len(forecast) else 1
    of_group = group[row[known]]
    at = of_group * reach + forecast["horizon_weeks"].to_numpy(np.int64)[known] - 1
    units, base = (forecast[name].to_numpy(np.float64)[known] for name in ("mean_units", "base_units"))
    weekly = np.bincount(at, weights=units, minlength=groups * reach).reshape(groups, reach)
    return weekly.astype(np.float64), np.bincount(of_group, weights=base, minlength=groups) / reach
