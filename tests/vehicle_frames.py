"""Made sales of vehicles with a known pace, for tests of the stock review."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from optimization.contracts.order_inputs import UNIT_SALE
from optimization.contracts.outputs import MIX_TARGET
from tests.matching_frames import of_table
from tests.science_frames import AS_OF


def unit_sale(rows: int, **columns: Any) -> pd.DataFrame:
    """`opt_in__unit_sale`: camrys sold at L1 for 4 % less than their list price."""
    values = {
        "unit_id": [f"S{number:06d}" for number in range(rows)],
        "item_id": "camry-le",
        "location_id": "L1",
        "category": "sedan",
        "list_price": 30_000.0,
        "sold_price": 28_800.0,
        "unit_cost": 27_000.0,
        "model": "camry",
        "trim": "le",
        "color": "Ice Cap",
    }
    return of_table(UNIT_SALE, rows, **(values | columns))


def steady_ages(rows: int, weekly_hazard: float, seed: int = 3) -> tuple[pd.DataFrame, list[int]]:
    """Sales of a year of arrivals and ages of what still stands; the weekly hazard is the same at any age."""
    random = np.random.default_rng(seed)
    age = 7 * (random.geometric(weekly_hazard, rows) - 1) + random.integers(0, 7, rows)
    since = random.integers(0, 365, rows)
    stands = age > since
    came = AS_OF - pd.to_timedelta(since[~stands], unit="D")
    sold = came + pd.to_timedelta(age[~stands], unit="D")
    sales = unit_sale(
        len(sold),
        sold_date=sold.astype("datetime64[ns]"),
        received_date=came.astype("datetime64[ns]"),
        age_days=pd.array(age[~stands], dtype="Int64"),
    )
    return sales, since[stands].tolist()


def steady_sales(rows: int, weekly_hazard: float, seed: int = 3) -> pd.DataFrame:
    """The sales of `steady_ages` alone."""
    return steady_ages(rows, weekly_hazard, seed)[0]


def mix_target(*rows: tuple[str, float, float, float]) -> pd.DataFrame:
    """`opt_out__mix_target` of camry-le from (location, mean, on hand, gap)."""
    if not rows:
        return of_table(MIX_TARGET, 0)
    return of_table(
        MIX_TARGET,
        len(rows),
        mix_level="location",
        location_id=[row[0] for row in rows],
        model="camry",
        item_id="camry-le",
        mix_share=1.0,
        mean_units=[row[1] for row in rows],
        target_units=[row[2] + row[3] for row in rows],
        on_hand_units=[row[2] for row in rows],
        inventory_position_units=[row[2] for row in rows],
        gap_units=[row[3] for row in rows],
        method="made",
        status="OK",
    )
