"""Promising: what can still be promised from the day's stock, supply and quotas."""

from collections.abc import Iterable

import dagster as dg
import pandas as pd

from optimization.allocation.book import EVERYWHERE
from optimization.contracts.allocation_tables import ALLOCATION, ATP, COMMITMENT, SOFT_RESERVATION
from optimization.contracts.inputs import ITEM_LOCATION
from optimization.contracts.outputs import SUPPLY_EXPECTATION
from orchestration.defs.borders import Told, read_borders, write_border
from orchestration.defs.partitions import business_date
from orchestration.defs.resources import Pipeline
from orchestration.defs.science import science_asset


@science_asset(ATP, group="promising", kinds={"python", "numba"})
def atp(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Reckon what can be promised per day, place and segment, every commitment kept."""
    from optimization.promising.atp import available_to_promise

    as_of = business_date(context)
    with pipeline.stage("promising") as stage:
        places, supply, owed, shares, reservations = read_borders(
            pipeline, as_of, ITEM_LOCATION, SUPPLY_EXPECTATION, COMMITMENT, ALLOCATION, SOFT_RESERVATION
        )
        frame, report = available_to_promise(
            places,
            supply,
            owed,
            shares,
            reservations,
            pd.Timestamp(as_of),
            pipeline.settings.promising.parameters(),
        )
        yield from write_border(pipeline, as_of, ATP, frame, report)
        is_short = (frame["shortage_units"] > 0) & (frame["location_id"] != EVERYWHERE)
        short = frame.loc[is_short, ["item_id", "location_id", "segment_id"]]
        stage.detail = f"{len(frame):,} promises, {len(short.drop_duplicates()):,} overcommitted"
