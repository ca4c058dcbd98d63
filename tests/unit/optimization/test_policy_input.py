"""What a policy was calculated from, written down: enough to calculate it again, to the bit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization.contracts.inputs import CONSENSUS_PLAN
from optimization.contracts.outputs import FORECAST_ACCURACY, POLICY, SERVICE_CONTROL, SUPPLIER_SCORECARD
from optimization.contracts.rows import frame_of
from optimization.contracts.table import Table
from optimization.demand.classes import classify_demand
from optimization.demand.forecasting import Guidance, forecast_demand
from optimization.demand.lead_times import estimate_lead_times
from optimization.demand.learning import learn_demand_model
from optimization.demand.protection import protection_demand
from optimization.parameters import PolicyParameters
from optimization.policy.inputs import inputs_hashes
from optimization.policy.planning import plan_policies
from optimization.policy.policy_input import Sources, inputs_from, recompute, record_inputs
from optimization.policy.proof import prove
from tests.policy_inputs import policy_input
from tests.science_frames import AS_OF, demand_history, item_location, lead_time_sample

STEADY = [4.0, 5.0, 6.0, 5.0] * 13
ROWS = 7
PLAN = {
    "plan_version": "P7",
    "scope_level": "category",
    "scope": "brakes",
    "location_scope_level": "location_id",
    "location_scope": "L1",
    "bucket_start_date": AS_OF + pd.Timedelta(days=1),
    "bucket_end_date": AS_OF + pd.Timedelta(days=31),
    "planned_units": 40.0,
    "plan_status": "approved",
    "is_approved": True,
    "approved_date": AS_OF - pd.Timedelta(days=10),
}


def _items(**columns: Any) -> pd.DataFrame:
    """A row of every kind: plain, priced, spoiling, shown, last order, over, of another measure."""
    dates = [pd.NaT] * ROWS
    dates[4] = AS_OF + pd.Timedelta(days=3)
    status = ["active"] * ROWS
    status[5] = "obsolete"
    values: dict[str, Any] = {
        "supplier_id": ["S1", "S2", *["S1"] * 5],
        "shelf_life_days": [np.nan, np.nan, 9.0, *[np.nan] * 4],
        "display_min_units": [0.0, 0, 0, 60, 0, 0, 0],
        "last_order_date": dates,
        "lifecycle_status": status,
        "service_metric": ["cycle", *["fill"] * 5, "ready"],
        "stockout_behaviour": ["backorder"] * 6 + ["lost"],
        "case_pack_units": [np.nan, 4.0, *[np.nan] * 5],
        "criticality": ["V", "V", *["E"] * 5],
        "service_target": [0.98, 0.98, *[0.95] * 4, 0.9],
    } | columns
    return item_location(ROWS, **values)


def _of(table: Table, **values: Any) -> pd.DataFrame:
    """One row of a table: text, zero and the business date for what is not given."""
    neutral = {"text": "none", "number": 0.5, "integer": 1, "flag": True, "date": AS_OF, "timestamp": AS_OF}
    row = {
        one.name: one.isin[0] if one.isin else neutral[one.kind]
        for one in table.columns
        if not table.is_nullable(one.name)
    }
    return frame_of(table, [row | values])


def _day(
    items: pd.DataFrame, plan: list[dict[str, Any]], known_supplier: bool = True
) -> tuple[pd.DataFrame, Sources]:
    """Protection demand of the items, and everything else that a policy's inputs are told from."""
    history = demand_history({f"L{number}": STEADY for number in range(1, ROWS + 1)})
    sample = lead_time_sample([10.0, 14.0, 18.0, 30.0] * 8, supplier_id="S1" if known_supplier else "S9")
    lead_time, quantile, _ = estimate_lead_times(sample, items, AS_OF)
    classes, _ = classify_demand(items, history, AS_OF)
    model, _ = learn_demand_model(items, history, lead_time, AS_OF)
    guidance = Guidance(consensus_plan=frame_of(CONSENSUS_PLAN, plan))
    forecast, level, _ = forecast_demand(items, history, classes, lead_time, model, AS_OF, guidance)
    demand, _ = protection_demand(items, forecast, level, model, lead_time, quantile)
    price = {
        "item_id": "I1",
        "supplier_id": "S2",
        "min_quantity_units": [0.0, 60.0],
        "unit_price": [40.0, 30.1],
        "price_scheme": "all_units",
    }
    control = _of(SERVICE_CONTROL, service_metric="fill", target_band="0.92 to 0.97", model_scope="smooth")
    late = _of(SUPPLIER_SCORECARD, supplier_id="S1", location_id="*", expected_late_share=0.3)
    seen = _of(FORECAST_ACCURACY, evidence="backtest", breakdown="demand_class", breakdown_value="smooth")
    return demand, Sources(
        price_break=pd.DataFrame(price),
        demand_history=history,
        consensus_plan=frame_of(CONSENSUS_PLAN, plan),
        forecast=forecast,
        demand_level=level,
        demand_model=model,
        lead_time=lead_time,
        supplier_scorecard=late,
        forecast_accuracy=seen,
        service_control=control,
    )


