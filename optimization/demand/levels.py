"""What is known about a series at an origin: its levels, lot, error ratio and class.

All origins of a panel come from one pass over time; the pass at an origin has read the columns
before it and no other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.demand.classes import ADI_CUT_WEEKS, CV2_CUT, interval_and_variation
from optimization.demand.level_breaks import common_breaks, rebased
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

# A chunk's matrices stay in the processor's cache.
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
    shape = (len(origins), panel.n)
    out = Features(
        levels=np.zeros((*shape, len(half_lives(panel)))),
        log_lot=np.zeros(shape),
        log_error_ratio=np.zeros(shape),
        periods_with_demand=np.zeros(shape),
        known_periods=np.zeros(shape),
        code=np.zeros(shape, dtype=np.int8),
    )
    breaks = common_breaks(panel, int(origins[-1])) if len(origins) else []
    # From where a break was seen until the next one, origins read the history as rebased by then.
    edges = np.searchsorted(origins, [each.seen for each in breaks])
    for k, some in enumerate(np.split(np.arange(len(origins)), edges)):
        if len(some):
            _read(rebased(panel, breaks[:k]) if k else panel, window, origins, some, out)
    return out


def _read(panel: DemandPanel, window: Integers, origins: Integers, some: Integers, out: Features) -> None:
    """Write what is known at `some` of the origins to `out`."""
    # Chunks of one window each: its completed demand is then a difference of two rows.
    order = np.argsort(window, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(window[order])) + 1):
        for start in range(0, len(group), _SERIES_PER_CHUNK):
            rows = group[start : start + _SERIES_PER_CHUNK]
            _pass_over_time(panel.take(rows), int(window[rows[0]]), origins, some, out, rows)


def _pass_over_time(
    panel: DemandPanel, window: int, origins: Integers, some: Integers, out: Features, rows: Integers
) -> None:
    """Read one period after another; before each of `some` origins, write what is known to `out`."""
    values, is_known = panel.known_values(slice(None))
    # Time first, so that one period of all series is contiguous.
    values, known = np.ascontiguousarray(values.T), np.ascontiguousarray(is_known.T).astype(np.float64)
    n, last = panel.n, int(origins[some[-1]])
    lives = half_lives(panel)
    k, year = len(lives), panel.periods_per_year
    lot_life, error_life = LOT_HALF_LIFE_YEARS * year, ERROR_HALF_LIFE_YEARS * year
    # One state, so that a period is a handful of operations: numerators and S1, denominators,
    # S2, squared errors, their scale, periods with demand, sum of squares.
    forgotten = [*lives, lot_life, *lives, lot_life, error_life, error_life, np.inf, np.inf]
    decay = 2.0 ** (-1.0 / np.array(forgotten))[:, None]
    state = np.zeros((len(decay), n))
    of_value, weight = state[: k + 1], state[k + 1 : 2 * k + 1]
    second, squares, scale, nonzero, sum_squares = state[2 * k + 1 :]
    total, count, judged = (np.zeros((last + 1, n)) for _ in range(3))
    age = np.full(n, np.inf)
    wanted = {int(origins[position]): position for position in some}
    for t in range(last + 1):
        np.divide(of_value[_JUDGED], np.maximum(weight[_JUDGED], 1e-300), out=judged[t])
        # A window that started at column 0 was expected from nothing.
        if t > window:
            start = t - window
            whole = count[t] - count[start] == window
            demand, expected = total[t] - total[start], window * judged[start]
            squares += whole * (demand - expected) ** 2
            scale += whole * (demand + expected) * 0.5
        if t in wanted:
            at = wanted[t]
            out.levels[at, rows] = (of_value[:k] / np.maximum(weight, 1e-300)).T
            lot = np.divide(second, of_value[k], out=np.ones(n), where=of_value[k] > 0)
            ratio = np.divide(squares, scale, out=np.ones(n), where=scale > 1e-12)
            out.log_lot[at, rows] = np.log(lot)
            out.log_error_ratio[at, rows] = np.log(np.clip(ratio, LEAST_ERROR_RATIO, MOST_ERROR_RATIO))
            out.periods_with_demand[at, rows], out.known_periods[at, rows] = nonzero, count[t]
            out.code[at, rows] = _class_code(count[t], nonzero, total[t], sum_squares, age > year)
        if t < last:
            y, has_y = values[t], known[t]
            some, square = y > 0.0, y * y
            state *= decay
            of_value += y
            weight += has_y
            second += square
            nonzero += some
            sum_squares += square
            np.add(total[t], y, out=total[t + 1])
            np.add(count[t], has_y, out=count[t + 1])
            # A year without stock is not a year without demand: only known periods age.
            age += has_y
            age[some] = 1.0


def _class_code(
    known: Numbers, nonzero: Numbers, total: Numbers, squares: Numbers, is_dormant: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int8]:
    adi, cv2 = interval_and_variation(known, nonzero, total, squares)
    # The order of CLASSES: smooth, erratic, intermittent, lumpy.
    code = 2 * (adi >= ADI_CUT_WEEKS).astype(np.int8) + (cv2 >= CV2_CUT)
    code[is_dormant] = DORMANT
    return code
