"""Vehicle mix: read, call one function, write."""

from collections.abc import Iterable

import dagster as dg

from optimization.contracts.inputs import ITEM_LOCATION
from optimization.contracts.outputs import MIX_TARGET, PROTECTION_DEMAND
from orchestration.defs.borders import Told, read_borders, write_border
from orchestration.defs.partitions import business_date
from orchestration.defs.resources import Pipeline
from orchestration.defs.science import science_asset


@science_asset(MIX_TARGET, group="policy", kinds={"python"})
def mix_target(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Choose whole units of vehicle configurations per location."""
    from optimization.vehicles.mix import mix_targets

    as_of = business_date(context)
    with pipeline.stage("vehicle mix") as stage:
        item_location, demand = read_borders(pipeline, as_of, ITEM_LOCATION, PROTECTION_DEMAND)
        frame, report = mix_targets(item_location, demand)
        yield from write_border(pipeline, as_of, MIX_TARGET, frame, report)
        stage.detail = f"{report['locations']} locations, {len(frame):,} rows"
