"""Season: an index per week of the year and group, learnt together and switched on only where it pays.

A group is a category, or a category in a region. Two full seasons are needed for an index of one's
own; what is noise is shrunk away, so that demand without a season gets indices near 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.demand.pooling import GroupWeeks, level_of
from optimization.demand.weeks import Days

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

SEASON_WEEKS = 52
LEAST_SEASONS = 2
# Weeks of the year are smoothed with their neighbours by these weights.
_KERNEL = np.array([1.0, 2.0, 3.0, 2.0, 1.0]) / 9.0
LEAST_INDEX, MOST_INDEX = 0.2, 5.0
LEAST_ORIGINS = 8
TEST_HORIZON_WEEKS = 13
# The season must save at least this share of the error.
LEAST_GAIN = 0.02


def week_of_year(starts: Days) -> Integers:
    """Week of the year, 0 to 51, of the week's middle day; day 365 belongs to the last.

    >>> week_of_year(np.array(["2024-01-01", "2024-12-30"], "datetime64[D]")).tolist()
    [0, 0]
    """
    middle = starts + np.timedelta64(3, "D")
    day = (middle - middle.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
    return np.asarray(np.minimum(day // 7, SEASON_WEEKS - 1), dtype=np.int64)


@dataclass(frozen=True)
class Season:
    """Index per group and week of the year (groups, 52), mean 1, and what its test said.

    `error_ratio` is the error with the season over the error without, NaN where too short a history
    allowed no test; `origins` counts the test's origins; `is_used` says where it won.
    """

    index: Numbers
    seasons: Numbers
    error_ratio: Numbers
    origins: Integers
    is_used: Flags


def learn_seasons(totals: GroupWeeks, parent: Integers, starts: Days) -> Season:
    """Learn and test the season of every group; row `parent[g]` is the wider group g leans on.

    A group that is its own parent leans on no season at all (index 1); parents come before their
    children. The test replays every fourth of the last 52 weeks as an origin, with indices learnt
    from weeks before it, and compares the absolute error of a level times index over 13 weeks with
    that of the level alone.
    """
    mean = totals.mean
    position = week_of_year(starts)
    weeks = mean.shape[1]
    groups = len(mean)
    origins = [
        at for at in range(weeks - 4, LEAST_SEASONS * SEASON_WEEKS - 1, -4) if at > weeks - SEASON_WEEKS - 1
    ][::-1]
    with_season, without = np.zeros(groups), np.zeros(groups)
    for origin in origins:
        index = season_indices(mean[:, :origin], parent, position[:origin])
        ahead = slice(origin, min(origin + TEST_HORIZON_WEEKS, weeks))
        actual = mean[:, ahead]
        plain = level_of(mean[:, :origin])
        base = level_of(mean[:, :origin] / index[:, position[:origin]])
        without += np.nansum(np.abs(actual - plain[:, None]), axis=1)
        with_season += np.nansum(np.abs(actual - base[:, None] * index[:, position[ahead]]), axis=1)
    ratio = np.full(groups, np.nan)
    if len(origins) >= LEAST_ORIGINS:
        np.divide(with_season, without, out=ratio, where=without > 0)
    return Season(
        index=season_indices(mean, parent, position),
        seasons=np.isfinite(mean).sum(axis=1) / SEASON_WEEKS,
        error_ratio=ratio,
        origins=np.full(groups, len(origins), dtype=np.int64),
        is_used=np.nan_to_num(ratio, nan=np.inf) < 1.0 - LEAST_GAIN,
    )


def season_indices(mean: Numbers, parent: Integers, position: Integers) -> Numbers:
    r"""Index per group and week of the year by ratio to the centred moving average of 52 weeks.

    The raw index :math:`x_w`, the smoothed mean of ratios of week w, is drawn to the parent's
    :math:`p_w` by :math:`p + k(x - p)`, k = max(0, 1 − noise/variance of x − p), where the noise is
    that of a mean of as many ratios (James & Stein 1961). Fewer than two seasons: the parent's.

    >>> t = np.arange(156)
    >>> y = 10.0 + 3.0 * np.sin(2 * np.pi * t / 52)
    >>> found = season_indices(y[None, :], np.array([0]), t % 52)
    >>> bool(abs(found[0, 13] - 1.3) < 0.03), round(float(found.mean()), 6)
    (True, 1.0)
    """
    groups = len(mean)
    index = np.ones((groups, SEASON_WEEKS))
    ratio = mean / _moving_average(mean)
    for group in range(groups):
        wider = index[parent[group]] if parent[group] != group else np.ones(SEASON_WEEKS)
        own, noise = _raw_index(ratio[group], position)
        seasons = np.isfinite(mean[group]).sum() / SEASON_WEEKS
        if own is None or seasons < LEAST_SEASONS:
            index[group] = wider
            continue
        away = own - wider
        signal = float(np.mean(away**2))
        keep = max(0.0, 1.0 - noise / signal) if signal > 0 else 0.0
        shrunk = np.clip(wider + keep * away, LEAST_INDEX, MOST_INDEX)
        index[group] = shrunk / shrunk.mean()
    return index


def _raw_index(ratio: Numbers, position: Integers) -> tuple[Numbers | None, float]:
    """Smoothed mean ratio per week of the year, and the variance of its noise."""
    seen = np.isfinite(ratio)
    count = np.bincount(position[seen], minlength=SEASON_WEEKS).astype(np.float64)
    if seen.sum() < SEASON_WEEKS // 2:
        return None, 0.0
    total = np.bincount(position[seen], weights=ratio[seen], minlength=SEASON_WEEKS).astype(np.float64)
    weight = _circular(count)
    smooth = np.divide(_circular(total), weight, out=np.ones(SEASON_WEEKS), where=weight > 0)
    residual = ratio[seen] - smooth[position[seen]]
    per_week = max(float(np.mean(count)), 1.0)
    # A residual is short of the share that its own week has in the smoothed value.
    squares, own = float((_KERNEL**2).sum()), float(_KERNEL.max())
    variance = float(np.mean(residual**2)) / (1.0 - (2.0 * own - squares) / per_week)
    return smooth / smooth.mean(), variance * squares / per_week


def _circular(values: Numbers) -> Numbers:
    """Weighted with the neighbours, the last week next to the first."""
    half = len(_KERNEL) // 2
    return np.convolve(np.concatenate([values[-half:], values, values[:half]]), _KERNEL, mode="valid")


def _moving_average(mean: Numbers) -> Numbers:
    """Centred mean of 52 known weeks; NaN within half a season of the ends, where a trend would leak in."""
    groups, weeks = mean.shape
    if weeks < SEASON_WEEKS:
        return np.full((groups, weeks), np.nan)
    known = np.isfinite(mean)
    zeros = np.zeros((groups, 1))
    total = np.concatenate([zeros, np.cumsum(np.where(known, mean, 0.0), axis=1)], axis=1)
    count = np.concatenate([zeros, np.cumsum(known, axis=1)], axis=1)
    units = total[:, SEASON_WEEKS:] - total[:, :-SEASON_WEEKS]
    number = count[:, SEASON_WEEKS:] - count[:, :-SEASON_WEEKS]
    average = np.full((groups, weeks), np.nan)
    half = SEASON_WEEKS // 2
    # Two windows half a week to either side make one that is centred on the week.
    units, number = units[:, :-1] + units[:, 1:], number[:, :-1] + number[:, 1:]
    np.divide(units, number, out=average[:, half : weeks - half], where=(number > 0) & (units > 0))
    return average
