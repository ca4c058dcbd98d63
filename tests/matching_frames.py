"""Made frames of requests and units, for tests and the benchmark of the matching."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from optimization.contracts.inputs import LANE
from optimization.contracts.order_inputs import CUSTOMER_REQUEST, STOCK_UNIT, UNIT_SALE
from optimization.contracts.order_outputs import STOCK_UNIT_REVIEW, UNIT_ATP
from optimization.contracts.table import Table
from optimization.promising.matching.planning import MatchInputs
from orchestration.contracts.arrow import arrow_schema
from tests.science_frames import AS_OF

TRIMS = np.array(["l", "le", "se", "xle", "xse", "limited"], dtype=object)
COLOURS = np.array(
    ["Ice Cap", "Midnight Black", "Ruby Red", "Storm Blue", "Magnetic Gray", "Silver", "Army Green", "Zest"],
    dtype=object,
)
OPTIONS = np.array([f"O{number:02d}" for number in range(30)], dtype=object)


def of_table(table: Table, rows: int, **columns: Any) -> pd.DataFrame:
    """A frame of the table with these columns; an optional one that is not given is null."""
    empty = arrow_schema(table).empty_table().to_pandas()
    if not rows:
        dates = {column.name: "datetime64[ns]" for column in table.columns if column.kind == "date"}
        return table.validate(empty.astype(dates))
    values: dict[str, Any] = {}
    for column in table.columns:
        if column.name in columns:
            values[column.name] = columns[column.name]
            continue
        if not table.is_nullable(column.name):
            raise ValueError(f"{table.name} needs {column.name}")
        kind = column.pandas_dtype(True)
        missing = {"text": None, "integer": pd.NA, "flag": pd.NA, "number": np.nan}.get(column.kind, pd.NaT)
        dtype: Any = object if column.kind == "text" else kind
        values[column.name] = pd.Series([missing] * rows, dtype=dtype)
    frame = pd.DataFrame(values, index=range(rows))
    return table.validate(frame.loc[:, list(empty.columns)])


def stock_unit(rows: int, **columns: Any) -> pd.DataFrame:
    """`opt_in__stock_unit`: a sellable sedan at L1, 30 days old; `columns` overrides, scalar or per row."""
    values = {
        "unit_id": [f"U{number:06d}" for number in range(rows)],
        "item_id": "camry-le",
        "location_id": "L1",
        "region": "north",
        "category": "sedan",
        "unit_status": "at_location",
        "stock_category": "standard",
        "category_group": "new",
        "is_sellable": True,
        "counts_in_kpi": True,
        "is_pre_sold": False,
        "is_held": False,
        "is_unseen": False,
        "unit_cost": 27_000.0,
        "preparation_days": 1.0,
        "latitude": 40.0,
        "longitude": -75.0,
        "model": "camry",
        "trim": "le",
        "color": "Ice Cap",
        "options": "",
        "list_price": 30_000.0,
        "network_received_date": AS_OF - pd.Timedelta(days=30),
        "received_date": AS_OF - pd.Timedelta(days=30),
        "age_days": pd.array([30] * rows, dtype="Int64"),
    }
    return of_table(STOCK_UNIT, rows, **(values | columns))


def unit_atp(stock: pd.DataFrame, **columns: Any) -> pd.DataFrame:
    """`opt_out__unit_atp`: every unit can be promised, ready tomorrow."""
    values = {name: stock[name].to_numpy() for name in ("unit_id", "item_id", "location_id")} | {
        "is_promisable": True,
        "ready_p50_date": AS_OF + pd.Timedelta(days=1),
        "ready_p90_date": AS_OF + pd.Timedelta(days=1),
        "reason_code": "UNIT_READY",
        "method": "made",
        "status": "OK",
    }
    return of_table(UNIT_ATP, len(stock), **(values | columns))


def review(stock: pd.DataFrame, **columns: Any) -> pd.DataFrame:
    """`opt_out__stock_unit_review`: nothing is worth anything, so that only the wish counts."""
    values = {name: stock[name].to_numpy() for name in ("unit_id", "item_id", "location_id")} | {
        "stock_category": "standard",
        "age_days": 30,
        "daily_cost": 0.0,
        "cumulative_cost": 0.0,
        "expected_days_to_sale": 0.0,
        "sale_probability": 0.0,
        "expected_markdown": 0.0,
        "value_at_risk": 0.0,
        "is_slow": False,
        "stock_action": "keep",
        "action_value": 0.0,
        "reason_code": "KEEPING_PAYS",
        "method": "made",
        "status": "OK",
    }
    return of_table(STOCK_UNIT_REVIEW, len(stock), **(values | columns))


def customer_request(rows: int, **columns: Any) -> pd.DataFrame:
    """`opt_in__customer_request`: open leads for a camry at L1."""
    values = {
        "request_id": [f"R{number:06d}" for number in range(rows)],
        "request_date": AS_OF - pd.Timedelta(days=3),
        "location_id": "L1",
        "region": "north",
        "request_kind": "lead",
        "request_outcome": "open",
        "order_priority": 1,
        "latitude": 40.0,
        "longitude": -75.0,
        "model": "camry",
    }
    return of_table(CUSTOMER_REQUEST, rows, **(values | columns))


def no_sales() -> pd.DataFrame:
    """`opt_in__unit_sale` without rows."""
    return of_table(UNIT_SALE, 0)


def lanes(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    """`opt_in__lane` from (from, to, days, money)."""
    return of_table(
        LANE,
        len(rows),
        from_location_id=pd.Series([row[0] for row in rows], dtype=object),
        to_location_id=pd.Series([row[1] for row in rows], dtype=object),
        transit_days=pd.Series([row[2] for row in rows], dtype=float),
        cost_fixed=0.0,
        cost_per_unit=pd.Series([row[3] for row in rows], dtype=float),
    )


def made_inputs(requests: int, units: int, models: int = 40, places: int = 100, seed: int = 1) -> MatchInputs:
    """Requests and units at random; the first models are asked for, and stocked, more than the last."""
    random = np.random.default_rng(seed)
    share = 1.0 / (5.0 + np.arange(models))
    share /= share.sum()
    latitude, longitude = random.uniform(30, 45, places), random.uniform(-110, -75, places)

    def _place(n: int) -> dict[str, Any]:
        at = random.integers(0, places, n)
        return {
            "location_id": np.char.mod("L%03d", at).astype(object),
            "latitude": latitude[at],
            "longitude": longitude[at],
        }

    def _options(n: int, most: int) -> Any:
        chosen = np.sort(random.integers(0, len(OPTIONS), (n, most)), axis=1)
        return np.array(["|".join(sorted(set(OPTIONS[row]))) for row in chosen], dtype=object)

    model = random.choice(models, units, p=share)
    trim = random.integers(0, len(TRIMS), units)
    stock = stock_unit(
        units,
        item_id=np.char.mod("I%03d", model).astype(object),
        model=np.char.mod("M%03d", model).astype(object),
        trim=TRIMS[trim],
        color=random.choice(COLOURS, units),
        powertrain=random.choice(np.array(["hybrid", "petrol"], dtype=object), units),
        options=_options(units, 8),
        list_price=25_000.0 + 500.0 * model + 1_500.0 * trim + random.integers(0, 3_000, units),
        **_place(units),
    )
    model = random.choice(models, requests, p=share)
    is_picky = random.random(requests)
    request = customer_request(
        requests,
        request_kind=random.choice(
            np.array(["order", "lead", "enquiry"], dtype=object), requests, p=[0.2, 0.4, 0.4]
        ),
        model=np.char.mod("M%03d", model).astype(object),
        powertrain=np.where(is_picky < 0.3, "hybrid", None),
        trim=np.where(random.random(requests) < 0.7, random.choice(TRIMS, requests), None),
        color=np.where(random.random(requests) < 0.7, random.choice(COLOURS, requests), None),
        must_options=np.where(is_picky > 0.8, _options(requests, 1), None),
        wish_options=_options(requests, 3),
        max_price=np.where(
            random.random(requests) < 0.6,
            27_000.0 + 500.0 * model + random.integers(0, 12_000, requests),
            np.nan,
        ),
        needed_date=AS_OF + pd.to_timedelta(random.integers(3, 60, requests), unit="D"),
        **_place(requests),
    )
    ready = (AS_OF + pd.to_timedelta(random.integers(1, 40, units), unit="D")).astype("datetime64[ns]")
    judged = review(
        stock,
        daily_cost=25.0,
        expected_days_to_sale=random.uniform(5, 90, units),
        sale_probability=random.uniform(0.1, 0.9, units),
    )
    return MatchInputs(request, stock, unit_atp(stock, ready_p90_date=ready), judged, no_sales(), lanes())


__all__ = [
    "AS_OF",
    "customer_request",
    "lanes",
    "made_inputs",
    "no_sales",
    "review",
    "stock_unit",
    "unit_atp",
]
