"""Generated rows of `opt_out__policy_input`, and pairs of them between which anything may have moved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from optimization.contracts.reason_tables import POLICY_INPUT
from optimization.policy.calculation import calculated
from optimization.policy.inputs import inputs_hashes
from optimization.policy.policy_input import inputs_from

_SCALES = ("all_units 0.0@40.0 60.0@30.0", "incremental 0.0@40.0 25.0@38.0 200.0@31.5")


def policy_input(n: int, seed: int, **columns: Any) -> pd.DataFrame:
    """N generated rows, calculated by today's formulas and effective as calculated.

    Every kind of rule occurs: minimum and lots, shelf life, display, last orders, closed items, price
    scales, a cash budget, fractional items. `columns` overrides inputs, scalar or per row.
    """
    draw = np.random.default_rng(seed)

    def some(share: float, values: Any, other: Any) -> Any:
        return np.where(draw.random(n) < share, values, other)

    review = draw.choice([1, 7, 14, 30], n)
    lead = draw.gamma(4.0, 5.0, n)
    rate = np.exp(draw.normal(-1.5, 1.6, n))
    values: dict[str, Any] = {
        "item_id": [f"I{number:05d}" for number in range(n)],
        "location_id": "L1",
        "lead_time_days": lead,
        "review_days": review,
        "lead_time_sd_days": lead * draw.uniform(0.0, 0.6, n),
        "protection_days": lead + review,
        "mean_units": some(0.97, rate * (lead + review), 0.0),
        "unit_cost": np.exp(draw.normal(3.0, 1.5, n)).round(2),
        "holding_rate": draw.choice([0.1, 0.2, 0.3], n),
        "order_cost": draw.choice([0.0, 5.0, 40.0], n),
        "shortage_cost": np.exp(draw.normal(2.0, 1.0, n)).round(2),
        "display_min_units": some(0.05, 2.0, 0.0),
        "service_target": draw.choice([0.6, 0.9, 0.95, 0.98], n),
        "service_metric": draw.choice(["cycle", "fill", "ready"], n).astype(object),
        "stockout_behaviour": draw.choice(["backorder", "lost", "mixed"], n).astype(object),
        "line_moq_units": some(0.3, draw.integers(1, 40, n), 0.0),
        "line_lot_units": some(0.3, draw.choice([2.0, 6.0, 10.0], n), 1.0),
        "is_integer": some(0.95, True, False).astype(bool),
        "is_end_of_life": some(0.03, True, False).astype(bool),
        "is_last_order": some(0.03, True, False).astype(bool),
        "demand_decay": draw.uniform(0.0, 0.5, n),
        "max_cover_days": 365.0,
        "final_buy_years": 3.0,
        "final_buy_salvage_share": 0.0,
        "shelf_life_days": some(0.1, draw.choice([30.0, 90.0, 540.0], n), np.nan),
        "price_scale": some(0.1, draw.choice(_SCALES, n), None),
        "logit_shift": some(0.7, draw.normal(0.0, 0.5, n), np.nan),
        "budget_service": some(0.05, draw.uniform(0.5, 0.99, n), np.nan),
        "lead_time_sample_count": draw.integers(0, 500, n),
        "lead_time_reason": some(0.1, "lt_unverified", None),
        "forecast_status": some(0.1, "FALLBACK", "OK"),
    }
    mean = np.asarray(values["mean_units"])
    values["steady_variance_units2"] = mean * draw.uniform(1.0, 4.0, n)
    spread = (mean / values["protection_days"] * values["lead_time_sd_days"]) ** 2
    values["variance_units2"] = (values["steady_variance_units2"] + spread) * draw.uniform(1.0, 1.4, n)
    values["is_last_order"] &= ~values["is_end_of_life"]
    return as_calculated(_whole(pd.DataFrame(values | columns)))


def changed(before: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Rows in which each group of inputs has moved to another generated row's, or has not; any mixture.

    A third of the levels is held back from the calculation, pinned by hand or kept.
    """
    n = len(before)
    draw = np.random.default_rng(seed)
    other = policy_input(n, seed + 1)
    after = before.copy()
    groups = (
        ("mean_units", "steady_variance_units2", "variance_units2"),
        ("lead_time_days", "protection_days", "lead_time_sd_days", "lead_time_reason", "review_days"),
        ("steady_variance_units2", "variance_units2"),
        ("service_target", "service_metric", "stockout_behaviour", "logit_shift", "budget_service"),
        ("unit_cost", "holding_rate", "order_cost", "shortage_cost", "price_scale"),
        ("line_moq_units", "line_lot_units", "is_integer"),
        ("display_min_units", "shelf_life_days", "is_end_of_life", "is_last_order"),
        ("forecast_status",),
    )
    for group in groups:
        moves = draw.random(n) < 0.4
        for name in group:
            after[name] = other[name].where(moves, after[name])
    # What every day brings: demand is a little more or less, and so is its variance.
    drift = np.exp(draw.normal(0.0, 0.2, n))
    for name in ("mean_units", "steady_variance_units2", "variance_units2"):
        after[name] *= drift
    after["variance_units2"] = np.maximum(after["variance_units2"], after["steady_variance_units2"])
    after["max_cover_days"] = np.where(draw.random(n) < 0.1, 180.0, 365.0)
    return as_calculated(after)


