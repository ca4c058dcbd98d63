"""Three made-up companies: what the published tables of each say on the day of an assessment.

`mature` meets every check; the others are the same evidence with something missing or worse, so that a
look at them tells why a check falls.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

Rows = list[dict[str, Any]]
Evidence = dict[str, Rows]

AS_OF = date(2024, 6, 30)
MONTH_ENDS = [
    date(2024, 1, 31),
    date(2024, 2, 29),
    date(2024, 3, 31),
    date(2024, 4, 30),
    date(2024, 5, 31),
    date(2024, 6, 30),
]
N_KEYS = 20


def days_ago(days: int) -> date:
    """Return the date so many days before the assessment."""
    return AS_OF - timedelta(days=days)


def _months(kpi: str, values: list[float]) -> Rows:
    return [
        {
            "as_of": AS_OF,
            "kpi": kpi,
            "scope_type": "network",
            "scope_id": "*",
            "period": "month",
            "window_days": end.day,
            "period_end_date": end,
            "value": value,
        }
        for end, value in zip(MONTH_ENDS, values, strict=True)
    ]


def _day(excess: float, obsolete: float, cash: float, cogs: float) -> Rows:
    """What the day itself tells, as rolling rows."""
    shared = {"scope_type": "network", "scope_id": "*", "period": "rolling"}
    now = {"excess_value": excess, "obsolete_value": obsolete, "inventory_cash": cash}
    return [
        *({**shared, "kpi": kpi, "window_days": 0, "value": value} for kpi, value in now.items()),
        {**shared, "kpi": "inventory_turnover", "window_days": 365, "value": 4.0, "numerator": cogs},
    ]


def _past(index: int, rows: Rows) -> Rows:
    end = MONTH_ENDS[index]
    stamps = {"release_id": f"{end}-1-00000000", "release_as_of": end, "releases_back": 5 - index}
    return [{**row, **stamps, "period_end_date": end} for row in rows]


def _keys() -> Rows:
    return [{"as_of": AS_OF, "item_id": f"I{n:02d}", "location_id": "L1"} for n in range(1, N_KEYS + 1)]


def _policy_inputs() -> Rows:
    return [
        {
            **key,
            "is_end_of_life": False,
            "variance_units2": 9.0,
            "lead_time_sd_days": 2.0,
            "lead_time_sample_count": 30,
            "model_learnt_date": days_ago(5),
            "error_run_date": days_ago(7),
            "is_recomputed_equal": True,
            "forecast_method": "pooled_levels",
            "service_class": "part/A" if n < N_KEYS / 2 else "part/B",
            "class_service_target": 0.95 if n < N_KEYS / 2 else 0.9,
            "service_target": 0.95 if n < N_KEYS / 2 else 0.9,
            "plan_version": "P1",
            "is_plan_approved": True,
            "expected_late_share": n / N_KEYS,
            "calculated_safety_stock_units": 6.0,
            "perfect_supplier_safety_stock_units": 5.0,
        }
        for n, key in enumerate(_keys())
    ]


def _change(change_id: str, state: str, value: float) -> dict[str, Any]:
    return {
        "as_of": AS_OF,
        "change_id": change_id,
        "item_id": "I01",
        "location_id": change_id,
        "change_kind": "calculated",
        "change_state": state,
        "author": "stockplan",
        "old_reorder_point_units": 3.0,
        "old_order_up_to_units": 5.0,
        "new_reorder_point_units": 4.0,
        "new_order_up_to_units": 6.0,
        "change_value": value,
        "proposed_date": days_ago(2),
        "reason_code": "SERVICE_TARGET",
    }


def _approval(change_id: str, actor: str) -> dict[str, Any]:
    return {
        "as_of": AS_OF,
        "event_id": f"E-{change_id}",
        "event_at": datetime(2024, 6, 29, 10),
        "subject": change_id,
        "decided_what": "approved",
        "actor": actor,
        "is_effective": True,
    }


def mature() -> Evidence:
    """Level 3: every check is met."""
    runs = [
        {
            "as_of": AS_OF,
            "run_as_of": days_ago(31 * (period - 1)),
            "period_number": period,
            "policy_keys": N_KEYS,
            "calculated_keys": N_KEYS,
            "unbroken_keys": N_KEYS,
            "is_ledger_intact": True if period == 1 else None,
            "auto_approve_value": 100.0 if period == 1 else None,
        }
        for period in range(1, 7)
    ]
    return {
        "policy_input": _policy_inputs(),
        "policy": [{**key, "supplier_id": "S1"} for key in _keys()],
        "stg_science__policy": [
            {"item_id": key["item_id"], "location_id": "L1", "service_target": 0.92} for key in _keys()
        ],
        "supplier_scorecard": [
            {"as_of": AS_OF, "supplier_id": "S1", "location_id": "L1", "due_line_count": 40}
        ],
        "policy_run": runs,
        "calendar_use": [
            {**key, "events_ahead": 1, "has_seasonal_index": True, "event_factor": 1.3, "season_factor": 0.9}
            for key in _keys()
        ],
        "demand_plan_approval": [
            {
                "as_of": AS_OF,
                "plan_version": "P1",
                "plan_status": "approved",
                "is_approved": True,
                "approved_by": "kim",
                "approved_date": days_ago(3),
            }
        ],
        "purchase_lane": [
            _lane("S1", 800.0, 20),
            _lane("S2", 200.0, 3),
        ],
        "replenishment_order": [
            {
                "as_of": AS_OF,
                "replenishment_order_id": f"R{n}",
                "supplier_id": "S1",
                "replenish_units": 12.0 * n,
                "moq_scope": "line",
                "moq_units": 12.0,
                "lot_units": 4.0,
                "case_pack_units": 6.0,
            }
            for n in (1, 2, 3)
        ],
        "review_calendar": [
            {
                "as_of": AS_OF,
                "cycle_number": n,
                "cycle_start_date": days_ago(30 * (8 - n)),
                "cycle_end_date": days_ago(30 * (7 - n)),
                "completed_date": days_ago(30 * (7 - n) - 5),
                "completed_by": "kim",
            }
            for n in range(1, 7)
        ],
        "policy_change": [
            _change("C1", "approved", 500.0),
            _change("C2", "auto_approved", 50.0),
            _change("C3", "proposed", 900.0),
        ],
        "approval": [_approval("C1", "kim")],
        "kpi": [
            *_months("unit_fill_rate", [0.90, 0.91, 0.91, 0.92, 0.94, 0.93]),
            *_months("inventory_turnover", [4.0, 4.1, 4.0, 4.0, 4.1, 4.0]),
            *_months("stockout_rate", [0.08, 0.07, 0.07, 0.06, 0.05, 0.05]),
            *_months("backorder_rate", [0.05, 0.05, 0.04, 0.04, 0.03, 0.03]),
            *_months("expedite_rate", [0.0] * 6),
            *_day(50.0, 40.0, 900.0, 4000.0),
        ],
        "stg_history__past_kpi": [
            row
            for index in range(5)
            for row in _past(index, _day(100.0 - 9 * index, 60.0, 1000.0 - 10 * index, 4000.0))
        ],
        "stg_history__past_scorecard": [],
        "stg_ims__scorecard_note": [],
        "stg_ims__source_presence": [
            {"table_name": table, "column_name": "*", "is_present": True}
            for table in ("demand_line", "stock_movement", "stock_on_hand", "item", "receipt")
        ],
        "stg_ims__run_context": [{"as_of": AS_OF}],
    }


def _lane(supplier: str, value: float, samples: int) -> dict[str, Any]:
    return {
        "as_of": AS_OF,
        "supplier_id": supplier,
        "location_id": "L1",
        "purchase_value": value,
        "sample_count": samples,
        "quantile_count": 20,
    }


def on_the_way() -> Evidence:
    """Level 2: policies are calculated and audited; plans, lanes and reviews lag, trends prove nothing."""
    company = mature()
    for row in company["policy_input"]:
        row |= {"class_service_target": 0.95, "service_target": 0.95}
        row |= {"perfect_supplier_safety_stock_units": row["calculated_safety_stock_units"]}
    company["demand_plan_approval"][0] |= {"plan_status": "submitted", "is_approved": False}
    company["purchase_lane"] = [_lane("S1", 790.0, 20), _lane("S2", 210.0, 9)]
    company["review_calendar"] = company["review_calendar"][3:]
    for row in company["stg_ims__source_presence"]:
        if row["table_name"] == "demand_line":
            row["unproven_columns"] = "customer_id|requested_units"
    return company


def beginner() -> Evidence:
    """Level 1: orders keep their lots, and that is about all."""
    company = on_the_way()
    for n, row in enumerate(company["policy_input"]):
        row |= {"model_learnt_date": days_ago(36), "error_run_date": days_ago(36), "plan_version": None}
        row |= {"expected_late_share": None if n % 2 else 0.5}
    company["policy_run"] = company["policy_run"][:1]
    company["policy_run"][0]["is_ledger_intact"] = False
    for row in company["calendar_use"][:2]:
        row["event_factor"] = 1.0
    company["review_calendar"] = mature()["review_calendar"]
    company["review_calendar"][5]["completed_date"] = AS_OF + timedelta(days=0)
    company["review_calendar"][4]["completed_date"] = company["review_calendar"][4][
        "cycle_end_date"
    ] + timedelta(days=6)
    company["approval"] = [_approval("C1", "stockplan")]
    company["stg_ims__source_presence"] = mature()["stg_ims__source_presence"]
    company["kpi"] = [
        *_months("unit_fill_rate", [0.90, 0.90, 0.89, 0.88, 0.89, 0.87]),
        *_months("inventory_turnover", [4.0, 4.1, 4.0, 4.0, 4.1, 4.0]),
        *_months("stockout_rate", [0.08, 0.07, 0.07, 0.06, 0.05, 0.05]),
        *_months("backorder_rate", [0.05, 0.05, 0.06, 0.06, 0.07, 0.07]),
        *_months("expedite_rate", [0.0] * 6),
        *_day(50.0, 40.0, 900.0, 4000.0),
    ]
    company["stg_history__past_kpi"] = []
    return company
