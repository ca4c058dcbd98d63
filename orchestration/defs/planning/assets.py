"""Looking ahead: what service costs on the day's baseline, and the year by month."""

from collections.abc import Iterable

import dagster as dg
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION, LOCATION_LIMIT
from optimization.contracts.outputs import (
    FORECAST,
    POLICY,
    PROTECTION_DEMAND,
    SEASONAL_INDEX,
    SERVICE_CONTROL,
)
from optimization.contracts.planning_tables import (
    ANNUAL_PLAN,
    ANNUAL_PLAN_PRICE,
    ANNUAL_SOLVER_RUN,
    SCENARIO_FRONTIER,
)
from orchestration.defs.borders import Told, read_borders, write_border
from orchestration.defs.partitions import business_date
from orchestration.defs.policy.assets import parameters_of
from orchestration.defs.resources import Pipeline
from orchestration.defs.science import science_asset


@science_asset(SCENARIO_FRONTIER, group="planning", kinds={"python"})
def scenario_frontier(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterable[Told]:
    """Play the policy from little to nearly full service, all on the same random paths."""
    from optimization.planning.frontier import scenario_frontier as played

    as_of = business_date(context)
    with pipeline.stage("scenario frontier") as stage:
        item_location, protection, control = read_borders(
            pipeline, as_of, ITEM_LOCATION, PROTECTION_DEMAND, SERVICE_CONTROL
        )
        settings = pipeline.settings
        frame, report = played(
            item_location,
            protection,
            control,
            pd.Timestamp(as_of),
            parameters_of(settings.policy),
            settings.planning.frontier_series,
        )
        yield from write_border(pipeline, as_of, SCENARIO_FRONTIER, frame, report)
        stage.detail = f"{report['points']} points on {report['series']:,} item-locations"


@science_asset(
    ANNUAL_PLAN,
    ANNUAL_PLAN_PRICE,
    ANNUAL_SOLVER_RUN,
    name="annual_plan",
    group="planning",
    kinds={"python", "pyomo", "highs"},
)
def annual_plan(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Plan twelve months before demand is known, and price what is scarce in them."""
    from optimization.planning.annual.planning import plan_year

    as_of = business_date(context)
    with pipeline.stage("annual plan") as stage:
        items, protection, policy, forecast, seasons, limits = read_borders(
            pipeline,
            as_of,
            ITEM_LOCATION,
            PROTECTION_DEMAND,
            POLICY,
            FORECAST,
            SEASONAL_INDEX,
            LOCATION_LIMIT,
        )
        told = plan_year(
            items,
            protection,
            policy,
            forecast,
            seasons,
            limits,
            pd.Timestamp(as_of),
            pipeline.settings.planning.parameters(),
        )
        for table, frame in (
            (ANNUAL_PLAN, told.annual_plan),
            (ANNUAL_PLAN_PRICE, told.annual_plan_price),
            (ANNUAL_SOLVER_RUN, told.annual_solver_run),
        ):
            yield from write_border(pipeline, as_of, table, frame, told.report)
        priced = int((told.annual_plan_price["shadow_price"] > 0).sum())
        stage.detail = f"{told.report['groups']} groups, {priced} months of scarce resources"
