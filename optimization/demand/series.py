"""Weekly series of an item-location, from the border's sparse history: cleaned, never filled.

Here is decided what a week counts as: observed, scaled up for the days without stock, or missing.
Classes, forecasts and dispersion all start from this one object.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.inputs import DEMAND_HISTORY
from optimization.keys import Integers, positions
from optimization.screening import screened

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

DAYS_PER_WEEK = 7
WEEKS_PER_YEAR = 365.0 / DAYS_PER_WEEK
LEAST_KNOWN_SHARE = 0.5


@dataclass(frozen=True)
class WeeklySeries:
    """Complete weeks of `n` item-locations; a week that is not listed is an observed zero.

    `first_week` and `n_weeks` are per item-location, counted from the same origin; `row`, `week`
    and `units` list the weeks with a row, `missing_row` and `missing_week` those that say nothing
    about demand. `is_poisoned` marks item-locations with an implausible week, which is missing.
    """

    n: int
    end_week: int
    first_week: Integers
    n_weeks: Integers
    row: Integers
    week: Integers
    units: Numbers
    missing_row: Integers
    missing_week: Integers
    is_poisoned: Flags

    @property
    def known_weeks(self) -> Integers:
        """Weeks per item-location that say something about demand."""
        return self.n_weeks - np.bincount(self.missing_row, minlength=self.n)

    @property
    def nonzero(self) -> Flags:
        """Which of the listed weeks have demand."""
        return self.units > 0

    def totals(self, power: int = 1) -> Numbers:
        """Sum of weekly demand, or of its square, per item-location."""
        sums = np.bincount(self.row, weights=self.units**power, minlength=self.n)
        return np.asarray(sums, dtype=np.float64)

    def nonzero_weeks(self) -> Integers:
        """Weeks with demand per item-location."""
        return np.bincount(self.row[self.nonzero], minlength=self.n)

    def last_nonzero_age(self) -> Integers:
        """Weeks since the last demand, 1 for the newest week; very large where there is none."""
        last = np.full(self.n, -(10**6), dtype=np.int64)
        np.maximum.at(last, self.row[self.nonzero], self.week[self.nonzero])
        return self.end_week - last

    def exponential_mean(self, half_life_weeks: float) -> Numbers:
        r"""Mean with weights :math:`2^{-a/h}` of the week's age a, over known weeks; 0 without any.

        The weights of all known weeks are a geometric sum less those of the missing weeks, so no
        zero week is ever stored.
        """
        decay = 2.0 ** (-1.0 / half_life_weeks)
        total = np.bincount(
            self.row, weights=self.units * decay ** (self.end_week - 1 - self.week), minlength=self.n
        )
        weight = (1 - decay**self.n_weeks) / (1 - decay) - np.bincount(
            self.missing_row, weights=decay ** (self.end_week - 1 - self.missing_week), minlength=self.n
        )
        mean = np.divide(total, weight, out=np.zeros(self.n), where=weight > 1e-9)
        return np.asarray(mean, dtype=np.float64)

    def dense(self, rows: Integers) -> Numbers:
        """Weeks × item-locations of `rows` as a matrix, NaN before the start and where missing.

        The matrix is as wide as the longest of these series; column -1 is the newest week.
        """
        width = int(self.n_weeks[rows].max()) if len(rows) else 0
        slot = np.full(self.n, -1, dtype=np.int64)
        slot[rows] = np.arange(len(rows))
        start = self.end_week - width
        matrix = np.zeros((len(rows), width))
        matrix[np.arange(width)[None, :] < (width - self.n_weeks[rows])[:, None]] = np.nan
        for row, week, value in (
            (self.row, self.week, self.units),
            (self.missing_row, self.missing_week, np.nan),
        ):
            wanted = slot[row] >= 0
            units = value[wanted] if isinstance(value, np.ndarray) else value
            matrix[slot[row[wanted]], week[wanted] - start] = units
        return matrix


def screened_history(demand_history: pd.DataFrame) -> pd.DataFrame:
    """Return valid `opt_in__demand_history` with NaN demand in weeks that broke the contract.

    Such a week is then missing and marks its series as poisoned, instead of counting as a zero.
    """
    history, bad = screened(demand_history, DEMAND_HISTORY)
    return history.assign(demand_units=history["demand_units"].mask(bad)) if bad.any() else history


def weekly_series(
    item_location: pd.DataFrame,
    demand_history: pd.DataFrame,
    as_of: pd.Timestamp,
    max_plausible_units: float = 1e9,
) -> WeeklySeries:
    """Build the series of every row of `item_location` from complete weeks up to `as_of`.

    With a = known days with stock / 7: a ≥ 0.95 takes demand as it is, 0.5 ≤ a < 0.95 scales it
    to y/a (unbiased when stock-outs do not depend on demand), and a week with a < 0.5 is missing,
    never zero. A series starts in the week of `first_demand_date`, or of its first row.
    """
    n = len(item_location)
    week_of = _weeks_since_epoch(demand_history["bucket_start_date"])
    # The day of the snapshot counts as over, so the week that ends on it is complete.
    end_week = int(_weeks_since_epoch(pd.Series([as_of + pd.Timedelta(days=1)]))[0])
    row = positions(demand_history, item_location)
    units = demand_history["demand_units"].to_numpy(dtype=np.float64)
    censored = demand_history["censored_days"].to_numpy(dtype=np.float64)
    bucket = demand_history["bucket_days"].to_numpy(dtype=np.float64)
    kept = (row >= 0) & (week_of < end_week)
    row, week, units = row[kept], week_of[kept], units[kept]
    share = np.clip((bucket - censored)[kept] / DAYS_PER_WEEK, 0.0, 1.0)

    implausible = ~np.isfinite(units) | (units < 0) | (units > max_plausible_units)
    is_poisoned = np.zeros(n, dtype=np.bool_)
    is_poisoned[row[implausible]] = True
    is_missing = implausible | (share < LEAST_KNOWN_SHARE)
    effective = np.where(share >= 0.95, units, units / np.maximum(share, LEAST_KNOWN_SHARE))

    first_week = np.full(n, end_week, dtype=np.int64)
    np.minimum.at(first_week, row, week)
    first_date = item_location["first_demand_date"]
    dated = first_date.notna().to_numpy()
    first_week[dated] = np.minimum(first_week[dated], _weeks_since_epoch(first_date[dated]))
    observed = ~is_missing
    return WeeklySeries(
        n=n,
        end_week=end_week,
        first_week=first_week,
        n_weeks=np.maximum(end_week - first_week, 0),
        row=row[observed],
        week=week[observed],
        units=effective[observed],
        missing_row=row[is_missing],
        missing_week=week[is_missing],
        is_poisoned=is_poisoned,
    )


# 1970-01-05 was the first Monday of the epoch.
_FIRST_MONDAY = np.datetime64("1970-01-05", "D")


def _weeks_since_epoch(dates: pd.Series) -> Integers:
    days = dates.to_numpy(dtype="datetime64[D]") - _FIRST_MONDAY
    return np.asarray(np.floor_divide(days.astype(np.int64), DAYS_PER_WEEK), dtype=np.int64)
