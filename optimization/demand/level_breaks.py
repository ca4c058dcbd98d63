"""Breaks of the level that many series share: history before one is rebased to the level after it.

A long memory serves stable demand and betrays it after a break: weights that were learnt while the
level stood still keep counting what is over. A single series is too sparse to tell a break from
chance, so breaks are looked for in the sum of all series, and history is rescaled by their common
ratio rather than dropped: what sets series apart is still known from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.demand.panel import DemandPanel, Flags, Numbers

# Recent windows in years, with the factor by which the level must have moved to count as broken: a
# shorter window needs a larger move, because seasons move short windows.
_WINDOWS = ((0.25, 3.0), (0.5, 2.0), (1.0, 1.7))
# Before the window, so much history in years is needed, and so many lots in both together.
_LEAST_BEFORE_YEARS = 0.5
_LEAST_LOTS = 150.0
# The move must also be larger than chance: standard deviations of the log ratio.
_LEAST_DEVIATIONS = 4.0
# A correction of a break that was just seen is no new claim: a smaller move will do.
_SETTLING_FACTOR = 1.15
CHECKS_PER_YEAR = 12.0
_MOST_WITNESSES = 4_000


@dataclass(frozen=True)
class LevelBreak:
    """Seen at origin `seen` (columns known): demand before column `start` times `ratio` is of today."""

    seen: int
    start: int
    ratio: float


def common_breaks(panel: DemandPanel, last: int) -> list[LevelBreak]:
    """Breaks seen at origins up to `last`, in the order seen; each rests on columns before it only.

    Every month the demand of a recent window is compared with what the mean before it would have
    given, both in units of each series' lot S2/S1, so that no large series decides alone. A
    break is where their ratio is beyond the window's factor and beyond chance; of several windows
    the one that chance explains least. When a break is first seen the window still holds some of
    what was before, so its ratio is corrected for half a year as demand after it comes in.
    """
    values, is_known = _witnesses(panel.values[:, :last], panel.periods_per_year)
    known = is_known.astype(np.float64)
    year, width = panel.periods_per_year, values.shape[1]
    step = max(round(year / CHECKS_PER_YEAR), 1)
    quarter, least_before = max(round(year / 4.0), 1), max(round(_LEAST_BEFORE_YEARS * year), 2)
    breaks: list[LevelBreak] = []
    settling: LevelBreak | None = None
    for origin in range(least_before + step, width + 1, step):
        lot = _lot(values[:, :origin])
        if settling is not None and origin - settling.seen > 2 * quarter:
            settling = None
        if settling is not None:
            tried = [(settling.start, max(settling.start, origin - quarter), _SETTLING_FACTOR)]
        else:
            starts = [origin - max(round(years * year), 1) for years, _ in _WINDOWS]
            tried = [(at, at, factor) for at, (_, factor) in zip(starts, _WINDOWS, strict=True)]
        found, strongest = None, _LEAST_DEVIATIONS
        for start, recent, factor in tried:
            if start < least_before:
                continue
            log_ratio, deviations = _move(values, known, lot, (start, recent, origin))
            if abs(log_ratio) >= np.log(factor) and deviations > strongest:
                found, strongest = LevelBreak(origin, start, float(np.exp(log_ratio))), deviations
        if found is not None:
            breaks.append(found)
            settling = settling or found
            values[:, : found.start] *= found.ratio
    return breaks


def _witnesses(values: Numbers, periods_per_year: float) -> tuple[Numbers, Flags]:
    """Known demand of at most 4,000 series, evenly from the smallest to the largest."""
    known, is_known = DemandPanel(values, periods_per_year).known_values(slice(None))
    if len(known) <= _MOST_WITNESSES:
        return known, is_known
    # By size, not by place: the order of the series must not matter.
    order = np.argsort(known.sum(axis=1), kind="stable")
    chosen = order[np.linspace(0, len(order) - 1, _MOST_WITNESSES).round().astype(np.int64)]
    return known[chosen], is_known[chosen]


def rebased(panel: DemandPanel, breaks: list[LevelBreak]) -> DemandPanel:
    """Panel with the history before each break at the level after it.

    >>> panel = DemandPanel(np.array([[8.0, 8.0, 2.0, 2.0]]), 12.0)
    >>> rebased(panel, [LevelBreak(seen=4, start=2, ratio=0.25)]).values.tolist()
    [[2.0, 2.0, 2.0, 2.0]]
    """
    values = panel.values.copy()
    for each in breaks:
        values[:, : each.start] *= each.ratio
    return DemandPanel(values, panel.periods_per_year)


def _lot(values: Numbers) -> Numbers:
    """Size of a demand, unit-weighted: Σy²/Σy per series, at least 1."""
    total = values.sum(axis=1)
    squares = (values**2).sum(axis=1)
    return np.asarray(np.maximum(np.divide(squares, total, out=np.ones(len(total)), where=total > 0), 1.0))


def _move(values: Numbers, known: Numbers, lot: Numbers, edges: tuple[int, int, int]) -> tuple[float, float]:
    """Log ratio of the lots in the recent window to those the mean before `start` gives, and its size.

    The size is in standard deviations of the log ratio; 0 where too few lots were seen.
    """
    start, recent, end = edges
    count = known[:, :start].sum(axis=1)
    mean = np.divide(values[:, :start].sum(axis=1), count, out=np.zeros(len(count)), where=count > 0)
    # A series that was unknown before says nothing about a change.
    before = count > 0
    seen = float((values[:, recent:end].sum(axis=1) / lot)[before].sum())
    expected = float((mean * known[:, recent:end].sum(axis=1) / lot)[before].sum())
    if seen + expected < _LEAST_LOTS:
        return 0.0, 0.0
    seen, expected = max(seen, 0.5), max(expected, 0.5)
    log_ratio = float(np.log(seen / expected))
    return log_ratio, abs(log_ratio) / float(np.sqrt(1.0 / seen + 1.0 / expected))
