"""The contest as rows of `opt_out__policy_backtest`: achieved service, stock at equal fill, cost.

A promise is judged by its interval: it is kept unless the whole interval lies more than two points
below the target, overshot when it lies that far above.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from optimization.demand.panel import Numbers
from optimization.demand.series import WEEKS_PER_YEAR
from optimization.parameters import BacktestParameters
from optimization.simulation.accuracy import ratio
from optimization.simulation.breakdowns import Group
from optimization.simulation.contest import OURS, Entry, Score, shortage_to_holding
from optimization.simulation.intervals import row_weights
from optimization.simulation.replay import Replay
from optimization.simulation.value_added import cost_ratio, interval_of

TOLERANCE = 0.02
# Fewer requested units than this say nothing about a fill rate.
LEAST_UNITS = 200.0


def backtest_rows(
    replay: Replay,
    planned: Score,
    entries: Sequence[Entry],
    groups: Sequence[Group],
    population: Mapping[tuple[str, str], int],
    parameters: BacktestParameters,
) -> list[dict[str, Any]]:
    """Rows of every group: the plan at the planner's targets, then every rule at each nominal target.

    `planned` is the plan as it stands, `entries` the tuned rules, ours first. `population` counts the
    planned item-locations of a (breakdown, value), where that is known.
    """
    rows = []
    for group in groups:
        weights = row_weights(len(group.rows), parameters.resamples, np.random.default_rng(parameters.seed))
        told = {
            "breakdown": group.breakdown,
            "breakdown_value": group.value,
            "series_count": len(group.rows),
            "population_count": population.get((group.breakdown, group.value)),
        }
        rows.append({**told, **_as_planned(replay, planned, group, weights, parameters)})
        value = replay.number("unit_cost")[group.rows]
        curves = [_curves(entry, group, value, weights) for entry in entries]
        for target in parameters.service_targets:
            at_target = [_stock_at_fill(fill, stock, target) for fill, stock in curves]
            for entry, stock in zip(entries, at_target, strict=True):
                nominal = _nominal(replay, entry, entries[0], group, target, weights, parameters)
                rows.append({**told, **nominal, **_stock_ratio(at_target[0], stock)})
    return rows


def _as_planned(
    replay: Replay, planned: Score, group: Group, weights: Numbers, parameters: BacktestParameters
) -> dict[str, Any]:
    targets = replay.number("service_target")[group.rows]
    demand = planned.demand[group.rows]
    weight = demand if demand.sum() > 0 else np.ones(len(demand))
    target = float(weight @ targets / weight.sum())
    metrics = replay.items["service_metric"].iloc[group.rows]
    # The measure of most requested units; a group rarely has more than one.
    metric = str(pd.Series(weight).groupby(metrics.to_numpy(dtype=object)).sum().idxmax())
    return {
        "policy_method": OURS,
        "target_basis": "policy",
        "is_current": True,
        "service_metric": metric,
        "service_target": target,
        "method": "plan_replayed",
        **_achieved(replay, planned, group, metric, target, weights, parameters),
    }


def _nominal(
    replay: Replay,
    entry: Entry,
    ours: Entry,
    group: Group,
    target: float,
    weights: Numbers,
    parameters: BacktestParameters,
) -> dict[str, Any]:
    score = entry.at_fill[target]
    row: dict[str, Any] = {
        "policy_method": entry.name,
        "target_basis": "nominal",
        "is_current": entry.name == OURS,
        "service_metric": "fill",
        "service_target": target,
        "method": entry.setting or "quantile of demand over lead time plus review",
    }
    if score is None:
        # The rule's range ends below the target; what it does at its end would say nothing.
        nothing = Score(**dict.fromkeys(Score.__dataclass_fields__, np.zeros(replay.n)))
        row |= _achieved(replay, nothing, group, "fill", target, weights, parameters)
        row |= {"reason_code": "TARGET_OUT_OF_REACH"}
    else:
        row |= _achieved(replay, score, group, "fill", target, weights, parameters)
    costs = [_least_cost(replay, each, group, target) for each in (ours, entry)]
    row |= {"simulated_cost": float(costs[1].sum()), **cost_ratio(costs[0], costs[1], weights)}
    return row


def _achieved(
    replay: Replay,
    score: Score,
    group: Group,
    metric: str,
    target: float,
    weights: Numbers,
    parameters: BacktestParameters,
) -> dict[str, Any]:
    at = group.rows
    above, below = {
        "fill": (score.filled, score.demand),
        "ready": (score.ready_weeks, score.observed_weeks),
        "cycle": (score.served_cycles, score.cycles),
    }[metric]
    achieved = float(ratio(above[at].sum(), below[at].sum()))
    low, high = interval_of(ratio(weights @ above[at], weights @ below[at]))
    demand, observed = float(score.demand[at].sum()), float(score.observed_weeks[at].sum())
    row = {
        "demand_units": demand,
        "filled_units": float(score.filled[at].sum()),
        "observed_weeks": int(observed),
        "ready_weeks": int(score.ready_weeks[at].sum()),
        "cycle_count": int(score.cycles[at].sum()),
        "served_cycle_count": int(score.served_cycles[at].sum()),
        "achieved_service": achieved,
        "achieved_service_low": low,
        "achieved_service_high": high,
        "mean_stock_units": float(score.mean_on_hand[at].sum()),
        "mean_stock_value": float((score.mean_on_hand * replay.number("unit_cost"))[at].sum()),
        "shortage_to_holding": shortage_to_holding(min(target, 0.999)),
        "simulated_cost": float(_yearly_cost(replay, score, group, min(target, 0.999)).sum()),
    }
    return row | _verdict(len(at), demand, target, (low, high), parameters)


def _verdict(
    series: int, demand: float, target: float, interval: tuple[float, float], parameters: BacktestParameters
) -> dict[str, Any]:
    if series < parameters.min_series or demand < LEAST_UNITS or not np.isfinite(interval).all():
        return {"verdict": "no_verdict", "reason_code": "TOO_FEW_SERIES", "status": "FALLBACK"}
    verdict = (
        "missed"
        if interval[1] < target - TOLERANCE
        else "overshot"
        if interval[0] > target + TOLERANCE
        else "kept"
    )
    return {"verdict": verdict, "reason_code": "BACKTEST_SAMPLE", "status": "OK"}


def _yearly_cost(replay: Replay, score: Score, group: Group, target: float) -> Numbers:
    weeks = replay.weeks.width - replay.weeks.split
    cost: Numbers = score.cost(replay.holding_cost, shortage_to_holding(target))[group.rows]
    return cost * WEEKS_PER_YEAR / weeks


def _least_cost(replay: Replay, entry: Entry, group: Group, target: float) -> Numbers:
    """Cost per year and row at the control that cost least before the split."""
    played, at = entry.frontier, entry.at_cost[target]
    short = (played.backlog[at] + played.lost[at]) * shortage_to_holding(target)
    cost: Numbers = replay.holding_cost * (played.on_hand[at] + short)
    return cost[group.rows] * WEEKS_PER_YEAR / (replay.weeks.width - replay.weeks.split)


def _curves(entry: Entry, group: Group, value: Numbers, weights: Numbers) -> tuple[Numbers, Numbers]:
    """Fill and stock value per control, (1 + draws, controls): all rows first, then each draw of rows."""
    played, drawn = entry.frontier, np.vstack([np.ones((1, len(group.rows))), weights])
    demand = np.maximum(drawn @ played.demand[0, group.rows], 1e-12)[:, None]
    fill = (drawn @ played.filled[:, group.rows].T) / demand
    return fill, drawn @ (played.mean_on_hand[:, group.rows] * value).T


def _stock_at_fill(fill: Numbers, stock: Numbers, target: float) -> Numbers:
    """Stock value at which the fill first reaches the target, per row; NaN where it does not.

    Linear between neighbouring controls, as `frontier.at_fill` for a single curve.
    """
    above = np.argmax(fill >= target, axis=1)
    within = (fill >= target).any(axis=1) & (above > 0)
    row, under = np.arange(len(fill)), np.maximum(above - 1, 0)
    rise = fill[row, above] - fill[row, under]
    share = np.divide(target - fill[row, under], rise, out=np.zeros(len(fill)), where=rise > 0)
    at = stock[row, under] + share * (stock[row, above] - stock[row, under])
    return np.where(within, at, np.nan)


def _stock_ratio(ours: Numbers, theirs: Numbers) -> dict[str, float]:
    """Stock at the target and our ratio to it; the first element is the estimate, the rest are draws."""
    ratios = ratio(ours, theirs)
    low, high = interval_of(ratios[1:]) if np.isfinite(ratios[0]) else (np.nan, np.nan)
    return {
        "stock_at_target_value": float(theirs[0]),
        "stock_ratio": float(ratios[0]),
        "stock_ratio_low": low,
        "stock_ratio_high": high,
    }
