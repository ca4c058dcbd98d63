"""The assets that look ahead: read the day's borders, write tables that keep their contracts."""

from __future__ import annotations

import logging
from pathlib import Path

import dagster as dg

from optimization.contracts.inputs import ITEM_LOCATION, LOCATION_LIMIT
from optimization.contracts.outputs import (
    FORECAST,
    POLICY,
    PROTECTION_DEMAND,
    SEASONAL_INDEX,
    SERVICE_CONTROL,
)
from optimization.contracts.planning_tables import PLANNING_OUTPUTS
from optimization.contracts.rows import frame_of
from orchestration.defs.planning import assets
from orchestration.defs.resources import Pipeline
from orchestration.lake.parquet import read_frame, write_frame
from orchestration.settings import PlanningSettings, Settings
from tests.planning_frames import forecast_of, policy, world
from tests.science_frames import AS_OF, location_limit


def test_both_assets_write_what_their_contracts_say(tmp_path: Path) -> None:
    day = AS_OF.date()
    settings = Settings(
        home=tmp_path / "home", planning=PlanningSettings(capacity_units=200, frontier_series=30)
    )
    pipeline = Pipeline(settings)
    items, demand = world(36)
    frames = {
        ITEM_LOCATION: items,
        PROTECTION_DEMAND: demand,
        SERVICE_CONTROL: frame_of(SERVICE_CONTROL, []),
        POLICY: policy(items, 3.0),
        FORECAST: forecast_of(items, 2.0),
        SEASONAL_INDEX: frame_of(SEASONAL_INDEX, []),
        LOCATION_LIMIT: location_limit(list(items["location_id"])),
    }
    for table, frame in frames.items():
        write_frame(table.validate(frame), table, pipeline.lake.border_file(table.name, day))
    logging.getLogger("dagster").setLevel(logging.ERROR)
    done = dg.materialize(
        dg.load_assets_from_modules([assets]),
        partition_key=day.isoformat(),
        resources={"pipeline": pipeline},
    )
    checked = {(one.asset_key.path[-1], one.passed) for one in done.get_asset_check_evaluations()}
    assert checked == {(table.name, True) for table in PLANNING_OUTPUTS}
    told = {
        table.name: read_frame(pipeline.lake.border_file(table.name, day), table)
        for table in PLANNING_OUTPUTS
    }
    network = told["opt_out__scenario_frontier"].query("scope_type == 'network'")
    assert set(network["series_count"]) == {30}
    assert set(network["population_count"]) == {36}
    price = told["opt_out__annual_plan_price"].set_index("resource")
    assert (price.loc["capacity", "resource_limit"] == 200).all()
    assert told["opt_out__annual_solver_run"]["is_audit_passed"].all()
