"""Small worlds for the tests of scenarios and of the annual plan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from optimization.contracts.outputs import POLICY
from optimization.contracts.rows import frame_of
from optimization.contracts.table import Table
from tests.science_frames import AS_OF, item_location, protection

CATEGORIES = ("brakes", "filters", "glass")


def world(rows: int = 60, seed: int = 7, **columns: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`opt_in__item_location` and `opt_out__protection_demand` of so many rows, three categories."""
    draw = np.random.default_rng(seed)
    values: dict[str, Any] = {
        "item_id": [f"I{number:03}" for number in range(rows)],
        "category": [CATEGORIES[number % 3] for number in range(rows)],
        "region": [("north", "south")[number % 2] for number in range(rows)],
        "supplier_id": [("S1", "S2")[number % 2] for number in range(rows)],
        "unit_cost": np.round(draw.lognormal(3.0, 1.0, rows), 2),
        "service_target": 0.9,
        "service_metric": "fill",
        "stockout_behaviour": [("lost", "backorder")[number % 2] for number in range(rows)],
        "on_hand_units": np.round(draw.gamma(2.0, 4.0, rows)),
        "volume_m3": 0.1,
        "order_cost": 0.5,
    } | columns
    items = item_location(rows, **values)
    items["shortage_cost"] = items["unit_cost"] * draw.uniform(0.2, 0.6, rows)
    items["list_price"] = items["unit_cost"] * 1.4
    return items, protection(items, list(np.round(draw.gamma(1.5, 8.0, rows) + 0.5, 3)), ratio=2.0)


def policy(items: pd.DataFrame, expected_stock_units: float) -> pd.DataFrame:
    """`opt_out__policy` in which every item-location is expected to hold so much."""
    rows = [
        {
            **_anything(POLICY),
            "item_id": item,
            "location_id": location,
            "expected_stock_units": expected_stock_units,
        }
        for item, location in zip(items["item_id"], items["location_id"], strict=True)
    ]
    return frame_of(POLICY, rows)


def forecast_of(items: pd.DataFrame, weekly: float, weeks: int = 13) -> pd.DataFrame:
    """`opt_out__forecast` with the same demand in every week."""
    from optimization.contracts.outputs import FORECAST

    rows = [
        {
            **_anything(FORECAST),
            "item_id": item,
            "location_id": location,
            "horizon_weeks": week,
            "bucket_start_date": AS_OF + pd.Timedelta(weeks=week - 1, days=1),
            "base_units": weekly,
            "mean_units": weekly,
        }
        for item, location in zip(items["item_id"], items["location_id"], strict=True)
        for week in range(1, weeks + 1)
    ]
    return frame_of(FORECAST, rows)


def _anything(table: Table) -> dict[str, Any]:
    """A value that the contract allows for every required column."""
    plain: dict[str, Any] = {"text": "x", "flag": False, "date": AS_OF, "timestamp": AS_OF}
    row = {}
    for column in table.columns:
        if table.is_nullable(column.name):
            continue
        least = column.ge if column.ge is not None else 1.0
        number = max(least, 0.0) if column.gt is None else column.gt + 0.5
        value = plain.get(column.kind, int(number) if column.kind == "integer" else number)
        row[column.name] = column.isin[0] if column.isin else value
    return row
