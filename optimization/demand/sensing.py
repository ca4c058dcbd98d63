r"""Sensing: what the newest sales say about the next weeks, beyond what the level has taken up.

A level remembers for months; a category that has just turned in a region shows it in two weeks of
many item-locations together. The correction fades over the first weeks ahead. Its effect on the
weeks after it is measured by replay from past origins, and it is off where it made them worse.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION
from optimization.contracts.outputs import DEMAND_SENSING, LEAD_TIME
from optimization.demand.base import DatedEffects, base_demand
from optimization.demand.intervals import protection_intervals
from optimization.demand.learning import model_of
from optimization.demand.panel import DemandPanel
from optimization.demand.pooling import weekly_noise
from optimization.demand.series import DAYS_PER_WEEK, WEEKS_PER_YEAR
from optimization.keys import sorted_by_key
from optimization.parameters import DemandParameters
from optimization.reasons import first_that_holds
from optimization.results import Report
from optimization.screening import screened

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# Newest weeks that are compared with the level, and how far a group truly departs from it (sd).
SENSED_WEEKS = 2
DEPARTURE_SD = 0.15
# The correction fades by this factor a week and is gone after so many weeks.
FADING, FADING_WEEKS = 0.7, 4
ORIGINS = 12
LEAST_ORIGINS = 8
LEAST_EXPECTED_UNITS = 0.01
LEAST_FACTOR, MOST_FACTOR = 0.5, 2.0
EFFECT = "newest_sales"


@dataclass(frozen=True)
class Sensed:
    """Correction of the next week per group, its standard error, and the replay's errors per group."""

    factor: Numbers
    standard_error: Numbers
    error_with: Numbers
    error_without: Numbers
    origins: int


def fading_factors(factor: Numbers, horizon: int) -> Numbers:
    """Correction per week ahead, (groups, horizon): whole in the first, gone after the fourth.

    >>> fading_factors(np.array([1.2]), 6).round(3).tolist()
    [[1.2, 1.14, 1.098, 1.069, 1.0, 1.0]]
    """
    ahead = np.arange(horizon)
    share = np.where(ahead < FADING_WEEKS, FADING**ahead, 0.0)
    return np.asarray(1.0 + (factor[:, None] - 1.0) * share[None, :])


def sense(actual: Numbers, known: Numbers, level: Numbers) -> Sensed:
    r"""Correct the groups' level by their newest weeks, and replay what that would have done.

    `actual` (groups, T) is demand of the last weeks and `known` (groups, T) the members known in them;
    `level` (groups, T + 1) is what a member is expected to sell a week, column k from the weeks before
    week k, its last column today's. With A and E actual and expected over the two weeks before an
    origin and φ the group's weekly variance-to-mean ratio, the factor is 1 + w(A/E − 1),
    w = τ²/(τ² + φ/E), τ = 0.15. The replay sums |demand − forecast| of the (up to four) weeks after
    each of the last 12 origins.
    """
    groups, weeks = actual.shape
    masked = np.where(known > 0, actual, np.nan)
    noise = np.array([weekly_noise(row) for row in masked]).reshape(groups)
    error_with, error_without = np.zeros(groups), np.zeros(groups)
    origins = range(max(weeks - ORIGINS, min(SENSED_WEEKS, weeks)), weeks)
    for origin in origins:
        past, _ = _factor(actual[:, :origin], known[:, :origin], level[:, origin], noise)
        ahead = slice(origin, min(origin + FADING_WEEKS, weeks))
        flat = level[:, [origin]] * known[:, ahead]
        demand = actual[:, ahead].sum(axis=1)
        error_without += np.abs(demand - flat.sum(axis=1))
        error_with += np.abs(demand - (flat * fading_factors(past, flat.shape[1])).sum(axis=1))
    factor, error = _factor(actual, known, level[:, -1], noise)
    return Sensed(factor, error, error_with, error_without, len(origins))


