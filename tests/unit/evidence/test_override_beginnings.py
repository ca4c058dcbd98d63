"""What was known when an override began comes from the release of that day, or the last one before it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow as pa

from optimization.contracts.reason_tables import POLICY_INPUT
from orchestration.evidence.history.override_beginnings import beginnings
from orchestration.lake.parquet import frame_to_arrow, write_arrow
from orchestration.lake.paths import Lake
from tests.policy_inputs import policy_input

TODAY = date(2024, 6, 30)
OVERRIDES = pd.DataFrame(
    {
        "override_id": ["on_the_day", "between", "too_early", "never"],
        "item_id": ["I00000", "I00001", "I00000", "I00001"],
        "location_id": "L1",
        "effective_from": pd.to_datetime(["2024-06-20", "2024-06-15", "2024-06-01", None]),
    }
)


def _shelve(lake: Lake, as_of: str, stock: float, *without: str) -> None:
    """Put a release on the shelf with two item-locations, an order line of each, and stock."""
    folder = lake.releases_dir / f"{as_of}-1-0123abcd"
    pair = {"item_id": ["I00000", "I00001"], "location_id": ["L1", "L1"]}
    tables = {
        "policy_input": frame_to_arrow(policy_input(2, 1), POLICY_INPUT),
        "inventory_position": pa.table({**pair, "on_hand_units": [stock, stock + 1.0]}),
        "supply_expectation": pa.table(
            {
                **pair,
                "open_units": [3.0, 4.0],
                "expected_date": [date(2024, 6, 25)] * 2,
                "is_counted": [True, False],
            }
        ),
    }
    kept = {name: table for name, table in tables.items() if name not in without}
    for name, table in kept.items():
        write_arrow(table, folder / f"{name}.parquet")
    manifest = {
        "release_id": folder.name,
        "as_of": as_of,
        "content_hash": "0123abcd",
        "tables": {name: {"file": f"{name}.parquet", "rows": table.num_rows} for name, table in kept.items()},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def test_each_override_has_the_release_that_it_began_in(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    _shelve(lake, "2024-06-10", 5.0)
    _shelve(lake, "2024-06-17", 7.0, "policy_input")
    _shelve(lake, "2024-06-20", 9.0)
    found = beginnings(lake, TODAY, OVERRIDES)
    stock = found.stock.set_index("override_id")["on_hand_units"]
    assert stock.to_dict() == {"on_the_day": 9.0, "between": 6.0}
    assert sorted(found.calculated["override_id"]) == ["between", "on_the_day"]
    assert set(POLICY_INPUT.column_names) <= set(found.calculated.columns)
    # A line that is no longer trusted is not on its way.
    assert found.supply["override_id"].tolist() == ["on_the_day"]


def test_without_a_release_nothing_is_known(tmp_path: Path) -> None:
    found = beginnings(Lake(tmp_path), TODAY, OVERRIDES)
    assert found.calculated.empty and found.stock.empty and found.supply.empty
