"""A week of scarce stock, told from the published tables of its releases."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from optimization.errors import StockplanError
from orchestration.evidence.allocation.shortage_week import shortage_week
from orchestration.lake.ledger import Ledger
from orchestration.lake.paths import Lake
from orchestration.publish.candidate import build_candidate
from orchestration.publish.release import publish
from orchestration.settings import Settings

_DAYS = [pd.Timestamp("2024-07-01"), pd.Timestamp("2024-07-02")]


def _share(item: str, segment: str, tier: int, wants: float, has: float, reason: str) -> dict[str, object]:
    return {
        "item_id": item,
        "location_id": "L1",
        "segment_id": segment,
        "segment_name": segment.title(),
        "priority_tier": tier,
        "demand_units": wants,
        "guaranteed_units": 0.0,
        "allocated_units": has,
        "borrowed_units": 9.0,
        "unmet_units": max(wants - has, 0.0),
        "reason_code": reason,
    }


def _line(
    operation: str, status: str, segment: str, units: float, own: float, pool: float
) -> dict[str, object]:
    return {
        "item_id": "I1",
        "location_id": "L1",
        "segment_id": segment,
        "operation": operation,
        "entry_status": status,
        "units": units,
        "own_units": own,
        "pool_units": pool,
    }


def _way(method: str, segment: str, tier: int, fill: float) -> dict[str, object]:
    return {
        "allocation_method": method,
        "breakdown": "all",
        "breakdown_value": "*",
        "priority_tier": tier,
        "segment_id": segment,
        "served_units": 4.0,
        "unmet_units": 2.0,
        "fill_rate": fill,
        "min_fill_rate": 0.5,
        "gini": 0.1,
        "served_value": 40.0,
        "price_of_fairness": 5.0,
    }


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """Releases of two days of one week."""
    lake = Lake(tmp_path)
    for day in _DAYS:
        tables = {
            "allocation": [
                _share("I1", "FLEET", 1, 3.0, 3.0, "DEMAND_MET"),
                _share("I1", "RETAIL", 2, 5.0, 1.0, "FAIR_SHARE"),
                _share("I1", "POOL", 3, 0.0, 0.0, "POOL_REST"),
                # more is unmet here, but nobody has anything of it
                _share("I2", "FLEET", 1, 30.0, 0.0, "NO_SUPPLY"),
                _share("I2", "RETAIL", 2, 30.0, 0.0, "NO_SUPPLY"),
            ],
            "allocation_ledger": [
                _line("consume", "accepted", "RETAIL", 2.0, -1.0, -1.0),
                _line("consume", "rejected", "RETAIL", 4.0, 0.0, 0.0),
                _line("rebalance", "accepted", "FLEET", 7.0, 7.0, -7.0),
            ],
            "fairness": [
                _way("optimal", "*", 0, 0.6),
                _way("optimal", "FLEET", 1, 1.0),
                _way("optimal", "RETAIL", 2, 0.2),
            ],
        }
        made = {
            name: pa.Table.from_pandas(pd.DataFrame(rows), preserve_index=False)
            for name, rows in tables.items()
        }
        publish(
            build_candidate(lake, day.date(), {}, made),
            {"ledger_head": "0" * 64},
            None,
            lake,
            Ledger(lake.ledger_file),
            Settings(home=lake.root),
            actor="test",
        )
    return lake


def test_the_tightest_pool_is_one_of_which_somebody_has_something(lake: Lake) -> None:
    told = shortage_week(lake)
    assert [one.as_of.isoformat() for one in told.releases] == ["2024-07-01", "2024-07-02"]
    assert set(told.pool["item_id"]) == {"I1"}
    assert told.pool["segment_id"].tolist() == ["FLEET", "RETAIL", "POOL"] * 2
    retail = told.pool[told.pool["segment_id"] == "RETAIL"].iloc[0]
    assert (retail["own_units"], retail["borrowed_units"], retail["refused_units"]) == (1.0, 1.0, 4.0)
    assert retail["why"] == "Supply is short within the tier and is shared by weight"


def test_segments_are_told_as_of_the_last_day_and_used_over_the_week(lake: Lake) -> None:
    told = shortage_week(lake).segments.set_index("segment_id")
    assert told.loc["RETAIL", ["wanted_units", "quota_units", "unmet_units"]].tolist() == [35.0, 1.0, 34.0]
    assert told.loc["RETAIL", ["own_units", "borrowed_units", "refused_units"]].tolist() == [2.0, 2.0, 8.0]
    assert told.loc["FLEET", "own_units"] == 0.0


def test_every_way_of_sharing_has_its_fill_by_segment(lake: Lake) -> None:
    (row,) = shortage_week(lake).fairness.to_dict("records")
    assert (row["fill FLEET"], row["fill RETAIL"], row["price_of_fairness"]) == (1.0, 0.2, 5.0)


def test_a_pool_that_nobody_wants_is_named_with_what_to_do(lake: Lake) -> None:
    assert set(shortage_week(lake, "I2").pool["item_id"]) == {"I2"}
    with pytest.raises(StockplanError, match="unmet_units > 0"):
        shortage_week(lake, "I9")
