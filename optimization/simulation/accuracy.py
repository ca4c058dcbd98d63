"""How far forecasts were from the demand that came: sums that can be added, ratios computed last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from optimization.demand.panel import DemandPanel, Numbers, interval_demand, whole_periods
from optimization.demand.pooled import Prediction
from optimization.simulation.breakdowns import Group
from optimization.simulation.replay import Replay

LEVELS = np.array([0.5, 0.8, 0.9, 0.95])
LEVEL_NAMES = ("q50", "q80", "q90", "q95")
HORIZONS_WEEKS = (1, 2, 4, 8, 13)
# Sums over forecasts whose demand is known; all but the first three per item-location and unit.
MEASURES = (
    "observation_count",
    "actual_units",
    "forecast_units",
    "absolute_error_units",
    "squared_error_units2",
    *(f"pinball_{name}_units" for name in LEVEL_NAMES),
    *(f"covered_{name}_count" for name in LEVEL_NAMES[1:]),
    *(f"randomised_{name}_count" for name in LEVEL_NAMES[1:]),
    "positive_count",
    "percentage_error_sum",
)


def percentage_errors(actual: Numbers, mean: Numbers) -> Numbers:
    """|actual − forecast| / actual where something was asked for, 0 elsewhere: what a MAPE adds up.

    >>> percentage_errors(np.array([4.0, 0.0]), np.array([5.0, 3.0])).tolist()
    [0.25, 0.0]
    """
    positive = actual > 0
    error = np.abs(actual - mean) / np.where(positive, actual, 1.0)
    return np.asarray(np.where(positive, error, 0.0), dtype=np.float64)


def pinball(actual: Numbers, quantile: Numbers, level: Numbers) -> Numbers:
    """Loss of a stated quantile: level·(y − q) above it, (1 − level)·(q − y) below, units.

    >>> pinball(np.array([10.0, 2.0]), np.array([5.0, 5.0]), np.array([0.9, 0.9])).round(6).tolist()
    [4.5, 0.3]
    """
    error = actual - quantile
    return np.maximum(level * error, (level - 1.0) * error)


def randomised_coverage(below: Numbers, at_most: Numbers, levels: Numbers) -> Numbers:
    """Chance that a demand counts as covered when its own probability is split evenly, (n, levels).

    `below` is P(D < y) and `at_most` P(D ≤ y) of the demand y that came, (n,). A fair distribution
    of whole units covers exactly `levels` in this sense, while "y ≤ quantile" is met more often.
    Source: Czado, Gneiting & Held (2009), the randomised probability integral transform.

    >>> randomised_coverage(np.array([0.85]), np.array([0.95]), np.array([0.8, 0.9, 0.99])).round(6).tolist()
    [[0.0, 0.5, 1.0]]
    """
    width = np.maximum(at_most - below, 1e-12)[:, None]
    return np.clip((levels[None, :] - below[:, None]) / width, 0.0, 1.0)


def scored(actual: Numbers, said: Prediction) -> Numbers:
    """Measures of one forecast per item-location, (n, measures); zeros where `actual` is NaN."""
    known = np.isfinite(actual)
    y = np.where(known, actual, 0.0)
    quantiles = said.quantiles(LEVELS)
    error = y - said.mean
    columns = [
        np.ones(len(y)),
        y,
        said.mean,
        np.abs(error),
        error**2,
        *pinball(y[:, None], quantiles, LEVELS[None, :]).T,
        *(y[:, None] <= quantiles[:, 1:]).T.astype(np.float64),
        *randomised_coverage(said.cdf(y - 1.0), said.cdf(y), LEVELS[1:]).T,
        (y > 0).astype(np.float64),
        percentage_errors(y, said.mean),
    ]
    return np.where(known[:, None], np.stack(columns, axis=1), 0.0)


def interval_scores(replay: Replay, said: Sequence[Prediction]) -> Numbers:
    """Measures over each item-location's interval in whole weeks, summed over the scored origins.

    `said` are the predictions at `replay.weeks.origins`; returns (n, measures).
    """
    origins = replay.weeks.origins
    window = whole_periods(replay.interval)
    actual = interval_demand(replay.panel, window, origins)
    total = np.zeros((replay.n, len(MEASURES)))
    for k, origin in enumerate(origins):
        if origin >= replay.weeks.split:
            total += scored(actual[k], said[k].over(window.astype(np.float64)))
    return total


def week_scores(replay: Replay, said: Sequence[Prediction], horizon: int) -> tuple[Numbers, int]:
    """Measures of the single week `horizon` weeks ahead, and the number of origins that have one."""
    origins, values = replay.weeks.origins, replay.panel.values
    total, count = np.zeros((replay.n, len(MEASURES))), 0
    for k, origin in enumerate(origins):
        if origin >= replay.weeks.split and origin + horizon <= replay.weeks.width:
            total += scored(values[:, origin + horizon - 1], said[k].over(np.ones(replay.n)))
            count += 1
    return total, count


def naive_errors(panel: DemandPanel, end: int) -> tuple[Numbers, Numbers]:
    """Mean |y_t − y_(t−1)| and its mean square per series over the known pairs before `end`, (n,).

    >>> panel = DemandPanel(np.array([[1.0, 3.0, np.nan, 2.0, 2.0, 9.0]]), 52.0)
    >>> absolute, squared = naive_errors(panel, 5)
    >>> float(absolute[0]), float(squared[0])
    (1.0, 2.0)
    """
    step = np.diff(panel.values[:, :end], axis=1)
    known = np.isfinite(step)
    count = np.maximum(known.sum(axis=1), 1)
    step = np.where(known, step, 0.0)
    return np.abs(step).sum(axis=1) / count, (step**2).sum(axis=1) / count


def accuracy_rows(
    replay: Replay, said: Sequence[Prediction], forecast_method: str, groups: Sequence[Group]
) -> list[dict[str, Any]]:
    """Rows of `opt_out__forecast_accuracy` of one method: every group, weeks ahead and interval."""
    naive = np.stack(naive_errors(replay.panel, replay.weeks.split), axis=1)
    spans: list[tuple[str, int, Numbers, int]] = []
    for horizon in HORIZONS_WEEKS:
        measures, origins = week_scores(replay, said, horizon)
        if origins:
            spans.append(("week", horizon, measures, origins))
    longest = int(whole_periods(replay.interval).max())
    spans.append(("protection", longest, interval_scores(replay, said), len(replay.weeks.scored)))
    rows = []
    for forecast_interval, horizon, measures, origins in spans:
        for group in groups:
            sums = dict(zip(MEASURES, measures[group.rows].sum(axis=0), strict=True))
            if forecast_interval == "week":
                scale = measures[group.rows, :1] * naive[group.rows]
                sums["naive_absolute_error_units"], sums["naive_squared_error_units2"] = scale.sum(axis=0)
            rows.append(
                {
                    "evidence": "backtest",
                    "forecast_method": forecast_method,
                    "breakdown": group.breakdown,
                    "breakdown_value": group.value,
                    "series_count": len(group.rows),
                    "forecast_interval": forecast_interval,
                    "horizon_weeks": horizon,
                    "origin_count": origins,
                    "method": "replayed",
                    **sums,
                }
            )
    return rows


def pinball_mean(sums: Any) -> Any:
    """Mean pinball loss of the four quantiles, units, from their sums."""
    return sum(sums[f"pinball_{name}_units"] for name in LEVEL_NAMES) / len(LEVEL_NAMES)


def ratio(numerator: Any, denominator: Any) -> npt.NDArray[np.float64]:
    """Numerator per denominator, NaN where the denominator is 0 or missing.

    >>> ratio(np.array([1.0, 1.0]), np.array([4.0, 0.0])).tolist()
    [0.25, nan]
    """
    above, below = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    return np.asarray(np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0))
