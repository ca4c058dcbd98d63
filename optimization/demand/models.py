"""The library's forecasting methods that a class of demand may be promoted to, run over a chunk of series.

Only this module knows statsforecast. It takes a matrix, gives one level per series, and answers
NaN where the library fails: what then happens is the caller's fallback chain.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from optimization.demand.series import Numbers

# The methods that are several models of the library: their median. Any other name is one model.
MEDIAN_OF_FIVE = "median_of_five"
_SEVERAL = {MEDIAN_OF_FIVE: ("croston_sba", "tsb", "ses_0.1", "window_average_13", "imapa")}


@dataclass(frozen=True)
class Chunk:
    """Series of one method: weeks as columns, NaN before the start and where nothing is known."""

    method: str
    weeks: Numbers


def fitted_levels(chunk: Chunk) -> Numbers:
    """Expected weekly demand per row of the chunk; NaN where the model gave no plausible number.

    Missing weeks are skipped, so that the model sees the known weeks in their order. A series
    that makes the library raise is found by halving and costs only itself.
    """
    levels = _levels_or_halves(chunk.method, chunk.weeks)
    highest = np.nanmax(chunk.weeks, axis=1, initial=0.0)
    # No sensible level lies below zero or above the highest week.
    return np.where(np.isfinite(levels) & (levels >= 0) & (levels <= highest + 1e-9), levels, np.nan)


def _levels_or_halves(method: str, weeks: Numbers) -> Numbers:
    try:
        return _run(method, weeks)
    # The library raises whatever numba or its models happen to raise on a poisoned series.
    except Exception:
        if len(weeks) == 1:
            return np.array([np.nan])
        middle = len(weeks) // 2
        return np.concatenate(
            [_levels_or_halves(method, weeks[:middle]), _levels_or_halves(method, weeks[middle:])]
        )


def _run(method: str, weeks: Numbers) -> Numbers:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from statsforecast import StatsForecast

        series, week = np.nonzero(~np.isnan(weeks))
        known = pd.DataFrame({"unique_id": series, "ds": week, "y": weeks[series, week]})
        names = _SEVERAL.get(method, (method,))
        library = StatsForecast(models=[_model(name) for name in names], freq=1, n_jobs=1)
        forecast = library.forecast(df=known, h=1)
    levels = np.full(len(weeks), np.nan)
    answers = forecast[list(names)].to_numpy(dtype=np.float64)
    with warnings.catch_warnings():
        # A model that has too few weeks says nothing; so does the median of five that say nothing.
        warnings.simplefilter("ignore")
        levels[forecast["unique_id"].to_numpy()] = np.nanmedian(answers, axis=1)
    return levels


def _model(name: str) -> Any:
    from statsforecast import models

    makers = {
        "ses_optimized": lambda: models.SimpleExponentialSmoothingOptimized(alias=name),
        "ses_0.1": lambda: models.SimpleExponentialSmoothing(alpha=0.1, alias=name),
        "window_average_13": lambda: models.WindowAverage(window_size=13, alias=name),
        "imapa": lambda: models.IMAPA(alias=name),
        "croston_classic": lambda: models.CrostonClassic(alias=name),
        "croston_sba": lambda: models.CrostonSBA(alias=name),
        "tsb": lambda: models.TSB(alpha_d=0.1, alpha_p=0.1, alias=name),
        "auto_ets": lambda: models.AutoETS(season_length=1, alias=name),
        "auto_theta": lambda: models.AutoTheta(season_length=1, alias=name),
    }
    return makers[name]()