def learn_sensing(
    item_location: pd.DataFrame,
    demand_history: pd.DataFrame,
    lead_time: pd.DataFrame,
    demand_model: pd.DataFrame,
    effects: DatedEffects | None,
    as_of: pd.Timestamp,
    parameters: DemandParameters | None = None,
) -> tuple[pd.DataFrame, Report]:
    """Sense every category in every region; returns `opt_out__demand_sensing`.

    Takes `opt_in__item_location`, `opt_in__demand_history`, `opt_out__lead_time` and
    `opt_out__demand_model`; the level is the pooled model's, at every origin from weeks before it. A
    category is on where the replayed error is lower with the correction, over at least 8 origins.
    Raises `ContractError` when a frame is not of its table.
    """
    parameters = parameters or DemandParameters()
    item_location, _ = screened(sorted_by_key(item_location), ITEM_LOCATION)
    series = base_demand(item_location, demand_history, effects, as_of, parameters).series
    days = protection_intervals(item_location, LEAD_TIME.validate(lead_time)).protection_days
    values = series.dense(np.arange(series.n))
    width = values.shape[1]
    first = max(width - ORIGINS - SENSED_WEEKS, 0)
    origins = np.arange(first, width + 1, dtype=np.int64)
    pair = item_location.groupby(["category", "region"], sort=True).ngroup().to_numpy(dtype=np.int64)
    keys = item_location[["category", "region"]].drop_duplicates().sort_values(["category", "region"])
    model = model_of(demand_model)
    groups = len(keys)
    actual, level, known = (np.zeros((groups, width - first + extra)) for extra in (0, 1, 0))
    at_origin = np.zeros_like(level)
    size = parameters.series_per_chunk
    for begin in range(0, series.n if width else 0, size):
        rows = slice(begin, begin + size)
        panel = DemandPanel(values[rows], WEEKS_PER_YEAR)
        found = model.predict_origins(panel, days[rows] / DAYS_PER_WEEK, origins)
        seen = panel.is_known[:, first:]
        for k, prediction in enumerate(found):
            # Today's members are those of the newest week.
            there = seen[:, min(k, width - first - 1)]
            level[:, k] += np.bincount(pair[rows], weights=prediction.rate * there, minlength=groups)
            at_origin[:, k] += np.bincount(pair[rows], weights=there, minlength=groups)
        for k in range(width - first):
            demand = np.where(seen[:, k], panel.values[:, first + k], 0.0)
            actual[:, k] += np.bincount(pair[rows], weights=demand, minlength=groups)
            known[:, k] += np.bincount(pair[rows], weights=seen[:, k], minlength=groups)
    np.divide(level, at_origin, out=level, where=at_origin > 0)
    return _frame(keys, sense(actual, known, level), np.bincount(pair, minlength=groups), series.n)


def sensing_factors(item_location: pd.DataFrame, demand_sensing: pd.DataFrame, horizon: int) -> Numbers:
    """Correction per row of `item_location` and week ahead, (n, horizon); 1 where sensing is off."""
    used = demand_sensing[demand_sensing["is_used"].to_numpy(dtype=np.bool_)]
    key = pd.MultiIndex.from_frame(used[["category", "region"]])
    at = key.get_indexer(pd.MultiIndex.from_frame(item_location[["category", "region"]]))
    factor = np.ones(len(item_location))
    factor[at >= 0] = used["effect_value"].to_numpy(dtype=np.float64)[at[at >= 0]]
    return fading_factors(factor, horizon)


def _factor(actual: Numbers, known: Numbers, level: Numbers, noise: Numbers) -> tuple[Numbers, Numbers]:
    """Correction and its standard error from the newest of these weeks."""
    newest = slice(max(actual.shape[1] - SENSED_WEEKS, 0), None)
    expected = level * known[:, newest].sum(axis=1)
    some = expected > LEAST_EXPECTED_UNITS
    ones, never = np.ones(len(level)), np.full(len(level), np.inf)
    ratio = np.divide(actual[:, newest].sum(axis=1), expected, out=ones, where=some)
    variance = np.divide(noise, expected, out=never, where=some)
    weight = DEPARTURE_SD**2 / (DEPARTURE_SD**2 + variance)
    factor = np.clip(1.0 + weight * (ratio - 1.0), LEAST_FACTOR, MOST_FACTOR)
    return factor, DEPARTURE_SD * np.sqrt(1.0 - weight)


def _frame(keys: pd.DataFrame, found: Sensed, members: Integers, rows_in: int) -> tuple[pd.DataFrame, Report]:
    """`opt_out__demand_sensing` with the category's verdict on each of its regions."""
    category = pd.factorize(keys["category"], sort=True)[0]
    size = int(category.max(initial=-1)) + 1
    without = np.bincount(category, weights=found.error_without, minlength=size)
    with_it = np.bincount(category, weights=found.error_with, minlength=size)
    ratio = np.full(size, np.nan)
    if found.origins >= LEAST_ORIGINS:
        np.divide(with_it, without, out=ratio, where=without > 0)
    used = np.nan_to_num(ratio, nan=np.inf) < 1.0
    reason = first_that_holds({"EFFECT_PAYS": used, "SENSING_OFF": np.isfinite(ratio)}, "EFFECT_UNTESTED")
    frame = pd.DataFrame(
        {
            "category": keys["category"].to_numpy(dtype=object),
            "region": keys["region"].to_numpy(dtype=object),
            "effect_kind": "sensing",
            "effect": EFFECT,
            "effect_value": found.factor,
            "standard_error": found.standard_error,
            "sample_count": members.astype(np.int64),
            "origin_count": found.origins,
            "is_used": used[category],
            "method": "residual_ratio_shrunk",
            "status": np.where(used, "OK", "FALLBACK").astype(object)[category],
            "planned_uplift": np.nan,
            "error_ratio": ratio[category],
            "reason_code": reason[category],
        }
    )
    report = Report.of(rows_in, frame, categories=size, categories_used=int(used.sum()))
    return DEMAND_SENSING.validate(frame), report
