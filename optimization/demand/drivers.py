"""External drivers: how strongly a category's demand follows an index, a price or a temperature.

A value counts from its published_date on: every origin of the test and the forecast itself see the
vintage of their own day. A driver is used only where it beat the forecast without it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.demand.pooling import GroupWeeks, Signatures, level_of, shrink
from optimization.demand.weeks import Days, days_of

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# Spread of elasticities between categories, and of a driver's own about none.
WITHIN_DRIVER_SD = 0.3
DRIVER_SD = 1.0
LEAST_TRAINING_WEEKS = 52
LEAST_ORIGINS = 6
ORIGIN_STEP_WEEKS = 4
TEST_HORIZON_WEEKS = 13
LEAST_GAIN = 0.02
# A residual's neighbours tell the same story: so many weeks count as one.
_WEEKS_PER_OBSERVATION = 4.0
LEAST_FACTOR, MOST_FACTOR = 0.2, 5.0


@dataclass(frozen=True)
class DriverSeries:
    """One driver of one scope: `date`, `published` and natural log of `value`, one row per vintage."""

    driver: str
    scope: int
    date: Days
    published: Days
    log_value: Numbers

    def known(self, ends: Days, at: np.datetime64) -> Numbers:
        """Newest log value of a day not after each week's end, of what was published by `at`.

        NaN before the first value. A later vintage of a day replaces the earlier one.

        >>> day = lambda *texts: np.array(texts, "datetime64[D]")
        >>> one = DriverSeries("index", 0, day("2024-01-01", "2024-01-08", "2024-01-01"),
        ...     day("2024-01-02", "2024-02-01", "2024-01-09"), np.array([1.0, 2.0, 1.5]))
        >>> one.known(day("2024-01-07", "2024-01-14"), np.datetime64("2024-01-05")).tolist()
        [1.0, 1.0]
        >>> one.known(day("2024-01-07", "2024-01-14"), np.datetime64("2024-02-01")).tolist()
        [1.5, 2.0]
        """
        told = self.published <= at
        order = np.lexsort((self.published[told], self.date[told]))
        date, value = self.date[told][order], self.log_value[told][order]
        slot = np.searchsorted(date, ends, side="right") - 1
        return (
            np.where(slot >= 0, value[np.maximum(slot, 0)], np.nan)
            if len(value)
            else np.full(len(ends), np.nan)
        )


def driver_series(external_driver: pd.DataFrame, scopes: pd.DataFrame) -> list[DriverSeries]:
    """Split the table by driver and scope; values that are not positive have no elasticity and fall out.

    `scope` is the position of the driver's scope and level in `scopes`.
    """
    table = external_driver[external_driver["driver_value"] > 0].sort_values(
        ["driver", "scope", "driver_date", "published_date"], kind="stable"
    )
    place = {key: at for at, key in enumerate(zip(scopes["scope"], scopes["scope_level"], strict=True))}
    return [
        DriverSeries(
            str(driver),
            place[scope, level],
            days_of(rows["driver_date"]),
            days_of(rows["published_date"]),
            np.log(rows["driver_value"].to_numpy(np.float64)),
        )
        for (driver, scope, level), rows in table.groupby(["driver", "scope", "scope_level"], sort=True)
        if (scope, level) in place
    ]


@dataclass(frozen=True)
class _Cells:
    """Demand of the groups that one driver's scopes name: per cell its category and its series."""

    category: npt.NDArray[np.object_]
    mean: Numbers
    series: list[DriverSeries]


