"""Network: which need is met by a transfer, which by a supplier order, which not."""

from collections.abc import Iterable

import dagster as dg
import pandas as pd

from optimization.contracts.inputs import (
    ITEM_LOCATION,
    LANE,
    LOCATION_LIMIT,
    RECENT_TRANSFER,
    SEGMENT,
    SEGMENT_DEMAND,
    UNIT,
)
from optimization.contracts.network_outputs import NETWORK_OUTPUTS
from optimization.contracts.outputs import POLICY, PROTECTION_DEMAND, SUPPLY_EXPECTATION
from optimization.parameters import NetworkParameters
from orchestration.defs.borders import Told, read_borders, write_border
from orchestration.defs.partitions import business_date
from orchestration.defs.resources import Pipeline
from orchestration.defs.science import science_asset
from orchestration.settings import function_named


@science_asset(*NETWORK_OUTPUTS, name="network_plan", group="network", kinds={"python", "pyomo", "highs"})
def network_plan(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Balance stock between locations, order the rest, and say why."""
    from optimization.network.planning import NetworkInputs, plan_network

    as_of = business_date(context)
    with pipeline.stage("network plan") as stage, pipeline.spread(as_of) as spread:
        inputs = NetworkInputs(
            *read_borders(
                pipeline,
                as_of,
                ITEM_LOCATION,
                POLICY,
                PROTECTION_DEMAND,
                SUPPLY_EXPECTATION,
                LANE,
                LOCATION_LIMIT,
                RECENT_TRANSFER,
                SEGMENT,
                SEGMENT_DEMAND,
                UNIT,
            )
        )
        stated = pipeline.settings.network
        parameters = NetworkParameters(**stated.model_dump(exclude={"user_rows"}))
        user_rows = function_named(stated.user_rows, "network.user_rows")
        plan = plan_network(inputs, pd.Timestamp(as_of), parameters, spread, user_rows)
        for table in NETWORK_OUTPUTS:
            frame = getattr(plan.frames, table.name.removeprefix("opt_out__"))
            yield from write_border(pipeline, as_of, table, frame, plan.report)
        frames, run = plan.frames, plan.frames.network_solver_run.iloc[0]
        stage.detail = (
            f"{len(frames.transfer_order):,} transfers, {len(frames.replenishment_order):,} orders; "
            f"{run['solver_status']}, gap {run['relative_gap']:.2%}"
        )