def held(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The same rows, of which a third is not effective as calculated."""
    draw = np.random.default_rng(seed)
    basis = draw.choice(["calculation", "held_back", "override"], len(frame), p=[0.66, 0.22, 0.12])
    shift = np.where(basis == "calculation", 0.0, draw.integers(0, 5, len(frame)))
    return frame.assign(
        level_basis=basis.astype(object),
        reorder_point_units=frame["proposed_reorder_point_units"] + shift,
        order_up_to_units=frame["proposed_order_up_to_units"] + 2.0 * shift,
    )


def as_calculated(frame: pd.DataFrame) -> pd.DataFrame:
    """The same inputs with what today's formulas make of them, effective at once."""
    inputs = inputs_from(frame)
    found = calculated(inputs)
    point, level = found.wanted
    frame = frame.assign(
        proposed_reorder_point_units=point,
        proposed_order_up_to_units=level,
        reorder_point_units=point,
        order_up_to_units=level,
        planned_service=found.target.service,
        calculated_safety_stock_units=point - inputs.mean_units,
        method=found.method,
        level_basis="calculation",
        change_state="auto_approved",
        inputs_hash=inputs_hashes(inputs),
    )
    return POLICY_INPUT.validate(frame)


def _whole(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with every column of the table; what is not given is neutral, or null."""
    neutral: dict[str, Any] = {
        **dict.fromkeys(("season_factor", "event_factor", "sensed_factor", "demand_factor"), 1.0),
        "moq_units": frame["line_moq_units"],
        "lot_units": frame["line_lot_units"],
        "model_scope": "smooth",
        "forecast_method": "pooled_levels",
        "is_plan_used": False,
        "service_class": "part",
        "class_service_target": frame["service_target"],
        "is_recomputable": True,
        "status": "OK",
        "proposed_reorder_point_units": 0.0,
        "proposed_order_up_to_units": 0.0,
        "expected_late_share": np.nan,
        "perfect_supplier_safety_stock_units": np.nan,
    }
    frame = frame.assign(**{name: value for name, value in neutral.items() if name not in frame})
    frame = frame.reindex(columns=list(POLICY_INPUT.column_names))
    for column in POLICY_INPUT.columns:
        if column.kind == "text":
            frame[column.name] = frame[column.name].astype(object).where(frame[column.name].notna(), None)
        else:
            dtype: Any = column.pandas_dtype(POLICY_INPUT.is_nullable(column.name))
            if frame[column.name].notna().all() or POLICY_INPUT.is_nullable(column.name):
                frame[column.name] = frame[column.name].astype(dtype)
    return frame
