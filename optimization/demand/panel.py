"""Demand as a matrix of series by periods: what the pooled model learns from and predicts.

Here is decided which cells say something about demand. Nothing is filled: an unknown cell is NaN
in every step that follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

MAX_PLAUSIBLE_UNITS = 1e9
# Fewer periods a year than this are months or quarters, more are weeks or days.
_LEAST_WEEKLY = 30.0


@dataclass(frozen=True)
class DemandPanel:
    """Demand of n series in T periods, units; column -1 is the newest.

    `values` is (n, T). NaN is unknown: before the start, out of stock, missing. A cell that is
    negative, infinite or above a thousand million is implausible and is taken for unknown, so it
    costs its own series only. `periods_per_year` is 52 for weeks, 12 for months.
    """

    values: Numbers
    periods_per_year: float

    @property
    def n(self) -> int:
        """Number of series."""
        return int(self.values.shape[0])

    @property
    def width(self) -> int:
        """Number of periods."""
        return int(self.values.shape[1])

    @property
    def is_weekly(self) -> bool:
        """Whether a period is a week or shorter, rather than a month."""
        return self.periods_per_year >= _LEAST_WEEKLY

    @cached_property
    def is_known(self) -> Flags:
        """Which cells are plausible demand, (n, T)."""
        # A comparison with NaN is false, which is what is wanted here.
        known: Flags = (self.values >= 0.0) & (self.values <= MAX_PLAUSIBLE_UNITS)
        return known

    @cached_property
    def is_poisoned(self) -> Flags:
        """Which series hold an implausible cell, (n,)."""
        return np.asarray((~self.is_known & ~np.isnan(self.values)).any(axis=1))

    def known_values(self, rows: slice) -> tuple[Numbers, Flags]:
        """Values of these rows with 0 where unknown, and where they are known; both (rows, T)."""
        known = self.is_known[rows]
        return np.where(known, self.values[rows], 0.0), known

    def take(self, rows: Integers) -> DemandPanel:
        """Panel of these series."""
        return DemandPanel(self.values[rows], self.periods_per_year)


def whole_periods(interval_periods: Numbers) -> Integers:
    """Interval in whole periods, at least 1: the window that is seen to complete in the history.

    >>> whole_periods(np.array([0.2, 2.5, 3.4])).tolist()
    [1, 2, 3]
    """
    return np.maximum(np.rint(interval_periods), 1.0).astype(np.int64)


def interval_demand(panel: DemandPanel, window: Integers, origins: Integers) -> Numbers:
    """Demand of the `window` periods from each origin on, (origins, n); NaN where not all known.

    An origin is the number of columns that are known before it; a window that reaches beyond the
    last column is unknown.

    >>> panel = DemandPanel(np.array([[1.0, 2.0, 4.0, np.nan]]), 12.0)
    >>> interval_demand(panel, np.array([2]), np.array([0, 1, 2])).ravel().tolist()
    [3.0, 6.0, nan]
    """
    values, known = panel.known_values(slice(None))
    total = np.concatenate([np.zeros((panel.n, 1)), np.cumsum(values, axis=1)], axis=1)
    count = np.concatenate([np.zeros((panel.n, 1)), np.cumsum(known, axis=1)], axis=1)
    result = np.full((len(origins), panel.n), np.nan)
    rows = np.arange(panel.n)
    for k, origin in enumerate(origins):
        end = np.minimum(origin + window, panel.width)
        whole = (count[rows, end] - count[:, origin]) == window
        result[k, whole] = (total[rows, end] - total[:, origin])[whole]
    return result
