"""The rolling backtest of the daily run: what is promised, held against the own history.

This module draws the sample, learns the model on the weeks before the split and puts the answers
of the others into tables. Forecasts are scored in `accuracy`, rules in `contest`, steps of
forecasting in `value_added`, methods against each other in `promotion`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION
from optimization.contracts.outputs import (
    FORECAST_ACCURACY,
    FORECAST_BIAS,
    FORECAST_VALUE_ADDED,
    METHOD_CHOICE,
    POLICY_BACKTEST,
    PROTECTION_DEMAND,
    SERVICE_CONTROL,
)
from optimization.contracts.table import Table
from optimization.demand.pooled import PooledModel, fit_pooled_model
from optimization.demand.series import DAYS_PER_WEEK, screened_history, weekly_series
from optimization.keys import sorted_by_key
from optimization.parameters import BacktestParameters, DemandParameters, PolicyParameters
from optimization.results import Report
from optimization.screening import screened
from optimization.simulation import candidates, contest
from optimization.simulation.accuracy import accuracy_rows
from optimization.simulation.bias import forecast_bias
from optimization.simulation.breakdowns import groups_of
from optimization.simulation.frozen import Frozen, frozen_rows, frozen_value_added
from optimization.simulation.promotion import (
    NOTHING_KNOWN,
    current_methods,
    is_due,
    sampled,
    try_challengers,
)
from optimization.simulation.proof import backtest_rows
from optimization.simulation.replay import Replay, replay_of
from optimization.simulation.service_control import service_control
from optimization.simulation.value_added import value_added_rows, worth_of

# The pooled model of the replay learns from so many item-locations of a class.
LEARNING_SERIES_PER_CLASS = 90
REFERENCES = (candidates.NAIVE, candidates.SEASONAL_NAIVE, candidates.MOVING_AVERAGE)


@dataclass(frozen=True)
class Backtest:
    """The tables of one backtest, each valid by its contract, and the report."""

    policy_backtest: pd.DataFrame
    forecast_accuracy: pd.DataFrame
    forecast_bias: pd.DataFrame
    forecast_value_added: pd.DataFrame
    method_choice: pd.DataFrame
    service_control: pd.DataFrame
    report: Report


def run_backtest(
    item_location: pd.DataFrame,
    demand_history: pd.DataFrame,
    protection_demand: pd.DataFrame,
    as_of: pd.Timestamp,
    previous_choice: pd.DataFrame | None = None,
    previous_value_added: pd.DataFrame | None = None,
    previous_control: pd.DataFrame | None = None,
    frozen: Sequence[Frozen] = (),
    parameters: BacktestParameters | None = None,
    policy: PolicyParameters | None = None,
) -> Backtest:
    """Replay the own history and tell what forecasts and policies delivered in its last third.

    Takes `opt_in__item_location`, `opt_in__demand_history`, `opt_out__protection_demand`, the last
    release's `method_choice`, `forecast_value_added` and `service_control` (None on the first run),
    and forecasts that earlier releases published. At each origin only earlier weeks are read; weeks
    after `as_of` never. Masters and lead times are today's. A history too short to be cut gives one
    row without a verdict. Raises `ContractError` when a
    frame is not of its table.
    """
    parameters, policy = parameters or BacktestParameters(), policy or PolicyParameters()
    item_location, poisoned = screened(sorted_by_key(item_location), ITEM_LOCATION)
    item_location = item_location[~poisoned].reset_index(drop=True)
    protection_demand = PROTECTION_DEMAND.validate(protection_demand)
    series = weekly_series(
        item_location, screened_history(demand_history), as_of, DemandParameters().max_plausible_units
    )
    methods = current_methods(previous_choice)
    replay = replay_of(item_location, series, protection_demand, parameters)
    accuracy = frozen_rows(item_location, series, frozen)
    steps = frozen_value_added(item_location, series, frozen)
    if replay is None:
        return _without_verdict(item_location, methods, as_of, accuracy, steps)
    model = learnt(replay, parameters)
    origins, scored = replay.weeks.origins, replay.weeks.width - replay.weeks.split
    groups = groups_of(replay, model.predict(replay.panel, replay.interval, replay.weeks.split).mean)

    said = candidates.predictions_of(candidates.CURRENT_DEFAULT, replay, model, origins)
    accuracy += accuracy_rows(replay, said, candidates.CURRENT_DEFAULT, groups)
    ours, added = worth_of(candidates.CURRENT_DEFAULT, replay, model), []
    for reference in REFERENCES:
        added += value_added_rows(ours, worth_of(reference, replay, model), groups, parameters)

    if is_due(previous_choice, as_of, parameters):
        choices, tried = try_challengers(replay, model, methods, as_of, parameters)
        choice, earlier = pd.DataFrame(choices), pd.DataFrame()
    else:
        choice, tried, earlier = carried(previous_choice), [], carried(_of_trials(previous_value_added))
    played = pd.DataFrame(added + tried).assign(method="paired_simulated_cost")
    published = pd.DataFrame(steps).assign(method="as_published")
    value_added = pd.concat([part for part in (played, earlier, published) if len(part)])

    if is_young(previous_control, as_of, parameters):
        control = carried(previous_control)
    else:
        found = pd.DataFrame(service_control(replay, model, methods, policy))
        control = found.assign(fitted_date=as_of, method="plan_played_before_the_split")
    control = shaped(control, SERVICE_CONTROL)
    planned = contest.as_planned(replay, replay.scoring(), model, methods, policy, control)
    entries = contest.contest(replay, model, methods, parameters)
    rows = backtest_rows(replay, planned, entries, groups, _population(item_location), parameters)
    proof = pd.DataFrame(rows).assign(
        scored_from_date=as_of - pd.Timedelta(days=DAYS_PER_WEEK * scored - 1),
        scored_to_date=as_of,
    )
    return _tables(
        proof,
        pd.DataFrame(accuracy).assign(status="OK"),
        forecast_bias(item_location, series, model, replay.weeks, parameters),
        value_added,
        choice,
        control,
        series=replay.n,
        weeks=scored,
    )


def learnt(replay: Replay, parameters: BacktestParameters) -> PooledModel:
    """Learn the pooled model on the weeks before the split, from some item-locations of each class."""
    rows = [
        sampled(replay, np.flatnonzero(replay.demand_class == name), LEARNING_SERIES_PER_CLASS)
        for name in sorted(set(replay.demand_class))
    ]
    few = replay.take(np.sort(np.concatenate(rows)))
    split = replay.weeks.split
    return fit_pooled_model(
        few.panel, few.interval, seed=parameters.seed, first_origin=replay.weeks.first, end=split
    )


def carried(rows: pd.DataFrame | None) -> pd.DataFrame:
    """Rows of the last release that still hold, marked as such."""
    if rows is None:
        return pd.DataFrame()
    return rows.assign(status="FROZEN")


def is_young(
    service_control: pd.DataFrame | None, as_of: pd.Timestamp, parameters: BacktestParameters
) -> bool:
    """Whether the last release's control holds on: there is one, and it is not `trial_days` old."""
    if service_control is None or not len(service_control):
        return False
    age_days = (as_of - pd.Timestamp(service_control["fitted_date"].max())).days
    return 0 <= age_days < parameters.trial_days