@pytest.fixture(scope="module")
def day() -> tuple[pd.DataFrame, pd.DataFrame, Sources]:
    """Items, protection demand and sources of a day on which L1 has an approved plan."""
    items = _items()
    return items, *_day(items, [PLAN])


def _recorded(
    items: pd.DataFrame,
    demand: pd.DataFrame,
    sources: Sources,
    parameters: PolicyParameters | None = None,
) -> pd.DataFrame:
    policy, _ = plan_policies(
        items,
        demand,
        None,
        parameters,
        sources.price_break,
        sources.demand_history,
        sources.service_control,
    )
    return record_inputs(items, demand, policy, sources, parameters)[0].set_index("location_id", drop=False)


@pytest.mark.parametrize("budget", [None, 4_000.0])
def test_levels_follow_from_the_row_alone(
    day: tuple[pd.DataFrame, pd.DataFrame, Sources], budget: float | None
) -> None:
    frame = _recorded(*day, PolicyParameters(cash_budget=budget, max_cover_days=200.0))
    point, level = recompute(frame)
    assert point.tolist() == frame["proposed_reorder_point_units"].tolist()
    assert level.tolist() == frame["proposed_order_up_to_units"].tolist()
    assert frame["is_recomputable"].all() and frame["reason_code"].isna().all()
    alone = frame.iloc[[1]]
    assert recompute(alone)[1].tolist() == alone["proposed_order_up_to_units"].tolist()
    assert (frame["budget_service"].notna() == (budget is not None)).all()
    assert frame.loc["L2", "price_scale"] == "all_units 0.0@40.0 60.0@30.1"
    assert frame.index[frame["is_last_order"]].tolist() == ["L5"]
    assert frame.index[frame["is_end_of_life"]].tolist() == ["L6"]


def test_a_row_says_where_its_numbers_come_from(day: tuple[pd.DataFrame, pd.DataFrame, Sources]) -> None:
    frame = _recorded(*day)
    assert (frame["model_learnt_date"] == AS_OF).all() and (frame["lead_time_sample_count"] >= 0).all()
    assert frame.loc["L1", ["plan_version", "is_plan_approved", "is_plan_used"]].tolist() == [
        "P7",
        True,
        True,
    ]
    assert frame.loc["L2", "plan_version"] is None and not frame.loc["L2", "is_plan_used"]
    assert (frame["error_run_date"].notna() == (frame["model_scope"] == "smooth")).all()
    assert frame.loc["L1", "expected_late_share"] == 0.3 and np.isnan(frame.loc["L2", "expected_late_share"])
    assert frame.loc["L1", "service_class"] == "part/V"
    assert frame.loc["L7", "class_service_target"] == 0.95 != frame.loc["L7", "service_target"]
    # Plan of 40 in a month at L1, where 5 a week are usual.
    assert frame.loc["L1", "demand_factor"] > 1.2
    assert frame.loc["L3", "demand_factor"] == pytest.approx(1.0)