def learn_drivers(
    drivers: list[DriverSeries], groups: Signatures, totals: GroupWeeks, starts: Days
) -> pd.DataFrame:
    """Elasticity per driver and category, and whether it beat the forecast without the driver.

    `totals` are the groups' weeks without events and season, `starts` their first days. Returns
    category, effect (the driver), effect_value (elasticity β of demand ∝ xᵝ), standard_error,
    sample_count (weeks), origins, error_ratio (NaN untested) and is_used. β is least squares of log
    demand per member on log x with a level and a slope per series, shrunk over the categories.
    """
    names = sorted({one.driver for one in drivers})
    parts = [_learn(name, _cells(name, drivers, groups, totals), starts) for name in names]
    columns = [
        "category", "effect", "effect_value", "standard_error", "sample_count", "origins", "error_ratio",
        "is_used",
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def driver_factors(
    drivers: list[DriverSeries],
    groups: Signatures,
    learnt: pd.DataFrame,
    starts: Days,
    as_of: pd.Timestamp,
) -> Numbers:
    """Factor per group and week, history and ahead: (x/x₀)ᵝ of every used driver, x₀ today's value.

    Weeks ahead take the newest value published by `as_of`; a published outlook counts as such.
    """
    at = np.datetime64(as_of.date(), "D")
    ends = starts + np.timedelta64(6, "D")
    used = learnt[learnt["is_used"].to_numpy(dtype=np.bool_)] if len(learnt) else learnt
    key = zip(used["category"], used["effect"], strict=True)
    elasticity = dict(zip(key, used["effect_value"].to_numpy(dtype=np.float64), strict=True))
    factor = np.ones((groups.groups, len(starts)))
    for one in drivers:
        log_x = one.known(ends, at) - one.known(np.array([at]), at)[0]
        for group in np.flatnonzero(groups.member[:, one.scope]):
            power = elasticity.get((groups.category[group], one.driver))
            if power is not None:
                factor[group] *= np.exp(power * np.nan_to_num(log_x))
    return np.clip(factor, LEAST_FACTOR, MOST_FACTOR)


def _cells(name: str, drivers: list[DriverSeries], groups: Signatures, totals: GroupWeeks) -> _Cells:
    """Sum the groups of one category that one series of this driver names."""
    category, mean, series = [], [], []
    for one in (driver for driver in drivers if driver.driver == name):
        named = groups.member[:, one.scope]
        for label in sorted(set(groups.category[named].astype(str))):
            rows = named & (groups.category.astype(str) == label)
            cell = GroupWeeks(
                totals.units[rows].sum(axis=0, keepdims=True), totals.known[rows].sum(axis=0, keepdims=True)
            )
            category.append(label)
            mean.append(cell.mean[0])
            series.append(one)
    width = totals.units.shape[1]
    return _Cells(np.array(category, dtype=object), np.array(mean).reshape(len(series), width), series)


def _learn(name: str, cells: _Cells, starts: Days) -> pd.DataFrame:
    """Fit and test one driver over its cells."""
    weeks = len(starts)
    ends = starts + np.timedelta64(6, "D")
    labels, category = np.unique(cells.category.astype(str), return_inverse=True)
    category = category.reshape(-1)
    without, with_driver = np.zeros(len(labels)), np.zeros(len(labels))
    origins = list(range(weeks - ORIGIN_STEP_WEEKS, LEAST_TRAINING_WEEKS - 1, -ORIGIN_STEP_WEEKS))
    origins = sorted(origins[: LEAST_ORIGINS * 2])
    for origin in origins:
        told = ends[origin - 1]
        value, _, _ = _elasticities(cells, category, len(labels), ends[:origin], told)
        stop = min(origin + TEST_HORIZON_WEEKS, weeks)
        for cell, one in enumerate(cells.series):
            log_x = np.nan_to_num(
                one.known(ends[:stop], told) - one.known(ends[origin - 1 : origin], told)[0]
            )
            factor = np.clip(np.exp(value[category[cell]] * log_x), LEAST_FACTOR, MOST_FACTOR)
            actual = cells.mean[cell, origin:stop]
            plain = level_of(cells.mean[cell : cell + 1, :origin])[0]
            base = level_of(cells.mean[cell : cell + 1, :origin] / factor[:origin])[0]
            without[category[cell]] += np.nansum(np.abs(actual - plain))
            with_driver[category[cell]] += np.nansum(np.abs(actual - base * factor[origin:]))
    value, error, count = _elasticities(cells, category, len(labels), ends, ends[-1] if weeks else None)
    ratio = np.full(len(labels), np.nan)
    if len(origins) >= LEAST_ORIGINS:
        np.divide(with_driver, without, out=ratio, where=without > 0)
    return pd.DataFrame(
        {
            "category": labels.astype(object),
            "effect": name,
            "effect_value": value,
            "standard_error": error,
            "sample_count": count,
            "origins": len(origins),
            "error_ratio": ratio,
            "is_used": np.nan_to_num(ratio, nan=np.inf) < 1.0 - LEAST_GAIN,
        }
    )


def _elasticities(
    cells: _Cells, category: Integers, categories: int, ends: Days, told: np.datetime64 | None
) -> tuple[Numbers, Numbers, Integers]:
    """Shrunk elasticity, its standard error and the weeks behind it, per category."""
    moment, square, residual, count = (np.zeros(categories) for _ in range(4))
    kept = []
    for cell, one in enumerate(cells.series):
        demand = cells.mean[cell, : len(ends)]
        log_x = one.known(ends, told) if told is not None else np.full(len(ends), np.nan)
        seen = np.isfinite(log_x) & (np.nan_to_num(demand) > 0)
        if seen.sum() < LEAST_TRAINING_WEEKS // 2:
            continue
        y, x = _detrended(np.log(demand[seen]), seen), _detrended(log_x[seen], seen)
        kept.append((category[cell], y, x))
        moment[category[cell]] += x @ y
        square[category[cell]] += x @ x
        count[category[cell]] += seen.sum()
    own = np.divide(moment, square, out=np.zeros(categories), where=square > 1e-9)
    for at, y, x in kept:
        residual[at] += float(((y - own[at] * x) ** 2).sum())
    spread = np.divide(residual, np.maximum(count - 2.0, 1.0)) * _WEEKS_PER_OBSERVATION
    variance = np.full(categories, np.inf)
    np.divide(np.maximum(spread, 1e-12), square, out=variance, where=square > 1e-9)
    found = shrink(own, variance, np.zeros(categories, dtype=np.int64), 1, WITHIN_DRIVER_SD, DRIVER_SD)
    return found.value, np.sqrt(found.variance), count.astype(np.int64)


def _detrended(values: Numbers, seen: npt.NDArray[np.bool_]) -> Numbers:
    """Residual about a level and a slope over the weeks that are seen."""
    time = np.flatnonzero(seen).astype(np.float64)
    time -= time.mean()
    centred = values - values.mean()
    return np.asarray(centred - time * (time @ centred) / max(float(time @ time), 1e-12))
