"""The promotion gate: a forecasting method replaces the current one of a class only if it is better.

Better means cheaper in the simulation, by more than a hair and surely so (the whole paired
interval lies at or below the current cost), and no worse in covering its 90 % quantile. Without
enough item-locations nothing is decided, and the current method stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from optimization.demand.panel import Integers
from optimization.demand.pooled import PooledModel
from optimization.parameters import BacktestParameters
from optimization.simulation.accuracy import MEASURES, ratio
from optimization.simulation.breakdowns import Group
from optimization.simulation.candidates import CHALLENGERS, CURRENT_DEFAULT, SLOW
from optimization.simulation.replay import Replay, evenly_by_group
from optimization.simulation.value_added import Worth, value_added_rows, worth_of

_OBSERVED = MEASURES.index("observation_count")
_COVERED = MEASURES.index("randomised_q90_count")
_COVERAGE = 0.90


def current_methods(method_choice: pd.DataFrame | None) -> dict[str, str]:
    """Forecasting method per class of demand, from the last release's `method_choice`.

    None, or a class that is not listed, means the default: the pooled levels.

    >>> current_methods(None)["smooth"]
    'pooled_levels'
    """
    methods = dict.fromkeys(CHALLENGERS, CURRENT_DEFAULT)
    if method_choice is not None:
        for row in method_choice.itertuples(index=False):
            methods[str(row.demand_class)] = str(row.chosen_method)
    return methods


def is_due(method_choice: pd.DataFrame | None, as_of: pd.Timestamp, parameters: BacktestParameters) -> bool:
    """Whether a new trial is due: there is none yet, or it is `trial_days` old or from the future."""
    if method_choice is None or not len(method_choice):
        return True
    age = (as_of - pd.to_datetime(method_choice["tried_date"]).max()).days
    return not 0 <= age < parameters.trial_days


def try_challengers(
    replay: Replay,
    model: PooledModel,
    methods: Mapping[str, str],
    as_of: pd.Timestamp,
    parameters: BacktestParameters,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Try every challenger of every class against its current method.

    Returns rows of `opt_out__method_choice` and of `opt_out__forecast_value_added`.
    """
    choices: list[dict[str, Any]] = []
    added: list[dict[str, Any]] = []
    most = parameters.max_trial_series // len(CHALLENGERS)
    for demand_class, listed in CHALLENGERS.items():
        current = methods[demand_class]
        rows = np.flatnonzero(replay.demand_class == demand_class)
        trials = []
        for challenger in (name for name in (CURRENT_DEFAULT, *listed) if name != current):
            part = sampled(
                replay, rows, min(most, parameters.max_slow_series) if challenger in SLOW else most
            )
            row = {
                "demand_class": demand_class,
                "challenger_method": challenger,
                "current_method": current,
                "series_count": len(part),
                "tried_date": as_of,
                "method": "paired_simulated_cost",
                **NOTHING_KNOWN,
            }
            if len(part) >= parameters.min_series:
                few = replay.take(part)
                worths = [worth_of(name, few, model) for name in (challenger, current)]
                group = Group("demand_class", demand_class, np.arange(len(part)))
                (found,) = value_added_rows(worths[0], worths[1], [group], parameters)
                row |= {name: found[name] for name in ("cost_ratio", "cost_ratio_low", "cost_ratio_high")}
                coverages = _coverage(worths[0]), _coverage(worths[1])
                row |= judged(row["cost_ratio"], row["cost_ratio_high"], *coverages, parameters)
                added.append(found)
            trials.append(row)
        promoted = [row for row in trials if row["decision"] == "promoted"]
        best = min(promoted, key=lambda row: float(row["cost_ratio"])) if promoted else None
        chosen = best["challenger_method"] if best else current
        choices += [{**row, "chosen_method": chosen} for row in trials]
    return choices, added


NOTHING_KNOWN: dict[str, Any] = {
    "cost_ratio": np.nan,
    "cost_ratio_low": np.nan,
    "cost_ratio_high": np.nan,
    "current_coverage_q90": np.nan,
    "challenger_coverage_q90": np.nan,
    "decision": "no_evidence",
    "reason_code": "TOO_FEW_SERIES",
    "status": "FALLBACK",
}


def judged(
    cost: float,
    cost_high: float,
    challenger_coverage: float,
    current_coverage: float,
    parameters: BacktestParameters,
) -> dict[str, Any]:
    """Decide one trial from the ratio of costs, its upper end, and both coverages of 90 %.

    >>> judged(0.95, 0.99, 0.89, 0.90, BacktestParameters())["decision"]
    'promoted'
    >>> judged(0.95, 0.99, 0.80, 0.90, BacktestParameters())["reason_code"]
    'CHALLENGER_COVERS_WORSE'
    >>> judged(0.95, 1.02, 0.90, 0.90, BacktestParameters())["reason_code"]
    'CHALLENGER_NOT_CHEAPER'
    """
    told = {"challenger_coverage_q90": challenger_coverage, "current_coverage_q90": current_coverage}
    if not np.isfinite([cost, cost_high, challenger_coverage, current_coverage]).all():
        return told
    is_cheaper = cost <= 1.0 - parameters.least_gain and cost_high <= 1.0
    missed = abs(challenger_coverage - _COVERAGE) - abs(current_coverage - _COVERAGE)
    covers = missed <= parameters.worse_coverage + 1e-9
    reason = (
        "CHALLENGER_NOT_CHEAPER"
        if not is_cheaper
        else "CHALLENGER_CHEAPER"
        if covers
        else "CHALLENGER_COVERS_WORSE"
    )
    decision = "promoted" if is_cheaper and covers else "kept"
    return {**told, "decision": decision, "reason_code": reason, "status": "OK"}


def sampled(replay: Replay, rows: Integers, most: int) -> Integers:
    """At most so many of these rows, spread evenly over a hash of their keys."""
    return rows[evenly_by_group(replay.items.iloc[rows], np.zeros(len(rows), dtype=np.int64), most)]


def _coverage(worth: Worth) -> float:
    sums = worth.measures.sum(axis=0)
    return float(ratio(sums[_COVERED], sums[_OBSERVED]))
