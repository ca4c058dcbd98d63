"""Past orders at today's pace: a stage that has become slower makes every past order's stage as slow.

An order that is over began long ago. Where lead times drift, what it took tells of then; what the
stages take now is told by the orders that are in them, long before any of these is delivered.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.build_to_order.lead_times.past_orders import Passages
from optimization.demand.series import Numbers
from optimization.keys import Integers

# A window is four weeks; what began more than a year ago is taken at the pace of the last one.
WINDOW_DAYS = 28.0
WINDOWS = 13
# Stages left within a window: with so many, half of what they say of the pace is believed.
HALF_BELIEVED = 20.0
_LOG_FACTORS: Numbers = np.linspace(-np.log(2.0), np.log(2.0), 25)
_MOST_SPELLS = 4_000


@dataclass(frozen=True)
class PacedPassages:
    """Passages as they were, and the same with every stage as long as it would be today.

    `paced` keeps the first day of each order; days within stages may be fractions.
    """

    past: Passages
    paced: Passages


def at_todays_pace(past: Passages, today: float) -> PacedPassages:
    """Stretch every stage by today's pace over that of the window in whose middle it fell."""
    log_pace = stage_paces(past, today)
    reached = np.minimum(past.left_at, past.end[:, None])
    spent = np.maximum(reached - past.reached, 0.0)
    window = _window(today, past.reached + spent / 2.0)
    factor = np.exp(log_pace[:, :1] - log_pace).T
    stretched = np.nan_to_num(spent * np.take_along_axis(factor, window, axis=0))
    told = ~np.isnan(past.reached)
    # A stage that was left out took no days of its own: those of the one before ran on.
    upto = past.reached[:, :1] + np.cumsum(stretched, axis=1)
    begun = np.concatenate([past.reached[:, :1], upto[:, :-1]], axis=1)
    paced = Passages(past.order_id, past.codes, np.where(told, begun, np.nan), upto[:, -1], past.pool)
    return PacedPassages(past, paced)


def stage_paces(past: Passages, today: float) -> Numbers:
    """Logarithm (m, windows) of how long each stage took against the whole record; window 0 is the newest.

    A window's factor f makes the exits that the record's cumulative hazard Λ expects of all who were in
    the stage, Σ Λ(age at the end / f) − Λ(age at the start / f), equal to the exits that were seen: orders
    that are still in the stage count for as long as they were. With e exits, ln f is drawn to 0 by
    e/(e + 20).
    """
    log_pace = np.zeros((past.reached.shape[1], WINDOWS))
    for column in range(past.reached.shape[1] - 1):
        begun = past.reached[:, column]
        rows = np.flatnonzero(begun >= today - WINDOW_DAYS * (WINDOWS + 3))
        if len(rows) > _MOST_SPELLS:
            rows = rows[np.linspace(0, len(rows) - 1, _MOST_SPELLS).astype(np.int64)]
        start = begun[rows]
        left = past.left_at[rows, column]
        is_exit = left <= past.end[rows]
        last = np.maximum(np.where(is_exit, left, past.end[rows]), start)
        ages, hazard = _cumulative_hazard(last - start, is_exit)
        if not len(ages):
            continue
        for window in range(WINDOWS):
            end = today - WINDOW_DAYS * window
            inside = (start <= end) & (last > end - WINDOW_DAYS)
            exits = int((is_exit & inside & (last <= end)).sum())
            if not exits:
                continue
            # Days are whole: an order leaves in the middle of its day.
            to_age = np.minimum(last[inside], end) + 0.5 - start[inside]
            from_age = np.maximum(end - WINDOW_DAYS + 0.5 - start[inside], 0.0)
            scale = np.exp(-_LOG_FACTORS)
            expected = (
                np.interp(to_age[:, None] * scale, ages, hazard)
                - np.interp(from_age[:, None] * scale, ages, hazard)
            ).sum(axis=0)
            # A longer stage is left less often: the expected exits fall with the factor.
            falling = np.minimum.accumulate(expected)
            found = float(np.interp(-exits, -falling, _LOG_FACTORS))
            log_pace[column, window] = found * exits / (exits + HALF_BELIEVED)
    return log_pace


def _cumulative_hazard(days: Numbers, is_exit: np.ndarray) -> tuple[Numbers, Numbers]:
    """Nelson–Aalen: ages and cumulative hazard, straight between them; 0 at age 0."""
    ages, exits = np.unique(days[is_exit], return_counts=True)
    if not len(ages):
        return ages, ages
    at_risk = len(days) - np.searchsorted(np.sort(days), ages, side="left")
    hazard = np.cumsum(exits / at_risk)
    return np.concatenate([[0.0], ages + 0.5]), np.concatenate([[0.0], hazard])


def _window(today: float, day: Numbers) -> Integers:
    number = np.floor((today - np.nan_to_num(day, nan=today)) / WINDOW_DAYS)
    return np.clip(number, 0, WINDOWS - 1).astype(np.int64)
