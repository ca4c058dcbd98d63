"""Allocation: every item-location pool shared out to the customer segments."""

from collections.abc import Iterable

import dagster as dg

from optimization.contracts.allocation_tables import ALLOCATION, ALLOCATION_SOLVER_RUN
from optimization.contracts.inputs import ITEM_LOCATION, SEGMENT, SEGMENT_DEMAND
from optimization.parameters import AllocationParameters
from orchestration.batches import mapper
from orchestration.defs.borders import Told, read_borders, write_border
from orchestration.defs.partitions import business_date
from orchestration.defs.resources import Pipeline
from orchestration.defs.science import science_asset


@science_asset(
    ALLOCATION,
    ALLOCATION_SOLVER_RUN,
    name="segment_allocation",
    group="allocation",
    kinds={"python", "pyomo", "highs"},
)
def segment_allocation(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> Iterable[Told]:
    """Allocate stock by guarantee, tier and fair share."""
    from optimization.allocation.planning import allocate_segments

    as_of = business_date(context)
    with pipeline.stage("allocation") as stage, mapper(pipeline.settings.execution.workers) as spread:
        item_location, segment, demand = read_borders(pipeline, as_of, ITEM_LOCATION, SEGMENT, SEGMENT_DEMAND)
        plan = allocate_segments(item_location, segment, demand, AllocationParameters(), spread)
        yield from write_border(pipeline, as_of, ALLOCATION, plan.allocation, plan.report)
        yield from write_border(pipeline, as_of, ALLOCATION_SOLVER_RUN, plan.solver_run, plan.report)
        stage.detail = f"{len(plan.allocation):,} rows"
