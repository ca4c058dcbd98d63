"""Demand: read, call one function, write."""

from collections.abc import Iterable

import dagster as dg
import pandas as pd

from optimization.contracts.approval_tables import DEMAND_PLAN_APPROVAL
from optimization.contracts.inputs import (
    CONSENSUS_PLAN,
    DEMAND_EVENT,
    DEMAND_HISTORY,
    EXTERNAL_DRIVER,
    ITEM_LOCATION,
    LEAD_TIME_SAMPLE,
    OPEN_SUPPLY,
    SUPPLY_LINE,
)
from optimization.contracts.outputs import (
    DEMAND_CLASS,
    DEMAND_EFFECT,
    DEMAND_LEVEL,
    DEMAND_MODEL,
    DEMAND_SENSING,
    FORECAST,
    LEAD_TIME,
    LEAD_TIME_QUANTILE,
    PROTECTION_DEMAND,
    SEASONAL_INDEX,
    SUPPLIER_SCORECARD,
    SUPPLY_EXPECTATION,
)
from optimization.parameters import DemandParameters
from orchestration.defs.borders import Told, previous_table, read_borders, write_border
from orchestration.defs.partitions import business_date
from orchestration.defs.resources import Pipeline
from orchestration.defs.science import science_asset

# What moves demand and what was learnt of it, in the order of `DatedEffects`.
EFFECTS = (DEMAND_EVENT, EXTERNAL_DRIVER, DEMAND_EFFECT, SEASONAL_INDEX)


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


@science_asset(LEAD_TIME, LEAD_TIME_QUANTILE, group="demand", kinds={"python"})
def lead_time(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Estimate lead-time distributions from receipts and open orders."""
    from optimization.demand.lead_times import estimate_lead_times

    as_of = business_date(context)
    with pipeline.stage("lead times") as stage:
        sample, item_location = read_borders(pipeline, as_of, LEAD_TIME_SAMPLE, ITEM_LOCATION)
        frame, quantiles, report = estimate_lead_times(sample, item_location, pd.Timestamp(as_of))
        yield from write_border(pipeline, as_of, LEAD_TIME, frame, report)
        yield from write_border(pipeline, as_of, LEAD_TIME_QUANTILE, quantiles, report)
        stage.detail = f"{len(sample):,} supply lines, {len(frame):,} supplier-locations"


@science_asset(SUPPLIER_SCORECARD, group="demand", kinds={"python"})
def supplier_scorecard(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterable[Told]:
    """Score suppliers on what they delivered against their word."""
    from optimization.demand.supplier_scorecard import score_suppliers

    as_of = business_date(context)
    with pipeline.stage("supplier scorecard") as stage:
        lines, sample, item_location, lead = read_borders(
            pipeline, as_of, SUPPLY_LINE, LEAD_TIME_SAMPLE, ITEM_LOCATION, LEAD_TIME
        )
        frame, report = score_suppliers(lines, sample, item_location, lead, pd.Timestamp(as_of))
        yield from write_border(pipeline, as_of, SUPPLIER_SCORECARD, frame, report)
        stage.detail = f"{len(lines):,} supply lines"


@science_asset(SUPPLY_EXPECTATION, group="demand", kinds={"python"})
def supply_expectation(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterable[Told]:
    """Date open supply anew, given how long it has been waited for."""
    from optimization.demand.supply_expectation import expect_supply

    as_of = business_date(context)
    with pipeline.stage("supply on its way") as stage:
        supply, lines, quantiles = read_borders(pipeline, as_of, OPEN_SUPPLY, SUPPLY_LINE, LEAD_TIME_QUANTILE)
        frame, report = expect_supply(supply, lines, quantiles, pd.Timestamp(as_of))
        yield from write_border(pipeline, as_of, SUPPLY_EXPECTATION, frame, report)
        stage.detail = f"{len(frame):,} open lines, {report['overdue']:,} overdue"


@science_asset(DEMAND_MODEL, group="demand", kinds={"python"})
def demand_model(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Learn the pooled demand model, or carry the last release's parameters on."""
    from optimization.demand.base import DatedEffects
    from optimization.demand.learning import learn_demand_model

    as_of = business_date(context)
    with pipeline.stage("demand model") as stage:
        item_location, history, lead = read_borders(pipeline, as_of, ITEM_LOCATION, DEMAND_HISTORY, LEAD_TIME)
        before = previous_table(pipeline, as_of, "demand_model")
        frame, report = learn_demand_model(
            item_location,
            history,
            lead,
            pd.Timestamp(as_of),
            DatedEffects(*read_borders(pipeline, as_of, *EFFECTS)),
            before,
            demand_parameters(pipeline),
        )
        yield from write_border(pipeline, as_of, DEMAND_MODEL, frame, report)
        stage.detail = f"{frame['status'].iloc[0].lower()}, learnt on {frame['fitted_date'].max():%Y-%m-%d}"


@science_asset(FORECAST, DEMAND_LEVEL, group="demand", kinds={"python", "statsforecast"}, name="forecast")
def forecast(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Forecast weekly demand with quantiles."""
    from optimization.demand.base import DatedEffects
    from optimization.demand.forecasting import Guidance, forecast_demand
    from optimization.demand.plan_approval import decided_plan
    from optimization.simulation.promotion import current_methods

    as_of = business_date(context)
    with pipeline.stage("forecast") as stage, pipeline.spread(as_of) as spread:
        item_location, history, classes, lead, learnt = read_borders(
            pipeline, as_of, ITEM_LOCATION, DEMAND_HISTORY, DEMAND_CLASS, LEAD_TIME, DEMAND_MODEL
        )
        sensing, plan, decided = read_borders(
            pipeline, as_of, DEMAND_SENSING, CONSENSUS_PLAN, DEMAND_PLAN_APPROVAL
        )
        guidance = Guidance(
            DatedEffects(*read_borders(pipeline, as_of, *EFFECTS)),
            sensing,
            decided_plan(plan, decided),
            current_methods(previous_table(pipeline, as_of, "method_choice")),
        )
        frame, levels, report = forecast_demand(
            item_location,
            history,
            classes,
            lead,
            learnt,
            pd.Timestamp(as_of),
            guidance,
            demand_parameters(pipeline),
            spread,
        )
        yield from write_border(pipeline, as_of, FORECAST, frame, report)
        yield from write_border(pipeline, as_of, DEMAND_LEVEL, levels, {})
        stage.detail = f"{len(item_location):,} series, {pipeline.settings.demand.horizon_weeks} weeks"


@science_asset(PROTECTION_DEMAND, group="demand", kinds={"python"})
def protection(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Put demand over lead time plus review time into one distribution per item-location."""
    from optimization.demand.protection import protection_demand

    as_of = business_date(context)
    with pipeline.stage("demand over lead time") as stage:
        frame, report = protection_demand(
            *read_borders(
                pipeline,
                as_of,
                ITEM_LOCATION,
                FORECAST,
                DEMAND_LEVEL,
                DEMAND_MODEL,
                LEAD_TIME,
                LEAD_TIME_QUANTILE,
            )
        )
        yield from write_border(pipeline, as_of, PROTECTION_DEMAND, frame, report)
        stage.detail = f"{len(frame):,} item-locations"


def demand_parameters(pipeline: Pipeline) -> DemandParameters:
    """Return the demand parameters that the settings state."""
    settings = pipeline.settings.demand
    return DemandParameters(horizon_weeks=settings.horizon_weeks, refit_days=settings.refit_days)
