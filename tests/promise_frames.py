"""Small valid frames of units, order lines and capacities, for tests of what is promised."""

from __future__ import annotations

from typing import Any

import pandas as pd

from optimization.contracts.order_inputs import HANDOVER_CAPACITY, OPEN_ORDER_LINE, STOCK_UNIT, UNIT_HOLD
from optimization.contracts.order_outputs import DELIVERY_PROMISE, UNIT_RESERVATION
from optimization.contracts.table import Table
from orchestration.contracts.arrow import arrow_schema
from tests.science_frames import AS_OF


def empty(table: Table) -> pd.DataFrame:
    """No rows of a table."""
    return arrow_schema(table).empty_table().to_pandas()


def rows_of(table: Table, rows: list[dict[str, Any]], **columns: Any) -> pd.DataFrame:
    """Rows of a table; what is not named is null. Whole numbers for dates are days from `AS_OF`."""
    frame = pd.DataFrame(rows).assign(**columns) if rows else pd.DataFrame(columns=list(columns))
    made = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        values = frame[name] if name in frame else pd.Series([None] * len(frame), dtype=object)
        if column.kind in ("date", "timestamp"):
            made[name] = pd.to_datetime([_day(one) for one in values]).astype("datetime64[ns]")
        elif column.kind == "text":
            made[name] = values.astype(object).where(values.notna(), None)
        else:
            made[name] = values.astype(column.pandas_dtype(table.is_nullable(name)))
    return pd.DataFrame(made, index=range(len(frame)))


def _day(value: Any) -> Any:
    return AS_OF + pd.Timedelta(days=value) if isinstance(value, int | float) and value == value else value


def stock_unit(*units: dict[str, Any]) -> pd.DataFrame:
    """`opt_in__stock_unit`: units of V1 at L1, free and for sale, where nothing else is said."""
    usual = {
        "item_id": "V1",
        "location_id": "L1",
        "region": "north",
        "category": "suv",
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
    named = [{"unit_id": f"U{number}"} | usual | one for number, one in enumerate(units, 1)]
    return rows_of(STOCK_UNIT, named)


def unit_hold(*holds: dict[str, Any]) -> pd.DataFrame:
    """`opt_in__unit_hold`."""
    return rows_of(UNIT_HOLD, [{"hold_id": f"H{n}", "hold_kind": "quality"} | h for n, h in enumerate(holds)])


def unit_reservation(*held: dict[str, Any]) -> pd.DataFrame:
    """`opt_out__unit_reservation`: held, where nothing else is said."""
    usual = {"unit_reservation_state": "HELD", "opened_at": -1, "actor": "a", "reason_code": "AS_ASKED"}
    return rows_of(UNIT_RESERVATION, [{"reservation_id": f"R{n}"} | usual | h for n, h in enumerate(held)])


def order_line(*lines: dict[str, Any]) -> pd.DataFrame:
    """`opt_in__open_order_line`: one unit of I1 at L1, wanted today."""
    usual = {
        "line_id": "1",
        "item_id": "I1",
        "location_id": "L1",
        "segment_id": "RETAIL",
        "order_date": -5,
        "requested_date": 0,
        "open_units": 1.0,
        "order_priority": 3,
        "priority_tier": 1,
    }
    return rows_of(OPEN_ORDER_LINE, [{"order_id": f"O{n}"} | usual | one for n, one in enumerate(lines, 1)])


def handover_capacity(*places: dict[str, Any]) -> pd.DataFrame:
    """`opt_in__handover_capacity`."""
    return rows_of(HANDOVER_CAPACITY, [{"preparation_days": 0.0} | one for one in places])


def earlier_promise(*promises: dict[str, Any]) -> pd.DataFrame:
    """`opt_out__delivery_promise` of the release before: of I1 at L1, from stock."""
    usual = {
        "line_id": "1",
        "item_id": "I1",
        "location_id": "L1",
        "segment_id": "RETAIL",
        "open_units": 1.0,
        "requested_date": 0,
        "promise_basis": "on_hand",
        "source_location_id": "L1",
        "reason_code": "PROMISED_FROM_STOCK",
        "method": "first_come",
        "status": "OK",
    }
    return rows_of(DELIVERY_PROMISE, [usual | one for one in promises])
