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


def segment(
    rows: list[tuple[str, int, float, float, float]], target: float = np.nan, **columns: Any
) -> pd.DataFrame:
    """`opt_in__segment` from (id, tier, weight, ring fence, cap), all with one service target or none.

    Its path is its id and it may not borrow; `columns` overrides, scalar or per row.
    """
    numbers = ("fair_weight", "ring_fence_share", "cap_share")
    frame = pd.DataFrame(rows, columns=["segment_id", "priority_tier", *numbers])
    values: dict[str, Any] = {
        "segment_path": frame["segment_id"],
        "group_depth": 1,
        "may_borrow": False,
        "borrow_ratio": 1.0,
        "borrow_repays": True,
        "service_target": target,
        "borrow_cap_units": np.nan,
        "borrow_days": None,
        "release_after_days": None,
    } | columns
    frame = frame.assign(**values)
    return frame.astype(
        {
            **dict.fromkeys(("segment_id", "segment_path"), object),
            **dict.fromkeys(("priority_tier", "group_depth"), "int64"),
            **dict.fromkeys(("may_borrow", "borrow_repays"), bool),
            **dict.fromkeys(("borrow_days", "release_after_days"), "Int64"),
            **dict.fromkeys((*numbers, "service_target", "borrow_ratio", "borrow_cap_units"), float),
        }
    )


def segment_demand(rows: list[tuple[str, str, float, float]], **columns: Any) -> pd.DataFrame:
    """`opt_in__segment_demand` of item I1 from (location, segment, recent units, open units).

    No requests in the last week, no spread, no margin; `columns` overrides, scalar or per row.
    """
    frame = pd.DataFrame(rows, columns=["location_id", "segment_id", "demand_units", "open_order_units"])
    values: dict[str, Any] = {
        "recent_week_units": 0.0,
        "weekly_mean_units": frame["demand_units"].astype(float) / (180 / 7),
        "weekly_sd_units": 0.0,
        "unit_margin": np.nan,
    } | columns
    frame = frame.assign(**values)
    if "item_id" not in columns:
        frame.insert(0, "item_id", "I1")
    numbers = ("demand_units", "open_order_units", *(name for name in values if name != "item_id"))
    return frame.astype(dict.fromkeys(numbers, float))


def segment_order(rows: list[tuple[str, str, str, float]], **columns: Any) -> pd.DataFrame:
    """`opt_in__segment_order` of item I1 from (order, location, segment, units), ordered on `AS_OF`."""
    frame = pd.DataFrame(rows, columns=["order_id", "location_id", "segment_id", "requested_units"])
    values: dict[str, Any] = {
        "line_id": "1",
        "item_id": "I1",
        "segment_reason": "STATED",
        "order_date": AS_OF,
        "requested_date": AS_OF,
    } | columns
    return _typed("opt_in__segment_order", frame.assign(**values))


def allocation_rule(rows: list[tuple[str, str, str, float]], **columns: Any) -> pd.DataFrame:
    """`opt_in__allocation_rule` of version 1 of plan P1, approved and effective for a year, from
    (rule, segment, strategy, quantity).

    The quantity is the percentage of a percentage rule, the units of a fixed one, and nothing else's.
    Rules rank, and segments rank within a rule, in the order of the rows.
    """
    rule_ids = list(dict.fromkeys(rule for rule, _, _, _ in rows))
    parts = [
        {
            "rule_id": rule,
            "segment_id": name,
            "allocation_strategy": strategy,
            "rule_rank": rule_ids.index(rule) + 1,
            "segment_rank": sum(one[0] == rule for one in rows[:number]) + 1,
            "share_pct": quantity if strategy == "percentage" else None,
            "fixed_units": quantity if strategy == "fixed" else None,
        }
        for number, (rule, name, strategy, quantity) in enumerate(rows)
    ]
    values: dict[str, Any] = {
        "plan_id": "P1",
        "plan_version_number": 1,
        "rule_version": 1,
        "plan_state": "approved",
        "author": "planner",
        "effective_from": AS_OF - pd.Timedelta(days=365),
    } | columns
    names = ("rule_id", "segment_id", "allocation_strategy", "rule_rank", "segment_rank")
    frame = pd.DataFrame(parts, columns=[*names, "share_pct", "fixed_units"])
    return _typed("opt_in__allocation_rule", frame.assign(**values))


def allocation_event(rows: list[tuple[str, str | None, float]], **columns: Any) -> pd.DataFrame:
    """`ledger__allocation_event` of item I1 at L1 from (operation, segment, units), a minute apart.

    Event and action ids are E1 … and A1 …, by hand of a user; `columns` overrides, scalar or per row.
    """
    frame = pd.DataFrame(rows, columns=["operation", "segment_id", "units"])
    numbers = range(1, len(frame) + 1)
    values: dict[str, Any] = {
        "event_id": [f"E{number}" for number in numbers],
        "ledger_seq": list(numbers),
        "event_at": [AS_OF + pd.Timedelta(minutes=number) for number in numbers],
        "business_date": AS_OF,
        "item_id": "I1",
        "location_id": "L1",
        "actor": "user",
        "audit_type": "USER",
        "action_id": [f"A{number}" for number in numbers],
    } | columns
    return _typed("ledger__allocation_event", frame.assign(**values))


def commitment(rows: list[tuple[str, str, int, float]], item_id: str = "I1") -> pd.DataFrame:
    """`opt_in__commitment` of one item from (location, segment, days after `AS_OF`, units)."""
    frame = pd.DataFrame(rows, columns=["location_id", "segment_id", "due_date", "committed_units"])
    frame["due_date"] = AS_OF + pd.to_timedelta(frame["due_date"], unit="D")
    return _typed("opt_in__commitment", frame.assign(item_id=item_id))


def supply_expectation(**columns: Any) -> pd.DataFrame:
    """`opt_out__supply_expectation` from its columns, scalar or per row; a row per `location_id`.

    Without more being said: a line of 10 open units a row, trusted and expected on its stated date.
    """
    day = columns.get("expected_date", AS_OF)
    n = len(columns["location_id"])
    values: dict[str, Any] = {
        "supply_order_id": [f"S{number}" for number in range(n)],
        "line_id": "1",
        "item_id": "I1",
        "open_units": 10.0,
        "stated_date": day,
        "expected_date": day,
        "is_overdue": False,
        "overdue_days": 0,
        "is_counted": True,
        "reason_code": "NOT_YET_DUE",
        "method": "as_stated",
        "status": "OK",
        "supplier_id": "V",
    } | columns
    return _typed("opt_out__supply_expectation", pd.DataFrame(values))


def _typed(table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` in the columns and types of the border `table`; absent columns are null."""
    from optimization.contracts.allocation_tables import ALLOCATION_INPUTS, LEDGER_TABLES
    from optimization.contracts.outputs import SUPPLY_EXPECTATION

    border = {one.name: one for one in (*ALLOCATION_INPUTS, *LEDGER_TABLES, SUPPLY_EXPECTATION)}[table]
    frame = frame.reindex(columns=list(border.column_names))
    texts = [column.name for column in border.columns if column.kind == "text"]
    others = [column for column in border.columns if column.kind != "text"]
    types = {column.name: column.pandas_dtype(border.is_nullable(column.name)) for column in others}
    frame[texts] = frame[texts].astype(object).where(frame[texts].notna(), None)
    return frame.astype(types)
