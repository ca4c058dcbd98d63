"""Backtest: the own history replayed, beside what earlier releases forecast."""

from collections.abc import Iterable

import dagster as dg
import pandas as pd

from optimization.contracts.inputs import DEMAND_HISTORY, ITEM_LOCATION
from optimization.contracts.outputs import (
    FORECAST_ACCURACY,
    FORECAST_BIAS,
    FORECAST_VALUE_ADDED,
    METHOD_CHOICE,
    POLICY_BACKTEST,
    PROTECTION_DEMAND,
    SERVICE_CONTROL,
)
from optimization.parameters import BacktestParameters
from orchestration.defs.borders import Told, previous_table, read_borders, write_border
from orchestration.defs.partitions import business_date
from orchestration.defs.policy.assets import parameters_of
from orchestration.defs.resources import Pipeline
from orchestration.defs.science import science_asset


@science_asset(
    POLICY_BACKTEST,
    FORECAST_ACCURACY,
    FORECAST_BIAS,
    FORECAST_VALUE_ADDED,
    METHOD_CHOICE,
    SERVICE_CONTROL,
    name="backtest",
    group="backtest",
    kinds={"python", "statsforecast"},
)
def backtest(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Hold forecasts, rules and methods against the own history and against earlier releases."""
    from optimization.simulation.backtest import run_backtest
    from optimization.simulation.frozen import Frozen
    from orchestration.lake.parquet import read_arrow
    from orchestration.publish.shelf import frozen_releases

    as_of = business_date(context)
    settings = pipeline.settings
    with pipeline.stage("backtest") as stage:
        item_location, history, protection = read_borders(
            pipeline, as_of, ITEM_LOCATION, DEMAND_HISTORY, PROTECTION_DEMAND
        )
        frozen = [
            Frozen(weeks, read_arrow(release.table("forecast")).to_pandas())
            for weeks, release in frozen_releases(pipeline.lake, as_of).items()
        ]
        told = run_backtest(
            item_location,
            history,
            protection,
            pd.Timestamp(as_of),
            previous_table(pipeline, as_of, "method_choice"),
            previous_table(pipeline, as_of, "forecast_value_added"),
            previous_table(pipeline, as_of, "service_control"),
            frozen,
            BacktestParameters(
                max_series=settings.backtest.max_series,
                service_targets=settings.backtest.service_targets,
                trial_days=settings.backtest.trial_days,
            ),
            parameters_of(settings.policy),
        )
        for table, frame in (
            (POLICY_BACKTEST, told.policy_backtest),
            (FORECAST_ACCURACY, told.forecast_accuracy),
            (FORECAST_BIAS, told.forecast_bias),
            (FORECAST_VALUE_ADDED, told.forecast_value_added),
            (METHOD_CHOICE, told.method_choice),
            (SERVICE_CONTROL, told.service_control),
        ):
            yield from write_border(pipeline, as_of, table, frame, told.report)
        stage.detail = f"{told.report['series']:,} item-locations over {told.report['weeks']} weeks"