def _of_trials(value_added: pd.DataFrame | None) -> pd.DataFrame | None:
    """Rows that a trial of methods left in the last release: those not made anew every day."""
    if value_added is None:
        return None
    of_methods = value_added[value_added["method"] == "paired_simulated_cost"]
    return of_methods[~of_methods["reference_method"].isin(REFERENCES)]


def _population(item_location: pd.DataFrame) -> dict[tuple[str, str], int]:
    counts = {("all", "*"): len(item_location)}
    for breakdown in ("item_kind", "category"):
        sizes = item_location[breakdown].value_counts()
        counts |= {(breakdown, str(name)): int(size) for name, size in sizes.items()}
    return counts


def _without_verdict(
    item_location: pd.DataFrame,
    methods: Mapping[str, str],
    as_of: pd.Timestamp,
    accuracy: list[dict[str, Any]],
    steps: list[dict[str, Any]],
) -> Backtest:
    """One row that says why nothing is proven, and the methods as they are."""
    proof = pd.DataFrame(
        [
            {
                **dict.fromkeys(POLICY_BACKTEST.column_names),
                **dict.fromkeys(_COUNTED, 0),
                "policy_method": contest.OURS,
                "breakdown": "all",
                "breakdown_value": "*",
                "target_basis": "policy",
                "service_metric": "cycle",
                "service_target": 1.0,
                "is_current": True,
                "population_count": len(item_location),
                "shortage_to_holding": 1.0,
                "verdict": "no_verdict",
                "reason_code": "HISTORY_TOO_SHORT",
                "method": "plan_replayed",
                "status": "FALLBACK",
            }
        ]
    )
    choice = pd.DataFrame(
        [
            {
                "demand_class": name,
                "challenger_method": challenger,
                "current_method": methods[name],
                "chosen_method": methods[name],
                "series_count": 0,
                "tried_date": as_of,
                "method": "paired_simulated_cost",
                **NOTHING_KNOWN,
                "reason_code": "HISTORY_TOO_SHORT",
            }
            for name, listed in candidates.CHALLENGERS.items()
            for challenger in (candidates.CURRENT_DEFAULT, *listed)
            if challenger != methods[name]
        ]
    )
    nothing = pd.DataFrame()
    published = pd.DataFrame(accuracy).assign(status="OK")
    added = pd.DataFrame(steps).assign(method="as_published")
    return _tables(proof, published, nothing, added, choice, nothing, series=0, weeks=0)


