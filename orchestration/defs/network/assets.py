"""Network: which need is met by a transfer, which by a supplier order, which not."""

from collections.abc import Iterable

import dagster as dg
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION, LANE
from optimization.contracts.outputs import (
    NETWORK_SOLVER_RUN,
    POLICY,
    POSITION_PLAN,
    PROTECTION_DEMAND,
    REPLENISHMENT_ORDER,
    TRANSFER_ORDER,
)
from optimization.parameters import NetworkParameters
from orchestration.batches import mapper
from orchestration.defs.borders import Told, read_borders, write_border
from orchestration.defs.partitions import business_date
from orchestration.defs.resources import Pipeline
from orchestration.defs.science import science_asset


@science_asset(
    TRANSFER_ORDER,
    REPLENISHMENT_ORDER,
    POSITION_PLAN,
    NETWORK_SOLVER_RUN,
    name="network_plan",
    group="network",
    kinds={"python", "pyomo", "highs"},
)
def network_plan(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Balance stock between locations and order the rest."""
    from optimization.network.planning import plan_network

    as_of = business_date(context)
    settings = pipeline.settings.network
    with pipeline.stage("network plan") as stage, mapper(pipeline.settings.execution.workers) as spread:
        item_location, policy, demand, lane = read_borders(
            pipeline, as_of, ITEM_LOCATION, POLICY, PROTECTION_DEMAND, LANE
        )
        plan = plan_network(
            item_location,
            policy,
            demand,
            lane,
            pd.Timestamp(as_of),
            NetworkParameters(
                dead_band_factor=settings.dead_band_factor,
                max_relative_gap=settings.max_relative_gap,
                items_per_batch=settings.items_per_batch,
            ),
            spread,
        )
        for table, frame in (
            (TRANSFER_ORDER, plan.transfer_order),
            (REPLENISHMENT_ORDER, plan.replenishment_order),
            (POSITION_PLAN, plan.position_plan),
            (NETWORK_SOLVER_RUN, plan.solver_run),
        ):
            yield from write_border(pipeline, as_of, table, frame, plan.report)
        stage.detail = (
            f"{len(plan.transfer_order):,} transfers, {len(plan.replenishment_order):,} orders, "
            f"{len(plan.solver_run):,} solves"
        )
