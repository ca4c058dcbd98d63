"""Made sales of vehicles with a known pace, for tests of the stock review."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from optimization.contracts.network_outputs import TRANSFER_ORDER, TRANSFER_UNIT
from optimization.contracts.order_inputs import UNIT_SALE
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


def moves(*rows: tuple[str, str], net_gain: float = 100.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """`opt_out__transfer_unit` of (unit, target) from L1 and their orders, one per target of this gain."""
    targets = [target for _, target in rows]
    count = {target: float(targets.count(target)) for target in sorted(set(targets))}
    judged: dict[str, Any] = {"reason_code": "made", "method": "made", "status": "OK"}
    usual = judged | {"item_id": "camry-le", "from_location_id": "L1"}
    units = of_table(
        TRANSFER_UNIT,
        len(rows),
        **usual,
        unit_id=[unit for unit, _ in rows],
        transfer_order_id=targets,
        to_location_id=targets,
    )
    money = ("transfer_cost", "destination_value", "policy_value", "source_value", "scarcity_charge")
    orders = of_table(
        TRANSFER_ORDER,
        len(count),
        **usual,
        **dict.fromkeys(money, 0.0),
        transfer_order_id=list(count),
        to_location_id=list(count),
        transfer_units=list(count.values()),
        release_date=AS_OF,
        need_date=AS_OF,
        net_gain=net_gain,
    )
    return units, orders
