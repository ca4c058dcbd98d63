"""What is known about a series at an origin: its levels, lot, error ratio and class.

All origins of a panel come from one pass over time; the pass at an origin has read the columns
before it and no other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.demand.classes import ADI_CUT_WEEKS, CV2_CUT, interval_and_variation
from optimization.demand.panel import DemandPanel, Integers, Numbers, whole_periods

CLASSES = ("smooth", "erratic", "intermittent", "lumpy", "dormant")
DORMANT = CLASSES.index("dormant")

HALF_LIVES_WEEKS = (2.0, 4.0, 8.0, 13.0, 26.0, 52.0)
HALF_LIVES_MONTHS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
# Position of the half-life whose level the error ratio judges: a quarter of a year, or eight months.
_JUDGED = 3
LOT_HALF_LIFE_YEARS = 3.0
ERROR_HALF_LIFE_YEARS = 2.0
LEAST_ERROR_RATIO, MOST_ERROR_RATIO = 0.05, 1e6

_SERIES_PER_CHUNK = 1024


@dataclass(frozen=True)
class Features:
    """What is known about n series at each origin.

    `levels` (origins, n, 7): bias-corrected exponential means per period, short memory first, the
    last over all history. `log_lot` (origins, n): ln(S2/S1), the size of a demand unit-weighted.
    `log_error_ratio`: ln of the variance of demand over the interval about its level, to its mean.
    `periods_with_demand` and `known_periods`: counts. `code`: position in `CLASSES`.
    """

    levels: Numbers
    log_lot: Numbers
    log_error_ratio: Numbers
    periods_with_demand: Numbers
    known_periods: Numbers
    code: npt.NDArray[np.int8]


def half_lives(panel: DemandPanel) -> Numbers:
    """Half-lives of the exponential means in periods, the last infinite: the mean of all history."""
    listed = HALF_LIVES_WEEKS if panel.is_weekly else HALF_LIVES_MONTHS
    return np.array([*listed, np.inf])


def features(panel: DemandPanel, interval_periods: Numbers, origins: Integers) -> Features:
    """Return what is known at each origin (number of columns before it), rising, each within 0…T.

    `interval_periods` (n,) is the interval whose errors are judged; its completed windows have its
    rounded length, at least one period.
    """
    window = whole_periods(interval_periods)
    parts = [
        _pass_over_time(panel, slice(start, start + _SERIES_PER_CHUNK), window, origins)
        for start in range(0, max(panel.n, 1), _SERIES_PER_CHUNK)
    ]
    joined = [np.concatenate([getattr(part, name) for part in parts], axis=1) for name in _FIELDS]
    return Features(*joined)


_FIELDS = tuple(Features.__dataclass_fields__)


def _pass_over_time(panel: DemandPanel, rows: slice, window: Integers, origins: Integers) -> Features:
    values, is_known = panel.known_values(rows)
    # Time first, so that one period of all series is contiguous.
    values, known = np.ascontiguousarray(values.T), np.ascontiguousarray(is_known.T).astype(np.float64)
    n = values.shape[1]
    last = int(origins[-1]) if len(origins) else 0
    decay = 2.0 ** (-1.0 / half_lives(panel))[:, None]
    lot_decay = 2.0 ** (-1.0 / (LOT_HALF_LIFE_YEARS * panel.periods_per_year))
    error_decay = 2.0 ** (-1.0 / (ERROR_HALF_LIFE_YEARS * panel.periods_per_year))
    cells = (np.arange(n), window[rows])

    total = np.vstack([np.zeros((1, n)), np.cumsum(values[:last], axis=0)])
    count = np.vstack([np.zeros((1, n)), np.cumsum(known[:last], axis=0)])
    judged = np.zeros((last + 1, n))
    weighted, weight = np.zeros((len(decay), n)), np.zeros((len(decay), n))
    first, second = np.zeros(n), np.zeros(n)
    squares, scale = np.zeros(n), np.zeros(n)
    nonzero, sum_of_squares, age = np.zeros(n), np.zeros(n), np.full(n, np.inf)

    shape = (len(origins), n)
    out = Features(
        levels=np.zeros((*shape, len(decay))),
        log_lot=np.zeros(shape),
        log_error_ratio=np.zeros(shape),
        periods_with_demand=np.zeros(shape),
        known_periods=np.zeros(shape),
        code=np.zeros(shape, dtype=np.int8),
    )
    wanted = {int(origin): k for k, origin in enumerate(origins)}
    for t in range(last + 1):
        judged[t] = weighted[_JUDGED] / np.maximum(weight[_JUDGED], 1e-300)
        _judge(t, cells, total, count, judged, (squares, scale), error_decay)
        if t in wanted:
            k = wanted[t]
            out.levels[k] = (weighted / np.maximum(weight, 1e-300)).T
            has = first > 0
            out.log_lot[k][has] = np.log(second[has] / first[has])
            judged_some = scale > 1e-12
            ratio = np.divide(squares, scale, out=np.ones(n), where=judged_some)
            out.log_error_ratio[k] = np.log(np.clip(ratio, LEAST_ERROR_RATIO, MOST_ERROR_RATIO))
            out.periods_with_demand[k], out.known_periods[k] = nonzero, count[t]
            out.code[k] = _class_code(
                count[t], nonzero, total[t], sum_of_squares, age > panel.periods_per_year
            )
        if t == last:
            break
        y, has_y = values[t], known[t]
        weighted *= decay
        weighted += y
        weight *= decay
        weight += has_y
        square = y * y
        first = first * lot_decay + y
        second = second * lot_decay + square
        sum_of_squares += square
        some = y > 0
        nonzero += some
        # A year without stock is not a year without demand.
        age = np.where(some, 1.0, age + has_y)
    return out


def _judge(
    t: int,
    cells: tuple[Integers, Integers],
    total: Numbers,
    count: Numbers,
    judged: Numbers,
    sums: tuple[Numbers, Numbers],
    decay: float,
) -> None:
    """Add the windows that complete at t to the sums of squared errors and of their scale."""
    column, window = cells
    squares, scale = sums
    start = np.maximum(t - window, 0)
    whole = (t > window) & (count[t] - count[start, column] == window)
    demand = total[t] - total[start, column]
    expected = window * judged[start, column]
    squares *= decay
    scale *= decay
    squares += np.where(whole, (demand - expected) ** 2, 0.0)
    scale += np.where(whole, (demand + expected) / 2.0, 0.0)


def _class_code(
    known: Numbers, nonzero: Numbers, total: Numbers, squares: Numbers, is_dormant: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int8]:
    adi, cv2 = interval_and_variation(known, nonzero, total, squares)
    # The order of CLASSES: smooth, erratic, intermittent, lumpy.
    code = 2 * (adi >= ADI_CUT_WEEKS).astype(np.int8) + (cv2 >= CV2_CUT)
    code[is_dormant] = DORMANT
    return code