_COUNTED = tuple(
    column.name
    for column in POLICY_BACKTEST.columns
    if column.kind in ("integer", "number") and column.name in POLICY_BACKTEST.required
)


def _tables(
    proof: pd.DataFrame,
    accuracy: pd.DataFrame,
    bias: pd.DataFrame,
    value_added: pd.DataFrame,
    choice: pd.DataFrame,
    control: pd.DataFrame,
    **figures: int,
) -> Backtest:
    policy_backtest = shaped(proof, POLICY_BACKTEST)
    return Backtest(
        policy_backtest,
        shaped(accuracy, FORECAST_ACCURACY),
        shaped(bias, FORECAST_BIAS),
        shaped(value_added, FORECAST_VALUE_ADDED),
        shaped(choice, METHOD_CHOICE),
        shaped(control, SERVICE_CONTROL),
        Report.of(len(policy_backtest), policy_backtest, **figures),
    )


def shaped(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """Return the frame in the table's columns, types and order of keys; a missing column is null.

    Raises `ContractError` when a required column is null or a value breaks its bounds.
    """
    columns: dict[str, pd.Series] = {}
    for column in table.columns:
        values = frame[column.name] if column.name in frame else pd.Series([None] * len(frame), dtype=object)
        if column.kind in ("date", "timestamp"):
            columns[column.name] = pd.to_datetime(values).astype("datetime64[ns]")
        elif column.kind in ("number", "integer"):
            numbers = pd.to_numeric(values)
            is_nullable = table.is_nullable(column.name)
            kind = "float64" if column.kind == "number" else "Int64" if is_nullable else "int64"
            columns[column.name] = numbers.astype(np.dtype(kind) if kind != "Int64" else pd.Int64Dtype())
        elif column.kind == "flag":
            columns[column.name] = values.astype("bool")
        else:
            columns[column.name] = values.astype(object).where(values.notna(), None)
    made = pd.DataFrame(columns).sort_values(list(table.key), kind="stable").reset_index(drop=True)
    return table.validate(made)
