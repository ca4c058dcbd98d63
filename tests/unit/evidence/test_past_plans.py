"""What frozen releases planned: read as published, per window, and nothing where a table is missing."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from optimization.contracts.history_tables import PAST_PLAN
from orchestration.contracts.arrow import arrow_schema
from orchestration.evidence.history.past_plans import past_plan
from orchestration.lake.parquet import write_arrow
from orchestration.publish.shelf import Release

AS_OF = date(2024, 6, 3)
PLACE = {"item_id": "A", "location_id": "L"}


def _release(folder: Path, **tables: list[dict[str, Any]]) -> Release:
    for name, rows in tables.items():
        write_arrow(pa.Table.from_pylist(rows), folder / f"{name}.parquet")
    manifest = {"tables": {name: {"file": f"{name}.parquet", "rows": len(tables[name])} for name in tables}}
    return Release("2024-06-03-1-0123abcd", AS_OF, folder, "0123abcd", manifest)


def test_a_frozen_release_plans_demand_service_stock_and_supply(tmp_path: Path) -> None:
    """3 + 4 units in the first two weeks of 4, the fifth week lies beyond; 90 % of 7 are to be filled."""
    release = _release(
        tmp_path,
        forecast=[
            {**PLACE, "horizon_weeks": week, "mean_units": units}
            for week, units in ((1, 3.0), (2, 4.0), (5, 9.0))
        ],
        policy=[
            {**PLACE, "expected_fill_rate": 0.9, "expected_stock_units": 5.0},
            {"item_id": "B", "location_id": "L", "expected_fill_rate": None, "expected_stock_units": None},
        ],
        replenishment_order=[
            {**PLACE, "need_date": date(2024, 7, 1), "replenish_units": 6.0},
            {**PLACE, "need_date": date(2024, 7, 2), "replenish_units": 50.0},
        ],
        transfer_order=[
            {
                "item_id": "A",
                "from_location_id": "M",
                "to_location_id": "L",
                "need_date": date(2024, 6, 10),
                "transfer_units": 2.0,
            }
        ],
        supply_expectation=[
            {**PLACE, "expected_date": date(2024, 6, 5), "open_units": 4.0},
            {**PLACE, "expected_date": None, "open_units": 70.0},
        ],
    )
    found = past_plan({1: release, 4: release})
    assert found.schema.equals(arrow_schema(PAST_PLAN))
    assert {(row["window_weeks"], row["item_id"], row["location_id"]) for row in found.to_pylist()} == {
        (4, "A", "L")
    }
    planned = {
        row["plan_kind"]: (row["planned_units"], row["planned_base_units"]) for row in found.to_pylist()
    }
    assert planned.pop("policy_service") == (6.3, 7.0)
    assert planned == {
        "forecast": (7.0, None),
        "stock": (5.0, None),
        "replenishment": (6.0, None),
        "transfer": (2.0, None),
        "receipt": (4.0, None),
    }


def test_a_release_that_lacks_tables_or_columns_planned_nothing_of_the_kind(tmp_path: Path) -> None:
    release = _release(tmp_path, forecast=[{**PLACE, "horizon_weeks": 1, "mean_units": 3.0}], policy=[PLACE])
    found = past_plan({4: release, 13: release})
    assert [(row["window_weeks"], row["plan_kind"]) for row in found.to_pylist()] == [
        (4, "forecast"),
        (13, "forecast"),
    ]
    assert past_plan({}).num_rows == 0
    assert past_plan({}).schema.equals(arrow_schema(PAST_PLAN))
