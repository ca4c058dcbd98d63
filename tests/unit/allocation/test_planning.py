"""The door of the allocation on small cases: order of claims, whole units, reasons, plans, levels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.allocation import planning
from optimization.allocation.planning import AllocationInputs, AllocationPlan, allocate
from optimization.contracts.allocation_tables import ALLOCATION_OUTPUTS
from optimization.errors import AuditError
from optimization.parameters import AllocationParameters
from tests.science_frames import AS_OF, allocation_rule, item_location, segment, segment_demand

SEGMENTS = segment([("FLEET", 1, 1.0, 0.0, 1.0), ("RETAIL", 2, 1.0, 0.2, 1.0), ("WEB", 2, 1.0, 0.0, 1.0)])


def _plan(
    open_units: dict[str, float],
    on_hand: float = 10.0,
    segments: pd.DataFrame = SEGMENTS,
    parameters: AllocationParameters | None = None,
    rules: pd.DataFrame | None = None,
    **columns: Any,
) -> AllocationPlan:
    demand = segment_demand([("L1", name, 0.0, units) for name, units in open_units.items()])
    stock = item_location(1, on_hand_units=on_hand, **columns)
    return allocate(AllocationInputs(stock, segments, demand, allocation_rule=rules), AS_OF, parameters)


def _shares(plan: AllocationPlan) -> dict[str, float]:
    return plan.frames.allocation.set_index("segment_id")["allocated_units"].to_dict()


def test_tiers_come_in_their_order_and_the_rest_stays_in_the_pool() -> None:
    assert _shares(_plan({"FLEET": 8.0, "WEB": 5.0})) == {"FLEET": 8.0, "WEB": 2.0, "POOL": 0.0}
    plan = _plan({"WEB": 3.0})
    assert _shares(plan) == {"WEB": 3.0, "POOL": 7.0}
    row = plan.frames.allocation.set_index("segment_id").loc["WEB"]
    assert (row["reason_code"], row["unmet_units"], row["available_units"]) == ("DEMAND_MET", 0.0, 3.0)


def test_reserved_units_are_not_shared_and_a_cap_is_kept() -> None:
    capped = segment([("WEB", 1, 1.0, 0.0, 0.5)])
    plan = _plan({"WEB": 9.0}, reserved_units=2.0, segments=capped)
    assert _shares(plan) == {"POOL": 4.0, "WEB": 4.0}
    assert set(plan.frames.allocation["allocatable_units"]) == {8.0}


def test_recent_demand_counts_for_the_protection_interval() -> None:
    items = item_location(1, on_hand_units=50.0)  # lead time 14 + review 7 days
    demand = segment_demand([("L1", "WEB", 90.0, 1.0)])
    frame = allocate(AllocationInputs(items, SEGMENTS, demand), AS_OF).frames.allocation
    assert frame.set_index("segment_id").loc["WEB", "demand_units"] == np.ceil(1.0 + 90.0 * 21 / 180)


def test_an_implausible_row_allocates_nothing_and_costs_only_itself() -> None:
    items = item_location(2, on_hand_units=[np.nan, 10.0], inventory_position_units=5.0)
    demand = segment_demand([("L1", "WEB", 0.0, 3.0), ("L2", "WEB", 0.0, 3.0)])
    frame = allocate(AllocationInputs(items, SEGMENTS, demand), AS_OF).frames.allocation
    frame = frame.set_index(["location_id", "segment_id"])
    assert frame.loc[("L1", "WEB"), ["allocated_units", "status"]].tolist() == [0.0, "QUARANTINED"]
    assert frame.loc[("L2", "WEB"), "allocated_units"] == 3.0


def test_a_segment_named_pool_is_no_segment() -> None:
    odd = segment([("POOL", 1, 1.0, 0.0, 1.0), ("WEB", 2, 1.0, 0.0, 1.0)])
    assert _shares(_plan({"POOL": 5.0, "WEB": 4.0}, segments=odd)) == {"POOL": 6.0, "WEB": 4.0}


def test_a_rule_of_an_effective_plan_decides_where_it_matches() -> None:
    rules = allocation_rule([("R1", "FLEET", "percentage", 30.0), ("R1", "WEB", "percentage", 70.0)])
    plan = _plan({"FLEET": 1.0, "WEB": 1.0}, rules=rules)
    # Orders first, 1 each; then 30 and 70 % of the other 8, in whole units.
    assert _shares(plan) == {"FLEET": 3.0, "WEB": 6.0, "POOL": 1.0}
    frame = plan.frames.allocation
    assert set(frame["method"]) == {"rules"} and set(frame["rule_id"]) == {"R1"}
    assert plan.frames.allocation_plan["plan_state"].unique().tolist() == ["effective"]
    lines = plan.frames.allocation_entry
    lines = lines[lines["operation"] == "rebalance"]
    assert lines["detail"].str.startswith("rule R1 v1 of plan P1 gives").all()
    assert set(lines["related_by_action_id"]) == {"first_allocation:2024-06-30:P1/R1"}
    assert plan.frames.rebalance_run["rule_id"].tolist() == ["R1"]
    assert set(plan.frames.fairness["allocation_method"]) >= {"optimal", "rules"}


def test_an_item_may_have_one_pool_for_all_locations() -> None:
    items = item_location(2, on_hand_units=[4.0, 5.0])
    demand = segment_demand([("L1", "WEB", 0.0, 3.0), ("L2", "WEB", 0.0, 4.0)])
    parameters = AllocationParameters(dimension_level="item")
    frame = allocate(AllocationInputs(items, SEGMENTS, demand), AS_OF, parameters).frames.allocation
    assert frame["location_id"].unique().tolist() == ["*"]
    assert frame.set_index("segment_id")["allocated_units"].to_dict() == {"POOL": 2.0, "WEB": 7.0}


def test_the_safety_stock_protects_the_common_pool_only() -> None:
    policy = pd.DataFrame({"item_id": ["I1"], "location_id": ["L1"], "safety_stock_units": [2.7]})
    lenders = segment([("WEB", 1, 1.0, 0.0, 0.5)], may_borrow=True)
    inputs = AllocationInputs(
        item_location(1, on_hand_units=10.0), lenders, segment_demand([("L1", "WEB", 0.0, 9.0)]), policy
    )
    frame = allocate(inputs, AS_OF).frames.allocation.set_index("segment_id")
    assert frame.loc["POOL", ["allocated_units", "safety_units"]].tolist() == [5.0, 2.0]
    assert frame.loc["WEB", ["borrowable_units", "available_units"]].tolist() == [3.0, 8.0]


def test_every_table_is_told_and_the_model_agrees() -> None:
    plan = _plan({"FLEET": 9.0, "RETAIL": 5.0, "WEB": 5.0})
    for table in ALLOCATION_OUTPUTS:
        table.validate(getattr(plan.frames, table.name.removeprefix("opt_out__")))
    assert plan.frames.allocation_solver_run["is_audit_passed"].all()
    assert plan.report["pools_rebalanced"] == 1


def test_a_day_without_any_row_is_a_day() -> None:
    inputs = AllocationInputs(item_location(1).iloc[:0], SEGMENTS, segment_demand([]))
    plan = allocate(inputs, AS_OF)
    assert not len(plan.frames.allocation) and not len(plan.frames.allocation_entry)


def test_a_state_that_its_lines_do_not_lead_to_is_not_published(monkeypatch: pytest.MonkeyPatch) -> None:
    real = planning.entry_frame
    monkeypatch.setattr(planning, "entry_frame", lambda *parts: real(*parts).iloc[:-1])
    with pytest.raises(AuditError, match="replay of its lines"):
        _plan({"FLEET": 9.0})


def test_an_unknown_formula_is_refused() -> None:
    with pytest.raises(ValueError, match="known are"):
        _plan({}, parameters=AllocationParameters(pool_formulas={"sellable": ("on_hand",)}))
