"""Effects on demand and its split by segment: read, call one function, write."""

from collections.abc import Iterable

import dagster as dg
import pandas as pd

from optimization.contracts.inputs import (
    DEMAND_EVENT,
    DEMAND_HISTORY,
    EXTERNAL_DRIVER,
    ITEM_LOCATION,
    SEGMENT,
    SEGMENT_DEMAND,
)
from optimization.contracts.outputs import (
    DEMAND_EFFECT,
    DEMAND_MODEL,
    DEMAND_SENSING,
    LEAD_TIME,
    PROTECTION_DEMAND,
    SEASONAL_INDEX,
    SEGMENT_FORECAST,
)
from orchestration.defs.borders import Told, read_borders, write_border
from orchestration.defs.demand.assets import EFFECTS, demand_parameters
from orchestration.defs.partitions import business_date
from orchestration.defs.resources import Pipeline
from orchestration.defs.science import science_asset


@science_asset(DEMAND_EFFECT, SEASONAL_INDEX, group="demand", kinds={"python"}, name="demand_effect")
def demand_effect(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Learn what events, seasons and drivers do to demand."""
    from optimization.demand.effects import learn_effects

    as_of = business_date(context)
    with pipeline.stage("effects on demand") as stage:
        item_location, history, event, driver = read_borders(
            pipeline, as_of, ITEM_LOCATION, DEMAND_HISTORY, DEMAND_EVENT, EXTERNAL_DRIVER
        )
        parameters = demand_parameters(pipeline)
        effects, seasons, report = learn_effects(
            item_location, history, event, driver, pd.Timestamp(as_of), parameters
        )
        yield from write_border(pipeline, as_of, DEMAND_EFFECT, effects, report)
        yield from write_border(pipeline, as_of, SEASONAL_INDEX, seasons, report)
        stage.detail = f"{len(effects):,} effects, {report['seasons_used']} seasons used"


@science_asset(DEMAND_SENSING, group="demand", kinds={"python"})
def demand_sensing(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Sense what the newest sales say beyond the level, where that has helped."""
    from optimization.demand.base import DatedEffects
    from optimization.demand.sensing import learn_sensing

    as_of = business_date(context)
    with pipeline.stage("demand sensing") as stage:
        item_location, history, lead, learnt = read_borders(
            pipeline, as_of, ITEM_LOCATION, DEMAND_HISTORY, LEAD_TIME, DEMAND_MODEL
        )
        dated = read_borders(pipeline, as_of, *EFFECTS)
        parameters = demand_parameters(pipeline)
        frame, report = learn_sensing(
            item_location,
            history,
            lead,
            learnt,
            DatedEffects(*dated),
            pd.Timestamp(as_of),
            parameters,
        )
        yield from write_border(pipeline, as_of, DEMAND_SENSING, frame, report)
        stage.detail = f"used in {report['categories_used']} of {report['categories']} categories"


@science_asset(SEGMENT_FORECAST, group="demand", kinds={"python"})
def segment_forecast(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterable[Told]:
    """Split demand over lead time and review by customer segment."""
    from optimization.demand.segments import forecast_segments

    as_of = business_date(context)
    with pipeline.stage("demand by segment") as stage:
        item_location, demand, segment, recent = read_borders(
            pipeline, as_of, ITEM_LOCATION, PROTECTION_DEMAND, SEGMENT, SEGMENT_DEMAND
        )
        frame, report = forecast_segments(item_location, demand, segment, recent)
        yield from write_border(pipeline, as_of, SEGMENT_FORECAST, frame, report)
        stage.detail = f"{report['segments']} segments, {len(frame):,} rows"
