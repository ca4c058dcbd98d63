"""Demand: read, call one function, write."""

from collections.abc import Iterable

import dagster as dg
import pandas as pd

from optimization.contracts.inputs import DEMAND_HISTORY, ITEM_LOCATION, LEAD_TIME_SAMPLE
from optimization.contracts.outputs import DEMAND_CLASS, FORECAST, LEAD_TIME, PROTECTION_DEMAND
from optimization.parameters import DemandParameters
from orchestration.batches import mapper
from orchestration.defs.borders import Told, read_borders, write_border
from orchestration.defs.partitions import business_date
from orchestration.defs.resources import Pipeline
from orchestration.defs.science import science_asset


@science_asset(DEMAND_CLASS, group="demand", kinds={"python"})
def demand_class(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Class every item-location by its pattern of demand."""
    from optimization.demand.classes import classify_demand

    as_of = business_date(context)
    with pipeline.stage("demand classes") as stage:
        item_location, history = read_borders(pipeline, as_of, ITEM_LOCATION, DEMAND_HISTORY)
        frame, report = classify_demand(item_location, history, pd.Timestamp(as_of))
        yield from write_border(pipeline, as_of, DEMAND_CLASS, frame, report)
        stage.detail = f"{len(frame):,} item-locations"


@science_asset(FORECAST, group="demand", kinds={"python", "statsforecast"})
def forecast(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Forecast weekly demand with quantiles."""
    from optimization.demand.forecasting import forecast_demand

    as_of = business_date(context)
    with pipeline.stage("forecast") as stage, mapper(pipeline.settings.execution.workers) as spread:
        item_location, history, classes = read_borders(
            pipeline, as_of, ITEM_LOCATION, DEMAND_HISTORY, DEMAND_CLASS
        )
        frame, report = forecast_demand(
            item_location,
            history,
            classes,
            pd.Timestamp(as_of),
            DemandParameters(horizon_weeks=pipeline.settings.demand.horizon_weeks),
            spread,
        )
        yield from write_border(pipeline, as_of, FORECAST, frame, report)
        stage.detail = f"{len(item_location):,} series, {pipeline.settings.demand.horizon_weeks} weeks"


@science_asset(LEAD_TIME, group="demand", kinds={"python"})
def lead_time(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Estimate lead-time distributions from receipts and open orders."""
    from optimization.demand.lead_times import estimate_lead_times

    as_of = business_date(context)
    with pipeline.stage("lead times") as stage:
        sample, item_location = read_borders(pipeline, as_of, LEAD_TIME_SAMPLE, ITEM_LOCATION)
        frame, report = estimate_lead_times(sample, item_location, pd.Timestamp(as_of))
        yield from write_border(pipeline, as_of, LEAD_TIME, frame, report)
        stage.detail = f"{len(sample):,} supply lines, {len(frame):,} supplier-locations"


@science_asset(PROTECTION_DEMAND, group="demand", kinds={"python"})
def protection(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Put demand over lead time plus review time into one distribution per item-location."""
    from optimization.demand.protection import protection_demand

    as_of = business_date(context)
    with pipeline.stage("demand over lead time") as stage:
        item_location, history, weekly, lead = read_borders(
            pipeline, as_of, ITEM_LOCATION, DEMAND_HISTORY, FORECAST, LEAD_TIME
        )
        frame, report = protection_demand(item_location, history, weekly, lead)
        yield from write_border(pipeline, as_of, PROTECTION_DEMAND, frame, report)
        stage.detail = f"{len(frame):,} item-locations"
