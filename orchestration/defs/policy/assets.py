"""Policy: today's calculation beside what the last release before this date made effective."""

from collections.abc import Iterable

import dagster as dg

from optimization.contracts.inputs import ITEM_LOCATION
from optimization.contracts.outputs import POLICY, PROTECTION_DEMAND
from optimization.parameters import PolicyParameters
from orchestration.defs.borders import Told, read_borders, write_border
from orchestration.defs.partitions import business_date
from orchestration.defs.resources import Pipeline
from orchestration.defs.science import science_asset

PREVIOUS_COLUMNS = ["item_id", "location_id", "reorder_point_units", "order_up_to_units"]


@science_asset(POLICY, group="policy", kinds={"python"})
def policy(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Size reorder points and order-up-to levels, and decide which changes become effective."""
    from optimization.policy.planning import plan_policies
    from orchestration.lake.parquet import read_arrow
    from orchestration.publish.shelf import previous_release

    as_of = business_date(context)
    settings = pipeline.settings.policy
    with pipeline.stage("policy") as stage:
        item_location, demand = read_borders(pipeline, as_of, ITEM_LOCATION, PROTECTION_DEMAND)
        before = previous_release(pipeline.lake, as_of)
        frame, report = plan_policies(
            item_location,
            demand,
            read_arrow(before.table("policy")).select(PREVIOUS_COLUMNS).to_pandas() if before else None,
            PolicyParameters(
                dead_band_share=settings.dead_band_share,
                dead_band_units=settings.dead_band_units,
                auto_approve_value=settings.auto_approve_value,
            ),
        )
        figures = {**report, "previous_release": before.release_id if before else "none"}
        yield from write_border(pipeline, as_of, POLICY, frame, figures)
        changed = int((~frame["change_state"].isin(["none", "within_dead_band"])).sum())
        stage.detail = f"{len(frame):,} policies, {changed:,} changed"
