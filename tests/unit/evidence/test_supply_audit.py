"""What was found in the stock: the differences first, the dearest on top."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from orchestration.evidence.allocation.supply_audit import inventory_audit
from orchestration.lake.parquet import write_arrow
from orchestration.publish.shelf import Release, ReleaseError

ROWS = [
    # kind, item, location, status, units, value
    ("level", "I1", "L1", "match", 0.0, 0.0),
    ("level", "I2", "L1", "difference", -1.0, 10.0),
    ("level", "I3", "L2", "difference", 2.0, -90.0),
    ("level", "*", "L2", "not_counted", None, None),
    ("valuation", "I1", "L1", "difference", 0.0, 5.0),
]


@pytest.fixture
def release(tmp_path: Path) -> Release:
    names = ["audit_kind", "item_id", "location_id", "audit_status", "difference_units", "difference_value"]
    rows = [dict(zip(names, row, strict=True)) | {"unit_id": "*", "release_id": "R"} for row in ROWS]
    write_arrow(pa.Table.from_pylist(rows), tmp_path / "tables" / "inventory_audit.parquet")
    manifest = {"tables": {"inventory_audit": {"file": "tables/inventory_audit.parquet"}}}
    return Release("R", date(2024, 1, 31), tmp_path, "", manifest)


def test_what_differs_comes_first_and_the_dearest_on_top(release: Release) -> None:
    found = inventory_audit(release, "level")
    assert found.column("item_id").to_pylist() == ["I3", "I2", "*", "I1"]
    assert found.column_names[0] == "item_id"
    assert found.column_names[-1] == "release_id"


def test_an_audit_is_asked_by_kind_item_and_location(release: Release) -> None:
    assert inventory_audit(release, "valuation").num_rows == 1
    assert inventory_audit(release, "level", location_id="L2").num_rows == 2
    assert inventory_audit(release, "level", item_id="I1", location_id="L1").num_rows == 1
    assert inventory_audit(release, "condition").num_rows == 0


def test_a_release_without_the_audit_says_so(release: Release) -> None:
    bare = Release("R", release.as_of, release.folder, "", {"tables": {}})
    with pytest.raises(ReleaseError, match="has no table 'inventory_audit'"):
        inventory_audit(bare, "level")
