"""Whether past predictions would have held, and by how much to stretch today's so that they do.

The predictions are made anew for past weeks with what was known then. A score is the ratio of the
days that it really took to the days that were predicted; orders still on their way are censored
scores, for leaving them out would make the past look punctual.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from optimization.build_to_order.lead_times.pace import at_todays_pace
from optimization.build_to_order.lead_times.past_orders import Passages
from optimization.build_to_order.lead_times.remaining import Draws, Questions, draw_remaining
from optimization.demand.lead_times import recency_weight
from optimization.demand.pooled_survival import Durations, group_curves
from optimization.demand.series import Flags, Numbers
from optimization.keys import Integers
from optimization.order_parameters import LeadTimeParameters

# Past predictions are made anew on every such day: nearer together they repeat each other.
STEP_DAYS = 14
EXPECTED_LEVEL = 0.5
# A past prediction this old counts half: the correction must follow a drift that the draws lag behind.
SCORE_HALF_LIFE_DAYS = 56.0
_MOST_STEPS = 26
_LEAST_STRETCH, _MOST_STRETCH = 0.5, 3.0


@dataclass(frozen=True)
class PastScores:
    """Predictions of one past day for orders (n,) that had just begun a stage.

    `origin`: day number of the prediction; `order` rows of the passages; `column` the stage;
    `predicted` (n, 2): days at the expected and at the promised level.
    """

    origin: float
    order: Integers
    column: Integers
    predicted: Numbers


@dataclass(frozen=True)
class Stretch:
    """Factors (m, 2) per stage on the expected and on the promised days, and the scores behind them."""

    factor: Numbers
    score_count: Integers
    coverage: float

    def applied(self, draws: Draws, column: int, level: float) -> Numbers:
        """Draws' days (n, k), each level's days times the factor that lies between the two.

        Below the expected level its factor holds, above the promised one that one's.
        """
        size = draws.days.shape[1]
        middle = (np.arange(size) + 1.0) / size
        factor = np.interp(middle, [EXPECTED_LEVEL, level], self.factor[column])
        stretched = np.where(np.isinf(draws.days), np.inf, draws.days * factor[None, :])
        return np.asarray(np.maximum.accumulate(stretched, axis=1))


def past_scores(past: Passages, origin: float, parameters: LeadTimeParameters) -> PastScores:
    """Predict, with what was known at the end of day `origin`, orders that began their stage lately."""
    position = np.flatnonzero(past.reached[:, 0] <= origin)
    known = past.known_at(origin)
    stage = known.stage
    entered = known.reached[np.arange(len(stage)), stage]
    fresh = (entered > origin - STEP_DAYS) & (known.end >= origin) & np.isnan(known.delivered)
    history = at_todays_pace(known, origin)
    rows, columns, days = [], [], []
    most = max(parameters.conformal_orders // 5, 1)
    for column in range(len(past.codes) - 1):
        inside = np.flatnonzero(fresh & (stage == column))
        # Spread over the orders as they stand, not the first ones: they are sorted by their id.
        inside = inside[np.unique(np.linspace(0, len(inside) - 1, min(len(inside), most)).astype(np.int64))]
        if not len(inside):
            continue
        questions = Questions(column, origin - entered[inside], known.pool[inside])
        draws = draw_remaining(history, questions, origin, parameters)
        rows.append(position[inside])
        columns.append(np.full(len(inside), column, dtype=np.int64))
        days.append(
            np.stack([draws.quantiles(EXPECTED_LEVEL), draws.quantiles(parameters.promise_quantile)], axis=1)
        )
    if not rows:
        nothing = np.zeros(0, dtype=np.int64)
        return PastScores(origin, nothing, nothing, np.zeros((0, 2)))
    return PastScores(origin, np.concatenate(rows), np.concatenate(columns), np.concatenate(days))


def learn_stretch(
    past: Passages,
    today: float,
    parameters: LeadTimeParameters,
    scores_of: Callable[[Passages, float, LeadTimeParameters], PastScores] = past_scores,
) -> Stretch:
    """Learn the factors from the fortnights before `today`, newest first, until enough orders are delivered.

    Per level q and stage, the factor is the q·(n+1)/n quantile of the scores (their product-limit curve,
    recent weeks weighing more), n the delivered ones: split conformal prediction on ratios, with the
    weights of Barber et al. (2023) against drift. With fewer than `conformal_least` delivered in a stage
    the scores of all stages are used, and with fewer in all the factor is 1. `scores_of` gives a day's
    scores; a caller that walks over many days can remember them.
    """
    columns = len(past.codes)
    days: list[PastScores] = []
    delivered = np.zeros(columns)
    for back in range(1, _MOST_STEPS + 1):
        origin = today - STEP_DAYS * back
        if origin < np.min(past.reached[:, 0], initial=np.inf):
            break
        day = scores_of(past, origin, parameters)
        days.append(day)
        done = ~np.isnan(past.delivered[day.order]) & (past.delivered[day.order] <= today)
        delivered += np.bincount(day.column[done], minlength=columns)
        # A stage that few orders are ever found in must not ask for years of weeks.
        if delivered.any() and np.median(delivered[delivered > 0]) >= parameters.conformal_orders:
            break
    factor = np.ones((columns, 2))
    if not days:
        return Stretch(factor, delivered.astype(np.int64), float("nan"))
    order = np.concatenate([day.order for day in days])
    column = np.concatenate([day.column for day in days])
    predicted = np.concatenate([day.predicted for day in days])
    origin_of = np.concatenate([np.full(len(day.order), day.origin) for day in days])
    known = np.isfinite(predicted).all(axis=1) & (predicted > 0).all(axis=1)
    order, column, predicted, origin_of = (each[known] for each in (order, column, predicted, origin_of))
    done = past.delivered[order]
    censored = np.isnan(done) | (done > today)
    actual = np.where(censored, np.minimum(past.end[order], today), done) - origin_of
    weight = recency_weight(today - origin_of, SCORE_HALF_LIFE_DAYS)
    finished = np.bincount(column[~censored], minlength=columns)
    for k, level in enumerate((EXPECTED_LEVEL, parameters.promise_quantile)):
        ratio = actual / predicted[:, k]
        overall = _quantile(ratio, censored, weight, level, parameters)
        for stage in range(columns):
            own = column == stage
            enough = finished[stage] >= parameters.conformal_least
            found = _quantile(ratio[own], censored[own], weight[own], level, parameters) if enough else None
            factor[stage, k] = overall if found is None else found
    kept = (actual <= predicted[:, 1]) & ~censored
    coverage = float(kept.sum() / max((~censored).sum(), 1))
    return Stretch(factor, finished.astype(np.int64), coverage)


def _quantile(
    ratio: Numbers, censored: Flags, weight: Numbers, level: float, parameters: LeadTimeParameters
) -> float:
    """The scores' quantile at level · (n + 1) / n of n finished ones, within bounds; 1 where too few are.

    Worked: of 60 scores 0.01, 0.02 … the level 0.9 asks for 0.915 of them, the 55th.

    >>> scores, alike = np.arange(1, 61) / 100, np.ones(60)
    >>> _quantile(scores, alike < 1, alike, 0.9, LeadTimeParameters())
    0.55
    """
    finished = int((~censored).sum())
    if finished < parameters.conformal_least:
        return 1.0
    wanted = min(level * (finished + 1) / finished, 1.0)
    group = np.zeros(len(ratio), dtype=np.int64)
    found = group_curves(Durations(ratio, censored, weight), group, 1, np.array([wanted]))
    return float(np.clip(found.quantiles[0, 0], _LEAST_STRETCH, _MOST_STRETCH))
