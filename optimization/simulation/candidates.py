"""Forecasting methods side by side: the expected demand per week that each would have stated.

Every method gets the same weeks and answers with one rate per item-location and origin. How demand
spreads about the rate is the same for all (the pooled model's dispersion), so that only the means
compete. A method that promotion may choose is one of `CHALLENGERS` or `CURRENT_DEFAULT`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from optimization.demand.models import MEDIAN_OF_FIVE, Chunk, fitted_levels
from optimization.demand.panel import Integers, Numbers
from optimization.demand.pooled import PooledModel, Prediction
from optimization.simulation.moments import rolling_moments
from optimization.simulation.replay import Replay

CURRENT_DEFAULT = "pooled_levels"
NAIVE, SEASONAL_NAIVE, MOVING_AVERAGE = "naive", "seasonal_naive", "moving_average_13"
# What promotion may choose for a class of demand; the slow ones are tried on fewer series.
CHALLENGERS: Mapping[str, tuple[str, ...]] = {
    "smooth": (MEDIAN_OF_FIVE, "auto_ets", "auto_theta"),
    "erratic": (MEDIAN_OF_FIVE,),
    "intermittent": (MEDIAN_OF_FIVE,),
    "lumpy": (MEDIAN_OF_FIVE,),
    "dormant": (MEDIAN_OF_FIVE,),
}
SLOW = ("auto_ets", "auto_theta")

_WINDOW_WEEKS, _YEAR_WEEKS = 13, 52


def predictions_of(method: str, replay: Replay, model: PooledModel, origins: Integers) -> list[Prediction]:
    """What `method` would have said at each origin of demand over each item-location's interval.

    Raises `KeyError` for a method that is not known.
    """
    pooled = model.predict_origins(replay.panel, replay.interval, origins)
    if method == CURRENT_DEFAULT:
        return pooled
    rates = _METHODS[method](replay, origins)
    return [
        # Where a method has nothing to say, the pooled model speaks for it.
        with_rate(said, np.where(np.isfinite(rates[:, k]), rates[:, k], said.rate), replay.interval)
        for k, said in enumerate(pooled)
    ]


def with_rate(said: Prediction, rate: Numbers, interval: Numbers) -> Prediction:
    """Return the prediction with another rate per period and the same dispersion."""
    return said.model.prediction(rate, rate * interval, said.code, said.log_dispersion)


def _naive(replay: Replay, origins: Integers) -> Numbers:
    """Demand of the last known week."""
    values = replay.panel.values
    at = np.where(np.isnan(values), -1, np.arange(values.shape[1])[None, :])
    newest = np.maximum.accumulate(at, axis=1)[:, origins - 1]
    rows = np.arange(replay.n)[:, None]
    return np.where(newest >= 0, values[rows, newest], np.nan)


def _seasonal_naive(replay: Replay, origins: Integers) -> Numbers:
    """Mean of the same weeks a year ago; NaN where that year is not known."""
    window = max(int(np.rint(replay.interval.mean())), 1)
    end = np.maximum(origins - _YEAR_WEEKS + window, 0)
    mean, _ = rolling_moments(replay.panel.values, end, window)
    known = np.array([(~np.isnan(replay.panel.values[:, max(e - window, 0) : e])).any(axis=1) for e in end]).T
    return np.where(known & (origins >= _YEAR_WEEKS), mean, np.nan)


def _moving_average(replay: Replay, origins: Integers) -> Numbers:
    """Mean of the last 13 weeks."""
    return rolling_moments(replay.panel.values, origins, _WINDOW_WEEKS)[0]


def _fitted(method: str, replay: Replay, origins: Integers) -> Numbers:
    """Level of a library model at each origin, from the columns before it."""
    values = replay.panel.values
    levels = np.full((replay.n, len(origins)), np.nan)
    for k, origin in enumerate(origins):
        seen = values[:, :origin]
        some = np.flatnonzero((~np.isnan(seen)).any(axis=1))
        if len(some):
            levels[some, k] = fitted_levels(Chunk(method, seen[some]))
    return levels


_METHODS: dict[str, Callable[[Replay, Integers], Numbers]] = {
    NAIVE: _naive,
    SEASONAL_NAIVE: _seasonal_naive,
    MOVING_AVERAGE: _moving_average,
    **{name: partial(_fitted, name) for name in (MEDIAN_OF_FIVE, *SLOW)},
}
