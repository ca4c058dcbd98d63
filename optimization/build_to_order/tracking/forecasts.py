"""When open orders reach their handover and what lies before it: the draws turned into days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.build_to_order.lead_times.conformal import EXPECTED_LEVEL, Stretch
from optimization.build_to_order.lead_times.pace import PacedPassages
from optimization.build_to_order.lead_times.past_orders import Passages
from optimization.build_to_order.lead_times.remaining import (
    Draws,
    Questions,
    draw_remaining,
    later_milestones,
    place,
    quantiles_of,
)
from optimization.demand.series import Flags, Numbers
from optimization.order_parameters import LeadTimeParameters


@dataclass(frozen=True)
class Forecasts:
    """Predictions for open orders (n,), as day numbers; NaN where the past does not say.

    `days` (n, k): possible days of the handover, ascending, infinite where no past order says.
    `milestone_p50`, `milestone_p90` (n, m): days of the stages that are still to come. `basis`: `slot`,
    `milestones`, `lead_time` or `none`.
    """

    days: Numbers
    p50: Numbers
    p90: Numbers
    milestone_p50: Numbers
    milestone_p90: Numbers
    basis: npt.NDArray[np.object_]

    def chance_after(self, day: Numbers) -> Numbers:
        """Probability (n,) that the handover comes after `day`; NaN where either is unknown."""
        share = (self.days > day[:, None]).mean(axis=1)
        return np.where(np.isnan(day) | np.isnan(self.p50), np.nan, share)


def forecasts(
    past: PacedPassages,
    waiting: Passages,
    stretch: Stretch,
    slot_end: Numbers,
    built_column: int,
    today: float,
    parameters: LeadTimeParameters,
) -> Forecasts:
    """Predict every waiting order.

    Without a slot the draws are conditioned on the stage and its age. With one (`slot_end`, the last day
    of its week) the wait is known: the order is built by then, tomorrow at the earliest, and only the
    days from there to the handover are drawn. Draws are stretched as past predictions tell.
    """
    n, width = waiting.reached.shape
    level = parameters.promise_quantile
    days = np.full((n, parameters.sampled_orders), np.inf)
    p50, p90 = np.full((n, width), np.nan), np.full((n, width), np.nan)
    stage = waiting.stage
    has_slot = ~np.isnan(slot_end)
    age = today - waiting.reached[np.arange(n), stage]
    for column in range(width - 1):
        inside = np.flatnonzero(~has_slot & (stage == column))
        if len(inside):
            asked = Questions(column, age[inside], waiting.pool[inside])
            draws = draw_remaining(past, asked, today, parameters)
            base = np.full(len(inside), today)
            days[inside] = base[:, None] + stretch.applied(draws, column, level)
            _place_milestones(past, draws, stretch, column, base, today, inside, level, p50, p90)
    inside = np.flatnonzero(has_slot)
    if len(inside) and built_column < width - 1:
        asked = Questions(built_column, np.full(len(inside), -1.0), waiting.pool[inside])
        draws = draw_remaining(past, asked, today, parameters)
        base = np.maximum(slot_end[inside], today + 1.0)
        days[inside] = base[:, None] + stretch.applied(draws, built_column, level)
        _place_milestones(past, draws, stretch, built_column, base, today, inside, level, p50, p90)
        p50[inside, built_column], p90[inside, built_column] = base, base
    to_come = np.arange(width)[None, :] > stage[:, None]
    expected = days[:, place(EXPECTED_LEVEL, days.shape[1])]
    promised = days[:, place(level, days.shape[1])]
    expected = np.where(np.isinf(expected), np.nan, np.round(expected))
    promised = np.where(np.isinf(promised), np.nan, np.ceil(promised - 1e-9))
    p50[:, -1], p90[:, -1] = expected, promised
    basis = np.where(has_slot, "slot", np.where(stage > 0, "milestones", "lead_time"))
    return Forecasts(
        days,
        expected,
        promised,
        _in_order(p50, to_come, expected),
        _in_order(p90, to_come, promised),
        np.where(np.isnan(expected), "none", basis).astype(object),
    )


def _place_milestones(
    past: PacedPassages,
    draws: Draws,
    stretch: Stretch,
    start: int,
    base: Numbers,
    today: float,
    inside: npt.NDArray[np.int64],
    level: float,
    p50: Numbers,
    p90: Numbers,
) -> None:
    """Write the days of all milestones of the drawn orders, counted from `base`, tomorrow at the earliest."""
    for column in range(1, past.past.reached.shape[1] - 1):
        if column == start:
            continue
        found = quantiles_of(later_milestones(past, draws, start, column), (EXPECTED_LEVEL, level))
        factor = stretch.factor[start] if column > start else np.ones(2)
        p50[inside, column] = np.maximum(np.round(base + found[:, 0] * factor[0]), today + 1.0)
        p90[inside, column] = np.maximum(np.ceil(base + found[:, 1] * factor[1]), today + 1.0)


def _in_order(days: Numbers, to_come: Flags, handover: Numbers) -> Numbers:
    """Days of what is to come, none before the one that precedes it and none after the handover."""
    shown = np.where(to_come, days, np.nan)
    rising = np.maximum.accumulate(np.where(np.isnan(shown), -np.inf, shown), axis=1)
    bounded = np.fmin(rising, handover[:, None])
    return np.where(np.isnan(shown), np.nan, bounded)
