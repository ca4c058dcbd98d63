"""The fitted forecasting models, one per demand class, run over a chunk of series.

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

# By class: the library's model and its name in `method`. Chosen by four-week error on weekly car
# parts and shop sales: the median of aggregation levels (IMAPA) for demand with gaps, a slow fixed
# weight where sizes vary wildly (a fitted weight jumps to the last spike), a fitted one otherwise.
METHOD_OF_CLASS = {
    "smooth": "ses_optimized",
    "erratic": "ses_0.1",
    "intermittent": "imapa",
    "lumpy": "imapa",
}


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
        library = StatsForecast(models=[_model(method)], freq=1, n_jobs=1)
        forecast = library.forecast(df=known, h=1)
    levels = np.full(len(weeks), np.nan)
    levels[forecast["unique_id"].to_numpy()] = forecast["level"].to_numpy(dtype=np.float64)
    return levels


def _model(method: str) -> Any:
    from statsforecast import models

    makers = {
        "ses_optimized": lambda: models.SimpleExponentialSmoothingOptimized(alias="level"),
        "ses_0.1": lambda: models.SimpleExponentialSmoothing(alpha=0.1, alias="level"),
        "imapa": lambda: models.IMAPA(alias="level"),
        "croston_classic": lambda: models.CrostonClassic(alias="level"),
        "croston_sba": lambda: models.CrostonSBA(alias="level"),
        "tsb": lambda: models.TSB(alpha_d=0.1, alpha_p=0.1, alias="level"),
    }
    return makers[method]()