def test_a_perfect_supplier_needs_no_more_and_is_told_only_where_receipts_are_known(
    day: tuple[pd.DataFrame, pd.DataFrame, Sources],
) -> None:
    frame = _recorded(*day)
    known = frame["lead_time_reason"] != "lt_unverified"
    assert (frame["perfect_supplier_safety_stock_units"].notna() == known).all()
    perfect, today = frame.loc["L1", ["perfect_supplier_safety_stock_units", "calculated_safety_stock_units"]]
    assert perfect < today
    assert (frame["steady_variance_units2"] <= frame["variance_units2"]).all()


def test_a_row_that_cannot_be_trusted_is_not_recomputable(
    day: tuple[pd.DataFrame, pd.DataFrame, Sources],
) -> None:
    items, demand, sources = day
    frame = _recorded(items.assign(unit_cost=[np.inf, *[40.0] * 6]), demand, sources)
    assert frame["is_recomputable"].tolist() == [False, *[True] * 6]
    assert frame.loc["L1", ["reason_code", "level_basis"]].tolist() == ["INPUT_IMPLAUSIBLE", "kept"]
    assert np.isnan(recompute(frame)[0][0])


def test_a_plan_that_does_not_hold_is_named_as_such(day: tuple[pd.DataFrame, pd.DataFrame, Sources]) -> None:
    items, demand, sources = day
    waits = PLAN | {"plan_status": "proposed", "is_approved": False, "approved_date": None}
    frame = _recorded(items, demand, replace(sources, consensus_plan=frame_of(CONSENSUS_PLAN, [waits])))
    assert frame.loc["L1", ["plan_version", "is_plan_approved"]].tolist() == ["P7", False]


def test_what_holds_the_level_apart_from_the_calculation_is_told(
    day: tuple[pd.DataFrame, pd.DataFrame, Sources],
) -> None:
    items, demand, sources = day
    policy, _ = plan_policies(items, demand, None, None, None, sources.demand_history, None)
    policy.loc[0, "order_up_to_units"] += 1.0
    policy.loc[1, ["order_up_to_units", "reason_code"]] = [99.0, "MANUAL_OVERRIDE"]
    policy.loc[2, "held_change_id"] = "c1"
    frame, _ = record_inputs(items, demand, POLICY.validate(policy), sources)
    assert frame["level_basis"].tolist()[:4] == ["held_back", "override", "override", "calculation"]


@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_any_row_is_calculated_again_to_the_bit_whatever_stands_beside_it(seed: int) -> None:
    frame = policy_input(60, seed)
    draw = np.random.default_rng(seed)
    some = frame.iloc[draw.permutation(60)[: int(draw.integers(1, 60))]]
    point, level = recompute(some)
    assert point.tolist() == some["proposed_reorder_point_units"].tolist()
    assert level.tolist() == some["proposed_order_up_to_units"].tolist()
    assert inputs_hashes(inputs_from(some)).tolist() == some["inputs_hash"].tolist()


def test_the_proof_finds_every_row_that_does_not_follow_from_its_inputs(
    day: tuple[pd.DataFrame, pd.DataFrame, Sources],
) -> None:
    rows = _recorded(*day).reset_index(drop=True)
    proof, report = prove(rows)
    assert proof["is_recomputed_equal"].eq(rows["is_recomputable"]).where(rows["is_recomputable"], True).all()
    assert report["unequal"] == 0
    assert report["recomputed"] == rows["is_recomputable"].sum() > 0
    forged = rows.copy()
    at = int(np.flatnonzero(rows["is_recomputable"])[0])
    forged.loc[at, "proposed_order_up_to_units"] += 1e-9
    proof, report = prove(forged)
    assert (report["unequal"], bool(proof["is_recomputed_equal"].iloc[at])) == (1, False)
