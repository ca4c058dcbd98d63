"""Groups of item-locations: their weekly totals, whom a scope names, and how estimates are shrunk.

Small effects (an uplift, an elasticity, a season) cannot be learnt from one item-location. They are
learnt from groups, and each group's own estimate is drawn to what the wider group shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.demand.series import WeeklySeries

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

LEVEL_HALF_LIFE_WEEKS = 13.0
SCOPE_COLUMNS = ["scope", "scope_level", "location_scope", "location_scope_level"]


@dataclass(frozen=True)
class GroupWeeks:
    """Demand of groups per week: `units` (groups, weeks), and how many members are known in it."""

    units: Numbers
    known: Numbers

    @property
    def mean(self) -> Numbers:
        """Units per known member, NaN where nobody is known."""
        nothing = np.full(self.units.shape, np.nan)
        return np.asarray(np.divide(self.units, self.known, out=nothing, where=self.known > 0))


def group_weeks(series: WeeklySeries, group: Integers, groups: int, weeks: int) -> GroupWeeks:
    """Total the last `weeks` complete weeks of every group; a row with group -1 counts nowhere."""
    start = series.end_week - weeks

    def _sum(row: Integers, week: Integers, weights: Numbers | None = None) -> Numbers:
        kept = (week >= start) & (week < series.end_week) & (group[row] >= 0)
        code = group[row[kept]] * weeks + week[kept] - start
        chosen = None if weights is None else weights[kept]
        total = np.bincount(code, weights=chosen, minlength=groups * weeks)
        return np.asarray(total, dtype=np.float64).reshape(groups, weeks)

    begun = _sum(np.arange(series.n), np.maximum(series.first_week, start))
    known = np.cumsum(begun, axis=1) - _sum(series.missing_row, series.missing_week)
    return GroupWeeks(_sum(series.row, series.week, series.units), np.maximum(known, 0.0))


class Scopes:
    """Finds the rows that a scope and a place name, without a pass over all rows for each."""

    def __init__(self, item_location: pd.DataFrame) -> None:
        self._frame = item_location
        self._rows: dict[str, dict[object, Integers]] = {}

    def rows(self, scope: str, level: str, location_scope: str, location_level: str) -> Integers:
        """Positions of the rows named, rising; a level is the column to equal the scope, or `all`."""
        everyone = np.arange(len(self._frame), dtype=np.int64)
        found = everyone if level == "all" else self._named(level, scope)
        if location_level == "all":
            return found
        there = self._named(location_level, location_scope)
        return there if level == "all" else np.intersect1d(found, there, assume_unique=True)

    def _named(self, column: str, value: str) -> Integers:
        if column not in self._frame.columns:
            return np.zeros(0, dtype=np.int64)
        if column not in self._rows:
            groups = self._frame.reset_index(drop=True).groupby(column, sort=True).indices
            self._rows[column] = {key: np.sort(at).astype(np.int64) for key, at in groups.items()}
        return self._rows[column].get(value, np.zeros(0, dtype=np.int64))


@dataclass(frozen=True)
class Signatures:
    """Rows that every scope treats alike, in one category: `group` per row, `member` (groups, scopes)."""

    group: Integers
    category: npt.NDArray[np.object_]
    member: Flags

    @property
    def groups(self) -> int:
        """Number of groups."""
        return len(self.category)


def signatures(item_location: pd.DataFrame, scopes: pd.DataFrame) -> Signatures:
    """Group the rows by category and by which of `scopes` name them.

    `scopes` has scope, scope_level, location_scope and location_scope_level. Starts from the
    categories; a scope that names some rows of a group and not others splits it.
    """
    codes, names = pd.factorize(item_location["category"], sort=True)
    group = codes.astype(np.int64)
    category = list(names)
    size = list(np.bincount(group, minlength=len(category)))
    members: list[set[int]] = [set() for _ in category]
    find = Scopes(item_location)
    columns = [scopes[name].astype(str) for name in SCOPE_COLUMNS]
    for number, values in enumerate(zip(*columns, strict=True)):
        rows = find.rows(*values)
        for old, inside in zip(*np.unique(group[rows], return_counts=True), strict=True):
            if inside == size[old]:
                members[old].add(number)
                continue
            group[rows[group[rows] == old]] = len(category)
            category.append(category[old])
            members.append(members[old] | {number})
            size[old] -= inside
            size.append(inside)
    member = np.zeros((len(category), len(scopes)), dtype=np.bool_)
    for at, named in enumerate(members):
        member[at, sorted(named)] = True
    return Signatures(group, np.array(category, dtype=object), member)


@dataclass(frozen=True)
class Shrunk:
    """Estimates drawn to their pool: `value` and `variance` per group, `pooled` per pool."""

    value: Numbers
    variance: Numbers
    pooled: Numbers


def shrink(
    own: Numbers, variance: Numbers, pool: Integers, pools: int, within_sd: float, prior_sd: float
) -> Shrunk:
    r"""Two-level normal shrinkage: own estimate :math:`\to` pool of its kind :math:`\to` 0.

    With own estimate y and variance s², spread τ of groups within a pool and prior sd τ₀ of the pool,
    the pool is :math:`\sum y/(s²+τ²) / (\sum 1/(s²+τ²) + 1/τ₀²)` and the group
    :math:`(y/s² + pool/τ²)/(1/s² + 1/τ²)`. An infinite s² takes the pool's value. Source: Gelman et
    al., Bayesian Data Analysis, 5.4.

    >>> found = shrink(np.array([1.0, 0.0]), np.array([0.01, np.inf]), np.array([0, 0]), 1, 0.1, 1.0)
    >>> found.pooled.round(4).tolist(), found.value.round(4).tolist()
    ([0.9804], [0.9902, 0.9804])
    """
    weight = 1.0 / (variance + within_sd**2)
    total = np.bincount(pool, weights=np.where(weight > 0, weight * own, 0.0), minlength=pools)
    pooled = total / (np.bincount(pool, weights=weight, minlength=pools) + 1.0 / prior_sd**2)
    precision = 1.0 / variance
    value = (np.where(precision > 0, own * precision, 0.0) + pooled[pool] / within_sd**2) / (
        precision + 1.0 / within_sd**2
    )
    return Shrunk(np.asarray(value), 1.0 / (precision + 1.0 / within_sd**2), np.asarray(pooled))


def level_of(mean: Numbers) -> Numbers:
    """Exponential mean of the known weeks (groups, weeks) with a half-life of a quarter; 0 without any.

    >>> level_of(np.array([[4.0, np.nan, 4.0], [np.nan, np.nan, np.nan]])).tolist()
    [4.0, 0.0]
    """
    age = np.arange(mean.shape[1])[::-1]
    weight = 2.0 ** (-age / LEVEL_HALF_LIFE_WEEKS) * np.isfinite(mean)
    total = weight.sum(axis=1)
    level = (np.nan_to_num(mean) * weight).sum(axis=1)
    return np.asarray(np.divide(level, total, out=np.zeros(len(mean)), where=total > 0))


def weekly_noise(totals: Numbers) -> float:
    """Variance-to-mean ratio of a weekly total about its neighbours, at least 1; NaN is skipped.

    The variance of y(t) − (y(t−1) + y(t+1))/2 is 1.5 times that of y, and a slow trend leaves it.

    >>> weekly_noise(np.array([5.0, 5.0, 5.0, 5.0]))
    1.0
    """
    if len(totals) < 3:
        return 1.0
    bend = totals[1:-1] - (totals[:-2] + totals[2:]) / 2.0
    mean = np.nanmean(totals) if np.isfinite(totals).any() else 0.0
    if mean <= 0 or not np.isfinite(bend).any():
        return 1.0
    return max(float(np.nanmean(bend**2)) / 1.5 / float(mean), 1.0)
