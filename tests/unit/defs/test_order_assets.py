"""The assets of the orders' side: a source without orders or units, and the ledger's units."""

from __future__ import annotations

import json
import logging
from datetime import date
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

from optimization.contracts.order_inputs import STOCK_UNIT, UNIT_EVENT
from optimization.contracts.order_outputs import ORDER_OUTPUTS
from orchestration.contracts.arrow import arrow_schema
from orchestration.defs.allocation.ledger_read import keep_position
from orchestration.defs.orders import made_to_order, messages, promises, requests
from orchestration.defs.resources import Pipeline
from orchestration.evidence.ledger_frames import read_position
from orchestration.evidence.lineage.orders import ORDER_STAGES
from orchestration.lake.parquet import read_arrow, write_arrow
from orchestration.settings import Settings

AS_OF = date(2024, 6, 30)
ASSETS = dg.load_assets_from_modules([promises, requests, made_to_order, messages])


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """An installation whose marts are there, all of them empty."""
    made = Pipeline(Settings(home=tmp_path / "home"))
    written = {table.name for stage in ORDER_STAGES for table in stage.writes} | {UNIT_EVENT.name}
    for table in {table for stage in ORDER_STAGES for table in stage.reads}:
        if table.name not in written:
            write_arrow(arrow_schema(table).empty_table(), made.lake.border_file(table.name, AS_OF))
    return made


def _materialize(pipeline: Pipeline, assets: list[dg.AssetsDefinition]) -> set[tuple[str, bool]]:
    logging.getLogger("dagster").setLevel(logging.ERROR)
    keep_position(pipeline.lake, AS_OF, read_position(pipeline.ledger))
    done = dg.materialize(assets, partition_key=AS_OF.isoformat(), resources={"pipeline": pipeline})
    assert done.success
    return {(one.asset_key.path[-1], one.passed) for one in done.get_asset_check_evaluations()}


def test_every_table_is_written_by_one_stage() -> None:
    written = [table.name for stage in ORDER_STAGES for table in stage.writes]
    assert sorted(written) == sorted(table.name for table in ORDER_OUTPUTS)


def test_a_source_without_orders_and_units_gives_empty_valid_tables(pipeline: Pipeline) -> None:
    checked = _materialize(pipeline, list(ASSETS))
    assert checked == {(table.name, True) for table in (UNIT_EVENT, *ORDER_OUTPUTS)}
    rows = {
        table.name: read_arrow(pipeline.lake.border_file(table.name, AS_OF)).num_rows
        for table in ORDER_OUTPUTS
    }
    # Stated weights are there without any request, and the kinds of request that nothing was solved for.
    told = {"opt_out__match_weight", "opt_out__match_solver_run"}
    assert {name for name, count in rows.items() if count} == told


def test_what_was_done_to_units_is_folded_to_the_end_of_the_date(pipeline: Pipeline) -> None:
    def tell(operation: str, at: str, **payload: object) -> None:
        pipeline.ledger.append(
            "unit",
            operation,
            subject="V1",
            business_date=date.fromisoformat(at[:10]),
            actor="kim",
            payload={"event_at": at, **payload},
        )

    unit = {"unit_id": "V1", "item_id": "I", "location_id": "L", "region": "north", "category": "car"}
    stated = {
        **unit,
        "unit_status": "at_location",
        "stock_category": "standard",
        "category_group": "new",
        "is_sellable": True,
        "counts_in_kpi": True,
        "is_pre_sold": False,
        "is_held": False,
        "is_unseen": False,
        "unit_cost": 30_000.0,
        "preparation_days": 2.0,
    }
    table = pa.Table.from_pylist([stated], schema=arrow_schema(STOCK_UNIT))
    write_arrow(table, pipeline.lake.border_file(STOCK_UNIT.name, AS_OF))
    tell("reserve", "2024-06-29T09:00:00.000000+00:00", expires_at="2024-06-30T18:00")
    tell("reserve", "2024-06-30T18:00:00.000000+00:00")
    tell("block", "2024-06-30T19:00:00.000000+00:00")
    tell("reserve", "2024-07-01T09:00:00.000000+00:00")
    _materialize(pipeline, [promises.ledger_unit_events, promises.unit_reservation])
    held = read_arrow(pipeline.lake.border_file("opt_out__unit_reservation", AS_OF))
    assert sorted(held.column("unit_reservation_state").to_pylist()) == ["EXPIRED", "HELD"]
    # A block without its kind has no form; what comes after the date is not read.
    entries = read_arrow(pipeline.lake.border_file("opt_out__unit_reservation_entry", AS_OF))
    assert entries.num_rows == 2
    left = pipeline.lake.build_dir(AS_OF) / "evidence" / "unit_events_set_aside.json"
    assert [row["column_name"] for row in json.loads(left.read_text())] == ["hold_kind"]
    assert "1 events of units cannot be read" in pipeline.notes[-1]
