"""Policy: today's calculation beside what the last release before this date made effective."""

from collections.abc import Iterable

import dagster as dg

from optimization.contracts.inputs import DEMAND_HISTORY, ITEM_LOCATION, PRICE_BREAK
from optimization.contracts.outputs import (
    FORECAST,
    POLICY,
    POLICY_SCHEDULE,
    PROTECTION_DEMAND,
    SERVICE_CONTROL,
)
from optimization.parameters import PolicyParameters
from orchestration.defs.borders import Told, read_borders, write_border
from orchestration.defs.partitions import business_date
from orchestration.defs.resources import Pipeline
from orchestration.defs.science import science_asset
from orchestration.settings import PolicySettings

PREVIOUS_COLUMNS = (
    "item_id",
    "location_id",
    "reorder_point_units",
    "order_up_to_units",
    "abc_class",
    "abc_calculated",
    "xyz_class",
    "xyz_calculated",
)


def parameters_of(settings: PolicySettings) -> PolicyParameters:
    """Return the settings of the policy as the science's parameters."""
    return PolicyParameters(
        dead_band_share=settings.dead_band_share,
        dead_band_units=settings.dead_band_units,
        auto_approve_value=settings.auto_approve_value,
        max_cover_days=settings.max_cover_days,
        cash_budget=settings.cash_budget,
        final_buy_years=settings.final_buy_years,
        final_buy_salvage_share=settings.final_buy_salvage_share,
    )


@science_asset(POLICY, group="policy", kinds={"python"})
def policy(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Size reorder points and order-up-to levels, and decide which changes become effective."""
    from optimization.policy.planning import plan_policies
    from orchestration.lake.parquet import read_arrow
    from orchestration.publish.shelf import previous_release

    as_of = business_date(context)
    with pipeline.stage("policy") as stage:
        item_location, demand, price_break, history, control = read_borders(
            pipeline, as_of, ITEM_LOCATION, PROTECTION_DEMAND, PRICE_BREAK, DEMAND_HISTORY, SERVICE_CONTROL
        )
        before = previous_release(pipeline.lake, as_of)
        last = read_arrow(before.table("policy")) if before else None
        frame, report = plan_policies(
            item_location,
            demand,
            last.select([name for name in PREVIOUS_COLUMNS if name in last.column_names]).to_pandas()
            if last is not None
            else None,
            parameters_of(pipeline.settings.policy),
            price_break,
            history,
            control,
        )
        figures = {**report, "previous_release": before.release_id if before else "none"}
        yield from write_border(pipeline, as_of, POLICY, frame, figures)
        changed = int((~frame["change_state"].isin(["none", "within_dead_band"])).sum())
        stage.detail = f"{len(frame):,} policies, {changed:,} changed"


@science_asset(POLICY_SCHEDULE, group="policy", kinds={"python"})
def policy_schedule(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterable[Told]:
    """Date the levels of coming weeks that promotions or season lift out of the policy."""
    from optimization.policy.schedule import plan_schedule

    as_of = business_date(context)
    with pipeline.stage("policy_schedule") as stage:
        item_location, forecast, demand, levels = read_borders(
            pipeline, as_of, ITEM_LOCATION, FORECAST, PROTECTION_DEMAND, POLICY
        )
        parameters = parameters_of(pipeline.settings.policy)
        frame, report = plan_schedule(item_location, forecast, demand, levels, parameters)
        yield from write_border(pipeline, as_of, POLICY_SCHEDULE, frame, report)
        stage.detail = f"{len(frame):,} dated levels"
