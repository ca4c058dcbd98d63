"""The library's forecasting methods that a class of demand may be promoted to, run over a chunk of series.

Only this module knows statsforecast. It takes a matrix, gives one level per series, and answers
NaN where the library fails: what then happens is the caller's fallback chain.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.demand.series import Numbers
from optimization.separable import Integers, Loss, Separable, concatenated

# The methods that are several models of the library: their median. Any other name is one model.
MEDIAN_OF_FIVE = "median_of_five"
_SEVERAL = {MEDIAN_OF_FIVE: ("croston_sba", "tsb", "ses_0.1", "window_average_13", "imapa")}


@dataclass(frozen=True)
class Chunk:
    """Series of one method: weeks as columns, NaN before the start and where nothing is known."""

    method: str
    weeks: Numbers

    def __len__(self) -> int:
        return len(self.weeks)

    def take(self, rows: Integers) -> Chunk:
        """Return the chunk of these series."""
        return Chunk(self.method, self.weeks[rows])


@dataclass(frozen=True)
class Fitted:
    """Expected weekly demand per series, NaN without a plausible one, and the `Loss` of those that failed."""

    levels: Numbers
    loss: npt.NDArray[np.object_]


def fitted_levels(chunk: Chunk) -> Numbers:
    """Expected weekly demand per row of the chunk; NaN where the model gave no plausible number.

    Missing weeks are skipped, so that the model sees the known weeks in their order. A series
    that makes the library raise is found by halving and costs only itself.
    """
    return FITTING(chunk).levels


def _fitted(chunk: Chunk) -> Fitted:
    levels = _run(chunk.method, chunk.weeks)
    highest = np.nanmax(chunk.weeks, axis=1, initial=0.0)
    # No sensible level lies below zero or above the highest week.
    plausible = np.isfinite(levels) & (levels >= 0) & (levels <= highest + 1e-9)
    return Fitted(np.where(plausible, levels, np.nan), np.full(len(levels), None, dtype=object))


def _lost(chunk: Chunk, loss: Loss) -> Fitted:
    return Fitted(np.full(len(chunk), np.nan), np.full(len(chunk), loss, dtype=object))


def _keys(chunk: Chunk) -> Sequence[str]:
    """Digest method and known weeks; how far a chunk reaches back beyond a series is no matter of it."""
    first = (~np.isnan(chunk.weeks)).argmax(axis=1)
    head = f"{chunk.method}|".encode()
    return [
        sha256(head + row[start:].tobytes()).hexdigest()
        for row, start in zip(chunk.weeks, first, strict=True)
    ]


def _harmless(chunk: Chunk) -> Chunk:
    # Two seasons of something that sells every week, and of something that seldom does.
    week = np.arange(104)
    return Chunk(chunk.method, np.stack([5.0 + week % 3, (week % 9 == 0) * 2.0]))


# The library's code is neither ours nor pure Python: on a strange series it may do worse than raise.
FITTING: Separable[Chunk, Fitted] = Separable(_fitted, concatenated, _lost, _keys, _harmless, part_items=100)


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
