"""Delivery promises walk-forward: are they kept as often as they say, how wide are they, do alerts help?

    python -m tests.benchmarks.lead_times [--weeks 12] [--per-week 40] [--vehicles] [--source FILE FILE]

Without anything else orders are simulated: stages that are long together, plants that differ, and lead
times that drift upwards in the weeks that are judged. Every week the product's own estimator sees what
was known on that day and promises for the orders placed in that week; the promise is judged when all
has come. `--source` reads `mto_order` and `mto_milestone` (Parquet) instead. `--vehicles` does the same
on the real vehicles' way from the factory over the port to the dealer; what had not arrived on the last
day of that record is censored, so that the share kept is a product-limit estimate.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from optimization.build_to_order.lead_times.conformal import (
    Stretch,
    WeekScores,
    learn_stretch,
    week_scores,
)
from optimization.build_to_order.lead_times.past_orders import ORDERED, Passages
from optimization.build_to_order.lead_times.remaining import Questions, draw_remaining
from optimization.demand.kaplan_meier import kaplan_meier
from optimization.order_parameters import LeadTimeParameters

VEHICLES = Path("orchestration/ims/demo/data/vehicle_intervals.parquet")
SIMULATED = ["1100", "2000", "2500", "3000", "3300", "3400", "3800", "3850", "4000", "4200", "5000", "6000"]
MEAN_DAYS = np.array([2.0, 3, 6, 5, 18, 7, 10, 2, 3, 9, 7, 4])
LEVELS = (0.1, 0.5, 0.9)


def simulated(weeks: int, per_week: int, seed: int, drift: float = 1 / 3) -> Passages:
    """Orders of `weeks` weeks: log-normal stages with a share of the order's and of the plant's in them.

    How fast a stage is also hangs on the week in which it begins (a congestion that lasts for weeks), and
    over the second half of the weeks all stages grow longer by `drift`.
    """
    draw = np.random.default_rng(seed)
    count = weeks * per_week
    day = np.sort(draw.integers(0, 7 * weeks, count)).astype(np.float64)
    plant, model, special = (draw.integers(0, size, count) for size in (3, 4, 5))
    by_order = draw.normal(0.0, 0.22, count) + np.array([-0.1, 0.0, 0.25])[plant] + 0.3 * (special == 0)
    congestion = np.convolve(draw.normal(0, 0.12, 2 * weeks), np.ones(4) / 2.0, "same")
    growth = np.log1p(drift * np.clip(2 * np.arange(2 * weeks) / weeks - 1, 0, 1))
    reached = [day, day]
    for mean in MEAN_DAYS[1:]:
        week = np.minimum(reached[-1] // 7, 2 * weeks - 1).astype(np.int64)
        level = by_order + congestion[week] + growth[week] + draw.normal(0, 0.35, count)
        reached.append(reached[-1] + np.round(mean * np.exp(level)))
    narrow = (plant * 4 + model) * 2 + (special == 0)
    pool = np.stack([narrow, plant * 2 + (special == 0), plant, np.zeros(count, dtype=np.int64)], axis=1)
    ids = pd.Index([f"O{number:06d}" for number in range(count)])
    days = np.stack(reached, axis=1)
    return Passages(ids, pd.Index([ORDERED, *SIMULATED]), days, days[:, -1].copy(), pool)


def judged(
    past: Passages, first: float, last: float, column: int, parameters: LeadTimeParameters
) -> pd.DataFrame:
    """Promises made every week in [first, last] for orders that began stage `column` in it, and the truth."""
    remembered: dict[float, WeekScores] = {}

    def scores_of(whole: Passages, origin: float, given: LeadTimeParameters) -> WeekScores:
        if origin not in remembered:
            remembered[origin] = week_scores(whole, origin, given)
        return remembered[origin]

    rows = []
    for today in np.arange(first, last + 1, 7.0):
        known = past.known_at(today)
        position = np.flatnonzero(past.reached[:, 0] <= today)
        entered = known.reached[:, column]
        fresh = np.flatnonzero(
            (entered > today - 7) & (known.stage == column) & np.isnan(known.delivered) & (known.end >= today)
        )
        if not len(fresh):
            continue
        age = today - entered[fresh]
        questions = Questions(column, age, known.pool[fresh])
        draws = draw_remaining(known, questions, today, parameters)
        stretch: Stretch = learn_stretch(past, today, parameters, scores_of)
        days = stretch.applied(draws, column, parameters.promise_quantile)
        middle = [int(np.ceil(level * days.shape[1])) - 1 for level in LEVELS]
        done = known.delivered - known.reached[:, column]
        whole = done[np.isfinite(done) & (entered > today - parameters.history_days)]
        fixed = np.quantile(whole, LEVELS) if len(whole) else np.full(3, np.nan)
        truth = position[fresh]
        is_open = np.isnan(past.delivered[truth])
        rows.append(
            pd.DataFrame(
                {
                    "today": today,
                    "actual": np.where(is_open, past.end[truth], past.delivered[truth]) - today,
                    "is_censored": is_open,
                    **{f"p{round(100 * level)}": days[:, k] for level, k in zip(LEVELS, middle, strict=True)},
                    "raw_p90": draws.quantiles(0.9),
                    "factor": stretch.factor[column, 1],
                    **{f"fixed_p{round(100 * v)}": fixed[k] - age for k, v in enumerate(LEVELS)},
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def figures(frame: pd.DataFrame) -> dict[str, float]:
    """Shares kept and widths; with censored truths the shares are product-limit estimates."""

    def kept(column: str) -> float:
        late = (frame["actual"] - frame[column]).to_numpy(np.float64)
        curve = kaplan_meier(late, frame["is_censored"].to_numpy(dtype=bool))
        before = np.flatnonzero(curve.times <= 0)
        return float(1.0 - curve.survival[before[-1]]) if len(before) else 0.0

    return {
        "orders": float(len(frame)),
        "censored": float(frame["is_censored"].mean()),
        "p90_kept": kept("p90"),
        "p50_kept": kept("p50"),
        "p90_kept_without_correction": kept("raw_p90"),
        "fixed_p90_kept": kept("fixed_p90"),
        "median_window_days": float((frame["p90"] - frame["p10"]).median()),
        "fixed_window_days": float((frame["fixed_p90"] - frame["fixed_p10"]).median()),
        "median_promise_days": float(frame["p90"].median()),
        "fixed_promise_days": float(frame["fixed_p90"].median()),
        "p50_mae_days": float((frame["actual"] - frame["p50"])[~frame["is_censored"]].abs().mean()),
        "fixed_mae_days": float((frame["actual"] - frame["fixed_p50"])[~frame["is_censored"]].abs().mean()),
    }
