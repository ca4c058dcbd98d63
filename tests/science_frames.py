"""Small valid frames of the tables that the science reads, for tests of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

AS_OF = pd.Timestamp("2024-06-30")  # a Sunday: the week that ends on it is complete


def item_location(rows: int = 1, **columns: Any) -> pd.DataFrame:
    """`opt_in__item_location` with one item at L1 … Ln; `columns` overrides, scalar or per row."""
    values: dict[str, Any] = {
        "item_id": "I1",
        "location_id": [f"L{number}" for number in range(1, rows + 1)],
        "as_of": AS_OF,
        "item_kind": "part",
        "category": "brakes",
        "region": "north",
        "is_integer": True,
        "unit_cost": 40.0,
        "on_hand_units": 5.0,
        "reserved_units": 0.0,
        "on_order_units": 0.0,
        "in_transit_units": 0.0,
        "backorder_units": 0.0,
        "stockout_behaviour": "backorder",
        "service_target": 0.95,
        "service_metric": "cycle",
        "holding_rate": 0.2,
        "shortage_cost": 12.0,
        "review_days": 7,
        "supplier_id": "S1",
        "lead_time_days": 14.0,
        "order_cost": 10.0,
        "moq_units": 0.0,
        "lot_units": 1.0,
        "display_min_units": 0.0,
        "oldest_age_days": 30,
        "lifecycle_status": "active",
        "last_order_date": pd.NaT,
        "first_demand_date": AS_OF - pd.Timedelta(weeks=60),
        "intro_date": pd.NaT,
        "model": None,
        "trim": None,
        "powertrain": None,
        "model_year": None,
        "criticality": None,
        "list_price": np.nan,
        "shelf_life_days": np.nan,
        "moq_scope": None,
        "case_pack_units": np.nan,
        "current_min_units": np.nan,
        "current_max_units": np.nan,
        "min_order_value": np.nan,
        "volume_m3": np.nan,
        "aged_units": np.nan,
    } | columns
    frame = pd.DataFrame(values, index=range(rows))
    if "inventory_position_units" not in columns:
        frame["inventory_position_units"] = (
            frame["on_hand_units"]
            + frame["on_order_units"]
            - frame["backorder_units"]
            - frame["reserved_units"]
        )
    for name in ("model", "trim", "powertrain", "criticality", "moq_scope"):
        frame[name] = frame[name].astype(object)
    frame["model_year"] = frame["model_year"].astype("Int64")
    for name in ("as_of", "last_order_date", "first_demand_date", "intro_date"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[ns]")
    for name in ("review_days", "oldest_age_days"):
        frame[name] = frame[name].astype("int64")
    return frame


def demand_history(weeks: dict[str, list[float]], item_id: str = "I1", **columns: Any) -> pd.DataFrame:
    """`opt_in__demand_history`: units per week by location, the last one ending on `AS_OF`."""
    parts = [
        pd.DataFrame(
            {
                "item_id": item_id,
                "location_id": location,
                "bucket_start_date": [
                    AS_OF + pd.Timedelta(days=1) - pd.Timedelta(weeks=len(units) - k)
                    for k in range(len(units))
                ],
                "demand_units": np.array(units, dtype=float),
            }
        )
        for location, units in weeks.items()
    ]
    frame = pd.concat(parts, ignore_index=True)
    frame["bucket_start_date"] = frame["bucket_start_date"].astype("datetime64[ns]")
    frame["sold_units"] = frame["demand_units"].clip(lower=0.0).fillna(0.0)
    frame["censored_days"], frame["bucket_days"] = 0, 7
    return frame.assign(**columns)


def lead_time_sample(days: list[float], censored: list[bool] | None = None, **columns: Any) -> pd.DataFrame:
    """`opt_in__lead_time_sample` of supplier S1 to L1."""
    n = len(days)
    frame = pd.DataFrame(
        {
            "supply_order_id": [f"P{number}" for number in range(n)],
            "line_id": "1",
            "receipt_id": [f"R{number}" for number in range(n)],
            "supplier_id": "S1",
            "item_id": "I1",
            "location_id": "L1",
            "category": "brakes",
            "ordered_date": AS_OF - pd.Timedelta(days=100),
            "lead_time_days": np.array(days, dtype=float),
            "is_censored": np.array(censored or [False] * n, dtype=bool),
        }
    )
    frame["ordered_date"] = frame["ordered_date"].astype("datetime64[ns]")
    return frame.assign(**columns)


def lane(
    pairs: list[tuple[str, str]], unit: float = 2.0, fixed: float = 0.0, days: float = 2.0, **limits: Any
) -> pd.DataFrame:
    """`opt_in__lane` for these pairs of locations; `limits` sets columns that are null otherwise."""
    free = dict.fromkeys(("min_units", "multiple_units", "capacity_m3", "capacity_units"), np.nan)
    return pd.DataFrame(
        {
            "from_location_id": [start for start, _ in pairs],
            "to_location_id": [end for _, end in pairs],
            "transit_days": days,
            "cost_fixed": fixed,
            "cost_per_unit": unit,
            **free,
            **limits,
        }
    ).astype(dict.fromkeys(free, float))


def location_limit(locations: list[str], **limits: Any) -> pd.DataFrame:
    """`opt_in__location_limit` of these locations; `limits` sets columns that are null otherwise."""
    free = dict.fromkeys(("capacity_units", "storage_m3", "handling_units", "purchase_budget"), np.nan)
    return pd.DataFrame({"location_id": locations, **free, **limits}).astype(dict.fromkeys(free, float))


def recent_transfer(moves: list[tuple[str, str]], days_ago: int = 5, item_id: str = "I1") -> pd.DataFrame:
    """`opt_in__recent_transfer` of one item between these pairs of locations."""
    return pd.DataFrame(
        {
            "item_id": [item_id] * len(moves),
            "from_location_id": [start for start, _ in moves],
            "to_location_id": [end for _, end in moves],
            "last_moved_date": pd.Series(
                [AS_OF - pd.Timedelta(days=days_ago)] * len(moves), dtype="datetime64[ns]"
            ),
            "moved_units": pd.Series([1.0] * len(moves), dtype=float),
        }
    ).astype(dict.fromkeys(("item_id", "from_location_id", "to_location_id"), object))


def protection(frame: pd.DataFrame, mean: list[float], ratio: float = 1.5) -> pd.DataFrame:
    """`opt_out__protection_demand` with these means for the rows of an item-location frame."""
    from optimization.demand.distributions import family, quantiles

    mu = np.array(mean, dtype=float)
    variance = mu * ratio
    levels = (0.5, 0.8, 0.9, 0.95, 0.99)
    found = quantiles(mu, variance, np.array(levels))
    return pd.DataFrame(
        {
            "item_id": frame["item_id"],
            "location_id": frame["location_id"],
            "lead_time_days": frame["lead_time_days"],
            "lead_time_sd_days": 2.0,
            "protection_days": frame["lead_time_days"] + frame["review_days"],
            "model_scope": "smooth",
            "distribution": family(mu, variance),
            "mean_units": mu,
            "variance_units2": variance,
            **{f"q{round(level * 100)}_units": found[:, k] for k, level in enumerate(levels)},
            "method": "given",
            "status": "OK",
            "reason_code": None,
        }
    ).astype({"reason_code": object})


def segment(rows: list[tuple[str, int, float, float, float]], target: float = np.nan) -> pd.DataFrame:
    """`opt_in__segment` from (id, tier, weight, ring fence, cap), all with one service target or none."""
    numbers = ("fair_weight", "ring_fence_share", "cap_share")
    frame = pd.DataFrame(rows, columns=["segment_id", "priority_tier", *numbers]).assign(
        service_target=target
    )
    return frame.astype({"priority_tier": "int64", **dict.fromkeys((*numbers, "service_target"), float)})


def segment_demand(rows: list[tuple[str, str, float, float]]) -> pd.DataFrame:
    """`opt_in__segment_demand` of item I1 from (location, segment, recent units, open units)."""
    frame = pd.DataFrame(rows, columns=["location_id", "segment_id", "demand_units", "open_order_units"])
    frame.insert(0, "item_id", "I1")
    return frame.astype({"demand_units": float, "open_order_units": float})
